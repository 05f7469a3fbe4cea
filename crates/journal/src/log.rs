//! What the journal's threads, its readers and its callers share.
//!
//! Locks are taken in this order: `writer`, `housekeeping`, `state`. No callback runs under `state`.

mod segments;
mod writer;

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{AppendError, OpenError};
use crate::layout::{BLOCK, RECORD_HEADER, SegmentHeader, max_payload};
use crate::opening::Opened;
use crate::storage::Storage;
use crate::{Options, Stats};
use writer::Writer;

pub(crate) use segments::Active;

/// What is told to the caller of an append.
pub(crate) type Done = Box<dyn FnOnce(Result<Range<u64>, AppendError>) + Send>;

/// A record that waits for its write.
pub(crate) struct Pending {
    pub(crate) items: NonZeroU32,
    pub(crate) payload: Vec<u8>,
    pub(crate) done: Done,
}

impl Pending {
    /// What it counts for in the bound of the queue.
    pub(crate) fn queue_bytes(&self) -> usize {
        self.payload.len() + RECORD_HEADER
    }

    /// Says what became of it. A panic of the callback is logged: it must not end the journal's thread.
    pub(crate) fn answer(done: Done, outcome: Result<Range<u64>, AppendError>) {
        if catch_unwind(AssertUnwindSafe(|| done(outcome))).is_err() {
            tracing::error!("what waited for a record of the journal panicked");
        }
    }
}

/// What is known without asking the disk.
pub(crate) struct State {
    /// What failed; nothing is taken until the journal is reopened.
    pub(crate) failure: Option<Arc<str>>,
    /// Nothing is taken any more; what waits is written.
    pub(crate) is_closing: bool,
    pub(crate) queue: VecDeque<Pending>,
    /// What asks whether a record would be taken.
    pub(crate) probes: Vec<Done>,
    /// Bytes of what waits for its sync, on the way to the disk included.
    pub(crate) queued_bytes: usize,
    /// Everything before it is synced.
    pub(crate) end: u64,
    /// The segments that are not released, oldest first. The last one always stays.
    pub(crate) live: VecDeque<SegmentHeader>,
    /// Names of files that wait for their next use.
    pub(crate) spares: Vec<String>,
    /// No file has this number or a higher one.
    pub(crate) next_number: u64,
    /// When a segment was last begun by this process.
    pub(crate) begun_at: Option<Instant>,
    /// More than half of the last segment is written: the next one is made ahead.
    pub(crate) is_half_full: bool,
    /// No spare file can be made until something else happens.
    pub(crate) spare_failed: bool,
    pub(crate) bound: Bound,
    /// What is before it may go.
    pub(crate) release_before: u64,
    pub(crate) n_syncs: u64,
    pub(crate) n_records: u64,
    pub(crate) last_sync: Duration,
}

/// Of [`Options::max_bytes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// No record is known to be too large.
    Open,
    /// It kept a record out, and nothing was released since.
    Reached,
}

impl State {
    /// Bytes of the files that are not released.
    pub(crate) fn live_bytes(&self) -> u64 {
        self.live.iter().map(|segment| segment.size).sum()
    }

    /// Why nothing is taken.
    pub(crate) fn check(&self) -> Result<(), AppendError> {
        if self.is_closing {
            return Err(AppendError::Closed);
        }
        match &self.failure {
            Some(reason) => Err(AppendError::Failed {
                reason: Arc::clone(reason),
            }),
            None => Ok(()),
        }
    }

    /// Whether an append has a chance.
    pub(crate) fn takes_records(&self) -> bool {
        self.failure.is_none() && !self.is_closing
    }

    pub(crate) fn begin(&self) -> u64 {
        self.live.front().map_or(self.end, |segment| segment.base)
    }

