//! Arithmetic on types: nullability, common supertypes, results of operators.
//!
//! The rules are ClickHouse 26.9's, read from its answers (`toTypeName`).

use crate::types::DataType;

impl DataType {
    pub(crate) fn is_nullable(&self) -> bool {
        matches!(self, DataType::Nullable(_))
    }

    /// The type without `Nullable`.
    pub(crate) fn inner(&self) -> &DataType {
        match self {
            DataType::Nullable(inner) => inner,
            plain => plain,
        }
    }

    /// The type with NULL, where the type can have it: arrays and tuples cannot.
    pub(crate) fn nullable(self) -> DataType {
        match self {
            DataType::Nullable(_) | DataType::Array(_) | DataType::Tuple(_) => self,
            plain => DataType::Nullable(Box::new(plain)),
        }
    }

    pub(crate) fn nullable_if(self, condition: bool) -> DataType {
        if condition { self.nullable() } else { self }
    }

    pub(crate) fn array_of(item: DataType) -> DataType {
        DataType::Array(Box::new(item))
    }

    pub(crate) fn is_nothing(&self) -> bool {
        *self.inner() == DataType::Nothing
    }

    /// Whether it is a tuple of which an element can be NULL.
    pub(crate) fn has_nullable_element(&self) -> bool {
        match self {
            DataType::Tuple(items) => items
                .iter()
                .any(|item| item.is_nullable() || item.has_nullable_element()),
            _ => false,
        }
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.integer().is_some()
    }

    pub(crate) fn is_unsigned(&self) -> bool {
        self.integer().is_some_and(|(signed, _)| !signed)
    }

    pub(crate) fn is_float(&self) -> bool {
        matches!(self.inner(), DataType::Float32 | DataType::Float64)
    }

    pub(crate) fn is_decimal(&self) -> bool {
        matches!(self.inner(), DataType::Decimal { .. })
    }

    pub(crate) fn is_number(&self) -> bool {
        self.is_integer() || self.is_float() || self.is_decimal() || *self.inner() == DataType::Bool
    }

    pub(crate) fn is_string(&self) -> bool {
        matches!(self.inner(), DataType::String | DataType::JsonType)
    }

    pub(crate) fn is_date(&self) -> bool {
        matches!(self.inner(), DataType::Date | DataType::Date32)
    }

    pub(crate) fn is_datetime(&self) -> bool {
        matches!(
            self.inner(),
            DataType::DateTime(_) | DataType::DateTime64 { .. }
        )
    }

    pub(crate) fn is_time(&self) -> bool {
        self.is_date() || self.is_datetime()
    }

    pub(crate) fn is_interval(&self) -> bool {
        matches!(self.inner(), DataType::Interval(_))
    }

    /// The type of an array's elements.
    pub(crate) fn item(&self) -> Option<&DataType> {
        match self {
            DataType::Array(item) => Some(item),
            _ => None,
        }
    }

    /// The time zone of a date with time, where it is not the server's.
    pub(crate) fn timezone(&self) -> Option<&str> {
        match self.inner() {
            DataType::DateTime(timezone) | DataType::DateTime64 { timezone, .. } => {
                timezone.as_deref()
            }
            _ => None,
        }
    }

    /// Whether it is signed and its width in bits; `Bool` counts as `UInt8`.
    fn integer(&self) -> Option<(bool, u32)> {
        Some(match self.inner() {
            DataType::UInt8 => (false, 8),
            DataType::UInt16 => (false, 16),
            DataType::UInt32 => (false, 32),
            DataType::UInt64 => (false, 64),
            DataType::Int8 => (true, 8),
            DataType::Int16 => (true, 16),
            DataType::Int32 => (true, 32),
            DataType::Int64 => (true, 64),
            _ => return None,
        })
    }

    /// How many bits the magnitudes of its integers take at most; none if it is no integer.
    pub(crate) fn magnitude_bits(&self) -> Option<u32> {
        let (signed, bits) = self.as_number().integer()?;
        Some(bits - u32::from(signed))
    }

    /// The integer type with a sign of a width.
    pub(crate) fn signed_of(bits: u32) -> DataType {
        DataType::integer_of(true, bits)
    }

