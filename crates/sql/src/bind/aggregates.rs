//! Aggregates and their combinators.

use sqlparser::ast::Expr as Ast;

use super::calls::fits;
use super::{Binder, Scope};
use crate::error::SqlError;
use crate::functions::{self, Class, Function, FunctionKind, Nullability};
use crate::ir::{Aggregate, Expr, ExprKind, Suffix};
use crate::types::DataType;

impl Binder<'_> {
    /// The aggregate that a name means, with its combinators.
    pub(super) fn combined(written: &str) -> Option<Combined> {
        let is_aggregate = |name: &str| {
            functions::signatures(name).is_some_and(|rows| rows[0].kind == FunctionKind::Aggregate)
        };
        let mut name = written;
        let mut suffix = Suffix::None;
        let mut has_condition = false;
        let mut is_distinct = false;
        let mut is_filled_behind = false;
        loop {
            if is_aggregate(name) {
                return Some(Combined {
                    name: name.to_owned(),
                    suffix,
                    has_condition,
                    is_distinct,
                    is_filled_behind,
                });
            }
            if let Some(rest) = name.strip_suffix("OrNull") {
                suffix = Suffix::OrNull;
                name = rest;
            } else if let Some(rest) = name.strip_suffix("OrDefault") {
                suffix = Suffix::OrDefault;
                name = rest;
            } else if let Some(rest) = name.strip_suffix("Distinct") {
                is_distinct = true;
                name = rest;
            } else if let Some(rest) = name.strip_suffix("If") {
                if has_condition {
                    return None;
                }
                has_condition = true;
                is_filled_behind = suffix != Suffix::None;
                name = rest;
            } else {
                return None;
            }
        }
    }

    pub(super) fn aggregate<'q>(
        &mut self,
        call: AggregateCall<'q, '_>,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let AggregateCall {
            written,
            combined,
            parameters,
            asts,
            filter,
            is_distinct,
            at,
        } = call;
        if combined.is_filled_behind {
            // Some of them are then filled where the condition leaves no row, and some are not.
            let hint = Some("put If last, as in sumOrNullIf");
            return Err(self.unsupported(written, hint, at));
        }
        let mut arguments = self.exprs(asts, scope)?;
        let mut conditions = Vec::new();
        if combined.has_condition {
            let Some(condition) = arguments.pop() else {
                return Err(self.type_error(format!("{written} needs a condition"), at));
            };
            conditions.push(condition);
        }
        if let Some(filter) = filter {
            conditions.push(self.expr(filter, scope)?);
        }
        for condition in &conditions {
            if !fits(Class::Condition, condition) {
                let message = format!("{} is no condition", condition.ty);
                return Err(self.type_error(message, condition.at));
            }
        }
        let filter = match conditions.len() {
            0 | 1 => conditions.pop(),
            _ => Some(self.call("and", conditions, at)?),
        };
        let is_distinct = is_distinct || combined.is_distinct;
        let mut name = combined.name;
        if is_distinct && name.eq_ignore_ascii_case("count") {
            "uniqExact".clone_into(&mut name);
        }
        let function = self.signature(&name, &arguments, at)?;
        let is_count_distinct = function.name == "uniqExact";
        for parameter in &parameters {
            if !parameter.is_literal() {
                let message = format!("a parameter of {written} must be a literal");
                return Err(self.type_error(message, parameter.at));
            }
        }
        self.functions.insert(function.name);
        let ty = self.result_type(function, &arguments, at)?;
        let ty = match ty {
            // With a condition it is not Nullable.
            DataType::Nullable(inner)
                if filter.is_some() && matches!(*inner, DataType::Tuple(_)) =>
            {
                *inner
            }
            ty => ty,
        };
        let is_null_for_empty = self.settings.aggregate_functions_null_for_empty
            && !counts(function)
            && ty.clone().nullable().is_nullable();
        let suffix = if is_null_for_empty {
            Suffix::OrNull
        } else {
            combined.suffix
        };
        let ty = match suffix {
            Suffix::OrNull if matches!(ty, DataType::Tuple(_)) => DataType::Nullable(Box::new(ty)),
            Suffix::OrNull => ty.nullable(),
            _ => ty,
        };
        let aggregate = Aggregate {
            function,
            name,
            parameters,
            arguments,
            filter,
            distinct: is_distinct && !is_count_distinct,
            suffix,
        };
        self.node(ExprKind::Aggregate(Box::new(aggregate)), ty, at)
    }
}

/// Whether the aggregate answers 0 for no rows, whatever the settings are: `uniqCombined` does not.
fn counts(function: &Function) -> bool {
    function.nullability == Nullability::Never
}

/// A name taken apart: `sumOrNullIf`.
pub(super) struct Combined {
    name: String,
    suffix: Suffix,
    has_condition: bool,
    is_distinct: bool,
    /// Whether `-OrNull` or `-OrDefault` stands behind `-If`.
    is_filled_behind: bool,
}

pub(super) struct AggregateCall<'q, 'n> {
    pub(super) written: &'n str,
    pub(super) combined: Combined,
    pub(super) parameters: Vec<Expr>,
    pub(super) asts: Vec<&'q Ast>,
    pub(super) filter: Option<&'q Ast>,
    pub(super) is_distinct: bool,
    pub(super) at: usize,
}
