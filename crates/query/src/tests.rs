//! Runs and answers over batches made here; what the store and HTTP add is tested end to end
//! (`tests/query/test_query.py`).

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annoscope_events::Timestamp;
use annoscope_formats::{ErrorBody, Format, Style};
use annoscope_sql::{Asker, DataType, ResultColumn};
use annoscope_store::StoreError;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, UInt64Array};
use arrow::datatypes::DataType as ArrowType;
use arrow::ipc::reader::StreamReader;
use futures::{StreamExt, stream};

use crate::registry::Registry;
use crate::run::{Batches, Limits, Opened, Shape};
use crate::{Access, Answer, QueryError, QueryMetrics, QueryOutcome, RowFilter, Run};

const NOW: Timestamp = Timestamp::from_millis(1_719_835_200_000);

/// How many queries ended how.
#[derive(Default)]
struct Outcomes(Mutex<HashMap<&'static str, u64>>);

impl QueryMetrics for Outcomes {
    fn query_started(&self) {}

    fn query_rows_sent(&self, _: u64) {}

    fn query_ended(&self, outcome: QueryOutcome, _: Duration) {
        *self.0.lock().unwrap().entry(outcome.as_str()).or_default() += 1;
    }
}

/// The parts around a query.
struct Fixture {
    registry: Registry,
    outcomes: Arc<Outcomes>,
}

impl Fixture {
    fn new() -> Fixture {
        let outcomes: Arc<Outcomes> = Arc::default();
        Fixture {
            registry: Registry::new(outcomes.clone()),
            outcomes,
        }
    }

    fn run(&self, batches: Batches, limits: Limits) -> Run {
        let running = self
            .registry
            .enter(&access(), "SELECT n", None, NOW)
            .unwrap();
        let shape = Shape {
            columns: vec![column()],
            format: None,
            style: Style::default(),
        };
        Run::start(shape, Opened::ready(batches), running, limits).unwrap()
    }

    /// The body of an answer, and whether it was cut off.
    async fn body(&self, run: Run, format: Format, max_bytes: u64) -> (Vec<u8>, bool) {
        let answer = Answer::new(run, format, max_bytes);
        let mut pieces = Box::pin(answer.into_stream(to_error_body));
        let mut body = Vec::new();
        while let Some(piece) = pieces.next().await {
            match piece {
                Ok(piece) => body.extend_from_slice(&piece),
                Err(_) => return (body, true),
            }
        }
        (body, false)
    }

    async fn text(&self, run: Run, format: Format, max_bytes: u64) -> String {
        let (body, is_cut_off) = self.body(run, format, max_bytes).await;
        let mut text = String::from_utf8(body).unwrap();
        // The time that it took is none of the same for two runs.
        if let Some((before, after)) = text.clone().split_once("\"elapsed_ms\":") {
            let after = after.trim_start_matches(|c: char| c.is_ascii_digit());
            text = format!("{before}\"elapsed_ms\":0{after}");
        }
        if is_cut_off {
            text.push_str("(cut off)");
        }
        text
    }

    fn count(&self, outcome: &str) -> u64 {
        let outcomes = self.outcomes.0.lock().unwrap();
        outcomes.get(outcome).copied().unwrap_or(0)
    }
}

/// As the server tells errors, but for those of the store.
fn to_error_body(error: QueryError) -> ErrorBody {
    match error {
        QueryError::Internal(_) => ErrorBody::new("internal", "A server error occurred."),
        error => error.to_error_body(),
    }
}

fn access() -> Access {
    Access {
        user: Asker {
            id: 7,
            login: "anna".to_owned(),
            email: String::new(),
            organization: None,
        },
        rows: RowFilter::default(),
    }
}

fn column() -> ResultColumn {
    ResultColumn {
        name: "n\"".to_owned(),
        data_type: DataType::UInt64,
    }
}

fn limits(n_rows: u64) -> Limits {
    Limits {
        n_rows,
        of_result: None,
        time: Duration::from_mins(1),
    }
}

fn batch(numbers: std::ops::Range<u64>) -> RecordBatch {
    let numbers: ArrayRef = Arc::new(UInt64Array::from_iter_values(numbers));
    RecordBatch::try_from_iter([("c0", numbers)]).unwrap()
}

/// Batches that end before these numbers and begin where the one before ended.
fn rows(ends: &[u64]) -> Batches {
    let starts = [0].into_iter().chain(ends.iter().copied());
    let batches = starts
        .zip(ends.to_vec())
        .map(|(start, end)| Ok(batch(start..end)));
    stream::iter(batches.collect::<Vec<_>>()).boxed()
}

/// Two rows, then a failure.
fn failing() -> Batches {
    let message = "Out of Range Error: too much".to_owned();
    stream::iter([Ok(batch(0..2)), Err(StoreError::Statement { message })]).boxed()
}

#[tokio::test]
async fn answers_of_each_format() {
    let fixture = Fixture::new();
    let stats = |rows, truncated| {
        format!(
            "],\"stats\":{{\"rows\":{rows},\"rows_read\":0,\"cached_rows\":0,\"elapsed_ms\":0,\"truncated\":{truncated}}}}}\n"
        )
    };
    let head = "{\"columns\":[{\"name\":\"n\\\"\",\"type\":\"UInt64\"}],\"rows\":[";
    let error = "\"error\":{\"kind\":\"execution\",\"message\":\"a number is out of the range that its function takes\",\"hint\":null,\"line\":null,\"column\":null}}\n";
    // Case, batches, rows and bytes at most, format, body.
    let cases = [
        (
            rows(&[]),
            9,
            99,
            Format::Json,
            format!("{head}{}", stats(0, false)),
        ),
        (
            rows(&[2, 3]),
            9,
            99,
            Format::Json,
            format!("{head}\n[0],\n[1],\n[2]{}", stats(3, false)),
        ),
        (
            rows(&[2, 4]),
            4,
            99,
            Format::Json,
            format!("{head}\n[0],\n[1],\n[2],\n[3]{}", stats(4, false)),
        ),
        (
            rows(&[2, 4]),
            3,
            99,
            Format::Json,
            format!("{head}\n[0],\n[1],\n[2]{}", stats(3, true)),
        ),
        (
            rows(&[2]),
            0,
            99,
            Format::Json,
            format!("{head}{}", stats(0, true)),
        ),
        (
            rows(&[2, 4]),
            9,
            9,
            Format::Json,
            format!("{head}\n[0],\n[1]{}", stats(2, true)),
        ),
        (
            failing(),
            9,
            99,
            Format::Json,
            format!("{head}\n[0],\n[1]],{error}"),
        ),
        (rows(&[]), 9, 99, Format::Csv, "\"n\"\"\"\n".to_owned()),
        (
            rows(&[2]),
            9,
            99,
            Format::Csv,
            "\"n\"\"\"\n0\n1\n".to_owned(),
        ),
        (
            failing(),
            9,
            99,
            Format::Csv,
            "\"n\"\"\"\n0\n1\n(cut off)".to_owned(),
        ),
    ];
    for (batches, n_rows, n_bytes, format, expected) in cases {
        let run = fixture.run(batches, limits(n_rows));
        assert_eq!(fixture.text(run, format, n_bytes).await, expected);
    }
    assert_eq!(fixture.count("finished"), 8);
    assert_eq!(fixture.count("failed"), 2);
    assert!(fixture.registry.list().is_empty());
}

#[tokio::test]
async fn an_arrow_stream_has_the_names_of_the_result() {
    let fixture = Fixture::new();
    for (batches, n_rows) in [(rows(&[]), 0), (rows(&[700, 1000]), 1000)] {
        let run = fixture.run(batches, limits(1000));
        let (body, is_cut_off) = fixture.body(run, Format::Arrow, 1_000_000).await;
        assert!(!is_cut_off);
        let reader = StreamReader::try_new(Cursor::new(body), None).unwrap();
        assert_eq!(reader.schema().field(0).name(), "n\"");
        assert_eq!(reader.schema().field(0).data_type(), &ArrowType::UInt64);
        let n_read: usize = reader.map(|batch| batch.unwrap().num_rows()).sum();
        assert_eq!(n_read, n_rows);
    }
    let (_, is_cut_off) = fixture
        .body(fixture.run(failing(), limits(9)), Format::Arrow, 99_999)
        .await;
    assert!(is_cut_off);
}

#[tokio::test]
async fn other_columns_than_announced_are_a_fault_of_ours() {
    let fixture = Fixture::new();
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let wide = RecordBatch::try_from_iter([("c0", Arc::clone(&numbers)), ("c1", numbers)]);
    let run = fixture.run(stream::iter([Ok(wide.unwrap())]).boxed(), limits(9));
    let text = fixture.text(run, Format::Json, 99).await;
    assert!(
        text.ends_with(
            "],\"error\":{\"kind\":\"internal\",\"message\":\"A server error occurred.\",\"hint\":null,\"line\":null,\"column\":null}}\n"
        ),
        "{text}"
    );
}

#[tokio::test]
async fn a_failure_before_the_first_row_is_known_before_the_answer() {
    let message = "Conversion Error: no".to_owned();
    let batches = stream::iter([Err(StoreError::Statement { message })]).boxed();
    let failed = Opened::ready(batches)
        .with_first_rows(Duration::from_mins(1))
        .await;
    assert!(matches!(failed, Err(QueryError::Execution { .. })));
    // One that panics when it is asked again after its end.
    let unfolded = |batches| {
        stream::unfold(batches, |mut b: Batches| async {
            Some((b.next().await?, b))
        })
    };
    let ends: [&[u64]; 2] = [&[], &[2, 3]];
    for ends in ends {
        let opened = Opened::ready(unfolded(rows(ends)).boxed())
            .with_first_rows(Duration::from_mins(1))
            .await
            .unwrap();
        let n_rows: Vec<_> = opened
            .batches
            .map(|batch| batch.unwrap().num_rows())
            .collect()
            .await;
        assert_eq!(
            n_rows.iter().sum::<usize>() as u64,
            ends.last().copied().unwrap_or(0)
        );
    }
}

#[test]
fn company_is_what_was_there_or_came() {
    let fixture = Fixture::new();
    let enter = || {
        fixture
            .registry
            .enter(&access(), "SELECT n", None, NOW)
            .unwrap()
    };
    let first = enter();
    assert!(!first.had_company());
    let second = enter();
    drop(second);
    assert!(first.had_company());
    assert!(enter().had_company());
    drop(first);
    assert!(!enter().had_company());
}

#[tokio::test]
async fn a_query_can_be_ended_by_others() {
    let fixture = Fixture::new();
    let mut run = fixture.run(stream::pending().boxed(), limits(9));
    let [listed] = fixture.registry.list().try_into().unwrap();
    assert_eq!(
        (listed.user.as_str(), listed.sql.as_str()),
        ("anna", "SELECT n")
    );
    assert_eq!(fixture.registry.owner_id(listed.id), Some(7));
    assert!(fixture.registry.end(listed.id));
    let error = run.next().await.unwrap_err();
    assert!(matches!(error, QueryError::Cancelled), "{error}");
    drop(run);
    assert!(!fixture.registry.end(listed.id));
    assert_eq!(fixture.count("cancelled"), 1);
}

/// Tells when it is dropped.
struct OnDrop(Option<tokio::sync::oneshot::Sender<()>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        let _ = self.0.take().map(|sender| sender.send(()));
    }
}

fn endless() -> (Batches, tokio::sync::oneshot::Receiver<()>) {
    let (sender, dropped) = tokio::sync::oneshot::channel();
    let guard = OnDrop(Some(sender));
    let batches = stream::repeat_with(move || {
        let _ = &guard;
        Ok(batch(0..10))
    });
    (batches.boxed(), dropped)
}

#[tokio::test]
async fn what_a_query_reads_from_is_dropped_with_it() {
    let fixture = Fixture::new();
    let (batches, dropped) = endless();
    let mut run = fixture.run(batches, limits(1000));
    assert!(run.next().await.unwrap().is_some());
    drop(run);
    dropped.await.unwrap();
    assert_eq!(fixture.count("abandoned"), 1);
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_nothing_past_the_time_limit() {
    let fixture = Fixture::new();
    let (batches, dropped) = endless();
    let short = Limits {
        time: Duration::from_millis(1),
        ..limits(1000)
    };
    let mut run = fixture.run(batches, short);
    // No rows are asked for.
    dropped.await.unwrap();
    let error = loop {
        match run.next().await {
            Ok(batch) => assert!(batch.is_some()),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, QueryError::TimeLimit { .. }), "{error}");
}
