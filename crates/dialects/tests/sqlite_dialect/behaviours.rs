//! Each behaviour holds, and each way around it that is known is closed.

use crate::shop::blueprint;
use crate::support::{Built, build, introspect, undo};
use dialects::sqlite::SQLITE;
use plan::ContextValues;

/// Two tenants, two users with their actors, and a context that belongs to the first of both.
fn shop() -> Built {
    let built = build(blueprint());
    built.run("INSERT INTO tenants (name) VALUES ('one'), ('two')");
    built.run("INSERT INTO users (email, password) VALUES ('ann@x.org', 'p'), ('bob@x.org', 'q')");
    let (actor, tenant) = (
        ann(&built),
        built.one("SELECT public_id FROM tenants WHERE id = 1"),
    );
    built.enter(Some(&actor), Some(&tenant));
    built
}

fn ann(built: &Built) -> String {
    built.one("SELECT public_id FROM actors WHERE user_id = 1")
}

const FORGED: &str = "'2001-01-01T00:00:00.000Z'";

#[test]
fn a_public_id_is_filled_from_the_context_and_recorded_once() {
    let built = shop();
    built.run("INSERT INTO orders DEFAULT VALUES");
    assert_eq!(built.one("SELECT tenant_id || '/' || customer_id || '/' || created_by || '/' || updated_by || '/' || version FROM orders"), "1/1/3/3/1");
    let logged = built.all("SELECT operation, actor_id, tenant_id, subject_id, row_id, row_public_id = (SELECT public_id FROM orders) FROM shop_audit_log WHERE entity = 'orders'");
    assert_eq!(logged, "insert|3|1|1|1|1");
    assert_eq!(
        built.one("SELECT changes FROM shop_audit_log WHERE entity = 'orders'"),
        format!(
            "{{\"id\":1,\"public_id\":\"{}\",\"tenant_id\":1,\"customer_id\":1,\"state\":\"cart\",\"state_changed_at\":null,\
             \"total\":0.50,\"tags\":[],\"category_id\":null,\"deleted_at\":null,\"deletion_reason\":null}}",
            built.one("SELECT public_id FROM orders")
        )
    );
}

#[test]
fn without_a_context_a_required_owner_is_asked_for() {
    let built = shop();
    built.enter(None, None);
    built.refuse(
        "INSERT INTO orders (tenant_id) VALUES (1)",
        "architrave:23502:orders:customer_id_required",
    );
    built.refuse(
        "INSERT INTO orders (customer_id) VALUES (1)",
        "architrave:23502:orders:tenant_id_required",
    );
    built.run("INSERT INTO orders (tenant_id, customer_id) VALUES (1, 1)");
    assert_eq!(built.one("SELECT created_by FROM orders"), "1");
    built.refuse(
        "INSERT INTO orders (tenant_id, customer_id) VALUES (9, 1)",
        "FOREIGN KEY",
    );
}

#[test]
fn an_unknown_actor_is_refused_and_not_taken_for_the_system() {
    let built = shop();
    built.refuse(
        "UPDATE shop_private_context SET actor = 'x', actor_id = (SELECT id FROM actors WHERE public_id = 'x')",
        "shop_private_context_actor_known",
    );
}

#[test]
fn connections_with_guarantees_switched_off_enter_no_context() {
    let built = shop();
    let enter = (SQLITE.enter)(&built.blueprint, &ContextValues::default()).join(";");
    for (off, on) in [
        (
            "PRAGMA recursive_triggers = OFF",
            "PRAGMA recursive_triggers = ON",
        ),
        ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
    ] {
        built.run(off);
        built.refuse(&enter, "shop_private_context_one_row");
        built.run(on);
        built.run(&enter);
    }
}

