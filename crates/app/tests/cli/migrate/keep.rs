//! What a migration takes out of a schema is set aside, comes back with `rollback`, and goes for good with `contract`.

use std::fs;

use engine::{ConnectOptions, Connection, DatabaseUrl};

use super::{BOTH, Stage};
use crate::support::{Ran, root, server, validate};

/// A database with rows, and the migration that takes most of it away, written and not applied. On PostgreSQL whoever migrates is an
/// ordinary owner, whom row-level security binds.
struct Kept {
    stage: Stage,
    product: &'static str,
    /// A connection that sees everything.
    all: Connection,
}

impl Kept {
    fn new(product: &'static str) -> Self {
        let mut stage = Stage::empty(product);
        if product == "postgres" {
            let mut superuser = open(&stage.address);
            superuser
                .batch("DO $$ BEGIN CREATE ROLE ordinary LOGIN CREATEDB; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$")
                .unwrap();
            let url = DatabaseUrl::parse(&stage.address).unwrap();
            let name = url.database();
            superuser
                .batch(&format!(
                    "ALTER DATABASE {name} OWNER TO ordinary; ALTER SCHEMA public OWNER TO ordinary"
                ))
                .unwrap();
            stage.address = server().url(&name, "ordinary").to_string();
        }
        for name in ["one.sql", "two.sql"] {
            let text = fixture(product, name);
            stage.project.write(name, text);
        }
        let all = if product == "postgres" {
            let url = DatabaseUrl::parse(&stage.address).unwrap();
            open(&server().url(&url.database(), server().superuser()).to_string())
        } else {
            stage.connect()
        };
        let mut it = Self { stage, product, all };
        it.new_migration("init", "one.sql").ends(0);
        it.stage.migrate(&["apply"]).ends(0);
        it.all.batch(&fixture(product, "rows.sql")).unwrap();
        it
    }

    fn new_migration(&self, name: &str, goal: &str) -> Ran {
        self.stage
            .migrate(&["new", name, "--on", self.product, "--to", goal])
    }

    /// Every row of every table of the user's.
    fn contents(&mut self) -> Vec<String> {
        let tables = if self.product == "postgres" {
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE nspname = 'public' AND relkind IN ('r', 'p') ORDER BY 1"
        } else {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'architrave_*' ORDER BY 1"
        };
        let found = self.all.query(tables, &[]).unwrap();
        let names = found.rows.iter().map(|row| row[0].as_text().unwrap().to_owned());
        let names: Vec<String> = names.collect();
        let mut out = Vec::new();
        for name in names {
            // Columns come back behind the others.
            let columns = if self.product == "postgres" {
                "to_jsonb(t)::text"
            } else {
                "*"
            };
            let sql = format!("SELECT {columns} FROM {name} AS t");
            let rows = self.all.query(&sql, &[]).unwrap();
            let mut rows: Vec<String> = rows.rows.iter().map(|row| format!("{name} {row:?}")).collect();
            rows.sort();
            out.extend(rows);
        }
        out
    }
}

fn open(address: &str) -> Connection {
    Connection::open(&DatabaseUrl::parse(address).unwrap(), &ConnectOptions::default()).unwrap()
}

fn fixture(product: &str, name: &str) -> String {
    fs::read_to_string(root().join("fixtures/migrate/keep").join(product).join(name)).unwrap()
}

#[test]
fn rows_come_back_as_they_were() {
    for product in BOTH {
        let mut it = Kept::new(product);
        let before = it.contents();
        assert!(before.len() > 390, "{}", before.len());
        // The tags of SQLite have no key and go whole, so nothing is lost anywhere.
        it.new_migration("less", "two.sql")
            .ends(0)
            .keeps_silent_about("data loss");
        it.stage.migrate(&["apply"]).ends(0);
        let less = it.contents();
        assert!(less.len() < before.len(), "{product}: nothing has gone");
        it.stage.migrate(&["verify"]).ends(0);
        it.stage
            .migrate(&["status"])
            .ends(0)
            .says("set aside: architrave_migrations_0002_less");
        it.stage
            .migrate(&["rollback"])
            .ends(0)
            .keeps_silent_about("does not undo all of it");
        assert_eq!(it.contents(), before, "{product}");
        it.stage.migrate(&["verify"]).ends(0);
        it.stage
            .migrate(&["status"])
            .ends(0)
            .keeps_silent_about("set aside");
        it.stage.migrate(&["apply"]).ends(0);
        assert_eq!(it.contents(), less, "{product}");
    }
}

