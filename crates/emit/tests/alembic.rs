//! Migrations for Alembic against files that were run, and on everything that a schema can say.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail loudly, and read fixtures"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use diagnostics::Sources;
use emit::alembic::{Migrations, Target, environment, first_build};
use physical::Database;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of a schema for some databases.
fn emitted(text: &str, databases: &[&str]) -> BTreeMap<String, String> {
    let mut sources = Sources::default();
    let id = sources.add("schema/a.arch".to_owned(), text.to_owned());
    let parse = syntax::parse(id, text);
    let (model, _) = model::resolve(&[(id, &parse)]);
    let designed = design::design(&model);
    let made: Vec<_> = databases
        .iter()
        .map(|name| {
            let dialect = dialects::by_name(name).unwrap();
            let realised = (dialect.realise)(&designed.blueprint);
            let plan = migrate::plan(&Database::default(), &realised.database, dialect).unwrap();
            (dialect, realised, plan)
        })
        .collect();
    let targets: Vec<Target<'_>> = made
        .iter()
        .map(|(dialect, realised, plan)| Target {
            dialect,
            database: &realised.database,
            plan,
        })
        .collect();
    let input = Migrations {
        project: designed.blueprint.project.as_str(),
        place: emit::Placement::default(),
        targets: &targets,
    };
    let files = environment(&input).into_iter().chain(first_build(&input));
    files.map(|file| (file.path, file.text)).collect()
}

const BOTH: &[&str] = &["postgres", "sqlite"];
const REVISION: &str = "migrations/versions/0001_first_build.py";

fn revision(text: &str, databases: &[&str]) -> String {
    emitted(text, databases).remove(REVISION).unwrap()
}

#[test]
fn files_are_as_they_were_run() {
    let schema = std::fs::read_to_string(root().join("fixtures/models/migrations.arch")).unwrap();
    for (path, text) in emitted(&schema, BOTH) {
        let file = root().join("fixtures/models/migrations").join(&path);
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &text).unwrap();
        }
        let known = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            text, known,
            "{path}: UPDATE_FIXTURES=1 writes it anew; read the difference"
        );
    }
}

#[test]
fn every_design_has_a_revision() {
    let designs = std::fs::read_dir(root().join("fixtures/design")).unwrap();
    let mut seen = 0;
    for file in designs.map(|entry| entry.unwrap().path()) {
        if file.extension().is_some_and(|extension| extension == "arch") {
            let schema = std::fs::read_to_string(&file).unwrap();
            let text = revision(&schema, BOTH);
            let name = file.display();
            assert!(text.contains("    op.create_table("), "{name}");
            assert!(text.contains("    op.drop_table("), "{name}");
            // Each table has a word of its own, in both directions; one that is as found may have types that have none.
            let as_found = schema.contains("without defaults");
            assert!(
                as_found || !text.contains("CREATE TABLE") || text.contains("PARTITION OF"),
                "{name}"
            );
            let (made, dropped) = ("op.create_table(", "op.drop_table(");
            assert!(
                as_found || text.matches(made).count() == text.matches(dropped).count(),
                "{name}"
            );
            seen += 1;
        }
    }
    assert!(seen > 5);
}

const NOTE: &str = "entity Note public because \"x\" { text Text }";

#[test]
fn one_database_needs_no_branch() {
    let postgres = revision(NOTE, &["postgres"]);
    assert!(!postgres.contains("dialect.name") && !postgres.contains("sqlite"));
    let sqlite = revision(NOTE, &["sqlite"]);
    assert!(!sqlite.contains("dialect.name") && !sqlite.contains("postgresql"));
    assert!(revision(NOTE, BOTH).contains("if op.get_context().dialect.name == \"postgresql\":"));
}

#[test]
fn what_an_administrator_runs_stays_out() {
    let text = revision(NOTE, BOTH);
    for word in ["CREATE ROLE", "CREATE SCHEMA", "DROP SCHEMA", "DROP ROLE"] {
        assert!(!text.contains(word), "{word}");
    }
}

#[test]
fn names_that_alembic_cannot_say_are_said_in_sql() {
    let text = revision(
        "entity Note public because \"x\" { text Text @column(\"a.b\") }",
        BOTH,
    );
    assert!(text.contains("run(\n        'CREATE TABLE") || text.contains("run(\"\"\"CREATE TABLE"));
    assert!(text.contains("\"a.b\""));
}

#[test]
fn an_empty_schema_makes_no_panic() {
    for text in ["", "entity", "entity A { b B c [C] d D? @unique }"] {
        revision(text, BOTH);
        revision(text, &[]);
    }
}
