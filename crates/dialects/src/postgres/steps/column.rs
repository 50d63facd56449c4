//! Columns of tables that stay.

use physical::{Column, Grant, Ident, Identity, SqlType, Table};
use plan::{Action, Beside, Hazard, Lock, Step, TableChange};

use super::access::grant_statements;
use super::alter::{one, quoted, validate};
use super::table::column_rest;
use super::{locking, said, shown, swap};
use crate::postgres::expression::{default_value, or_refused};
use crate::postgres::{ident, types};

pub(super) fn add_column(change: &TableChange<'_>, name: &str, column: &Column) -> Step {
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
    // What changes is given with the table's other settings.
    let same = change
        .to
        .grants
        .iter()
        .filter(|grant| change.from.grants.contains(grant));
    statements.extend(rights(name, same, column));
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
    if column.generated.is_some() || column.identity.is_some() || super::fill::differs(column) {
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

/// The rights with a column, which went with it and come again.
pub(super) fn rights<'a>(
    name: &str,
    grants: impl IntoIterator<Item = &'a Grant>,
    column: &Column,
) -> Vec<String> {
    let own = grants
        .into_iter()
        .filter(|grant| grant.columns.contains(&column.name));
    let own = own.map(|grant| Grant {
        columns: vec![column.name.clone()],
        ..grant.clone()
    });
    let mut statements = Vec::new();
    grant_statements(&mut statements, "", name, &own.collect::<Vec<_>>());
    statements
}

pub(super) fn column_text(column: &Column) -> String {
    let text = format!(
        "{} {} {}",
        quoted(&column.name),
        types::type_name(&column.ty),
        column_rest(column)
    );
    text.trim_end().to_owned()
}

/// A column that was there, with all that is said of it.
fn column_again(change: &TableChange<'_>, name: &str, column: &Column) -> Vec<String> {
    let mut back = vec![format!("ALTER TABLE {name} ADD COLUMN {}", column_text(column))];
    super::comment(
        &mut back,
        "COLUMN",
        &format!("{name}.{}", quoted(&column.name)),
        column.comment.as_deref(),
    );
    back.extend(parts_of_new(change.parts.iter().map(|(was, _)| *was), column));
    back.extend(rights(name, &change.from.grants, column));
    back
}

pub(super) fn drop_column(change: &TableChange<'_>, name: &str, column: &Column) -> Step {
    let table = change.to;
    let own = quoted(&column.name);
    let back = column_again(change, name, column);
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

pub(super) fn change_column(change: &TableChange<'_>, before: &Column, after: &Column) -> Vec<Step> {
    let table = change.to;
    let gains = before.nullable && !after.nullable && after.identity.is_none();
    let apart = change.parts.is_empty() && table.partitioned.is_none() && table.partition_of.is_none();
    if let Some(steps) = swap::swapped(change, before) {
        return steps;
    }
    if gains && apart {
        let mut between = after.clone();
        between.nullable = true;
        let mut steps = changed(change, before, &between);
        steps.extend(not_null(table, after));
        return steps;
    }
    let mut steps = changed(change, before, after);
    if let Some(step) = steps.first_mut().filter(|_| gains) {
        step.hazards
            .push(Hazard::Scan(format!("{} is read whole", shown(&table.name))));
        step.hazards.push(empty(table, after));
    }
    steps
}

pub(super) fn empty(table: &Table, column: &Column) -> Hazard {
    Hazard::MayFail(format!(
        "{}.{} may be empty in some row",
        shown(&table.name),
        column.name
    ))
}

fn changed(change: &TableChange<'_>, before: &Column, after: &Column) -> Vec<Step> {
    let table = change.to;
    let parts = change.parts.iter();
    let (forth, hazards) = tree_changes(table, parts.clone().copied(), before, after);
    let (mut back, _) = tree_changes(table, parts.map(|(was, is)| (*is, *was)), after, before);
    if before.generated.is_some() && after.generated.is_none() {
        // What a column is computed from cannot be given to it later: it is made again.
        let name = ident::name(&table.name);
        back = vec![format!("ALTER TABLE {name} DROP COLUMN {}", quoted(&after.name))];
        back.extend(column_again(change, &name, before));
    }
    if forth.is_empty() {
        return Vec::new();
    }
    let step = one(
        table,
        format!("column {}.{} changes", shown(&table.name), after.name),
        forth,
        back,
    );
    let Action::Sql(statements) = &step.action;
    let lock = super::strongest(statements);
    let mut step = locking(step, lock, hazards);
    if let Some(Beside::Not(why)) = change.beside.as_ref().filter(|_| rewrites(before, after)) {
        step.hazards.push(Hazard::Blocks(format!(
            "everything that reads or writes {} waits until it is written; not beside the application, because {why}",
            shown(&table.name)
        )));
    }
    vec![step]
}

/// Whether another type has the whole table written anew.
pub(super) fn rewrites(before: &Column, after: &Column) -> bool {
    before.ty != after.ty && !(widens(&before.ty, &after.ty) && same_bytes(&before.ty))
}

/// No row may lack a value: first a check that only new rows must pass, then a look at the others while everybody reads and writes; what
/// a check has proved the server does not look for again.
pub(super) fn not_null(table: &Table, column: &Column) -> Vec<Step> {
    let (name, own) = (ident::name(&table.name), quoted(&column.name));
    let check = free_check(table, column);
    let dropped = format!("ALTER TABLE {name} DROP CONSTRAINT {}", quoted(&check));
    let add = one(
        table,
        format!("column {}.{} must have a value", shown(&table.name), column.name),
        vec![format!(
            "ALTER TABLE {name} ADD CONSTRAINT {} CHECK ({own} IS NOT NULL) NOT VALID",
            quoted(&check)
        )],
        vec![dropped.replacen("DROP CONSTRAINT ", "DROP CONSTRAINT IF EXISTS ", 1)],
    );
    let look = validate(
        table,
        &name,
        &check,
        &format!("{}.{} may be empty in some row", shown(&table.name), column.name),
    );
    let set = one(
        table,
        format!(
            "column {}.{} has a value in every row",
            shown(&table.name),
            column.name
        ),
        vec![
            format!("ALTER TABLE {name} ALTER COLUMN {own} SET NOT NULL"),
            dropped,
        ],
        vec![format!("ALTER TABLE {name} ALTER COLUMN {own} DROP NOT NULL")],
    );
    vec![
        locking(add, Lock::AccessExclusive, Vec::new()),
        look,
        locking(set, Lock::AccessExclusive, Vec::new()),
    ]
}

/// A name for a check that no constraint of the table has.
fn free_check(table: &Table, column: &Column) -> Ident {
    let taken = |name: &str| {
        let checks = table.checks.iter().map(|each| &each.name);
        let uniques = table.uniques.iter().map(|each| &each.name);
        let keys = table.foreign_keys.iter().map(|each| &each.name);
        let primary = table.primary_key.iter().map(|each| &each.name);
        checks
            .chain(uniques)
            .chain(keys)
            .chain(primary)
            .any(|known| known.as_str() == name)
    };
    // Ten bytes are left for what stands before and behind, of the 63 that a name can have.
    let mut own = column.name.as_str();
    while own.len() > 50 {
        let mut chars = own.chars();
        chars.next_back();
        own = chars.as_str();
    }
    let mut name = format!("{own}_not_null");
    while taken(&name) {
        name.push('_');
    }
    Ident::new(name)
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
        hazards.extend(retyping(table, before, after));
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
    // What is computed is computed anew.
    let using = if before.ty == after.ty || after.generated.is_some() {
        String::new()
    } else {
        format!(" USING {}", conversion(own, &before.ty, &after.ty))
    };
    format!("TYPE {ty}{collation}{using}")
}

/// A value of one type as one of another.
pub(super) fn conversion(value: &str, from: &SqlType, to: &SqlType) -> String {
    let through = if converts(from, to) { "" } else { "::text" };
    format!("{value}{through}::{}", types::type_name(to))
}

/// What another type does to the rows that are there.
fn retyping(table: &Table, before: &Column, after: &Column) -> Vec<Hazard> {
    let mut out = Vec::new();
    let widens = widens(&before.ty, &after.ty);
    if before.collation != after.collation || !(widens && same_bytes(&before.ty)) {
        let what = if before.ty == after.ty || widens && same_bytes(&before.ty) {
            "indexes of {} are built anew"
        } else {
            "{} is written anew"
        };
        out.push(Hazard::Rewrite(what.replacen("{}", &shown(&table.name), 1)));
    }
    if !widens {
        out.push(Hazard::MayFail(format!(
            "a value of {}.{} may not fit",
            shown(&table.name),
            after.name
        )));
    }
    out
}

/// Whether every value of the first type is one of the second.
pub(super) fn widens(from: &SqlType, to: &SqlType) -> bool {
    let text = |ty: &SqlType| matches!(ty, SqlType::Text | SqlType::Varchar(_)) || is_any_varchar(ty);
    match (from, to) {
        (SqlType::Varchar(from), SqlType::Varchar(to)) => from <= to,
        (SqlType::Numeric(Some((from, scale))), SqlType::Numeric(Some((to, other)))) => {
            scale == other && from <= to
        }
        (SqlType::SmallInt, SqlType::Integer | SqlType::BigInt)
        | (SqlType::Integer, SqlType::BigInt)
        | (SqlType::Numeric(_), SqlType::Numeric(None)) => true,
        (from, SqlType::Text) => text(from),
        (from, to) if is_any_varchar(to) => text(from),
        _ => from == to,
    }
}

/// Whether a wider type of the same kind holds values in the same bytes, so that nothing is written.
fn same_bytes(ty: &SqlType) -> bool {
    matches!(ty, SqlType::Text | SqlType::Varchar(_) | SqlType::Numeric(_)) || is_any_varchar(ty)
}

/// `varchar` of any length, which is `text` by another name.
fn is_any_varchar(ty: &SqlType) -> bool {
    matches!(ty, SqlType::Other(name) if name == "varchar")
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
