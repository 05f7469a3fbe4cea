//! The contract of a store, as tests that run on any.
//!
//! Each function takes an empty store. [`contract_tests!`](crate::contract_tests) makes a test of each.

use std::time::Duration;

use annoscope_events::{EXPORT_COLUMNS, EventHash, StoredEvent, Timestamp};
use annoscope_store::{
    BATCHES_AHEAD, EventBatch, EventFilter, EventStore, Kinds, Position, Query, RecordBatches,
    Reservation, Rows, RowsRead, StoreError,
};
use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use futures::{FutureExt, TryStreamExt};
use uuid::Uuid;

use crate::{NOW, event};

/// A kind of store that is held to the contract.
pub trait Subject {
    /// The store that is open now.
    fn store(&self) -> &dyn EventStore;

    /// Opens the store again, on the data that is there.
    fn open_again(&mut self);

    /// Its SQL.
    fn texts(&self) -> Texts;
}

/// The queries of the contract in the SQL of a store.
#[derive(Clone, Copy, Debug)]
pub struct Texts {
    /// Rows with the column `user_id` of all events.
    pub events: &'static str,
    /// The rows of [`Rows::SOURCE`].
    pub brought: &'static str,
    /// Never ends of its own.
    pub endless: &'static str,
}

/// A test for each function of the contract, on what `$open` gives: a [`Subject`] with an empty store.
#[macro_export]
macro_rules! contract_tests {
    ($open:path) => {
        $crate::contract_tests! {
            $open:
            an_append_is_durable_then_visible,
            what_is_durable_is_there_after_a_restart,
            positions_grow_with_the_appends,
            an_append_without_events_is_at_the_end,
            duplicates_are_known_within_and_across_batches,
            a_batch_in_flight_is_waited_for,
            an_export_is_in_the_order_of_time_and_of_arrival,
            a_filter_admits_what_fulfils_all_its_conditions,
            a_filter_admits_what_was_durable_at_a_moment,
            a_filter_admits_kinds,
            the_change_log_is_told_when_an_append_is_visible,
            a_query_sees_what_was_visible_when_it_began,
            a_query_reads_the_rows_that_it_brings,
            what_is_no_query_fails,
            a_query_ends_at_its_time_limit,
            a_reader_that_does_not_read_keeps_nothing_out,
            a_result_that_is_dropped_ends_its_read,
            what_is_stored_is_counted,
            a_closed_store_refuses_everything,
        }
    };
    ($open:path: $($name:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                $crate::contract::$name(&mut $open()).await;
            }
        )*
    };
}

