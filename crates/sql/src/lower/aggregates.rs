//! Aggregates. Of no rows ClickHouse answers 0, '' or NaN for types without NULL, where DuckDB
//! answers NULL.

use std::fmt::Write as _;

use super::integers::{signed, unsigned};
use super::large::is_of_64_bits;
use super::{Lowering, Sql, default_of, inner_type, quoted};
use crate::error::SqlError;
use crate::functions::{Lowering as How, Nullability};
use crate::ir::{Aggregate, Expr, ExprKind, Suffix};
use crate::relation::PromotedKind;
use crate::types::DataType;

impl Lowering<'_> {
    /// `over` is the window, for an aggregate over one.
    pub(super) fn aggregate(
        &mut self,
        aggregate: &Aggregate,
        expr: &Expr,
        over: &str,
    ) -> Result<Sql, SqlError> {
        if expr.ty.is_nothing() {
            self.pass("functions of NULL");
            return Ok(Sql::value(format!(
                "CAST(any_value(NULL){over} AS INTEGER)"
            )));
        }
        let chosen = self.chosen(aggregate)?;
        let conditions = self.conditions(aggregate, &chosen)?;
        let call = self.aggregate_call(aggregate, expr, over, &conditions)?;
        let is_extreme = matches!(aggregate.function.name, "min" | "max");
        let call = if is_extreme && aggregate.arguments[0].ty.is_float() {
            // Of NaN only it is NaN.
            let of_all = self.aggregate_call(aggregate, expr, over, &chosen)?;
            format!("coalesce({call}, {of_all})")
        } else if (aggregate.suffix != Suffix::None || expr.ty.is_nullable())
            && skips_nan(aggregate)
            && aggregate.function.name != "quantiles"
        {
            // Of NaN only it is NaN, also with -OrNull and -OrDefault and beside NULL: these are for no rows.
            let value = self.value(&aggregate.arguments[0])?;
            let filter = match chosen.as_slice() {
                [] => String::new(),
                chosen => format!(" FILTER (WHERE {})", chosen.join(" AND ")),
            };
            format!(
                "coalesce({call}, CASE WHEN count({value}){filter}{over} > 0 THEN 'nan'::DOUBLE END)"
            )
        } else {
            call
        };
        Ok(Sql::value(self.of_no_rows(aggregate, expr, over, call)))
    }

    /// The condition of `-If`.
    fn chosen(&mut self, aggregate: &Aggregate) -> Result<Vec<String>, SqlError> {
        let Some(filter) = &aggregate.filter else {
            return Ok(Vec::new());
        };
        self.pass("-If");
        Ok(vec![self.cond(filter)?])
    }

    /// `chosen`, and the conditions that keep out what ClickHouse skips.
    fn conditions(
        &mut self,
        aggregate: &Aggregate,
        chosen: &[String],
    ) -> Result<Vec<String>, SqlError> {
        let mut conditions = chosen.to_vec();
        let name = aggregate.function.name;
        for argument in &aggregate.arguments {
            let skips_null = matches!(
                name,
                "uniq"
                    | "uniqExact"
                    | "uniqCombined"
                    | "uniqCombined64"
                    | "uniqHLL12"
                    | "groupArray"
                    | "groupUniqArray"
                    | "array_agg"
                    | "anyLast"
                    | "first_value"
                    | "last_value"
                    | "argMin"
                    | "argMax"
                    | "topK"
                    | "quantileExact"
                    | "medianExact"
                    | "retention"
                    | "windowFunnel"
            );
            if skips_null && argument.ty.is_nullable() {
                let value = self.value(argument)?;
                conditions.push(format!("{value} IS NOT NULL"));
            }
            let is_extreme = matches!(name, "min" | "max");
            if (is_extreme && argument.ty.is_float()) || skips_nan(aggregate) {
                let value = self.value(argument)?;
                self.pass("NaN in extremes");
                conditions.push(format!("NOT isnan({value})"));
            }
        }
        Ok(conditions)
    }

    fn aggregate_call(
        &mut self,
        aggregate: &Aggregate,
        expr: &Expr,
        over: &str,
        conditions: &[String],
    ) -> Result<String, SqlError> {
        let function = aggregate.function;
        let tail = |conditions: &[String]| {
            let filter = if conditions.is_empty() {
                String::new()
            } else {
                format!(" FILTER (WHERE {})", conditions.join(" AND "))
            };
            format!("{filter}{over}")
        };
        let distinct = if aggregate.distinct { "DISTINCT " } else { "" };
        let How::Pass(pass) = function.lowering else {
            let How::Template(template) = function.lowering else {
                unreachable!("a lowering is a pass or a template");
            };
            let template = if aggregate.distinct {
                template.replacen('(', "(DISTINCT ", 1)
            } else {
                template.to_owned()
            };
            let is_of_window = function.name.ends_with("_value") || function.name == "anyLast";
            if is_of_window && !over.is_empty() && !conditions.is_empty() {
                // For DuckDB these are no aggregates there, and take no FILTER.
                let value = self.value(&aggregate.arguments[0])?;
                let function = if function.name == "first_value" || function.name == "any_value" {
                    "first"
                } else {
                    "last"
                };
                let condition = conditions.join(" AND ");
                return Ok(format!(
                    "{function}(CASE WHEN {condition} THEN {value} END IGNORE NULLS){over}"
                ));
            }
            let call = self.template(&template, function, &aggregate.arguments)?;
            return Ok(match (function.result, aggregate.parameters.first()) {
                ("listed", Some(n)) if !aggregate.parameters.is_empty() => {
                    let n = n.as_integer().unwrap_or(0);
                    format!("list_slice({call}{}, 1, {n})", tail(conditions))
                }
                _ => format!("{call}{}", tail(conditions)),
            });
        };
        match pass {
            "avg" => self.mean(aggregate, distinct, &tail(conditions)),
            "sum" => self.sum(aggregate, expr, distinct, &tail(conditions)),
            "count_distinct" => {
                self.pass("uniq");
                let values = self.values(&aggregate.arguments)?;
                let value = match values.as_slice() {
                    [single] => single.clone(),
                    several => format!("row({})", several.join(", ")),
                };
                let count = format!("count(DISTINCT {value}){}", tail(conditions));
                Ok(if expr.ty.is_nullable() {
                    format!("nullif({count}, 0)")
                } else {
                    count
                })
            }
            "group_concat" => {
                self.pass("groupConcat");
                let separator = aggregate.parameters.first().and_then(Expr::as_text);
                let separator = quoted(separator.unwrap_or_default());
                let text = self.text_of(&aggregate.arguments[0])?;
                Ok(
                    match aggregate.parameters.get(1).and_then(Expr::as_integer) {
                        Some(n) if n < 1 => {
                            let construct = "a limit of groupConcat below 1";
                            return Err(self.unsupported(construct, None, expr.at));
                        }
                        // Of so many values.
                        Some(n) => {
                            let known = format!("{text} IS NOT NULL");
                            let conditions: Vec<String> =
                                conditions.iter().cloned().chain([known]).collect();
                            format!(
                                "array_to_string(list_slice(list({text}){}, 1, {n}), {separator})",
                                tail(&conditions)
                            )
                        }
                        None => format!("string_agg({text}, {separator}){}", tail(conditions)),
                    },
                )
            }
            "spread" => {
                self.pass("spread of infinity");
                self.spread(aggregate, &tail(conditions))
            }
            "window_funnel" if !over.is_empty() => {
                let hint = Some("group, and join the groups");
                Err(self.unsupported("windowFunnel over a window", hint, expr.at))
            }
            "window_funnel" => self.window_funnel(aggregate, conditions, expr.at),
            "retention" => {
                self.pass("retention");
                // The first condition held in some row, and each other one beside it. Of no rows it is NULL.
                let held = aggregate.arguments.iter().map(|condition| {
                    let condition = self.cond(condition)?;
                    Ok(format!("bool_or({condition}){}", tail(conditions)))
                });
                let held: Vec<String> = held.collect::<Result<_, SqlError>>()?;
                let first = &held[0];
                let items = held
                    .iter()
                    .map(|other| format!("CAST({first} AND {other} AS BIGINT)"));
                let items = items.collect::<Vec<_>>().join(", ");
                Ok(format!("CASE WHEN {first} IS NOT NULL THEN [{items}] END"))
            }
            "top_k" => {
                self.pass("topK");
                let n = aggregate
                    .parameters
                    .first()
                    .and_then(Expr::as_integer)
                    .unwrap_or(10);
                let value = self.value(&aggregate.arguments[0])?;
                Ok(format!("approx_top_k({value}, {n}){}", tail(conditions)))
            }
            _ => self.quantile(aggregate, expr, &tail(conditions)),
        }
    }

    fn sum(
        &mut self,
        aggregate: &Aggregate,
        expr: &Expr,
        distinct: &str,
        tail: &str,
    ) -> Result<String, SqlError> {
        let argument = &aggregate.arguments[0];
        if let Some((column, has_payload)) =
            self.promoted_sum(argument).filter(|_| distinct.is_empty())
        {
            let sum = unsigned(&format!("sum({column}){tail}"));
            if self.select_context.present.contains(&column) {
                return Ok(sum);
            }
            // Where the path is not there it counts 0; only of no payload at all the sum is NULL.
            return Ok(format!(
                "CASE WHEN bool_or({has_payload}){tail} THEN coalesce({sum}, 0) END"
            ));
        }
        let value = self.value(argument)?;
        let sum = format!("sum({distinct}{value}){tail}");
        // DuckDB adds with 128 bits: what is beyond 64 goes around at the end, as it does for ClickHouse.
        if expr.ty.is_integer() && is_of_64_bits(&argument.ty) {
            return Ok(if expr.ty.is_unsigned() {
                unsigned(&sum)
            } else {
                signed(&sum)
            });
        }
        Ok(if expr.ty.inner().is_integer() {
            format!("CAST({sum} AS BIGINT)")
        } else if expr.ty.is_float() {
            sum
        } else {
            format!("CAST({sum} AS {})", inner_type(&expr.ty))
        })
    }

    /// ClickHouse divides the sum of integers, which goes around.
    fn mean(
        &mut self,
        aggregate: &Aggregate,
        distinct: &str,
        tail: &str,
    ) -> Result<String, SqlError> {
        let argument = &aggregate.arguments[0];
        if !is_of_64_bits(&argument.ty) {
            let value = self.float(argument)?;
            return Ok(format!("avg({distinct}{value}){tail}"));
        }
        let value = self.value(argument)?;
        let sum = format!("sum({distinct}{value}){tail}");
        let sum = if argument.ty.is_unsigned() {
            unsigned(&sum)
        } else {
            signed(&sum)
        };
        let count = format!("count({distinct}{value}){tail}");
        Ok(format!("(CAST({sum} AS DOUBLE) / {count})"))
    }

    /// The hidden column of a sum over a promoted path, and the one that says whether there is a payload.
    fn promoted_sum(&mut self, argument: &Expr) -> Option<(String, String)> {
        let ExprKind::Call {
            function,
            arguments,
            ..
        } = &argument.kind
        else {
            return None;
        };
        let ExprKind::Column(column) = &arguments.first()?.kind else {
            return None;
        };
        let is_payload = column.name == "payload"
            && !column.or_default
            && self.relation_sources.contains(&column.source);
        if function.name != "JSONExtractUInt" || !is_payload {
            return None;
        }
        let path: Option<Vec<&str>> = arguments[1..].iter().map(Expr::as_text).collect();
        let path = path?;
        let promoted = self
            .relation
            .promoted_paths
            .iter()
            .find(|promoted| promoted.path == path)?;
        if promoted.kind != PromotedKind::UInt {
            return None;
        }
        let source = crate::print::source_name(column.source);
        let value = format!("{source}.\"{}\"", promoted.column);
        self.pass("promoted payload paths");
        let has_payload = format!("{source}.\"{}\"", self.relation.has_payload);
        Some((value, has_payload))
    }

    /// With infinity or NaN the variance is 0, where DuckDB fails; a sample of one has none.
    fn spread(&mut self, aggregate: &Aggregate, tail: &str) -> Result<String, SqlError> {
        let function = match aggregate.function.name {
            "stddevPop" => "stddev_pop",
            "stddevSamp" => "stddev_samp",
            "varPop" => "var_pop",
            "varSamp" => "var_samp",
            _ => "corr",
        };
        let mut values = Vec::new();
        let mut finite = Vec::new();
        for argument in &aggregate.arguments {
            let value = self.float(argument)?;
            if argument.ty.is_float() {
                finite.push(format!("isfinite({value})"));
                values.push(format!("CASE WHEN isfinite({value}) THEN {value} END"));
            } else {
                values.push(value);
            }
        }
        let call = format!("{function}({}){tail}", values.join(", "));
        let finite = finite.join(" AND ");
        if function == "corr" {
            if finite.is_empty() {
                return Ok(call);
            }
            // A row counts where neither side is NULL.
            let mut known = Vec::new();
            for argument in aggregate.arguments.iter().filter(|a| a.ty.is_nullable()) {
                known.push(format!("{} IS NOT NULL", self.float(argument)?));
            }
            let finite = if known.is_empty() {
                finite
            } else {
                format!("CASE WHEN {} THEN {finite} END", known.join(" AND "))
            };
            return Ok(format!(
                "CASE WHEN NOT bool_and({finite}){tail} THEN 'nan'::DOUBLE ELSE {call} END"
            ));
        }
        let value = self.value(&aggregate.arguments[0])?;
        let count = format!("count({value}){tail}");
        let mut cases = String::new();
        if function.ends_with("samp") {
            cases = format!(" WHEN {count} = 1 THEN 'nan'::DOUBLE");
        }
        if !finite.is_empty() {
            let _ = write!(
                cases,
                " WHEN {count} > 0 AND NOT bool_and({finite}){tail} THEN 0"
            );
        }
        Ok(if cases.is_empty() {
            call
        } else {
            format!("CASE{cases} ELSE {call} END")
        })
    }

    fn quantile(
        &mut self,
        aggregate: &Aggregate,
        expr: &Expr,
        tail: &str,
    ) -> Result<String, SqlError> {
        self.pass("quantiles");
        let name = aggregate.function.name;
        let argument = &aggregate.arguments[0];
        let mut levels = Vec::new();
        for parameter in &aggregate.parameters {
            let level = match &parameter.kind {
                ExprKind::Literal(crate::ir::Literal::Float(level)) => *level,
                ExprKind::Literal(crate::ir::Literal::UInt(level)) => *level as f64,
                _ => -1.0,
            };
            if !(0.0..=1.0).contains(&level) {
                return Err(self.unsupported("a level beyond 0 to 1", None, parameter.at));
            }
            levels.push(format!("{level:e}"));
        }
        let level = levels.first().cloned().unwrap_or_else(|| "5e-1".to_owned());
        if name.ends_with("Exact") {
            let value = self.value(argument)?;
            let sorted = format!("list_sort(list({value}){tail})");
            let count = format!("count({value}){tail}");
            let place = format!("least(floor({level} * {count}) + 1, {count})");
            let _ = expr;
            return Ok(format!("list_extract({sorted}, CAST({place} AS BIGINT))"));
        }
        let value = self.float(argument)?;
        let is_list = name == "quantiles";
        let levels_text = levels.join(", ");
        let quantile = if is_list {
            format!("quantile_cont({value}, [{levels_text}]){tail}")
        } else {
            format!("quantile_cont({value}, {level}){tail}")
        };
        if !argument.ty.is_float() {
            return Ok(quantile);
        }
        if !is_list {
            return Ok(beside_infinity(&quantile, &value, &level, tail));
        }
        let items = levels.iter().enumerate().map(|(place, level)| {
            let item = format!("({quantile})[{}]", place + 1);
            beside_infinity(&item, &value, level, tail)
        });
        let items: Vec<String> = items.collect();
        Ok(format!(
            "CASE WHEN count({value}){tail} > 0 THEN [{}] END",
            items.join(", ")
        ))
    }

    fn of_no_rows(
        &mut self,
        aggregate: &Aggregate,
        expr: &Expr,
        over: &str,
        call: String,
    ) -> String {
        let function = aggregate.function;
        let has_rows = self.select_context.groups_have_rows
            && over.is_empty()
            && aggregate.filter.is_none()
            && !aggregate
                .arguments
                .iter()
                .any(|argument| argument.ty.is_float());
        match aggregate.suffix {
            Suffix::OrNull => {
                self.pass("-OrNull");
                return if function.nullability == Nullability::Never {
                    format!("nullif({call}, 0)")
                } else {
                    call
                };
            }
            Suffix::OrDefault => {
                self.pass("-OrDefault");
                // The default of a type with NULL is NULL.
                if expr.ty.is_nullable() {
                    return call;
                }
            }
            Suffix::None if function.nullability == Nullability::Never || expr.ty.is_nullable() => {
                return call;
            }
            Suffix::None if has_rows && expr.ty.item().is_none() => return call,
            Suffix::None => {}
        }
        if function.nullability == Nullability::Never {
            return call;
        }
        self.pass("aggregates of no rows");
        let is_nan =
            function.is_nan_when_empty && expr.ty.is_float() && aggregate.suffix == Suffix::None;
        let default = match &expr.ty {
            // No bit is missing.
            ty if function.name == "groupBitAnd" => match ty.inner() {
                DataType::UInt8 => "255".to_owned(),
                DataType::UInt16 => "65535".to_owned(),
                DataType::UInt32 => "4294967295".to_owned(),
                DataType::UInt64 => "CAST(18446744073709551615 AS HUGEINT)".to_owned(),
                _ => "-1".to_owned(),
            },
            _ if is_nan => "'nan'::DOUBLE".to_owned(),
            DataType::Array(item) if function.name == "quantiles" => {
                let nan = format!("CAST('nan' AS {})", inner_type(item));
                format!("[{}]", vec![nan; aggregate.parameters.len()].join(", "))
            }
            _ if function.name == "retention"
                && !self.settings.aggregate_functions_null_for_empty =>
            {
                format!("[{}]", vec!["0"; aggregate.arguments.len()].join(", "))
            }
            ty => default_of(ty),
        };
        format!("coalesce({call}, {default})")
    }
}

/// Whether it is a quantile of floats, which leaves NaN out.
fn skips_nan(aggregate: &Aggregate) -> bool {
    let is_quantile = matches!(
        aggregate.function.name,
        "median" | "quantile" | "quantiles" | "medianExact" | "quantileExact"
    );
    is_quantile && aggregate.arguments[0].ty.is_float()
}

/// A quantile as ClickHouse interpolates it: it adds the next value times 0 also where the quantile is
/// exactly a value, and 0 times infinity is NaN.
fn beside_infinity(quantile: &str, value: &str, level: &str, tail: &str) -> String {
    let count =
        |what: &str| format!("count(CASE WHEN {value} = '{what}'::DOUBLE THEN 1 END){tail}");
    let (n_low, n_high) = (count("-inf"), count("inf"));
    let n = format!("count({value}){tail}");
    // The place of the quantile among the sorted values, from 0.
    let place = format!("({level} * ({n} - 1))");
    format!(
        "CASE WHEN {n_low} + {n_high} > 0 AND {place} = floor({place}) AND {place} + 1 < {n} \
         AND ({place} + 1 < {n_low} OR {place} + 1 >= {n} - {n_high}) THEN 'nan'::DOUBLE ELSE {quantile} END"
    )
}
