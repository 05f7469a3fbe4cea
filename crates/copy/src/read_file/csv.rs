//! CVAT's export: a line of names, times with or without an offset, nothing for NULL.

use std::fs::File;
use std::path::Path;

use annoscope_events::Timestamp;
use arrow::datatypes::DataType;
use csv::{ReaderBuilder, StringRecord};

use super::Sink;
use crate::builder::{RowBuilder, Value};
use crate::columns::{arrow_type, copied};
use crate::error::CopyError;

pub(super) fn read(path: &Path, file: File, sink: &mut Sink<'_>) -> Result<(), CopyError> {
    let wrong = |line: u64, reason: String| CopyError::Content {
        path: path.to_owned(),
        place: format!("line {line}"),
        reason,
    };
    let mut reader = ReaderBuilder::new().from_reader(file);
    let names = reader
        .headers()
        .map_err(|error| wrong(1, error.to_string()))?;
    let columns: Vec<(&str, DataType, Option<usize>)> = copied()
        .map(|column| {
            let place = names.iter().position(|name| name == column.name);
            (column.name, arrow_type(column), place)
        })
        .collect();
    for (name, _, place) in &columns {
        if place.is_none() && matches!(*name, "scope" | "timestamp") {
            return Err(wrong(
                1,
                format!("there is no column {name}, so it is no export of events"),
            ));
        }
    }
    let mut rows = RowBuilder::new();
    let mut record = StringRecord::new();
    loop {
        let line = reader.position().line();
        if !reader
            .read_record(&mut record)
            .map_err(|error| wrong(line, error.to_string()))?
        {
            break;
        }
        let mut values = Vec::with_capacity(columns.len());
        for (name, data_type, place) in &columns {
            let field = place
                .and_then(|place| record.get(place))
                .unwrap_or_default();
            let value = value(field, data_type).ok_or_else(|| {
                wrong(line, format!("{name}: {field:?} is no {}", kind(data_type)))
            })?;
            values.push(value);
        }
        rows.push(values);
        if rows.is_full() {
            sink(rows.take()?)?;
        }
    }
    sink(rows.take()?)
}

/// `None` where a field is not of its column's kind.
fn value<'a>(field: &'a str, data_type: &DataType) -> Option<Value<'a>> {
    if field.is_empty() {
        return Some(Value::Null);
    }
    Some(match data_type {
        DataType::Utf8 => Value::Text(field),
        DataType::Int64 => Value::Integer(field.parse().ok()?),
        _ => Value::Time(Timestamp::parse_iso8601(field).ok()?),
    })
}

fn kind(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Utf8 => "text",
        DataType::Int64 => "integer below 2^63",
        _ => "time",
    }
}
