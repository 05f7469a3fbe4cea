//! Watches the memory of the process: DuckDB's limit counts neither texts and lists that are being
//! made nor the values that a quantile keeps.
//!
//! Beyond the limit queries are ended, the newest first, and nothing long is made any more. Where that
//! does not help within seconds, or memory grows faster, the process is ended on purpose, before the
//! system picks one.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use crate::watchdog::QueryEnder;
use annoscope_store::clock;

use crate::LastResort;
use crate::error::Error;
use crate::room::Room;
use crate::stats::Counters;

/// How often memory is looked at. A query takes some 2 GB a second at most on two cores.
const CALM: Duration = Duration::from_millis(50);

/// The same while it is short.
const TENSE: Duration = Duration::from_millis(10);

/// How long the end of a query may take to show.
const EFFECT: Duration = Duration::from_millis(300);

/// How long memory may be short while queries do not end.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long it may be short after all of them ended: the allocator gives it back within 10 s.
const PATIENCE_WITHOUT_QUERIES: Duration = Duration::from_secs(15);

/// The watching thread, until it is dropped.
pub(crate) struct MemoryWatch {
    /// Closed by the drop, which ends the thread.
    _stop: Sender<()>,
}

struct Watching {
    /// Bytes beyond which queries are ended; beyond a quarter more the process is.
    limit: u64,
    queries: QueryEnder,
    room: Arc<Room>,
    counters: Arc<Counters>,
    last_resort: LastResort,
    /// Since when memory is short.
    since: Option<Instant>,
    /// When a query was last ended.
    ended_at: Option<Instant>,
}

impl MemoryWatch {
    /// Begins to watch. Where the system does not tell the process's memory, nothing is watched.
    pub(crate) fn start(
        limit: u64,
        queries: QueryEnder,
        room: Arc<Room>,
        counters: Arc<Counters>,
        last_resort: LastResort,
    ) -> Result<MemoryWatch, Error> {
        let (stop, stopped) = channel();
        let mut watching = Watching {
            limit,
            queries,
            room,
            counters,
            last_resort,
            since: None,
            ended_at: None,
        };
        let watch = move || {
            loop {
                let pause = if watching.since.is_some() {
                    TENSE
                } else {
                    CALM
                };
                if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let Some(bytes) = resident_bytes() else {
                    tracing::warn!(
                        "the system does not tell the memory of the process: it is not watched"
                    );
                    return;
                };
                watching.look(bytes, clock::monotonic());
            }
        };
        std::thread::Builder::new()
            .name("memory".to_owned())
            .spawn(watch)
            .map_err(Error::io("starting a thread"))?;
        Ok(MemoryWatch { _stop: stop })
    }
}

impl Watching {
    fn look(&mut self, bytes: u64, now: Instant) {
        if bytes > self.limit + self.limit / 4 {
            (self.last_resort)("memory grows faster than queries can be ended");
        }
        if bytes <= self.limit {
            if self.since.take().is_some() {
                self.room.set_short(false);
                self.ended_at = None;
            }
            return;
        }
        let since = *self.since.get_or_insert_with(|| {
            tracing::warn!(bytes, limit = self.limit, "memory of the process is short");
            now
        });
        self.room.set_short(true);
        let may_end = self.ended_at.is_none_or(|at| now - at >= EFFECT);
        if may_end && self.queries.end_newest() {
            self.ended_at = Some(now);
            Counters::add(&self.counters.queries_ended_for_memory, 1);
            tracing::warn!(bytes, limit = self.limit, "ended the newest query");
        }
        let patience = if self.queries.has_queries() {
            PATIENCE
        } else {
            PATIENCE_WITHOUT_QUERIES
        };
        // What is short for another reason than queries no new process mends.
        if self.ended_at.is_some() && now - since > patience {
            (self.last_resort)("memory stays short although queries were ended");
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.room.set_short(false);
    }
}

/// Memory of the process that is not on disk alone, bytes.
pub(crate) fn resident_bytes() -> Option<u64> {
    let sizes = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = sizes.split(' ').nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::watchdog::Watchdog;

    static N_ENDS: AtomicUsize = AtomicUsize::new(0);

    fn count(_: &str) {
        N_ENDS.fetch_add(1, Ordering::Relaxed);
    }

    #[test]
    fn the_process_is_ended_only_where_nothing_else_helps() {
        let watchdog = Watchdog::start(Arc::default(), count).unwrap();
        let mut watching = Watching {
            limit: 1000,
            queries: watchdog.handle(),
            room: Arc::default(),
            counters: Arc::default(),
            last_resort: count,
            since: None,
            ended_at: None,
        };
        let start = clock::monotonic();
        let at = |seconds| start + Duration::from_secs(seconds);
        let ends = || N_ENDS.load(Ordering::Relaxed);
        watching.look(1000, at(0));
        assert!(watching.since.is_none());
        // Short without queries, for as long as may be.
        watching.look(1100, at(1));
        watching.look(1100, at(100));
        assert_eq!(ends(), 0);
        // A query was ended, and nothing came back.
        watching.ended_at = Some(at(100));
        watching.look(1100, at(101));
        assert_eq!(ends(), 1);
        watching.look(900, at(102));
        assert!(watching.since.is_none());
        watching.look(1251, at(103));
        assert_eq!(ends(), 2);
    }
}
