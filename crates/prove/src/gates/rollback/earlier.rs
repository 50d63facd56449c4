//! There and back again between an earlier version and this one, with rows: undone, done again, undone after rows were written to the
//! new schema, and cut off on both ways.

use std::collections::HashSet;
use std::sync::Arc;

use evidence::{Claim, Counterexample, Proof};
use physical::Database;

use super::cuts::spread;
use crate::bench::Bench;
use crate::deploy::{Change, Deployment, Way};
use crate::diff;
use crate::gate::Stop;
use crate::host::Host;
use crate::inventory::differences;

const UNDO: &str = "undoing the migration brings back the earlier schema with every row as it was";
const AGAIN: &str = "applied again after it was undone, the migration leads to the same schema";
const WRITTEN: &str = "undoing the migration after rows were written to the new schema brings back every row that was there before";
const CUTS: &str = "cut off before a statement and gone on with, the migration and its undo come to the same";

pub(super) fn run(bench: &mut Bench<'_>, change: &Arc<Change>) -> Result<(), Stop> {
    let object = Some(change.shown.clone());
    if change.migration.down.is_none() {
        let reason = match change.closed.as_slice() {
            [] => format!("{} has no `down.sql`", change.migration.title()),
            closed => format!("there is no way back: {}", closed.join("; ")),
        };
        bench.claim(Claim::not_run("earlier-undo", object, UNDO, reason));
        return Ok(());
    }
    bench.step(3, 4, "migrating from the earlier version, and back")?;
    let trial = Trial { change, object };
    // Each has a server of its own: the roles of the new version belong to it.
    let mut host = bench.host.another()?;
    let after = trial.both_ways(bench, &mut host);
    host.close(&change.from);
    if let Some(after) = after? {
        let mut host = bench.host.another()?;
        let result = trial.cuts(bench, &mut host, &after);
        host.close(&change.from);
        result?;
    }
    Ok(())
}

struct Trial<'c> {
    change: &'c Change,
    object: Option<String>,
}

/// A database as it is at one moment.
struct Moment {
    schema: Database,
    catalog: Vec<String>,
    rows: Vec<String>,
}

impl Moment {
    /// Of the earlier version, with its rows.
    fn of(bench: &Bench<'_>, deployment: &Deployment<'_>) -> Result<Self, Stop> {
        Ok(Self {
            rows: deployment.rows()?,
            ..Self::migrated(bench, deployment)?
        })
    }

    /// Of either version, without rows.
    fn migrated(bench: &Bench<'_>, deployment: &Deployment<'_>) -> Result<Self, Stop> {
        Ok(Self {
            schema: (bench.subject.dialect.canonical)(&deployment.schema(bench)?),
            catalog: deployment.inventory()?,
            rows: Vec::new(),
        })
    }

    fn told(&self) -> String {
        format!("{} tables", self.schema.tables.len())
    }

    /// What is otherwise now; rows that came are none of it where others wrote meanwhile.
    fn lost(&self, now: &Self, others_wrote: bool) -> Vec<String> {
        let mut lost = diff::differences(&self.schema, &now.schema);
        lost.extend(differences(&self.catalog, &now.catalog));
        let rows = differences(&self.rows, &now.rows);
        lost.extend(
            rows.into_iter()
                .filter(|line| !others_wrote || line.starts_with('-')),
        );
        lost
    }
}

