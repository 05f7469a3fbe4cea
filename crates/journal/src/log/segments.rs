//! Where segments come from and where they go: made ahead, begun, released, used again.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::clock;
use crate::error::{AppendError, OpenError};
use crate::layout::{BLOCK, SegmentHeader, segment_name, spare_name, unfinished_name};
use crate::log::{Bound, Log, State};
use crate::storage::StorageFile;

/// So many files wait for their next use at most. Released ones beyond that are removed.
const MAX_SPARES: usize = 8;

/// So long nothing has to be begun before the files that wait for their next use go, but for one.
const SPARES_LEAVE_AFTER: Duration = Duration::from_mins(1);

/// The segment that is written.
pub(crate) struct Active {
    pub(crate) file: Box<dyn StorageFile>,
    pub(crate) segment: SegmentHeader,
    /// Where the next group begins, at a block.
    pub(crate) offset: u64,
}

/// Why there is no further segment.
pub(crate) enum SegmentError {
    /// The file cannot be made. The journal is as it was.
    NoSpace(io::Error),
    /// Which names the disk has is not known.
    InDoubt {
        action: &'static str,
        name: String,
        source: io::Error,
    },
}

impl SegmentError {
    /// What the caller of an append is told.
    pub(crate) fn into_append_error(self, log: &Log) -> AppendError {
        match self {
            Self::NoSpace(source) => AppendError::NoSpace {
                source: Arc::new(source),
            },
            Self::InDoubt {
                action,
                name,
                source,
            } => {
                let path = log.storage.path(&name);
                let reason = format!("cannot {action} {}: {source}", path.display());
                log.fail(reason.clone());
                AppendError::Failed {
                    reason: reason.into(),
                }
            }
        }
    }

    /// What the caller of [`Log::reopen`] is told.
    pub(crate) fn into_open_error(self, log: &Log) -> OpenError {
        match self {
            Self::NoSpace(source) => OpenError::Io {
                action: "make a segment in",
                path: log.storage.path(""),
                source,
            },
            Self::InDoubt {
                action,
                name,
                source,
            } => OpenError::Io {
                action,
                path: log.storage.path(&name),
                source,
            },
        }
    }
}

impl Log {
    /// A file that waits for its use.
    pub(crate) fn take_spare(&self) -> Option<String> {
        self.state().spares.pop()
    }

    /// Begins a segment at the journal's end, in `spare` or in a new file. It replaces the last one where that is
    /// empty. Called with `housekeeping` locked.
    pub(crate) fn begin_segment(
        &self,
        spare: Option<String>,
        segment_bytes: u64,
    ) -> Result<Active, SegmentError> {
        let mut state = self.state();
        let last = state.live.back().copied();
        let empty = last.filter(|last| last.base == state.end);
        let segment = SegmentHeader {
            number: state.take_number(),
            previous: match (last, empty) {
                (_, Some(empty)) => empty.previous,
                (Some(last), None) => last.number,
                (None, None) => 0,
            },
            base: state.end,
            salt: rand::random(),
            size: segment_bytes,
        };
        drop(state);
        let name = spare.unwrap_or_else(|| unfinished_name(segment.number));
        if name == unfinished_name(segment.number) {
            let made = self.storage.create(&name, segment.size);
            made.map_err(SegmentError::NoSpace)?;
        }
        let file = match self.write_header(&name, &segment) {
            Ok(file) => file,
            Err(error) => {
                self.remove_unused(&name);
                return Err(SegmentError::NoSpace(error));
            }
        };
        // The name comes last: a segment whose name is there has its header.
        let rename = self.storage.rename(&name, &segment.name());
        rename.map_err(in_doubt("rename", &name))?;
        self.sync_names()?;
        let mut state = self.state();
        if let Some(empty) = empty {
            state.live.retain(|live| live.number != empty.number);
        }
        state.live.push_back(segment);
        state.is_half_full = false;
        state.begun_at = Some(clock::monotonic());
        state.spare_failed = false;
        drop(state);
        if let Some(empty) = empty {
            let name = empty.name();
            let removed = self.storage.remove(&name);
            removed.map_err(in_doubt("remove", &name))?;
            self.sync_names()?;
        }
        self.chores.notify_one();
        Ok(Active {
            file,
            segment,
            offset: BLOCK,
        })
    }

    fn write_header(
        &self,
        name: &str,
        segment: &SegmentHeader,
    ) -> io::Result<Box<dyn StorageFile>> {
        let file = self.storage.open(name)?;
        file.write_all_at(&segment.encode(), 0)?;
        file.sync_data()?;
        Ok(file)
    }

