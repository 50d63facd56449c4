//! Death, resurrection, parents and trees.

use crate::support::{Variant, refused, shop};

#[test]
fn what_falls_together_comes_back_together() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    let order = shop.order(&ann);
    shop.act(&ann, &format!("INSERT INTO shop.order_lines (order_id, quantity) VALUES ({order}, 1), ({order}, 2), ({order}, 3)")).unwrap();
    shop.act(
        &ann,
        "UPDATE shop.order_lines SET deleted_at = now() WHERE quantity = 1",
    )
    .unwrap();
    shop.act(
        &ann,
        &format!("INSERT INTO shop.gifts (order_id) VALUES ({order})"),
    )
    .unwrap();
    shop.act(
        &ann,
        "UPDATE shop.orders SET deleted_at = '2000-01-01', deletion_reason = 'oops'",
    )
    .unwrap();
    assert_eq!(
        shop.truth("SELECT deleted_at > '2001-01-01' AND deleted_by = created_by AND deletion_batch IS NOT NULL FROM shop.orders"),
        "true",
        "time, actor and batch are the database's"
    );
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop.order_lines l JOIN shop.orders o USING (deletion_batch)"),
        "2",
        "the line that was dead before has a batch of its own"
    );
    assert_eq!(
        shop.truth("SELECT count(*) FROM shop.gifts WHERE order_id IS NULL"),
        "1"
    );

    // A line cannot come back alone.
    refused(
        shop.act(
            &ann,
            "UPDATE shop.order_lines SET deleted_at = NULL WHERE quantity = 2",
        ),
        "23503",
        "order_lines_order_id_owner_id_fkey",
    );
    shop.act(&ann, "UPDATE shop.orders SET deleted_at = NULL")
        .unwrap();
    assert_eq!(
        shop.truth("SELECT string_agg(quantity::text, ',' ORDER BY quantity) FROM shop.order_lines WHERE deleted_at IS NULL"),
        "2,3"
    );
    assert_eq!(
        shop.truth("SELECT deleted_by IS NULL AND deletion_reason IS NULL AND deletion_batch IS NULL FROM shop.orders"),
        "true"
    );
    assert_eq!(
        shop.truth(
            "SELECT string_agg(operation, ',' ORDER BY seq) FROM shop_audit.log WHERE entity = 'orders'"
        ),
        "insert,soft_delete,restore"
    );
}

#[test]
fn deletion_reaches_over_two_generations_and_destroys_secrets() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    let order = shop.order(&ann);
    shop.act(
        &ann,
        &format!("INSERT INTO shop.order_lines (order_id) VALUES ({order})"),
    )
    .unwrap();
    shop.act(&ann, "INSERT INTO shop.password_resets (user_id, token, expires_at) SELECT id, sha256('t'), now() + interval '1 hour' FROM shop.users").unwrap();
    shop.act(&ann, "UPDATE shop.users SET deleted_at = now()")
        .unwrap();
    assert_eq!(
        shop.truth("SELECT count(DISTINCT deletion_batch) || ' ' || count(*) FROM (SELECT deletion_batch FROM shop.users UNION ALL SELECT deletion_batch FROM shop.orders UNION ALL SELECT deletion_batch FROM shop.order_lines) AS b"),
        "1 3"
    );
    assert_eq!(shop.truth("SELECT count(*) FROM shop.password_resets"), "0");
}

#[test]
fn a_select_policy_on_the_living_would_refuse_to_delete() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.order(&ann);
    let trap = "ALTER POLICY orders_visible ON shop.orders USING (deleted_at IS NULL AND customer_id = (SELECT shop_private.current_user_id()))
                WITH CHECK (customer_id = (SELECT shop_private.current_user_id()))";
    let mut admin = shop.admin();
    let before = "ALTER POLICY orders_visible ON shop.orders USING (customer_id = (SELECT shop_private.current_user_id()))";
    admin.batch(trap).unwrap();
    let delete = "UPDATE shop.orders SET deleted_at = now() WHERE note = 'n'";
    refused(shop.act(&ann, delete), "42501", "");
    admin.batch(before).unwrap();
    shop.act(&ann, delete).unwrap();
}

