//! Random histories against a reading of the rules in plain Rust.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use annoscope_catalogue::{CREATED, DELETED, KINDS, Kind, SEEN, Value};
use annoscope_events::{Event, Payload, StoredEvent, Timestamp};
use annoscope_store::{Rewrite, Scopes};
use annoscope_test_support::{NOW, event};
use proptest::prelude::*;

use super::*;
use crate::tests::{append, config};
use crate::{DuckDbStore, Person};

type Key = (String, i64, String);

/// The value, when it was told, and where.
type Latest = (i64, i64, String);

/// Facts by the rules, of events and their positions.
fn told<'a>(events: impl Iterator<Item = (u64, &'a StoredEvent)>) -> BTreeMap<Key, Latest> {
    let mut latest = BTreeMap::new();
    for (position, stored) in events {
        let event = &stored.event;
        let mut tell =
            |kind: &Kind, id: Option<i64>, field: &str, told: Option<String>, place: i64| {
                let (Some(id), Some(told)) = (id, told) else {
                    return;
                };
                let key = (kind.name.to_owned(), id, field.to_owned());
                let fact = (event.timestamp.millis(), place, told);
                let known = latest.entry(key).or_insert_with(|| fact.clone());
                *known = fact.max(known.clone());
            };
        for kind in KINDS {
            if let Some(seen) = &kind.seen {
                let id = number(event, seen.id);
                tell(kind, id, SEEN, Some(String::new()), -1);
                for (field, column) in seen.fields {
                    tell(kind, id, field, column_text(event, column), -1);
                }
            }
            let Some((action, resource)) = event.scope.split_once(':') else {
                continue;
            };
            if resource != kind.resource {
                continue;
            }
            let place = position.cast_signed();
            let id = match action {
                "update" => kind.updated_id.and_then(|column| number(event, column)),
                _ => number(event, kind.id),
            };
            if action == "delete" {
                tell(kind, id, DELETED, Some(String::new()), place);
                continue;
            }
            if action == "create" {
                tell(kind, id, CREATED, Some(String::new()), place);
                for told in kind.created {
                    tell(kind, id, told.field, value(event, told.value), place);
                }
            }
            for (property, told) in kind.updated {
                if action == "update" && event.obj_name.as_deref() == Some(property) {
                    tell(kind, id, told.field, value(event, told.value), place);
                }
            }
            for column in kind.places {
                tell(kind, id, column, column_text(event, column), place);
            }
        }
    }
    latest
}

fn number(event: &Event, column: &str) -> Option<i64> {
    match column {
        "obj_id" => event.obj_id,
        "project_id" => event.project_id,
        "task_id" => event.task_id,
        "job_id" => event.job_id,
        "user_id" => event.user_id,
        "org_id" => event.org_id,
        _ => panic!("{column}"),
    }
}

fn column_text(event: &Event, column: &str) -> Option<String> {
    match column {
        "obj_name" => event.obj_name.clone(),
        "obj_val" => event.obj_val.clone(),
        "user_name" => event.user_name.clone(),
        "user_email" => event.user_email.clone(),
        "org_slug" => event.org_slug.clone(),
        _ => number(event, column).map(|id| id.to_string()),
    }
}

fn value(event: &Event, value: Value) -> Option<String> {
    let payload = || -> Option<serde_json::Value> {
        serde_json::from_str(event.payload.as_ref()?.as_str()).ok()
    };
    let integer = |value: &serde_json::Value| Some(value.as_i64().filter(|&n| n >= 0)?.to_string());
    match value {
        Value::Text(column) => column_text(event, column),
        Value::ObjIdOrNone => Some(event.obj_id.map_or_else(String::new, |id| id.to_string())),
        Value::PayloadText(key) => payload()?.get(key)?.as_str().map(str::to_owned),
        Value::PayloadInteger(key) => integer(payload()?.get(key)?),
        Value::PayloadId(key) => integer(payload()?.get(key)?.get("id")?),
    }
}

/// What a query reads.
fn read(store: &DuckDbStore) -> BTreeMap<Key, (i64, String)> {
    let connection = store.database.connection(Purpose::Query).unwrap();
    prepare(&connection).unwrap();
    connection
        .execute_batch("BEGIN TRANSACTION READ ONLY")
        .unwrap();
    begin(&connection).unwrap();
    let sql = format!("SELECT kind, id, field, value, epoch_ms(timestamp) FROM {CATALOGUE}");
    let mut statement = connection.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| {
        let key = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok((key, (row.get(4)?, row.get(3)?)))
    });
    let rows: Vec<(Key, (i64, String))> = rows.unwrap().collect::<Result<_, _>>().unwrap();
    let n_rows = rows.len();
    let read: BTreeMap<_, _> = rows.into_iter().collect();
    assert_eq!(read.len(), n_rows, "a field has one value");
    read
}

fn with_applier<T>(store: &DuckDbStore, work: impl FnOnce(&mut Applier) -> T) -> T {
    let mut applier = store.applier.lock().unwrap_or_else(PoisonError::into_inner);
    work(&mut applier)
}

/// A store that adds facts of few rows at once.
fn open(dir: &std::path::Path) -> DuckDbStore {
    let store = DuckDbStore::open(&config(dir)).unwrap();
    with_applier(&store, |applier| applier.keeping.added_at_once = 5);
    store
}

