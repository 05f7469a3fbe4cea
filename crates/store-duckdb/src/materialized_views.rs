//! Views that queries name, whose rows are kept in memory from one query to the next: the panels of a page go by the same
//! changes of jobs, which lie anywhere among the rows.
//!
//! The tables are in a database of their own, which is in memory and goes with the instance. A view's table is made by the
//! first query that names it, and the others wait for it; it is used until an event of the view's scopes is stored.
//!
//! A view that is made of another one is as old as that.
//!
//! **Invariant:** a query finds in a view what every event tells that was stored before the query began: a table is used
//! if no event of the view's scopes was stored since it was begun, or if it was begun after the query
//! (`views_follow_what_is_stored`). An event is noted behind its commit, and before whoever waits for it goes on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use annoscope_store::{MaterializedView, RowsRead, clock};
use arrow::array::AsArray;
use duckdb::Connection;

use crate::error::{Error, FailureKind};
use crate::query::{self, one_select};
use crate::sorted::{Placed, index_of};

/// The database in memory.
const DATABASE: &str = "materialized";

/// Views that are kept: of several callers with other rights, in several time zones. The one that was not used for the
/// longest time goes.
const MAX_VIEWS: usize = 24;

/// Rows of a view that is kept, some 250 bytes each. A longer one is computed by each query.
const MAX_ROWS: u64 = 250_000;

/// Rows of all views that are kept.
const MAX_ROWS_OF_ALL: u64 = 2 * MAX_ROWS;

/// Makes room for the tables, in a new instance.
pub(crate) fn attach(connection: &Connection) -> Result<(), duckdb::Error> {
    connection.execute_batch(&format!("ATTACH ':memory:' AS {DATABASE}"))
}

/// The views that are kept.
#[derive(Default)]
pub(crate) struct MaterializedViews {
    kept: Mutex<Vec<Arc<Kept>>>,
    /// Scopes of all views that were ever asked for.
    scopes: Mutex<Vec<String>>,
    /// How often an event of these was stored.
    n_changes: AtomicU64,
    n_tables: AtomicU64,
    /// Tables that nobody uses any more.
    left: Arc<Mutex<Vec<String>>>,
}

struct Kept {
    /// What it is told apart by: whose events, in which time zone.
    select: String,
    /// Locked while it is made.
    table: Mutex<Option<Arc<Table>>>,
    /// Of the table.
    n_rows: AtomicU64,
}

/// A table that holds a view.
struct Table {
    name: String,
    begun: Instant,
    /// Changes before it was begun.
    n_changes: u64,
    /// Whether it has too many rows to be kept, and is no table.
    is_too_long: bool,
    left: Arc<Mutex<Vec<String>>>,
}

impl Drop for Table {
    fn drop(&mut self) {
        lock(&self.left).push(std::mem::take(&mut self.name));
    }
}

/// While it lives, the tables of a query's views stay.
pub(crate) struct Used {
    _tables: Vec<Arc<Table>>,
}

impl MaterializedViews {
    /// Lets a connection name views, for a query that begins now.
    pub(crate) fn bring(
        &self,
        connection: &Connection,
        views: &[MaterializedView],
        rows_read: &RowsRead,
    ) -> Result<Used, Error> {
        let arrived = clock::monotonic();
        let mut tables: Vec<Arc<Table>> = Vec::new();
        for (n, view) in views.iter().enumerate() {
            let is_named = |other: &MaterializedView| view.select.contains(&other.name);
            let before = views[..n].iter().zip(&tables);
            let named = before.filter_map(|(other, table)| is_named(other).then_some(&**table));
            let named: Vec<&Table> = named.collect();
            let table = self.table(connection, view, &named, arrived, rows_read)?;
            let rows = if table.is_too_long {
                one_select(&view.select)
            } else {
                format!("FROM {DATABASE}.{}", table.name)
            };
            connection.execute_batch(&format!("CREATE TEMP VIEW {} AS {rows}", view.name))?;
            tables.push(table);
        }
        Ok(Used { _tables: tables })
    }

