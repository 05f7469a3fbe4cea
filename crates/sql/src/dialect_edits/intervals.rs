//! Intervals in the one form that `sqlparser` parses: `INTERVAL 2 day`.

use super::literals::decode_literal;
use super::scan::{Edits, Scan};
use crate::error::{ErrorKind, SqlError};
use crate::expand::lexer::TokenKind;

/// Names of a unit; the first one is what is written.
const UNITS: [&[&str]; 11] = [
    &["nanosecond", "nanoseconds", "sql_tsi_nanosecond", "ns"],
    &["microsecond", "microseconds", "sql_tsi_microsecond", "mcs"],
    &["millisecond", "milliseconds", "sql_tsi_millisecond", "ms"],
    &["second", "seconds", "sql_tsi_second", "ss", "s"],
    &["minute", "minutes", "sql_tsi_minute", "mi", "n"],
    &["hour", "hours", "sql_tsi_hour", "hh", "h"],
    &["day", "days", "sql_tsi_day", "dd", "d"],
    &["week", "weeks", "sql_tsi_week", "wk", "ww"],
    &["month", "months", "sql_tsi_month", "mm", "m"],
    &["quarter", "quarters", "sql_tsi_quarter", "qq", "q"],
    &["year", "years", "sql_tsi_year", "yyyy", "yy"],
];

/// `INTERVAL '2 days'` and `INTERVAL 2 dd` become `INTERVAL 2 day`.
pub(super) fn units(scan: &Scan<'_>) -> Result<Edits, SqlError> {
    let mut edits = Vec::new();
    for i in 0..scan.tokens.len() {
        if !scan.keyword(i, "INTERVAL") {
            continue;
        }
        if scan.kind(i + 2) == TokenKind::Word
            && matches!(
                scan.kind(i + 1),
                TokenKind::Number | TokenKind::String | TokenKind::Word
            )
            && let Some(unit) = unit(scan.text(i + 2))
        {
            if unit != scan.text(i + 2) {
                edits.push((scan.bytes(&(i + 2..i + 3)), unit.to_owned()));
            }
        } else if scan.kind(i + 1) == TokenKind::String {
            let content = decode_literal(scan.text(i + 1)).unwrap_or_default();
            let parts: Vec<&str> = content.split_whitespace().collect();
            let interval = match *parts.as_slice() {
                [n, name] => n.parse::<i64>().ok().zip(unit(name)),
                [_, _, _, _, ..] => {
                    let hint = "write a sum: `INTERVAL 2 day + INTERVAL 3 hour`";
                    return Err(scan.unsupported(
                        i,
                        "an interval of several parts is not supported",
                        hint,
                    ));
                }
                _ => None,
            };
            let Some((n, unit)) = interval else {
                let message = format!("`{content}` is no interval");
                return Err(SqlError {
                    hint: Some("write a whole number and a unit: `INTERVAL 2 day`".to_owned()),
                    ..scan.error(ErrorKind::Syntax, i + 1, message)
                });
            };
            edits.push((scan.bytes(&(i + 1..i + 2)), format!("{n} {unit}")));
        }
    }
    Ok(edits)
}

fn unit(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    let names = UNITS.iter().find(|names| names.contains(&name.as_str()))?;
    names.first().copied()
}
