//! The contract of a database behind a journal, as tests that run on any.
//!
//! Each function takes an empty database. [`backend_contract_tests!`](crate::backend_contract_tests) makes a
//! test of each. What queries and exports promise is in [`contract`](crate::contract): it holds with a journal
//! in front.

use annoscope_events::{EXPORT_COLUMNS, StoredEvent};
use annoscope_store::{
    Backend, Entry, EventFilter, Position, RecordBatches, Rewrite, Scopes, StoreError,
    positioned_schema,
};
use arrow::array::RecordBatch;

use crate::contract::{Texts, ints, query};
use crate::{NOW, event, record};

/// A kind of database that is held to the contract.
pub trait BackendSubject {
    /// The database that is open now.
    fn backend(&self) -> &dyn Backend;

    /// Opens the database again, on the data that is there.
    fn open_again(&mut self);

    /// Its SQL.
    fn texts(&self) -> Texts;
}

/// A test for each function of the contract, on what `$open` gives: a [`BackendSubject`] with an empty
/// database. `$is_there` says whether there is one to be had, where that is not certain.
#[macro_export]
macro_rules! backend_contract_tests {
    ($open:path) => {
        $crate::backend_contract_tests!($open, $crate::backend_contract::always);
    };
    ($open:path, $is_there:path) => {
        $crate::backend_contract_tests! {
            $open, $is_there;
            what_was_applied_is_visible,
            what_was_applied_is_there_after_a_restart,
            a_position_may_go_on_without_rows,
            entries_that_do_not_follow_change_nothing,
            an_entry_may_be_stored_in_parts,
            of_an_entry_in_parts_the_rest_can_be_passed_over,
            a_group_with_an_entry_that_cannot_be_read_is_rejected_whole,
            an_entry_of_a_newer_version_may_pass_later,
            events_of_one_time_are_exported_in_the_order_of_their_positions,
            a_large_group_arrives_whole,
            rows_are_found_by_their_positions,
            what_is_removed_leaves_positions_as_they_are,
            of_old_resource_events_the_newest_stay,
            what_is_moved_is_as_it_was,
            the_last_times_are_in_the_order_of_positions,
            a_query_sees_what_was_applied_before_it_began,
            a_closed_database_refuses_everything,
        }
    };
    ($open:path, $is_there:path; $($name:ident,)*) => {
        $(
            #[test]
            fn $name() {
                if $is_there() {
                    $crate::backend_contract::$name(&mut $open());
                }
            }
        )*
    };
}

/// For what is compiled in.
pub fn always() -> bool {
    true
}

/// What a journal holds from `from` on.
pub fn entry(from: u64, events: &[StoredEvent]) -> Entry {
    Entry {
        from: Position(from),
        record: record(events).encode().into(),
    }
}

/// An entry that no version can read.
fn unreadable(from: u64) -> Entry {
    Entry {
        from: Position(from),
        record: vec![0; 20].into(),
    }
}

/// Events of these users, one second after the other.
fn of_users(users: impl IntoIterator<Item = i64>) -> Vec<StoredEvent> {
    let users = users.into_iter().zip(0..);
    users.map(|(user, second)| event(second, user)).collect()
}

fn rows(mut batches: RecordBatches) -> Result<Vec<RecordBatch>, StoreError> {
    std::iter::from_fn(|| batches.blocking_next()).collect()
}

/// The users of all events, in the order of an export.
fn users(backend: &dyn Backend) -> Vec<i64> {
    let export = backend.export(EventFilter::default()).unwrap();
    ints(&rows(export).unwrap(), "user_id")
}

fn apply(backend: &dyn Backend, from: u64, events: &[StoredEvent]) -> u64 {
    let until = from + events.len() as u64;
    let entries = vec![entry(from, events)];
    backend.apply(entries, Position(until)).unwrap();
    until
}

