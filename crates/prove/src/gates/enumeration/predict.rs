//! Attackers who know some ids and when they were minted, and name the next ones. Pure: the ids are only looked at.

use super::bits::{Sample, version};

/// How an attacker predicts.
pub(super) struct Strategy {
    pub(super) name: &'static str,
    /// Candidates for the ids after the known ones, most likely first, given when each is minted at most.
    pub(super) guess: fn(known: &[Sample], at: i64) -> Vec<u128>,
}

/// So many guesses an attacker makes for one id, before the gate says that it holds.
pub(super) const MOST_GUESSES: usize = 5000;

/// What explains the ids best comes first: those of a clock that is read at even intervals are also the same step again.
pub(super) const STRATEGIES: &[Strategy] = &[
    Strategy {
        name: "counting on",
        guess: counting,
    },
    Strategy {
        name: "the clock of version 1",
        guess: clock_v1,
    },
    Strategy {
        name: "the same step again",
        guess: stepping,
    },
    Strategy {
        name: "a clock and a counter",
        guess: stamped,
    },
    Strategy {
        name: "parts that stay",
        guess: repeating,
    },
];

/// The next numbers, and the ones before.
fn counting(known: &[Sample], _: i64) -> Vec<u128> {
    let Some(last) = known.last() else {
        return Vec::new();
    };
    (1..=64)
        .flat_map(|step| [last.id.wrapping_add(step), last.id.wrapping_sub(step)])
        .collect()
}

/// The difference of the last two, of the last three.
fn stepping(known: &[Sample], _: i64) -> Vec<u128> {
    let mut found = Vec::new();
    for distance in 1..=4 {
        let (Some(last), Some(before)) = (
            known.last(),
            known
                .len()
                .checked_sub(1 + distance)
                .and_then(|index| known.get(index)),
        ) else {
            break;
        };
        let step = last.id.wrapping_sub(before.id);
        found.push(last.id.wrapping_add(step));
    }
    found
}

/// 100 nanoseconds since 1582.
const fn time_v1(id: u128) -> u64 {
    let (low, mid, high) = (
        (id >> 96) as u64,
        ((id >> 80) & 0xffff) as u64,
        ((id >> 64) & 0x0fff) as u64,
    );
    (high << 48) | (mid << 32) | low
}

const fn with_time_v1(id: u128, time: u64) -> u128 {
    let (low, mid, high) = (
        (time & 0xffff_ffff) as u128,
        ((time >> 32) & 0xffff) as u128,
        ((time >> 48) & 0x0fff) as u128,
    );
    (low << 96) | (mid << 80) | (1 << 76) | (high << 64) | (id & 0xffff_ffff_ffff_ffff)
}

/// Node and clock sequence stay; the time is the clock's, read at about the instant of minting.
fn clock_v1(known: &[Sample], at: i64) -> Vec<u128> {
    let Some(last) = known.last().filter(|last| version(last.id) == 1) else {
        return Vec::new();
    };
    let elapsed = u64::try_from(at - last.at).unwrap_or(0) * 10;
    let center = time_v1(last.id) + elapsed;
    let unit: u64 = if known.iter().all(|sample| time_v1(sample.id).is_multiple_of(10)) {
        10
    } else {
        1
    };
    (0..MOST_GUESSES as u64 / 2)
        .flat_map(|step| [center - step * unit, center + step * unit])
        .map(|time| with_time_v1(last.id, time))
        .collect()
}

/// Splits the id into a part that follows the clock, parts that stay, and one that counts, whatever the widths: seconds or
/// milliseconds in the high bits, a counter in the low ones (an ObjectId, a flake).
fn stamped(known: &[Sample], at: i64) -> Vec<u128> {
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (unit, widths) in [(1_000_000_i64, [32_u32, 40]), (1000, [41, 48])] {
        for width in widths {
            for total in [64_u32, 96, 128] {
                let Some(shift) = total.checked_sub(width) else {
                    continue;
                };
                let part = |id: u128| (id >> shift) & ((1 << width) - 1);
                let wanted = (last.at / unit) as u128 & ((1 << width) - 1);
                // The high part must tell the time, give or take a few ticks.
                if total < 128 && last.id >> total != 0 {
                    continue;
                }
                if part(last.id).abs_diff(wanted) > 3 {
                    continue;
                }
                let low = |id: u128| id & ((1_u128 << shift) - 1);
                let step = counter_step(known, low);
                let Some(step) = step else { continue };
                let elapsed = ((at / unit) as u128).saturating_sub((last.at / unit) as u128);
                let _ = first;
                for tick in 0..3 {
                    let high = part(last.id) + elapsed + tick;
                    found.extend((1..=64).map(|count: u128| (high << shift) | (low(last.id) + step * count)));
                    found.extend((0..64).map(|count: u128| (high << shift) | count));
                }
            }
        }
    }
    found
}

