//! A store in memory, whose appends are durable before they are visible.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use annoscope_events::{EXPORT_COLUMNS, EventHash, Timestamp, is_begin_or_end};
use annoscope_store::{
    Changes, Day, DedupLimits, DedupWindow, EventBatch, EventFilter, EventStore, Figure, Position,
    Query, RecordBatches, Reservation, Rewrite, Rewritten, RowSender, Rows, Scopes, StoreError,
    StoreStats, clock, positioned_schema, table_schema,
};
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, UInt64Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use futures::FutureExt;
use futures::future::{self, BoxFuture};
use tempfile::TempDir;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::NOW;

/// Rows of a batch of a result.
const BATCH_ROWS: usize = 1000;

const LIMITS: DedupLimits = DedupLimits {
    days: 7,
    events: 1_000_000,
    day_settles_after: Duration::from_hours(1),
};

/// What is there after a store was closed, or was just dropped. Clones share it.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<Durable>>);

#[derive(Default)]
struct Durable {
    /// In the order of their positions, none without rows.
    batches: Vec<RecordBatch>,
    n_rows: u64,
    hashes: HashSet<EventHash>,
}

/// A store in memory. An append becomes visible when its position is waited for, or by
/// [`MemoryStore::show`]; while visibility is held, by that alone.
///
/// Its SQL has four statements: [`MemoryStore::EVENTS`], [`MemoryStore::BROUGHT`],
/// [`MemoryStore::ENDLESS`] and those that fail.
pub struct MemoryStore {
    disk: Disk,
    window: Arc<DedupWindow>,
    /// The window's.
    _dir: TempDir,
    changes: Changes,
    state: Mutex<State>,
    /// Told when more is visible and when the store is closed.
    changed: Notify,
}

struct State {
    is_open: bool,
    is_held: bool,
    visible: Position,
    /// How many batches are visible.
    n_visible: usize,
    n_appends: u64,
    n_stored: u64,
}

impl MemoryStore {
    /// The visible events, with all columns, in the order of their appends.
    pub const EVENTS: &str = "SELECT events";
    /// The rows that the query brings.
    pub const BROUGHT: &str = "SELECT brought rows";
    /// Never ends of its own.
    pub const ENDLESS: &str = "SELECT endless";

    /// The store of `disk`: what is durable there is visible.
    pub fn open(disk: &Disk) -> MemoryStore {
        let dir = tempfile::tempdir().expect("a directory can be made");
        let window = DedupWindow::open(dir.path(), LIMITS).expect("it is empty");
        let (mut times, state) = {
            let durable = disk.lock();
            let hashes: Vec<EventHash> = durable.hashes.iter().copied().collect();
            window.replay(Day(0), &hashes, Position(durable.n_rows));
            let state = State {
                is_open: true,
                is_held: false,
                visible: Position(durable.n_rows),
                n_visible: durable.batches.len(),
                n_appends: 0,
                n_stored: 0,
            };
            let times: Vec<i64> = durable.batches.iter().flat_map(times_us).collect();
            (times, state)
        };
        let n_forgotten = times.len().saturating_sub(annoscope_store::MAX_RECENT);
        times.drain(..n_forgotten);
        MemoryStore {
            disk: disk.clone(),
            window,
            _dir: dir,
            changes: Changes::after(times),
            state: Mutex::new(state),
            changed: Notify::new(),
        }
    }

    /// From now on nothing becomes visible but by [`MemoryStore::show`].
    pub fn hold(&self) {
        self.state().is_held = true;
    }

    /// Lets queries see what is durable up to there.
    pub fn show(&self, position: Position) {
        let durable = self.disk.lock();
        let mut state = self.state();
        while state.visible < position && state.n_visible < durable.batches.len() {
            let batch = &durable.batches[state.n_visible];
            state.n_visible += 1;
            // The change log knows before `visible` says so.
            self.changes.record(times_us(batch));
            state.visible.0 += batch.num_rows() as u64;
        }
        drop(state);
        self.changed.notify_waiters();
    }

