//! Bad events: what is stored of them, and that the others and their hours are not touched.

use super::*;
use crate::mend::Mend;

/// A request with good clicks for job 7 every 30 s from 11:57:00 to 11:59:30, and `odd` among them.
fn with_odd(odd: &str) -> CorrectedRequest {
    with_odd_at(3, odd)
}

/// The same, with `odd` at this place of the list.
fn with_odd_at(index: usize, odd: &str) -> CorrectedRequest {
    let mut events: Vec<String> = (0..6)
        .map(|index| {
            let (minute, second) = (57 + index / 2, index % 2 * 30);
            format!(
                "{{\"scope\":\"draw:object\",\"timestamp\":\"2024-07-01T11:{minute}:{second:02}Z\",\
                 \"job_id\":7}}"
            )
        })
        .collect();
    events.insert(index, odd.to_owned());
    corrected(&body(&format!("[{}]", events.join(","))))
}

/// An event at 11:58:10 for job 7 with these members.
fn odd(members: &str) -> String {
    format!(
        "{{\"scope\":\"send:exception\",\"timestamp\":\"2024-07-01T11:58:10Z\",\"job_id\":7{members}}}"
    )
}

fn mended(request: &CorrectedRequest) -> Vec<&'static str> {
    let kinds = request.mended(&[]).into_iter();
    kinds
        .map(|(mend, count)| {
            assert_eq!(count, 1);
            mend.name()
        })
        .collect()
}

/// Hours in ms of all jobs, and the client's rows.
fn hours_and_rows(stored: &[StoredEvent]) -> (i64, Vec<&crate::Event>) {
    let (hours, rows): (Vec<_>, Vec<_>) = stored
        .iter()
        .map(|stored| &stored.event)
        .partition(|event| event.scope == "send:working_time");
    let ms = hours.iter().map(|row| i64::from(row.duration)).sum();
    (ms, rows)
}

