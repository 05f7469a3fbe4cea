//! The expressions of a select, and those of an expression, to change them.

use super::{Aggregate, Distinct, Expr, ExprKind, Haystack, Select, Window};

impl Select {
    /// The expressions of all clauses but FROM and WHERE.
    pub fn clauses(&self) -> Vec<&Expr> {
        let distinct = match &self.distinct {
            Distinct::On(keys) => &keys[..],
            Distinct::No | Distinct::Rows => &[],
        };
        let fills = self.order_by.iter().filter_map(|key| key.fill.as_ref());
        let fills = fills.flat_map(|fill| fill.from.iter().chain(&fill.to).chain(&fill.step));
        let by = self.limit_by.iter();
        let by = by.flat_map(|by| by.keys.iter().chain([&by.limit, &by.offset]));
        let items = self.items.iter().map(|item| &item.expr);
        items
            .chain(&self.group_by)
            .chain(distinct)
            .chain(&self.having)
            .chain(&self.qualify)
            .chain(self.order_by.iter().map(|key| &key.expr))
            .chain(fills)
            .chain(by)
            .chain(&self.limit)
            .chain(&self.offset)
            .collect()
    }

    /// As [`Select::clauses`], to change them.
    pub fn clauses_mut(&mut self) -> Vec<&mut Expr> {
        let distinct = match &mut self.distinct {
            Distinct::On(keys) => &mut keys[..],
            Distinct::No | Distinct::Rows => &mut [],
        };
        let mut clauses: Vec<&mut Expr> = self.items.iter_mut().map(|i| &mut i.expr).collect();
        clauses.extend(&mut self.group_by);
        clauses.extend(distinct);
        clauses.extend(&mut self.having);
        clauses.extend(&mut self.qualify);
        for key in &mut self.order_by {
            clauses.push(&mut key.expr);
            if let Some(fill) = &mut key.fill {
                clauses.extend(&mut fill.from);
                clauses.extend(&mut fill.to);
                clauses.extend(&mut fill.step);
            }
        }
        if let Some(by) = &mut self.limit_by {
            clauses.extend(&mut by.keys);
            clauses.extend([&mut by.limit, &mut by.offset]);
        }
        clauses.extend(&mut self.limit);
        clauses.extend(&mut self.offset);
        clauses
    }
}

impl Expr {
    /// As [`Expr::children`], to change them.
    pub fn children_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.kind {
            ExprKind::Literal(_)
            | ExprKind::Column(_)
            | ExprKind::LambdaParameter(_)
            | ExprKind::Subquery(_)
            | ExprKind::Exists(_) => Vec::new(),
            ExprKind::Lambda { body, .. } => vec![body],
            ExprKind::Call { arguments, .. } => arguments.iter_mut().collect(),
            ExprKind::Aggregate(aggregate) => {
                let Aggregate {
                    arguments, filter, ..
                } = &mut **aggregate;
                arguments.iter_mut().chain(filter).collect()
            }
            ExprKind::Window(window) => {
                let Window {
                    function,
                    partition_by,
                    order_by,
                    ..
                } = &mut **window;
                let keys = order_by.iter_mut().map(|key| &mut key.expr);
                let function = std::iter::once(function);
                function.chain(partition_by).chain(keys).collect()
            }
            ExprKind::Cast { value, .. } => vec![value],
            ExprKind::In {
                needle, haystack, ..
            } => match haystack {
                Haystack::List(items) => std::iter::once(&mut **needle).chain(items).collect(),
                Haystack::Query(_) => vec![needle],
            },
            ExprKind::Interval { amount, .. } => vec![amount],
            ExprKind::Tuple(items) | ExprKind::Array(items) => items.iter_mut().collect(),
            ExprKind::TupleElement { tuple, .. } => vec![tuple],
            ExprKind::StandIn { of, .. } => vec![of],
        }
    }
}
