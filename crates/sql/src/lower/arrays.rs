//! Arrays and lambdas.

use super::{Lowering, Sql, default_of};
use crate::error::SqlError;
use crate::ir::Expr;
use crate::types::DataType;

impl Lowering<'_> {
    pub(super) fn array_function(
        &mut self,
        pass: &str,
        name: &str,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<Sql, SqlError> {
        if pass == "array_join" {
            let element = self
                .select_context
                .array_joins
                .iter()
                .find(|(array, _)| *array == arguments[0]);
            return match element {
                Some((_, name)) => Ok(Sql::value(name.clone())),
                None => Err(self.unsupported(
                    "arrayJoin here",
                    Some("use it in SELECT, or write ARRAY JOIN"),
                    expr.at,
                )),
            };
        }
        if pass == "higher_order" {
            return self.higher_order(name, arguments, expr);
        }
        if pass == "array_flatten" {
            let list = self.value(&arguments[0])?;
            let is_flat = arguments[0]
                .ty
                .item()
                .is_none_or(|item| item.item().is_none());
            return Ok(Sql::value(if is_flat {
                list
            } else {
                format!("flatten({list})")
            }));
        }
        if pass == "array_difference" {
            let list = self.value(&arguments[0])?;
            return Ok(Sql::value(format!(
                "list_transform({list}, lambda _v, _i: CASE WHEN _i = 1 THEN 0 ELSE _v - {list}[_i - 1] END)"
            )));
        }
        if pass == "array_zip" {
            let lists = self.values(arguments)?;
            let same: Vec<String> = lists[1..]
                .iter()
                .map(|list| format!("len({list}) <> len({})", lists[0]))
                .collect();
            let zipped = format!("list_zip({})", lists.join(", "));
            return Ok(Sql::value(if same.is_empty() {
                zipped
            } else {
                format!(
                    "CASE WHEN {} THEN CAST(error('The arrays of arrayZip have different sizes') AS {}) ELSE {zipped} END",
                    same.join(" OR "),
                    super::inner_type(&expr.ty)
                )
            }));
        }
        if pass == "array_sum" {
            return self.array_sum(name, &arguments[0]);
        }
        if matches!(pass, "has" | "has_several" | "index_of") {
            return self.found(name, arguments);
        }
        let mut values = self.values(arguments)?;
        match pass {
            "array_element" if *arguments[1].ty.inner() == DataType::UInt64 => {
                // No array has a place beyond BIGINT.
                values[1] = format!("CAST(least({}, {}) AS BIGINT)", values[1], i64::MAX);
            }
            "array_slice" => {
                for (value, place) in values.iter_mut().zip(arguments).skip(1) {
                    let n = self.wrapped_bigint(place)?;
                    // No array is as long.
                    *value = match place.as_integer() {
                        Some(_) => n,
                        None => format!(
                            "(CASE WHEN {n} > 1000000000 THEN 1000000000 WHEN {n} < -1000000000 THEN -1000000000 ELSE {n} END)"
                        ),
                    };
                }
            }
            _ => {}
        }
        let default = arguments[0]
            .ty
            .item()
            .map_or_else(|| "NULL".to_owned(), default_of);
        let (a, b) = (
            &values[0],
            values.get(1).map(String::as_str).unwrap_or_default(),
        );
        Ok(Sql::value(match pass {
            "array_element" => {
                self.pass("array elements");
                // An element that is not there is the type's default.
                if default == "NULL" {
                    format!("{a}[{b}]")
                } else {
                    format!("coalesce({a}[{b}], {default})")
                }
            }
            "array_distinct" => {
                self.pass("arrayDistinct");
                // In the order of first appearance, as ClickHouse's.
                format!(
                    "list_filter({a}, lambda _v, _i: _v IS NOT NULL AND list_position({a}, _v) = _i)"
                )
            }
            "count_equal" => {
                format!("len(list_filter({a}, lambda _v: _v IS NOT DISTINCT FROM {b}))")
            }
            "array_extreme" => {
                let function = if name == "arrayMin" {
                    "list_min"
                } else {
                    "list_max"
                };
                format!("coalesce({function}({a}), {default})")
            }
            "array_concat" => values
                .into_iter()
                .reduce(|a, b| format!("list_concat({a}, {b})"))
                .unwrap_or_else(|| "[]".to_owned()),
            "array_slice" => {
                self.pass("arraySlice");
                // From the end if negative; places before the first one count for the length.
                // Without an offset it is from the first one, without a length to the last.
                let offset = match &arguments[1] {
                    offset if offset.is_null_literal() => "1".to_owned(),
                    offset if offset.ty.is_nullable() => format!("coalesce({b}, 1)"),
                    _ => b.to_owned(),
                };
                let start = format!(
                    "(CASE WHEN {offset} < 0 THEN len({a}) + {offset} + 1 ELSE {offset} END)"
                );
                // A length that is NULL in some rows is the array's, from the offset on.
                let end = match values.get(2) {
                    Some(_) if arguments[2].is_null_literal() => format!("len({a})"),
                    Some(length) => format!(
                        "CASE WHEN {length} IS NULL THEN {start} + len({a}) - 1 WHEN {length} < 0 THEN len({a}) + {length} ELSE {start} + {length} - 1 END"
                    ),
                    None => format!("len({a})"),
                };
                format!(
                    "(CASE WHEN {offset} = 0 OR {end} < 1 THEN [] ELSE list_slice({a}, greatest({start}, 1), {end}) END)"
                )
            }
            _ => {
                let zero = "0".to_owned();
                let (from, to) = match values.as_slice() {
                    [to] => (&zero, to),
                    [from, to, ..] => (from, to),
                    [] => (&zero, &zero),
                };
                let step = values.get(2).map_or("1", String::as_str);
                // DuckDB's memory limit does not count the list that is being made.
                format!(
                    "range(CAST({from} AS BIGINT), CASE WHEN abs(CAST({to} AS BIGINT) - CAST({from} AS BIGINT)) > 1000000 THEN CAST(error('range would make more than 1000000 elements') AS BIGINT) ELSE CAST({to} AS BIGINT) END, CAST({step} AS BIGINT))"
                )
            }
        }))
    }

    /// `arraySum`, `arrayAvg`, `arrayCumSum`: sums of integers go around, as they do in aggregates.
    fn array_sum(&mut self, name: &str, array: &Expr) -> Result<Sql, SqlError> {
        let list = self.value(array)?;
        let item = array.ty.item().map_or(&DataType::Nothing, DataType::inner);
        let sum_of = |list: &str| around(format!("list_sum({list})"), item);
        Ok(Sql::value(match name {
            "arraySum" => format!("coalesce({}, 0)", sum_of(&list)),
            "arrayAvg" if item.is_integer() => format!(
                "coalesce(CAST({} AS DOUBLE) / nullif(list_count({list}), 0), 0)",
                sum_of(&list)
            ),
            "arrayAvg" => format!("coalesce(CAST(list_avg({list}) AS DOUBLE), 0)"),
            _ => {
                let sum = sum_of(&format!("{list}[1:_i]"));
                format!("list_transform({list}, lambda _v, _i: {sum})")
            }
        }))
    }

    /// `has`, `hasAny`, `hasAll`, `indexOf`: NULL is found among NULLs.
    fn found(&mut self, name: &str, arguments: &[Expr]) -> Result<Sql, SqlError> {
        let (a, b) = (self.value(&arguments[0])?, self.value(&arguments[1])?);
        let has_null = |list: &str| format!("list_count({list}) < len({list})");
        let can_be_null = |array: &Expr| array.ty.item().is_some_and(DataType::is_nullable);
        let both_can = can_be_null(&arguments[0]) && can_be_null(&arguments[1]);
        Ok(match name {
            "has" if arguments[1].is_null_literal() => {
                Sql::condition(format!("({})", has_null(&a)))
            }
            "has" if arguments[1].ty.is_nullable() => Sql::condition(format!(
                "(CASE WHEN {b} IS NULL THEN {} ELSE list_contains({a}, {b}) END)",
                has_null(&a)
            )),
            "has" => Sql::condition(format!("list_contains({a}, {b})")),
            "hasAny" if both_can => Sql::condition(format!(
                "(list_has_any({a}, {b}) OR ({} AND {}))",
                has_null(&a),
                has_null(&b)
            )),
            "hasAny" => Sql::condition(format!("list_has_any({a}, {b})")),
            "hasAll" if can_be_null(&arguments[1]) => Sql::condition(format!(
                "(list_has_all({a}, {b}) AND ({} OR NOT {}))",
                has_null(&a),
                has_null(&b)
            )),
            "hasAll" => Sql::condition(format!("list_has_all({a}, {b})")),
            _ if arguments[1].ty.is_nullable() => Sql::value(format!(
                "coalesce(CASE WHEN {b} IS NULL THEN list_position(list_transform({a}, lambda _v: _v IS NULL), true) ELSE list_position({a}, {b}) END, 0)"
            )),
            _ => Sql::value(format!("coalesce(list_position({a}, {b}), 0)")),
        })
    }
}

/// A sum of integers of a type; DuckDB adds with 128 bits.
pub(super) fn around(sum: String, item: &DataType) -> String {
    match item {
        DataType::UInt64 => super::integers::unsigned(&sum),
        DataType::Int64 => super::integers::signed(&sum),
        _ => sum,
    }
}
