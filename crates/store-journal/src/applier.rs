//! Takes what waits in the journal, in order, and gives it to the database.
//!
//! While row groups wait, the next one is read and prepared as one is applied, so that the database need not wait.
//!
//! **Invariant:** every entry is applied exactly once: the database keeps the position with the rows, and
//! after any error it is asked where it is, and what was read ahead is dropped (`tests.rs`,
//! `tests/faults/test_kill.py`).

use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use annoscope_events::COLUMNS;
use annoscope_journal::Journal;
use annoscope_store::{Backend, Changes, Entry, MAX_RECENT, Position, StoreError, clock};
use arrow::array::AsArray;
use arrow::datatypes::TimestampMicrosecondType;

use crate::group::{FLOOD_ROWS, Group, Groups};
use crate::visible::Visible;
use crate::{Counters, RejectedEntries, add, error};

/// How long the applier sleeps at most before it looks whether the store was closed.
const STEP: Duration = Duration::from_millis(500);

/// How long a store that is closed goes on to apply what waits; the rest waits for the next start.
const CLOSING: Duration = Duration::from_secs(10);

/// From one group to the next while events come all the time: each group is a sync of the database's disk, which the
/// journal's syncs wait for where both have the same. An event after a quiet time goes at once, and so does all that
/// a query waits for.
const GATHERING: Duration = Duration::from_millis(200);

/// The pause after a first failure, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const MAX_PAUSE: Duration = Duration::from_secs(1);

pub(crate) struct Applier {
    pub(crate) journal: Arc<Journal>,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) changes: Arc<Changes>,
    pub(crate) visible: Arc<Visible>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) rejected: Arc<dyn RejectedEntries>,
    pub(crate) replaced: Arc<OnceLock<String>>,
}

impl Applier {
    /// Until the store is closed and the database has what it had acknowledged, or does not take it.
    pub(crate) fn run(self) {
        let mut pause = FIRST_PAUSE;
        let mut last = None;
        loop {
            let before = self.visible.get();
            let Err(error) = self.apply_all() else {
                return;
            };
            add(&self.counters.failed_applies, 1);
            if let StoreError::Replaced(why) = error {
                tracing::error!(
                    why,
                    "no more events are taken; those that wait stay in the journal"
                );
                // It is set once: here.
                let _ = self.replaced.set(why);
                return;
            }
            let text = error.to_string();
            if last.as_ref() != Some(&text) {
                tracing::error!(%error, "the database does not take events; they wait in the journal");
                last = Some(text);
            }
            if self.visible.closed_for().is_some() {
                tracing::warn!("events that wait in the journal are applied at the next start");
                return;
            }
            if self.visible.get() > before {
                pause = FIRST_PAUSE;
            }
            self.visible.wait_until_closed(pause);
            pause = (2 * pause).min(MAX_PAUSE);
        }
    }

    /// From where the database is, as far as there is something and the store is open.
    fn apply_all(&self) -> Result<(), StoreError> {
        let mut position = self.backend.applied()?;
        self.check_position(position)?;
        if self.changes.is_empty() {
            self.changes
                .remember(self.backend.recent_times(MAX_RECENT)?);
        }
        self.visible.advance(position);
        let mut groups = self.groups(position)?;
        let mut ahead: Option<Group> = None;
        let mut last_applied: Option<Instant> = None;
        loop {
            let end = self.journal.end();
            let closed_for = self.visible.closed_for();
            if closed_for.is_some_and(|time| end == position.0 || time > CLOSING) {
                return Ok(());
            }
            if end == position.0 {
                self.journal.wait_beyond(position.0, STEP);
                continue;
            }
            let since_last = last_applied.map_or(GATHERING, clock::since);
            if since_last < GATHERING && end - position.0 < FLOOD_ROWS {
                self.visible
                    .wait_until_wanted(GATHERING.saturating_sub(since_last));
            }
            last_applied = Some(clock::monotonic());
            let group = match ahead.take() {
                Some(group) => group,
                None => groups.next(position, self.journal.end() - position.0)?,
            };
            (position, ahead) = self.apply_and_read_ahead(group, &mut groups)?;
            if ahead.as_ref().is_some_and(|group| group.from != position) {
                // It begins within an entry that was set aside.
                ahead = None;
                groups = self.groups(position)?;
            }
        }
    }

