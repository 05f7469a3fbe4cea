//! The cache that all results share, and what it holds of each kind of query.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::merge::{self, Rows};

/// Part of the whole that one result may take.
const PART_OF_ONE: u64 = 4;

/// The cached results of a server, within a limit of bytes. Clones share them.
#[derive(Clone)]
pub(crate) struct ResultCache {
    by_key: Cache<String, Arc<Entry>>,
    /// Most bytes of one entry.
    pub(super) max_bytes_of_one: usize,
}

/// What is cached of a query.
pub(super) enum Entry {
    /// Rows of a result by time.
    ByTime(WholeBuckets),
    /// Newest rows.
    Newest(NewestRows),
    /// Groups of slices.
    Divided(Divided),
}

/// Rows of whole buckets.
pub(super) struct WholeBuckets {
    pub(super) rows: Rows,
    /// The times whose rows it has, µs since the epoch.
    pub(super) range: Range<i64>,
    /// Where the range of the query ended: the last row may be in the bucket that it cut off.
    pub(super) asked_end: i64,
    /// Number of an append that the rows know, and all before it.
    pub(super) as_of: u64,
}

/// The newest rows of a window.
pub(super) struct NewestRows {
    /// The newest first; `None` where there was none.
    pub(super) rows: Option<RecordBatch>,
    /// The times whose rows are all here, µs since the epoch. Of the last row's time there may
    /// have been more than found room.
    pub(super) range: Range<i64>,
    /// Number of an append that the rows know, and all before it.
    pub(super) as_of: u64,
}

/// What is known of a divided query.
pub(super) enum Divided {
    /// It was asked.
    Asked,
    /// Its slices have too many rows to cache them.
    TooLarge,
    /// The rows of slices, in order and next to each other.
    Slices {
        slices: Vec<Slice>,
        /// Number of an append that the rows know, and all before it.
        as_of: u64,
    },
}

/// A slice of time and its rows, none where it has no group.
#[derive(Clone)]
pub(super) struct Slice {
    pub(super) range: Range<i64>,
    pub(super) rows: Option<RecordBatch>,
}

impl ResultCache {
    /// Holds `max_bytes` at most; with 0 nothing.
    pub(crate) fn new(max_bytes: u64) -> ResultCache {
        let by_key = Cache::builder()
            .max_capacity(max_bytes)
            // Panels that are shown ask again; what is old will not.
            .eviction_policy(EvictionPolicy::lru())
            .weigher(|key: &String, entry: &Arc<Entry>| {
                u32::try_from(key.len() + entry.bytes()).unwrap_or(u32::MAX)
            })
            .build();
        ResultCache {
            by_key,
            max_bytes_of_one: usize::try_from(max_bytes / PART_OF_ONE).unwrap_or(usize::MAX),
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<Arc<Entry>> {
        self.by_key.get(key)
    }

    pub(super) fn insert(&self, key: String, entry: Entry) {
        self.by_key.insert(key, Arc::new(entry));
    }

    pub(super) fn forget(&self, key: &str) {
        self.by_key.invalidate(key);
    }
}

impl Entry {
    /// What it occupies, in bytes.
    fn bytes(&self) -> usize {
        match self {
            Entry::ByTime(buckets) => buckets.rows.bytes(),
            Entry::Newest(newest) => newest.bytes(),
            Entry::Divided(divided) => divided.bytes(),
        }
    }
}

impl NewestRows {
    /// What they occupy, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.rows.as_ref().map_or(0, merge::bytes)
    }
}

impl Divided {
    /// What it occupies, in bytes.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Divided::Asked | Divided::TooLarge => 0,
            Divided::Slices { slices, .. } => {
                let rows = slices.iter().filter_map(|slice| slice.rows.as_ref());
                size_of_val(&slices[..]) + rows.map(merge::bytes).sum::<usize>()
            }
        }
    }
}
