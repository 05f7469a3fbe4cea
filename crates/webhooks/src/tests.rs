use std::collections::HashMap;
use std::convert::Infallible;

use annoscope_events::{StoredEvent, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    Changes, Credentials, Delivery, InvalidDelivery, KnownState, Receipt, ResourceKey, Tool,
    is_authentic,
};

/// A source with what it remembers.
#[derive(Default)]
struct Source {
    states: HashMap<ResourceKey, KnownState>,
}

impl Source {
    fn receive(&mut self, tool: Tool, body: &Value, at: &str) -> Changes {
        let delivery = Delivery::read(tool, body.to_string().as_bytes()).unwrap();
        let at = Timestamp::parse_iso8601(at).unwrap();
        let known = |key: &ResourceKey| Ok::<_, Infallible>(self.states.get(key).cloned());
        let Ok(changes) = delivery.changes("hook", at, known);
        self.states.extend(changes.states.clone());
        changes
    }

    /// What each delivery gives, a line an event.
    fn told(&mut self, tool: Tool, bodies: &[Value]) -> Vec<String> {
        let mut lines = Vec::new();
        for body in bodies {
            let changes = self.receive(tool, body, "2026-11-30T12:00:00Z");
            lines.extend(changes.events.iter().map(line));
        }
        lines
    }
}

fn line(stored: &StoredEvent) -> String {
    let event = &stored.event;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let number = |value: Option<i64>| value.map(|id| id.to_string()).unwrap_or_default();
    format!(
        "{} {}={} id {} project {} task {} job {} by {}",
        event.scope,
        text(&event.obj_name),
        text(&event.obj_val),
        number(event.obj_id),
        number(event.project_id),
        number(event.task_id),
        number(event.job_id),
        number(event.user_id),
    )
}

fn task(id: i64, status: &str, minute: u32) -> Value {
    json!({
        "id": id, "name": "cats", "project_id": 7, "status": status, "organization": 3,
        "updated_date": format!("2026-11-30T10:{minute:02}:00Z"), "jobs": {"count": minute},
    })
}

fn cvat(event: &str, member: &str, resource: &Value) -> Value {
    let mut body = json!({
        "event": event, "webhook_id": 5,
        "sender": {"url": "http://cvat/api/users/2", "id": 2, "username": "ann", "first_name": "", "last_name": ""},
    });
    body[member] = resource.clone();
    body
}

#[test]
fn signatures_are_those_of_the_bytes_that_came() {
    let body = b"{\"event\": \"ping\"}";

    let signature = "sha256=00";
    let of = |signature| Credentials {
        signature: Some(signature),
        authorization: None,
    };
    assert!(!is_authentic(Tool::Cvat, "secret", of(signature), body));
    assert!(!is_authentic(
        Tool::Cvat,
        "secret",
        Credentials::default(),
        body
    ));
    // RFC 4231, test case 2.
    let signature = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let body = b"what do ya want for nothing?";
    assert!(is_authentic(Tool::Cvat, "Jefe", of(signature), body));
    assert!(!is_authentic(Tool::Cvat, "jefe", of(signature), body));
    let bearer = Credentials {
        signature: None,
        authorization: Some("Bearer Jefe"),
    };
    assert!(is_authentic(Tool::LabelStudio, "Jefe", bearer, body));
    assert!(!is_authentic(
        Tool::LabelStudio,
        "Jefe",
        of(signature),
        body
    ));
}

#[test]
fn every_delivery_of_a_tool_gives_its_event() {
    for tool in Tool::ALL {
        for (name, scope) in tool.deliveries() {
            let resource = json!({"id": 1, "key": "k", "name": "n"});
            let mut body = json!({"event": name, "action": name, "sender": {"id": 2}});
            let members = [
                "project",
                "task",
                "job",
                "issue",
                "comment",
                "user",
                "organization",
                "membership",
                "invitation",
                "request",
                "webhook",
                "tasks",
                "annotation",
                "annotations",
            ];
            for member in members {
                body[member] = resource.clone();
            }
            let changes = Source::default().receive(tool, &body, "2026-11-30T12:00:00Z");
            let scopes: Vec<_> = changes
                .events
                .iter()
                .map(|event| event.event.scope.clone())
                .collect();
            assert_eq!(scopes, Vec::from_iter(scope), "{name}");
        }
    }
}

