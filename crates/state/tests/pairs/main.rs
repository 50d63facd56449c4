//! Pairs of schemas: what `migrate` plans between them is run, and the database is what the second would have made; then back.
//!
//! `fixtures/pairs/<database>/*.sql` hold a schema, a line `-- becomes`, and another. With `ARCHITRAVE_CORPUS`, the name of a folder with
//! `pairs/*.jsonl`, those are tried as well, and counted by their source.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "a test may fail loudly, and reads its environment"
)]

mod designed;
mod postgres;
mod rows;
mod sqlite;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use engine::Connection;
use physical::Database;
use plan::{Action, Hazard, Plan, Relational, Step};

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

    /// Statements after which rows can be put in in any order, and after which they no longer can.
    fn carelessly() -> Option<(&'static str, &'static str)>;

    /// Does what a plan says.
    fn up(&mut self, plan: &Plan) -> Result<(), String>;

    /// And takes it back.
    fn down(&mut self, plan: &Plan) -> Result<(), String>;

    fn read(&mut self) -> Result<Database, String> {
        let found = state::introspect(self.connection(), Self::dialect());
        let mut found = found.map_err(|error| error.to_string())?;
        physical::leave_out_own(&mut found);
        Ok(found)
    }
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
    Passed {
        with_rows: bool,
    },
    Refused(String),
    Failed(String),
    /// The server does not take one of the two.
    Skipped,
}

/// With rows, or without where those that we thought of cannot stay.
fn try_pair<P: Product>(number: usize, pair: &Pair) -> Outcome {
    for large in [false, true] {
        if let Some(error) = keeping::<P>(number, pair, large) {
            return Outcome::Failed(format!("keeping, large {large}: {error}"));
        }
    }
    if let Some(error) = as_large::<P>(number, pair) {
        return Outcome::Failed(format!("as large: {error}"));
    }
    for with_rows in [true, false] {
        let before = P::build(&format!("b{number}"), &pair.before);
        let after = P::build(&format!("a{number}"), &pair.after);
        let (Some(mut before), Some(mut after)) = (before, after) else {
            return Outcome::Skipped;
        };
        match there_and_back(&mut before, &mut after, with_rows) {
            Ok(None) => return Outcome::Passed { with_rows },
            Ok(Some(refused)) => return Outcome::Refused(refused),
            Err(Stop::Failed(error)) => return Outcome::Failed(error),
            Err(Stop::ByRows) => {}
        }
    }
    Outcome::Failed("up: fails without rows, too, and says that rows make it fail".to_owned())
}

/// When what would be lost is set aside, the way back leads to the same rows; answers what is wrong.
fn keeping<P: Product>(number: usize, pair: &Pair, large: bool) -> Option<String> {
    let mut before = P::build(&format!("kb{number}"), &pair.before)?;
    let mut after = P::build(&format!("ka{number}"), &pair.after)?;
    let (mut from, to) = (before.read().ok()?, after.read().ok()?);
    if large && !counts_as_large::<P>(&mut from, &to) {
        return None;
    }
    let plan = migrate::plan_keeping(&from, &to, P::dialect(), &[], "0001_pair").ok()?;
    back(&plan.steps).ok()?;
    let original = before.dump();
    rows::fill(&mut before, &from);
    let all = rows::all(&from);
    let rows = rows::read(&mut before, all.iter());
    if let Err(error) = before.up(&plan) {
        let told = warned(&plan, |hazard| matches!(hazard, Hazard::MayFail(_)));
        return (!told).then(|| format!("up: {error}"));
    }
    let there = (rest(&mut before, &to)).and_then(|()| told_apart(&before.dump(), &after.dump()));
    if let Err(error) = there {
        return Some(format!("after up: {error}"));
    }
    let loses = warned(&plan, |hazard| matches!(hazard, Hazard::DataLoss(_)));
    if let Err(error) = before.down(&plan) {
        return (!loses).then(|| format!("down: {error}"));
    }
    let again = rest(&mut before, &from).and_then(|()| told_apart(&before.dump(), &original));
    let again = again.and_then(|()| {
        let kept = rows::read(&mut before, all.iter());
        if loses { Ok(()) } else { rows::same(&rows, &kept) }
    });
    again.err().map(|error| format!("after down: {error}"))
}

