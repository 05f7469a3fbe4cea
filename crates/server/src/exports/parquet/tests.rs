use annoscope_events::{Event, Payload};
use annoscope_store::EVENT_COLUMNS;
use arrow::array::{Array, Int64Array, StringArray, TimestampMicrosecondArray};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use rand::distr::Alphanumeric;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::super::job::Format;
use super::super::tests::{Fixture, NOON_MS, event, request};
use super::*;

fn read(bytes: Vec<u8>) -> (SchemaRef, Vec<RecordBatch>, usize) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
    let schema = Arc::clone(builder.schema());
    let n_groups = builder.metadata().num_row_groups();
    let batches = builder.build().unwrap().map(Result::unwrap).collect();
    (schema, batches, n_groups)
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
    let (schema, batches, _) = read(fixture.export(as_parquet).await);
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
    let (schema, batches, _) = read(Fixture::new().export(as_parquet).await);
    assert_eq!(schema.fields().len(), 17);
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 0);
}

#[test]
fn row_groups_are_bounded_in_rows_and_in_bytes() {
    // (rows of a batch, bytes of each payload, batches, at least so many groups)
    let cases = [(50_000, 0, 5, 3), (10, 1_000_000, 5, 2)];
    let mut random = StdRng::seed_from_u64(1);
    for (n_rows, n_bytes, n_batches, n_groups_min) in cases {
        let mut writer = ParquetWriter::new(Vec::new()).unwrap();
        for i in 0..n_batches {
            // Random, or compression would make it small.
            let mut payload = |row: usize| {
                let letters = (&mut random).sample_iter(Alphanumeric).take(n_bytes);
                format!("{i}-{row}-{}", letters.map(char::from).collect::<String>())
            };
            let columns = events_schema()
                .fields()
                .iter()
                .map(|field| -> ArrayRef {
                    match (field.name().as_str(), field.data_type()) {
                        ("payload", _) => {
                            Arc::new(StringArray::from_iter_values((0..n_rows).map(&mut payload)))
                        }
                        (_, DataType::Utf8) => Arc::new(StringArray::from(vec!["x"; n_rows])),
                        (_, DataType::Int64) => Arc::new(Int64Array::from(vec![1; n_rows])),
                        _ => Arc::new(TimestampMicrosecondArray::from(vec![0; n_rows])),
                    }
                })
                .collect();
            let batch = RecordBatch::try_new(events_schema(), columns).unwrap();
            writer.write(&batch).unwrap();
            assert!(writer.parquet.memory_size() <= GROUP_BYTES);
        }
        let (_, batches, n_groups) = read(writer.finish().unwrap());
        let n_read: usize = batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(n_read, n_rows * n_batches);
        assert!(n_groups >= n_groups_min, "{n_groups} groups");
    }
}
