//! Blind indexes: equality without decryption.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{CryptoError, Key, length_prefixed};

/// The blind index of a value that is in its normal form already.
///
/// # Errors
/// [`CryptoError::TooLong`] for names over 65,535 bytes.
pub fn blind_index(key: &Key, table: &str, column: &str, value: &[u8]) -> Result<[u8; 32], CryptoError> {
    let mut data = Vec::with_capacity(64 + value.len());
    length_prefixed(&mut data, b"architrave/blind/1")?;
    length_prefixed(&mut data, table.as_bytes())?;
    length_prefixed(&mut data, column.as_bytes())?;
    data.extend_from_slice(value);
    Ok(hmac_sha256(key, &data))
}

/// The normal form of an address: no blanks at the ends, A–Z in lower case.
#[must_use]
pub fn normal_email(raw: &str) -> String {
    raw.trim_matches([' ', '\t', '\n', '\r']).to_ascii_lowercase()
}

pub(crate) fn hmac_sha256(key: &Key, data: &[u8]) -> [u8; 32] {
    // RFC 2104 fills a short key with zeros to the length of a block.
    let mut block = [0_u8; 64];
    for (slot, byte) in block.iter_mut().zip(key.bytes()) {
        *slot = *byte;
    }
    let mut mac = Hmac::<Sha256>::new(&block.into());
    mac.update(data);
    mac.finalize().into_bytes().into()
}

/// The public name of a key: 16 hexadecimal digits that tell nothing about it.
#[must_use]
pub fn key_id(key: &Key) -> String {
    hmac_sha256(key, b"architrave/key-id/1")
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
