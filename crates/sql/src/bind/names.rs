//! Names: columns, aliases, parameters of lambdas.

use sqlparser::ast::{Expr as Ast, Ident};

use super::{Binder, Scope};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{Expr, ExprKind, Literal};
use crate::types::DataType;

impl Binder<'_> {
    pub(super) fn name(
        &mut self,
        ident: &Ident,
        at: usize,
        scope: &mut Scope<'_>,
    ) -> Result<Expr, SqlError> {
        let name = ident.value.as_str();
        if let Some(parameter) = scope.lambdas.iter().rev().find(|p| p.name == name) {
            let kind = ExprKind::LambdaParameter(parameter.unique.clone());
            let ty = parameter.ty.clone();
            return self.node(kind, ty, at);
        }
        if let Some(&alias) = scope.aliases.get(name)
            && !scope.resolving.iter().any(|resolving| resolving == name)
        {
            return self.alias(name, alias, scope);
        }
        if let Some(column) = self.column(None, name, at, scope)? {
            return Ok(column);
        }
        if let Some(&expression) = scope.outer.expressions.get(name)
            && !scope.resolving.iter().any(|resolving| resolving == name)
        {
            return self.alias(name, expression, scope);
        }
        if let Some(special) = special_number(name) {
            let literal = ExprKind::Literal(Literal::Float(special));
            return self.node(literal, DataType::Float64, at);
        }
        Err(self.unknown_name(name, at, scope))
    }

    pub(super) fn plain_name(
        &mut self,
        name: &str,
        at: usize,
        scope: &mut Scope<'_>,
    ) -> Result<Expr, SqlError> {
        if let Some(&alias) = scope.aliases.get(name) {
            return self.alias(name, alias, scope);
        }
        if let Some(&expression) = scope.outer.expressions.get(name) {
            return self.alias(name, expression, scope);
        }
        Err(self.unknown_name(name, at, scope))
    }

    /// What an alias stands for, in its place. Lambda parameters around it mean nothing in it.
    pub(super) fn alias<'q>(
        &mut self,
        name: &str,
        ast: &'q Ast,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        scope.resolving.push(name.to_owned());
        let lambdas = std::mem::take(&mut scope.lambdas);
        let bound = self.expr(ast, scope);
        scope.lambdas = lambdas;
        scope.resolving.pop();
        bound
    }

    pub(super) fn compound(
        &mut self,
        parts: &[Ident],
        at: usize,
        scope: &mut Scope<'_>,
    ) -> Result<Expr, SqlError> {
        // A subquery's column may have a name with dots in it, as `b.x` of a join.
        for split in 0..parts.len() {
            let text = |parts: &[Ident]| {
                let parts: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
                parts.join(".")
            };
            let qualifier = (split > 0).then(|| text(&parts[..split]));
            let name = text(&parts[split..]);
            if let Some(column) = self.column(qualifier.as_deref(), &name, at, scope)? {
                return Ok(column);
            }
        }
        // `t.1`: an element of a tuple.
        if let [tuple, index] = parts
            && let Ok(index) = index.value.parse::<usize>()
        {
            let tuple = self.name(tuple, at, scope)?;
            return self.tuple_element(tuple, index, at);
        }
        let written: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
        Err(self.unknown_name(&written.join("."), at, scope))
    }

    pub(super) fn unknown_name(&self, name: &str, at: usize, scope: &Scope<'_>) -> SqlError {
        let columns = scope.sources.iter().flat_map(|source| &source.columns);
        let known = columns
            .map(|column| column.name.as_str())
            .chain(scope.aliases.keys().map(String::as_str));
        let mut error = self.error(
            ErrorKind::Unknown,
            format!("there is no column or alias {name}"),
            at,
        );
        error.hint = crate::similar::nearest(name, known);
        error
    }
}

/// The number that ClickHouse's parser takes a name for, in any case of its letters.
pub(super) fn special_number(name: &str) -> Option<f64> {
    match name.to_ascii_lowercase().as_str() {
        "nan" => Some(f64::NAN),
        "inf" | "infinity" => Some(f64::INFINITY),
        _ => None,
    }
}