#[test]
fn changes_come_from_the_last_known_state_or_from_the_delivery() {
    let created = cvat("create:task", "task", &task(1, "annotation", 0));
    let updated = cvat("update:task", "task", &task(1, "completed", 1));
    let mut with_before = updated.clone();
    with_before["before_update"] = json!({"status": "annotation"});
    let expected = [
        "create:task cats= id 1 project 7 task 1 job  by 2",
        "update:task status=completed id  project 7 task 1 job  by 2",
    ];
    for updated in [updated, with_before] {
        let told = Source::default().told(Tool::Cvat, &[created.clone(), updated]);
        assert_eq!(told, expected);
    }
}

#[test]
fn an_update_of_what_was_not_known_says_that_there_was_one() {
    let updated = cvat("update:task", "task", &task(1, "completed", 1));
    let told = Source::default().told(Tool::Cvat, std::slice::from_ref(&updated));
    assert_eq!(told, ["update:task = id 1 project 7 task 1 job  by 2"]);
}

#[test]
fn a_state_that_goes_back_and_forth_keeps_each_change() {
    let bodies: Vec<Value> = (0..5)
        .map(|minute| {
            let status = ["annotation", "completed"][minute as usize % 2];
            cvat("update:task", "task", &task(1, status, minute))
        })
        .collect();
    let told = Source::default().told(Tool::Cvat, &bodies);
    let status = |line: &String| line.split_whitespace().nth(1).unwrap().to_owned();
    let told: Vec<String> = told.iter().map(status).collect();
    assert_eq!(
        told,
        [
            "=",
            "status=completed",
            "status=annotation",
            "status=completed",
            "status=annotation"
        ]
    );
}

#[test]
fn what_comes_late_or_twice_changes_nothing() {
    let mut source = Source::default();
    let mut other_webhook = cvat("update:task", "task", &task(1, "completed", 1));
    other_webhook["webhook_id"] = json!(6);
    let cases = [
        (
            cvat("create:task", "task", &task(1, "annotation", 0)),
            (1, 0, 0),
        ),
        (
            cvat("create:task", "task", &task(1, "annotation", 0)),
            (0, 1, 0),
        ),
        (
            cvat("update:task", "task", &task(1, "completed", 1)),
            (1, 0, 0),
        ),
        (other_webhook, (0, 1, 0)),
        (
            cvat("update:task", "task", &task(1, "validation", 0)),
            (0, 0, 1),
        ),
        (
            cvat("delete:task", "task", &task(1, "completed", 1)),
            (1, 0, 0),
        ),
        (
            cvat("delete:task", "task", &task(1, "completed", 1)),
            (0, 1, 0),
        ),
        (
            cvat("update:task", "task", &task(1, "validation", 2)),
            (0, 1, 0),
        ),
    ];
    for (number, (body, (changed, repeated, late))) in cases.into_iter().enumerate() {
        let changes = source.receive(Tool::Cvat, &body, "2026-11-30T12:00:00Z");
        let receipt = Receipt {
            changed,
            repeated,
            late,
        };
        assert_eq!(changes.receipt, receipt, "delivery {number}");
        assert_eq!(changes.events.len() as u64, changed, "delivery {number}");
    }
}

#[test]
fn a_creation_that_its_update_overtook_is_recorded() {
    let told = Source::default().told(
        Tool::Cvat,
        &[
            cvat("update:task", "task", &task(1, "completed", 1)),
            cvat("create:task", "task", &task(1, "annotation", 0)),
            cvat("create:task", "task", &task(1, "annotation", 0)),
            cvat("update:task", "task", &task(1, "validation", 2)),
        ],
    );
    assert_eq!(
        told,
        [
            "update:task = id 1 project 7 task 1 job  by 2",
            "create:task cats= id 1 project 7 task 1 job  by 2",
            "update:task status=validation id  project 7 task 1 job  by 2",
        ]
    );
}

