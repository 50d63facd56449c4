//! Tables that stay and become others.

use physical::{Check, Column, Ident, Identity, Partition, PrimaryKey, RowSecurity, SqlType, Table, Unique};
use plan::{Edit, Hazard, Lock, Section, Step, TableChange, Undo};

use super::access::grant_statements;
use super::table::{check_line, column_rest, fillfactor, partition_statement, unique_line};
use super::{locking, said, shown, step};
use crate::postgres::expression::{default_value, or_refused};
use crate::postgres::{ident, types};

/// One step for each edit, or several where one statement would lock for long.
pub(super) fn table(change: &TableChange<'_>) -> Vec<Step> {
    let table = change.to;
    let name = ident::name(&table.name);
    change
        .edits
        .iter()
        .flat_map(|edit| match edit {
            Edit::DropCheck(check) => vec![drop_constraint(table, &name, &check.name, &check_text(check))],
            Edit::DropUnique(unique) => vec![drop_constraint(
                table,
                &name,
                &unique.name,
                &format!("ADD {}", unique_line(unique)),
            )],
            Edit::DropPrimaryKey(key) => vec![drop_constraint(table, &name, &key.name, &primary_text(key))],
            Edit::DropPartition(partition) => vec![drop_partition(change.from, &name, partition)],
            Edit::DropColumn(column) => vec![drop_column(table, &name, column)],
            Edit::AddColumn(column) => vec![add_column(table, &name, column)],
            Edit::ChangeColumn(before, after) => change_column(table, &name, before, after),
            Edit::AddPrimaryKey(key) => {
                vec![add_constraint(table, &name, &key.name, &primary_text(key))]
            }
            Edit::AddUnique(unique) => vec![add_unique(table, &name, unique)],
            Edit::AddCheck(check) => add_check(table, &name, check),
            Edit::AddPartition(partition) => vec![add_partition(table, &name, partition)],
            Edit::Settings => settings(change, &name),
        })
        .collect()
}

fn one(table: &Table, title: String, statements: Vec<String>, undo: Vec<String>) -> Step {
    step(
        title,
        Section::Table(shown(&table.name)),
        statements,
        Undo::Sql(undo),
        table.origin,
    )
}

fn primary_text(key: &PrimaryKey) -> String {
    let mut sql = ident::sql();
    sql.kw("ADD CONSTRAINT ")
        .ident(&key.name)
        .kw(" PRIMARY KEY ")
        .list(&key.columns);
    sql.finish()
}

fn check_text(check: &Check) -> String {
    let valid = if check.validated { "" } else { " NOT VALID" };
    format!("ADD {}{valid}", check_line(check))
}

fn drop_constraint(table: &Table, name: &str, constraint: &Ident, back: &str) -> Step {
    let drop = format!("ALTER TABLE {name} DROP CONSTRAINT {}", quoted(constraint));
    let step = one(
        table,
        format!("constraint {constraint} of {} goes", shown(&table.name)),
        vec![drop],
        vec![format!("ALTER TABLE {name} {back}")],
    );
    locking(step, Lock::AccessExclusive, Vec::new())
}

fn add_constraint(table: &Table, name: &str, constraint: &Ident, text: &str) -> Step {
    let step = one(
        table,
        format!("constraint {constraint} of {}", shown(&table.name)),
        vec![format!("ALTER TABLE {name} {text}")],
        vec![format!(
            "ALTER TABLE {name} DROP CONSTRAINT {}",
            quoted(constraint)
        )],
    );
    let hazards = vec![
        Hazard::Scan(format!(
            "{} is read whole, and an index is built",
            shown(&table.name)
        )),
        Hazard::Blocks(format!(
            "everything that reads or writes {} waits",
            shown(&table.name)
        )),
        Hazard::MayFail(format!(
            "rows of {} may have the same values, or none",
            shown(&table.name)
        )),
    ];
    locking(step, Lock::AccessExclusive, hazards)
}

fn add_unique(table: &Table, name: &str, unique: &Unique) -> Step {
    let mut step = add_constraint(table, name, &unique.name, &format!("ADD {}", unique_line(unique)));
    let plan::Action::Sql(statements) = &mut step.action;
    let object = format!("{} ON {name}", quoted(&unique.name));
    super::comment(statements, "CONSTRAINT", &object, unique.comment.as_deref());
    step
}

