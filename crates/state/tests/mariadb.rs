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

/// The files of a schema.
type Files = Vec<(String, String)>;

/// Schemas by name. What was found elsewhere is in the words of another product.
fn schemas() -> Vec<(String, Files)> {
    let arch = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "arch"));
        paths.sort();
        paths
    };
    let read = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy();
        (format!("/schema/{name}"), std::fs::read_to_string(path).unwrap())
    };
    let designs = arch(&root().join("fixtures/design"));
    let mut all: Vec<(String, Files)> = designs
        .iter()
        .map(|path| (path.display().to_string(), vec![read(path)]))
        .collect();
    for entry in std::fs::read_dir(root().join("examples")).unwrap() {
        let folder = entry.unwrap().path().join("schema");
        if folder.is_dir() {
            let files = arch(&folder).iter().map(read).collect();
            all.push((folder.display().to_string(), files));
        }
    }
    let found = |files: &Files| files.iter().any(|(_, text)| text.contains("without defaults"));
    all.retain(|(_, files)| !found(files));
    all
}

/// The schema for MariaDB, whatever it is written for.
fn design(name: &str, files: &Files) -> Database {
    let line = |line: &str| match line.trim_start() {
        rest if rest.starts_with("database ") => "  database mariadb".to_owned(),
        rest if rest.starts_with("models ") => String::new(),
        _ => line.to_owned(),
    };
    let mut files: Files = files
        .iter()
        .map(|(path, text)| {
            (
                path.clone(),
                text.lines().map(line).collect::<Vec<_>>().join("\n"),
            )
        })
        .collect();
    if !files
        .iter()
        .any(|(_, text)| text.lines().any(|line| line.starts_with("project ")))
    {
        let project = "project shop {\n  database mariadb\n}\n";
        files.push(("/schema/project.arch".to_owned(), project.to_owned()));
    }
    let checked = state::check(&Memory::with(files), Path::new("/schema"));
    // Rules may find fault with it: what is asked here is whether it can be built.
    let mut built = state::build(&checked);
    assert!(!built.diagnostics.has_errors(), "{name}: {:?}", built.diagnostics);
    built.targets.remove(0).realised.database
}

fn server(cache: &Path) -> MariadbServer {
    let mut options = StartOptions::new(cache, std::env::temp_dir());
    options.search.path = std::env::var_os("PATH");
    MariadbServer::start(&options).expect("these tests need MariaDB 10.11 or newer")
}

/// What is there otherwise than it was meant, in the form in which they are compared.
fn differences(found: &Database, goal: &Database) -> Result<(), String> {
    let (found, goal) = ((MARIADB.canonical)(found), (MARIADB.canonical)(goal));
    let mut out = Vec::new();
    for goal in &goal.tables {
        let Some(found) = found.table(&goal.name) else {
            out.push(format!("{} is missing", goal.name));
            continue;
        };
        let mut tell = |what: &str, found: String, goal: String| {
            if found != goal {
                out.push(format!("{what}\n    found {found}\n    meant {goal}"));
            }
        };
        for (found, goal) in found.columns.iter().zip(&goal.columns) {
            tell("column", format!("{found:?}"), format!("{goal:?}"));
        }
        tell(
            "key",
            format!("{:?}", found.primary_key),
            format!("{:?}", goal.primary_key),
        );
        tell(
            "uniques",
            format!("{:?}", found.uniques),
            format!("{:?}", goal.uniques),
        );
        tell(
            "foreign keys",
            format!("{:?}", found.foreign_keys),
            format!("{:?}", goal.foreign_keys),
        );
        tell(
            "checks",
            format!("{:?}", found.checks),
            format!("{:?}", goal.checks),
        );
        tell(
            "indexes",
            format!("{:?}", found.indexes),
            format!("{:?}", goal.indexes),
        );
        tell(
            "triggers",
            format!("{:?}", found.triggers),
            format!("{:?}", goal.triggers),
        );
        tell(
            "rights",
            format!("{:?}", found.grants),
            format!("{:?}", goal.grants),
        );
        tell(
            "comment",
            format!("{:?}", found.comment),
            format!("{:?}", goal.comment),
        );
    }
    for goal in &goal.views {
        let found = found.views.iter().find(|found| found.name == goal.name);
        if found != Some(goal) {
            out.push(format!("view\n    found {found:?}\n    meant {goal:?}"));
        }
    }
    for goal in &goal.opaque {
        let found = found
            .opaque
            .iter()
            .find(|found| found.name == goal.name && found.kind == goal.kind);
        if found != Some(goal) {
            out.push(format!("other\n    found {found:?}\n    meant {goal:?}"));
        }
    }
    if out.is_empty() {
        Ok(())
    } else {
        Err(out.join("\n"))
    }
}

fn there_and_back(connection: &mut Connection, goal: &Database) -> Result<(), String> {
    let told = |error: engine::StepError| {
        let statement = error.statement.as_deref().unwrap_or_default();
        format!("{error}\n{statement}")
    };
    let plan = migrate::plan(&Database::default(), goal, &MARIADB).map_err(|refused| refused.to_string())?;
    engine::apply(connection, &plan.steps).map_err(told)?;
    let found = state::introspect(connection, &MARIADB).map_err(|error| error.to_string())?;
    differences(&found, goal)?;
    for (from, to) in [(&found, goal), (goal, &found)] {
        let rest = migrate::steps_between(from, to, &MARIADB).map_err(|refused| refused.to_string())?;
        if !rest.is_empty() {
            let left: Vec<String> = rest
                .iter()
                .map(|step| format!("{}: {:?}", step.title, step.action))
                .collect();
            return Err(format!("what was built differs: {}", left.join("\n")));
        }
    }
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
    for (number, (name, files)) in schemas.iter().enumerate() {
        let database = format!("design_{number}");
        server.create_database(&database).unwrap();
        let mut connection = server.superuser_connection(&database).unwrap();
        if let Err(error) = there_and_back(&mut connection, &design(name, files)) {
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