#[derive(Clone, Debug)]
enum Action {
    Append(Vec<StoredEvent>),
    Restart,
    Rebuild,
    RemoveOlder,
    /// Of this scope what is older.
    Delete(&'static str, i64),
    Erase(i64),
}

const SCOPES: [&str; 16] = [
    "create:user",
    "delete:user",
    "update:user",
    "create:organization",
    "update:organization",
    "create:project",
    "update:project",
    "delete:project",
    "create:task",
    "update:task",
    "create:job",
    "update:job",
    "delete:job",
    "create:label",
    "create:cloudstorage",
    "draw:object",
];

const PAYLOADS: [&str; 6] = [
    r#"{"type": "annotation", "frame_count": 20, "stage": "annotation", "assignee": {"id": 3}}"#,
    r#"{"frame_count": "20", "stage": 5, "state": "new", "assignee": null, "owner": {"id": -1}}"#,
    r#"{"frame_count": 2.5, "start_frame": 9223372036854775808, "assignee": {"id": "7"}, "email": "b@x"}"#,
    r#"{"stop_frame": 0, "color": "\u00e9", "provider_type": "", "owner": {"id": 1}}"#,
    "[1]",
    "{}",
];

fn events() -> impl Strategy<Value = StoredEvent> {
    let id = || prop::option::of(1..4_i64);
    let text = || prop::option::of(prop::sample::select(vec!["", "anna", "berta", "ann a"]));
    let property = prop::sample::select(vec![
        "name", "slug", "state", "stage", "assignee", "owner", "other",
    ]);
    let things = (id(), id(), id(), id(), id(), id());
    let texts = (property, text(), text(), text(), text());
    let what = (
        prop::sample::select(&SCOPES[..]),
        prop::sample::select(&PAYLOADS[..]),
        0..6_i64,
    );
    (things, texts, what).prop_map(|(things, texts, (scope, payload, second))| {
        let (obj_id, project_id, task_id, job_id, user_id, org_id) = things;
        let (property, obj_val, user_name, user_email, org_slug) = texts;
        let stored = event(second, 1);
        StoredEvent {
            event: Event {
                scope: scope.to_owned(),
                obj_name: Some(property.to_owned()),
                obj_val: obj_val.map(str::to_owned),
                user_name: user_name.map(str::to_owned),
                user_email: user_email.map(str::to_owned),
                org_slug: org_slug.map(str::to_owned),
                payload: Some(Payload::parse(payload).unwrap()),
                obj_id,
                project_id,
                task_id,
                job_id,
                user_id,
                org_id,
                ..stored.event
            },
            ..stored
        }
    })
}

fn actions() -> impl Strategy<Value = Action> {
    prop_oneof![
        8 => prop::collection::vec(events(), 1..12).prop_map(Action::Append),
        2 => Just(Action::Restart),
        1 => Just(Action::Rebuild),
        1 => Just(Action::RemoveOlder),
        1 => (prop::sample::select(&SCOPES[..]), 0..7_i64).prop_map(|(scope, second)| Action::Delete(scope, second)),
        1 => (1..4_i64).prop_map(Action::Erase),
    ]
}

/// As `erase.rs` changes rows; of names in other texts there are none here but values.
fn erase(stored: &mut StoredEvent, person: &Person) {
    let event = &mut stored.event;
    let is_named = |text: &Option<String>| {
        text.as_ref()
            .is_some_and(|text| person.names.contains(text))
    };
    if event.user_id == Some(person.user_id)
        || is_named(&event.user_name)
        || is_named(&event.user_email)
    {
        event.user_name = Some(person.pseudonym());
        event.user_email = None;
    }
    event.obj_val = event.obj_val.take().map(|text| person.out_of(&text));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_what_all_rows_tell(history in prop::collection::vec(actions(), 1..12)) {
        let dir = tempfile::tempdir().unwrap();
        let mut store = open(dir.path());
        let mut model: Vec<(u64, StoredEvent)> = Vec::new();
        let mut n_events = 0;
        for action in history {
            match action {
                Action::Append(events) => {
                    append(&store, &events).unwrap();
                    for event in events {
                        model.push((n_events, event));
                        n_events += 1;
                    }
                }
                Action::Restart => {
                    drop(store);
                    store = open(dir.path());
                }
                Action::Rebuild => {
                    with_applier(&store, Applier::rebuild_catalogue).unwrap();
                }
                Action::RemoveOlder => {
                    let connection = store.database.connection(Purpose::Maintenance).unwrap();
                    let until = kept(&connection).unwrap().until;
                    in_transaction(&connection, || remove_older(&connection, until)).unwrap();
                }
                Action::Delete(scope, second) => {
                    let until = Timestamp::from_millis(NOW.millis() + second * 1000);
                    let rewrite = Rewrite::Delete {
                        scopes: Scopes::Named(vec![scope.to_owned()]),
                        from_us: 0,
                        until_us: until.micros(),
                    };
                    with_applier(&store, |applier| applier.rewrite(&rewrite)).unwrap();
                    model.retain(|(_, stored)| stored.event.scope != scope || stored.event.timestamp >= until);
                }
                Action::Erase(user_id) => {
                    let person = Person { user_id, names: vec!["anna".to_owned()], common_names: Vec::new() };
                    store.erase(&person).unwrap();
                    for (_, stored) in &mut model {
                        erase(stored, &person);
                    }
                }
            }
            let expected = told(model.iter().map(|(position, stored)| (*position, stored)));
            let expected: BTreeMap<_, _> = expected
                .into_iter()
                .map(|(key, (at, _, value))| (key, (at, value)))
                .collect();
            prop_assert_eq!(read(&store), expected);
        }
    }
}
