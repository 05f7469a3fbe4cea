use std::fmt::Write;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

#[test]
fn every_spelling_of_the_key_is_renamed_and_nothing_else() {
    let cases = [
        (
            r#"{"working_time":36000000}"#,
            r#"{"claimed_working_time":36000000}"#,
        ),
        (r#"{"working_time": 5}"#, r#"{"claimed_working_time": 5}"#),
        (
            "{\"working_time\" \r\n\t: 5}",
            "{\"claimed_working_time\" \r\n\t: 5}",
        ),
        (
            r#"{"working\u005ftime":5}"#,
            r#"{"claimed_working_time":5}"#,
        ),
        (
            r#"{"working\u005Ftime":5}"#,
            r#"{"claimed_working_time":5}"#,
        ),
        (
            r#"{"\u0077\u006F\u0072\u006b\u0069\u006e\u0067\u005f\u0074\u0069\u006D\u0065":5}"#,
            r#"{"claimed_working_time":5}"#,
        ),
        (
            r#"{"working_time":1,"working_time":2,"a":[{"b":{"working_tim\u0065":3}}]}"#,
            r#"{"claimed_working_time":1,"claimed_working_time":2,"a":[{"b":{"claimed_working_time":3}}]}"#,
        ),
        // What `simpleJSONExtractUInt(payload, 'working_time')` takes for the key.
        (
            r#"{"x\"working_time":5}"#,
            r#"{"x\"claimed_working_time":5}"#,
        ),
        // Texts that are no JSON, however the quotes pair up.
        (r#"{"working_time":5"#, r#"{"claimed_working_time":5"#),
        (r#""{"working_time":5"#, r#""{"claimed_working_time":5"#),
        (r#"x"working_time":5 'y"#, r#"x"claimed_working_time":5 'y"#),
        (r#"é\"working_time":"#, r#"é\"claimed_working_time":"#),
    ];
    for (text, expected) in cases {
        assert_eq!(rename_claimed_hours(text), expected, "{text}");
    }
    for text in [
        "",
        "{}",
        r#"{"a":"working_time"}"#,
        r#"["working_time", "working_time"]"#,
        r#"{"a":"\"working_time\":5"}"#,
        r#"{"Working_time":5,"working_times":5,"my_working_time":5,"working time":5}"#,
        r#"{"claimed_working_time":5}"#,
        r#"{"working\\u005ftime":5,"\\u0077orking_time":5}"#,
        r#"{"working\u005gtime":5}"#,
        r#"{"working\U005ftime":5}"#,
        r#"{"working_time"#,
        r#"{"working_time""#,
        r#"{"working_time"  "#,
        r#""working\u005"#,
        "\\u00",
    ] {
        let renamed = rename_claimed_hours(text);
        assert!(matches!(renamed, Cow::Borrowed(_)), "{text}");
        assert_eq!(renamed, text);
    }
}

#[test]
fn hours_that_were_sent_stay_and_what_cannot_be_hours_does_not() {
    let kept = [
        r#"{"working_time":0}"#,
        r#"{"working_time": 1500, "request": {"id": "x"}}"#,
        r#"{ "working\u005ftime" : 4294967295 }"#,
        "{}",
        "5",
        "no JSON",
    ];
    for text in kept {
        assert_eq!(keep_sent_hours(text), text);
    }
    let renamed = [
        r#"{"working_time":-1}"#,
        r#"{"working_time":-0}"#,
        r#"{"working_time":4294967296}"#,
        r#"{"working_time":9223372036854775807}"#,
        r#"{"working_time":123456789012345678901234567890}"#,
        r#"{"working_time":1.5}"#,
        r#"{"working_time":1e3}"#,
        r#"{"working_time":"5"}"#,
        r#"{"working_time":true}"#,
        r#"{"working_time":null}"#,
        r#"{"working_time":[5]}"#,
        r#"{"working_time":{"a":5}}"#,
        r#"{"x":{"working_time":5}}"#,
        r#"[{"working_time":5}]"#,
        r#"{"x\"working_time":5}"#,
        r#"{"working_time":5"#,
        r#"{"working_time":5} x"#,
        r#"{"working_time":NaN}"#,
    ];
    for text in renamed {
        let expected = text.replace("working_time", "claimed_working_time");
        assert_eq!(keep_sent_hours(text), expected, "{text}");
    }
    let mixed = [
        (
            r#"{"working_time":1,"working\u005ftime":2}"#,
            r#"{"claimed_working_time":1,"claimed_working_time":2}"#,
        ),
        (
            r#"{"a":{"working_time":99},"working_time":1,"b":[{"working_time":99}]}"#,
            r#"{"a":{"claimed_working_time":99},"working_time":1,"b":[{"claimed_working_time":99}]}"#,
        ),
    ];
    for (text, expected) in mixed {
        assert_eq!(keep_sent_hours(text), expected, "{text}");
    }
}

#[test]
fn only_servers_send_hours() {
    let cases = [
        // (scope, source, without and with `legacy`)
        ("send:working_time", "server", true, true),
        ("send:working_time", "client", false, true),
        ("send:working_time", "Server", false, false),
        ("send:working_time", "", false, false),
        ("update:job", "server", false, false),
        ("click:element", "client", false, true),
    ];
    for (scope, source, strict, legacy) in cases {
        assert_eq!(may_carry_hours(scope, source, false), strict, "{source}");
        assert_eq!(may_carry_hours(scope, source, true), legacy, "{source}");
    }
}

#[test]
fn an_event_keeps_hours_and_intervals_where_a_server_counted_them() {
    use crate::server_event::ClientHours::{Claimed, Legacy};

    let read = |scope: &str, source: &str, hours: &str, client_hours| {
        let intervals = match scope {
            "send:working_time" => ",\"intervals\":[[0,5]]",
            _ => "",
        };
        let element = format!(
            "{{\"scope\":\"{scope}\",\"source\":\"{source}\",\"timestamp\":\"1719835202.5\",\
             \"payload\":\"{{\\\"working_time\\\": {hours}}}\"{intervals}}}"
        );
        let received_at = crate::Timestamp::EPOCH;
        let events = crate::parse_server_body(element.as_bytes(), received_at, client_hours);
        let event = events.unwrap().remove(0).unwrap();
        let payload = event.stored.event.payload.unwrap().into_string();
        let has_key = payload.starts_with("{\"working_time\"");
        assert_eq!(has_key, !event.claims_hours);
        (has_key, event.stored.intervals.len())
    };
    let cases = [
        // (scope, source, hours, rule; keeps the key, intervals left)
        ("send:working_time", "server", "5", Claimed, (true, 1)),
        ("send:working_time", "server", "-5", Claimed, (false, 0)),
        ("send:working_time", "client", "5", Claimed, (false, 0)),
        ("send:working_time", "client", "5", Legacy, (true, 0)),
        ("click:element", "client", "5", Legacy, (true, 0)),
        ("click:element", "client", "1e99", Legacy, (false, 0)),
        ("send:working_time", "robot", "5", Legacy, (false, 0)),
        ("update:job", "server", "5", Legacy, (false, 0)),
    ];
    for (scope, source, hours, rule, expected) in cases {
        let case = read(scope, source, hours, rule);
        assert_eq!(case, expected, "{scope} {source} {hours} {rule:?}");
    }
}

/// A tree and one of the ways to write it.
#[derive(Clone, Debug)]
enum Json {
    Leaf(String),
    Text(Vec<Letter>),
    List(Vec<Json>),
    Object(Vec<(Vec<Letter>, Json)>),
}

/// A character, as it is or as an escape, and white space after the text that it ends.
type Letter = (char, bool);

fn letters() -> impl Strategy<Value = Vec<Letter>> {
    let text = prop_oneof![
        4 => Just("working_time".to_owned()),
        1 => Just("x\"working_time".to_owned()),
        1 => Just("claimed_working_time".to_owned()),
        1 => Just("working_tim\\u0065".to_owned()),
        1 => "[a-z\"\\\\:_é😀]{0,6}",
    ];
    text.prop_flat_map(|text| {
        let n_letters = text.chars().count();
        proptest::collection::vec(proptest::bool::weighted(0.2), n_letters)
            .prop_map(move |escaped| text.chars().zip(escaped).collect())
    })
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Leaf("36000000".to_owned())),
        Just(Json::Leaf("null".to_owned())),
        Just(Json::Leaf("-1.5e3".to_owned())),
        letters().prop_map(Json::Text),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Json::List),
            proptest::collection::vec((letters(), inner), 0..4).prop_map(Json::Object),
        ]
    })
}