    /// Takes over what was found on the disk.
    pub(crate) fn adopt(&mut self, opened: Opened) -> Option<Active> {
        self.end = opened.end;
        self.live = opened.live;
        self.spares = opened.spares;
        self.next_number = opened.next_number;
        opened.active
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A journal without its threads.
pub(crate) struct Log {
    pub(crate) options: Options,
    pub(crate) storage: Box<dyn Storage>,
    pub(crate) writer: Mutex<Writer>,
    /// Held while spare files are made, and while released segments become such.
    pub(crate) housekeeping: Mutex<()>,
    state: Mutex<State>,
    /// Something waits to be written, or the journal closes.
    pub(crate) work: Condvar,
    /// Something is released, a spare file was used, or the journal closes.
    pub(crate) chores: Condvar,
    /// The end has moved, or the journal closes.
    pub(crate) moved: Condvar,
}

impl Log {
    /// Opens what the storage holds.
    pub(crate) fn open(options: Options, storage: Box<dyn Storage>) -> Result<Self, OpenError> {
        options.check()?;
        let opened = crate::opening::open(&*storage, &options, None)?;
        let mut state = State {
            failure: None,
            is_closing: false,
            queue: VecDeque::new(),
            probes: Vec::new(),
            queued_bytes: 0,
            end: 0,
            live: VecDeque::new(),
            spares: Vec::new(),
            next_number: 0,
            begun_at: None,
            is_half_full: false,
            spare_failed: false,
            bound: Bound::Open,
            release_before: 0,
            n_syncs: 0,
            n_records: 0,
            last_sync: Duration::ZERO,
        };
        let active = state.adopt(opened);
        Ok(Self {
            options,
            storage,
            writer: Mutex::new(Writer::new(active)),
            housekeeping: Mutex::new(()),
            state: Mutex::new(state),
            work: Condvar::new(),
            chores: Condvar::new(),
            moved: Condvar::new(),
        })
    }

    /// Makes the first segment of a journal that is not there yet.
    pub(crate) fn begin_where_empty(&self) -> Result<(), OpenError> {
        let mut writer = lock(&self.writer);
        let _housekeeping = lock(&self.housekeeping);
        if self.state().live.is_empty() {
            let begun = self.begin_segment(self.take_spare(), self.options.segment_bytes);
            writer.active = Some(begun.map_err(|failure| failure.into_open_error(self))?);
        }
        Ok(())
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(crate) fn append(
        &self,
        items: NonZeroU32,
        payload: Vec<u8>,
        done: Done,
    ) -> Result<(), AppendError> {
        let limit_bytes = max_payload(MAX_SEGMENT_BYTES);
        if payload.len() as u64 > limit_bytes {
            return Err(AppendError::TooLarge {
                payload_bytes: payload.len(),
                limit_bytes,
            });
        }
        let pending = Pending {
            items,
            payload,
            done,
        };
        let mut state = self.state();
        state.check()?;
        // A record that is larger than the bound alone is taken while nothing else waits.
        let limit_bytes = self.options.queue_bytes;
        if state.queued_bytes > 0 && state.queued_bytes + pending.queue_bytes() > limit_bytes {
            return Err(AppendError::QueueFull { limit_bytes });
        }
        state.queued_bytes += pending.queue_bytes();
        state.queue.push_back(pending);
        self.work.notify_one();
        Ok(())
    }

    /// [`AppendError::Full`] after a record was refused so, while there is no room for another segment: one that was
    /// larger than a segment keeps nobody else out.
    pub(crate) fn check_room(&self) -> Result<(), AppendError> {
        let state = self.state();
        if state.bound == Bound::Reached && !self.has_room(&state) {
            let limit_bytes = self.options.max_bytes;
            return Err(AppendError::Full { limit_bytes });
        }
        Ok(())
    }

    pub(crate) fn probe(&self, done: Done) -> Result<(), AppendError> {
        let mut state = self.state();
        state.check()?;
        state.probes.push(done);
        self.work.notify_one();
        Ok(())
    }

    /// Takes no further record, since one of the disk's operations failed. Those that wait get the reason.
    /// The first failure is kept.
    pub(crate) fn fail(&self, reason: String) {
        tracing::error!(
            reason,
            "the journal takes nothing more until it is reopened"
        );
        let reason: Arc<str> = reason.into();
        let mut state = self.state();
        state.failure.get_or_insert_with(|| Arc::clone(&reason));
        let waiting = std::mem::take(&mut state.queue);
        let probes = std::mem::take(&mut state.probes);
        let bytes: usize = waiting.iter().map(Pending::queue_bytes).sum();
        state.queued_bytes -= bytes;
        drop(state);
        self.moved.notify_all();
        let waiting = waiting.into_iter().map(|pending| pending.done);
        for done in waiting.chain(probes) {
            let reason = Arc::clone(&reason);
            Pending::answer(done, Err(AppendError::Failed { reason }));
        }
    }

    /// Whether the bound leaves room for one more segment.
    pub(crate) fn has_room(&self, state: &State) -> bool {
        state.live_bytes() + self.options.segment_bytes <= self.options.max_bytes
    }

    /// Blocks until the end is beyond a position, the time is over, or the journal takes nothing any more.
    pub(crate) fn wait_beyond(&self, position: u64, timeout: Duration) -> u64 {
        let waits = |state: &mut State| state.end <= position && state.takes_records();
        let waited = self.moved.wait_timeout_while(self.state(), timeout, waits);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.end
    }

    pub(crate) fn release(&self, before: u64) {
        let mut state = self.state();
        state.release_before = state.release_before.max(before);
        drop(state);
        self.chores.notify_one();
    }

    pub(crate) fn stats(&self) -> Stats {
        let state = self.state();
        Stats {
            begin: state.begin(),
            end: state.end,
            bytes: state.live_bytes(),
            segments: state.live.len(),
            spare_segments: state.spares.len(),
            queued_bytes: state.queued_bytes,
            syncs: state.n_syncs,
            records: state.n_records,
            last_sync: state.last_sync,
            failure: state.failure.clone(),
        }
    }

    /// Reads back what is on the disk after a failure, cuts off what was not acknowledged, and goes on.
    pub(crate) fn reopen(&self) -> Result<(), OpenError> {
        let mut writer = lock(&self.writer);
        let chores = lock(&self.housekeeping);
        let acknowledged = {
            let state = self.state();
            if state.is_closing {
                return Err(OpenError::Closed);
            }
            if state.failure.is_none() {
                return Ok(());
            }
            state.end
        };
        writer.active = None;
        let opened = crate::opening::open(&*self.storage, &self.options, Some(acknowledged))?;
        self.state().adopt(opened);
        while self
            .release_oldest()
            .map_err(|failure| failure.into_open_error(self))?
        {}
        // What was not acknowledged stays on the disk. The base of the next segment is what cuts it off.
        let limit_bytes = self.options.max_bytes;
        if self.state().live_bytes() > limit_bytes {
            return Err(OpenError::Full { limit_bytes });
        }
        writer.active = Some(
            self.begin_segment(self.take_spare(), self.options.segment_bytes)
                .map_err(|failure| failure.into_open_error(self))?,
        );
        self.state().failure = None;
        drop(chores);
        tracing::info!(position = acknowledged, "the journal was reopened");
        Ok(())
    }
}

impl Options {
    /// Whether a journal can be made of them.
    fn check(&self) -> Result<(), OpenError> {
        let limits = MIN_SEGMENT_BYTES..=MAX_SEGMENT_BYTES;
        if !limits.contains(&self.segment_bytes) || !self.segment_bytes.is_multiple_of(BLOCK) {
            return Err(OpenError::Options(
                "a segment has 64 KiB to 4 GiB, in whole blocks of 4 KiB",
            ));
        }
        if self.max_bytes < 2 * self.segment_bytes {
            return Err(OpenError::Options(
                "its bound must have room for two segments: one is filled while the other is read",
            ));
        }
        Ok(())
    }
}

/// The least size of a segment, in bytes.
const MIN_SEGMENT_BYTES: u64 = 64 << 10;

/// The largest size of a segment, in bytes: lengths within it have 32 bits.
const MAX_SEGMENT_BYTES: u64 = (1 << 32) - BLOCK;

/// Takes a lock. What it guards is whole whenever a thread panics: nothing is left half done by a callback.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