/// Without a look at the rows first, and then with one that nobody waits for.
fn add_check(table: &Table, name: &str, check: &Check) -> Vec<Step> {
    let constraint = quoted(&check.name);
    let mut statements = vec![format!("ALTER TABLE {name} ADD {} NOT VALID", check_line(check))];
    let object = format!("{constraint} ON {name}");
    super::comment(&mut statements, "CONSTRAINT", &object, check.comment.as_deref());
    let add = one(
        table,
        format!("check {} of {}", check.name, shown(&table.name)),
        statements,
        vec![format!("ALTER TABLE {name} DROP CONSTRAINT {constraint}")],
    );
    let mut steps = vec![locking(add, Lock::AccessExclusive, Vec::new())];
    if check.validated {
        steps.push(validate(table, name, &check.name, "some row may break the check"));
    }
    steps
}

/// Looks at all rows, while others read and write.
pub(super) fn validate(table: &Table, name: &str, constraint: &Ident, may_fail: &str) -> Step {
    let step = step(
        format!("rows of {} under {constraint}", shown(&table.name)),
        Section::Table(shown(&table.name)),
        vec![format!(
            "ALTER TABLE {name} VALIDATE CONSTRAINT {}",
            quoted(constraint)
        )],
        Undo::WithOther,
        table.origin,
    );
    let hazards = vec![
        Hazard::Scan(format!("{} is read whole", shown(&table.name))),
        Hazard::MayFail(may_fail.to_owned()),
    ];
    locking(step, Lock::ShareUpdateExclusive, hazards)
}

fn add_column(table: &Table, name: &str, column: &Column) -> Step {
    let own = quoted(&column.name);
    let mut statements = vec![format!("ALTER TABLE {name} ADD COLUMN {}", column_text(column))];
    super::comment(
        &mut statements,
        "COLUMN",
        &format!("{name}.{own}"),
        column.comment.as_deref(),
    );
    let step = one(
        table,
        format!("column {}.{}", shown(&table.name), column.name),
        statements,
        vec![format!("ALTER TABLE {name} DROP COLUMN {own}")],
    );
    let mut hazards = Vec::new();
    if !column.nullable && column.default.is_none() && column.identity.is_none() && column.generated.is_none()
    {
        hazards.push(Hazard::MayFail(format!(
            "rows of {} would have no value",
            shown(&table.name)
        )));
    }
    if column.generated.is_some() || column.identity.is_some() {
        hazards.push(Hazard::Rewrite(format!("{} is written anew", shown(&table.name))));
    }
    locking(step, Lock::AccessExclusive, hazards)
}

fn column_text(column: &Column) -> String {
    let text = format!(
        "{} {} {}",
        quoted(&column.name),
        types::type_name(&column.ty),
        column_rest(column)
    );
    text.trim_end().to_owned()
}

fn drop_column(table: &Table, name: &str, column: &Column) -> Step {
    let own = quoted(&column.name);
    let mut back = vec![format!("ALTER TABLE {name} ADD COLUMN {}", column_text(column))];
    super::comment(
        &mut back,
        "COLUMN",
        &format!("{name}.{own}"),
        column.comment.as_deref(),
    );
    let step = one(
        table,
        format!("column {}.{} goes", shown(&table.name), column.name),
        vec![format!("ALTER TABLE {name} DROP COLUMN {own}")],
        back,
    );
    let hazards = vec![
        Hazard::DataLoss(format!("the values of {}.{}", shown(&table.name), column.name)),
        Hazard::BreaksCode(format!(
            "whatever still names {}.{}",
            shown(&table.name),
            column.name
        )),
    ];
    let mut step = locking(step, Lock::AccessExclusive, hazards);
    step.phase = plan::Phase::Contract;
    step
}

fn change_column(table: &Table, name: &str, before: &Column, after: &Column) -> Vec<Step> {
    let (forth, mut hazards) = column_changes(table, name, before, after);
    let (back, _) = column_changes(table, name, after, before);
    if forth.is_empty() {
        return Vec::new();
    }
    if before.nullable && !after.nullable && after.identity.is_none() {
        hazards.push(Hazard::Scan(format!("{} is read whole", shown(&table.name))));
        hazards.push(Hazard::MayFail(format!(
            "{}.{} may be empty in some row",
            shown(&table.name),
            after.name
        )));
    }
    let step = one(
        table,
        format!("column {}.{} changes", shown(&table.name), after.name),
        forth,
        back,
    );
    vec![locking(step, Lock::AccessExclusive, hazards)]
}

