//! The plan runs from nothing, and the database is then what was planned.

mod earlier;

use engine::Connection;
use evidence::{Claim, Counterexample, Proof};
use physical::{Database, ForeignKey, Table, Value};
use plan::RunsAs;

use crate::bench::Bench;
use crate::data::Speller;
use crate::diff;
use crate::execute::Failure;
use crate::gate::{Gate, Stop};

/// The gate.
pub(super) static GATE: Gate = Gate {
    id: "apply",
    title: "apply",
    claim: "the migrations run from nothing, by roles that are no superuser, and leave exactly the planned schema",
    attacker: None,
    guarantees: &[],
    run,
};

fn run(bench: &mut Bench<'_>) -> Result<(), Stop> {
    bench.step(0, 4, "building from nothing")?;
    let built = bench.built()?;
    let as_planned = built.is_ok();
    let db = match built {
        Ok(db) => db,
        Err(failure) => {
            bench.claim(failed(&failure));
            // The rest can still be tried on what the superuser builds.
            bench.fresh()?
        }
    };
    let steps = bench.subject.plan.steps.len();
    bench.count("steps", steps as u64);
    if as_planned {
        bench.claim(Claim::proved(
            "runs",
            None,
            RUNS,
            Proof::new(format!("{steps} steps")),
        ));
    }

    bench.step(1, 4, "reading the schema back")?;
    let mut superuser = db.superuser()?;
    let found = bench.introspect(&mut superuser)?;
    same_schema(bench, &found);

    bench.step(2, 4, "planning again")?;
    second_plan(bench, &found);

    bench.step(3, 4, "counting orphans")?;
    drop(superuser);
    drop(db);
    orphans(bench)?;
    if let Some(change) = &bench.subject.change {
        earlier::run(bench, change)?;
    }
    bench.step(4, 4, "done")
}

const RUNS: &str = "every step runs, each as the role that it names";
const SAME: &str = "the schema that is read back is the planned one";
const AGAIN: &str = "a second plan from there is empty";
const ORPHANS: &str = "every row that refers to another finds it, counted past row-level security";
const VALIDATED: &str = "every constraint is validated";

fn failed(failure: &Failure) -> Claim {
    let role = match failure.runs_as {
        RunsAs::Administrator => "an administrator with CREATEROLE who owns the database",
        RunsAs::Migrator => "a login member of the migrator",
    };
    let example = Counterexample::new(
        format!("the step `{}` fails", failure.step),
        "it runs",
        failure.error.to_string(),
    );
    Claim::refuted(
        "runs",
        None,
        RUNS,
        example.with_statements([failure.statement.clone()]).run_as(role),
    )
}

fn same_schema(bench: &mut Bench<'_>, found: &Database) {
    let canonical = bench.subject.dialect.canonical;
    let goal = canonical(&bench.subject.realised.database);
    let found = canonical(found);
    let tables = found.tables.len();
    bench.count("tables", tables as u64);
    let (differences, own) = unplanned(bench, diff::differences(&goal, &found));
    bench.claim(if differences.is_empty() {
        let mut proof = Proof::new(format!("{tables} tables, {} functions", found.functions.len()));
        proof.notes = own;
        Claim::proved("same-schema", None, SAME, proof)
    } else {
        let example = Counterexample::new(
            "what stands in the database is not what was planned",
            "no difference",
            format!(
                "{} differences: {}",
                differences.len(),
                diff::headline(&differences)
            ),
        );
        Claim::refuted("same-schema", None, SAME, example.with_differences(differences))
    });
}

/// Sets aside whole objects and indexes that the user's own SQL may have made: they are named, not judged. Whatever else it did
/// to planned objects stays a difference.
fn unplanned(bench: &Bench<'_>, differences: Vec<String>) -> (Vec<String>, Vec<String>) {
    let database = &bench.subject.realised.database;
    if !database.opaque.iter().any(|each| each.kind == "user sql") {
        return (differences, Vec::new());
    }
    let whole = |line: &String| {
        let depth = line.matches(" › ").count();
        line.starts_with("+ ") && (depth == 1 || depth == 3 && line.contains(" › indexes › "))
    };
    let (own, differences) = differences.into_iter().partition(whole);
    (differences, own)
}

