//! What is refuted when broken is proved when not: the schemas of the gates that attack.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod support;

use std::fs;
use std::path::PathBuf;

use evidence::Verdict;
use prove::{Options, summary};

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

/// What is refuted when broken is proved when not: each schema of a gate's fixtures, once.
fn unbroken(gate: &str) {
    let mut seen: Vec<Vec<String>> = Vec::new();
    for folder in fixtures(gate) {
        let sources = support::arch_files(&folder);
        if seen.contains(&sources) {
            continue;
        }
        let options = Options {
            gates: vec![gate.to_owned()],
            ..Options::default()
        };
        let evidence = support::evidence(&sources, "postgres", &options);
        let text = summary(&evidence, 160, false);
        assert_eq!(
            evidence.aggregate.verdict,
            Verdict::Proved,
            "{}\n{text}",
            folder.display()
        );
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
fn every_gate_has_many_fixtures() {
    for gate in ["isolation", "audit", "enumeration"] {
        let folders = fixtures(gate);
        assert!(folders.len() >= 4, "{gate} has {} fixtures", folders.len());
        assert!(
            folders.iter().all(|folder| folder.join("expect.txt").is_file()),
            "{gate}"
        );
    }
}
