//! Statements in batches, beside an application.

use std::io::{BufRead as _, BufReader};
use std::thread;
use std::time::Duration;

use engine::DatabaseUrl;

use super::{BOTH, Stage};
use crate::support::{server, signal};

const MANY: i64 = 60_000;

/// A table with many rows whose owner is an ordinary user whom row-level security binds.
fn stage() -> Stage {
    let mut stage = Stage::empty("postgres");
    let name = DatabaseUrl::parse(&stage.address).unwrap().database();
    stage.sql(&format!(
        "DO $$ BEGIN CREATE ROLE filler LOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
         ALTER DATABASE {name} OWNER TO filler; ALTER SCHEMA public OWNER TO filler;
         CREATE TABLE things (id bigint PRIMARY KEY, what text NOT NULL);
         INSERT INTO things SELECT n, 't' || n FROM generate_series(1, {MANY}) n;
         ALTER TABLE things OWNER TO filler;
         ALTER TABLE things ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY none ON things USING (false);"
    ));
    stage.address = server().url(&name, "filler").to_string();
    stage.project.write(
        "before.sql",
        "CREATE TABLE things (id bigint PRIMARY KEY, what text NOT NULL);
         ALTER TABLE things ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY none ON things USING (false);",
    );
    stage.project.write(
        "after.sql",
        "CREATE TABLE things (id bigint PRIMARY KEY, what text NOT NULL, public_id uuid NOT NULL DEFAULT gen_random_uuid(),
             CONSTRAINT things_public UNIQUE (public_id));
         ALTER TABLE things ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
         CREATE POLICY none ON things USING (false);",
    );
    stage
}

/// The first migration is what is there already; the second is written by the program.
fn planned() -> Stage {
    let stage = stage();
    stage
        .migrate(&["new", "first", "--on", "postgres", "--to", "before.sql"])
        .ends(0);
    let up = stage.project.read("migrations/0001_first/up.sql");
    stage
        .migrate(&["new", "public_ids", "--on", "postgres", "--to", "after.sql"])
        .ends(0);
    // What is there was not made by a migration: the first does nothing here.
    assert!(up.contains("CREATE TABLE"));
    std::fs::remove_file(stage.project.at("migrations/0001_first/plan.json")).unwrap();
    stage.write("0001_first/up.sql", "SELECT 'it is there';");
    stage
}

fn superuser(stage: &Stage, sql: &str) -> Vec<String> {
    let name = DatabaseUrl::parse(&stage.address).unwrap().database();
    let rows = server()
        .superuser_connection(&name)
        .unwrap()
        .query(sql, &[])
        .unwrap();
    rows.rows.iter().map(|row| format!("{row:?}")).collect()
}

fn all_filled(stage: &Stage) {
    let found = superuser(
        stage,
        "SELECT count(*), count(DISTINCT public_id), (SELECT relforcerowsecurity FROM pg_class WHERE relname = 'things') FROM things",
    );
    assert_eq!(found, [format!("[Int({MANY}), Int({MANY}), Bool(true)]")]);
}

#[test]
fn a_column_with_other_values_in_each_row_comes_in_batches() {
    let stage = planned();
    let up = stage.project.read("migrations/0002_public_ids/up.sql");
    assert!(
        up.contains("-- architrave: batches by id\nUPDATE public.things"),
        "{up}"
    );
    stage
        .migrate(&["apply", "--dry-run"])
        .ends(0)
        .says("-- in batches, each in a transaction of its own");
    stage.migrate(&["apply"]).ends(0);
    all_filled(&stage);
    stage.migrate(&["verify"]).ends(0);
    stage.migrate(&["rollback"]).ends(0);
    stage.migrate(&["apply"]).ends(0);
    all_filled(&stage);
}