    /// What waits from a position on, which may lie within a record.
    fn groups(&self, from: Position) -> Result<Groups, StoreError> {
        let reader = self.journal.reader(from.0).map_err(error::of_read)?;
        Ok(Groups::of(reader))
    }

    /// Applies a group, and reads the next one meanwhile if a whole row group waits. Returns up to where the database
    /// has the events then, and what was read.
    fn apply_and_read_ahead(
        &self,
        group: Group,
        groups: &mut Groups,
    ) -> Result<(Position, Option<Group>), StoreError> {
        let next = group.until;
        let n_waiting = self.journal.end() - next.0;
        if n_waiting < FLOOD_ROWS {
            return Ok((self.apply(group)?, None));
        }
        thread::scope(|scope| {
            let read = scope.spawn(|| {
                let ahead = groups.next(next, n_waiting)?;
                self.backend
                    .prepare(&ahead.entries, ahead.from..ahead.until);
                Ok(ahead)
            });
            let applied = self.apply(group);
            let read = read.join().unwrap_or_else(|panic| resume_unwind(panic));
            Ok((applied?, Some(read?)))
        })
    }

    /// Whether the journal goes on where the database is.
    fn check_position(&self, position: Position) -> Result<(), StoreError> {
        let (begin, end) = (self.journal.begin(), self.journal.end());
        if (begin..=end).contains(&position.0) {
            return Ok(());
        }
        Err(StoreError::OutOfStep {
            applied: position,
            begin: Position(begin),
            end: Position(end),
        })
    }

    /// Returns up to where the database has the events then.
    fn apply(&self, group: Group) -> Result<Position, StoreError> {
        match self.backend.apply(group.entries.clone(), group.until) {
            Err(StoreError::Rejected(reason)) => match group.entries.as_slice() {
                [entry] => self.set_aside(entry, &reason, &group),
                _ => self.apply_one_by_one(group),
            },
            outcome => {
                // Whatever the outcome: what failed may be stored.
                let within = group.from..group.until;
                let times = |entry| times_us(entry, within.clone());
                self.changes.record(group.entries.iter().flat_map(times));
                outcome?;
                add(&self.counters.groups_applied, 1);
                self.visible.advance(group.until);
                Ok(group.until)
            }
        }
    }

    /// Finds out which entries of a group the database can never store.
    fn apply_one_by_one(&self, group: Group) -> Result<Position, StoreError> {
        let mut position = group.from;
        for group in group.into_single() {
            position = self.apply(group)?;
        }
        Ok(position)
    }

    /// Sets aside what the database does not have of an entry, to its end.
    fn set_aside(
        &self,
        entry: &Entry,
        reason: &str,
        group: &Group,
    ) -> Result<Position, StoreError> {
        let kept = self.rejected.keep(&entry.behind(group.from), reason);
        kept.map_err(|source| StoreError::Io {
            doing: "setting aside what the database can never store".to_owned(),
            source,
        })?;
        tracing::error!(
            position = entry.from.0,
            reason,
            "the database can never store a batch: it is in the dead letters"
        );
        add(&self.counters.rejected_entries, 1);
        self.backend.apply(Vec::new(), group.end)?;
        self.visible.advance(group.end);
        Ok(group.end)
    }
}

/// Times of an entry's events at these positions, µs since the epoch; none where they cannot be read.
fn times_us(entry: &Entry, within: Range<Position>) -> Vec<i64> {
    let column = COLUMNS.iter().position(|column| column.name == "timestamp");
    let column = column.expect("events have a time");
    let times = entry.column(column, within);
    times.map_or_else(
        |_| Vec::new(),
        |times| {
            let times = times.as_primitive::<TimestampMicrosecondType>();
            times.values().to_vec()
        },
    )
}
