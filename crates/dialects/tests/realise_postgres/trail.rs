//! The audit trail: one entry per change, by whom, of what, and nobody gets around it.

use crate::support::{Variant, refused, shop};

#[test]
fn each_change_leaves_one_entry() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    let order = shop.order(&ann);
    // The same row twice in one transaction, and a statement that changes nothing.
    shop.act(&ann, "UPDATE shop.orders SET note = 'a'; UPDATE shop.orders SET note = 'b'; UPDATE shop.orders SET note = note").unwrap();
    let of = |column: &str| {
        shop.truth(&format!("SELECT string_agg({column}, ' ' ORDER BY seq) FROM shop_audit.log WHERE entity = 'orders' AND row_id = {order}"))
    };
    assert_eq!(of("operation"), "insert update update");
    assert_eq!(
        of("CASE WHEN operation = 'update' THEN changes::text END"),
        r#"{"note": ["n", "a"]} {"note": ["a", "b"]}"#
    );
    assert_eq!(
        of("(subject_id = (SELECT id FROM shop.users))::text"),
        "true true true"
    );
    assert_eq!(of("(actor_id > 2)::text"), "true true true");
    assert_eq!(
        of("(commitment = sha256(salt || convert_to(changes::text, 'UTF8')))::text"),
        "true true true"
    );
    assert_eq!(
        of("(row_public_id = (SELECT public_id FROM shop.orders))::text"),
        "true true true"
    );
    assert_eq!(
        shop.truth("SELECT count(DISTINCT salt) = count(*) FROM shop_audit.log"),
        "true"
    );
}

#[test]
fn a_transaction_that_rolls_back_leaves_nothing() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    let before = shop.truth("SELECT count(*) FROM shop_audit.log");
    let mut app = shop.app();
    app.begin().unwrap();
    shop.enter(&mut app, &ann);
    app.batch("INSERT INTO shop.orders (note) VALUES ('x')").unwrap();
    app.rollback().unwrap();
    assert_eq!(shop.truth("SELECT count(*) FROM shop_audit.log"), before);
}

#[test]
fn secrets_are_recorded_as_changed() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.act(&ann, "UPDATE shop.users SET password_hash = 'canary'")
        .unwrap();
    assert_eq!(
        shop.truth("SELECT string_agg(changes ->> 'password_hash', ' ' ORDER BY seq) FROM shop_audit.log"),
        "changed changed"
    );
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop_audit.log WHERE changes::text ~ 'canary|argon2'"),
        "0"
    );
}

#[test]
fn truncate_is_recorded_when_an_owner_does_it() {
    let shop = shop(Variant::Setting);
    shop.login("migrator")
        .batch("INSERT INTO shop.memos (tenant_id, body) SELECT NULL, '' WHERE false; TRUNCATE shop.memos")
        .unwrap();
    assert_eq!(
        shop.truth("SELECT string_agg(operation || ' ' || entity, ',') FROM shop_audit.log"),
        "truncate memos"
    );
    refused(
        shop.login("migrator").batch("TRUNCATE shop_audit.log"),
        "42501",
        "log_append_only",
    );
}

#[test]
fn a_backfill_leaves_technical_columns_alone_and_one_entry() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    for _ in 0..3 {
        shop.order(&ann);
    }
    let before = shop.truth("SELECT count(*) FROM shop_audit.log");
    let state = "SELECT string_agg(version || ' ' || updated_at, ',' ORDER BY id) FROM shop.orders";
    let stamps = shop.truth(state);
    let mut migrator = shop.login("migrator");
    migrator.batch("BEGIN; SET LOCAL app.backfill = '0007_fill_note'; UPDATE shop.orders SET note = 'filled'; COMMIT").unwrap();
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop.orders WHERE note = 'filled'"),
        "3"
    );
    assert_eq!(shop.truth(state), stamps);
    assert_eq!(
        shop.truth(&format!("SELECT string_agg(operation || ' ' || actor_id || ' ' || (changes ->> 'step'), ',') FROM (SELECT * FROM shop_audit.log ORDER BY seq OFFSET {before}) AS l")),
        "backfill 2 0007_fill_note"
    );
    // What a backfill may not do: make moves that are not declared.
    refused(
        migrator.batch("BEGIN; SET LOCAL app.backfill = 'x'; UPDATE shop.orders SET state = 'paid'"),
        "23514",
        "orders_state_transition",
    );
    migrator.rollback().unwrap();
    // From anyone else the setting means nothing.
    shop.act(
        &ann,
        "SET LOCAL app.backfill = 'x'; UPDATE shop.orders SET note = 'sly'",
    )
    .unwrap();
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop.orders WHERE version = 2"),
        "3"
    );
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop_audit.log WHERE changes::text LIKE '%sly%'"),
        "3"
    );
}

#[test]
fn nobody_changes_the_log() {
    let shop = shop(Variant::Setting);
    shop.sign_up("ann@example.org");
    let mut migrator = shop.login("migrator");
    for statement in [
        "UPDATE shop_audit.log SET actor_id = 2",
        "DELETE FROM shop_audit.log",
        "UPDATE shop_audit.log SET changes = NULL, salt = NULL",
    ] {
        refused(migrator.batch(statement), "42501", "log_append_only");
    }
    for role in ["app", "reader", "auditor", "sealer", "eraser"] {
        let mut login = shop.login(role);
        for statement in [
            "INSERT INTO shop_audit.log (entity) VALUES ('x')",
            "UPDATE shop_audit.log SET actor_id = 2",
            "DELETE FROM shop_audit.log",
        ] {
            refused(login.batch(statement), "42501", "");
        }
    }
    assert_eq!(
        shop.login("auditor")
            .query("SELECT 1 FROM shop_audit.log", &[])
            .unwrap()
            .rows
            .len(),
        1
    );
}

#[test]
fn partitions_are_there_ahead_of_time() {
    let shop = shop(Variant::Setting);
    let children = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'shop_audit.log'::regclass";
    assert_eq!(shop.truth(children), "4", "three months and the default");
    let mut sealer = shop.login("sealer");
    sealer.batch("SELECT shop_private.ensure_partitions(2)").unwrap();
    assert_eq!(shop.truth(children), "4");
    sealer
        .batch("SET TimeZone = 'Pacific/Auckland'; SELECT shop_private.ensure_partitions(5)")
        .unwrap();
    assert_eq!(shop.truth(children), "7");
    shop.sign_up("ann@example.org");
    assert_eq!(
        shop.truth("SELECT count(*) FROM ONLY shop_audit.log_default"),
        "0"
    );
    // Rows that are in the default partition already do not stop the others.
    shop.admin()
        .batch("SET session_replication_role = replica; INSERT INTO shop_audit.log (recorded_at, transaction_id, actor_id, entity, operation) VALUES (now() + interval '6 months', 1, 1, 'x', 'insert')")
        .unwrap();
    let made = sealer
        .query("SELECT shop_private.ensure_partitions(7)", &[])
        .unwrap();
    assert_eq!(crate::support::cell(&made, 0, 0), "1");
    refused(
        shop.app().batch("SELECT shop_private.ensure_partitions(900)"),
        "42501",
        "",
    );
}

#[test]
fn without_a_trail_there_is_none() {
    let shop = shop(Variant::Silent);
    let ann = shop.sign_up("ann@example.org");
    shop.order(&ann);
    assert_eq!(shop.truth("SELECT count(*) FROM shop_audit.log"), "0");
    assert_eq!(
        shop.truth("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 't5%'"),
        "0"
    );
}
