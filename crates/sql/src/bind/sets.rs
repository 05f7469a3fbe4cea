//! IN and BETWEEN, and constants that become what they are compared with.

use sqlparser::ast::{Expr as Ast, InTarget};

use super::{Binder, Scope};
use crate::error::SqlError;
use crate::ir::{Expr, ExprKind, Haystack, Literal};
use crate::types::DataType;
use crate::typing::supertype;

impl Binder<'_> {
    pub(super) fn between<'q>(
        &mut self,
        [value, low, high]: [&'q Ast; 3],
        is_negated: bool,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let value = self.expr(value, scope)?;
        let (low, high) = (self.expr(low, scope)?, self.expr(high, scope)?);
        let (below, above, both) = if is_negated {
            ("less", "greater", "or")
        } else {
            ("greaterOrEquals", "lessOrEquals", "and")
        };
        let low = self.call(below, vec![value.clone(), low], at)?;
        let high = self.call(above, vec![value, high], at)?;
        self.call(both, vec![low, high], at)
    }

    pub(super) fn in_target<'q>(
        &mut self,
        needle: &'q Ast,
        target: &'q InTarget,
        negated: bool,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let needle = self.expr(needle, scope)?;
        let haystack = match target {
            InTarget::Subquery(query) => {
                Haystack::Query(Box::new(self.query(query, &scope.outer)?))
            }
            InTarget::List(items) => {
                if let [Ast::Identifier(table)] = items.as_slice()
                    && let Some(query) = self.common_table(&table.value, &scope.outer)?
                {
                    Haystack::Query(Box::new(query))
                } else {
                    Haystack::List(self.in_items(items, &needle, scope)?)
                }
            }
            InTarget::Table { name, .. } => {
                if let Some(query) = self.common_table(&name.to_string(), &scope.outer)? {
                    Haystack::Query(Box::new(query))
                } else {
                    let item = self.plain_name(&name.to_string(), at, scope)?;
                    Haystack::List(self.in_values(vec![item], &needle)?)
                }
            }
            InTarget::Unnest(_) => return Err(self.unsupported("UNNEST", None, at)),
        };
        if let Haystack::Query(query) = &haystack {
            let n_columns = query.columns().len();
            let n_wanted = match &needle.ty {
                DataType::Tuple(items) => items.len(),
                _ => 1,
            };
            if n_columns != n_wanted {
                let message = format!("the subquery of IN has {n_columns} columns, not {n_wanted}");
                return Err(self.type_error(message, at));
            }
        }
        let ty = if needle.ty.is_nothing() {
            DataType::Nothing.nullable()
        } else {
            DataType::UInt8.nullable_if(needle.ty.is_nullable())
        };
        let kind = ExprKind::In {
            needle: Box::new(needle),
            haystack,
            negated,
        };
        self.node(kind, ty, at)
    }

    /// The elements of a list; an array or a tuple of them stands for its elements.
    pub(super) fn in_items<'q>(
        &mut self,
        items: &'q [Ast],
        needle: &Expr,
        scope: &mut Scope<'q>,
    ) -> Result<Vec<Expr>, SqlError> {
        let bound = self.exprs(items, scope)?;
        self.in_values(bound, needle)
    }

    pub(super) fn in_values(
        &mut self,
        mut bound: Vec<Expr>,
        needle: &Expr,
    ) -> Result<Vec<Expr>, SqlError> {
        if let DataType::Tuple(types) = &needle.ty
            && bound.len() == types.len()
            && bound.len() > 1
            && !bound
                .iter()
                .any(|item| matches!(item.ty, DataType::Tuple(_)))
        {
            // `(a, b) IN (1, 2)`: one tuple.
            let at = bound[0].at;
            bound = vec![self.tuple(bound, at)?];
        }
        if let [single] = bound.as_mut_slice() {
            let is_list = match (&single.kind, &needle.ty) {
                (ExprKind::Array(parts), DataType::Array(_)) => {
                    !parts.is_empty() && parts.iter().all(|part| part.ty.item().is_some())
                }
                (ExprKind::Array(_), _) => true,
                (ExprKind::Tuple(parts), DataType::Tuple(_)) => parts
                    .iter()
                    .all(|part| matches!(part.kind, ExprKind::Tuple(_))),
                (ExprKind::Tuple(_), _) => true,
                _ => false,
            };
            if is_list
                && let ExprKind::Array(parts) | ExprKind::Tuple(parts) =
                    std::mem::replace(&mut single.kind, ExprKind::Literal(Literal::Null))
            {
                bound = parts;
            }
        }
        let mut items = Vec::with_capacity(bound.len());
        for item in bound {
            if !item.is_constant() {
                return Err(self.unsupported(
                    "IN with an element that is no constant",
                    Some("write has([a, b], x), or x = a OR x = b"),
                    item.at,
                ));
            }
            items.push(self.comparable(item, &needle.ty)?);
        }
        Ok(items)
    }

    /// Makes a text that is compared with a number or a time what it is compared with, as
    /// ClickHouse does with constants.
    pub(super) fn comparable(&mut self, item: Expr, with: &DataType) -> Result<Expr, SqlError> {
        if let (ExprKind::Tuple(parts), DataType::Tuple(types)) = (&item.kind, with) {
            if parts.len() != types.len() {
                let message = format!(
                    "a tuple of {} elements is compared with one of {}",
                    parts.len(),
                    types.len()
                );
                return Err(self.type_error(message, item.at));
            }
            let at = item.at;
            let parts = parts.clone();
            let parts: Result<Vec<Expr>, SqlError> = parts
                .into_iter()
                .zip(types)
                .map(|(part, ty)| self.comparable(part, ty))
                .collect();
            return self.tuple(parts?, at);
        }
        let Some(text) = item.as_text() else {
            let fits = item.is_null_literal()
                || with.is_nothing()
                || supertype([&item.ty, with]).is_some()
                || (item.ty.is_number() && with.is_number())
                || (with.is_datetime() && item.ty.is_number())
                || (with.is_number() && item.ty.is_datetime());
            if fits {
                return Ok(item);
            }
            let message = format!("{} cannot be compared with {with}", item.ty);
            let mut error = self.type_error(message, item.at);
            error.hint = Some("convert one of them, as in toString(x)".to_owned());
            return Err(error);
        };
        if with.is_number() {
            return self.number_of_text(text, with, item.at);
        }
        if with.is_time() {
            return self.time_of_text(text.to_owned(), with, item.at);
        }
        if with.is_string() || with.is_nothing() {
            return Ok(item);
        }
        Err(self.type_error(format!("String cannot be compared with {with}"), item.at))
    }

    pub(super) fn number_of_text(
        &mut self,
        text: &str,
        with: &DataType,
        at: usize,
    ) -> Result<Expr, SqlError> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let is_number = digits.parse::<f64>().is_ok()
            && digits.starts_with(|c: char| c.is_ascii_digit())
            && (with.is_float() || with.is_decimal() || digits.bytes().all(|b| b.is_ascii_digit()));
        if !is_number {
            return Err(self.type_error(format!("'{text}' is no {}", with.inner()), at));
        }
        self.number(digits, is_negative, at)
    }
}
