use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::event::StoredEvent;
use crate::sender::{Organization, UserRef};

mod bad_events;
mod lost_answers;

/// 2024-07-01T12:00:00Z.
const NOON_MS: i64 = 1_719_835_200_000;
const NOON: Timestamp = Timestamp::from_millis(NOON_MS);

const WRONG_DATETIME: &str = "Datetime has wrong format. Use one of these formats instead: \
    YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";

fn sender() -> Sender {
    Sender {
        user: UserRef {
            id: 5,
            name: "ann".to_owned(),
            email: String::new(),
        },
        org: Some(Organization {
            id: 3,
            slug: "acme".to_owned(),
        }),
    }
}

/// A body whose events are given as JSON, sent at noon by the client's clock.
fn body(events: &str) -> String {
    format!("{{\"events\":{events},\"timestamp\":\"2024-07-01T12:00:00Z\"}}")
}

/// An event with the required fields and these.
fn event(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!("{{\"scope\":\"load:cvat\",\"timestamp\":\"2024-07-01T11:59:00Z\"{comma}{members}}}")
}

fn refused(body: &str) -> Value {
    ClientRequest::parse(body.as_bytes())
        .expect_err(body)
        .body()
        .clone()
}

fn corrected(body: &str) -> CorrectedRequest {
    ClientRequest::parse(body.as_bytes()).unwrap().correct(NOON)
}

fn accepted(body: &str) -> Vec<StoredEvent> {
    corrected(body).accept(&sender(), Uuid::nil(), &[])
}

#[test]
fn a_body_of_the_wrong_form_is_refused_as_by_rest_framework() {
    let not_a_dict = |name: &str| {
        let text = format!("Invalid data. Expected a dictionary, but got {name}.");
        json!({ "non_field_errors": [text] })
    };
    let not_a_list = |name: &str| {
        let text = format!("Expected a list of items but got type \"{name}\".");
        json!({"events": {"non_field_errors": [text]}})
    };
    let required = json!(["This field is required."]);
    let not_null = json!(["This field may not be null."]);
    let cases = [
        ("", json!({ "timestamp": required })),
        ("{}", json!({ "timestamp": required })),
        ("null", json!({"non_field_errors": ["No data provided"]})),
        ("[]", not_a_dict("list")),
        ("5", not_a_dict("int")),
        ("5.5", not_a_dict("float")),
        ("\"x\"", not_a_dict("str")),
        ("true", not_a_dict("bool")),
        (&body("null"), json!({ "events": not_null })),
        (&body("{}"), not_a_list("dict")),
        (&body("\"x\""), not_a_list("str")),
        (&body("5"), not_a_list("int")),
        (
            &body("[null,1,\"x\",{}]"),
            json!({"events": [
                not_null,
                not_a_dict("int"),
                not_a_dict("str"),
                {"scope": required, "timestamp": required},
            ]}),
        ),
        ("{\"timestamp\":null}", json!({ "timestamp": not_null })),
        ("{\"timestamp\":5}", json!({"timestamp": [WRONG_DATETIME]})),
        (
            "{\"previous_event\":[],\"timestamp\":\"2024-07-01\"}",
            json!({"previous_event": not_a_dict("list")}),
        ),
        (
            "{\"timestamp\":5,\"previous_event\":{\"scope\":\"\"},\"events\":[{\"scope\":null}]}",
            json!({
                "events": [{"scope": not_null, "timestamp": required}],
                "previous_event": {
                    "scope": ["This field may not be blank."],
                    "timestamp": required,
                },
                "timestamp": [WRONG_DATETIME],
            }),
        ),
        (
            &body(&format!(
                "[{},{}]",
                event("\"count\":\"x\",\"obj_name\":\"\",\"payload\":{}"),
                event("")
            )),
            json!({"events": [
                {
                    "obj_name": ["This field may not be blank."],
                    "count": ["A valid integer is required."],
                    "payload": ["Not a valid string."],
                },
                {},
            ]}),
        ),
        (
            &body(&format!(
                "[{}]",
                event("\"duration\":null,\"source\":[],\"user_id\":1.5")
            )),
            json!({"events": [{
                "source": ["Not a valid string."],
                "duration": ["This field may not be null."],
                "user_id": ["A valid integer is required."],
            }]}),
        ),
    ];
    for (body, expected) in cases {
        // As text, so that the order of the keys counts.
        assert_eq!(refused(body).to_string(), expected.to_string(), "{body}");
    }
}

