//! The vectors of `docs/spec/envelope-v1.vectors.json`, and what must not open.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests may fail loudly"
)]

use crypto::{
    CryptoError, Key, Place, blind_index, normal_email, open, seal, show_token, store_token, unwrap_key,
    wrap_key,
};
use serde_json::Value;

fn vectors(kind: &str) -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/spec/envelope-v1.vectors.json"
    );
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let found = all[kind].as_array().unwrap().clone();
    assert!(!found.is_empty());
    found
}

fn text<'v>(vector: &'v Value, name: &str) -> &'v str {
    vector[name].as_str().unwrap()
}

fn bytes(vector: &Value, name: &str) -> Vec<u8> {
    let hex = text(vector, name);
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

fn array<const N: usize>(vector: &Value, name: &str) -> [u8; N] {
    bytes(vector, name).try_into().unwrap()
}

#[test]
fn envelopes() {
    for vector in vectors("envelope") {
        let key = Key::new(array(&vector, "key"));
        let place = Place {
            table: text(&vector, "table"),
            column: text(&vector, "column"),
            public_id: array(&vector, "public_id"),
        };
        let sealed = bytes(&vector, "sealed");
        let plain = text(&vector, "plain").as_bytes();
        assert_eq!(
            seal(
                &key,
                array(&vector, "key_id"),
                array(&vector, "nonce"),
                &place,
                plain
            )
            .unwrap(),
            sealed
        );
        assert_eq!(open(&key, &place, &sealed).unwrap(), plain);
        let elsewhere = [
            Place {
                table: "other",
                ..place
            },
            Place {
                column: "other",
                ..place
            },
            Place {
                public_id: [7; 16],
                ..place
            },
        ];
        for other in elsewhere {
            assert_eq!(open(&key, &other, &sealed), Err(CryptoError::NotAuthentic));
        }
        assert_eq!(
            open(&Key::new([1; 32]), &place, &sealed),
            Err(CryptoError::NotAuthentic)
        );
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&key, &place, &changed).is_err(), "byte {at}");
            assert!(open(&key, &place, &sealed[..at]).is_err(), "cut at {at}");
        }
    }
}

#[test]
fn wrapped_keys() {
    for vector in vectors("wrap") {
        let (kek, key) = (Key::new(array(&vector, "kek")), Key::new(array(&vector, "key")));
        let (id, kek_id) = (array(&vector, "key_id"), text(&vector, "kek_id"));
        let wrapped = bytes(&vector, "wrapped");
        assert_eq!(
            wrap_key(&kek, kek_id, array(&vector, "nonce"), id, &key).unwrap(),
            wrapped
        );
        let find = |wanted: &str| (wanted == kek_id).then(|| kek.clone());
        assert_eq!(unwrap_key(find, id, &wrapped).unwrap(), key);
        assert_eq!(
            unwrap_key(find, [9; 16], &wrapped),
            Err(CryptoError::NotAuthentic)
        );
        assert_eq!(unwrap_key(|_| None, id, &wrapped), Err(CryptoError::NotAuthentic));
        for at in 0..wrapped.len() {
            assert!(unwrap_key(find, id, &wrapped[..at]).is_err(), "cut at {at}");
        }
    }
}

#[test]
fn blind_indexes() {
    for vector in vectors("blind") {
        let normal = normal_email(text(&vector, "raw"));
        assert_eq!(normal, text(&vector, "normal"));
        let key = Key::new(array(&vector, "key"));
        let index = blind_index(
            &key,
            text(&vector, "table"),
            text(&vector, "column"),
            normal.as_bytes(),
        )
        .unwrap();
        assert_eq!(index.to_vec(), bytes(&vector, "index"));
        assert_ne!(
            index,
            blind_index(&key, text(&vector, "table"), "other", normal.as_bytes()).unwrap()
        );
    }
}

#[test]
fn tokens() {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for vector in vectors("token") {
        let shown = text(&vector, "shown");
        let (mut bits, mut have, mut raw) = (0_u32, 0, Vec::new());
        for letter in shown.chars() {
            bits = bits << 6 | ALPHABET.find(letter).unwrap() as u32;
            have += 6;
            if have >= 8 {
                have -= 8;
                raw.push((bits >> have) as u8);
                bits &= (1 << have) - 1;
            }
        }
        let token: [u8; 32] = raw.try_into().unwrap();
        assert_eq!(show_token(&token), shown);
        assert_eq!(store_token(&token).to_vec(), bytes(&vector, "stored"));
    }
}

#[test]
fn keys_do_not_print() {
    assert_eq!(format!("{:?}", Key::new([42; 32])), "Key(…)");
}
