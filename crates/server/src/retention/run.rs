//! Removes what the plan says, and gives its room back.

use std::fmt;
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

use annoscope_events::{RetentionClass, Timestamp};
use annoscope_store::{EventStore, Position, ROW_GROUP, Rewrite, Scopes, StoreError};

use super::plan::{Plan, Stock, begin_of_month_us, month_name};
use crate::clock;
use crate::config::{RetentionConfig, StoreKind};
use crate::store;

/// How long a step waits for the next look whether the database has caught up.
const PAUSE: Duration = Duration::from_millis(200);

/// How long it waits at most: a load that never lets go would keep old events for ever.
const PATIENCE: Duration = Duration::from_mins(10);

/// Part of the file that has to be free, or of the rows that has to be gone, before rows are moved: all are written for it.
const WORTH_MOVING: f64 = 0.1;

/// Bytes of a file for which it is worth it.
const LEAST_TO_MOVE: u64 = 1 << 20;

/// Why nothing is removed.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// No setting asks for it.
    #[error(
        "nothing is to be removed: retention.exceptions_days, clicks_days, hours_days, resources_days and max_bytes are 0"
    )]
    Off,
    /// It is under way.
    #[error("old events are being removed already")]
    Busy,
    /// The store does not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Keeps events as long as the settings say.
#[derive(Clone)]
pub struct Retention {
    /// Whose events.
    pub store: Arc<dyn EventStore>,
    /// Which kind of store it is.
    pub kind: StoreKind,
    /// How long.
    pub config: RetentionConfig,
    /// Held by a run.
    pub running: Arc<Mutex<()>>,
    /// Told of each run that has ended well.
    pub ended: Arc<dyn Fn(&Outcome) + Send + Sync>,
}

/// What a run would do, or has done.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Whether it was done.
    pub is_done: bool,
    /// What there was to do.
    pub plan: Plan,
    /// Rows that were removed.
    pub n_removed: u64,
    /// Size of the file before, bytes.
    pub file_bytes_before: u64,
    /// Size of the file now, bytes.
    pub file_bytes: u64,
    /// What is free in it, bytes.
    pub free_bytes: u64,
    /// What the moving of rows needs beside the file at a time, bytes.
    pub room_bytes: u64,
}

impl Retention {
    /// How long it is until the hour of the day at which it is done.
    pub fn until_next(&self, now: Timestamp) -> Duration {
        until_hour(self.config.hour, now)
    }

    /// Shows what would go, and removes nothing. Blocks.
    pub fn dry_run(&self) -> Result<Outcome, RetentionError> {
        if !self.config.is_on() {
            return Err(RetentionError::Off);
        }
        let (stock, space) = self.stock(clock::now())?;
        Ok(Self::outcome(
            Plan::of(&self.config, &stock, clock::now()),
            &stock,
            space,
        ))
    }

    /// Removes it, and moves rows where that makes the file shorter. Blocks, for minutes where there is much. `tell` is told of
    /// each step.
    pub fn run(&self, mut tell: impl FnMut(&str)) -> Result<Outcome, RetentionError> {
        if !self.config.is_on() {
            return Err(RetentionError::Off);
        }
        let _running = match self.running.try_lock() {
            Ok(running) => running,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(RetentionError::Busy),
        };
        let now = clock::now();
        let (stock, space) = self.stock(now)?;
        let plan = Plan::of(&self.config, &stock, now);
        let mut outcome = Self::outcome(plan, &stock, space);
        let cuts = outcome.plan.cuts.clone();
        let mut has_newest = false;
        for cut in cuts {
            let rewrite = if cut.class == RetentionClass::Resources {
                // All months at once: the newest of a thing may be in any.
                if std::mem::replace(&mut has_newest, true) {
                    continue;
                }
                Rewrite::KeepNewest {
                    scopes: scopes(cut.class),
                    until_us: self.config.cut_us(cut.class, now).unwrap_or(cut.until_us),
                }
            } else {
                Rewrite::Delete {
                    scopes: scopes(cut.class),
                    from_us: cut.from_us,
                    until_us: cut.until_us,
                }
            };
            self.wait_until_calm();
            let n_rows = self.store.rewrite(&rewrite)?.n_rows;
            outcome.n_removed += n_rows;
            let (class, month) = (cut.class.name(), month_name(cut.from_us));
            tracing::info!(class, month, n_rows, "removed old events");
            tell(&format!("removed {n_rows} {class} of {month}"));
        }
        self.give_back(
            outcome.n_removed as f64 / stock.n_rows.max(1) as f64,
            &mut tell,
        )?;
        let (file_bytes, free_bytes) = store::space(&self.store, self.kind)?;
        outcome.file_bytes = file_bytes;
        outcome.free_bytes = free_bytes;
        outcome.is_done = true;
        (self.ended)(&outcome);
        Ok(outcome)
    }

    fn stock(&self, now: Timestamp) -> Result<(Stock, (u64, u64)), StoreError> {
        let space = store::space(&self.store, self.kind)?;
        let (file_bytes, free_bytes) = space;
        let mut stock = Stock {
            n_rows: self.store.stats().rows_total,
            used_bytes: file_bytes.saturating_sub(free_bytes),
            ..Stock::default()
        };
        let this_month = begin_of_month_us(now.micros());
        for class in RetentionClass::ALL {
            let rows =
                |until_us| store::rows_by_month(&self.store, self.kind, &scopes(class), until_us);
            if let Some(cut_us) = self.config.cut_us(class, now) {
                stock.too_old.insert(class, rows(cut_us)?);
            }
            if self.config.max_bytes > 0 && class != RetentionClass::Resources {
                stock.whole_months.insert(class, rows(this_month)?);
            }
        }
        Ok((stock, space))
    }

