//! What of an event cannot be stored as it was sent: how it was sent, and what became of it.

use std::borrow::Cow;

use crate::field::Field;
use crate::json::{LoneSurrogate, unescape};
use crate::mend::{Mend, Mends};

/// Kept apart from the other fields, as hardly any event has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Odd {
    /// What was changed so that the event can be stored.
    pub mends: Mends,
    /// Texts as they were sent, where they are stored in another form.
    texts: Vec<(Field, Vec<u8>)>,
    /// Integers that their fields cannot hold, as digits.
    digits: Vec<(Field, String)>,
    /// Why the event cannot be stored; starts with the name of the field.
    reason: Option<String>,
}

impl Odd {
    /// Notes that the field is not stored as it was sent.
    pub fn text(&mut self, field: Field, as_sent: Vec<u8>, mends: Mends) {
        self.texts.push((field, as_sent));
        self.mends.add_all(mends);
    }

    /// The text of the field as it was sent, where it is stored in another form.
    pub fn text_as_sent(&self, field: Field) -> Option<&[u8]> {
        let mut texts = self.texts.iter();
        texts.find_map(|(of, text)| (*of == field).then_some(text.as_slice()))
    }

    /// Notes an integer that the field cannot hold.
    pub fn digits(&mut self, field: Field, digits: String) {
        self.digits.push((field, digits));
    }

    /// The digits of an integer that the field cannot hold.
    pub fn digits_of(&self, field: Field) -> Option<&str> {
        let mut digits = self.digits.iter();
        digits.find_map(|(of, digits)| (*of == field).then_some(digits.as_str()))
    }

    /// Notes why the event cannot be stored; the first reason stays.
    pub fn reject(&mut self, field: Field, what: impl std::fmt::Display) {
        self.reason
            .get_or_insert_with(|| format!("{}: {what}", field.name()));
    }

    /// Why the event cannot be stored.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

/// A text with what has been changed about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mended<'a> {
    pub text: Cow<'a, str>,
    /// What was sent, and what of it is not in `text`.
    pub as_sent: Option<(Vec<u8>, Mends)>,
}

impl<'a> Mended<'a> {
    /// A text that can be stored as it is.
    pub fn sound(text: Cow<'a, str>) -> Mended<'a> {
        Mended {
            text,
            as_sent: None,
        }
    }
}

/// Reads a string that the scanner handed out and that has a lone surrogate or a NUL: both become
/// U+FFFD. As it was sent, a lone surrogate has the bytes that UTF-8 would give it, which no text
/// has: so two texts that differ are never the same.
pub(super) fn mend_text(raw: &str) -> Mended<'_> {
    let mut text = String::with_capacity(raw.len());
    let mut as_sent = Vec::with_capacity(raw.len());
    let mut mends = Mends::default();
    for character in Units::of(raw) {
        match character {
            Ok('\0') => {
                mends.add(Mend::NullCharacter);
                text.push(char::REPLACEMENT_CHARACTER);
                as_sent.push(0);
            }
            Ok(character) => {
                text.push(character);
                as_sent.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Err(LoneSurrogate(unit)) => {
                mends.add(Mend::LoneSurrogate);
                text.push(char::REPLACEMENT_CHARACTER);
                let low_bits = |shift: u32| 0x80 | (unit >> shift & 0x3f) as u8;
                as_sent.extend_from_slice(&[0xed, low_bits(6), low_bits(0)]);
            }
        }
    }
    Mended {
        text: Cow::Owned(text),
        as_sent: Some((as_sent, mends)),
    }
}

/// Reads a string that the scanner handed out and that holds JSON: a lone surrogate or a NUL in it
/// becomes its escape, which means the same within a string of that JSON, and is no JSON elsewhere.
pub(super) fn escape_odd_units(raw: &str) -> String {
    use std::fmt::Write;

    let mut text = String::with_capacity(raw.len());
    for character in Units::of(raw) {
        let unit = match character {
            Ok('\0') => 0,
            Ok(character) => {
                text.push(character);
                continue;
            }
            Err(LoneSurrogate(unit)) => unit,
        };
        write!(text, "\\u{unit:04x}").expect("writing to memory does not fail");
    }
    text
}

/// The characters of a string that the scanner handed out, and its lone surrogates.
struct Units<'a> {
    rest: &'a str,
}

impl<'a> Units<'a> {
    fn of(raw: &'a str) -> Units<'a> {
        Units {
            rest: &raw[1..raw.len() - 1],
        }
    }
}

impl Iterator for Units<'_> {
    type Item = Result<char, LoneSurrogate>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.rest.chars().next()?;
        let (unit, n_bytes) = match first {
            '\\' => match unescape(self.rest) {
                Ok((character, n_bytes)) => (Ok(character), n_bytes),
                Err(lone) => (Err(lone), "\\u0000".len()),
            },
            _ => (Ok(first), first.len_utf8()),
        };
        self.rest = &self.rest[n_bytes..];
        Some(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_units_are_mended_and_told_apart() {
        let cases: [(&str, &str, &[u8]); 6] = [
            // (string, text, bytes as sent)
            (r#""a\ud83dz""#, "a\u{fffd}z", b"a\xed\xa0\xbdz"),
            (
                r#""\udE00\ud83d""#,
                "\u{fffd}\u{fffd}",
                b"\xed\xb8\x80\xed\xa0\xbd",
            ),
            (r#""\ud83dA""#, "\u{fffd}A", b"\xed\xa0\xbdA"),
            (r#""\ud83d\ude00""#, "😀", "😀".as_bytes()),
            (r#""\u0000é\n""#, "\u{fffd}é\n", "\0é\n".as_bytes()),
            (r#""\ud83d\u0041""#, "\u{fffd}A", b"\xed\xa0\xbdA"),
        ];
        for (raw, text, as_sent) in cases {
            let mended = mend_text(raw);
            assert_eq!(mended.text, text, "{raw}");
            assert_eq!(mended.as_sent.unwrap().0, as_sent, "{raw}");
        }
    }

    #[test]
    fn within_json_they_become_escapes() {
        let cases = [
            (r#""{\"a\":\"\ud83d\u0000\"}""#, r#"{"a":"\ud83d\u0000"}"#),
            (r#""{\"a\":\"\\ud83d\"}""#, r#"{"a":"\ud83d"}"#),
            (r#""\ud83d\ude00é""#, "😀é"),
        ];
        for (raw, expected) in cases {
            assert_eq!(escape_odd_units(raw), expected, "{raw}");
        }
    }
}
