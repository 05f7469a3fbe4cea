//! Exact sets of hashes.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use annoscope_events::EventHash;

/// A hash as its own hash. Whoever looks for events that fall into one place of a set gains
/// nothing: each costs as many tries as the set has places.
#[derive(Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }
}

/// A set of hashes, or of halves of them.
pub(super) type HashesAsTheyAre<T> = HashSet<T, BuildHasherDefault<AsItIs>>;

/// Parts of a set, each of which grows by itself: a set that grows as a whole stands still for 20 ms
/// at a million hashes.
const PARTS: usize = 64;

/// The bits of a hash that choose its part. `HashSet` takes the lowest and the highest for itself.
const PART_SHIFT: u32 = 40;

/// Bytes of a place in a set: the half of a hash and the set's mark.
const PLACE_BYTES: usize = 9;

/// The lower half of each of many hashes. That two events share it has a chance of 1 in 10^13 with a full
/// segment.
pub(super) struct KnownHashes {
    parts: Vec<HashesAsTheyAre<u64>>,
    len: usize,
}

impl KnownHashes {
    pub fn new() -> KnownHashes {
        KnownHashes {
            parts: (0..PARTS).map(|_| HashSet::default()).collect(),
            len: 0,
        }
    }

    pub fn contains(&self, hash: EventHash) -> bool {
        let half = lower_half(hash);
        self.parts[part_of(half)].contains(&half)
    }

    /// False if it is there already.
    pub fn insert(&mut self, hash: EventHash) -> bool {
        let half = lower_half(hash);
        let is_new = self.parts[part_of(half)].insert(half);
        self.len += usize::from(is_new);
        is_new
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Memory, in bytes.
    pub fn bytes(&self) -> usize {
        // A set of 7/8 of its places is full.
        let n_places = self.parts.iter().map(|part| part.capacity() * 8 / 7);
        n_places.sum::<usize>() * PLACE_BYTES
    }
}

fn part_of(half: u64) -> usize {
    (half >> PART_SHIFT) as usize % PARTS
}

/// The half of a hash that sets and filters work on.
pub(super) fn lower_half(hash: EventHash) -> u64 {
    hash.0 as u64
}

/// The half that fingerprints are of: it says nothing that a filter has said already.
pub(super) fn upper_half(hash: EventHash) -> u64 {
    (hash.0 >> 64) as u64
}
