//! Does it take as long? Interleaved samples, and a statistic that outliers do not move.

use std::time::Instant;

use engine::Connection;
use evidence::{Claim, Counterexample, Proof};
use physical::Purpose;

use super::knowing::{NOBODY, hidden};
use super::oracles::Arena;
use crate::bench::Bench;
use crate::gate::Stop;
use crate::gates::isolation::ground;

pub(super) const CLAIM: &str = "looking for another's row takes as long as looking for one that is not there";

/// Pairs in a round.
const PAIRS: usize = 120;
/// A difference of the medians that an attacker over a network could use; smaller ones are not claimed to be absent.
const THRESHOLD_MICROS: f64 = 150.0;
/// And that much of the look-up itself.
const THRESHOLD_SHARE: f64 = 0.5;
/// Standard deviations of the rank sum: by chance once in a thousand million rounds.
const THRESHOLD_Z: f64 = 6.0;
/// An effect must show as often as this in a row.
const ROUNDS: usize = 3;

/// Times look-ups of each table with owners or tenants.
pub(super) fn all(
    bench: &mut Bench<'_>,
    arena: &Arena<'_, '_>,
    superuser: &mut Connection,
) -> Result<(), Stop> {
    let grounds = ground::read(bench.subject, superuser, arena.speller)?;
    let role = bench.subject.blueprint.roles.app.as_str().to_owned();
    let Some(own) = arena.guises.first() else {
        return Ok(());
    };
    for ground in grounds
        .iter()
        .filter(|ground| matches!(ground.info.purpose, Purpose::Entity(_)))
    {
        let ids = hidden(bench, arena, ground);
        let Some(foreign) = ids.first() else { continue };
        let mut connection = arena.loaded.db.member(&role)?;
        connection.begin()?;
        for statement in &own.enter {
            connection.batch(statement)?;
        }
        let sql = |id: &str| {
            format!(
                "SELECT public_id FROM {} WHERE public_id = {}",
                ground.sql,
                arena.speller.text(id)
            )
        };
        let (there, nowhere) = (sql(foreign), sql(NOBODY));
        let mut effects = Vec::new();
        for _ in 0..ROUNDS {
            let effect = round(&mut connection, &there, &nowhere)?;
            bench.count("look-ups timed", 2 * PAIRS as u64);
            effects.push(effect);
            if !effect.is_real() {
                break;
            }
        }
        connection.rollback()?;
        let object = Some(ground.table.name.to_string());
        let Some(last) = effects.last().copied() else {
            continue;
        };
        bench.claim(if last.is_real() {
            let example = Counterexample::new(
                format!(
                    "the time of a look-up in `{}` tells whether another's row is there",
                    ground.table.name
                ),
                format!("medians that differ by less than {THRESHOLD_MICROS} µs"),
                format!("{last}, in {ROUNDS} rounds of {PAIRS} pairs each"),
            );
            let statements = own.enter.iter().cloned().chain([there, nowhere]);
            Claim::refuted(
                "timing",
                object,
                CLAIM,
                example.with_statements(statements).run_as(role.clone()),
            )
        } else {
            Claim::proved(
                "timing",
                object,
                CLAIM,
                Proof::new(format!("{} pairs: {last}", effects.len() * PAIRS)),
            )
        });
    }
    Ok(())
}

/// What two samples differ by.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Effect {
    /// Medians, in microseconds.
    there: f64,
    nowhere: f64,
    /// Of the rank sum, in standard deviations.
    z: f64,
}

impl Effect {
    fn is_real(&self) -> bool {
        let difference = (self.there - self.nowhere).abs();
        difference > THRESHOLD_MICROS
            && difference > THRESHOLD_SHARE * self.there.min(self.nowhere)
            && self.z.abs() > THRESHOLD_Z
    }
}

impl std::fmt::Display for Effect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "medians differ by {:.0} µs of {:.0} µs (rank sum {:.1} σ)",
            self.there - self.nowhere,
            self.nowhere,
            self.z
        )
    }
}

fn round(connection: &mut Connection, there: &str, nowhere: &str) -> Result<Effect, Stop> {
    let mut samples = (Vec::with_capacity(PAIRS), Vec::with_capacity(PAIRS));
    let mut time = |sql: &str| -> Result<f64, Stop> {
        let started = Instant::now();
        connection.query(sql, &[])?;
        Ok(started.elapsed().as_secs_f64() * 1e6)
    };
    for _ in 0..5 {
        time(there)?;
        time(nowhere)?;
    }
    for pair in 0..PAIRS {
        // In turns, and each as often first: what the machine does meanwhile hits both.
        if pair % 2 == 0 {
            samples.0.push(time(there)?);
            samples.1.push(time(nowhere)?);
        } else {
            samples.1.push(time(nowhere)?);
            samples.0.push(time(there)?);
        }
    }
    Ok(effect(samples.0, samples.1))
}

/// Mann and Whitney: by how many standard deviations the rank sum is off, if nothing differed.
fn effect(mut there: Vec<f64>, mut nowhere: Vec<f64>) -> Effect {
    let mut all: Vec<(f64, bool)> = there
        .iter()
        .map(|time| (*time, true))
        .chain(nowhere.iter().map(|time| (*time, false)))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let rank_sum: f64 = all
        .iter()
        .enumerate()
        .filter(|(_, (_, is_there))| *is_there)
        .map(|(rank, _)| rank as f64 + 1.0)
        .sum();
    let (a, b) = (there.len() as f64, nowhere.len() as f64);
    let expected = a * (a + b + 1.0) / 2.0;
    let deviation = (a * b * (a + b + 1.0) / 12.0).sqrt().max(1.0);
    Effect {
        there: median(&mut there),
        nowhere: median(&mut nowhere),
        z: (rank_sum - expected) / deviation,
    }
}

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Rng;

    fn noise(rng: &mut Rng, base: f64) -> f64 {
        // Mostly steady, now and then far off, as on a busy machine.
        let jitter = rng.below(60) as f64;
        if rng.below(10) == 0 {
            base + jitter * 50.0
        } else {
            base + jitter
        }
    }

    #[test]
    fn noise_alone_is_never_an_effect_and_a_real_one_is_found() {
        for seed in 0..300 {
            let mut rng = Rng::new(seed, "noise");
            let mut sample = |base| (0..PAIRS).map(|_| noise(&mut rng, base)).collect::<Vec<f64>>();
            assert!(!effect(sample(200.0), sample(200.0)).is_real(), "seed {seed}");
            assert!(effect(sample(2200.0), sample(200.0)).is_real(), "seed {seed}");
            assert!(
                !effect(sample(215.0), sample(200.0)).is_real(),
                "a difference too small to use"
            );
        }
    }
}
