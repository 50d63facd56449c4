//! Tokens, sign-up, look-ups, retention, erasure, events, access.

use crate::support::{Shop, Variant, cell, refusal, refused, shop, text};

fn reset(shop: &Shop, token: &str, expires: &str) {
    shop.login("migrator")
        .batch(&format!(
            "INSERT INTO shop.password_resets (user_id, token, expires_at) SELECT id, sha256('{token}'), now() + interval '{expires}' FROM shop.users WHERE email = 'ann@example.org'"
        ))
        .unwrap();
}

#[test]
fn sign_up_and_login_work_before_anyone_is_known() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    let mut app = shop.app();
    assert_eq!(app.query("SELECT 1 FROM shop.users", &[]).unwrap().rows.len(), 0);
    let found = app
        .query(
            "SELECT public_id::text, password_hash FROM shop_private.find_user_by_email($1)",
            &[text(" ANN@example.org ")],
        )
        .unwrap();
    assert_eq!(
        (cell(&found, 0, 0), cell(&found, 0, 1)),
        (ann.user.clone(), "$argon2id$hash".to_owned())
    );
    let error = refusal(app.batch("SELECT shop_private.sign_up_user('ANN@example.org', 'x')"));
    assert_eq!(
        (error.code.as_str(), error.constraint.as_deref()),
        ("23505", Some("users_email_key"))
    );
    assert!(
        !format!("{error:?}").contains("example.org"),
        "the value is told: {error:?}"
    );
    shop.act(&ann, "UPDATE shop.users SET deleted_at = now()")
        .unwrap();
    let gone = app
        .query(
            "SELECT 1 FROM shop_private.find_user_by_email('ann@example.org')",
            &[],
        )
        .unwrap();
    assert!(gone.rows.is_empty());
}

#[test]
fn a_token_is_good_once_and_in_time() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    reset(&shop, "good", "1 hour");
    reset(&shop, "late", "-1 hour");
    let mut app = shop.app();
    let mut redeem = |token: &str| {
        app.query(
            &format!("SELECT owner::text FROM shop_private.redeem_password_reset(sha256('{token}'))"),
            &[],
        )
        .unwrap()
        .rows
    };
    assert_eq!(redeem("good"), vec![vec![text(&ann.user)]]);
    assert!(redeem("good").is_empty(), "twice");
    assert!(redeem("late").is_empty(), "too late");
    assert!(redeem("made up").is_empty());
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop_audit.events WHERE kind = 'token_refused'"),
        "3"
    );
}

#[test]
fn of_two_who_redeem_at_once_one_comes_too_late() {
    let shop = shop(Variant::Setting);
    shop.sign_up("ann@example.org");
    reset(&shop, "good", "1 hour");
    let call = "SELECT 1 FROM shop_private.redeem_password_reset(sha256('good'))";
    let (mut first, mut second) = (shop.app(), shop.app());
    first.begin().unwrap();
    assert_eq!(first.query(call, &[]).unwrap().rows.len(), 1);
    let late = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| second.query(call, &[]).unwrap().rows.len());
        std::thread::sleep(std::time::Duration::from_millis(200));
        first.commit().unwrap();
        waiting.join().unwrap()
    });
    assert_eq!(late, 0);
}

#[test]
fn purge_removes_in_batches_and_leaves_no_payload() {
    let shop = shop(Variant::Setting);
    shop.sign_up("ann@example.org");
    for token in ["1", "2", "3", "4"] {
        reset(&shop, token, "-2 days");
    }
    reset(&shop, "fresh", "1 hour");
    let mut eraser = shop.login("eraser");
    let mut purge = || {
        cell(
            &eraser
                .query("SELECT shop_private.purge_password_resets()", &[])
                .unwrap(),
            0,
            0,
        )
    };
    assert_eq!((purge(), purge(), purge()), ("3".into(), "1".into(), "0".into()));
    assert_eq!(shop.truth("SELECT count(*) FROM shop.password_resets"), "1");
    let payloads =
        "SELECT count(*) FROM shop_audit.log WHERE entity = 'password_resets' AND changes IS NOT NULL";
    assert_eq!(shop.truth(payloads), "1");
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop_audit.log WHERE operation = 'erase'"),
        "4"
    );
    refused(
        shop.app().batch("SELECT shop_private.purge_password_resets()"),
        "42501",
        "",
    );
}

#[test]
fn purge_passes_by_rows_that_others_hold() {
    let shop = shop(Variant::Setting);
    shop.sign_up("ann@example.org");
    reset(&shop, "held", "-2 days");
    reset(&shop, "free", "-2 days");
    let mut holder = shop.admin();
    holder
        .batch("BEGIN; SELECT 1 FROM shop.password_resets WHERE token = sha256('held') FOR UPDATE")
        .unwrap();
    let purged = shop
        .login("eraser")
        .query("SELECT shop_private.purge_password_resets()", &[])
        .unwrap();
    assert_eq!(cell(&purged, 0, 0), "1");
}

