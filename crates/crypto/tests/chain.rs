//! The vectors of `docs/spec/audit-chain-v1.vectors.json`, and that every bit of an entry and a seal counts.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests may fail loudly"
)]

use crypto::Key;
use crypto::chain::{Entry, KeyValue, Seal, SealMac, commitment, entry_bytes, link};
use serde_json::Value;

fn vectors() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/spec/audit-chain-v1.vectors.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    let hex = value.as_str()?;
    Some(
        (0..hex.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
            .collect(),
    )
}

/// `2026-02-03T01:00:00.25+00:00`, in microseconds since 1970.
fn instant(value: &Value) -> i64 {
    let text = value.as_str().unwrap().trim_end_matches("+00:00");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number = |range: std::ops::Range<usize>| whole[range].parse::<i64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [
        31,
        if leap(year) { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let years: i64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let months: i64 = lengths.iter().take(month as usize - 1).sum();
    let seconds =
        (years + months + day - 1) * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19);
    seconds * 1_000_000 + format!("{fraction:0<6}").parse::<i64>().unwrap()
}

fn key_value(value: &Value) -> Option<KeyValue> {
    let uuid = |text: &str| {
        let digits = text.replace('-', "");
        let is_uuid = digits.len() == 32 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
        is_uuid.then(|| bytes(&Value::String(digits)).unwrap().try_into().unwrap())
    };
    match value {
        Value::Number(number) => number.as_i64().map(KeyValue::Number),
        Value::String(text) => Some(uuid(text).map_or_else(|| KeyValue::Text(text.clone()), KeyValue::Uuid)),
        _ => None,
    }
}

fn entry(vector: &Value) -> Entry {
    let text = |name: &str| vector[name].as_str().unwrap().to_owned();
    let uuid = vector["row_public_id"].as_str().map(|text| text.replace('-', ""));
    Entry {
        seq: vector["seq"].as_i64().unwrap(),
        recorded_at: instant(&vector["recorded_at"]),
        transaction_id: vector["transaction_id"].as_i64().unwrap(),
        actor_id: vector["actor_id"].as_i64(),
        tenant_id: key_value(&vector["tenant_id"]),
        subject_id: key_value(&vector["subject_id"]),
        entity: text("entity"),
        row_id: vector["row_id"].as_i64(),
        row_public_id: uuid.map(|hex| bytes(&Value::String(hex)).unwrap().try_into().unwrap()),
        operation: text("operation"),
        commitment: bytes(&vector["commitment"]),
    }
}

fn mac(key: &Key, seal: &Seal<'_>, entries: &[Entry]) -> [u8; 32] {
    let mut mac = SealMac::new(key, seal).unwrap();
    for entry in entries {
        mac.add(entry).unwrap();
    }
    mac.finish()
}

#[test]
fn entries_and_commitments() {
    let vectors = vectors();
    let all = vectors["entries"].as_array().unwrap();
    assert!(all.len() >= 5);
    for vector in all {
        assert_eq!(
            entry_bytes(&entry(vector)).unwrap(),
            bytes(&vector["bytes"]).unwrap()
        );
        if let (Some(salt), Some(changes)) = (bytes(&vector["salt"]), vector["changes"].as_str()) {
            assert_eq!(
                commitment(&salt, changes).to_vec(),
                bytes(&vector["commitment"]).unwrap()
            );
        }
    }
}

#[test]
fn seals() {
    let vectors = vectors();
    let key = Key::new(bytes(&vectors["key"]).unwrap().try_into().unwrap());
    let entries: Vec<Entry> = vectors["entries"].as_array().unwrap().iter().map(entry).collect();
    let mut from = 0;
    for vector in vectors["seals"].as_array().unwrap() {
        let bound = vector["up_to_transaction"].as_i64().unwrap();
        let covered: Vec<Entry> = entries
            .iter()
            .filter(|entry| (from..bound).contains(&entry.transaction_id))
            .cloned()
            .collect();
        from = bound;
        let previous = bytes(&vector["previous"]);
        let seal = Seal {
            previous: previous.as_deref(),
            sealed_at: instant(&vector["sealed_at"]),
            up_to_transaction: bound,
            entries: vector["entries"].as_i64().unwrap(),
            key_id: vector["key_id"].as_str().unwrap(),
        };
        let expected = bytes(&vector["mac"]).unwrap();
        assert_eq!(covered.len() as i64, seal.entries);
        assert_eq!(mac(&key, &seal, &covered).to_vec(), expected);
        for other in [
            Seal {
                previous: Some(&[7; 32]),
                ..seal
            },
            Seal {
                sealed_at: seal.sealed_at + 1,
                ..seal
            },
            Seal {
                up_to_transaction: bound + 1,
                ..seal
            },
            Seal {
                entries: seal.entries + 1,
                ..seal
            },
            Seal {
                key_id: "another",
                ..seal
            },
        ] {
            assert_ne!(mac(&key, &other, &covered).to_vec(), expected);
        }
        let mut swapped = covered.clone();
        swapped.reverse();
        assert_ne!(mac(&key, &seal, &swapped).to_vec(), expected);
        assert_ne!(mac(&key, &seal, &covered[1..]).to_vec(), expected);
        assert_ne!(mac(&Key::new([1; 32]), &seal, &covered).to_vec(), expected);
        let again = || {
            let mut mac = SealMac::new(&key, &seal).unwrap();
            covered.iter().for_each(|entry| mac.add(entry).unwrap());
            mac
        };
        assert!(again().is(&expected) && !again().is(&expected[1..]) && !again().is(&[0; 32]));
    }
}

#[test]
fn every_field_of_an_entry_counts() {
    let vectors = vectors();
    let one = entry(&vectors["entries"][0]);
    let others = [
        Entry {
            seq: 9,
            ..one.clone()
        },
        Entry {
            recorded_at: one.recorded_at + 1,
            ..one.clone()
        },
        Entry {
            transaction_id: 9,
            ..one.clone()
        },
        Entry {
            actor_id: None,
            ..one.clone()
        },
        Entry {
            tenant_id: Some(KeyValue::Number(1)),
            ..one.clone()
        },
        Entry {
            subject_id: None,
            ..one.clone()
        },
        Entry {
            entity: "user".to_owned(),
            operation: "sinsert".to_owned(),
            ..one.clone()
        },
        Entry {
            row_id: None,
            ..one.clone()
        },
        Entry {
            row_public_id: None,
            ..one.clone()
        },
        Entry {
            operation: "delete".to_owned(),
            ..one.clone()
        },
        Entry {
            commitment: None,
            ..one.clone()
        },
    ];
    for other in others {
        assert_ne!(entry_bytes(&other).unwrap(), entry_bytes(&one).unwrap());
    }
}

#[test]
fn links_of_an_inline_chain() {
    let vectors = vectors();
    let mut entries: Vec<Entry> = vectors["entries"].as_array().unwrap().iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.seq);
    let mut head = vec![0; 32];
    for (vector, entry) in vectors["links"].as_array().unwrap().iter().zip(&entries) {
        head = link(&head, entry).unwrap().to_vec();
        assert_eq!(Some(head.clone()), bytes(&vector["link"]));
    }
}