#[test]
fn broken_json_is_refused_with_its_place() {
    let deep = format!("{{\"x\":{}", "[".repeat(1_000_000));
    let cases = [
        ("{", "expected a key in quotes at byte 1"),
        ("{\"timestamp\":NaN}", "expected a value at byte 13"),
        ("{\"x\":-Infinity}", "invalid number at byte 6"),
        ("{} x", "unexpected text after the JSON value at byte 3"),
        (
            "{\"x\":\"\u{0}\"}",
            "control character in a string at byte 6",
        ),
        (deep.as_str(), "nested too deeply at byte 132"),
    ];
    for (body, expected) in cases {
        let expected = json!({"detail": format!("JSON parse error - {expected}")});
        assert_eq!(refused(body), expected);
    }
    let error = ClientRequest::parse(b"{\"x\":\"\xff\"}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "JSON parse error - invalid UTF-8 at byte 6"
    );
}

#[test]
fn the_walk_ends_at_the_first_bad_scope_or_payload() {
    let bad_scope =
        "{\"scope\":\"send:working_time\",\"timestamp\":\"2024-07-01\",\"payload\":\"{\"}";
    let bad_payload = event("\"payload\":\"{\\\"a\\\":nan}\"");
    let cases = [
        (
            format!("[{},{bad_scope},{bad_payload}]", event("")),
            json!({"scope": "Clients may not send the scope \"send:working_time\" (event 1)."}),
        ),
        (
            format!("[{bad_payload},{bad_scope}]"),
            json!({"payload": "The payload is not valid JSON: expected a value at byte 5 (event 0)."}),
        ),
    ];
    for (events, expected) in cases {
        assert_eq!(refused(&body(&events)), expected, "{events}");
    }
}

#[test]
fn a_list_of_errors_is_bounded() {
    let errors = refused(&body(&format!("[{}{{}}]", "{},".repeat(5000))));
    assert_eq!(errors["events"].as_array().unwrap().len(), 100);
}

#[test]
fn the_reply_is_what_cvat_sends() {
    let body = r#"{
        "unknown": [{"a": 1}],
        "previous_event": {
            "scope": "any:thing", "timestamp": "2024-07-01T14:00:00+02:00", "user_id": 9,
            "payload": "not json", "obj_name": null, "org_slug": "x"
        },
        "events": [
            {"scope": " draw:object ", "timestamp": "2024-07-01T12:00:01.5Z", "obj_id": "7.0",
             "obj_name": null, "count": 2, "duration": 250, "job_id": 11, "source": "robot",
             "user_id": 99, "user_name": "mallory", "payload": "{\"b\":[1,\"é\"],\"b\":2.50}",
             "extra": true},
            {"scope": "user:activity", "timestamp": "2024-07-01 12:00:02.000001", "duration": -7}
        ],
        "timestamp": "2024-07-01T12:00:03"
    }"#;
    let request = ClientRequest::parse(body.as_bytes()).unwrap();
    let request = request.correct(Timestamp::from_millis(NOON_MS + 4000));
    let mut reply = Vec::new();
    request.write_reply(&sender(), &mut reply);
    let reply: Value = serde_json::from_slice(&reply).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&reply).unwrap(), @r#"
    {
      "events": [
        {
          "scope": "draw:object",
          "obj_name": null,
          "obj_id": 7,
          "source": "client",
          "timestamp": "2024-07-01T12:00:02.500000Z",
          "count": 2,
          "duration": 250,
          "job_id": 11,
          "user_id": 5,
          "user_name": "ann",
          "user_email": "",
          "org_id": 3,
          "org_slug": "acme",
          "payload": "{\"b\": 2.5}"
        },
        {
          "scope": "user:activity",
          "source": "client",
          "timestamp": "2024-07-01T12:00:03.000001Z",
          "duration": 0,
          "user_id": 5,
          "user_name": "ann",
          "user_email": "",
          "org_id": 3,
          "org_slug": "acme",
          "payload": "{}"
        }
      ],
      "previous_event": {
        "scope": "any:thing",
        "obj_name": null,
        "timestamp": "2024-07-01T12:00:01Z",
        "duration": 0,
        "user_id": 9,
        "org_slug": "x",
        "payload": "not json"
      },
      "timestamp": "2024-07-01T12:00:03Z"
    }
    "#);
    let stored = request.accept(&sender(), Uuid::nil(), &[]);
    let mut lines = Vec::new();
    for stored in &stored {
        crate::server_event_json(stored, &mut lines);
        lines.push(b'\n');
    }
    insta::assert_snapshot!(String::from_utf8(lines).unwrap(), @r#"
    {"scope":"send:working_time","source":"server","timestamp":"1719835202.5","count":1,"duration":1500,"user_id":5,"user_name":"ann","org_id":3,"org_slug":"acme","payload":"{\"working_time\": 1500, \"request\": {\"id\": \"00000000-0000-0000-0000-000000000000\"}}","intervals":[[1719835201000,1719835202500]]}
    {"scope":"send:working_time","source":"server","timestamp":"1719835203.000001","count":1,"duration":500,"job_id":11,"user_id":5,"user_name":"ann","org_id":3,"org_slug":"acme","payload":"{\"working_time\": 500, \"request\": {\"id\": \"00000000-0000-0000-0000-000000000000\"}}","intervals":[[1719835202500,1719835203000]]}
    {"scope":"draw:object","obj_id":7,"source":"client","timestamp":"1719835202.5","count":2,"duration":250,"job_id":11,"user_id":5,"user_name":"ann","user_email":"","org_id":3,"org_slug":"acme","payload":"{\"b\": 2.5}"}
    "#);
}

