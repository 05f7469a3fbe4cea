//! A bound query as ClickHouse's text: what a cluster is asked.
//!
//! Every column has the name of its source before it and every result column an alias, so that
//! no alias can be taken for a column, and `events` is the caller's relation.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use crate::ir::{
    Aggregate, Bound, Distinct, Expr, ExprKind, From, Grouping, Haystack, Join, JoinKind, Literal,
    OrderKey, Query, Select, SetOperator, Source, SourceKind, Strictness, Suffix, Window,
};
use crate::names::quoted;
use crate::relation::Relation;

/// Prints for one relation.
pub(crate) struct Printer<'a> {
    pub relation: &'a Relation,
}

/// A name in ClickHouse's quotes.
fn ident(name: &str) -> String {
    format!("`{}`", name.replace('\\', "\\\\").replace('`', "\\`"))
}

/// The name of a source; no text of a user has one in it (see `lib.rs`).
pub(crate) fn source_name(id: usize) -> String {
    format!("__t{id}")
}

/// A text with the sources that it has itself numbered from 0 on, in the order in which they come: texts that differ in
/// these numbers alone mean the same. Those of what is around it stay.
pub(crate) fn with_sources_in_order(text: &str) -> String {
    const MARK: &str = "__t";
    let own: HashSet<&str> = text
        .split(" AS __t")
        .skip(1)
        .map(|piece| digits(piece).0)
        .collect();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut pieces = text.split(MARK);
    let mut result = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (number, rest) = digits(piece);
        result.push_str(MARK);
        if own.contains(number) {
            let n_known = numbers.len();
            let in_order = *numbers.entry(number).or_insert(n_known);
            // Told apart from those around it.
            let _ = write!(result, "o{in_order}");
        } else {
            result.push_str(number);
        }
        result.push_str(rest);
    }
    result
}

/// The digits at a text's beginning, and the rest.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

/// `(a, b), (a), ()`: sets of keys by their places.
pub(crate) fn grouping_sets(sets: &[Vec<usize>], keys: &[String]) -> String {
    let sets = sets.iter().map(|set| {
        let names: Vec<&str> = set.iter().map(|place| keys[*place].as_str()).collect();
        format!("({})", names.join(", "))
    });
    sets.collect::<Vec<_>>().join(", ")
}