/// Whole, with the positions that they have, whatever their times and users are.
pub fn rows_are_found_by_their_positions(subject: &mut dyn BackendSubject) {
    let backend = subject.backend();
    let users: Vec<i64> = (0..50).rev().collect();
    let n_first = 30;
    let (first, last) = users.split_at(n_first as usize);
    apply(backend, 0, &of_users(first.iter().copied()));
    // A position without a row.
    apply(backend, n_first, &of_users([]));
    backend.apply(Vec::new(), Position(n_first + 1)).unwrap();
    let until = apply(backend, n_first + 1, &of_users(last.iter().copied()));
    let expected: Vec<(i64, i64)> = (0_i64..51)
        .filter(|position| *position != 30)
        .zip(users)
        .collect();
    for within in [0..until, 5..12, 29..33, 30..31, 40..99, 9..9] {
        let found = backend.rows_at(Position(within.start)..Position(within.end));
        let found = rows(found.unwrap()).unwrap();
        let positions = ints(&found, "position").into_iter();
        let found: Vec<(i64, i64)> = positions.zip(ints(&found, "user_id")).collect();
        let mut expected = expected.clone();
        expected.retain(|(position, _)| within.contains(&position.cast_unsigned()));
        assert_eq!(found, expected, "{within:?}");
    }
    let found = backend.rows_at(Position(0)..Position(1)).unwrap();
    for batch in rows(found).unwrap() {
        let (found, expected) = (batch.schema(), positioned_schema());
        let fields = found.fields().iter().zip(expected.fields());
        for (found, expected) in fields {
            assert_eq!(found.name(), expected.name());
            // What the items of a list are called is a database's own.
            assert!(
                found.data_type().equals_datatype(expected.data_type()),
                "{found:?}"
            );
        }
        assert_eq!(found.fields().len(), expected.fields().len());
    }
}

/// Positions and users of all rows.
fn placed_users(backend: &dyn Backend) -> Vec<(i64, i64)> {
    let found = backend.rows_at(Position(0)..Position(1 << 40)).unwrap();
    let found = rows(found).unwrap();
    let positions = ints(&found, "position").into_iter();
    positions.zip(ints(&found, "user_id")).collect()
}

fn of_scope(scope: &str, second: i64, user: i64) -> StoredEvent {
    let mut stored = event(second, user);
    scope.clone_into(&mut stored.event.scope);
    stored
}

/// Of scopes and within a time; what comes later follows, also after a restart.
pub fn what_is_removed_leaves_positions_as_they_are(subject: &mut dyn BackendSubject) {
    let backend = subject.backend();
    let scopes = ["a:b", "c:d", "a:b", "e:f", "a:b"];
    let events = scopes.into_iter().zip(0..);
    let events: Vec<_> = events
        .map(|(scope, second)| of_scope(scope, second, second))
        .collect();
    let until = apply(backend, 0, &events);
    let at = |second: i64| event(second, 0).event.timestamp.micros();
    let delete = |scopes: Scopes, from: i64, until: i64| {
        let rewrite = Rewrite::Delete {
            scopes,
            from_us: at(from),
            until_us: at(until),
        };
        subject.backend().rewrite(&rewrite).unwrap().n_rows
    };
    let named = || Scopes::Named(vec!["a:b".to_owned()]);
    assert_eq!(delete(named(), 1, 4), 1);
    assert_eq!(delete(named(), 1, 4), 0);
    assert_eq!(delete(Scopes::AllBut(vec!["a:b".to_owned()]), 0, 3), 1);
    assert_eq!(placed_users(backend), [(0, 0), (3, 3), (4, 4)]);
    assert_eq!(backend.applied().unwrap(), Position(until));
    assert_eq!(backend.stats().rows_total, 3);
    subject.open_again();
    let backend = subject.backend();
    assert_eq!(backend.applied().unwrap(), Position(until));
    apply(backend, until, &of_users([9]));
    assert_eq!(placed_users(backend), [(0, 0), (3, 3), (4, 4), (5, 9)]);
}

