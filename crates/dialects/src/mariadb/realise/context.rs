//! Whom a transaction acts for: variables of the session, set by functions that know the ids and refuse others.

use physical::{
    Argument, Blueprint, Context, Function, Grant, Grantee, Ident, Name, Origin, Privilege, SqlType,
    Volatility,
};
use plan::ContextValues;

use super::work::{Moment, Part, Work};
use crate::mariadb::ident::{ident, table, text};
use crate::mariadb::types::type_name;
use crate::source::{ids_of, local, who};

const BY: Origin = Origin::Decision("context", None);

/// A variable of the session.
pub(super) const fn variable(context: Context) -> &'static str {
    match context {
        Context::Actor => "@architrave_actor_id",
        Context::User => "@architrave_user_id",
        Context::Tenant => "@architrave_tenant_id",
    }
}

/// Which transaction: drawn when a context is entered, else for each statement.
pub(super) const TRANSACTION: &str =
    "coalesce(@architrave_transaction_id, uuid_short() & 9223372036854775807)";

/// What answers the context in views, which take no variables.
pub(super) fn function_call(blueprint: &Blueprint, context: Context) -> String {
    format!("{}()", table(&name(blueprint, current(context))))
}

const fn current(context: Context) -> &'static str {
    match context {
        Context::Actor => "current_actor",
        Context::User => "current_user_id",
        Context::Tenant => "current_tenant",
    }
}

fn name(blueprint: &Blueprint, suffix: &str) -> Name {
    Name::bare(format!("{}_{suffix}", blueprint.private_schema))
}

fn key_type(blueprint: &Blueprint, of: Option<&Name>) -> SqlType {
    of.map_or(SqlType::BigInt, |of| ids_of(blueprint.database.table(of)).1)
}

/// The functions of the context: what it is, and which id a public one stands for.
pub(super) fn functions(blueprint: &Blueprint, callers: &[Ident]) -> Vec<Function> {
    let user = blueprint.actors.as_ref().and_then(|actors| actors.user.clone());
    let who = who(blueprint);
    let types = [
        (Context::Actor, key_type(blueprint, who.as_ref())),
        (Context::User, key_type(blueprint, user.as_ref().or(who.as_ref()))),
        (Context::Tenant, key_type(blueprint, blueprint.tenant.as_ref())),
    ];
    let mut all: Vec<Function> = types
        .iter()
        .map(|(context, ty)| {
            let body = format!("RETURN {}", variable(*context));
            let says = "From the context; NULL when none is set.";
            function(blueprint, current(*context), Vec::new(), ty, body, says, callers)
        })
        .collect();
    let of = |suffix: &str, of: &Name| known(blueprint, suffix, of, callers);
    all.extend(who.iter().map(|who| of("known_actor", who)));
    all.extend(blueprint.tenant.iter().map(|tenant| of("known_tenant", tenant)));
    if let Some(actors) = &blueprint.actors {
        let body = format!(
            "RETURN (SELECT a.user_id FROM {} AS a WHERE a.id = actor)",
            table(&local(blueprint, &actors.table))
        );
        let argument = vec![argument("actor", &key_type(blueprint, who.as_ref()))];
        let ty = key_type(blueprint, user.as_ref());
        let says = "Whom an actor stands for.";
        all.push(function(blueprint, "user_of", argument, &ty, body, says, callers));
    }
    all
}

fn argument(name: &str, ty: &SqlType) -> Argument {
    Argument {
        name: name.into(),
        ty: type_name(ty),
        default: None,
    }
}

/// The key of the row that is known outside by an id; one that nobody has is refused.
fn known(blueprint: &Blueprint, suffix: &str, of: &Name, callers: &[Ident]) -> Function {
    let source = blueprint.database.table(of);
    let (key, ty, public) = ids_of(source);
    let outside = source
        .and_then(|table| table.column(public.as_str()))
        .map_or(SqlType::Uuid, |column| column.ty.clone());
    let body = format!(
        "BEGIN\n    DECLARE found {};\n    SELECT t.{} INTO found FROM {} AS t WHERE t.{} = outside;\n    \
         IF found IS NULL AND outside IS NOT NULL THEN\n        \
         SIGNAL SQLSTATE '42501' SET MESSAGE_TEXT = {};\n    END IF;\n    RETURN found;\nEND",
        type_name(&ty),
        ident(&key),
        table(&local(blueprint, of)),
        ident(&public),
        text(&format!("architrave:42501:context:{suffix}"))
    );
    let says = "Which row a public id is of; one that nobody has is refused.";
    let argument = vec![argument("outside", &outside)];
    function(blueprint, suffix, argument, &ty, body, says, callers)
}

