//! The gates that attack (isolation, audit, enumeration) find every hole that is planted under `fixtures/prove`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, and tell what it found"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use evidence::{Finding, Verdict};
use prove::{Options, summary};

const GATES: &[&str] = &["isolation", "audit", "enumeration"];

/// The folders of a gate's fixtures.
fn fixtures(gate: &str) -> Vec<PathBuf> {
    let folder = support::root().join("fixtures/prove").join(gate);
    let mut folders: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    folders
}

fn holds(folder: &Path, dialect: &str) -> Option<String> {
    let gate = folder.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let expected = fs::read_to_string(folder.join("expect.txt")).unwrap();
    let options = Options {
        gates: vec![gate],
        sabotage: vec![fs::read_to_string(folder.join(format!("break.{dialect}.sql"))).unwrap()],
        ..Options::default()
    };
    let evidence = support::evidence(&support::arch_files(folder), dialect, &options);
    let shown = evidence.to_json().unwrap();
    let good = evidence.aggregate.verdict == Verdict::Refuted && expected.lines().all(|line| shown.contains(line.trim()));
    println!("{} {good} {} s", folder.display(), evidence.gates[0].seconds);
    (!good).then(|| format!("{}: expected {expected}\n{}", folder.display(), summary(&evidence, 160, false)))
}

fn all_hold(gate: &str, dialect: &str) {
    let only = std::env::var("ARCHITRAVE_FIXTURE").unwrap_or_default();
    let broken = fixtures(gate).into_iter().filter(|folder| folder.join(format!("break.{dialect}.sql")).is_file());
    let faults: Vec<String> =
        broken.filter(|folder| folder.to_string_lossy().contains(&only)).filter_map(|folder| holds(&folder, dialect)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

/// What is refuted when broken is proved when not: each schema of a gate's fixtures, once.
fn unbroken(gate: &str) {
    let mut seen: Vec<Vec<String>> = Vec::new();
    for folder in fixtures(gate) {
        let sources = support::arch_files(&folder);
        if seen.contains(&sources) {
            continue;
        }
        let options = Options { gates: vec![gate.to_owned()], ..Options::default() };
        let evidence = support::evidence(&sources, "postgres", &options);
        let text = summary(&evidence, 160, false);
        assert_eq!(evidence.aggregate.verdict, Verdict::Proved, "{}\n{text}", folder.display());
        seen.push(sources);
    }
}

#[test]
fn unbroken_schemas_are_isolated() {
    unbroken("isolation");
}

#[test]
fn unbroken_schemas_are_audited() {
    unbroken("audit");
}

#[test]
fn unbroken_schemas_are_not_enumerable() {
    unbroken("enumeration");
}

#[test]
fn isolation_finds_what_is_planted() {
    all_hold("isolation", "postgres");
}

#[test]
fn audit_finds_what_is_planted_on_postgres() {
    all_hold("audit", "postgres");
}

#[test]
fn audit_finds_what_is_planted_on_sqlite() {
    all_hold("audit", "sqlite");
}

#[test]
fn enumeration_finds_what_is_planted_on_postgres() {
    all_hold("enumeration", "postgres");
}

#[test]
fn enumeration_finds_what_is_planted_on_sqlite() {
    all_hold("enumeration", "sqlite");
}

#[test]
fn every_fixture_breaks_something() {
    for gate in GATES {
        let folders = fixtures(gate);
        assert!(folders.len() >= 4, "{gate} has {} fixtures", folders.len());
        for folder in folders {
            assert!(
                folder.join("expect.txt").is_file() && !support::arch_files(&folder).is_empty(),
                "{}",
                folder.display()
            );
            let broken = ["postgres", "sqlite"]
                .iter()
                .any(|it| folder.join(format!("break.{it}.sql")).is_file());
            assert!(broken, "{} breaks nothing", folder.display());
        }
    }
}

fn told(finding: &Finding) -> String {
    match finding {
        Finding::Evidence(proof) => proof.summary.clone(),
        Finding::Reason(reason) => reason.clone(),
        Finding::Counterexample(it) => {
            format!("{}\n    expected {}\n    observed {}\n    {}", it.summary, it.expected, it.observed, it.statements.join(";\n    "))
        }
    }
}

/// These gates hold for the examples. `ARCHITRAVE_GATE` and `ARCHITRAVE_EXAMPLE` choose, while one is worked on.
#[test]
fn the_examples_stand() {
    let wanted = std::env::var("ARCHITRAVE_GATE").unwrap_or_default();
    let example = std::env::var("ARCHITRAVE_EXAMPLE").unwrap_or_default();
    let mut faults = Vec::new();
    for name in ["shop", "auth", "tracker"]
        .iter()
        .filter(|name| name.contains(&example))
    {
        for dialect in ["postgres", "sqlite"] {
            let sources = support::arch_files(&support::root().join("examples").join(name).join("schema"));
            let gates = GATES
                .iter()
                .filter(|gate| gate.contains(&wanted))
                .map(|gate| (*gate).to_owned())
                .collect();
            let options = Options {
                gates,
                ..Options::default()
            };
            let evidence = support::evidence(&sources, dialect, &options);
            println!("{}", summary(&evidence, 140, false));
            for gate in &evidence.gates {
                println!("{name} {dialect} {} took {} s", gate.id, gate.seconds);
                let bad = gate
                    .claims
                    .iter()
                    .filter(|it| matches!(it.verdict, Verdict::Refuted | Verdict::NotRun));
                faults.extend(bad.map(|it| {
                    format!(
                        "{name} {dialect} {}: {} {:?} {}", gate.id, it.id, it.object, told(&it.finding)
                    )
                }));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
