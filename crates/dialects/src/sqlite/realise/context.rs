//! Whom a transaction acts for: one row, set and cleared inside the transaction.

use physical::{
    Blueprint, Check, Column, Context, DefaultValue, Expr, Ident, Literal, Name, Origin, PrimaryKey, Seed,
    SqlType, Table,
};
use plan::ContextValues;

use super::super::ident::{ident, table, text};
use super::triggers::Work;
use crate::source::{ids_of, local, who};

const BY: Origin = Origin::Decision("context", None);

/// What ends a context: the last statement of every transaction that entered one.
pub(crate) const LEAVE: &str = "actor = NULL, actor_id = NULL, tenant = NULL, tenant_id = NULL";

/// The table of the context.
#[must_use]
pub(crate) fn context_table(blueprint: &Blueprint) -> Name {
    Name::bare(format!("{}_context", blueprint.private_schema))
}

/// What answers the context inside of triggers and views.
pub(crate) fn context_sql(blueprint: &Blueprint, context: Context) -> String {
    let row = table(&context_table(blueprint));
    match (context, &blueprint.actors) {
        (Context::Tenant, _) => format!("(SELECT tenant_id FROM {row})"),
        (Context::Actor, Some(_)) => format!("(SELECT actor_id FROM {row})"),
        (Context::User, Some(actors)) => {
            let actors = table(&local(blueprint, &actors.table));
            format!("(SELECT a.user_id FROM {row} AS c JOIN {actors} AS a ON a.id = c.actor_id)")
        }
        (Context::User, None) => format!("(SELECT actor_id FROM {row})"),
        (Context::Actor, None) => "NULL".to_owned(),
    }
}

/// Makes the table, its guard, and its one row.
pub(super) fn make(blueprint: &Blueprint) -> (Table, Seed) {
    let name = context_table(blueprint);
    let mut context = Table::new(name.clone(), BY);
    context.strict = true;
    context.comment = Some(
        "Whom the running transaction acts for: set after BEGIN IMMEDIATE, cleared before COMMIT.".to_owned(),
    );
    let key_type =
        |of: Option<Name>| of.map_or(SqlType::BigInt, |of| ids_of(blueprint.database.table(&of)).1);
    let column = |name: &str, ty: SqlType, nullable: bool, comment: &str| {
        let mut column = Column::new(name, ty, BY);
        column.nullable = nullable;
        column.comment = Some(comment.to_owned());
        column
    };
    let mut counter = column(
        "transaction_id",
        SqlType::BigInt,
        false,
        "Counts the contexts entered; names a transaction in the audit trail.",
    );
    counter.default = Some(DefaultValue::Literal(Literal::Int(0)));
    context.columns = vec![
        column("id", SqlType::BigInt, false, "There is one row."),
        column("actor", SqlType::Text, true, "The actor's public id."),
        column(
            "actor_id",
            key_type(who(blueprint)),
            true,
            "The actor; NULL for the system.",
        ),
        column("tenant", SqlType::Text, true, "The tenant's public id."),
        column(
            "tenant_id",
            key_type(blueprint.tenant.clone()),
            true,
            "The tenant; NULL for none.",
        ),
        counter,
    ];
    context.primary_key = Some(PrimaryKey {
        name: format!("{}_pkey", name.name).into(),
        columns: vec!["id".into()],
    });
    let check = |rule: &str, sql: &str| Check {
        name: format!("{}_{rule}", name.name).into(),
        expr: Expr::Sql(sql.to_owned()),
        validated: true,
        comment: None,
        origin: BY,
    };
    context.checks = vec![
        check("one_row", "id = 1"),
        check("actor_known", "(actor IS NULL) = (actor_id IS NULL)"),
        check("tenant_known", "(tenant IS NULL) = (tenant_id IS NULL)"),
    ];
    let seed = Seed {
        table: name,
        columns: vec!["id".into()],
        rows: vec![vec![Literal::Int(1)]],
        comment: None,
        origin: BY,
    };
    (context, seed)
}

/// Whether foreign keys hold and replaced rows fire triggers on this connection: else no context is entered, since the one
/// row may have no other id than 1. Asked by the statement and not by a trigger: where the schema is not trusted, as it should
/// be where the file may come from elsewhere, a trigger may not read settings.
const SETTINGS: &str = "id = (SELECT f.foreign_keys AND r.recursive_triggers FROM pragma_foreign_keys AS f, pragma_recursive_triggers AS r)";

/// Statements that put the running transaction into a context, or out of it when nothing is given.
#[must_use]
pub(crate) fn enter(blueprint: &Blueprint, values: &ContextValues) -> Vec<String> {
    let row = table(&context_table(blueprint));
    let by_public_id = |value: &Option<String>, of: Option<Name>| match (value, of) {
        (Some(value), Some(of)) => {
            let value = text(&value.to_ascii_lowercase());
            (value.clone(), known(blueprint, &of, &value))
        }
        // An id of a table that is not there is unknown, and refused by the CHECK.
        (Some(value), None) => (text(value), "NULL".to_owned()),
        (None, _) => ("NULL".to_owned(), "NULL".to_owned()),
    };
    let (actor, actor_id) = by_public_id(&values.actor, who(blueprint));
    let (tenant, tenant_id) = by_public_id(&values.tenant, blueprint.tenant.clone());
    vec![format!(
        "UPDATE {row} SET {SETTINGS}, actor = {actor}, actor_id = {actor_id}, tenant = {tenant}, tenant_id = {tenant_id}, \
         transaction_id = transaction_id + 1 WHERE id = 1"
    )]
}

/// The key of the row that is known outside by a value.
fn known(blueprint: &Blueprint, of: &Name, value: &str) -> String {
    let (key, _, public) = ids_of(blueprint.database.table(of));
    let from = table(&local(blueprint, of));
    format!(
        "(SELECT {} FROM {from} WHERE {} = {value})",
        ident(&key),
        ident(&public)
    )
}

/// A new row of the user entity gets its pseudonym.
pub(super) fn makes_actor(blueprint: &Blueprint, work: &mut Work, actors: &Name, link: &Ident, key: &Ident) {
    work.inserted.push(format!(
        "INSERT INTO {} (kind, {})\nVALUES ('user', NEW.{})",
        table(&local(blueprint, actors)),
        ident(link),
        ident(key)
    ));
}
