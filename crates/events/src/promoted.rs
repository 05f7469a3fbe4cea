//! The few payload values that dashboards read in millions of rows.
//!
//! They are extracted once, when an event is stored, into columns of their own. Their
//! values are those of ClickHouse's `JSONExtractUInt` and `JSONExtractString`, so a query
//! that reads the column gives what it would give on the text. Of a key that occurs twice the first
//! value counts, as there. Texts of what is no text and no number carry a [`MARK`], so that other
//! functions need no look at the payload either: for one row in a thousand, reading it takes ten
//! times the time of the rest of a query.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use uuid::Uuid;

use crate::json::{Kind, Scanner, kind, unquote};
use crate::payload::Payload;
use crate::search;

/// A payload value that has a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromotedPath {
    /// Keys from the root of the payload.
    pub path: &'static [&'static str],
    /// Name of the column.
    pub column: &'static str,
    /// The function whose value the column has.
    pub kind: PromotedKind,
}

/// The type of a [`PromotedPath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromotedKind {
    /// As `JSONExtractUInt` gives it.
    UInt,
    /// As `JSONExtractString` gives it, behind a [`MARK`] where that does not tell the whole.
    String,
}

/// Begins the text of null, which is empty, that of an array or an object, and a text that begins
/// with it itself.
pub const MARK: char = '\0';

const fn promoted(
    path: &'static [&'static str],
    column: &'static str,
    kind: PromotedKind,
) -> PromotedPath {
    PromotedPath { path, column, kind }
}

/// All of them, in the order of the first fields of [`PromotedPayload`].
pub const PROMOTED_PATHS: &[PromotedPath] = &[
    promoted(
        &["working_time"],
        "payload_working_time",
        PromotedKind::UInt,
    ),
    promoted(&["message"], "payload_message", PromotedKind::String),
    promoted(&["stack"], "payload_stack", PromotedKind::String),
    promoted(
        &["platform", "name"],
        "payload_platform_name",
        PromotedKind::String,
    ),
    promoted(
        &["platform", "version"],
        "payload_platform_version",
        PromotedKind::String,
    ),
    promoted(
        &["platform", "os"],
        "payload_platform_os",
        PromotedKind::String,
    ),
];

/// The promoted values of one payload. `None` where the path leads nowhere or the payload is no
/// object; a value of another type, null too, is what the function makes of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PromotedPayload {
    /// `working_time`, in ms. 0 for what is no unsigned integer, and past 2^63 - 1, which
    /// no column here holds.
    pub working_time: Option<i64>,
    /// `message`, of an exception.
    pub message: Option<String>,
    /// `stack`, of an exception.
    pub stack: Option<String>,
    /// `platform.name`: the browser.
    pub platform_name: Option<String>,
    /// `platform.version`: of the browser.
    pub platform_version: Option<String>,
    /// `platform.os`.
    pub platform_os: Option<String>,
    /// `request.id`, where it is a UUID: the request that a server event belongs to. It has
    /// a column of every event, so it is not among [`PROMOTED_PATHS`].
    pub request_id: Option<Uuid>,
}

/// Most payloads have none of the keys, nor an escape that may be one of their letters, which are before U+0080:
/// a search is faster than a scan.
static KEYS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    search::any_of([
        "\"working_time\"",
        "\"message\"",
        "\"stack\"",
        "\"platform\"",
        "\"request\"",
        "\\u00",
    ])
});

impl PromotedPayload {
    /// Extracts the values.
    pub fn extract(payload: &Payload) -> PromotedPayload {
        let mut promoted = PromotedPayload::default();
        if !payload.is_json() {
            return promoted;
        }
        let text = payload.as_str();
        if !KEYS.is_match(text) {
            return promoted;
        }
        let (mut has_platform, mut has_request) = (false, false);
        for_each_member(text, |key, raw| match key {
            "working_time" => first(&mut promoted.working_time, || extract_uint(raw)),
            "message" => first(&mut promoted.message, || extract_string(raw)),
            "stack" => first(&mut promoted.stack, || extract_string(raw)),
            "platform" if !has_platform => {
                has_platform = true;
                for_each_member(raw, |key, raw| match key {
                    "name" => first(&mut promoted.platform_name, || extract_string(raw)),
                    "version" => first(&mut promoted.platform_version, || extract_string(raw)),
                    "os" => first(&mut promoted.platform_os, || extract_string(raw)),
                    _ => {}
                });
            }
            "request" if !has_request => {
                has_request = true;
                let mut id = None;
                for_each_member(raw, |key, raw| {
                    if key == "id" {
                        first(&mut id, || raw);
                    }
                });
                let id = id.filter(|raw| kind(raw) == Kind::String);
                promoted.request_id = id.and_then(|raw| Uuid::try_parse(&text_of(raw)).ok());
            }
            _ => {}
        });
        promoted
    }
}