/// Plans from what was found to the goal. Two schemas that are canonically the same need no step.
fn second_plan(bench: &mut Bench<'_>, found: &Database) {
    let dialect = bench.subject.dialect;
    let (found, goal) = (
        (dialect.canonical)(found),
        (dialect.canonical)(&bench.subject.realised.database),
    );
    let (differences, own) = unplanned(bench, diff::differences(&goal, &found));
    let only_own = differences.is_empty() && !own.is_empty();
    let claim = if only_own || diff::serialised(&found) == diff::serialised(&goal) {
        Claim::proved("second-plan", None, AGAIN, Proof::new("0 steps"))
    } else {
        let example = Counterexample::new(
            "planning again would change something",
            "no step",
            diff::headline(&diff::differences(&goal, &found)),
        );
        Claim::refuted(
            "second-plan",
            None,
            AGAIN,
            example.with_differences(diff::differences(&goal, &found)),
        )
    };
    bench.claim(claim);
}

/// Loads rows and counts what refers to nothing. Row-level security hides orphans even from the owner of a table that
/// forces it, so a superuser counts.
fn orphans(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let loaded = bench.loaded(bench.options.rows)?;
    let mut superuser = loaded.db.superuser()?;
    let found = bench.introspect(&mut superuser)?;
    let speller = loaded.maker.speller();
    let mut keys = 0;
    let mut bad: Vec<String> = Vec::new();
    let mut statements = Vec::new();
    for table in &found.tables {
        for key in &table.foreign_keys {
            keys += 1;
            let sql = orphan_query(speller, table, key);
            let count = count(&mut superuser, &sql)?;
            if count > 0 {
                bad.push(format!(
                    "{count} rows of {} refer to nothing by {}",
                    table.name, key.name
                ));
                statements.push(sql);
            }
        }
    }
    bench.count("foreign keys", keys);
    bench.claim(if bad.is_empty() {
        Claim::proved(
            "orphans",
            None,
            ORPHANS,
            Proof::new(format!("{keys} foreign keys, no orphan")),
        )
    } else {
        let example = Counterexample::new("rows refer to nothing", "0 rows", bad.join("; "));
        Claim::refuted(
            "orphans",
            None,
            ORPHANS,
            example.with_statements(statements).run_as("superuser"),
        )
    });
    validated(bench, &found);
    Ok(())
}

fn validated(bench: &mut Bench<'_>, found: &Database) {
    let mut total = 0_u64;
    let mut open: Vec<String> = Vec::new();
    for table in &found.tables {
        let keys = table.foreign_keys.iter().map(|key| (&key.name, key.validated));
        for (name, valid) in keys.chain(table.checks.iter().map(|check| (&check.name, check.validated))) {
            total += 1;
            if !valid {
                open.push(format!("{name} on {}", table.name));
            }
        }
    }
    bench.claim(if open.is_empty() {
        Claim::proved(
            "validated",
            None,
            VALIDATED,
            Proof::new(format!("{total} foreign keys and checks")),
        )
    } else {
        let example = Counterexample::new("a constraint is NOT VALID", "all are validated", open.join("; "));
        Claim::refuted("validated", None, VALIDATED, example)
    });
}

fn orphan_query(speller: Speller, table: &Table, key: &ForeignKey) -> String {
    let child = speller.name(&table.name);
    let parent = speller.name(&key.references);
    let given = key
        .columns
        .iter()
        .map(|column| format!("c.{} IS NOT NULL", speller.ident(column.as_str())));
    let pairs = key.columns.iter().zip(&key.referenced);
    let joined = pairs.map(|(own, other)| {
        format!(
            "p.{} = c.{}",
            speller.ident(other.as_str()),
            speller.ident(own.as_str())
        )
    });
    format!(
        "SELECT count(*) FROM {child} AS c WHERE {} AND NOT EXISTS (SELECT 1 FROM {parent} AS p WHERE {})",
        given.collect::<Vec<_>>().join(" AND "),
        joined.collect::<Vec<_>>().join(" AND ")
    )
}

fn count(connection: &mut Connection, sql: &str) -> Result<i64, Stop> {
    Ok(connection
        .query(sql, &[])?
        .scalar()
        .and_then(Value::as_int)
        .unwrap_or(0))
}