#[test]
fn stamps_cannot_be_forged() {
    let built = shop();
    built.run("INSERT INTO orders DEFAULT VALUES");
    for column in ["created_at", "updated_at"] {
        built.refuse(
            &format!("INSERT INTO orders ({column}) VALUES ({FORGED})"),
            &format!("42501:orders:{column}_stamped"),
        );
        built.refuse(
            &format!("UPDATE orders SET {column} = {FORGED}"),
            &format!("42501:orders:{column}_stamped"),
        );
    }
    for column in ["created_by", "updated_by"] {
        built.refuse(
            &format!("INSERT INTO orders ({column}) VALUES (2)"),
            &format!("42501:orders:{column}_stamped"),
        );
        built.refuse(
            &format!("UPDATE orders SET {column} = 2"),
            &format!("42501:orders:{column}_stamped"),
        );
    }
    built.refuse(
        "INSERT INTO orders (tenant_id) VALUES (2)",
        "42501:orders:tenant_id_foreign",
    );
    built.refuse("UPDATE orders SET created_by = 0", "created_by_stamped");
    built.refuse(
        "INSERT INTO orders (version) VALUES (7)",
        "42501:orders:version_first",
    );
}

#[test]
fn an_update_is_stamped_versioned_and_recorded_once() {
    let built = shop();
    built.run("INSERT INTO orders DEFAULT VALUES");
    let bob = built.one("SELECT public_id FROM actors WHERE user_id = 2");
    let tenant = built.one("SELECT public_id FROM tenants WHERE id = 1");
    built.enter(Some(&bob), Some(&tenant));
    std::thread::sleep(std::time::Duration::from_millis(3));
    built.run("UPDATE orders SET total = 1234");
    assert_eq!(built.one("SELECT version || '/' || created_by || '/' || updated_by || '/' || (updated_at > created_at) FROM orders"), "2/3/4/1");
    let logged = built.all("SELECT operation, actor_id, changes, transaction_id FROM shop_audit_log WHERE entity = 'orders' ORDER BY seq");
    assert!(
        logged.ends_with("update|4|{\"total\":[0.50,12.34]}|2"),
        "{logged}"
    );
    assert_eq!(logged.lines().count(), 2);
    // Nothing changed: nothing to record.
    built.run("UPDATE orders SET total = 1234");
    assert_eq!(
        built.one("SELECT count(*) FROM shop_audit_log WHERE entity = 'orders'"),
        "2"
    );
}

#[test]
fn versions_rise_by_one_and_conflicts_are_found() {
    let built = shop();
    built.run("INSERT INTO orders DEFAULT VALUES");
    built.run("UPDATE orders SET total = 1, version = version + 1");
    assert_eq!(built.one("SELECT version FROM orders"), "2");
    built.refuse(
        "UPDATE orders SET total = 2, version = 9",
        "architrave:40001:orders:version",
    );
    built.refuse("UPDATE orders SET version = 1", "architrave:40001:orders:version");
    built.run("UPDATE orders SET version = version + 1");
    assert_eq!(built.one("SELECT version FROM orders"), "3");
    built.run("UPDATE orders SET total = 5 WHERE version = 3; UPDATE orders SET total = 6");
    assert_eq!(built.one("SELECT version FROM orders"), "5");
}

#[test]
fn states_start_and_move_as_declared() {
    let built = shop();
    built.refuse(
        "INSERT INTO orders (state) VALUES ('paid')",
        "architrave:23514:orders:state_transition",
    );
    built.run("INSERT INTO orders DEFAULT VALUES");
    built.refuse(
        "UPDATE orders SET state = 'paid'",
        "architrave:23514:orders:state_transition",
    );
    built.run("UPDATE orders SET state = 'placed'");
    assert_eq!(
        built.one("SELECT state_changed_at IS NOT NULL AND version = 2 FROM orders"),
        "1"
    );
    let when = built.one("SELECT state_changed_at FROM orders");
    built.run("UPDATE orders SET state = state, total = 3");
    assert_eq!(built.one("SELECT state_changed_at FROM orders"), when);
    built.refuse(
        &format!("UPDATE orders SET state_changed_at = {FORGED}"),
        "state_changed_at_stamped",
    );
}

#[test]
fn lines_inherit_owner_and_tenant() {
    let built = shop();
    built.run("INSERT INTO orders DEFAULT VALUES");
    built.run("INSERT INTO order_lines (order_id, price, quantity) VALUES (1, 250, 3)");
    assert_eq!(
        built.one("SELECT owner_id || '/' || tenant_id || '/' || amount || '/' || version FROM order_lines"),
        "1/1/750/1"
    );
    built.refuse(
        "INSERT INTO order_lines (order_id, owner_id, price) VALUES (1, 2, 1)",
        "FOREIGN KEY",
    );
    built.refuse(
        "INSERT INTO order_lines (order_id, price) VALUES (99, 1)",
        "23502:order_lines:owner_id_required",
    );
}

