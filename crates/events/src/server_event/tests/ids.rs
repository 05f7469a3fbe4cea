//! Events whose senders gave them ids.

use super::*;
use crate::event_id::{MAX_EVENT_ID_BYTES, NamedHashes};

/// Stored hashes must be found again by every later release: never change these numbers.
#[test]
fn hashes_of_ids_are_the_same_in_every_release() {
    let members = ",\"timestamp\":1719835202.5,\"event_id\":\"e-1\",\"remote_addr\":\"::1\",\"access_token_id\":3";
    let id = event(members).id.unwrap();
    let hashes = [None, Some(9)].map(|sender| {
        let NamedHashes { id, content } = id.hashes(sender);
        [id, content].map(|hash| format!("{:032x}", hash.0))
    });
    let expected = [
        [
            "a2da460f09ecba66e20e660267414082",
            "a6f9430915f4e5e71ece31fa7e177331",
        ],
        [
            "c58df32e48a491c39a8dfcec86f0aca0",
            "fb1e9f956ae1646682f93863da31bc1e",
        ],
    ];
    assert_eq!(hashes, expected);
}

#[test]
fn an_id_stands_for_the_event_of_its_sender() {
    let hashes = |members: &str, sender| event(members).id.unwrap().hashes(sender);
    let first = hashes(",\"timestamp\":1,\"event_id\":\"a\"", Some(1));
    let again = [
        ",\"event_id\":\"a\",\"timestamp\":1",
        ",\"timestamp\":\"1.0\",\"event_id\":\"\\u0061\",\"duration\":0,\"extra\":5,\"obj_val\":null",
    ];
    for members in again {
        assert_eq!(hashes(members, Some(1)), first, "{members}");
    }
    // Another content of the same id.
    let others = [
        ",\"event_id\":\"a\"",
        ",\"timestamp\":2,\"event_id\":\"a\"",
        ",\"timestamp\":1,\"event_id\":\"a\",\"remote_addr\":\"::1\"",
        ",\"timestamp\":1,\"event_id\":\"a\",\"access_token_id\":1",
        ",\"timestamp\":1,\"event_id\":\"a\",\"payload\":\"{}\"",
    ];
    for members in others {
        let other = hashes(members, Some(1));
        assert_eq!(other.id, first.id, "{members}");
        assert_ne!(other.content, first.content, "{members}");
    }
    // Another sender, and another id, with the same content.
    for other in [
        hashes(",\"timestamp\":1,\"event_id\":\"a\"", Some(2)),
        hashes(",\"timestamp\":1,\"event_id\":\"a\"", None),
        hashes(",\"timestamp\":1,\"event_id\":\"b\"", Some(1)),
    ] {
        assert_ne!(other.id, first.id);
        assert_ne!(other.content, first.content);
    }
    // It takes no part in the hash of an event without one.
    let without = event(",\"timestamp\":1");
    assert_eq!(
        (without.hash, without.id),
        (event(",\"timestamp\":1,\"event_id\":null").hash, None)
    );
}

#[test]
fn an_id_is_a_text_of_bounded_length() {
    let longest = "é".repeat(MAX_EVENT_ID_BYTES / 2);
    let cases = [
        ("\"a\"".to_owned(), true),
        (format!("\"{longest}\""), true),
        (format!("\"{longest}x\""), false),
        ("\"\"".to_owned(), false),
        ("5".to_owned(), false),
        ("true".to_owned(), false),
        ("[\"a\"]".to_owned(), false),
        ("\"\\ud83d\"".to_owned(), false),
    ];
    for (raw, is_good) in cases {
        let body = format!("{{\"scope\":\"create:task\",\"event_id\":{raw}}}");
        let read = parse_server_body(body.as_bytes(), RECEIVED, ClientHours::Claimed).unwrap();
        match &read[0] {
            Ok(event) => assert!(is_good && event.id.is_some(), "{raw}"),
            Err(rejected) => {
                assert!(!is_good, "{raw}");
                assert_eq!(rejected.reason, "event_id: not a text of 1 to 128 bytes");
            }
        }
    }
}

#[test]
fn an_event_whose_id_is_used_twice_is_kept_as_it_came() {
    let second = "{\"scope\":\"create:task\",\"event_id\":\"a\",\"extra\":[\"é\"]}";
    let letter = format!(
        "{{\"received_at\":\"2024-07-01T12:00:00Z\",\"request_id\":\"x\",\"reason\":\"y\",\"event\":{second}}}"
    );
    for body in [
        format!("[{{\"scope\":\"é:b\"}}, {second}]"),
        format!("{{\"scope\":\"é:b\"}}\n{letter}"),
    ] {
        let read = parse_server_body(body.as_bytes(), RECEIVED, ClientHours::Claimed).unwrap();
        let id = read[1].as_ref().unwrap().id.as_ref().unwrap();
        let rejected = id.used_twice(body.as_bytes());
        assert_eq!((rejected.index, rejected.raw.as_str()), (1, second));
    }
}

#[test]
fn an_event_is_written_with_its_id() {
    let stored = event(",\"timestamp\":1,\"obj_val\":\"a\"").stored;
    let mut written = Vec::new();
    named_server_event_json("e-\"1\"", &stored, &mut written);
    let mut read = parse(std::str::from_utf8(&written).unwrap());
    let read = read.remove(0).unwrap();
    assert_eq!(read.stored, stored);
    let members = ",\"timestamp\":1,\"obj_val\":\"a\",\"event_id\":\"e-\\\"1\\\"\"";
    let expected = event(members).id.unwrap();
    assert_eq!(read.id.unwrap().hashes(Some(1)), expected.hashes(Some(1)));
}