/// So that names and states are those of before.
pub fn of_old_resource_events_the_newest_stay(subject: &mut dyn BackendSubject) {
    let backend = subject.backend();
    let named = |scope: &str, second: i64, task: i64, property: Option<&str>| {
        let mut stored = of_scope(scope, second, second);
        stored.event.task_id = Some(task);
        stored.event.obj_id = None;
        stored.event.obj_name = property.map(str::to_owned);
        stored
    };
    let events = [
        named("create:task", 0, 1, Some("first")),
        named("update:task", 1, 1, Some("name")),
        named("update:task", 2, 1, Some("name")),
        named("update:task", 3, 1, Some("status")),
        named("update:task", 4, 2, Some("name")),
        named("create:shapes", 5, 2, Some("shapes")),
        named("create:shapes", 6, 2, Some("shapes")),
        named("create:task", 7, 1, Some("first")),
        named("click:element", 8, 1, Some("x")),
        named("update:task", 20, 1, Some("name")),
        named("update:task", 21, 1, Some("name")),
    ];
    apply(backend, 0, &events);
    let rewrite = Rewrite::KeepNewest {
        scopes: Scopes::AllBut(vec!["click:element".to_owned()]),
        until_us: event(10, 0).event.timestamp.micros(),
    };
    assert_eq!(backend.rewrite(&rewrite).unwrap().n_rows, 2);
    let positions: Vec<i64> = placed_users(backend).iter().map(|(at, _)| *at).collect();
    assert_eq!(positions, [0, 2, 3, 4, 6, 7, 8, 9, 10]);
    assert_eq!(backend.rewrite(&rewrite).unwrap().n_rows, 0);
}

/// The same rows at the same positions, and an export in the same order.
pub fn what_is_moved_is_as_it_was(subject: &mut dyn BackendSubject) {
    let backend = subject.backend();
    let until = apply(backend, 0, &of_users((0..3_000).rev()));
    let before = (placed_users(backend), users(backend));
    let mut from = Some(Position(0));
    while let Some(position) = from {
        from = backend
            .rewrite(&Rewrite::Compact { from: position })
            .unwrap()
            .next;
    }
    assert_eq!((placed_users(backend), users(backend)), before);
    subject.open_again();
    let backend = subject.backend();
    assert_eq!((placed_users(backend), users(backend)), before);
    assert_eq!(backend.applied().unwrap(), Position(until));
}

/// As soon as it is applied, and counted.
pub fn what_was_applied_is_visible(subject: &mut dyn BackendSubject) {
    let backend = subject.backend();
    assert_eq!(backend.applied().unwrap(), Position(0));
    assert_eq!(backend.stats().rows_total, 0);
    backend.health().unwrap();
    let entries = vec![
        entry(0, &of_users([1, 2])),
        entry(2, &of_users([])),
        entry(3, &of_users([3])),
    ];
    backend.apply(entries, Position(4)).unwrap();
    assert_eq!(backend.applied().unwrap(), Position(4));
    assert_eq!(users(backend), [1, 3, 2]);
    assert_eq!(backend.stats().rows_total, 3);
    backend.health().unwrap();
}

/// And the next entries follow.
pub fn what_was_applied_is_there_after_a_restart(subject: &mut dyn BackendSubject) {
    let mut position = apply(subject.backend(), 0, &of_users([1, 2]));
    for user in 3..6 {
        subject.open_again();
        let backend = subject.backend();
        assert_eq!(backend.applied().unwrap(), Position(position));
        assert_eq!(backend.stats().rows_total, position);
        let second = user;
        position = apply(backend, position, &[event(second, user)]);
    }
    assert_eq!(users(subject.backend()), [1, 2, 3, 4, 5]);
}

/// Where a batch has none, or could not be stored.
pub fn a_position_may_go_on_without_rows(subject: &mut dyn BackendSubject) {
    let backend = subject.backend();
    backend.apply(Vec::new(), Position(0)).unwrap();
    backend.apply(Vec::new(), Position(7)).unwrap();
    assert_eq!(backend.applied().unwrap(), Position(7));
    let empty = vec![entry(7, &[])];
    backend.apply(empty, Position(8)).unwrap();
    assert_eq!(apply(backend, 8, &of_users([1])), 9);
    subject.open_again();
    let backend = subject.backend();
    assert_eq!(backend.applied().unwrap(), Position(9));
    assert_eq!(backend.stats().rows_total, 1);
    assert_eq!(users(backend), [1]);
}

/// Too early, or back: exactly once, whatever an answer said. What is sent again is there already.
pub fn entries_that_do_not_follow_change_nothing(subject: &mut dyn BackendSubject) {
    let backend = subject.backend();
    apply(backend, 0, &of_users([1, 2]));
    for (from, until) in [(3, 5), (0, 1), (2, 1)] {
        let entries = vec![entry(from, &of_users([9, 9]))];
        let refused = backend.apply(entries, Position(until));
        let is_refused = refused.is_err() && !matches!(refused, Err(StoreError::Rejected(_)));
        assert!(is_refused, "from {from}: {refused:?}");
        assert_eq!(backend.applied().unwrap(), Position(2));
    }
    backend.apply(Vec::new(), Position(1)).unwrap_err();
    let again = vec![entry(0, &of_users([1, 2]))];
    backend.apply(again, Position(2)).unwrap();
    assert_eq!(apply(backend, 2, &of_users([3])), 3);
    assert_eq!(users(backend), [1, 3, 2]);
}

