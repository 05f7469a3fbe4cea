//! A backend without a database, whose queries do what their texts say.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use annoscope_store::{
    Backend, BackendStats, Entry, EventFilter, Figure, Position, Query, Reading, RecordBatches,
    Rewrite, Rewritten, RowSender, StoreError,
};

use super::numbers;

/// Rows of a batch.
const N_ROWS: i64 = 1000;

#[derive(Default)]
pub(super) struct Double {
    applied: Mutex<Position>,
    entries: Mutex<Vec<Entry>>,
    /// Endless reads that have ended.
    n_ended: Arc<AtomicU64>,
}

impl Backend for Double {
    fn applied(&self) -> Result<Position, StoreError> {
        Ok(*self.applied.lock().unwrap())
    }

    fn apply(&self, entries: Vec<Entry>, until: Position) -> Result<(), StoreError> {
        let mut applied = self.applied.lock().unwrap();
        if until < *applied {
            return Err(StoreError::Rejected("it goes back".to_owned()));
        }
        *applied = until;
        self.entries.lock().unwrap().extend(entries);
        Ok(())
    }

    fn query(&self, query: Query) -> Result<RecordBatches, StoreError> {
        let sql = query.statements.concat();
        if sql == "busy" {
            return Err(StoreError::Busy { limit: 7 });
        }
        let (sender, batches) = RecordBatches::new(());
        let n_ended = Arc::clone(&self.n_ended);
        thread::spawn(move || {
            let batch = || numbers((0..N_ROWS).collect());
            let outcome = match sql.split_once(' ') {
                Some(("rows", n)) => {
                    let n: i64 = n.parse().unwrap();
                    query.rows_read.add(7);
                    (0..n).try_for_each(|_| sender.send(batch()))
                }
                _ => run(&sql, &query, &sender),
            };
            if sql == "endless" {
                n_ended.fetch_add(1, Ordering::Relaxed);
            }
            sender.end(outcome);
        });
        Ok(batches)
    }

    fn export(&self, filter: EventFilter) -> Result<RecordBatches, StoreError> {
        let (sender, batches) = RecordBatches::new(());
        thread::spawn(move || {
            let n = filter.job_id.unwrap();
            let sent = (0..n).try_for_each(|_| sender.send(numbers((0..N_ROWS).collect())));
            sender.end(sent);
        });
        Ok(batches)
    }

    fn rows_at(&self, positions: std::ops::Range<Position>) -> Result<RecordBatches, StoreError> {
        let (sender, batches) = RecordBatches::new(());
        thread::spawn(move || {
            let within = positions.start.0..positions.end.0;
            let rows = numbers(within.map(u64::cast_signed).collect());
            let sent = sender.send(rows);
            sender.end(sent);
        });
        Ok(batches)
    }

    fn rewrite(&self, rewrite: &Rewrite) -> Result<Rewritten, StoreError> {
        let (n_rows, next) = match rewrite {
            Rewrite::Delete { until_us, .. } => (until_us.cast_unsigned(), None),
            Rewrite::KeepNewest { .. } | Rewrite::Catalogue => return Err(StoreError::NotOpen),
            Rewrite::Compact { from } => (1, Some(Position(from.0 + 1))),
        };
        Ok(Rewritten { n_rows, next })
    }

    fn recent_times(&self, _: usize) -> Result<Vec<i64>, StoreError> {
        let entries = self.entries.lock().unwrap();
        let told = entries.iter().flat_map(|entry| {
            let length = i64::try_from(entry.record.len()).unwrap();
            [i64::try_from(entry.from.0).unwrap(), length]
        });
        Ok(told.collect())
    }

    fn health(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn stats(&self) -> BackendStats {
        BackendStats {
            rows_total: self.entries.lock().unwrap().len() as u64,
            free_bytes: u64::MAX,
            claimed_bytes: self.n_ended.load(Ordering::Relaxed),
        }
    }

    fn figures(&self) -> Vec<Figure> {
        vec![Figure {
            name: "pid",
            help: "of the process",
            reading: Reading::Gauge(std::process::id().into()),
        }]
    }

    fn close(&self) {}
}

fn run(sql: &str, query: &Query, sender: &RowSender) -> Result<(), StoreError> {
    let send = || sender.send(numbers((0..N_ROWS).collect()));
    match sql {
        "brought" => {
            let rows = query.rows.as_ref().unwrap();
            rows.batches()
                .iter()
                .try_for_each(|batch| sender.send(batch.clone()))
        }
        "fail" => {
            send()?;
            let message = "as it was told to".to_owned();
            Err(StoreError::Statement { message })
        }
        "die" => {
            send()?;
            std::process::abort()
        }
        "hang" => loop {
            thread::park();
        },
        "endless" => loop {
            send()?;
        },
        other => panic!("{other}"),
    }
}
