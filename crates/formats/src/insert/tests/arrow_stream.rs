//! Arrow streams, written by Arrow's own writer.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
    UInt64Array,
};
use arrow::datatypes::Int32Type;
use arrow::ipc::writer::StreamWriter;
use proptest::prelude::*;

use super::*;

fn stream(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    );
    let batch = batch.unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(&batch).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn events() -> Vec<u8> {
    let scopes: DictionaryArray<Int32Type> = ["load:job", "draw:object"].into_iter().collect();
    let times = TimestampMicrosecondArray::from(vec![1_719_835_202_123_456, -1]);
    stream(vec![
        ("timestamp", Arc::new(times.with_timezone("Etc/UTC"))),
        ("scope", Arc::new(scopes)),
        (
            "obj_name",
            Arc::new(StringArray::from(vec![Some("ä"), None])),
        ),
        (
            "obj_id",
            Arc::new(UInt64Array::from(vec![None, Some(u64::MAX)])),
        ),
        ("duration", Arc::new(Int64Array::from(vec![Some(5), None]))),
    ])
}

#[test]
fn rows_are_those_of_the_batches() {
    for piece in [1, 100, usize::MAX] {
        let rows = read("ArrowStream", &events(), piece.min(events().len())).unwrap();
        let rows: Vec<String> = rows.iter().map(shown).collect();
        let batch = [
            r#""load:job"|"ä"|NULL|1719835202123ms|-|5"#,
            r#""draw:object"|NULL|18446744073709551615|-1ms|-|-"#,
        ];
        assert_eq!(rows, [batch, batch].concat());
    }
}

#[test]
fn what_is_no_batch_of_the_table_is_refused() {
    use InsertErrorCode::{CannotReadAllData, IncorrectData, TypeMismatch};
    let whole = events();
    let number: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let cases = [
        (whole[..whole.len() / 2].to_vec(), CannotReadAllData),
        (b"\x08\0\0\0no flat.".to_vec(), IncorrectData),
        (stream(vec![("timestamp", number)]), TypeMismatch),
    ];
    for (body, code) in cases {
        let error = read("ArrowStream", &body, body.len()).unwrap_err();
        assert_eq!(error.code, code, "{error}");
    }
}

proptest! {
    /// Whatever bytes are changed or missing: rows or an error, and no panic.
    #[test]
    fn broken_streams_do_no_harm(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        end in any::<prop::sample::Index>(),
        piece in 1..2000_usize,
    ) {
        let mut body = events();
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        body.truncate(end.index(body.len()) + 1);
        let _ = read("ArrowStream", &body, piece);
    }
}
