//! Forth and back, and what is said on the way.

use super::{BOTH, Stage};
use crate::support::validate;

#[test]
fn what_is_applied_is_remembered_and_agrees() {
    for product in BOTH {
        let stage = Stage::fixture(product);
        stage
            .migrate(&["apply", "--to", "1"])
            .ends(0)
            .says("1 migration applied");
        stage
            .migrate(&["status"])
            .ends(0)
            .says("0001_customers  applied")
            .says("0003_")
            .says("pending");
        stage.migrate(&["apply"]).ends(0).says("2 migrations applied");
        stage.migrate(&["apply"]).ends(0).says("nothing is pending");
        stage
            .migrate(&["verify"])
            .ends(0)
            .says("3 applied migrations agree");
        let status = stage.migrate(&["status", "--format", "json"]).ends(0).json();
        validate("migrate-1.schema.json", &status);
        assert_eq!(status["holds"], true);
        assert_eq!(status["migrations"][2]["number"], 3);
        assert_eq!(status["migrations"][2]["state"], "applied");
        assert_eq!(status["drift"]["state"], "none");
    }
}

#[test]
fn the_way_back_ends_where_the_way_began() {
    let stage = Stage::fixture("postgres");
    stage.migrate(&["apply"]).ends(0);
    stage
        .migrate(&["rollback"])
        .ends(0)
        .says("rolling back 0003_search");
    stage
        .migrate(&["rollback", "--to", "0"])
        .ends(0)
        .says("2 migrations rolled back")
        .keeps_silent_about("does not undo");
    let ends = stage.rows(
        "SELECT b.schema_before = a.schema_after FROM architrave_migrations.history a, architrave_migrations.history b \
         WHERE b.position = 1 AND a.position = 6",
    );
    assert_eq!(ends, ["[Bool(true)]"]);
    stage.migrate(&["apply"]).ends(0).says("3 migrations applied");
}

#[test]
fn a_way_back_that_forgets_something_is_told() {
    let stage = Stage::empty("sqlite");
    stage.write("1_a/up.sql", "CREATE TABLE a (x); CREATE TABLE b (x);");
    stage.write("1_a/down.sql", "DROP TABLE a;");
    stage.migrate(&["apply"]).ends(0);
    stage
        .migrate(&["rollback"])
        .ends(0)
        .says("its `down.sql` does not undo all of it");
}

#[test]
fn without_a_way_back_nothing_is_rolled_back() {
    let stage = Stage::fixture("sqlite");
    stage.migrate(&["apply"]).ends(0);
    let before = stage.rows("SELECT * FROM sqlite_schema");
    stage
        .migrate(&["rollback", "--steps", "3"])
        .ends(1)
        .says("0003_rebuild has no `down.sql`");
    assert_eq!(stage.rows("SELECT * FROM sqlite_schema"), before);
}

#[test]
fn a_dry_run_changes_nothing_and_says_what_would_run() {
    let stage = Stage::fixture("postgres");
    stage
        .migrate(&["apply", "--dry-run"])
        .ends(0)
        .says("CREATE SCHEMA shop;")
        .says("-- outside of a transaction\nCREATE INDEX CONCURRENTLY orders_customer_idx");
    assert_eq!(
        stage.rows("SELECT 1 FROM pg_namespace WHERE nspname IN ('shop', 'architrave_migrations')"),
        [""; 0]
    );
}

#[test]
fn an_error_is_told_with_its_place_and_what_holds_now() {
    for product in BOTH {
        let stage = Stage::empty(product);
        stage.write(
            "1_a/up.sql",
            "CREATE TABLE a (x integer);\n\nINSERT INTO a\n  SELECT nonsense;\n",
        );
        let ran = stage.migrate(&["apply"]).ends(1);
        ran.says("up.sql:4:10")
            .says("statement 2 of 2 failed")
            .says("nonsense")
            .says("nothing of 0001_a is done")
            .says("\n  | INSERT INTO a\n  |   SELECT nonsense\n")
            .says("mend the file");
        assert!(
            stage.connect().execute("SELECT * FROM a").is_err(),
            "it was rolled back"
        );
        stage.write(
            "1_a/up.sql",
            "CREATE TABLE a (x integer);\nINSERT INTO a SELECT 1;\n",
        );
        stage.migrate(&["apply"]).ends(0);
    }
}

