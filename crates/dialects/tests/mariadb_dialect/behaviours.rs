//! Each behaviour holds, and each way around it that is known is closed.

use dialects::mariadb::{MARIADB, SESSION};

use crate::shop::blueprint;
use crate::support::{Built, build, server};

/// Two tenants, two users with their actors, and a context that belongs to the first of both.
fn shop() -> Built {
    let built = build(blueprint());
    built.run("INSERT INTO tenants (name) VALUES ('one'), ('two')");
    built.run("INSERT INTO users (email, password) VALUES ('ann@x.org', 'p'), ('bob@x.org', 'q')");
    let tenant = built.one("SELECT public_id FROM tenants WHERE id = 1");
    built.enter(Some(&actor(&built, 1)), Some(&tenant));
    built
}

fn actor(built: &Built, user: u32) -> String {
    built.one(&format!("SELECT public_id FROM actors WHERE user_id = {user}"))
}

const FORGED: &str = "'2001-01-01 00:00:00'";
const ORDER: &str = "INSERT INTO orders () VALUES ()";

#[test]
fn a_row_is_filled_from_the_context_and_recorded_once() {
    let built = shop();
    built.run(ORDER);
    assert_eq!(
        built.one(
            "SELECT concat_ws('/', tenant_id, customer_id, created_by, updated_by, version) FROM orders"
        ),
        "1/1/3/3/1"
    );
    assert_eq!(
        built.all(
            "SELECT operation, actor_id, tenant_id, subject_id, row_id, row_public_id = (SELECT public_id FROM orders) \
             FROM shop_audit_log WHERE entity = 'orders'"
        ),
        "insert|3|1|1|1|1"
    );
    assert_eq!(
        built.one("SELECT changes FROM shop_audit_log WHERE entity = 'orders'"),
        format!(
            "{{\"id\": 1, \"public_id\": \"{}\", \"tenant_id\": 1, \"customer_id\": 1, \"state\": \"cart\", \
             \"state_changed_at\": \"{}\", \"total\": 0.50, \"tags\": [], \"category_id\": null, \"deleted_at\": null, \
             \"deletion_reason\": null}}",
            built.one("SELECT public_id FROM orders"),
            built.one("SELECT date_format(state_changed_at, '%Y-%m-%dT%H:%i:%s.%f+00:00') FROM orders")
        )
    );
}

/// What `architrave verify` computes over what it reads.
#[test]
fn entries_are_committed_to_when_they_are_written() {
    let built = shop();
    built.run(ORDER);
    built.run("UPDATE orders SET total = 7");
    let wrong = "SELECT count(*) FROM shop_audit_log \
                 WHERE NOT (commitment <=> unhex(sha2(concat(salt, cast(changes AS binary)), 256)))";
    assert_eq!(built.one(wrong), "0");
    assert_eq!(
        built.one("SELECT count(*) > 2 FROM shop_audit_log WHERE length(salt) = 16"),
        "1"
    );
}

#[test]
fn without_a_context_a_required_owner_is_asked_for() {
    let built = shop();
    built.enter(None, None);
    built.refuse("INSERT INTO orders (tenant_id) VALUES (1)", "customer_id");
    built.refuse("INSERT INTO orders (customer_id) VALUES (1)", "tenant_id");
    built.run("INSERT INTO orders (tenant_id, customer_id) VALUES (1, 1)");
    assert_eq!(built.one("SELECT created_by FROM orders"), "1");
    built.refuse(
        "INSERT INTO orders (tenant_id, customer_id) VALUES (9, 1)",
        "orders_tenant_id_fkey",
    );
}

#[test]
fn an_unknown_actor_is_refused_and_not_taken_for_the_system() {
    let built = shop();
    let enter = built.entering(Some("00000000-0000-4000-8000-000000000000"), None);
    built.refuse(&enter[0], "architrave:42501:context:known_actor");
    built.refuse(
        &built.entering(Some("x'); DROP TABLE users; --"), None)[0].clone(),
        "",
    );
    assert_eq!(built.one("SELECT count(*) FROM users"), "2");
}

#[test]
fn who_leaves_a_context_acts_for_nobody() {
    let built = shop();
    for statement in (MARIADB.leave)(&built.blueprint) {
        built.run(&statement);
    }
    built.refuse(ORDER, "cannot be null");
    built.run("INSERT INTO tenants (name) VALUES ('three')");
    assert_eq!(
        built.one("SELECT created_by FROM tenants WHERE name = 'three'"),
        "1"
    );
}

