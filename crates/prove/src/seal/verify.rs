//! Looks for everything that somebody may have done to the trail.

use std::collections::BTreeSet;

use crypto::Key;
use crypto::chain::{Entry, KeyValue, Seal, SealMac, commitment};
use engine::Connection;
use physical::{Blueprint, Value};
use plan::Relational;
use serde::Serialize;

use super::anchor::{Anchor, hex};
use super::trail::{Trail, bytes, entry_of, int};
use super::{SealError, instant};

/// What verifying found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct VerifyReport {
    /// Seals that are there.
    pub seals: u64,
    /// Entries under them.
    pub entries: u64,
    /// What is not sealed yet, and could be changed unseen.
    pub open: Open,
    /// The newest seal that an anchor speaks of; without one a cut tail cannot be found.
    pub anchored: Option<i64>,
    /// What is wrong. Empty: nothing was changed up to the last anchor.
    pub faults: Vec<Fault>,
}

/// Entries that are not sealed yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Open {
    /// How many.
    pub entries: u64,
    /// When the oldest was recorded, in UTC.
    pub since: Option<String>,
}

/// Something that is wrong with the trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// What kind of fault.
    pub kind: FaultKind,
    /// Under which seal; absent for what no seal covers.
    pub seal: Option<i64>,
    /// Which entry, where the fault is in one.
    pub seq: Option<i64>,
    /// In a sentence; never a payload.
    pub message: String,
}

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The MAC of a seal is not that of what it covers.
    Mac,
    /// A seal covers another number of entries than it says.
    Count,
    /// A seal does not follow the one before.
    Order,
    /// A seal was made with a key that we were not given.
    UnknownKey,
    /// The payload of an entry is not the one that was committed to.
    Payload,
    /// The payload of an entry is gone without an erasure.
    Destroyed,
    /// An anchored seal is missing: the tail was cut.
    Missing,
    /// An anchored seal is not the one that was anchored.
    Replaced,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

struct StoredSeal {
    id: i64,
    sealed_at: i64,
    bound: i64,
    entries: i64,
    previous: Option<Vec<u8>>,
    mac: Vec<u8>,
    key_id: String,
}

/// A payload that is gone, and the erasures that may explain it.
#[derive(Default)]
struct Payloads {
    gone: Vec<(Option<i64>, Entry)>,
    subjects: BTreeSet<KeyValue>,
    rows: BTreeSet<(String, RowName)>,
}

/// By what an entry tells its row: a number where there is one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum RowName {
    Number(i64),
    Public([u8; 16]),
}

impl RowName {
    fn of(entry: &Entry) -> Option<Self> {
        let public = || entry.row_public_id.map(Self::Public);
        entry.row_id.map(Self::Number).or_else(public)
    }
}

/// Verifies the trail in one snapshot. `anchors` is the text that sealing gave, one line each; `keys` are found by their ids.
///
/// On PostgreSQL the connection is that of a member of `auditor`, who may read the trail and change nothing.
///
/// # Errors
/// What the database says, and lines that are no anchors. What was tampered with is not an error: it is in the report.
pub fn verify(
    connection: &mut Connection,
    blueprint: &Blueprint,
    dialect: &Relational,
    keys: &[(String, Key)],
    anchors: &str,
) -> Result<VerifyReport, SealError> {
    let trail = Trail::of(blueprint, dialect)?;
    let anchors = read_anchors(&trail, anchors)?;
    connection.begin_snapshot()?;
    let result = in_snapshot(connection, &trail, keys, &anchors);
    // Nothing was written; a connection that is lost has told so already.
    let _ = connection.rollback();
    result
}

fn read_anchors(trail: &Trail, text: &str) -> Result<Vec<Anchor>, SealError> {
    let mut anchors = Vec::new();
    for (index, line) in text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
    {
        let fault = |reason| SealError::Anchor {
            line: index + 1,
            reason,
        };
        let anchor = Anchor::parse(line).map_err(fault)?;
        if anchor.project != trail.project {
            return Err(fault(format!("it speaks of the project `{}`", anchor.project)));
        }
        anchors.push(anchor);
    }
    Ok(anchors)
}

