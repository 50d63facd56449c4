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

mod postgres;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use engine::Connection;
use physical::Database;
use plan::{Action, Relational, Step};

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

/// A database product, as far as pairs are tried on it. A value is a database of its own that goes with it.
trait Product: Sized {
    /// How it is spoken to.
    fn dialect() -> &'static Relational;

    /// A new database in which a script was run; `None` when the product does not take it.
    fn build(name: &str, sql: &str) -> Option<Self>;

    fn connection(&mut self) -> &mut Connection;

    /// The schema as the product itself says it, apart from us, line by line and sorted.
    fn dump(&mut self) -> Vec<String>;

    fn read(&mut self) -> Result<Database, String> {
        state::introspect(self.connection(), Self::dialect()).map_err(|error| error.to_string())
    }
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
fn rest<P: Product>(database: &mut P, goal: &Database) -> Result<(), String> {
    let found = database.read()?;
    let plan = migrate::plan(&found, goal, P::dialect()).map_err(|refused| refused.to_string())?;
    match forth(&plan.steps).as_slice() {
        [] => Ok(()),
        left => Err(format!("still to do: {}", left.join("; "))),
    }
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

fn try_pair<P: Product>(number: usize, pair: &Pair) -> Outcome {
    let before = P::build(&format!("b{number}"), &pair.before);
    let after = P::build(&format!("a{number}"), &pair.after);
    let (Some(mut before), Some(mut after)) = (before, after) else {
        return Outcome::Skipped;
    };
    match there_and_back(&mut before, &mut after) {
        Ok(None) => Outcome::Passed,
        Ok(Some(refused)) => Outcome::Refused(refused),
        Err(error) => Outcome::Failed(error),
    }
}

/// Makes one database of the other, and itself again; answers why not when it is refused.
fn there_and_back<P: Product>(before: &mut P, after: &mut P) -> Result<Option<String>, String> {
    let (from, to) = (before.read()?, after.read()?);
    let plan = match migrate::plan(&from, &to, P::dialect()) {
        Ok(plan) => plan,
        Err(refused) => return Ok(Some(refused.to_string())),
    };
    let original = before.dump();
    run(before.connection(), &forth(&plan.steps)).map_err(|error| format!("up: {error}"))?;
    rest(before, &to).map_err(|error| format!("after up: {error}"))?;
    told_apart(&before.dump(), &after.dump()).map_err(|error| format!("after up: {error}"))?;
    if let Ok(statements) = back(&plan.steps) {
        run(before.connection(), &statements).map_err(|error| format!("down: {error}"))?;
        rest(before, &from).map_err(|error| format!("after down: {error}"))?;
        told_apart(&before.dump(), &original).map_err(|error| format!("after down: {error}"))?;
    }
    Ok(None)
}

/// Tries the fixtures, all of which must pass, and the corpus, which is counted.
fn try_all<P: Product>() {
    let name = P::dialect().name;
    let mut pairs = fixtures(name);
    let own = pairs.len();
    pairs.extend(corpus(name));
    let mut counts: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    let mut failed = Vec::new();
    for (number, pair) in pairs.iter().enumerate() {
        let at = match try_pair::<P>(number, pair) {
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
            "{source}: {passed} passed, {refused} refused, {failed} failed, {skipped} not taken by the database"
        );
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
