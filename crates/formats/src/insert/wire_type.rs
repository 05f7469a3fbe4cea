//! The types that a body names: ClickHouse's names, and what their values are made of.

use super::error::{InsertError, InsertErrorCode};
use super::escapes::unescaped;

/// Types within types: more have no meaning, and no reader's stack holds any number of them.
const MAX_DEPTH: usize = 16;

/// A type as far as a reader needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WireType {
    Integer {
        n_bytes: usize,
        is_signed: bool,
    },
    Float32,
    Float64,
    Bool,
    String,
    FixedString(usize),
    /// Days since the epoch, in 16 bits.
    Date,
    /// Days since the epoch, in 32 bits with a sign.
    Date32,
    /// Seconds since the epoch, in 32 bits.
    DateTime,
    /// Ticks since the epoch, with so many digits after the second.
    DateTime64(u32),
    Uuid,
    Enum {
        n_bytes: usize,
        names: Vec<(i16, String)>,
    },
    /// Of NULL alone.
    Nothing,
    /// So many bytes that no column of the table takes.
    Opaque(usize),
    Nullable(Box<WireType>),
    LowCardinality(Box<WireType>),
    Array(Box<WireType>),
    Tuple(Vec<WireType>),
}

impl WireType {
    /// The type of that name.
    pub(super) fn named(name: &str) -> Result<WireType, InsertError> {
        parse(name, MAX_DEPTH).ok_or_else(|| {
            let message = format!("Unknown data type, or one that no column here takes: {name}");
            InsertError::new(InsertErrorCode::UnknownType, message)
        })
    }

    /// Bytes of each value, where all have the same.
    pub(super) fn width(&self) -> Option<usize> {
        Some(match self {
            WireType::Integer { n_bytes, .. } | WireType::Enum { n_bytes, .. } => *n_bytes,
            WireType::Bool | WireType::Nothing => 1,
            WireType::Date => 2,
            WireType::Float32 | WireType::Date32 | WireType::DateTime => 4,
            WireType::Float64 | WireType::DateTime64(_) => 8,
            WireType::Uuid => 16,
            WireType::FixedString(n_bytes) | WireType::Opaque(n_bytes) => *n_bytes,
            WireType::String
            | WireType::Nullable(_)
            | WireType::LowCardinality(_)
            | WireType::Array(_)
            | WireType::Tuple(_) => return None,
        })
    }
}

fn parse(text: &str, depth: usize) -> Option<WireType> {
    let depth = depth.checked_sub(1)?;
    let text = text.trim();
    let (name, arguments) = match text.split_once('(') {
        Some((name, rest)) => (name.trim_end(), arguments(rest.strip_suffix(')')?)?),
        None => (text, Vec::new()),
    };
    let inner = |argument: &str| parse(argument, depth);
    Some(match (name, &*arguments) {
        ("String", []) => WireType::String,
        ("FixedString", [length]) => WireType::FixedString(length.parse().ok().filter(|&n| n > 0)?),
        ("Bool", []) => WireType::Bool,
        ("Float32", []) => WireType::Float32,
        ("Float64", []) => WireType::Float64,
        ("BFloat16", []) => WireType::Opaque(2),
        ("Date", []) => WireType::Date,
        ("Date32", []) => WireType::Date32,
        ("DateTime", [] | [_]) => WireType::DateTime,
        ("DateTime32", [] | [_]) => WireType::DateTime,
        ("DateTime64", [precision] | [precision, _]) => {
            WireType::DateTime64(precision.parse().ok().filter(|&n| n <= 9)?)
        }
        ("UUID", []) => WireType::Uuid,
        ("IPv4", []) => WireType::Opaque(4),
        ("IPv6", []) => WireType::Opaque(16),
        ("Nothing", []) => WireType::Nothing,
        ("Enum8", names) => enumeration(1, names)?,
        ("Enum16", names) => enumeration(2, names)?,
        ("Decimal", [precision] | [precision, _]) => match precision.parse().ok()? {
            1..=9_u8 => WireType::Opaque(4),
            10..=18 => WireType::Opaque(8),
            19..=38 => WireType::Opaque(16),
            39..=76 => WireType::Opaque(32),
            _ => return None,
        },
        ("Decimal32", [_]) => WireType::Opaque(4),
        ("Decimal64", [_]) => WireType::Opaque(8),
        ("Decimal128", [_]) => WireType::Opaque(16),
        ("Decimal256", [_]) => WireType::Opaque(32),
        ("Nullable", [argument]) => match inner(argument)? {
            // ClickHouse has no such types.
            WireType::Nullable(_)
            | WireType::LowCardinality(_)
            | WireType::Array(_)
            | WireType::Tuple(_) => return None,
            inner => WireType::Nullable(Box::new(inner)),
        },
        ("LowCardinality", [argument]) => match inner(argument)? {
            WireType::LowCardinality(_) | WireType::Array(_) | WireType::Tuple(_) => return None,
            inner => WireType::LowCardinality(Box::new(inner)),
        },
        ("Array", [argument]) => WireType::Array(Box::new(inner(argument)?)),
        ("Tuple", [_, ..]) => {
            let items = arguments.iter().map(|item| named_item(item, depth));
            WireType::Tuple(items.collect::<Option<_>>()?)
        }
        ("Map", [key, value]) => {
            let pair = WireType::Tuple(vec![inner(key)?, inner(value)?]);
            WireType::Array(Box::new(pair))
        }
        (name, []) => integer(name)?,
        _ => return None,
    })
}

