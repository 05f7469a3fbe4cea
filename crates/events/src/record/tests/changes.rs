//! Resources that are created, updated and deleted.

use super::*;

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
            ("accesstoken", "n"),
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
            org: Some(org()),
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