#[test]
fn an_issue_and_its_comments_belong_where_their_job_does() {
    let told = Source::default().told(
        Tool::Cvat,
        &[
            cvat(
                "create:job",
                "job",
                &json!({"id": 11, "task_id": 1, "project_id": 7}),
            ),
            cvat("create:issue", "issue", &json!({"id": 21, "job": 11})),
            cvat(
                "create:comment",
                "comment",
                &json!({"id": 31, "issue": 21, "message": "a leg is missing"}),
            ),
        ],
    );
    assert_eq!(
        told[1..],
        [
            "create:issue = id 21 project 7 task 1 job 11 by 2",
            "create:comment a leg is missing= id 31 project 7 task 1 job 11 by 2",
        ]
    );
}

fn annotation(id: i64, second: u32, lead_time: f64) -> Value {
    json!({
        "id": id, "task": 19, "project": 2, "completed_by": 4, "lead_time": lead_time, "was_cancelled": false,
        "result": [{"type": "rectanglelabels", "value": {"x": second}}],
        "updated_at": format!("2026-11-30T10:{:02}:{:02}.5Z", second / 60, second % 60),
    })
}

#[test]
fn hours_come_from_gaps_and_not_from_what_is_reported() {
    let mut source = Source::default();
    let mut hours = Vec::new();
    let mut reported = Vec::new();
    let bodies = [
        ("ANNOTATION_CREATED", annotation(1, 0, 900.0)),
        ("ANNOTATION_CREATED", annotation(2, 40, 30.0)),
        // Too long after the last one, and a change of the first.
        ("ANNOTATION_UPDATED", annotation(1, 200, 901.5)),
        ("ANNOTATION_UPDATED", annotation(1, 200, 901.5)),
        ("ANNOTATION_CREATED", annotation(3, 260, 1e300)),
    ];
    for (action, annotation) in bodies {
        let body = json!({"action": action, "annotation": annotation, "project": {"id": 2, "organization": 1}});
        for stored in source
            .receive(Tool::LabelStudio, &body, "2026-11-30T12:00:00Z")
            .events
        {
            let event = stored.event;
            if event.scope == "send:working_time" {
                assert_eq!((event.user_id, event.task_id), (Some(4), Some(19)));
                let counted: i64 = stored.intervals.iter().map(|i| i.end_ms - i.start_ms).sum();
                assert_eq!(counted, i64::from(event.duration));
                hours.push(event.duration);
            } else {
                assert_eq!(event.project_id, Some(2));
                assert!(event.payload.unwrap().as_str().contains("Label Studio"));
                reported.push(event.duration);
            }
        }
    }
    assert_eq!(hours, [40_000, 60_000]);
    assert_eq!(reported, [900_000, 30_000, 1_500, u32::MAX]);
}

#[test]
fn what_is_deleted_is_where_it_was() {
    let told = Source::default().told(Tool::LabelStudio, &[
        json!({"action": "ANNOTATION_CREATED", "annotation": annotation(1, 0, 3.0), "project": {"id": 2}}),
        json!({"action": "TASKS_CREATED", "tasks": [{"id": 19, "project": 2, "data": {"text": "secret"}}], "project": {"id": 2}}),
        json!({"action": "ANNOTATIONS_DELETED", "annotations": [{"id": 1}]}),
        json!({"action": "TASKS_DELETED", "tasks": [{"id": 19}, {"id": 20}]}),
    ]);
    assert_eq!(
        told,
        [
            "create:annotations = id 1 project 2 task 19 job  by 4",
            "create:task = id 19 project 2 task 19 job  by ",
            "delete:annotations = id 1 project 2 task 19 job  by ",
            "delete:task = id 19 project 2 task 19 job  by ",
            "delete:task = id 20 project  task 20 job  by ",
        ]
    );
}