#[test]
fn what_was_written_since_stays() {
    for product in BOTH {
        let mut it = Kept::new(product);
        it.new_migration("less", "two.sql").ends(0);
        it.stage.migrate(&["apply"]).ends(0);
        let written = "UPDATE customers SET name = 'new' WHERE id = 3; DELETE FROM customers WHERE id = 200;";
        let keyed = if product == "postgres" {
            "UPDATE customers SET total = 99, seen = '2020-02-02' WHERE id = 4"
        } else {
            "UPDATE customers SET zip = 99 WHERE id = 4"
        };
        it.all.batch(&format!("{written} {keyed}")).unwrap();
        // An order of a customer who has gone would refer to nobody.
        let orphan = if product == "postgres" {
            "DELETE FROM architrave_migrations_0002_less.orders WHERE customer = 200"
        } else {
            "DELETE FROM architrave_migrations_0002_less_orders WHERE customer = 200"
        };
        it.all.batch(orphan).unwrap();
        it.stage.migrate(&["rollback"]).ends(0);
        let what = if product == "postgres" {
            "SELECT name, code, total::float8, seen::date::text FROM customers WHERE id IN (3, 4, 5, 200) ORDER BY id"
        } else {
            "SELECT name, code, zip, note FROM customers WHERE id IN (3, 4, 5, 200) ORDER BY id"
        };
        let rows = it.all.query(what, &[]).unwrap();
        let rows: Vec<String> = rows.rows.iter().map(|row| format!("{row:?}")).collect();
        let expected = if product == "postgres" {
            [
                r#"[Text("new"), Text("c3"), Float(0.4286), Text("2026-01-01")]"#,
                r#"[Text("n4"), Text("c4"), Float(99.0), Text("2020-02-02")]"#,
                r#"[Text("n5"), Text("c5"), Float(0.7143), Text("2026-01-01")]"#,
            ]
        } else {
            [
                r#"[Text("new"), Text("c3"), Text("03"), Text("note 3")]"#,
                r#"[Text("n4"), Text("c4"), Text("99"), Text("note 4")]"#,
                r#"[Text("n5"), Text("c5"), Text("05"), Text("note 5")]"#,
            ]
        };
        assert_eq!(rows, expected, "{product}");
    }
}

#[test]
fn what_is_destroyed_does_not_come_back() {
    for product in BOTH {
        let it = Kept::new(product);
        it.new_migration("less", "two.sql").ends(0);
        it.stage
            .migrate(&["contract"])
            .ends(0)
            .says("nothing is set aside");
        it.stage.migrate(&["apply"]).ends(0);
        let document = it.stage.migrate(&["status", "--format", "json"]).ends(0).json();
        validate("migrate-1.schema.json", &document);
        let kept = document["kept"].as_array().unwrap();
        assert!(
            !kept.is_empty() && kept.iter().all(|aside| aside["by"] == 2),
            "{kept:?}"
        );
        it.stage
            .migrate(&["contract"])
            .ends(0)
            .says("set aside: architrave_migrations_0002_less")
            .says("nothing was destroyed");
        it.stage
            .migrate(&["contract", "--to", "1", "--destroy"])
            .ends(0)
            .says("nothing is set aside");
        it.stage
            .migrate(&["contract", "--destroy"])
            .ends(0)
            .says("destroyed: architrave_migrations_0002_less");
        it.stage
            .migrate(&["contract"])
            .ends(0)
            .says("nothing is set aside");
        it.stage.migrate(&["verify"]).ends(0);
        it.stage
            .migrate(&["rollback"])
            .ends(1)
            .says("what 0002_less had set aside was destroyed")
            .says("nothing was run");
        let events = it.stage.rows(&format!(
            "SELECT event, number FROM {} ORDER BY position",
            it.stage.history()
        ));
        assert_eq!(events.last().unwrap(), r#"[Text("contracted"), Int(2)]"#);
    }
}

#[test]
fn what_others_lean_on_is_not_destroyed() {
    let mut it = Kept::new("postgres");
    it.new_migration("less", "two.sql").ends(0);
    it.stage.migrate(&["apply"]).ends(0);
    it.all
        .batch("CREATE SCHEMA mine; CREATE VIEW mine.old AS SELECT * FROM architrave_migrations_0002_less.orders")
        .unwrap();
    it.stage
        .migrate(&["contract", "--destroy"])
        .ends(1)
        .says("other objects depend on it")
        .says("nothing was destroyed");
    assert_eq!(
        it.stage
            .rows("SELECT count(*) FROM architrave_migrations_0002_less.parts"),
        ["[Int(400)]"]
    );
    it.all.batch("DROP SCHEMA mine CASCADE").unwrap();
    it.stage.migrate(&["rollback"]).ends(0);
}

#[test]
fn nothing_is_kept_when_nobody_wants_it() {
    for product in BOTH {
        let mut it = Kept::new(product);
        let arguments = [
            "new",
            "less",
            "--on",
            product,
            "--to",
            "two.sql",
            "--keep-nothing",
        ];
        it.stage.migrate(&arguments).ends(1).says("would lose data");
        let mut arguments = arguments.to_vec();
        arguments.push("--accept-data-loss");
        it.stage.migrate(&arguments).ends(0);
        it.stage.migrate(&["apply"]).ends(0);
        it.stage
            .migrate(&["contract"])
            .ends(0)
            .says("nothing is set aside");
        assert!(!it.contents().is_empty());
    }
}

#[test]
fn a_right_that_is_missing_is_told_before_anything_runs() {
    let mut it = Kept::new("postgres");
    it.new_migration("less", "two.sql").ends(0);
    let name = DatabaseUrl::parse(&it.stage.address).unwrap().database();
    let before = it.contents();
    it.all
        .batch(&format!("ALTER DATABASE {name} OWNER TO CURRENT_USER"))
        .unwrap();
    it.stage
        .migrate(&["apply"])
        .ends(3)
        .says("0002_less sets aside what goes")
        .says(&format!("missing: CREATE on database {name}"))
        .says("nothing was run");
    assert_eq!(it.contents(), before);
    it.all
        .batch(&format!("GRANT CREATE ON DATABASE {name} TO ordinary"))
        .unwrap();
    it.stage.migrate(&["apply"]).ends(0);
}
