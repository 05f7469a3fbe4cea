//! Values of variables as text: Grafana's formats, and what ClickHouse's quotes need.

use std::fmt::Write;

/// Where a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Among the words of the query.
    Text,
    /// Between single quotes.
    String,
    /// Between the quotes of an identifier.
    Identifier,
}

/// A value that no format can write at its place, or a format that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FormatError {
    /// The value would end the string, the statement, or begin a comment.
    Unsafe,
    /// Several values where one must stand.
    Several,
    /// The format brings its own quotes and stands between quotes.
    QuotedTwice,
    /// No such format, or one that makes no SQL.
    Unknown,
}

/// A string literal that ClickHouse and `sqlparser` read back as `content`.
pub(crate) fn string_literal(content: &str) -> String {
    format!("'{}'", escape(content))
}

fn escape(content: &str) -> String {
    content.replace('\\', "\\\\").replace('\'', "''")
}

/// The value of a single-value variable, or of a built-in one.
pub(super) fn one(
    name: &str,
    value: &str,
    format: Option<&str>,
    place: Place,
) -> Result<String, FormatError> {
    match format {
        None => place_raw(value.to_owned(), place),
        Some(format) => formatted(name, &[value], format, place),
    }
}

/// The values of a multi-value variable: without a format, as the ClickHouse data source
/// writes them, a list of strings that is never empty.
pub(super) fn many(
    name: &str,
    values: &[String],
    format: Option<&str>,
    place: Place,
) -> Result<String, FormatError> {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    match (format, place) {
        (None, Place::Text) if values.is_empty() => Ok("''".to_owned()),
        (None, Place::Text) => formatted(name, &values, "sqlstring", place),
        (None, _) => Err(FormatError::Several),
        (Some(format), _) => formatted(name, &values, format, place),
    }
}

fn formatted(
    name: &str,
    values: &[&str],
    format: &str,
    place: Place,
) -> Result<String, FormatError> {
    let quoted =
        |quote: fn(&&str) -> String| values.iter().map(quote).collect::<Vec<_>>().join(",");
    let raw = match format {
        "raw" | "csv" => values.join(","),
        "pipe" => values.join("|"),
        "text" => values.join(" + "),
        "regex" => regex(values),
        "json" => json(values),
        "glob" => glob(values),
        "distributed" => values.join(&format!(",{name}=")),
        "lucene" => lucene(values),
        "percentencode" => percent_encoded(&glob(values), UNRESERVED),
        "uriencode" => percent_encoded(&glob(values), UNRESERVED_OR_OF_URIS),
        "queryparam" => queryparam(name, values),
        // Both are strings of ClickHouse; Grafana escapes their quotes differently.
        "singlequote" | "sqlstring" => {
            return match place {
                Place::Text => Ok(quoted(|value| string_literal(value))),
                _ => Err(FormatError::QuotedTwice),
            };
        }
        "doublequote" => match place {
            Place::Text => {
                return Ok(quoted(|value| {
                    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\"\""))
                }));
            }
            Place::Identifier => return Err(FormatError::QuotedTwice),
            Place::String => quoted(|value| format!("\"{}\"", value.replace('"', "\\\""))),
        },
        _ => return Err(FormatError::Unknown),
    };
    place_raw(raw, place)
}

/// Text goes in as it is, where that cannot change what is text and what is a string.
pub(super) fn place_raw(value: String, place: Place) -> Result<String, FormatError> {
    let breaks_out = match place {
        Place::String => return Ok(escape(&value)),
        Place::Identifier => value.contains(['"', '`', '\\']),
        Place::Text => {
            let marks = ["--", "//", "/*", "*/", "$$"];
            value.contains(['\'', '"', '`', '\\', ';', '#'])
                || marks.iter().any(|mark| value.contains(mark))
        }
    };
    if breaks_out {
        return Err(FormatError::Unsafe);
    }
    Ok(value)
}

/// What stays as it is where a part of an address is encoded.
const UNRESERVED: &str = "-_.~";
/// What stays as it is where a whole address is encoded.
const UNRESERVED_OR_OF_URIS: &str = "-_.~;,/?:@&=+$#";

/// Several values as a shell's alternatives.
fn glob(values: &[&str]) -> String {
    match values {
        [one] => (*one).to_owned(),
        several => format!("{{{}}}", several.join(",")),
    }
}

fn queryparam(name: &str, values: &[&str]) -> String {
    let name = percent_encoded(&format!("var-{name}"), UNRESERVED);
    let pairs = values
        .iter()
        .map(|value| format!("{name}={}", percent_encoded(value, UNRESERVED)));
    pairs.collect::<Vec<_>>().join("&")
}

fn percent_encoded(text: &str, kept: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || kept.contains(c) {
            encoded.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

/// Lucene's quotes for several values, and its escapes for one.
fn lucene(values: &[&str]) -> String {
    let escape = |text: &str, signs: &str| {
        let mut escaped = String::new();
        for c in text.chars() {
            if signs.contains(c) {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        escaped
    };
    match values {
        [] => "__empty__".to_owned(),
        [one] => escape(one, "+-=&|><!(){}[]^\"~*?:\\/ "),
        several => {
            let quoted = several
                .iter()
                .map(|value| format!("\"{}\"", escape(value, "\"\\")));
            format!("({})", quoted.collect::<Vec<_>>().join(" OR "))
        }
    }
}

fn regex(values: &[&str]) -> String {
    let escaped: Vec<String> = values
        .iter()
        .map(|value| {
            let mut escaped = String::new();
            for c in value.chars() {
                if r"\^$*+?.()|[]{}/".contains(c) {
                    escaped.push('\\');
                }
                escaped.push(c);
            }
            escaped
        })
        .collect();
    match escaped.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join("|")),
    }
}

/// As JavaScript writes it: a single text as it is, several as an array.
fn json(values: &[&str]) -> String {
    if let [one] = values {
        return (*one).to_owned();
    }
    let mut array = "[".to_owned();
    for (i, value) in values.iter().enumerate() {
        array.push_str(if i == 0 { "\"" } else { ",\"" });
        for c in value.chars() {
            match c {
                '"' => array.push_str("\\\""),
                '\\' => array.push_str("\\\\"),
                c if c < ' ' => {
                    let _ = write!(array, "\\u{:04x}", c as u32);
                }
                c => array.push(c),
            }
        }
        array.push('"');
    }
    array + "]"
}
