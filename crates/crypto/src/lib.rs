//! Envelopes, blind indexes and tokens as `docs/spec/envelope-v1.md` says, byte for byte, and the chain of the audit trail as
//! `docs/spec/audit-chain-v1.md` says.
//!
//! Pure: keys, nonces and chance are given by the caller, who takes them from the machine.

mod blind;
pub mod chain;
mod envelope;
mod token;

pub use blind::{blind_index, key_id, normal_email};
pub use envelope::{Place, open, seal, unwrap_key, wrap_key};
pub use token::{show_token, store_token};

use std::fmt;

/// The id of a key or of a row: the 16 bytes of a UUID.
pub type Uuid = [u8; 16];

/// 32 bytes that nobody may print.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// A key of these bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for the primitives alone.
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Why something could not be sealed or opened. Says nothing about the contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CryptoError {
    /// It is not in the form that the specification gives, or of another version.
    Malformed,
    /// Under another key, at another place, or changed since.
    NotAuthentic,
    /// A name or a value is longer than its length field can say.
    TooLong,
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the value is not an envelope of version 1",
            Self::NotAuthentic => {
                "the value was sealed under another key or for another place, or was changed since"
            }
            Self::TooLong => "the value or a name in it is too long",
        })
    }
}

impl std::error::Error for CryptoError {}

/// Appends `lp(data)`: two bytes of length, then the data.
fn length_prefixed(into: &mut Vec<u8>, data: &[u8]) -> Result<(), CryptoError> {
    let length = u16::try_from(data.len()).map_err(|_| CryptoError::TooLong)?;
    into.extend_from_slice(&length.to_be_bytes());
    into.extend_from_slice(data);
    Ok(())
}
