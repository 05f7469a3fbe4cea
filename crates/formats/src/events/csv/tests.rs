use proptest::prelude::*;

use super::super::test_schema;
use super::*;

#[test]
fn numbers_are_decimal() {
    for number in [0, 9, 10, -1, 1_234_567_890, i64::MAX, i64::MIN] {
        assert_eq!(Digits::new().of(number), number.to_string().as_bytes());
    }
}

proptest! {
    /// The cached date is the date of each time, whatever came before.
    #[test]
    fn times_are_what_the_calendar_says(
        times in prop::collection::vec(-62_135_596_800_000_000..253_402_200_000_000_000_i64, 1..8),
    ) {
        let mut text = TimeText::new();
        for micros in times {
            let expected = annoscope_events::Timestamp::from_micros(micros).to_string();
            let expected = expected.replace('T', " ").replace('Z', "+00:00");
            prop_assert_eq!(std::str::from_utf8(text.of(micros)).unwrap(), expected);
        }
    }

    /// What a CSV reader reads is what was written.
    #[test]
    fn every_text_is_read_back(texts in prop::collection::vec("[a,\"\r\n =é]{0,6}", 1..5)) {
        let n_rows = texts.len();
        let schema = test_schema();
        let columns = schema.fields().iter().map(|field| match field.data_type() {
            DataType::Utf8 => std::sync::Arc::new(StringArray::from(texts.clone())) as _,
            DataType::Int64 => std::sync::Arc::new(Int64Array::from(vec![1; n_rows])) as _,
            _ => std::sync::Arc::new(TimestampMicrosecondArray::from(vec![0; n_rows])) as _,
        });
        let batch = RecordBatch::try_new(schema.clone(), columns.collect()).unwrap();
        let mut writer = CsvWriter::new(Vec::new(), &schema).unwrap();
        writer.write(&batch).unwrap();
        let written = writer.finish().unwrap();
        let mut reader = csv::Reader::from_reader(written.as_slice());
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        prop_assert_eq!(rows.len(), n_rows);
        for (row, text) in rows.iter().zip(&texts) {
            prop_assert_eq!(row.len(), schema.fields().len());
            prop_assert_eq!(&row[0], text);
            prop_assert_eq!(&row[16], text);
        }
    }
}