impl Printer<'_> {
    pub fn query(&self, query: &Query) -> String {
        match query {
            Query::Select(select) => self.select(select),
            Query::Set {
                operator, branches, ..
            } => {
                let operator = match operator {
                    SetOperator::UnionAll => " UNION ALL ",
                    SetOperator::UnionDistinct => " UNION DISTINCT ",
                    SetOperator::Intersect => " INTERSECT DISTINCT ",
                    SetOperator::IntersectAll => " INTERSECT ALL ",
                    SetOperator::Except => " EXCEPT DISTINCT ",
                    SetOperator::ExceptAll => " EXCEPT ALL ",
                };
                let branches = branches.iter().map(|branch| match branch {
                    Query::Select(select) => self.select(select),
                    set @ Query::Set { .. } => format!("({})", self.query(set)),
                });
                branches.collect::<Vec<_>>().join(operator)
            }
        }
    }

    fn select(&self, select: &Select) -> String {
        let mut text = "SELECT ".to_owned();
        match &select.distinct {
            Distinct::No => {}
            Distinct::Rows => text.push_str("DISTINCT "),
            Distinct::On(keys) => {
                let _ = write!(text, "DISTINCT ON ({}) ", self.list(keys));
            }
        }
        let items = select
            .items
            .iter()
            .map(|item| format!("{} AS {}", self.expr(&item.expr), ident(&item.name)));
        text.push_str(&items.collect::<Vec<_>>().join(", "));
        if let Some(from) = &select.from {
            let _ = write!(text, " FROM {}", self.from(from));
        }
        let mut clause = |word: &str, expr: Option<&Expr>| {
            if let Some(expr) = expr {
                let _ = write!(text, " {word} {}", self.expr(expr));
            }
        };
        clause("WHERE", select.filter.as_ref());
        if !select.group_by.is_empty() {
            let keys: Vec<String> = select.group_by.iter().map(|key| self.key(key)).collect();
            let all = keys.join(", ");
            let _ = match &select.grouping {
                Grouping::Rollup => write!(text, " GROUP BY {all} WITH ROLLUP"),
                Grouping::Cube => write!(text, " GROUP BY {all} WITH CUBE"),
                Grouping::Sets(sets) => {
                    let sets = grouping_sets(sets, &keys);
                    write!(text, " GROUP BY GROUPING SETS ({sets})")
                }
                Grouping::Plain | Grouping::None => write!(text, " GROUP BY {all}"),
            };
        }
        let mut clause = |word: &str, expr: Option<&Expr>| {
            if let Some(expr) = expr {
                let _ = write!(text, " {word} {}", self.expr(expr));
            }
        };
        clause("HAVING", select.having.as_ref());
        clause("QUALIFY", select.qualify.as_ref());
        self.order_by(&mut text, select);
        if let Some(limit_by) = &select.limit_by {
            let _ = write!(
                text,
                " LIMIT {} OFFSET {} BY {}",
                self.expr(&limit_by.limit),
                self.expr(&limit_by.offset),
                self.list(&limit_by.keys)
            );
        }
        if let Some(limit) = &select.limit {
            let _ = write!(text, " LIMIT {}", self.expr(limit));
        }
        if let Some(offset) = &select.offset {
            let _ = write!(text, " OFFSET {}", self.expr(offset));
        }
        if select.with_ties {
            text.push_str(" WITH TIES");
        }
        text
    }

    fn order_by(&self, text: &mut String, select: &Select) {
        if select.order_by.is_empty() {
            return;
        }
        let keys = select.order_by.iter().map(|key| self.order_key(key));
        let _ = write!(text, " ORDER BY {}", keys.collect::<Vec<_>>().join(", "));
        let interpolated: Vec<String> = select
            .order_by
            .iter()
            .filter_map(|key| key.fill.as_ref())
            .flat_map(|fill| &fill.interpolate)
            .map(|&place| ident(&select.items[place].name))
            .collect();
        if !interpolated.is_empty() {
            let _ = write!(text, " INTERPOLATE ({})", interpolated.join(", "));
        }
    }

    /// A key; a number would be taken for the place of a column.
    fn key(&self, key: &Expr) -> String {
        let text = self.expr(key);
        if key.as_integer().is_some() {
            format!("materialize({text})")
        } else {
            text
        }
    }

    fn order_key(&self, key: &OrderKey) -> String {
        let mut text = self.key(&key.expr);
        if key.descending {
            text.push_str(" DESC");
        }
        if key.nulls_first {
            text.push_str(" NULLS FIRST");
        }
        if let Some(fill) = &key.fill {
            text.push_str(" WITH FILL");
            for (word, bound) in [("FROM", &fill.from), ("TO", &fill.to), ("STEP", &fill.step)] {
                if let Some(bound) = bound {
                    let _ = write!(text, " {word} {}", self.expr(bound));
                }
            }
        }
        text
    }

    fn from(&self, from: &From) -> String {
        match from {
            From::Source(source) => self.source(source),
            From::Join(join) => self.join(join),
            From::ArrayJoin(join) => {
                let left = if join.is_left { "LEFT " } else { "" };
                let arrays = join.arrays.iter().enumerate().map(|(index, (array, _))| {
                    format!(
                        "{} AS {}",
                        self.expr(array),
                        ident(&element_name(join.id, index))
                    )
                });
                let arrays: Vec<String> = arrays.collect();
                format!(
                    "{} {left}ARRAY JOIN {}",
                    self.from(&join.input),
                    arrays.join(", ")
                )
            }
        }
    }

    fn source(&self, source: &Source) -> String {
        let name = source_name(source.id);
        match &source.kind {
            SourceKind::Relation => format!("{} AS {name}", self.relation.source.in_clickhouse()),
            SourceKind::Catalogue => {
                format!("{} AS {name}", self.relation.catalogue.clickhouse)
            }
            SourceKind::Query(query) | SourceKind::Materialized { query, .. } => {
                format!("({}) AS {name}", self.query(query))
            }
            SourceKind::Numbers { offset, length } => format!(
                "numbers({}, {}) AS {name}",
                self.expr(offset),
                self.expr(length)
            ),
            SourceKind::One => format!("system.one AS {name}"),
        }
    }

    fn join(&self, join: &Join) -> String {
        let strictness = match join.strictness {
            Strictness::All => "",
            Strictness::Any => "ANY ",
            Strictness::Asof => "ASOF ",
        };
        let kind = match join.kind {
            JoinKind::Inner => "INNER JOIN",
            JoinKind::Left => "LEFT JOIN",
            JoinKind::Right => "RIGHT JOIN",
            JoinKind::Full => "FULL JOIN",
            JoinKind::Cross => "CROSS JOIN",
            JoinKind::LeftSemi => "LEFT SEMI JOIN",
            JoinKind::RightSemi => "RIGHT SEMI JOIN",
            JoinKind::LeftAnti => "LEFT ANTI JOIN",
            JoinKind::RightAnti => "RIGHT ANTI JOIN",
        };
        let mut text = format!(
            "{} {strictness}{kind} {}",
            self.from(&join.left),
            self.from(&join.right)
        );
        if let Some(on) = &join.on {
            let _ = write!(text, " ON {}", self.expr(on));
        }
        text
    }

    pub fn expr(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Literal(literal) => Self::literal(literal),
            ExprKind::Column(column) if column.is_element => {
                ident(&element_name(column.source, column.index))
            }
            ExprKind::Column(column) => {
                format!("{}.{}", source_name(column.source), ident(&column.name))
            }
            ExprKind::LambdaParameter(name) | ExprKind::StandIn { name, .. } => name.clone(),
            ExprKind::Lambda { parameters, body } => {
                format!("({}) -> {}", parameters.join(", "), self.expr(body))
            }
            // Deprecated in ClickHouse: in the words that it asks for.
            ExprKind::Call {
                function,
                arguments,
                ..
            } if function.name == "runningDifference" => {
                let value = self.expr(&arguments[0]);
                format!(
                    "minus({value}, lagInFrame({value}, 1, {value}) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW))"
                )
            }
            ExprKind::Call {
                name, arguments, ..
            } => format!("{name}({})", self.list(arguments)),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate),
            ExprKind::Window(window) => self.window(window),
            ExprKind::Cast { value, or_null } => {
                let function = if *or_null {
                    "accurateCastOrNull"
                } else {
                    "CAST"
                };
                let ty = if *or_null { expr.ty.inner() } else { &expr.ty };
                format!(
                    "{function}({}, {})",
                    self.expr(value),
                    quoted(&ty.to_string())
                )
            }
            ExprKind::In {
                needle,
                haystack,
                negated,
            } => {
                let operator = if *negated { "NOT IN" } else { "IN" };
                let haystack = match haystack {
                    Haystack::List(items) => self.list(items),
                    Haystack::Query(query) => self.query(query),
                };
                format!("({} {operator} ({haystack}))", self.expr(needle))
            }
            ExprKind::Interval { amount, unit } => {
                format!("toInterval{unit:?}({})", self.expr(amount))
            }
            ExprKind::Tuple(items) => format!("tuple({})", self.list(items)),
            ExprKind::Array(items) => format!("[{}]", self.list(items)),
            ExprKind::TupleElement { tuple, index } => {
                format!("tupleElement({}, {index})", self.expr(tuple))
            }
            ExprKind::Subquery(query) => format!("({})", self.query(query)),
            ExprKind::Exists(query) => format!("exists({})", self.query(query)),
        }
    }

    fn list(&self, items: &[Expr]) -> String {
        let items: Vec<String> = items.iter().map(|item| self.expr(item)).collect();
        items.join(", ")
    }

    fn literal(literal: &Literal) -> String {
        match literal {
            Literal::Null => "NULL".to_owned(),
            Literal::Bool(value) => value.to_string(),
            Literal::UInt(value) => value.to_string(),
            Literal::Int(value) => value.to_string(),
            Literal::Float(value) if value.is_nan() => "nan".to_owned(),
            Literal::Float(value) if value.is_infinite() => {
                if *value < 0.0 { "-inf" } else { "inf" }.to_owned()
            }
            Literal::Float(value) => format!("{value:?}"),
            Literal::String(text) => quoted(text),
        }
    }

    fn aggregate(&self, aggregate: &Aggregate) -> String {
        let mut name = aggregate.name.clone();
        if aggregate.distinct {
            name.push_str("Distinct");
        }
        let mut arguments: Vec<String> = aggregate
            .arguments
            .iter()
            .map(|argument| self.expr(argument))
            .collect();
        match aggregate.suffix {
            Suffix::None => {}
            Suffix::OrNull => name.push_str("OrNull"),
            Suffix::OrDefault => name.push_str("OrDefault"),
        }
        if let Some(filter) = &aggregate.filter {
            name.push_str("If");
            arguments.push(self.expr(filter));
        }
        let parameters = if aggregate.parameters.is_empty() {
            String::new()
        } else {
            format!("({})", self.list(&aggregate.parameters))
        };
        format!("{name}{parameters}({})", arguments.join(", "))
    }

    fn window(&self, window: &Window) -> String {
        let mut parts = Vec::new();
        if !window.partition_by.is_empty() {
            parts.push(format!("PARTITION BY {}", self.list(&window.partition_by)));
        }
        if !window.order_by.is_empty() {
            let keys = window.order_by.iter().map(|key| self.order_key(key));
            parts.push(format!("ORDER BY {}", keys.collect::<Vec<_>>().join(", ")));
        }
        if let Some(frame) = &window.frame {
            let units = if frame.is_rows { "ROWS" } else { "RANGE" };
            parts.push(format!(
                "{units} BETWEEN {} AND {}",
                self.bound(&frame.start),
                self.bound(&frame.end)
            ));
        }
        format!("{} OVER ({})", self.expr(&window.function), parts.join(" "))
    }

    fn bound(&self, bound: &Bound) -> String {
        match bound {
            Bound::UnboundedPreceding => "UNBOUNDED PRECEDING".to_owned(),
            Bound::Preceding(n) => format!("{} PRECEDING", self.expr(n)),
            Bound::CurrentRow => "CURRENT ROW".to_owned(),
            Bound::Following(n) => format!("{} FOLLOWING", self.expr(n)),
            Bound::UnboundedFollowing => "UNBOUNDED FOLLOWING".to_owned(),
        }
    }
}

/// Elements of joined arrays have no source in ClickHouse, but a name of their own.
fn element_name(source: usize, index: usize) -> String {
    format!("{}_{index}", source_name(source))
}

#[cfg(test)]
mod tests {
    use super::with_sources_in_order;

    #[test]
    fn sources_of_a_text_are_numbered_in_the_order_in_which_they_come() {
        let cases = [
            ("", ""),
            (
                "SELECT __t7.s0 FROM (…) AS __t7",
                "SELECT __to0.s0 FROM (…) AS __to0",
            ),
            (
                "__t3.x IN (SELECT y FROM (…) AS __t12 JOIN (…) AS __t4 ON __t12.s0 = __t4.s0)",
                "__t3.x IN (SELECT y FROM (…) AS __to0 JOIN (…) AS __to1 ON __to0.s0 = __to1.s0)",
            ),
            ("'__t' FROM (…) AS __t9(s0)", "'__t' FROM (…) AS __to0(s0)"),
        ];
        for (text, expected) in cases {
            assert_eq!(with_sources_in_order(text), expected, "{text}");
        }
    }
}