/// Has tables count as large; whether that makes a difference.
fn counts_as_large<P: Product>(from: &mut Database, to: &Database) -> bool {
    let Ok(small) = migrate::steps_between(from, to, P::dialect()) else {
        return false;
    };
    plan::large_from(from, 0);
    let large = migrate::steps_between(from, to, P::dialect()).unwrap();
    forth(&small) != forth(&large) || back(&small) != back(&large)
}

/// The same where tables are large; answers what is wrong.
fn as_large<P: Product>(number: usize, pair: &Pair) -> Option<String> {
    let mut before = P::build(&format!("lb{number}"), &pair.before)?;
    let mut after = P::build(&format!("la{number}"), &pair.after)?;
    let (mut from, to) = (before.read().ok()?, after.read().ok()?);
    if !counts_as_large::<P>(&mut from, &to) {
        return None;
    }
    println!("as large: {}", pair.name);
    for with_rows in [true, false] {
        match walk(&mut before, &mut after, (&from, &to), with_rows) {
            Ok(_) => return None,
            Err(Stop::Failed(error)) => return Some(error),
            Err(Stop::ByRows) => before = P::build(&format!("lbe{number}"), &pair.before)?,
        }
    }
    Some("it fails without rows, too, and says that rows make it fail".to_owned())
}

/// Makes one database of the other, and itself again; answers why not when it is refused.
fn there_and_back<P: Product>(
    before: &mut P,
    after: &mut P,
    with_rows: bool,
) -> Result<Option<String>, Stop> {
    let (from, to) = (before.read()?, after.read()?);
    walk(before, after, (&from, &to), with_rows)
}

fn walk<P: Product>(
    before: &mut P,
    after: &mut P,
    (from, to): (&Database, &Database),
    with_rows: bool,
) -> Result<Option<String>, Stop> {
    let plan = match migrate::plan(from, to, P::dialect()) {
        Ok(plan) => plan,
        Err(refused) => return Ok(Some(refused.to_string())),
    };
    crowded::<P>((from, to), &plan)?;
    at_once(&plan)?;
    let original = before.dump();
    if with_rows {
        rows::fill(before, from);
    }
    let shared = rows::shared::<P>(from, to);
    let rows = rows::read(before, shared.iter().map(|(table, _)| table));
    before.up(&plan).map_err(|error| {
        if with_rows && warned(&plan, |hazard| matches!(hazard, Hazard::MayFail(_))) {
            Stop::ByRows
        } else {
            Stop::Failed(format!("up: {error}"))
        }
    })?;
    let up = |error: String| format!("after up: {error}");
    rest(before, to).map_err(up)?;
    told_apart(&before.dump(), &after.dump()).map_err(up)?;
    let kept = rows::read(before, shared.iter().map(|(_, table)| table));
    rows::same(&rows, &kept).map_err(up)?;
    if back(&plan.steps).is_ok() {
        let down = |error: String| format!("after down: {error}");
        before.down(&plan).map_err(|error| {
            // A plan that keeps nothing cannot put back what others referred to, or what must not be empty; and it said so.
            if with_rows
                && warned(&plan, |hazard| {
                    matches!(hazard, Hazard::DataLoss(_) | Hazard::MayFail(_))
                })
            {
                Stop::ByRows
            } else {
                Stop::Failed(format!("down: {error}"))
            }
        })?;
        rest(before, from).map_err(down)?;
        told_apart(&before.dump(), &original).map_err(down)?;
        let kept = rows::read(before, shared.iter().map(|(table, _)| table));
        rows::same(&rows, &kept).map_err(down)?;
    }
    Ok(None)
}

