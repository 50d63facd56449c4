//! What a database remembers: events, each chained to the one before.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::folder::Sums;

/// Version of the form that is chained.
const FORM: &str = "architrave.history/1";

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A migration was applied.
    Applied,
    /// A migration was rolled back.
    RolledBack,
    /// Somebody consented to the files of an applied migration as they are now.
    FilesAccepted,
    /// Somebody consented to a schema that is not what the migrations left.
    DriftAccepted,
    /// Somebody consented to a history whose chain did not hold.
    HistoryAccepted,
    /// What a migration had set aside was destroyed.
    Contracted,
    /// Somebody said that what a migration makes was there already; it was not run.
    Baselined,
}

impl EventKind {
    const ALL: [Self; 7] = [
        Self::Applied,
        Self::RolledBack,
        Self::FilesAccepted,
        Self::DriftAccepted,
        Self::HistoryAccepted,
        Self::Contracted,
        Self::Baselined,
    ];

    /// As it is stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::RolledBack => "rolled_back",
            Self::FilesAccepted => "files_accepted",
            Self::DriftAccepted => "drift_accepted",
            Self::HistoryAccepted => "history_accepted",
            Self::Contracted => "contracted",
            Self::Baselined => "baselined",
        }
    }

    /// What [`EventKind::word`] says.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One row of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// From 1, without gaps.
    pub position: i64,
    /// What happened.
    pub kind: EventKind,
    /// The migration's number; 0 where it is about none.
    pub number: i64,
    /// The migration's name.
    pub name: String,
    /// The checksums of its `up.sql`.
    pub up: Sums,
    /// The checksums of its `down.sql`; empty when there was none.
    pub down: Sums,
    /// The schema's hash before.
    pub before: String,
    /// The schema's hash after.
    pub after: String,
    /// What made the hashes; those of another maker cannot be compared.
    pub maker: String,
    /// When it began.
    pub started: String,
    /// When it was done.
    pub finished: String,
    /// Who.
    pub actor: String,
    /// SHA-256 over the chain of the event before and everything above.
    pub chain: String,
}

/// The chain of an event behind another (`""` for the first).
#[must_use]
pub fn extend(previous: &str, event: &Event) -> String {
    let numbers = [event.position.to_string(), event.number.to_string()];
    let parts = [
        FORM,
        previous,
        &numbers[0],
        event.kind.word(),
        &numbers[1],
        &event.name,
        &event.up.bytes,
        &event.up.text,
        &event.down.bytes,
        &event.down.text,
        &event.before,
        &event.after,
        &event.maker,
        &event.started,
        &event.finished,
        &event.actor,
    ];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first event that is not as it was written, or is not where it was, if there is one: its position, and what is wrong.
#[must_use]
pub fn chain_fault(events: &[Event]) -> Option<(i64, &'static str)> {
    let mut previous = "";
    for (expected, event) in (1..).zip(events) {
        if event.position != expected {
            return Some((expected, "it is missing"));
        }
        if event.chain != extend(previous, event) {
            return Some((
                expected,
                "it is not as it was written, or an earlier one was replaced",
            ));
        }
        previous = &event.chain;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events() -> Vec<Event> {
        let sums = |text: &str| Sums {
            bytes: text.to_owned(),
            text: text.to_owned(),
        };
        let mut previous = String::new();
        let mut found = Vec::new();
        for position in 1..=3 {
            let mut event = Event {
                position,
                kind: EventKind::Applied,
                number: position * 10,
                name: format!("m{position}"),
                up: sums("u"),
                down: sums(""),
                before: "a".to_owned(),
                after: "b".to_owned(),
                maker: "m".to_owned(),
                started: "s".to_owned(),
                finished: "f".to_owned(),
                actor: "w".to_owned(),
                chain: String::new(),
            };
            event.chain = extend(&previous, &event);
            previous.clone_from(&event.chain);
            found.push(event);
        }
        found
    }

    #[test]
    fn every_field_is_chained() {
        assert_eq!(chain_fault(&events()), None);
        let edits: [fn(&mut Event); 13] = [
            |it| it.kind = EventKind::RolledBack,
            |it| it.number += 1,
            |it| it.name.push('x'),
            |it| it.up.bytes.push('x'),
            |it| it.up.text.push('x'),
            |it| it.down.bytes.push('x'),
            |it| it.down.text.push('x'),
            |it| it.before.push('x'),
            |it| it.after.push('x'),
            |it| it.maker.push('x'),
            |it| it.started.push('x'),
            |it| it.finished.push('x'),
            |it| it.actor.push('x'),
        ];
        for edit in edits {
            let mut edited = events();
            edit(&mut edited[1]);
            assert_eq!(chain_fault(&edited).map(|(at, _)| at), Some(2));
        }
    }

    #[test]
    fn a_row_that_went_or_was_rewritten_with_its_chain_is_noticed() {
        let mut shorter = events();
        shorter.remove(0);
        assert_eq!(chain_fault(&shorter).map(|(at, _)| at), Some(1));
        let mut rewritten = events();
        rewritten[0].name.push('x');
        rewritten[0].chain = extend("", &rewritten[0]);
        assert_eq!(chain_fault(&rewritten).map(|(at, _)| at), Some(2));
    }
}
