//! ClickHouse's escapes in text.

use std::borrow::Cow;

/// The bytes that a text with escapes stands for; `None` where it ends within one.
pub(super) fn unescaped(text: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !text.contains(&b'\\') {
        return Some(Cow::Borrowed(text));
    }
    let mut found = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            found.push(byte);
            continue;
        }
        let meant = match bytes.next()? {
            b'a' => 0x07,
            b'b' => 0x08,
            b'e' => 0x1b,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 0x0b,
            b'0' => 0,
            b'x' => hex_digit(bytes.next()?)? << 4 | hex_digit(bytes.next()?)?,
            // ClickHouse keeps the backslash before what needs none, as in `\d`.
            other
                if !matches!(
                    other,
                    b'\\' | b'\'' | b'"' | b'`' | b'/' | b'=' | b'\t' | b'\n'
                ) =>
            {
                found.push(b'\\');
                other
            }
            other => other,
        };
        found.push(meant);
    }
    Some(Cow::Owned(found))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}