#[test]
fn stamps_cannot_be_forged() {
    let built = shop();
    built.run(&format!(
        "INSERT INTO orders (created_at, updated_at, created_by, updated_by, version) \
         VALUES ({FORGED}, {FORGED}, 2, 2, 7)"
    ));
    let stamps = format!(
        "SELECT concat_ws('/', created_at > {FORGED}, updated_at > {FORGED}, created_by, updated_by, version) FROM orders"
    );
    assert_eq!(built.one(&stamps), "1/1/3/3/1");
    built.run(&format!(
        "UPDATE orders SET created_at = {FORGED}, updated_at = {FORGED}, created_by = 2, updated_by = 2"
    ));
    assert_eq!(built.one(&stamps), "1/1/3/3/2");
    built.refuse(
        "INSERT INTO orders (tenant_id) VALUES (2)",
        "42501:orders:tenant_id_foreign",
    );
}

#[test]
fn versions_rise_by_one_and_conflicts_are_found() {
    let built = shop();
    built.run(ORDER);
    built.run("UPDATE orders SET total = 4");
    built.refuse("UPDATE orders SET version = 1", "architrave:40001:orders:version");
    built.run("UPDATE orders SET version = version + 1");
    assert_eq!(built.one("SELECT version FROM orders"), "3");
    built.run("UPDATE orders SET total = 5 WHERE version = 3");
    assert_eq!(built.one("SELECT version FROM orders"), "4");
}

#[test]
fn states_start_and_move_as_declared() {
    let built = shop();
    let refused = "architrave:23514:orders:state_transition";
    built.refuse("INSERT INTO orders (state) VALUES ('paid')", refused);
    built.run(ORDER);
    built.refuse("UPDATE orders SET state = 'paid'", refused);
    let before = built.one("SELECT state_changed_at FROM orders");
    built.run("UPDATE orders SET state = 'placed'");
    let after = built.one("SELECT state_changed_at FROM orders");
    assert!(after > before);
    built.run(&format!(
        "UPDATE orders SET total = 3, state_changed_at = {FORGED}"
    ));
    assert_eq!(built.one("SELECT state_changed_at FROM orders"), after);
}

#[test]
fn lines_inherit_owner_and_tenant_and_follow_their_order() {
    let built = shop();
    built.run(ORDER);
    built.run("INSERT INTO order_lines (order_id, owner_id, price, quantity) VALUES (1, 2, 2.50, 3)");
    let line = "SELECT concat_ws('/', owner_id, tenant_id, amount, version) FROM order_lines";
    assert_eq!(built.one(line), "1/1/7.50/1");
    built.run("UPDATE order_lines SET owner_id = 2");
    assert_eq!(built.one(line), "1/1/7.50/2");
    built.refuse(
        "INSERT INTO order_lines (order_id, price) VALUES (99, 1)",
        "cannot be null",
    );
}

#[test]
fn soft_deletion_takes_its_batch_along_and_restores_it() {
    let built = shop();
    built.run(ORDER);
    built.run("INSERT INTO order_lines (order_id, price) VALUES (1, 1), (1, 2), (1, 3)");
    built.run(&format!(
        "UPDATE order_lines SET deleted_at = {FORGED} WHERE id = 3"
    ));
    assert_eq!(
        built.one(&format!(
            "SELECT deleted_at > {FORGED} AND deletion_batch IS NOT NULL AND deleted_by = 3 FROM order_lines WHERE id = 3"
        )),
        "1"
    );
    built.run(&format!(
        "UPDATE orders SET deleted_at = {FORGED}, deletion_reason = 'x'"
    ));
    assert_eq!(
        built.one("SELECT concat_ws('/', version, deletion_reason) FROM orders"),
        "2/x"
    );
    assert_eq!(
        built.one(
            "SELECT count(*) FROM order_lines \
             WHERE deletion_batch = (SELECT deletion_batch FROM orders) AND version = 2"
        ),
        "2"
    );
    assert_eq!(
        built.all(
            "SELECT entity, operation, count(*) FROM shop_audit_log WHERE operation LIKE 'soft%' GROUP BY 1, 2 ORDER BY 1"
        ),
        "order_lines|soft_delete|3\norders|soft_delete|1"
    );
    let dead = "architrave:23503:order_lines:order_id_owner_id_fkey";
    built.refuse("INSERT INTO order_lines (order_id, price) VALUES (1, 1)", dead);
    built.refuse("UPDATE order_lines SET deleted_at = NULL WHERE id = 1", dead);
    let when = built.one("SELECT deleted_at FROM orders");
    built.run(&format!(
        "UPDATE orders SET deleted_at = {FORGED}, deleted_by = 2, deletion_batch = NULL"
    ));
    assert_eq!(built.one("SELECT deleted_at FROM orders"), when);
    assert_eq!(
        built.one("SELECT deleted_by = 3 AND deletion_batch IS NOT NULL FROM orders"),
        "1"
    );
    built.run("UPDATE orders SET deleted_at = NULL");
    assert_eq!(
        built.one(
            "SELECT (deleted_by IS NULL) + (deletion_reason IS NULL) + (deletion_batch IS NULL) FROM orders"
        ),
        "3"
    );
    assert_eq!(
        built.all("SELECT id FROM order_lines WHERE deleted_at IS NULL ORDER BY id"),
        "1\n2"
    );
}