/// Statements that make the second column of the first.
fn column_changes(table: &Table, name: &str, before: &Column, after: &Column) -> (Vec<String>, Vec<Hazard>) {
    let own = quoted(&after.name);
    let alter = |what: String| format!("ALTER TABLE {name} ALTER COLUMN {own} {what}");
    let mut out = Vec::new();
    let mut hazards = Vec::new();
    let retyped = before.ty != after.ty || before.collation != after.collation;
    if before.generated.is_some() && after.generated.is_none() {
        out.push(alter("DROP EXPRESSION".to_owned()));
    }
    if before.identity.is_some() && after.identity.is_none() {
        out.push(alter("DROP IDENTITY".to_owned()));
    }
    let default = |column: &Column| {
        column
            .default
            .as_ref()
            .map(|value| or_refused(default_value(value)))
    };
    let (had, has) = (default(before), default(after));
    if had.is_some() && (retyped || has.is_none()) {
        out.push(alter("DROP DEFAULT".to_owned()));
    }
    if retyped {
        out.push(alter(type_text(before, after, &own)));
        hazards.push(Hazard::Rewrite(format!(
            "{} may be written anew",
            shown(&table.name)
        )));
        hazards.push(Hazard::MayFail(format!(
            "a value of {}.{} may not fit",
            shown(&table.name),
            after.name
        )));
    }
    if let Some(value) = has.filter(|value| retyped || had.as_ref() != Some(value)) {
        out.push(alter(format!("SET DEFAULT {value}")));
    }
    match (before.nullable, after.nullable) {
        (true, false) => out.push(alter("SET NOT NULL".to_owned())),
        (false, true) => out.push(alter("DROP NOT NULL".to_owned())),
        _ => {}
    }
    match (before.identity, after.identity) {
        (None, Some(kind)) => out.push(alter(format!("ADD GENERATED {} AS IDENTITY", identity(kind)))),
        (Some(was), Some(kind)) if was != kind => {
            out.push(alter(format!("SET GENERATED {}", identity(kind))))
        }
        _ => {}
    }
    if before.comment != after.comment {
        out.push(said("COLUMN", &format!("{name}.{own}"), after.comment.as_deref()));
    }
    (out, hazards)
}

fn type_text(before: &Column, after: &Column, own: &str) -> String {
    let ty = types::type_name(&after.ty);
    let collation = match &after.collation {
        Some(collation) => format!(" COLLATE {}", super::table::collation(collation)),
        None => String::new(),
    };
    let using = if before.ty == after.ty {
        String::new()
    } else {
        let through = if converts(&before.ty, &after.ty) {
            ""
        } else {
            "::text"
        };
        format!(" USING {own}{through}::{ty}")
    };
    format!("TYPE {ty}{collation}{using}")
}

/// Whether the server knows a way from one type to the other by itself; where it does not, the value's text is read as the new type.
fn converts(from: &SqlType, to: &SqlType) -> bool {
    let family = |ty: &SqlType| match ty {
        SqlType::SmallInt
        | SqlType::Integer
        | SqlType::BigInt
        | SqlType::Real
        | SqlType::Double
        | SqlType::Numeric(_) => 1,
        SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_) => 2,
        SqlType::Date | SqlType::Timestamp | SqlType::TimestampTz => 3,
        SqlType::Time | SqlType::Interval => 4,
        SqlType::Json | SqlType::JsonText => 5,
        _ => 0,
    };
    let (one, other) = (family(from), family(to));
    one == 2
        || other == 2
        || one == other && one != 0
        || matches!((from, to), (SqlType::Other(_), SqlType::Other(_)))
}

const fn identity(kind: Identity) -> &'static str {
    match kind {
        Identity::Always => "ALWAYS",
        Identity::ByDefault => "BY DEFAULT",
    }
}

