//! Which texts JSON functions can read.

use super::{Kind, Scanner, kind, unquote};

/// Whether ClickHouse's JSON functions find a value in the text; of all else they give their
/// defaults, and DuckDB's fail. Its reader takes RFC 8259 to a depth of 1024, without lone surrogates,
/// and no number that a float of 64 bits cannot hold, unless it is an integer.
pub(crate) fn is_readable(text: &str) -> bool {
    let mut scanner = Scanner::of_payload(text);
    if scanner.value().is_err() || scanner.finish().is_err() {
        return false;
    }
    // What it is made of, one after another.
    let mut scanner = Scanner::of_payload(text);
    while let Some(byte) = scanner.peek() {
        if matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':') {
            scanner.bump();
            continue;
        }
        let Ok(scalar) = scanner.scalar() else {
            return false;
        };
        let is_readable = match kind(scalar) {
            Kind::Number => !overflows(scalar),
            Kind::String => unquote(scalar).is_ok(),
            _ => true,
        };
        if !is_readable {
            return false;
        }
    }
    true
}

/// Whether a number has a fraction or an exponent and is beyond all floats of 64 bits.
pub(crate) fn overflows(number: &str) -> bool {
    number
        .bytes()
        .any(|byte| matches!(byte, b'.' | b'e' | b'E'))
        && number.parse::<f64>().is_ok_and(f64::is_infinite)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `isValidJSON` of ClickHouse 26.9.
    #[test]
    fn what_clickhouse_reads_is_readable() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        let many_digits = format!("[{}]", "9".repeat(400));
        let (deepest, deepest_objects) = (nested(1024), objects(1024));
        for text in [
            "{}",
            " [1, {\"a\" : null}]\r\n\t",
            "5",
            "\"a\"",
            "null",
            "1e308",
            "-0.0",
            "1e-400",
            "0e999",
            "12345678901234567890123",
            &many_digits,
            "\"\\ud83d\\ude00\"",
            "{\"a\":\"\\u0000\"}",
            "\"\u{7f}é\"",
            "{\"a\":1,\"a\":2}",
            &deepest,
            &deepest_objects,
        ] {
            assert!(is_readable(text), "{text}");
        }
        let (too_deep, too_deep_objects) = (nested(1025), objects(1025));
        let many_digits = format!("[{}.5]", "9".repeat(400));
        for text in [
            "",
            " ",
            "{",
            "{\"a\":NaN}",
            "Infinity",
            "[1,]",
            "{\"a\":1} x",
            "{}{}",
            "1e309",
            "-1e400",
            &many_digits,
            "01",
            "1.",
            ".5",
            "+1",
            "\"\\ud83d\"",
            "{\"\\ude00\":1}",
            "[\"\\ud83d\\u0041\"]",
            "\"a\u{0}b\"",
            "\"a\nb\"",
            "\"\\q\"",
            "'a'",
            "{}\u{0}",
            "\u{b}{}",
            &too_deep,
            &too_deep_objects,
        ] {
            assert!(!is_readable(text), "{text}");
        }
    }
}
