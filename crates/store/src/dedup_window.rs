//! Deduplication: which of the events of a request are stored already?
//!
//! Senders send again what they believe lost. The window keeps the hashes of the events of the last days
//! in *segments*. The open one takes new events: in memory a set, on the disk a file of chunks. A
//! full one is *sealed*: in memory a filter that never misses, and whose rare false alarm (1 in 65,536) is
//! settled by a read of the segment's file. Events on their way to the disk are known by a set, too.
//!
//! The window is behind the journal: [`DedupWindow::save`] writes what was committed, and until then the
//! journal has it, from [`DedupWindow::position`] on. After a stop it is told again by
//! [`DedupWindow::replay`].
//!
//! **Invariant:** of all requests that hold one event, at most one owns it at any time, from
//! [`DedupWindow::reserve`] until its commit or its failure (`two_requests_never_own_one_event`).
//!
//! **Invariant:** after a stop at any moment every event before [`DedupWindow::position`] is known that had not left
//! the window (`whatever_is_saved_is_known_after_any_stop`).

mod chunks;
mod day;
mod files;
mod known;
mod names;
mod open;
mod reservation;
mod sealed;
mod segments;
mod storage;

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use annoscope_events::EventHash;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;

pub use self::day::Day;
pub use self::reservation::Reservation;

use self::files::{Files, failed};
use self::known::HashesAsTheyAre;
use self::sealed::{SealedSegment, SegmentError};
use self::segments::{Dated, Segments};
use self::storage::{Directory, Storage};
use crate::Position;
use crate::error::StoreError;

/// Events of an older window that are taken at once.
const TAKEN_AT_ONCE: usize = 1 << 16;

/// The events of a store whose duplicates are recognized: the recent ones.
pub struct DedupWindow {
    state: Mutex<State>,
    /// Taken before `state`, and while files are written.
    files: Mutex<Files>,
    /// Told whenever reserved events are committed or given back.
    released: Notify,
    /// Files that are damaged or missing.
    n_damaged: AtomicU64,
}

struct State {
    in_flight: HashesAsTheyAre<EventHash>,
    segments: Segments,
    saved: Position,
}

/// A reading of the window's sizes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DedupStats {
    /// Events in the window.
    pub events: u64,
    /// Memory of its filters and sets, in bytes.
    pub bytes: u64,
    /// Events that left it early, since the start, because it holds as many as it may.
    pub evicted: u64,
    /// Files found damaged or missing, since the start.
    pub damaged_files: u64,
}

/// Bounds of the window.
#[derive(Clone, Copy, Debug)]
pub struct DedupLimits {
    /// Days of receipt that are kept, today included.
    pub days: i64,
    /// Most events held; beyond them the oldest leave early.
    pub events: usize,
    /// How long the clock has to say a day before it is believed.
    pub day_settles_after: Duration,
}

/// An event that a filter took for known.
struct Suspect {
    /// Its place in the request.
    index: usize,
    hash: EventHash,
    segment: Arc<SealedSegment>,
}

/// What one look at the window gave a request.
enum Look {
    /// The request owns what is fresh.
    Claimed {
        fresh: Vec<EventHash>,
        duplicates: Vec<bool>,
    },
    /// Another request holds one of the events.
    Busy,
    /// The filters that were asked are not those of now.
    Outdated,
}

impl DedupWindow {
    /// The window of a directory, which is made if it is not there. What is damaged is set aside: duplicates
    /// of its events are not recognized any more. An error if the directory cannot be used.
    pub fn open(path: &Path, limits: DedupLimits) -> Result<Arc<DedupWindow>, StoreError> {
        let directory = Directory::open(path).map_err(failed("opening", path))?;
        DedupWindow::open_on(path, Box::new(directory), limits)
    }

    fn open_on(
        path: &Path,
        storage: Box<dyn Storage>,
        limits: DedupLimits,
    ) -> Result<Arc<DedupWindow>, StoreError> {
        let (files, found) = Files::open(path, storage)?;
        let (saved, n_damaged) = (files.saved(), found.n_damaged);
        let state = State {
            in_flight: HashesAsTheyAre::default(),
            segments: Segments::new(limits, found, saved),
            saved,
        };
        Ok(Arc::new(DedupWindow {
            state: Mutex::new(state),
            files: Mutex::new(files),
            released: Notify::new(),
            n_damaged: AtomicU64::new(n_damaged),
        }))
    }

