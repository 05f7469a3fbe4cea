use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use arrow::array::{Int64Array, StringArray, TimestampMicrosecondArray};
use bytes::Bytes;
use rand::distr::Alphanumeric;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::super::test_schema;
use super::*;

#[test]
fn row_groups_are_bounded_in_rows_and_in_bytes() {
    // (rows of a batch, bytes of each payload, batches, at least so many groups)
    let cases = [(50_000, 0, 5, 3), (10, 1_000_000, 5, 2)];
    let schema = test_schema();
    let mut random = StdRng::seed_from_u64(1);
    for (n_rows, n_bytes, n_batches, n_groups_min) in cases {
        let mut writer = ParquetWriter::new(Vec::new(), &schema).unwrap();
        for i in 0..n_batches {
            // Random, or compression would make it small.
            let mut payload = |row: usize| {
                let letters = (&mut random).sample_iter(Alphanumeric).take(n_bytes);
                format!("{i}-{row}-{}", letters.map(char::from).collect::<String>())
            };
            let columns = schema
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
            let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
            writer.write(&batch).unwrap();
            assert!(writer.parquet.memory_size() <= GROUP_BYTES);
        }
        let written = Bytes::from(writer.finish().unwrap());
        let reader = ParquetRecordBatchReaderBuilder::try_new(written).unwrap();
        let n_groups = reader.metadata().num_row_groups();
        let batches = reader.build().unwrap().map(Result::unwrap);
        let n_read: usize = batches.map(|batch| batch.num_rows()).sum();
        assert_eq!(n_read, n_rows * n_batches);
        assert!(n_groups >= n_groups_min, "{n_groups} groups");
    }
}