#[test]
fn the_living_refer_to_the_living() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.act(&ann, "INSERT INTO shop.categories (name) VALUES ('a')")
        .unwrap();
    shop.act(&ann, "UPDATE shop.categories SET deleted_at = now()")
        .unwrap();
    refused(
        shop.act(
            &ann,
            "INSERT INTO shop.orders (category_id) SELECT id FROM shop.categories",
        ),
        "23503",
        "orders_category_id_fkey",
    );
}

#[test]
fn a_parent_waits_for_children_that_are_on_their_way() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.act(&ann, "INSERT INTO shop.categories (name) VALUES ('a')")
        .unwrap();
    let mut first = shop.app();
    first.begin().unwrap();
    shop.enter(&mut first, &ann);
    first
        .batch("INSERT INTO shop.categories (name, parent_id) SELECT 'child', id FROM shop.categories")
        .unwrap();
    // The trap: a foreign key's lock lets a soft deletion pass.
    let error = shop.act(
        &ann,
        "SET LOCAL lock_timeout = '200ms'; UPDATE shop.categories SET deleted_at = now() WHERE name = 'a'",
    );
    refused(error, "55P03", "");
    first.commit().unwrap();
    refused(
        shop.act(
            &ann,
            "UPDATE shop.categories SET deleted_at = now() WHERE name = 'a'",
        ),
        "23503",
        "categories_parent_id_fkey",
    );
}

#[test]
fn a_snapshot_that_is_too_old_cannot_delete() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.act(&ann, "INSERT INTO shop.categories (name) VALUES ('a')")
        .unwrap();
    let mut app = shop.app();
    app.batch("BEGIN ISOLATION LEVEL REPEATABLE READ").unwrap();
    shop.enter(&mut app, &ann);
    refused(
        app.batch("UPDATE shop.categories SET deleted_at = now()"),
        "0A000",
        "",
    );
}

#[test]
fn trees_have_no_cycles() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.act(
        &ann,
        "INSERT INTO shop.categories (name) VALUES ('a'), ('b'), ('c')",
    )
    .unwrap();
    let under = |child: &str, parent: &str| {
        format!(
            "UPDATE shop.categories SET parent_id = (SELECT id FROM shop.categories WHERE name = '{parent}') WHERE name = '{child}'"
        )
    };
    shop.act(&ann, &under("b", "a")).unwrap();
    shop.act(&ann, &under("c", "b")).unwrap();
    for (child, parent) in [("a", "c"), ("a", "b"), ("a", "a")] {
        refused(
            shop.act(&ann, &under(child, parent)),
            "23514",
            "categories_parent_id_cycle",
        );
    }
}

#[test]
fn two_who_move_at_once_make_no_cycle_either() {
    let shop = shop(Variant::Setting);
    let ann = shop.sign_up("ann@example.org");
    shop.act(&ann, "INSERT INTO shop.categories (name) VALUES ('a'), ('b')")
        .unwrap();
    let under = |child: &str, parent: &str| {
        format!(
            "UPDATE shop.categories SET parent_id = (SELECT id FROM shop.categories WHERE name = '{parent}') WHERE name = '{child}'"
        )
    };
    for level in ["READ COMMITTED", "REPEATABLE READ"] {
        let (mut first, mut second) = (shop.app(), shop.app());
        for connection in [&mut first, &mut second] {
            connection
                .batch(&format!("BEGIN ISOLATION LEVEL {level}"))
                .unwrap();
            shop.enter(connection, &ann);
            connection.batch("SELECT 1 FROM shop.categories").unwrap();
        }
        first.batch(&under("a", "b")).unwrap();
        let second_move = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| second.batch(&under("b", "a")));
            std::thread::sleep(std::time::Duration::from_millis(200));
            first.commit().unwrap();
            waiting.join().unwrap()
        });
        let error = crate::support::refusal(second_move);
        let code = error.code.as_str();
        assert!(
            matches!(
                (level, code),
                ("READ COMMITTED", "23514") | ("REPEATABLE READ", "40001")
            ),
            "{level}: {error:?}"
        );
        shop.act(&ann, "UPDATE shop.categories SET parent_id = NULL")
            .unwrap();
    }
}
