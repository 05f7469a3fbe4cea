//! Numbers for people: bars, sizes, quantities, spans of time.

use std::fmt::Write as _;

use super::{Lowering, Sql};
use crate::error::SqlError;
use crate::ir::Expr;

impl Lowering<'_> {
    pub(super) fn readable(&mut self, name: &str, arguments: &[Expr]) -> Result<Sql, SqlError> {
        self.pass(if name == "bar" {
            "bar"
        } else {
            "formatReadable"
        });
        let x = self.float(&arguments[0])?;
        if name == "bar" {
            let (low, high) = (self.float(&arguments[1])?, self.float(&arguments[2])?);
            let width = arguments.get(3).and_then(Expr::as_integer).unwrap_or(80);
            return Ok(Sql::value(format!(
                "rtrim(bar({x}, {low}, {high}, CAST({width} AS DOUBLE)))"
            )));
        }
        let (base, units): (u32, &[&str]) = match name {
            "formatReadableSize" => (
                1024,
                &[
                    " B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB", " ZiB", " YiB",
                ],
            ),
            "formatReadableQuantity" => (
                1000,
                &[
                    "",
                    " thousand",
                    " million",
                    " billion",
                    " trillion",
                    " quadrillion",
                    " quintillion",
                    " sextillion",
                    " septillion",
                    " octillion",
                    " nonillion",
                    " decillion",
                    " undecillion",
                    " duodecillion",
                    " tredecillion",
                    " quattuordecillion",
                    " quindecillion",
                    " sexdecillion",
                    " septendecillion",
                    " octodecillion",
                    " novemdecillion",
                    " vigintillion",
                ],
            ),
            _ => return Ok(Sql::value(time_delta(&x))),
        };
        let mut text = "(CASE".to_owned();
        if arguments[0].ty.is_float() {
            let (smallest, largest) = match name {
                "formatReadableSize" => (" B", " YiB"),
                _ => ("", " vigintillion"),
            };
            let _ = write!(
                text,
                " WHEN isnan({x}) THEN 'nan{smallest}' WHEN isinf({x}) THEN CAST({x} AS VARCHAR) || '{largest}'"
            );
        }
        for (power, unit) in units.iter().enumerate() {
            let power = i32::try_from(power).unwrap_or(0);
            let divisor = f64::from(base).powi(power);
            let scaled = format!("({x} / {divisor:e})");
            // A half goes up, where printf takes the even neighbour; only eighths are halves. 0 keeps its sign.
            let scaled = format!(
                "CASE WHEN {scaled} * 8 = trunc({scaled} * 8) AND {scaled} <> 0 THEN {scaled} + 0.001 * sign({scaled}) ELSE {scaled} END"
            );
            let value = format!("printf('%.2f{unit}', {scaled})");
            if usize::try_from(power).unwrap_or(0) + 1 == units.len() {
                let _ = write!(text, " ELSE {value} END)");
            } else {
                let limit = divisor * f64::from(base);
                let _ = write!(text, " WHEN abs({x}) < {limit:e} THEN {value}");
            }
        }
        Ok(Sql::value(text))
    }
}

/// `1 hour, 2 minutes and 3 seconds`.
fn time_delta(x: &str) -> String {
    let units = [
        ("year", 31_536_000_i64),
        // Thirty days and a half.
        ("month", 2_635_200),
        ("day", 86_400),
        ("hour", 3_600),
        ("minute", 60),
        ("second", 1),
    ];
    let mut parts = Vec::new();
    let mut rest = "_s".to_owned();
    for (name, seconds) in units {
        parts.push(format!(
            "CASE ({rest}) // {seconds} WHEN 0 THEN '' WHEN 1 THEN '1 {name}' ELSE ({rest}) // {seconds} || ' {name}s' END"
        ));
        rest = format!("({rest}) % {seconds}");
    }
    format!(
        "CASE WHEN isfinite({x}) THEN CASE WHEN {x} < 0 THEN '-' ELSE '' END || list_aggregate(list_transform([CAST(abs(trunc({x})) AS HUGEINT)], lambda _s: \
         list_aggregate(list_transform([list_filter([{}], lambda _p: _p <> '')], lambda _l: \
         CASE WHEN len(_l) = 0 THEN '0 seconds' WHEN len(_l) = 1 THEN _l[1] \
         ELSE array_to_string(_l[:-2], ', ') || ' and ' || _l[-1] END), 'any_value')), 'any_value') ELSE replace(CAST({x} AS VARCHAR), '-nan', 'nan') END",
        parts.join(", ")
    )
}