fn in_snapshot(
    connection: &mut Connection,
    trail: &Trail,
    keys: &[(String, Key)],
    anchors: &[Anchor],
) -> Result<VerifyReport, SealError> {
    let seals = read_seals(connection, trail)?;
    let mut report = VerifyReport {
        seals: seals.len() as u64,
        ..VerifyReport::default()
    };
    let mut payloads = Payloads::default();
    let mut before: Option<&StoredSeal> = None;
    for seal in &seals {
        let from = before.map_or(0, |seal| seal.bound);
        let entries = read_entries(
            connection,
            trail,
            (Some(seal.id), from, seal.bound),
            &mut report,
            &mut payloads,
        )?;
        report.entries += entries.len() as u64;
        follows(&mut report, before, seal);
        covers(&mut report, seal, &entries, keys)?;
        before = Some(seal);
    }
    let from = before.map_or(0, |seal| seal.bound);
    let open = read_entries(
        connection,
        trail,
        (None, from, i64::MAX),
        &mut report,
        &mut payloads,
    )?;
    report.open = Open {
        entries: open.len() as u64,
        since: open
            .iter()
            .map(|entry| entry.recorded_at)
            .min()
            .map(|micros| instant::text(micros, 6)),
    };
    explained(&mut report, payloads);
    for anchor in anchors {
        anchored(&mut report, &seals, anchor);
    }
    report.anchored = anchors.iter().map(|anchor| anchor.seal).max();
    Ok(report)
}

fn read_seals(connection: &mut Connection, trail: &Trail) -> Result<Vec<StoredSeal>, SealError> {
    let at = if trail.file {
        "CAST(strftime('%s', s.sealed_at) AS INTEGER) * 1000000 + CAST(substr(strftime('%f', s.sealed_at), 4) AS INTEGER) * 1000"
    } else {
        "(extract(epoch FROM s.sealed_at) * 1000000)::bigint"
    };
    let sql = format!(
        "SELECT s.id, {at}, s.up_to_transaction, s.entries, s.previous, s.mac, s.key_id FROM {} AS s ORDER BY s.id",
        trail.seals
    );
    let rows = connection.query(&sql, &[])?;
    let read = |row: &Vec<Value>| {
        let number = |at: usize| int(row.get(at), "a seal's column");
        Ok(StoredSeal {
            id: number(0)?,
            sealed_at: number(1)?,
            bound: number(2)?,
            entries: number(3)?,
            previous: bytes(row.get(4)),
            mac: bytes(row.get(5)).unwrap_or_default(),
            key_id: row.get(6).and_then(Value::as_text).unwrap_or_default().to_owned(),
        })
    };
    rows.rows.iter().map(read).collect()
}

