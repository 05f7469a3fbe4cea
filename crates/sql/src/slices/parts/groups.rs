//! What is kept of a slice's groups, and how the groups of all slices become one.
//!
//! What is counted once however often it comes (`uniqExact(x)`) is one more key of a slice: the
//! rows of all slices say how many there are. Aggregates that depend on the order (a sum of
//! floats, `any`) or need every value (a median) are not taken.

use crate::functions::{self, Function, Lowering};
use crate::ir::{
    Aggregate, ColumnRef, Distinct, Expr, ExprKind, From, Grouping, Item, Select, Suffix,
};
use crate::types::DataType;

/// The columns of a slice's rows: keys, then aggregates.
pub(super) struct Groups {
    /// The source of the events, for which the rows stand.
    events: usize,
    keys: Vec<Expr>,
    aggregates: Vec<Expr>,
}

impl Groups {
    /// The keys that a select needs; `None` if it makes no groups, or none by simple values.
    pub fn of(select: &Select, events: usize) -> Option<Groups> {
        let mut keys = match (&select.grouping, &select.distinct) {
            (Grouping::Plain, _) => select.group_by.clone(),
            (Grouping::None, Distinct::Rows) => {
                select.items.iter().map(|item| item.expr.clone()).collect()
            }
            _ => return None,
        };
        for clause in select.clauses() {
            counted_values(clause, &mut keys);
        }
        // A literal in GROUP BY would be the place of a column.
        let are_simple = keys
            .iter()
            .all(|key| !key.is_literal() && is_simple(&key.ty));
        are_simple.then_some(Groups {
            events,
            keys,
            aggregates: Vec::new(),
        })
    }

    /// Makes of an expression over the events one over the rows; `None` where that would not be
    /// the same.
    pub fn rewrite(&mut self, expr: &mut Expr) -> Option<()> {
        if let Some(index) = self.keys.iter().position(|key| key == expr) {
            *expr = self.column(index, expr);
            return Some(());
        }
        match &expr.kind {
            ExprKind::Column(_) => return None,
            ExprKind::Aggregate(aggregate) if !counts_values(aggregate) => {
                *expr = self.merged(aggregate, expr)?;
                return Some(());
            }
            _ => {}
        }
        let mut children = expr.children_mut().into_iter();
        children.try_for_each(|child| self.rewrite(child))
    }

    /// What is asked of a slice.
    pub fn partial(self, from: Option<From>, filter: Option<Expr>) -> Select {
        let item = |expr: &Expr| Item {
            expr: expr.clone(),
            name: String::new(),
        };
        Select {
            distinct: Distinct::No,
            items: self.keys.iter().chain(&self.aggregates).map(item).collect(),
            from,
            filter,
            group_by: self.keys,
            grouping: Grouping::Plain,
            having: None,
            qualify: None,
            order_by: Vec::new(),
            limit_by: None,
            limit: None,
            offset: None,
            with_ties: false,
        }
    }

    /// The aggregate of the slices' aggregates that is the one of the events.
    fn merged(&mut self, aggregate: &Aggregate, expr: &Expr) -> Option<Expr> {
        let is_plain = !aggregate.distinct
            && aggregate.parameters.is_empty()
            && aggregate.suffix == Suffix::None;
        let argument = aggregate.arguments.first();
        match (aggregate.function.name, argument) {
            _ if !is_plain => None,
            ("count", _) => self.summed(expr.clone()),
            ("sum", Some(value)) if value.ty.is_integer() => self.summed(expr.clone()),
            ("avg", Some(value)) if value.ty.is_integer() => self.mean(aggregate, value, expr),
            ("min" | "max", Some(value)) if is_ordered(&value.ty) => {
                Some(self.extreme(aggregate, expr))
            }
            _ => None,
        }
    }

    /// The sum of what the slices have.
    fn summed(&mut self, of_slice: Expr) -> Option<Expr> {
        let (ty, at) = (of_slice.ty.clone(), of_slice.at);
        let column = self.aggregated(of_slice);
        let sum = call_of(function("sum", 1)?, vec![column], None);
        Some(Expr::new(sum, ty, at))
    }

