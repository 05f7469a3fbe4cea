//! The clauses behind WHERE: GROUP BY, ORDER BY with its fills, and the limits.

use sqlparser::ast::{
    self, Expr as Ast, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr,
    GroupByWithModifier, LimitClause, OrderByExpr, OrderByKind, OrderBySort,
};

use super::{Binder, Scope};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{Expr, ExprKind, Fill, Grouping, Item, LimitBy, Literal, OrderKey, Query};
use crate::types::DataType;

impl Binder<'_> {
    pub(super) fn group_by<'q>(
        &mut self,
        group_by: &'q GroupByExpr,
        items: &[Item],
        scope: &mut Scope<'q>,
        at: usize,
    ) -> Result<(Vec<Expr>, Grouping), SqlError> {
        let (asts, modifiers) = match group_by {
            GroupByExpr::All(modifiers) => {
                let keys = items.iter().map(|item| &item.expr);
                let keys = keys.filter(|key| !key.has_aggregate()).cloned().collect();
                return Ok((keys, self.grouping(modifiers, at)?));
            }
            GroupByExpr::Expressions(asts, modifiers) => (asts, modifiers),
        };
        let mut keys = Vec::new();
        let mut grouping = self.grouping(modifiers, at)?;
        for ast in asts {
            match ast {
                Ast::Rollup(sets) if asts.len() == 1 => {
                    grouping = Grouping::Rollup;
                    for key in sets.iter().flatten() {
                        keys.push(self.key(key, items, scope)?);
                    }
                }
                Ast::Cube(sets) if asts.len() == 1 => {
                    grouping = Grouping::Cube;
                    for key in sets.iter().flatten() {
                        keys.push(self.key(key, items, scope)?);
                    }
                }
                Ast::GroupingSets(sets) if asts.len() == 1 => {
                    let mut places = Vec::with_capacity(sets.len());
                    for set in sets {
                        places.push(self.grouping_set(set, &mut keys, items, scope)?);
                    }
                    grouping = Grouping::Sets(places);
                }
                Ast::Tuple(parts) => {
                    for key in parts {
                        keys.push(self.key(key, items, scope)?);
                    }
                }
                key => keys.push(self.key(key, items, scope)?),
            }
        }
        if self.settings.group_by_use_nulls && grouping.leaves_keys_out() {
            let hint = Some("tell totals by grouping(key)");
            let what = "the setting `group_by_use_nulls` beside ROLLUP, CUBE or GROUPING SETS";
            return Err(self.unsupported(what, hint, at));
        }
        if keys.is_empty() {
            if matches!(&grouping, Grouping::Sets(sets) if sets.len() > 1) {
                return Err(self.unsupported("GROUPING SETS without a key", None, at));
            }
            return Ok((keys, Grouping::None));
        }
        if matches!(grouping, Grouping::Rollup | Grouping::Cube) {
            keys = elements(keys);
        }
        for key in &keys {
            if key.has_aggregate() {
                return Err(self.type_error("an aggregate cannot be a key of GROUP BY", key.at));
            }
        }
        Ok((keys, grouping))
    }

    /// The places of a set's keys among all `keys`, which get those that are new.
    fn grouping_set<'q>(
        &mut self,
        set: &'q [Ast],
        keys: &mut Vec<Expr>,
        items: &[Item],
        scope: &mut Scope<'q>,
    ) -> Result<Vec<usize>, SqlError> {
        let mut places = Vec::with_capacity(set.len());
        for key in set {
            let key = self.key(key, items, scope)?;
            let known = keys.iter().position(|other| *other == key);
            places.push(known.unwrap_or(keys.len()));
            if known.is_none() {
                keys.push(key);
            }
        }
        Ok(places)
    }

    /// The query with the settings `limit` and `offset`, which come on top of its own clauses.
    pub(super) fn within_limit(&self, query: Query) -> Result<Query, SqlError> {
        let (limit, offset) = (self.settings.limit, self.settings.offset);
        if limit.is_none() && offset == 0 {
            return Ok(query);
        }
        let refuse = |what: &str, at: usize| {
            let hint = Some("write SELECT * FROM (…) LIMIT …");
            self.unsupported(
                &format!("the setting `limit` or `offset` for {what}"),
                hint,
                at,
            )
        };
        let mut select = match query {
            Query::Select(select) => select,
            Query::Set { .. } => return Err(refuse("a UNION", 0)),
        };
        if select.with_ties {
            return Err(refuse("LIMIT WITH TIES", 0));
        }
        let rows = |amount: &Option<Expr>| match amount {
            None => Ok(None),
            Some(amount) => match &amount.kind {
                ExprKind::Literal(Literal::UInt(n)) => Ok(Some(*n)),
                _ => Err(refuse("a LIMIT that is no number", amount.at)),
            },
        };
        let (own_limit, own_offset) = (rows(&select.limit)?, rows(&select.offset)?);
        let left = own_limit.map(|own| own.saturating_sub(offset));
        let number = |n: u64| Expr::new(ExprKind::Literal(Literal::UInt(n)), DataType::UInt64, 0);
        select.limit = left.into_iter().chain(limit).min().map(number);
        select.offset = Some(own_offset.unwrap_or(0).saturating_add(offset))
            .filter(|&n| n > 0)
            .map(number);
        Ok(Query::Select(select))
    }

    fn grouping(&self, modifiers: &[GroupByWithModifier], at: usize) -> Result<Grouping, SqlError> {
        let mut grouping = Grouping::Plain;
        for modifier in modifiers {
            match modifier {
                GroupByWithModifier::Rollup => grouping = Grouping::Rollup,
                GroupByWithModifier::Cube => grouping = Grouping::Cube,
                // ClickHouse answers the totals beside the rows; here they are left out.
                GroupByWithModifier::Totals => {}
                GroupByWithModifier::GroupingSets(_) => {
                    return Err(self.unsupported("GROUPING SETS", None, at));
                }
            }
        }
        Ok(grouping)
    }

    /// A key of GROUP BY, ORDER BY or LIMIT BY: a number is the place of an item.
    fn key<'q>(
        &mut self,
        ast: &'q Ast,
        items: &[Item],
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let key = self.expr(ast, scope)?;
        if let Ast::Value(_) = ast
            && let Some(place) = key.as_integer()
        {
            let item = usize::try_from(place)
                .ok()
                .and_then(|place| items.get(place.checked_sub(1)?));
            return if let Some(item) = item {
                Ok(item.expr.clone())
            } else {
                let message = format!("there is no column {place} in SELECT");
                Err(self.error(ErrorKind::Unknown, message, key.at))
            };
        }
        Ok(key)
    }

    pub(super) fn order_by<'q>(
        &mut self,
        order_by: Option<&'q ast::OrderBy>,
        items: &[Item],
        whole: &[Expr],
        scope: &mut Scope<'q>,
    ) -> Result<Vec<OrderKey>, SqlError> {
        let Some(order_by) = order_by else {
            return Ok(Vec::new());
        };
        let at = self.source_map.of(order_by);
        let mut keys = match &order_by.kind {
            OrderByKind::Expressions(keys) => {
                let mut bound = Vec::with_capacity(keys.len());
                for key in keys {
                    let key = self.order_key(key, scope, items)?;
                    match &key.expr.kind {
                        // Sorted by its elements, one after the other.
                        ExprKind::Tuple(parts) if !whole.contains(&key.expr) => {
                            bound.extend(parts.iter().map(|part| OrderKey {
                                expr: part.clone(),
                                ..key.clone()
                            }));
                        }
                        _ => bound.push(key),
                    }
                }
                bound
            }
            OrderByKind::All(_) => {
                let keys = items.iter().map(|item| OrderKey {
                    expr: item.expr.clone(),
                    descending: false,
                    nulls_first: false,
                    fill: None,
                });
                keys.collect()
            }
        };
        let filled: Vec<usize> = (0..keys.len())
            .filter(|&i| keys[i].fill.is_some())
            .collect();
        match filled.as_slice() {
            [] => {}
            [last] if *last + 1 == keys.len() && keys.len() == 1 && !keys[*last].descending => {
                if !items.iter().any(|item| item.expr == keys[*last].expr) {
                    return Err(self.unsupported(
                        "WITH FILL of a column that is not selected",
                        Some("add it to SELECT"),
                        at,
                    ));
                }
                let interpolate = self.interpolated(order_by, items, at)?;
                if let Some(fill) = &mut keys[*last].fill {
                    fill.interpolate = interpolate;
                }
            }
            [_] if keys.iter().any(|key| key.descending) => {
                return Err(self.unsupported(
                    "WITH FILL in descending order",
                    Some("fill in ascending order in a subquery, and sort its result"),
                    at,
                ));
            }
            _ => {
                return Err(self.unsupported(
                    "WITH FILL beside other sort keys",
                    Some("fill by one column"),
                    at,
                ));
            }
        }
        Ok(keys)
    }

    fn interpolated(
        &self,
        order_by: &ast::OrderBy,
        items: &[Item],
        at: usize,
    ) -> Result<Vec<usize>, SqlError> {
        let Some(interpolate) = &order_by.interpolate else {
            return Ok(Vec::new());
        };
        let Some(columns) = &interpolate.exprs else {
            return Ok((0..items.len()).collect());
        };
        let mut places = Vec::new();
        for column in columns {
            let is_itself = match &column.expr {
                None => true,
                Some(Ast::Identifier(ident)) => ident.value == column.column.value,
                Some(_) => false,
            };
            if !is_itself {
                return Err(self.unsupported("INTERPOLATE with an expression", None, at));
            }
            let place = items
                .iter()
                .position(|item| item.name == column.column.value);
            let Some(place) = place else {
                let message = format!("there is no column {}", column.column.value);
                return Err(self.error(ErrorKind::Unknown, message, at));
            };
            places.push(place);
        }
        Ok(places)
    }

    pub(super) fn order_key<'q>(
        &mut self,
        key: &'q OrderByExpr,
        scope: &mut Scope<'q>,
        items: &[Item],
    ) -> Result<OrderKey, SqlError> {
        let expr = self.key(&key.expr, items, scope)?;
        let fill = match &key.with_fill {
            None => None,
            Some(fill) => {
                let mut bound = |binder: &mut Self, ast: &'q Option<Ast>| match ast {
                    Some(ast) => binder.expr(ast, scope).map(Some),
                    None => Ok(None),
                };
                Some(Fill {
                    from: bound(self, &fill.from)?,
                    to: bound(self, &fill.to)?,
                    step: bound(self, &fill.step)?,
                    interpolate: Vec::new(),
                })
            }
        };
        let descending = match &key.options.sort {
            None | Some(OrderBySort::Asc) => false,
            Some(OrderBySort::Desc) => true,
            Some(_) => {
                return Err(self.unsupported("ORDER BY … USING", None, expr.at));
            }
        };
        Ok(OrderKey {
            expr,
            descending,
            nulls_first: key.options.nulls_first == Some(true),
            fill,
        })
    }

    #[expect(clippy::type_complexity, reason = "the three limits of a select")]
    pub(super) fn limits<'q>(
        &mut self,
        clause: Option<&'q LimitClause>,
        items: &[Item],
        scope: &mut Scope<'q>,
        at: usize,
    ) -> Result<(Option<LimitBy>, Option<Expr>, Option<Expr>), SqlError> {
        let (limit, offset, limit_by) = match clause {
            None => return Ok((None, None, None)),
            Some(LimitClause::OffsetCommaLimit { offset, limit }) => {
                (Some(limit), Some(offset), &[][..])
            }
            Some(LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            }) => (
                limit.as_ref(),
                offset.as_ref().map(|offset| &offset.value),
                limit_by.as_slice(),
            ),
        };
        let mut limit = limit.map(|limit| self.amount(limit, scope)).transpose()?;
        let offset = offset
            .map(|offset| self.amount(offset, scope))
            .transpose()?;
        let limit_by = match limit_by {
            [] => None,
            [Ast::Function(function)] if function.name.to_string().contains("limit by") => {
                let FunctionArguments::List(list) = &function.args else {
                    return Err(self.error(ErrorKind::Syntax, "LIMIT BY needs keys", at));
                };
                let asts: Vec<&Ast> = list
                    .args
                    .iter()
                    .filter_map(|argument| match argument {
                        FunctionArg::Unnamed(FunctionArgExpr::Expr(ast)) => Some(ast),
                        _ => None,
                    })
                    .collect();
                let [n, skipped, keys @ ..] = asts.as_slice() else {
                    return Err(self.error(ErrorKind::Syntax, "LIMIT BY needs keys", at));
                };
                Some(LimitBy {
                    limit: self.amount(n, scope)?,
                    offset: self.amount(skipped, scope)?,
                    keys: self.keys(keys.iter().copied(), items, scope)?,
                })
            }
            keys => {
                let Some(n) = limit.take() else {
                    return Err(self.error(ErrorKind::Syntax, "LIMIT BY needs a number", at));
                };
                let zero = self.literal(&ast::Value::Number("0".to_owned(), false), false, at)?;
                Some(LimitBy {
                    limit: n,
                    offset: zero,
                    keys: self.keys(keys, items, scope)?,
                })
            }
        };
        Ok((limit_by, limit, offset))
    }

    fn keys<'q>(
        &mut self,
        asts: impl IntoIterator<Item = &'q Ast>,
        items: &[Item],
        scope: &mut Scope<'q>,
    ) -> Result<Vec<Expr>, SqlError> {
        asts.into_iter()
            .map(|ast| self.key(ast, items, scope))
            .collect()
    }

    /// A number of rows: a literal, or a parameter's value.
    pub(super) fn amount<'q>(
        &mut self,
        ast: &'q Ast,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let amount = self.expr(without_ties(ast), scope)?;
        let is_whole = match &amount.kind {
            ExprKind::Literal(crate::ir::Literal::UInt(_)) => true,
            ExprKind::Cast { value, .. } => {
                amount.ty.is_unsigned() && value.as_text().is_some_and(|t| t.parse::<u64>().is_ok())
            }
            _ => false,
        };
        if !is_whole {
            return Err(self.type_error("a number of rows must be a whole number", amount.at));
        }
        Ok(amount)
    }
}

/// The number of `"with ties"(number)`, as the token pass writes it.
fn without_ties(ast: &Ast) -> &Ast {
    if let Ast::Function(function) = ast
        && function.name.to_string().contains("with ties")
        && let FunctionArguments::List(list) = &function.args
        && let [FunctionArg::Unnamed(FunctionArgExpr::Expr(number))] = list.args.as_slice()
    {
        return number;
    }
    ast
}

pub(super) fn has_ties(clause: &LimitClause) -> bool {
    match clause {
        LimitClause::LimitOffset {
            limit: Some(limit), ..
        }
        | LimitClause::OffsetCommaLimit { limit, .. } => !std::ptr::eq(without_ties(limit), limit),
        LimitClause::LimitOffset { .. } => false,
    }
}

/// Keys with the elements of tuples in their place, each once: of these ClickHouse makes the sets of ROLLUP and CUBE.
fn elements(keys: Vec<Expr>) -> Vec<Expr> {
    let mut all: Vec<Expr> = Vec::with_capacity(keys.len());
    for key in keys {
        let parts = match key.kind {
            ExprKind::Tuple(parts) => elements(parts),
            _ => vec![key],
        };
        for part in parts {
            if !all.contains(&part) {
                all.push(part);
            }
        }
    }
    all
}
