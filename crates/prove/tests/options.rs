//! Whatever a policy may say is proven by every gate on both databases: the fixtures of `design` hold every option.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod support;

use std::fs;

use evidence::Verdict;
use prove::{Options, summary};

/// Two parts on each database: tests run side by side.
fn are_proven(dialect: &str, part: usize) {
    let mut fixtures = support::arch_paths(&support::root().join("fixtures/design"));
    // What is as it was found was decided by nobody, and need not be secure.
    fixtures.retain(|path| !fs::read_to_string(path).unwrap().contains(" without defaults "));
    assert!(fixtures.len() > 10);
    let mut faults = Vec::new();
    for path in fixtures.iter().skip(part).step_by(2) {
        let text = fs::read_to_string(path).unwrap();
        let project = if text.lines().any(|line| line.starts_with("project ")) {
            ""
        } else {
            "project shop { database postgres, sqlite }\n"
        };
        let sources = [format!("{project}{text}")];
        let evidence = support::evidence(&sources, dialect, &Options::default());
        if evidence.aggregate.verdict != Verdict::Proved {
            faults.push(format!("{}\n{}", path.display(), summary(&evidence, 140, false)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn on_postgres() {
    are_proven("postgres", 0);
}

#[test]
fn on_postgres_too() {
    are_proven("postgres", 1);
}

#[test]
fn on_sqlite() {
    are_proven("sqlite", 0);
}

#[test]
fn on_sqlite_too() {
    are_proven("sqlite", 1);
}
