//! The items of ClickHouse's JSON: values, or texts.

use crate::text::write_clickhouse_json_text;
use crate::value::Column;

/// What the items of ClickHouse's JSON are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Items {
    /// Values of JSON.
    Values,
    /// Texts, whatever the type: what a reader sees of the value.
    Strings,
}

impl Items {
    /// Writes an item.
    pub(crate) fn write(self, out: &mut Vec<u8>, column: &Column, row: usize) {
        match self {
            Items::Values => column.write_json(out, row),
            Items::Strings => {
                let mut text = Vec::new();
                column.write_shown(&mut text, row);
                write_clickhouse_json_text(out, &String::from_utf8_lossy(&text));
            }
        }
    }
}
