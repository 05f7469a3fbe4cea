//! A column of the table, and how values become its own.

use annoscope_sql::DataType;

use super::cell::Cell;
use super::error::{InsertError, InsertErrorCode};
use super::time_text;
use super::wire_type::WireType;
use super::{InsertColumn, InsertRow, InsertValue};

/// A column that takes values.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) is_nullable: bool,
    /// Its name in ClickHouse.
    type_name: String,
    /// What a value is where the body does not say.
    pub(super) wire_type: WireType,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Time,
    Bool,
    Integers,
}

impl Target {
    pub(super) fn of(column: &InsertColumn) -> Result<Target, InsertError> {
        let type_name = column.data_type.to_string();
        let (inner, is_nullable) = match &column.data_type {
            DataType::Nullable(inner) => (&**inner, true),
            other => (other, false),
        };
        let kind = kind_of(inner).ok_or_else(|| {
            let message = format!("Nothing can be inserted as {type_name}");
            InsertError::new(InsertErrorCode::TypeMismatch, message).in_column(&column.name)
        })?;
        Ok(Target {
            name: column.name.clone(),
            kind,
            is_nullable,
            wire_type: WireType::named(&type_name)?,
            type_name,
        })
    }

    /// A row of which nothing is said yet.
    pub(super) fn defaults(targets: &[Target]) -> InsertRow {
        vec![InsertValue::Default; targets.len()]
    }

    /// What NULL is in it.
    pub(super) fn null(&self) -> InsertValue {
        if self.is_nullable {
            InsertValue::Null
        } else {
            InsertValue::Default
        }
    }

    /// Whether values of the type can be converted.
    fn takes(&self, data_type: &WireType) -> bool {
        match data_type {
            WireType::Nullable(inner) | WireType::LowCardinality(inner) => self.takes(inner),
            WireType::Nothing => true,
            WireType::String | WireType::FixedString(_) | WireType::Enum { .. } => {
                self.kind != Kind::Integers
            }
            WireType::Uuid => self.kind == Kind::Text,
            WireType::Integer { .. } | WireType::Bool => {
                matches!(self.kind, Kind::Integer | Kind::Bool | Kind::Text)
            }
            WireType::Float32 | WireType::Float64 => self.kind == Kind::Integer,
            WireType::Date | WireType::Date32 | WireType::DateTime | WireType::DateTime64(_) => {
                self.kind == Kind::Time
            }
            WireType::Array(item) => {
                self.kind == Kind::Integers && matches!(**item, WireType::Integer { .. })
            }
            WireType::Opaque(_) | WireType::Tuple(_) => false,
        }
    }

    /// Refuses a type whose values cannot be converted.
    pub(super) fn check(&self, data_type: &WireType, name: &str) -> Result<(), InsertError> {
        if self.takes(data_type) {
            Ok(())
        } else {
            Err(self.mismatch(name))
        }
    }

    /// The types of a body's column and of the table's do not fit.
    fn mismatch(&self, found: &str) -> InsertError {
        let message = format!("Cannot convert {found} to {}", self.type_name);
        InsertError::new(InsertErrorCode::TypeMismatch, message).in_column(&self.name)
    }

    /// The value of a column of a type that it takes.
    pub(super) fn value(&self, cell: Cell<'_>) -> Result<InsertValue, InsertError> {
        let lossy = |found: &str| Err(self.mismatch(found));
        match (cell, self.kind) {
            (Cell::Null, _) => Ok(self.null()),
            (Cell::Bytes(bytes), _) => self.text(bytes),
            (Cell::Integer(number), Kind::Integer) => Ok(InsertValue::Integer(number)),
            (Cell::Integer(number), Kind::Text) => Ok(InsertValue::Text(number.to_string())),
            (Cell::Integer(number @ 0..=1), Kind::Bool) => Ok(InsertValue::Bool(number == 1)),
            (Cell::Integer(number), _) => lossy(&number.to_string()),
            (Cell::Bool(value), Kind::Bool) => Ok(InsertValue::Bool(value)),
            (Cell::Bool(value), Kind::Integer) => Ok(InsertValue::Integer(value.into())),
            (Cell::Bool(value), _) => Ok(InsertValue::Text(value.to_string())),
            (Cell::Float(number), _) => match whole(number) {
                Some(number) => Ok(InsertValue::Integer(number)),
                None => lossy(&number.to_string()),
            },
            (Cell::Uuid(number), _) => Ok(InsertValue::Text(uuid_text(number))),
            (Cell::TimeMs(ms), _) => Ok(InsertValue::TimeMs(ms)),
            (Cell::Integers(numbers), _) => {
                let narrowed = numbers.iter().map(|&number| i64::try_from(number));
                match narrowed.collect() {
                    Ok(numbers) => Ok(InsertValue::Integers(numbers)),
                    Err(_) => lossy("integers of more than 64 bits"),
                }
            }
            (Cell::Other, _) => lossy("a value that no column takes"),
        }
    }

