//! Arithmetic and rounding.

use super::stand_ins::once;
use super::{Lowering, Sql};
use crate::error::SqlError;
use crate::ir::{Expr, ExprKind};
use crate::types::{DataType, IntervalUnit};

impl Lowering<'_> {
    pub(super) fn arithmetic(
        &mut self,
        name: &str,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<Sql, SqlError> {
        let [a, rest @ ..] = arguments else {
            return Ok(Sql::value("NULL"));
        };
        if let Some(moved) = self.moved_time(name, a, rest.first(), expr)? {
            return Ok(Sql::value(moved));
        }
        let x = self.operand(a, expr)?;
        let Some(b) = rest.first() else {
            return Ok(Sql::value(self.unary(name, a, &x, expr)));
        };
        let y = self.operand(b, expr)?;
        if expr.ty.is_integer()
            && matches!(name, "plus" | "minus" | "multiply")
            && self.may_exceed(name, a, b)
        {
            return Ok(Sql::value(self.wrapped_arithmetic(name, &x, &y, &expr.ty)));
        }
        Ok(Sql::value(match name {
            "plus" => format!("({x} + {y})"),
            "minus" => format!("({x} - {y})"),
            "multiply" => format!("({x} * {y})"),
            "divide" if expr.ty.is_decimal() => self.quotient(a, b, [&x, &y], &expr.ty),
            "divide" => format!("({} / {})", self.float(a)?, self.float(b)?),
            "intDiv" | "intDivOrZero" => self.whole_division(name, a, b, &x, &y),
            _ => {
                let is_float = expr.ty.is_float();
                let remainder = if is_float {
                    // By infinity it is NaN, where DuckDB's % gives the dividend.
                    let (x, y) = (self.float(a)?, self.float(b)?);
                    format!("({x} - trunc({x} / {y}) * {y})")
                } else {
                    format!("({x} % {y})")
                };
                let remainder = if name == "positiveModulo" {
                    format!(
                        "CASE WHEN {remainder} < 0 THEN {remainder} + abs({y}) ELSE {remainder} END"
                    )
                } else {
                    remainder
                };
                if is_float {
                    format!("({remainder})")
                } else {
                    self.guarded(b, &y, &remainder, &expr.ty)
                }
            }
        }))
    }

    /// `negate` and `abs`. The end of 64 bits has no opposite in `Int64`.
    fn unary(&mut self, name: &str, a: &Expr, x: &str, expr: &Expr) -> String {
        let is_wide = expr.ty.is_integer()
            && (self.is_large(a) || name == "negate" && *a.ty.inner() == DataType::UInt64);
        let is_as_narrow = matches!(
            expr.ty.inner(),
            DataType::Int8 | DataType::Int16 | DataType::Int32
        ) && a.ty.inner() == expr.ty.inner();
        match name {
            "abs" if is_wide => super::integers::unsigned(&format!("abs(CAST({x} AS HUGEINT))")),
            "abs" => format!("abs({x})"),
            _ if is_wide => {
                self.pass("products of 64 bits");
                super::integers::signed(&format!("(-CAST({x} AS HUGEINT))"))
            }
            // The least of its type is its own opposite.
            _ if is_as_narrow => super::integers::wrapped(format!("(-({x}))"), expr.ty.inner()),
            _ => format!("(-({x}))"),
        }
    }

    /// An operand; literals are BIGINT, because DuckDB computes with INTEGER else.
    fn operand(&mut self, operand: &Expr, result: &Expr) -> Result<String, SqlError> {
        let value = self.value(operand)?;
        if *operand.ty.inner() == DataType::Bool {
            return Ok(format!("CAST({value} AS BIGINT)"));
        }
        // ClickHouse computes with Float64 where one side is a Float32.
        let is_widened =
            *operand.ty.inner() == DataType::Float32 && *result.ty.inner() == DataType::Float64;
        if is_widened || result.ty.is_float() && operand.ty.is_decimal() {
            return Ok(format!("CAST({value} AS DOUBLE)"));
        }
        Ok(if operand.as_integer().is_some() {
            format!("CAST({value} AS BIGINT)")
        } else {
            value
        })
    }

    /// What is beyond 64 bits goes around in ClickHouse, where DuckDB fails.
    fn wrapped_arithmetic(&mut self, name: &str, x: &str, y: &str, ty: &DataType) -> String {
        self.pass("products of 64 bits");
        let operator = match name {
            "plus" => "+",
            "minus" => "-",
            _ => "*",
        };
        if ty.is_unsigned() {
            // A product of two of them can need all 128 bits.
            let product = format!("CAST({x} AS UHUGEINT) {operator} CAST({y} AS UHUGEINT)");
            return super::integers::unsigned(&format!("(({product}) & 18446744073709551615)"));
        }
        super::integers::signed(&format!("CAST({x} AS HUGEINT) {operator} {y}"))
    }

    /// A quotient of decimals: the digits beyond the scale are cut off.
    fn quotient(&mut self, a: &Expr, b: &Expr, [x, y]: [&str; 2], ty: &DataType) -> String {
        let (from, by) = (
            crate::typing::scale_of(&a.ty),
            crate::typing::scale_of(&b.ty),
        );
        let scale = crate::typing::scale_of(ty);
        // Both sides as whole numbers; the quotient has `scale` digits behind the point then.
        let whole = |text: &str, digits: u8| {
            let ten = 10_i128.pow(u32::from(digits));
            format!("CAST(CAST({text} AS DECIMAL(38, {digits})) * {ten} AS HUGEINT)")
        };
        let dividend = format!(
            "{} * {}",
            whole(x, from),
            10_i128.pow(u32::from(scale + by - from))
        );
        let quotient = format!("({dividend}) // {}", whole(y, by));
        let unit = match scale {
            0 => "1".to_owned(),
            scale => format!(
                "CAST(0.{}1 AS DECIMAL({scale}, {scale}))",
                "0".repeat(usize::from(scale) - 1)
            ),
        };
        let digits = 38 - scale;
        let duck = super::inner_type(ty);
        let quotient = format!("CAST(CAST({quotient} AS DECIMAL({digits}, 0)) * {unit} AS {duck})");
        self.guarded(b, y, &quotient, ty)
    }

    fn whole_division(&mut self, name: &str, a: &Expr, b: &Expr, x: &str, y: &str) -> String {
        let quotient = if a.ty.is_integer() && b.ty.is_integer() {
            let (x, y) = if a.ty.is_unsigned() == b.ty.is_unsigned() {
                (x.to_owned(), y.to_owned())
            } else if a.ty.magnitude_bits().map(|bits| bits + 1) > b.ty.magnitude_bits() {
                (self.with_sign(a, x), y.to_owned())
            } else {
                (self.with_sign(a, x), self.with_sign(b, y))
            };
            format!("{x} // {y}")
        } else {
            format!("CAST(trunc({x} / {y}) AS BIGINT)")
        };
        if name == "intDivOrZero" {
            let known = if a.ty.is_nullable() {
                format!(" AND {x} IS NOT NULL")
            } else {
                String::new()
            };
            return format!("(CASE WHEN {y} = 0{known} THEN 0 ELSE {quotient} END)");
        }
        self.guarded(b, y, &quotient, &DataType::Int64)
    }

    /// An integer as the type with a sign has it that is as wide: ClickHouse divides so where one side has a sign, and the
    /// divisor is not the narrower one.
    fn with_sign(&self, number: &Expr, text: &str) -> String {
        let bits = number.ty.magnitude_bits().unwrap_or(64);
        let fits = number
            .as_integer()
            .is_some_and(|n| i128::from(n) < 1 << (bits - 1));
        if !number.ty.is_unsigned() || fits {
            return text.to_owned();
        }
        match bits {
            64 if self.is_large(number) => super::integers::signed(text),
            bits => super::integers::wrapped(text.to_owned(), &DataType::signed_of(bits)),
        }
    }

    /// Division by zero is an error in ClickHouse, and NULL in DuckDB.
    fn guarded(&mut self, divisor: &Expr, y: &str, quotient: &str, ty: &DataType) -> String {
        if divisor.as_integer().is_some_and(|n| n != 0) || divisor.ty.is_float() {
            return format!("({quotient})");
        }
        self.pass("division by zero");
        format!(
            "(CASE WHEN {y} = 0 THEN CAST(error('Division by zero') AS {}) ELSE {quotient} END)",
            super::inner_type(ty)
        )
    }

    /// Arithmetic with dates, times and intervals.
    fn moved_time(
        &mut self,
        name: &str,
        a: &Expr,
        b: Option<&Expr>,
        expr: &Expr,
    ) -> Result<Option<String>, SqlError> {
        let Some(b) = b else {
            return Ok(match (name, &a.kind) {
                ("negate", ExprKind::Interval { .. }) => Some(format!("(-{})", self.value(a)?)),
                _ => None,
            });
        };
        if name != "plus" && name != "minus" {
            return Ok(None);
        }
        if a.ty.is_time() && b.ty.is_time() {
            return self.time_difference(a, b, expr).map(Some);
        }
        let (time, amount) = match (a.ty.is_time(), b.ty.is_time()) {
            (true, false) => (a, b),
            (false, true) => (b, a),
            _ => return Ok(None),
        };
        let sign = if name == "minus" { "-" } else { "+" };
        if let DataType::Interval(unit) = amount.ty.inner() {
            return self
                .plus_interval(time, sign, amount, *unit, expr)
                .map(Some);
        }
        self.pass("time plus number");
        let (time_text, number) = (self.value(time)?, self.value(amount)?);
        Ok(Some(if *time.ty.inner() == DataType::Date {
            // A Date is of 16 bits, at whose ends it goes around.
            format!(
                "(DATE '1970-01-01' + CAST(({time_text} - DATE '1970-01-01' {sign} CAST(trunc({number}) AS BIGINT)) & 65535 AS INTEGER))"
            )
        } else if time.ty.is_date() {
            format!("({time_text} {sign} CAST(trunc({number}) AS INTEGER))")
        } else {
            format!("({time_text} {sign} to_seconds(CAST(trunc({number}) AS BIGINT)))")
        }))
    }

    fn time_difference(&mut self, a: &Expr, b: &Expr, expr: &Expr) -> Result<String, SqlError> {
        self.pass("time minus time");
        let (x, y) = (self.value(a)?, self.value(b)?);
        Ok(match expr.ty.inner() {
            DataType::Decimal { scale, .. } => format!(
                "CAST(CAST(epoch_us({x}) - epoch_us({y}) AS DECIMAL(24, 6)) / 1000000 AS DECIMAL(18, {scale}))"
            ),
            _ if a.ty.is_date() => format!("CAST({x} - {y} AS BIGINT)"),
            _ => format!("((epoch_us({x}) - epoch_us({y})) // 1000000)"),
        })
    }

    /// Days and longer are of the time zone's calendar, shorter ones of the clock.
    pub(super) fn plus_interval(
        &mut self,
        time: &Expr,
        sign: &str,
        amount: &Expr,
        unit: IntervalUnit,
        expr: &Expr,
    ) -> Result<String, SqlError> {
        let interval = self.value(amount)?;
        let value = self.value(time)?;
        if expr.ty.is_date() {
            self.pass("Date plus interval");
            return Ok(format!("CAST({value} {sign} {interval} AS DATE)"));
        }
        if time.ty.is_date() {
            self.pass("Date plus interval");
            let midnight = self.midnight(&value);
            return Ok(format!("({midnight} {sign} {interval})"));
        }
        let is_calendar = !matches!(
            unit,
            IntervalUnit::Millisecond
                | IntervalUnit::Second
                | IntervalUnit::Minute
                | IntervalUnit::Hour
        );
        match self.foreign_zone(time, None) {
            Some(zone) if is_calendar => {
                let wall = self.wall_clock(time, None)?;
                Ok(self.instant(&format!("{wall} {sign} {interval}"), &zone))
            }
            _ => Ok(format!("({value} {sign} {interval})")),
        }
    }

    /// `greatest` and `least`: NaN is neither, where for DuckDB it is the greatest.
    pub(super) fn extremes(
        &mut self,
        name: &str,
        arguments: &[Expr],
        ty: &DataType,
    ) -> Result<Sql, SqlError> {
        if let Some(list) = arguments
            .iter()
            .find(|argument| has_null_within(&argument.ty))
        {
            // For ClickHouse NULL is there the least of all to `greatest` and the greatest to `least`.
            let what = format!("{name} of {}", list.ty);
            return Err(self.unsupported(&what, None, list.at));
        }
        let mut values = self.values_as(arguments, ty)?;
        if let Some(known) = arguments.iter().find(|argument| !argument.ty.is_nothing()) {
            // DuckDB takes a NULL of no type for a number, and then the others.
            let ty = super::inner_type(&known.ty);
            for (value, _) in values
                .iter_mut()
                .zip(arguments)
                .filter(|(_, argument)| argument.ty.is_nothing())
            {
                *value = format!("CAST({value} AS {ty})");
            }
        }
        let extreme = |values: &[String]| format!("{name}({})", values.join(", "));
        if !arguments.iter().any(|argument| argument.ty.is_float()) {
            return Ok(Sql::value(extreme(&values)));
        }
        self.pass("NaN in extremes");
        let is_nan = |index: usize| {
            let is_float = arguments[index].ty.is_float();
            is_float.then(|| format!("isnan({})", values[index]))
        };
        let is_nullable = arguments.iter().any(|argument| argument.ty.is_nullable());
        if is_nullable || arguments.len() > 2 {
            // What is no number loses.
            let numbers = values.iter().enumerate().map(|(index, value)| {
                let not_nan =
                    is_nan(index).map(|is_nan| format!("CASE WHEN NOT {is_nan} THEN {value} END"));
                not_nan.unwrap_or_else(|| value.clone())
            });
            let numbers: Vec<String> = numbers.collect();
            return Ok(Sql::value(format!(
                "coalesce({}, {})",
                extreme(&numbers),
                extreme(&values)
            )));
        }
        // Of two, ClickHouse takes the second one where it compares with NaN.
        let Some(last) = values.last() else {
            return Ok(Sql::value(extreme(&values)));
        };
        let are_nan: Vec<String> = (0..values.len()).filter_map(is_nan).collect();
        Ok(Sql::value(format!(
            "(CASE WHEN {} THEN {last} ELSE {} END)",
            are_nan.join(" OR "),
            extreme(&values)
        )))
    }

    /// `bitAnd` and the like: with a sign on one side only the result is as wide as the sides.
    pub(super) fn bits(
        &mut self,
        name: &str,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<Sql, SqlError> {
        let x = self.operand(&arguments[0], expr)?;
        let y = self.operand(&arguments[1], expr)?;
        let number = match name {
            "bitAnd" => format!("({x} & {y})"),
            "bitOr" => format!("({x} | {y})"),
            _ => format!("xor({x}, {y})"),
        };
        let is_mixed = arguments[0].ty.is_unsigned() != arguments[1].ty.is_unsigned();
        Ok(Sql::value(
            if is_mixed && *expr.ty.inner() == DataType::Int64 {
                super::integers::signed(&number)
            } else if is_mixed {
                super::integers::wrapped(number, expr.ty.inner())
            } else {
                number
            },
        ))
    }

    pub(super) fn round(&mut self, name: &str, arguments: &[Expr]) -> Result<Sql, SqlError> {
        let number = &arguments[0];
        let digits = arguments.get(1).and_then(Expr::as_integer).unwrap_or(0);
        if number.ty.is_integer() && digits >= 0 {
            return Ok(Sql::value(self.value(number)?));
        }
        if digits.abs() > 15 {
            return Err(self.unsupported("rounding to so many digits", None, number.at));
        }
        if number.ty.is_integer() {
            self.pass("round");
            let ten = 10_i64.pow(u32::try_from(-digits).unwrap_or(0));
            let is_large = self.is_large(number);
            let x = self.value(number)?;
            return Ok(Sql::value(rounded(name, &x, &number.ty, ten, is_large)));
        }
        let number_type = number.ty.inner();
        let is_decimal = number.ty.is_decimal();
        let x = if is_decimal {
            self.value(number)?
        } else {
            self.float(number)?
        };
        // A Float32 is scaled, rounded and scaled back as one, with the errors of each step.
        let held = |number: String| match number_type {
            DataType::Float32 if digits != 0 => format!("CAST({number} AS FLOAT)"),
            _ => number,
        };
        let scale = held(format!("1e{}", digits.abs()));
        let (there, back) = if digits < 0 { ('/', '*') } else { ('*', '/') };
        let scaled = if digits == 0 {
            x.clone()
        } else {
            format!("({} {there} {scale})", held(x.clone()))
        };
        let rounded = match name {
            "floor" => format!("floor({scaled})"),
            "ceil" | "ceiling" => format!("ceil({scaled})"),
            "truncate" | "trunc" => format!("trunc({scaled})"),
            _ if is_decimal => return Ok(Sql::value(format!("round({x}, {digits})"))),
            // Floats are rounded to even.
            _ => format!("round_even({scaled}, 0)"),
        };
        self.pass("round");
        let rounded = if digits == 0 {
            rounded
        } else {
            format!("({} {back} {scale})", held(rounded))
        };
        Ok(Sql::value(rounded))
    }
}

/// An integer in whole tens, hundreds and so on. ClickHouse computes it with the type itself, at whose end it goes around.
fn rounded(name: &str, x: &str, ty: &DataType, ten: i64, is_large: bool) -> String {
    use super::integers::{signed, unsigned, wrapped};
    let ty = ty.inner();
    // In its type.
    let held = |number: String| match ty {
        DataType::Int64 if is_large => signed(&number),
        DataType::UInt64 if is_large => unsigned(&number),
        _ => wrapped(number, ty),
    };
    // Below 0, where the type has a sign.
    let moved_below = |x: &str, by: i64| {
        if ty.is_unsigned() {
            x.to_owned()
        } else {
            format!(
                "CASE WHEN {x} < 0 THEN {} ELSE {x} END",
                held(format!("({x} - {by})"))
            )
        }
    };
    let whole = |x: &str| format!("({x} // {ten} * {ten})");
    let (from, half) = (if is_large { "HUGEINT" } else { "BIGINT" }, ten / 2);
    let x = &format!("CAST({x} AS {from})");
    match name {
        "truncate" | "trunc" => whole(x),
        "floor" => once(x, "_n", |x| {
            whole(&format!("({})", moved_below(x, ten - 1)))
        }),
        "ceil" | "ceiling" => once(x, "_n", |x| {
            let moved = held(format!("({x} + {})", ten - 1));
            whole(&format!("(CASE WHEN {x} >= 0 THEN {moved} ELSE {x} END)"))
        }),
        _ => {
            let moved = once(x, "_n", |x| moved_below(x, ten));
            // Narrow types are computed with more bits up to here.
            let is_narrow = ty.magnitude_bits().is_none_or(|bits| bits <= 16);
            let sum = format!("(({moved}) + {half})");
            if name != "roundBankers" {
                return if is_narrow {
                    held(whole(&sum))
                } else {
                    whole(&held(sum))
                };
            }
            let sum = if is_narrow { sum } else { held(sum) };
            // A half goes to the even neighbour.
            held(format!(
                "list_transform([{sum}], lambda _s: CASE WHEN _s % {ten} = 0 THEN (_s // {ten} + CASE WHEN _s < {half} THEN 1 ELSE 0 END) & -2 ELSE _s // {ten} END)[1] * {ten}"
            ))
        }
    }
}

/// Whether its values are arrays or tuples that may hold NULL.
fn has_null_within(ty: &DataType) -> bool {
    let may_hold = |item: &DataType| item.is_nullable() || has_null_within(item);
    match ty {
        DataType::Array(item) => may_hold(item),
        DataType::Tuple(items) => items.iter().any(may_hold),
        _ => false,
    }
}
