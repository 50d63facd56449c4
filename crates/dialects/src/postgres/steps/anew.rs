//! What cannot become what it shall be, and is made anew with what is in it.

use physical::{Check, Column, Ident, Name, NamedType, NamedTypeKind, RowSecurity, SqlType, Table};
use plan::{Action, Hazard, Lock, Phase, Section, Step, Undo};

use super::{alter, comment, create, locking, shown, step};
use crate::postgres::expression::{default_value, or_refused};
use crate::postgres::{ident, types};

/// An enum that lacks members of before, or a domain of another type: a new type takes the name, and the columns go over to it by the text of their values.
pub(super) fn retype(
    (from, to): (&NamedType, &NamedType),
    was: &Name,
    columns: &[(&Table, &Column, &Column)],
    [before, after]: &[Vec<(&Table, &Check)>; 2],
) -> Step {
    let name = ident::name(&to.name);
    let made = create(&plan::Object::Type(to));
    let Action::Sql(made) = made.action;
    let mut forth = dropped(before);
    forth.push(format!("ALTER TYPE {name} RENAME TO {}", quoted(&was.name)));
    forth.extend(made);
    for (table, before, after) in columns {
        forth.extend(converted(table, before, after, &types::type_name(&after.ty)));
    }
    forth.extend(added(after));
    let mut back = dropped(after);
    for (table, before, after) in columns {
        let old = types::type_name(&renamed(&before.ty, was));
        back.extend(converted(table, after, before, &old));
    }
    back.push(format!("DROP TYPE {name}"));
    back.push(format!(
        "ALTER TYPE {} RENAME TO {}",
        ident::name(was),
        quoted(&from.name.name)
    ));
    back.extend(added(before));
    let changed = step(
        format!("type {} is made anew", shown(&to.name)),
        Section::Types,
        forth,
        Undo::Sql(back),
        to.origin,
    );
    let tables = columns.iter().map(|(table, ..)| shown(&table.name));
    let mut hazards: Vec<Hazard> = tables
        .map(|table| Hazard::Rewrite(format!("{table} is written anew")))
        .collect();
    if let (NamedTypeKind::Enum(was), NamedTypeKind::Enum(is)) = (&from.kind, &to.kind) {
        let gone: Vec<&str> = was
            .iter()
            .filter(|member| !is.contains(member))
            .map(String::as_str)
            .collect();
        if !gone.is_empty() {
            let may = format!("some row may have a value that goes: {}", gone.join(", "));
            hazards.push(Hazard::MayFail(may));
        }
    }
    if let (NamedTypeKind::Domain { base: was, .. }, NamedTypeKind::Domain { base: is, .. }) =
        (&from.kind, &to.kind)
        && !super::column::widens(was, is)
    {
        hazards.push(Hazard::MayFail(format!(
            "a value of {} may not fit",
            shown(&to.name)
        )));
    }
    locking(changed, Lock::AccessExclusive, hazards)
}

fn dropped(checks: &[(&Table, &Check)]) -> Vec<String> {
    let drop = |(table, check): &(&Table, &Check)| {
        let name = ident::name(&table.name);
        format!("ALTER TABLE {name} DROP CONSTRAINT {}", quoted(&check.name))
    };
    checks.iter().map(drop).collect()
}

fn added(checks: &[(&Table, &Check)]) -> Vec<String> {
    let mut out = Vec::new();
    for (table, check) in checks {
        let name = ident::name(&table.name);
        out.push(format!("ALTER TABLE {name} {}", alter::check_text(check)));
        let object = format!("{} ON {name}", quoted(&check.name));
        comment(&mut out, "CONSTRAINT", &object, check.comment.as_deref());
    }
    out
}

/// The statements by which a column goes over to another type of the same values.
fn converted(table: &Table, before: &Column, after: &Column, ty: &str) -> Vec<String> {
    let own = quoted(&after.name);
    let alter = format!("ALTER TABLE {} ALTER COLUMN {own}", ident::name(&table.name));
    let through = if matches!(after.ty, SqlType::Array(_)) {
        "text[]"
    } else {
        "text"
    };
    let mut out = Vec::new();
    if before.default.is_some() {
        out.push(format!("{alter} DROP DEFAULT"));
    }
    out.push(format!("{alter} TYPE {ty} USING {own}::{through}::{ty}"));
    if let Some(default) = &after.default {
        out.push(format!(
            "{alter} SET DEFAULT {}",
            or_refused(default_value(default))
        ));
    }
    out
}

