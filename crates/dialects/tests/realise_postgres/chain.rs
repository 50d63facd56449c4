//! Sealing after commit, by the specification `docs/spec/audit-chain-v1.md`; and what tampering shows.
//!
//! The verifier here is a third reading of the specification, beside the vectors' own and the SQL function.

use engine::Connection;
use physical::Value;
use sha2::{Digest, Sha256};

use crate::support::{Shop, Variant, cell, refused, shop, shop_alone};

const KEY: &[u8] = b"a key that is not in the database";

const ENTRY: &str =
    "e.seq, (extract(epoch FROM e.recorded_at) * 1000000)::bigint, e.transaction_id, e.actor_id, e.tenant_id,
    e.subject_id, e.entity, e.row_id, uuid_send(e.row_public_id), e.operation, e.commitment";

fn lp(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    [&length.to_be_bytes()[..], text.as_bytes()].concat()
}

fn part(value: &Value) -> Vec<u8> {
    match value {
        Value::Int(number) => number.to_be_bytes().to_vec(),
        Value::Text(text) => lp(text),
        Value::Bytes(bytes) => bytes.clone(),
        other => panic!("{other:?}"),
    }
}

fn optional(value: &Value) -> Vec<u8> {
    if value.is_null() {
        vec![0]
    } else {
        [vec![1], part(value)].concat()
    }
}

/// The canonical bytes of a row selected by [`ENTRY`].
fn entry_bytes(row: &[Value]) -> Vec<u8> {
    let mut out = lp("architrave/audit-entry/1");
    for (index, value) in row.iter().enumerate() {
        let required = matches!(index, 0..=2 | 6 | 9);
        out.extend(if required { part(value) } else { optional(value) });
    }
    out
}

fn hmac(message: &[u8]) -> Vec<u8> {
    let pad = |byte: u8| -> Vec<u8> {
        let mut padded = KEY.to_vec();
        padded.resize(64, 0);
        padded.iter().map(|each| each ^ byte).collect()
    };
    let inner = Sha256::digest([pad(0x36), message.to_vec()].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).to_vec()
}