#[test]
fn soft_deletion_takes_its_batch_along_and_restores_it() {
    let built = shop();
    built.run("INSERT INTO orders DEFAULT VALUES");
    built.run("INSERT INTO order_lines (order_id, price) VALUES (1, 1), (1, 2), (1, 3)");
    built.run(&format!(
        "UPDATE order_lines SET deleted_at = {FORGED} WHERE id = 3"
    ));
    assert_eq!(built.one(&format!("SELECT deleted_at > {FORGED} AND deletion_batch IS NOT NULL AND deleted_by = 3 FROM order_lines WHERE id = 3")), "1");
    built.run(&format!(
        "UPDATE orders SET deleted_at = {FORGED}, deletion_reason = 'x'"
    ));
    assert_eq!(
        built.one("SELECT version || '/' || deletion_reason FROM orders"),
        "2/x"
    );
    assert_eq!(built.one("SELECT count(*) FROM order_lines WHERE deletion_batch = (SELECT deletion_batch FROM orders) AND version = 2"), "2");
    assert_eq!(
        built.all("SELECT entity, operation, count(*) FROM shop_audit_log WHERE operation LIKE 'soft%' GROUP BY 1, 2 ORDER BY 1"),
        "order_lines|soft_delete|3\norders|soft_delete|1"
    );
    let stamp = built.one("SELECT deleted_at FROM orders");
    let entry =
        built.one("SELECT changes FROM shop_audit_log WHERE entity = 'orders' AND operation = 'soft_delete'");
    assert_eq!(
        entry,
        format!("{{\"deleted_at\":[null,\"{stamp}\"],\"deletion_reason\":[null,\"x\"]}}")
    );
    built.refuse(
        "INSERT INTO order_lines (order_id, price) VALUES (1, 1)",
        "architrave:23503:order_lines:order_id_owner_id_fkey",
    );
    built.refuse(
        "UPDATE order_lines SET deleted_at = NULL WHERE id = 1",
        "architrave:23503:order_lines:order_id_owner_id_fkey",
    );
    built.refuse(
        &format!("UPDATE orders SET deleted_at = {FORGED}"),
        "42501:orders:deleted_at_stamped",
    );
    built.run("UPDATE orders SET deleted_at = NULL");
    assert_eq!(built.one("SELECT (deleted_by IS NULL) + (deletion_reason IS NULL) + (deletion_batch IS NULL) + (version = 3) FROM orders"), "4");
    assert_eq!(
        built.all("SELECT id FROM order_lines WHERE deleted_at IS NULL ORDER BY id"),
        "1\n2"
    );
    assert_eq!(
        built.one("SELECT count(*) FROM shop_audit_log WHERE entity = 'orders' AND operation = 'restore'"),
        "1"
    );
}

#[test]
fn death_is_given_by_the_database_alone() {
    let built = shop();
    built.refuse(
        &format!("INSERT INTO orders (deleted_at) VALUES ({FORGED})"),
        "23514:orders:deleted_at_insert",
    );
    built.run("INSERT INTO orders DEFAULT VALUES");
    built.refuse(
        "UPDATE orders SET deletion_batch = '00000000-0000-4000-8000-000000000000'",
        "42501:orders:deletion_batch_stamped",
    );
    built.refuse(
        "UPDATE orders SET deletion_reason = 'x'",
        "23514:orders:deletion_reason_living",
    );
    built.run(&format!("UPDATE orders SET deleted_at = {FORGED}"));
    built.refuse(
        "UPDATE orders SET deleted_by = NULL",
        "42501:orders:deleted_by_stamped",
    );
    built.refuse(
        "UPDATE orders SET deleted_by = 2",
        "42501:orders:deleted_by_stamped",
    );
    built.refuse(
        "UPDATE orders SET deletion_batch = NULL",
        "42501:orders:deletion_batch_stamped",
    );
}

