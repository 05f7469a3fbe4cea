//! The segment that takes events, as it is in memory.

use annoscope_events::EventHash;

use super::day::Day;
use super::known::KnownHashes;
use crate::Position;

/// A segment that is not sealed: the newest, or one whose turn to be sealed has not come.
pub(super) struct OpenSegment {
    pub id: u64,
    pub day: Day,
    pub known: KnownHashes,
    /// What the next save writes.
    unsaved: Unsaved,
}

/// What the file of an open segment lacks.
pub(super) struct Unsaved {
    pub id: u64,
    pub day: Day,
    pub hashes: Vec<EventHash>,
    /// The position behind all of the segment, if it is another than the saved one.
    pub until: Option<Position>,
}

impl OpenSegment {
    pub fn new(id: u64, day: Day) -> OpenSegment {
        OpenSegment {
            id,
            day,
            known: KnownHashes::new(),
            unsaved: Unsaved::nothing(id, day),
        }
    }

    /// A segment of whose file that is all.
    pub fn saved(id: u64, day: Day, hashes: &[EventHash]) -> OpenSegment {
        let mut segment = OpenSegment::new(id, day);
        for &hash in hashes {
            segment.known.insert(hash);
        }
        segment
    }

    /// Adds the events that it does not hold, and the position behind them.
    pub fn add(&mut self, hashes: impl IntoIterator<Item = EventHash>, until: Position) {
        for hash in hashes {
            if self.known.insert(hash) {
                self.unsaved.hashes.push(hash);
            }
        }
        self.unsaved.until = Some(until);
    }

    pub fn is_saved(&self) -> bool {
        self.unsaved.until.is_none()
    }

    /// What the file lacks, which the caller will write.
    pub fn take_unsaved(&mut self) -> Unsaved {
        let nothing = Unsaved::nothing(self.id, self.day);
        std::mem::replace(&mut self.unsaved, nothing)
    }

    /// Memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.known.bytes() + self.unsaved.hashes.capacity() * size_of::<EventHash>()
    }
}

impl Unsaved {
    fn nothing(id: u64, day: Day) -> Unsaved {
        Unsaved {
            id,
            day,
            hashes: Vec::new(),
            until: None,
        }
    }
}
