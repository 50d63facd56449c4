//! Others in the same database: another run, somebody's lock, nobody on the line any more.

use std::io::{BufRead as _, BufReader};
use std::process::Child;

use super::{BOTH, Stage};
use crate::support::{Ran, signal, until};

/// Reads what a run prints up to a line that contains words.
pub(super) fn read_until(child: &mut Child, words: &str) {
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        assert!(
            reader.read_line(&mut line).unwrap() > 0,
            "it ended before `{words}`"
        );
    }
    child.stdout = Some(reader.into_inner());
}

#[test]
fn of_two_runs_at_once_each_migration_is_applied_once() {
    for product in BOTH {
        let stage = Stage::fixture(product);
        let children: Vec<Child> = (0..3)
            .map(|_| stage.command(&["apply"]).spawn().unwrap())
            .collect();
        for child in children {
            Ran::of(child.wait_with_output().unwrap()).ends(0);
        }
        let applied = stage.rows(&format!(
            "SELECT number FROM {} ORDER BY position",
            stage.history()
        ));
        assert_eq!(applied, ["[Int(1)]", "[Int(2)]", "[Int(3)]"], "{product}");
        stage.migrate(&["verify"]).ends(0);
    }
}

#[test]
fn a_lease_holds_others_off_although_nobody_has_the_lock() {
    let stage = Stage::fixture("postgres");
    stage.migrate(&["apply", "--to", "1"]).ends(0);
    // As a run behind a pooler: its session lives, and its advisory lock was lost.
    let mut other = stage.connect();
    other
        .batch(
            "INSERT INTO architrave_migrations.lease SELECT 1, 't', 'carla', 'elsewhere', 7, pid, backend_start::text, \
             extract(epoch FROM now())::bigint + 1000 FROM pg_stat_activity WHERE pid = pg_backend_pid()",
        )
        .unwrap();
    stage
        .migrate(&["apply", "--wait", "1"])
        .ends(3)
        .says("another run has the database: carla, process 7 on elsewhere");
    stage.migrate(&["status"]).ends(0).says("lease: carla");
    stage
        .migrate(&["repair", "--remove-lease"])
        .ends(0)
        .says("removed the lease of carla");
    stage.migrate(&["apply"]).ends(0).says("2 migrations applied");
    drop(other);
}

#[test]
fn a_run_whose_lease_was_taken_stops_and_leaves_nothing_behind() {
    let stage = Stage::empty("postgres");
    stage.write("1_a/up.sql", "CREATE TABLE a (x integer);\nSELECT pg_sleep(2);\n");
    let mut child = stage.command(&["apply", "--verbose"]).spawn().unwrap();
    read_until(&mut child, "2/2 SELECT pg_sleep");
    stage.migrate(&["repair", "--remove-lease"]).ends(0);
    Ran::of(child.wait_with_output().unwrap())
        .ends(3)
        .says("another run has taken the database over");
    assert!(stage.connect().execute("SELECT * FROM a").is_err());
    stage.migrate(&["apply"]).ends(0);
}

#[test]
fn a_lock_is_tried_for_again_and_again() {
    let stage = Stage::empty("postgres");
    stage.sql("CREATE TABLE busy (x integer)");
    stage.write(
        "1_a/up.sql",
        "CREATE TABLE a (x integer);\nALTER TABLE busy ADD COLUMN y integer;\n",
    );
    let mut other = stage.connect();
    other.batch("BEGIN; LOCK TABLE busy").unwrap();
    stage
        .migrate(&["apply", "--lock-timeout", "50", "--tries", "2"])
        .ends(1)
        .says("try 1 was in vain")
        .says("55P03")
        .says("others hold what it needs");
    let child = stage
        .command(&["apply", "--lock-timeout", "50", "--tries", "50"])
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(700));
    other.batch("COMMIT").unwrap();
    Ran::of(child.wait_with_output().unwrap())
        .ends(0)
        .says("was in vain");
    stage.migrate(&["verify"]).ends(0);
}

#[test]
fn a_connection_that_is_lost_loses_nothing() {
    let stage = Stage::empty("postgres");
    stage.write(
        "1_a/up.sql",
        "CREATE TABLE a (x integer);\nVACUUM a;\nINSERT INTO a VALUES (1);\nSELECT pg_sleep(1);\n",
    );
    let mut child = stage.command(&["apply", "--verbose"]).spawn().unwrap();
    read_until(&mut child, "4/4 SELECT pg_sleep");
    stage.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'architrave migrate' \
         AND datname = current_database()",
    );
    Ran::of(child.wait_with_output().unwrap())
        .ends(3)
        .says("the connection to the database was lost")
        .says("it goes on where the ledger ends");
    stage
        .migrate(&["apply"])
        .ends(0)
        .says("going on behind statement 2");
    assert_eq!(stage.rows("SELECT count(*) FROM a"), ["[Int(1)]"]);
}