    /// The integer type of a width; more than 64 bits are 64.
    fn integer_of(signed: bool, bits: u32) -> DataType {
        match (signed, bits) {
            (false, ..=8) => DataType::UInt8,
            (false, ..=16) => DataType::UInt16,
            (false, ..=32) => DataType::UInt32,
            (false, _) => DataType::UInt64,
            (true, ..=8) => DataType::Int8,
            (true, ..=16) => DataType::Int16,
            (true, ..=32) => DataType::Int32,
            (true, _) => DataType::Int64,
        }
    }

    fn as_number(&self) -> DataType {
        match self.inner() {
            DataType::Bool => DataType::UInt8,
            plain => plain.clone(),
        }
    }
}

/// The smallest type of an unsigned literal.
pub(crate) fn unsigned_literal(value: u64) -> DataType {
    let bits = 64 - value.leading_zeros();
    DataType::integer_of(false, bits)
}

/// The smallest type of a negative literal.
pub(crate) fn negative_literal(value: i64) -> DataType {
    let bits = 65 - value.leading_ones();
    DataType::integer_of(true, bits)
}

/// The type that holds the values of all of `types`; none where ClickHouse has none (or only
/// `Variant`).
pub(crate) fn supertype<'a>(types: impl IntoIterator<Item = &'a DataType>) -> Option<DataType> {
    let mut common: Option<DataType> = None;
    let mut nullable = false;
    for ty in types {
        nullable |= ty.is_nullable();
        let ty = ty.inner();
        common = Some(match common {
            None => ty.clone(),
            Some(common) => supertype_of_two(&common, ty)?,
        });
    }
    // Of NULL and an array or a tuple ClickHouse makes a `Variant`.
    let is_variant = nullable && matches!(common, Some(DataType::Array(_) | DataType::Tuple(_)));
    if is_variant {
        return None;
    }
    common.map(|common| common.nullable_if(nullable))
}

fn supertype_of_two(a: &DataType, b: &DataType) -> Option<DataType> {
    if a == b || *b == DataType::Nothing {
        return Some(a.clone());
    }
    if *a == DataType::Nothing {
        return Some(b.clone());
    }
    match (a, b) {
        (DataType::Array(a), DataType::Array(b)) => {
            return Some(DataType::array_of(supertype([&**a, &**b])?));
        }
        (DataType::Tuple(a), DataType::Tuple(b)) if a.len() == b.len() => {
            let items: Option<Vec<_>> = a.iter().zip(b).map(|(a, b)| supertype([a, b])).collect();
            return Some(DataType::Tuple(items?));
        }
        _ => {}
    }
    if a.is_time() && b.is_time() {
        return Some(supertype_of_times(a, b));
    }
    // The same but for the name: that of the first one.
    if let (DataType::Bool, DataType::UInt8) | (DataType::UInt8, DataType::Bool) = (a, b) {
        return Some(a.clone());
    }
    let (a, b) = (a.as_number(), b.as_number());
    match (a.integer(), b.integer()) {
        (Some((a_signed, a_bits)), Some((b_signed, b_bits))) => {
            supertype_of_integers(a_signed, a_bits, b_signed, b_bits)
        }
        _ if a.is_float() || b.is_float() => {
            // Of a decimal and a float ClickHouse makes a `Variant`.
            if !(a.is_number() && b.is_number()) || a.is_decimal() || b.is_decimal() {
                return None;
            }
            // No float holds all integers of 64 bits: ClickHouse makes a `Variant`.
            let bits = [&a, &b].map(|ty| ty.integer().map_or(0, |(_, bits)| bits));
            if bits.contains(&64) {
                return None;
            }
            let is_wide = a == DataType::Float64 || b == DataType::Float64;
            Some(if is_wide || bits.contains(&32) {
                DataType::Float64
            } else {
                DataType::Float32
            })
        }
        _ => supertype_of_decimals(&a, &b),
    }
}