    /// As the average is computed: the sum, which may go around, by the count.
    fn mean(&mut self, aggregate: &Aggregate, value: &Expr, expr: &Expr) -> Option<Expr> {
        let whole = if value.ty.is_unsigned() {
            DataType::UInt64
        } else {
            DataType::Int64
        };
        let whole = whole.nullable_if(value.ty.is_nullable());
        let filter = &aggregate.filter;
        let sum = call_of(function("sum", 1)?, vec![value.clone()], filter.clone());
        let count = call_of(function("count", 1)?, vec![value.clone()], filter.clone());
        let divide = function("divide", 2)?;
        let sum = self.summed(Expr::new(sum, whole, expr.at))?;
        let count = self.summed(Expr::new(count, DataType::UInt64, expr.at))?;
        let quotient = ExprKind::Call {
            function: divide,
            name: divide.name.to_owned(),
            arguments: vec![sum, count],
        };
        Some(Expr::new(quotient, expr.ty.clone(), expr.at))
    }

    fn extreme(&mut self, aggregate: &Aggregate, expr: &Expr) -> Expr {
        let (ty, at) = (&expr.ty, expr.at);
        // NULL, and not the type's default, where a slice has no row to choose from.
        let of_slice = Aggregate {
            suffix: Suffix::OrNull,
            ..aggregate.clone()
        };
        let of_slice = ExprKind::Aggregate(Box::new(of_slice));
        let column = self.aggregated(Expr::new(of_slice, ty.clone().nullable(), at));
        let merged = Aggregate {
            arguments: vec![column],
            filter: None,
            suffix: Suffix::OrDefault,
            ..aggregate.clone()
        };
        Expr::new(ExprKind::Aggregate(Box::new(merged)), ty.clone(), at)
    }

    /// The column of an aggregate of the slices.
    fn aggregated(&mut self, aggregate: Expr) -> Expr {
        let known = self.aggregates.iter().position(|known| *known == aggregate);
        let index = known.unwrap_or(self.aggregates.len());
        let column = self.column(self.keys.len() + index, &aggregate);
        if known.is_none() {
            self.aggregates.push(aggregate);
        }
        column
    }

    /// The column that holds an expression.
    fn column(&self, index: usize, expr: &Expr) -> Expr {
        let column = ColumnRef {
            source: self.events,
            index,
            name: String::new(),
            or_default: false,
            is_element: false,
        };
        Expr::new(ExprKind::Column(column), expr.ty.clone(), expr.at)
    }
}

/// Adds to `keys` what the expression counts once.
fn counted_values(expr: &Expr, keys: &mut Vec<Expr>) {
    if let ExprKind::Aggregate(aggregate) = &expr.kind
        && counts_values(aggregate)
    {
        for value in &aggregate.arguments {
            if !keys.contains(value) {
                keys.push(value.clone());
            }
        }
    }
    for child in expr.children() {
        counted_values(child, keys);
    }
}

/// Whether an aggregate counts how many different values there are.
fn counts_values(aggregate: &Aggregate) -> bool {
    let function = aggregate.function;
    function.lowering == Lowering::Pass("count_distinct")
        || (function.name == "count" && aggregate.distinct && aggregate.arguments.len() == 1)
}

fn call_of(function: &'static Function, arguments: Vec<Expr>, filter: Option<Expr>) -> ExprKind {
    ExprKind::Aggregate(Box::new(Aggregate {
        function,
        name: function.name.to_owned(),
        parameters: Vec::new(),
        arguments,
        filter,
        distinct: false,
        suffix: Suffix::None,
    }))
}

/// The signature of a function with `n` arguments.
fn function(name: &str, n: usize) -> Option<&'static Function> {
    let signatures = functions::signatures(name)?.iter();
    signatures.copied().find(|function| function.takes(n))
}

/// Whether the greatest value of slices' greatest is the greatest: NaN has rules of its own.
fn is_ordered(ty: &DataType) -> bool {
    is_simple(ty) && !ty.is_float()
}

/// Whether values go from the store into rows and back as they are.
fn is_simple(ty: &DataType) -> bool {
    ty.is_integer() || ty.is_float() || *ty.inner() == DataType::String || ty.is_time()
}
