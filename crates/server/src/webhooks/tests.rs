use serde_json::{Value, json};

use super::*;
use annoscope_webhooks::Tool;

const NOW: i64 = 1_796_000_000_000;

fn opened() -> (tempfile::TempDir, Webhooks, Source) {
    let dir = tempfile::tempdir().unwrap();
    let webhooks = Webhooks::open(dir.path()).unwrap();
    webhooks
        .add("cats", Tool::Cvat, Timestamp::from_millis(NOW))
        .unwrap();
    let source = webhooks.source("cats").unwrap();
    (dir, webhooks, source)
}

fn task(id: i64, status: &str, second: i64) -> Value {
    let updated = Timestamp::from_millis(1_795_000_000_000 + 1_000 * second).to_string();
    json!({
        "event": "update:task", "webhook_id": 1, "sender": {"id": 2, "username": "ann"},
        "task": {"id": id, "status": status, "updated_date": updated},
    })
}

fn receive(webhooks: &Webhooks, source: &Source, body: &Value) -> Result<Receipt, WebhookError> {
    let delivery = Delivery::read(source.tool, body.to_string().as_bytes()).unwrap();
    webhooks.receive(source, &delivery, Timestamp::from_millis(NOW))
}

fn waiting(webhooks: &Webhooks) -> Vec<Value> {
    let first = webhooks.read(|c| outbox::first(c, 1_000_000)).unwrap();
    first.map_or_else(Vec::new, |(_, text)| serde_json::from_str(&text).unwrap())
}

#[test]
fn what_is_known_survives_an_opening() {
    let (dir, webhooks, source) = opened();
    receive(&webhooks, &source, &task(1, "annotation", 0)).unwrap();
    drop(webhooks);
    let webhooks = Webhooks::open(dir.path()).unwrap();
    assert_eq!(waiting(&webhooks).len(), 1);
    receive(&webhooks, &source, &task(1, "completed", 1)).unwrap();
    let event = waiting(&webhooks).pop().unwrap();
    assert_eq!(
        (&event["obj_name"], &event["obj_val"]),
        (&json!("status"), &json!("completed"))
    );
}

#[test]
fn a_failure_between_events_and_states_keeps_neither() {
    let (_dir, webhooks, source) = opened();
    // The table of states takes nothing: the last step of the transaction fails.
    webhooks
        .lock()
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON states BEGIN SELECT raise(ABORT, 'full'); END",
        )
        .unwrap();
    assert!(receive(&webhooks, &source, &task(1, "annotation", 0)).is_err());
    assert_eq!(waiting(&webhooks), Vec::<Value>::new());
}

#[test]
fn what_was_heard_of_longest_ago_is_forgotten_first() {
    let (_dir, webhooks, source) = opened();
    // As many as may be, but for two.
    webhooks
        .lock()
        .execute_batch(&format!(
            "WITH RECURSIVE ids (id) AS (SELECT 10 UNION ALL SELECT id + 1 FROM ids LIMIT {n})
             INSERT INTO states (source_id, kind, id, state, is_deleted, is_created)
                SELECT 1, 'task', id, '{{}}', 0, 1 FROM ids;
             UPDATE sources SET n_states = {n}",
            n = states::MAX_STATES - 2,
        ))
        .unwrap();
    for id in [1, 2, 3] {
        receive(&webhooks, &source, &task(id, "annotation", 0)).unwrap();
    }
    let state = |id: &str| {
        let key = annoscope_webhooks::ResourceKey {
            kind: "task",
            id: id.to_owned(),
        };
        webhooks.read(|c| states::get(c, source.id, &key)).unwrap()
    };
    assert!(state("10").is_none());
    assert!(state("11").is_some() && state("1").is_some() && state("3").is_some());
    let n_states: i64 = webhooks
        .lock()
        .query_row("SELECT count(*) FROM states", [], |row| row.get(0))
        .unwrap();
    assert_eq!(n_states, states::MAX_STATES);
}

#[test]
fn names_are_fit_for_addresses_and_belong_to_one() {
    let (_dir, webhooks, _) = opened();
    let now = Timestamp::from_millis(NOW);
    for name in ["", "a/b", "ä", "a b", "123456789012345678901234567890123"] {
        let refused = webhooks.add(name, Tool::Cvat, now).unwrap_err();
        assert_eq!(
            refused.to_string(),
            RefusedSource::Name.to_string(),
            "{name}"
        );
    }
    let taken = webhooks.add("cats", Tool::LabelStudio, now).unwrap_err();
    assert_eq!(taken.to_string(), "there is a webhook \"cats\" already");
    webhooks.remove("cats").unwrap();
    assert!(matches!(
        webhooks.source("cats"),
        Err(WebhookError::Unknown { .. })
    ));
    assert!(matches!(
        webhooks.remove("cats"),
        Err(WebhookError::Unknown { .. })
    ));
}
