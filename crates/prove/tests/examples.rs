//! The three examples are proven by every gate on both databases.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test may fail loudly"
)]

mod support;

use evidence::Verdict;
use prove::{Options, summary};

fn is_proven(example: &str, dialect: &str) {
    let sources = support::arch_files(&support::root().join("examples").join(example).join("schema"));
    let evidence = support::evidence(&sources, dialect, &Options::default());
    let text = summary(&evidence, 120, false);
    assert_eq!(evidence.aggregate.verdict, Verdict::Proved, "\n{text}");
    assert!(evidence.is_intact());
    println!("{text}");
}

#[test]
fn shop_on_postgres() {
    is_proven("shop", "postgres");
}

#[test]
fn shop_on_sqlite() {
    is_proven("shop", "sqlite");
}

#[test]
fn auth_on_postgres() {
    is_proven("auth", "postgres");
}

#[test]
fn auth_on_sqlite() {
    is_proven("auth", "sqlite");
}

#[test]
fn tracker_on_postgres() {
    is_proven("tracker", "postgres");
}

#[test]
fn tracker_on_sqlite() {
    is_proven("tracker", "sqlite");
}
