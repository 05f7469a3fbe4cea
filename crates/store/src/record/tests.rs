use annoscope_events::COLUMNS;
use arrow::datatypes::DataType;
use proptest::prelude::*;

use super::*;

/// Rows of the table whose values follow from their numbers; some are NULL where the column may be.
fn rows(n: usize) -> RecordBatch {
    use arrow::array::*;
    let is_null = |row: usize, column: usize| (row + column).is_multiple_of(3);
    let schema = table_schema();
    let columns = schema.fields().iter().enumerate().map(|(column, field)| {
        let values = (0..n).map(|row| {
            let value = (row * 31 + column).cast_signed() as i64;
            (!(field.is_nullable() && is_null(row, column))).then_some(value)
        });
        let array: ArrayRef = match field.data_type() {
            DataType::Utf8 => {
                let text = |value: i64| "é".repeat(value as usize % 9);
                Arc::new(values.map(|v| v.map(text)).collect::<StringArray>())
            }
            DataType::Int64 => Arc::new(values.collect::<Int64Array>()),
            DataType::Timestamp(..) => Arc::new(values.collect::<TimestampMicrosecondArray>()),
            DataType::Boolean => Arc::new(
                values
                    .map(|v| v.map(|v| v % 2 == 0))
                    .collect::<BooleanArray>(),
            ),
            DataType::FixedSizeBinary(16) => {
                let id = |value: i64| u128::from(value.cast_unsigned()).to_le_bytes();
                let ids = values.map(|v| v.map(id));
                Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids, 16).unwrap())
            }
            DataType::List(_) => {
                let mut lists = ListBuilder::new(Int64Builder::new());
                for value in values {
                    for n in 0..value.unwrap_or(0) % 4 {
                        lists.values().append_value(n);
                    }
                    lists.append(value.is_some());
                }
                Arc::new(lists.finish())
            }
            other => panic!("a column of type {other}"),
        };
        array
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap()
}

pub(crate) fn record(n_rows: usize, n_hashes: usize) -> Record {
    let hash = |n: usize| EventHash((n as u128) << 64 | 7);
    Record {
        rows: rows(n_rows),
        hashes: (0..n_hashes).map(hash).collect(),
        received_at: Timestamp::from_millis(1_767_604_000_500),
        request_id: Uuid::from_u128(0x1234_5678_9abc_def0),
    }
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(n_rows in 0_usize..40, n_hashes in 0_usize..40, column in 0..COLUMNS.len()) {
        let record = record(n_rows, n_hashes);
        let bytes = record.encode();
        prop_assert_eq!(
            Record::decode_hashes(&bytes).unwrap(),
            (record.received_at, record.hashes.clone())
        );
        let bytes = Buffer::from(bytes);
        let values = Record::decode_column(&bytes, column).unwrap();
        prop_assert_eq!(&values, record.rows.column(column));
        prop_assert_eq!(Record::decode(&bytes).unwrap(), record);
    }

    /// That the rows are as they were written is for the journal's checksum to say.
    #[test]
    fn a_head_of_any_bytes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut known = bytes.clone();
        known.splice(..4.min(known.len()), VERSION.to_le_bytes());
        for bytes in [bytes, known] {
            if let Ok((_, hashes)) = Record::decode_hashes(&bytes) {
                prop_assert!(HEAD_BYTES + 16 * hashes.len() <= bytes.len());
            }
        }
    }
}

#[test]
fn a_record_that_is_cut_off_is_refused() {
    let bytes = record(5, 3).encode();
    for length in 0..HEAD_BYTES + 16 * 3 + 8 {
        let refused = Record::decode(&Buffer::from(&bytes[..length])).unwrap_err();
        assert!(
            matches!(refused, RecordError::CutOff),
            "{length}: {refused}"
        );
    }
}

/// Journals out there hold records of this layout.
#[test]
fn the_layout_of_version_1_stays() {
    let bytes = record(3, 2).encode();
    let digest = blake3::hash(&bytes).to_hex();
    assert_eq!((bytes.len(), &digest[..16]), (3240, "e5afca9db581b31b"));
}

#[test]
fn columns_that_came_later_are_null() {
    let whole = record(4, 1);
    let n_known = COLUMNS.len() - 2;
    let older: Vec<usize> = (0..n_known).collect();
    let older = Record {
        rows: whole.rows.project(&older).unwrap(),
        ..whole.clone()
    };
    let read = Record::decode(&older.encode().into()).unwrap();
    assert_eq!(read.rows.num_columns(), COLUMNS.len());
    for column in 0..COLUMNS.len() {
        let values = read.rows.column(column);
        if column < n_known {
            assert_eq!(values, whole.rows.column(column));
        } else {
            assert_eq!(values.null_count(), 4);
        }
    }
}

#[test]
fn a_newer_version_is_named() {
    let mut bytes = record(1, 0).encode();
    bytes[0] = 2;
    let error = Record::decode(&bytes.into()).unwrap_err();
    assert!(matches!(error, RecordError::NewerVersion { found: 2 }));
}
