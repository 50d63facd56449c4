//! Killed (-9) at every line that a run prints, and run again: as if nothing had been.

use std::io::{BufRead as _, BufReader};
use std::time::Duration;

use super::{BOTH, Stage};
use crate::support::signal;

/// Everything that a run leaves: rows, schema, history, ledger; without times.
fn digest(stage: &Stage) -> Vec<String> {
    let postgres = stage.address.starts_with("postgres");
    let mut found = Vec::new();
    let mut queries = vec![
        format!(
            "SELECT position, event, number, up_bytes, schema_before, schema_after FROM {} ORDER BY position",
            stage.history()
        ),
        format!(
            "SELECT run, position, sha256, finished <> '' FROM {} ORDER BY run, position",
            stage.ledger()
        ),
    ];
    let own = if postgres { "shop." } else { "" };
    for table in ["customers", "orders"] {
        let there = if postgres {
            format!("SELECT to_regclass('shop.{table}') IS NOT NULL")
        } else {
            format!("SELECT count(*) FROM sqlite_schema WHERE name = '{table}'")
        };
        let there = stage.rows(&there);
        if there != ["[Bool(false)]"] && there != ["[Int(0)]"] {
            queries.push(format!("SELECT * FROM {own}{table} ORDER BY 1"));
        }
    }
    if postgres {
        queries.push(
            "SELECT indexrelid::regclass::text, indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
             WHERE c.relnamespace = to_regnamespace('shop')::oid ORDER BY 1"
                .to_owned(),
        );
    } else {
        queries
            .push("SELECT type, name, sql FROM sqlite_schema WHERE type <> 'table' ORDER BY name".to_owned());
    }
    for query in queries {
        found.push(query.clone());
        found.extend(stage.rows(&query));
    }
    found
}

/// Runs a command, killing it at its `line`th line (from 0). Answers whether it got so far.
fn killed_at(stage: &Stage, arguments: &[&str], line: usize) -> bool {
    let mut child = stage.command(arguments).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    for _ in 0..=line {
        text.clear();
        if reader.read_line(&mut text).unwrap() == 0 {
            assert!(child.wait().unwrap().success());
            return false;
        }
    }
    signal(child.id(), "KILL");
    child.wait().unwrap();
    true
}

fn everywhere(product: &str, before: &[&[&str]], command: &[&str]) {
    let prepared = || {
        let stage = Stage::fixture(product);
        for arguments in before {
            stage.migrate(arguments).ends(0);
        }
        stage
    };
    let undisturbed = prepared();
    undisturbed.migrate(command).ends(0);
    let expected = digest(&undisturbed);
    let mut verbose = command.to_vec();
    verbose.push("--verbose");
    let mut kills = 0;
    loop {
        let stage = prepared();
        if !killed_at(&stage, &verbose, kills) {
            break;
        }
        stage.migrate(command).ends(0);
        assert_eq!(digest(&stage), expected, "{product}, killed at line {kills}");
        stage.migrate(&["verify"]).ends(0);
        kills += 1;
    }
    assert!(kills > 10, "only {kills} lines");
}

#[test]
fn a_run_that_is_killed_anywhere_ends_as_one_that_is_not() {
    for product in BOTH {
        everywhere(product, &[], &["apply"]);
    }
}

#[test]
fn a_run_that_is_killed_at_any_time_ends_as_one_that_is_not() {
    for product in BOTH {
        let undisturbed = Stage::fixture(product);
        undisturbed.migrate(&["apply"]).ends(0);
        let expected = digest(&undisturbed);
        for milliseconds in (0..120).step_by(7) {
            let stage = Stage::fixture(product);
            let mut child = stage.command(&["apply"]).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(milliseconds));
            signal(child.id(), "KILL");
            child.wait().unwrap();
            stage.migrate(&["apply"]).ends(0);
            assert_eq!(
                digest(&stage),
                expected,
                "{product}, killed after {milliseconds} ms"
            );
        }
    }
}

#[test]
fn a_way_back_that_is_killed_anywhere_ends_as_one_that_is_not() {
    everywhere("postgres", &[&["apply"]], &["rollback", "--to", "0"]);
}

#[test]
fn a_run_that_is_killed_again_and_again_comes_to_its_end() {
    for product in BOTH {
        let undisturbed = Stage::fixture(product);
        undisturbed.migrate(&["apply"]).ends(0);
        let stage = Stage::fixture(product);
        let mut kills = 0;
        // Two lines further each time: a group that is always killed in its middle would never be done.
        while killed_at(&stage, &["apply", "--verbose"], 3 + kills % 7) {
            kills += 1;
            assert!(kills < 60, "no end");
        }
        assert_eq!(
            digest(&stage),
            digest(&undisturbed),
            "{product}, after {kills} kills"
        );
    }
}
