//! The packages that are emitted for the examples work, on both databases.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly"
)]

mod support;

use evidence::Verdict;
use prove::{Options, summary};

fn work(example: &str, dialect: &str) {
    let sources: Vec<String> =
        support::arch_files(&support::root().join("examples").join(example).join("schema"))
            .iter()
            .map(|text| {
                text.replacen(
                    "database  postgres, sqlite",
                    "database postgres, sqlite\n  models sqlalchemy",
                    1,
                )
            })
            .collect();
    let options = Options {
        gates: vec!["models".to_owned()],
        workplace: Some(support::workplace()),
        ..Options::default()
    };
    let evidence = support::evidence(&sources, dialect, &options);
    let text = summary(&evidence, 140, false);
    println!("{text}");
    for gate in &evidence.gates {
        for claim in &gate.claims {
            println!(
                "{:?} {} {:?}: {:?}",
                claim.verdict, claim.id, claim.object, claim.finding
            );
        }
        println!("{} s", gate.seconds);
    }
    assert_eq!(evidence.aggregate.verdict, Verdict::Proved, "\n{text}");
}

#[test]
fn shop_on_postgres() {
    work("shop", "postgres");
}

#[test]
fn shop_on_sqlite() {
    work("shop", "sqlite");
}

#[test]
fn auth_on_postgres() {
    work("auth", "postgres");
}

#[test]
fn auth_on_sqlite() {
    work("auth", "sqlite");
}

#[test]
fn tracker_on_postgres() {
    work("tracker", "postgres");
}

#[test]
fn tracker_on_sqlite() {
    work("tracker", "sqlite");
}