#[test]
fn soft_restrict_set_null_and_destroy() {
    let built = shop();
    built.run("INSERT INTO orders DEFAULT VALUES");
    built.refuse(
        &format!("UPDATE users SET deleted_at = {FORGED} WHERE id = 1"),
        "architrave:23503:orders:customer_id_fkey",
    );
    built
        .run("INSERT INTO tokens (user_id, token, expires_at) VALUES (2, x'00', '2099-01-01T00:00:00.000Z')");
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
fn a_tree_falls_together_and_has_no_cycle() {
    let built = shop();
    built.run("INSERT INTO categories (name, parent_id) VALUES ('a', NULL), ('b', 1), ('c', 2)");
    built.refuse(
        "UPDATE categories SET parent_id = 3 WHERE id = 1",
        "architrave:23514:categories:parent_id_cycle",
    );
    built.refuse(
        "UPDATE categories SET parent_id = id WHERE id = 1",
        "architrave:23514:categories:parent_id_cycle",
    );
    built.refuse(
        "INSERT INTO categories (id, name, parent_id) VALUES (9, 'z', 9)",
        "categories:parent_id_cycle",
    );
    built.run(&format!(
        "UPDATE categories SET deleted_at = {FORGED} WHERE id = 1"
    ));
    assert_eq!(built.one("SELECT count(DISTINCT deletion_batch) || '/' || count(deleted_at) || '/' || sum(version) FROM categories"), "1/3/6");
    built.run("UPDATE categories SET deleted_at = NULL WHERE id = 1");
    assert_eq!(
        built.one("SELECT count(*) FROM categories WHERE deleted_at IS NULL AND deletion_batch IS NULL"),
        "3"
    );
}

#[test]
fn two_roots_of_one_name_are_two_too_many() {
    let built = shop();
    built.run("INSERT INTO categories (name) VALUES ('a')");
    built.refuse(
        "INSERT INTO categories (name) VALUES ('a')",
        "categories_parent_id_name_key",
    );
    built.run(&format!(
        "UPDATE categories SET deleted_at = {FORGED}; INSERT INTO categories (name) VALUES ('a')"
    ));
}

#[test]
fn the_dead_occupy_no_address() {
    let built = shop();
    built.refuse(
        "INSERT INTO users (email, password) VALUES ('ann@x.org', 'p')",
        "UNIQUE constraint failed: users.email",
    );
    built.refuse(
        "INSERT INTO users (email, password) VALUES ('Eve@x.org', 'p')",
        "architrave:23514:users:email_normal",
    );
    built.run(&format!("UPDATE users SET deleted_at = {FORGED} WHERE id = 1"));
    built.run("INSERT INTO users (email, password) VALUES ('ann@x.org', 'p')");
}

#[test]
fn replacing_a_row_records_its_end() {
    let built = shop();
    built.run("INSERT OR REPLACE INTO users (id, email, password) VALUES (2, 'new@x.org', 'p')");
    assert_eq!(
        built.all("SELECT operation FROM shop_audit_log WHERE entity = 'users' AND row_id = 2 ORDER BY seq"),
        "insert\ndelete\ninsert"
    );
    // The trap: without the setting, the end of the row leaves no entry.
    built.run("PRAGMA recursive_triggers = OFF");
    built.run("INSERT OR REPLACE INTO users (id, email, password) VALUES (2, 'newer@x.org', 'p')");
    assert_eq!(
        built.one("SELECT count(*) FROM shop_audit_log WHERE operation = 'delete'"),
        "1"
    );
}

#[test]
fn upserts_are_updates_when_they_meet() {
    let built = shop();
    built.run("INSERT INTO users (id, email, password) VALUES (2, 'bob@x.org', 'z') ON CONFLICT (id) DO UPDATE SET password = excluded.password");
    assert_eq!(
        built.one("SELECT password || '/' || version FROM users WHERE id = 2"),
        "z/2"
    );
    assert_eq!(
        built.all("SELECT operation, json_extract(changes, '$.password') FROM shop_audit_log WHERE entity = 'users' AND row_id = 2 ORDER BY seq"),
        "insert|changed\nupdate|changed"
    );
}

#[test]
fn returning_is_stale_and_the_row_is_not() {
    let built = shop();
    assert_eq!(
        built.one("INSERT INTO orders DEFAULT VALUES RETURNING created_by"),
        "0",
        "the trap has gone: say so in the losses"
    );
    assert_eq!(built.one("SELECT created_by FROM orders"), "3");
    assert!(
        built
            .realised
            .lost
            .iter()
            .any(|lost| lost.guarantee == "returning")
    );
}

#[test]
fn many_rows_in_one_statement_are_each_filled_and_recorded() {
    let built = shop();
    built.run("INSERT INTO orders (total) VALUES (1), (2), (3)");
    built.run("UPDATE orders SET total = total * 2");
    assert_eq!(
        built.one("SELECT sum(version) || '/' || sum(total) || '/' || count(DISTINCT public_id) FROM orders"),
        "6/12/3"
    );
    assert_eq!(
        built.one("SELECT count(*) FROM shop_audit_log WHERE entity = 'orders'"),
        "6"
    );
    built.refuse(
        "INSERT INTO orders (total) VALUES (1), (99999999999999)",
        "orders_total_type",
    );
    assert_eq!(built.one("SELECT count(*) FROM orders"), "3");
}

#[test]
fn secrets_are_recorded_as_changed_only() {
    let built = shop();
    built.run("UPDATE users SET password = 'canary', is_admin = 1 WHERE id = 1");
    let log = built.all("SELECT changes FROM shop_audit_log WHERE entity = 'users'");
    assert!(!log.contains("canary") && !log.contains("ann@"), "{log}");
    assert!(
        log.ends_with("{\"password\":\"changed\",\"is_admin\":[false,true]}"),
        "{log}"
    );
}

#[test]
fn the_audit_trail_is_only_added_to() {
    let built = shop();
    built.refuse(
        "DELETE FROM shop_audit_log",
        "architrave:42501:shop_audit_log:append_only",
    );
    built.refuse(
        "UPDATE shop_audit_log SET operation = 'x'",
        "architrave:42501:shop_audit_log:append_only",
    );
    built.refuse("UPDATE shop_audit_log SET changes = '{}'", "append_only");
    built.run("UPDATE shop_audit_log SET commitment = x'aa' WHERE seq = 1");
    built.refuse(
        "UPDATE shop_audit_log SET commitment = x'bb' WHERE seq = 1",
        "append_only",
    );
    built.run("UPDATE shop_audit_log SET changes = NULL, salt = NULL WHERE seq = 1");
    built.refuse("REPLACE INTO shop_audit_log (seq, transaction_id, actor_id, entity, operation) VALUES (1, 1, 1, 'x', 'x')", "append_only");
}

#[test]
fn immutable_columns_stay() {
    let built = shop();
    built.run("INSERT INTO orders DEFAULT VALUES");
    built.refuse(
        "UPDATE orders SET public_id = '00000000-0000-4000-8000-000000000000'",
        "architrave:23514:orders:public_id_immutable",
    );
}

#[test]
fn what_erasure_writes_passes_immutable_columns_and_what_follows_a_reference_follows() {
    let mut blueprint = crate::shop::blueprint();
    for (table, columns) in [
        ("users", vec!["email", "password"]),
        ("order_lines", vec!["owner_id", "tenant_id"]),
    ] {
        let like = blueprint
            .behaviours
            .iter()
            .find(|placed| placed.table.name.as_str() == table);
        let table = like.unwrap().table.clone();
        blueprint.behaviours.push(physical::Placed {
            table,
            what: physical::Behaviour::Immutable {
                columns: columns.into_iter().map(Into::into).collect(),
            },
            origin: physical::Origin::Found,
        });
    }
    let built = crate::support::build(blueprint);
    built.run("INSERT INTO tenants (name) VALUES ('one'); INSERT INTO users (email, password) VALUES ('ann@x.org', 'p'), ('bob@x.org', 'p')");
    built.refuse(
        "UPDATE users SET email = 'eve@x.org' WHERE id = 1",
        "architrave:23514:users:email_immutable",
    );
    let (_, sql) = dialects::sqlite::scripts(&built.blueprint)
        .into_iter()
        .find(|(name, _)| name == "erase_user")
        .unwrap();
    let id = built.one("SELECT public_id FROM users WHERE id = 1");
    built.run(&sql.replace(":public_id", &format!("'{id}'")));
    assert_eq!(
        built.one("SELECT count(*) FROM users WHERE email = 'ann@x.org'"),
        "0"
    );
    // An order line moves to another order, of somebody else.
    let (bob, eve) = (
        "SELECT public_id FROM actors WHERE user_id = 2",
        "SELECT public_id FROM actors WHERE user_id = 3",
    );
    built.run("INSERT INTO users (email, password) VALUES ('eve@x.org', 'p')");
    for who in [bob, eve] {
        let actor = built.one(who);
        let tenant = built.one("SELECT public_id FROM tenants");
        built.enter(Some(&actor), Some(&tenant));
        built.run("INSERT INTO orders DEFAULT VALUES");
    }
    built.run("INSERT INTO order_lines (order_id, price, quantity) VALUES (1, 1, 1)");
    assert_eq!(built.one("SELECT owner_id FROM order_lines"), "2");
    built.run("UPDATE order_lines SET order_id = 2");
    assert_eq!(built.one("SELECT owner_id FROM order_lines"), "3");
}

#[test]
fn ids_are_never_used_twice() {
    let built = shop();
    built.run("INSERT INTO orders DEFAULT VALUES; DELETE FROM orders; INSERT INTO orders DEFAULT VALUES");
    assert_eq!(built.one("SELECT id FROM orders"), "2");
}

#[test]
fn a_failing_statement_leaves_nothing_switched_off() {
    let built = shop();
    built.run("INSERT INTO orders DEFAULT VALUES");
    let _ = built
        .connection
        .execute_batch("UPDATE OR FAIL orders SET total = 99999999999999");
    let _ = built
        .connection
        .execute_batch("INSERT OR FAIL INTO orders (total) VALUES (5), (99999999999999)");
    built.run("UPDATE orders SET total = 7");
    assert_eq!(
        built.one("SELECT count(*) FROM orders WHERE created_by = 0 OR tenant_id = 0"),
        "0"
    );
    assert_eq!(
        built.one("SELECT count(*) FROM shop_audit_log WHERE entity = 'orders' AND operation = 'update'"),
        built.one("SELECT count(*) FROM orders")
    );
}

#[test]
fn undo_leaves_an_empty_database() {
    let built = shop();
    built.run("INSERT INTO orders DEFAULT VALUES; INSERT INTO order_lines (order_id, price) VALUES (1, 1)");
    built.enter(None, None);
    // A plan is undone as it is done: in one transaction, keys checked at its end.
    built.run("BEGIN; PRAGMA defer_foreign_keys = ON");
    undo(&built.connection, &built.steps);
    built.run("COMMIT");
    assert_eq!(introspect(&built.connection), physical::Database::default());
}

#[test]
fn what_is_lost_is_said_once_per_guarantee() {
    let built = shop();
    let mut said: Vec<(&str, &str)> = built
        .realised
        .lost
        .iter()
        .map(|lost| (lost.guarantee, lost.reason.as_str()))
        .collect();
    let count = said.len();
    said.sort_unstable();
    said.dedup();
    assert_eq!(said.len(), count);
    for wanted in [
        "row-level-security",
        "roles",
        "partitions",
        "file",
        "functions",
        "masked-views",
        "identity-always",
        "commitments",
    ] {
        assert!(said.iter().any(|(guarantee, _)| *guarantee == wanted), "{wanted}");
    }
    for lost in &built.realised.lost {
        assert!(!lost.reason.ends_with('.') && lost.reason.len() > 20, "{lost:?}");
    }
}

#[test]
fn what_is_inherited_follows_the_reference() {
    let built = shop();
    built.run("INSERT INTO orders DEFAULT VALUES; INSERT INTO order_lines (order_id, price) VALUES (1, 1)");
    built.enter(None, None);
    built.run("INSERT INTO orders (tenant_id, customer_id) VALUES (2, 2)");
    built.run("UPDATE order_lines SET order_id = 2");
    assert_eq!(
        built.one("SELECT owner_id || '/' || tenant_id || '/' || version FROM order_lines"),
        "2/2/2"
    );
    let entries = "SELECT count(*) FROM shop_audit_log WHERE entity = 'order_lines' AND operation = 'update'";
    assert_eq!(built.one(entries), "1");
    built.refuse("UPDATE order_lines SET owner_id = 1", "FOREIGN KEY");
}
