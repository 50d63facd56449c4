//! What ids tell about themselves: pure, on samples.

/// An id, with the microseconds at which it was minted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) id: u128,
    pub(super) at: i64,
}

/// The version digit of a UUID.
pub(super) const fn version(id: u128) -> u8 {
    ((id >> 76) & 0xf) as u8
}

/// How a bit behaves over samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bit {
    /// Share of ones.
    pub(super) ones: f64,
    /// Share of changes from one sample to the next.
    pub(super) flips: f64,
}

/// Each bit, the highest first.
pub(super) fn bits(ids: &[u128]) -> Vec<Bit> {
    let count = ids.len() as f64;
    (0..128)
        .rev()
        .map(|place| {
            let at = |id: &u128| (id >> place) & 1 == 1;
            let ones = ids.iter().filter(|id| at(id)).count() as f64;
            let flips = ids
                .iter()
                .zip(ids.iter().skip(1))
                .filter(|(a, b)| at(a) != at(b))
                .count() as f64;
            Bit {
                ones: ones / count.max(1.0),
                flips: flips / (count - 1.0).max(1.0),
            }
        })
        .collect()
}

/// By how much a share may differ from one half by chance. With a random source some bit of 256 statistics differs by more
/// in one of a million runs (Hoeffding, and the union of all).
pub(super) fn allowance(count: usize) -> f64 {
    ((2.0_f64 * 256.0 * 1e6).ln() / (2.0 * (count.max(1) as f64))).sqrt()
}

/// Bits that behave as random ones.
pub(super) fn random_bits(ids: &[u128]) -> u32 {
    let allowed = allowance(ids.len().saturating_sub(1));
    let fair = |bit: &Bit| (bit.ones - 0.5).abs() <= allowed && (bit.flips - 0.5).abs() <= allowed;
    bits(ids).iter().filter(|bit| fair(bit)).count() as u32
}

/// The longest stretch of low bits, counted from the lowest, that behaves as random, does not.
pub(super) fn collisions(ids: &[u128]) -> usize {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted
        .iter()
        .zip(sorted.iter().skip(1))
        .filter(|(a, b)| a == b)
        .count()
}

/// Pairs of ids that agree in so many of the first bits. Of random ones, hardly any agree in many more than needed.
pub(super) fn longest_shared_prefix(ids: &[u128], mask: u128) -> u32 {
    let mut sorted: Vec<u128> = ids.iter().map(|id| id & mask).collect();
    sorted.sort_unstable();
    sorted
        .iter()
        .zip(sorted.iter().skip(1))
        .map(|(a, b)| (a ^ b).leading_zeros())
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Rng;

    fn v4(count: usize, seed: u64) -> Vec<u128> {
        let mut rng = Rng::new(seed, "bits");
        (0..count).map(|_| u128::from_be_bytes(rng.uuid())).collect()
    }

    #[test]
    fn a_random_uuid_has_122_random_bits_for_every_seed() {
        for seed in 0..50 {
            assert_eq!(random_bits(&v4(1000, seed)), 122, "seed {seed}");
        }
    }

    #[test]
    fn a_biased_bit_and_a_counter_show() {
        let biased: Vec<u128> = v4(2000, 1)
            .into_iter()
            .enumerate()
            .map(|(n, id)| if n % 3 == 0 { id | 1 } else { id })
            .collect();
        assert_eq!(random_bits(&biased), 121);
        let counted: Vec<u128> = (0..2000_u128).collect();
        assert!(random_bits(&counted) < 12, "{}", random_bits(&counted));
        assert_eq!(collisions(&[1, 2, 1]), 1);
    }

    #[test]
    fn versions_are_read() {
        assert_eq!(version(0x0d3f6c1e_58a4_4b7e_9f6a_1c2d3e4f5a6b), 4);
        assert_eq!(version(0x018f6c1e_58a4_7b7e_9f6a_1c2d3e4f5a6b), 7);
    }
}
