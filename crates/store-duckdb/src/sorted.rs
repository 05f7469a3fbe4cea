//! Rows as they are stored: sorted, with their positions, and without what their payload repeats.
//!
//! A column takes the less room the longer its runs of equal and similar values are. Sorted by source and user, an
//! event takes 41 bytes where the order of arrival takes 59 (two million events of the demo). Within a user
//! the order of arrival stays, so times, jobs and requests still follow one another.
//!
//! **Invariant:** the view `events` gives every payload back byte for byte
//! (`payloads_come_back_byte_for_byte`).

use std::iter::repeat;
use std::sync::Arc;

use annoscope_events::COLUMNS;
use annoscope_store::{ROW_GROUP, table_schema};
use arrow::array::{
    Array, AsArray, FixedSizeBinaryArray, Int64Array, RecordBatch, StringArray, StringBuilder,
};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::{DataType, Field, Schema};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// Rows that are handed over at once. DuckDB takes vectors of 2,048; these fill them, and the copy is small.
const PIECE_ROWS: usize = 10 * 2048;

/// Longest text behind a request's id, bytes. Longer ones are rare, and differ.
const MAX_TAIL_BYTES: usize = 16;

/// Rows that follow one another in the journal.
pub(crate) struct Placed {
    /// Position of the first.
    pub(crate) first: u64,
    /// With the columns of [`table_schema`].
    pub(crate) rows: RecordBatch,
}

/// The rows of batches for the table `stored_events`, in its order.
pub(crate) fn pieces(batches: &[Placed]) -> impl Iterator<Item = RecordBatch> {
    let mut order = sorted(batches).into_iter();
    std::iter::from_fn(move || {
        let piece: Vec<_> = order.by_ref().take(PIECE_ROWS).collect();
        (!piece.is_empty()).then(|| stored(batches, &piece))
    })
}

/// Batch and row of each row, in the order in which they are stored.
fn sorted(batches: &[Placed]) -> Vec<(usize, usize)> {
    let column = |name| {
        let index = index_of(name);
        batches.iter().map(move |batch| batch.rows.column(index))
    };
    let sources: Vec<&StringArray> = column("source").map(AsArray::as_string).collect();
    let users: Vec<&Int64Array> = column("user_id").map(AsArray::as_primitive).collect();
    let key = |&(batch, row): &(usize, usize)| {
        let (source, users) = (sources[batch].value(row), users[batch]);
        (source, users.is_valid(row).then(|| users.value(row)))
    };
    let rows = batches.iter().enumerate();
    let rows = rows.flat_map(|(batch, placed)| repeat(batch).zip(0..placed.rows.num_rows()));
    let mut order: Vec<(usize, usize)> = rows.collect();
    // A group that is larger is stored in row groups all the same.
    for run in order.chunks_mut(ROW_GROUP) {
        run.sort_by(|a, b| key(a).cmp(&key(b)));
    }
    order
}

fn stored(batches: &[Placed], order: &[(usize, usize)]) -> RecordBatch {
    let rows: Vec<&RecordBatch> = batches.iter().map(|batch| &batch.rows).collect();
    // A group has far less than the 2 GiB that the texts of a column may have.
    let rows = interleave_record_batch(&rows, order).expect("all have the table's schema");
    let ids = rows.column(index_of("request_id")).as_fixed_size_binary();
    let (payloads, tails) = without_ids(rows.column(index_of("payload")).as_string(), ids);
    let positions = order.iter().map(|(batch, row)| {
        let position = batches[*batch].first + *row as u64;
        position.cast_signed()
    });
    let positions = Int64Array::from_iter_values(positions);
    let mut columns = rows.columns().to_vec();
    columns[index_of("payload")] = Arc::new(payloads);
    columns.push(Arc::new(positions));
    columns.push(Arc::new(tails));
    RecordBatch::try_new(Arc::new(stored_schema()), columns)
        .expect("values are of their column's type")
}

/// Payloads without the id that their row has, and what stood behind it.
fn without_ids(payloads: &StringArray, ids: &FixedSizeBinaryArray) -> (StringArray, StringArray) {
    let n_bytes = payloads.value_data().len();
    let mut heads = StringBuilder::with_capacity(payloads.len(), n_bytes);
    let mut tails = StringBuilder::with_capacity(payloads.len(), 0);
    for (payload, id) in payloads.iter().zip(ids) {
        let split = payload.zip(id).and_then(|(payload, id)| {
            let id = Uuid::from_slice(id).expect("ids have 16 bytes");
            split_at_id(payload, id)
        });
        heads.append_option(split.map(|(head, _)| head).or(payload));
        tails.append_option(split.map(|(_, tail)| tail));
    }
    (heads.finish(), tails.finish())
}

/// What stands before an id near a text's end, and what stands behind it.
fn split_at_id(text: &str, id: Uuid) -> Option<(&str, &str)> {
    let mut buffer = [0; Hyphenated::LENGTH];
    let id = id.hyphenated().encode_lower(&mut buffer);
    let last = text.len().checked_sub(id.len())?;
    let starts = last.saturating_sub(MAX_TAIL_BYTES)..=last;
    let at = starts
        .rev()
        .find(|at| text.as_bytes()[*at..].starts_with(id.as_bytes()))?;
    Some((&text[..at], &text[at + id.len()..]))
}

/// The columns of the table `stored_events`: those of the events, and two of its own.
fn stored_schema() -> Schema {
    let mut fields = table_schema().fields().to_vec();
    fields.push(Arc::new(Field::new("position", DataType::Int64, true)));
    fields.push(Arc::new(Field::new("payload_tail", DataType::Utf8, true)));
    Schema::new(fields)
}

