//! Rows that a query brings along, as a table function of DuckDB.
//!
//! They are copied into DuckDB vector by vector while it reads them.

use std::cell::RefCell;
use std::error::Error;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use annoscope_store::Rows;
use arrow::array::RecordBatch;
use duckdb::Connection;
use duckdb::core::{DataChunkHandle, LogicalTypeHandle};
use duckdb::vtab::{
    BindInfo, InitInfo, TableFunctionInfo, VTab, record_batch_to_duckdb_data_chunk,
    to_duckdb_logical_type,
};

/// The table function of [`Rows::SOURCE`]; no function of ClickHouse has the name.
const FUNCTION: &str = "brought_rows";

/// Rows of a vector of DuckDB.
const VECTOR_ROWS: usize = 2048;

thread_local! {
    /// The rows of the query that this thread runs. DuckDB binds a statement on the thread that
    /// runs it; from then on the statement has them itself.
    static BROUGHT: RefCell<Option<Rows>> = const { RefCell::new(None) };
}

/// While it lives, the statements that this thread runs can read the rows.
pub(crate) struct Brought {
    /// It stays on its thread.
    _thread: PhantomData<*const ()>,
}

/// Lets the statements of this thread find `rows`.
pub(crate) fn bring(rows: Rows) -> Brought {
    BROUGHT.set(Some(rows));
    Brought {
        _thread: PhantomData,
    }
}

impl Drop for Brought {
    fn drop(&mut self) {
        BROUGHT.set(None);
    }
}

/// Makes the function known to a database.
pub(crate) fn register(connection: &Connection) -> Result<(), duckdb::Error> {
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
        let rows = BROUGHT.with_borrow(Clone::clone);
        let rows = rows.ok_or("the query brought no rows")?;
        let first = rows.batches().first().ok_or("rows without columns")?;
        for (index, field) in first.schema().fields().iter().enumerate() {
            let data_type = to_duckdb_logical_type(field.data_type())?;
            bind.add_result_column(&format!("s{index}"), data_type);
        }
        let n_rows: usize = rows.batches().iter().map(RecordBatch::num_rows).sum();
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
        while let Some(batch) = rows.batches().get(place.batch) {
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
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_is_the_source_of_the_contract() {
        assert_eq!(format!("{FUNCTION}()"), Rows::SOURCE);
    }
}
