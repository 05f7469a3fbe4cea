mod changes;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::*;
use crate::scope::{SCOPES, ScopeSender, WORKING_TIME_SCOPE};
use crate::server_event::{ClientHours, parse_server_body, server_event_json};

const REQUEST: Uuid = Uuid::from_u128(0x0123_4567_89ab_4def_8123_4567_89ab_cdef);
const REQUEST_TEXT: &str = "01234567-89ab-4def-8123-456789abcdef";
const AT: Timestamp = Timestamp::from_millis(1_719_835_200_123);

fn cause() -> Cause {
    Cause {
        request_id: Some(REQUEST),
        user: Some(UserRef {
            id: 9,
            name: "lena".to_owned(),
            email: String::new(),
        }),
        access_token_id: Some(4),
        remote_addr: Some("10.0.0.1".to_owned()),
        user_agent: None,
    }
}

fn org() -> Organization {
    Organization {
        id: 2,
        slug: "acme".to_owned(),
    }
}

fn of_job(kind: ResourceKind, state: Value) -> Resource {
    Resource {
        kind,
        id: Some(30),
        place: Place {
            org: Some(org()),
            project_id: Some(10),
            task_id: Some(20),
            job_id: None,
        },
        state,
    }
}

/// The payload's members without the request, which every event has.
fn members(stored: &StoredEvent) -> Value {
    let payload = stored.event.payload.as_ref().unwrap();
    let mut members: Value = serde_json::from_str(payload.as_str()).unwrap();
    let request = members.as_object_mut().unwrap().remove("request");
    assert_eq!(request.unwrap()["id"], REQUEST_TEXT, "{stored:?}");
    members
}

fn occasion(cause: &Cause) -> Occasion<'_> {
    Occasion { cause, at: AT }
}

#[test]
fn annotations_are_counted_by_type() {
    let data = json!({
        "tags": [{ "id": 1, "label_id": 5 }],
        "shapes": [
            { "id": 2, "type": "rectangle", "points": [1, 2] },
            { "id": 3, "type": "mask" },
            { "id": 4, "type": "rectangle" },
            { "id": 5 },
        ],
        "tracks": [
            { "id": 6, "shapes": [{ "id": 7, "type": "polygon" }, { "id": 8, "type": "polygon" }] },
            { "id": 9, "shapes": [], "visible_shapes_count_diff": -2 },
        ],
    });
    let cause = cause();
    let place = Place {
        job_id: Some(30),
        ..Place::default()
    };
    let occasion = occasion(&cause);
    let row = |stored: &StoredEvent| {
        let event = &stored.event;
        assert_eq!(event.job_id, Some(30));
        let name = event.obj_name.clone().unwrap_or_default();
        (
            event.scope.clone(),
            name,
            event.count.unwrap(),
            members(stored),
        )
    };
    let rows = |events: &[StoredEvent]| events.iter().map(row).collect::<Vec<_>>();
    let expected = |action: &str| {
        [
            ("tags", "", 1, json!({ "tags": [{ "id": 1 }] })),
            (
                "shapes",
                "rectangle",
                2,
                json!({ "shapes": [{ "id": 2 }, { "id": 4 }] }),
            ),
            ("shapes", "mask", 1, json!({ "shapes": [{ "id": 3 }] })),
            ("shapes", "", 1, json!({ "shapes": [{ "id": 5 }] })),
            (
                "tracks",
                "polygon",
                1,
                json!({ "tracks": [{ "id": 6, "shapes": [{ "id": 7 }, { "id": 8 }] }] }),
            ),
            (
                "tracks",
                "",
                1,
                json!({ "tracks": [{ "id": 9, "shapes": [], "visible_shapes_count_diff": -2 }] }),
            ),
        ]
        .map(|(what, name, count, payload)| {
            (format!("{action}:{what}"), name.to_owned(), count, payload)
        })
    };
    let annotations = Annotations::of(&data);
    for (action, name) in [
        (AnnotationAction::Create, "create"),
        (AnnotationAction::Update, "update"),
        (AnnotationAction::Delete, "delete"),
    ] {
        let events = occasion.annotations(action, &place, annotations);
        assert_eq!(rows(&events), expected(name));
        let one = occasion.annotations_as_one(action, &place, annotations);
        let counts = json!({ "tags": 1, "shapes": 4, "tracks": 2 });
        assert_eq!(
            row(&one),
            (format!("{name}:annotations"), String::new(), 7, counts)
        );
    }
    let tags = json!({ "tags": [{ "id": 10 }] });
    let replaced = occasion.annotations_replaced(&place, Annotations::of(&tags), annotations);
    assert_eq!(replaced[0].event.scope, "delete:tags");
    assert_eq!(rows(&replaced[1..]), expected("create"));
    let nothing = Annotations::of(&Value::Null);
    assert!(
        occasion
            .annotations(AnnotationAction::Create, &place, nothing)
            .is_empty()
    );
}

