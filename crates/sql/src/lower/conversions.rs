//! Conversions between types.

use super::integers::{integer_of_decimal, integer_of_float, signed, unsigned, wrapped};
use super::large::wide_type;
use super::texts_of_times::{NoTime, OrNull, date_of_text, is_plain_time, midnight_in_gap};
use super::{Lowering, Sql, inner_type, quoted};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{Expr, ExprKind};
use crate::types::DataType;

impl Lowering<'_> {
    pub(super) fn cast(
        &mut self,
        value: &Expr,
        ty: &DataType,
        or_null: bool,
    ) -> Result<Sql, SqlError> {
        if !or_null && value.ty.is_nullable() && !ty.is_nullable() {
            return self.cast_of_present(value, ty);
        }
        if value.is_null_literal() {
            return Ok(Sql::value(format!("CAST(NULL AS {})", inner_type(ty))));
        }
        if or_null {
            self.pass("accurateCastOrNull");
            if ty.is_string() {
                return Ok(Sql::value(self.string_of(value, None)?));
            }
            let text = self.value(value)?;
            let to = ty.inner();
            if to.is_time() {
                return Ok(Sql::value(self.accurate_time(value, &text, to)?));
            }
            if to.is_float() && value.ty.is_number() {
                // Only what the type holds exactly.
                let float = as_float(&text, &value.ty, to);
                let back = match value.ty.inner() {
                    from if from.is_integer() && *to == DataType::Float32 => {
                        format!("CAST({float} AS DOUBLE)")
                    }
                    from if from.is_integer() => format!("CAST({float} AS HUGEINT)"),
                    _ => format!("CAST({float} AS DOUBLE)"),
                };
                return Ok(Sql::value(format!(
                    "(CASE WHEN {back} = {text} AND NOT isnan({float}) THEN {float} END)"
                )));
            }
            let text = match value.ty.inner() {
                // DuckDB would round.
                from if from.is_float() && ty.is_integer() => {
                    format!("CASE WHEN {text} = trunc({text}) THEN {text} END")
                }
                DataType::String if ty.is_integer() => {
                    format!("CASE WHEN regexp_full_match({text}, '[-+]?[0-9]+') THEN {text} END")
                }
                _ => text,
            };
            let cast = format!("try_cast({text} AS {})", super::result_type(ty));
            return Ok(Sql::value(format!("CAST({cast} AS {})", inner_type(ty))));
        }
        let to = ty.inner();
        if value.ty.inner() == to {
            return self.expr(value);
        }
        self.pass("CAST");
        Ok(match to {
            DataType::String => Sql::value(self.string_of(value, None)?),
            DataType::Float64 | DataType::Float32 => {
                let text = self.value(value)?;
                Sql::value(as_float(&text, &value.ty, to))
            }
            DataType::Bool => {
                let text = self.value(value)?;
                Sql::condition(format!("CAST({text} AS BOOLEAN)"))
            }
            DataType::Date | DataType::Date32 => Sql::value(self.date_of(value, None, to)?),
            DataType::DateTime(zone) | DataType::DateTime64 { timezone: zone, .. } => {
                Sql::value(self.datetime_of(value, zone.as_deref(), to)?)
            }
            DataType::Decimal { scale, .. } => {
                Sql::value(self.decimal_of(value, *scale, &inner_type(to))?)
            }
            DataType::Array(_) => {
                let text = self.value(value)?;
                let duck = if self.is_large(value) {
                    wide_type(to)
                } else {
                    inner_type(to)
                };
                Sql::value(format!("CAST({text} AS {duck})"))
            }
            _ if to.is_integer() => Sql::value(self.integer_of(value, to)?),
            _ => return Err(self.unsupported(&format!("conversion to {to}"), None, value.at)),
        })
    }

    /// A cast to a type without NULL, which fails for NULL.
    fn cast_of_present(&mut self, value: &Expr, ty: &DataType) -> Result<Sql, SqlError> {
        let message = "Cannot convert NULL value to a type that is not Nullable";
        if value.ty.is_nothing() {
            let mut error = self.source_map.error(ErrorKind::Type, message, value.at);
            error.hint = Some(format!("cast to Nullable({ty})"));
            return Err(error);
        }
        self.pass("CAST");
        let text = self.value(value)?;
        let cast = self.cast(value, &ty.clone().nullable(), false)?;
        Ok(Sql {
            text: format!(
                "(CASE WHEN {text} IS NULL THEN error('{message}') ELSE {} END)",
                cast.text
            ),
            ..cast
        })
    }

    pub(super) fn conversion(
        &mut self,
        pass: &str,
        name: &str,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<Sql, SqlError> {
        let value = &arguments[0];
        let zone = match pass {
            "to_datetime" if name == "toDateTime64" => arguments.get(2),
            _ => arguments.get(1),
        };
        let zone = zone.and_then(Expr::as_text);
        Ok(Sql::value(match pass {
            "to_string" => {
                self.pass("toString");
                self.string_of(value, zone)?
            }
            "to_integer" => {
                self.pass("toInt");
                self.integer_of(value, expr.ty.inner())?
            }
            "parse_integer" => self.parse_integer(name, value, expr)?,
            "to_float" => {
                let text = self.value(value)?;
                as_float(&text, &value.ty, &expr.ty)
            }
            "to_decimal" => match expr.ty.inner() {
                DataType::Decimal { scale, .. } => {
                    self.pass("toDecimal");
                    self.decimal_of(value, *scale, &inner_type(&expr.ty))?
                }
                _ => self.value(value)?,
            },
            "to_date" if name == "toDateOrNull" => {
                self.pass("toDate");
                date_of_text(&self.value(value)?, &expr.ty, OrNull::Yes)
            }
            "to_date" => {
                self.pass("toDate");
                self.date_of(value, zone, &expr.ty)?
            }
            "to_datetime" => {
                self.pass("toDateTime");
                let zone = zone.or(expr.ty.timezone()).map(str::to_owned);
                self.datetime_of(value, zone.as_deref(), &expr.ty)?
            }
            _ => format!(
                "make_timestamp(CAST({} AS BIGINT) * 1000)",
                self.value(value)?
            ),
        }))
    }

    pub(super) fn string_of(
        &mut self,
        value: &Expr,
        zone: Option<&str>,
    ) -> Result<String, SqlError> {
        let ty = value.ty.inner();
        Ok(match ty {
            DataType::String => self.value(value)?,
            DataType::DateTime(_) => {
                let wall = self.wall_clock(value, zone)?;
                format!("strftime({wall}, '%Y-%m-%d %H:%M:%S')")
            }
            DataType::DateTime64 { precision, .. } => {
                let wall = self.wall_clock(value, zone)?;
                match precision {
                    0 => format!("strftime({wall}, '%Y-%m-%d %H:%M:%S')"),
                    3 => format!("strftime({wall}, '%Y-%m-%d %H:%M:%S.%g')"),
                    n => format!("left(strftime({wall}, '%Y-%m-%d %H:%M:%S.%n'), {})", 20 + n),
                }
            }
            DataType::Float32 | DataType::Float64 => {
                let number = self.value(value)?;
                float_text(&number)
            }
            DataType::Decimal { .. } => {
                let text = self.value(value)?;
                format!(
                    "regexp_replace(regexp_replace(CAST({text} AS VARCHAR), '(\\.\\d*?)0+$', '\\1'), '\\.$', '')"
                )
            }
            DataType::Array(item) if item.is_integer() => {
                let text = self.value(value)?;
                let items = format!("CAST({text} AS VARCHAR[])");
                let items = if item.is_nullable() {
                    format!("list_transform({items}, lambda _n: coalesce(_n, 'NULL'))")
                } else {
                    items
                };
                format!("('[' || array_to_string({items}, ',') || ']')")
            }
            DataType::Array(item) if item.is_nothing() => "'[]'".to_owned(),
            DataType::Tuple(_) => return self.tuple_string_of(value),
            DataType::Array(item)
                if item.item().is_none() && !matches!(**item, DataType::Tuple(_)) =>
            {
                let element = Expr::new(
                    ExprKind::LambdaParameter("item".to_owned()),
                    (**item).clone(),
                    value.at,
                );
                let piece = self.piece_of(&element)?;
                let list = self.value(value)?;
                format!(
                    "('[' || array_to_string(list_transform({list}, lambda item: {piece}), ',') || ']')"
                )
            }
            DataType::Array(_) => {
                let hint = Some("use arrayStringConcat");
                return Err(self.unsupported(&format!("{ty} as a text"), hint, value.at));
            }
            _ => format!("CAST({} AS VARCHAR)", self.value(value)?),
        })
    }

    /// `(1,'a')`.
    fn tuple_string_of(&mut self, value: &Expr) -> Result<String, SqlError> {
        let ExprKind::Tuple(items) = &value.kind else {
            return Err(self.unsupported("a computed tuple as a text", None, value.at));
        };
        let mut pieces = Vec::with_capacity(items.len());
        for item in items {
            pieces.push(self.piece_of(item)?);
        }
        Ok(format!("('(' || {} || ')')", pieces.join(" || ',' || ")))
    }

    /// A value as it stands within a tuple or an array.
    fn piece_of(&mut self, item: &Expr) -> Result<String, SqlError> {
        let text = self.string_of(item, None)?;
        let is_bare = item.ty.is_number()
            || matches!(
                item.ty.inner(),
                DataType::Array(_) | DataType::Tuple(_) | DataType::Nothing
            );
        let piece = if is_bare {
            text
        } else {
            format!("chr(39) || {} || chr(39)", escaped(&text))
        };
        Ok(if item.ty.is_nullable() {
            format!("coalesce({piece}, 'NULL')")
        } else {
            piece
        })
    }

    /// Parts beyond the type's range wrap around, as ClickHouse's do.
    fn integer_of(&mut self, value: &Expr, to: &DataType) -> Result<String, SqlError> {
        let from = value.ty.inner();
        let text = self.value(value)?;
        let number = match from {
            _ if from.is_decimal() => return Ok(integer_of_decimal(&text, to)),
            _ if from.is_float() => return Ok(integer_of_float(&text, to)),
            DataType::Date | DataType::Date32 => {
                format!("CAST({text} - DATE '1970-01-01' AS BIGINT)")
            }
            _ if from.is_datetime() => format!("(epoch_us({text}) // 1000000)"),
            DataType::String if *to == DataType::UInt64 => format!("CAST({text} AS HUGEINT)"),
            DataType::String => format!("CAST({text} AS BIGINT)"),
            DataType::Bool => format!("CAST({text} AS BIGINT)"),
            _ if crate::typing::supertype([from, to]).as_ref() == Some(to) => return Ok(text),
            _ => text,
        };
        let is_whole = *from == DataType::String || from.is_time() || *from == DataType::Bool;
        Ok(match to {
            DataType::Int64 if *from == DataType::UInt64 && self.is_large(value) => signed(&number),
            DataType::UInt64 | DataType::Int64 if is_whole || from.is_unsigned() => number,
            DataType::UInt64 => unsigned(&number),
            _ if *from == DataType::UInt64 => format!("CAST({} AS BIGINT)", wrapped(number, to)),
            _ => wrapped(number, to),
        })
    }

    fn parse_integer(&mut self, name: &str, value: &Expr, expr: &Expr) -> Result<String, SqlError> {
        self.pass("parse integers");
        let text = self.value(value)?;
        let ty = expr.ty.inner();
        let (pattern, duck) = match ty {
            DataType::UInt8 => ("^[0-9]+$", "UTINYINT"),
            DataType::UInt16 => ("^[0-9]+$", "USMALLINT"),
            DataType::UInt32 => ("^[0-9]+$", "UINTEGER"),
            DataType::UInt64 => ("^[0-9]+$", "UBIGINT"),
            DataType::Int8 => ("^[-+]?[0-9]+$", "TINYINT"),
            DataType::Int16 => ("^[-+]?[0-9]+$", "SMALLINT"),
            DataType::Int32 => ("^[-+]?[0-9]+$", "INTEGER"),
            _ => ("^[-+]?[0-9]+$", "BIGINT"),
        };
        let inner = match ty {
            DataType::UInt64 => "UBIGINT",
            _ => "BIGINT",
        };
        let parsed = format!(
            "CASE WHEN regexp_matches({text}, '{pattern}') THEN CAST(try_cast({text} AS {duck}) AS {inner}) END"
        );
        Ok(if name.ends_with("OrNull") {
            format!("({parsed})")
        } else {
            format!("(CASE WHEN {text} IS NOT NULL THEN coalesce({parsed}, 0) END)")
        })
    }

    fn decimal_of(&mut self, value: &Expr, scale: u8, duck: &str) -> Result<String, SqlError> {
        let text = self.value(value)?;
        Ok(if value.ty.is_float() {
            // ClickHouse cuts what DuckDB would round.
            format!("CAST(trunc({text} * 1e{scale}) / 1e{scale} AS {duck})")
        } else if value.ty.is_string() {
            let number = format!("CAST({text} AS DECIMAL(38, 12))");
            let ten = 10_i64.pow(u32::from(scale));
            format!("CAST(CAST(trunc({number} * {ten}) AS DECIMAL(28, 0)) / {ten} AS {duck})")
        } else {
            format!("CAST({text} AS {duck})")
        })
    }

    pub(super) fn date_of(
        &mut self,
        value: &Expr,
        zone: Option<&str>,
        to: &DataType,
    ) -> Result<String, SqlError> {
        let from = value.ty.inner();
        let text = self.value(value)?;
        Ok(match from {
            DataType::String => date_of_text(&text, to, OrNull::No),
            _ if from.is_datetime() => {
                let wall = self.wall_clock(value, zone)?;
                if self.foreign_zone(value, zone).is_some() && *to.inner() == DataType::Date {
                    // West of Greenwich the first day of a DateTime is of 1969, which no Date is.
                    format!(
                        "greatest(CAST({wall} AS DATE), CASE WHEN {wall} IS NOT NULL THEN DATE '1970-01-01' END)"
                    )
                } else {
                    format!("CAST({wall} AS DATE)")
                }
            }
            _ if from.is_date() => text,
            // Small numbers are days, others seconds, of 32 bits at most.
            _ => {
                let mut time = format!("make_timestamp(CAST(trunc({text}) AS BIGINT) * 1000000)");
                if let Some(zone) = zone.or(self.session_zone()) {
                    time = format!("timezone({}, timezone('UTC', {time}))", quoted(zone));
                }
                format!(
                    "(CASE WHEN {text} < 0 THEN DATE '1970-01-01' WHEN {text} > 4294967295 THEN DATE '2106-02-07' WHEN {text} > 65535 THEN CAST({time} AS DATE) ELSE DATE '1970-01-01' + CAST(trunc({text}) AS INTEGER) END)"
                )
            }
        })
    }

    pub(super) fn datetime_of(
        &mut self,
        value: &Expr,
        zone: Option<&str>,
        to: &DataType,
    ) -> Result<String, SqlError> {
        let from = value.ty.inner();
        let (precision, is_64) = match to.inner() {
            DataType::DateTime64 { precision, .. } => (*precision, true),
            _ => (0, false),
        };
        let text = self.value(value)?;
        let zone = zone.or(self.session_zone()).map(str::to_owned);
        let foreign = zone.as_deref();
        let foreign = foreign.filter(|zone| !matches!(*zone, "UTC" | "Etc/UTC"));
        let time = match from {
            DataType::String => {
                // What DuckDB reads alike is left to it: then it is a bound of what is scanned.
                let plain = value.as_text().filter(|text| is_plain_time(text, is_64));
                let Some(plain) = plain else {
                    let precision = is_64.then_some(precision);
                    return self.time_of_text(value, zone.as_deref(), precision, NoTime::Error);
                };
                let wall = format!("CAST({text} AS TIMESTAMP)");
                match (midnight_in_gap(plain, zone.as_deref()), foreign) {
                    (Some(instant), _) => instant,
                    (None, Some(zone)) => self.instant(&wall, zone),
                    (None, None) => wall,
                }
            }
            _ if from.is_date() => {
                let wall = format!("CAST({text} AS TIMESTAMP)");
                match foreign {
                    Some(zone) => self.instant(&wall, zone),
                    None => wall,
                }
            }
            DataType::DateTime(_) => text.clone(),
            DataType::DateTime64 { precision: p, .. } if *p <= precision => text.clone(),
            DataType::DateTime64 { .. } => text.clone(),
            _ if !is_64 => {
                // A DateTime is of 32 bits: what is beyond is its end.
                let seconds = if from.magnitude_bits().is_some_and(|bits| bits <= 32)
                    && from.is_unsigned()
                {
                    format!("CAST({text} AS BIGINT)")
                } else {
                    format!(
                        "CAST(trunc(CASE WHEN {text} < 0 THEN 0 WHEN {text} > 4294967295 THEN 4294967295 ELSE {text} END) AS BIGINT)"
                    )
                };
                return Ok(format!("make_timestamp({seconds} * 1000000)"));
            }
            _ => {
                // The years that ClickHouse has.
                let seconds = format!(
                    "(CASE WHEN {text} < -2208988800 THEN -2208988800 WHEN {text} > 253402300799 THEN 253402300799.9999 ELSE {text} END)"
                );
                format!("make_timestamp(CAST(trunc({seconds} * 1000000) AS BIGINT))")
            }
        };
        if matches!(from, DataType::DateTime(_)) || from.is_date() {
            return Ok(time);
        }
        if let DataType::DateTime64 { precision: p, .. } = from
            && *p <= precision
        {
            return Ok(time);
        }
        let step = 10_i64.pow(6 - u32::from(precision.min(6)));
        Ok(if step == 1 {
            time
        } else {
            format!("make_timestamp(epoch_us({time}) - epoch_us({time}) % {step})")
        })
    }

    /// A time that a value is exactly, or NULL.
    fn accurate_time(
        &mut self,
        value: &Expr,
        text: &str,
        to: &DataType,
    ) -> Result<String, SqlError> {
        if value.ty.is_string() {
            let zone = to.timezone().or(self.session_zone()).map(str::to_owned);
            let precision = match to {
                DataType::DateTime64 { precision, .. } => Some(*precision),
                _ => None,
            };
            if to.is_date() {
                return Ok(format!("try_cast({text} AS DATE)"));
            }
            return self.time_of_text(value, zone.as_deref(), precision, NoTime::Null);
        }
        let time = self
            .cast(
                value,
                &to.clone().nullable_if(value.ty.is_nullable()),
                false,
            )?
            .text;
        if !value.ty.is_number() {
            return Ok(time);
        }
        let whole = if value.ty.is_float() {
            format!(" AND {text} = trunc({text})")
        } else {
            String::new()
        };
        Ok(format!(
            "(CASE WHEN {text} >= 0 AND {text} <= 4294967295{whole} THEN {time} END)"
        ))
    }

    /// A text for concatenation and formats.
    pub(super) fn text_of(&mut self, value: &Expr) -> Result<String, SqlError> {
        if let Some(text) = value.as_text() {
            return Ok(quoted(text));
        }
        self.string_of(value, None)
    }
}

