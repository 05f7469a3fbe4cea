//! Integers of 64 bits that BIGINT does not hold, or that arithmetic takes beyond its end: what ClickHouse
//! lets go around.
//!
//! Where they can occur, DuckDB computes with HUGEINT, and the result goes around. Ids, counts and times in
//! ms are far from the end; for them BIGINT is enough, and half as slow.

use super::{Lowering, inner_type_with};
use crate::ir::{Expr, ExprKind, Literal, Query};
use crate::types::DataType;

/// Bits that values of 64 bits usually need: ids, counts, and ms since the epoch, which take 41.
const USUAL_BITS: u32 = 42;

impl Lowering<'_> {
    /// Whether a result of 64 bits has to be computed with more. Where that is not foreseen, as in the sum of
    /// two ids near the end of the range, DuckDB fails, and no result is wrong.
    pub(super) fn may_exceed(&self, name: &str, a: &Expr, b: &Expr) -> bool {
        let is_product = name == "multiply" && is_large_product(a, b);
        is_product || self.is_large(a) || self.is_large(b)
    }

    /// Whether an integer can be near the end of BIGINT or beyond.
    pub(super) fn is_large(&self, expr: &Expr) -> bool {
        if !holds_64_bits(&expr.ty) {
            return false;
        }
        match &expr.kind {
            ExprKind::Literal(_) => magnitude_bits(expr) > 62,
            ExprKind::LambdaParameter(name) => self.large_parameters.contains(name),
            ExprKind::Column(column) => self.large_columns.contains(&(column.source, column.index)),
            // Whose columns are not known yet.
            ExprKind::Subquery(_) => true,
            ExprKind::Aggregate(aggregate) => {
                let arguments = &aggregate.arguments;
                match aggregate.function.name {
                    "sum" => arguments.iter().any(|value| holds_64_bits(&value.ty)),
                    _ => arguments.iter().any(|value| self.is_large(value)),
                }
            }
            ExprKind::Cast { value, .. } => {
                is_unsigned_of_signed(&expr.ty, &value.ty) || self.is_large(value)
            }
            ExprKind::Call {
                function,
                arguments,
                ..
            } => match function.name {
                "multiply" if is_large_product(&arguments[0], &arguments[1]) => true,
                "toUInt64" if is_unsigned_of_signed(&expr.ty, &arguments[0].ty) => true,
                "toUInt64OrZero" | "toUInt64OrNull" | "toInt64OrZero" | "toInt64OrNull" => true,
                "toInt64" if arguments[0].ty.is_string() => true,
                // Whoever writes a payload writes any number.
                name if name.contains("JSONExtract") || name.starts_with("visitParam") => true,
                _ => arguments.iter().any(|argument| self.is_large(argument)),
            },
            _ => expr.children().into_iter().any(|part| self.is_large(part)),
        }
    }

    /// Whether an integer has more digits than a float.
    pub(super) fn is_beyond_double(&self, expr: &Expr) -> bool {
        self.is_large(expr)
            || (expr.is_literal() && expr.ty.is_integer() && magnitude_bits(expr) > 53)
    }

    /// Of each column whether it can hold such integers; after the query was lowered.
    pub(super) fn large_columns_of(&self, query: &Query) -> Vec<bool> {
        match query {
            Query::Select(select) => {
                let items = select.items.iter();
                items.map(|item| self.is_large(&item.expr)).collect()
            }
            Query::Set {
                branches, columns, ..
            } => {
                let mut are_large = vec![false; columns.len()];
                for branch in branches {
                    for (is_large, more) in are_large.iter_mut().zip(self.large_columns_of(branch))
                    {
                        *is_large |= more;
                    }
                }
                are_large
            }
        }
    }
}

/// Whether a value has an integer of 64 bits, or is one.
fn holds_64_bits(ty: &DataType) -> bool {
    match ty.inner() {
        DataType::Array(item) => holds_64_bits(item),
        DataType::Tuple(items) => items.iter().any(holds_64_bits),
        ty => is_of_64_bits(ty),
    }
}

/// DuckDB's type for a value within a query that holds integers near the end of 64 bits.
pub(super) fn wide_type(ty: &DataType) -> String {
    inner_type_with(ty, "HUGEINT")
}

/// Whether values of a type can be beyond 32 bits.
pub(super) fn is_of_64_bits(ty: &DataType) -> bool {
    matches!(ty.inner(), DataType::UInt64 | DataType::Int64)
}

fn is_unsigned_of_signed(ty: &DataType, from: &DataType) -> bool {
    *ty.inner() == DataType::UInt64 && !from.is_unsigned() && *from.inner() != DataType::Bool
}

fn is_large_product(a: &Expr, b: &Expr) -> bool {
    magnitude_bits(a) + magnitude_bits(b) > 62
}

/// How many bits an integer needs, at most or usually.
fn magnitude_bits(operand: &Expr) -> u32 {
    if let ExprKind::StandIn { of, .. } = &operand.kind {
        return magnitude_bits(of);
    }
    let bits = operand.ty.magnitude_bits().unwrap_or(64);
    match (&operand.kind, operand.as_call()) {
        (ExprKind::Literal(Literal::UInt(value)), _) => 64 - value.leading_zeros(),
        (ExprKind::Literal(Literal::Int(value)), _) => 64 - value.unsigned_abs().leading_zeros(),
        (_, Some((function, [a, b]))) if function.name == "multiply" => {
            bits.min(magnitude_bits(a) + magnitude_bits(b))
        }
        (_, Some((function, [a, b]))) if matches!(function.name, "plus" | "minus") => {
            bits.min(magnitude_bits(a).max(magnitude_bits(b)) + 1)
        }
        _ if bits > 32 => USUAL_BITS,
        _ => bits,
    }
}
