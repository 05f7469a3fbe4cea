//! Comparisons: of values, of tuples, with patterns and with sets.

use super::{Lowering, Sql, inner_type};
use crate::error::SqlError;
use crate::ir::{Expr, ExprKind, Literal, Query};
use crate::types::DataType;

/// Lengths of lists of texts that are looked through. DuckDB compares a text of a dictionary once,
/// however often it comes; IN it decodes (96 against 223 ms for two sources of 10 million events, 51
/// against 82 for fifty scopes). Longer lists are better joined.
const LISTED_TEXTS: std::ops::RangeInclusive<usize> = 2..=200;

/// The same for other values, in queries for the newest rows only: from nine values on DuckDB makes
/// a join of IN, and then it reads all columns of all rows (1,148 ms against 47 over 10 million
/// events). Elsewhere IN is faster, as it is compared with the bounds of blocks.
const LISTED_OF_NEWEST: std::ops::RangeInclusive<usize> = 9..=100;

impl Lowering<'_> {
    pub(super) fn comparison(&mut self, name: &str, a: &Expr, b: &Expr) -> Result<Sql, SqlError> {
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
        if (a.ty.has_nullable_element() || b.ty.has_nullable_element())
            && let Some(compared) = self.tuples_with_null(name, a, b)?
        {
            return Ok(compared);
        }
        let left = self.comparable(a, &b.ty)?;
        let right = self.comparable(b, &a.ty)?;
        let is_inexact = (a.ty.is_float() && self.is_beyond_double(b))
            || (b.ty.is_float() && self.is_beyond_double(a));
        let is_order = name.starts_with("less") || name.starts_with("greater");
        if is_order
            && (self.may_be_cut(a) || self.may_be_cut(b))
            && a.ty.is_string()
            && b.ty.is_string()
        {
            // By bytes.
            let bytes = |text: &str| format!("unhex({})", super::bytes::hex_of(text, true));
            return Ok(Sql::condition(format!(
                "({} {operator} {})",
                bytes(&left),
                bytes(&right)
            )));
        }
        let compared = if is_inexact {
            // As floats they could be equal.
            self.pass("large integers beside floats");
            let exact = |text: &str, side: &Expr| {
                if side.ty.is_float() {
                    format!("CAST({text} AS HUGEINT)")
                } else {
                    text.to_owned()
                }
            };
            format!(
                "(CASE WHEN CAST({left} AS DOUBLE) = CAST({right} AS DOUBLE) AND abs(CAST({left} AS DOUBLE)) < 1e37 THEN {} {operator} {} ELSE {left} {operator} {right} END)",
                exact(&left, a),
                exact(&right, b)
            )
        } else {
            format!("({left} {operator} {right})")
        };
        let mut guards = Vec::new();
        for (side, text) in [(a, &left), (b, &right)] {
            let is_number =
                matches!(side.kind, ExprKind::Literal(Literal::Float(x)) if !x.is_nan());
            if side.ty.is_float() && !is_number {
                guards.push(format!("isnan({text})"));
            }
        }
        // Where one side can be NULL, isDistinctFrom takes NaN for equal to itself, as DuckDB does.
        let is_equal_to_itself =
            name.starts_with("is") && (a.ty.is_nullable() || b.ty.is_nullable());
        if guards.is_empty() || is_equal_to_itself {
            return Ok(Sql::condition(compared));
        }
        // NaN is neither equal to, less nor greater than anything; in DuckDB it is the greatest.
        self.pass("NaN in comparisons");
        if name.starts_with("is") {
            let guard = &guards[0];
            return Ok(Sql::condition(match name {
                "isDistinctFrom" => format!("({compared} OR {guard})"),
                _ => format!("({compared} AND NOT {guard})"),
            }));
        }
        let unknown = if a.ty.is_nullable() || b.ty.is_nullable() {
            format!("WHEN {left} IS NULL OR {right} IS NULL THEN NULL ")
        } else {
            String::new()
        };
        Ok(Sql::condition(format!(
            "(CASE {unknown}WHEN {} THEN {} ELSE {compared} END)",
            guards.join(" OR "),
            name == "notEquals"
        )))
    }

    /// Tuples of elements that can be NULL: NULL is unknown, where DuckDB takes it for a value.
    fn tuples_with_null(
        &mut self,
        name: &str,
        a: &Expr,
        b: &Expr,
    ) -> Result<Option<Sql>, SqlError> {
        if name.starts_with("is") {
            return Ok(None);
        }
        self.pass("NULL in tuples");
        let (left, right) = (elements(a), elements(b));
        let has_null = left.iter().chain(&right).any(|item| item.ty.is_nothing());
        if has_null && !is_compared_by_elements(name, a, b) {
            return Ok(Some(Sql::value("CAST(NULL AS BOOLEAN)")));
        }
        let mut compared: Option<String> = None;
        for (x, y) in left.iter().zip(&right).rev() {
            let (strict, joined) = match name {
                "equals" => ("equals", "AND"),
                "notEquals" => ("notEquals", "OR"),
                name if name.starts_with("less") => ("less", ""),
                _ => ("greater", ""),
            };
            compared = Some(match compared {
                None => self.comparison(name, x, y)?.text,
                Some(rest) if joined.is_empty() => {
                    let before = self.comparison(strict, x, y)?.text;
                    let same = self.comparison("equals", x, y)?.text;
                    format!("({before} OR ({same} AND {rest}))")
                }
                Some(rest) => {
                    let this = self.comparison(strict, x, y)?.text;
                    format!("({this} {joined} {rest})")
                }
            });
        }
        Ok(compared.map(Sql::condition))
    }

    /// A side of a comparison with a value of type `with`.
    pub(super) fn comparable(&mut self, expr: &Expr, with: &DataType) -> Result<String, SqlError> {
        let value = self.value(expr)?;
        if with.is_datetime() && expr.ty.is_number() {
            self.pass("numbers as times");
            return Ok(if expr.ty.is_integer() {
                format!("make_timestamp(CAST({value} AS BIGINT) * 1000000)")
            } else {
                format!("make_timestamp(CAST({value} * 1000000 AS BIGINT))")
            });
        }
        self.value_as(expr, with)
    }

    /// A value beside others of a type: a Date is the midnight of the times' zone.
    pub(super) fn value_as(&mut self, expr: &Expr, with: &DataType) -> Result<String, SqlError> {
        if with.is_datetime() && expr.ty.is_date() {
            self.pass("Date beside a time");
            // A Date32 makes another type of both, which forgets the zone.
            let is_wide = *expr.ty.inner() == DataType::Date32
                && matches!(with.inner(), DataType::DateTime(_));
            let zone = with.timezone().filter(|_| !is_wide);
            return self.datetime_of(expr, zone, with);
        }
        let is_bare = matches!(expr.kind, ExprKind::Literal(_));
        if expr.ty.is_nothing() && !with.is_nothing() && !is_bare {
            // Out of a list it is an INTEGER to DuckDB, which would read the other side as one.
            self.pass("NULL without a type");
            let value = self.value(expr)?;
            return Ok(format!(
                "CAST(CAST({value} AS VARCHAR) AS {})",
                inner_type(with)
            ));
        }
        self.value(expr)
    }

    pub(super) fn values_as(
        &mut self,
        exprs: &[Expr],
        with: &DataType,
    ) -> Result<Vec<String>, SqlError> {
        exprs.iter().map(|expr| self.value_as(expr, with)).collect()
    }

    pub(super) fn like(
        &mut self,
        name: &str,
        text: &Expr,
        pattern: &Expr,
    ) -> Result<Sql, SqlError> {
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

    pub(super) fn in_query(
        &mut self,
        needle: &Expr,
        query: &Query,
        negated: bool,
    ) -> Result<Sql, SqlError> {
        let value = self.value(needle)?;
        self.check_needle(needle, &value)?;
        let operator = if negated { "NOT IN" } else { "IN" };
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
        let types: Vec<&DataType> = columns.iter().map(|column| &column.ty).collect();
        let is_in = match self.needle_of_set(needle, &value, &types)? {
            Some(exact) => format!(
                "coalesce({exact} {operator} (SELECT {column} FROM ({inner}){filter}), {negated})"
            ),
            None => {
                format!("({value} {operator} (SELECT {column} FROM ({inner}){filter}))")
            }
        };
        Ok(Sql::condition(if needle.ty.is_nullable() {
            // Of no rows DuckDB knows that NULL is none of them.
            format!("(CASE WHEN {value} IS NOT NULL THEN {is_in} END)")
        } else {
            is_in
        }))
    }

    /// What is looked for as a number of the set's type; `None` if it is one. DuckDB would round it: what the type
    /// cannot hold is in no set, and becomes NULL.
    fn needle_of_set(
        &mut self,
        needle: &Expr,
        value: &str,
        types: &[&DataType],
    ) -> Result<Option<String>, SqlError> {
        Ok(match (&needle.kind, types) {
            (_, [ty]) => exactly(value, &needle.ty, ty),
            (ExprKind::Tuple(parts), types) if parts.len() == types.len() => {
                let (mut values, mut is_any) = (Vec::with_capacity(parts.len()), false);
                for (part, ty) in parts.iter().zip(types) {
                    let value = self.value(part)?;
                    let exact = exactly(&value, &part.ty, ty);
                    is_any |= exact.is_some();
                    values.push(exact.unwrap_or(value));
                }
                is_any.then(|| format!("row({})", values.join(", ")))
            }
            _ => None,
        })
    }

    /// ClickHouse leaves NULL out of a set, and tuples with NULL for an element; for DuckDB nothing is NOT IN it.
    pub(super) fn in_list(
        &mut self,
        needle: &Expr,
        items: &[Expr],
        negated: bool,
    ) -> Result<Sql, SqlError> {
        let value = self.value(needle)?;
        if needle.ty.is_nothing() {
            // Whatever is in the set; DuckDB would make a number of it.
            return Ok(Sql::condition(format!("CAST({value} AS BOOLEAN)")));
        }
        let operator = if negated { "NOT IN" } else { "IN" };
        let is_tuple = matches!(needle.ty, DataType::Tuple(_));
        let is_null = |item: &Expr| match &item.kind {
            ExprKind::Tuple(parts) if is_tuple => parts.iter().any(|part| part.ty.is_nothing()),
            _ => item.is_null_literal(),
        };
        let mut values = Vec::with_capacity(items.len());
        let mut may_be_null = false;
        for item in items {
            if is_null(item) {
                self.pass("NULL in IN");
                continue;
            }
            // A set of Dates has the dates of times.
            let text = if needle.ty.is_date() && item.ty.is_datetime() {
                self.date_of(item, None, &needle.ty)?
            } else {
                self.comparable(item, &needle.ty)?
            };
            let checked = match &item.kind {
                ExprKind::Tuple(parts) if is_tuple => {
                    let parts = parts.iter().filter(|part| part.ty.is_nullable());
                    let parts: Vec<String> = parts
                        .map(|part| Ok(format!("{} IS NOT NULL", self.value(part)?)))
                        .collect::<Result<_, SqlError>>()?;
                    (!parts.is_empty())
                        .then(|| format!("CASE WHEN {} THEN {text} END", parts.join(" AND ")))
                }
                _ if item.ty.is_nullable() => Some(text.clone()),
                _ => None,
            };
            may_be_null |= checked.is_some();
            values.push(checked.unwrap_or(text));
        }
        let unknown = if needle.ty.is_nullable() {
            format!("WHEN {value} IS NULL THEN NULL ")
        } else {
            String::new()
        };
        Ok(Sql::condition(if values.is_empty() {
            self.pass("empty IN");
            if is_tuple {
                negated.to_string()
            } else {
                format!("(CASE WHEN {value} IS NULL THEN NULL ELSE {negated} END)")
            }
        } else if may_be_null {
            self.pass("NULL in IN");
            let not = if negated { "NOT " } else { "" };
            format!(
                "(CASE {unknown}WHEN true THEN {not}coalesce({value} IN ({}), false) END)",
                values.join(", ")
            )
        } else if self.is_listed(&needle.ty, values.len()) {
            self.pass("IN as a list");
            let not = if negated { "NOT " } else { "" };
            format!("({not}list_contains([{}], {value}))", values.join(", "))
        } else {
            format!("({value} {operator} ({}))", values.join(", "))
        }))
    }

    /// Whether so many values are looked through as a list.
    fn is_listed(&self, ty: &DataType, n_values: usize) -> bool {
        match ty {
            DataType::Tuple(_) => false,
            ty if ty.is_string() => LISTED_TEXTS.contains(&n_values),
            _ => self.select_context.is_of_newest && LISTED_OF_NEWEST.contains(&n_values),
        }
    }
}

