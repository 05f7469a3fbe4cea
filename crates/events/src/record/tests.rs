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

fn org() -> Option<Organization> {
    Some(Organization {
        id: 2,
        slug: "acme".to_owned(),
    })
}

fn of_job(kind: ResourceKind, state: Value) -> Resource {
    Resource {
        kind,
        id: Some(30),
        place: Place {
            org: org(),
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
fn a_creation_has_what_no_column_has() {
    let state = json!({
        "url": "http://a/api/jobs/30", "id": 30, "name": "job", "state": "new",
        "organization": 2, "labels": { "url": "u", "count": 1 }, "assignee": { "id": 5, "url": "u" },
        "password": "x", "nested": { "access_key": "y" }, "list": [{ "url": "kept" }], "key": "k",
    });
    let cause = cause();
    let stored = occasion(&cause).created(&of_job(ResourceKind::Job, state));
    assert_eq!(
        members(&stored),
        json!({
            "state": "new", "labels": { "count": 1 }, "assignee": { "id": 5 }, "password": "***",
            "nested": { "access_key": "***" }, "list": [{ "url": "kept" }],
        })
    );
    let event = stored.event;
    assert_eq!(
        (event.scope.as_str(), &*event.source),
        ("create:job", "server")
    );
    assert_eq!((event.obj_id, event.obj_name), (Some(30), None));
    assert_eq!(
        (event.org_id, event.org_slug.as_deref()),
        (Some(2), Some("acme"))
    );
    assert_eq!(
        (event.project_id, event.task_id, event.job_id),
        (Some(10), Some(20), Some(30))
    );
    assert_eq!(
        (event.user_id, event.user_name.as_deref()),
        (Some(9), Some("lena"))
    );
    assert_eq!(
        (event.user_email, event.count, event.timestamp),
        (None, None, AT)
    );
    assert_eq!(stored.origin.access_token_id, Some(4));
    assert_eq!(stored.origin.remote_addr.as_deref(), Some("10.0.0.1"));
}

#[test]
fn resources_are_named_by_what_cvat_names_them_by() {
    let state = json!({ "name": "n", "username": "u", "display_name": "d", "message": "m" });
    let cause = cause();
    let names: Vec<_> = ResourceKind::all()
        .map(|kind| {
            let resource = of_job(kind, state.clone());
            let created = occasion(&cause).created(&resource).event.obj_name;
            assert_eq!(created, occasion(&cause).deleted(&resource).event.obj_name);
            (kind.name(), created.unwrap_or_default())
        })
        .filter(|(_, name)| !name.is_empty())
        .collect();
    let names: Vec<_> = names
        .iter()
        .map(|(kind, name)| (*kind, name.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("project", "n"),
            ("task", "n"),
            ("organization", "n"),
            ("user", "u"),
            ("cloudstorage", "d"),
            ("comment", "m"),
            ("label", "n"),
        ]
    );
}

#[test]
fn an_update_is_an_event_for_each_property() {
    // (case, before, after, [(property, obj_val, obj_id, old value)])
    type Expected = (&'static str, &'static str, Option<i64>, Value);
    let cases: [(&str, Value, Value, Vec<Expected>); 14] = [
        ("nothing", json!({ "a": 1 }), json!({ "a": 1 }), vec![]),
        (
            "two properties, in their order",
            json!({ "state": "new", "stage": "annotation", "same": 1 }),
            json!({ "state": "in progress", "stage": "validation", "same": 1 }),
            vec![
                ("state", "in progress", None, json!("new")),
                ("stage", "validation", None, json!("annotation")),
            ],
        ),
        (
            "an assignee",
            json!({ "assignee": null }),
            json!({ "assignee": { "url": "u", "id": 3, "username": "max" } }),
            vec![(
                "assignee",
                "{'id': 3, 'username': 'max'}",
                Some(3),
                Value::Null,
            )],
        ),
        (
            "no assignee any more",
            json!({ "assignee": { "url": "u", "id": 3 }, "assignee_id": 3 }),
            json!({ "assignee": null, "assignee_id": null }),
            vec![("assignee", "None", None, json!({ "id": 3 }))],
        ),
        (
            "an id beside it",
            json!({ "owner": "max", "owner_id": 3 }),
            json!({ "owner": "eva", "owner_id": 4 }),
            vec![("owner", "eva", Some(4), json!("max"))],
        ),
        (
            "an id alone",
            json!({ "parent_job_id": null }),
            json!({ "parent_job_id": 4 }),
            vec![("parent_job_id", "4", None, Value::Null)],
        ),
        (
            "a renamed key",
            json!({ "bug_tracker": "b" }),
            json!({ "tracker": "b" }),
            vec![
                ("tracker", "b", None, Value::Null),
                ("bug_tracker", "None", None, json!("b")),
            ],
        ),
        (
            "null is as missing",
            json!({ "a": null }),
            json!({}),
            vec![],
        ),
        (
            "a list",
            json!({ "points": [1, 2.5] }),
            json!({ "points": [1, "it's", true] }),
            vec![("points", "[1, \"it's\", True]", None, json!([1, 2.5]))],
        ),
        (
            "an object within",
            json!({ "attributes": { "a": { "b": 1 } } }),
            json!({ "attributes": { "a": { "b": 2 } } }),
            vec![(
                "attributes",
                "{'a': {'b': 2}}",
                None,
                json!({ "a": { "b": 1 } }),
            )],
        ),
        (
            "urls, labels and the date alone",
            json!({ "labels": [1], "updated_date": "a", "url": "a", "jobs": { "url": "a", "count": 1 } }),
            json!({ "labels": [2], "updated_date": "b", "url": "b", "jobs": { "url": "b", "count": 1 } }),
            vec![],
        ),
        (
            "a secret",
            json!({ "password": "old-one", "secret": null }),
            json!({ "password": "new-one", "secret": "s3" }),
            vec![
                ("password", "***", None, json!("***")),
                ("secret", "***", None, Value::Null),
            ],
        ),
        (
            "a secret within",
            json!({ "storage": { "account": "a", "session_token": "t1" } }),
            json!({ "storage": { "account": "a", "session_token": "t2" } }),
            vec![(
                "storage",
                "{'account': 'a', 'session_token': '***'}",
                None,
                json!({ "account": "a", "session_token": "***" }),
            )],
        ),
        ("no object", json!(5), json!("text"), vec![]),
    ];
    let cause = cause();
    for (case, before, after, expected) in cases {
        let resource = |state| of_job(ResourceKind::Task, state);
        let events = occasion(&cause).updated(&resource(before), &resource(after));
        let found: Vec<_> = events
            .iter()
            .map(|stored| {
                assert_eq!(stored.event.scope, "update:task", "{case}");
                let event = stored.event.clone();
                let old_value = members(stored)["old_value"].clone();
                (
                    event.obj_name.unwrap(),
                    event.obj_val.unwrap(),
                    event.obj_id,
                    old_value,
                )
            })
            .collect();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(name, value, id, old)| (name.to_owned(), value.to_owned(), id, old))
            .collect();
        assert_eq!(found, expected, "{case}");
    }
}

#[test]
fn kinds_have_their_own_updates() {
    let cause = cause();
    let scopes = |kind, before: Value, after: Value| -> Vec<String> {
        let events = occasion(&cause).updated(&of_job(kind, before), &of_job(kind, after));
        let text = format!("{events:?}");
        assert!(!text.contains("hidden"), "{text}");
        events
            .into_iter()
            .map(|stored| stored.event.scope)
            .collect()
    };
    let (live, revoked) = (
        json!({ "revoked": false, "name": "a", "value": "hidden-1" }),
        json!({ "revoked": true, "name": "b", "value": "hidden-2" }),
    );
    let kind = ResourceKind::AccessToken;
    assert_eq!(
        scopes(kind, live.clone(), revoked.clone()),
        [
            "delete:accesstoken",
            "update:accesstoken",
            "update:accesstoken"
        ]
    );
    assert_eq!(scopes(kind, revoked, live).len(), 3);
    let kind = ResourceKind::Invitation;
    assert_eq!(scopes(kind, json!({ "a": 1 }), json!({ "a": 2 })), [""; 0]);
}

#[test]
fn a_cascade_knows_the_parents_that_are_gone() {
    let resource = |kind, id, place| Resource {
        kind,
        id: Some(id),
        place,
        state: json!({ "name": "n", "message": "m" }),
    };
    let mut cascade = Cascade::default();
    cascade.remember(&resource(
        ResourceKind::Project,
        1,
        Place {
            org: org(),
            ..Place::default()
        },
    ));
    for task_id in [1, 2] {
        let place = Place {
            project_id: Some(1),
            ..Place::default()
        };
        cascade.remember(&resource(ResourceKind::Task, task_id, place));
        for job_id in [2 * task_id, 2 * task_id + 1] {
            let place = Place {
                task_id: Some(task_id),
                ..Place::default()
            };
            cascade.remember(&resource(ResourceKind::Job, job_id, place));
        }
    }
    let place = Place {
        job_id: Some(5),
        ..Place::default()
    };
    cascade.remember(&resource(ResourceKind::Comment, 1, place));
    // Of another project, which stays: nothing is known but what it says.
    let place = Place {
        task_id: Some(77),
        ..Place::default()
    };
    cascade.remember(&resource(ResourceKind::Job, 70, place));

    let cause = cause();
    let events = occasion(&cause).cascade_deleted(&cascade);
    let rows: Vec<String> = events
        .iter()
        .map(|stored| {
            assert_eq!(members(stored), json!({}));
            let event = &stored.event;
            let id = |id: Option<i64>| id.map_or("-".to_owned(), |id| id.to_string());
            let ids = [
                event.obj_id,
                event.org_id,
                event.project_id,
                event.task_id,
                event.job_id,
            ];
            format!("{} {}", event.scope, ids.map(id).join(" "))
        })
        .collect();
    // scope, object, organization, project, task, job
    assert_eq!(
        rows,
        [
            "delete:project 1 2 1 - -",
            "delete:task 1 2 1 1 -",
            "delete:job 2 2 1 1 2",
            "delete:job 3 2 1 1 3",
            "delete:task 2 2 1 2 -",
            "delete:job 4 2 1 2 4",
            "delete:job 5 2 1 2 5",
            "delete:comment 1 2 1 2 5",
            "delete:job 70 - - 77 70",
        ]
    );
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