fn write_text(letters: &[Letter], out: &mut String) {
    out.push('"');
    for &(letter, is_escaped) in letters {
        match letter {
            _ if is_escaped => {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").unwrap();
                }
            }
            '"' | '\\' => out.extend(['\\', letter]),
            _ => out.push(letter),
        }
    }
    out.push('"');
}

/// Writes the tree; with `renamed`, as it has to be after the renaming.
fn write(json: &Json, renamed: bool, out: &mut String) {
    match json {
        Json::Leaf(text) => out.push_str(text),
        Json::Text(letters) => write_text(letters, out),
        Json::List(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { " " } else { ", " });
                write(item, renamed, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (index, (key, value)) in members.iter().enumerate() {
                out.push_str(if index == 0 { "\n" } else { "," });
                let text: String = key.iter().map(|(letter, _)| letter).collect();
                // The end of a longer key counts where its quote is written with a backslash.
                let n_before = key.len().saturating_sub(KEY.len() + 1);
                let is_end = text.ends_with("\"working_time") && !key[n_before].1;
                if renamed && (text == KEY || is_end) {
                    let claimed = CLAIMED_KEY.chars().map(|letter| (letter, false));
                    let before = key.len() - KEY.len();
                    let key: Vec<Letter> = key[..before].iter().copied().chain(claimed).collect();
                    write_text(&key, out);
                } else {
                    write_text(key, out);
                }
                out.push_str(" :");
                write(value, renamed, out);
            }
            out.push('}');
        }
    }
}