/// Cut anywhere, also across other entries and a restart: each row once and in its place.
pub fn an_entry_may_be_stored_in_parts(subject: &mut dyn BackendSubject) {
    let entries = [
        entry(0, &of_users([1, 2, 3])),
        entry(3, &[]),
        entry(4, &of_users([4, 5, 6])),
        entry(7, &of_users([7])),
    ];
    let calls: [(&[Entry], u64, &[i64]); 5] = [
        (&entries[..1], 2, &[1, 2]),
        (&entries[..3], 5, &[1, 4, 2, 3]),
        (&entries[2..3], 5, &[1, 4, 2, 3]),
        (&entries[..3], 6, &[1, 4, 2, 5, 3]),
        (&entries[2..], 8, &[1, 4, 7, 2, 5, 3, 6]),
    ];
    for (entries, until, expected) in calls {
        let backend = subject.backend();
        backend.apply(entries.to_vec(), Position(until)).unwrap();
        assert_eq!(users(backend), expected, "until {until}");
        subject.open_again();
        let backend = subject.backend();
        assert_eq!(backend.applied().unwrap(), Position(until));
        assert_eq!(users(backend), expected, "until {until}");
        assert_eq!(backend.stats().rows_total, expected.len() as u64);
    }
    let backend = subject.backend();
    assert_eq!(backend.recent_times(10).unwrap().len(), 7);
}

/// What is behind the part that is stored could not be.
pub fn of_an_entry_in_parts_the_rest_can_be_passed_over(subject: &mut dyn BackendSubject) {
    let backend = subject.backend();
    let entries = vec![entry(0, &of_users([1, 2, 3]))];
    backend.apply(entries, Position(2)).unwrap();
    backend.apply(Vec::new(), Position(3)).unwrap();
    assert_eq!(apply(backend, 3, &of_users([4])), 4);
    assert_eq!(users(backend), [1, 4, 2]);
}

/// What is around it can be stored without it.
pub fn a_group_with_an_entry_that_cannot_be_read_is_rejected_whole(
    subject: &mut dyn BackendSubject,
) {
    let backend = subject.backend();
    let (good, last) = (entry(0, &of_users([1])), entry(3, &of_users([2])));
    let entries = vec![good.clone(), unreadable(1), last.clone()];
    let rejected = backend.apply(entries, Position(4));
    assert!(
        matches!(rejected, Err(StoreError::Rejected(_))),
        "{rejected:?}"
    );
    assert_eq!(backend.applied().unwrap(), Position(0));
    assert!(users(backend).is_empty());
    backend.apply(vec![good], Position(1)).unwrap();
    let rejected = backend.apply(vec![unreadable(1)], Position(3));
    assert!(
        matches!(rejected, Err(StoreError::Rejected(_))),
        "{rejected:?}"
    );
    backend.apply(Vec::new(), Position(3)).unwrap();
    backend.apply(vec![last], Position(4)).unwrap();
    assert_eq!(users(backend), [1, 2]);
}