    /// Rows were stored and are committed.
    pub(crate) fn note(&self, batches: &[Placed]) {
        let scopes = lock(&self.scopes);
        let is_of_view = |scope: Option<&str>| scopes.iter().any(|of| Some(of.as_str()) == scope);
        let is_changed = !scopes.is_empty()
            && batches.iter().any(|batch| {
                let column = batch.rows.column(index_of("scope"));
                column.as_string::<i32>().iter().any(is_of_view)
            });
        if is_changed {
            self.n_changes.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Stored rows were changed, memory is short, or the instance is another: nothing is kept.
    pub(crate) fn forget(&self) {
        self.n_changes.fetch_add(1, Ordering::SeqCst);
        lock(&self.kept).clear();
    }

    /// The instance with the tables is gone.
    pub(crate) fn forget_instance(&self) {
        self.forget();
        lock(&self.left).clear();
    }

    /// Gives the room of tables back that nobody uses.
    pub(crate) fn drop_left(&self, connection: &Connection) -> Result<(), duckdb::Error> {
        let left = std::mem::take(&mut *lock(&self.left));
        left.iter().try_for_each(|table| {
            connection.execute_batch(&format!("DROP TABLE IF EXISTS {DATABASE}.{table}"))
        })
    }

    fn table(
        &self,
        connection: &Connection,
        view: &MaterializedView,
        named: &[&Table],
        arrived: Instant,
        rows_read: &RowsRead,
    ) -> Result<Arc<Table>, Error> {
        let kept = self.kept(&view.select);
        let mut table = lock(&kept.table);
        let n_changes = self.n_changes.load(Ordering::SeqCst);
        if let Some(table) = &*table
            && (table.is_too_long || table.n_changes == n_changes || table.begun >= arrived)
        {
            return Ok(Arc::clone(table));
        }
        self.drop_left(connection)?;
        self.watch(&view.scopes);
        // After the scopes are watched and before the rows are read: what is stored meanwhile may be missing.
        let begun = named.iter().map(|table| table.begun).min();
        let begun = begun.unwrap_or_else(clock::monotonic);
        let n_changes = self.n_changes.load(Ordering::SeqCst);
        let n_changes = named
            .iter()
            .map(|table| table.n_changes)
            .fold(n_changes, u64::min);
        let number = self.n_tables.fetch_add(1, Ordering::Relaxed);
        let mut made = Table {
            name: format!("view_{number}"),
            begun,
            n_changes,
            is_too_long: false,
            left: Arc::clone(&self.left),
        };
        let n_rows = match create(connection, &made.name, &view.select, rows_read) {
            Ok(n_rows) => n_rows,
            Err(error) if FailureKind::of(&error) == FailureKind::OutOfMemory => u64::MAX,
            Err(error) => return Err(error.into()),
        };
        made.is_too_long = n_rows > MAX_ROWS;
        let n_kept = if made.is_too_long { 0 } else { n_rows };
        kept.n_rows.store(n_kept, Ordering::Relaxed);
        if made.is_too_long {
            connection.execute_batch(&format!("DROP TABLE IF EXISTS {DATABASE}.{}", made.name))?;
        }
        let made = Arc::new(made);
        *table = Some(Arc::clone(&made));
        Ok(made)
    }

    /// The place of a view, which is the last now.
    fn kept(&self, select: &str) -> Arc<Kept> {
        let mut all = lock(&self.kept);
        let place = all.iter().position(|kept| kept.select == select);
        let kept = place.map_or_else(
            || {
                Arc::new(Kept {
                    select: select.to_owned(),
                    table: Mutex::default(),
                    n_rows: AtomicU64::default(),
                })
            },
            |place| all.remove(place),
        );
        all.push(Arc::clone(&kept));
        let n_rows = |kept: &Arc<Kept>| kept.n_rows.load(Ordering::Relaxed);
        while all.len() > MAX_VIEWS
            || all.len() > 1 && all.iter().map(n_rows).sum::<u64>() > MAX_ROWS_OF_ALL
        {
            all.remove(0);
        }
        kept
    }

    /// Rows of all tables that are kept.
    #[cfg(test)]
    pub(crate) fn n_rows(&self) -> u64 {
        let kept = lock(&self.kept);
        let n_rows = kept.iter().map(|kept| kept.n_rows.load(Ordering::Relaxed));
        n_rows.sum()
    }

    fn watch(&self, scopes: &[String]) {
        let mut watched = lock(&self.scopes);
        let new: Vec<_> = scopes
            .iter()
            .filter(|scope| !watched.contains(scope))
            .cloned()
            .collect();
        watched.extend(new);
    }
}

/// Makes a table of a view's rows, of one more than are kept at most; returns their number.
fn create(
    connection: &Connection,
    table: &str,
    select: &str,
    rows_read: &RowsRead,
) -> Result<u64, duckdb::Error> {
    let rows = one_select(select);
    let limit = MAX_ROWS + 1;
    connection.execute_batch(&format!(
        "CREATE TABLE {DATABASE}.{table} AS {rows} LIMIT {limit}"
    ))?;
    rows_read.add(query::rows_read(connection));
    let count = format!("SELECT count(*) FROM {DATABASE}.{table}");
    connection.query_row(&count, [], |row| row.get(0))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