fn supertype_of_integers(
    a_signed: bool,
    a_bits: u32,
    b_signed: bool,
    b_bits: u32,
) -> Option<DataType> {
    if a_signed == b_signed {
        return Some(DataType::integer_of(a_signed, a_bits.max(b_bits)));
    }
    let unsigned_bits = if a_signed { b_bits } else { a_bits };
    let signed_bits = if a_signed { a_bits } else { b_bits };
    let bits = signed_bits.max(unsigned_bits * 2);
    // UInt64 with a signed one: ClickHouse has no integer that holds both.
    (bits <= 64).then(|| DataType::integer_of(true, bits))
}

/// As wide as the scale and the digits of the widest integer ask for, in one of the three widths that
/// ClickHouse has.
fn supertype_of_decimals(a: &DataType, b: &DataType) -> Option<DataType> {
    let scale = scale_of(a).max(scale_of(b));
    let digits = |ty: &DataType| match ty {
        DataType::Decimal { precision, .. } => Some(*precision),
        ty => {
            let digits = match ty.integer()?.1 {
                8 => 3,
                16 => 5,
                32 if scale == 0 => 9,
                32 => 10,
                _ if scale == 0 && *ty == DataType::Int64 => 18,
                _ if *ty == DataType::Int64 => 19,
                _ => 20,
            };
            Some(scale + digits)
        }
    };
    let precision = decimal_width(digits(a)?.max(digits(b)?))?;
    Some(DataType::Decimal { precision, scale })
}

/// Digits after the point; 0 of what is no decimal.
pub(crate) fn scale_of(ty: &DataType) -> u8 {
    match ty.inner() {
        DataType::Decimal { scale, .. } => *scale,
        _ => 0,
    }
}

/// The precision of the narrowest of ClickHouse's decimals that has so many digits.
fn decimal_width(digits: u8) -> Option<u8> {
    [9, 18, 38].into_iter().find(|width| digits <= *width)
}

fn supertype_of_times(a: &DataType, b: &DataType) -> DataType {
    use DataType::{Date, Date32, DateTime, DateTime64};
    match (a, b) {
        (Date | Date32, Date | Date32) => Date32,
        // It forgets the time zone.
        (Date32, DateTime(_)) | (DateTime(_), Date32) => DateTime64 {
            precision: 0,
            timezone: None,
        },
        (Date | Date32, other) | (other, Date | Date32) => other.clone(),
        (
            DateTime64 {
                precision,
                timezone,
            },
            DateTime(_),
        )
        | (
            DateTime(_),
            DateTime64 {
                precision,
                timezone,
            },
        ) => DateTime64 {
            precision: *precision,
            timezone: timezone.clone(),
        },
        (
            DateTime64 {
                precision: p1,
                timezone,
            },
            DateTime64 { precision: p2, .. },
        ) => DateTime64 {
            precision: *p1.max(p2),
            timezone: timezone.clone(),
        },
        _ => a.clone(),
    }
}

/// The integer type of a bit operation: as wide as the wider side, signed if one is.
pub(crate) fn wider(a: &DataType, b: &DataType) -> Option<DataType> {
    let (a, b) = (a.as_number(), b.as_number());
    let ((a_signed, a_bits), (b_signed, b_bits)) = (a.integer()?, b.integer()?);
    Some(DataType::integer_of(
        a_signed || b_signed,
        a_bits.max(b_bits),
    ))
}

/// Arithmetic operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Plus,
    Minus,
    Multiply,
    Divide,
    IntDiv,
    Modulo,
}

/// The type of `a op b` for two numbers, without nullability.
pub(crate) fn arithmetic(op: Arithmetic, a: &DataType, b: &DataType) -> Option<DataType> {
    let (a, b) = (a.as_number(), b.as_number());
    if !a.is_number() || !b.is_number() {
        return None;
    }
    if a.is_decimal() || b.is_decimal() {
        return decimal_arithmetic(op, &a, &b);
    }
    if op == Arithmetic::Divide {
        return Some(DataType::Float64);
    }
    let (Some((a_signed, a_bits)), Some((b_signed, b_bits))) = (a.integer(), b.integer()) else {
        return Some(match op {
            // A float has a sign.
            Arithmetic::IntDiv => match (a.integer(), &a) {
                (Some((_, bits)), _) => DataType::integer_of(true, bits),
                (None, DataType::Float32) => DataType::Int32,
                (None, _) => DataType::Int64,
            },
            _ => DataType::Float64,
        });
    };
    let signed = a_signed || b_signed;
    let wider = (a_bits.max(b_bits) * 2).min(64);
    Some(match op {
        Arithmetic::Plus | Arithmetic::Multiply => DataType::integer_of(signed, wider),
        Arithmetic::Minus => DataType::integer_of(true, wider),
        Arithmetic::IntDiv => DataType::integer_of(signed, a_bits),
        // The remainder has the width of the divisor; with a sign it takes one width more.
        Arithmetic::Modulo if a_signed => DataType::integer_of(true, (b_bits * 2).min(64)),
        Arithmetic::Modulo => DataType::integer_of(false, b_bits),
        Arithmetic::Divide => DataType::Float64,
    })
}