    fn outcome(plan: Plan, stock: &Stock, (file_bytes, free_bytes): (u64, u64)) -> Outcome {
        let per_row = stock.used_bytes / stock.n_rows.max(1);
        Outcome {
            plan,
            is_done: false,
            n_removed: 0,
            file_bytes_before: file_bytes,
            file_bytes,
            free_bytes,
            // A group of rows twice: where they were, and where they go.
            room_bytes: 2 * per_row * ROW_GROUP as u64,
        }
    }

    /// Moves rows, from the oldest to the newest, into what is free in the file, so that its end is cut off.
    ///
    /// Removed rows of a group that has others take their room until then; `removed` is their part of all.
    fn give_back(&self, removed: f64, tell: &mut impl FnMut(&str)) -> Result<(), StoreError> {
        let mut removed = removed;
        // The last rows of a small file have what is free before them only when they were moved behind it once.
        for _ in 0..2 {
            let (file_bytes, free_bytes) = store::space(&self.store, self.kind)?;
            let free = free_bytes as f64 / file_bytes.max(1) as f64;
            if file_bytes < LEAST_TO_MOVE || free.max(removed) < WORTH_MOVING {
                return Ok(());
            }
            self.move_rows(tell)?;
            removed = 0.0;
        }
        Ok(())
    }

    fn move_rows(&self, tell: &mut impl FnMut(&str)) -> Result<(), StoreError> {
        let mut next = Some(Position(0));
        let mut n_moved = 0;
        while let Some(from) = next {
            self.wait_until_calm();
            let moved = self.store.rewrite(&Rewrite::Compact { from })?;
            n_moved += moved.n_rows;
            next = moved.next;
            tell(&format!("moved {n_moved} rows"));
        }
        Ok(())
    }

    /// Waits while the database is behind the journal.
    fn wait_until_calm(&self) {
        let begun = clock::monotonic();
        let is_behind = || {
            self.store.durable().0 - self.store.visible().0.min(self.store.durable().0)
                >= ROW_GROUP as u64
        };
        while is_behind() && clock::since(begun) < PATIENCE {
            thread::sleep(PAUSE);
        }
    }
}

/// From a time to the next begin of an hour of the day, UTC; at that very time a day.
fn until_hour(hour: u32, now: Timestamp) -> Duration {
    const HOUR_MS: i64 = 60 * 60 * 1000;
    const DAY_MS: i64 = 24 * HOUR_MS;
    let left_ms = (i64::from(hour) * HOUR_MS - now.millis() - 1).rem_euclid(DAY_MS) + 1;
    Duration::from_millis(left_ms.cast_unsigned())
}

/// The scopes of a class.
fn scopes(class: RetentionClass) -> Scopes {
    let owned = |scopes: Vec<&str>| scopes.into_iter().map(str::to_owned).collect();
    match class {
        RetentionClass::Resources => {
            let others = RetentionClass::ALL.iter().flat_map(|class| class.scopes());
            Scopes::AllBut(owned(others.collect()))
        }
        class => Scopes::Named(owned(class.scopes())),
    }
}

/// For a person: what goes, or is gone.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<11} {:<8} {:>12} {:>14}",
            "CLASS", "MONTH", "ROWS", "BYTES, ABOUT"
        )?;
        for cut in &self.plan.cuts {
            let (class, month) = (cut.class.name(), month_name(cut.from_us));
            let (n_rows, n_bytes) = (cut.n_rows, cut.n_bytes);
            writeln!(f, "{class:<11} {month:<8} {n_rows:>12} {n_bytes:>14}")?;
        }
        writeln!(
            f,
            "{} rows, about {} bytes, of a file of {} bytes.",
            self.plan.n_rows(),
            self.plan.n_bytes(),
            self.file_bytes_before
        )?;
        if self
            .plan
            .cuts
            .iter()
            .any(|cut| cut.class == RetentionClass::Resources)
        {
            writeln!(
                f,
                "Of resources that is at most: the newest of each stays, and begins and ends."
            )?;
        }
        if self.is_done {
            return write!(
                f,
                "Removed {} rows. The file has {} bytes now, of which {} are free for new events.",
                self.n_removed, self.file_bytes, self.free_bytes
            );
        }
        write!(
            f,
            "Nothing was removed. To give room back to the file system rows are moved, which needs {} bytes at a time.",
            self.room_bytes
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hour_comes_once_a_day() {
        let hour = 3_600_000;
        let cases = [
            (3, 0, 3 * hour),
            (3, 3 * hour, 24 * hour),
            (3, 3 * hour - 1, 1),
            (3, 3 * hour + 1, 24 * hour - 1),
            (0, 0, 24 * hour),
            (23, 24 * hour * 20_000 + 22 * hour, hour),
        ];
        for (at, now, expected) in cases {
            let left = until_hour(at, Timestamp::from_millis(now));
            assert_eq!(
                left,
                Duration::from_millis(expected.cast_unsigned()),
                "{at} {now}"
            );
        }
    }

    #[test]
    fn every_scope_is_in_one_class() {
        let [exceptions, clicks, hours, resources] = RetentionClass::ALL.map(scopes);
        let named = [exceptions, clicks, hours].map(|scopes| match scopes {
            Scopes::Named(scopes) => scopes,
            Scopes::AllBut(_) => unreachable!("they are listed"),
        });
        assert_eq!(resources, Scopes::AllBut(named.concat()));
    }
}
