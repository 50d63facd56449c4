//! The living refer only to the living. The lock that other databases take is the file's own: there is one writer.

use physical::{Ident, Name};

use super::super::ident::{ident, table};
use super::triggers::Work;
use crate::source::{Source, key_of, local};

pub(super) fn add(
    blueprint: &Source<'_>,
    work: &mut Work,
    pairs: &[(&Ident, &Ident)],
    parent: &Name,
    deleted_at: &Ident,
) {
    // Owner and tenant may not be filled yet; the key alone finds the row.
    let keys: Vec<_> = pairs
        .iter()
        .filter(|(own, _)| !work.is_filled(own))
        .copied()
        .collect();
    let pairs = if keys.is_empty() { pairs.to_vec() } else { keys };
    let on: Vec<String> = pairs
        .iter()
        .map(|(own, theirs)| format!("p.{} = NEW.{}", ident(theirs), ident(own)))
        .collect();
    let dead = format!(
        "EXISTS (SELECT 1 FROM {} AS p WHERE {} AND p.{} IS NOT NULL)",
        table(&local(blueprint, parent)),
        on.join(" AND "),
        ident(deleted_at)
    );
    let own = work.name.clone();
    let key = key_of(blueprint, &own, pairs.first().map(|(own, _)| *own), parent);
    let guard = work.guard_key(blueprint, key, &own, &dead);
    work.before_insert.push(guard);
    let mut changed: Vec<String> = pairs
        .iter()
        .map(|(own, _)| format!("NEW.{0} IS NOT OLD.{0}", ident(own)))
        .collect();
    let condition = match work.deleted_at.as_ref().map(ident) {
        Some(own) => {
            changed.push(format!("OLD.{own} IS NOT NULL"));
            format!("NEW.{own} IS NULL AND ({})\n  AND {dead}", changed.join(" OR "))
        }
        None => format!("({})\n  AND {dead}", changed.join(" OR ")),
    };
    let guard = work.guard_key(blueprint, key, &own, &condition);
    work.before_update.push(guard);
}
