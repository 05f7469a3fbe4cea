//! Queries and selects: clauses in the order in which their names are resolved.

use sqlparser::ast::{
    self, Distinct as AstDistinct, Expr as Ast, FunctionArg, FunctionArgExpr, FunctionArguments,
    GroupByExpr, GroupByWithModifier, LimitClause, OrderByExpr, OrderByKind, OrderBySort,
    SelectItem, SelectItemQualifiedWildcardKind, SetExpr, SetOperator as AstSetOperator,
    SetQuantifier, WildcardAdditionalOptions,
};

use super::{Binder, Outer, Scope, Table};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{
    Column, Distinct, Expr, ExprKind, Fill, Grouping, Item, LimitBy, OrderKey, Query, Select,
    SetOperator,
};
use crate::names::name_of;
use crate::typing::supertype;

/// Prefix of the common tables that the token pass makes of `WITH expression AS name`.
const WITH_EXPRESSION: &str = "with expression ";

/// What stands behind a query's body.
struct Tail<'q> {
    order_by: Option<&'q ast::OrderBy>,
    limit: Option<&'q LimitClause>,
    fetch: Option<&'q ast::Fetch>,
}

impl Binder<'_> {
    pub(super) fn query<'q>(
        &mut self,
        query: &'q ast::Query,
        outer: &Outer<'q>,
    ) -> Result<Query, SqlError> {
        let at = self.places.of(query);
        let in_aggregate = std::mem::replace(&mut self.in_aggregate, false);
        let bound = self.deeper(at, |binder| {
            let outer = binder.with(query, outer)?;
            if !query.locks.is_empty() || !query.pipe_operators.is_empty() {
                return Err(binder.unsupported("FOR and pipes", None, at));
            }
            let tail = Tail {
                order_by: query.order_by.as_ref(),
                limit: query.limit_clause.as_ref(),
                fetch: query.fetch.as_ref(),
            };
            binder.body(&query.body, &tail, &outer, at)
        });
        self.in_aggregate = in_aggregate;
        bound
    }

    /// The names that WITH adds.
    fn with<'q>(
        &mut self,
        query: &'q ast::Query,
        outer: &Outer<'q>,
    ) -> Result<Outer<'q>, SqlError> {
        let mut outer = outer.clone();
        let Some(with) = &query.with else {
            return Ok(outer);
        };
        if with.recursive {
            let at = self.places.of(with);
            return Err(self.unsupported("WITH RECURSIVE", None, at));
        }
        for table in &with.cte_tables {
            let name = table.alias.name.value.as_str();
            if let Some(name) = name.strip_prefix(WITH_EXPRESSION) {
                if let SetExpr::Select(select) = &*table.query.body
                    && let [SelectItem::UnnamedExpr(expr)] = select.projection.as_slice()
                {
                    if matches!(expr, Ast::Lambda(_)) {
                        let at = self.places.of(expr);
                        return Err(self.unsupported("a lambda in WITH", None, at));
                    }
                    outer.expressions.insert(name.to_owned(), expr);
                }
                continue;
            }
            let entry = Table {
                query: &table.query,
                outer: outer.clone(),
            };
            outer
                .tables
                .insert(name.to_owned(), std::rc::Rc::new(entry));
        }
        Ok(outer)
    }

    /// The query of a common table, bound for one use of it.
    pub(super) fn common_table(
        &mut self,
        name: &str,
        outer: &Outer<'_>,
    ) -> Result<Option<Query>, SqlError> {
        let Some(table) = outer.tables.get(name).cloned() else {
            return Ok(None);
        };
        self.query(table.query, &table.outer).map(Some)
    }

    fn body<'q>(
        &mut self,
        body: &'q SetExpr,
        tail: &Tail<'q>,
        outer: &Outer<'q>,
        at: usize,
    ) -> Result<Query, SqlError> {
        match body {
            SetExpr::Select(select) => self.select(select, tail, outer),
            SetExpr::Query(query) => {
                if tail.order_by.is_some() || tail.limit.is_some() {
                    return Err(self.unsupported(
                        "ORDER BY or LIMIT after parentheses",
                        Some("write SELECT * FROM (…) ORDER BY …"),
                        at,
                    ));
                }
                self.query(query, outer)
            }
            SetExpr::SetOperation {
                left,
                op,
                set_quantifier,
                right,
            } => {
                let operator = self.set_operator(*op, *set_quantifier, at)?;
                let none = Tail {
                    order_by: None,
                    limit: None,
                    fetch: None,
                };
                let left = self.body(left, &none, outer, at)?;
                // ClickHouse takes ORDER BY and LIMIT for the last branch's.
                let right = self.body(right, tail, outer, at)?;
                self.set(operator, left, right, at)
            }
            _ => Err(self.error(ErrorKind::Forbidden, "only SELECT is allowed", at)),
        }
    }

    fn set_operator(
        &self,
        op: AstSetOperator,
        quantifier: SetQuantifier,
        at: usize,
    ) -> Result<SetOperator, SqlError> {
        match (op, quantifier) {
            (AstSetOperator::Union, SetQuantifier::All) => Ok(SetOperator::UnionAll),
            (AstSetOperator::Union, SetQuantifier::Distinct) => Ok(SetOperator::UnionDistinct),
            (AstSetOperator::Union, _) => {
                Err(self.type_error("UNION needs ALL or DISTINCT, as in ClickHouse", at))
            }
            (AstSetOperator::Intersect, SetQuantifier::Distinct) => Ok(SetOperator::Intersect),
            (AstSetOperator::Except, SetQuantifier::Distinct) => Ok(SetOperator::Except),
            (AstSetOperator::Intersect, _) => Ok(SetOperator::IntersectAll),
            (AstSetOperator::Except, _) => Ok(SetOperator::ExceptAll),
            (op, _) => Err(self.unsupported(
                &format!("{op} without DISTINCT"),
                Some(&format!("write {op} DISTINCT")),
                at,
            )),
        }
    }

    fn set(
        &mut self,
        operator: SetOperator,
        left: Query,
        right: Query,
        at: usize,
    ) -> Result<Query, SqlError> {
        let (names, others) = (left.columns(), right.columns());
        if names.len() != others.len() {
            let message = format!(
                "the branches have {} and {} columns",
                names.len(),
                others.len()
            );
            return Err(self.type_error(message, at));
        }
        let mut columns = Vec::with_capacity(names.len());
        for (column, other) in names.into_iter().zip(others) {
            let Some(ty) = supertype([&column.ty, &other.ty]) else {
                let message = format!(
                    "the column {} is {} in one branch and {} in another",
                    column.name, column.ty, other.ty
                );
                return Err(self.type_error(message, at));
            };
            columns.push(Column {
                name: column.name,
                ty,
            });
        }
        let mut branches = match left {
            Query::Set {
                operator: same,
                branches,
                ..
            } if same == operator && same == SetOperator::UnionAll => branches,
            single => vec![single],
        };
        branches.push(right);
        Ok(Query::Set {
            operator,
            branches,
            columns,
        })
    }

    fn select<'q>(
        &mut self,
        select: &'q ast::Select,
        tail: &Tail<'q>,
        outer: &Outer<'q>,
    ) -> Result<Query, SqlError> {
        let at = self.places.of(select);
        self.refuse_clauses(select, at)?;
        let mut scope = Self::scope(select, outer);
        let from = self.from(&select.from, &mut scope, at)?;
        let items = self.items(&select.projection, &mut scope)?;
        if items.is_empty() {
            return Err(self.error(ErrorKind::Syntax, "SELECT of nothing", at));
        }
        let filter = self.filter(select, &mut scope)?;
        let (group_by, grouping) = self.group_by(&select.group_by, &items, &mut scope, at)?;
        let having = self.condition(select.having.as_ref(), &mut scope)?;
        let qualify = self.condition(select.qualify.as_ref(), &mut scope)?;
        let distinct = match &select.distinct {
            None | Some(AstDistinct::All) => Distinct::No,
            Some(AstDistinct::Distinct) => Distinct::Rows,
            Some(AstDistinct::On(keys)) => Distinct::On(self.exprs(keys, &mut scope)?),
        };
        let order_by = self.order_by(tail.order_by, &items, &mut scope)?;
        let (limit_by, mut limit, offset) = self.limits(tail.limit, &items, &mut scope, at)?;
        let mut with_ties = tail.limit.is_some_and(has_ties);
        if let Some(fetch) = tail.fetch {
            let Some(quantity) = fetch.quantity.as_ref().filter(|_| !fetch.percent) else {
                return Err(self.unsupported("this form of FETCH", Some("use LIMIT"), at));
            };
            limit = Some(self.amount(quantity, &mut scope)?);
            with_ties = fetch.with_ties;
        }
        let mut bound = Select {
            distinct,
            items,
            from,
            filter,
            group_by,
            grouping,
            having,
            qualify,
            order_by,
            limit_by,
            limit,
            offset,
            with_ties,
        };
        self.check_aggregation(&mut bound)?;
        Ok(Query::Select(Box::new(bound)))
    }

    fn refuse_clauses(&self, select: &ast::Select, at: usize) -> Result<(), SqlError> {
        let refused = [
            (select.top.is_some(), "TOP"),
            (select.into.is_some(), "SELECT INTO"),
            (!select.lateral_views.is_empty(), "LATERAL VIEW"),
            (!select.connect_by.is_empty(), "CONNECT BY"),
            (!select.cluster_by.is_empty(), "CLUSTER BY"),
            (!select.distribute_by.is_empty(), "DISTRIBUTE BY"),
            (!select.sort_by.is_empty(), "SORT BY"),
            (select.exclude.is_some(), "EXCLUDE"),
            (select.value_table_mode.is_some(), "SELECT AS STRUCT"),
        ];
        match refused.iter().find(|(is_there, _)| *is_there) {
            Some((_, clause)) => Err(self.unsupported(clause, None, at)),
            None => Ok(()),
        }
    }

    fn scope<'q>(select: &'q ast::Select, outer: &Outer<'q>) -> Scope<'q> {
        let mut scope = Scope {
            outer: outer.clone(),
            aliases: std::collections::HashMap::new(),
            resolving: Vec::new(),
            sources: Vec::new(),
            lambdas: Vec::new(),
            windows: std::collections::HashMap::new(),
        };
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { expr, alias } = item {
                scope.aliases.insert(alias.value.clone(), expr);
            }
            if let SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) = item {
                inner_aliases(expr, &mut scope);
            }
        }
        for ast::NamedWindowDefinition(name, window) in &select.named_window {
            if let ast::NamedWindowExpr::WindowSpec(spec) = window {
                scope.windows.insert(name.value.clone(), spec);
            }
        }
        scope
    }

    fn items<'q>(
        &mut self,
        projection: &'q [SelectItem],
        scope: &mut Scope<'q>,
    ) -> Result<Vec<Item>, SqlError> {
        let mut items = Vec::new();
        for item in projection {
            match item {
                SelectItem::UnnamedExpr(ast) => {
                    let expr = self.expr(ast, scope)?;
                    let name = name_of(ast);
                    items.push(Item { expr, name });
                }
                SelectItem::ExprWithAlias { expr: ast, alias } => {
                    scope.resolving.push(alias.value.clone());
                    let expr = self.expr(ast, scope);
                    scope.resolving.pop();
                    items.push(Item {
                        expr: expr?,
                        name: alias.value.clone(),
                    });
                }
                SelectItem::Wildcard(options) => {
                    items.extend(self.wildcard(None, options, scope)?);
                }
                SelectItem::QualifiedWildcard(kind, options) => {
                    let SelectItemQualifiedWildcardKind::ObjectName(name) = kind else {
                        let at = self.places.of(item);
                        return Err(self.unsupported("this form of *", None, at));
                    };
                    items.extend(self.wildcard(Some(&name.to_string()), options, scope)?);
                }
                other @ SelectItem::ExprWithAliases { .. } => {
                    let at = self.places.of(other);
                    return Err(self.unsupported("several aliases", None, at));
                }
            }
        }
        Ok(items)
    }

    fn wildcard(
        &mut self,
        qualifier: Option<&str>,
        options: &WildcardAdditionalOptions,
        scope: &Scope<'_>,
    ) -> Result<Vec<Item>, SqlError> {
        let at = self.places.of(options);
        if options.opt_replace.is_some()
            || options.opt_rename.is_some()
            || options.opt_ilike.is_some()
            || options.opt_alias.is_some()
        {
            return Err(self.unsupported("this form of *", Some("name the columns"), at));
        }
        let mut left_out: Vec<String> = Vec::new();
        if let Some(except) = &options.opt_except {
            left_out.push(except.first_element.value.clone());
            left_out.extend(
                except
                    .additional_elements
                    .iter()
                    .map(|ident| ident.value.clone()),
            );
        }
        if options.opt_exclude.is_some() {
            return Err(self.unsupported("EXCLUDE", Some("write * EXCEPT (…)"), at));
        }
        let mut items = Vec::new();
        let mut is_met = false;
        for source in &scope.sources {
            let is_meant = match qualifier {
                Some(qualifier) => source.qualifiers.iter().any(|q| q == qualifier),
                None => true,
            };
            is_met |= is_meant;
            if !is_meant {
                continue;
            }
            for (index, column) in source.columns.iter().enumerate() {
                let is_merged = qualifier.is_none() && source.merged.contains(&column.name);
                if is_merged || left_out.contains(&column.name) {
                    continue;
                }
                let reference = crate::ir::ColumnRef {
                    source: source.id,
                    index,
                    name: column.name.clone(),
                    or_default: source.or_default && !column.ty.is_nullable(),
                    is_element: source.is_array_join,
                };
                items.push(Item {
                    expr: self.node(ExprKind::Column(reference), column.ty.clone(), at)?,
                    name: column.name.clone(),
                });
            }
        }
        if !is_met {
            let message = match qualifier {
                Some(qualifier) => format!("there is no table {qualifier}"),
                None => "* means nothing without FROM".to_owned(),
            };
            return Err(self.error(ErrorKind::Unknown, message, at));
        }
        Ok(items)
    }

    /// WHERE, with PREWHERE in it.
    fn filter<'q>(
        &mut self,
        select: &'q ast::Select,
        scope: &mut Scope<'q>,
    ) -> Result<Option<Expr>, SqlError> {
        let first = self.condition(select.prewhere.as_ref(), scope)?;
        let second = self.condition(select.selection.as_ref(), scope)?;
        let filter = match (first, second) {
            (Some(first), Some(second)) => {
                let at = first.at;
                Some(self.call("and", vec![first, second], at)?)
            }
            (first, second) => first.or(second),
        };
        if let Some(filter) = &filter
            && (filter.has_aggregate() || filter.has_window())
        {
            let which = filter
                .first_aggregate()
                .map_or_else(String::new, Expr::described);
            let message = format!("the aggregate {which} cannot stand in WHERE");
            let mut error = self.type_error(message, filter.at);
            error.hint = Some("use HAVING, or filter in an outer query".to_owned());
            return Err(error);
        }
        Ok(filter)
    }

    fn condition<'q>(
        &mut self,
        ast: Option<&'q Ast>,
        scope: &mut Scope<'q>,
    ) -> Result<Option<Expr>, SqlError> {
        let Some(ast) = ast else {
            return Ok(None);
        };
        let condition = self.expr(ast, scope)?;
        if !condition.ty.is_number() && !condition.ty.is_nothing() {
            let message = format!("a condition cannot be {}", condition.ty);
            return Err(self.type_error(message, condition.at));
        }
        Ok(Some(condition))
    }

    fn group_by<'q>(
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
                Ast::GroupingSets(_) => return Err(self.unsupported("GROUPING SETS", None, at)),
                Ast::Tuple(parts) => {
                    for key in parts {
                        keys.push(self.key(key, items, scope)?);
                    }
                }
                key => keys.push(self.key(key, items, scope)?),
            }
        }
        if keys.is_empty() {
            return Ok((keys, Grouping::None));
        }
        for key in &keys {
            if key.has_aggregate() {
                return Err(self.type_error("an aggregate cannot be a key of GROUP BY", key.at));
            }
        }
        Ok((keys, grouping))
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

    fn order_by<'q>(
        &mut self,
        order_by: Option<&'q ast::OrderBy>,
        items: &[Item],
        scope: &mut Scope<'q>,
    ) -> Result<Vec<OrderKey>, SqlError> {
        let Some(order_by) = order_by else {
            return Ok(Vec::new());
        };
        let at = self.places.of(order_by);
        let mut keys = match &order_by.kind {
            OrderByKind::Expressions(keys) => {
                let mut bound = Vec::with_capacity(keys.len());
                for key in keys {
                    let key = self.order_key(key, scope, items)?;
                    match &key.expr.kind {
                        // Sorted by its elements, one after the other.
                        ExprKind::Tuple(parts) => bound.extend(parts.iter().map(|part| OrderKey {
                            expr: part.clone(),
                            ..key.clone()
                        })),
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
    fn limits<'q>(
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
    fn amount<'q>(&mut self, ast: &'q Ast, scope: &mut Scope<'q>) -> Result<Expr, SqlError> {
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

    /// Every column outside of aggregates must be a key.
    fn check_aggregation(&self, select: &mut Select) -> Result<(), SqlError> {
        let has_aggregate = select.items.iter().any(|item| item.expr.has_aggregate())
            || select.having.as_ref().is_some_and(Expr::has_aggregate)
            || select.order_by.iter().any(|key| key.expr.has_aggregate());
        if select.group_by.is_empty() {
            select.grouping = if has_aggregate {
                Grouping::Plain
            } else {
                Grouping::None
            };
        }
        if select.grouping == Grouping::None {
            if let Some(having) = &select.having {
                return Err(self.type_error("HAVING needs GROUP BY or an aggregate", having.at));
            }
            return Ok(());
        }
        let checked = select
            .items
            .iter()
            .map(|item| &item.expr)
            .chain(&select.having)
            .chain(&select.qualify)
            .chain(select.order_by.iter().map(|key| &key.expr));
        for expr in checked {
            if let Some((name, at)) = ungrouped(expr, &select.group_by) {
                let message =
                    format!("the column {name} is neither in an aggregate nor a key of GROUP BY");
                let mut error = self.type_error(message, at);
                error.hint = Some(format!("write any({name}), or add it to GROUP BY"));
                return Err(error);
            }
        }
        Ok(())
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

fn has_ties(clause: &LimitClause) -> bool {
    match clause {
        LimitClause::LimitOffset {
            limit: Some(limit), ..
        }
        | LimitClause::OffsetCommaLimit { limit, .. } => !std::ptr::eq(without_ties(limit), limit),
        LimitClause::LimitOffset { .. } => false,
    }
}

/// Aliases within expressions: `sum(x AS y)`.
fn inner_aliases<'q>(expr: &'q Ast, scope: &mut Scope<'q>) {
    match expr {
        Ast::Named { expr, name } => {
            scope.aliases.insert(name.value.clone(), expr);
            inner_aliases(expr, scope);
        }
        Ast::Nested(inner) | Ast::UnaryOp { expr: inner, .. } => inner_aliases(inner, scope),
        Ast::BinaryOp { left, right, .. } => {
            inner_aliases(left, scope);
            inner_aliases(right, scope);
        }
        Ast::Function(function) => {
            if let FunctionArguments::List(list) = &function.args {
                for argument in &list.args {
                    if let FunctionArg::Unnamed(FunctionArgExpr::Expr(argument)) = argument {
                        inner_aliases(argument, scope);
                    }
                }
            }
        }
        _ => {}
    }
}

/// A column of the expression that no key covers.
fn ungrouped(expr: &Expr, keys: &[Expr]) -> Option<(String, usize)> {
    if keys.contains(expr) {
        return None;
    }
    match &expr.kind {
        ExprKind::Aggregate(_) => None,
        ExprKind::Column(column) => Some((column.name.clone(), expr.at)),
        ExprKind::Window(window) => {
            let arguments = window.function.children();
            let parts = arguments.into_iter().chain(&window.partition_by);
            let mut parts = parts.chain(window.order_by.iter().map(|key| &key.expr));
            parts.find_map(|part| ungrouped(part, keys))
        }
        _ => expr
            .children()
            .into_iter()
            .find_map(|child| ungrouped(child, keys)),
    }
}