pub(crate) fn index_of(name: &str) -> usize {
    let index = COLUMNS.iter().position(|column| column.name == name);
    index.expect("the columns of events have the names of the contract")
}

#[cfg(test)]
mod tests {
    use annoscope_test_support::{event, record};
    use arrow::array::ArrayRef;
    use duckdb::Connection;
    use proptest::prelude::*;

    use super::*;
    use crate::schema;

    const IDS: [Uuid; 3] = [
        Uuid::nil(),
        Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef),
        Uuid::max(),
    ];

    /// Rows with these payloads and ids.
    fn rows(payloads: &[(Option<String>, Uuid)]) -> RecordBatch {
        let events: Vec<_> = payloads.iter().map(|_| event(0, 1)).collect();
        let rows = record(&events).rows;
        let texts: StringArray = payloads.iter().map(|(text, _)| text.as_deref()).collect();
        let ids = payloads.iter().map(|(_, id)| Some(id.into_bytes()));
        let ids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(ids, 16).unwrap();
        let mut columns: Vec<ArrayRef> = rows.columns().to_vec();
        columns[index_of("payload")] = Arc::new(texts);
        columns[index_of("request_id")] = Arc::new(ids);
        RecordBatch::try_new(rows.schema(), columns).unwrap()
    }

    fn database() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        schema::migrate(&connection).unwrap();
        connection
    }

    fn store(connection: &Connection, batches: &[Placed]) {
        let mut appender = connection.appender("stored_events").unwrap();
        for piece in pieces(batches) {
            appender.append_record_batch(piece).unwrap();
        }
        appender.flush().unwrap();
    }

    fn payload() -> impl Strategy<Value = (Option<String>, Uuid)> {
        let id = prop::sample::select(IDS.to_vec());
        let between = prop::option::of("[\"}é\u{301}\u{0}a-f0-]{0,20}");
        let parts = (any::<String>(), id.clone(), between, any::<bool>(), id);
        parts.prop_map(|(head, id, tail, is_upper, of_row)| {
            let id = if is_upper {
                id.to_string().to_uppercase()
            } else {
                id.to_string()
            };
            let text = tail.map(|tail| format!("{head}{id}{tail}"));
            (text, of_row)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn payloads_come_back_byte_for_byte(payloads in prop::collection::vec(payload(), 1..200)) {
            let connection = database();
            store(&connection, &[Placed { first: 3, rows: rows(&payloads) }]);
            let sql = "SELECT payload FROM events ORDER BY position";
            let mut statement = connection.prepare(sql).unwrap();
            let found = statement.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
            let found: Vec<_> = found.map(Result::unwrap).collect();
            let expected: Vec<_> = payloads.into_iter().map(|(text, _)| text).collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn an_id_is_taken_out_where_it_stands_near_the_end() {
        let [_, id, other] = IDS;
        let long = "}".repeat(MAX_TAIL_BYTES);
        let cases = [
            (
                format!(r#"{{"request": {{"id": "{id}"}}}}"#),
                Some(r#""}}"#),
            ),
            (format!("{id}"), Some("")),
            (format!("é{id}{id}é"), Some("é")),
            (format!("{id}{long}"), Some(long.as_str())),
            (format!("{id}{long}}}"), None),
            (format!("{other}"), None),
            (id.to_string().to_uppercase(), None),
            (id.simple().to_string(), None),
            (id.to_string()[1..].to_owned(), None),
            (String::new(), None),
        ];
        for (text, expected) in cases {
            let split = split_at_id(&text, id);
            assert_eq!(split.map(|(_, tail)| tail), expected, "{text}");
            if let Some((head, tail)) = split {
                assert_eq!(format!("{head}{id}{tail}"), text);
            }
        }
    }

    #[test]
    fn rows_lie_by_source_and_user_and_have_their_positions() {
        let events = |users: &[Option<i64>], source: &str| {
            let events = users.iter().map(|user| {
                let mut event = event(0, 0);
                event.event.user_id = *user;
                event.event.source = source.to_owned().into();
                event
            });
            record(&events.collect::<Vec<_>>()).rows
        };
        let placed = |first, rows| Placed { first, rows };
        let batches = [
            placed(5, events(&[Some(2), None, Some(1), Some(2)], "server")),
            placed(9, events(&[], "client")),
            placed(10, events(&[Some(7), Some(1)], "client")),
            placed(20, events(&[Some(1)], "server")),
        ];
        let connection = database();
        store(&connection, &batches);
        let sql = "SELECT position FROM stored_events ORDER BY rowid";
        let mut statement = connection.prepare(sql).unwrap();
        let found = statement.query_map([], |row| row.get::<_, i64>(0)).unwrap();
        let found: Vec<_> = found.map(Result::unwrap).collect();
        assert_eq!(found, [11, 10, 6, 7, 20, 5, 8]);
    }

    #[test]
    fn no_more_rows_than_a_row_group_has_are_sorted_together() {
        let users = (0..2).map(|n| event(0, 1 - n)).collect::<Vec<_>>();
        let pair = record(&users).rows;
        let n_pairs = ROW_GROUP / 2 + 1;
        let batches: Vec<_> = (0..n_pairs as u64)
            .map(|n| Placed {
                first: 2 * n,
                rows: pair.clone(),
            })
            .collect();
        let order = sorted(&batches);
        assert_eq!(order[..2], [(0, 1), (1, 1)]);
        assert_eq!(order[ROW_GROUP - 1], (ROW_GROUP / 2 - 1, 0));
        assert_eq!(order[ROW_GROUP..], [(n_pairs - 1, 1), (n_pairs - 1, 0)]);
    }
}
