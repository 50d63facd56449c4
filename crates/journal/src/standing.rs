//! Where each migration stands: the folder against the history.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::folder::{Migration, Script, Sums, title};
use crate::history::{Event, EventKind};
use crate::lineage::{self, Beside};

/// Where a migration stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "detail")]
pub enum Standing {
    /// Applied, and its files are what they were.
    Applied,
    /// Applied; its files differ in how lines end, or in a byte order mark, and in nothing else.
    LineEnds,
    /// Applied, and `up.sql` was edited since.
    UpChanged,
    /// Applied, and `down.sql` was edited or removed since.
    DownChanged,
    /// Applied, and its folder is gone.
    Missing,
    /// Applied, and its folder has another name now: this.
    Renamed(String),
    /// Applied by another number, which is given; its folder was renumbered.
    Renumbered(i64),
    /// Not applied.
    Pending,
    /// Not applied, though one with a higher number is.
    OutOfOrder,
    /// Not applied, and not planned for what the one before it leads to.
    Beside(Beside),
}

/// A migration of the folder, of the history, or of both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number.
    pub number: i64,
    /// Its name in the history, or else in the folder.
    pub name: String,
    /// Where it stands.
    #[serde(flatten)]
    pub standing: Standing,
    /// When it was applied.
    pub applied: Option<String>,
    /// By whom.
    pub by: Option<String>,
}

impl Entry {
    /// `0003_add_orders`.
    #[must_use]
    pub fn title(&self) -> String {
        title(self.number, &self.name)
    }

    /// Whether it is applied.
    #[must_use]
    pub const fn is_applied(&self) -> bool {
        self.applied.is_some()
    }

    /// Why nothing can be applied while it is so, and what to do.
    #[must_use]
    pub fn hindrance(&self) -> Option<(String, String)> {
        let (number, title) = (self.number, self.title());
        Some(match &self.standing {
            Standing::Applied | Standing::LineEnds | Standing::DownChanged | Standing::Pending => {
                return None;
            }
            Standing::UpChanged => (
                format!("`up.sql` of {title} was edited after it was applied"),
                format!(
                    "put the old text back and write a new migration; if the database is as the new text says, consent: \
                     `migrate repair --accept-files {number}`"
                ),
            ),
            Standing::Missing => (
                format!("{title} is applied, and its folder is gone"),
                "bring the folder back; it may be on another branch".to_owned(),
            ),
            Standing::Renamed(now) => (
                format!("{title} is applied, and its folder is named `{now}` now"),
                "give the folder its old name".to_owned(),
            ),
            Standing::Renumbered(before) => (
                format!("{title} was applied as number {before}"),
                "give the folder its old number".to_owned(),
            ),
            Standing::OutOfOrder => (
                format!("{title} is not applied, and one with a higher number is"),
                format!(
                    "put it behind all others, `architrave migrate rebase {title}`, or apply it all the same: `--out-of-order`"
                ),
            ),
            Standing::Beside(beside) => beside.fault(&title),
        })
    }
}

/// What the history says of one migration now.
#[derive(Debug, Clone)]
struct Remembered<'a> {
    event: &'a Event,
    up: &'a Sums,
    down: &'a Sums,
}

impl Remembered<'_> {
    /// Whether it is this one, by whatever number.
    fn is(&self, migration: &Migration) -> bool {
        self.event.name == migration.name && self.up.text == migration.up.sums.text
    }
}

/// Every migration of the folder and of the history, by number.
#[must_use]
pub fn compare(folder: &[Migration], history: &[Event]) -> Vec<Entry> {
    let mut remembered: BTreeMap<i64, Remembered<'_>> = BTreeMap::new();
    for event in history {
        match event.kind {
            EventKind::Applied | EventKind::Baselined => {
                let (up, down) = (&event.up, &event.down);
                remembered.insert(event.number, Remembered { event, up, down });
            }
            EventKind::RolledBack => {
                remembered.remove(&event.number);
            }
            EventKind::FilesAccepted => {
                if let Some(it) = remembered.get_mut(&event.number) {
                    (it.up, it.down) = (&event.up, &event.down);
                }
            }
            EventKind::DriftAccepted | EventKind::HistoryAccepted | EventKind::Contracted => {}
        }
    }
    let highest = remembered.keys().next_back().copied().unwrap_or(0);
    let mut entries: BTreeMap<i64, Entry> = BTreeMap::new();
    for (number, it) in &remembered {
        let standing = match folder.iter().find(|migration| migration.number == *number) {
            None => Standing::Missing,
            Some(migration) if migration.name != it.event.name => {
                // Two branches had this number, and the one that is applied here got another.
                let elsewhere = folder.iter().find(|other| it.is(other));
                Standing::Renamed(elsewhere.unwrap_or(migration).title())
            }
            Some(migration) => applied(it, migration),
        };
        entries.insert(*number, entry(*number, &it.event.name, standing, Some(it.event)));
    }
    for migration in folder {
        if remembered.contains_key(&migration.number) {
            continue;
        }
        let before = remembered.iter().find(|(number, it)| {
            let there = |other: &Migration| other.number == **number && other.name == it.event.name;
            it.is(migration) && !folder.iter().any(there)
        });
        let standing = match before {
            Some((before, _)) => Standing::Renumbered(*before),
            None if migration.number < highest => Standing::OutOfOrder,
            None => lineage::beside(folder, migration).map_or(Standing::Pending, Standing::Beside),
        };
        entries.insert(
            migration.number,
            entry(migration.number, &migration.name, standing, None),
        );
    }
    entries.into_values().collect()
}

fn entry(number: i64, name: &str, standing: Standing, event: Option<&Event>) -> Entry {
    Entry {
        number,
        name: name.to_owned(),
        standing,
        applied: event.map(|event| event.finished.clone()),
        by: event.map(|event| event.actor.clone()),
    }
}

fn applied(remembered: &Remembered<'_>, migration: &Migration) -> Standing {
    if remembered.up.text != migration.up.sums.text {
        return Standing::UpChanged;
    }
    let had_down = !remembered.down.bytes.is_empty();
    let down = migration.down.as_ref().map(|Script { sums, .. }| sums);
    if had_down && down.is_none_or(|down| down.text != remembered.down.text) {
        return Standing::DownChanged;
    }
    let same_bytes = remembered.up.bytes == migration.up.sums.bytes
        && (!had_down || down.is_some_and(|down| down.bytes == remembered.down.bytes));
    if same_bytes {
        Standing::Applied
    } else {
        Standing::LineEnds
    }
}
