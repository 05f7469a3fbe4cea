//! Rows that a query brings along, as a table function of DuckDB.
//!
//! They are copied into DuckDB vector by vector while it reads them.

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use duckdb::Connection;
use duckdb::core::{DataChunkHandle, LogicalTypeHandle, LogicalTypeId};
use duckdb::vtab::{
    BindInfo, InitInfo, TableFunctionInfo, VTab, record_batch_to_duckdb_data_chunk,
    to_duckdb_logical_type,
};

/// The table function; no function of ClickHouse has the name.
const FUNCTION: &str = "rows_brought";

/// Rows of a vector of DuckDB.
const VECTOR_ROWS: usize = 2048;

/// The rows of all queries under way, by their ids. Of the process, as DuckDB gives a table
/// function no way to what belongs to one database.
static BROUGHT: LazyLock<Mutex<HashMap<u64, Rows>>> = LazyLock::new(Mutex::default);
static NEXT_ID: AtomicU64 = AtomicU64::new(0);

/// Rows that a query reads beside, or instead of, the store's tables.
#[derive(Clone, Debug)]
pub struct Rows {
    id: u64,
    batches: Arc<[RecordBatch]>,
}

impl Rows {
    /// The rows of one batch or more, which have the same columns.
    pub fn new(batches: Vec<RecordBatch>) -> Rows {
        Rows {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            batches: batches.into(),
        }
    }

    /// Their batches.
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// What gives them in FROM, in the text of the query that brings them. Its columns are `s0`,
    /// `s1` ….
    pub fn source(&self) -> String {
        format!("{FUNCTION}({})", self.id)
    }

    /// Lets the text find the rows until the result is dropped.
    pub(super) fn lend(self) -> Brought {
        let id = self.id;
        brought().insert(id, self);
        Brought { id }
    }
}

/// While it lives, the rows can be read.
pub(super) struct Brought {
    id: u64,
}

impl Drop for Brought {
    fn drop(&mut self) {
        brought().remove(&self.id);
    }
}

fn brought() -> MutexGuard<'static, HashMap<u64, Rows>> {
    BROUGHT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes the function known to a database.
pub(super) fn register(connection: &Connection) -> Result<(), duckdb::Error> {
    connection.register_table_function::<Reader>(FUNCTION)
}

/// DuckDB's side of the function.
struct Reader;

/// Where the reading is: a batch, and a row of it.
#[derive(Default)]
struct Place {
    batch: usize,
    row: usize,
}

impl VTab for Reader {
    type BindData = Rows;
    type InitData = Mutex<Place>;

    fn bind(bind: &BindInfo) -> Result<Rows, Box<dyn Error>> {
        let id = u64::try_from(bind.get_parameter(0).to_int64())?;
        let rows = brought().get(&id).cloned();
        let rows = rows.ok_or("no such rows")?;
        let first = rows.batches.first().ok_or("rows without columns")?;
        for (index, field) in first.schema().fields().iter().enumerate() {
            let data_type = to_duckdb_logical_type(field.data_type())?;
            bind.add_result_column(&format!("s{index}"), data_type);
        }
        let n_rows: usize = rows.batches.iter().map(RecordBatch::num_rows).sum();
        bind.set_cardinality(n_rows as u64, true);
        Ok(rows)
    }

    fn init(_: &InitInfo) -> Result<Mutex<Place>, Box<dyn Error>> {
        Ok(Mutex::default())
    }

    fn func(
        call: &TableFunctionInfo<Reader>,
        output: &mut DataChunkHandle,
    ) -> Result<(), Box<dyn Error>> {
        let rows = call.get_bind_data();
        let mut place = call
            .get_init_data()
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while let Some(batch) = rows.batches.get(place.batch) {
            let n_rows = (batch.num_rows() - place.row).min(VECTOR_ROWS);
            if n_rows > 0 {
                let vector = batch.slice(place.row, n_rows);
                place.row += n_rows;
                return record_batch_to_duckdb_data_chunk(&vector, output);
            }
            *place = Place {
                batch: place.batch + 1,
                row: 0,
            };
        }
        output.set_len(0);
        Ok(())
    }

    fn parameters() -> Option<Vec<LogicalTypeHandle>> {
        // Signed: a literal is, and DuckDB makes no unsigned number of one that was folded.
        Some(vec![LogicalTypeHandle::from(LogicalTypeId::Bigint)])
    }
}