#[test]
fn no_event_has_more_objects_than_its_count_can_say() {
    let tags: Vec<Value> = (0..65_536).map(|id| json!({ "id": id })).collect();
    let annotations = Annotations {
        tags: &tags,
        ..Annotations::default()
    };
    let cause = cause();
    let events =
        occasion(&cause).annotations(AnnotationAction::Create, &Place::default(), annotations);
    let counts: Vec<_> = events
        .iter()
        .map(|stored| stored.event.count.unwrap())
        .collect();
    assert_eq!(counts, [65_535, 1]);
}

#[test]
fn calls_have_what_they_were_called_with() {
    let cause = cause();
    let occasion = occasion(&cause);
    let place = of_job(ResourceKind::Task, Value::Null).place;
    let dataset = Dataset {
        format: "COCO 1.0",
        save_images: Some(true),
        cloud_storage_id: Some(3),
    };
    let exported = occasion.dataset_exported(&place, dataset);
    assert_eq!(
        (exported.event.scope.as_str(), exported.event.org_id),
        ("export:dataset", Some(2))
    );
    let payload =
        json!({ "format": "COCO 1.0", "save_images": true, "cloud_storage": { "id": 3 } });
    assert_eq!(members(&exported), payload);
    let dataset = Dataset {
        format: "YOLO 1.1",
        save_images: None,
        cloud_storage_id: None,
    };
    let imported = occasion.dataset_imported(&place, dataset);
    assert_eq!(imported.event.scope, "import:dataset");
    assert_eq!(members(&imported), json!({ "format": "YOLO 1.1" }));
    let more = json!({ "frame": 7, "function": "other", "api_key": "x" });
    let called = occasion.function_called(&place, "sam", more.as_object().unwrap());
    assert_eq!(
        (called.event.org_id, called.event.task_id),
        (None, Some(20))
    );
    let payload = json!({ "function": { "id": "sam" }, "frame": 7, "api_key": "***" });
    assert_eq!(members(&called), payload);
}

#[test]
fn exceptions_name_the_request() {
    let cause = cause();
    let params = json!({ "page": "1", "token": "hidden" });
    let failed = FailedRequest {
        message: &"m".repeat(3_000),
        stack: &"é".repeat(30_000),
        basename: Some("job"),
        action: Some("retrieve"),
        method: "GET",
        url: "/api/jobs/7?page=1&token=hidden",
        query_params: params.as_object(),
        content_type: None,
        status_code: 500,
    };
    let stored = occasion(&cause).request_failed(&failed).unwrap();
    let payload = stored.event.payload.as_ref().unwrap().as_str();
    assert!(!payload.contains("hidden"));
    let payload: Value = serde_json::from_str(payload).unwrap();
    assert_eq!(
        payload["request"],
        json!({
            "url": "/api/jobs/7?page=1&token=***", "query_params": { "page": "1", "token": "***" },
            "content_type": null, "method": "GET", "id": REQUEST_TEXT,
        })
    );
    assert_eq!(
        (&payload["status_code"], &payload["basename"]),
        (&json!(500), &json!("job"))
    );
    assert_eq!(payload["message"].as_str().unwrap().len(), 2_000);
    assert_eq!(payload["stack"].as_str().unwrap().chars().count(), 20_000);
    let event = stored.event;
    assert_eq!(
        (event.count, event.user_id, event.org_id),
        (Some(1), Some(9), None)
    );
    let unauthorized = FailedRequest {
        status_code: 401,
        ..failed
    };
    assert_eq!(occasion(&cause).request_failed(&unauthorized), None);

    let failed = FailedJob {
        message: "no space left",
        stack: "Traceback\nno space left",
    };
    let place = of_job(ResourceKind::Job, Value::Null).place;
    let stored = occasion(&cause).job_failed(&place, failed);
    let payload = json!({ "message": "no space left", "stack": "Traceback\nno space left" });
    assert_eq!(members(&stored), payload);
    assert_eq!(
        (stored.event.count, stored.event.task_id),
        (Some(1), Some(20))
    );
}