/// A tuple's elements, also of one that is computed.
fn elements(tuple: &Expr) -> Vec<Expr> {
    match (&tuple.kind, &tuple.ty) {
        (ExprKind::Tuple(items), _) => items.clone(),
        (_, DataType::Tuple(types)) => types
            .iter()
            .enumerate()
            .map(|(place, ty)| {
                let kind = ExprKind::TupleElement {
                    tuple: Box::new(tuple.clone()),
                    index: place + 1,
                };
                Expr::new(kind, ty.clone(), tuple.at)
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// What ClickHouse does not take for a constant, whatever it is given, beside what has a lambda (measured with 26.9).
const NEVER_FOLDED: &[&str] = &[
    "materialize",
    "leftPad",
    "leftPadUTF8",
    "lpad",
    "rightPad",
    "rightPadUTF8",
    "rpad",
];

/// Whether ClickHouse compares two tuples element by element. It does where its optimizer has split
/// `=` of a written tuple; what is constant was computed before that, and a tuple that has NULL for
/// an element is, as a whole, neither equal to, less nor greater than another.
fn is_compared_by_elements(name: &str, a: &Expr, b: &Expr) -> bool {
    let is_folded = |side: &Expr| {
        side.is_constant()
            && !side.any(&mut |part| {
                matches!(part.kind, ExprKind::Lambda { .. })
                    || part
                        .as_call()
                        .is_some_and(|(function, _)| NEVER_FOLDED.contains(&function.name))
            })
    };
    let can_be_split = |side: &Expr| matches!(side.kind, ExprKind::Tuple(_)) || is_folded(side);
    matches!(name, "equals" | "notEquals")
        && can_be_split(a)
        && can_be_split(b)
        && !(is_folded(a) && is_folded(b))
}

/// A number as one of another type, NULL where that cannot hold it; `None` if DuckDB compares the two exactly.
fn exactly(value: &str, from: &DataType, to: &DataType) -> Option<String> {
    if from.is_float() && to.is_integer() {
        return Some(format!(
            "list_transform([{value}], lambda _n: CASE WHEN _n = trunc(_n) AND abs(_n) < 1.8446744073709552e19 THEN CAST(_n AS HUGEINT) END)[1]"
        ));
    }
    if from.is_decimal() && to.is_integer() {
        // Of a decimal the whole part.
        return Some(format!("CAST(trunc({value}) AS HUGEINT)"));
    }
    (from.is_integer() && to.is_float()).then(|| {
        format!(
            "list_transform([{value}], lambda _n: CASE WHEN CAST(CAST(_n AS DOUBLE) AS HUGEINT) = _n THEN CAST(_n AS DOUBLE) END)[1]"
        )
    })
}
