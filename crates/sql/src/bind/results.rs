//! Types of results: the words of the function table made types.

use super::Binder;
use crate::error::SqlError;
use crate::functions::{Function, Nullability};
use crate::ir::{Expr, ExprKind};
use crate::time_arguments::{added_unit, timezone_argument, unit_named};
use crate::types::{DataType, IntervalUnit};
use crate::typing::{Arithmetic, arithmetic, supertype};

impl Binder<'_> {
    pub(super) fn result_type(
        &self,
        function: &Function,
        arguments: &[Expr],
        at: usize,
    ) -> Result<DataType, SqlError> {
        if let Some(timezone) = timezone_argument(function, arguments) {
            self.check_timezone(&timezone, at)?;
            let is_start = matches!(
                function.name,
                "toMonday"
                    | "toLastDayOfMonth"
                    | "toStartOfWeek"
                    | "toStartOfMonth"
                    | "toStartOfQuarter"
                    | "toStartOfYear"
            );
            if is_start && arguments[0].ty.is_date() {
                return Err(self.of_a_date("time zone", at));
            }
        }
        let ty = self.plain_result(function, arguments, at)?;
        let is_lambda = |argument: &Expr| matches!(argument.kind, ExprKind::Lambda { .. });
        let is_compared = function.result == "cond" && super::calls::is_comparison(function.name);
        let any_null = arguments.iter().any(|argument| {
            argument.ty.is_nullable() || (is_compared && argument.ty.has_nullable_element())
        });
        let is_scalar = function.kind == crate::functions::FunctionKind::Scalar;
        let of_null = arguments
            .iter()
            .any(|argument| argument.ty == DataType::Nothing.nullable() && !is_lambda(argument));
        let is_mapped = is_scalar && !is_decided(function) && !takes_null(function);
        let is_aggregate = function.kind == crate::functions::FunctionKind::Aggregate
            && function.nullability != Nullability::Never;
        let is_element =
            is_scalar && matches!(function.result, "item" | "item2" | "arg2") && of_null;
        if is_element || (of_null && (is_mapped || is_aggregate)) {
            return Ok(DataType::Nothing.nullable());
        }
        Ok(match function.nullability {
            Nullability::Never => ty,
            Nullability::Always => ty.nullable(),
            Nullability::Contagious
                if is_scalar
                    && any_null
                    && matches!(ty, DataType::Array(_))
                    && !is_decided(function)
                    && !takes_null(function) =>
            {
                let message = format!("{} cannot take a Nullable argument", function.name);
                let mut error = self.type_error(message, at);
                error.hint = Some("write assumeNotNull(x) for it".to_owned());
                return Err(error);
            }
            Nullability::Contagious if is_decided(function) => ty,
            // The one type of several values that an aggregate makes Nullable.
            Nullability::Contagious
                if any_null && is_aggregate && matches!(ty, DataType::Tuple(_)) =>
            {
                DataType::Nullable(Box::new(ty))
            }
            Nullability::Contagious => ty.nullable_if(any_null),
        })
    }

    fn plain_result(
        &self,
        function: &Function,
        arguments: &[Expr],
        at: usize,
    ) -> Result<DataType, SqlError> {
        let first = arguments
            .first()
            .map_or(&DataType::Nothing, |first| &first.ty);
        Ok(match function.result {
            "cond" => {
                let is_logic = matches!(function.name, "and" | "or" | "xor" | "not");
                // One that can be NULL does not count, but for `not` and `xor`.
                let is_bool = |argument: &Expr| {
                    argument.ty == DataType::Bool
                        || matches!(function.name, "not" | "xor")
                            && *argument.ty.inner() == DataType::Bool
                };
                if is_logic && arguments.iter().any(is_bool) {
                    DataType::Bool
                } else {
                    DataType::UInt8
                }
            }
            "T" => return self.common_result(function, arguments, at),
            "arg1" => return self.like_first(function, arguments, at),
            "arg2" => arguments[1].ty.clone(),
            "item" => first.item().cloned().unwrap_or(DataType::Nothing),
            "item2" => arguments[1].ty.item().cloned().unwrap_or(DataType::Nothing),
            "bucket" => self.bucket(function, arguments, at)?,
            "decimal" => DataType::Decimal {
                precision: if function.name == "toDecimal32" {
                    9
                } else {
                    18
                },
                scale: arguments[1]
                    .as_integer()
                    .and_then(|scale| u8::try_from(scale).ok())
                    .filter(|scale| *scale <= 9)
                    .ok_or_else(|| self.type_error("a scale is 0 to 9", at))?,
            },
            "DateTime" => DataType::DateTime(
                timezone_argument(function, arguments)
                    .or_else(|| first.timezone().map(str::to_owned)),
            ),
            "DateTime64" => Self::datetime64(function, arguments),
            "distinct" => {
                DataType::array_of(first.item().unwrap_or(&DataType::Nothing).inner().clone())
            }
            "rounded" if first.is_integer() => first.inner().clone(),
            "rounded" if first.is_decimal() => first.inner().clone(),
            "rounded" if *first.inner() == DataType::Float32 => DataType::Float32,
            "rounded" => DataType::Float64,
            "sum" | "cumulated" | "mappedsum" | "Float64"
                if function.name.starts_with("array")
                    && !first.is_nothing()
                    && first.item().unwrap_or(first).is_nullable() =>
            {
                let message = format!("{} cannot take {first}", function.name);
                let mut error = self.type_error(message, at);
                error.hint = Some("its elements must not be Nullable".to_owned());
                return Err(error);
            }
            "sum" | "cumulated" if first.item() == Some(&DataType::Nothing) => {
                return Err(self.type_error("an array of nothing cannot be summed", at));
            }
            "sum" => self.sum_of(first.item().unwrap_or(first), at)?,
            "mappedsum" => self.sum_of(&first.clone(), at)?,
            "mapped" => DataType::array_of(first.clone()),
            "listed" => DataType::array_of(match first.inner() {
                // ClickHouse forgets the time zone of these, and of these only.
                DataType::DateTime(_) if function.name == "groupUniqArray" => {
                    DataType::DateTime(None)
                }
                item => item.clone(),
            }),
            "flattened" => first
                .item()
                .filter(|item| item.item().is_some())
                .unwrap_or(first)
                .clone(),
            "differences" => {
                let item = first.item().unwrap_or(&DataType::Nothing);
                let ty = match item.inner() {
                    DataType::Nothing => None,
                    item => arithmetic(Arithmetic::Minus, item, item),
                };
                let ty = ty.filter(|_| !item.is_nullable());
                DataType::array_of(ty.ok_or_else(|| {
                    self.type_error(format!("arrayDifference cannot take {first}"), at)
                })?)
            }
            "zipped" => DataType::array_of(DataType::Tuple(
                arguments
                    .iter()
                    .map(|array| array.ty.item().cloned().unwrap_or(DataType::Nothing))
                    .collect(),
            )),
            "pairs" => {
                DataType::array_of(DataType::Tuple(vec![DataType::String, DataType::String]))
            }
            "cumulated" => DataType::array_of(self.sum_of(first.item().unwrap_or(first), at)?),
            "repeated" => DataType::array_of(arguments[1].ty.clone()),
            "range" => DataType::array_of(
                supertype(arguments.iter().map(|argument| argument.ty.inner()))
                    .unwrap_or(DataType::Int64),
            ),
            "wider" if first.is_nothing() || arguments[1].ty.is_nothing() => DataType::Nothing,
            "wider" => crate::typing::wider(first, &arguments[1].ty)
                .ok_or_else(|| self.type_error("the arguments have no common type", at))?,
            "difference" => arithmetic(Arithmetic::Minus, first, first)
                .ok_or_else(|| self.type_error("only numbers have a difference", at))?,
            "jsontype" => DataType::JsonType,
            "typed" | "typedpairs" => {
                let ty = arguments
                    .last()
                    .and_then(Expr::as_text)
                    .and_then(DataType::parse);
                let Some(ty) = ty else {
                    if let Some(name) = arguments.last().and_then(Expr::as_text) {
                        return self.type_named(name, at);
                    }
                    let message = "the last argument is the type, as in 'Float64'";
                    return Err(self.type_error(message, at));
                };
                match function.result {
                    "typedpairs" => DataType::array_of(DataType::Tuple(vec![DataType::String, ty])),
                    _ => ty,
                }
            }
            name => self.type_named(name, at)?,
        })
    }

    fn common_result(
        &self,
        function: &Function,
        arguments: &[Expr],
        at: usize,
    ) -> Result<DataType, SqlError> {
        match function.name {
            "if" => self.common_type(&arguments[1..], at),
            "multiIf" => {
                if arguments.len().is_multiple_of(2) {
                    return Err(self.type_error("multiIf takes an odd number of arguments", at));
                }
                let last = arguments.len() - 1;
                let values = arguments.iter().enumerate();
                let values = values.filter(|(i, _)| i % 2 == 1 || *i == last);
                let values: Vec<Expr> = values.map(|(_, value)| value.clone()).collect();
                self.common_type(&values, at)
            }
            "ifNull" | "coalesce" if !arguments.is_empty() && !arguments[0].ty.is_nullable() => {
                Ok(arguments[0].ty.clone())
            }
            "ifNull" | "coalesce" => {
                let ty = self.common_type(arguments, at)?;
                let ends = arguments.iter().any(|argument| !argument.ty.is_nullable());
                Ok(if ends { ty.inner().clone() } else { ty })
            }
            "least" | "greatest" => {
                let ty = self.common_type(arguments, at)?;
                let is_bool = |argument: &Expr| *argument.ty.inner() == DataType::Bool;
                Ok(match ty.inner() {
                    DataType::Bool if !arguments.iter().all(is_bool) => {
                        DataType::UInt8.nullable_if(ty.is_nullable())
                    }
                    _ => ty,
                })
            }
            _ => self.common_type(arguments, at),
        }
    }

    fn like_first(
        &self,
        function: &Function,
        arguments: &[Expr],
        at: usize,
    ) -> Result<DataType, SqlError> {
        let Some(first) = arguments.first() else {
            return Ok(DataType::Nothing);
        };
        let name = function.name;
        match name {
            "plus" | "minus" => return self.sum_or_difference(name, arguments, at),
            "positiveModulo" => {
                let (a, b) = (first.ty.inner(), arguments[1].ty.inner());
                if a == &DataType::Nothing || b == &DataType::Nothing {
                    return Ok(DataType::Nothing);
                }
                // Of integers the remainder has no sign.
                let a_float = a.is_float().then_some(a);
                let ty = arithmetic(Arithmetic::Modulo, a_float.unwrap_or(&DataType::UInt8), b);
                return ty.filter(|_| a.is_number()).ok_or_else(|| {
                    self.type_error(format!("{name} of {a} and {b} is not supported"), at)
                });
            }
            "multiply" | "divide" | "intDiv" | "intDivOrZero" | "modulo" => {
                let op = match name {
                    "multiply" => Arithmetic::Multiply,
                    "divide" => Arithmetic::Divide,
                    "modulo" => Arithmetic::Modulo,
                    _ => Arithmetic::IntDiv,
                };
                let (a, b) = (first.ty.inner(), arguments[1].ty.inner());
                if a == &DataType::Nothing || b == &DataType::Nothing {
                    return Ok(DataType::Nothing);
                }
                if op == Arithmetic::Divide
                    && crate::typing::scale_of(a) < crate::typing::scale_of(b)
                    && a.is_decimal()
                {
                    let message =
                        format!("the scale of {b} is greater than that of {a}, which it divides");
                    return Err(self.type_error(message, at));
                }
                return arithmetic(op, a, b).ok_or_else(|| {
                    self.type_error(format!("{name} of {a} and {b} is not supported"), at)
                });
            }
            "negate" => {
                return match first.ty.inner() {
                    DataType::Interval(unit) => Ok(DataType::Interval(*unit)),
                    DataType::Nothing => Ok(DataType::Nothing),
                    ty => arithmetic(Arithmetic::Minus, &DataType::UInt8, ty)
                        .map(|wide| negated(ty, wide))
                        .ok_or_else(|| self.type_error(format!("{ty} cannot be negated"), at)),
                };
            }
            "abs" => {
                return Ok(match first.ty.inner() {
                    DataType::Int8 => DataType::UInt8,
                    DataType::Int16 => DataType::UInt16,
                    DataType::Int32 => DataType::UInt32,
                    DataType::Int64 => DataType::UInt64,
                    other => other.clone(),
                });
            }
            "nullIf" => return Ok(first.ty.clone().nullable()),
            "assumeNotNull" => return Ok(first.ty.inner().clone()),
            "toStartOfSecond" => {
                return Ok(match first.ty.inner() {
                    DataType::DateTime64 { .. } => first.ty.clone(),
                    _ => {
                        return Err(self.type_error(
                            format!("toStartOfSecond takes a DateTime64, not {}", first.ty),
                            at,
                        ));
                    }
                });
            }
            "toTimeZone" => {
                let timezone = arguments[1].as_text().map(str::to_owned);
                if let Some(timezone) = &timezone {
                    self.check_timezone(timezone, arguments[1].at)?;
                }
                return Ok(match first.ty.inner() {
                    DataType::DateTime(_) => DataType::DateTime(timezone),
                    DataType::DateTime64 { precision, .. } => DataType::DateTime64 {
                        precision: *precision,
                        timezone,
                    },
                    DataType::Nothing => first.ty.clone(),
                    other => {
                        return Err(self.type_error(format!("{other} has no time zone"), at));
                    }
                });
            }
            "arrayPushBack" | "arrayPushFront" if !first.ty.is_nothing() => {
                let item = first.ty.item().unwrap_or(&DataType::Nothing);
                let common = supertype([item, &arguments[1].ty]);
                return common.map(DataType::array_of).ok_or_else(|| {
                    let message = format!("{item} and {} have no common type", arguments[1].ty);
                    self.type_error(message, arguments[1].at)
                });
            }
            _ => {}
        }
        if let Some(unit) = added_unit(name) {
            return self.plus_interval(&first.ty, unit, at);
        }
        // `any`, `min` and the like: ClickHouse's aggregates of nothing are Nullable(Nothing).
        Ok(first.ty.clone())
    }

    fn sum_or_difference(
        &self,
        name: &str,
        arguments: &[Expr],
        at: usize,
    ) -> Result<DataType, SqlError> {
        let (a, b) = (arguments[0].ty.inner(), arguments[1].ty.inner());
        let is_minus = name == "minus";
        let fail = || {
            let sign = if is_minus { "-" } else { "+" };
            self.type_error(format!("{a} {sign} {b} is not supported"), at)
        };
        if *a == DataType::Nothing || *b == DataType::Nothing {
            return Ok(DataType::Nothing);
        }
        if let DataType::Interval(unit) = b
            && a.is_time()
        {
            return self.plus_interval(a, *unit, at);
        }
        if let DataType::Interval(unit) = a
            && b.is_time()
            && !is_minus
        {
            return self.plus_interval(b, *unit, at);
        }
        if a.is_time() && b.is_time() && is_minus {
            return Ok(match (a, b) {
                (
                    DataType::DateTime64 { precision: p, .. },
                    DataType::DateTime64 { precision: q, .. },
                ) => DataType::Decimal {
                    precision: 18,
                    scale: *p.max(q),
                },
                (DataType::DateTime64 { precision, .. }, other)
                | (other, DataType::DateTime64 { precision, .. })
                    if other.is_datetime() =>
                {
                    DataType::Decimal {
                        precision: 18,
                        scale: *precision,
                    }
                }
                _ if a.is_date() == b.is_date() => DataType::Int32,
                _ => return Err(fail()),
            });
        }
        if a.is_time() && (b.is_integer() || b.is_float()) {
            return Ok(a.clone());
        }
        if b.is_time() && (a.is_integer() || a.is_float()) && !is_minus {
            return Ok(b.clone());
        }
        let op = if is_minus {
            Arithmetic::Minus
        } else {
            Arithmetic::Plus
        };
        arithmetic(op, a, b).ok_or_else(fail)
    }

    /// A time moved by an interval: a date moved by less than a day becomes a `DateTime`.
    fn plus_interval(
        &self,
        time: &DataType,
        unit: IntervalUnit,
        at: usize,
    ) -> Result<DataType, SqlError> {
        let is_short = matches!(
            unit,
            IntervalUnit::Second | IntervalUnit::Minute | IntervalUnit::Hour
        );
        Ok(match time.inner() {
            DataType::Date | DataType::Date32 if unit == IntervalUnit::Millisecond => {
                return Err(self.of_a_date("milliseconds", at));
            }
            DataType::Date if is_short => DataType::DateTime(None),
            DataType::DateTime(_) if unit == IntervalUnit::Millisecond => DataType::DateTime64 {
                precision: 3,
                timezone: time.timezone().map(str::to_owned),
            },
            plain => plain.clone(),
        })
    }

    fn of_a_date(&self, what: &str, at: usize) -> SqlError {
        let mut error = self.type_error(format!("a Date has no {what}"), at);
        error.hint = Some("give a DateTime".to_owned());
        error
    }

    fn bucket(
        &self,
        function: &Function,
        arguments: &[Expr],
        at: usize,
    ) -> Result<DataType, SqlError> {
        let is_trunc = matches!(function.name, "date_trunc" | "dateTrunc");
        let time = if is_trunc {
            &arguments[1].ty
        } else {
            &arguments[0].ty
        };
        let timezone =
            timezone_argument(function, arguments).or_else(|| time.timezone().map(str::to_owned));
        if let Some(timezone) = &timezone {
            self.check_timezone(timezone, at)?;
        }
        if is_trunc {
            let unit = arguments[0].as_text().and_then(unit_named);
            let Some(unit) = unit else {
                return Err(self.type_error(
                    "the unit is second, minute, hour, day, week, month, quarter or year",
                    arguments[0].at,
                ));
            };
            let is_long = matches!(
                unit,
                IntervalUnit::Week
                    | IntervalUnit::Month
                    | IntervalUnit::Quarter
                    | IntervalUnit::Year
            );
            if time.is_date() && !is_long && unit != IntervalUnit::Day {
                return Err(self.of_a_date("hours", at));
            }
            if *time.inner() == DataType::Date && is_long && arguments.len() == 3 {
                return Err(self.of_a_date("time zone", at));
            }
            return Ok(match unit {
                IntervalUnit::Week
                | IntervalUnit::Month
                | IntervalUnit::Quarter
                | IntervalUnit::Year
                    if matches!(time.inner(), DataType::Date | DataType::DateTime(_)) =>
                {
                    DataType::Date
                }
                IntervalUnit::Week
                | IntervalUnit::Month
                | IntervalUnit::Quarter
                | IntervalUnit::Year => DataType::Date32,
                _ => match time.inner() {
                    DataType::DateTime64 { .. } => DataType::DateTime64 {
                        precision: if unit == IntervalUnit::Millisecond {
                            3
                        } else {
                            0
                        },
                        timezone,
                    },
                    DataType::Date32 => DataType::DateTime64 {
                        precision: 0,
                        timezone,
                    },
                    _ => DataType::DateTime(timezone),
                },
            });
        }
        if function.name == "toStartOfInterval"
            && let DataType::Interval(unit) = arguments[1].ty.inner()
        {
            let is_short = matches!(
                unit,
                IntervalUnit::Millisecond
                    | IntervalUnit::Second
                    | IntervalUnit::Minute
                    | IntervalUnit::Hour
            );
            let is_of_zone = arguments.len() == 3 && *unit != IntervalUnit::Day;
            if time.is_date() && (is_short || is_of_zone) {
                return Err(self.of_a_date("hours and no time zone", at));
            }
            return Ok(match unit {
                IntervalUnit::Week
                | IntervalUnit::Month
                | IntervalUnit::Quarter
                | IntervalUnit::Year => DataType::Date,
                IntervalUnit::Millisecond => DataType::DateTime64 {
                    precision: 3,
                    timezone,
                },
                _ => DataType::DateTime(timezone),
            });
        }
        Ok(DataType::DateTime(timezone))
    }

    fn datetime64(function: &Function, arguments: &[Expr]) -> DataType {
        let precision = match function.name {
            "toDateTime64" => arguments[1].as_integer().unwrap_or(3),
            name if name.starts_with("parseDateTime64") => {
                arguments.get(1).and_then(Expr::as_integer).unwrap_or(3)
            }
            "now64" => arguments.first().and_then(Expr::as_integer).unwrap_or(3),
            _ => 3,
        };
        let own = timezone_argument(function, arguments);
        let inherited = match function.name {
            "toDateTime64" => arguments[0].ty.timezone().map(str::to_owned),
            _ => None,
        };
        DataType::DateTime64 {
            precision: u8::try_from(precision.clamp(0, 9)).unwrap_or(3),
            timezone: own.or(inherited),
        }
    }

    fn sum_of(&self, ty: &DataType, at: usize) -> Result<DataType, SqlError> {
        Ok(match ty.inner() {
            DataType::Nothing => DataType::Nothing,
            DataType::Float32 | DataType::Float64 => DataType::Float64,
            DataType::Decimal { scale, .. } => DataType::Decimal {
                precision: 38,
                scale: *scale,
            },
            DataType::Bool => DataType::UInt64,
            inner if inner.is_unsigned() => DataType::UInt64,
            inner if inner.is_integer() => DataType::Int64,
            other => return Err(self.type_error(format!("{other} cannot be summed"), at)),
        })
    }

    /// Refuses a time zone that no database of them has.
    pub(super) fn check_timezone(&self, name: &str, at: usize) -> Result<(), SqlError> {
        if crate::timezones::is_known(name) {
            return Ok(());
        }
        Err(self.type_error(format!("'{name}' is no time zone"), at))
    }
}