impl Trial<'_> {
    /// Forth, back, forth, rows by the new schema, and back. Answers what the migration leads to, when all of it held.
    fn both_ways(&self, bench: &mut Bench<'_>, host: &mut Host) -> Result<Option<Moment>, Stop> {
        let deployment = Deployment::begin(bench, host, self.change)?;
        let before = Moment::of(bench, &deployment)?;
        if let Err(stop) = deployment.go(Way::Forth) {
            // The gate apply says so.
            return Err(Stop::Unable(format!(
                "{} does not run: {}",
                self.change.migration.title(),
                stop.message
            )));
        }
        let after = Moment::migrated(bench, &deployment)?;
        if let Err(stop) = deployment.go(Way::Back) {
            bench.claim(self.stopped("earlier-undo", UNDO, "the undo fails", stop));
            return Ok(None);
        }
        let lost = before.lost(&Moment::of(bench, &deployment)?, false);
        let held = lost.is_empty();
        bench.claim(self.judged("earlier-undo", UNDO, lost, format!("{} rows", before.rows.len())));
        if !held {
            return Ok(None);
        }
        let again = match deployment.go(Way::Forth) {
            Ok(()) => after.lost(&Moment::migrated(bench, &deployment)?, false),
            Err(stop) => vec![stop.message],
        };
        let held = again.is_empty();
        bench.claim(self.judged("earlier-again", AGAIN, again, after.told()));
        if !held {
            return Ok(None);
        }
        self.after_writing(bench, &deployment, &before)?;
        Ok(Some(after))
    }

    fn after_writing(
        &self,
        bench: &mut Bench<'_>,
        deployment: &Deployment<'_>,
        before: &Moment,
    ) -> Result<(), Stop> {
        match deployment.write_new(bench) {
            Ok(()) => {}
            Err(Stop::Refused(example)) => {
                let reason = format!("rows of both versions do not get on: {}", example.observed);
                bench.claim(Claim::not_run(
                    "earlier-written",
                    self.object.clone(),
                    WRITTEN,
                    reason,
                ));
                return Ok(());
            }
            Err(stop) => return Err(stop),
        }
        if let Err(stop) = deployment.go(Way::Back) {
            let details = stop.details.join("; ");
            let reason = format!(
                "rows that only the new schema allows stand in the way, and the undo stops: {}; {details}",
                stop.message
            );
            bench.claim(Claim::not_applicable(
                "earlier-written",
                self.object.clone(),
                WRITTEN,
                reason,
            ));
            return Ok(());
        }
        let now = Moment::of(bench, deployment)?;
        let written = now.rows.len().saturating_sub(before.rows.len());
        let lost = before.lost(&now, true);
        bench.claim(self.judged("earlier-written", WRITTEN, lost, format!("{written} rows more")));
        Ok(())
    }

    /// On another database, cut off many times both ways.
    fn cuts(&self, bench: &mut Bench<'_>, host: &mut Host, after: &Moment) -> Result<(), Stop> {
        let deployment = Deployment::begin(bench, host, self.change)?;
        let before = Moment::of(bench, &deployment)?;
        let mut cuts = 0;
        for way in [Way::Forth, Way::Back] {
            let total = deployment.statements(way)?;
            let mut places = spread(total + 1, bench.options.thorough);
            places.retain(|place| *place <= total);
            for place in places {
                let what = format!("cutting before statement {place} of {total}");
                bench.step(3, 4, &what)?;
                cuts += u64::from(deployment.cut(way, place)?);
            }
            if let Err(stop) = deployment.go(way) {
                bench.claim(self.stopped(
                    "earlier-cuts",
                    CUTS,
                    "what was cut off cannot be gone on with",
                    stop,
                ));
                return Ok(());
            }
            let lost = match way {
                Way::Forth => after.lost(&Moment::migrated(bench, &deployment)?, false),
                Way::Back => before.lost(&Moment::of(bench, &deployment)?, false),
            };
            if !lost.is_empty() {
                bench.claim(self.judged("earlier-cuts", CUTS, lost, String::new()));
                return Ok(());
            }
        }
        bench.count("cuts", cuts);
        bench.claim(self.judged("earlier-cuts", CUTS, Vec::new(), format!("cut off {cuts} times")));
        Ok(())
    }

    fn judged(&self, id: &str, claim: &str, lost: Vec<String>, proof: String) -> Claim {
        let Some(first) = lost.first() else {
            return Claim::proved(id, self.object.clone(), claim, Proof::new(proof));
        };
        let rows: HashSet<&str> = lost
            .iter()
            .filter_map(|line| line.strip_prefix("- row "))
            .collect();
        let summary = match rows.len() {
            0 => format!(
                "{} and its undo leave another schema behind",
                self.change.migration.title()
            ),
            count => format!(
                "{} and its undo lose or change {count} rows",
                self.change.migration.title()
            ),
        };
        let observed = format!("{} differences: {first}", lost.len());
        let example = Counterexample::new(summary, "no difference", observed);
        Claim::refuted(id, self.object.clone(), claim, example.with_differences(lost))
    }

    fn stopped(&self, id: &str, claim: &str, summary: &str, stop: runner::Stop) -> Claim {
        let summary = format!("{}: {summary}", self.change.migration.title());
        let example = Counterexample::new(summary, "it runs", stop.message);
        Claim::refuted(
            id,
            self.object.clone(),
            claim,
            example.with_differences(stop.details),
        )
    }
}
