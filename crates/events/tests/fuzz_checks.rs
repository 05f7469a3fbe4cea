//! The checks of the fuzz targets, for a moment: on text that is nearly right, as a fuzzer
//! makes it only after minutes.

#[path = "../../../fuzz/checks.rs"]
mod checks;

use proptest::prelude::*;

/// Pieces that bodies are made of, and pieces that break them.
const VALUES: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "5.0",
    "1e3",
    "70000",
    "18446744073709551616",
    "\"\"",
    "\"7\"",
    "\" x \"",
    "\"a\\u0000b\"",
    "\"\\ud800\"",
    "\"\\ud83d\\ude00é\"",
    "[]",
    "{}",
    "{\"working_time\":12,\"message\":\"m\",\"platform\":{\"name\":\"n\",\"os\":5}}",
    "\"{\\\"working_time\\\":\\\"7\\\",\\\"stack\\\":[1.50,null],\\\"a\\\":1,\\\"a\\\":2}\"",
    "\"[NaN]\"",
    "\"{\\\"a\\\":\\\"\\\\ud800\\\"}\"",
    "\"2024-07-01T11:59:59.123456Z\"",
    "\"2024-07-01T12:04:59Z\"",
    "\"1969-12-31\"",
    "\"9999-12-31T23:59:59.999999-23:59\"",
    "\"1719835202.123456\"",
    "1719835202.5",
    "[[1,2],[3,4]]",
    "NaN",
    "\"",
    "]",
];

const KEYS: &[&str] = &[
    "scope",
    "obj_name",
    "obj_id",
    "obj_val",
    "source",
    "timestamp",
    "count",
    "duration",
    "project_id",
    "task_id",
    "job_id",
    "user_id",
    "user_name",
    "user_email",
    "org_id",
    "org_slug",
    "payload",
    "intervals",
    "\\u0073cope",
    "unknown",
];

const SCOPES: &[&str] = &[
    "click:element",
    "change:frame",
    "user:activity",
    "send:working_time",
    "create:task",
];

fn element() -> impl Strategy<Value = String> {
    let member = (
        proptest::sample::select(KEYS),
        proptest::sample::select(VALUES),
    );
    (
        proptest::sample::select(SCOPES),
        0..100_u32,
        0..200_000_u32,
        proptest::collection::vec(member, 0..4),
    )
        .prop_map(|(scope, second, duration_ms, members)| {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!(",\"{key}\":{value}"))
                .collect();
            let members = members.concat();
            format!(
                "{{\"scope\":\"{scope}\",\"timestamp\":\"2024-07-01T11:{:02}:{:02}Z\",\
                 \"duration\":{duration_ms},\"job_id\":{}{members}}}",
                second / 60,
                second % 60,
                second % 3,
            )
        })
}

/// A good element more often than not, or any value.
fn elements(separator: &'static str) -> impl Strategy<Value = String> {
    let item = prop_oneof![
        20 => element(),
        1 => proptest::sample::select(VALUES).prop_map(str::to_owned),
    ];
    proptest::collection::vec(item, 0..4).prop_map(move |items| items.join(separator))
}

fn client_body() -> impl Strategy<Value = String> {
    let previous = prop_oneof![Just("null".to_owned()), element()];
    (elements(","), previous, 0..100_u32).prop_map(|(events, previous, second)| {
        format!(
            "{{\"events\":[{events}],\"previous_event\":{previous},\
             \"timestamp\":\"2024-07-01T12:00:{:02}Z\"}}",
            second % 60
        )
    })
}

fn server_body() -> impl Strategy<Value = String> {
    prop_oneof![
        elements(",").prop_map(|elements| format!("[{elements}]")),
        elements("\n"),
    ]
}

/// The text with one byte changed, or cut.
fn broken(text: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<u8>> {
    (text, any::<(usize, u8, bool)>()).prop_map(|(text, (at, byte, cut))| {
        let mut bytes = text.into_bytes();
        let at = at % (bytes.len() + 1);
        if cut {
            bytes.truncate(at);
        } else if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        bytes
    })
}

fn payload_text() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(VALUES).prop_map(str::to_owned);
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(" ,"))),
            proptest::collection::vec((proptest::sample::select(KEYS), inner), 0..4).prop_map(
                |members| {
                    let members: Vec<String> = members
                        .iter()
                        .map(|(key, value)| format!("\"{key}\" : {value}"))
                        .collect();
                    format!("{{{}}}", members.join(","))
                }
            ),
        ]
    })
}

fn timestamp_text() -> impl Strategy<Value = String> {
    "[0-9]{4}-?[0-9]{1,2}-?[0-9]{1,2}([T ][0-9]{1,2}:?[0-9]{2}(:?[0-9]{2}([.,][0-9]{1,9})?)?)?( ?(Z|[+-][0-2][0-9]:?[0-9]{0,2}))?"
}

proptest! {
    #[test]
    fn client_requests(body in client_body()) {
        checks::client_request(body.as_bytes());
    }

    #[test]
    fn broken_client_requests(body in broken(client_body())) {
        checks::client_request(&body);
    }

    #[test]
    fn server_bodies(body in server_body()) {
        checks::server_body(body.as_bytes());
    }

    #[test]
    fn broken_server_bodies(body in broken(server_body())) {
        checks::server_body(&body);
    }

    #[test]
    fn payloads(text in payload_text()) {
        checks::payload(text.as_bytes());
    }

    #[test]
    fn broken_payloads(text in broken(payload_text())) {
        checks::payload(&text);
    }

    #[test]
    fn timestamps(text in timestamp_text()) {
        checks::timestamp(text.as_bytes());
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        checks::client_request(&bytes);
        checks::server_body(&bytes);
        checks::payload(&bytes);
        checks::timestamp(&bytes);
        checks::working_time(&bytes);
    }
}
