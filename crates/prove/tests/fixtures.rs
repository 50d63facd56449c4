//! Every broken schema is refuted by its gate, with a counterexample that says what was broken; the same schema unbroken is proven.
//! A fixture is a folder of plain files: `schema.arch`, `break.postgres.sql` or `break.sqlite.sql`, `expect.txt`. What breaks the emitted
//! models instead stands in `break.postgres.models` or `break.sqlite.models`: `file <path>`, then a `- ` line that is in that file once, and
//! the `+ ` line that takes its place.
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
use prove::{GATES, Job, Models, Options, Silent, prove, summary};

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

fn run(gate: &str, sources: &[String], dialect: &str, sabotage: Vec<String>, edits: &str) -> Evidence {
    let folder = support::scratch();
    let options = Options {
        gates: vec![gate.to_owned()],
        sabotage,
        workplace: Some(support::workplace()),
        ..Options::default()
    };
    let mut subject = support::subject(sources, dialect);
    if let Some(models) = &mut subject.models {
        edit(models, edits);
    }
    let target = support::target(dialect, folder.path());
    prove(&[Job { subject, target }], &options, &mut Silent)
}

/// Plants faults in a package.
fn edit(models: &mut Models, edits: &str) {
    let mut lines = edits.lines();
    let mut path = "";
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("file ") {
            path = name;
            continue;
        }
        let old = line.strip_prefix("- ").expect(line);
        let new = lines.next().and_then(|line| line.strip_prefix("+ ")).expect(line);
        let whole = format!("{}/{path}", models.package);
        let (_, text) = models
            .files
            .iter_mut()
            .find(|(path, _)| *path == whole)
            .expect(path);
        assert_eq!(text.matches(old).count(), 1, "`{old}` in {path}");
        *text = text.replacen(old, new, 1);
    }
}

fn broken_schemas_are_refuted(dialect: &str, wanted: fn(&str) -> bool) {
    let mut faults: Vec<String> = Vec::new();
    let mut tried = 0;
    for gate in folders(&support::root().join("fixtures/prove")) {
        let id = file_name(&gate);
        if !wanted(&id) {
            continue;
        }
        for fixture in folders(&gate) {
            let read = |kind: &str| fs::read_to_string(fixture.join(format!("break.{dialect}.{kind}"))).ok();
            let (sabotage, edits) = (read("sql"), read("models"));
            if sabotage.is_none() && edits.is_none() {
                continue;
            }
            tried += 1;
            let expected = fs::read_to_string(fixture.join("expect.txt")).unwrap();
            let sources = support::arch_files(&fixture);
            let evidence = run(
                &id,
                &sources,
                dialect,
                sabotage.into_iter().collect(),
                &edits.unwrap_or_default(),
            );
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
    for gate in GATES {
        let fixture = match gate.id {
            "models" => "fixtures/prove/models/internal-id",
            _ => "fixtures/prove/apply/dropped-check",
        };
        let sources = support::arch_files(&support::root().join(fixture));
        let evidence = run(gate.id, &sources, dialect, Vec::new(), "");
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
    broken_schemas_are_refuted("postgres", |gate| gate != "models");
}

#[test]
fn broken_models_on_postgres() {
    broken_schemas_are_refuted("postgres", |gate| gate == "models");
}

#[test]
fn broken_models_on_sqlite() {
    broken_schemas_are_refuted("sqlite", |gate| gate == "models");
}

#[test]
fn broken_on_sqlite() {
    broken_schemas_are_refuted("sqlite", |gate| gate != "models");
}

#[test]
fn unbroken_on_postgres() {
    the_unbroken_schema_is_proven("postgres");
}

#[test]
fn unbroken_on_sqlite() {
    the_unbroken_schema_is_proven("sqlite");
}

fn is_broken(fixture: &Path, dialect: &str) -> bool {
    ["sql", "models"]
        .iter()
        .any(|kind| fixture.join(format!("break.{dialect}.{kind}")).exists())
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
                .any(|it| is_broken(it, dialect));
            assert!(
                broken || !applies(gate.id, dialect),
                "nothing is broken for {} on {dialect}",
                gate.id
            );
        }
        for fixture in folders(&root.join("fixtures/prove").join(gate.id)) {
            let broken = ["postgres", "sqlite"].iter().any(|it| is_broken(&fixture, it));
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
    let one = run("constraints", &sources, "sqlite", Vec::new(), "");
    let two = run("constraints", &sources, "sqlite", Vec::new(), "");
    assert_eq!(one.hash, two.hash);
    assert!(one.is_intact());
}