fn mac(previous: &Value, sealed_at: i64, up_to: i64, key_id: &str, entries: &[Vec<Value>]) -> Vec<u8> {
    let mut message = lp("architrave/audit-seal/1");
    message.extend(optional(previous));
    for number in [sealed_at, up_to, i64::try_from(entries.len()).unwrap()] {
        message.extend(number.to_be_bytes());
    }
    message.extend(lp(key_id));
    for entry in entries {
        message.extend(entry_bytes(entry));
    }
    hmac(&message)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Computes the next seal: the statement that adds it, and how many entries it covers.
fn next_seal(sealer: &mut Connection, at_most: i32) -> Option<(String, usize)> {
    let sql = format!(
        "SELECT e.up_to_transaction, e.previous, {ENTRY} FROM shop_private.unsealed_entries({at_most}) AS e"
    );
    let rows = sealer.query(&sql, &[]).unwrap().rows;
    let up_to = rows.first()?[0].as_int().unwrap();
    let previous = rows[0][1].clone();
    let entries: Vec<Vec<Value>> = rows.iter().map(|row| row[2..].to_vec()).collect();
    let sealed_at = 1_790_000_000_123_456;
    let mac = mac(&previous, sealed_at, up_to, "test", &entries);
    let previous = match &previous {
        Value::Bytes(bytes) => format!("'\\x{}'", hex(bytes)),
        _ => "NULL".to_owned(),
    };
    let call = format!(
        "SELECT shop_private.add_seal('epoch'::timestamptz + {sealed_at} * interval '1 microsecond', {up_to}, {}, {previous}, '\\x{}', 'test')",
        entries.len(),
        hex(&mac)
    );
    Some((call, entries.len()))
}

fn seal(shop: &Shop, at_most: i32) -> Vec<usize> {
    let mut sealer = shop.login("sealer");
    let mut sizes = Vec::new();
    while let Some((call, size)) = next_seal(&mut sealer, at_most) {
        sealer.batch(&call).unwrap();
        sizes.push(size);
    }
    sizes
}

/// The mac of the last seal.
fn anchor(shop: &Shop) -> String {
    shop.truth("SELECT encode(mac, 'hex') FROM shop_audit.seals ORDER BY id DESC LIMIT 1")
}

/// What is wrong with the trail.
fn verify(shop: &Shop, anchor: &str) -> Vec<String> {
    let mut auditor = shop.login("auditor");
    let mut found = Vec::new();
    let seals = auditor
        .query("SELECT (extract(epoch FROM sealed_at) * 1000000)::bigint, up_to_transaction, entries, previous, mac, key_id FROM shop_audit.seals ORDER BY id", &[])
        .unwrap()
        .rows;
    let (mut from, mut last, mut anchored) = (0, Value::Null, false);
    for seal in &seals {
        let up_to = seal[1].as_int().unwrap();
        let sql = format!(
            "SELECT {ENTRY} FROM shop_audit.log AS e WHERE transaction_id >= {from} AND transaction_id < {up_to} ORDER BY transaction_id, seq"
        );
        let entries = auditor.query(&sql, &[]).unwrap().rows;
        if seal[3] != last {
            found.push("previous".to_owned());
        }
        if seal[2].as_int() != i64::try_from(entries.len()).ok() {
            found.push("count".to_owned());
        }
        let expected = mac(
            &seal[3],
            seal[0].as_int().unwrap(),
            up_to,
            seal[5].as_text().unwrap(),
            &entries,
        );
        if seal[4] != Value::Bytes(expected) {
            found.push("mac".to_owned());
        }
        (from, last) = (up_to, seal[4].clone());
        anchored |= matches!(&seal[4], Value::Bytes(bytes) if hex(bytes) == anchor);
    }
    if !anchored {
        found.push("anchor".to_owned());
    }
    let payloads = "SELECT count(*) FILTER (WHERE commitment IS DISTINCT FROM sha256(salt || convert_to(changes::text, 'UTF8')) AND NOT gone),
           count(*) FILTER (WHERE gone AND NOT EXISTS (
               SELECT FROM shop_audit.log AS w WHERE w.operation = 'erase'
                 AND (w.subject_id = l.subject_id OR (w.entity = l.entity AND w.row_id = l.row_id))))
        FROM (SELECT *, commitment IS NOT NULL AND (changes IS NULL OR salt IS NULL) AS gone FROM shop_audit.log) AS l";
    let payloads = auditor.query(payloads, &[]).unwrap();
    for (column, word) in [(0, "commitment"), (1, "destroyed")] {
        if cell(&payloads, 0, column) != "0" {
            found.push(word.to_owned());
        }
    }
    found
}

/// Some history, sealed in two seals.
fn history(variant: Variant) -> (Shop, crate::support::Person) {
    let shop = shop_alone(variant);
    let ann = shop.sign_up("ann@example.org");
    for _ in 0..3 {
        shop.order(&ann);
    }
    seal(&shop, 100);
    shop.act(&ann, "UPDATE shop.orders SET note = 'x'").unwrap();
    shop.sign_up("bob@example.org");
    seal(&shop, 100);
    (shop, ann)
}

#[test]
fn what_is_untouched_verifies_and_every_tampering_shows() {
    let (shop, _) = history(Variant::Setting);
    let anchor = anchor(&shop);
    assert_eq!(verify(&shop, &anchor), Vec::<String>::new());
    let tamperings: &[(&str, &str, &[&str])] = &[
        (
            "a field",
            "UPDATE shop_audit.log SET actor_id = 1 WHERE seq = 3",
            &["mac"],
        ),
        (
            "a payload",
            "UPDATE shop_audit.log SET changes = '{\"note\": \"y\"}' WHERE seq = 3",
            &["commitment"],
        ),
        (
            "a payload, recomputed",
            "UPDATE shop_audit.log SET changes = '{}', commitment = sha256(salt || '{}'::bytea) WHERE seq = 3",
            &["mac"],
        ),
        (
            "a payload, emptied",
            "UPDATE shop_audit.log SET changes = NULL, salt = NULL WHERE seq = 3",
            &["destroyed"],
        ),
        (
            "removed",
            "DELETE FROM shop_audit.log WHERE seq = 3",
            &["count", "mac"],
        ),
        (
            "added late",
            "INSERT INTO shop_audit.log (recorded_at, transaction_id, actor_id, entity, operation) SELECT now(), transaction_id, 1, 'x', 'insert' FROM shop_audit.log WHERE seq = 1",
            &["count", "mac"],
        ),
        (
            "reordered",
            "UPDATE shop_audit.log AS a SET transaction_id = b.transaction_id FROM shop_audit.log AS b WHERE (a.seq, b.seq) IN ((2, 3), (3, 2))",
            &["mac"],
        ),
        (
            "the tail cut",
            "DELETE FROM shop_audit.log USING (SELECT up_to_transaction AS bound FROM shop_audit.seals ORDER BY id LIMIT 1) AS s WHERE transaction_id >= bound; DELETE FROM shop_audit.seals WHERE previous IS NOT NULL",
            &["anchor"],
        ),
        (
            "a seal",
            "UPDATE shop_audit.seals SET sealed_at = now() WHERE previous IS NULL",
            &["mac"],
        ),
        (
            "a seal removed",
            "DELETE FROM shop_audit.seals WHERE previous IS NULL",
            &["previous", "count", "mac"],
        ),
    ];
    let mut admin = shop.admin();
    for (what, tampering, expected) in tamperings {
        admin.batch("CREATE TABLE kept_log AS TABLE shop_audit.log; CREATE TABLE kept_seals AS TABLE shop_audit.seals; SET session_replication_role = replica").unwrap();
        admin.batch(tampering).unwrap();
        assert_eq!(verify(&shop, &anchor), *expected, "{what}");
        admin
            .batch(
                "DELETE FROM shop_audit.log; DELETE FROM shop_audit.seals;
                 INSERT INTO shop_audit.log OVERRIDING SYSTEM VALUE TABLE kept_log;
                 INSERT INTO shop_audit.seals OVERRIDING SYSTEM VALUE TABLE kept_seals;
                 DROP TABLE kept_log, kept_seals",
            )
            .unwrap();
        assert_eq!(verify(&shop, &anchor), Vec::<String>::new(), "after {what}");
    }
}

#[test]
fn the_chain_verifies_after_an_erasure() {
    let (shop, ann) = history(Variant::Setting);
    let before = anchor(&shop);
    shop.login("eraser")
        .batch(&format!("SELECT shop_private.erase_user('{}')", ann.user))
        .unwrap();
    assert_eq!(verify(&shop, &before), Vec::<String>::new());
    seal(&shop, 100);
    assert_eq!(verify(&shop, &anchor(&shop)), Vec::<String>::new());
}

#[test]
fn who_commits_late_is_sealed_all_the_same() {
    let shop = shop_alone(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    let mut late = shop.app();
    late.begin().unwrap();
    shop.enter(&mut late, &ann);
    late.batch("INSERT INTO shop.orders (note) VALUES ('late')")
        .unwrap();
    shop.order(&ann);
    // The trap: the open transaction has the lower number, and `seq > last` would pass it by.
    assert_eq!(
        seal(&shop, 100),
        vec![1],
        "only what was there before the open transaction"
    );
    late.commit().unwrap();
    assert_eq!(seal(&shop, 100), vec![2]);
    assert_eq!(verify(&shop, &anchor(&shop)), Vec::<String>::new());
}

#[test]
fn a_transaction_is_sealed_whole_and_a_seal_only_once() {
    let shop = shop_alone(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.act(
        &ann,
        "INSERT INTO shop.orders (note) SELECT 'x' FROM generate_series(1, 5)",
    )
    .unwrap();
    shop.order(&ann);
    assert_eq!(seal(&shop, 2), vec![1, 5, 1]);
    assert_eq!(verify(&shop, &anchor(&shop)), Vec::<String>::new());

    shop.order(&ann);
    let (mut first, mut second) = (shop.login("sealer"), shop.login("sealer"));
    let (call, _) = next_seal(&mut first, 100).unwrap();
    shop.order(&ann);
    let (other, _) = next_seal(&mut second, 100).unwrap();
    first.batch(&call).unwrap();
    first.batch(&call).unwrap();
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop_audit.seals"),
        "4",
        "the same seal twice is one"
    );
    refused(second.batch(&other), "40001", "");
    assert_eq!(seal(&shop, 100), vec![1]);
    refused(shop.app().batch(&call), "42501", "");
}

#[test]
fn sql_and_the_specification_agree_on_every_byte() {
    let (shop, _) = history(Variant::Setting);
    shop.login("migrator").batch("TRUNCATE shop.memos").unwrap();
    let fields = "e.seq, e.recorded_at, e.transaction_id, e.actor_id, e.tenant_id, e.subject_id, e.entity, e.row_id, e.row_public_id, e.operation, e.commitment";
    let rows = shop
        .login("auditor")
        .query(
            &format!("SELECT shop_private.audit_entry_bytes({fields}), {ENTRY} FROM shop_audit.log AS e"),
            &[],
        )
        .unwrap()
        .rows;
    assert!(rows.len() > 6);
    for row in rows {
        assert_eq!(row[0], Value::Bytes(entry_bytes(&row[1..])));
    }
    // The worked example.
    let example = "encode(shop_private.audit_entry_bytes(1, '2026-01-31T23:59:59.999999Z', 1001, 1, NULL, 7, 'users', 7,
        '0d3f6c1e-58a4-4b7e-9f6a-1c2d3e4f5a6b', 'insert',
        sha256('\\x26799c18a30ebaaa57c0a9bda3a737a8'::bytea || convert_to('{\"id\": 7, \"email\": \"zoë@example.org\", \"password_hash\": \"changed\"}', 'UTF8'))), 'hex')";
    let vectors = include_str!("../../../../docs/spec/audit-chain-v1.vectors.json");
    let bytes = shop.truth(example);
    assert!(vectors.contains(&format!("\"bytes\": \"{bytes}\"")), "{bytes}");
}

