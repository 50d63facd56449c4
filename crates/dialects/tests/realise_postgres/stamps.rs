//! Times, authors, versions, states, normal forms, what never changes.

use crate::support::{Variant, refusal, refused, shop};

#[test]
fn authors_times_and_version_are_the_databases() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up(" Ann@Example.ORG\n");
    let order = shop.order(&ann);
    let stamped = "created_by = updated_by AND version = 1 AND created_at = updated_at AND
                   created_by = (SELECT a.id FROM shop.actors a JOIN shop.users u ON u.id = a.user_id)";
    assert_eq!(shop.truth(&format!("SELECT {stamped} FROM shop.orders")), "true");
    shop.act(
        &ann,
        &format!("UPDATE shop.orders SET note = 'x' WHERE id = {order}"),
    )
    .unwrap();
    assert_eq!(
        shop.truth("SELECT version = 2 AND updated_at > created_at FROM shop.orders"),
        "true"
    );
    // The application has no right to say who wrote; and where somebody has, the database says it anyway.
    refused(
        shop.act(&ann, "INSERT INTO shop.orders (note, created_by) VALUES ('x', 1)"),
        "42501",
        "",
    );
    let mut migrator = shop.login("migrator");
    migrator.batch("UPDATE shop.orders SET created_by = 1, created_at = '2000-01-01', updated_by = 1, updated_at = '2000-01-01'").unwrap();
    assert_eq!(
        shop.truth("SELECT created_by > 2 AND created_at > '2001-01-01' AND updated_at > '2001-01-01' FROM shop.orders"),
        "true"
    );
    assert_eq!(
        shop.truth("SELECT email = 'ann@example.org' FROM shop.users"),
        "true"
    );
}

#[test]
fn without_a_context_the_system_is_the_author() {
    let shop = shop(Variant::Setting);
    shop.sign_up("ann@example.org");
    assert_eq!(shop.truth("SELECT created_by FROM shop.users"), "1");
}

#[test]
fn a_lost_update_is_refused_and_an_orms_own_raise_stands() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.order(&ann);
    shop.act(&ann, "UPDATE shop.orders SET note = 'a', version = version + 1")
        .unwrap();
    assert_eq!(shop.truth("SELECT version FROM shop.orders"), "2");
    refused(
        shop.act(&ann, "UPDATE shop.orders SET note = 'b', version = 7"),
        "40001",
        "orders_version",
    );
    refused(
        shop.act(&ann, "UPDATE shop.orders SET note = 'b', version = 1"),
        "40001",
        "orders_version",
    );
}

#[test]
fn only_declared_states_and_moves() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    refused(
        shop.act(&ann, "INSERT INTO shop.orders (state) VALUES ('paid')"),
        "23514",
        "orders_state_transition",
    );
    shop.order(&ann);
    refused(
        shop.act(&ann, "UPDATE shop.orders SET state = 'paid'"),
        "23514",
        "orders_state_transition",
    );
    let before = shop.truth("SELECT state_changed_at FROM shop.orders");
    shop.act(&ann, "UPDATE shop.orders SET note = 'still a cart'")
        .unwrap();
    assert_eq!(shop.truth("SELECT state_changed_at FROM shop.orders"), before);
    shop.act(&ann, "UPDATE shop.orders SET state = 'placed'").unwrap();
    shop.act(&ann, "UPDATE shop.orders SET state = 'paid'").unwrap();
    assert_ne!(shop.truth("SELECT state_changed_at FROM shop.orders"), before);
    let error = refusal(shop.act(&ann, "UPDATE shop.orders SET state = 'cart', note = 'canary'"));
    assert_eq!(
        (error.table.as_deref(), error.column.as_deref()),
        (Some("orders"), Some("state"))
    );
    assert!(
        !format!("{error:?}").contains("canary"),
        "a value of the row is told: {error:?}"
    );
}

