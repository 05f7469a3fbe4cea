//! What a value of a client's field may be: the rules of Django REST framework 3.14, told
//! from the value's JSON text.

use std::borrow::Cow;

use super::Sent;
use super::invalid::FieldError;
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
pub(super) const REPEATED_KEY: &str = "Duplicate key.";

/// Longest text, in characters, that is read as an integer.
const MAX_INTEGER_CHARS: usize = 1000;

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
/// prints it; blank text, NUL and lone surrogates are refused.
pub(super) fn text(raw: &str) -> Result<Sent<Cow<'_, str>>, FieldError> {
    let text = match kind(raw) {
        Kind::Null => return Ok(Sent::Null),
        Kind::String => match unquote(raw) {
            Ok(text) => trim(text),
            Err(LoneSurrogate(unit)) => {
                let text = format!("Surrogate characters are not allowed: U+{unit:X}.");
                return Err(vec![Cow::Owned(text)]);
            }
        },
        Kind::Number => match python_number(raw) {
            Some(text) => text,
            None => return fail(NOT_A_STRING),
        },
        Kind::Bool | Kind::Array | Kind::Object => return fail(NOT_A_STRING),
    };
    if text.is_empty() {
        return fail(NOT_BLANK);
    }
    if text.contains('\0') {
        return fail(NUL);
    }
    Ok(Sent::Value(text))
}

/// `IntegerField`: 5, 5.0, `"5"` and `"5.0"`. Values past `max` are refused: CVAT takes
/// them, and ClickHouse then stores another number.
pub(super) fn integer(raw: &str, max: i64) -> Result<Sent<i64>, FieldError> {
    let Some(value) = any_integer(raw)? else {
        return Ok(Sent::Null);
    };
    if value < 0 {
        return fail("Ensure this value is greater than or equal to 0.");
    }
    match i64::try_from(value) {
        Ok(value) if value <= max => Ok(Sent::Value(value)),
        _ => too_large(max),
    }
}

/// The field `duration`, in ms. A negative one is 0: a page whose clock was set back
/// while it measured would else be refused for ever, with all that it queues behind it.
pub(super) fn duration(raw: &str) -> Result<Sent<u32>, FieldError> {
    let Some(value) = any_integer(raw)? else {
        return Ok(Sent::Null);
    };
    match u32::try_from(value.max(0)) {
        Ok(value) => Ok(Sent::Value(value)),
        Err(_) => too_large(i64::from(u32::MAX)),
    }
}

fn too_large<T>(max: i64) -> Result<T, FieldError> {
    let text = format!("Ensure this value is less than or equal to {max}.");
    Err(vec![Cow::Owned(text)])
}

/// Any integer, saturated at the ends of the range; `None` is null.
fn any_integer(raw: &str) -> Result<Option<i128>, FieldError> {
    if let Ok(value) = raw.parse::<i64>() {
        return Ok(Some(i128::from(value)));
    }
    let text = match kind(raw) {
        Kind::Null => return Ok(None),
        Kind::String => unquote(raw).ok(),
        Kind::Number => python_number(raw),
        Kind::Bool | Kind::Array | Kind::Object => None,
    };
    let Some(text) = text else {
        return fail(NOT_AN_INTEGER);
    };
    if kind(raw) == Kind::String && text.chars().nth(MAX_INTEGER_CHARS).is_some() {
        return fail(TOO_LONG);
    }
    match python_int(without_zero_fraction(&text)) {
        Some(value) => Ok(Some(value)),
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
/// between digits. Saturates.
fn python_int(text: &str) -> Option<i128> {
    let text = text.trim_matches(is_space);
    let (is_negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let mut value: i128 = 0;
    for group in digits.split('_') {
        if group.is_empty() || !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        for digit in group.bytes() {
            value = value
                .saturating_mul(10)
                .saturating_add(i128::from(digit - b'0'));
        }
    }
    Some(if is_negative { -value } else { value })
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
