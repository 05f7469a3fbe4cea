//! A database behind a journal, in memory, which fails when a test says so.

use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use annoscope_store::{
    Backend, BackendStats, Entry, EventFilter, Figure, Position, Query, RecordBatches, RecordError,
    Rewrite, Rewritten, StoreError, table_schema,
};
use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};

use crate::memory_store::{admitted, kept, positioned, run, send, times_us};

/// What is there after a backend was closed, or was just dropped. Clones share it.
#[derive(Clone, Default)]
pub struct BackendDisk(Arc<Mutex<Applied>>);

#[derive(Default)]
struct Applied {
    batches: Vec<RecordBatch>,
    /// Those of the rows.
    positions: Vec<u64>,
    position: Position,
}

/// A backend in memory, with the SQL of [`MemoryStore`](crate::MemoryStore).
pub struct MemoryBackend {
    disk: BackendDisk,
    state: Mutex<State>,
    /// Told when the state changes.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_closed: bool,
    is_held: bool,
    n_waiting: usize,
    /// How many calls fail from now on.
    n_failures: usize,
    /// How many calls store their entries and fail nevertheless, behind those that fail.
    n_failures_behind: usize,
    /// Positions whose rows can never be stored.
    rejected: Vec<Position>,
    prepared: Vec<Range<Position>>,
}