#[test]
fn what_never_changes_does_not() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.order(&ann);
    refused(
        shop.act(&ann, "UPDATE shop.orders SET reference = 'x'"),
        "23514",
        "orders_reference_immutable",
    );
    let gift = "INSERT INTO shop.gifts (order_id) SELECT max(id) FROM shop.orders";
    shop.act(&ann, gift).unwrap();
    shop.order(&ann);
    refused(
        shop.act(
            &ann,
            "UPDATE shop.gifts SET order_id = (SELECT max(id) FROM shop.orders)",
        ),
        "23514",
        "gifts_order_id_immutable",
    );
    let mut migrator = shop.login("migrator");
    let other = "UPDATE shop.gifts SET public_id = gen_random_uuid()";
    refused(migrator.batch(other), "23514", "gifts_public_id_immutable");
    refused(
        migrator.batch("UPDATE shop.gifts SET owner_id = NULL"),
        "23514",
        "gifts_owner_id_immutable",
    );
    migrator
        .batch(&format!(
            "BEGIN; SET LOCAL app.backfill = '0008_new_ids'; {other}; COMMIT"
        ))
        .unwrap();

    // What a foreign key does, and what a deletion does to references, is no change of mind.
    let left = "SELECT count(*) FROM shop.gifts WHERE order_id IS NULL";
    shop.act(&ann, "UPDATE shop.orders SET deleted_at = now()")
        .unwrap();
    assert_eq!(shop.truth(left), "1");
    shop.order(&ann);
    shop.act(&ann, gift).unwrap();
    migrator
        .batch("DELETE FROM shop.orders AS o USING shop.gifts AS g WHERE g.order_id = o.id")
        .unwrap();
    assert_eq!(shop.truth(left), "2");
}

#[test]
fn every_way_to_write_goes_through() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    let returned = {
        let mut app = shop.app();
        app.begin().unwrap();
        shop.enter(&mut app, &ann);
        let rows = app
            .query("INSERT INTO shop.orders (note) VALUES ('a'), ('b') RETURNING version, created_by > 2, customer_id IS NOT NULL", &[])
            .unwrap();
        app.batch("INSERT INTO shop.categories (name) VALUES ('c')")
            .unwrap();
        app.batch(
            "MERGE INTO shop.categories AS c USING (VALUES ('c'), ('d')) AS v (name) ON c.name = v.name
             WHEN MATCHED THEN UPDATE SET name = 'C'
             WHEN NOT MATCHED THEN INSERT (name) VALUES (v.name)",
        )
        .unwrap();
        app.commit().unwrap();
        rows
    };
    assert_eq!(returned.rows.len(), 2);
    assert_eq!(
        format!("{:?}", returned.rows[0]),
        "[Int(1), Bool(true), Bool(true)]"
    );
    let mut migrator = shop.login("migrator");
    migrator
        .batch(
            "INSERT INTO shop.users (email, password_hash) VALUES ('ann@example.org', 'x')
             ON CONFLICT (email) DO UPDATE SET full_name = 'Ann'",
        )
        .unwrap();
    // Row-level security knows no COPY FROM, for anyone who is under it; a superuser's goes through the triggers all the same.
    let copy = "COPY shop.categories (name) FROM STDIN";
    let rows = || vec![b"e\nf\n".to_vec()].into_iter();
    assert_eq!(
        refusal(migrator.copy_in(copy, &mut rows()).map(|_| ())).code,
        "0A000"
    );
    shop.admin().copy_in(copy, &mut rows()).unwrap();
    assert_eq!(
        shop.truth("SELECT string_agg(name, ',' ORDER BY name COLLATE \"C\") FROM shop.categories"),
        "C,d,e,f"
    );
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop.categories WHERE created_by IS NULL OR created_at IS NULL"),
        "0"
    );
    // categories: c, d, C's update, e, f; orders: 2; users: sign-up and upsert
    let counted = "SELECT string_agg(entity || ' ' || operation || ' ' || n, ', ' ORDER BY entity, operation)
                   FROM (SELECT entity, operation, count(*) AS n FROM shop_audit.log GROUP BY 1, 2) AS c";
    assert_eq!(
        shop.truth(counted),
        "categories insert 4, categories update 1, orders insert 2, users insert 1, users update 1"
    );
}

#[test]
fn version_seven_ids_are_made_before_version_eighteen() {
    let shop = shop(Variant::Setting);
    let mut migrator = shop.login("migrator");
    migrator
        .batch("INSERT INTO shop.orgs (name) VALUES ('o')")
        .unwrap();
    migrator
        .batch(
            "INSERT INTO shop.memos (tenant_id, body) SELECT id, 'm' FROM shop.orgs, generate_series(1, 20)",
        )
        .unwrap();
    let good = "SELECT bool_and(public_id::text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]')
                   AND bool_and(abs(('x' || substr(replace(public_id::text, '-', ''), 1, 12))::bit(48)::bigint - extract(epoch FROM now()) * 1000) < 60000)
                FROM shop.memos";
    assert_eq!(shop.truth(good), "true");
}
