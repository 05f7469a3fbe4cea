//! What our own writers write is read again as it was.

use std::sync::Arc;

use annoscope_sql::ResultColumn;
use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMillisecondArray, UInt64Array};
use proptest::prelude::*;

use super::*;
use crate::{Format, Items, Line, Stats, Style};

type Sent = (String, Option<String>, Option<u64>, i64, Option<u16>, u32);

fn rows() -> impl Strategy<Value = Vec<Sent>> {
    // What has to be escaped somewhere, and texts that look like something else.
    let text =
        || "[a-c\\\\'\"`,;\t\n\r\u{0}\u{1b}(){}\\[\\]/ü \u{2028}]{0,12}|\\\\N|NULL|-?[0-9]{1,4}";
    // ClickHouse's times, in ms.
    let time = -2_208_988_800_000_i64..10_413_792_000_000;
    let row = (
        text(),
        proptest::option::of(text()),
        any::<Option<u64>>(),
        time,
        any::<Option<u16>>(),
        any::<u32>(),
    );
    proptest::collection::vec(row, 0..20)
}

fn batch(rows: &[Sent]) -> RecordBatch {
    let texts = |texts: Vec<Option<&str>>| Arc::new(StringArray::from(texts)) as ArrayRef;
    let integers = |integers: Vec<Option<u64>>| Arc::new(UInt64Array::from(integers)) as ArrayRef;
    let times: Vec<i64> = rows.iter().map(|row| row.3).collect();
    let arrays = [
        texts(rows.iter().map(|row| Some(row.0.as_str())).collect()),
        texts(rows.iter().map(|row| row.1.as_deref()).collect()),
        integers(rows.iter().map(|row| row.2).collect()),
        Arc::new(TimestampMillisecondArray::from(times)),
        integers(rows.iter().map(|row| row.4.map(u64::from)).collect()),
        integers(rows.iter().map(|row| Some(row.5.into())).collect()),
    ];
    let names = columns().into_iter().map(|column| column.name);
    RecordBatch::try_from_iter(names.zip(arrays)).unwrap()
}

fn written(format: Format, rows: &[Sent]) -> Vec<u8> {
    let columns: Vec<ResultColumn> = columns()
        .into_iter()
        .map(|InsertColumn { name, data_type }| ResultColumn { name, data_type })
        .collect();
    let mut encoder = format.encoder(&columns, &Style::default());
    let mut out = Vec::new();
    encoder.begin(&mut out);
    encoder.load(batch(rows)).unwrap();
    // Two blocks of Native, where there are rows for two.
    let half = rows.len() / 2;
    encoder.write(0..half, &mut out).unwrap();
    encoder.write(half..rows.len(), &mut out).unwrap();
    let stats = Stats {
        n_rows: rows.len() as u64,
        n_read: None,
        n_cached: 0,
        elapsed: std::time::Duration::ZERO,
        is_truncated: false,
        is_behind: false,
    };
    encoder.end(&stats, &mut out).unwrap();
    out
}

fn expected(row: &Sent) -> InsertRow {
    let integer = |number: Option<i128>| number.map_or(InsertValue::Null, InsertValue::Integer);
    vec![
        InsertValue::Text(row.0.clone()),
        row.1.clone().map_or(InsertValue::Null, InsertValue::Text),
        integer(row.2.map(i128::from)),
        InsertValue::TimeMs(row.3),
        integer(row.4.map(i128::from)),
        InsertValue::Integer(row.5.into()),
    ]
}

/// Tables of text have a header, as a first row of names would be taken for one.
fn formats() -> [(&'static str, Format); 12] {
    let all = Header::NamesAndTypes;
    [
        ("JSONEachRow", Format::Lines(Line::Object, Items::Values)),
        (
            "JSONCompactEachRow",
            Format::Lines(Line::Array(Header::None), Items::Values),
        ),
        (
            "JSONCompactEachRowWithNamesAndTypes",
            Format::Lines(Line::Array(all), Items::Values),
        ),
        ("Native", Format::Native),
        ("RowBinary", Format::RowBinary(Header::None)),
        ("RowBinaryWithNames", Format::RowBinary(Header::Names)),
        ("RowBinaryWithNamesAndTypes", Format::RowBinary(all)),
        ("CSVWithNames", Format::ClickHouseCsv(Header::Names)),
        ("CSVWithNamesAndTypes", Format::ClickHouseCsv(all)),
        ("TSVWithNames", Format::TabSeparated(Header::Names, false)),
        ("TSVWithNamesAndTypes", Format::TabSeparated(all, false)),
        ("Values", Format::Values),
    ]
}

proptest! {
    #[test]
    fn what_was_written_is_read(rows in rows(), piece in 1_usize..100) {
        for (name, format) in formats() {
            let body = written(format, &rows);
            let found = read(name, &body, piece);
            let expected: Vec<InsertRow> = rows.iter().map(expected).collect();
            prop_assert_eq!(found, Ok(expected), "{}", name);
        }
    }
}