#[test]
fn what_can_be_stored_is_mended() {
    type Get = fn(&crate::Event) -> Option<String>;
    let name: Get = |event| event.obj_name.clone();
    let payload: Get = |event| event.payload.as_ref().map(|p| p.as_str().to_owned());
    let duration: Get = |event| Some(event.duration.to_string());
    let cases: [(&str, Get, &str, &[&str]); 10] = [
        // (members, value, as stored, kinds)
        (
            r#","obj_name":"a\ud83d""#,
            name,
            "a\u{fffd}",
            &["lone_surrogate"],
        ),
        (
            r#","obj_name":"a\u0000b""#,
            name,
            "a\u{fffd}b",
            &["null_character"],
        ),
        (
            r#","payload":"{\"message\":\"x \\ud83d\"}""#,
            payload,
            r#"{"message": "x \ufffd"}"#,
            &["lone_surrogate"],
        ),
        (
            r#","payload":"{\"message\":\"x \ud83d\"}""#,
            payload,
            r#"{"message": "x \ufffd"}"#,
            &["lone_surrogate"],
        ),
        (
            r#","payload":"{\"message\":\"\\u0000\"}""#,
            payload,
            r#"{"message": "\ufffd"}"#,
            &["null_character"],
        ),
        (
            r#","payload":"{\"message\":\"\u0000\"}""#,
            payload,
            r#"{"message": "\ufffd"}"#,
            &["null_character"],
        ),
        (
            r#","payload":"{\"x\":NaN,\"y\":-Infinity}""#,
            payload,
            r#"{"x": null, "y": null}"#,
            &["not_a_number"],
        ),
        (r#","duration":-5"#, duration, "0", &["negative_duration"]),
        (
            r#","payload":"{\"working_time\":36000000,\"a\":[{\"working\\u005ftime\":1}]}""#,
            payload,
            r#"{"claimed_working_time": 36000000, "a": [{"claimed_working_time": 1}]}"#,
            &["claimed_hours"],
        ),
        (
            r#","payload":"{\"working_time\":\"\\ud83d\"}""#,
            payload,
            r#"{"claimed_working_time": "\ufffd"}"#,
            &["lone_surrogate", "claimed_hours"],
        ),
    ];
    for (members, get, expected, kinds) in cases {
        let request = with_odd(&odd(members));
        let stored = request.accept(&sender(), Uuid::nil(), &[]);
        let (hours_ms, rows) = hours_and_rows(&stored);
        assert_eq!((hours_ms, rows.len()), (150_000, 7), "{members}");
        assert_eq!(get(rows[3]).as_deref(), Some(expected), "{members}");
        assert_eq!(mended(&request), kinds, "{members}");
        assert!(request.rejected(&sender(), &[]).is_empty());
    }
}

/// The reply is what CVAT answers, so its values are those that were sent.
#[test]
fn what_no_column_holds_is_set_aside() {
    let deep = format!(r#","payload":"{}5{}""#, "[".repeat(128), "]".repeat(128));
    let cases = [
        // (members, field, as answered)
        (r#","count":65536"#, "count", "65536"),
        (r#","count":-1"#, "count", "-1"),
        (r#","duration":4294967296"#, "duration", "4294967296"),
        (
            r#","obj_id":9223372036854775808"#,
            "obj_id",
            "9223372036854775808",
        ),
        (
            r#","obj_id":"1_180591620717411303424.0""#,
            "obj_id",
            "1180591620717411303424",
        ),
        (r#","project_id":-1"#, "project_id", "-1"),
        (
            r#","task_id":-9223372036854775809"#,
            "task_id",
            "-9223372036854775809",
        ),
        (r#","job_id":-7"#, "job_id", "-7"),
        (deep.as_str(), "payload", ""),
    ];
    for (members, field, answered) in cases {
        let event = odd(members).replacen(",\"job_id\":7", "", usize::from(field == "job_id"));
        let request = with_odd(&event);
        let stored = request.accept(&sender(), Uuid::nil(), &[]);
        let (hours_ms, rows) = hours_and_rows(&stored);
        assert_eq!((hours_ms, rows.len()), (150_000, 6), "{members}");
        // Its time is counted for the job that there is.
        assert!(stored.iter().all(|row| row.event.job_id == Some(7)));
        let [rejected] = &request.rejected(&sender(), &[])[..] else {
            panic!("{members}: one event is set aside");
        };
        assert_eq!(rejected.index, 3);
        assert!(
            rejected.reason.starts_with(&format!("{field}: ")),
            "{}",
            rejected.reason
        );
        let mut reply = Vec::new();
        request.write_reply(&sender(), &mut reply);
        let reply: Value = serde_json::from_slice(&reply).unwrap();
        let [aside, in_reply]: [Value; 2] = [
            serde_json::from_str(&rejected.raw).unwrap(),
            reply["events"][3].clone(),
        ];
        assert_eq!(aside, in_reply, "{members}");
        if field != "payload" {
            assert_eq!(aside[field].to_string(), answered);
        }
        // Mended, the ingest port takes it as it lies.
        let raw = match field {
            "payload" => rejected.raw.replace(['[', ']'], ""),
            _ => rejected.raw.replace(answered, "7"),
        };
        let again =
            crate::parse_server_body(raw.as_bytes(), NOON, crate::ClientHours::Claimed).unwrap();
        let again = &again[0].as_ref().unwrap().stored.event;
        assert_eq!(again.source, "client");
        assert_eq!(again.user_name.as_deref(), Some("ann"));
        assert_eq!(again.timestamp.millis(), NOON_MS - 110_000);
        // A repeat is not set aside again.
        let duplicates = [false, false, false, true];
        assert!(request.rejected(&sender(), &duplicates).is_empty());
    }
}

/// Sent by a client whose clock shows noon, received at noon.
#[test]
fn no_time_is_counted_after_receipt() {
    let at = |timestamp: &str, duration_ms: i64| {
        format!(
            "{{\"scope\":\"change:frame\",\"timestamp\":\"{timestamp}\",\"duration\":{duration_ms},\
             \"job_id\":7}}"
        )
    };
    let cases: [(String, i64, i64, &[&str]); 7] = [
        // (event, hours in ms, time as stored, kinds)
        (at("2024-07-01T11:59:40Z", 20_000), 180_000, -20_000, &[]),
        (
            at("2024-07-01T11:59:40Z", 20_001),
            180_000,
            -20_000,
            &["ends_after_receipt"],
        ),
        (
            at("2024-07-01T11:58:10Z", 4_294_967_295),
            180_000,
            -110_000,
            &["ends_after_receipt"],
        ),
        (at("2024-07-01T12:00:00Z", 0), 180_000, 0, &[]),
        (
            at("2024-07-01T12:00:00.000001Z", 0),
            150_000,
            0,
            &["ahead_of_receipt"],
        ),
        (
            at("2024-07-01T12:03:00Z", 60_000),
            150_000,
            0,
            &["ahead_of_receipt"],
        ),
        (
            at("9999-01-01T00:00:00Z", 60_000),
            150_000,
            0,
            &["ahead_of_receipt"],
        ),
    ];
    for (event, expected_ms, at_ms, kinds) in cases {
        let request = with_odd_at(6, &event);
        let stored = request.accept(&sender(), Uuid::nil(), &[]);
        let (hours_ms, rows) = hours_and_rows(&stored);
        assert_eq!(hours_ms, expected_ms, "{event}");
        assert_eq!(rows[6].timestamp.millis() - NOON_MS, at_ms, "{event}");
        assert_eq!(mended(&request), kinds, "{event}");
        let mut ends = stored.iter().flat_map(|row| &row.intervals);
        assert!(ends.all(|interval| interval.end_ms <= NOON_MS));
    }
}

#[test]
fn a_previous_event_ahead_of_receipt_is_none() {
    let click = event("\"job_id\":7");
    let hours = |previous: &str| {
        let request = format!(
            "{{\"events\":[{click}],\"previous_event\":{previous},\"timestamp\":\"2024-07-01T12:00:00Z\"}}"
        );
        let stored = corrected(&request).accept(&sender(), Uuid::nil(), &[]);
        hours_and_rows(&stored).0
    };
    let at = |scope: &str, timestamp: &str, more: &str| {
        format!("{{\"scope\":\"{scope}\",\"timestamp\":\"{timestamp}\",\"job_id\":7{more}}}")
    };
    let cases = [
        (at("draw:object", "2024-07-01T11:58:00Z", ""), 60_000),
        (at("draw:object", "2024-07-01T12:00:00.001Z", ""), 0),
        (at("draw:object", "9999-01-01T00:00:00Z", ""), 0),
        (
            at(
                "change:frame",
                "0001-01-01T00:00:00Z",
                ",\"duration\":4294967295",
            ),
            0,
        ),
        // An event that was set aside is the next request's previous one.
        (
            at("draw:object", "2024-07-01T11:58:00Z", ",\"count\":70000"),
            60_000,
        ),
        (
            at(
                "draw:object",
                "2024-07-01T11:58:00Z",
                ",\"duration\":-1,\"obj_id\":1e18",
            ),
            60_000,
        ),
        (
            at(
                "draw:object",
                "2024-07-01T11:58:00Z",
                ",\"obj_name\":\"\\ud800\\u0000\"",
            ),
            60_000,
        ),
    ];
    for (previous, expected_ms) in cases {
        let previous = previous.replace("1e18", "18446744073709551616");
        assert_eq!(hours(&previous), expected_ms, "{previous}");
    }
    let request = format!(
        "{{\"previous_event\":{},\"timestamp\":\"0001-01-01\"}}",
        at(
            "change:frame",
            "9999-01-01T00:00:00Z",
            ",\"duration\":4294967295"
        )
    );
    let request = ClientRequest::parse(request.as_bytes()).unwrap();
    for received_ms in [0, NOON_MS, i64::MAX, i64::MIN] {
        let received_at = Timestamp::from_millis(received_ms);
        let corrected = request.clone().correct(received_at);
        assert!(corrected.accept(&sender(), Uuid::nil(), &[]).is_empty());
    }
}

#[test]
fn times_before_1900_cannot_be_stored() {
    let at = |timestamp: &str| {
        format!("{{\"scope\":\"load:job\",\"timestamp\":\"{timestamp}\",\"job_id\":7}}")
    };
    for timestamp in [
        "1900-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999Z",
        "1970-01-01",
    ] {
        let request = with_odd(&at(timestamp));
        assert!(request.rejected(&sender(), &[]).is_empty(), "{timestamp}");
        let stored = request.accept(&sender(), Uuid::nil(), &[]);
        let (hours_ms, rows) = hours_and_rows(&stored);
        assert_eq!((hours_ms, rows.len()), (150_000, 7), "{timestamp}");
    }
    for timestamp in ["1899-12-31T23:59:59.999Z", "0001-01-01"] {
        let request = with_odd(&at(timestamp));
        let rejected = request.rejected(&sender(), &[]);
        assert_eq!(rejected[0].reason, "timestamp: before 1900-01-01");
        let stored = request.accept(&sender(), Uuid::nil(), &[]);
        let (hours_ms, rows) = hours_and_rows(&stored);
        assert_eq!((hours_ms, rows.len()), (150_000, 6), "{timestamp}");
    }
}

/// What was sent tells events apart, whatever becomes of it.
#[test]
fn the_hash_is_of_what_was_sent() {
    let members = [
        r#","obj_name":"a\ud83d""#,
        r#","obj_name":"a\ud83e""#,
        r#","obj_name":"a\u0000""#,
        r#","obj_name":"a\ufffd""#,
        r#","obj_val":"a\ud83d""#,
        r#","payload":"{\"m\":\"\\ud83d\"}""#,
        r#","payload":"{\"m\":\"\\ud83e\"}""#,
        r#","payload":"{\"m\":\"\\u0000\"}""#,
        r#","payload":"{\"m\":\"\\ufffd\"}""#,
        r#","payload":"{\"m\":NaN}""#,
        r#","payload":"{\"m\":null}""#,
        r#","payload":"{\"working_time\":5}""#,
        r#","payload":"{\"claimed_working_time\":5}""#,
        r#","count":70000"#,
        r#","count":-1"#,
        r#","duration":4294967296"#,
        r#","duration":4294967297"#,
        r#","obj_id":9223372036854775808"#,
        r#","obj_id":9223372036854775809"#,
        r#","obj_id":-1"#,
        r#","user_id":9223372036854775808"#,
        r#","user_id":-1"#,
    ];
    let events: Vec<String> = members.iter().map(|members| odd(members)).collect();
    let request =
        ClientRequest::parse(body(&format!("[{}]", events.join(","))).as_bytes()).unwrap();
    let hashes = request.hashes(&sender());
    let different: std::collections::HashSet<_> = hashes.iter().collect();
    assert_eq!(different.len(), members.len());
    // A surrogate is the same in either of its spellings.
    let spellings = [
        odd(r#","payload":"{\"m\":\"\\ud83d\"}""#),
        odd(r#","payload":"{\"m\":\"\uD83D\"}""#),
    ];
    let request =
        ClientRequest::parse(body(&format!("[{}]", spellings.join(","))).as_bytes()).unwrap();
    let hashes = request.hashes(&sender());
    assert_eq!(hashes[0], hashes[1]);
}

#[test]
fn the_last_of_a_repeated_key_counts() {
    let stored = accepted(
        "{\"events\":[],\"timestamp\":\"2020-01-01\",\"timestamp\":\"2024-07-01T12:00:00Z\",\
         \"events\":[{\"scope\":\"x\",\"scope\":\"load:job\",\"timestamp\":5,\
         \"timestamp\":\"2024-07-01T11:59:00Z\",\"obj_id\":\"x\",\"obj_\\u0069d\":2}]}",
    );
    assert_eq!(stored[0].event.scope, "load:job");
    assert_eq!(stored[0].event.obj_id, Some(2));
    assert_eq!(stored[0].event.timestamp.millis(), NOON_MS - 60_000);
}

/// Working time is at the time of an event: were it of one before 1900, no dashboard would show it.
#[test]
fn hours_are_at_times_that_can_be_stored() {
    for odd_time in [
        "0001-01-01T00:00:00Z",
        "1899-12-31T23:59:59Z",
        "9999-01-01T00:00:00Z",
    ] {
        let odd =
            format!("{{\"scope\":\"send:exception\",\"timestamp\":\"{odd_time}\",\"job_id\":7}}");
        for index in 0..=6 {
            for n_duplicates in 0..=index {
                let request = with_odd_at(index, &odd);
                let duplicates = vec![true; n_duplicates];
                let stored = request.accept(&sender(), Uuid::nil(), &duplicates);
                let expected_ms: i64 = (n_duplicates.max(1)..6).map(|_| 30_000).sum();
                let case = format!("{odd_time} at {index}, {n_duplicates} duplicates");
                assert_eq!(hours_and_rows(&stored).0, expected_ms, "{case}");
                let mut times = stored.iter().map(|stored| stored.event.timestamp);
                assert!(
                    times.all(|time| NOON_MS - time.millis() <= 180_000),
                    "{case}"
                );
            }
        }
    }
}

/// An event ahead of its receipt that is a repeat, too, moves nothing.
#[test]
fn a_repeat_ahead_of_receipt_is_not_the_previous_event() {
    let click = |time: &str| {
        format!("{{\"scope\":\"draw:object\",\"timestamp\":\"2024-07-01T{time}Z\",\"job_id\":7}}")
    };
    let events = [click("11:58:00"), click("12:02:00"), click("11:59:00")].join(",");
    let request = corrected(&body(&format!("[{events}]")));
    let cases: [(&[bool], i64, usize); 4] = [
        // (duplicates, hours in ms, events)
        (&[], 60_000, 3),
        (&[true], 60_000, 2),
        (&[true, true], 60_000, 1),
        (&[true, true, true], 0, 0),
    ];
    for (duplicates, expected_ms, n_events) in cases {
        let stored = request.accept(&sender(), Uuid::nil(), duplicates);
        let (hours_ms, rows) = hours_and_rows(&stored);
        assert_eq!(
            (hours_ms, rows.len()),
            (expected_ms, n_events),
            "{duplicates:?}"
        );
    }
    let is_ahead = |duplicates: &[bool]| {
        let mended = request.mended(duplicates);
        mended.contains(&(Mend::AheadOfReceipt, 1))
    };
    assert!(is_ahead(&[]) && !is_ahead(&[true, true]));
}