impl MemoryBackend {
    /// The backend of `disk`.
    pub fn open(disk: &BackendDisk) -> MemoryBackend {
        MemoryBackend {
            disk: disk.clone(),
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// From now on [`Backend::apply`] waits until [`MemoryBackend::release`].
    pub fn hold(&self) {
        self.state().is_held = true;
    }

    /// Lets those go on that wait.
    pub fn release(&self) {
        self.state().is_held = false;
        self.changed.notify_all();
    }

    /// Blocks until a call of [`Backend::apply`] waits for [`MemoryBackend::release`].
    pub fn wait_until_one_waits(&self) {
        let waits = |state: &mut State| state.n_waiting == 0;
        let waited = self.changed.wait_while(self.state(), waits);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// The next `n` calls of [`Backend::apply`] store nothing.
    pub fn fail(&self, n: usize) {
        self.state().n_failures = n;
    }

    /// The next `n` calls of [`Backend::apply`] store their entries and end with
    /// [`StoreError::InDoubt`].
    pub fn fail_behind(&self, n: usize) {
        self.state().n_failures_behind = n;
    }

    /// The row at that position can never be stored.
    pub fn reject(&self, position: Position) {
        self.state().rejected.push(position);
    }

    /// Which positions were prepared, in the order of the calls.
    pub fn prepared(&self) -> Vec<Range<Position>> {
        self.state().prepared.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is stored, while the backend is open.
    fn open_disk(&self) -> Result<MutexGuard<'_, Applied>, StoreError> {
        if self.state().is_closed {
            return Err(StoreError::NotOpen);
        }
        Ok(self.disk.lock())
    }

    fn rows(&self) -> Result<RecordBatch, StoreError> {
        let batches = &self.open_disk()?.batches;
        Ok(concat_batches(&table_schema(), batches).expect("they have one schema"))
    }
}

impl BackendDisk {
    fn lock(&self) -> MutexGuard<'_, Applied> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for MemoryBackend {
    fn applied(&self) -> Result<Position, StoreError> {
        Ok(self.open_disk()?.position)
    }

    fn apply(&self, entries: Vec<Entry>, until: Position) -> Result<(), StoreError> {
        let mut state = self.state();
        state.n_waiting += 1;
        self.changed.notify_all();
        let is_held = |state: &mut State| state.is_held && !state.is_closed;
        let waited = self.changed.wait_while(state, is_held);
        state = waited.unwrap_or_else(PoisonError::into_inner);
        state.n_waiting -= 1;
        if state.is_closed {
            return Err(StoreError::NotOpen);
        }
        if state.n_failures > 0 {
            state.n_failures -= 1;
            return Err(StoreError::Failed("the test says so".into()));
        }
        let mut disk = self.disk.lock();
        let is_next = |entry: &Entry| entry.from <= disk.position;
        if !entries.first().is_none_or(is_next) || until < disk.position {
            let text = format!("the position is {}", disk.position.0);
            return Err(StoreError::Failed(text.into()));
        }
        let (mut batches, mut positions) = (Vec::new(), Vec::new());
        for entry in entries {
            let within = disk.position.max(entry.from)..until;
            let rows = entry.rows(within.clone());
            let rows = rows.map_err(|error| match error {
                RecordError::NewerVersion { .. } => StoreError::Failed(error.into()),
                error => StoreError::Rejected(error.to_string()),
            })?;
            let within = within.start.0..within.start.0 + rows.num_rows() as u64;
            if state.rejected.iter().any(|row| within.contains(&row.0)) {
                return Err(StoreError::Rejected("the test says so".to_owned()));
            }
            batches.push(rows);
            positions.extend(within);
        }
        disk.batches.extend(batches);
        disk.positions.extend(positions);
        disk.position = until;
        if state.n_failures_behind > 0 {
            state.n_failures_behind -= 1;
            return Err(StoreError::InDoubt("the test says so".to_owned()));
        }
        Ok(())
    }

    fn prepare(&self, _: &[Entry], within: Range<Position>) {
        self.state().prepared.push(within);
    }

    fn query(&self, query: Query) -> Result<RecordBatches, StoreError> {
        let rows = self.rows()?;
        let (sender, result) = RecordBatches::new(());
        thread::spawn(move || {
            let outcome = run(&query, &rows, &sender);
            sender.end(outcome);
        });
        Ok(result)
    }

    fn export(&self, filter: EventFilter) -> Result<RecordBatches, StoreError> {
        let positions = self.open_disk()?.positions.clone();
        let rows = admitted(&self.rows()?, &positions, &filter);
        let (sender, result) = RecordBatches::new(());
        thread::spawn(move || {
            let outcome = send(&rows, &sender);
            sender.end(outcome);
        });
        Ok(result)
    }

    fn rows_at(&self, within: Range<Position>) -> Result<RecordBatches, StoreError> {
        let positions = self.open_disk()?.positions.clone();
        let rows = positioned(&self.rows()?, &positions, within);
        let (sender, result) = RecordBatches::new(());
        thread::spawn(move || {
            let outcome = send(&rows, &sender);
            sender.end(outcome);
        });
        Ok(result)
    }

    fn rewrite(&self, rewrite: &Rewrite) -> Result<Rewritten, StoreError> {
        let rows = self.rows()?;
        let mut disk = self.disk.lock();
        let n_before = rows.num_rows();
        let is_kept = kept(&rows, &disk.positions, rewrite);
        let positions = disk.positions.iter().zip(&is_kept);
        disk.positions = positions
            .filter_map(|(position, is_kept)| is_kept.then_some(*position))
            .collect();
        let kept = filter_record_batch(&rows, &BooleanArray::from(is_kept));
        let kept = kept.expect("there is one of each row");
        let n_removed = n_before - kept.num_rows();
        disk.batches = vec![kept];
        Ok(Rewritten {
            n_rows: n_removed as u64,
            next: None,
        })
    }

    fn recent_times(&self, n: usize) -> Result<Vec<i64>, StoreError> {
        let times: Vec<i64> = times_us(&self.rows()?).collect();
        Ok(times[times.len().saturating_sub(n)..].to_vec())
    }

    fn health(&self) -> Result<(), StoreError> {
        self.open_disk().map(drop)
    }

    fn stats(&self) -> BackendStats {
        let batches = &self.disk.lock().batches;
        let n_rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        BackendStats {
            rows_total: n_rows as u64,
            free_bytes: u64::MAX,
            claimed_bytes: 0,
        }
    }

    fn figures(&self) -> Vec<Figure> {
        Vec::new()
    }

    fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend_contract::{BackendSubject, entry};
    use crate::contract::Texts;
    use crate::{MemoryStore, event};

    struct InMemory {
        disk: BackendDisk,
        backend: MemoryBackend,
    }

    fn empty() -> InMemory {
        let disk = BackendDisk::default();
        let backend = MemoryBackend::open(&disk);
        InMemory { disk, backend }
    }

    impl BackendSubject for InMemory {
        fn backend(&self) -> &dyn Backend {
            &self.backend
        }

        fn open_again(&mut self) {
            self.backend = MemoryBackend::open(&self.disk);
        }

        fn texts(&self) -> Texts {
            Texts {
                events: MemoryStore::EVENTS,
                brought: MemoryStore::BROUGHT,
                endless: MemoryStore::ENDLESS,
            }
        }
    }

    crate::backend_contract_tests!(empty);

    #[test]
    fn it_fails_as_the_test_says() {
        let InMemory { backend, .. } = empty();
        let entries = |from| vec![entry(from, &[event(0, 1)])];
        backend.fail(1);
        backend.apply(entries(0), Position(1)).unwrap_err();
        assert_eq!(backend.applied().unwrap(), Position(0));
        backend.fail_behind(1);
        let in_doubt = backend.apply(entries(0), Position(1));
        assert!(matches!(in_doubt, Err(StoreError::InDoubt(_))));
        assert_eq!(backend.applied().unwrap(), Position(1));
        backend.reject(Position(1));
        let rejected = backend.apply(entries(1), Position(2));
        assert!(matches!(rejected, Err(StoreError::Rejected(_))));
        backend.hold();
        thread::scope(|scope| {
            let applying = scope.spawn(|| backend.apply(Vec::new(), Position(2)));
            backend.wait_until_one_waits();
            assert_eq!(backend.applied().unwrap(), Position(1));
            backend.release();
            applying.join().unwrap().unwrap();
        });
        assert_eq!(backend.applied().unwrap(), Position(2));
    }
}
