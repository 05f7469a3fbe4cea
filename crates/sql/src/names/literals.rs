//! How ClickHouse spells constants.

use sqlparser::ast::{Array, Expr, UnaryOperator, Value};

/// A literal: integers in decimal, floats with a point or an exponent.
pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Number(text, _) => number(text),
        Value::HexStringLiteral(digits) => number(&format!("0x{digits}")),
        Value::SingleQuotedString(text) => quoted(text),
        Value::Boolean(value) => value.to_string(),
        Value::Null => "NULL".to_owned(),
        other => other.to_string(),
    }
}

/// `inf` and `nan`, which are numbers in any case of their letters.
pub(super) fn special(name: &str) -> Option<&'static str> {
    match name.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => Some("inf"),
        "nan" => Some("nan"),
        _ => None,
    }
}

fn number(text: &str) -> String {
    let plain = text.replace('_', "");
    match whole(&plain) {
        Some(value) => value.to_string(),
        None => plain.parse().map_or(plain, float),
    }
}

/// The value of an integer.
fn whole(text: &str) -> Option<u64> {
    let bits = |prefix: &str, radix| {
        let digits = text.strip_prefix(prefix)?;
        u64::from_str_radix(digits, radix).ok()
    };
    text.parse()
        .ok()
        .or_else(|| bits("0x", 16))
        .or_else(|| bits("0b", 2))
}

/// The shortest digits that mean the value, with an exponent below 10⁻⁶ and from 10²¹ on.
fn float(value: f64) -> String {
    let scientific = format!("{value:e}");
    let exponent: i32 = scientific
        .split_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok())
        .unwrap_or_default();
    if !(-6..21).contains(&exponent) {
        return scientific;
    }
    let plain = value.to_string();
    if plain.contains('.') {
        plain
    } else {
        plain + "."
    }
}

/// A constant's opposite: NaN has none.
pub(super) fn negative(text: &str) -> String {
    if text == "nan" {
        text.to_owned()
    } else {
        format!("-{text}")
    }
}

/// A list of nothing but literals, which ClickHouse reads as one: with a float in it, all its numbers are floats.
pub(super) fn list(array: &Array) -> Option<String> {
    constant(array, array.elem.iter().any(is_float))
}

fn constant(array: &Array, are_floats: bool) -> Option<String> {
    let items = array.elem.iter().map(|item| element(item, are_floats));
    let items: Vec<String> = items.collect::<Option<_>>()?;
    Some(format!("[{}]", items.join(", ")))
}

fn element(item: &Expr, is_float: bool) -> Option<String> {
    match item {
        Expr::Array(array) => constant(array, is_float),
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } if is_number(expr) => Some(negative(&element(expr, is_float)?)),
        Expr::Identifier(ident) if ident.quote_style.is_none() => {
            special(&ident.value).map(str::to_owned)
        }
        Expr::Value(value) => Some(match &value.value {
            Value::Number(text, _) if is_float => {
                let text = number(text);
                text.parse().map_or(text, float)
            }
            other => literal(other),
        }),
        _ => None,
    }
}

fn is_number(item: &Expr) -> bool {
    match item {
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        Expr::Identifier(ident) => special(&ident.value).is_some(),
        _ => false,
    }
}

fn is_float(item: &Expr) -> bool {
    match item {
        Expr::Array(array) => array.elem.iter().any(is_float),
        Expr::UnaryOp { expr, .. } => is_float(expr),
        Expr::Identifier(ident) => ident.quote_style.is_none() && special(&ident.value).is_some(),
        Expr::Value(value) => match &value.value {
            Value::Number(text, _) => whole(&text.replace('_', "")).is_none(),
            _ => false,
        },
        _ => false,
    }
}

/// A string literal in ClickHouse's spelling.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\0' => quoted.push_str("\\0"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_spelled_as_clickhouse_does() {
        for (text, spelled) in [
            ("007", "7"),
            ("1_000", "1000"),
            ("0xFF", "255"),
            ("0b1011", "11"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "18446744073709552000."),
            ("1e3", "1000."),
            (".5", "0.5"),
            ("1.10", "1.1"),
            ("1e20", "100000000000000000000."),
            ("1e21", "1e21"),
            ("1.5e300", "1.5e300"),
            ("0.000001", "0.000001"),
            ("1e-7", "1e-7"),
            ("5e-324", "5e-324"),
        ] {
            assert_eq!(number(text), spelled, "{text}");
        }
    }
}