/// Kills a run in the middle of CREATE INDEX CONCURRENTLY, which waits for an older transaction, and answers that transaction.
fn killed_in_a_build(stage: &Stage) -> engine::Connection {
    stage.sql("CREATE TABLE a (x integer); INSERT INTO a SELECT generate_series(1, 100)");
    stage.write(
        "1_a/up.sql",
        "CREATE INDEX CONCURRENTLY a_x ON a (x);\nINSERT INTO a VALUES (0);\n",
    );
    let mut old = stage.connect();
    old.batch("BEGIN; DELETE FROM a WHERE x = 1").unwrap();
    let mut child = stage.command(&["apply", "--verbose"]).spawn().unwrap();
    read_until(&mut child, "1/2 CREATE INDEX CONCURRENTLY");
    until("the build waits", || {
        !stage
            .rows("SELECT 1 FROM pg_index WHERE indexrelid = to_regclass('a_x') AND NOT indisvalid")
            .is_empty()
    });
    signal(child.id(), "KILL");
    child.wait().unwrap();
    old
}

const BUILDER: &str =
    "FROM pg_stat_activity WHERE application_name = 'architrave migrate' AND datname = current_database()";

#[test]
fn a_build_that_goes_on_without_its_run_is_waited_for() {
    let stage = Stage::empty("postgres");
    let mut old = killed_in_a_build(&stage);
    stage
        .migrate(&["apply", "--wait", "1"])
        .ends(3)
        .says("another run has the database");
    old.batch("COMMIT").unwrap();
    stage
        .migrate(&["apply"])
        .ends(0)
        .says("going on behind statement 1")
        .keeps_silent_about("invalid");
    assert_eq!(
        stage.rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_x'::regclass"),
        ["[Bool(true)]"]
    );
}

#[test]
fn the_invalid_index_of_a_build_that_was_ended_is_replaced() {
    let stage = Stage::empty("postgres");
    let mut old = killed_in_a_build(&stage);
    stage.sql(&format!("SELECT pg_terminate_backend(pid) {BUILDER}"));
    until("the builder is gone", || {
        stage.rows(&format!("SELECT 1 {BUILDER}")).is_empty()
    });
    old.batch("COMMIT").unwrap();
    stage
        .migrate(&["apply"])
        .ends(0)
        .says("since a run that was ended left it: \"public\".\"a_x\"");
    assert_eq!(
        stage.rows("SELECT indisvalid FROM pg_index WHERE indexrelid = 'a_x'::regclass"),
        ["[Bool(true)]"]
    );
}

#[test]
fn the_copy_that_a_reindex_left_is_removed() {
    let stage = Stage::empty("postgres");
    stage.sql(
        "CREATE TABLE a (x integer PRIMARY KEY, y integer); INSERT INTO a SELECT generate_series(1, 100)",
    );
    stage.write("1_a/up.sql", "REINDEX TABLE CONCURRENTLY a;\n");
    let mut old = stage.connect();
    old.batch("BEGIN; DELETE FROM a WHERE x = 1").unwrap();
    let mut child = stage.command(&["apply"]).spawn().unwrap();
    const COPIES: &str = "SELECT relname::text FROM pg_class WHERE relname LIKE '%ccnew' AND relnamespace = 'public'::regnamespace";
    until("it waits", || stage.rows(COPIES).len() == 1);
    signal(child.id(), "KILL");
    child.wait().unwrap();
    stage.sql(&format!("SELECT pg_terminate_backend(pid) {BUILDER}"));
    until("its session is gone", || {
        stage.rows(&format!("SELECT 1 {BUILDER}")).is_empty()
    });
    old.batch("COMMIT").unwrap();
    assert_eq!(stage.rows(COPIES), ["[Text(\"a_pkey_ccnew\")]"]);
    stage
        .migrate(&["apply"])
        .ends(0)
        .says("left it: \"public\".\"a_pkey_ccnew\"");
    assert_eq!(stage.rows(COPIES), [""; 0]);
}

