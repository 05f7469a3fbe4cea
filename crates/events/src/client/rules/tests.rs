use super::*;

fn shown<T: std::fmt::Debug>(result: Result<Sent<T>, FieldError>) -> String {
    match result {
        Ok(Sent::Value(value)) => format!("{value:?}"),
        Ok(other) => format!("{other:?}"),
        Err(error) => error.join(" "),
    }
}

/// The outcomes were observed in Django REST framework 3.14.0, but for the range and for
/// numbers past the range of a float, which it makes `inf`.
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
        ("1e400", "Not a valid string."),
        ("null", "Null"),
        ("true", "Not a valid string."),
        ("[]", "Not a valid string."),
        ("{}", "Not a valid string."),
        ("\"\"", "This field may not be blank."),
        ("\" \\u001c\\u00a0\"", "This field may not be blank."),
        ("\"a\\u0000\"", "Null characters are not allowed."),
        (
            "\"a\\ud800\"",
            "Surrogate characters are not allowed: U+D800.",
        ),
    ];
    for (raw, expected) in cases {
        assert_eq!(shown(text(raw)), expected, "{raw}");
    }
}

#[test]
fn integers_are_read_as_by_rest_framework() {
    let nines = format!("\"{}\"", "9".repeat(1001));
    let digits_1000 = format!("\"{}5\"", "0".repeat(999));
    let at_most = "Ensure this value is less than or equal to 65535.";
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
        ("65535", "65535"),
        ("65536", at_most),
        ("9223372036854775808", at_most),
        ("1180591620717411303424", at_most),
        ("-1", "Ensure this value is greater than or equal to 0."),
        (
            "-1180591620717411303424",
            "Ensure this value is greater than or equal to 0.",
        ),
    ];
    for (raw, expected) in cases {
        assert_eq!(shown(integer(raw, 65_535)), expected, "{raw}");
    }
    assert_eq!(
        shown(integer("9223372036854775807", i64::MAX)),
        "9223372036854775807"
    );
    assert_eq!(
        shown(integer("9223372036854775808", i64::MAX)),
        "Ensure this value is less than or equal to 9223372036854775807."
    );
}

#[test]
fn a_negative_duration_is_zero() {
    let cases = [
        ("0", "0"),
        ("-5", "0"),
        ("\"-5.0\"", "0"),
        ("-1180591620717411303424", "0"),
        ("4294967295", "4294967295"),
        (
            "4294967296",
            "Ensure this value is less than or equal to 4294967295.",
        ),
        ("null", "Null"),
        ("5.5", NOT_AN_INTEGER),
    ];
    for (raw, expected) in cases {
        assert_eq!(shown(duration(raw)), expected, "{raw}");
    }
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