    fn remove_unused(&self, name: &str) {
        if let Err(error) = self.storage.remove(name) {
            let file = self.storage.path(name);
            tracing::warn!(
                file = %file.display(),
                %error,
                "a file of the journal that is not used stays until it is opened again"
            );
        }
    }

    fn sync_names(&self) -> Result<(), SegmentError> {
        let synced = self.storage.sync_names();
        synced.map_err(in_doubt("sync the names in", ""))
    }

    /// Whether [`Log::keep_house`] has something to do.
    pub(crate) fn has_chores(&self, state: &State) -> bool {
        state.failure.is_none()
            && (state.has_released() || self.wants_spare(state) || state.has_idle_spares())
    }

    /// Removes the files that wait for their next use: a journal that is closed needs none. Called with `housekeeping`
    /// locked.
    pub(crate) fn remove_spares(&self) {
        if self.state().failure.is_some() {
            return;
        }
        if let Err(error) = self.remove_spares_while(|state| !state.spares.is_empty()) {
            let _: AppendError = error.into_append_error(self);
        }
    }

    fn remove_spares_while(
        &self,
        are_too_many: impl Fn(&State) -> bool,
    ) -> Result<(), SegmentError> {
        loop {
            let mut state = self.state();
            if !are_too_many(&state) {
                return Ok(());
            }
            let Some(name) = state.spares.pop() else {
                return Ok(());
            };
            drop(state);
            let removed = self.storage.remove(&name);
            removed.map_err(in_doubt("remove", &name))?;
        }
    }

    fn wants_spare(&self, state: &State) -> bool {
        state.is_half_full && state.spares.is_empty() && !state.spare_failed && self.has_room(state)
    }

    /// Gives released segments free, and makes a file ahead, so that no record waits for zeros. Called with
    /// `housekeeping` locked.
    pub(crate) fn keep_house(&self) {
        // After a failure it is not known which names the disk has.
        while self.state().failure.is_none() {
            match self.release_oldest() {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    // It fails the journal; no record waits for the answer.
                    let _: AppendError = error.into_append_error(self);
                }
            }
        }
        if let Err(error) = self.remove_spares_while(State::has_idle_spares) {
            let _: AppendError = error.into_append_error(self);
        }
        let mut state = self.state();
        if state.failure.is_some() || !self.wants_spare(&state) {
            return;
        }
        let number = state.take_number();
        drop(state);
        let (unfinished, name) = (unfinished_name(number), spare_name(number));
        let made = self
            .storage
            .create(&unfinished, self.options.segment_bytes)
            .and_then(|_| self.storage.rename(&unfinished, &name));
        let mut state = self.state();
        match made {
            Ok(()) => state.spares.push(name),
            Err(error) => {
                // The next record that needs a segment tries again, and tells.
                state.spare_failed = true;
                tracing::warn!(%error, "no segment of the journal can be made ahead");
            }
        }
    }

    /// Gives the oldest segment free, where it may go. Says whether it did. Each is durable before the next: a hole
    /// would be damage. Called with `housekeeping` locked.
    pub(crate) fn release_oldest(&self) -> Result<bool, SegmentError> {
        let mut state = self.state();
        if !state.has_released() {
            return Ok(false);
        }
        let Some(oldest) = state.live.pop_front() else {
            return Ok(false);
        };
        let n_spares = state.spares.len();
        let is_wanted = n_spares < MAX_SPARES
            && oldest.size == self.options.segment_bytes
            && state.live_bytes() + (n_spares as u64 + 1) * oldest.size <= self.options.max_bytes;
        drop(state);
        let name = segment_name(oldest.number);
        let spare = spare_name(oldest.number);
        if is_wanted {
            let renamed = self.storage.rename(&name, &spare);
            renamed.map_err(in_doubt("rename", &name))?;
        } else {
            let removed = self.storage.remove(&name);
            removed.map_err(in_doubt("remove", &name))?;
        }
        self.sync_names()?;
        let mut state = self.state();
        state.spare_failed = false;
        state.bound = Bound::Open;
        if is_wanted {
            state.spares.push(spare);
        }
        Ok(true)
    }
}

impl State {
    fn take_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    /// Whether files wait for a next use that does not come.
    fn has_idle_spares(&self) -> bool {
        let is_idle = |at| clock::since(at) > SPARES_LEAVE_AFTER;
        self.spares.len() > 1 && self.begun_at.is_none_or(is_idle)
    }

    /// Whether the oldest segment may go. The last one stays.
    fn has_released(&self) -> bool {
        let next = self.live.get(1);
        next.is_some_and(|next| next.base <= self.release_before)
    }
}

fn in_doubt(action: &'static str, name: &str) -> impl FnOnce(io::Error) -> SegmentError {
    let name = name.to_owned();
    move |source| SegmentError::InDoubt {
        action,
        name,
        source,
    }
}