    /// The visible rows, with all columns.
    fn visible_rows(&self) -> Result<RecordBatch, StoreError> {
        let durable = self.disk.lock();
        let state = self.state();
        if !state.is_open {
            return Err(StoreError::NotOpen);
        }
        let visible = &durable.batches[..state.n_visible];
        Ok(concat_batches(&table_schema(), visible).expect("they have one schema"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Disk {
    fn lock(&self) -> MutexGuard<'_, Durable> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventStore for MemoryStore {
    fn reserve(&self, hashes: Vec<EventHash>) -> BoxFuture<'_, Result<Reservation, StoreError>> {
        self.window.reserve(hashes).boxed()
    }

    fn append(&self, batch: EventBatch) -> BoxFuture<'_, Result<Position, StoreError>> {
        let rows = batch.rows();
        let mut durable = self.disk.lock();
        let mut state = self.state();
        if !state.is_open {
            return future::ready(Err(StoreError::NotOpen)).boxed();
        }
        state.n_appends += 1;
        state.n_stored += rows.num_rows() as u64;
        durable.n_rows += rows.num_rows() as u64;
        durable.hashes.extend(batch.reservation.fresh());
        if rows.num_rows() > 0 {
            durable.batches.push(rows);
        }
        let position = Position(durable.n_rows);
        drop((state, durable));
        let day = Day::of(batch.received_at);
        batch.reservation.commit(day, position);
        future::ready(Ok(position)).boxed()
    }

    fn durable(&self) -> Position {
        Position(self.disk.lock().n_rows)
    }

    fn visible(&self) -> Position {
        self.state().visible
    }

    fn wait_until_visible(&self, position: Position) -> BoxFuture<'_, Result<(), StoreError>> {
        async move {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                // Registered before the look, so that a change in between is not missed.
                changed.as_mut().enable();
                let (visible, is_open, is_held) = {
                    let state = self.state();
                    (state.visible, state.is_open, state.is_held)
                };
                if visible >= position {
                    return Ok(());
                }
                if !is_open {
                    return Err(StoreError::NotOpen);
                }
                if is_held {
                    changed.await;
                } else {
                    self.show(position);
                }
            }
        }
        .boxed()
    }

    fn query(&self, query: Query) -> Result<RecordBatches, StoreError> {
        let rows = self.visible_rows()?;
        let (sender, result) = RecordBatches::new(());
        thread::spawn(move || {
            let outcome = run(&query, &rows, &sender);
            sender.end(outcome);
        });
        Ok(result)
    }

    fn export(&self, filter: EventFilter) -> Result<RecordBatches, StoreError> {
        let rows = self.visible_rows()?;
        let positions: Vec<u64> = (0..rows.num_rows() as u64).collect();
        let rows = admitted(&rows, &positions, &filter);
        let (sender, result) = RecordBatches::new(());
        thread::spawn(move || {
            let outcome = send(&rows, &sender);
            sender.end(outcome);
        });
        Ok(result)
    }

    fn rows_at(&self, within: Range<Position>) -> Result<RecordBatches, StoreError> {
        let rows = self.visible_rows()?;
        let positions: Vec<u64> = (0..rows.num_rows() as u64).collect();
        let rows = positioned(&rows, &positions, within);
        let (sender, result) = RecordBatches::new(());
        thread::spawn(move || {
            let outcome = send(&rows, &sender);
            sender.end(outcome);
        });
        Ok(result)
    }

    fn rewrite(&self, rewrite: &Rewrite) -> Result<Rewritten, StoreError> {
        let rows = self.visible_rows()?;
        let positions: Vec<u64> = (0..rows.num_rows() as u64).collect();
        let is_kept = kept(&rows, &positions, rewrite);
        if is_kept.contains(&false) {
            // Its positions are its rows.
            let message = "the store in memory removes nothing".to_owned();
            return Err(StoreError::Statement { message });
        }
        Ok(Rewritten::default())
    }