/// Sets what is not set yet.
fn first<T>(place: &mut Option<T>, value: impl FnOnce() -> T) {
    if place.is_none() {
        *place = Some(value());
    }
}

/// Calls `member` with each key and value of an object; other values have none.
fn for_each_member<'a>(text: &'a str, mut member: impl FnMut(&str, &'a str)) {
    let mut scanner = Scanner::of_payload(text);
    if scanner.peek() != Some(b'{') {
        return;
    }
    scanner.bump();
    let mut is_first = true;
    // The payload is JSON, so no error ends this early.
    while let Ok(Some(raw_key)) = scanner.next_key(is_first) {
        is_first = false;
        let Ok(raw) = scanner.value() else { return };
        member(&text_of(raw_key), raw);
    }
}

/// The text of a string in a payload that is JSON, where no surrogate is alone.
fn text_of(raw: &str) -> Cow<'_, str> {
    unquote(raw).unwrap_or_default()
}

fn extract_uint(raw: &str) -> i64 {
    match kind(raw) {
        Kind::Number => uint(raw),
        Kind::String => uint(&text_of(raw)),
        Kind::Null | Kind::Bool | Kind::Array | Kind::Object => 0,
    }
}

/// Digits, or a float cut to its integer part; 0 for all else.
fn uint(text: &str) -> i64 {
    if let Ok(value) = text.parse::<u64>() {
        return i64::try_from(value).unwrap_or(0);
    }
    match text.parse::<f64>() {
        // 2^63. Digits past it were not cut above, but a float is out of range as well.
        Ok(value) if (0.0..9_223_372_036_854_775_808.0).contains(&value) => value as i64,
        _ => 0,
    }
}

fn extract_string(raw: &str) -> String {
    match kind(raw) {
        Kind::Null => MARK.to_string(),
        Kind::String => match text_of(raw) {
            text if text.starts_with(MARK) => format!("{MARK}{text}"),
            text => text.into_owned(),
        },
        Kind::Bool => raw.to_owned(),
        Kind::Number => number(raw).into_owned(),
        Kind::Array | Kind::Object => {
            let mut out = String::with_capacity(raw.len() + 1);
            out.push(MARK);
            push_minified(raw, &mut out);
            out
        }
    }
}

/// A number as ClickHouse prints it: integers with their digits, floats with the fewest
/// digits, and an exponent from 1e21 on and below 1e-6.
fn number(raw: &str) -> Cow<'_, str> {
    if !raw.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return Cow::Borrowed(if raw == "-0" { "0" } else { raw });
    }
    match raw.parse::<f64>() {
        Ok(value) if value == 0.0 || (1e-6..1e21).contains(&value.abs()) => {
            Cow::Owned(value.to_string())
        }
        Ok(value) if value.is_finite() => Cow::Owned(format!("{value:e}")),
        _ => Cow::Borrowed(raw),
    }
}