#[test]
fn a_partition_that_was_detached_by_half_is_detached() {
    let stage = Stage::empty("postgres");
    stage.sql(
        "CREATE TABLE p (x integer) PARTITION BY LIST (x); CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1); \
         INSERT INTO p VALUES (1)",
    );
    stage.write(
        "1_a/up.sql",
        "ALTER TABLE p DETACH PARTITION p1 CONCURRENTLY;\nINSERT INTO p1 VALUES (1);\n",
    );
    let mut old = stage.connect();
    old.batch("BEGIN; SELECT * FROM p").unwrap();
    let mut child = stage
        .command(&["apply", "--verbose", "--lock-timeout", "60000"])
        .spawn()
        .unwrap();
    until("it waits", || {
        !stage
            .rows("SELECT 1 FROM pg_inherits WHERE inhdetachpending")
            .is_empty()
    });
    signal(child.id(), "KILL");
    child.wait().unwrap();
    stage.sql(&format!("SELECT pg_terminate_backend(pid) {BUILDER}"));
    until("its session is gone", || {
        stage.rows(&format!("SELECT 1 {BUILDER}")).is_empty()
    });
    old.batch("COMMIT").unwrap();
    stage
        .migrate(&["apply"])
        .ends(0)
        .says("DETACH PARTITION p1 FINALIZE");
    assert_eq!(stage.rows("SELECT 1 FROM pg_inherits"), [""; 0]);
    assert_eq!(stage.rows("SELECT count(*) FROM p1"), ["[Int(2)]"]);
}

#[test]
fn a_file_that_somebody_else_writes_to_is_waited_for() {
    let stage = Stage::fixture("sqlite");
    stage.migrate(&["apply", "--to", "1"]).ends(0);
    let mut other = stage.connect();
    other.batch("BEGIN IMMEDIATE").unwrap();
    stage
        .migrate(&["apply", "--wait", "1"])
        .ends(3)
        .says("database is locked");
    let child = stage.command(&["apply"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    other.batch("COMMIT").unwrap();
    Ran::of(child.wait_with_output().unwrap()).ends(0);
    stage.migrate(&["verify"]).ends(0);
}

#[test]
fn the_lease_of_a_run_that_was_killed_holds_nobody_off_on_its_machine() {
    let stage = Stage::fixture("sqlite");
    stage.migrate(&["apply", "--to", "1"]).ends(0);
    let lease = |host: &str, process: u32| {
        stage.sql(&format!(
            "INSERT OR REPLACE INTO architrave_migrations_lease VALUES (1, 't', 'carla', '{host}', {process}, 0, '', unixepoch() + 1000)"
        ));
    };
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let mut gone = std::process::Command::new("true").spawn().unwrap();
    let process = gone.id();
    gone.wait().unwrap();
    lease("elsewhere", process);
    stage
        .migrate(&["apply", "--to", "2", "--wait", "1"])
        .ends(3)
        .says("carla");
    lease(host.trim(), std::process::id());
    stage
        .migrate(&["apply", "--to", "2", "--wait", "1"])
        .ends(3)
        .says("carla");
    lease(host.trim(), process);
    stage.migrate(&["apply", "--to", "2", "--wait", "1"]).ends(0);
}

#[test]
fn a_statement_of_which_nobody_knows_is_asked_about() {
    for (answer, rows) in [("--again", 2), ("--done", 1)] {
        let stage = Stage::empty("postgres");
        stage.sql(
            "CREATE TABLE a (x integer); CREATE PROCEDURE p() LANGUAGE plpgsql AS \
             $$ BEGIN INSERT INTO a VALUES (1); COMMIT; PERFORM pg_sleep(0.7); END $$",
        );
        stage.write("1_a/up.sql", "-- architrave: no-transaction\nCALL p();\n");
        let mut child = stage.command(&["apply", "--verbose"]).spawn().unwrap();
        read_until(&mut child, "1/1 CALL p()");
        until("the first half is committed", || {
            stage.rows("SELECT * FROM a").len() == 1
        });
        signal(child.id(), "KILL");
        child.wait().unwrap();
        stage
            .migrate(&["apply"])
            .ends(1)
            .says("nobody knows whether it was done")
            .says("| CALL p()")
            .says("repair --done");
        stage.migrate(&["repair", answer]).ends(0);
        stage.migrate(&["apply"]).ends(0);
        assert_eq!(stage.rows("SELECT * FROM a").len(), rows, "{answer}");
        stage.migrate(&["verify"]).ends(0);
    }
}
