//! Batches that the database can never store: their events go to the dead letters, in the form in which a
//! server sends events, so that `annoscope dead-letter send` brings them back once the cause is gone.

use std::io;
use std::sync::Arc;

use annoscope_events::{EVENT_COLUMNS, RejectedEvent, Timestamp};
use annoscope_store::{Entry, Record};
use annoscope_store_journal::RejectedEntries;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::clock;
use crate::dead_letter::{DeadLetter, DeadLetterError, Share};

/// Keeps them in the dead-letter file.
pub struct RejectedBatches {
    /// The file.
    pub dead_letters: Arc<DeadLetter>,
}

impl RejectedEntries for RejectedBatches {
    fn keep(&self, entry: &Entry, reason: &str) -> io::Result<()> {
        let rejected = |(index, event): (usize, Value)| RejectedEvent {
            index,
            raw: event.to_string(),
            reason: format!("the database refused the batch: {reason}"),
        };
        let (events, received_at, request_id) = if let Ok(record) = Record::decode(&entry.record) {
            (events(&record.rows), record.received_at, record.request_id)
        } else {
            // Nothing is lost: the bytes are for who can read them.
            let record = BASE64_STANDARD.encode(&entry.record);
            (vec![json!({ "record": record })], clock::now(), Uuid::nil())
        };
        let rejected: Vec<_> = events.into_iter().enumerate().map(rejected).collect();
        let kept = self
            .dead_letters
            .append(&rejected, received_at, request_id, Share::All);
        kept.map_err(|error| match error {
            DeadLetterError::Io(error) => error,
            full @ DeadLetterError::Full { .. } => io::Error::other(full),
        })
    }
}

/// The listed columns of each row, but for those that are NULL.
fn events(rows: &RecordBatch) -> Vec<Value> {
    let event = |row: usize| {
        let members = EVENT_COLUMNS.iter().filter_map(|name| {
            let value = value(rows.column_by_name(name)?, row)?;
            Some(((*name).to_owned(), value))
        });
        Value::Object(members.collect::<Map<_, _>>())
    };
    (0..rows.num_rows()).map(event).collect()
}

fn value(column: &dyn Array, row: usize) -> Option<Value> {
    if column.is_null(row) {
        return None;
    }
    match column.data_type() {
        DataType::Utf8 => Some(column.as_string::<i32>().value(row).into()),
        DataType::Int64 => Some(column.as_primitive::<Int64Type>().value(row).into()),
        DataType::Timestamp(..) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            let time = Timestamp::from_millis(micros.div_euclid(1000));
            Some(time.to_string().into())
        }
        // The listed columns have no other types.
        _ => None,
    }
}

#[cfg(test)]
mod tests;
