//! Pairs of schemas: what `migrate` plans between them is run, and the database is what the second would have made; then back.
//!
//! `fixtures/pairs/<database>/*.sql` hold a schema, a line `-- becomes`, and another. With `ARCHITRAVE_CORPUS`, the name of a folder with
//! `pairs/*.jsonl`, those are tried as well, and counted by their source.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test may fail loudly, and reads its environment"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use dialects::postgres::POSTGRES;
use engine::{Connection, Server, StartOptions};
use physical::Database;
use plan::{Action, Step};

struct Pair {
    name: String,
    source: String,
    before: String,
    after: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn fixtures(dialect: &str) -> Vec<Pair> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(root().join("fixtures/pairs").join(dialect))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let pair = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, after) = text.split_once("-- becomes\n").expect("a line `-- becomes`");
        Pair {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            source: "fixtures".to_owned(),
            before: before.to_owned(),
            after: after.to_owned(),
        }
    };
    paths.into_iter().map(pair).collect()
}

fn corpus(dialect: &str) -> Vec<Pair> {
    let Some(folder) = std::env::var_os("ARCHITRAVE_CORPUS") else {
        return Vec::new();
    };
    let path = Path::new(&folder).join(format!("pairs/{dialect}.jsonl"));
    let text = std::fs::read_to_string(path).unwrap();
    let field = |value: &serde_json::Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    text.lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            Pair {
                name: format!("{} {}", field(&value, "id"), field(&value, "name")),
                source: field(&value, "source"),
                before: field(&value, "before"),
                after: field(&value, "after"),
            }
        })
        .collect()
}

fn server() -> &'static Server {
    static SERVER: OnceLock<(tempfile::TempDir, Server)> = OnceLock::new();
    let (_, server) = SERVER.get_or_init(|| {
        let cache = tempfile::tempdir().unwrap();
        let mut options = StartOptions::new(cache.path(), std::env::temp_dir());
        options.search.path = std::env::var_os("PATH");
        let server = Server::start(&options).expect("these tests need PostgreSQL 15 or newer");
        (cache, server)
    });
    server
}

/// A new database in which a script was run; `None` when the server does not take it.
fn database(name: &str, sql: &str) -> Option<Connection> {
    server().create_database(name).unwrap();
    let mut connection = server().superuser_connection(name).unwrap();
    connection.batch(sql).ok().map(|()| connection)
}

fn read(connection: &mut Connection) -> Result<Database, String> {
    state::introspect(connection, &POSTGRES).map_err(|error| error.to_string())
}

/// Runs steps one by one, as an operator would.
fn run(connection: &mut Connection, statements: &[String]) -> Result<(), String> {
    for statement in statements {
        connection
            .batch(statement)
            .map_err(|error| format!("{statement}\n    {error}"))?;
    }
    Ok(())
}

fn forth(steps: &[Step]) -> Vec<String> {
    steps
        .iter()
        .flat_map(|step| {
            let Action::Sql(statements) = &step.action;
            statements.clone()
        })
        .collect()
}

fn back(steps: &[Step]) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    for step in steps.iter().rev() {
        match &step.undo {
            plan::Undo::Sql(statements) => all.extend(statements.iter().cloned()),
            plan::Undo::WithOther => {}
            plan::Undo::Impossible(why) => return Err(why.clone()),
        }
    }
    Ok(all)
}

/// What still differs, as a plan would mend it.
fn rest(connection: &mut Connection, goal: &Database) -> Result<(), String> {
    let found = read(connection)?;
    let plan = migrate::plan(&found, goal, &POSTGRES).map_err(|refused| refused.to_string())?;
    match forth(&plan.steps).as_slice() {
        [] => Ok(()),
        left => Err(format!("still to do: {}", left.join("; "))),
    }
}

