//! Chance that repeats itself: the same seed gives the same numbers, on every machine and
//! with every version of every library. That is why it is not the `rand` crate's.

use uuid::Uuid;

/// `SplitMix64` (Steele, Lea and Flood, 2014): small, fast, and good enough for a demo.
#[derive(Clone, Debug)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// The numbers that follow from `seed`, for the purpose `stream`.
    pub fn new(seed: u64, stream: u64) -> Chance {
        let mut chance = Chance { state: seed };
        chance.state = chance.next() ^ stream.wrapping_mul(0xd605_1b49_ec0d_a1c7);
        chance.state = chance.next();
        chance
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// 0 to `n - 1`. `n` is not 0.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low + 1).cast_unsigned()).cast_signed()
    }

    /// True in `per_mille` of 1000 cases.
    pub fn per_mille(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of them. There is at least one.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    /// 0 up to 1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `low` up to `high`.
    pub fn real(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// A time to wait, `mean` on the average: mostly short, now and then long, as people
    /// work. Four in five wait 0.7 times as long, the fifth 2.2 times.
    pub fn wait(&mut self, mean: f64) -> f64 {
        let scale = if self.below(5) == 0 { 2.2 } else { 0.7 };
        -(1.0 - self.unit()).ln() * mean * scale
    }

    /// A random UUID, version 4.
    pub fn uuid(&mut self) -> Uuid {
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_for_ever() {
        let mut chance = Chance::new(1, 2);
        let numbers: Vec<u64> = (0..4).map(|_| chance.below(1000)).collect();
        assert_eq!(numbers, [851, 919, 795, 464]);
    }

    #[test]
    fn waits_have_their_mean() {
        let mut chance = Chance::new(7, 0);
        let n_waits = 100_000;
        let sum: f64 = (0..n_waits).map(|_| chance.wait(20.0)).sum();
        let mean = sum / f64::from(n_waits);
        assert!((19.5..20.5).contains(&mean), "{mean}");
    }

    #[test]
    fn bounds_are_reached_and_kept() {
        let mut chance = Chance::new(3, 3);
        let drawn: std::collections::BTreeSet<i64> =
            (0..1000).map(|_| chance.between(-2, 2)).collect();
        assert_eq!(Vec::from_iter(drawn), [-2, -1, 0, 1, 2]);
    }
}
