use annoscope_formats::TimeFormat;
use annoscope_sql::Asker;
use annoscope_store::EventBatch;
use annoscope_test_support::{Disk, MemoryStore, NOW, event};
use futures::StreamExt;

use super::*;
use crate::{Answer, QueryOutcome};

struct Uncounted;

impl QueryMetrics for Uncounted {
    fn query_started(&self) {}

    fn query_rows_sent(&self, _: u64) {}

    fn query_ended(&self, _: QueryOutcome, _: Duration) {}
}

fn engine(store: &Arc<MemoryStore>, max_visibility_wait: Duration) -> Engine {
    let config = EngineConfig {
        max_concurrent: 1,
        max_wait: Duration::ZERO,
        time_limit: Duration::from_mins(1),
        max_visibility_wait,
        cache_bytes: 0,
    };
    let store: Arc<dyn EventStore> = store.clone();
    Engine::new(store, Dialect::DuckDb, config, Arc::new(Uncounted))
}

async fn append(store: &MemoryStore, n_events: i64) {
    let batch = EventBatch {
        events: (0..n_events).map(|second| event(second, 1)).collect(),
        received_at: NOW,
        request_id: Uuid::nil(),
        reservation: store.reserve(Vec::new()).await.unwrap(),
    };
    store.append(batch).await.unwrap();
}

/// The answer of a query that asks the store for nothing.
async fn answer(engine: &Engine) -> String {
    let request = QueryRequest {
        sql: "EXPLAIN SYNTAX SELECT 1".to_owned(),
        context: Context::default(),
        limit: 10,
        time_format: TimeFormat::default(),
        ignores_format: false,
        may_use_cache: false,
        query_id: None,
        time_limit: None,
        has_byte_order_mark: false,
    };
    let access = Access {
        user: Asker::default(),
        rows: RowFilter::default(),
    };
    let run = engine.start(request, &access, NOW).await.unwrap();
    let pieces = Answer::new(run, Format::Json, 9999).into_stream(|error| error.to_error_body());
    let pieces: Vec<_> = pieces.collect().await;
    let bytes: Vec<u8> = pieces
        .into_iter()
        .flat_map(|piece| piece.unwrap())
        .collect();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_query_waits_for_what_was_acknowledged_or_says_that_it_is_behind() {
    let store = Arc::new(MemoryStore::open(&Disk::default()));
    let (patient, impatient) = (
        engine(&store, Duration::from_hours(1)),
        engine(&store, Duration::ZERO),
    );
    append(&store, 3).await;
    assert!(store.visible() < store.durable());
    assert!(!answer(&patient).await.contains("\"behind\""));
    assert_eq!(store.visible(), store.durable(), "it was waited for");

    store.hold();
    append(&store, 2).await;
    assert!(answer(&impatient).await.contains("\"behind\":true"));
    store.show(store.durable());
    assert!(!answer(&impatient).await.contains("\"behind\""));
}