#[test]
fn a_request_without_events_stores_nothing() {
    let request = corrected("{\"timestamp\":\"2024-07-01T12:00:00Z\"}");
    assert!(request.is_empty());
    assert_eq!(request.accept(&sender(), Uuid::nil(), &[]), []);
    let no_org = Sender {
        org: None,
        ..sender()
    };
    let mut reply = Vec::new();
    request.write_reply(&no_org, &mut reply);
    let expected = "{\"events\":[],\"previous_event\":null,\"timestamp\":\"2024-07-01T12:00:00Z\"}";
    assert_eq!(String::from_utf8(reply).unwrap(), expected);
}

#[test]
fn a_payload_is_always_json() {
    let cases = [
        ("", "{}"),
        ("\"payload\":null", "{}"),
        ("\"payload\":5", "5"),
        ("\"payload\":\"null\"", "null"),
        ("\"payload\":\" [1,2] \"", "[1, 2]"),
    ];
    for (members, expected) in cases {
        let stored = accepted(&body(&format!("[{}]", event(members))));
        let payload = stored[0].event.payload.as_ref().unwrap();
        assert_eq!(payload.as_str(), expected, "{members}");
    }
}

#[test]
fn times_move_with_the_clocks_difference() {
    let request = ClientRequest::parse(body(&format!("[{}]", event(""))).as_bytes()).unwrap();
    for received_ms in [NOON_MS - 86_400_000, NOON_MS + 1, 60_000] {
        let corrected = request.clone().correct(Timestamp::from_millis(received_ms));
        let stored = corrected.accept(&sender(), Uuid::nil(), &[]);
        assert_eq!(stored[0].event.timestamp.millis(), received_ms - 60_000);
    }
}

/// Stored hashes must be found again by every later release: never change these numbers.
#[test]
fn hashes_are_the_same_in_every_release() {
    let full = event(
        "\"obj_name\":\"n\",\"obj_id\":1,\"obj_val\":\"v\",\"source\":\"s\",\"count\":2,\
         \"duration\":3,\"project_id\":4,\"task_id\":5,\"job_id\":6,\"user_id\":7,\
         \"user_name\":\"u\",\"user_email\":\"e\",\"org_id\":8,\"org_slug\":\"o\",\
         \"payload\":\"{\\\"a\\\":1}\"",
    );
    let request =
        ClientRequest::parse(body(&format!("[{},{full}]", event(""))).as_bytes()).unwrap();
    let no_org = Sender {
        org: None,
        ..sender()
    };
    let hashes: Vec<String> = [sender(), no_org]
        .iter()
        .flat_map(|by| request.hashes(by))
        .map(|hash| format!("{:032x}", hash.0))
        .collect();
    let expected = [
        "b27ed8b1f1794d9a080373d534198121",
        "43cc9dbd09c54b616d656d2d6a90154f",
        "1cd6d67279a5d59493916c576483cbd6",
        "d280544be0f6d3f9d7c44e960fab302e",
    ];
    assert_eq!(hashes, expected);
}

