//! Whole values against the text of ClickHouse 26.9: `SELECT …` with `FORMAT JSONCompact` and
//! `FORMAT CSVWithNames`.

use std::sync::Arc;

use annoscope_sql::IntervalUnit;
use arrow::array::{
    Int8Array, ListBuilder, NullArray, StringBuilder, StructArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampSecondArray, UInt16Array,
};
use arrow::datatypes::Field;

use super::*;

fn time64(precision: u8, timezone: Option<&str>) -> DataType {
    DataType::DateTime64 {
        precision,
        timezone: timezone.map(str::to_owned),
    }
}

fn list(texts: &[Option<&str>]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for text in texts {
        builder.values().append_option(*text);
    }
    builder.append(true);
    Arc::new(builder.finish())
}

fn tuple(items: Vec<ArrayRef>) -> ArrayRef {
    let fields = items.into_iter().enumerate().map(|(i, item)| {
        let field = Field::new(format!("f{i}"), item.data_type().clone(), true);
        (Arc::new(field), item)
    });
    Arc::new(StructArray::from(fields.collect::<Vec<_>>()))
}

fn shown(array: &ArrayRef, data_type: &DataType, format: TimeFormat) -> (String, String) {
    let column = Column::of(array, data_type, &format.into()).unwrap();
    let (mut json, mut csv) = (Vec::new(), Vec::new());
    column.write_json(&mut json, 0);
    column.write_csv(&mut csv, 0);
    (
        String::from_utf8(json).unwrap(),
        String::from_utf8(csv).unwrap(),
    )
}

/// Array, type, JSON, CSV.
type Case = (ArrayRef, DataType, &'static str, &'static str);

#[test]
fn values_are_written_as_by_clickhouse() {
    let noon_ms = 1_719_835_200_123;
    let text = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
    let wide = Decimal128Array::from(vec![i128::from(u64::MAX)])
        .with_precision_and_scale(38, 0)
        .unwrap();
    let decimal = Decimal128Array::from(vec![-500])
        .with_precision_and_scale(18, 4)
        .unwrap();
    let nullable = |inner| DataType::Nullable(Box::new(inner));
    let texts = DataType::Array(Box::new(nullable(DataType::String)));
    let mixed = DataType::Tuple(vec![
        DataType::UInt8,
        DataType::String,
        nullable(DataType::Nothing),
        DataType::Date,
        DataType::Float64,
    ]);
    let cases: Vec<Case> = vec![
        (
            Arc::new(UInt64Array::from(vec![u64::MAX])),
            DataType::UInt64,
            "18446744073709551615",
            "18446744073709551615",
        ),
        (
            Arc::new(Int64Array::from(vec![i64::MIN])),
            DataType::Int64,
            "-9223372036854775808",
            "-9223372036854775808",
        ),
        (
            Arc::new(Int8Array::from(vec![-3])),
            DataType::Int8,
            "-3",
            "-3",
        ),
        (
            Arc::new(UInt16Array::from(vec![None, Some(1)])),
            nullable(DataType::UInt16),
            "null",
            "\\N",
        ),
        // As DuckDB's HUGEINT arrives.
        (
            Arc::new(wide),
            DataType::UInt64,
            "18446744073709551615",
            "18446744073709551615",
        ),
        (
            Arc::new(decimal),
            DataType::Decimal {
                precision: 18,
                scale: 4,
            },
            "-0.05",
            "-0.05",
        ),
        (
            Arc::new(Float64Array::from(vec![f64::NAN])),
            DataType::Float64,
            "null",
            "nan",
        ),
        (
            Arc::new(Float64Array::from(vec![f64::NEG_INFINITY])),
            DataType::Float64,
            "null",
            "-inf",
        ),
        (
            Arc::new(Float64Array::from(vec![1e21])),
            DataType::Float64,
            "1e21",
            "1e21",
        ),
        (
            Arc::new(Float32Array::from(vec![0.1])),
            DataType::Float32,
            "0.1",
            "0.1",
        ),
        (
            Arc::new(BooleanArray::from(vec![true])),
            DataType::Bool,
            "true",
            "true",
        ),
        (
            text("a\"b\\c\n\t\u{1} ü 木"),
            DataType::String,
            r#""a\"b\\c\n\t\u0001 ü 木""#,
            "\"a\"\"b\\c\n\t\u{1} ü 木\"",
        ),
        (
            Arc::new(Date32Array::from(vec![19_905])),
            DataType::Date,
            "\"2024-07-01\"",
            "\"2024-07-01\"",
        ),
        (
            Arc::new(TimestampSecondArray::from(vec![noon_ms / 1000])),
            DataType::DateTime(Some("Europe/Berlin".to_owned())),
            "\"2024-07-01 14:00:00\"",
            "\"2024-07-01 14:00:00\"",
        ),
        (
            Arc::new(TimestampMillisecondArray::from(vec![noon_ms])),
            time64(3, Some("Etc/UTC")),
            "\"2024-07-01 12:00:00.123\"",
            "\"2024-07-01 12:00:00.123\"",
        ),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![noon_ms * 1000]).with_timezone("UTC")),
            time64(6, Some("Asia/Kolkata")),
            "\"2024-07-01 17:30:00.123000\"",
            "\"2024-07-01 17:30:00.123000\"",
        ),
        (
            Arc::new(Int64Array::from(vec![3])),
            DataType::Interval(IntervalUnit::Day),
            "3",
            "3",
        ),
        (
            Arc::new(NullArray::new(1)),
            nullable(DataType::Nothing),
            "null",
            "\\N",
        ),
        (
            list(&[Some("a'b"), Some("c\"d"), Some("e\\f\n"), None]),
            texts.clone(),
            r#"["a'b","c\"d","e\\f\n",null]"#,
            r#""['a\'b','c""d','e\\f\n',NULL]""#,
        ),
        (list(&[]), texts, "[]", "\"[]\""),
        (
            tuple(vec![
                Arc::new(Int64Array::from(vec![1])),
                text("a"),
                Arc::new(arrow::array::Int32Array::from(vec![None])),
                Arc::new(Date32Array::from(vec![19_905])),
                Arc::new(Float64Array::from(vec![f64::INFINITY])),
            ]),
            mixed,
            r#"[1,"a",null,"2024-07-01",null]"#,
            r#""(1,'a',NULL,'2024-07-01',inf)""#,
        ),
    ];
    for (array, data_type, json, csv) in cases {
        let found = shown(&array, &data_type, TimeFormat::Text);
        assert_eq!(found, (json.to_owned(), csv.to_owned()), "{data_type}");
    }
}

