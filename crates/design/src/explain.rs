//! Finds decisions by the names that people use for things.

use diagnostics::did_you_mean;

use crate::{Decision, Designed};

/// The decisions about something: an entity (`Order`, with all of its fields), a field (`Order.public_id`), a table, a column
/// (`orders.public_id`), or a constraint, index, policy, function, role or view. Empty when nothing is called so.
#[must_use]
pub fn explain<'d>(designed: &'d Designed, name: &str) -> Vec<&'d Decision> {
    let name = name.trim();
    designed
        .decisions
        .iter()
        .filter(|decision| speaks_of(decision, name))
        .collect()
}

/// Names that were likely meant when [`explain`] finds nothing, the likeliest first.
#[must_use]
pub fn suggest(designed: &Designed, name: &str) -> Vec<String> {
    let name = name.trim();
    let mut names: Vec<&str> = Vec::new();
    for decision in &designed.decisions {
        names.push(&decision.subject);
        names.extend(decision.names.iter().map(String::as_str));
        names.extend(decision.subject.split_once('.').map(|(owner, _)| owner));
        names.extend(
            decision
                .names
                .iter()
                .filter_map(|name| name.split_once('.').map(|(_, member)| member)),
        );
    }
    names.sort_unstable();
    names.dedup();
    let mut found: Vec<String> = Vec::new();
    while found.len() < 3 {
        let rest = names
            .iter()
            .copied()
            .filter(|known| !found.iter().any(|have| have == known));
        match did_you_mean(name, rest) {
            Some(near) => found.push(near.to_owned()),
            None => break,
        }
    }
    found
}

/// Whether a decision is about a name, whatever its case.
fn speaks_of(decision: &Decision, name: &str) -> bool {
    subject_is(&decision.subject, name) || decision.names.iter().any(|known| object_is(known, name))
}

/// A subject is meant by its own name, and by its entity's.
fn subject_is(subject: &str, name: &str) -> bool {
    subject.eq_ignore_ascii_case(name)
        || subject
            .split_once('.')
            .is_some_and(|(entity, _)| entity.eq_ignore_ascii_case(name))
}

/// `table.member` is meant by itself, by the table, and by a member's name that needs no table (constraints).
fn object_is(known: &str, name: &str) -> bool {
    if known.eq_ignore_ascii_case(name) {
        return true;
    }
    known.split_once('.').is_some_and(|(table, member)| {
        table.eq_ignore_ascii_case(name)
            || (member.contains('_') && member.eq_ignore_ascii_case(name) && !name.contains('.'))
    })
}