#[test]
fn without_a_request_its_id_is_null() {
    let none = Cause::default();
    let with_agent = Cause {
        user_agent: Some("curl/8".to_owned()),
        ..cause()
    };
    let payload = |cause: &Cause| {
        let stored = occasion(cause).event("fail:login", &Place::default(), Map::new());
        stored.event.payload.unwrap().as_str().to_owned()
    };
    assert_eq!(payload(&none), r#"{"request": {"id": null}}"#);
    let expected = format!(r#"{{"request": {{"id": "{REQUEST_TEXT}", "user_agent": "curl/8"}}}}"#);
    assert_eq!(payload(&with_agent), expected);
}

#[test]
fn what_no_payload_can_hold_stops_no_event() {
    let cause = cause();
    let odd = json!({ "a": "x\0y" });
    let stored = occasion(&cause).created(&of_job(ResourceKind::Job, odd));
    assert_eq!(members(&stored), json!({ "a": "x\u{fffd}y" }));
    let mut deep = json!(1);
    for _ in 0..200 {
        deep = json!([deep]);
    }
    let payload = Map::from_iter([("a".to_owned(), deep)]);
    let stored = occasion(&cause).event("a:b", &Place::default(), payload);
    assert_eq!(members(&stored), json!({}));
}

/// Also that what is built is what the ingest port reads.
#[test]
fn every_scope_of_a_server_can_be_built() {
    let cause = cause();
    let occasion = occasion(&cause);
    let mut events = Vec::new();
    for kind in ResourceKind::all() {
        let (before, after) = (
            of_job(kind, json!({ "a": 1 })),
            of_job(kind, json!({ "a": 2 })),
        );
        events.push(occasion.created(&before));
        events.extend(occasion.updated(&before, &after));
        events.push(occasion.deleted(&after));
    }
    let data = json!({ "tags": [{}], "shapes": [{}], "tracks": [{}] });
    let place = Place::default();
    for action in [
        AnnotationAction::Create,
        AnnotationAction::Update,
        AnnotationAction::Delete,
    ] {
        events.extend(occasion.annotations(action, &place, Annotations::of(&data)));
        events.push(occasion.annotations_as_one(action, &place, Annotations::of(&data)));
    }
    let dataset = Dataset {
        format: "COCO 1.0",
        save_images: None,
        cloud_storage_id: None,
    };
    events.push(occasion.dataset_exported(&place, dataset));
    events.push(occasion.dataset_imported(&place, dataset));
    events.push(occasion.function_called(&place, "sam", &Map::new()));
    events.extend(occasion.request_failed(&FailedRequest::default()));

    let built: BTreeSet<&str> = events
        .iter()
        .map(|stored| stored.event.scope.as_str())
        .collect();
    let listed: BTreeSet<&str> = SCOPES
        .iter()
        .filter(|scope| scope.sender != ScopeSender::Client && scope.name != WORKING_TIME_SCOPE)
        .map(|scope| scope.name)
        .collect();
    assert_eq!(built, listed);
    for stored in &events {
        let mut text = Vec::new();
        server_event_json(stored, &mut text);
        let read = parse_server_body(&text, AT, ClientHours::Claimed).unwrap();
        assert_eq!(&read[0].as_ref().unwrap().stored, stored);
    }
}
