//! Ends connections in the middle of their work, as when a client is killed. Steps that share a transaction must leave nothing
//! at all; what was committed before stays, and from there the way on is open. All cuts are made in one database, one after the
//! other, and then it goes on: what a cut left behind would show in the catalog at once, and stand in the way of all that follows.

use std::ops::Range;

use engine::Connection;
use evidence::{Claim, Counterexample, Proof};

use crate::bench::Bench;
use crate::execute::{self, Run};
use crate::gate::Stop;
use crate::host::{Db, run as run_all};
use crate::inventory::{differences, inventory};

/// So many places are cut unless every one is asked for.
const MOST_CUTS: usize = 8;

const BUILD: &str = "a build that is cut off leaves nothing half, and can be gone on with";
const UNDO: &str = "an undo that is cut off leaves nothing half, and can be gone on with";

/// One way, and what is said of it.
struct Way<'r> {
    id: &'static str,
    claim: &'static str,
    word: &'static str,
    number: usize,
    runs: &'r [Run],
}

/// Cuts the build of an empty database, at places spread over all steps, the first and the last among them; then goes on to the
/// end. Answers whether the schema stands.
pub(super) fn build(bench: &mut Bench<'_>, db: &Db) -> Result<bool, Stop> {
    let runs = execute::forward(&bench.subject.plan);
    let way = Way {
        id: "cut-build",
        claim: BUILD,
        word: "build",
        number: 1,
        runs: &runs,
    };
    way.cut(bench, db)
}

/// Cuts the undo in the same way; then goes on to the end. Answers whether everything is gone.
pub(super) fn undo(bench: &mut Bench<'_>, db: &Db, back: &[Run]) -> Result<bool, Stop> {
    let way = Way {
        id: "cut-undo",
        claim: UNDO,
        word: "undo",
        number: 3,
        runs: back,
    };
    way.cut(bench, db)
}

impl Way<'_> {
    fn cut(&self, bench: &mut Bench<'_>, db: &Db) -> Result<bool, Stop> {
        let total: usize = self.runs.iter().map(|run| run.steps.len()).sum();
        let places = spread(total, bench.options.thorough);
        let mut begin = 0;
        for run in self.runs {
            let span = begin..begin + run.steps.len();
            begin = span.end;
            if let Some(example) = self.stretch(bench, db, run, (span, total), &places)? {
                bench.claim(Claim::refuted(self.id, None, self.claim, example));
                return Ok(false);
            }
        }
        bench.count("cuts", places.len() as u64);
        let proof = Proof::new(format!("cut at {} of {total} steps", places.len()));
        bench.claim(Claim::proved(self.id, None, self.claim, proof));
        Ok(true)
    }

    /// Cuts one stretch at the places that fall into it, compares what stands after each with what stood before, and goes on.
    fn stretch(
        &self,
        bench: &mut Bench<'_>,
        db: &Db,
        run: &Run,
        (span, total): (Range<usize>, usize),
        places: &[usize],
    ) -> Result<Option<Counterexample>, Stop> {
        let inside: Vec<usize> = places.iter().copied().filter(|it| span.contains(it)).collect();
        let word = self.word;
        if run.transactional && !inside.is_empty() {
            let mut superuser = db.superuser()?;
            let standing = inventory(&mut superuser)?;
            for place in &inside {
                let what = format!("cutting the {word} after step {place} of {total}");
                bench.step(self.number, 4, &what)?;
                let connection = db.runner(bench.subject, run.runs_as)?;
                cut(run, place - span.start, connection, &mut superuser)?;
                let left = differences(&standing, &inventory(&mut superuser)?);
                if !left.is_empty() {
                    let example = Counterexample::new(
                        format!("a cut of the {word} at step {place} of {total} leaves something half"),
                        "nothing",
                        format!("{} differences", left.len()),
                    );
                    return Ok(Some(example.with_differences(left)));
                }
            }
        }
        let failure = run_all(db, bench.subject, std::slice::from_ref(run)).err();
        Ok(failure.map(|failure| {
            let after = match inside.last() {
                Some(place) => format!("after a cut at step {place} of {total} the {word} cannot go on"),
                None => format!("the {word} that was cut before cannot go on"),
            };
            Counterexample::new(after, "it goes on", failure.to_string())
                .with_statements([failure.statement.clone()])
        }))
    }
}

/// Runs the first steps of a stretch and ends the connection in the middle of its transaction.
fn cut(run: &Run, steps: usize, mut connection: Connection, superuser: &mut Connection) -> Result<(), Stop> {
    connection.begin()?;
    run.steps_upto(&mut connection, steps)
        .map_err(|failure| Stop::Unable(failure.to_string()))?;
    let backend = connection.backend_pid();
    drop(connection);
    match backend {
        Some(backend) => gone(superuser, backend),
        None => Ok(()),
    }
}

/// Waits until the server has noticed.
fn gone(superuser: &mut Connection, backend: i64) -> Result<(), Stop> {
    let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = {backend}");
    for _ in 0..2000 {
        if superuser.query(&sql, &[])?.rows.is_empty() {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    Err(Stop::Unable(
        "the server did not end a connection that was cut".to_owned(),
    ))
}

/// Places spread over a number of steps: the first, the last, and others between.
pub(super) fn spread(total: usize, all: bool) -> Vec<usize> {
    if all || total <= MOST_CUTS {
        return (1..total).collect();
    }
    let mut places: Vec<usize> = (0..MOST_CUTS)
        .map(|index| 1 + index * (total - 2) / (MOST_CUTS - 1))
        .collect();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_reach_from_the_first_step_to_the_last_but_none() {
        assert_eq!(spread(5, false), [1, 2, 3, 4]);
        let places = spread(300, false);
        assert_eq!(
            (places.first(), places.last(), places.len()),
            (Some(&1), Some(&299), MOST_CUTS)
        );
        assert_eq!(spread(300, true).len(), 299);
    }
}