/// What goes and comes back does so in one transaction.
fn at_once(plan: &Plan) -> Result<(), String> {
    let kinds = ["view ", "policy ", "trigger ", "function "];
    for (at, goes) in plan.steps.iter().enumerate() {
        let Some(title) = goes.title.strip_suffix(" goes") else {
            continue;
        };
        let rest = &plan.steps[at..];
        let back = rest.iter().position(|step| step.title == title);
        let Some(back) = back.filter(|_| kinds.iter().any(|kind| title.starts_with(kind))) else {
            continue;
        };
        // The parts of an index of a partitioned table are built one by one before they are joined.
        let is_part = |step: &Step| step.apart.is_none() && step.title.starts_with("index ");
        let mut between = rest[..back].iter().filter(|step| !is_part(step));
        if let Some(alone) = between.find(|step| step.stands_alone()) {
            return Err(format!("{title} is missing during: {}", alone.title));
        }
    }
    Ok(())
}

/// Among very many tables that are the same, the plan is the same.
fn crowded<P: Product>((from, to): (&Database, &Database), plan: &Plan) -> Result<(), String> {
    let crowd = |database: &Database| {
        let mut database = database.clone();
        for number in 0..3 * (from.tables.len() + to.tables.len()) + 3 {
            let name = physical::Name::new("zz_crowd", format!("t{number}").as_str());
            let mut table = physical::Table::new(name, physical::Origin::Found);
            let column = physical::Column::new("id", physical::SqlType::Integer, physical::Origin::Found);
            table.columns.push(column);
            database.tables.push(table);
        }
        database
    };
    if P::dialect().keys_in_tables || from == &Database::default() {
        return Ok(());
    }
    let among = migrate::steps_between(&crowd(from), &crowd(to), P::dialect());
    let among = among.map_err(|refused| refused.to_string())?;
    if forth(&among) == forth(&plan.steps) && back(&among) == back(&plan.steps) {
        return Ok(());
    }
    let told: Vec<String> = forth(&among);
    Err(format!("among others it is another plan: {}", told.join("; ")))
}

fn warned(plan: &Plan, of: impl Fn(&Hazard) -> bool) -> bool {
    plan.steps.iter().flat_map(|step| &step.hazards).any(of)
}

/// Why a pair was not tried to its end.
enum Stop {
    /// Rows kept it from becoming the other, as the plan says they may.
    ByRows,
    Failed(String),
}

impl From<String> for Stop {
    fn from(error: String) -> Self {
        Self::Failed(error)
    }
}

/// Each pair, and each the other way round.
fn with_the_way_back(pairs: Vec<Pair>) -> Vec<Pair> {
    let turned = |pair: &Pair| Pair {
        name: format!("{}, the other way round", pair.name),
        source: pair.source.clone(),
        before: pair.after.clone(),
        after: pair.before.clone(),
    };
    let back: Vec<Pair> = pairs.iter().map(turned).collect();
    pairs.into_iter().chain(back).collect()
}

/// Tries the fixtures, all of which must pass, and the corpus, which is counted.
fn try_all<P: Product>(mut pairs: Vec<Pair>) {
    pairs.extend(corpus(P::dialect().name));
    // By a part of its name, one pair can be looked at alone.
    if let Some(only) = std::env::var_os("ARCHITRAVE_PAIR") {
        pairs.retain(|pair| pair.name.contains(&*only.to_string_lossy()));
    }
    let mut counts: BTreeMap<String, [usize; 5]> = BTreeMap::new();
    let mut failed = Vec::new();
    for (number, pair) in pairs.iter().enumerate() {
        let at = match try_pair::<P>(number, pair) {
            Outcome::Passed { with_rows: true } => 0,
            Outcome::Passed { with_rows: false } => 4,
            Outcome::Refused(why) => {
                println!("refused {}: {why}", pair.name);
                if pair.source == "fixtures" {
                    failed.push(format!("{} is refused: {why}", pair.name));
                }
                1
            }
            Outcome::Failed(error) => {
                println!("FAILED {}: {error}", pair.name);
                if pair.source == "fixtures" {
                    failed.push(format!("{}: {error}", pair.name));
                }
                2
            }
            Outcome::Skipped => {
                if pair.source == "fixtures" {
                    failed.push(format!("{} is not taken by the database", pair.name));
                }
                3
            }
        };
        counts.entry(pair.source.clone()).or_default()[at] += 1;
    }
    for (source, [passed, refused, failed, skipped, empty]) in &counts {
        println!(
            "{source}: {passed} passed with rows, {empty} without, {refused} refused, {failed} failed, \
             {skipped} not taken by the database"
        );
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