/// `Int64`, `UInt8`, `IntervalDay`.
fn integer(name: &str) -> Option<WireType> {
    if name.starts_with("Interval") {
        return Some(WireType::Integer {
            n_bytes: 8,
            is_signed: true,
        });
    }
    let (is_signed, bits) = match name.strip_prefix('U') {
        Some(rest) => (false, rest.strip_prefix("Int")?),
        None => (true, name.strip_prefix("Int")?),
    };
    let n_bytes = match bits {
        "8" => 1,
        "16" => 2,
        "32" => 4,
        "64" => 8,
        "128" => 16,
        "256" => return Some(WireType::Opaque(32)),
        _ => return None,
    };
    Some(WireType::Integer { n_bytes, is_signed })
}

/// A part of a tuple, which may have a name before its type.
fn named_item(item: &str, depth: usize) -> Option<WireType> {
    parse(item, depth).or_else(|| {
        let item = item.trim();
        let (_, data_type) = match item.strip_prefix('`') {
            Some(rest) => rest.rsplit_once("` ")?,
            None => item.split_once(' ')?,
        };
        parse(data_type, depth)
    })
}

fn enumeration(n_bytes: usize, arguments: &[&str]) -> Option<WireType> {
    let name = |argument: &&str| {
        let (name, number) = argument.rsplit_once('=')?;
        let name = name.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        let name = unescaped(name.as_bytes())?.into_owned();
        Some((number.trim().parse().ok()?, String::from_utf8(name).ok()?))
    };
    let mut names = arguments.iter().map(name).collect::<Option<Vec<_>>>()?;
    names.sort_unstable_by_key(|&(number, _)| number);
    (!names.is_empty()).then_some(WireType::Enum { n_bytes, names })
}

/// Splits `a, b(c, d), 'e,'` at its own commas.
fn arguments(text: &str) -> Option<Vec<&str>> {
    let (mut found, mut start, mut depth, mut quote, mut is_escaped) =
        (Vec::new(), 0, 0_usize, None, false);
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(_), _) if is_escaped => is_escaped = false,
            (Some(_), b'\\') => is_escaped = true,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'\'' | b'`') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.checked_sub(1)?,
            (None, b',') if depth == 0 => {
                found.push(text[start..at].trim());
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    found.push(text[start..].trim());
    (depth == 0 && quote.is_none()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_clickhouses_names() {
        let integer = |n_bytes, is_signed| WireType::Integer { n_bytes, is_signed };
        let cases = [
            ("UInt8", integer(1, false)),
            ("Int128", integer(16, true)),
            ("IntervalDay", integer(8, true)),
            ("Decimal(18, 4)", WireType::Opaque(8)),
            ("DateTime('Etc/UTC')", WireType::DateTime),
            ("DateTime64(3, 'Etc/UTC')", WireType::DateTime64(3)),
            (
                "LowCardinality(Nullable(String))",
                WireType::LowCardinality(Box::new(WireType::Nullable(Box::new(WireType::String)))),
            ),
            (
                "Enum8('a, b' = 1, 'it\\'s)' = -2)",
                WireType::Enum {
                    n_bytes: 1,
                    names: vec![(-2, "it's)".to_owned()), (1, "a, b".to_owned())],
                },
            ),
            (
                "Tuple(a String, `b c` Array(UInt8), Date)",
                WireType::Tuple(vec![
                    WireType::String,
                    WireType::Array(Box::new(integer(1, false))),
                    WireType::Date,
                ]),
            ),
            (
                "Map(String, UInt64)",
                WireType::Array(Box::new(WireType::Tuple(vec![
                    WireType::String,
                    integer(8, false),
                ]))),
            ),
        ];
        for (name, expected) in cases {
            assert_eq!(WireType::named(name), Ok(expected), "{name}");
        }
        let deep = "Array(".repeat(1000) + "UInt8" + &")".repeat(1000);
        for name in [
            "",
            "Int",
            "Int7",
            "UInt",
            "Array",
            "Array()",
            "Array(UInt8",
            "Array)UInt8(",
            "FixedString(0)",
            "Tuple()",
            "Nullable(Array(UInt8))",
            "Enum8()",
            "JSON",
            "Dynamic",
            "DateTime64(10)",
            &deep,
        ] {
            let error = WireType::named(name).unwrap_err();
            assert_eq!(error.code, InsertErrorCode::UnknownType, "{name}");
        }
    }
}
