//! Values as Python's `str()` prints them: what `obj_val` of an update has.

use serde_json::Value;

use crate::json::python_number;

/// `str()` of the value: a text as it is, `None`, `True`, `{'id': 3}`.
pub(super) fn python_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => {
            let mut out = String::new();
            push_repr(other, &mut out);
            out
        }
    }
}

/// Recursive: values come from [`super::secrets::without_secrets`], which bounds their depth.
fn push_repr(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Number(number) => {
            let digits = number.to_string();
            match python_number(&digits) {
                Some(text) => out.push_str(&text),
                None if digits.starts_with('-') => out.push_str("-inf"),
                None => out.push_str("inf"),
            }
        }
        Value::String(text) => push_quoted(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                push_repr(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            for (index, (key, value)) in members.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                push_quoted(key, out);
                out.push_str(": ");
                push_repr(value, out);
            }
            out.push('}');
        }
    }
}

/// In single quotes, or in double ones where the text has single ones alone.
fn push_quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if character == quote => {
                out.push('\\');
                out.push(quote);
            }
            _ if is_printable(character) => out.push(character),
            _ => push_escape(u32::from(character), out),
        }
    }
    out.push(quote);
}

/// As `str.isprintable`, but for characters that no standard has assigned.
fn is_printable(character: char) -> bool {
    let is_format = matches!(
        character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    let is_private = matches!(character, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..);
    let is_other_space = character.is_whitespace() && character != ' ';
    !(character.is_control() || is_format || is_private || is_other_space)
}

fn push_escape(code: u32, out: &mut String) {
    let escape = match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    };
    out.push_str(&escape);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// As Python 3.11 prints them.
    #[test]
    fn values_are_pythons() {
        let cases = [
            (json!(null), "None"),
            (json!(true), "True"),
            (json!(false), "False"),
            (json!(5), "5"),
            (json!(1.5), "1.5"),
            (json!(1e22), "1e+22"),
            (json!("it's"), "it's"),
            (
                json!(["it's", "a \"b\"", "'\""]),
                r#"["it's", 'a "b"', '\'"']"#,
            ),
            (
                json!({ "id": 3, "name": null, "is": [true, 1.0] }),
                "{'id': 3, 'name': None, 'is': [True, 1.0]}",
            ),
            (
                json!(["a\nb\\", "é", "\u{1}\u{a0}\u{200b}\u{1f600}"]),
                "['a\\nb\\\\', 'é', '\\x01\\xa0\\u200b\u{1f600}']",
            ),
            (json!({}), "{}"),
        ];
        for (value, expected) in cases {
            assert_eq!(python_text(&value), expected);
        }
    }
}