/// A value as a float: what is too large for a Float32 is infinite, where DuckDB fails.
fn as_float(value: &str, from: &DataType, to: &DataType) -> String {
    let duck = inner_type(to);
    let number = if from.is_date() {
        format!("({value} - DATE '1970-01-01')")
    } else if from.is_datetime() {
        format!("epoch({value})")
    } else if from.is_string() {
        // DuckDB reads a number between spaces, too.
        format!(
            "CASE WHEN regexp_matches({value}, '^\\s|\\s$') THEN error('no number: ' || {value}) ELSE {value} END"
        )
    } else {
        value.to_owned()
    };
    if *to.inner() == DataType::Float32 && *from.inner() == DataType::Float64 {
        // From the middle between the largest one and what would come next.
        return format!(
            "CAST(CASE WHEN abs({number}) >= 3.4028235677973366e38 THEN sign({number}) * 'inf'::DOUBLE ELSE {number} END AS {duck})"
        );
    }
    format!("CAST({number} AS {duck})")
}

/// A text as ClickHouse writes it between quotes.
fn escaped(text: &str) -> String {
    // The backslash first: the others are written with one.
    let escapes = [
        (92, "chr(92)"),
        (39, "chr(39)"),
        (8, "'b'"),
        (9, "'t'"),
        (10, "'n'"),
        (12, "'f'"),
        (13, "'r'"),
    ];
    escapes
        .iter()
        .fold(text.to_owned(), |text, (code, letter)| {
            format!("replace({text}, chr({code}), chr(92) || {letter})")
        })
}

