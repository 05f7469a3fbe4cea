//! Expressions: nodes, operators, conditions.

use std::fmt::Write as _;

use super::{Lowering, Sql, default_of, quoted};
use crate::error::{ErrorKind, SqlError};
use crate::functions::{Class, Function, Lowering as How};
use crate::ir::{Expr, ExprKind, Haystack, Literal};
use crate::print::source_name;
use crate::types::{DataType, IntervalUnit};

/// Lengths of lists that are looked through: for these DuckDB would make a join of IN, and read
/// all columns of all rows for the newest thousand (1,148 ms against 47 over 10 million events).
/// Shorter ones it compares with the bounds of blocks; longer ones are better joined.
const LISTED: std::ops::RangeInclusive<usize> = 9..=100;

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
        Ok(if sql.is_condition {
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
        Ok(if expr.ty.is_float() {
            value
        } else {
            format!("CAST({value} AS DOUBLE)")
        })
    }

    pub(super) fn expr(&mut self, expr: &Expr) -> Result<Sql, SqlError> {
        if self.rolled_up.contains(expr) && !expr.ty.is_nullable() {
            let keys = std::mem::take(&mut self.rolled_up);
            let key = self.value(expr);
            self.rolled_up = keys;
            return Ok(Sql::value(format!(
                "coalesce({}, {})",
                key?,
                default_of(&expr.ty)
            )));
        }
        Ok(match &expr.kind {
            ExprKind::Literal(literal) => Self::literal(literal),
            ExprKind::Column(column) => {
                let source = source_name(column.source);
                let text = if self.relation_sources.contains(&column.source) {
                    format!("{source}.\"{}\"", column.name.replace('"', "\"\""))
                } else {
                    format!("{source}.c{}", column.index)
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
            ExprKind::Lambda { body, .. } => self.expr(body)?,
            ExprKind::Call {
                function,
                arguments,
                ..
            } => self.call(function, arguments, expr)?,
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, expr, "")?,
            ExprKind::Window(window) => self.window(window, expr)?,
            ExprKind::Cast { value, or_null } => self.cast(value, &expr.ty, *or_null)?,
            ExprKind::In {
                needle,
                haystack,
                negated,
            } => self.in_(needle, haystack, *negated)?,
            ExprKind::Interval { amount, unit } => Sql::value(self.interval(amount, *unit)?),
            ExprKind::Tuple(items) => {
                let items = self.values(items)?;
                Sql::value(format!("row({})", items.join(", ")))
            }
            ExprKind::Array(items) => {
                let values = self.values(items)?;
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
                Class::Time => {
                    let timezone = crate::bind::timezone_argument(function, arguments);
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
            "conditional" => self.conditional(arguments),
            "null_functions" => self.null_function(name, arguments),
            "extremes" => {
                let values = self.values(arguments)?;
                Ok(Sql::value(format!("{name}({})", values.join(", "))))
            }
            "type_name" => {
                self.pass("toTypeName");
                Ok(Sql::value(quoted(&arguments[0].ty.to_string())))
            }
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
            | "add_interval" | "format_date_time" | "date_name" => {
                self.time_function(pass, function, arguments, expr)
            }
            "concat"
            | "initcap"
            | "substring"
            | "regexp"
            | "trim"
            | "pad"
            | "format"
            | "array_string_concat"
            | "split" => self.string_function(pass, name, arguments),
            "json" => self.json(name, arguments, expr),
            "array_element" | "array_distinct" | "count_equal" | "array_extreme"
            | "array_concat" | "array_slice" | "range" | "higher_order" | "array_join" => {
                self.array_function(pass, name, arguments, expr)
            }
            "has" => {
                let (list, value) = (self.value(&arguments[0])?, self.value(&arguments[1])?);
                // NULL is found among NULLs.
                let nothing = format!("list_count({list}) < len({list})");
                Ok(Sql::condition(if arguments[1].is_null_literal() {
                    format!("({nothing})")
                } else if arguments[1].ty.is_nullable() {
                    format!(
                        "(CASE WHEN {value} IS NULL THEN {nothing} ELSE list_contains({list}, {value}) END)"
                    )
                } else {
                    format!("list_contains({list}, {value})")
                }))
            }
            "running_difference" => {
                self.pass("runningDifference");
                let value = self.value(&arguments[0])?;
                Ok(Sql::value(format!(
                    "({value} - lag({value}, 1, {value}) OVER ())"
                )))
            }
            "shift" => {
                let message = format!("{name} needs OVER (…)");
                Err(self.places.error(ErrorKind::Type, message, expr.at))
            }
            other => unreachable!("functions.txt names no pass {other}"),
        }
    }

    fn conditional(&mut self, arguments: &[Expr]) -> Result<Sql, SqlError> {
        let mut text = "(CASE".to_owned();
        for pair in arguments.chunks(2) {
            match pair {
                [condition, value] => {
                    let (condition, value) = (self.cond(condition)?, self.value(value)?);
                    let _ = write!(text, " WHEN {condition} THEN {value}");
                }
                [otherwise] => {
                    let _ = write!(text, " ELSE {}", self.value(otherwise)?);
                }
                _ => {}
            }
        }
        text.push_str(" END)");
        Ok(Sql::value(text))
    }

    fn null_function(&mut self, name: &str, arguments: &[Expr]) -> Result<Sql, SqlError> {
        let values = self.values(arguments)?;
        Ok(Sql::value(match name {
            "nullIf" => format!("nullif({}, {})", values[0], values[1]),
            "assumeNotNull" if !arguments[0].ty.is_nullable() => values[0].clone(),
            "assumeNotNull" => {
                self.pass("assumeNotNull");
                let default = default_of(arguments[0].ty.inner());
                format!("coalesce({}, {default})", values[0])
            }
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

    fn comparison(&mut self, name: &str, a: &Expr, b: &Expr) -> Result<Sql, SqlError> {
        let operator = match name {
            "equals" => "=",
            "notEquals" => "<>",
            "less" => "<",
            "greater" => ">",
            "lessOrEquals" => "<=",
            "greaterOrEquals" => ">=",
            "isDistinctFrom" => "IS DISTINCT FROM",
            _ => "IS NOT DISTINCT FROM",
        };
        let left = self.comparable(a, &b.ty)?;
        let right = self.comparable(b, &a.ty)?;
        let compared = format!("({left} {operator} {right})");
        let mut guards = Vec::new();
        for (side, text) in [(a, &left), (b, &right)] {
            let is_number =
                matches!(side.kind, ExprKind::Literal(Literal::Float(x)) if !x.is_nan());
            if side.ty.is_float() && !is_number {
                guards.push(format!("isnan({text})"));
            }
        }
        if guards.is_empty() || name.starts_with("is") {
            return Ok(Sql::condition(compared));
        }
        // NaN is neither equal to, less nor greater than anything; in DuckDB it is the greatest.
        self.pass("NaN in comparisons");
        Ok(Sql::condition(format!(
            "(CASE WHEN {} THEN {} ELSE {compared} END)",
            guards.join(" OR "),
            name == "notEquals"
        )))
    }

    /// A side of a comparison with a value of type `with`.
    fn comparable(&mut self, expr: &Expr, with: &DataType) -> Result<String, SqlError> {
        let value = self.value(expr)?;
        if with.is_datetime() && expr.ty.is_number() {
            self.pass("numbers as times");
            return Ok(if expr.ty.is_integer() {
                format!("make_timestamp(CAST({value} AS BIGINT) * 1000000)")
            } else {
                format!("make_timestamp(CAST({value} * 1000000 AS BIGINT))")
            });
        }
        if with.is_datetime() && expr.ty.is_date() {
            return Ok(format!("CAST({value} AS TIMESTAMP)"));
        }
        Ok(value)
    }

    fn like(&mut self, name: &str, text: &Expr, pattern: &Expr) -> Result<Sql, SqlError> {
        let (value, like) = (self.value(text)?, self.value(pattern)?);
        let operator = match name {
            "like" => "LIKE",
            "notLike" => "NOT LIKE",
            "ilike" => "ILIKE",
            _ => "NOT ILIKE",
        };
        let needs_escape = pattern
            .as_text()
            .is_none_or(|pattern| pattern.contains('\\'));
        let escape = if needs_escape {
            self.pass("backslash in LIKE");
            " ESCAPE '\\'"
        } else {
            ""
        };
        Ok(Sql::condition(format!(
            "({value} {operator} {like}{escape})"
        )))
    }

    fn in_(&mut self, needle: &Expr, haystack: &Haystack, negated: bool) -> Result<Sql, SqlError> {
        let operator = if negated { "NOT IN" } else { "IN" };
        let value = self.value(needle)?;
        Ok(Sql::condition(match haystack {
            Haystack::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    if item.is_null_literal() {
                        // ClickHouse ignores NULL in a set; for DuckDB nothing is NOT IN it.
                        self.pass("NULL in IN");
                        continue;
                    }
                    values.push(self.comparable(item, &needle.ty)?);
                }
                if values.is_empty() {
                    self.pass("empty IN");
                    format!("(CASE WHEN {value} IS NULL THEN NULL ELSE {negated} END)")
                } else if LISTED.contains(&values.len()) && !matches!(needle.ty, DataType::Tuple(_))
                {
                    self.pass("long IN");
                    let not = if negated { "NOT " } else { "" };
                    format!("({not}list_contains([{}], {value}))", values.join(", "))
                } else {
                    format!("({value} {operator} ({}))", values.join(", "))
                }
            }
            Haystack::Query(query) => {
                let columns = query.columns();
                let inner = self.query(query)?;
                let names: Vec<String> = (0..columns.len()).map(|i| format!("c{i}")).collect();
                let mut filter = String::new();
                if columns.iter().any(|column| column.ty.is_nullable()) {
                    self.pass("NULL in IN");
                    let conditions = names.iter().map(|name| format!("{name} IS NOT NULL"));
                    filter = format!(" WHERE {}", conditions.collect::<Vec<_>>().join(" AND "));
                }
                let column = match names.as_slice() {
                    [single] => single.clone(),
                    several => format!("row({})", several.join(", ")),
                };
                format!("({value} {operator} (SELECT {column} FROM ({inner}){filter}))")
            }
        }))
    }

    /// An INTERVAL value.
    pub(super) fn interval(
        &mut self,
        amount: &Expr,
        unit: IntervalUnit,
    ) -> Result<String, SqlError> {
        let amount = self.value(amount)?;
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
