//! Sealing the audit trail, and verifying it, as `docs/spec/audit-chain-v1.md` says.
//!
//! The same code serves `architrave seal` and `architrave verify` and the gate that attacks both. Keys and clocks come from the
//! caller; the key never reaches the database.

mod anchor;
mod instant;
mod trail;
mod verify;

use crypto::chain::{Seal, SealMac};
use crypto::{CryptoError, Key};
use engine::{Connection, EngineError};
use physical::{Blueprint, Rows, Value};
use plan::{ContextValues, Relational};
use serde::Serialize;

pub use anchor::Anchor;
pub use verify::{Fault, FaultKind, Open, VerifyReport, verify};

use trail::{ENTRY_COLUMNS, Trail, entry_of};

/// About so many entries are covered by one seal: a seal is computed in memory.
pub const ENTRIES_PER_SEAL: u32 = 50_000;
/// So often another sealer may come in between before we give up.
const MOST_RETRIES: u32 = 8;

/// Why the trail could not be sealed or verified. What verifying finds is not an error but a [`VerifyReport`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealError {
    /// The schema has no trail that is sealed.
    NothingToSeal(&'static str),
    /// The database, or the way to it, failed.
    Engine(EngineError),
    /// The database answered something that cannot be an entry or a seal.
    Unreadable(String),
    /// A line is no anchor.
    Anchor {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// A name or a key id is too long.
    Crypto(CryptoError),
    /// Other sealers kept coming first.
    Contended,
}

impl From<EngineError> for SealError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<CryptoError> for SealError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(error)
    }
}

impl std::fmt::Display for SealError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NothingToSeal(reason) => f.write_str(reason),
            Self::Engine(error) => error.fmt(f),
            Self::Unreadable(what) => write!(f, "the trail cannot be read: {what}"),
            Self::Anchor { line, reason } => write!(f, "line {line} is no anchor: {reason}"),
            Self::Crypto(error) => error.fmt(f),
            Self::Contended => f.write_str("other sealers kept coming first; try again"),
        }
    }
}

impl std::error::Error for SealError {}

/// What sealing did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SealReport {
    /// Entries that are sealed now and were not before.
    pub entries: u64,
    /// One for each new seal, oldest first: the lines to be kept where the database's administrators cannot change them.
    pub anchors: Vec<Anchor>,
}

impl SealReport {
    /// The anchors as lines, each with its line end; empty when nothing was sealed.
    #[must_use]
    pub fn lines(&self) -> String {
        self.anchors.iter().map(|anchor| format!("{anchor}\n")).collect()
    }
}

/// Seals everything that can be sealed: whole transactions that have ended, in the order of transaction and number.
///
/// On PostgreSQL the connection is that of a member of `sealer`; on SQLite it must be allowed to write. Running it twice, or after a crash at any point, seals nothing twice.
///
/// # Errors
/// What the database says, and that the schema has nothing to seal.
pub fn seal(
    connection: &mut Connection,
    blueprint: &Blueprint,
    dialect: &Relational,
    key: &Key,
    key_id: &str,
    now: i64,
) -> Result<SealReport, SealError> {
    let trail = Trail::of(blueprint, dialect)?;
    let mut report = SealReport::default();
    let mut retries = 0;
    loop {
        let next = if trail.file {
            seal_file(connection, blueprint, dialect, &trail, (key, key_id, now))
        } else {
            seal_server(connection, &trail, (key, key_id, now), ENTRIES_PER_SEAL)
        };
        match next {
            Ok(Some((anchor, entries))) => {
                report.entries += entries;
                report.anchors.push(anchor);
                if trail.file {
                    return Ok(report);
                }
            }
            Ok(None) => return Ok(report),
            Err(SealError::Engine(error)) if error.code() == Some("40001") && retries < MOST_RETRIES => {
                retries += 1
            }
            Err(SealError::Engine(error)) if error.code() == Some("40001") => {
                return Err(SealError::Contended);
            }
            Err(error) => return Err(error),
        }
    }
}

type Signing<'a> = (&'a Key, &'a str, i64);

fn mac_of(
    (key, key_id, now): Signing<'_>,
    rows: &Rows,
    first: usize,
    bound: i64,
    previous: Option<&[u8]>,
) -> Result<[u8; 32], SealError> {
    let seal = Seal {
        previous,
        sealed_at: now,
        up_to_transaction: bound,
        entries: i64::try_from(rows.rows.len()).unwrap_or(i64::MAX),
        key_id,
    };
    let mut mac = SealMac::new(key, &seal)?;
    for row in &rows.rows {
        mac.add(&entry_of(row.get(first..).unwrap_or_default())?)?;
    }
    Ok(mac.finish())
}