/// The server's own dump, line by line: columns come in the order in which they were added.
fn dump(name: &str) -> Vec<String> {
    let login = server().url(name, server().superuser()).login().unwrap();
    let output = std::process::Command::new("pg_dump")
        .args([
            "-h",
            &login.host,
            "-p",
            &login.port.to_string(),
            "-U",
            &login.user,
        ])
        .args(["-s", "-d", &login.database])
        .output()
        .expect("these tests need pg_dump");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("dump complete"), "{name} cannot be dumped");
    let mut lines: Vec<String> = text
        .lines()
        .map(|line| line.trim_end().trim_end_matches(',').to_owned())
        .filter(|line| !(line.is_empty() || line.starts_with("--") || line.starts_with('\\')))
        .collect();
    lines.sort();
    lines
}

/// What only one of two dumps says.
fn told_apart(one: &[String], other: &[String]) -> Result<(), String> {
    let only = |these: &[String], those: &[String], sign: char| -> Vec<String> {
        let missing = these.iter().filter(|line| !those.contains(line));
        missing.take(6).map(|line| format!("{sign}{line}")).collect()
    };
    let mut out = only(one, other, '-');
    out.extend(only(other, one, '+'));
    if out.is_empty() && one.len() == other.len() {
        return Ok(());
    }
    Err(format!("the dumps differ: {}", out.join(" | ")))
}

enum Outcome {
    Passed,
    Refused(String),
    Failed(String),
    /// The server does not take one of the two.
    Skipped,
}

fn try_pair(number: usize, pair: &Pair) -> Outcome {
    let Some(mut before) = database(&format!("b{number}"), &pair.before) else {
        return Outcome::Skipped;
    };
    let Some(mut after) = database(&format!("a{number}"), &pair.after) else {
        return Outcome::Skipped;
    };
    let outcome = (|| -> Result<Option<String>, String> {
        let (from, to) = (read(&mut before)?, read(&mut after)?);
        let plan = match migrate::plan(&from, &to, &POSTGRES) {
            Ok(plan) => plan,
            Err(refused) => return Ok(Some(refused.to_string())),
        };
        let original = dump(&format!("b{number}"));
        run(&mut before, &forth(&plan.steps)).map_err(|error| format!("up: {error}"))?;
        rest(&mut before, &to).map_err(|error| format!("after up: {error}"))?;
        told_apart(&dump(&format!("b{number}")), &dump(&format!("a{number}")))
            .map_err(|error| format!("after up: {error}"))?;
        if let Ok(statements) = back(&plan.steps) {
            run(&mut before, &statements).map_err(|error| format!("down: {error}"))?;
            rest(&mut before, &from).map_err(|error| format!("after down: {error}"))?;
            told_apart(&dump(&format!("b{number}")), &original)
                .map_err(|error| format!("after down: {error}"))?;
        }
        Ok(None)
    })();
    drop((before, after));
    for name in [format!("b{number}"), format!("a{number}")] {
        let mut superuser = server().superuser_connection("postgres").unwrap();
        let _ = superuser.execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    }
    match outcome {
        Ok(None) => Outcome::Passed,
        Ok(Some(refused)) => Outcome::Refused(refused),
        Err(error) => Outcome::Failed(error),
    }
}

#[test]
fn postgres() {
    let mut pairs = fixtures("postgres");
    let own = pairs.len();
    pairs.extend(corpus("postgres"));
    let mut counts: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    let mut failed = Vec::new();
    for (number, pair) in pairs.iter().enumerate() {
        let at = match try_pair(number, pair) {
            Outcome::Passed => 0,
            Outcome::Refused(why) => {
                println!("refused {}: {why}", pair.name);
                1
            }
            Outcome::Failed(error) => {
                println!("FAILED {}: {error}", pair.name);
                if number < own {
                    failed.push(format!("{}: {error}", pair.name));
                }
                2
            }
            Outcome::Skipped => 3,
        };
        counts.entry(pair.source.clone()).or_default()[at] += 1;
    }
    for (source, [passed, refused, failed, skipped]) in &counts {
        println!(
            "{source}: {passed} passed, {refused} refused, {failed} failed, {skipped} not taken by the server"
        );
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
