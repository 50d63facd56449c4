//! Encrypted fields and wrapped keys: AES-256-GCM, bound to their place.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};

use crate::{CryptoError, Key, Uuid, length_prefixed};

/// The version byte.
const VERSION: u8 = 1;

/// Where an encrypted value stands. Moved elsewhere, it does not open.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The table.
    pub table: &'a str,
    /// The column.
    pub column: &'a str,
    /// The row's public id.
    pub public_id: Uuid,
}

impl Place<'_> {
    fn additional_data(&self, key_id: Uuid) -> Result<Vec<u8>, CryptoError> {
        let mut data = Vec::with_capacity(128);
        length_prefixed(&mut data, b"architrave/envelope/1")?;
        length_prefixed(&mut data, self.table.as_bytes())?;
        length_prefixed(&mut data, self.column.as_bytes())?;
        data.extend_from_slice(&self.public_id);
        data.extend_from_slice(&key_id);
        Ok(data)
    }
}

/// Encrypts a value for its place. The nonce must be fresh from a cryptographic source.
///
/// # Errors
/// [`CryptoError::TooLong`] for names over 65,535 bytes or values over 64 GiB.
pub fn seal(
    key: &Key,
    key_id: Uuid,
    nonce: [u8; 12],
    place: &Place<'_>,
    plain: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let mut sealed = Vec::with_capacity(45 + plain.len());
    sealed.push(VERSION);
    sealed.extend_from_slice(&key_id);
    sealed.extend_from_slice(&nonce);
    sealed.extend(encrypt(key, nonce, plain, &place.additional_data(key_id)?)?);
    Ok(sealed)
}

/// Decrypts a value at its place.
///
/// # Errors
/// When it is no envelope, or not one that was sealed with this key for this place.
pub fn open(key: &Key, place: &Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let rest = versioned(sealed)?;
    let (key_id, rest) = rest.split_first_chunk::<16>().ok_or(CryptoError::Malformed)?;
    let (nonce, ciphertext) = rest.split_first_chunk::<12>().ok_or(CryptoError::Malformed)?;
    decrypt(key, *nonce, ciphertext, &place.additional_data(*key_id)?)
}

/// Wraps a data key under a key-encryption key.
///
/// # Errors
/// [`CryptoError::TooLong`] for a key id over 255 bytes.
pub fn wrap_key(
    kek: &Key,
    kek_id: &str,
    nonce: [u8; 12],
    key_id: Uuid,
    key: &Key,
) -> Result<Vec<u8>, CryptoError> {
    if kek_id.len() > 255 {
        return Err(CryptoError::TooLong);
    }
    let mut wrapped = vec![VERSION];
    length_prefixed(&mut wrapped, kek_id.as_bytes())?;
    wrapped.extend_from_slice(&nonce);
    wrapped.extend(encrypt(kek, nonce, key.bytes(), &wrap_data(key_id)?)?);
    Ok(wrapped)
}

/// Unwraps a data key. `find` answers the key-encryption key of an id.
///
/// # Errors
/// When it is no wrapped key, its key-encryption key is unknown, or it was changed.
pub fn unwrap_key(
    find: impl Fn(&str) -> Option<Key>,
    key_id: Uuid,
    wrapped: &[u8],
) -> Result<Key, CryptoError> {
    let rest = versioned(wrapped)?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(CryptoError::Malformed)?;
    let (kek_id, rest) = rest
        .split_at_checked(usize::from(u16::from_be_bytes(*length)))
        .ok_or(CryptoError::Malformed)?;
    let (nonce, ciphertext) = rest.split_first_chunk::<12>().ok_or(CryptoError::Malformed)?;
    let kek_id = std::str::from_utf8(kek_id).map_err(|_| CryptoError::Malformed)?;
    let kek = find(kek_id).ok_or(CryptoError::NotAuthentic)?;
    let plain = decrypt(&kek, *nonce, ciphertext, &wrap_data(key_id)?)?;
    plain.try_into().map(Key::new).map_err(|_| CryptoError::Malformed)
}

fn wrap_data(key_id: Uuid) -> Result<Vec<u8>, CryptoError> {
    let mut data = Vec::with_capacity(40);
    length_prefixed(&mut data, b"architrave/wrap/1")?;
    data.extend_from_slice(&key_id);
    Ok(data)
}

fn versioned(sealed: &[u8]) -> Result<&[u8], CryptoError> {
    match sealed.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        _ => Err(CryptoError::Malformed),
    }
}

fn encrypt(key: &Key, nonce: [u8; 12], plain: &[u8], aad: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let cipher = Aes256Gcm::new(key.bytes().into());
    cipher
        .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad })
        .map_err(|_| CryptoError::TooLong)
}

fn decrypt(key: &Key, nonce: [u8; 12], ciphertext: &[u8], aad: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let cipher = Aes256Gcm::new(key.bytes().into());
    cipher
        .decrypt(&Nonce::from(nonce), Payload { msg: ciphertext, aad })
        .map_err(|_| CryptoError::NotAuthentic)
}