/// A float as ClickHouse writes it: digits from 1e-6 to 1e21, and exponents as short as they can be.
/// DuckDB writes exponents already below 1e-4 and from 1e16 on, of two digits at least.
pub(super) fn float_text(number: &str) -> String {
    let small = r"regexp_replace(_f, '^(-?)(\d)\.?(\d*)e-0\d$', CASE WHEN ends_with(_f, '5') THEN '\10.0000\2\3' ELSE '\10.00000\2\3' END)";
    let large = r"rpad(regexp_replace(_f, '\.|e.*', '', 'g'), CAST(strlen(regexp_extract(_f, '^-?')) + 1 + try_cast(right(_f, 2) AS INTEGER) AS INTEGER), '0')";
    format!(
        "list_transform([CAST({number} AS VARCHAR)], lambda _f: CASE WHEN ends_with(_f, '.0') THEN left(_f, -2) \
         WHEN NOT contains(_f, 'e') THEN replace(_f, '-nan', 'nan') WHEN regexp_matches(_f, 'e-0[56]$') THEN {small} \
         WHEN regexp_matches(_f, 'e\\+(1[6-9]|20)$') THEN {large} \
         ELSE replace(replace(_f, 'e+', 'e'), 'e-0', 'e-') END)[1]"
    )
}
