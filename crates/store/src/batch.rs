//! Events as one Arrow record batch, built on the caller's thread so that the writer only copies.

use std::sync::Arc;

use annoscope_events::{COLUMNS, PromotedPayload, Row, StoredEvent, Timestamp, Value};
use arrow::array::{
    ArrayRef, BooleanArray, FixedSizeBinaryArray, Int64Array, Int64Builder, ListBuilder,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};

use uuid::Uuid;

use crate::EventBatch;
use crate::columns::table_schema;

/// Bytes of a row besides its texts: numbers, offsets, validity.
const ROW_BYTES: usize = 200;

impl EventBatch {
    /// What its rows take, about and without building them.
    pub fn estimated_bytes(&self) -> usize {
        estimated_bytes(&self.events)
    }

    /// Its rows, with the columns of [`table_schema`].
    pub fn rows(&self) -> RecordBatch {
        rows_of(&self.events, self.received_at, self.request_id)
    }
}

fn estimated_bytes(events: &[StoredEvent]) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let row = |stored: &StoredEvent| {
        let event = &stored.event;
        let names = [&event.user_name, &event.user_email, &event.org_slug];
        let names: usize = names.into_iter().map(text).sum();
        let payload = event.payload.as_ref().map_or(0, |p| p.as_str().len());
        let intervals = stored.intervals.len() * size_of::<annoscope_events::Interval>();
        ROW_BYTES
            + event.scope.len()
            + event.source.len()
            + text(&event.obj_name)
            + text(&event.obj_val)
            + text(&stored.origin.remote_addr)
            + names
            + payload
            + intervals
    };
    events.iter().map(row).sum()
}

/// The rows of events, with the columns of [`table_schema`], which came with one request.
pub fn rows_of(events: &[StoredEvent], received_at: Timestamp, request_id: Uuid) -> RecordBatch {
    let promoted = events.iter().map(|stored| {
        let payload = stored.event.payload.as_ref();
        payload.map(PromotedPayload::extract).unwrap_or_default()
    });
    let promoted: Vec<PromotedPayload> = promoted.collect();
    let rows = events.iter().zip(&promoted).map(|(stored, promoted)| Row {
        stored,
        promoted,
        received_at,
        request_id,
    });
    let rows: Vec<Row<'_>> = rows.collect();
    let columns = COLUMNS.iter().map(|column| values(&rows, column.value()));
    RecordBatch::try_new(table_schema(), columns.collect())
        .expect("values are of their column's type")
}

fn values(rows: &[Row<'_>], value: Value) -> ArrayRef {
    match value {
        Value::Text(get) => Arc::new(rows.iter().map(get).collect::<StringArray>()),
        Value::Integer(get) => Arc::new(rows.iter().map(get).collect::<Int64Array>()),
        Value::Time(get) => {
            let times = rows.iter().map(|row| get(row).millis() * 1000);
            Arc::new(TimestampMicrosecondArray::from_iter_values(times))
        }
        Value::Uuid(get) => {
            let ids = rows.iter().map(|row| Some(get(row).into_bytes()));
            let ids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids, 16);
            Arc::new(ids.expect("every id has 16 bytes"))
        }
        Value::Bool(get) => {
            let flags = rows.iter().map(|row| Some(get(row)));
            Arc::new(flags.collect::<BooleanArray>())
        }
        Value::Intervals(get) => {
            let mut lists = ListBuilder::new(Int64Builder::new());
            for row in rows {
                let intervals = get(row);
                for interval in intervals {
                    lists.values().append_value(interval.start_ms);
                    lists.values().append_value(interval.end_ms);
                }
                lists.append(!intervals.is_empty());
            }
            Arc::new(lists.finish())
        }
    }
}