/// Functions that have a value for NULL.
fn takes_null(function: &Function) -> bool {
    (function.nullability == Nullability::Never
        && !function.result.starts_with("Array")
        && function.name != "arrayUniq")
        || matches!(
            function.name,
            "and"
                | "or"
                | "has"
                | "tuple"
                | "isNull"
                | "isNotNull"
                | "toNullable"
                | "arrayPushBack"
                | "arrayPushFront"
                | "arrayWithConstant"
                | "arraySlice"
                | "least"
                | "greatest"
                | "ifNotFinite"
        )
}

/// Functions whose result type says all about NULL.
fn is_decided(function: &Function) -> bool {
    matches!(
        function.name,
        "if" | "multiIf" | "ifNull" | "coalesce" | "assumeNotNull" | "nullIf" | "array"
    ) || matches!(
        function.result,
        "item" | "item2" | "arg2" | "mapped" | "mappedsum" | "listed"
    )
}

/// `negate` of an unsigned type takes one width more, of a signed one its own.
fn negated(ty: &DataType, wide: DataType) -> DataType {
    match ty {
        DataType::Int8 => DataType::Int8,
        DataType::Int16 => DataType::Int16,
        DataType::Int32 => DataType::Int32,
        DataType::Int64 => DataType::Int64,
        DataType::Float32 => DataType::Float32,
        _ => wide,
    }
}