#[test]
fn what_annotators_are_shown_and_secrets_are_not_kept() {
    let mut source = Source::default();
    let project = json!({"id": 2, "title": "cats", "token": "t0ken", "task_data_password": "pass"});
    let bodies = [
        json!({"action": "PROJECT_CREATED", "project": project}),
        json!({"action": "TASKS_CREATED", "tasks": [{"id": 19, "data": {"text": "t0ken"}}]}),
    ];
    for body in &bodies {
        let changes = source.receive(Tool::LabelStudio, body, "2026-11-30T12:00:00Z");
        let all = format!("{changes:?}");
        assert!(!all.contains("t0ken") && !all.contains("pass\""), "{all}");
    }
}

#[test]
fn what_is_no_delivery_is_refused_by_name() {
    let cases = [
        ("no json", "the body is no JSON object"),
        ("[]", "the body is no JSON object"),
        ("{}", "event: a text is needed"),
        (
            r#"{"event":"create:planet","planet":{}}"#,
            r#"event: "create:planet" is nothing that CVAT tells"#,
        ),
        (r#"{"event":"create:task"}"#, "task: an object"),
        (
            r#"{"event":"create:task","task":[1]}"#,
            "task: each element has to be an object",
        ),
    ];
    for (body, expected) in cases {
        let error: Option<InvalidDelivery> = Delivery::read(Tool::Cvat, body.as_bytes()).err();
        let text = error.map(|error| error.to_string()).unwrap_or_default();
        assert!(text.starts_with(expected), "{body}: {text}");
    }
}

proptest! {
    /// Deliveries that come again, at once or later, as retries do, give nothing that they have not given.
    #[test]
    fn repeats_give_nothing(states in prop::collection::vec(0..3_usize, 1..12), repeats in prop::collection::vec(0..12_usize, 0..12)) {
        let status = ["annotation", "validation", "completed"];
        let bodies: Vec<Value> = states
            .iter()
            .enumerate()
            .map(|(minute, &state)| cvat("update:task", "task", &task(1, status[state], minute as u32)))
            .collect();
        let once = Source::default().told(Tool::Cvat, &bodies);
        let mut source = Source::default();
        let mut told = Vec::new();
        for (number, body) in bodies.iter().enumerate() {
            told.extend(source.told(Tool::Cvat, std::slice::from_ref(body)));
            for &repeat in repeats.iter().filter(|&&repeat| repeat <= number) {
                told.extend(source.told(Tool::Cvat, std::slice::from_ref(&bodies[repeat])));
            }
        }
        prop_assert_eq!(told, once);
    }

    /// Whatever a sender who knows the secret sends, it is answered.
    #[test]
    fn no_body_panics(name in 0..60_usize, member in json_value(), users in json_value()) {
        for tool in Tool::ALL {
            let names: Vec<&str> = tool.deliveries().map(|(name, _)| name).collect();
            let name = names[name % names.len()];
            let mut body = json!({"event": name, "action": name, "sender": users, "updated_by": users, "before_update": member});
            for at in ["task", "tasks", "project", "job", "annotation", "annotations", "issue", "organization", "request", "webhook"] {
                body[at] = member.clone();
            }
            if let Ok(delivery) = Delivery::read(tool, body.to_string().as_bytes()) {
                let known = |_: &ResourceKey| Ok::<_, Infallible>(None);
                let Ok(_) = delivery.changes("hook", Timestamp::from_millis(0), known);
            }
        }
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(json!("2026-11-30T10:00:00Z")),
    ];
    let names = prop::sample::select(vec![
        "id",
        "key",
        "name",
        "updated_date",
        "updated_at",
        "project",
        "task",
        "job",
        "organization",
        "result",
        "type",
        "lead_time",
        "completed_by",
        "status",
        "assignee",
        "slug",
    ]);
    leaf.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..6).prop_map(|members| {
                Value::Object(
                    members
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), value))
                        .collect(),
                )
            }),
        ]
    })
}
