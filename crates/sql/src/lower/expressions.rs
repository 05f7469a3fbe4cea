//! Expressions: nodes, operators, conditions.

use std::fmt::Write as _;

use super::integers::signed;
use super::stand_ins::StandIns;
use super::{Lowering, Sql, default_of, inner_type, quoted};
use crate::error::{ErrorKind, SqlError};
use crate::functions::{Class, Function, FunctionKind, Lowering as How};
use crate::ir::{Expr, ExprKind, Haystack, Literal};
use crate::print::source_name;
use crate::types::{DataType, IntervalUnit};

impl Lowering<'_> {
    /// As a value: a condition becomes 0 or 1.
    pub(super) fn value(&mut self, expr: &Expr) -> Result<String, SqlError> {
        let sql = self.expr(expr)?;
        Ok(if sql.is_condition && *expr.ty.inner() != DataType::Bool {
            format!("CAST({} AS BIGINT)", sql.text)
        } else {
            sql.text
        })
    }

    pub(super) fn values(&mut self, exprs: &[Expr]) -> Result<Vec<String>, SqlError> {
        exprs.iter().map(|expr| self.value(expr)).collect()
    }

    /// As a BOOLEAN: a number is true when it is not 0.
    pub(super) fn cond(&mut self, expr: &Expr) -> Result<String, SqlError> {
        let sql = self.expr(expr)?;
        let is_key = sql.is_condition && self.select_context.group_keys.contains(expr);
        Ok(if is_key && *expr.ty.inner() != DataType::Bool {
            // A key is grouped by as a number; as a condition DuckDB would not know it.
            format!("({} <> 0)", self.value(expr)?)
        } else if sql.is_condition {
            sql.text
        } else if expr.is_null_literal() {
            "CAST(NULL AS BOOLEAN)".to_owned()
        } else if let Some(number) = expr.as_integer() {
            (number != 0).to_string()
        } else {
            format!("({} <> 0)", sql.text)
        })
    }

    pub(super) fn float(&mut self, expr: &Expr) -> Result<String, SqlError> {
        let value = self.value(expr)?;
        Ok(if *expr.ty.inner() == DataType::Float64 {
            value
        } else {
            format!("CAST({value} AS DOUBLE)")
        })
    }

    /// As a BIGINT: some functions of DuckDB do not take the wider type of a `UInt64`.
    pub(super) fn bigint(&mut self, expr: &Expr) -> Result<String, SqlError> {
        let value = self.value(expr)?;
        Ok(if *expr.ty.inner() == DataType::UInt64 {
            format!("CAST({value} AS BIGINT)")
        } else {
            value
        })
    }

    /// As a BIGINT; what is beyond counts from the end, as it does for ClickHouse where it wants an `Int64`.
    pub(super) fn wrapped_bigint(&mut self, expr: &Expr) -> Result<String, SqlError> {
        if *expr.ty.inner() == DataType::UInt64 && self.is_large(expr) {
            return Ok(signed(&self.value(expr)?));
        }
        self.bigint(expr)
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Result<Sql, SqlError> {
        if self.select_context.rolled_up.contains(expr) && !expr.ty.is_nullable() {
            let keys = std::mem::take(&mut self.select_context.rolled_up);
            let key = self.value(expr);
            self.select_context.rolled_up = keys;
            return Ok(Sql::value(format!(
                "coalesce({}, {})",
                key?,
                default_of(&expr.ty)
            )));
        }
        Ok(match &expr.kind {
            ExprKind::Literal(literal) => Self::literal(literal),
            ExprKind::Column(column) if self.absent.contains(&column.source) => Sql::value(
                format!("CAST({} AS {})", default_of(&expr.ty), inner_type(&expr.ty)),
            ),
            ExprKind::Column(column) => {
                let source = source_name(column.source);
                let text = if self.relation_sources.contains(&column.source) {
                    let text = format!("{source}.\"{}\"", column.name.replace('"', "\"\""));
                    match expr.ty {
                        // ClickHouse's arrays are never NULL; those of the store may be.
                        DataType::Array(_) => format!("coalesce({text}, [])"),
                        _ if self.relation.uuids.contains(&column.name) => {
                            format!("CAST({text} AS VARCHAR)")
                        }
                        _ => text,
                    }
                } else {
                    format!("{source}.s{}", column.index)
                };
                if column.or_default {
                    self.pass("defaults of outer joins");
                    Sql::value(format!("coalesce({text}, {})", default_of(&expr.ty)))
                } else {
                    Sql {
                        text,
                        is_condition: *expr.ty.inner() == DataType::Bool,
                    }
                }
            }
            ExprKind::LambdaParameter(name) => Sql::value(match name.split_once('_') {
                // Of several arrays, which are zipped.
                Some((zipped, place)) => format!("struct_extract_at({zipped}, {place})"),
                None => name.clone(),
            }),
            ExprKind::StandIn { name, .. } => Sql {
                text: name.clone(),
                is_condition: *expr.ty.inner() == DataType::Bool,
            },
            ExprKind::Lambda { body, .. } => self.expr(body)?,
            ExprKind::Call {
                function,
                arguments,
                ..
            } => self.call(function, arguments, expr)?,
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, expr, "")?,
            ExprKind::Window(window) => self.window(window, expr)?,
            ExprKind::Cast { value, or_null } => {
                let mut names = StandIns::default();
                let value = self.named(value, &mut names)?;
                names.put_back(self.cast(&value, &expr.ty, *or_null)?)
            }
            ExprKind::In {
                needle,
                haystack: Haystack::Query(query),
                negated,
            } => self.in_query(needle, query, *negated)?,
            ExprKind::In {
                needle,
                haystack: Haystack::List(items),
                negated,
            } => {
                let mut names = StandIns::default();
                let needle = self.named(needle, &mut names)?;
                let items = self.all_named(items, &mut names)?;
                names.put_back(self.in_list(&needle, &items, *negated)?)
            }
            ExprKind::Interval { amount, unit } => Sql::value(self.interval(amount, *unit)?),
            ExprKind::Tuple(items) => {
                let items = self.values(items)?;
                Sql::value(format!("row({})", items.join(", ")))
            }
            ExprKind::Array(items) => {
                let values = match expr.ty.item() {
                    Some(item) => self.values_as(items, item)?,
                    None => self.values(items)?,
                };
                Sql::value(if items.is_empty() {
                    "[]".to_owned()
                } else {
                    format!("[{}]", values.join(", "))
                })
            }
            ExprKind::TupleElement { tuple, index } => {
                if let ExprKind::Tuple(items) = &tuple.kind {
                    self.expr(&items[index - 1])?
                } else {
                    Sql::value(format!(
                        "struct_extract_at({}, {index})",
                        self.value(tuple)?
                    ))
                }
            }
            ExprKind::Subquery(query) => Sql::value(format!("({})", self.query(query)?)),
            ExprKind::Exists(query) => Sql::condition(format!("EXISTS ({})", self.query(query)?)),
        })
    }

    fn literal(literal: &Literal) -> Sql {
        match literal {
            Literal::Null => Sql::value("NULL"),
            Literal::Bool(value) => Sql::condition(value.to_string()),
            Literal::UInt(value) if *value > i64::MAX as u64 => {
                Sql::value(format!("CAST({value} AS HUGEINT)"))
            }
            Literal::UInt(value) => Sql::value(value.to_string()),
            Literal::Int(value) => Sql::value(format!("({value})")),
            Literal::Float(value) if !value.is_finite() => {
                Sql::value(format!("CAST('{value}' AS DOUBLE)"))
            }
            Literal::Float(value) => Sql::value(format!("({value:e})")),
            Literal::String(text) => Sql::value(quoted(text)),
        }
    }

    fn call(
        &mut self,
        function: &'static Function,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<Sql, SqlError> {
        if expr.ty.is_nothing() {
            self.pass("functions of NULL");
            return Ok(Sql::value("NULL"));
        }
        if let "isNull" | "isNotNull" = function.name
            && !arguments[0].ty.is_nullable()
        {
            // Known from the type, and not asked of a value that could not be converted.
            return Ok(Sql::condition((function.name == "isNotNull").to_string()));
        }
        let mut names = StandIns::default();
        let arguments = &self.named_arguments(function, arguments, &mut names)?;
        let made = match self.call_with_room(function, arguments, expr)? {
            Some(made) => made,
            None => self.call_alone(function, arguments, expr)?,
        };
        Ok(names.put_back(made))
    }

    /// A call as its row of the table says.
    pub(super) fn call_alone(
        &mut self,
        function: &'static Function,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<Sql, SqlError> {
        if let Some(by_bytes) = self.by_bytes(function.name, arguments)? {
            return Ok(by_bytes);
        }
        match function.lowering {
            How::Template(template) => {
                let text = self.template(template, function, arguments)?;
                let is_condition = function.result == "cond";
                // A result in parentheses goes wherever it is put.
                Ok(Sql {
                    text: format!("({text})"),
                    is_condition,
                })
            }
            How::Pass(pass) => self.run_pass(pass, function, arguments, expr),
        }
    }

    /// Puts the arguments into a template.
    pub(super) fn template(
        &mut self,
        template: &str,
        function: &Function,
        arguments: &[Expr],
    ) -> Result<String, SqlError> {
        let mut texts = Vec::with_capacity(arguments.len());
        for (index, argument) in arguments.iter().enumerate() {
            let class = function
                .argument(index)
                .map_or(Class::Any, |argument| argument.class);
            texts.push(match class {
                Class::Condition => self.cond(argument)?,
                Class::Float => self.float(argument)?,
                Class::Number | Class::Integer if *argument.ty.inner() == DataType::Bool => {
                    format!("CAST({} AS BIGINT)", self.value(argument)?)
                }
                Class::Integer
                    if *argument.ty.inner() == DataType::UInt64
                        && function.kind == FunctionKind::Scalar =>
                {
                    self.bigint(argument)?
                }
                Class::Time | Class::DateTime => {
                    let timezone = crate::time_arguments::timezone_argument(function, arguments);
                    self.wall_clock(argument, timezone.as_deref())?
                }
                _ => self.value(argument)?,
            });
        }
        let mut text = String::with_capacity(template.len() * 2);
        let mut parts = template.split('$');
        text.push_str(parts.next().unwrap_or_default());
        for part in parts {
            let (place, rest) = part.split_at(1);
            let place: usize = place.parse().expect("a template's $ has a digit behind it");
            text.push_str(texts.get(place - 1).map_or("NULL", String::as_str));
            text.push_str(rest);
        }
        Ok(text)
    }

    fn run_pass(
        &mut self,
        pass: &'static str,
        function: &'static Function,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<Sql, SqlError> {
        let name = function.name;
        match pass {
            "conditional" => self.conditional(arguments, &expr.ty),
            "null_functions" => self.null_function(name, arguments, &expr.ty),
            "extremes" => self.extremes(name, arguments, &expr.ty),
            "bits" => self.bits(name, arguments, expr),
            "type_name" => {
                self.pass("toTypeName");
                Ok(Sql::value(quoted(&arguments[0].ty.to_string())))
            }
            "server" => unreachable!("{name} was bound to its text"),
            "arithmetic" => self.arithmetic(name, arguments, expr),
            "comparison" => self.comparison(name, &arguments[0], &arguments[1]),
            "logic" => self.logic(name, arguments),
            "like" => self.like(name, &arguments[0], &arguments[1]),
            "round" => self.round(name, arguments),
            "bar" | "readable" => self.readable(name, arguments),
            "to_string" | "to_integer" | "to_float" | "to_decimal" | "to_date" | "to_datetime"
            | "parse_integer" | "from_unix_milli" => self.conversion(pass, name, arguments, expr),
            "now" | "to_time_zone" | "day_of_week" | "week" | "unix_timestamp"
            | "start_of_week" | "start_of_interval" | "date_trunc" | "date_diff"
            | "add_interval" | "format_date_time" | "date_name" | "parse_time" => {
                self.time_function(pass, function, arguments, expr)
            }
            "concat"
            | "initcap"
            | "substring"
            | "bytes"
            | "regexp"
            | "trim"
            | "pad"
            | "format"
            | "array_string_concat"
            | "split" => self.string_function(pass, name, arguments),
            "json" => self.json(name, arguments, expr),
            "array_element" | "array_distinct" | "array_sum" | "array_flatten"
            | "array_difference" | "array_zip" | "count_equal" | "array_extreme"
            | "array_concat" | "array_slice" | "range" | "higher_order" | "array_join" | "has"
            | "has_several" | "index_of" => self.array_function(pass, name, arguments, expr),
            "running_difference" => {
                self.pass("runningDifference");
                let value = self.value(&arguments[0])?;
                Ok(Sql::value(format!(
                    "({value} - lag({value}, 1, {value}) OVER ())"
                )))
            }
            "shift" => {
                let message = format!("{name} needs OVER (…)");
                Err(self.source_map.error(ErrorKind::Type, message, expr.at))
            }
            other => unreachable!("functions.txt names no pass {other}"),
        }
    }

    fn conditional(&mut self, arguments: &[Expr], ty: &DataType) -> Result<Sql, SqlError> {
        let mut text = "(CASE".to_owned();
        for pair in arguments.chunks(2) {
            match pair {
                [condition, value] => {
                    let (condition, value) = (self.cond(condition)?, self.value_as(value, ty)?);
                    let _ = write!(text, " WHEN {condition} THEN {value}");
                }
                [otherwise] => {
                    let _ = write!(text, " ELSE {}", self.value_as(otherwise, ty)?);
                }
                _ => {}
            }
        }
        text.push_str(" END)");
        Ok(Sql::value(text))
    }

    fn null_function(
        &mut self,
        name: &str,
        arguments: &[Expr],
        ty: &DataType,
    ) -> Result<Sql, SqlError> {
        let values = match name {
            "nullIf" => self.values(arguments)?,
            _ => self.values_as(arguments, ty)?,
        };
        Ok(Sql::value(match name {
            // NaN is equal to nothing, where DuckDB's is equal to itself.
            "nullIf" if arguments[1].ty.is_float() => {
                format!(
                    "nullif({}, nullif({}, 'nan'::DOUBLE))",
                    values[0], values[1]
                )
            }
            "nullIf" => format!("nullif({}, {})", values[0], values[1]),
            "assumeNotNull" if !arguments[0].ty.is_nullable() => values[0].clone(),
            "assumeNotNull" => {
                self.pass("assumeNotNull");
                let default = default_of(arguments[0].ty.inner());
                format!("coalesce({}, {default})", values[0])
            }
            // What comes behind would give DuckDB's result another type.
            _ if !arguments[0].ty.is_nullable() => values[0].clone(),
            _ => format!("coalesce({})", values.join(", ")),
        }))
    }

    fn logic(&mut self, name: &str, arguments: &[Expr]) -> Result<Sql, SqlError> {
        let mut operands = Vec::with_capacity(arguments.len());
        for argument in arguments {
            operands.push(self.cond(argument)?);
        }
        let operator = if name == "and" { " AND " } else { " OR " };
        Ok(Sql::condition(format!("({})", operands.join(operator))))
    }

    /// An INTERVAL value.
    pub(super) fn interval(
        &mut self,
        amount: &Expr,
        unit: IntervalUnit,
    ) -> Result<String, SqlError> {
        let amount = self.wrapped_bigint(amount)?;
        Ok(match unit {
            IntervalUnit::Millisecond => format!("to_milliseconds({amount})"),
            IntervalUnit::Second => format!("to_seconds({amount})"),
            IntervalUnit::Minute => format!("to_minutes({amount})"),
            IntervalUnit::Hour => format!("to_hours({amount})"),
            IntervalUnit::Day => format!("to_days(CAST({amount} AS INTEGER))"),
            IntervalUnit::Week => format!("to_weeks(CAST({amount} AS INTEGER))"),
            IntervalUnit::Month => format!("to_months(CAST({amount} AS INTEGER))"),
            IntervalUnit::Quarter => format!("to_months(CAST(3 * {amount} AS INTEGER))"),
            IntervalUnit::Year => format!("to_years(CAST({amount} AS INTEGER))"),
        })
    }
}