    /// Finds out which of `hashes` are stored, and reserves the others for the caller. Waits
    /// while another reservation holds one of them. Suspects are looked up on a thread of their own.
    /// An error if the disk does not answer, or has not taken events for long.
    pub async fn reserve(
        self: &Arc<DedupWindow>,
        hashes: Vec<EventHash>,
    ) -> Result<Reservation, StoreError> {
        let mut sealed = self.sealed();
        let mut suspects = suspects(&sealed, &hashes);
        let (fresh, duplicates) = loop {
            let released = self.released.notified();
            tokio::pin!(released);
            // Registered before the look, so that a release in between is not missed.
            released.as_mut().enable();
            match self.claim(&hashes, &sealed)? {
                Look::Claimed { fresh, duplicates } => break (fresh, duplicates),
                Look::Busy => released.await,
                Look::Outdated => {
                    sealed = self.sealed();
                    suspects = self::suspects(&sealed, &hashes);
                }
            }
        };
        suspects.retain(|suspect| !duplicates[suspect.index]);
        // From here on a drop gives back what is not committed.
        let mut reservation = Reservation::new(Arc::clone(self), fresh, duplicates);
        if !suspects.is_empty() {
            let window = Arc::clone(self);
            let stored = spawn_blocking(move || window.look_up(&suspects)).await;
            // It fails only if the runtime ends.
            let stored = stored.map_err(|_| StoreError::NotOpen)??;
            reservation.give_back(&stored, &hashes);
        }
        Ok(reservation)
    }

    /// Puts what is not known in flight.
    fn claim(&self, hashes: &[EventHash], sealed: &Arc<Vec<Dated>>) -> Result<Look, StoreError> {
        let mut state = self.lock();
        let State {
            in_flight,
            segments,
            ..
        } = &mut *state;
        if segments.are_too_many_open() {
            let why = "the dedup window has not been written to the disk for long";
            return Err(StoreError::Failed(why.into()));
        }
        if !Arc::ptr_eq(sealed, segments.sealed()) {
            return Ok(Look::Outdated);
        }
        if hashes.iter().any(|hash| in_flight.contains(hash)) {
            return Ok(Look::Busy);
        }
        let mut fresh = Vec::with_capacity(hashes.len());
        let mut duplicates = Vec::with_capacity(hashes.len());
        for &hash in hashes {
            // A twin within the request finds its elder in flight.
            let is_fresh = !segments.is_in_open(hash) && in_flight.insert(hash);
            duplicates.push(!is_fresh);
            if is_fresh {
                fresh.push(hash);
            }
        }
        Ok(Look::Claimed { fresh, duplicates })
    }

    /// Which of the suspects are stored.
    fn look_up(&self, suspects: &[Suspect]) -> Result<HashSet<EventHash>, StoreError> {
        let mut stored = HashSet::new();
        for Suspect { hash, segment, .. } in suspects {
            match segment.holds(*hash) {
                Ok(true) => {
                    stored.insert(*hash);
                }
                Ok(false) => {}
                Err(SegmentError::Io(source)) => {
                    return Err(StoreError::Io {
                        doing: "reading the dedup window".to_owned(),
                        source,
                    });
                }
                Err(error) => self.tell_damage(segment, &error),
            }
        }
        Ok(stored)
    }

    /// What is damaged holds nothing any more: an event stored twice is better than one that is not.
    fn tell_damage(&self, segment: &SealedSegment, error: &SegmentError) {
        if segment.tell_damage() {
            self.n_damaged.fetch_add(1, Ordering::Relaxed);
            tracing::error!(
                %error,
                n_events = segment.n_events,
                "a file of the dedup window is damaged: duplicates of some of its events are not recognized any more"
            );
        }
    }

    fn commit(&self, day: Day, fresh: &[EventHash], until: Position) {
        let mut state = self.lock();
        state.segments.add(day, fresh, until);
        for hash in fresh {
            state.in_flight.remove(hash);
        }
        drop(state);
        self.released.notify_waiters();
    }