/// One seal on PostgreSQL. `unsealed_entries` answers one snapshot, `add_seal` refuses if the trail has moved since.
fn seal_server(
    connection: &mut Connection,
    trail: &Trail,
    signing: Signing<'_>,
    at_most: u32,
) -> Result<Option<(Anchor, u64)>, SealError> {
    let columns = trail.entry_columns("e");
    let sql = format!(
        "SELECT e.up_to_transaction, e.previous, {columns} FROM {}({at_most}) AS e ORDER BY e.transaction_id, e.seq",
        trail.function("unsealed_entries")
    );
    let rows = connection.query(&sql, &[])?;
    let Some(first) = rows.rows.first() else {
        return Ok(None);
    };
    let bound = trail::int(first.first(), "the bound")?;
    let previous = trail::bytes(first.get(1));
    let mac = mac_of(signing, &rows, 2, bound, previous.as_deref())?;
    let (_, key_id, now) = signing;
    let entries = rows.rows.len();
    let sealed_at = instant::text(now, 6);
    let sql = format!(
        "SELECT {}($1::text::timestamptz, $2, $3, $4, $5, $6)",
        trail.function("add_seal")
    );
    let answer = connection.query(
        &sql,
        &[
            Value::Text(sealed_at),
            Value::Int(bound),
            Value::Int(i64::try_from(entries).unwrap_or(i64::MAX)),
            previous.map_or(Value::Null, Value::Bytes),
            Value::Bytes(mac.to_vec()),
            Value::Text(key_id.to_owned()),
        ],
    )?;
    let id = trail::int(answer.scalar(), "the seal's id")?;
    Ok(Some((trail.anchor(id, bound, now, key_id, &mac), entries as u64)))
}

/// The one seal on SQLite, which has one writer: commitments are made first, in the same transaction.
fn seal_file(
    connection: &mut Connection,
    blueprint: &Blueprint,
    dialect: &Relational,
    trail: &Trail,
    (key, key_id, now): Signing<'_>,
) -> Result<Option<(Anchor, u64)>, SealError> {
    // The file keeps milliseconds; what is sealed must be what is stored.
    let now = now - now.rem_euclid(1000);
    connection.begin()?;
    let work = (|| {
        // Entering raises the counter, so that whatever is written from now on lies above the bound.
        for statement in (dialect.enter)(blueprint, &ContextValues::default()) {
            connection.batch(&statement)?;
        }
        let counter = connection.query(&format!("SELECT transaction_id FROM {}", trail.counter()), &[])?;
        let bound = trail::int(counter.scalar(), "the counter of transactions")?;
        let last = connection.query(
            &format!(
                "SELECT up_to_transaction, mac FROM {} ORDER BY id DESC LIMIT 1",
                trail.seals
            ),
            &[],
        )?;
        let row = last.rows.first();
        let from = row.map_or(Ok(0), |row| trail::int(row.first(), "the last bound"))?;
        let previous = row.and_then(|row| trail::bytes(row.get(1)));
        commit_to(connection, trail, from, bound)?;
        let rows = connection.query(
            &trail.entries_between(ENTRY_COLUMNS),
            &[Value::Int(from), Value::Int(bound)],
        )?;
        if rows.rows.is_empty() {
            return Ok(None);
        }
        let mac = mac_of((key, key_id, now), &rows, 0, bound, previous.as_deref())?;
        let entries = i64::try_from(rows.rows.len()).unwrap_or(i64::MAX);
        let sql = format!(
            "INSERT INTO {} (sealed_at, up_to_transaction, entries, previous, mac, key_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id",
            trail.seals
        );
        let parameters = [
            Value::Text(instant::text(now, 3)),
            Value::Int(bound),
            Value::Int(entries),
            previous.map_or(Value::Null, Value::Bytes),
            Value::Bytes(mac.to_vec()),
            Value::Text(key_id.to_owned()),
        ];
        let id = trail::int(connection.query(&sql, &parameters)?.scalar(), "the seal's id")?;
        Ok(Some((
            trail.anchor(id, bound, now, key_id, &mac),
            rows.rows.len() as u64,
        )))
    })();
    match work {
        Ok(answer) => connection.commit().map(|()| answer).map_err(SealError::from),
        Err(error) => {
            // The first error tells why.
            let _ = connection.rollback();
            Err(error)
        }
    }
}

/// Makes the commitments that SQLite cannot make itself.
fn commit_to(connection: &mut Connection, trail: &Trail, from: i64, bound: i64) -> Result<(), SealError> {
    let sql = format!(
        "SELECT seq, salt, changes FROM {} WHERE transaction_id >= ?1 AND transaction_id < ?2 AND commitment IS NULL AND changes IS NOT NULL",
        trail.log
    );
    let rows = connection.query(&sql, &[Value::Int(from), Value::Int(bound)])?;
    let update = format!("UPDATE {} SET commitment = ?1 WHERE seq = ?2", trail.log);
    for row in &rows.rows {
        let seq = trail::int(row.first(), "an entry's number")?;
        let salt = trail::bytes(row.get(1)).unwrap_or_default();
        let changes = row.get(2).and_then(Value::as_text).unwrap_or_default();
        let commitment = crypto::chain::commitment(&salt, changes);
        connection.execute_with(&update, &[Value::Bytes(commitment.to_vec()), Value::Int(seq)])?;
    }
    Ok(())
}
