//! Every design, built on a real MariaDB as far as it can hold it, and taken back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test may fail loudly, and reads its environment"
)]

use std::path::{Path, PathBuf};

use dialects::mariadb::MARIADB;
use engine::{Connection, MariadbServer, StartOptions};
use physical::Database;
use project::Memory;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Texts of schemas, by name. What was found elsewhere is in the words of another product.
fn schemas() -> Vec<(String, String)> {
    let folders = ["fixtures/design", "fixtures/prove/unbroken", "examples"];
    let mut paths = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(root().join(folder)).unwrap();
        for path in entries.map(|entry| entry.unwrap().path()) {
            match path.join("schema").is_dir() {
                true => {
                    let inner = std::fs::read_dir(path.join("schema")).unwrap();
                    paths.extend(inner.map(|entry| entry.unwrap().path()));
                }
                false => paths.push(path),
            }
        }
    }
    paths.retain(|path| path.extension().is_some_and(|end| end == "arch"));
    paths.sort();
    let texts = paths.into_iter().map(|path| {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        (name, std::fs::read_to_string(path).unwrap())
    });
    texts
        .filter(|(_, text)| !text.contains("without defaults"))
        .collect()
}

/// The schema for MariaDB, whatever it is written for.
fn design(name: &str, text: &str) -> Database {
    let line = text
        .lines()
        .find(|line| line.trim_start().starts_with("database "));
    let text = match line {
        Some(line) => text.replacen(line, "  database mariadb", 1),
        None => panic!("{name}: no database"),
    };
    let text = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("models "))
        .collect::<Vec<_>>()
        .join("\n");
    let system = Memory::with([("/schema/a.arch", text.as_str())]);
    let checked = state::check(&system, Path::new("/schema"));
    assert!(
        !checked.diagnostics.has_errors(),
        "{name}: {:?}",
        checked.diagnostics
    );
    let mut built = state::build(&checked);
    assert!(!built.diagnostics.has_errors(), "{name}: {:?}", built.diagnostics);
    built.targets.remove(0).realised.database
}

fn server(cache: &Path) -> MariadbServer {
    let mut options = StartOptions::new(cache, std::env::temp_dir());
    options.search.path = std::env::var_os("PATH");
    MariadbServer::start(&options).expect("these tests need MariaDB 10.11 or newer")
}

fn there_and_back(connection: &mut Connection, goal: &Database) -> Result<(), String> {
    let told = |error: engine::StepError| {
        let statement = error.statement.as_deref().unwrap_or_default();
        format!("{error}\n{statement}")
    };
    let plan = migrate::plan(&Database::default(), goal, &MARIADB).map_err(|refused| refused.to_string())?;
    engine::apply(connection, &plan.steps).map_err(told)?;
    engine::undo(connection, &plan).map_err(told)?;
    let left = "SELECT count(*) FROM information_schema.tables WHERE table_schema = database()";
    let left = connection.query(left, &[]).map_err(|error| error.to_string())?;
    match left.scalar() {
        Some(physical::Value::Int(0)) => Ok(()),
        other => Err(format!("tables are left: {other:?}")),
    }
}

#[test]
fn every_design_is_built_and_taken_back() {
    let cache = tempfile::tempdir().unwrap();
    let server = server(cache.path());
    let mut wrong = Vec::new();
    let schemas = schemas();
    for (number, (name, text)) in schemas.iter().enumerate() {
        let database = format!("design_{number}");
        server.create_database(&database).unwrap();
        let mut connection = server.superuser_connection(&database).unwrap();
        if let Err(error) = there_and_back(&mut connection, &design(name, text)) {
            wrong.push(format!("{name}: {error}"));
        }
    }
    assert!(schemas.len() > 15, "only {} schemas", schemas.len());
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        schemas.len(),
        wrong.join("\n\n")
    );
}