/// It is no dead letter: the annoscope that wrote it can store it.
pub fn an_entry_of_a_newer_version_may_pass_later(subject: &mut dyn BackendSubject) {
    let backend = subject.backend();
    let mut newer = record(&of_users([1])).encode();
    newer[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    let newer = Entry {
        from: Position(0),
        record: newer.into(),
    };
    let refused = backend.apply(vec![newer], Position(1));
    let is_refused = refused.is_err() && !matches!(refused, Err(StoreError::Rejected(_)));
    assert!(is_refused, "{refused:?}");
    assert_eq!(backend.applied().unwrap(), Position(0));
}

/// Within a batch, a group, and from group to group.
pub fn events_of_one_time_are_exported_in_the_order_of_their_positions(
    subject: &mut dyn BackendSubject,
) {
    let at = |users: [i64; 3]| users.map(|user| event(0, user)).to_vec();
    let backend = subject.backend();
    let entries = vec![entry(0, &at([9, 1, 5])), entry(3, &at([8, 2, 8]))];
    backend.apply(entries, Position(6)).unwrap();
    let mut later = at([7, 3, 4]);
    later.push(event(-1, 6));
    apply(backend, 6, &later);
    assert_eq!(users(backend), [6, 9, 1, 5, 8, 2, 8, 7, 3, 4]);
    let export = rows(backend.export(EventFilter::default()).unwrap()).unwrap();
    let names = export[0].schema();
    let names = names.fields().iter().map(|field| field.name().as_str());
    assert_eq!(names.collect::<Vec<_>>(), EXPORT_COLUMNS);
}

/// Of batches of many sizes.
pub fn a_large_group_arrives_whole(subject: &mut dyn BackendSubject) {
    let backend = subject.backend();
    let (mut entries, mut n_events) = (Vec::new(), 0);
    for n in [1, 3000, 0, 2048, 7, 25_000, 100] {
        let events: Vec<_> = (n_events..n_events + n).map(|n| event(n, n)).collect();
        entries.push(entry(n_events.cast_unsigned(), &events));
        n_events += n;
    }
    let until = Position(n_events.cast_unsigned());
    backend.apply(entries, until).unwrap();
    assert_eq!(users(backend), (0..n_events).collect::<Vec<_>>());
}

/// As the change log of a store needs them at its opening.
pub fn the_last_times_are_in_the_order_of_positions(subject: &mut dyn BackendSubject) {
    let time_us = |second: i64| (NOW.millis() + second * 1000 + 123) * 1000;
    let backend = subject.backend();
    assert!(backend.recent_times(5).unwrap().is_empty());
    let seconds = [30, -10, 20, 20, 5].map(|second| event(second, second));
    apply(backend, 0, &seconds);
    apply(backend, 5, &[event(1, 1)]);
    assert_eq!(
        backend.recent_times(4).unwrap(),
        [20, 20, 5, 1].map(time_us)
    );
    assert_eq!(backend.recent_times(100).unwrap().len(), 6);
    subject.open_again();
    let found = subject.backend().recent_times(2).unwrap();
    assert_eq!(found, [5, 1].map(time_us));
}

/// Of entries that are applied at the same time it sees all or nothing.
pub fn a_query_sees_what_was_applied_before_it_began(subject: &mut dyn BackendSubject) {
    const N_ROUNDS: u64 = 20;
    let (backend, texts) = (subject.backend(), subject.texts());
    apply(backend, 0, &of_users([1, 1]));
    std::thread::scope(|scope| {
        let applying = scope.spawn(|| {
            for round in 1..N_ROUNDS {
                apply(backend, 2 * round, &of_users([1, 1]));
            }
        });
        loop {
            let is_over = applying.is_finished();
            let n_applied = backend.applied().unwrap().0;
            let found = match backend.query(query(texts.events)) {
                // A query that just ended may still occupy the database for a moment.
                Err(StoreError::Busy { .. }) => continue,
                begun => rows(begun.unwrap()).unwrap(),
            };
            let n_found = ints(&found, "user_id").len() as u64;
            assert!(
                n_found >= n_applied && n_found.is_multiple_of(2),
                "{n_found}"
            );
            if is_over {
                assert_eq!(n_found, 2 * N_ROUNDS);
                break;
            }
        }
    });
}

/// For good; closing again does nothing.
pub fn a_closed_database_refuses_everything(subject: &mut dyn BackendSubject) {
    let (backend, texts) = (subject.backend(), subject.texts());
    apply(backend, 0, &of_users([1]));
    backend.close();
    backend.close();
    let refused = [
        backend.apply(vec![entry(1, &of_users([2]))], Position(2)),
        backend.health(),
        backend.export(EventFilter::default()).map(drop),
        backend.query(query(texts.events)).map(drop),
    ];
    for refused in refused {
        assert!(matches!(refused, Err(StoreError::NotOpen)), "{refused:?}");
    }
    subject.open_again();
    let backend = subject.backend();
    assert_eq!(backend.applied().unwrap(), Position(1));
    assert_eq!(users(backend), [1]);
}