fn function(
    blueprint: &Blueprint,
    suffix: &str,
    arguments: Vec<Argument>,
    returns: &SqlType,
    body: String,
    says: &str,
    callers: &[Ident],
) -> Function {
    let execute = |role: &Ident| Grant {
        privilege: Privilege::Execute,
        columns: Vec::new(),
        grantee: Grantee::Role(role.clone()),
    };
    Function {
        name: name(blueprint, suffix),
        owner: None,
        arguments,
        returns: type_name(returns),
        language: "sql".to_owned(),
        volatility: Volatility::Volatile,
        strict: false,
        security_definer: true,
        settings: Vec::new(),
        body,
        grants: callers.iter().map(execute).collect(),
        comment: Some(says.to_owned()),
        origin: BY,
    }
}

/// Statements that put the running transaction into a context, or out of it when nothing is given.
#[must_use]
pub(in super::super) fn enter(blueprint: &Blueprint, values: &ContextValues) -> Vec<String> {
    let known = |value: &Option<String>, suffix: &str, is_there: bool| match value {
        Some(value) if is_there => {
            format!("{}({})", table(&name(blueprint, suffix)), text(value))
        }
        // An id of a table that is not there is nobody's.
        Some(_) => "0".to_owned(),
        None => "NULL".to_owned(),
    };
    let actor = known(&values.actor, "known_actor", who(blueprint).is_some());
    let tenant = known(&values.tenant, "known_tenant", blueprint.tenant.is_some());
    let user = match blueprint.actors {
        Some(_) => format!(
            "{}({})",
            table(&name(blueprint, "user_of")),
            variable(Context::Actor)
        ),
        None => variable(Context::Actor).to_owned(),
    };
    vec![
        format!(
            "SET {} = {actor}, {} = {tenant}, @architrave_transaction_id = uuid_short() & 9223372036854775807",
            variable(Context::Actor),
            variable(Context::Tenant)
        ),
        format!("SET {} = {user}", variable(Context::User)),
    ]
}

/// Statements that end the context of the running transaction.
#[must_use]
pub(in super::super) fn leave(_: &Blueprint) -> Vec<String> {
    vec![format!(
        "SET {} = NULL, {} = NULL, {} = NULL, @architrave_transaction_id = NULL",
        variable(Context::Actor),
        variable(Context::User),
        variable(Context::Tenant)
    )]
}

/// Owner and tenant from the context, when nothing is given.
pub(super) fn fill(work: &mut Work, owner: Option<&Ident>, tenant: Option<&Ident>) {
    let mut given = |column: &Ident, value: &str| {
        let name = ident(column);
        let statement = format!("IF NEW.{name} IS NULL THEN\n    SET NEW.{name} = {value};\nEND IF");
        work.add(Moment::BeforeInsert, Part::Context, statement);
    };
    if let Some(owner) = owner {
        given(owner, variable(Context::User));
    }
    if let Some(tenant) = tenant {
        let own = variable(Context::Tenant);
        given(tenant, own);
        let foreign = format!("NEW.{} <> {own}", ident(tenant));
        for moment in [Moment::BeforeInsert, Moment::BeforeUpdate] {
            work.refuse(moment, "42501", &format!("{tenant}_foreign"), &foreign);
        }
    }
}

/// A new row of the user entity gets its pseudonym.
pub(super) fn makes_actor(blueprint: &Blueprint, work: &mut Work, actors: &Name, link: &Ident, key: &Ident) {
    let statement = format!(
        "INSERT INTO {} (kind, {})\nVALUES ('user', NEW.{})",
        table(&local(blueprint, actors)),
        ident(link),
        ident(key)
    );
    work.add(Moment::AfterInsert, Part::Follow, statement);
}
