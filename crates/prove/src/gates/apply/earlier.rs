//! The migration from an earlier version, on a database with rows.

use std::sync::Arc;

use evidence::{Claim, Counterexample, Proof};

use crate::bench::Bench;
use crate::deploy::{Change, Deployment, Way};
use crate::diff;
use crate::gate::Stop;

use super::unplanned;

const CLAIM: &str = "the migration from an earlier version runs on its rows, by a deployer who is no superuser, and leaves exactly the planned schema";

pub(super) fn run(bench: &mut Bench<'_>, change: &Arc<Change>) -> Result<(), Stop> {
    bench.step(3, 4, "migrating from the earlier version")?;
    let mut host = bench.host.another()?;
    let result = claim(bench, &mut host, change);
    host.close(&change.from);
    let claim = result?;
    bench.claim(claim);
    Ok(())
}

fn claim(bench: &mut Bench<'_>, host: &mut crate::host::Host, change: &Change) -> Result<Claim, Stop> {
    let object = Some(change.shown.clone());
    let deployment = Deployment::begin(bench, host, change)?;
    let rows = deployment.rows()?.len();
    if let Err(stop) = deployment.go(Way::Forth) {
        let example = Counterexample::new(
            format!("{} does not run", change.migration.title()),
            "it runs",
            stop.message,
        );
        return Ok(Claim::refuted(
            "earlier",
            object,
            CLAIM,
            example.with_differences(stop.details),
        ));
    }
    let canonical = bench.subject.dialect.canonical;
    let goal = canonical(&bench.subject.realised.database);
    let found = canonical(&deployment.schema(bench)?);
    let (differences, own) = unplanned(bench, diff::differences(&goal, &found));
    if !differences.is_empty() {
        let example = Counterexample::new(
            format!("{} does not lead to the schema", change.migration.title()),
            "no difference",
            format!(
                "{} differences: {}",
                differences.len(),
                diff::headline(&differences)
            ),
        );
        return Ok(Claim::refuted(
            "earlier",
            object,
            CLAIM,
            example.with_differences(differences),
        ));
    }
    let statements = deployment.statements(Way::Forth)?;
    bench.count("migrated rows", rows as u64);
    let proof = Proof {
        notes: own,
        ..Proof::new(format!("{statements} statements on {rows} rows"))
    };
    Ok(Claim::proved("earlier", object, CLAIM, proof))
}
