//! Tables that stay and become others.

use physical::{Check, Column, Ident, Identity, Partition, PrimaryKey, RowSecurity, SqlType, Table};
use plan::{Edit, Hazard, Lock, Section, Step, TableChange, Undo};

use super::access::grant_statements;
use super::table::{check_line, column_rest, fillfactor, partition_statement, unique_line};
use super::{locking, partition, said, shown, step};
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
            Edit::DropUnique(unique) => vec![drop_key(change, &unique.name, true)],
            Edit::DropPrimaryKey(key) => vec![drop_key(change, &key.name, true)],
            Edit::LoseUnique(unique) => vec![drop_key(change, &unique.name, false)],
            Edit::LosePrimaryKey(key) => vec![drop_key(change, &key.name, false)],
            Edit::AddPart(key) => vec![goes_with_whole(add_key(change, key.name()))],
            Edit::DropPartition(partition) => vec![drop_partition(change.from, &name, partition)],
            Edit::DropColumn(column) => vec![drop_column(change, &name, column)],
            Edit::AddColumn(column) => vec![add_column(change, &name, column)],
            Edit::ChangeColumn(before, after) => change_column(change, before, after),
            Edit::AddPrimaryKey(key) => vec![add_key(change, &key.name)],
            Edit::AddUnique(unique) => vec![add_key(change, &unique.name)],
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

