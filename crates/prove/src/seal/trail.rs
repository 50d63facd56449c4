//! Where the trail of a schema is, and how its rows are read.

use crypto::chain::{Entry, KeyValue};
use physical::{Blueprint, Chain, Ident, Name, Service, Value};
use plan::Relational;

use super::SealError;
use super::anchor::{Anchor, hex};

/// The trail in one kind of database. Names are SQL text, quoted.
#[derive(Debug, Clone)]
pub(super) struct Trail {
    pub(super) project: String,
    pub(super) file: bool,
    pub(super) log: String,
    pub(super) seals: String,
    private: Ident,
    ident: fn(&str) -> String,
}

/// The columns of an entry in the order that [`entry_of`] reads, as SQLite answers them.
pub(super) const ENTRY_COLUMNS: &str = "e.seq, \
    CAST(strftime('%s', e.recorded_at) AS INTEGER) * 1000000 + CAST(substr(strftime('%f', e.recorded_at), 4) AS INTEGER) * 1000, \
    e.transaction_id, e.actor_id, e.tenant_id, e.subject_id, e.entity, e.row_id, e.row_public_id, e.operation, e.commitment";

impl Trail {
    pub(super) fn of(blueprint: &Blueprint, dialect: &Relational) -> Result<Self, SealError> {
        let offered = blueprint.services.iter().find_map(|placed| match &placed.what {
            Service::AuditTrail { seals, chain, .. } => Some((&placed.table, seals, *chain)),
            _ => None,
        });
        let Some((log, seals, chain)) = offered else {
            return Err(SealError::NothingToSeal("the schema keeps no audit trail"));
        };
        if chain == Chain::Plain {
            return Err(SealError::NothingToSeal(
                "the schema asks for a trail without seals; say `audit chained` in the policy",
            ));
        }
        let file = dialect.name == "sqlite";
        let spell = |name: &Name| match &name.schema {
            Some(schema) if file => (dialect.ident)(&format!("{schema}_{}", name.name)),
            Some(schema) => format!(
                "{}.{}",
                (dialect.ident)(schema.as_str()),
                (dialect.ident)(name.name.as_str())
            ),
            None => (dialect.ident)(name.name.as_str()),
        };
        Ok(Self {
            project: blueprint.project.as_str().to_owned(),
            file,
            log: spell(log),
            seals: spell(seals),
            private: blueprint.private_schema.clone(),
            ident: dialect.ident,
        })
    }

    /// A function of the private schema.
    pub(super) fn function(&self, name: &str) -> String {
        format!("{}.{}", (self.ident)(self.private.as_str()), (self.ident)(name))
    }

    /// SQLite: the table that counts transactions.
    pub(super) fn counter(&self) -> String {
        (self.ident)(&format!("{}_context", self.private))
    }

    /// The columns of an entry in the order that [`entry_of`] reads.
    pub(super) fn entry_columns(&self, alias: &str) -> String {
        if self.file {
            return ENTRY_COLUMNS.to_owned();
        }
        [
            "seq",
            "recorded_at",
            "transaction_id",
            "actor_id",
            "tenant_id",
            "subject_id",
            "entity",
            "row_id",
            "row_public_id",
            "operation",
            "commitment",
        ]
        .map(|column| match column {
            "recorded_at" => format!("(extract(epoch FROM {alias}.recorded_at) * 1000000)::bigint"),
            "row_public_id" => format!("{alias}.row_public_id::text"),
            other => format!("{alias}.{other}"),
        })
        .join(", ")
    }

    /// A query of entries between two transactions, the second excluded.
    pub(super) fn entries_between(&self, columns: &str) -> String {
        let (low, high) = if self.file { ("?1", "?2") } else { ("$1", "$2") };
        format!(
            "SELECT {columns} FROM {} AS e WHERE e.transaction_id >= {low} AND e.transaction_id < {high} ORDER BY e.transaction_id, e.seq",
            self.log
        )
    }

    pub(super) fn anchor(&self, seal: i64, bound: i64, sealed_at: i64, key_id: &str, mac: &[u8]) -> Anchor {
        Anchor {
            project: self.project.clone(),
            seal,
            up_to_transaction: bound,
            sealed_at,
            key_id: key_id.to_owned(),
            mac: hex(mac),
        }
    }
}

pub(super) fn int(value: Option<&Value>, what: &str) -> Result<i64, SealError> {
    value
        .and_then(Value::as_int)
        .ok_or_else(|| SealError::Unreadable(format!("{what} is no number")))
}

pub(super) fn bytes(value: Option<&Value>) -> Option<Vec<u8>> {
    match value {
        Some(Value::Bytes(bytes)) => Some(bytes.clone()),
        _ => None,
    }
}

/// Reads an entry from the columns of [`Trail::entry_columns`].
pub(super) fn entry_of(row: &[Value]) -> Result<Entry, SealError> {
    let number = |at: usize| int(row.get(at), "an entry's column");
    let optional = |at: usize| row.get(at).and_then(Value::as_int);
    let text = |at: usize| {
        row.get(at)
            .and_then(Value::as_text)
            .unwrap_or_default()
            .to_owned()
    };
    Ok(Entry {
        seq: number(0)?,
        recorded_at: number(1)?,
        transaction_id: number(2)?,
        actor_id: optional(3),
        tenant_id: row.get(4).and_then(key),
        subject_id: row.get(5).and_then(key),
        entity: text(6),
        row_id: optional(7),
        row_public_id: row.get(8).and_then(Value::as_text).and_then(uuid),
        operation: text(9),
        commitment: bytes(row.get(10)),
    })
}

/// Keys of tenants and users are of the type that the schema gives them.
fn key(value: &Value) -> Option<KeyValue> {
    match value {
        Value::Int(number) => Some(KeyValue::Number(*number)),
        Value::Text(text) => Some(uuid(text).map_or_else(|| KeyValue::Text(text.clone()), KeyValue::Uuid)),
        _ => None,
    }
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    let digits: String = text.chars().filter(|digit| *digit != '-').collect();
    if digits.len() != 32 {
        return None;
    }
    u128::from_str_radix(&digits, 16).ok().map(u128::to_be_bytes)
}
