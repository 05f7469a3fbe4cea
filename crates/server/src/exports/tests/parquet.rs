//! The Parquet of exports is read back by its reader.

use std::sync::Arc;

use annoscope_events::EVENT_COLUMNS;
use annoscope_events::{Event, Payload};
use arrow::array::{Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{Fixture, NOON_MS, event, request};
use crate::exports::job::Format;

fn read(bytes: Vec<u8>) -> (SchemaRef, Vec<RecordBatch>) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
    let schema = Arc::clone(builder.schema());
    let batches = builder.build().unwrap().map(Result::unwrap).collect();
    (schema, batches)
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    let fixture = Fixture::new();
    let full = Event {
        obj_val: Some("a\r\n\"b\"".to_owned()),
        obj_id: Some(i64::MAX),
        user_name: Some("日本".to_owned()),
        user_email: Some(String::new()),
        payload: Some(Payload::parse("{}").unwrap()),
        ..event("draw:object", NOON_MS + 123)
    };
    fixture
        .append(vec![full, event("load:cvat", NOON_MS)])
        .await;
    let mut as_parquet = request();
    as_parquet.format = Format::Parquet;
    let (schema, batches) = read(fixture.export(as_parquet).await);
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(names, EVENT_COLUMNS);
    let [batch] = &batches[..] else {
        panic!("one batch")
    };
    let text = |name: &str| -> Vec<Option<&str>> {
        let column = batch.column_by_name(name).unwrap();
        column
            .as_any()
            .downcast_ref::<StringArray>()
            .unwrap()
            .iter()
            .collect()
    };
    assert_eq!(text("scope"), [Some("load:cvat"), Some("draw:object")]);
    assert_eq!(text("obj_val"), [None, Some("a\r\n\"b\"")]);
    assert_eq!(text("user_name"), [None, Some("日本")]);
    assert_eq!(text("user_email"), [None, Some("")]);
    assert_eq!(text("payload"), [None, Some("{}")]);
    let ids = batch.column_by_name("obj_id").unwrap();
    let ids = ids.as_any().downcast_ref::<Int64Array>().unwrap();
    assert_eq!(ids.iter().collect::<Vec<_>>(), [None, Some(i64::MAX)]);
    let times = batch.column_by_name("timestamp").unwrap();
    let times = times
        .as_any()
        .downcast_ref::<TimestampMicrosecondArray>()
        .unwrap();
    assert_eq!(times.timezone(), Some("UTC"));
    assert_eq!(times.values(), &[NOON_MS * 1000, (NOON_MS + 123) * 1000]);
}

#[tokio::test]
async fn no_events_give_a_readable_file() {
    let mut as_parquet = request();
    as_parquet.format = Format::Parquet;
    let (schema, batches) = read(Fixture::new().export(as_parquet).await);
    assert_eq!(schema.fields().len(), 17);
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 0);
}