#[test]
fn an_inline_chain_links_every_entry_in_order() {
    let shop = shop(Variant::Inline);
    let ann = shop.sign_up("ann@example.org");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    shop.order(&ann);
                }
            });
        }
    });
    shop.login("eraser")
        .batch(&format!("SELECT shop_private.erase_user('{}')", ann.user))
        .unwrap();
    assert_eq!(
        chained(&shop),
        23,
        "two of the erasure, which is chained like all else"
    );
}

#[test]
fn a_transaction_finds_its_own_end_of_an_inline_chain_and_no_other() {
    let shop = shop(Variant::Inline);
    let ann = shop.sign_up("ann@example.org");
    let many = "INSERT INTO shop.orders (note) SELECT g::text FROM generate_series(1, 50) AS g";
    shop.act(
        &ann,
        &format!("{many}; SAVEPOINT a; {many}; ROLLBACK TO SAVEPOINT a; {many}"),
    )
    .unwrap();
    // Told to look elsewhere, among versions that are dead.
    for place in ["(0,1)", "(0,2)", "(1,7)", "(99999,1)", ""] {
        shop.act(
            &ann,
            &format!(
                "SET LOCAL app.chain_head = '{place}'; {many}; SET LOCAL app.chain_head = '{place}'; {many}"
            ),
        )
        .unwrap();
    }
    assert_eq!(chained(&shop), 1 + 2 * 50 + 5 * 100);
}

/// How many entries there are, each linked to the one before and the last to the head.
#[track_caller]
fn chained(shop: &Shop) -> usize {
    let entries = shop
        .admin()
        .query(
            &format!("SELECT e.chain, {ENTRY} FROM shop_audit.log AS e ORDER BY seq"),
            &[],
        )
        .unwrap()
        .rows;
    let mut head = vec![0; 32];
    for row in &entries {
        head = Sha256::digest([head, entry_bytes(&row[1..])].concat()).to_vec();
        assert_eq!(row[0], Value::Bytes(head.clone()));
    }
    assert_eq!(
        shop.truth("SELECT encode(link, 'hex') FROM shop_private.audit_head"),
        hex(&head)
    );
    entries.len()
}