#[test]
fn times_may_be_numbers() {
    let cases: [(ArrayRef, DataType, &str); 4] = [
        (
            Arc::new(Date32Array::from(vec![1])),
            DataType::Date,
            "86400000",
        ),
        (
            Arc::new(TimestampSecondArray::from(vec![2])),
            DataType::DateTime(Some("Asia/Tokyo".to_owned())),
            "2000",
        ),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![1999])),
            time64(6, None),
            "1",
        ),
        (
            Arc::new(TimestampMicrosecondArray::from(vec![-1])),
            time64(6, None),
            "-1",
        ),
    ];
    for (array, data_type, expected) in cases {
        let (json, csv) = shown(&array, &data_type, TimeFormat::UnixMs);
        assert_eq!((json.as_str(), csv.as_str()), (expected, expected));
    }
}

#[test]
fn other_types_than_announced_are_errors() {
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let cases = [
        (
            DataType::Array(Box::new(DataType::String)),
            "the store gave Utf8 for Array(String)",
        ),
        (DataType::Tuple(vec![]), "the store gave Utf8 for Tuple()"),
        (
            DataType::Int64,
            "Cast error: Cannot cast string 'a' to value of Int64 type",
        ),
    ];
    for (data_type, expected) in cases {
        let error = Column::of(&texts, &data_type, &Style::default()).err();
        assert_eq!(error.map(|e| e.to_string()).as_deref(), Some(expected));
    }
    let times: ArrayRef = Arc::new(TimestampSecondArray::from(vec![0]));
    let error = Column::of(&times, &time64(3, Some("Mars")), &Style::default()).err();
    let error = error.map(|e| e.to_string());
    assert_eq!(error.as_deref(), Some("there is no time zone \"Mars\""));
}