pub(super) fn check_text(check: &Check) -> String {
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

/// `ADD CONSTRAINT …` of a primary key or unique constraint of a table.
pub(super) fn key_text(table: &Table, key: &Ident) -> Option<String> {
    if let Some(primary) = table.primary_key.as_ref().filter(|each| each.name == *key) {
        return Some(primary_text(primary));
    }
    let unique = table.uniques.iter().find(|each| each.name == *key)?;
    Some(format!("ADD {}", unique_line(unique)))
}

/// `ALTER TABLE`, of a table without its partitions where those get theirs apart.
fn alone(change: &TableChange<'_>) -> String {
    let only = if change.parts.is_empty() { "" } else { "ONLY " };
    format!("ALTER TABLE {only}{}", ident::name(&change.to.name))
}

/// A primary key or unique constraint goes, by itself or with what it is a part of.
fn drop_key(change: &TableChange<'_>, key: &Ident, by_itself: bool) -> Step {
    let table = change.from;
    let text = key_text(table, key).unwrap_or_default();
    let mut back = vec![format!("{} {text}", alone(change))];
    back.extend(partition::joined_keys(&change.parts, table, key));
    let unique = table.uniques.iter().find(|each| each.name == *key);
    let object = format!("{} ON {}", quoted(key), ident::name(&table.name));
    let said = unique.and_then(|unique| unique.comment.as_deref());
    super::comment(&mut back, "CONSTRAINT", &object, said);
    let statements = if by_itself {
        let name = ident::name(&table.name);
        vec![format!("ALTER TABLE {name} DROP CONSTRAINT {}", quoted(key))]
    } else {
        Vec::new()
    };
    let title = format!("constraint {key} of {} goes", shown(&table.name));
    locking(
        one(table, title, statements, back),
        Lock::AccessExclusive,
        Vec::new(),
    )
}

fn add_constraint(change: &TableChange<'_>, constraint: &Ident, text: &str) -> Step {
    let table = change.to;
    let name = ident::name(&table.name);
    let mut back = vec![format!(
        "ALTER TABLE {name} DROP CONSTRAINT {}",
        quoted(constraint)
    )];
    back.extend(partition::standing_keys(&change.parts, table, constraint));
    let step = one(
        table,
        format!("constraint {constraint} of {}", shown(&table.name)),
        vec![format!("{} {text}", alone(change))],
        back,
    );
    if !change.parts.is_empty() {
        // The table itself holds nothing, and its partitions have their keys already or get them apart.
        return locking(step, Lock::AccessExclusive, Vec::new());
    }
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

fn add_key(change: &TableChange<'_>, key: &Ident) -> Step {
    let text = key_text(change.to, key).unwrap_or_default();
    let mut step = add_constraint(change, key, &text);
    let plan::Action::Sql(statements) = &mut step.action;
    let object = format!("{} ON {}", quoted(key), ident::name(&change.to.name));
    let unique = change.to.uniques.iter().find(|each| each.name == *key);
    let said = unique.and_then(|unique| unique.comment.as_deref());
    super::comment(statements, "CONSTRAINT", &object, said);
    step
}

fn goes_with_whole(mut step: Step) -> Step {
    step.undo = Undo::WithOther;
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

fn add_column(change: &TableChange<'_>, name: &str, column: &Column) -> Step {
    let table = change.to;
    let own = quoted(&column.name);
    let mut statements = vec![format!("ALTER TABLE {name} ADD COLUMN {}", column_text(column))];
    super::comment(
        &mut statements,
        "COLUMN",
        &format!("{name}.{own}"),
        column.comment.as_deref(),
    );
    statements.extend(parts_of_new(change.parts.iter().map(|(_, is)| *is), column));
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

/// What partitions have otherwise in a column that the whole has given them.
fn parts_of_new<'a>(parts: impl Iterator<Item = &'a Table>, column: &Column) -> Vec<String> {
    let mut given = column.clone();
    given.comment = None;
    let changes = |part: &Table| {
        let own = part.column(column.name.as_str())?;
        Some(column_changes(part, &given, own, true).0)
    };
    parts.filter_map(changes).flatten().collect()
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

fn drop_column(change: &TableChange<'_>, name: &str, column: &Column) -> Step {
    let table = change.to;
    let own = quoted(&column.name);
    let mut back = vec![format!("ALTER TABLE {name} ADD COLUMN {}", column_text(column))];
    super::comment(
        &mut back,
        "COLUMN",
        &format!("{name}.{own}"),
        column.comment.as_deref(),
    );
    back.extend(parts_of_new(change.parts.iter().map(|(was, _)| *was), column));
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

fn change_column(change: &TableChange<'_>, before: &Column, after: &Column) -> Vec<Step> {
    let table = change.to;
    let parts = change.parts.iter();
    let (forth, mut hazards) = tree_changes(table, parts.clone().copied(), before, after);
    let (back, _) = tree_changes(table, parts.map(|(was, is)| (*is, *was)), after, before);
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
    let plan::Action::Sql(statements) = &step.action;
    let lock = super::strongest(statements);
    vec![locking(step, lock, hazards)]
}

/// Statements that make the second column of the first, in a table and in its partitions. Defaults are each table's own; type, and
/// whether NULL may stand in it, reach the partitions by themselves.
fn tree_changes<'a>(
    table: &Table,
    parts: impl Iterator<Item = (&'a Table, &'a Table)> + Clone,
    before: &Column,
    after: &Column,
) -> (Vec<String>, Vec<Hazard>) {
    let retyped = before.ty != after.ty || before.collation != after.collation;
    let mut out = Vec::new();
    for (part, _) in parts.clone().filter(|_| retyped) {
        let column = part.column(after.name.as_str());
        if column.is_some_and(|column| column.default.is_some()) {
            let (name, own) = (ident::name(&part.name), quoted(&after.name));
            out.push(format!("ALTER TABLE ONLY {name} ALTER COLUMN {own} DROP DEFAULT"));
        }
    }
    let only = parts.clone().next().is_some();
    let (own, hazards) = column_changes(table, before, after, only);
    out.extend(own);
    for (was, is) in parts {
        let name = after.name.as_str();
        let (Some(was), Some(column)) = (was.column(name), is.column(name)) else {
            continue;
        };
        let mut reached = was.clone();
        reached.ty.clone_from(&after.ty);
        reached.collation.clone_from(&after.collation);
        reached.generated.clone_from(&after.generated);
        if retyped {
            reached.default = None;
        }
        if before.nullable != after.nullable {
            reached.nullable = after.nullable;
        }
        if was.identity == before.identity {
            reached.identity = after.identity;
        }
        out.extend(column_changes(is, &reached, column, only).0);
    }
    (out, hazards)
}

/// Statements that make the second column of the first; `only` for a table that has partitions or is one.
fn column_changes(table: &Table, before: &Column, after: &Column, only: bool) -> (Vec<String>, Vec<Hazard>) {
    let own = quoted(&after.name);
    let name = ident::name(&table.name);
    let alter = |what: String| format!("ALTER TABLE {name} ALTER COLUMN {own} {what}");
    let alone = if only { "ONLY " } else { "" };
    let alter_alone = |what: String| format!("ALTER TABLE {alone}{name} ALTER COLUMN {own} {what}");
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
        out.push(alter_alone("DROP DEFAULT".to_owned()));
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
        out.push(alter_alone(format!("SET DEFAULT {value}")));
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
    let plan::Action::Sql(statements) = &step.action;
    let lock = super::strongest(statements);
    vec![locking(step, lock, Vec::new())]
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
