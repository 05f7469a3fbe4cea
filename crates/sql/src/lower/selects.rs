//! Queries, selects, FROM, and the clauses that DuckDB does not have.

use std::fmt::Write as _;

use super::large::wide_type;
use super::select_context::SelectContext;
use super::{Lowering, inner_type};
use crate::error::SqlError;
use crate::ir::{
    Distinct, Expr, ExprKind, From, Grouping, Item, LimitBy, OrderKey, Query, Select, SetOperator,
    Source, SourceKind,
};
use crate::print::{Printer, grouping_sets, source_name, with_sources_in_order};
use crate::slices::{NUMBER_MARK, ROWS_MARK};
use crate::types::DataType;

const GROUP_BY: &str = " GROUP BY ";

impl Lowering<'_> {
    pub(super) fn query(&mut self, query: &Query) -> Result<String, SqlError> {
        match query {
            Query::Select(select) => self.select(select),
            Query::Set {
                operator,
                branches,
                columns,
            } => {
                let operator = match operator {
                    SetOperator::UnionAll => " UNION ALL ",
                    SetOperator::UnionDistinct => " UNION ",
                    SetOperator::Intersect => " INTERSECT ",
                    SetOperator::IntersectAll => " INTERSECT ALL ",
                    SetOperator::Except => " EXCEPT ",
                    SetOperator::ExceptAll => " EXCEPT ALL ",
                };
                let mut texts = Vec::with_capacity(branches.len());
                for branch in branches {
                    texts.push(self.query(branch)?);
                }
                let are_large = self.large_columns_of(query);
                let mut rows = Vec::with_capacity(branches.len());
                for (branch, text) in branches.iter().zip(texts) {
                    let mut casts = Vec::with_capacity(columns.len());
                    for (index, (column, own)) in columns.iter().zip(branch.columns()).enumerate() {
                        let ty = if are_large[index] {
                            wide_type(&column.ty)
                        } else {
                            inner_type(&column.ty)
                        };
                        let value = format!("CAST(c{index} AS {ty})");
                        // A Date is the midnight of the others' zone.
                        let value = match column.ty.timezone() {
                            Some(zone) if own.ty.is_date() && column.ty.is_datetime() => {
                                self.instant(&value, zone)
                            }
                            _ => value,
                        };
                        casts.push(format!("{value} AS c{index}"));
                    }
                    rows.push(format!("(SELECT {} FROM ({text}))", casts.join(", ")));
                }
                Ok(rows.join(operator))
            }
        }
    }

    fn select(&mut self, select: &Select) -> Result<String, SqlError> {
        let outer = std::mem::replace(&mut self.select_context, SelectContext::of(select));
        let text = self.select_alone(select);
        self.select_context = outer;
        text
    }

    fn select_alone(&mut self, select: &Select) -> Result<String, SqlError> {
        let is_distinct = select.distinct == Distinct::Rows;
        let limit_by = match &select.distinct {
            Distinct::On(keys) => Some(self.distinct_on(keys, select)?),
            _ => select.limit_by.clone(),
        };
        let fill = select
            .order_by
            .iter()
            .find_map(|key| key.fill.as_ref().map(|fill| (key, fill)));
        let qualifies_inside = !is_distinct;
        let inner_limit_by = limit_by.as_ref().filter(|_| qualifies_inside);
        let mut text = self.rows(select, inner_limit_by)?;
        if let Some(limit_by) = limit_by.as_ref().filter(|_| !qualifies_inside) {
            text = self.limit_by_of_distinct(&text, limit_by, select)?;
        }
        if let Some((key, fill)) = fill {
            text = self.fill(&text, key, fill, select)?;
        } else if !select.order_by.is_empty() {
            let order = self.order_by(select)?;
            // What can fail has side effects for DuckDB, and is no part of a key by its alias.
            let is_selected = |key: &OrderKey| self.place_among(&key.expr, select).is_some();
            let is_outside = text.contains("error(") && select.order_by.iter().all(is_selected);
            if is_outside || (is_distinct && limit_by.is_some()) {
                text = format!("SELECT * FROM ({text})");
            }
            let _ = write!(text, " ORDER BY {order}");
        }
        if let Some(limit) = select.limit.as_ref().filter(|_| !select.with_ties) {
            let _ = write!(text, " LIMIT {}", self.value(limit)?);
        }
        if let Some(offset) = &select.offset {
            let _ = write!(text, " OFFSET {}", self.value(offset)?);
        }
        Ok(text)
    }

    /// The select without ORDER BY, LIMIT and what follows from them.
    fn rows(&mut self, select: &Select, limit_by: Option<&LimitBy>) -> Result<String, SqlError> {
        self.select_context.bounds = self.bounds_of(select);
        self.note_read_sources(select);
        let mut from = match &select.from {
            Some(from) => Some(self.relations(from)?),
            None => None,
        };
        self.unnest_array_joins(select, &mut from)?;
        // The set without a key has a group without rows, too.
        let has_total =
            matches!(&select.grouping, Grouping::Sets(sets) if sets.iter().any(Vec::is_empty));
        self.select_context.groups_have_rows = !select.group_by.is_empty() && !has_total;
        let mut text = "SELECT ".to_owned();
        if select.distinct == Distinct::Rows {
            text.push_str("DISTINCT ");
        }
        let mut filter = match &select.filter {
            Some(filter) => Some(self.filter(filter)?),
            None => None,
        };
        if let Some(slice) = self.condition_of_slice(select)? {
            filter = Some(match filter {
                Some(filter) => format!("{slice} AND ({filter})"),
                None => slice,
            });
        }
        let mut group_by = self.group_by(select)?;
        if self.is_numbered && self.is_sliced(select) {
            let _ = write!(text, "{NUMBER_MARK} AS slice, ");
            group_by = match group_by.strip_prefix(GROUP_BY) {
                Some(keys) => format!("{GROUP_BY}slice, {keys}"),
                None => format!("{GROUP_BY}slice"),
            };
        }
        self.select_context.group_keys.clone_from(&select.group_by);
        if select.grouping.leaves_keys_out() {
            if let Some(key) = select
                .group_by
                .iter()
                .find(|key| matches!(key.ty.inner(), DataType::Tuple(_)))
            {
                let construct = "a tuple as a key of ROLLUP, CUBE or GROUPING SETS";
                return Err(self.unsupported(construct, Some("group by its elements"), key.at));
            }
            self.pass("rollup");
            self.select_context.rolled_up.clone_from(&select.group_by);
        }
        for (index, item) in select.items.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let _ = write!(text, "{comma}{} AS c{index}", self.value(&item.expr)?);
        }
        if let Some(from) = from {
            let _ = write!(text, " FROM {from}");
        }
        if let Some(filter) = filter {
            let _ = write!(text, " WHERE {filter}");
        }
        text.push_str(&group_by);
        let mut having = Vec::new();
        if matches!(select.grouping, Grouping::Rollup | Grouping::Cube) {
            // Of no rows DuckDB gives the total, ClickHouse nothing.
            having.push("count(*) > 0".to_owned());
        }
        let is_element = |part: &Expr| matches!(part.kind, ExprKind::TupleElement { .. });
        let is_of_null = |item: &Item| {
            let is_dropped = item.expr.any(&mut |part| part.ty.is_nothing())
                || item.expr.any(&mut { is_element })
                || is_known_by_type(&item.expr);
            is_dropped && item.expr.has_aggregate()
        };
        if select.group_by.is_empty() && select.items.iter().any(is_of_null) {
            // What is made of NULL, or of another element of a tuple, has no aggregate any more, but the rows are one group.
            having.push("count(*) >= 0".to_owned());
        }
        if let Some(condition) = &select.having {
            having.push(self.cond(condition)?);
        }
        if !having.is_empty() {
            let _ = write!(text, " HAVING {}", having.join(" AND "));
        }
        let mut qualify = Vec::new();
        if let Some(condition) = &select.qualify {
            qualify.push(self.cond(condition)?);
        }
        if let Some(limit_by) = limit_by {
            let order = if select.order_by.is_empty() {
                String::new()
            } else {
                format!(" ORDER BY {}", self.window_order(&select.order_by)?)
            };
            let keys = self.values(&limit_by.keys)?.join(", ");
            let number = format!("row_number() OVER (PARTITION BY {keys}{order})");
            qualify.push(self.limit_by_condition(&number, limit_by)?);
        }
        if select.with_ties
            && let Some(limit) = &select.limit
        {
            self.pass("with ties");
            if limit_by.is_some() || select.offset.is_some() || select.distinct != Distinct::No {
                let hint = Some("do the one in a subquery");
                return Err(self.unsupported(
                    "WITH TIES beside OFFSET, DISTINCT or BY",
                    hint,
                    limit.at,
                ));
            }
            let order = self.window_order(&select.order_by)?;
            let limit = self.value(limit)?;
            qualify.push(format!("rank() OVER (ORDER BY {order}) <= {limit}"));
        }
        if !qualify.is_empty() {
            let _ = write!(text, " QUALIFY {}", qualify.join(" AND "));
        }
        Ok(text)
    }

    /// A condition of WHERE, where NULL is as good as false: then a payload's path can be asked
    /// for without a look at the payload, which makes a query ten times faster.
    fn filter(&mut self, filter: &Expr) -> Result<String, SqlError> {
        if let ExprKind::Call {
            function,
            arguments,
            ..
        } = &filter.kind
        {
            match function.name {
                "and" => return self.conjunction(filter),
                "JSONHas" => {
                    if let Some(column) = self.promoted_column(&arguments[0], &arguments[1..]) {
                        self.pass("promoted payload paths");
                        let condition = format!("({column} IS NOT NULL)");
                        self.select_context.present.insert(column);
                        return Ok(condition);
                    }
                }
                _ => {}
            }
        }
        self.cond(filter)
    }

    /// Conditions that all hold. What can fail is looked at only where the others hold, as DuckDB has no order
    /// among them; each is written twice at most.
    fn conjunction(&mut self, filter: &Expr) -> Result<String, SqlError> {
        let (mut safe, mut risky) = (Vec::new(), Vec::new());
        for part in conjuncts(filter) {
            let text = self.filter(part)?;
            if text.contains("error(") {
                risky.push(text);
            } else {
                safe.push(text);
            }
        }
        let all_safe = safe.join(" AND ");
        let mut tests: Vec<&str> = risky.iter().map(String::as_str).collect();
        let Some(last) = tests.pop() else {
            return Ok(format!("({all_safe})"));
        };
        if !safe.is_empty() {
            tests.insert(0, &all_safe);
        }
        if tests.is_empty() {
            return Ok(last.to_owned());
        }
        self.pass("conditions that can fail");
        let mut text = "(CASE".to_owned();
        for test in tests {
            let _ = write!(text, " WHEN ({test}) IS NOT TRUE THEN false");
        }
        let _ = write!(text, " ELSE {last} END)");
        safe.push(text);
        Ok(format!("({})", safe.join(" AND ")))
    }

    fn limit_by_condition(&mut self, number: &str, by: &LimitBy) -> Result<String, SqlError> {
        self.pass("limit by");
        let (limit, offset) = (self.value(&by.limit)?, self.value(&by.offset)?);
        Ok(if offset == "0" {
            format!("{number} <= {limit}")
        } else {
            format!("{number} BETWEEN {offset} + 1 AND {offset} + {limit}")
        })
    }

    /// LIMIT BY after DISTINCT: the keys must be among the columns.
    fn limit_by_of_distinct(
        &mut self,
        rows: &str,
        by: &LimitBy,
        select: &Select,
    ) -> Result<String, SqlError> {
        let mut keys = Vec::new();
        for key in &by.keys {
            keys.push(self.place_of(key, select)?);
        }
        let order = if select.order_by.is_empty() {
            String::new()
        } else {
            format!(" ORDER BY {}", self.order_by(select)?)
        };
        let number = format!(
            "row_number() OVER (PARTITION BY {}{order})",
            keys.join(", ")
        );
        let condition = self.limit_by_condition(&number, by)?;
        Ok(format!("SELECT * FROM ({rows}) QUALIFY {condition}"))
    }

    /// The result column that an expression is.
    fn place_of(&mut self, expr: &Expr, select: &Select) -> Result<String, SqlError> {
        match self.place_among(expr, select) {
            Some(place) => Ok(format!("c{place}")),
            None => Err(self.unsupported(
                "a key beside SELECT DISTINCT that is not selected",
                Some("add it to SELECT"),
                expr.at,
            )),
        }
    }

    /// Which of the select's items an expression is. A subquery in it is bound for each place where it stands, with sources
    /// of its own.
    fn place_among(&self, expr: &Expr, select: &Select) -> Option<usize> {
        let place = select.items.iter().position(|item| item.expr == *expr);
        let has_query = |expr: &Expr| expr.any(&mut Expr::is_query);
        if place.is_some() || !has_query(expr) {
            return place;
        }
        let relation = self.relation;
        let text = |expr: &Expr| with_sources_in_order(&Printer { relation }.expr(expr));
        let asked = text(expr);
        let mut items = select.items.iter();
        items.position(|item| has_query(&item.expr) && text(&item.expr) == asked)
    }

    fn distinct_on(&mut self, keys: &[Expr], select: &Select) -> Result<LimitBy, SqlError> {
        let at = keys.first().map_or(0, |key| key.at);
        if select.limit_by.is_some() {
            return Err(self.unsupported("DISTINCT ON with LIMIT BY", None, at));
        }
        self.pass("distinct on");
        let number = |value| {
            let literal = ExprKind::Literal(crate::ir::Literal::UInt(value));
            Expr::new(literal, DataType::UInt8, at)
        };
        Ok(LimitBy {
            limit: number(1),
            offset: number(0),
            keys: keys.to_vec(),
        })
    }

    fn group_by(&mut self, select: &Select) -> Result<String, SqlError> {
        if select.group_by.is_empty() {
            return Ok(String::new());
        }
        let mut keys = Vec::new();
        for key in &select.group_by {
            // A literal would be taken for the place of a column.
            let number = match select.grouping {
                Grouping::Plain => self.bucket_number(key)?,
                _ => None,
            };
            keys.push(match number {
                Some(number) => number,
                None if key.is_literal() => format!("({} || '')", self.value(key)?),
                None => self.value(key)?,
            });
        }
        let all = keys.join(", ");
        Ok(match &select.grouping {
            Grouping::Rollup => format!(" GROUP BY ROLLUP ({all})"),
            Grouping::Cube => format!(" GROUP BY CUBE ({all})"),
            Grouping::Sets(sets) => {
                format!(" GROUP BY GROUPING SETS ({})", grouping_sets(sets, &keys))
            }
            Grouping::Plain | Grouping::None => format!("{GROUP_BY}{all}"),
        })
    }

    pub(super) fn order_by(&mut self, select: &Select) -> Result<String, SqlError> {
        let mut keys = Vec::new();
        for key in deciding_keys(select) {
            let text = match self.place_among(&key.expr, select) {
                Some(place) => format!("c{place}"),
                None if select.distinct == Distinct::Rows => self.place_of(&key.expr, select)?,
                None if key.expr.is_literal() => format!("({} || '')", self.value(&key.expr)?),
                None => self.value(&key.expr)?,
            };
            self.push_order_key(&mut keys, text, key, &key.expr.ty);
        }
        Ok(keys.join(", "))
    }

    /// Sort keys where the columns' names mean nothing yet.
    pub(super) fn window_order(&mut self, order_by: &[OrderKey]) -> Result<String, SqlError> {
        let mut keys = Vec::new();
        for key in order_by {
            let text = self.value(&key.expr)?;
            self.push_order_key(&mut keys, text, key, &key.expr.ty);
        }
        Ok(keys.join(", "))
    }

    /// NULLs are last in both directions, and NaN is between them and the numbers, unless it is NULLS FIRST.
    fn push_order_key(
        &mut self,
        keys: &mut Vec<String>,
        text: String,
        key: &OrderKey,
        ty: &DataType,
    ) {
        if let DataType::Tuple(items) = ty
            && items
                .iter()
                .any(|item| item.is_nullable() || item.is_float())
        {
            // Within tuples, too.
            self.pass("order of tuples");
            for (place, item) in items.iter().enumerate() {
                let element = format!("struct_extract_at({text}, {})", place + 1);
                self.push_order_key(keys, element, key, item);
            }
            return;
        }
        let text = if *ty.inner() == DataType::JsonType {
            self.pass("order of JSONType");
            let order =
                "['Null', 'String', 'Array', 'Bool', 'Double', 'Int64', 'UInt64', 'Object']";
            format!("list_position({order}, {text})")
        } else {
            text
        };
        let text = if *key.expr.ty.inner() == DataType::String && self.may_be_cut(&key.expr) {
            // By bytes.
            format!(
                "CASE WHEN strlen({text}) = length({text}) THEN encode({text}) ELSE unhex({}) END",
                super::bytes::hex_of(&text, true)
            )
        } else {
            text
        };
        let direction = if key.descending { "DESC" } else { "ASC" };
        let nulls = if key.nulls_first { "FIRST" } else { "LAST" };
        if ty.is_float() && !key.expr.is_literal() {
            self.pass("NaN in ORDER BY");
            let direction = if key.nulls_first { " DESC" } else { "" };
            keys.push(format!("isnan({text}){direction} NULLS {nulls}"));
        }
        let is_with_null = |item: &DataType| item.is_nullable() || item.is_float();
        let is_natural = key.descending == key.nulls_first && !key.descending;
        let text = if !is_natural && ty.item().is_some_and(is_with_null) {
            // Within arrays, too.
            self.pass("order of arrays");
            let [null, nan, number] = if key.descending == key.nulls_first {
                [2, 1, 0]
            } else {
                [0, 1, 2]
            };
            format!(
                "list_transform({text}, lambda _v: row(CASE WHEN _v IS NULL THEN {null} WHEN CAST(_v AS VARCHAR) = 'nan' THEN {nan} ELSE {number} END, _v))"
            )
        } else {
            text
        };
        keys.push(format!("{text} {direction} NULLS {nulls}"));
    }

    pub(super) fn relations(&mut self, from: &From) -> Result<String, SqlError> {
        match from {
            From::Source(source) => self.source(source),
            From::Join(join) => self.join(join),
            From::ArrayJoin(join) => self.array_join(join),
        }
    }

    fn source(&mut self, source: &Source) -> Result<String, SqlError> {
        let name = source_name(source.id);
        Ok(match &source.kind {
            SourceKind::Relation if self.rows == Some(source.id) => {
                format!("({ROWS_MARK}) AS {name}")
            }
            SourceKind::Relation => {
                self.relation_sources.insert(source.id);
                let bounds = self.select_context.bounds.take();
                let events = self.relation.source.in_duckdb(bounds.as_deref());
                format!("{events} AS {name}")
            }
            SourceKind::Catalogue => {
                let catalogue = &self.relation.catalogue;
                let columns = (0..catalogue.columns.len()).map(|i| format!("s{i}"));
                let columns: Vec<String> = columns.collect();
                format!("{} AS {name}({})", catalogue.duckdb, columns.join(", "))
            }
            SourceKind::Query(query) | SourceKind::Materialized { query, .. } => {
                let columns: Vec<String> = (0..query.columns().len())
                    .map(|i| format!("s{i}"))
                    .collect();
                let text = match &source.kind {
                    SourceKind::Materialized { view, query } if self.materializes => {
                        self.materialized(view, query)?
                    }
                    _ => self.query(query)?,
                };
                let are_large = self.large_columns_of(query).into_iter().enumerate();
                let large = are_large.filter_map(|(index, is)| is.then_some((source.id, index)));
                self.large_columns.extend(large);
                let are_cut = self.cut_columns_of(query).into_iter().enumerate();
                let cut = are_cut.filter_map(|(index, is)| is.then_some((source.id, index)));
                self.cut_columns.extend(cut);
                format!("({text}) AS {name}({})", columns.join(", "))
            }
            SourceKind::Numbers { offset, length } => {
                self.pass("numbers");
                let (offset, length) = (self.value(offset)?, self.value(length)?);
                format!("(SELECT range AS s0 FROM range({offset}, {offset} + {length})) AS {name}")
            }
            SourceKind::One => format!("(SELECT 0 AS s0) AS {name}"),
        })
    }
}