/// Reads the entries of a range, and holds each payload to its commitment on the way.
fn read_entries(
    connection: &mut Connection,
    trail: &Trail,
    (seal, from, bound): (Option<i64>, i64, i64),
    report: &mut VerifyReport,
    payloads: &mut Payloads,
) -> Result<Vec<Entry>, SealError> {
    let text = if trail.file {
        "e.changes"
    } else {
        "e.changes::text"
    };
    let columns = format!("{}, {text}, e.salt", trail.entry_columns("e"));
    let rows = connection.query(
        &trail.entries_between(&columns),
        &[Value::Int(from), Value::Int(bound)],
    )?;
    let mut entries = Vec::with_capacity(rows.rows.len());
    for row in &rows.rows {
        let entry = entry_of(row)?;
        let changes = row.get(11).and_then(Value::as_text);
        let salt = bytes(row.get(12));
        if entry.operation == "erase" {
            payloads.subjects.extend(entry.subject_id.clone());
            payloads
                .rows
                .extend(RowName::of(&entry).map(|row| (entry.entity.clone(), row)));
        }
        match (&entry.commitment, changes, salt) {
            (Some(_), None, None) => payloads.gone.push((seal, entry.clone())),
            (None, None, _) => {}
            // A file makes its commitments when it is sealed.
            (None, Some(_), _) if trail.file && seal.is_none() => {}
            (committed, changes, salt) => {
                let found = changes
                    .zip(salt)
                    .map(|(changes, salt)| commitment(&salt, changes));
                if found.as_ref().map(<[u8; 32]>::as_slice) != committed.as_deref() {
                    report.faults.push(Fault {
                        kind: FaultKind::Payload,
                        seal,
                        seq: Some(entry.seq),
                        message: format!(
                            "the payload of entry {} is not the one that was committed to",
                            entry.seq
                        ),
                    });
                }
            }
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn follows(report: &mut VerifyReport, before: Option<&StoredSeal>, seal: &StoredSeal) {
    let mut fault = |message: String| {
        report.faults.push(Fault {
            kind: FaultKind::Order,
            seal: Some(seal.id),
            seq: None,
            message,
        });
    };
    if seal.previous.as_deref() != before.map(|seal| seal.mac.as_slice()) {
        fault(match before {
            Some(before) => format!(
                "seal {} does not follow seal {}: one was changed, removed, or put in between",
                seal.id, before.id
            ),
            None => format!(
                "seal {} is not the first one: seals before it are missing",
                seal.id
            ),
        });
    }
    if before.is_some_and(|before| before.bound >= seal.bound) {
        fault(format!("seal {} ends before the one before", seal.id));
    }
}

fn covers(
    report: &mut VerifyReport,
    seal: &StoredSeal,
    entries: &[Entry],
    keys: &[(String, Key)],
) -> Result<(), SealError> {
    let mut fault = |kind: FaultKind, message: String| {
        report.faults.push(Fault {
            kind,
            seal: Some(seal.id),
            seq: None,
            message,
        });
    };
    let counted = i64::try_from(entries.len()).unwrap_or(i64::MAX);
    if counted != seal.entries {
        let what = if counted < seal.entries {
            "removed"
        } else {
            "added"
        };
        fault(
            FaultKind::Count,
            format!(
                "seal {} covers {} entries and {counted} are there: entries were {what}",
                seal.id, seal.entries
            ),
        );
    }
    let Some((_, key)) = keys.iter().find(|(id, _)| *id == seal.key_id) else {
        fault(
            FaultKind::UnknownKey,
            format!(
                "seal {} was made with the key `{}`, which was not given",
                seal.id, seal.key_id
            ),
        );
        return Ok(());
    };
    let mut mac = SealMac::new(
        key,
        &Seal {
            previous: seal.previous.as_deref(),
            sealed_at: seal.sealed_at,
            up_to_transaction: seal.bound,
            entries: seal.entries,
            key_id: &seal.key_id,
        },
    )?;
    for entry in entries {
        mac.add(entry)?;
    }
    if !mac.is(&seal.mac) {
        let range = match (entries.first(), entries.last()) {
            (Some(first), Some(last)) => format!("; it covers entries from {} to {}", first.seq, last.seq),
            _ => String::new(),
        };
        fault(
            FaultKind::Mac,
            format!(
                "seal {} does not fit: it, or an entry that it covers, was changed{range}",
                seal.id
            ),
        );
    }
    Ok(())
}

/// A payload may be gone only where an erasure says so.
fn explained(report: &mut VerifyReport, payloads: Payloads) {
    for (seal, entry) in payloads.gone {
        let by_subject = entry
            .subject_id
            .as_ref()
            .is_some_and(|subject| payloads.subjects.contains(subject));
        let by_row =
            RowName::of(&entry).is_some_and(|row| payloads.rows.contains(&(entry.entity.clone(), row)));
        if !by_subject && !by_row {
            report.faults.push(Fault {
                kind: FaultKind::Destroyed,
                seal,
                seq: Some(entry.seq),
                message: format!(
                    "the payload of entry {} is gone, and no erasure says why",
                    entry.seq
                ),
            });
        }
    }
}

fn anchored(report: &mut VerifyReport, seals: &[StoredSeal], anchor: &Anchor) {
    let mut fault = |kind: FaultKind, message: String| {
        report.faults.push(Fault {
            kind,
            seal: Some(anchor.seal),
            seq: None,
            message,
        });
    };
    match seals.iter().find(|seal| seal.id == anchor.seal) {
        None => fault(
            FaultKind::Missing,
            format!(
                "seal {} was anchored and is missing: the tail was cut",
                anchor.seal
            ),
        ),
        Some(seal) if hex(&seal.mac) != anchor.mac || seal.bound != anchor.up_to_transaction => {
            fault(
                FaultKind::Replaced,
                format!("seal {} is not the one that was anchored", anchor.seal),
            );
        }
        Some(_) => {}
    }
}
