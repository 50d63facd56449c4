//! Builds and undoes that are cut off in the middle.
//!
//! The connection ends without a word to the server, as when its client is killed. Steps that share a transaction must leave
//! nothing; what was committed before stays, and from there the way on and the way back are both open.

use evidence::{Claim, Counterexample, Proof};

use crate::bench::Bench;
use crate::execute::{self, Run};
use crate::gate::Stop;
use crate::host::{Db, Host, build as build_all, run as run_all};
use crate::inventory::{differences, inventory};

/// So many places are cut unless every one is asked for.
const MOST_CUTS: usize = 8;

const BUILD: &str = "a build that is cut off leaves nothing half, and can be gone on with or undone";
const UNDO: &str = "an undo that is cut off leaves nothing half, and can be gone on with";

/// Cuts the build, at places spread over all steps, the first and the last among them.
pub(super) fn build(bench: &mut Bench<'_>, host: &mut Host, before: &[String]) -> Result<(), Stop> {
    let subject = bench.subject;
    let runs = execute::forward(&subject.plan);
    let total: usize = runs.iter().map(|run| run.steps.len()).sum();
    let places = spread(total, bench.options.thorough);
    let count = places.len();
    for place in places {
        bench.step(2, 4, &format!("cutting the build after step {place} of {total}"))?;
        let db = host.empty()?;
        let standing = inventory(&mut db.superuser()?)?;
        let (done, rest) = cut(bench, &db, &runs, place)?;
        let reached = inventory(&mut db.superuser()?)?;
        let committed = done.iter().map(|run| run.steps.len()).sum::<usize>();
        let left_half = (committed == 0)
            .then(|| half(&standing, &reached, place, total))
            .flatten();
        if let Some(example) = left_half {
            bench.claim(Claim::refuted("cut-build", None, BUILD, example));
            return Ok(());
        }
        if let Err(failure) = run_all(&db, subject, rest) {
            let example = Counterexample::new(
                format!("after a cut at step {place} of {total} the build cannot go on"),
                "it goes on",
                failure.to_string(),
            );
            bench.claim(Claim::refuted(
                "cut-build",
                None,
                BUILD,
                example.with_statements([failure.statement]),
            ));
            return Ok(());
        }
        let Ok(back) = execute::backward(&subject.plan) else {
            return Ok(());
        };
        if let Err(failure) = run_all(&db, subject, &back) {
            let example = Counterexample::new(
                "a build that was gone on with cannot be undone",
                "it is undone",
                failure.to_string(),
            );
            bench.claim(Claim::refuted(
                "cut-build",
                None,
                BUILD,
                example.with_statements([failure.statement]),
            ));
            return Ok(());
        }
        let left = differences(before, &inventory(&mut db.superuser()?)?);
        if !left.is_empty() {
            let example = Counterexample::new(
                "a build that was cut, gone on with and undone leaves something",
                "nothing",
                format!("{} differences", left.len()),
            );
            bench.claim(Claim::refuted(
                "cut-build",
                None,
                BUILD,
                example.with_differences(left),
            ));
            return Ok(());
        }
    }
    bench.count("cuts", count as u64);
    bench.claim(Claim::proved(
        "cut-build",
        None,
        BUILD,
        Proof::new(format!("cut at {count} of {total} steps")),
    ));
    Ok(())
}

/// Cuts the undo, at fewer places: each costs a whole build.
pub(super) fn undo(bench: &mut Bench<'_>, host: &mut Host, back: &[Run]) -> Result<(), Stop> {
    let subject = bench.subject;
    let total: usize = back.iter().map(|run| run.steps.len()).sum();
    let mut places = spread(total, bench.options.thorough);
    if !bench.options.thorough {
        places = places.into_iter().step_by(3).collect();
    }
    let count = places.len();
    for place in places {
        bench.step(3, 4, &format!("cutting the undo after step {place} of {total}"))?;
        let db = host.empty()?;
        build_all(&db, subject).map_err(|failure| Stop::Unable(failure.to_string()))?;
        let standing = inventory(&mut db.superuser()?)?;
        let (done, rest) = cut(bench, &db, back, place)?;
        let reached = inventory(&mut db.superuser()?)?;
        let half_done = done
            .is_empty()
            .then(|| half(&standing, &reached, place, total))
            .flatten();
        if let Some(example) = half_done {
            bench.claim(Claim::refuted("cut-undo", None, UNDO, example));
            return Ok(());
        }
        if let Err(failure) = run_all(&db, subject, rest) {
            let example = Counterexample::new(
                format!("after a cut at step {place} of {total} the undo cannot go on"),
                "it goes on",
                failure.to_string(),
            );
            bench.claim(Claim::refuted(
                "cut-undo",
                None,
                UNDO,
                example.with_statements([failure.statement]),
            ));
            return Ok(());
        }
    }
    bench.count("cuts", count as u64);
    bench.claim(Claim::proved(
        "cut-undo",
        None,
        UNDO,
        Proof::new(format!("cut at {count} of {total} steps")),
    ));
    Ok(())
}

fn half(before: &[String], after: &[String], place: usize, total: usize) -> Option<Counterexample> {
    let left = differences(before, after);
    (!left.is_empty()).then(|| {
        Counterexample::new(
            format!("a cut at step {place} of {total} leaves something half"),
            "nothing",
            format!("{} differences", left.len()),
        )
        .with_differences(left)
    })
}

/// Runs the first steps and ends the connection in the middle of its transaction. Answers the stretches that were committed,
/// and those that were not.
fn cut<'r>(
    bench: &Bench<'_>,
    db: &Db,
    runs: &'r [Run],
    place: usize,
) -> Result<(&'r [Run], &'r [Run]), Stop> {
    let mut left = place;
    for (index, run) in runs.iter().enumerate() {
        let (done, rest) = runs.split_at(index);
        let mut connection = db.runner(bench.subject, run.runs_as)?;
        if left >= run.steps.len() {
            run.execute(&mut connection)
                .map_err(|failure| Stop::Unable(failure.to_string()))?;
            left -= run.steps.len();
            continue;
        }
        if run.transactional {
            connection.begin()?;
        }
        run.steps_upto(&mut connection, left)
            .map_err(|failure| Stop::Unable(failure.to_string()))?;
        let backend = connection.backend_pid();
        drop(connection);
        if let Some(backend) = backend {
            gone(db, backend)?;
        }
        return Ok((done, rest));
    }
    Ok((runs, &[]))
}

/// Waits until the server has noticed.
fn gone(db: &Db, backend: i64) -> Result<(), Stop> {
    let mut superuser = db.superuser()?;
    for _ in 0..2000 {
        let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = {backend}");
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
fn spread(total: usize, all: bool) -> Vec<usize> {
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
