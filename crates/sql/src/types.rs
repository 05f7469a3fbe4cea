//! ClickHouse's data types, as far as queries over events meet them.

use std::fmt;

/// A data type; its text form is ClickHouse's name for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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
    /// The type of `NULL`, and of the elements of `[]`.
    Nothing,
    Nullable(Box<DataType>),
    Array(Box<DataType>),
    Tuple(Vec<DataType>),
}

/// Unit of an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
