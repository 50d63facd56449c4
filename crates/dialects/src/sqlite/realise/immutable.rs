//! Columns that never change.

use physical::{Ident, Name, OnDelete};

use super::super::ident::ident;
use super::super::scripts;
use super::triggers::Work;
use crate::source::Source;

/// Refuses a change. There are no roles to be exempt: what erasure writes is let through from anyone, and so is NULL
/// where a deletion sets it.
///
/// Columns that follow a reference are held by its composite foreign key, and change with the reference.
pub(super) fn add(blueprint: &Source<'_>, work: &mut Work, columns: &[Ident]) {
    for column in columns {
        if work.follows.iter().any(|(follower, ..)| follower == column) {
            continue;
        }
        let name = ident(column);
        let mut condition = format!("NEW.{name} IS NOT OLD.{name}");
        if work.is_filled(column) {
            condition.push_str(&format!(" AND OLD.{name} IS NOT {}", work.marker(column)));
        }
        let table = blueprint.table_here(&work.name).map(|table| &table.name);
        let mut passes = table.map_or_else(Vec::new, |table| scripts::tombstones(blueprint, table, column));
        if table.is_some_and(|table| is_cleared(blueprint, table, column)) {
            passes.push("NULL".to_owned());
        }
        passes.dedup();
        for value in passes {
            condition.push_str(&format!(" AND NEW.{name} IS NOT {value}"));
        }
        let guard = work.guard("23514", &format!("{column}_immutable"), &condition);
        work.before_update.push(guard);
    }
}

/// Whether the deletion of the row referred to sets the column to NULL.
fn is_cleared(blueprint: &Source<'_>, table: &Name, column: &Ident) -> bool {
    let keys = blueprint.table(table).map(|table| &table.foreign_keys);
    let by_key = keys.into_iter().flatten().any(|key| {
        let cleared = if key.set_null.is_empty() {
            &key.columns
        } else {
            &key.set_null
        };
        key.on_delete == OnDelete::SetNull && cleared.contains(column)
    });
    let softly = blueprint
        .cleared(table)
        .iter()
        .any(|child| child.set_null.contains(column));
    by_key || softly
}