fn add_partition(table: &Table, name: &str, partition: &Partition) -> Step {
    let child = ident::name(&partition.name);
    let mut statements = vec![partition_statement(partition, name)];
    super::owner(&mut statements, "TABLE", &child, table.owner.as_ref());
    one(
        table,
        format!("partition {}", shown(&partition.name)),
        statements,
        vec![format!("DROP TABLE {child}")],
    )
}

fn drop_partition(table: &Table, name: &str, partition: &Partition) -> Step {
    let child = ident::name(&partition.name);
    let step = one(
        table,
        format!("partition {} goes", shown(&partition.name)),
        vec![format!("DROP TABLE {child}")],
        vec![partition_statement(partition, name)],
    );
    let hazards = vec![Hazard::DataLoss(format!(
        "the rows of {}",
        shown(&partition.name)
    ))];
    locking(step, Lock::AccessExclusive, hazards)
}

/// Owner, storage, row-level security, rights and comments.
fn settings(change: &TableChange<'_>, name: &str) -> Vec<Step> {
    let forth = setting_statements(change.from, change.to, name);
    let back = setting_statements(change.to, change.from, name);
    if forth.is_empty() {
        return Vec::new();
    }
    let step = one(
        change.to,
        format!("settings of {}", shown(&change.to.name)),
        forth,
        back,
    );
    vec![locking(step, Lock::AccessExclusive, Vec::new())]
}

fn setting_statements(from: &Table, to: &Table, name: &str) -> Vec<String> {
    let mut out = Vec::new();
    if from.owner != to.owner {
        super::owner(&mut out, "TABLE", name, to.owner.as_ref());
    }
    if from.unlogged != to.unlogged {
        let word = if to.unlogged { "UNLOGGED" } else { "LOGGED" };
        out.push(format!("ALTER TABLE {name} SET {word}"));
    }
    if from.fillfactor != to.fillfactor {
        out.push(fillfactor(name, to.fillfactor));
    }
    security(&mut out, from, to, name);
    revoked(&mut out, from, to, name);
    let new: Vec<physical::Grant> = to
        .grants
        .iter()
        .filter(|grant| !from.grants.contains(grant))
        .cloned()
        .collect();
    grant_statements(&mut out, "", name, &new);
    if from.comment != to.comment {
        out.push(said("TABLE", name, to.comment.as_deref()));
    }
    constraint_comments(&mut out, from, to, name);
    out
}

fn security(out: &mut Vec<String>, from: &Table, to: &Table, name: &str) {
    let enabled = |table: &Table| table.row_security != RowSecurity::Off;
    let forced = |table: &Table| table.row_security == RowSecurity::Forced;
    for (was, is, yes, no) in [
        (enabled(from), enabled(to), "ENABLE", "DISABLE"),
        (forced(from), forced(to), "FORCE", "NO FORCE"),
    ] {
        if was != is {
            let word = if is { yes } else { no };
            out.push(format!("ALTER TABLE {name} {word} ROW LEVEL SECURITY"));
        }
    }
}

fn revoked(out: &mut Vec<String>, from: &Table, to: &Table, name: &str) {
    let gone: Vec<physical::Grant> = from
        .grants
        .iter()
        .filter(|grant| !to.grants.contains(grant))
        .cloned()
        .collect();
    let mut statements = Vec::new();
    grant_statements(&mut statements, "", name, &gone);
    out.extend(statements.iter().map(|grant| super::revoke(grant)));
}

fn constraint_comments(out: &mut Vec<String>, from: &Table, to: &Table, name: &str) {
    let of = |table: &Table, wanted: &Ident| {
        let uniques = table
            .uniques
            .iter()
            .map(|each| (each.name.clone(), each.comment.clone()));
        let checks = table
            .checks
            .iter()
            .map(|each| (each.name.clone(), each.comment.clone()));
        uniques
            .chain(checks)
            .find(|(known, _)| known == wanted)
            .map(|(_, text)| text)
    };
    let names = to
        .uniques
        .iter()
        .map(|each| &each.name)
        .chain(to.checks.iter().map(|each| &each.name));
    for constraint in names {
        if let (Some(was), Some(is)) = (of(from, constraint), of(to, constraint))
            && was != is
        {
            out.push(said(
                "CONSTRAINT",
                &format!("{} ON {name}", quoted(constraint)),
                is.as_deref(),
            ));
        }
    }
}

fn quoted(name: &Ident) -> String {
    ident::ident(name.as_str())
}