/// A hash that no other number has, spread as real ones are.
fn hash(n: u128) -> EventHash {
    EventHash((n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
}

fn hashes(numbers: std::ops::Range<u128>) -> Vec<EventHash> {
    numbers.map(hash).collect()
}

fn batch(events: Vec<StoredEvent>, reservation: Reservation) -> EventBatch {
    EventBatch {
        events,
        received_at: NOW,
        request_id: Uuid::nil(),
        reservation,
    }
}

/// Appends events without hashes.
async fn append(store: &dyn EventStore, events: Vec<StoredEvent>) -> Position {
    let reservation = store.reserve(Vec::new()).await.unwrap();
    store.append(batch(events, reservation)).await.unwrap()
}

/// Appends events and waits until queries see them.
async fn show(store: &dyn EventStore, events: Vec<StoredEvent>) -> Position {
    let position = append(store, events).await;
    store.wait_until_visible(position).await.unwrap();
    position
}

async fn rows(batches: Result<RecordBatches, StoreError>) -> Result<Vec<RecordBatch>, StoreError> {
    batches?.try_collect().await
}

pub(crate) fn ints(batches: &[RecordBatch], column: &str) -> Vec<i64> {
    let column = |batch: &RecordBatch| {
        let column = batch.column_by_name(column).unwrap();
        column.as_primitive::<Int64Type>().values().to_vec()
    };
    batches.iter().flat_map(column).collect()
}

/// The users of all visible events, in the order of time.
async fn users(store: &dyn EventStore) -> Vec<i64> {
    let batches = rows(store.export(EventFilter::default())).await.unwrap();
    ints(&batches, "user_id")
}

pub(crate) fn query(text: &str) -> Query {
    Query {
        statements: vec![text.to_owned()],
        views: Vec::new(),
        time_limit: Duration::from_mins(1),
        rows: None,
        rows_read: RowsRead::default(),
    }
}

/// Starts a query; those that were ended may still occupy the store for a moment.
async fn start(store: &dyn EventStore, query: Query) -> RecordBatches {
    loop {
        match store.query(query.clone()) {
            Err(StoreError::Busy { .. }) => tokio::task::yield_now().await,
            started => return started.unwrap(),
        }
    }
}

/// An append is durable when it is answered, and known; it is seen when its position is visible.
pub async fn an_append_is_durable_then_visible(subject: &mut dyn Subject) {
    let store = subject.store();
    let before = store.visible();
    let reservation = store.reserve(hashes(0..1)).await.unwrap();
    let events = vec![event(0, 1)];
    let position = store.append(batch(events, reservation)).await.unwrap();
    assert!(position > before);
    let known = store.reserve(hashes(0..1)).await.unwrap();
    assert_eq!(known.duplicates(), [true], "durable, visible or not");
    if store.visible() < position {
        assert!(users(store).await.is_empty(), "not before it is visible");
    }
    store.wait_until_visible(position).await.unwrap();
    assert!(store.visible() >= position);
    assert_eq!(users(store).await, [1]);
    // What is visible is not waited for.
    assert!(store.wait_until_visible(position).now_or_never().is_some());
}

/// Visible and known, also what was not yet seen.
pub async fn what_is_durable_is_there_after_a_restart(subject: &mut dyn Subject) {
    let store = subject.store();
    let reservation = store.reserve(hashes(0..2)).await.unwrap();
    let events = vec![event(0, 1), event(1, 2)];
    let position = store.append(batch(events, reservation)).await.unwrap();
    subject.open_again();
    let store = subject.store();
    store.wait_until_visible(position).await.unwrap();
    assert_eq!(users(store).await, [1, 2]);
    let known = store.reserve(hashes(0..3)).await.unwrap();
    assert_eq!(known.duplicates(), [true, true, false]);
    drop(known);
    assert!(append(store, vec![event(2, 3)]).await > position);
}

/// Each append is after those that were answered before it, by as many events as it has.
pub async fn positions_grow_with_the_appends(subject: &mut dyn Subject) {
    let store = subject.store();
    let mut last = store.visible();
    for n_events in [1, 3, 2] {
        let events = (0..n_events).map(|second| event(second, 1)).collect();
        let position = append(store, events).await;
        assert_eq!(position, Position(last.0 + n_events as u64));
        assert!(store.visible() <= position);
        last = position;
    }
    store.wait_until_visible(last).await.unwrap();
    assert_eq!(store.visible(), last);
    assert_eq!(users(store).await.len(), 6);
}

/// All of its events were known.
pub async fn an_append_without_events_is_at_the_end(subject: &mut dyn Subject) {
    let store = subject.store();
    let position = show(store, vec![event(0, 1)]).await;
    assert_eq!(append(store, Vec::new()).await, position);
    assert_eq!(users(store).await, [1]);
}

/// Twins within a batch, and events of batches that were stored or given back, in whole or in part.
pub async fn duplicates_are_known_within_and_across_batches(subject: &mut dyn Subject) {
    let store = subject.store();
    let twins = [hash(0), hash(1), hash(0)];
    let reservation = store.reserve(twins.to_vec()).await.unwrap();
    assert_eq!(reservation.duplicates(), [false, false, true]);
    let events = vec![event(0, 1), event(1, 1)];
    store.append(batch(events, reservation)).await.unwrap();
    drop(store.reserve(hashes(2..3)).await.unwrap());
    let mut reservation = store.reserve(hashes(0..4)).await.unwrap();
    assert_eq!(reservation.duplicates(), [true, true, false, false]);
    reservation.forgo(&[hash(2)]);
    store
        .append(batch(vec![event(3, 1)], reservation))
        .await
        .unwrap();
    let reservation = store.reserve(hashes(2..4)).await.unwrap();
    assert_eq!(
        reservation.duplicates(),
        [false, true],
        "one was given back"
    );
}

/// Whether its events are duplicates is known when it ends, in either way.
pub async fn a_batch_in_flight_is_waited_for(subject: &mut dyn Subject) {
    let store = subject.store();
    for (is_stored, first) in [(true, 0), (false, 10)] {
        let reservation = store.reserve(hashes(first..first + 2)).await.unwrap();
        let mut second = store.reserve(hashes(first + 1..first + 3));
        assert!((&mut second).now_or_never().is_none(), "must wait");
        // Others do not.
        drop(store.reserve(hashes(first + 5..first + 6)).await.unwrap());
        if is_stored {
            let events = vec![event(0, 1), event(1, 1)];
            store.append(batch(events, reservation)).await.unwrap();
        } else {
            drop(reservation);
        }
        assert_eq!(second.await.unwrap().duplicates(), [is_stored, false]);
    }
}

/// Whatever the order of appends; events of one time are in the order in which they came.
pub async fn an_export_is_in_the_order_of_time_and_of_arrival(subject: &mut dyn Subject) {
    let store = subject.store();
    append(store, vec![event(30, 1), event(10, 2)]).await;
    show(
        store,
        vec![event(20, 3), event(10, 4), event(-5, 5), event(10, 6)],
    )
    .await;
    assert_eq!(users(store).await, [5, 2, 4, 6, 3, 1]);
    let batches = rows(store.export(EventFilter::default())).await.unwrap();
    let names = batches[0].schema();
    let names: Vec<&str> = names
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(names, EXPORT_COLUMNS);
    let times = batches.iter().flat_map(|batch| {
        let times = batch.column_by_name("timestamp").unwrap();
        times
            .as_primitive::<TimestampMicrosecondType>()
            .values()
            .to_vec()
    });
    let first = times.min().unwrap();
    assert_eq!(first, (NOW.millis() - 5000 + 123) * 1000);
}

/// Bounds of time are inclusive.
pub async fn a_filter_admits_what_fulfils_all_its_conditions(subject: &mut dyn Subject) {
    let store = subject.store();
    show(store, (0..5).map(|second| event(second, second)).collect()).await;
    let at = |second: i64| Some(Timestamp::from_millis(NOW.millis() + second * 1000 + 123));
    let all = EventFilter::default();
    let between = |from, to| EventFilter {
        from: at(from),
        to: at(to),
        ..all
    };
    let of_user = |user_id| EventFilter {
        user_id: Some(user_id),
        ..all
    };
    let cases = [
        ("all", all, vec![0, 1, 2, 3, 4]),
        ("both bounds", between(1, 3), vec![1, 2, 3]),
        ("one time", between(2, 2), vec![2]),
        (
            "open end",
            EventFilter {
                to: None,
                ..between(3, 0)
            },
            vec![3, 4],
        ),
        (
            "open beginning",
            EventFilter {
                from: None,
                ..between(0, 1)
            },
            vec![0, 1],
        ),
        ("a user", of_user(2), vec![2]),
        (
            "a user and a job",
            EventFilter {
                job_id: Some(7),
                ..of_user(2)
            },
            vec![2],
        ),
        (
            "a user at another time",
            EventFilter {
                user_id: Some(4),
                ..between(0, 3)
            },
            vec![],
        ),
        ("an unknown user", of_user(9), vec![]),
        // Of which the events say nothing.
        (
            "a project",
            EventFilter {
                project_id: Some(1),
                ..all
            },
            vec![],
        ),
        (
            "an organization",
            EventFilter {
                org_id: Some(1),
                ..all
            },
            vec![],
        ),
    ];
    for (case, filter, expected) in cases {
        let batches = rows(store.export(filter)).await.unwrap();
        assert_eq!(ints(&batches, "user_id"), expected, "{case}");
    }
}

/// Exports of CVAT's leave out what neither a browser nor a server recorded, and exceptions.
pub async fn a_filter_admits_kinds(subject: &mut dyn Subject) {
    let store = subject.store();
    let of = |second, source: &'static str, scope: &str| {
        let mut stored = event(second, second);
        stored.event.source = source.into();
        scope.clone_into(&mut stored.event.scope);
        stored
    };
    let events = vec![
        of(0, "client", "draw:object"),
        of(1, "client", "send:exception"),
        of(2, "server", "create:task"),
        of(3, "server", "send:exception"),
        of(4, "importer", "draw:object"),
    ];
    show(store, events).await;
    let cases = [
        (Kinds::All, vec![0, 1, 2, 3, 4]),
        (Kinds::Recorded, vec![0, 1, 2, 3]),
        (Kinds::RecordedWithoutExceptions, vec![0, 2]),
    ];
    for (kinds, expected) in cases {
        let filter = EventFilter {
            kinds,
            ..EventFilter::default()
        };
        let batches = rows(store.export(filter)).await.unwrap();
        assert_eq!(ints(&batches, "user_id"), expected, "{kinds:?}");
    }
}

/// An export that begins again gives what was durable when it was asked for.
pub async fn a_filter_admits_what_was_durable_at_a_moment(subject: &mut dyn Subject) {
    let store = subject.store();
    show(store, (0..3).map(|second| event(second, second)).collect()).await;
    let before = Some(store.durable());
    show(store, (3..5).map(|second| event(second, second)).collect()).await;
    for (before, expected) in [(before, vec![0, 1, 2]), (None, vec![0, 1, 2, 3, 4])] {
        let filter = EventFilter {
            before,
            ..EventFilter::default()
        };
        let batches = rows(store.export(filter)).await.unwrap();
        assert_eq!(ints(&batches, "user_id"), expected);
    }
}

/// Where a store has one, it tells of an append before `visible` does.
pub async fn the_change_log_is_told_when_an_append_is_visible(subject: &mut dyn Subject) {
    let store = subject.store();
    let Some(changes) = store.changes() else {
        return;
    };
    let before = changes.latest();
    let position = append(store, vec![event(0, 1), event(7200, 1)]).await;
    if store.visible() < position {
        assert_eq!(changes.latest(), before, "not before it is visible");
    }
    store.wait_until_visible(position).await.unwrap();
    assert!(changes.latest() > before);
    let spans = changes.since(before).unwrap();
    let covers = |second: i64| {
        let time_us = (NOW.millis() + second * 1000 + 123) * 1000;
        spans.iter().any(|span| span.contains(&time_us))
    };
    assert!(covers(0) && covers(7200) && !covers(3600), "{spans:?}");
    assert_eq!(changes.since(changes.latest()), Some(vec![]));
    let newest_us = (NOW.millis() + 7_200_123) * 1000;
    assert_eq!(changes.n_newest_from(1, i64::MAX), Some(newest_us));
}

/// And counts what it read.
pub async fn a_query_sees_what_was_visible_when_it_began(subject: &mut dyn Subject) {
    let (store, texts) = (subject.store(), subject.texts());
    show(store, vec![event(0, 1), event(1, 2)]).await;
    let asked = query(texts.events);
    let rows_read = asked.rows_read.clone();
    let begun = start(store, asked).await;
    show(store, vec![event(2, 3)]).await;
    let mut found = ints(&rows(Ok(begun)).await.unwrap(), "user_id");
    found.sort_unstable();
    assert!(found == [1, 2] || found == [1, 2, 3], "{found:?}");
    assert_eq!(rows_read.get(), found.len() as u64);
    // The rows of several statements follow one another.
    let twice = Query {
        statements: vec![texts.events.to_owned(); 2],
        views: Vec::new(),
        ..query("")
    };
    let found = rows(Ok(start(store, twice).await)).await.unwrap();
    let found = ints(&found, "user_id");
    assert_eq!(found[..3], found[3..]);
}

/// They belong to this query and to no other.
pub async fn a_query_reads_the_rows_that_it_brings(subject: &mut dyn Subject) {
    let (store, texts) = (subject.store(), subject.texts());
    let numbers = |numbers: std::ops::Range<i64>| {
        let numbers = Int64Array::from_iter_values(numbers);
        RecordBatch::try_from_iter([("s0", std::sync::Arc::new(numbers) as _)]).unwrap()
    };
    let with = |batches| Query {
        rows: Some(Rows::new(batches)),
        ..query(texts.brought)
    };
    let many = start(store, with(vec![numbers(0..3000), numbers(3000..6000)])).await;
    let few = start(store, with(vec![numbers(7..8)])).await;
    let found = ints(&rows(Ok(few)).await.unwrap(), "s0");
    assert_eq!(found, [7]);
    let mut found = ints(&rows(Ok(many)).await.unwrap(), "s0");
    found.sort_unstable();
    assert_eq!(found, (0..6000).collect::<Vec<_>>());
}

/// With a text for its author.
pub async fn what_is_no_query_fails(subject: &mut dyn Subject) {
    let store = subject.store();
    for text in ["DELETE FROM events", "nonsense"] {
        let failed = rows(Ok(start(store, query(text)).await)).await;
        assert!(
            matches!(failed, Err(StoreError::Statement { .. })),
            "{text}: {failed:?}"
        );
    }
}

/// Also one that gives no rows.
pub async fn a_query_ends_at_its_time_limit(subject: &mut dyn Subject) {
    let (store, texts) = (subject.store(), subject.texts());
    let endless = Query {
        time_limit: Duration::from_millis(50),
        ..query(texts.endless)
    };
    let ended = rows(Ok(start(store, endless).await)).await;
    assert!(
        matches!(ended, Err(StoreError::TimedOut { .. })),
        "{ended:?}"
    );
}

/// Neither appends nor other reads. It finds what was visible when it began.
pub async fn a_reader_that_does_not_read_keeps_nothing_out(subject: &mut dyn Subject) {
    const ROWS_OF_A_BATCH: usize = 2048;
    let store = subject.store();
    let n_rows = (BATCHES_AHEAD + 4) * ROWS_OF_A_BATCH;
    let events: Vec<StoredEvent> = (0..).take(n_rows).map(|n| event(n, n)).collect();
    show(store, events).await;
    let mut idle = store.export(EventFilter::default()).unwrap();
    let first = idle.try_next().await.unwrap().unwrap();
    show(store, vec![event(-1, -1)]).await;
    assert_eq!(users(store).await.len(), n_rows + 1);
    let rest: Vec<RecordBatch> = idle.try_collect().await.unwrap();
    let found = [ints(&[first], "user_id"), ints(&rest, "user_id")].concat();
    assert_eq!(found, (0..).take(n_rows).collect::<Vec<_>>());
}

/// It occupies nothing from soon after that on.
pub async fn a_result_that_is_dropped_ends_its_read(subject: &mut dyn Subject) {
    let (store, texts) = (subject.store(), subject.texts());
    show(store, (0..5000).map(|n| event(n, n)).collect()).await;
    for _ in 0..5 {
        drop(start(store, query(texts.endless)).await);
        let mut export = store.export(EventFilter::default()).unwrap();
        export.try_next().await.unwrap().unwrap();
    }
    let found = rows(Ok(start(store, query(texts.events)).await)).await;
    assert_eq!(ints(&found.unwrap(), "user_id").len(), 5000);
    store.close();
}

/// What metrics need of any store.
pub async fn what_is_stored_is_counted(subject: &mut dyn Subject) {
    let store = subject.store();
    let reservation = store.reserve(hashes(0..3)).await.unwrap();
    let events = (0..3).map(|second| event(second, 1)).collect();
    let position = store.append(batch(events, reservation)).await.unwrap();
    store.wait_until_visible(position).await.unwrap();
    let stats = store.stats();
    assert_eq!((stats.rows_total, stats.rows_stored), (3, 3));
    assert_eq!((stats.commits, stats.failed_commits), (1, 0));
    assert_eq!((stats.queued_bytes, stats.refused_queue_full), (0, 0));
    assert_eq!(stats.dedup_window.events, 3);
    store.health().await.unwrap();
    subject.open_again();
    let stats = subject.store().stats();
    assert_eq!((stats.rows_total, stats.rows_stored), (3, 0));
    assert_eq!(stats.dedup_window.events, 3);
}

/// For good; closing again does nothing.
pub async fn a_closed_store_refuses_everything(subject: &mut dyn Subject) {
    let (store, texts) = (subject.store(), subject.texts());
    let position = show(store, vec![event(0, 1)]).await;
    let reservation = store.reserve(hashes(0..1)).await.unwrap();
    store.close();
    store.close();
    let refused = store.append(batch(vec![event(1, 1)], reservation)).await;
    assert!(matches!(refused, Err(StoreError::NotOpen)), "{refused:?}");
    let refused = store.health().await;
    assert!(matches!(refused, Err(StoreError::NotOpen)), "{refused:?}");
    let refused = store.export(EventFilter::default()).map(drop);
    assert!(matches!(refused, Err(StoreError::NotOpen)), "{refused:?}");
    let refused = store.query(query(texts.events)).map(drop);
    assert!(matches!(refused, Err(StoreError::NotOpen)), "{refused:?}");
    // What was refused was given back, and what was stored is still there.
    subject.open_again();
    let store = subject.store();
    let free = store.reserve(hashes(0..1)).await.unwrap();
    assert_eq!(free.duplicates(), [false]);
    store.wait_until_visible(position).await.unwrap();
    assert_eq!(users(store).await, [1]);
}
