use super::*;

fn shown<T: std::fmt::Debug>(result: Result<Sent<T>, FieldError>) -> String {
    match result {
        Ok(Sent::Value(value)) => format!("{value:?}"),
        Ok(other) => format!("{other:?}"),
        Err(error) => error.join(" "),
    }
}

/// The text that is stored.
fn stored(raw: &str) -> String {
    let text = text(raw).map(|sent| match sent {
        Sent::Value(mended) => Sent::Value(mended.text),
        Sent::Null => Sent::Null,
        Sent::Absent => Sent::Absent,
    });
    shown(text)
}

/// The outcomes were observed in Django REST framework 3.14.0, but for what is mended, which it
/// refuses.
#[test]
fn text_is_read_as_by_rest_framework() {
    let cases = [
        ("\" x \"", "\"x\""),
        ("\"a b\"", "\"a b\""),
        ("5", "\"5\""),
        ("-0", "\"0\""),
        ("-0.0", "\"-0.0\""),
        ("5.50", "\"5.5\""),
        ("1e15", "\"1000000000000000.0\""),
        ("1e16", "\"1e+16\""),
        ("0.0001", "\"0.0001\""),
        ("0.00001", "\"1e-05\""),
        ("1.5e300", "\"1.5e+300\""),
        ("1e400", "\"inf\""),
        ("null", "Null"),
        ("true", "Not a valid string."),
        ("[]", "Not a valid string."),
        ("{}", "Not a valid string."),
        ("\"\"", "This field may not be blank."),
        ("\" \\u001c\\u00a0\"", "This field may not be blank."),
        ("\" a\\u0000 \"", "\"a\u{fffd}\""),
        ("\"a\\ud800\"", "\"a\u{fffd}\""),
    ];
    for (raw, expected) in cases {
        assert_eq!(stored(raw), expected, "{raw}");
    }
}

#[test]
fn a_scope_is_not_mended() {
    let cases = [
        ("\" load:job\"", "load:job"),
        ("null", NOT_NULL),
        ("\"\"", NOT_BLANK),
        ("[]", NOT_A_STRING),
        ("\"load:job\\u0000\"", NUL),
        (
            "\"load:job\\ud800\"",
            "Surrogate characters are not allowed: U+D800.",
        ),
    ];
    for (raw, expected) in cases {
        let text = scope(raw).map_or_else(|error| error.join(" "), Cow::into_owned);
        assert_eq!(text, expected, "{raw}");
    }
}

#[test]
fn odd_characters_of_a_payload_become_escapes() {
    let cases = [
        ("\" {} \"", "\"{}\""),
        (r#""\"a\u0000\ud800\"""#, r#""\"a\\u0000\\ud800\"""#),
        ("5", "\"5\""),
        ("null", "Null"),
        ("{}", NOT_A_STRING),
        ("\" \"", NOT_BLANK),
    ];
    for (raw, expected) in cases {
        assert_eq!(shown(payload(raw)), expected, "{raw}");
    }
}

#[test]
fn integers_are_read_as_by_rest_framework() {
    let nines = format!("\"{}\"", "9".repeat(1001));
    let digits_1000 = format!("\"{}5\"", "0".repeat(999));
    let number = |n_digits| "1".repeat(n_digits);
    let (longest, too_long) = (number(MAX_NUMBER_BYTES), number(MAX_NUMBER_BYTES + 1));
    let cases = [
        ("5", "5"),
        ("5.0", "5"),
        ("\"5\"", "5"),
        ("\"5.0\"", "5"),
        ("\"5.\"", "5"),
        ("\" 5 \"", "5"),
        ("\"5.0 \"", "5"),
        ("\"500\"", "500"),
        ("\"+5\"", "5"),
        ("\"1_000\"", "1000"),
        ("1e3", "1000"),
        ("\"-0\"", "0"),
        ("-0", "0"),
        (digits_1000.as_str(), "5"),
        ("null", "Null"),
        ("1e16", NOT_AN_INTEGER),
        ("1e400", NOT_AN_INTEGER),
        ("5.5", NOT_AN_INTEGER),
        ("\"\"", NOT_AN_INTEGER),
        ("\" \"", NOT_AN_INTEGER),
        ("\".0\"", NOT_AN_INTEGER),
        ("\"1__0\"", NOT_AN_INTEGER),
        ("\"_1\"", NOT_AN_INTEGER),
        ("\"5.0.0\"", NOT_AN_INTEGER),
        ("\"- 5\"", NOT_AN_INTEGER),
        ("\"abc\"", NOT_AN_INTEGER),
        ("\"\\ud800\"", NOT_AN_INTEGER),
        ("true", NOT_AN_INTEGER),
        ("[]", NOT_AN_INTEGER),
        ("{}", NOT_AN_INTEGER),
        (nines.as_str(), TOO_LONG),
        ("-1", "-1"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "Large 9223372036854775808"),
        (
            "\" +1_180591620717411303424.0\"",
            "Large 1180591620717411303424",
        ),
        ("-1180591620717411303424", "Large -1180591620717411303424"),
        ("\"-00\"", "0"),
        (too_long.as_str(), NOT_AN_INTEGER),
    ];
    for (raw, expected) in cases {
        let value = match integer(raw) {
            Ok(Sent::Value(Integer::Small(value))) => value.to_string(),
            Ok(Sent::Value(Integer::Large(digits))) => format!("Large {digits}"),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.join(" "),
        };
        assert_eq!(value, expected, "{raw}");
    }
    assert!(integer(&longest).is_ok());
}

#[test]
fn times_are_texts() {
    let cases = [
        ("\"2024-07-01T12:00:00Z\"", "Timestamp(1719835200000000)"),
        (
            "\"2024-07-01T12:00:00\\u005a\"",
            "Timestamp(1719835200000000)",
        ),
        ("null", "Null"),
        ("\"\"", NOT_A_DATETIME),
        ("5", NOT_A_DATETIME),
        ("true", NOT_A_DATETIME),
        ("\"1719835200\"", NOT_A_DATETIME),
        ("\"\\ud800\"", NOT_A_DATETIME),
    ];
    for (raw, expected) in cases {
        assert_eq!(shown(datetime(raw)), expected, "{raw}");
    }
}