#[test]
fn anonymised_rows_stay_without_the_person() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.act(&ann, "UPDATE shop.users SET full_name = 'Canary'")
        .unwrap();
    shop.act(&ann, "UPDATE shop.users SET deleted_at = now()")
        .unwrap();
    let mut eraser = shop.login("eraser");
    let mut call = || {
        cell(
            &eraser
                .query("SELECT shop_private.anonymise_users()", &[])
                .unwrap(),
            0,
            0,
        )
    };
    assert_eq!(call(), "0", "its time is not over");
    shop.admin().batch("SET session_replication_role = replica; UPDATE shop.users SET deleted_at = now() - interval '2 months'").unwrap();
    assert_eq!((call(), call()), ("1".into(), "0".into()));
    assert_eq!(
        shop.truth(
            "SELECT email = 'deleted-' || public_id || '@invalid' AND full_name IS NULL FROM shop.users"
        ),
        "true"
    );
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop_audit.log WHERE changes::text ~ 'Canary|ann@'"),
        "0"
    );
}

#[test]
fn nothing_of_an_erased_person_remains() {
    let shop = shop(Variant::Setting);
    let (ann, bob) = (
        shop.sign_up("canary@example.org"),
        shop.sign_up("bob@example.org"),
    );
    for person in [&ann, &bob] {
        shop.act(person, "UPDATE shop.users SET full_name = 'Canary'")
            .unwrap();
        shop.order(person);
    }
    shop.login("migrator").batch("INSERT INTO shop.password_resets (user_id, token, expires_at) SELECT id, sha256('t'), now() FROM shop.users WHERE email LIKE 'canary%'").unwrap();
    shop.admin()
        .batch("INSERT INTO shop_private.data_keys (subject_id, wrapped) SELECT id, 'k' FROM shop.users")
        .unwrap();
    let mut eraser = shop.login("eraser");
    let call = format!("SELECT shop_private.erase_user('{}')", ann.user);
    assert_eq!(cell(&eraser.query(&call, &[]).unwrap(), 0, 0), "true");
    let left = shop.truth("SELECT count(wrapped) FROM shop_private.data_keys");
    assert_eq!(left, "1", "the key is shredded, and no other");
    let nobody = eraser
        .query(
            "SELECT shop_private.erase_user('00000000-0000-4000-8000-000000000000')",
            &[],
        )
        .unwrap();
    assert_eq!(cell(&nobody, 0, 0), "false");
    let (mine, theirs) = (
        format!("(SELECT id FROM shop.users WHERE public_id = '{}')", ann.user),
        format!("(SELECT id FROM shop.users WHERE public_id = '{}')", bob.user),
    );
    assert_eq!(shop.truth(&format!("SELECT count(*) FROM shop_audit.log WHERE subject_id = {mine} AND (changes IS NOT NULL OR salt IS NOT NULL)")), "0");
    assert_ne!(
        shop.truth(&format!(
            "SELECT count(*) FROM shop_audit.log WHERE subject_id = {theirs} AND changes IS NOT NULL"
        )),
        "0"
    );
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop.users WHERE email LIKE 'canary%'"),
        "0"
    );
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop_audit.log WHERE changes::text LIKE '%canary@%'"),
        "0"
    );
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop.actors WHERE user_id IS NULL AND kind = 'user'"),
        "1"
    );
    assert_eq!(shop.truth("SELECT count(*) FROM shop.password_resets"), "0");
    assert_eq!(
        shop.truth(
            "SELECT count(*) FROM shop_audit.log WHERE operation = 'erase' AND subject_id IS NOT NULL"
        ),
        "1"
    );
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop_audit.events WHERE kind = 'erasure'"),
        "1"
    );
    refused(shop.app().batch(&call), "42501", "");
}

#[test]
fn events_are_redacted_by_construction() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.act(
        &ann,
        r#"SELECT shop_private.record_event('access_denied', 'orders', NULL, '{"reason": "policy", "count": 3, "email": "canary@example.org", "phone": 4915112345678, "nested": {"name": "Canary"}, "Canary key": 1}')"#,
    )
    .unwrap();
    assert_eq!(
        shop.truth("SELECT detail FROM shop_audit.events"),
        r#"{"count": 3, "email": "redacted", "phone": "redacted", "nested": "redacted", "reason": "policy"}"#
    );
    assert_eq!(
        shop.truth(
            "SELECT e.actor_id = a.id FROM shop_audit.events e JOIN shop.actors a ON a.user_id IS NOT NULL"
        ),
        "true"
    );
    refused(
        shop.app()
            .batch("SELECT shop_private.record_event('Not a word', NULL, NULL, NULL)"),
        "22023",
        "",
    );
    refused(
        shop.app()
            .batch("INSERT INTO shop_audit.events (kind) VALUES ('x')"),
        "42501",
        "",
    );
    let mut migrator = shop.login("migrator");
    refused(
        migrator.batch("DELETE FROM shop_audit.events"),
        "42501",
        "events_append_only",
    );
}