#[test]
fn a_failed_migration_is_mended_and_goes_on_behind_what_is_done() {
    let stage = Stage::empty("postgres");
    stage.write(
        "1_a/up.sql",
        "CREATE TABLE a (x integer);\nINSERT INTO a VALUES (1), (1);\nVACUUM a;\nCREATE UNIQUE INDEX CONCURRENTLY a_x ON a (x);\n",
    );
    stage
        .migrate(&["apply"])
        .ends(1)
        .says("statement 4 of 4 failed")
        .says("since a build that failed left it: \"public\".\"a_x\"")
        .says("of 0001_a the first 3 of 4 statements are done");
    stage
        .migrate(&["status"])
        .ends(0)
        .says("apply failed after 3 statements");
    let status = stage.migrate(&["verify", "--format", "json"]).ends(1).json();
    validate("migrate-1.schema.json", &status);
    assert_eq!(status["unfinished"]["done"], 3);
    assert_eq!(status["unfinished"]["open"], false);
    stage.write("1_a/up.sql", "CREATE TABLE a (x bigint);\nVACUUM a;\n");
    stage
        .migrate(&["apply"])
        .ends(1)
        .says("statement 1 of 0001_a was edited");
    stage.write(
        "1_a/up.sql",
        "CREATE TABLE a (x integer);\nINSERT INTO a VALUES (1), (1);\nVACUUM a;\nDELETE FROM a WHERE ctid = '(0,1)';\n\
         CREATE UNIQUE INDEX CONCURRENTLY a_x ON a (x);\n",
    );
    stage
        .migrate(&["apply"])
        .ends(0)
        .says("going on behind statement 3");
    assert_eq!(stage.rows("SELECT count(*) FROM a"), ["[Int(1)]"]);
    stage.migrate(&["verify"]).ends(0);
}

#[test]
fn an_invalid_index_that_if_not_exists_would_leave_is_no_success() {
    let stage = Stage::empty("postgres");
    stage.sql("CREATE TABLE a (x integer); INSERT INTO a VALUES (1), (1)");
    assert!(
        stage
            .connect()
            .execute("CREATE UNIQUE INDEX CONCURRENTLY a_x ON a (x)")
            .is_err()
    );
    stage.write(
        "1_a/up.sql",
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_x ON a (x);\n",
    );
    stage
        .migrate(&["apply"])
        .ends(1)
        .says("the index `a_x` is there and invalid");
}

#[test]
fn what_a_migration_sets_ends_with_it_and_its_role_does_not_reach_the_history() {
    let stage = Stage::empty("postgres");
    stage.write(
        "1_a/up.sql",
        "CREATE ROLE migrate_owner_a; CREATE SCHEMA a AUTHORIZATION migrate_owner_a;\nSET ROLE migrate_owner_a;\nVACUUM;\n\
         CREATE TABLE a.t (x integer);\n",
    );
    stage.write(
        "2_b/up.sql",
        "CREATE TABLE public.mine AS SELECT current_user::text AS who;\n",
    );
    stage.migrate(&["apply"]).ends(0);
    let superuser = crate::support::server().superuser();
    assert_eq!(
        stage.rows("SELECT who FROM mine"),
        [format!("[Text(\"{superuser}\")]")]
    );
    assert_eq!(
        stage.rows("SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE oid = 'a.t'::regclass"),
        ["[Text(\"migrate_owner_a\")]"]
    );
}

#[test]
fn a_schema_that_was_changed_beside_stops_until_somebody_accepts_it() {
    for product in BOTH {
        let stage = Stage::fixture(product);
        stage.migrate(&["apply", "--to", "1"]).ends(0);
        stage.sql("CREATE TABLE beside (x integer)");
        stage
            .migrate(&["verify"])
            .ends(1)
            .says("the schema is not what the last migration left")
            .says("what differs, as the statements that were not in the migrations:\n  CREATE TABLE")
            .says("beside")
            .keeps_silent_about("customers");
        let found = stage.migrate(&["verify", "--format", "json"]).ends(1).json();
        validate("migrate-1.schema.json", &found);
        assert!(
            found["differences"][0].as_str().unwrap().contains("beside"),
            "{found:#}"
        );
        stage
            .migrate(&["apply"])
            .ends(1)
            .says("somebody has changed it since");
        stage
            .migrate(&["apply", "--accept-drift"])
            .ends(0)
            .says("the history says so");
        stage.migrate(&["verify"]).ends(0);
        assert_eq!(
            stage.rows(&format!(
                "SELECT count(*) FROM {} WHERE event = 'drift_accepted'",
                stage.history()
            )),
            ["[Int(1)]"]
        );
    }
}

#[test]
fn foreign_keys_that_a_rebuild_leaves_dangling_are_told() {
    let stage = Stage::empty("sqlite");
    stage.write(
        "1_a/up.sql",
        "CREATE TABLE a (id INTEGER PRIMARY KEY);\nCREATE TABLE b (a INTEGER REFERENCES a (id));\n\
         INSERT INTO a VALUES (1);\nINSERT INTO b VALUES (1);\n",
    );
    stage.write("2_b/up.sql", "PRAGMA foreign_keys = OFF;\nDELETE FROM a;\n");
    stage
        .migrate(&["apply"])
        .ends(1)
        .says("1 rows refer to rows that are not there, the first in table `b`");
    assert_eq!(stage.rows("SELECT count(*) FROM a"), ["[Int(1)]"]);
}

