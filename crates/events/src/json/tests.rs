use proptest::prelude::*;

use super::*;

/// Text made of the pieces of JSON, right and wrong.
fn near_json() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\"a\"",
        "\"b\":",
        "\\",
        "\\u00e9",
        "\"\\ud83d\\ude00\"",
        "\"\\n\"",
        "0",
        "-1",
        "1.5",
        "1e5",
        "01",
        "1.",
        "true",
        "false",
        "null",
        "nul",
        "NaN",
        " ",
        "\n",
        "\t",
        "é",
        "\u{0}",
        "\u{1f}",
        "{\"k\":1}",
        "[1,2]",
        "{}",
        "[]",
        "\"x\":null",
    ]);
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn accepts(text: &str) -> bool {
    let mut scanner = Scanner::new(text);
    scanner.value().is_ok() && scanner.finish().is_ok()
}

#[test]
fn a_value_is_handed_out_as_it_is_written() {
    let mut scanner = Scanner::new(" { \"a\" : [1, {\"b\": []}] , \"c\":\"\\\"}\" } tail");
    assert_eq!(
        scanner.value().unwrap(),
        "{ \"a\" : [1, {\"b\": []}] , \"c\":\"\\\"}\" }"
    );
    assert!(scanner.finish().is_err());
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let nested = |depth| format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert!(accepts(&nested(127)));
        assert!(!accepts(&nested(128)));
        assert!(!accepts(&open.repeat(1_000_000)));
    }
}

#[test]
fn strings_are_unescaped() {
    let cases = [
        ("\"\"", Ok("")),
        ("\"plain é\"", Ok("plain é")),
        (
            "\"\\u00e9\\n\\\"\\\\\\/\\b\\f\\r\\t\"",
            Ok("é\n\"\\/\u{8}\u{c}\r\t"),
        ),
        ("\"a\\ud83d\\uDE00b\"", Ok("a😀b")),
        ("\"\\u0000\"", Ok("\0")),
        ("\"\\ud83d\"", Err(LoneSurrogate(0xd83d))),
        ("\"\\ude00\\ud83d\"", Err(LoneSurrogate(0xde00))),
        ("\"\\ud83d\\ud83d\\ude00\"", Err(LoneSurrogate(0xd83d))),
        ("\"\\ud83d\\n1234\"", Err(LoneSurrogate(0xd83d))),
    ];
    for (raw, text) in cases {
        assert_eq!(unquote(raw).as_deref(), text.as_deref(), "{raw}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn accepts_what_serde_json_accepts(text in near_json()) {
        let by_serde = serde_json::from_str::<Box<serde_json::value::RawValue>>(&text);
        prop_assert_eq!(accepts(&text), by_serde.is_ok(), "{:?}", by_serde);
    }

    #[test]
    fn ascii_text_is_read_back(text in any::<String>()) {
        let mut raw = String::new();
        push_ascii_string(&mut raw, &text);
        prop_assert!(raw.is_ascii());
        let unquoted = unquote(&raw).unwrap();
        prop_assert_eq!(unquoted.as_ref(), text.as_str());
        let by_serde: String = serde_json::from_str(&raw).unwrap();
        prop_assert_eq!(by_serde, text);
    }
}
