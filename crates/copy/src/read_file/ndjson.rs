//! An object a line, read as the ingest port reads it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use annoscope_events::{
    ClientHours, RejectedEvent, Row, ServerEvent, Timestamp, Value as EventValue, parse_server_body,
};

use super::Sink;
use crate::builder::{RowBuilder, Value};
use crate::columns::copied;
use crate::error::CopyError;

pub(super) fn read(path: &Path, file: File, sink: &mut Sink<'_>) -> Result<(), CopyError> {
    let mut rows = RowBuilder::new();
    let mut reader = BufReader::new(file);
    let mut text = Vec::new();
    for line in 1_u64.. {
        text.clear();
        let n_bytes = reader
            .read_until(b'\n', &mut text)
            .map_err(|source| CopyError::File {
                path: path.to_owned(),
                source,
            })?;
        if n_bytes == 0 {
            break;
        }
        let wrong = |reason: String| CopyError::Content {
            path: path.to_owned(),
            place: format!("line {line}"),
            reason,
        };
        // A time is needed: the time of reading would tell copies apart.
        let events =
            parse_server_body(&text, Timestamp::from_micros(i64::MIN), ClientHours::Legacy);
        for event in events.map_err(|error| wrong(error.to_string()))? {
            let event = event.map_err(|RejectedEvent { reason, .. }| wrong(reason))?;
            if event.hash.is_none() {
                return Err(wrong("timestamp: missing".to_owned()));
            }
            push(&mut rows, &event);
        }
        if rows.is_full() {
            sink(rows.take()?)?;
        }
    }
    sink(rows.take()?)
}

fn push(rows: &mut RowBuilder, event: &ServerEvent) {
    let row = Row {
        stored: &event.stored,
        promoted: &annoscope_events::PromotedPayload::default(),
        received_at: event.stored.event.timestamp,
        request_id: uuid::Uuid::nil(),
    };
    rows.push(copied().map(|column| match column.value() {
        EventValue::Text(text) => text(&row).map_or(Value::Null, Value::Text),
        EventValue::Integer(integer) => integer(&row).map_or(Value::Null, Value::Integer),
        EventValue::Time(time) => Value::Time(time(&row)),
        // Columns of ours alone, which are not copied.
        EventValue::Uuid(_) | EventValue::Bool(_) | EventValue::Intervals(_) => Value::Null,
    }));
}
