//! The way back leads to where it began, also from the middle.
//!
//! On a server of its own, so that roles are made and removed too: the schema is built, loaded and undone, and what the catalog
//! holds is compared with what it held before. Then it is built again and cut off many times by ending the connection: nothing half
//! may stay, and when it is gone on with and loaded, all must be the same as the first time. Its undo is cut off in the same way.

mod cuts;
mod digest;
mod earlier;

use evidence::{Claim, Counterexample, Proof};

use crate::bench::{Bench, write};
use crate::data::Maker;
use crate::execute;
use crate::gate::{Gate, Stop};
use crate::host::{Db, Host, build, run as run_all};
use crate::inventory::{differences, inventory};

/// The gate.
pub(super) static GATE: Gate = Gate {
    id: "rollback",
    title: "rollback",
    claim: "undoing the schema leaves the database as it was, building it again gives the same, and a cut leaves nothing half",
    attacker: None,
    guarantees: &[],
    run,
};

const EMPTY: &str = "undoing removes everything that was made";
const SAME: &str =
    "built again after undoing, cut off and gone on with, and loaded again, schema and rows are the same";
const AFTER_CUTS: &str = "a build and an undo that were cut and gone on with leave nothing";
const IMPOSSIBLE: &str = "every step can be undone";

fn run(bench: &mut Bench<'_>) -> Result<(), Stop> {
    let subject = bench.subject;
    let back = match execute::backward(&subject.plan) {
        Ok(back) => back,
        Err((step, reason)) => {
            bench.claim(Claim::not_run("undo", Some(step), IMPOSSIBLE, reason));
            return Ok(());
        }
    };
    // Whether the planned roles can build it is for the gate apply to tell; if not, the superuser goes there and back.
    let _ = bench.host.build_template(subject)?;
    let mut host = bench.host.another()?;
    let result = there_and_back(bench, &mut host, &back);
    host.close(subject);
    result?;
    if let Some(change) = &subject.change {
        earlier::run(bench, change)?;
    }
    bench.step(4, 4, "done")
}

fn there_and_back(bench: &mut Bench<'_>, host: &mut Host, back: &[execute::Run]) -> Result<(), Stop> {
    let subject = bench.subject;
    let db = host.empty()?;
    let before = inventory(&mut db.superuser()?)?;
    bench.count("steps", subject.plan.steps.len() as u64);

    bench.step(0, 4, "building, loading, undoing")?;
    build(&db, subject)
        .map_err(|failure| Stop::Unable(format!("the schema could not be built ({failure})")))?;
    db.sabotage(host.sabotage())?;
    let first = fingerprint(bench, &db)?;
    if let Err(failure) = run_all(&db, subject, back) {
        let example = Counterexample::new(
            format!("the undo of `{}` fails", failure.step),
            "it runs",
            failure.error.to_string(),
        );
        bench.claim(Claim::refuted(
            "undo",
            None,
            EMPTY,
            example.with_statements([failure.statement]),
        ));
        return Ok(());
    }
    if !is_as_before(bench, &db, &before)? {
        return Ok(());
    }

    bench.step(1, 4, "building again, and cutting that")?;
    if !cuts::build(bench, &db)? {
        return Ok(());
    }
    bench.step(2, 4, "loading again")?;
    let second = fingerprint(bench, &db)?;
    let differing = differences(&first, &second);
    let rows = first.iter().filter(|line| line.starts_with("row ")).count();
    bench.count("rows digested", rows as u64);
    bench.claim(if differing.is_empty() {
        let proof = Proof::new(format!("{} lines of catalog, {rows} rows", first.len() - rows));
        Claim::proved("again", None, SAME, proof)
    } else {
        let observed = format!("{} differences", differing.len());
        let example = Counterexample::new(
            "the second build differs from the first",
            "no difference",
            observed,
        );
        Claim::refuted("again", None, SAME, example.with_differences(differing))
    });

    bench.step(3, 4, "cutting the undo")?;
    if cuts::undo(bench, &db, back)? {
        let left = differences(&before, &inventory(&mut db.superuser()?)?);
        bench.claim(emptied("cut-both", AFTER_CUTS, left));
    }
    Ok(())
}

/// Everything that the catalog and the loaded tables hold.
fn fingerprint(bench: &mut Bench<'_>, db: &Db) -> Result<Vec<String>, Stop> {
    let mut maker = Maker::new(bench.subject, bench.options.seed);
    let parties = maker.parties().map_err(|fault| Stop::Unable(fault.to_string()))?;
    maker.populate(&parties, bench.options.rows);
    let mut superuser = db.superuser()?;
    write(&mut superuser, &mut maker)?;
    let mut lines = inventory(&mut superuser)?;
    lines.extend(digest::rows(&maker, &mut superuser)?);
    Ok(lines)
}

fn is_as_before(bench: &mut Bench<'_>, db: &Db, before: &[String]) -> Result<bool, Stop> {
    let left = differences(before, &inventory(&mut db.superuser()?)?);
    let clean = left.is_empty();
    bench.claim(emptied("undo", EMPTY, left));
    Ok(clean)
}

fn emptied(id: &str, claim: &str, left: Vec<String>) -> Claim {
    let Some(first) = left.first() else {
        let proof = Proof::new("the catalog, roles included, is as it was");
        return Claim::proved(id, None, claim, proof);
    };
    let observed = format!("{} differences: {first}", left.len());
    let example = Counterexample::new(
        "undoing leaves something behind",
        "the catalog is as it was",
        observed,
    );
    Claim::refuted(id, None, claim, example.with_differences(left))
}
