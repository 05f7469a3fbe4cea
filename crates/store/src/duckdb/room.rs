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
pub(super) const SHORT: &str = "nothing has room now";

/// Whether nothing has room. Of the process, as its memory is.
static IS_SHORT: AtomicBool = AtomicBool::new(false);

/// Whether a query goes on that was interrupted long ago, maybe within an expression.
static IS_ANY_LATE: AtomicBool = AtomicBool::new(false);

/// While memory is short nothing long is made.
pub(super) fn set_short(is_short: bool) {
    IS_SHORT.store(is_short, Ordering::Relaxed);
}

/// While an interrupted query goes on nothing long is made: which one asks is not known here.
pub(super) fn set_late(is_late: bool) {
    IS_ANY_LATE.store(is_late, Ordering::Relaxed);
}

/// Makes the function known to a database.
pub(super) fn register(connection: &Connection) -> Result<(), duckdb::Error> {
    connection.register_scalar_function::<HasRoom>(FUNCTION)
}

/// Takes the bytes that are about to be made for each row of a vector. It is true, or fails.
struct HasRoom;

impl VArrowScalar for HasRoom {
    type State = ();

    fn invoke((): &(), vector: RecordBatch) -> Result<Arc<dyn Array>, Box<dyn Error>> {
        if IS_SHORT.load(Ordering::Relaxed) || IS_ANY_LATE.load(Ordering::Relaxed) {
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
