//! What a value of a client's field may be: the rules of Django REST framework 3.14, told
//! from the value's JSON text.

use std::borrow::Cow;

use super::Sent;
use super::invalid::FieldError;
use super::odd::{Mended, escape_odd_units, mend_text};
use crate::json::{Kind, LoneSurrogate, kind, python_number, unquote};
use crate::time::Timestamp;

pub(super) const NOT_NULL: &str = "This field may not be null.";
const NOT_BLANK: &str = "This field may not be blank.";
const NOT_A_STRING: &str = "Not a valid string.";
const NOT_AN_INTEGER: &str = "A valid integer is required.";
const TOO_LONG: &str = "String value too large.";
const NUL: &str = "Null characters are not allowed.";

const NOT_A_DATETIME: &str = "Datetime has wrong format. Use one of these formats instead: \
    YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].";
pub(super) const REQUIRED: &str = "This field is required.";

/// Longest text, in characters, that is read as an integer.
const MAX_INTEGER_CHARS: usize = 1000;

/// Longest number, in bytes, that Python reads as an integer.
const MAX_NUMBER_BYTES: usize = 4300;

fn fail<T>(text: &'static str) -> Result<T, FieldError> {
    Err(vec![Cow::Borrowed(text)])
}

/// Null where it is not allowed.
pub(super) fn not_null<T>(sent: Sent<T>) -> Result<T, FieldError> {
    match sent {
        Sent::Value(value) => Ok(value),
        Sent::Null | Sent::Absent => fail(NOT_NULL),
    }
}

/// `CharField`: white space around the text is cut; a number becomes text as Python
/// prints it; blank text is refused. NUL and lone surrogates, which the framework refuses,
/// are mended: the page would send what is refused for ever.
pub(super) fn text(raw: &str) -> Result<Sent<Mended<'_>>, FieldError> {
    let Some(text) = char_field(raw, mend_text)? else {
        return Ok(Sent::Null);
    };
    Ok(Sent::Value(text))
}

/// The field `scope`: as [`text`], but what would have to be mended is refused, as in CVAT:
/// it is no scope.
pub(super) fn scope(raw: &str) -> Result<Cow<'_, str>, FieldError> {
    let text = not_null(text(raw)?)?;
    if text.as_sent.is_none() {
        return Ok(text.text);
    }
    match unquote(raw) {
        Ok(_) => fail(NUL),
        Err(LoneSurrogate(unit)) => {
            let text = format!("Surrogate characters are not allowed: U+{unit:X}.");
            Err(vec![Cow::Owned(text)])
        }
    }
}

/// The field `payload`: text that holds JSON. NUL and lone surrogates in it become escapes.
pub(super) fn payload(raw: &str) -> Result<Sent<String>, FieldError> {
    let text = char_field(raw, |raw| Mended::sound(escape_odd_units(raw).into()))?;
    Ok(text.map_or(Sent::Null, |text| Sent::Value(text.text.into_owned())))
}

/// `None` is null. `odd` reads a string with a NUL or a lone surrogate.
fn char_field<'a>(
    raw: &'a str,
    odd: impl Fn(&'a str) -> Mended<'a>,
) -> Result<Option<Mended<'a>>, FieldError> {
    let mended = match kind(raw) {
        Kind::Null => return Ok(None),
        Kind::String => match unquote(raw) {
            Ok(text) if !text.contains('\0') => Mended::sound(text),
            _ => odd(raw),
        },
        Kind::Number => Mended::sound(python_number(raw).unwrap_or({
            let infinity = if raw.starts_with('-') { "-inf" } else { "inf" };
            Cow::Borrowed(infinity)
        })),
        Kind::Bool | Kind::Array | Kind::Object => return fail(NOT_A_STRING),
    };
    let text = trim(mended.text);
    if text.is_empty() {
        return fail(NOT_BLANK);
    }
    Ok(Some(Mended { text, ..mended }))
}

/// An integer of any size: the framework bounds none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Integer {
    Small(i64),
    /// Past 64 bits: sign and digits.
    Large(String),
}

/// `IntegerField`: 5, 5.0, `"5"` and `"5.0"`.
pub(super) fn integer(raw: &str) -> Result<Sent<Integer>, FieldError> {
    if let Ok(value) = raw.parse::<i64>() {
        return Ok(Sent::Value(Integer::Small(value)));
    }
    let text = match kind(raw) {
        Kind::Null => return Ok(Sent::Null),
        Kind::String => match unquote(raw) {
            Ok(text) if text.chars().nth(MAX_INTEGER_CHARS).is_some() => return fail(TOO_LONG),
            Ok(text) => text,
            Err(_) => return fail(NOT_AN_INTEGER),
        },
        Kind::Number if raw.len() <= MAX_NUMBER_BYTES => match python_number(raw) {
            Some(text) => text,
            None => return fail(NOT_AN_INTEGER),
        },
        Kind::Number | Kind::Bool | Kind::Array | Kind::Object => return fail(NOT_AN_INTEGER),
    };
    match python_int(without_zero_fraction(&text)) {
        Some(value) => Ok(Sent::Value(value)),
        None => fail(NOT_AN_INTEGER),
    }
}

/// Cuts `.0`, `.00`, `.` and white space at the end, as the framework's regular expression
/// `\.0*\s*$` does.
fn without_zero_fraction(text: &str) -> &str {
    let trimmed = text.trim_end_matches(is_space).trim_end_matches('0');
    trimmed.strip_suffix('.').unwrap_or(text)
}

/// Python's `int(text)` for ASCII digits: white space around, a sign, single underscores
/// between digits.
fn python_int(text: &str) -> Option<Integer> {
    let text = text.trim_matches(is_space);
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let is_group =
        |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    if !digits.split('_').all(is_group) {
        return None;
    }
    let digits = digits.replace('_', "");
    let text = format!("{sign}{}", digits.trim_start_matches('0'));
    Some(match text.parse() {
        Ok(value) => Integer::Small(value),
        Err(_) if digits.bytes().all(|byte| byte == b'0') => Integer::Small(0),
        Err(_) => Integer::Large(text),
    })
}

/// `DateTimeField`; a text without an offset is UTC.
pub(super) fn datetime(raw: &str) -> Result<Sent<Timestamp>, FieldError> {
    match kind(raw) {
        Kind::Null => Ok(Sent::Null),
        Kind::String => match unquote(raw)
            .ok()
            .and_then(|text| Timestamp::parse_iso8601(&text).ok())
        {
            Some(timestamp) => Ok(Sent::Value(timestamp)),
            None => fail(NOT_A_DATETIME),
        },
        _ => fail(NOT_A_DATETIME),
    }
}

/// What Python's `str.strip` cuts.
fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
}

fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(is_space)),
        Cow::Owned(text) => {
            let trimmed = text.trim_matches(is_space);
            if trimmed.len() == text.len() {
                Cow::Owned(text)
            } else {
                Cow::Owned(trimmed.to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests;