    fn changes(&self) -> Option<&Changes> {
        Some(&self.changes)
    }

    fn health(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        let is_open = self.state().is_open;
        future::ready(is_open.then_some(()).ok_or(StoreError::NotOpen)).boxed()
    }

    fn oldest_waiting(&self) -> Option<Timestamp> {
        (self.visible() < self.durable()).then_some(NOW)
    }

    fn stats(&self) -> StoreStats {
        let rows_total = self.disk.lock().n_rows;
        let state = self.state();
        StoreStats {
            rows_total,
            rows_stored: state.n_stored,
            commits: state.n_appends,
            durable: Position(rows_total),
            visible: state.visible,
            dedup_window: self.window.stats(),
            ..StoreStats::default()
        }
    }

    fn figures(&self) -> Vec<Figure> {
        Vec::new()
    }

    fn close(&self) {
        self.state().is_open = false;
        self.changed.notify_waiters();
    }
}

pub(crate) fn run(
    query: &Query,
    events: &RecordBatch,
    sender: &RowSender,
) -> Result<(), StoreError> {
    let begun = clock::monotonic();
    for statement in &query.statements {
        match statement.as_str() {
            MemoryStore::EVENTS => {
                send(events, sender)?;
                query.rows_read.add(events.num_rows() as u64);
            }
            MemoryStore::BROUGHT => {
                for batch in query.rows.iter().flat_map(Rows::batches) {
                    sender.send(batch.clone())?;
                }
            }
            MemoryStore::ENDLESS => {
                while clock::monotonic() - begun < query.time_limit {
                    sender.send(events.slice(0, 0))?;
                }
                let limit = query.time_limit;
                return Err(StoreError::TimedOut { limit });
            }
            other => {
                let message = format!("no statement: {other}");
                return Err(StoreError::Statement { message });
            }
        }
    }
    Ok(())
}

pub(crate) fn send(rows: &RecordBatch, sender: &RowSender) -> Result<(), StoreError> {
    for start in (0..rows.num_rows()).step_by(BATCH_ROWS) {
        let n_rows = BATCH_ROWS.min(rows.num_rows() - start);
        sender.send(rows.slice(start, n_rows))?;
    }
    Ok(())
}

/// The rows that a filter admits, by time and then in their order, with the columns of an export. `positions` are those
/// of the rows.
pub(crate) fn admitted(rows: &RecordBatch, positions: &[u64], filter: &EventFilter) -> RecordBatch {
    let ids: Vec<(&Int64Array, i64)> = filter
        .ids()
        .map(|(name, id)| (column(rows, name).as_primitive::<Int64Type>(), id))
        .collect();
    let sources = column(rows, "source").as_string::<i32>();
    let scopes = column(rows, "scope").as_string::<i32>();
    let from_us = filter.from.map_or(i64::MIN, |from| from.millis() * 1000);
    // The last millisecond counts whole.
    let end_us = filter.to.map_or(i64::MAX, |to| (to.millis() + 1) * 1000);
    let mut found: Vec<(i64, u64)> = times_us(rows).zip(0..).collect();
    found.retain(|&(time_us, row)| {
        let has_id = |&(column, id): &(&Int64Array, i64)| {
            let row = row as usize;
            column.is_valid(row) && column.value(row) == id
        };
        let is_before = filter
            .before
            .is_none_or(|before| positions[row as usize] < before.0);
        let is_of_kind = filter
            .kinds
            .admit(sources.value(row as usize), scopes.value(row as usize));
        let is_within = (from_us..end_us).contains(&time_us);
        is_within && is_before && is_of_kind && ids.iter().all(has_id)
    });
    found.sort_unstable();
    let order: UInt64Array = found.into_iter().map(|(_, row)| Some(row)).collect();
    let sorted = take_record_batch(rows, &order).expect("they are rows of the batch");
    let columns = EXPORT_COLUMNS.map(|name| sorted.schema().index_of(name));
    let columns: Result<Vec<usize>, _> = columns.into_iter().collect();
    let exported = columns.and_then(|columns| sorted.project(&columns));
    exported.expect("rows have the table's columns")
}

