//! Whom a transaction acts for, and what it sees.

use plan::ContextValues;
use sha2::{Digest, Sha256};

use crate::support::{Shop, Variant, refusal, refused, shop, text};

#[test]
fn a_setting_that_was_used_and_reset_is_no_context() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.order(&ann);
    let mut app = shop.app();
    app.begin().unwrap();
    shop.enter(&mut app, &ann);
    assert_eq!(app.query("SELECT 1 FROM shop.orders", &[]).unwrap().rows.len(), 1);
    app.commit().unwrap();
    // The trap: it is empty now and not NULL, and ''::uuid is an error.
    let left = app
        .query("SELECT current_setting('app.actor', true)", &[])
        .unwrap();
    assert_eq!(left.rows[0][0], text(""));
    assert!(
        app.query("SELECT current_setting('app.actor', true)::uuid", &[])
            .is_err()
    );
    assert_eq!(app.query("SELECT 1 FROM shop.orders", &[]).unwrap().rows.len(), 0);
}

#[test]
fn owners_see_their_own_and_cannot_write_for_others() {
    let shop = shop(Variant::Setting);
    let (ann, bob) = (shop.sign_up("ann@example.org"), shop.sign_up("bob@example.org"));
    let order = shop.order(&ann);
    assert_eq!(shop.ask(&ann, "SELECT 1 FROM shop.orders").len(), 1);
    assert_eq!(shop.ask(&bob, "SELECT 1 FROM shop.orders").len(), 0);
    assert_eq!(shop.ask(&bob, "SELECT 1 FROM shop.users").len(), 1);
    shop.act(&bob, "UPDATE shop.orders SET note = 'mine now'")
        .unwrap();
    assert_eq!(shop.truth("SELECT note FROM shop.orders"), "n");

    // A line for an order of somebody else is refused exactly as one for an order that does not exist.
    let foreign = refusal(shop.act(
        &bob,
        &format!("INSERT INTO shop.order_lines (order_id) VALUES ({order})"),
    ));
    let missing = refusal(shop.act(&bob, "INSERT INTO shop.order_lines (order_id) VALUES (987654)"));
    assert_eq!(foreign, missing);
    assert_eq!(foreign.code, "23503");
    shop.act(
        &ann,
        &format!("INSERT INTO shop.order_lines (order_id) VALUES ({order})"),
    )
    .unwrap();
    assert_eq!(
        shop.truth("SELECT l.owner_id = o.customer_id FROM shop.order_lines l JOIN shop.orders o ON o.id = l.order_id"),
        "true"
    );
    let others = shop.order(&bob);
    refused(
        shop.act(&ann, &format!("UPDATE shop.order_lines SET order_id = {others}")),
        "23503",
        "order_lines_order_id_owner_id_fkey",
    );
}

#[test]
fn a_tenant_is_a_wall_whatever_else_admits() {
    let shop = shop(Variant::Setting);
    shop.login("migrator")
        .batch("INSERT INTO shop.orgs (name) VALUES ('a'), ('b')")
        .unwrap();
    let org = |name: &str| shop.truth(&format!("SELECT public_id FROM shop.orgs WHERE name = '{name}'"));
    let mut app = shop.app();
    for name in ["a", "b"] {
        app.begin().unwrap();
        app.batch(&format!("SELECT set_config('app.tenant', '{}', true)", org(name)))
            .unwrap();
        app.batch(&format!("INSERT INTO shop.memos (body) VALUES ('of {name}')"))
            .unwrap();
        // The permissive policy of memos says `true`.
        let seen = app.query("SELECT body FROM shop.memos", &[]).unwrap();
        assert_eq!(seen.rows, vec![vec![text(&format!("of {name}"))]]);
        app.commit().unwrap();
    }
    assert_eq!(
        shop.truth("SELECT count(DISTINCT tenant_id) FROM shop.memos"),
        "2"
    );
    assert_eq!(shop.truth("SELECT count(*) FROM shop_audit.log l JOIN shop.memos m ON l.entity = 'memos' AND l.tenant_id = m.tenant_id AND l.row_id = m.id"), "2");
}

