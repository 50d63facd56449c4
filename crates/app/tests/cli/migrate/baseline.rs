//! A database that was there before its migrations were written.

use super::{BOTH, Stage};

fn stage(product: &str) -> Stage {
    let stage = Stage::empty(product);
    stage.sql("CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL); INSERT INTO customers VALUES (1, 'a');");
    stage.write(
        "0001_customers/up.sql",
        "CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);",
    );
    stage.write("0001_customers/down.sql", "DROP TABLE customers;");
    stage.write("0002_orders/up.sql", "CREATE TABLE orders (id int PRIMARY KEY);");
    stage.write("0002_orders/down.sql", "DROP TABLE orders;");
    stage
}

#[test]
fn what_is_there_counts_as_applied_and_is_not_run() {
    for product in BOTH {
        let stage = stage(product);
        stage.migrate(&["apply"]).ends(1).says("already exists");
        stage
            .migrate(&["baseline", "--to", "1"])
            .ends(0)
            .says("it was not run");
        stage.migrate(&["verify"]).ends(0);
        stage.migrate(&["apply"]).ends(0).says("1 migration applied");
        assert_eq!(stage.rows("SELECT name FROM customers"), ["[Text(\"a\")]"]);
        let events = stage.rows(&format!(
            "SELECT event, number FROM {} ORDER BY position",
            stage.history()
        ));
        assert_eq!(
            events,
            ["[Text(\"baselined\"), Int(1)]", "[Text(\"applied\"), Int(2)]"]
        );
        stage.migrate(&["rollback", "--steps", "2"]).ends(0);
        stage.migrate(&["apply"]).ends(0).says("2 migrations applied");
        stage.migrate(&["verify"]).ends(0);
    }
}

#[test]
fn another_schema_is_told_and_nothing_is_written() {
    for product in BOTH {
        let stage = stage(product);
        stage
            .migrate(&["baseline", "--to", "2"])
            .ends(1)
            .says("another schema than these migrations make")
            .says("DROP TABLE")
            .says("nothing was written");
        stage.migrate(&["status"]).ends(0).says("0001_customers  pending");
        stage
            .migrate(&["baseline", "--to", "3", "--accept-drift"])
            .ends(1)
            .says("there is no migration 3");
        stage
            .migrate(&["baseline", "--to", "2", "--accept-drift"])
            .ends(0);
        stage
            .migrate(&["baseline", "--to", "2", "--accept-drift"])
            .ends(1)
            .says("a history already");
        stage.migrate(&["verify"]).ends(0);
    }
}