/// Which rows a rewrite leaves.
pub(crate) fn kept(rows: &RecordBatch, positions: &[u64], rewrite: &Rewrite) -> Vec<bool> {
    let text = |name: &str, row: usize| column(rows, name).as_string::<i32>().value(row).to_owned();
    let times: Vec<i64> = times_us(rows).collect();
    let is_of = |scopes: &Scopes, row: usize| match scopes {
        Scopes::Named(scopes) => scopes.contains(&text("scope", row)),
        Scopes::AllBut(scopes) => !scopes.contains(&text("scope", row)),
    };
    let thing = |row: usize| {
        let ids = ["org_id", "project_id", "task_id", "job_id", "obj_id"].map(|name| {
            let ids = column(rows, name).as_primitive::<Int64Type>();
            ids.is_valid(row).then(|| ids.value(row))
        });
        (text("scope", row), text("obj_name", row), ids)
    };
    let n_rows = 0..rows.num_rows();
    match rewrite {
        Rewrite::Compact { .. } | Rewrite::Catalogue => vec![true; rows.num_rows()],
        Rewrite::Delete {
            scopes,
            from_us,
            until_us,
        } => n_rows
            .map(|row| !((from_us..until_us).contains(&&times[row]) && is_of(scopes, row)))
            .collect(),
        Rewrite::KeepNewest { scopes, until_us } => {
            let is_old = |row: &usize| {
                times[*row] < *until_us
                    && is_of(scopes, *row)
                    && !is_begin_or_end(&text("scope", *row))
            };
            let age = |row: usize| (times[row], positions[row]);
            let is_newest = |row: usize| {
                let others = n_rows.clone().filter(is_old);
                let mut same = others.filter(|other| thing(*other) == thing(row));
                same.all(|other| age(other) <= age(row))
            };
            n_rows
                .clone()
                .map(|row| !is_old(&row) || is_newest(row))
                .collect()
        }
    }
}

/// The rows at these positions, with the columns of [`positioned_schema`]. `positions` are those of the rows, in order.
pub(crate) fn positioned(
    rows: &RecordBatch,
    positions: &[u64],
    within: Range<Position>,
) -> RecordBatch {
    let begin = positions.partition_point(|position| *position < within.start.0);
    let end = positions.partition_point(|position| *position < within.end.0);
    let rows = rows.slice(begin, end.max(begin) - begin);
    let positions = &positions[begin..end.max(begin)];
    let schema = positioned_schema();
    let columns = rows.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| match column.data_type() {
        DataType::FixedSizeBinary(_) => {
            let ids = column.as_fixed_size_binary().iter();
            let ids = ids.map(|id| id.map(|id| Uuid::from_slice(id).unwrap().to_string()));
            Arc::new(ids.collect::<StringArray>())
        }
        data_type => {
            assert_eq!(data_type, field.data_type());
            Arc::clone(column)
        }
    });
    let positions = positions.iter().map(|position| position.cast_signed());
    let positions: ArrayRef = Arc::new(Int64Array::from_iter_values(positions));
    let columns = columns.chain(std::iter::once(positions)).collect();
    RecordBatch::try_new(schema, columns).expect("columns are of the schema's types")
}

fn column<'a>(rows: &'a RecordBatch, name: &str) -> &'a dyn Array {
    rows.column_by_name(name)
        .expect("rows have the table's columns")
}

pub(crate) fn times_us(rows: &RecordBatch) -> impl Iterator<Item = i64> + use<> {
    let times = column(rows, "timestamp").as_primitive::<TimestampMicrosecondType>();
    times.values().to_vec().into_iter()
}

#[cfg(test)]
mod tests;