fn decimal_arithmetic(op: Arithmetic, a: &DataType, b: &DataType) -> Option<DataType> {
    if a.is_float() || b.is_float() {
        return Some(DataType::Float64);
    }
    let scale = match op {
        Arithmetic::Plus | Arithmetic::Minus => scale_of(a).max(scale_of(b)),
        Arithmetic::Multiply => scale_of(a) + scale_of(b),
        Arithmetic::Divide if a.is_decimal() => scale_of(a),
        Arithmetic::Divide => scale_of(b),
        Arithmetic::IntDiv | Arithmetic::Modulo => return None,
    };
    let precision = match (a, b) {
        (DataType::Decimal { precision: p, .. }, DataType::Decimal { precision: q, .. }) => {
            decimal_width(*p.max(q))?
        }
        (DataType::Decimal { precision, .. }, _) | (_, DataType::Decimal { precision, .. }) => {
            *precision
        }
        _ => return None,
    };
    (scale <= precision).then_some(DataType::Decimal { precision, scale })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::DataType::*;

    #[test]
    fn supertypes_are_clickhouses() {
        let nullable = |ty: DataType| ty.nullable();
        let cases = [
            (vec![UInt8, UInt16], Some(UInt16)),
            (vec![UInt8, Int8], Some(Int16)),
            (vec![UInt32, Int8], Some(Int64)),
            (vec![UInt64, Int8], None),
            (vec![UInt8, nullable(Nothing)], Some(nullable(UInt8))),
            (vec![String, UInt8], None),
            (vec![DataType::array_of(UInt8), nullable(Nothing)], None),
            (vec![UInt8, Float64], Some(Float64)),
            (vec![UInt64, Float64], None),
            (vec![Date, DateTime(None)], Some(DateTime(None))),
            (
                vec![DataType::array_of(Nothing), DataType::array_of(UInt8)],
                Some(DataType::array_of(UInt8)),
            ),
        ];
        for (types, expected) in cases {
            assert_eq!(supertype(&types), expected, "{types:?}");
        }
    }

    #[test]
    fn arithmetic_widens_as_in_clickhouse() {
        use Arithmetic::*;
        let cases = [
            (Plus, UInt8, UInt8, UInt16),
            (Plus, UInt32, UInt8, UInt64),
            (Minus, UInt8, UInt8, Int16),
            (Minus, UInt32, UInt8, Int64),
            (Multiply, UInt16, UInt16, UInt32),
            (Divide, UInt8, UInt8, Float64),
            (IntDiv, UInt32, Int8, Int32),
            (IntDiv, UInt8, Float64, Int8),
            (Modulo, UInt32, UInt16, UInt16),
            (Plus, Float64, UInt8, Float64),
        ];
        for (op, a, b, expected) in cases {
            assert_eq!(arithmetic(op, &a, &b), Some(expected), "{op:?} {a} {b}");
        }
    }

    #[test]
    fn literals_take_the_smallest_type() {
        let cases = [
            (0, UInt8),
            (255, UInt8),
            (256, UInt16),
            (65_536, UInt32),
            (4_294_967_296, UInt64),
        ];
        for (value, expected) in cases {
            assert_eq!(unsigned_literal(value), expected, "{value}");
        }
        for (value, expected) in [(-1, Int8), (-128, Int8), (-129, Int16), (-32_769, Int32)] {
            assert_eq!(negative_literal(value), expected, "{value}");
        }
    }
}
