//! Integers of ClickHouse's widths: what is beyond the ends of a type goes around.

use super::stand_ins::once;
use crate::types::DataType;

/// A float without its fraction. ClickHouse leaves it to the processor what becomes of one that is too large: those of
/// x86 make the least number of 32 bits of it where the type has no more, else the least one of 64 bits, of which an
/// unsigned type takes the low ones. NaN and infinity are errors.
pub(super) fn integer_of_float(text: &str, to: &DataType) -> String {
    let (low, high, least) = match to {
        DataType::Int64 | DataType::UInt32 => (
            "-9.223372036854775808e18",
            "9.223372036854775808e18",
            i64::MIN,
        ),
        DataType::UInt64 => (
            "-9.223372036854775808e18",
            "1.8446744073709551616e19",
            i64::MIN,
        ),
        _ => ("-2147483649e0", "2147483648e0", i64::from(i32::MIN)),
    };
    let duck = if *to == DataType::UInt64 {
        "HUGEINT"
    } else {
        "BIGINT"
    };
    let is_held = if least == i64::MIN { ">=" } else { ">" };
    let whole = once(text, "_n", |x| {
        format!(
            "CASE WHEN {x} {is_held} {low} AND {x} < {high} OR NOT isfinite({x}) THEN CAST(trunc({x}) AS {duck}) WHEN {x} IS NOT NULL THEN CAST({least} AS {duck}) END"
        )
    });
    match to {
        DataType::UInt64 => unsigned(&whole),
        DataType::Int64 => format!("({whole})"),
        _ => wrapped(format!("({whole})"), to),
    }
}

/// A decimal without its fraction; ClickHouse fails where the type does not hold it.
pub(super) fn integer_of_decimal(text: &str, to: &DataType) -> String {
    let (low, high) = match to {
        DataType::UInt8 => ("0", "255"),
        DataType::UInt16 => ("0", "65535"),
        DataType::UInt32 => ("0", "4294967295"),
        DataType::UInt64 => ("0", "18446744073709551615"),
        DataType::Int8 => ("-128", "127"),
        DataType::Int16 => ("-32768", "32767"),
        DataType::Int32 => ("-2147483648", "2147483647"),
        _ => ("-9223372036854775808", "9223372036854775807"),
    };
    let inner = match to {
        DataType::UInt64 => "HUGEINT",
        _ => "BIGINT",
    };
    let whole = format!("CAST(trunc({text}) AS HUGEINT)");
    format!(
        "(CASE WHEN {whole} NOT BETWEEN {low} AND {high} THEN CAST(error('Convert overflow') AS {inner}) ELSE CAST({whole} AS {inner}) END)"
    )
}

/// An integer as a type of fewer bits has it.
pub(super) fn wrapped(number: String, to: &DataType) -> String {
    match to {
        DataType::UInt8 => format!("({number} & 255)"),
        DataType::UInt16 => format!("({number} & 65535)"),
        DataType::UInt32 => format!("({number} & 4294967295)"),
        DataType::Int8 => format!("(xor(CAST({number} & 255 AS BIGINT), 128) - 128)"),
        DataType::Int16 => format!("(xor(CAST({number} & 65535 AS BIGINT), 32768) - 32768)"),
        DataType::Int32 => {
            format!("(xor(CAST({number} & 4294967295 AS BIGINT), 2147483648) - 2147483648)")
        }
        _ => number,
    }
}

/// An integer of any size as `Int64` has it: a BIGINT.
pub(super) fn signed(number: &str) -> String {
    format!(
        "CAST(((CAST({number} AS HUGEINT) + 9223372036854775808) & 18446744073709551615) - 9223372036854775808 AS BIGINT)"
    )
}

/// An integer as `UInt64` has it: a HUGEINT, as half of them are beyond BIGINT.
pub(super) fn unsigned(number: &str) -> String {
    format!("(CAST({number} AS HUGEINT) & 18446744073709551615)")
}