#[test]
fn death_is_given_by_the_database_alone() {
    let built = shop();
    built.refuse(
        &format!("INSERT INTO orders (deleted_at) VALUES ({FORGED})"),
        "23514:orders:deleted_at_insert",
    );
    built.run(ORDER);
    built.refuse(
        "UPDATE orders SET deletion_reason = 'x'",
        "23514:orders:deletion_reason_living",
    );
    built.run("UPDATE orders SET deletion_batch = '00000000-0000-4000-8000-000000000000', deleted_by = 2");
    assert_eq!(
        built.one("SELECT deletion_batch IS NULL AND deleted_by IS NULL FROM orders"),
        "1"
    );
    built.run(&format!(
        "UPDATE orders SET deleted_at = {FORGED}, deletion_batch = '00000000-0000-4000-8000-000000000000'"
    ));
    assert_eq!(
        built.one("SELECT deletion_batch <> '00000000-0000-4000-8000-000000000000' FROM orders"),
        "1"
    );
}

#[test]
fn soft_restrict_set_null_and_destroy() {
    let built = shop();
    built.run(ORDER);
    built.refuse(
        &format!("UPDATE users SET deleted_at = {FORGED} WHERE id = 1"),
        "architrave:23503:orders:customer_id_fkey",
    );
    built.run("INSERT INTO tokens (user_id, token, expires_at) VALUES (2, x'00', '2099-01-01')");
    built.run(&format!("UPDATE users SET deleted_at = {FORGED} WHERE id = 2"));
    assert_eq!(built.one("SELECT count(*) FROM tokens"), "0");
    assert_eq!(
        built.one("SELECT count(*) FROM shop_audit_log WHERE entity = 'tokens' AND operation = 'delete'"),
        "1"
    );
    built.run("INSERT INTO categories (name) VALUES ('a')");
    built.run("UPDATE orders SET category_id = 1");
    built.run(&format!("UPDATE categories SET deleted_at = {FORGED}"));
    assert_eq!(
        built.one("SELECT category_id IS NULL AND version = 3 FROM orders"),
        "1"
    );
}

#[test]
fn what_refers_to_a_row_goes_with_it_and_is_recorded() {
    let built = shop();
    built.run(ORDER);
    built.run("INSERT INTO order_lines (order_id, price) VALUES (1, 1), (1, 2)");
    built.run("DELETE FROM orders");
    assert_eq!(built.one("SELECT count(*) FROM order_lines"), "0");
    assert_eq!(
        built.all(
            "SELECT entity, count(*) FROM shop_audit_log WHERE operation = 'delete' GROUP BY 1 ORDER BY 1"
        ),
        "order_lines|2\norders|1"
    );
}

#[test]
fn a_tree_has_no_cycle_and_does_not_fall_before_its_branches() {
    let built = shop();
    built.run("INSERT INTO categories (name) VALUES ('a')");
    built.run("INSERT INTO categories (name, parent_id) VALUES ('b', 1)");
    built.run("INSERT INTO categories (name, parent_id) VALUES ('c', 2)");
    let cycle = "architrave:23514:categories:parent_id_cycle";
    built.refuse("UPDATE categories SET parent_id = 3 WHERE id = 1", cycle);
    built.refuse("UPDATE categories SET parent_id = id WHERE id = 1", cycle);
    built.refuse(
        "INSERT INTO categories (id, name, parent_id) VALUES (9, 'z', 9)",
        cycle,
    );
    built.refuse(
        &format!("UPDATE categories SET deleted_at = {FORGED} WHERE id = 1"),
        "architrave:23503:categories:parent_id_fkey",
    );
    built.run(&format!(
        "UPDATE categories SET deleted_at = {FORGED} WHERE id = 3"
    ));
    assert!(
        built
            .realised
            .lost
            .iter()
            .any(|lost| lost.guarantee == "own rows that follow")
    );
}