fn written(json: &Json, renamed: bool) -> String {
    let mut out = String::new();
    write(json, renamed, &mut out);
    out
}

/// Whether a query finds the key anywhere, as a parser reads it.
fn has_key(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_key),
        Value::Object(members) => members
            .iter()
            .any(|(key, value)| key == KEY || has_key(value)),
        _ => false,
    }
}

proptest! {
    #[test]
    fn renaming_the_text_is_renaming_in_the_tree(json in json()) {
        let text = written(&json, false);
        let renamed = rename_claimed_hours(&text);
        prop_assert_eq!(renamed.as_ref(), written(&json, true));
        prop_assert!(!renamed.contains("\"working_time\":"));
        prop_assert!(!has_key(&serde_json::from_str(&renamed).unwrap()));
    }

    #[test]
    fn renaming_twice_is_renaming_once(text in "([\"{}:,\\\\ u0]|working|_time|working_time|\\\\u005f|\"working_time\"|é){0,12}") {
        let once = rename_claimed_hours(&text).into_owned();
        prop_assert_eq!(rename_claimed_hours(&once), once.as_str());
        prop_assert!(!once.contains("\"working_time\":"));
        let kept = keep_sent_hours(&text).into_owned();
        prop_assert_eq!(keep_sent_hours(&kept), kept.as_str());
    }

    #[test]
    fn of_a_servers_row_one_key_stays_at_most(json in json()) {
        let text = written(&json, false);
        let kept = keep_sent_hours(&text);
        let value: Value = serde_json::from_str(&kept).unwrap();
        if let Some(hours) = value.get(KEY) {
            prop_assert!(hours.as_u64().is_some_and(|ms| u32::try_from(ms).is_ok()));
        }
        let without: Value = match value {
            Value::Object(mut members) => {
                members.shift_remove(KEY);
                Value::Object(members)
            }
            other => other,
        };
        prop_assert!(!has_key(&without));
    }
}
