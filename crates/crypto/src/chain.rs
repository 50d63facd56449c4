//! The chain of the audit trail: what a seal covers, byte by byte, as `docs/spec/audit-chain-v1.md` says.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{CryptoError, Key, Uuid, length_prefixed};

/// An entry of the trail. The payload is not part of it: a salted commitment stands for it, so that it can be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The order of recording.
    pub seq: i64,
    /// Microseconds since 1970.
    pub recorded_at: i64,
    /// The transaction.
    pub transaction_id: i64,
    /// Who: a pseudonym.
    pub actor_id: Option<i64>,
    /// In which tenant.
    pub tenant_id: Option<KeyValue>,
    /// Whose data the payload may hold.
    pub subject_id: Option<KeyValue>,
    /// Of which table.
    pub entity: String,
    /// Which row, inside.
    pub row_id: Option<i64>,
    /// Which row, outside.
    pub row_public_id: Option<Uuid>,
    /// What was done.
    pub operation: String,
    /// See [`commitment`]; absent when there was no payload.
    pub commitment: Option<Vec<u8>>,
}

/// The key of a tenant or a user, of whichever type the schema gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyValue {
    /// A counted key.
    Number(i64),
    /// A UUID.
    Uuid(Uuid),
    /// A natural key.
    Text(String),
}

/// What a seal says beside the entries that it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal<'a> {
    /// The MAC of the seal before.
    pub previous: Option<&'a [u8]>,
    /// Microseconds since 1970.
    pub sealed_at: i64,
    /// Entries of transactions below this one are covered, from the bound of the seal before.
    pub up_to_transaction: i64,
    /// How many entries are covered.
    pub entries: i64,
    /// With which key.
    pub key_id: &'a str,
}

/// A MAC in the making: entries are fed one by one, so that a seal may cover more than memory holds.
#[derive(Debug)]
pub struct SealMac(Hmac<Sha256>);

impl SealMac {
    /// Begins with what the seal says itself.
    ///
    /// # Errors
    /// [`CryptoError::TooLong`] for a key id over 65,535 bytes.
    pub fn new(key: &Key, seal: &Seal<'_>) -> Result<Self, CryptoError> {
        // RFC 2104 fills a short key with zeros to the length of a block.
        let mut block = [0_u8; 64];
        for (slot, byte) in block.iter_mut().zip(key.bytes()) {
            *slot = *byte;
        }
        let mut mac = Hmac::<Sha256>::new(&block.into());
        let mut head = Vec::with_capacity(128);
        length_prefixed(&mut head, b"architrave/audit-seal/1")?;
        optional(&mut head, seal.previous);
        for number in [seal.sealed_at, seal.up_to_transaction, seal.entries] {
            head.extend_from_slice(&number.to_be_bytes());
        }
        length_prefixed(&mut head, seal.key_id.as_bytes())?;
        mac.update(&head);
        Ok(Self(mac))
    }

    /// Adds the next entry, in the order of `(transaction_id, seq)`.
    ///
    /// # Errors
    /// [`CryptoError::TooLong`] for names over 65,535 bytes.
    pub fn add(&mut self, entry: &Entry) -> Result<(), CryptoError> {
        self.0.update(&entry_bytes(entry)?);
        Ok(())
    }

    /// The MAC.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into_bytes().into()
    }

    /// Whether this is the MAC, compared in a time that says nothing about how much of it is right.
    #[must_use]
    pub fn is(self, mac: &[u8]) -> bool {
        self.0.verify_slice(mac).is_ok()
    }
}

/// The canonical bytes of an entry.
///
/// # Errors
/// [`CryptoError::TooLong`] for names over 65,535 bytes.
pub fn entry_bytes(entry: &Entry) -> Result<Vec<u8>, CryptoError> {
    let mut bytes = Vec::with_capacity(160);
    length_prefixed(&mut bytes, b"architrave/audit-entry/1")?;
    for number in [entry.seq, entry.recorded_at, entry.transaction_id] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    optional_number(&mut bytes, entry.actor_id);
    for key in [&entry.tenant_id, &entry.subject_id] {
        optional_key(&mut bytes, key.as_ref())?;
    }
    length_prefixed(&mut bytes, entry.entity.as_bytes())?;
    optional_number(&mut bytes, entry.row_id);
    optional(&mut bytes, entry.row_public_id.as_ref().map(<[u8; 16]>::as_slice));
    length_prefixed(&mut bytes, entry.operation.as_bytes())?;
    optional(&mut bytes, entry.commitment.as_deref());
    Ok(bytes)
}

/// What an entry keeps of its payload: SHA-256 over the salt and the payload's text.
#[must_use]
pub fn commitment(salt: &[u8], changes: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update(salt)
        .chain_update(changes.as_bytes())
        .finalize()
        .into()
}

/// A link of a chain that is made inside the transaction: SHA-256 over the link before and the entry. The first has 32 zero
/// bytes before it.
///
/// # Errors
/// [`CryptoError::TooLong`] for names over 65,535 bytes.
pub fn link(previous: &[u8], entry: &Entry) -> Result<[u8; 32], CryptoError> {
    let bytes = entry_bytes(entry)?;
    Ok(Sha256::new()
        .chain_update(previous)
        .chain_update(bytes)
        .finalize()
        .into())
}

fn optional(into: &mut Vec<u8>, value: Option<&[u8]>) {
    into.push(u8::from(value.is_some()));
    into.extend_from_slice(value.unwrap_or_default());
}

fn optional_key(into: &mut Vec<u8>, key: Option<&KeyValue>) -> Result<(), CryptoError> {
    match key {
        Some(KeyValue::Number(number)) => optional_number(into, Some(*number)),
        Some(KeyValue::Uuid(uuid)) => optional(into, Some(uuid)),
        Some(KeyValue::Text(text)) => {
            into.push(1);
            length_prefixed(into, text.as_bytes())?;
        }
        None => into.push(0),
    }
    Ok(())
}

fn optional_number(into: &mut Vec<u8>, value: Option<i64>) {
    optional(
        into,
        value.map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice),
    );
}