/// The type under its other name.
fn renamed(ty: &SqlType, was: &Name) -> SqlType {
    match ty {
        SqlType::Array(element) => SqlType::Array(Box::new(renamed(element, was))),
        _ => SqlType::Named(was.clone()),
    }
}

pub(super) fn drop_retyped(from: &NamedType, was: &Name) -> Step {
    let mut old = from.clone();
    old.name.clone_from(was);
    let made = create(&plan::Object::Type(&old));
    let Action::Sql(back) = made.action;
    let mut gone = step(
        format!("what type {} was goes", shown(&from.name)),
        Section::Types,
        vec![format!("DROP TYPE {}", ident::name(was))],
        Undo::Sql(back),
        from.origin,
    );
    gone.phase = Phase::Contract;
    gone
}

fn copy(table: &Table, aside: &Name, except: &[Name]) -> Vec<String> {
    let name = ident::name(&table.name);
    let rows = if except.is_empty() {
        String::new()
    } else {
        let others = except
            .iter()
            .map(|part| format!("{}::regclass", ident::text(&ident::name(part))));
        let others: Vec<String> = others.collect();
        format!(" WHERE tableoid NOT IN ({})", others.join(", "))
    };
    let mut out = vec![format!("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")];
    // Its owner, too, sees no row that a policy hides; and a row that was not seen would be lost.
    if table.row_security == RowSecurity::Forced {
        out.push(format!("ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY"));
    }
    out.push("SET LOCAL row_security = off".to_owned());
    out.push(format!(
        "CREATE TABLE {} AS SELECT * FROM {name}{rows}",
        ident::name(aside)
    ));
    out
}

/// The statements that put rows that were set aside into a table, as far as both have the columns.
fn put_back(from: &Table, to: &Table, aside: &Name) -> Vec<String> {
    let has = |column: &&Column| {
        let there = from.column(column.name.as_str());
        there.is_some() && column.generated.is_none()
    };
    let columns: Vec<&Column> = to.columns.iter().filter(has).collect();
    let names: Vec<String> = columns.iter().map(|column| quoted(&column.name)).collect();
    let list = names.join(", ");
    let counts = |column: &&&Column| column.identity.is_some();
    let system = if columns.iter().any(|column| counts(&column)) {
        " OVERRIDING SYSTEM VALUE"
    } else {
        ""
    };
    let (name, copy) = (ident::name(&to.name), ident::name(aside));
    let mut out = Vec::new();
    if !names.is_empty() {
        out.push(format!(
            "INSERT INTO {name} ({list}){system} SELECT {list} FROM {copy}"
        ));
    }
    for column in columns.iter().filter(counts) {
        let own = ident::text(column.name.as_str());
        out.push(format!(
            "SELECT setval(pg_get_serial_sequence({}, {own}), max({})) FROM {name}",
            ident::text(&name),
            quoted(&column.name)
        ));
    }
    out.push(format!("DROP TABLE {copy}"));
    out
}

/// Copies the rows of a table before it goes.
pub(super) fn set_aside(table: &Table, aside: &Name, except: &[Name]) -> Step {
    let made = step(
        format!("rows of {} are set aside", shown(&table.name)),
        Section::Table(shown(&table.name)),
        copy(table, aside, except),
        Undo::Sql(put_back(table, table, aside)),
        table.origin,
    );
    let hazards = vec![
        Hazard::Blocks(format!(
            "everything that reads or writes {} waits until it is there again",
            shown(&table.name)
        )),
        Hazard::Rewrite(format!("{} is written anew, twice", shown(&table.name))),
    ];
    locking(made, Lock::AccessExclusive, hazards)
}

/// Puts them into the one that took its place.
pub(super) fn bring_back((from, to): (&Table, &Table), aside: &Name, except: &[Name]) -> Step {
    let made = step(
        format!("rows of {} come back", shown(&to.name)),
        Section::Table(shown(&to.name)),
        put_back(from, to, aside),
        Undo::Sql(copy(to, aside, except)),
        to.origin,
    );
    let mut hazards = vec![Hazard::MayFail(format!(
        "a row of {} may have no partition that takes it",
        shown(&to.name)
    ))];
    let gone = from
        .columns
        .iter()
        .filter(|column| to.column(column.name.as_str()).is_none());
    hazards.extend(
        gone.map(|column| Hazard::DataLoss(format!("the values of {}.{}", shown(&from.name), column.name))),
    );
    locking(made, Lock::AccessExclusive, hazards)
}

fn quoted(name: &Ident) -> String {
    ident::ident(name.as_str())
}
