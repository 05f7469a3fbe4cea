//! What is refused, and that nothing from outside does more harm than that.

use proptest::prelude::*;

use super::*;

const NOON: &str = "2024-07-01 12:00:00";

/// (format, body, code, part of the sentence)
#[test]
fn bodies_are_refused_in_clickhouses_words() {
    use InsertErrorCode::*;
    let cases: [(&str, &[u8], InsertErrorCode, &str); 31] = [
        ("JSONEachRow", br#"{"scope":"a","scope":"b"}"#, IncorrectData, "scope: (at row 1"),
        ("JSONEachRow", br#"{"scope":"a"} {"duration":"x"}"#, CannotParseNumber, "(at row 2, column duration)"),
        ("JSONEachRow", br#"{"scope":"a"} x"#, CannotParseInputAssertionFailed, "(at row 2)"),
        ("JSONEachRow", br#"{"scope":"a""#, IncorrectData, "row 1"),
        ("JSONEachRow", br#"[{"scope":"a"}"#, CannotParseInputAssertionFailed, "expected ']'"),
        ("JSONEachRow", br#"{"timestamp":"noon"}"#, CannotParseDatetime, "'noon'"),
        ("JSONEachRow", b"{\"scope\":\"\xff\"}", IncorrectData, "row 1"),
        ("JSONCompactEachRow", br#"["a",1]"#, CannotParseInputAssertionFailed, "2 fields for 6 columns"),
        ("CSV", b"a\n", CannotParseInputAssertionFailed, "1 fields for 6 columns: (at row 1)"),
        ("CSV", b"\"a", CannotParseQuotedString, "row 1"),
        ("CSV", b"\"a\"b,c\n", CannotParseInputAssertionFailed, "before: 'b,c'"),
        ("CSVWithNames", b"scope,scope\n", IncorrectData, "Duplicate"),
        ("CSVWithNamesAndTypes", b"duration\nFloat64\n1.5\n", CannotParseNumber, "1.5"),
        ("CSVWithNamesAndTypes", b"timestamp\nUInt8\n", TypeMismatch, "UInt8 to DateTime64(3"),
        ("CSVWithNamesAndTypes", b"scope\nText\n", UnknownType, "Text"),
        ("TSVWithNames", b"scope\r\n", IncorrectData, "carriage return"),
        ("TSVWithNames", b"scope\na\\", CannotParseEscapeSequence, "row 1"),
        ("Values", b"('a', 1 + (2))", CannotParseInputAssertionFailed, "no expression"),
        ("Values", b"('a", CannotParseInputAssertionFailed, "'('"),
        ("Values", b"('a' 'b')", CannotParseInputAssertionFailed, "expected ,"),
        ("RowBinary", b"\x01a\x01\x01", CannotReadAllData, "row 1"),
        ("RowBinary", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", TooLargeStringSize, "length"),
        ("RowBinary", b"\xff\xff\xff\xff\x0f", TooLargeStringSize, "more than 1048576 bytes"),
        ("RowBinaryWithNames", b"\x00a", IncorrectData, "no columns"),
        ("RowBinaryWithNames", b"\x01\x01x", IncorrectData, "Unknown field found in RowBinary header: 'x'"),
        ("RowBinaryWithNamesAndTypes", b"\x01\x05scope\x05Array", UnknownType, "column scope"),
        ("Native", b"\x01\x01\x05scope\x04Date\0\0", TypeMismatch, "Date to String"),
        ("Native", b"\x01\x01\x05scope\x06String\x05a", CannotReadAllData, "block"),
        ("Native", b"\x00\x01", IncorrectData, "columns"),
        (
            "Native",
            b"\x01\x01\x05scope\x16LowCardinality(String)\x01\0\0\0\0\0\0\0\0\x06\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x00\x01\0\0\0\0\0\0\0\x01",
            IncorrectData,
            "not in its dictionary: (column scope)",
        ),
        (
            "Native",
            b"\x01\xff\xff\xff\xff\x0f\x08duration\x06UInt32",
            TooLargeStringSize,
            "more than 1048576 bytes",
        ),
    ];
    for (name, body, code, part) in cases {
        for piece in [1, usize::MAX] {
            let error = read(name, body, piece.min(body.len())).unwrap_err();
            let text = format!("{name} {}: {error}", String::from_utf8_lossy(body));
            assert_eq!(error.code, code, "{text}");
            assert!(error.to_string().contains(part), "{text}");
        }
    }
}

#[test]
fn rows_have_a_greatest_size() {
    let text = "x".repeat(2 << 20);
    let bodies = [
        ("JSONEachRow", format!("{{\"scope\":\"{text}\"}}")),
        ("CSVWithNames", format!("scope\n{text}\n")),
        ("TSVWithNames", format!("scope\n{text}\n")),
        ("Values", format!("('{text}')")),
        ("JSONEachRow", " ".repeat(2 << 20)),
    ];
    for (name, body) in bodies {
        for piece in [1000, 4 << 20] {
            let error = read(name, body.as_bytes(), piece).unwrap_err();
            assert_eq!(error.code, InsertErrorCode::TooLargeStringSize, "{name}");
        }
    }
}

#[test]
fn a_refusal_of_the_one_who_takes_rows_ends_the_reading() {
    let mut reader = InsertFormat::JsonEachRow.reader(&columns(), 100).unwrap();
    let mut n_rows = 0;
    let mut sink = |_| {
        n_rows += 1;
        Err(InsertError::new(InsertErrorCode::IncorrectData, "enough"))
    };
    let body = format!("{{\"timestamp\":\"{NOON}\"}}\n").repeat(3);
    let error = reader.push(body.as_bytes(), &mut sink).unwrap_err();
    assert_eq!(error.to_string(), "enough: (at row 1)");
    assert_eq!(n_rows, 1);
}

const NAMES: [&str; 14] = [
    "JSONEachRow",
    "JSONCompactEachRow",
    "JSONCompactEachRowWithNamesAndTypes",
    "Native",
    "RowBinary",
    "RowBinaryWithNames",
    "RowBinaryWithNamesAndTypes",
    "CSV",
    "CSVWithNames",
    "CSVWithNamesAndTypes",
    "TSV",
    "TSVWithNames",
    "TSVWithNamesAndTypes",
    "Values",
];

proptest! {
    /// Bodies of ClickHouse's with bytes changed are read or refused, and the same however they are cut.
    #[test]
    fn changed_bodies_never_panic_and_cuts_change_nothing(
        index in 0..NAMES.len(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
        piece in 1_usize..40,
    ) {
        let name = NAMES[index];
        let mut body = clickhouse::body(name);
        for (at, byte) in changes {
            let at = at.index(body.len());
            body[at] = byte;
        }
        let whole = read(name, &body, body.len());
        prop_assert_eq!(read(name, &body, piece), whole);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        index in 0..NAMES.len(),
        body in proptest::collection::vec(any::<u8>(), 1..200),
        piece in 1_usize..20,
    ) {
        let whole = read(NAMES[index], &body, body.len());
        prop_assert_eq!(read(NAMES[index], &body, piece), whole);
    }
}
