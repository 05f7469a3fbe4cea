//! Bodies as ClickHouse and its clients write them, whole and cut anywhere, and bodies that are wrong.

mod arrow_stream;
mod broken;
mod clickhouse;
mod round_trip;

use super::*;

/// A part of CVAT's table.
fn columns() -> Vec<InsertColumn> {
    let nullable = |data_type| DataType::Nullable(Box::new(data_type));
    let time = DataType::DateTime64 {
        precision: 3,
        timezone: Some("Etc/UTC".to_owned()),
    };
    let columns = [
        ("scope", DataType::String),
        ("obj_name", nullable(DataType::String)),
        ("obj_id", nullable(DataType::UInt64)),
        ("timestamp", time),
        ("count", nullable(DataType::UInt16)),
        ("duration", DataType::UInt32),
    ];
    let columns = columns.map(|(name, data_type)| InsertColumn {
        name: name.to_owned(),
        data_type,
    });
    columns.into()
}

/// The rows of a body that comes in pieces of this size.
fn read(name: &str, body: &[u8], piece: usize) -> Result<Vec<InsertRow>, InsertError> {
    read_columns(&columns(), name, body, piece)
}

fn read_columns(
    columns: &[InsertColumn],
    name: &str,
    body: &[u8],
    piece: usize,
) -> Result<Vec<InsertRow>, InsertError> {
    let format = InsertFormat::named(name).expect(name);
    let mut reader = format.reader(columns, 1 << 20)?;
    let mut rows = Vec::new();
    let mut sink = |row| {
        rows.push(row);
        Ok(())
    };
    for bytes in body.chunks(piece) {
        reader.push(bytes, &mut sink)?;
    }
    reader.finish(&mut sink)?;
    Ok(rows)
}

/// A row as a short text: `a|NULL|5|1719835202123|-|0`.
fn shown(row: &InsertRow) -> String {
    let values = row.iter().map(|value| match value {
        InsertValue::Default => "-".to_owned(),
        InsertValue::Null => "NULL".to_owned(),
        InsertValue::Integer(number) => number.to_string(),
        InsertValue::Text(text) => format!("{text:?}"),
        InsertValue::TimeMs(ms) => format!("{ms}ms"),
        InsertValue::Bool(value) => value.to_string(),
        InsertValue::Integers(numbers) => format!("{numbers:?}"),
    });
    values.collect::<Vec<String>>().join("|")
}