/// Whether it is known without computing anything: then the text has no aggregate of it.
fn is_known_by_type(expr: &Expr) -> bool {
    let is_of_type = |(function, _): (&crate::functions::Function, &[Expr])| {
        matches!(function.name, "toTypeName" | "isNull" | "isNotNull")
    };
    expr.any(&mut |part| part.as_call().is_some_and(is_of_type))
}

/// The conditions that an AND, and those within it, join.
fn conjuncts(filter: &Expr) -> Vec<&Expr> {
    match filter.as_call() {
        Some((function, arguments)) if function.name == "and" => {
            arguments.iter().flat_map(conjuncts).collect()
        }
        _ => vec![filter],
    }
}

/// The sort keys without those behind all keys of GROUP BY: of each of these there is one row. ClickHouse
/// leaves them out, too, and does not compute what nobody else reads.
fn deciding_keys(select: &Select) -> &[OrderKey] {
    if select.grouping != Grouping::Plain || select.group_by.is_empty() {
        return &select.order_by;
    }
    let is_last = |n: &usize| {
        let keys = &select.order_by[..*n];
        let is_sorted = |group: &Expr| keys.iter().any(|key| key.expr == *group);
        select.group_by.iter().all(is_sorted)
    };
    let n = (1..select.order_by.len()).find(is_last);
    match n {
        Some(n) if select.order_by[n..].iter().all(|key| key.fill.is_none()) => {
            &select.order_by[..n]
        }
        _ => &select.order_by,
    }
}
