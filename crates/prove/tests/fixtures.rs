//! Every broken schema is refuted by its gate, with a counterexample that says what was broken; the same schema unbroken is proven.
//! A fixture is a folder of plain files: `schema.arch`, `break.postgres.sql` or `break.sqlite.sql`, `expect.txt`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use evidence::{Evidence, Verdict};
use prove::{GATES, Job, Options, Silent, prove, summary};

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn run(gate: &str, sources: &[String], dialect: &str, sabotage: Vec<String>) -> Evidence {
    let folder = support::scratch();
    let options = Options {
        gates: vec![gate.to_owned()],
        sabotage,
        ..Options::default()
    };
    let job = Job {
        subject: support::subject(sources, dialect),
        target: support::target(dialect, folder.path()),
    };
    prove(&[job], &options, &mut Silent)
}

fn broken_schemas_are_refuted(dialect: &str) {
    let mut faults: Vec<String> = Vec::new();
    let mut tried = 0;
    for gate in folders(&support::root().join("fixtures/prove")) {
        let id = file_name(&gate);
        for fixture in folders(&gate) {
            let Ok(sabotage) = fs::read_to_string(fixture.join(format!("break.{dialect}.sql"))) else {
                continue;
            };
            tried += 1;
            let expected = fs::read_to_string(fixture.join("expect.txt")).unwrap();
            let evidence = run(&id, &support::arch_files(&fixture), dialect, vec![sabotage]);
            let text = summary(&evidence, 140, false);
            let shown = evidence.to_json().unwrap();
            let refuted = evidence.aggregate.verdict == Verdict::Refuted;
            if !refuted || !expected.lines().all(|line| shown.contains(line.trim())) {
                faults.push(format!(
                    "{id}/{}: expected `{}`\n{text}",
                    file_name(&fixture),
                    expected.trim()
                ));
            }
        }
    }
    assert!(tried > 0);
    assert!(
        faults.is_empty(),
        "{} of {tried} were not refuted as expected\n\n{}",
        faults.len(),
        faults.join("\n\n")
    );
}

/// Roles and row-level security are none of SQLite's; a gate that is about nothing else does not apply there.
fn applies(gate: &str, dialect: &str) -> bool {
    dialect == "postgres" || gate != "isolation"
}

fn the_unbroken_schema_is_proven(dialect: &str) {
    let fixture = support::root().join("fixtures/prove/apply/dropped-check");
    for gate in GATES {
        let evidence = run(gate.id, &support::arch_files(&fixture), dialect, Vec::new());
        let expected = if applies(gate.id, dialect) {
            Verdict::Proved
        } else {
            Verdict::NotApplicable
        };
        assert_eq!(
            evidence.aggregate.verdict,
            expected,
            "{}\n{}",
            gate.id,
            summary(&evidence, 140, false)
        );
    }
}

#[test]
fn broken_on_postgres() {
    broken_schemas_are_refuted("postgres");
}

#[test]
fn broken_on_sqlite() {
    broken_schemas_are_refuted("sqlite");
}

#[test]
fn unbroken_on_postgres() {
    the_unbroken_schema_is_proven("postgres");
}

#[test]
fn unbroken_on_sqlite() {
    the_unbroken_schema_is_proven("sqlite");
}

#[test]
fn every_gate_is_listed_documented_and_has_broken_schemas() {
    let root = support::root();
    let ids: BTreeSet<String> = GATES.iter().map(|gate| gate.id.to_owned()).collect();
    let names = |path: &Path| {
        folders(path)
            .iter()
            .map(|it| file_name(it).replace('_', "-"))
            .collect::<BTreeSet<String>>()
    };
    assert_eq!(
        names(&root.join("crates/prove/src/gates")),
        ids,
        "folders of gates and the list differ"
    );
    assert_eq!(
        names(&root.join("fixtures/prove")),
        ids,
        "fixtures and the list of gates differ"
    );
    for gate in GATES {
        let page = fs::read_to_string(root.join(format!("docs/gates/{}.md", gate.id))).expect(gate.id);
        for heading in [
            "**Claim.**",
            "**Attacker.**",
            "**How it is tried.**",
            "**What it cannot see.**",
        ] {
            assert!(
                page.contains(heading),
                "docs/gates/{}.md has no {heading}",
                gate.id
            );
        }
        for dialect in ["postgres", "sqlite"] {
            let broken = folders(&root.join("fixtures/prove").join(gate.id))
                .iter()
                .any(|it| it.join(format!("break.{dialect}.sql")).exists());
            assert!(
                broken || !applies(gate.id, dialect),
                "nothing is broken for {} on {dialect}",
                gate.id
            );
        }
        for fixture in folders(&root.join("fixtures/prove").join(gate.id)) {
            let broken = ["postgres", "sqlite"]
                .iter()
                .any(|it| fixture.join(format!("break.{it}.sql")).exists());
            assert!(
                broken && fixture.join("schema.arch").exists(),
                "{}",
                fixture.display()
            );
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_hash() {
    let sources = support::arch_files(&support::root().join("fixtures/prove/apply/dropped-check"));
    let one = run("constraints", &sources, "sqlite", Vec::new());
    let two = run("constraints", &sources, "sqlite", Vec::new());
    assert_eq!(one.hash, two.hash);
    assert!(one.is_intact());
}