#[test]
fn every_field_counts_in_the_hash() {
    let members = [
        "",
        "\"obj_name\":\"1\"",
        "\"obj_id\":1",
        "\"obj_val\":\"1\"",
        "\"source\":\"1\"",
        "\"count\":1",
        "\"duration\":1",
        "\"project_id\":1",
        "\"task_id\":1",
        "\"job_id\":1",
        "\"user_id\":1",
        "\"user_name\":\"1\"",
        "\"user_email\":\"1\"",
        "\"org_id\":1",
        "\"org_slug\":\"1\"",
        "\"payload\":\"1\"",
        "\"obj_name\":\"12\"",
        "\"obj_name\":\"1\",\"obj_val\":\"2\"",
    ];
    let events: Vec<String> = members.iter().map(|members| event(members)).collect();
    let request =
        ClientRequest::parse(body(&format!("[{}]", events.join(","))).as_bytes()).unwrap();
    let other_user = Sender {
        user: UserRef {
            id: 6,
            ..sender().user
        },
        ..sender()
    };
    let no_org = Sender {
        org: None,
        ..sender()
    };
    let hashes: std::collections::HashSet<EventHash> = [sender(), other_user, no_org]
        .iter()
        .flat_map(|by| request.hashes(by))
        .collect();
    assert_eq!(hashes.len(), 3 * members.len());
}

#[test]
fn forms_of_one_event_have_one_hash() {
    let forms = [
        event("\"payload\":\"{\\\"a\\\":1}\",\"count\":5"),
        event("\"count\":\"5.0\",\"payload\":\" { \\\"a\\\" : 1 } \",\"obj_id\":null"),
        event("\"unknown\":1,\"count\":5,\"payload\":\"{\\\"\\\\u0061\\\":1}\""),
    ];
    let request = ClientRequest::parse(body(&format!("[{}]", forms.join(","))).as_bytes()).unwrap();
    let hashes = request.hashes(&sender());
    assert!(hashes.iter().all(|hash| *hash == hashes[0]));
}

#[test]
fn repeats_are_neither_stored_nor_counted_again() {
    let click = |second: u32, job_id: u32| {
        format!(
            "{{\"scope\":\"click:element\",\"timestamp\":\"2024-07-01T11:59:{second:02}Z\",\"job_id\":{job_id}}}"
        )
    };
    let events = [click(0, 1), click(10, 1), click(20, 2), click(25, 1)].join(",");
    let request = corrected(&body(&format!("[{events}]")));
    let cases: [(&[bool], &str, usize); 6] = [
        // (duplicates, working time as job:ms, client events)
        (&[], "1:20000 2:5000", 4),
        (&[true], "1:20000 2:5000", 3),
        (&[true, true], "1:10000 2:5000", 2),
        (&[true, true, true], "2:5000", 1),
        (&[true, true, true, true], "", 0),
        // The time up to the third was counted when it first came.
        (&[false, false, true, false], "1:10000 2:5000", 3),
    ];
    for (duplicates, work, n_events) in cases {
        let stored = request.accept(&sender(), Uuid::nil(), duplicates);
        let (rows, events): (Vec<_>, Vec<_>) = stored
            .iter()
            .map(|stored| &stored.event)
            .partition(|event| event.scope == "send:working_time");
        let rows: Vec<String> = rows
            .iter()
            .map(|row| format!("{}:{}", row.job_id.unwrap(), row.duration))
            .collect();
        assert_eq!(rows.join(" "), work, "{duplicates:?}");
        assert_eq!(events.len(), n_events, "{duplicates:?}");
    }
}

#[test]
fn the_number_of_events_is_bounded() {
    let event = "{\"scope\":\"click:element\",\"timestamp\":\"2024-07-01T12:00:00Z\"}";
    let body = |n_events: usize| {
        let events = vec![event; n_events].join(",");
        format!("{{\"timestamp\":\"2024-07-01T12:00:00Z\",\"events\":[{events}]}}")
    };
    let accepted = ClientRequest::parse(body(crate::MAX_EVENTS).as_bytes()).unwrap();
    assert_eq!(accepted.len(), crate::MAX_EVENTS);
    let refused = ClientRequest::parse(body(crate::MAX_EVENTS + 1).as_bytes()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "events: Ensure this field has no more than 200000 elements."
    );
}