    fn release<'a>(&self, hashes: impl IntoIterator<Item = &'a EventHash>) {
        let mut state = self.lock();
        for hash in hashes {
            state.in_flight.remove(hash);
        }
        drop(state);
        self.released.notify_waiters();
    }

    /// All events before it are on the disk: a journal that begins there has the others.
    pub fn position(&self) -> Position {
        self.lock().saved
    }

    /// Told before a replay where the journal begins. If that is behind the window's position, events are in neither:
    /// duplicates of them are not recognized.
    pub fn replay_begins(&self, first: Position) {
        let saved = self.position();
        if first > saved {
            self.n_damaged.fetch_add(1, Ordering::Relaxed);
            tracing::error!(
                n_rows = first.0 - saved.0,
                "the dedup window has lost what the journal does not hold any more: duplicates of so many rows are not recognized"
            );
        }
    }

    /// Tells again what came at `day` with the position `until` behind it, after a stop. In the order of positions;
    /// what is known already is told without harm. Memory grows until the next [`DedupWindow::save`].
    pub fn replay(&self, day: Day, hashes: &[EventHash], until: Position) {
        let mut state = self.lock();
        let is_new = |hash: &EventHash| !state.segments.is_in_open(*hash);
        let hashes: Vec<EventHash> = hashes.iter().copied().filter(is_new).collect();
        state.segments.add(day, &hashes, until);
    }

    /// Takes the events of an older window, oldest first, whose last one is before `until`. Blocks, until all is on the
    /// disk. Until then the position is 0, and what an attempt that did not come to its end has left is dropped by the next.
    pub fn take_over(
        &self,
        hashes: impl IntoIterator<Item = Result<(Day, EventHash), StoreError>>,
        until: Position,
    ) -> Result<(), StoreError> {
        self.lock().segments.clear();
        let mut newest = Day(0);
        let mut batch = Vec::new();
        for hash in hashes {
            let (day, hash) = hash?;
            if day != newest || batch.len() == TAKEN_AT_ONCE {
                self.take(newest, &mut batch)?;
                newest = day;
            }
            batch.push(hash);
        }
        self.take(newest, &mut batch)?;
        self.lock().segments.add(newest, &[], until);
        self.save()?;
        Ok(())
    }

    fn take(&self, day: Day, batch: &mut Vec<EventHash>) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        let mut state = self.lock();
        state.segments.add(day, batch, Position(0));
        let is_complete = state.segments.is_any_complete();
        drop(state);
        batch.clear();
        if is_complete {
            self.save()?;
        }
        Ok(())
    }

    /// Writes what was committed, and says up to where all is on the disk now. Seals segments that are
    /// complete, which takes half a second for each, once in 1.75 million events. Blocks. After
    /// an error nothing is lost, and the next call tries again.
    pub fn save(&self) -> Result<Position, StoreError> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let unsaved = self.lock().segments.take_unsaved();
        for unsaved in unsaved {
            files.take(unsaved);
        }
        files.write()?;
        self.lock().saved = files.saved();
        loop {
            // Never locked while the files are written.
            let next = self.lock().segments.next_to_seal();
            let Some((id, n_events)) = next else {
                break;
            };
            let sealing = files.seal(id, n_events)?;
            if sealing.n_lost > 0 {
                self.n_damaged.fetch_add(1, Ordering::Relaxed);
            }
            self.lock().segments.put_sealed(id, sealing);
        }
        let days: BTreeMap<u64, Day> = self.lock().segments.days();
        files.follow(&days)?;
        Ok(files.saved())
    }

    /// Lets events leave whose day is past, once the clock has said `today` for some time; `now` is of the clock that
    /// measures it. Their files go with the next [`DedupWindow::save`].
    pub fn settle(&self, today: Day, now: Instant) {
        self.lock().segments.settle(today, now);
    }

    /// Its sizes now.
    pub fn stats(&self) -> DedupStats {
        let state = self.lock();
        let segments = &state.segments;
        DedupStats {
            events: segments.n_events() as u64,
            bytes: segments.bytes() as u64,
            evicted: segments.n_evicted(),
            damaged_files: self.n_damaged.load(Ordering::Relaxed),
        }
    }

    fn sealed(&self) -> Arc<Vec<Dated>> {
        Arc::clone(self.lock().segments.sealed())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code under the lock can leave the state half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The events that sealed segments may hold, by segment.
fn suspects(sealed: &[Dated], hashes: &[EventHash]) -> Vec<Suspect> {
    let mut suspects = Vec::new();
    for Dated { segment, .. } in sealed {
        for (index, &hash) in hashes.iter().enumerate() {
            if segment.may_hold(hash) {
                let segment = Arc::clone(segment);
                suspects.push(Suspect {
                    index,
                    hash,
                    segment,
                });
            }
        }
    }
    suspects
}

#[cfg(test)]
mod tests;
