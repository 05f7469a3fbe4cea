//! Numbers as Python's `json` writes what it has read.

use std::borrow::Cow;

use super::{Kind, Scanner, kind};

/// A JSON number as Python prints it after reading it: integers with their digits, others
/// as the shortest text of the float. `None` past the range of a float: Python has `inf`
/// there.
pub(crate) fn python_number(raw: &str) -> Option<Cow<'_, str>> {
    if !raw.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return Some(Cow::Borrowed(if raw == "-0" { "0" } else { raw }));
    }
    let value: f64 = raw.parse().ok()?;
    if !value.is_finite() {
        return None;
    }
    // Rust's debug form switches to an exponent where Python does; Python writes its sign
    // and two digits at least.
    let text = format!("{value:?}");
    let Some((mantissa, exponent)) = text.split_once('e') else {
        return Some(Cow::Owned(text));
    };
    let (sign, digits) = match exponent.strip_prefix('-') {
        Some(digits) => ('-', digits),
        None => ('+', exponent),
    };
    Some(Cow::Owned(format!("{mantissa}e{sign}{digits:0>2}")))
}

/// JSON text with its numbers as Python writes them after reading it, all else as it is: CVAT's
/// server stores payloads of clients so. A number past the range of a float stays; Python's `Infinity`
/// is no JSON.
pub(crate) fn with_python_numbers(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut scanner = Scanner::new(text);
    while let Some(byte) = scanner.peek() {
        if matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b':') {
            scanner.bump();
            continue;
        }
        let start = scanner.offset();
        let Ok(scalar) = scanner.scalar() else { break };
        let number = (kind(scalar) == Kind::Number).then(|| python_number(scalar));
        if let Some(number) = number.flatten().filter(|number| number != scalar) {
            out.push_str(&text[copied..start]);
            out.push_str(&number);
            copied = scanner.offset();
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `json.dumps(json.loads(text))` of Python 3.11; `tests/ingest/test_odd_events.py` asks Python itself.
    #[test]
    fn numbers_are_pythons() {
        let cases = [
            (
                "{\"a\": 1, \"b\": [\"1.50\", 2.5]}",
                "{\"a\": 1, \"b\": [\"1.50\", 2.5]}",
            ),
            (
                "[1.50, -0, -0.0, 0.0, 1E5]",
                "[1.5, 0, -0.0, 0.0, 100000.0]",
            ),
            (
                "[1e15, 1e16, 1e-4, 1e-5]",
                "[1000000000000000.0, 1e+16, 0.0001, 1e-05]",
            ),
            ("0.1e1", "1.0"),
            ("[12345678901234567890123]", "[12345678901234567890123]"),
            (
                "[1.7976931348623157e308, 1e400, 5e-324, 1e-400]",
                "[1.7976931348623157e+308, 1e400, 5e-324, 0.0]",
            ),
            ("{\"1.50\": 1.50}", "{\"1.50\": 1.5}"),
        ];
        for (text, expected) in cases {
            assert_eq!(with_python_numbers(text), expected, "{text}");
        }
    }
}