/// The step of a counter in a part of the id: most of the differences are the same small number.
fn counter_step(known: &[Sample], part: impl Fn(u128) -> u128) -> Option<u128> {
    let mut steps: Vec<u128> = known
        .iter()
        .zip(known.iter().skip(1))
        .map(|(a, b)| part(b.id).wrapping_sub(part(a.id)))
        .collect();
    steps.sort_unstable();
    let middle = steps.get(steps.len() / 2).copied()?;
    (middle < 1 << 20).then_some(middle.max(1))
}

/// Everything but a few bits stays: tries those in all combinations.
fn repeating(known: &[Sample], _: i64) -> Vec<u128> {
    let Some(last) = known.last() else {
        return Vec::new();
    };
    let differing = known
        .iter()
        .fold(0_u128, |bits, sample| bits | (sample.id ^ last.id));
    let places: Vec<u32> = (0..128).filter(|place| (differing >> place) & 1 == 1).collect();
    if places.len() > 12 {
        return Vec::new();
    }
    (0..1_u128 << places.len())
        .map(|choice| {
            let picked = places.iter().enumerate().fold(0, |bits, (index, place)| {
                bits | (((choice >> index) & 1) << place)
            });
            (last.id & !differing) | picked
        })
        .collect()
}

/// What a version 7 id says of the time it was minted: milliseconds since 1970.
pub(super) const fn time_v7(id: u128) -> i64 {
    (id >> 80) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Rng;

    fn next(samples: &[Sample], upto: usize) -> Option<(&'static str, usize)> {
        let (known, rest) = samples.split_at(upto);
        let target = rest[0];
        STRATEGIES.iter().find_map(|strategy| {
            let guesses = (strategy.guess)(known, target.at);
            let found = guesses
                .iter()
                .take(MOST_GUESSES)
                .position(|guess| *guess == target.id)?;
            Some((strategy.name, found + 1))
        })
    }

    fn at(number: usize) -> i64 {
        1_769_903_999_000_000 + number as i64 * 1500
    }

    #[test]
    fn counters_clocks_and_flakes_are_predicted() {
        let counted: Vec<Sample> = (0..50)
            .map(|n| Sample {
                id: 1000 + n as u128,
                at: at(n),
            })
            .collect();
        assert_eq!(next(&counted, 40), Some(("counting on", 1)));
        let stepped: Vec<Sample> = (0..50)
            .map(|n| Sample {
                id: 7 + 1_000_003 * n as u128,
                at: at(n),
            })
            .collect();
        assert_eq!(next(&stepped, 40), Some(("the same step again", 1)));
        let v1: Vec<Sample> = (0..50)
            .map(|n| {
                let time = 0x1f0_0000_0000_0000
                    + at(n) as u64 % 1_000_000_000 * 10
                    + (n as u64 * n as u64 * 37 % 900);
                Sample {
                    id: with_time_v1(0x8abc_0123_4567_89ab, time),
                    at: at(n),
                }
            })
            .collect();
        let even: Vec<Sample> = (0..50)
            .map(|n| Sample {
                id: with_time_v1(
                    0x8abc_0123_4567_89ab,
                    0x1f0_0000_0000_0000 + at(n) as u64 % 1_000_000_000 * 10,
                ),
                at: at(n),
            })
            .collect();
        assert_eq!(next(&even, 40), Some(("the clock of version 1", 1)));
        assert_eq!(version(v1[0].id), 1);
        assert_eq!(next(&v1, 40).map(|it| it.0), Some("the clock of version 1"));
        let object: Vec<Sample> = (0..50)
            .map(|n| Sample {
                id: ((at(n) / 1_000_000) as u128) << 64 | 0x5f_1122_3344 << 24 | (0xabcd00 + n as u128),
                at: at(n),
            })
            .collect();
        assert!(next(&object, 40).is_some());
    }

    #[test]
    fn random_ids_are_not_predicted() {
        let mut rng = Rng::new(3, "ids");
        let random: Vec<Sample> = (0..200)
            .map(|n| Sample {
                id: u128::from_be_bytes(rng.uuid()),
                at: at(n),
            })
            .collect();
        for upto in 100..110 {
            assert_eq!(next(&random, upto), None);
        }
    }
}
