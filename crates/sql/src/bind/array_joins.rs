//! ARRAY JOIN: a row for each element of arrays.

use sqlparser::ast::{
    Expr as Ast, FunctionArg, FunctionArgExpr, TableAlias, TableFactor, TableWithJoins,
};

use super::columns::Place;
use super::{Binder, Scope, ScopeKind, ScopeSource};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{ArrayJoin, Column, Expr, ExprKind, From};
use crate::names::{name_of, name_of_parts};

/// An array whose elements become a column.
struct Joined {
    array: Expr,
    name: String,
    /// Without an alias: the column that its elements stand for.
    replaced: Option<Place>,
}

impl Binder<'_> {
    /// `ARRAY JOIN a AS x, b AS y`: the parser takes the second array for a table. Whether it was one.
    pub(super) fn further_array<'q>(
        &mut self,
        join: &mut ArrayJoin,
        table: &'q TableWithJoins,
        scope: &mut Scope<'q>,
        at: usize,
    ) -> Result<bool, SqlError> {
        if !table.joins.is_empty() {
            return Ok(false);
        }
        let Some(joined) = self.joined(&table.relation, scope, at)? else {
            return Ok(false);
        };
        let column = self.element_column(&joined, at)?;
        if let Some(source) = scope.sources.iter_mut().find(|source| source.id == join.id) {
            source.columns.push(column);
            source.replaced.push(joined.replaced);
        }
        join.arrays.push((joined.array, joined.name));
        Ok(true)
    }

    pub(super) fn array_join<'q>(
        &mut self,
        input: From,
        factor: &'q TableFactor,
        is_left: bool,
        scope: &mut Scope<'q>,
        at: usize,
    ) -> Result<From, SqlError> {
        let Some(joined) = self.joined(factor, scope, at)? else {
            return Err(self.unsupported("this form of ARRAY JOIN", None, at));
        };
        let id = self.next_source();
        let column = self.element_column(&joined, at)?;
        scope.sources.push(ScopeSource {
            id,
            qualifiers: Vec::new(),
            columns: vec![column],
            replaced: vec![joined.replaced],
            or_default: false,
            kind: ScopeKind::Arrays,
        });
        Ok(From::ArrayJoin(Box::new(ArrayJoin {
            input,
            id,
            arrays: vec![(joined.array, joined.name)],
            is_left,
        })))
    }

    fn element_column(&self, joined: &Joined, at: usize) -> Result<Column, SqlError> {
        match joined.array.ty.item() {
            Some(item) => Ok(Column {
                name: joined.name.clone(),
                ty: item.clone(),
            }),
            None => Err(self.type_error(format!("{} is no array", joined.array.ty), at)),
        }
    }

    /// The array that stands where the parser wants a table.
    fn joined<'q>(
        &mut self,
        factor: &'q TableFactor,
        scope: &mut Scope<'q>,
        at: usize,
    ) -> Result<Option<Joined>, SqlError> {
        let named = |alias: &Option<TableAlias>| alias.as_ref().map(|a| a.name.value.clone());
        match factor {
            TableFactor::TableFunction { expr, alias } => {
                let array = self.expr(expr, scope)?;
                let name = named(alias).unwrap_or_else(|| name_of(expr, scope));
                Ok(Some(Joined {
                    array,
                    name,
                    replaced: None,
                }))
            }
            TableFactor::Table {
                name,
                alias,
                args: None,
                ..
            } => {
                let parts = name.0.iter().filter_map(|part| part.as_ident());
                let parts: Vec<&str> = parts.map(|part| part.value.as_str()).collect();
                let array = self.named_array(&parts, scope, at)?;
                let replaced = match named(alias) {
                    Some(_) => None,
                    None => Self::place_of(&array, scope),
                };
                let column = parts.last().copied().unwrap_or_default();
                let name = named(alias).unwrap_or_else(|| column.to_owned());
                Ok(Some(Joined {
                    array,
                    name,
                    replaced,
                }))
            }
            TableFactor::Table {
                name,
                alias,
                args: Some(args),
                ..
            } => {
                let asts = args.args.iter().filter_map(|argument| match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(ast)) => Some(ast),
                    _ => None,
                });
                let asts: Vec<&'q Ast> = asts.collect();
                let function = name.to_string().replace(['`', '"'], "");
                let array = if let [Ast::Lambda(lambda), arrays @ ..] = asts.as_slice() {
                    self.higher_order(&function, lambda, arrays, at, scope)?
                } else {
                    let arguments = self.exprs(asts.iter().copied(), scope)?;
                    self.call(&function, arguments, at)?
                };
                let name = named(alias).unwrap_or_else(|| name_of_parts(&function, &asts, scope));
                Ok(Some(Joined {
                    array,
                    name,
                    replaced: None,
                }))
            }
            _ => Ok(None),
        }
    }

    /// An array by name: a column, or what an alias stands for.
    fn named_array(
        &mut self,
        parts: &[&str],
        scope: &mut Scope<'_>,
        at: usize,
    ) -> Result<Expr, SqlError> {
        for split in 0..parts.len() {
            let qualifier = (split > 0).then(|| parts[..split].join("."));
            let name = parts[split..].join(".");
            if let Some(column) = self.column(qualifier.as_deref(), &name, at, scope)? {
                return Ok(column);
            }
        }
        let name = parts.join(".");
        if scope.is_named(&name) {
            return self.plain_name(&name, at, scope);
        }
        let message = format!("there is no column {name} to join");
        Err(self.error(ErrorKind::Unknown, message, at))
    }

    fn place_of(array: &Expr, scope: &Scope<'_>) -> Option<Place> {
        let ExprKind::Column(column) = &array.kind else {
            return None;
        };
        let mut sources = scope.sources.iter();
        let source = sources.position(|source| source.id == column.source)?;
        Some(Place {
            source,
            column: column.index,
        })
    }
}