#[test]
fn every_function_pins_its_path_and_belongs_to_whom_it_should() {
    let shop = shop(Variant::Signed);
    let functions = "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname LIKE 'shop%'";
    let bad = format!(
        "SELECT count(*) {functions} WHERE NOT ('search_path=pg_catalog, pg_temp' = ANY (p.proconfig))
           OR has_function_privilege('public', p.oid, 'EXECUTE')
           OR obj_description(p.oid, 'pg_proc') IS NULL
           OR (p.prosecdef AND p.proname <> 'ensure_partitions' AND p.proowner <> 'shop_guard'::regrole)
           OR (NOT p.prosecdef AND p.proowner <> 'shop_owner'::regrole)"
    );
    assert_eq!(shop.truth(&bad), "0");
    assert_ne!(shop.truth(&format!("SELECT count(*) {functions}")), "0");
    // Nobody but the owner and guard has anything in the private schema or in the log.
    for role in ["app", "reader", "sealer", "eraser"] {
        let tables = format!(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname IN ('shop_private', 'shop_audit') AND c.relkind IN ('r', 'p')
               AND has_table_privilege('shop_{role}', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')"
        );
        assert_eq!(shop.truth(&tables), "0", "{role}");
    }
    let mut app = shop.app();
    refused(app.batch("SET session_replication_role = replica"), "42501", "");
    refused(
        app.batch("SELECT shop_private.forget_subject('users', 1)"),
        "42501",
        "",
    );
    refused(app.batch("TRUNCATE shop.orders"), "42501", "");
    refused(app.batch("DELETE FROM shop.orders"), "42501", "");
}

fn hmac(key: &[u8], message: &[u8]) -> String {
    let pad = |byte: u8| -> Vec<u8> {
        let mut padded = key.to_vec();
        padded.resize(64, 0);
        padded.iter().map(|each| each ^ byte).collect()
    };
    let inner = Sha256::digest([pad(0x36), message.to_vec()].concat());
    let outer = Sha256::digest([pad(0x5c), inner.to_vec()].concat());
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

const KEY: &[u8; 32] = b"0123456789abcdef0123456789abcdef";

fn signed(shop: &Shop, actor: &str, expires: i64, key: &[u8]) -> Vec<String> {
    let message = format!("architrave/context/1\nshop\n{actor}\n\n{expires}");
    let values = ContextValues {
        actor: Some(actor.to_owned()),
        tenant: None,
        signature: Some((expires, hmac(key, message.as_bytes()))),
    };
    dialects::postgres::realise::enter(&shop.blueprint, &values)
}

fn later(shop: &Shop) -> i64 {
    shop.truth("SELECT floor(extract(epoch FROM now()))::bigint + 60")
        .parse()
        .unwrap()
}

#[test]
fn a_signed_context_cannot_be_made_up() {
    let shop = shop(Variant::Signed);
    let mut migrator = shop.login("migrator");
    refused(
        migrator.batch("SELECT shop_private.set_context_key('short')"),
        "22023",
        "",
    );
    migrator
        .batch(&format!(
            "SELECT shop_private.set_context_key('{}')",
            std::str::from_utf8(KEY).unwrap()
        ))
        .unwrap();
    let (ann, bob) = (shop.sign_up("ann@example.org"), shop.sign_up("bob@example.org"));
    let expires = later(&shop);
    let mut app = shop.app();

    app.begin().unwrap();
    for statement in signed(&shop, &ann.actor, expires, KEY) {
        app.batch(&statement).unwrap();
    }
    app.batch("INSERT INTO shop.orders (note) VALUES ('signed')")
        .unwrap();
    assert_eq!(app.query("SELECT 1 FROM shop.orders", &[]).unwrap().rows.len(), 1);
    // What stops a forgotten filter in the other mode means nothing here.
    app.batch(&format!("SELECT set_config('app.actor', '{}', true)", bob.actor))
        .unwrap();
    assert_eq!(app.query("SELECT 1 FROM shop.orders", &[]).unwrap().rows.len(), 1);
    app.commit().unwrap();

    // It ends with the transaction, though the row stays.
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop_private.signed_contexts"),
        "1"
    );
    assert_eq!(app.query("SELECT 1 FROM shop.orders", &[]).unwrap().rows.len(), 0);

    let good = signed(&shop, &ann.actor, expires, KEY).remove(0);
    let past = signed(&shop, &ann.actor, expires - 600, KEY).remove(0);
    let other_key = signed(&shop, &ann.actor, expires, &[7; 32]).remove(0);
    let nobody = signed(&shop, "00000000-0000-4000-8000-000000000000", expires, KEY).remove(0);
    let answers: Vec<_> = [good.replace(&ann.actor, &bob.actor), past, other_key, nobody]
        .iter()
        .map(|statement| refusal(app.batch(statement)))
        .collect();
    assert!(
        answers
            .iter()
            .all(|answer| answer.code == "28000" && *answer == answers[0]),
        "{answers:?}"
    );
    // The table is out of reach.
    refused(
        app.batch("SELECT * FROM shop_private.signed_contexts"),
        "42501",
        "",
    );
    refused(app.batch("SELECT * FROM shop_private.signing_keys"), "42501", "");

    // The key before stays good until the next call.
    migrator
        .batch("SELECT shop_private.set_context_key('another key of thirty-two bytes..')")
        .unwrap();
    app.batch(&good).unwrap();
    migrator
        .batch("SELECT shop_private.set_context_key('a third key of thirty-two bytes....')")
        .unwrap();
    assert_eq!(refusal(app.batch(&good)).code, "28000");
}

#[test]
fn policies_ask_once_per_statement() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    let plan = shop.ask(&ann, "EXPLAIN SELECT * FROM shop.orders");
    let plan = format!("{plan:?}");
    assert!(plan.contains("InitPlan 1"), "{plan}");
}
