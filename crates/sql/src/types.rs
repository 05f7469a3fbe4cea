//! ClickHouse's data types, as far as queries over events meet them.

use std::fmt;

/// Deepest nesting of a type that a query names.
const MAX_DEPTH: usize = 100;

/// A data type; its text form is ClickHouse's name for it, which says what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are ClickHouse's")]
pub enum DataType {
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Int8,
    Int16,
    Int32,
    Int64,
    Float32,
    Float64,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Bool,
    String,
    Date,
    Date32,
    /// Whole seconds; `None` is the server's time zone, UTC.
    DateTime(Option<String>),
    /// `precision` digits after the second.
    DateTime64 {
        precision: u8,
        timezone: Option<String>,
    },
    Interval(IntervalUnit),
    /// The names of JSON's types, as `JSONType` gives them: an `Enum8`.
    JsonType,
    /// The type of `NULL`, and of the elements of `[]`.
    Nothing,
    Nullable(Box<DataType>),
    Array(Box<DataType>),
    Tuple(Vec<DataType>),
}

/// Unit of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum IntervalUnit {
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl IntervalUnit {
    /// Length in µs, of units that always have the same.
    pub(crate) fn fixed_us(self) -> Option<i64> {
        Some(match self {
            IntervalUnit::Millisecond => 1_000,
            IntervalUnit::Second => 1_000_000,
            IntervalUnit::Minute => 60_000_000,
            IntervalUnit::Hour => 3_600_000_000,
            IntervalUnit::Day => 86_400_000_000,
            _ => return None,
        })
    }

    /// Width in µs of buckets of so many units, where they begin at multiples of it since the
    /// epoch. `None` for weeks and longer, and for hours that midnight cuts short: several
    /// hours are counted from there.
    pub(crate) fn bucket_us(self, amount: i64) -> Option<i64> {
        if amount <= 0 || self == IntervalUnit::Hour && 24 % amount != 0 {
            return None;
        }
        amount.checked_mul(self.fixed_us()?)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DataType::Decimal { precision, scale } => write!(f, "Decimal({precision}, {scale})"),
            DataType::DateTime(Some(timezone)) => write!(f, "DateTime('{timezone}')"),
            DataType::DateTime(None) => f.write_str("DateTime"),
            DataType::DateTime64 {
                precision,
                timezone: Some(timezone),
            } => write!(f, "DateTime64({precision}, '{timezone}')"),
            DataType::DateTime64 { precision, .. } => write!(f, "DateTime64({precision})"),
            DataType::JsonType => f.write_str(
                "Enum8('Null' = 0, 'String' = 34, 'Array' = 91, 'Bool' = 98, 'Double' = 100, \
                 'Int64' = 105, 'UInt64' = 117, 'Object' = 123)",
            ),
            DataType::Interval(unit) => write!(f, "Interval{unit:?}"),
            DataType::Nullable(inner) => write!(f, "Nullable({inner})"),
            DataType::Array(item) => write!(f, "Array({item})"),
            DataType::Tuple(items) => {
                f.write_str("Tuple(")?;
                for (i, item) in items.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    write!(f, "{comma}{item}")?;
                }
                f.write_str(")")
            }
            plain => write!(f, "{plain:?}"),
        }
    }
}

impl DataType {
    /// The type of a name such as `Nullable(DateTime64(3, 'UTC'))`; none if it is unknown.
    pub(crate) fn parse(name: &str) -> Option<DataType> {
        // Whoever prints or drops a type needs stack for each level.
        if name.matches('(').count() > MAX_DEPTH {
            return None;
        }
        DataType::parse_shallow(name)
    }

    fn parse_shallow(name: &str) -> Option<DataType> {
        let name = name.trim();
        let (word, arguments) = match name.split_once('(') {
            Some((word, rest)) => (word.trim(), Some(rest.strip_suffix(')')?.trim())),
            None => (name, None),
        };
        let number = |text: &str| text.trim().parse::<u8>().ok();
        let timezone = |text: &str| {
            let text = text.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            Some(text.to_owned())
        };
        Some(match (word, arguments) {
            ("UInt8", None) => DataType::UInt8,
            ("UInt16", None) => DataType::UInt16,
            ("UInt32", None) => DataType::UInt32,
            ("UInt64", None) => DataType::UInt64,
            ("Int8", None) => DataType::Int8,
            ("Int16", None) => DataType::Int16,
            ("Int32", None) => DataType::Int32,
            ("Int64", None) => DataType::Int64,
            ("Float32", None) => DataType::Float32,
            ("Float64", None) => DataType::Float64,
            ("Bool", None) => DataType::Bool,
            ("String", None) => DataType::String,
            ("Date", None) => DataType::Date,
            ("Date32", None) => DataType::Date32,
            ("DateTime", None) => DataType::DateTime(None),
            ("DateTime", Some(zone)) => DataType::DateTime(Some(timezone(zone)?)),
            ("DateTime64", None) => DataType::DateTime64 {
                precision: 3,
                timezone: None,
            },
            ("DateTime64", Some(arguments)) => {
                let (precision, zone) = match arguments.split_once(',') {
                    Some((precision, zone)) => (precision, Some(timezone(zone)?)),
                    None => (arguments, None),
                };
                DataType::DateTime64 {
                    precision: number(precision).filter(|precision| *precision <= 9)?,
                    timezone: zone,
                }
            }
            ("Decimal", Some(arguments)) => {
                let (precision, scale) = arguments.split_once(',')?;
                let (precision, scale) = (number(precision)?, number(scale)?);
                if precision > 38 || scale > precision {
                    return None;
                }
                DataType::Decimal { precision, scale }
            }
            ("Nullable", Some(inner)) => {
                let inner = DataType::parse_shallow(inner)?;
                match inner {
                    DataType::Nullable(_) | DataType::Array(_) | DataType::Tuple(_) => return None,
                    plain => DataType::Nullable(Box::new(plain)),
                }
            }
            ("Array", Some(item)) => DataType::Array(Box::new(DataType::parse_shallow(item)?)),
            _ => return None,
        })
    }
}