    /// The value that a text means.
    pub(super) fn text(&self, text: &[u8]) -> Result<InsertValue, InsertError> {
        let text = std::str::from_utf8(text).map_err(|error| {
            let message = format!("Not UTF-8 at byte {}", error.valid_up_to());
            InsertError::new(InsertErrorCode::IncorrectData, message).in_column(&self.name)
        })?;
        let fault = |code, what: &str| {
            let shown: String = text.chars().take(100).collect();
            let message = format!("Cannot parse {what} from '{shown}'");
            Err(InsertError::new(code, message).in_column(&self.name))
        };
        match self.kind {
            Kind::Text => Ok(InsertValue::Text(text.to_owned())),
            Kind::Integer => match integer(text) {
                Some(number) => Ok(InsertValue::Integer(number)),
                None => fault(InsertErrorCode::CannotParseNumber, "an integer"),
            },
            Kind::Time => match time_text::ms(text) {
                Some(ms) => Ok(InsertValue::TimeMs(ms)),
                None => fault(InsertErrorCode::CannotParseDatetime, "a time"),
            },
            Kind::Bool => match boolean(text) {
                Some(value) => Ok(InsertValue::Bool(value)),
                None => fault(InsertErrorCode::CannotParseBool, "true or false"),
            },
            Kind::Integers => match integers(text) {
                Some(numbers) => Ok(InsertValue::Integers(numbers)),
                None => fault(InsertErrorCode::CannotParseText, "an array of integers"),
            },
        }
    }
}

fn kind_of(data_type: &DataType) -> Option<Kind> {
    Some(match data_type {
        DataType::String => Kind::Text,
        DataType::Bool => Kind::Bool,
        DataType::DateTime(_) | DataType::DateTime64 { .. } => Kind::Time,
        DataType::Array(item) if kind_of(item) == Some(Kind::Integer) => Kind::Integers,
        DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64 => Kind::Integer,
        _ => return None,
    })
}

/// The integer that a float is, as far as floats are exact.
fn whole(number: f64) -> Option<i128> {
    let is_exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    is_exact.then_some(number as i128)
}

/// An integer, behind whose point there may be zeros, as Python's clients write it.
fn integer(text: &str) -> Option<i128> {
    let whole = match text.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    match whole {
        "true" => Some(1),
        "false" => Some(0),
        _ => whole.parse().ok(),
    }
}

fn boolean(text: &str) -> Option<bool> {
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(text));
    if is(&["true", "1", "t", "yes", "y", "on"]) {
        Some(true)
    } else if is(&["false", "0", "f", "no", "n", "off"]) {
        Some(false)
    } else {
        None
    }
}

/// `[1, 2]`.
fn integers(text: &str) -> Option<Vec<i64>> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
    if inner.is_empty() {
        return Some(Vec::new());
    }
    inner
        .split(',')
        .map(|number| number.trim().parse().ok())
        .collect()
}

fn uuid_text(number: u128) -> String {
    let digits = format!("{number:032x}");
    let parts = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    parts.join("-")
}

/// Where the values of a body's column go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Into a column of the reader, by its index.
    Target(usize),
    /// The table, or the INSERT, has no such column: ClickHouse passes it over.
    Nowhere,
}

/// Finds where columns go by their names.
pub(super) struct Places<'a> {
    targets: &'a [Target],
    is_taken: Vec<bool>,
}

impl Places<'_> {
    pub(super) fn of(targets: &[Target]) -> Places<'_> {
        Places {
            targets,
            is_taken: vec![false; targets.len()],
        }
    }

    /// Where the column of that name goes. None goes where another did.
    pub(super) fn place(&mut self, name: &str) -> Result<Place, InsertError> {
        let index = self.targets.iter().position(|target| target.name == name);
        let Some(index) = index else {
            return Ok(Place::Nowhere);
        };
        if std::mem::replace(&mut self.is_taken[index], true) {
            let message = format!("Duplicate field found: {name}");
            return Err(InsertError::new(InsertErrorCode::IncorrectData, message));
        }
        Ok(Place::Target(index))
    }
}
