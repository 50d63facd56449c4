//! Tokens: shown once, stored as a hash.

use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A token as its bearer sees it: 43 characters of unpadded base64url.
#[must_use]
pub fn show_token(token: &[u8; 32]) -> String {
    let mut shown = String::with_capacity(43);
    for chunk in token.chunks(3) {
        let mut group = [0_u8; 4];
        for (byte, slot) in chunk.iter().zip(group.iter_mut().skip(1)) {
            *slot = *byte;
        }
        let bits = u32::from_be_bytes(group);
        for place in 0..=chunk.len() {
            let index = (bits >> (18 - 6 * place)) & 63;
            shown.push(ALPHABET.get(index as usize).copied().map_or('A', char::from));
        }
    }
    shown
}

/// What the database keeps of a token.
#[must_use]
pub fn store_token(token: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(token).into()
}