/// Writes an array or an object without spaces and with characters unescaped.
fn push_minified(raw: &str, out: &mut String) {
    let mut scanner = Scanner::of_payload(raw);
    while let Some(byte) = scanner.peek() {
        match byte {
            b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                out.push(char::from(byte));
                scanner.bump();
            }
            _ => {
                let Ok(token) = scanner.scalar() else { return };
                match kind(token) {
                    Kind::String => out.push_str(
                        &serde_json::to_string(&text_of(token))
                            .expect("writing to memory does not fail"),
                    ),
                    Kind::Number => out.push_str(&number(token)),
                    _ => out.push_str(token),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extract(text: &str) -> PromotedPayload {
        PromotedPayload::extract(&Payload::as_sent(text.to_owned()))
    }

    /// Values were observed in ClickHouse 26.
    #[test]
    fn values_are_clickhouses() {
        let cases: [(&str, i64, &str); 41] = [
            // (value, JSONExtractUInt, JSONExtractString and its mark)
            ("12", 12, "12"),
            ("\"12\"", 12, "12"),
            ("1.7", 1, "1.7"),
            ("\"1.5\"", 1, "1.5"),
            ("1e3", 1000, "1000"),
            ("\"1e3\"", 1000, "1e3"),
            ("-1", 0, "-1"),
            ("\"-1\"", 0, "-1"),
            ("true", 0, "true"),
            ("false", 0, "false"),
            ("null", 0, "\0"),
            ("\"abc\"", 0, "abc"),
            ("\" 12\"", 0, " 12"),
            ("\"+5\"", 5, "+5"),
            ("\"5.\"", 5, "5."),
            ("\"\"", 0, ""),
            ("[1]", 0, "\0[1]"),
            ("{\"a\":1}", 0, "\0{\"a\":1}"),
            ("18446744073709551616", 0, "18446744073709551616"),
            ("1e20", 0, "100000000000000000000"),
            ("1.0", 1, "1"),
            ("-0", 0, "0"),
            ("-0.0", 0, "-0"),
            ("0.5", 0, "0.5"),
            ("1.50", 1, "1.5"),
            ("1e-7", 0, "1e-7"),
            ("0.000001", 0, "0.000001"),
            ("1e300", 0, "1e300"),
            ("1e21", 0, "1e21"),
            ("123456789.123456789", 123_456_789, "123456789.12345679"),
            ("1E+5", 100_000, "100000"),
            ("12345678901234567890123", 0, "12345678901234567890123"),
            (
                "123456789012345678",
                123_456_789_012_345_678,
                "123456789012345678",
            ),
            (
                "1234567890123456789.5",
                1_234_567_890_123_456_768,
                "1234567890123456800",
            ),
            ("-1e-5", 0, "-0.00001"),
            ("\"a\\n\\u00e9\"", 0, "a\né"),
            ("\"12abc\"", 0, "12abc"),
            ("[]", 0, "\0[]"),
            ("\"[]\"", 0, "[]"),
            ("\"inf\"", 0, "inf"),
            (
                "{\"b\": [1, \"é\\n\", 1.50, {\"c\": null}]}",
                0,
                "\0{\"b\":[1,\"é\\n\",1.5,{\"c\":null}]}",
            ),
        ];
        for (value, uint, string) in cases {
            let promoted = extract(&format!(
                "{{\"x\": 1, \"working_time\": {value}, \"message\": {value}}}"
            ));
            assert_eq!(promoted.working_time, Some(uint), "{value}");
            assert_eq!(promoted.message.as_deref(), Some(string), "{value}");
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_is_none() {
        for text in [
            "{}",
            "5",
            "[{\"message\": 1}]",
            "\"message\"",
            "{\"x\": {\"message\": 1, \"working_time\": 2}}",
            "{\"platform\": \"Linux\"}",
            "{\"platform\": null}",
            "{\"platform\": [{\"name\": 1}]}",
            "{\"a\": \"\\\"message\\\": 5\"}",
            "{\"message\": 5",
            "{\"message\": NaN}",
            "{\"message\": \"\\ud83d\"}",
        ] {
            assert_eq!(extract(text), PromotedPayload::default(), "{text}");
        }
        let promoted = extract(
            "{\"platform\": {\"name\": \"Firefox\", \"version\": 128, \"x\": 1}, \"stack\": \"\"}",
        );
        assert_eq!(promoted.platform_name.as_deref(), Some("Firefox"));
        assert_eq!(promoted.platform_version.as_deref(), Some("128"));
        assert_eq!(promoted.platform_os, None);
        assert_eq!(promoted.stack.as_deref(), Some(""));
        assert_eq!(promoted.message, None);
    }

    #[test]
    fn the_request_is_found_where_it_is_a_uuid() {
        let id = "6f2c2c35-6a0e-4f4f-9f57-3b0b8f5e2a11";
        let of = |text: &str| extract(text).request_id.map(|id| id.to_string());
        assert_eq!(
            of(&format!("{{\"request\": {{\"id\": \"{id}\"}}}}")).as_deref(),
            Some(id)
        );
        assert_eq!(of("{\"request\": {\"id\": null}}"), None);
        assert_eq!(of("{\"request\": {\"id\": \"7\"}}"), None);
    }

    /// As in ClickHouse 26.9, however the text is written.
    #[test]
    fn any_text_of_json_is_read() {
        let cases = [
            ("{\"m\\u0065ssage\": \"x\"}", "x"),
            ("{\"message\":\"é\"}", "é"),
            (" {\"message\" :\"x\"} ", "x"),
            ("{\"message\":\"x\",\"message\":\"y\"}", "x"),
            ("{\"message\":null,\"message\":\"y\"}", "\0"),
            ("{\"message\":\"\\u0000a\"}", "\0\0a"),
            ("{\"message\":\"\\u0000\"}", "\0\0"),
            ("{\"message\":\"a\\u0000\"}", "a\0"),
            (
                "{\"message\":{\"b\" : 1,\"b\":\"\\u0000\"}}",
                "\0{\"b\":1,\"b\":\"\\u0000\"}",
            ),
        ];
        for (text, expected) in cases {
            let found = extract(text).message;
            assert_eq!(found.as_deref(), Some(expected), "{text}");
        }
        let deep = format!(
            "{{\"d\":{}{},\"message\":1}}",
            "[".repeat(1000),
            "]".repeat(1000)
        );
        assert_eq!(extract(&deep).message.as_deref(), Some("1"));
        let twice = extract(r#"{"platform":{"os":1,"os":2},"platform":{"os":3,"name":4}}"#);
        assert_eq!(twice.platform_os.as_deref(), Some("1"));
        assert_eq!(twice.platform_name, None);
    }
}
