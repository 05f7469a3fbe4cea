//! Texts between quotes and with escapes: JSON, CSV, and what ClickHouse writes.

/// Writes a text as JSON.
pub(crate) fn write_json_text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a vector takes every text");
}

/// Writes a text as a field of a CSV line: always in quotes, as ClickHouse does.
pub(crate) fn write_csv_text(out: &mut Vec<u8>, text: &str) {
    write_csv_bytes(out, text.as_bytes());
}

/// Writes bytes as a field of a CSV line, in quotes.
pub(crate) fn write_csv_bytes(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &byte in text {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Writes a text as ClickHouse's JSON: with `\/`, and digits in capitals.
pub(crate) fn write_clickhouse_json_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' | '\\' | '/' => out.extend_from_slice(&[b'\\', c as u8]),
            '\n' => out.extend_from_slice(b"\\n"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            '\0'..='\u{1f}' => out.extend_from_slice(format!("\\u{:04X}", c as u32).as_bytes()),
            '\u{2028}' | '\u{2029}' => {
                out.extend_from_slice(format!("\\u{:04x}", c as u32).as_bytes());
            }
            plain => out.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

/// Writes a text as ClickHouse writes it within an array.
pub(crate) fn write_literal_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'\'');
    write_escaped(out, text);
    out.push(b'\'');
}

/// Writes a text with ClickHouse's escapes.
pub(crate) fn write_escaped(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        let escaped = match byte {
            b'\'' | b'\\' => byte,
            b'\n' => b'n',
            b'\t' => b't',
            b'\r' => b'r',
            0 => b'0',
            0x08 => b'b',
            0x0c => b'f',
            plain => {
                out.push(plain);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', escaped]);
    }
}

/// A text as ClickHouse's JSON.
pub(crate) fn clickhouse_json(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    write_clickhouse_json_text(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}