#[test]
fn reading_is_recorded_beside_the_row_and_seldom() {
    let shop = shop(Variant::Setting);
    let (ann, bob) = (shop.sign_up("ann@example.org"), shop.sign_up("bob@example.org"));
    shop.order(&ann);
    let call = format!(
        "SELECT shop_private.touch_order('{}')",
        shop.truth("SELECT public_id FROM shop.orders")
    );
    shop.act(&bob, &call).unwrap();
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop.orders_access"),
        "0",
        "a row that one does not see is not touched"
    );
    shop.act(&ann, &call).unwrap();
    shop.act(&ann, &call).unwrap();
    assert_eq!(shop.truth("SELECT access_count FROM shop.orders_access"), "1");
    shop.admin()
        .batch("UPDATE shop.orders_access SET last_accessed = now() - interval '2 minutes'")
        .unwrap();
    shop.act(&ann, &call).unwrap();
    assert_eq!(shop.truth("SELECT access_count FROM shop.orders_access"), "2");
    assert_eq!(shop.truth("SELECT version FROM shop.orders"), "1");
}

#[test]
fn reading_that_is_recorded_on_the_row_is_no_change_of_it() {
    let shop = shop(Variant::Setting);
    let (ann, bob) = (shop.sign_up("ann@example.org"), shop.sign_up("bob@example.org"));
    let order = shop.order(&ann);
    shop.act(
        &ann,
        &format!("INSERT INTO shop.gifts (order_id) VALUES ({order})"),
    )
    .unwrap();
    let call = format!(
        "SELECT shop_private.touch_gift('{}')",
        shop.truth("SELECT public_id FROM shop.gifts")
    );
    let unchanged = "SELECT (to_jsonb(g) - 'last_accessed' - 'access_count')::text || (SELECT count(*) FROM shop_audit.log) FROM shop.gifts AS g";
    let before = shop.truth(unchanged);
    let count = "SELECT access_count FROM shop.gifts";
    shop.act(&bob, &call).unwrap();
    assert_eq!(
        shop.truth(count),
        "0",
        "a row that one does not see is not touched"
    );
    shop.act(&ann, &call).unwrap();
    shop.act(&ann, &call).unwrap();
    assert_eq!(shop.truth(count), "1", "once a minute");
    let age = "UPDATE shop.gifts SET last_accessed = now() - interval '2 minutes'";
    shop.login("migrator").batch(age).unwrap();
    shop.act(&ann, &call).unwrap();
    assert_eq!(shop.truth(count), "2");
    assert_eq!(
        shop.truth(unchanged),
        before,
        "neither version nor stamps nor the trail"
    );
    assert_eq!(
        shop.truth("SELECT last_accessed > now() - interval '1 minute' FROM shop.gifts"),
        "true"
    );

    // Who writes does not make readers wait.
    shop.login("migrator").batch(age).unwrap();
    let mut writer = shop.app();
    writer.begin().unwrap();
    shop.enter(&mut writer, &ann);
    writer.batch("UPDATE shop.gifts SET quantity = 2").unwrap();
    shop.act(&ann, &format!("SET LOCAL lock_timeout = '1s'; {call}"))
        .unwrap();
    writer.commit().unwrap();
    assert_eq!(shop.truth(count), "2");

    // A change beside it is a change.
    shop.login("migrator")
        .batch("UPDATE shop.gifts SET last_accessed = now() - interval '3 minutes', quantity = 3")
        .unwrap();
    assert_eq!(shop.truth("SELECT version FROM shop.gifts"), "3");
    refused(
        shop.act(&ann, "UPDATE shop.gifts SET access_count = 1000"),
        "42501",
        "",
    );
}

#[test]
fn rows_told_by_a_uuid_alone_leave_no_payload_either() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.act(
        &ann,
        "INSERT INTO shop.letters (body, due) VALUES ('canary old', now() - interval '3 months'), ('canary due', now() - interval '40 days'), ('canary new', now());
         UPDATE shop.letters SET body = body || '!'",
    )
    .unwrap();
    let payloads = || {
        shop.truth("SELECT string_agg(DISTINCT COALESCE(changes #>> '{body,0}', changes ->> 'body'), ',') FROM shop_audit.log WHERE changes::text LIKE '%canary%'")
    };
    assert_eq!(payloads(), "canary due,canary new,canary old");
    let mut eraser = shop.login("eraser");
    eraser.batch("SELECT shop_private.purge_letters()").unwrap();
    assert_eq!(payloads(), "canary due,canary new");
    eraser.batch("SELECT shop_private.anonymise_letters()").unwrap();
    assert_eq!(payloads(), "canary new");
    assert_eq!(
        shop.truth("SELECT string_agg(body, ',') FROM shop.letters"),
        "canary new!"
    );
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop_audit.log AS gone WHERE changes IS NULL AND operation <> 'erase'
            AND NOT EXISTS (SELECT FROM shop_audit.log AS mark WHERE mark.operation = 'erase' AND mark.row_public_id = gone.row_public_id)"),
        "0",
        "each is covered by a mark"
    );
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop_audit.log WHERE operation = 'erase'"),
        "2"
    );
}
