mod ids;

use proptest::prelude::*;

use super::*;
use crate::event::{Interval, Origin};
use crate::payload::Payload;
use crate::promoted::PromotedPayload;

const RECEIVED: Timestamp = Timestamp::from_millis(1_719_835_200_000);

fn parse(body: &str) -> Vec<Result<ServerEvent, RejectedEvent>> {
    parse_server_body(body.as_bytes(), RECEIVED, ClientHours::Claimed).expect(body)
}

/// The one event of a body whose members are these and a scope.
fn event(members: &str) -> ServerEvent {
    let events = parse(&format!("{{\"scope\":\"create:task\"{members}}}"));
    assert_eq!(events.len(), 1);
    events.into_iter().next().unwrap().expect(members)
}

fn reason(element: &str) -> String {
    let mut events = parse(element);
    assert_eq!(events.len(), 1);
    let rejected = events.remove(0).expect_err(element);
    assert_eq!(rejected.raw, element);
    rejected.reason
}

#[test]
fn a_body_is_one_object_or_many() {
    let element = "{\"scope\":\"a:b\"}";
    let cases = [
        (String::new(), 0),
        (" \n".to_owned(), 0),
        ("[]".to_owned(), 0),
        (element.to_owned(), 1),
        (format!(" [ {element} , {element} ] "), 2),
        (format!("{element}\n{element}\r\n\n{element}\n"), 3),
        (format!("{element}{element}"), 2),
        ("{\n \"scope\" :\n \"a:b\"\n}\n{}".to_owned(), 2),
    ];
    for (body, n_elements) in cases {
        assert_eq!(parse(&body).len(), n_elements, "{body}");
    }
}

#[test]
fn the_number_of_events_is_bounded() {
    let body = "{}".repeat(MAX_EVENTS);
    assert_eq!(parse(&body).len(), MAX_EVENTS);
    let refused = parse_server_body(
        format!("{body}{{}}").as_bytes(),
        RECEIVED,
        ClientHours::Claimed,
    );
    assert_eq!(refused, Err(InvalidDocument::TooMany));
}

