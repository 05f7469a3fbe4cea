//! Reading in order, from any position on, while the journal is written.

use std::sync::Arc;

use crate::error::{Damage, ReadError};
use crate::layout::{RecordHeader, SegmentHeader};
use crate::log::{Log, State};
use crate::walk::{Payload, Step, Walk};

/// A record as it was appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Position of its first item.
    pub first: u64,
    /// Number of its items.
    pub items: u32,
    /// When it was written, in milliseconds since 1970, UTC, by [`crate::Options::clock`].
    pub written_ms: u64,
    /// What was appended.
    pub payload: Vec<u8>,
}

/// Reads record after record. It holds one in memory, and a file.
pub struct Reader {
    log: Arc<Log>,
    /// Where the next record begins, or an item of it is.
    position: u64,
    walk: Option<Walk>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("position", &self.position)
            .finish_non_exhaustive()
    }
}

impl Reader {
    pub(crate) fn new(log: Arc<Log>, position: u64) -> Result<Self, ReadError> {
        let (begin, end) = {
            let state = log.state();
            (state.begin(), state.end)
        };
        if position < begin {
            return Err(ReadError::Released { position, begin });
        }
        if position > end {
            return Err(ReadError::Beyond { position, end });
        }
        Ok(Self {
            log,
            position,
            walk: None,
        })
    }

    /// The position that comes next.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next record; none at the journal's end, where it may be asked again later. The first one is that which
    /// holds the position from which reading began.
    pub fn read(&mut self) -> Result<Option<Record>, ReadError> {
        let mut payload = Vec::new();
        loop {
            let Some(segment) = self.segment()? else {
                return Ok(None);
            };
            let record = self.pass(segment, &mut payload);
            match record {
                Ok(Some(header)) => {
                    return Ok(Some(Record {
                        first: header.first,
                        items: header.items,
                        written_ms: header.written_ms,
                        payload,
                    }));
                }
                Ok(None) => {}
                Err(error) => {
                    self.walk = None;
                    // What was released while it was read is another file's content by now.
                    self.check_released()?;
                    return Err(error);
                }
            }
        }
    }

    fn check_released(&self) -> Result<(), ReadError> {
        let begin = self.log.state().begin();
        let position = self.position;
        if position < begin {
            return Err(ReadError::Released { position, begin });
        }
        Ok(())
    }

    /// The segment that holds the next position; none at the end.
    fn segment(&self) -> Result<Option<SegmentHeader>, ReadError> {
        self.check_released()?;
        let state = self.log.state();
        if self.position >= state.end {
            return Ok(None);
        }
        Ok(state.segment_of(self.position))
    }

    /// Passes one record or seal of the segment. None for those that hold nothing of what is wanted.
    fn pass(
        &mut self,
        segment: SegmentHeader,
        payload: &mut Vec<u8>,
    ) -> Result<Option<RecordHeader>, ReadError> {
        let path = || self.log.storage.path(&segment.name());
        let failed = |source| ReadError::Io {
            path: path(),
            source,
        };
        let walk = match &mut self.walk {
            Some(walk) if walk.segment == segment => walk,
            walk => {
                let file = self.log.storage.open_read_only(&segment.name());
                walk.insert(Walk::new(file.map_err(failed)?, segment))
            }
        };
        let (offset, position) = (walk.offset, walk.position);
        let payload = Payload::Take {
            from: self.position,
            into: payload,
        };
        match walk.step(payload).map_err(failed)? {
            Step::Record(header) if header.end() > self.position => {
                self.position = header.end();
                Ok(Some(header))
            }
            Step::Record(_) => Ok(None),
            Step::Fault(fault) => Err(ReadError::Damaged(Damage {
                file: path(),
                offset,
                position,
                fault,
            })),
        }
    }
}

impl State {
    /// The segment that holds a position before the end: the last one that begins at it or before.
    fn segment_of(&self, position: u64) -> Option<SegmentHeader> {
        let n_before = self.live.partition_point(|live| live.base <= position);
        self.live.get(n_before.checked_sub(1)?).copied()
    }
}
