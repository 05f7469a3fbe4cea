//! Grafana's data frames: columns, not rows, so a result is gathered whole.

use std::ops::Range;

use annoscope_sql::{DataType, ResultColumn};
use arrow::array::RecordBatch;
use serde_json::{Value, json};

use crate::encoder::{FormatError, text_columns};
use crate::style::{Style, TimeFormat};
use crate::text::write_json_text;
use crate::value::Column;

/// A frame under way.
pub struct Frame {
    columns: Vec<ResultColumn>,
    style: Style,
    loaded: Vec<Column>,
    /// Of each column, separated by commas.
    values: Vec<Vec<u8>>,
    n_bytes_left: u64,
}

impl Frame {
    /// A frame with at most `max_bytes` of values.
    pub fn new(columns: &[ResultColumn], max_bytes: u64) -> Frame {
        Frame {
            columns: columns.to_vec(),
            style: TimeFormat::UnixMs.into(),
            loaded: Vec::new(),
            values: vec![Vec::new(); columns.len()],
            n_bytes_left: max_bytes,
        }
    }

    /// Takes a batch to write from.
    pub fn load(&mut self, batch: &RecordBatch) -> Result<(), FormatError> {
        self.loaded = text_columns(batch, &self.columns, &self.style)?;
        Ok(())
    }

    /// Writes rows of the loaded batch. Returns how many found room.
    pub fn write(&mut self, rows: Range<usize>) -> usize {
        let mut n_written = 0;
        for row in rows {
            let ends: Vec<usize> = self.values.iter().map(Vec::len).collect();
            let columns = self.loaded.iter().zip(&self.columns);
            for (out, (column, described)) in self.values.iter_mut().zip(columns) {
                if !out.is_empty() {
                    out.push(b',');
                }
                write_value(out, column, row, &described.data_type);
            }
            let n_before: usize = ends.iter().sum();
            let n_after: usize = self.values.iter().map(Vec::len).sum();
            let n_bytes = (n_after - n_before) as u64;
            if n_bytes > self.n_bytes_left {
                for (out, end) in self.values.iter_mut().zip(ends) {
                    out.truncate(end);
                }
                break;
            }
            self.n_bytes_left -= n_bytes;
            n_written += 1;
        }
        n_written
    }

    /// The frame as JSON.
    pub fn into_json(self, ref_id: &str, meta: &Value) -> Vec<u8> {
        let fields = self.columns.iter().map(|column| {
            let kind = FieldKind::of(&column.data_type);
            json!({
                "name": column.name,
                "type": kind.name,
                "typeInfo": { "frame": kind.frame, "nullable": kind.is_nullable },
            })
        });
        let fields: Value = fields.collect();
        let schema = json!({ "refId": ref_id, "meta": meta, "fields": fields });
        let mut out = format!("{{\"schema\":{schema},\"data\":{{\"values\":[").into_bytes();
        for (i, column) in self.values.into_iter().enumerate() {
            out.extend_from_slice(if i == 0 { b"[" } else { b",[" });
            out.extend_from_slice(&column);
            out.push(b']');
        }
        out.extend_from_slice(b"]}}");
        out
    }
}

/// Writes a value; lists and tuples, which frames do not know, as the text of their JSON.
fn write_value(out: &mut Vec<u8>, column: &Column, row: usize, data_type: &DataType) {
    if FieldKind::of(data_type).is_text_of_json {
        let mut text = Vec::new();
        column.write_json(&mut text, row);
        write_json_text(out, &String::from_utf8_lossy(&text));
    } else {
        column.write_json(out, row);
    }
}

/// How a frame names a type.
struct FieldKind {
    name: &'static str,
    frame: &'static str,
    is_nullable: bool,
    is_text_of_json: bool,
}

impl FieldKind {
    fn of(data_type: &DataType) -> FieldKind {
        let (name, frame) = match data_type {
            DataType::Nullable(inner) => {
                return FieldKind {
                    is_nullable: true,
                    ..FieldKind::of(inner)
                };
            }
            DataType::UInt8 => ("number", "uint8"),
            DataType::UInt16 => ("number", "uint16"),
            DataType::UInt32 => ("number", "uint32"),
            DataType::UInt64 => ("number", "uint64"),
            DataType::Int8 => ("number", "int8"),
            DataType::Int16 => ("number", "int16"),
            DataType::Int32 => ("number", "int32"),
            DataType::Int64 | DataType::Interval(_) => ("number", "int64"),
            DataType::Float32 => ("number", "float32"),
            DataType::Float64 | DataType::Decimal { .. } => ("number", "float64"),
            DataType::Bool => ("boolean", "bool"),
            DataType::Date
            | DataType::Date32
            | DataType::DateTime(_)
            | DataType::DateTime64 { .. } => ("time", "time.Time"),
            DataType::String
            | DataType::JsonType
            | DataType::Nothing
            | DataType::Array(_)
            | DataType::Tuple(_) => ("string", "string"),
        };
        FieldKind {
            name,
            frame,
            is_nullable: false,
            is_text_of_json: matches!(data_type, DataType::Array(_) | DataType::Tuple(_)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, ListBuilder, StringBuilder, TimestampSecondArray};

    use super::*;

    #[test]
    fn values_are_those_that_frames_know() {
        let mut lists = ListBuilder::new(StringBuilder::new());
        lists.values().append_value("a\"b");
        lists.append(true);
        let list: ArrayRef = Arc::new(lists.finish());
        let time: ArrayRef = Arc::new(TimestampSecondArray::from(vec![2]));
        let missing: ArrayRef = Arc::new(Float64Array::from(vec![None]));
        let cases = [
            (
                list,
                DataType::Array(Box::new(DataType::String)),
                ("string", "string"),
                r#""[\"a\\\"b\"]""#,
            ),
            (
                time,
                DataType::DateTime(Some("Asia/Tokyo".to_owned())),
                ("time", "time.Time"),
                "2000",
            ),
            (
                missing,
                DataType::Nullable(Box::new(DataType::Float64)),
                ("number", "float64"),
                "null",
            ),
        ];
        for (array, data_type, names, expected) in cases {
            let column = Column::of(&array, &data_type, &TimeFormat::UnixMs.into()).unwrap();
            let mut out = Vec::new();
            write_value(&mut out, &column, 0, &data_type);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
            let kind = FieldKind::of(&data_type);
            assert_eq!((kind.name, kind.frame), names);
        }
    }
}