#[test]
fn a_broken_document_is_refused_as_a_whole() {
    let deep = format!("[{{\"scope\":\"a:b\",\"x\":{}", "[".repeat(1_000_000));
    let cases: [(&[u8], &str); 10] = [
        (b"[{\"scope\":\"a:b\"},5]", "element 1 is not an object"),
        (b"\"x\"", "element 0 is not an object"),
        (b"null", "element 0 is not an object"),
        (
            b"[{\"scope\":\"a:b\"},]",
            "invalid JSON: expected a value at byte 17",
        ),
        (
            b"[{\"scope\":\"a:b\"}",
            "invalid JSON: expected `,` or `]` at byte 16",
        ),
        (
            b"{\"scope\":\"a:b\"} x",
            "invalid JSON: expected a value at byte 16",
        ),
        (
            b"[] []",
            "invalid JSON: unexpected text after the JSON value at byte 3",
        ),
        (
            b"{\"scope\":NaN}",
            "invalid JSON: expected a value at byte 9",
        ),
        (b"{\"scope\":\"\xff\"}", "invalid UTF-8 at byte 10"),
        (
            deep.as_bytes(),
            "invalid JSON: nested too deeply at byte 147",
        ),
    ];
    for (body, expected) in cases {
        let error = parse_server_body(body, RECEIVED, ClientHours::Claimed).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn times_come_in_three_forms() {
    let cases = [
        ("\"1719835202.123456\"", 1_719_835_202_123_456),
        ("\"1719835200.0\"", 1_719_835_200_000_000),
        ("\"1719835200\"", 1_719_835_200_000_000),
        ("\"1719835202.1\"", 1_719_835_202_100_000),
        // As a float this would be one microsecond less.
        ("\"4102444800.000001\"", 4_102_444_800_000_001),
        ("\"1719835202.1234569\"", 1_719_835_202_123_456),
        ("1719835202.123456", 1_719_835_202_123_456),
        ("1719835202", 1_719_835_202_000_000),
        ("0", 0),
        ("\"2024-07-01T12:00:02.5Z\"", 1_719_835_202_500_000),
        ("\"2024-07-01 14:00:02+02:00\"", 1_719_835_202_000_000),
        ("\"20240701T120002Z\"", 1_719_835_202_000_000),
        ("\"20240701\"", 20_240_701_000_000),
        ("\"2106-02-07T06:28:15.999999Z\"", 4_294_967_295_999_999),
        ("4294967295.9999999", 4_294_967_295_999_999),
        ("\"4294967296.0\"", 4_294_967_296_000_000),
        ("-0.5", -500_000),
        ("\"-1.5\"", -1_500_000),
        ("\"1969-12-31\"", -86_400_000_000),
        ("-2208988800", -2_208_988_800_000_000),
        ("\"1900-01-01T00:00:00Z\"", -2_208_988_800_000_000),
        ("10413791999.9999999", 10_413_791_999_999_999),
        ("1e9", 1_000_000_000_000_000),
        ("1.719835202123456E+9", 1_719_835_202_123_456),
        ("17198352021234569e-7", 1_719_835_202_123_456),
        ("-5e-1", -500_000),
        ("1e-999999999999", 0),
        ("0e999", 0),
    ];
    for (raw, micros) in cases {
        let event = event(&format!(",\"timestamp\":{raw}"));
        assert_eq!(event.stored.event.timestamp.micros(), micros, "{raw}");
        assert!(event.hash.is_some());
    }
    for members in ["", ",\"timestamp\":null"] {
        let event = event(members);
        assert_eq!(event.stored.event.timestamp, RECEIVED);
        assert_eq!(event.hash, None, "nothing tells it from another");
    }
}

#[test]
fn values_are_read_leniently() {
    let members = ",\"obj_name\":true,\"obj_id\":\"7\",\"obj_val\":1.50,\"source\":null,\"count\":\"2.0\",\
         \"duration\":3.0,\"project_id\":null,\"task_id\":true,\"job_id\":9223372036854775807,\
         \"user_name\":{\"a\": 1},\"user_email\":\"\",\"org_id\":0,\"org_slug\":\" x \",\"extra\":[1],\
         \"payload\":{\"b\":[1]},\"path\":\"/\",\"duration2\":-1";
    let event = event(members).stored.event;
    assert_eq!(
        event,
        Event {
            scope: "create:task".to_owned(),
            obj_name: Some("true".to_owned()),
            obj_id: Some(7),
            obj_val: Some("1.50".to_owned()),
            source: Cow::Borrowed("server"),
            timestamp: RECEIVED,
            count: Some(2),
            duration: 3,
            project_id: None,
            task_id: Some(1),
            job_id: Some(i64::MAX),
            user_id: None,
            user_name: Some("{\"a\": 1}".to_owned()),
            user_email: Some(String::new()),
            org_id: Some(0),
            org_slug: Some(" x ".to_owned()),
            payload: Some(Payload::as_sent("{\"b\":[1]}".to_owned())),
        }
    );
}

/// The hash is of the record alone: what a sender says beside it may come later than the event itself.
#[test]
fn the_origin_is_kept_and_is_no_part_of_the_hash() {
    let record = ",\"timestamp\":\"1719835200.25\",\"obj_id\":7";
    let cases = [
        ("", None, None),
        (
            ",\"access_token_id\":3,\"remote_addr\":\"192.0.2.7\"",
            Some(3),
            Some("192.0.2.7"),
        ),
        (",\"access_token_id\":null,\"remote_addr\":null", None, None),
        (",\"access_token_id\":\"12\"", Some(12), None),
        (
            ",\"remote_addr\":\"2001:db8::1\"",
            None,
            Some("2001:db8::1"),
        ),
    ];
    let plain = event(record);
    assert!(plain.hash.is_some());
    for (members, access_token_id, remote_addr) in cases {
        let read = event(&format!("{record}{members}"));
        let origin = Origin {
            access_token_id,
            remote_addr: remote_addr.map(str::to_owned),
        };
        assert_eq!(read.stored.origin, origin, "{members}");
        assert_eq!(read.stored.event, plain.stored.event, "{members}");
        assert_eq!(read.hash, plain.hash, "{members}");
    }
    assert_eq!(
        reason("{\"scope\":\"a:b\",\"access_token_id\":-1}"),
        "access_token_id: not from 0 to 9223372036854775807"
    );
}

#[test]
fn a_payload_is_kept_as_it_came() {
    let cases = [
        ("null", None),
        ("\"\"", Some(("", false))),
        ("\"{}\"", Some(("{}", true))),
        (
            r#""{\"a\":\"é\",\"b\" : [1,2.50,1E5]}""#,
            Some((r#"{"a":"é","b" : [1,2.50,1E5]}"#, true)),
        ),
        (
            r#""{\"a\": \"\\u00e9\", \"a\": 1}""#,
            Some((r#"{"a": "\u00e9", "a": 1}"#, true)),
        ),
        ("\" null \"", Some((" null ", true))),
        ("{\"a\":1, \"b\" :2}", Some(("{\"a\":1, \"b\" :2}", true))),
        ("[1,2]", Some(("[1,2]", true))),
        ("5", Some(("5", true))),
        ("true", Some(("true", true))),
        (
            r#""{\"a\":\"\\u0000\"}""#,
            Some((r#"{"a":"\u0000"}"#, true)),
        ),
        // What is no JSON, or none to ClickHouse.
        ("\"{\"", Some(("{", false))),
        ("\"hello\"", Some(("hello", false))),
        (r#""{\"a\": NaN}""#, Some((r#"{"a": NaN}"#, false))),
        (r#""{\"a\": 1e400}""#, Some((r#"{"a": 1e400}"#, false))),
        (
            r#""{\"a\":\"\\ud83d\"}""#,
            Some((r#"{"a":"\ud83d"}"#, false)),
        ),
        (
            r#""{\"a\":\"\ud83d\"}""#,
            Some(("{\"a\":\"\u{fffd}\"}", true)),
        ),
        (r#""{\"a\":\"\u0000\"}""#, Some(("{\"a\":\"\0\"}", false))),
    ];
    for (raw, expected) in cases {
        let payload = event(&format!(",\"payload\":{raw}")).stored.event.payload;
        let found = payload
            .as_ref()
            .map(|payload| (payload.as_str(), payload.is_json()));
        assert_eq!(found, expected, "{raw}");
    }
}

/// Hours are what was counted: the key is another one in what was not counted, and the hash is of what
/// was sent.
#[test]
fn hours_are_those_of_servers() {
    let payload = |members: &str, hours| {
        let body = format!(
            r#"{{{members},"timestamp":1,"payload":"{{\"a\":{{\"working\\u005ftime\" :5}},\"working_time\":7}}"}}"#
        );
        let event = parse_server_body(body.as_bytes(), RECEIVED, hours).unwrap();
        let event = event.into_iter().next().unwrap().unwrap();
        let promoted = PromotedPayload::extract(event.stored.event.payload.as_ref().unwrap());
        let payload = event.stored.event.payload.unwrap().into_string();
        (payload, promoted.working_time, event.hash)
    };
    let claimed = r#"{"a":{"claimed_working_time" :5},"claimed_working_time":7}"#;
    let counted = r#"{"a":{"claimed_working_time" :5},"working_time":7}"#;
    let cases = [
        (
            r#""scope":"click:element","source":"client""#,
            claimed,
            counted,
        ),
        (
            r#""scope":"send:working_time","source":"client""#,
            claimed,
            counted,
        ),
        (
            r#""scope":"update:job","source":"server""#,
            claimed,
            claimed,
        ),
        (
            r#""scope":"send:working_time","source":"x""#,
            claimed,
            claimed,
        ),
        (
            r#""scope":"send:working_time","source":"server""#,
            counted,
            counted,
        ),
        (r#""scope":"send:working_time""#, counted, counted),
    ];
    for (members, as_claims, as_legacy) in cases {
        let (now, hours, hash) = payload(members, ClientHours::Claimed);
        assert_eq!(now, as_claims, "{members}");
        assert_eq!(hours, (now == counted).then_some(7), "{members}");
        let (legacy, _, legacy_hash) = payload(members, ClientHours::Legacy);
        assert_eq!(legacy, as_legacy, "{members}");
        assert_eq!(hash, legacy_hash, "{members}");
    }
    let hash = |key: &str| {
        let members = format!(r#","timestamp":1,"payload":"{{\"{key}\":7}}""#);
        event(&members).hash
    };
    assert_ne!(hash("working_time"), hash("claimed_working_time"));
}

#[test]
fn of_a_repeated_key_the_last_value_counts() {
    let sent = event(
        ",\"obj_id\":1,\"count\":70000,\"obj_id\":2,\"count\":3,\"user_id\":5,\"user_id\":null,\
         \"\\u0070ayload\":\"[1]\",\"payload\":\"[2]\"",
    );
    let event = sent.stored.event;
    assert_eq!(event.obj_id, Some(2));
    assert_eq!(event.count, Some(3));
    assert_eq!(event.user_id, None);
    assert_eq!(event.payload.unwrap().as_str(), "[2]");
}

#[test]
fn texts_are_kept_but_for_lone_surrogates() {
    let cases = [
        (r"a\u0000b", "a\0b"),
        (r"\ud83d", "\u{fffd}"),
        (r"a\ud83db\ude00c", "a\u{fffd}b\u{fffd}c"),
        (r"\ude00\ud83d", "\u{fffd}\u{fffd}"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}\u{1f600}"),
        (r"\ud83d\u0041\\ud83d", "\u{fffd}A\\ud83d"),
        (r"\uD83D\n\/é", "\u{fffd}\n/é"),
    ];
    for (sent, kept) in cases {
        let text = event(&format!(",\"obj_name\":\"{sent}\""))
            .stored
            .event
            .obj_name;
        assert_eq!(text.as_deref(), Some(kept), "{sent}");
    }
}

#[test]
fn what_cannot_be_stored_is_rejected_with_its_field() {
    let cases = [
        ("{}", "scope: missing or empty"),
        ("{\"scope\":null}", "scope: missing or empty"),
        ("{\"scope\":\"\"}", "scope: missing or empty"),
        (
            "{\"scope\":\"a:b\",\"count\":65536}",
            "count: not from 0 to 65535",
        ),
        (
            "{\"scope\":\"a:b\",\"count\":-1}",
            "count: not from 0 to 65535",
        ),
        (
            "{\"scope\":\"a:b\",\"duration\":4294967296}",
            "duration: not from 0 to 4294967295",
        ),
        (
            "{\"scope\":\"a:b\",\"job_id\":\"9223372036854775808\"}",
            "job_id: not from 0 to 9223372036854775807",
        ),
        (
            "{\"scope\":\"a:b\",\"user_id\":\"\"}",
            "user_id: not an integer",
        ),
        (
            "{\"scope\":\"a:b\",\"user_id\":5.5}",
            "user_id: not an integer",
        ),
        (
            "{\"scope\":\"a:b\",\"user_id\":[5]}",
            "user_id: not an integer",
        ),
        (
            "{\"scope\":\"a:b\",\"timestamp\":true}",
            "timestamp: neither ISO 8601 nor unix seconds",
        ),
        (
            "{\"scope\":\"a:b\",\"timestamp\":\"\"}",
            "timestamp: neither ISO 8601 nor unix seconds",
        ),
        (
            "{\"scope\":\"a:b\",\"timestamp\":\"1e9\"}",
            "timestamp: neither ISO 8601 nor unix seconds",
        ),
        (
            "{\"scope\":\"a:b\",\"timestamp\":\"1.\"}",
            "timestamp: neither ISO 8601 nor unix seconds",
        ),
        (
            "{\"scope\":\"a:b\",\"timestamp\":-2208988800.1}",
            "timestamp: not from 1900-01-01 to 2299-12-31",
        ),
        (
            "{\"scope\":\"a:b\",\"timestamp\":10413792000}",
            "timestamp: not from 1900-01-01 to 2299-12-31",
        ),
        (
            "{\"scope\":\"a:b\",\"timestamp\":1e300}",
            "timestamp: not from 1900-01-01 to 2299-12-31",
        ),
        (
            "{\"scope\":\"a:b\",\"timestamp\":-1e999}",
            "timestamp: not from 1900-01-01 to 2299-12-31",
        ),
        (
            "{\"scope\":\"a:b\",\"timestamp\":99999999999999999999999}",
            "timestamp: not from 1900-01-01 to 2299-12-31",
        ),
        (
            "{\"scope\":\"a:b\",\"timestamp\":\"1899-12-31T23:59:59.999Z\"}",
            "timestamp: not from 1900-01-01 to 2299-12-31",
        ),
        (
            "{\"scope\":\"a:b\",\"timestamp\":\"2300-01-01\"}",
            "timestamp: not from 1900-01-01 to 2299-12-31",
        ),
        (
            "{\"scope\":\"a:b\",\"intervals\":[[1,2]]}",
            "intervals: only on send:working_time",
        ),
    ];
    for (element, expected) in cases {
        assert_eq!(reason(element), expected, "{element}");
    }
    let events = parse("[{\"scope\":\"a:b\"},{},{\"scope\":\"a:b\"}]");
    assert!(events[0].is_ok() && events[2].is_ok());
    let rejected = events[1].as_ref().unwrap_err();
    assert_eq!((rejected.index, rejected.raw.as_str()), (1, "{}"));
    assert_eq!(rejected.to_string(), "element 1: scope: missing or empty");
}

#[test]
fn intervals_are_in_time_order() {
    let element =
        |intervals: &str| format!("{{\"scope\":\"send:working_time\",\"intervals\":{intervals}}}");
    let accepted: [(&str, &[(i64, i64)]); 5] = [
        ("null", &[]),
        ("[]", &[]),
        ("[[1,2]]", &[(1, 2)]),
        ("[[1,2],[2,2],[5,9]]", &[(1, 2), (2, 2), (5, 9)]),
        ("[ [ -1 , 10413791999999 ] ]", &[(-1, 10_413_791_999_999)]),
    ];
    for (intervals, expected) in accepted {
        let event = parse(&element(intervals)).remove(0).expect(intervals);
        let pairs: Vec<_> = event
            .stored
            .intervals
            .iter()
            .map(|interval| (interval.start_ms, interval.end_ms))
            .collect();
        assert_eq!(pairs, expected);
    }
    for intervals in [
        "5",
        "{}",
        "\"[]\"",
        "[1,2]",
        "[[1]]",
        "[[]]",
        "[[1,2,3]]",
        "[[2,1]]",
        "[[1,2],[1,3]]",
        "[[-2208988800001,2]]",
        "[[1,10413792000000]]",
        "[[1.0,2]]",
        "[[\"1\",2]]",
        "[[1,2],null]",
        "[[1,9223372036854775808]]",
    ] {
        let expected = "intervals: not a list of [start_ms, end_ms] in time order";
        assert_eq!(reason(&element(intervals)), expected, "{intervals}");
    }
    let many = |count: usize| format!("[{}]", vec!["[1,1]"; count].join(","));
    assert!(parse(&element(&many(10_000)))[0].is_ok());
    assert_eq!(
        reason(&element(&many(10_001))),
        "intervals: more than 10000"
    );
}

/// Stored hashes must be found again by every later release: never change these numbers.
#[test]
fn hashes_are_the_same_in_every_release() {
    let full = "\"obj_name\":\"n\",\"obj_id\":1,\"obj_val\":\"v\",\"source\":\"s\",\"count\":2,\
         \"duration\":3,\"project_id\":4,\"task_id\":5,\"job_id\":6,\"user_id\":7,\
         \"user_name\":\"u\",\"user_email\":\"e\",\"org_id\":8,\"org_slug\":\"o\",\
         \"payload\":\"{\\\"a\\\":1}\"";
    let hashes = ["\"duration\":0", full].map(|members| {
        let event = event(&format!(",\"timestamp\":1719835202.5,{members}"));
        format!("{:032x}", event.hash.unwrap().0)
    });
    let expected = [
        "80e8e1061d4fb2a23df7062803c12d80",
        "69d2b6d8ebcbcb2157866547daec739a",
    ];
    assert_eq!(hashes, expected);
}

/// What was sent before payloads were kept as they came is known again.
#[test]
fn a_repeat_is_known_whatever_form_its_payload_has() {
    let hash = |members: &str| event(&format!(",\"timestamp\":1,{members}")).hash.unwrap();
    let same: [&[&str]; 4] = [
        &[
            r#""payload":"{\"a\": 1, \"b\": \"\\u00e9\"}""#,
            r#""payload":"{\"a\":1,\"b\":\"é\"}""#,
            r#""payload":"{ \"\\u0061\":1 ,\"b\":\"\\u00E9\"}""#,
            r#""payload":{"a":1,"b":"é"}"#,
            r#""payload":"{\"a\":0,\"b\":\"é\",\"a\":1}""#,
        ],
        &["\"x\":0", "\"payload\":null", "\"payload\":\"\""],
        &["\"obj_id\":2", "\"obj_id\":1,\"obj_id\":2"],
        &[r#""payload":"[1e400]""#, r#""payload":"[ 1e400 ]""#],
    ];
    for forms in same {
        for form in forms {
            assert_eq!(hash(form), hash(forms[0]), "{form}");
        }
    }
    let different = [
        r#""payload":"{""#,
        r#""payload":" {""#,
        r#""payload":"[NaN]""#,
        r#""payload":"[\"\\ud83d\"]""#,
        r#""payload":"[\"\\ud83e\"]""#,
        r#""payload":"[\"\\ufffd\"]""#,
        r#""payload":"[\"\\u0000\"]""#,
        r#""obj_name":"\ud83d""#,
        r#""obj_name":"\ud83e""#,
        r#""obj_name":"\ufffd""#,
        r#""obj_name":"\u0000""#,
        r#""obj_val":"\ud83d""#,
        r#""payload":"\ud83d""#,
    ];
    let hashes: std::collections::HashSet<EventHash> =
        different.iter().map(|members| hash(members)).collect();
    assert_eq!(hashes.len(), different.len());
}

fn any_stored_event() -> impl Strategy<Value = StoredEvent> {
    let text = || proptest::option::of("\\PC{0,8}[\\x00-\\x7f]{0,4}");
    let id = || proptest::option::of(0..=i64::MAX);
    let object = (text(), id(), text(), "[^\\x00]{1,8}", any::<bool>());
    let numbers = (
        Timestamp::EARLIEST.micros()..=Timestamp::LATEST.micros(),
        proptest::option::of(any::<u16>()),
        any::<u32>(),
        [id(), id(), id(), id(), id()],
    );
    let who = (
        text(),
        text(),
        text(),
        proptest::option::of(prop_oneof![
            "\\PC{0,12}",
            "[\\x00\"{}a\\\\u]{0,8}",
            "[^\\x00]{0,8}".prop_map(|text| serde_json::json!({ "k": text }).to_string()),
        ]),
    );
    let lengths = proptest::collection::vec((0..1000_i64, 0..1000_i64), 0..5);
    (object, numbers, who, lengths, (id(), text())).prop_map(
        |(object, numbers, who, lengths, origin)| {
            let (obj_name, obj_id, obj_val, scope, is_work) = object;
            let (access_token_id, remote_addr) = origin;
            let (micros, count, duration, [project_id, task_id, job_id, user_id, org_id]) = numbers;
            let (user_name, user_email, org_slug, payload) = who;
            let mut end_ms = 0;
            let intervals = lengths.into_iter().map(|(gap_ms, length_ms)| {
                let start_ms = end_ms + gap_ms;
                end_ms = start_ms + length_ms;
                Interval { start_ms, end_ms }
            });
            StoredEvent {
                event: Event {
                    scope: if is_work {
                        WORKING_TIME_SCOPE.to_owned()
                    } else {
                        scope.clone()
                    },
                    obj_name,
                    obj_id,
                    obj_val,
                    // Counted intervals are a server's.
                    source: if is_work {
                        Cow::Borrowed("server")
                    } else {
                        Cow::Owned(scope)
                    },
                    timestamp: Timestamp::from_micros(micros),
                    count,
                    duration,
                    project_id,
                    task_id,
                    job_id,
                    user_id,
                    user_name,
                    user_email,
                    org_id,
                    org_slug,
                    payload: payload.map(Payload::as_sent),
                },
                intervals: if is_work {
                    intervals.collect()
                } else {
                    Vec::new()
                },
                origin: Origin {
                    access_token_id,
                    remote_addr,
                },
            }
        },
    )
}

/// A person mends the value and sends the line as it lies.
#[test]
fn a_line_of_the_dead_letters_is_its_event() {
    let line = |event: &str, more: &str| {
        format!(
            "{{\"received_at\":\"2024-07-01T12:00:02.123000Z\",\"request_id\":\"x\",\
             \"reason\":\"count: not from 0 to 65535\",\"event\":{event}{more}}}"
        )
    };
    let read = |text: &str| {
        parse_server_body(text.as_bytes(), RECEIVED, ClientHours::Claimed)
            .unwrap()
            .remove(0)
    };
    let event = "{\"scope\":\"update:job\",\"timestamp\":\"1767604000.5\",\"count\":7}";
    assert_eq!(read(&line(event, "")), read(event));
    // Without a time of its own, it is of the time of its receipt, and a repeat is known.
    let timeless = read(&line("{\"scope\":\"update:job\"}", "")).unwrap();
    assert!(timeless.hash.is_some());
    let micros = timeless.stored.event.timestamp.micros();
    assert_eq!(micros, 1_719_835_202_123_000);
    // What is still wrong is wrapped once.
    let wrong = event.replace(":7", ":70000");
    assert_eq!(read(&line(&wrong, "")).unwrap_err().raw, wrong);
    for other in [
        line(event, ",\"more\":1"),
        line("[]", ""),
        line(event, "").replace("reason", "season"),
    ] {
        let reason = read(&other).unwrap_err().reason;
        assert_eq!(reason, "scope: missing or empty", "{other}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(events in proptest::collection::vec(any_stored_event(), 0..5)) {
        let mut body = Vec::new();
        for event in &events {
            server_event_json(event, &mut body);
            body.push(b'\n');
        }
        prop_assert!(body.is_ascii());
        let read: Vec<StoredEvent> = parse_server_body(&body, RECEIVED, ClientHours::Claimed)
            .unwrap()
            .into_iter()
            .map(|event| event.unwrap().stored)
            .collect();
        prop_assert_eq!(read, events);
    }
}
