//! Room for the texts and lists that a query makes, as a scalar function of DuckDB.
//!
//! DuckDB counts neither against its memory limit while they are made, and looks at an interrupt only
//! between vectors of rows. A query's text therefore asks `has_room` before it makes something long
//! (`annoscope_sql`), and so within long expressions, too.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use duckdb::Connection;
use duckdb::vscalar::{ArrowFunctionSignature, VArrowScalar};

/// The scalar function; no function of ClickHouse has the name.
const FUNCTION: &str = "has_room";

/// What is not looked at, bytes: 2,048 of them take 64 MiB.
const SMALL: f64 = 32_768.0;

/// Bytes that may be made at once of what is larger.
const AT_ONCE: f64 = 134_217_728.0;

/// What a query is told that made too much at once.
const TOO_MUCH: &str = "the query would make texts or arrays of more than 128 MiB at once: make them shorter, or of fewer rows";

/// What a query fails of while memory is short; `query.rs` tells its reader more.
pub(crate) const SHORT: &str = "nothing has room now";

/// Whether a database's queries may make something long.
#[derive(Debug, Default)]
pub(crate) struct Room {
    /// Memory of the process is short.
    is_short: AtomicBool,
    /// A query goes on that was interrupted long ago, maybe within an expression.
    is_any_late: AtomicBool,
}

impl Room {
    /// While memory is short nothing long is made.
    pub(crate) fn set_short(&self, is_short: bool) {
        self.is_short.store(is_short, Ordering::Relaxed);
    }

    /// While an interrupted query goes on nothing long is made: which one asks is not known here.
    pub(crate) fn set_late(&self, is_late: bool) {
        self.is_any_late.store(is_late, Ordering::Relaxed);
    }

    /// Makes the function known to the database.
    pub(crate) fn register(self: &Arc<Room>, connection: &Connection) -> Result<(), duckdb::Error> {
        connection.register_scalar_function_with_state::<HasRoom>(FUNCTION, self)
    }

    fn has_none(&self) -> bool {
        self.is_short.load(Ordering::Relaxed) || self.is_any_late.load(Ordering::Relaxed)
    }
}

/// Takes the bytes that are about to be made for each row of a vector. It is true, or fails.
struct HasRoom;

impl VArrowScalar for HasRoom {
    type State = Arc<Room>;

    fn invoke(room: &Arc<Room>, vector: RecordBatch) -> Result<Arc<dyn Array>, Box<dyn Error>> {
        if room.has_none() {
            return Err(SHORT.into());
        }
        let bytes = vector.column(0).as_primitive::<Float64Type>();
        let large = bytes.iter().flatten().filter(|bytes| *bytes > SMALL);
        if large.sum::<f64>() > AT_ONCE {
            return Err(TOO_MUCH.into());
        }
        Ok(Arc::new(BooleanArray::from(vec![true; vector.num_rows()])))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        vec![ArrowFunctionSignature::exact(
            vec![DataType::Float64],
            DataType::Boolean,
        )]
    }
}
