//! Partitions that are tables in their own right, and what they share with the tables that they are partitions of.

use physical::{Ident, Index, Name, PartitionOf, Table};
use plan::{Action, Hazard, Lock, Phase, Section, Step, Undo};

use super::{in_use, key, locking, shown, step, table};
use crate::postgres::ident;

/// Puts a table into its place when everything on both sides is there: its indexes and keys then become parts of those of the whole.
pub(super) fn place(table: &Table, place: &PartitionOf) -> Step {
    let (child, whole) = (ident::name(&table.name), ident::name(&place.parent));
    let made = step(
        format!("partition {} of {}", shown(&table.name), shown(&place.parent)),
        Section::Table(shown(&table.name)),
        vec![format!(
            "ALTER TABLE ONLY {whole} ATTACH PARTITION {child} {}",
            place.bound
        )],
        Undo::Sql(vec![format!("ALTER TABLE {whole} DETACH PARTITION {child}")]),
        table.origin,
    );
    let hazards = vec![
        Hazard::Scan(format!(
            "{} is read whole, unless a check says what the bound says",
            shown(&table.name)
        )),
        Hazard::MayFail(format!(
            "a row of {} may be outside of the bound",
            shown(&table.name)
        )),
    ];
    locking(made, Lock::AccessExclusive, hazards)
}

/// Makes an index on the partitioned table alone, which costs nothing; it is valid once all partitions have their parts.
pub(super) fn add_whole(
    (of, index): (&Table, &Index),
    standing: &[(&Table, &Index)],
    keys: bool,
    joins: bool,
) -> Step {
    let mut made = table::index(of, index);
    let Action::Sql(statements) = &mut made.action;
    only(statements, of);
    if joins {
        made.undo = Undo::WithOther;
    } else if let Undo::Sql(back) = &mut made.undo {
        with_keys(back, keys);
        for (child, part) in standing {
            let Action::Sql(again) = table::index(child, part).action;
            back.extend(again);
        }
    }
    locking(made, Lock::Share, Vec::new())
}

/// An index whose parts are behind keys does not go without these.
fn with_keys(drop: &mut [String], keys: bool) {
    if let Some(first) = drop.first_mut().filter(|_| keys) {
        first.push_str(" CASCADE");
    }
}

fn only(statements: &mut [String], of: &Table) {
    let name = ident::name(&of.name);
    if let Some(first) = statements.first_mut() {
        *first = first.replacen(&format!(" ON {name}"), &format!(" ON ONLY {name}"), 1);
    }
}

/// The index of a partition, which will go with the one that it becomes a part of.
pub(super) fn add_part(of: &Table, index: &Index) -> Step {
    let mut made = in_use::add_index(of, index);
    made.undo = Undo::WithOther;
    made
}

/// The statement that makes an index or key of a partition a part of one of the whole.
pub(super) fn joined(parent: &Name, whole: &Ident, child: &Name, part: &Ident) -> String {
    let name = |of: &Name, own: &Ident| {
        let mut full = of.clone();
        full.name.clone_from(own);
        ident::name(&full)
    };
    format!(
        "ALTER INDEX {} ATTACH PARTITION {}",
        name(parent, whole),
        name(child, part)
    )
}

pub(super) fn join(of: &Table, part: &Ident, whole: &Ident) -> Vec<Step> {
    let Some(place) = &of.partition_of else {
        return Vec::new();
    };
    let made = step(
        format!("index {part} becomes a part of {whole}"),
        Section::Table(shown(&of.name)),
        vec![joined(&place.parent, whole, &of.name, part)],
        Undo::WithOther,
        of.origin,
    );
    vec![locking(made, Lock::AccessExclusive, Vec::new())]
}

/// Removes an index of a partitioned table with its parts. Those come again before it on the way back, and become parts of it again.
pub(super) fn drop_whole((of, index): (&Table, &Index), parts: &[Name], keys: bool, along: bool) -> Step {
    if along && parts.is_empty() {
        return lose_part(of, index);
    }
    let made = table::index(of, index);
    let Action::Sql(mut back) = made.action;
    only(&mut back, of);
    let mut name = of.name.clone();
    name.name.clone_from(&index.name);
    let whole = ident::name(&name);
    let parts = parts.iter();
    back.extend(parts.map(|part| format!("ALTER INDEX {whole} ATTACH PARTITION {}", ident::name(part))));
    let statements = match (along, made.undo) {
        (false, Undo::Sql(mut statements)) => {
            with_keys(&mut statements, keys);
            statements
        }
        _ => Vec::new(),
    };
    let mut gone = step(
        format!("{} goes", made.title),
        made.section,
        statements,
        Undo::Sql(back),
        made.origin,
    );
    gone.phase = Phase::Contract;
    let waits = format!("everything that reads or writes {} waits", shown(&of.name));
    locking(gone, Lock::AccessExclusive, vec![Hazard::Blocks(waits)])
}

/// The index of a partition has gone with the one that it was a part of; the partition is in use when it comes again.
fn lose_part(of: &Table, index: &Index) -> Step {
    let mut lost = in_use::add_index(of, index);
    let Action::Sql(back) = std::mem::replace(&mut lost.action, Action::Sql(Vec::new()));
    lost.title.push_str(" goes with the whole");
    lost.undo = Undo::Sql(back);
    lost.phase = Phase::Contract;
    locking(lost, Lock::None, Vec::new())
}

/// The way back to keys of partitions that stood by themselves before they became parts of one that goes.
pub(super) fn standing_keys(parts: &[(&Table, &Table)], whole: &Table, key: &Ident) -> Vec<String> {
    let mut out = Vec::new();
    for (was, is) in parts {
        let place = is
            .partition_of
            .as_ref()
            .filter(|place| place.parent == whole.name);
        let joined = place.into_iter().flat_map(|place| &place.parts);
        for (part, _) in joined.filter(|(_, of)| *of == key) {
            let is_part = |table: &Table| {
                let place = table.partition_of.as_ref();
                place.is_some_and(|place| place.parts.contains_key(part))
            };
            if let Some(text) = key::key_text(was, part).filter(|_| !is_part(was)) {
                out.push(format!("ALTER TABLE {} {text}", ident::name(&was.name)));
            }
        }
    }
    out
}

/// The statements that make keys of partitions parts of one again that has come back.
pub(super) fn joined_keys(parts: &[(&Table, &Table)], whole: &Table, key: &Ident) -> Vec<String> {
    let mut out = Vec::new();
    for (was, _) in parts {
        let place = was
            .partition_of
            .as_ref()
            .filter(|place| place.parent == whole.name);
        let joins = place.into_iter().flat_map(|place| &place.parts);
        out.extend(
            joins
                .filter(|(_, of)| *of == key)
                .map(|(part, of)| joined(&whole.name, of, &was.name, part)),
        );
    }
    out
}