/// Every batch is a transaction, so what a run that was killed has done stays, and is not done again.
#[test]
fn batches_go_on_where_a_run_was_killed() {
    let stage = planned();
    // Slow enough to be met in the middle.
    superuser(
        &stage,
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.0001); RETURN NEW; END $$",
    );
    superuser(
        &stage,
        "CREATE TRIGGER slow BEFORE UPDATE ON things FOR EACH ROW EXECUTE FUNCTION slow()",
    );
    let mut child = stage
        .command(&["apply", "--verbose", "--accept-drift"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let begun = lines.find(|line| line.as_ref().unwrap().contains("UPDATE public.things"));
    assert!(begun.is_some(), "the run ended before its batches");
    let filled = || superuser(&stage, "SELECT count(public_id) FROM things");
    crate::support::until("some batches are done", || filled() != ["[Int(0)]"]);
    signal(child.id(), "KILL");
    child.wait().unwrap();
    let half = filled();
    assert_ne!(
        half,
        [format!("[Int({MANY})]")],
        "the run was done before it was killed"
    );
    let known = superuser(&stage, "SELECT public_id FROM things WHERE id = 1");
    superuser(&stage, "DROP TRIGGER slow ON things");
    superuser(&stage, "DROP FUNCTION slow()");
    stage.migrate(&["apply", "--accept-drift"]).ends(0);
    all_filled(&stage);
    assert_eq!(
        superuser(&stage, "SELECT public_id FROM things WHERE id = 1"),
        known
    );
}

#[test]
fn a_row_that_somebody_holds_is_waited_for_without_holding_others_up() {
    let stage = planned();
    let name = DatabaseUrl::parse(&stage.address).unwrap().database();
    let mut holder = server().superuser_connection(&name).unwrap();
    holder.begin().unwrap();
    holder
        .execute("UPDATE things SET what = 'held' WHERE id = 30000")
        .unwrap();
    let held = thread::spawn(move || {
        thread::sleep(Duration::from_millis(1500));
        holder.commit().unwrap();
    });
    // The first step needs the table for itself, for a moment, and waits for the holder as well.
    let ran = stage
        .migrate(&["apply", "--lock-timeout", "200", "--tries", "50"])
        .ends(0);
    ran.says("was in vain");
    held.join().unwrap();
    all_filled(&stage);
    assert_eq!(
        superuser(&stage, "SELECT what FROM things WHERE id = 30000"),
        ["[Text(\"held\")]"]
    );
}

#[test]
fn batches_by_hand_keep_to_their_condition_and_key() {
    for product in BOTH {
        let stage = Stage::empty(product);
        stage.write(
            "0001_pairs/up.sql",
            "CREATE TABLE pairs (a text NOT NULL, b int NOT NULL, x int, y int, PRIMARY KEY (a, b));",
        );
        stage.migrate(&["apply"]).ends(0);
        stage.sql(
            "INSERT INTO pairs WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000) \
             SELECT 'it''s ' || (n % 7), n, CASE WHEN n % 2 = 0 THEN n END, CASE WHEN n % 3 = 0 THEN n END FROM n",
        );
        stage.write(
            "0002_fill/up.sql",
            "SELECT 1;\n-- architrave: batches by a, b\nUPDATE pairs SET x = 0, y = 0 WHERE x IS NULL OR y IS NULL -- both\n;\n\
             -- architrave: batches by a, b\nDELETE FROM pairs WHERE b > 4000;",
        );
        stage.migrate(&["apply"]).ends(0);
        let found = stage.rows("SELECT count(*), count(x), count(y), max(b) FROM pairs");
        assert_eq!(
            found,
            ["[Int(4000), Int(4000), Int(4000), Int(4000)]"],
            "{product}"
        );
        let kept = stage.rows("SELECT count(*) FROM pairs WHERE x <> 0 AND y <> 0 AND x = b AND y = b");
        assert_eq!(kept, ["[Int(666)]"], "{product}");
    }
}

#[test]
fn what_cannot_be_done_in_batches_is_refused() {
    for (statement, what) in [
        (
            "INSERT INTO t VALUES (1)",
            "batches of what is no UPDATE or DELETE",
        ),
        ("UPDATE t SET x = 1", "cannot be done in batches"),
        (
            "UPDATE t SET x = 1 WHERE x IS NULL RETURNING x",
            "cannot be done in batches",
        ),
        (
            "UPDATE t SET x = u.x FROM u WHERE u.id = t.id",
            "cannot be done in batches",
        ),
        (
            "DELETE FROM t USING u WHERE u.id = t.id",
            "cannot be done in batches",
        ),
    ] {
        let stage = Stage::empty("postgres");
        stage.write(
            "0001_bad/up.sql",
            format!("-- architrave: batches by id\n{statement};\n"),
        );
        stage.migrate(&["apply"]).ends(1).says(what).says("up.sql:2:1");
    }
    let stage = Stage::empty("postgres");
    stage.write(
        "0001_bad/up.sql",
        "-- architrave: batches by\nUPDATE t SET x = 1 WHERE true;\n",
    );
    stage.migrate(&["apply"]).ends(1).says("is not known");
}
