//! What holds for any bytes that reach a parser: nothing panics, and what is accepted keeps
//! the promises of annoscope-events.
//!
//! The fuzz targets and a short test of the workspace run the same functions.

use annoscope_events::{
    Activity, ClientHours, ClientRequest, FIELD_NAMES, Ids, Interval, Organization, Payload,
    PromotedPayload, Sender, StoredEvent, Timestamp, UserRef, parse_server_body, server_event_json,
};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

/// 2024-07-01T12:00:00Z.
const RECEIVED: Timestamp = Timestamp::from_millis(1_719_835_200_000);

/// One request of the client endpoint, through to the rows and the reply.
pub fn client_request(data: &[u8]) {
    let sender = Sender {
        user: UserRef {
            id: 1,
            name: "ann".to_owned(),
            email: "ann@example.org".to_owned(),
        },
        org: Some(Organization {
            id: 2,
            slug: "acme".to_owned(),
        }),
    };
    let request = match ClientRequest::parse(data) {
        Ok(request) => request,
        Err(error) => {
            assert!(error.body().is_object());
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let n_events = request.len();
    let hashes = request.hashes(&sender);
    assert_eq!(hashes.len(), n_events);
    let request = request.correct(RECEIVED);
    let stored = request.accept(&sender, Uuid::nil(), &[]);
    let (rows, events): (Vec<&StoredEvent>, Vec<&StoredEvent>) = stored
        .iter()
        .partition(|stored| stored.event.scope == "send:working_time");
    assert!(events.len() <= n_events);
    for stored in &events {
        assert_eq!(stored.event.source, "client");
        assert!((Timestamp::EARLIEST..=RECEIVED).contains(&stored.event.timestamp));
        let payload = stored.event.payload.as_ref().expect("clients have one");
        assert_eq!(PromotedPayload::extract(payload).working_time, None);
    }
    for row in rows {
        assert!(
            row.intervals
                .iter()
                .all(|interval| interval.end_ms <= RECEIVED.millis())
        );
    }
    for stored in &stored {
        check_stored(stored);
        check_common_form(stored.event.payload.as_ref().expect("never without"));
    }
    for rejected in request.rejected(&sender, &[]) {
        let read = parse_server_body(rejected.raw.as_bytes(), RECEIVED, ClientHours::Claimed)
            .expect("it is JSON");
        assert_eq!(
            read.len(),
            1,
            "what is set aside is an element of the ingest port"
        );
    }
    let all_repeated = vec![true; n_events];
    assert!(request.rejected(&sender, &all_repeated).is_empty());
    assert!(
        request
            .accept(&sender, Uuid::nil(), &all_repeated)
            .is_empty()
    );

    let mut reply = Vec::new();
    request.write_reply(&sender, &mut reply);
    let reply: Value = serde_json::from_slice(&reply).expect("the reply is JSON");
    assert_eq!(
        reply["events"].as_array().map(Vec::len),
        Some(n_events),
        "every event is in the reply"
    );
    // What the reply shows is a valid request: the fields have one form.
    let again = serde_json::to_vec(&reply).expect("a value is JSON");
    match ClientRequest::parse(&again) {
        Ok(again) => assert_eq!(again.len(), n_events),
        Err(error) => panic!("the reply is refused: {error}"),
    }
}

/// One body of the ingest endpoint.
pub fn server_body(data: &[u8]) {
    let Ok(events) = parse_server_body(data, RECEIVED, ClientHours::Claimed) else {
        return;
    };
    for (index, event) in events.iter().enumerate() {
        match event {
            Ok(event) => check_stored(&event.stored),
            Err(rejected) => {
                assert_eq!(rejected.index, index);
                assert!(rejected.raw.starts_with('{') && rejected.raw.ends_with('}'));
                let field = rejected.reason.split(':').next().unwrap_or_default();
                assert!(FIELD_NAMES.contains(&field) || field == "intervals");
                serde_json::from_str::<&RawValue>(&rejected.raw).expect("the element is JSON");
            }
        }
    }
}

/// Any text as a payload.
pub fn payload(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let by_serde = serde_json::from_str::<&RawValue>(text);
    let as_sent = Payload::as_sent(text.to_owned());
    assert_eq!(as_sent.as_str(), text);
    check_payload(&as_sent);
    match Payload::parse(text) {
        Ok(payload) => {
            assert!(by_serde.is_ok(), "accepted what is not JSON");
            assert_eq!(as_sent.is_json(), payload.is_json());
            check_common_form(&payload);
            // Keys like this one have a meaning in serde_json's values.
            if !text.contains("serde_json") {
                let as_sent: Value = serde_json::from_str(text).expect("it is JSON");
                let kept: Value = serde_json::from_str(payload.as_str()).expect("it is JSON");
                assert_eq!(as_sent, kept);
            }
        }
        Err(error) => {
            assert!(error.offset <= text.len());
            let is_valid_but_refused = matches!(
                error.reason,
                "nested too deeply" | "lone surrogate" | "null character"
            );
            assert!(
                is_valid_but_refused || by_serde.is_err(),
                "refused JSON: {error}"
            );
        }
    }
}

/// Any text as a date and time.
pub fn timestamp(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(timestamp) = Timestamp::parse_iso8601(text) {
        // Only offsets reach before the year 1 and past 9999-12-30T22.
        let printed = timestamp.to_string();
        let again = Timestamp::parse_iso8601(&printed).expect("what is printed is read");
        let off_by_micros = (again.micros() - timestamp.micros()).abs();
        assert!(off_by_micros <= 2 * 86_400_000_000);
        let is_printed_exactly = !printed.starts_with("0001-01-01") && !printed.starts_with("9999");
        assert!(!is_printed_exactly || off_by_micros == 0);
    }
}

/// Activities made of the bytes, 12 each.
pub fn working_time(data: &[u8]) {
    let mut micros = RECEIVED.micros();
    let activities: Vec<Activity> = data
        .chunks_exact(12)
        .map(|bytes| {
            let number = |range: std::ops::Range<usize>| {
                bytes[range]
                    .iter()
                    .fold(0_i64, |value, byte| value << 8 | i64::from(*byte))
            };
            // Up to 134 s on, or 34 s back.
            micros += (number(0..4) % 168_000_000) - 34_000_000;
            let flags = bytes[11];
            let id = (flags & 3 != 0).then_some(i64::from(flags & 3));
            Activity {
                timestamp: Timestamp::from_micros(micros),
                duration_ms: number(4..7) % 200_000 - 1000,
                is_compressed: flags & 4 != 0,
                is_repeat: flags & 8 != 0,
                ids: Ids {
                    job_id: id,
                    task_id: id,
                    project_id: None,
                },
            }
        })
        .collect();
    let (previous, activities) = match activities.split_first() {
        Some((first, rest)) if first.is_repeat => (Some(first), rest),
        _ => (None, activities.as_slice()),
    };
    let rows = annoscope_events::working_time(previous, activities);
    let mut intervals: Vec<Interval> = Vec::new();
    for row in &rows {
        check_intervals(&row.intervals);
        intervals.extend(&row.intervals);
    }
    intervals.sort_by_key(|interval| interval.start_ms);
    check_intervals(&intervals);
    let bounds = previous.into_iter().chain(activities).flat_map(|activity| {
        let start = activity.timestamp.millis();
        [
            start,
            start + activity.duration_ms,
            start + activity.duration_ms + 1,
        ]
    });
    if let (Some(first), Some(last)) = (bounds.clone().min(), bounds.max()) {
        let total_ms: i64 = rows.iter().map(|row| i64::from(row.duration_ms)).sum();
        assert!(total_ms <= last - first, "more than the wall time");
    }
}

/// What a store may rely on.
fn check_stored(stored: &StoredEvent) {
    let event = &stored.event;
    assert!(!event.scope.is_empty());
    let ids = [
        event.obj_id,
        event.project_id,
        event.task_id,
        event.job_id,
        event.user_id,
        event.org_id,
    ];
    assert!(ids.into_iter().flatten().all(|id| id >= 0));
    assert!((Timestamp::EARLIEST..=Timestamp::LATEST).contains(&event.timestamp));
    if let Some(payload) = &event.payload {
        check_payload(payload);
    }
    check_intervals(&stored.intervals);

    let mut element = Vec::new();
    server_event_json(stored, &mut element);
    let read = parse_server_body(&element, RECEIVED, ClientHours::Claimed)
        .expect("what is written is read");
    let [Ok(read)] = read.as_slice() else {
        panic!("what is written is rejected: {read:?}");
    };
    assert_eq!(read.stored, *stored);
}

/// What a client sent.
fn check_common_form(payload: &Payload) {
    assert!(payload.as_str().is_ascii());
    serde_json::from_str::<&RawValue>(payload.as_str()).expect("a client's payload is JSON");
    assert_eq!(
        Payload::parse(payload.as_str()).as_ref(),
        Ok(payload),
        "it has one form"
    );
}

fn check_payload(payload: &Payload) {
    if payload.is_json() {
        serde_json::from_str::<&RawValue>(payload.as_str()).expect("it is JSON");
    }
    // Whatever it holds is extracted without a panic, and nothing of what is no JSON.
    let promoted = PromotedPayload::extract(payload);
    assert!(payload.is_json() || promoted == PromotedPayload::default());
}

fn check_intervals(intervals: &[Interval]) {
    for interval in intervals {
        assert!(interval.start_ms <= interval.end_ms);
    }
    for pair in intervals.windows(2) {
        assert!(pair[0].end_ms <= pair[1].start_ms, "time is counted twice");
    }
}