#[test]
fn unique_among_the_living_and_among_the_empty() {
    let built = shop();
    let taken = "Duplicate entry";
    built.run("INSERT INTO categories (name) VALUES ('a')");
    built.refuse("INSERT INTO categories (name) VALUES ('a')", taken);
    built.run("INSERT INTO categories (name, parent_id) VALUES ('a', 1)");
    built.refuse("INSERT INTO categories (name, parent_id) VALUES ('a', 1)", taken);
    built.run("INSERT INTO categories (name) VALUES ('A')");
    built.refuse(
        "INSERT INTO users (email, password) VALUES ('bob@x.org', 'r')",
        taken,
    );
    built.run(&format!("UPDATE users SET deleted_at = {FORGED} WHERE id = 2"));
    built.run("INSERT INTO users (email, password) VALUES ('bob@x.org', 'r')");
    built.refuse("UPDATE users SET deleted_at = NULL WHERE id = 2", taken);
}

#[test]
fn the_audit_trail_is_only_added_to() {
    let built = shop();
    for sql in [
        "DELETE FROM shop_audit_log",
        "UPDATE shop_audit_log SET entity = 'x'",
        "UPDATE shop_audit_log SET changes = '{}'",
        "UPDATE shop_audit_log SET commitment = x'00'",
    ] {
        built.refuse(sql, "architrave:42501:shop_audit_log:append_only");
    }
    built.run("UPDATE shop_audit_log SET changes = NULL, salt = NULL");
}

#[test]
fn secrets_are_recorded_as_changed_only() {
    let built = shop();
    built.run("UPDATE users SET password = 'canary' WHERE id = 1");
    assert_eq!(
        built.one("SELECT changes FROM shop_audit_log WHERE operation = 'update'"),
        "{\"password\": \"changed\"}"
    );
    assert_eq!(
        built.one("SELECT count(*) FROM shop_audit_log WHERE changes LIKE '%canary%'"),
        "0"
    );
}

#[test]
fn public_ids_are_random_and_version_4() {
    let built = shop();
    built.run("INSERT INTO tenants (name, created_by, updated_by) SELECT seq, 1, 1 FROM seq_1_to_2000");
    assert_eq!(
        built.one(
            "SELECT count(*) FROM tenants WHERE public_id NOT REGEXP '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'"
        ),
        "0"
    );
    // Each hexadecimal digit that is random, at every place.
    assert_eq!(
        built.one("SELECT min(n) FROM (SELECT count(DISTINCT substr(public_id, p.seq, 1)) AS n FROM tenants, seq_1_to_8 AS p GROUP BY p.seq) AS c"),
        "16"
    );
}

/// With another `sql_mode` the server would take what does not fit; triggers keep the mode that they were made in, and rows the rules.
#[test]
fn a_careless_session_gets_around_nothing() {
    let built = shop();
    built.run("SET SESSION sql_mode = ''");
    built.refuse("INSERT INTO orders (state) VALUES ('paid')", "state_transition");
    built.refuse(
        "UPDATE users SET is_admin = 7 WHERE id = 1",
        "users_is_admin_type",
    );
    built.run("SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'");
    built.run(ORDER);
    assert_eq!(built.one("SELECT count(*) FROM orders"), "1");
}

#[test]
fn undo_leaves_an_empty_database() {
    let built = shop();
    built.run(ORDER);
    built.undo();
    let left = format!(
        "SELECT (SELECT count(*) FROM information_schema.tables WHERE table_schema = '{0}') + \
         (SELECT count(*) FROM information_schema.routines WHERE routine_schema = '{0}')",
        built.name
    );
    assert_eq!(built.one(&left), "0");
}

/// Whatever a session of ours says is what a script says.
#[test]
fn scripts_begin_as_sessions_do() {
    assert_eq!(SESSION, engine::MARIADB_SESSION);
    assert!(server().is_running());
}