#[test]
fn missing_rights_are_named_before_anything_runs() {
    let stage = Stage::fixture("postgres");
    stage.sql(
        "DO $$ BEGIN CREATE ROLE migrate_nobody LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    );
    let url = engine::DatabaseUrl::parse(&stage.address).unwrap();
    let weak = Stage {
        address: url.with_user("migrate_nobody", None).to_string(),
        project: stage.project,
    };
    weak.migrate(&["apply"])
        .ends(3)
        .says("missing: CREATE on database")
        .says("nothing was run");
}

#[test]
fn a_password_is_never_shown() {
    let mut stage = Stage::fixture("postgres");
    stage.address = "postgres://nobody:geheim@localhost:1/x?sslmode=disable".to_owned();
    for command in ["status", "apply", "verify", "rollback"] {
        stage.migrate(&[command]).ends(3).keeps_silent_about("geheim");
    }
    let stage = Stage::empty("postgres");
    stage.write(
        "1_a/up.sql",
        "CREATE ROLE migrate_secret PASSWORD 'geheim';\nSELECT nonsense('password geheim');\n",
    );
    stage
        .migrate(&["apply", "--dry-run"])
        .ends(0)
        .says("PASSWORD '***'")
        .keeps_silent_about("geheim");
    stage
        .migrate(&["apply", "--verbose"])
        .ends(1)
        .says("| SELECT nonsense('***')")
        .keeps_silent_about("geheim");
}

#[test]
fn a_plan_for_another_schema_or_product_is_refused() {
    let stage = Stage::empty("sqlite");
    stage.write("1_a/up.sql", "CREATE TABLE a (x);");
    stage.write(
        "1_a/plan.json",
        r#"{"dialect": "postgres", "from": "0", "to": "1", "steps": []}"#,
    );
    stage
        .migrate(&["apply"])
        .ends(1)
        .says("was planned for postgres, and this is sqlite");
    stage.write(
        "1_a/plan.json",
        r#"{"dialect": "sqlite", "from": "0", "to": "1", "steps": []}"#,
    );
    stage
        .migrate(&["apply"])
        .ends(1)
        .says("was planned for another schema");
    assert_eq!(
        stage.rows("SELECT name FROM sqlite_schema WHERE name = 'a'"),
        [""; 0]
    );
}

#[test]
fn a_first_plan_starts_from_nothing_whatever_a_server_puts_into_new_databases() {
    for product in BOTH {
        let stage = Stage::empty(product);
        let dialect = dialects::by_name(product).unwrap();
        let nothing = physical::hash(&(dialect.canonical)(&physical::Database::default()));
        stage.write("1_a/up.sql", "CREATE TABLE a (x integer);");
        stage.write(
            "1_a/plan.json",
            format!(r#"{{"dialect": "{product}", "from": "{nothing}", "to": "1"}}"#),
        );
        stage
            .migrate(&["apply"])
            .ends(0)
            .says("did not lead to the schema that it was planned for");
        stage.write("2_b/up.sql", "CREATE TABLE b (x integer);");
        stage.write(
            "2_b/plan.json",
            format!(r#"{{"dialect": "{product}", "from": "1", "to": "2"}}"#),
        );
        stage
            .migrate(&["apply"])
            .ends(1)
            .says("was planned for another schema");
    }
}

#[test]
fn a_server_that_takes_no_writes_is_told_before_anything_runs() {
    let stage = Stage::fixture("postgres");
    stage.sql("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$");
    stage
        .migrate(&["apply"])
        .ends(3)
        .says("sessions of this user read only");
}

#[test]
fn a_full_disk_leaves_what_was_and_is_told() {
    let stage = Stage::fixture("sqlite");
    let folder = stage.project.at("small");
    std::fs::create_dir(&folder).unwrap();
    let Some(_mounted) = Mounted::new(&folder, "size=256k") else {
        println!("not tried: this account may not mount");
        return;
    };
    let small = Stage {
        address: folder.join("db").display().to_string(),
        project: stage.project,
    };
    small.write(
        "0004_big/up.sql",
        "CREATE TABLE big (t TEXT);\nVACUUM;\nINSERT INTO big SELECT hex(randomblob(200000));\n",
    );
    small
        .migrate(&["apply"])
        .ends(3)
        .says("the disk is full")
        .says("of 0004_big the first 2 of 3 statements are done")
        .says("free some space");
    let grown = std::process::Command::new("mount")
        .args(["-o", "remount,size=8m"])
        .arg(&folder)
        .status();
    assert!(grown.unwrap().success());
    small
        .migrate(&["apply"])
        .ends(0)
        .says("going on behind statement 2");
    small.migrate(&["verify"]).ends(0);
}

/// A file system in memory, while the value lives.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn new(folder: &std::path::Path, options: &str) -> Option<Self> {
        let mut mount = std::process::Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "none"]).arg(folder);
        let mounted = crate::support::is_root() && mount.status().is_ok_and(|status| status.success());
        mounted.then(|| Self(folder.to_owned()))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(&self.0).status();
    }
}
