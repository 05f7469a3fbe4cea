//! Queries and selects: clauses in the order in which their names are resolved.

use sqlparser::ast::{
    self, Distinct as AstDistinct, Expr as Ast, FunctionArg, FunctionArgExpr, FunctionArguments,
    LimitClause, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    SetOperator as AstSetOperator, SetQuantifier, WildcardAdditionalOptions,
};

use super::clauses::has_ties;
use super::columns::{Found, Place};
use super::{Binder, Outer, Scope, ScopeKind, ScopeSource, Table};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{
    Column, Distinct, Expr, ExprKind, From, Grouping, Haystack, Item, Query, Select, SetOperator,
    SourceKind,
};
use crate::names::name_of;
use crate::settings::SetMode;
use crate::typing::supertype;

/// Prefix of the common tables that the token pass makes of `WITH expression AS name`.
const WITH_EXPRESSION: &str = "with expression ";

/// What ClickHouse's names for subqueries begin with.
const SUBQUERY: &str = "_subquery_";

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
        let at = self.source_map.of(query);
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
        outer.named_here.clear();
        let Some(with) = &query.with else {
            return Ok(outer);
        };
        if with.recursive {
            let at = self.source_map.of(with);
            return Err(self.unsupported("WITH RECURSIVE", None, at));
        }
        for table in &with.cte_tables {
            let name = table.alias.name.value.as_str();
            if let Some(name) = name.strip_prefix(WITH_EXPRESSION) {
                if let SetExpr::Select(select) = &*table.query.body
                    && let [SelectItem::UnnamedExpr(expr)] = select.projection.as_slice()
                {
                    if matches!(expr, Ast::Lambda(_)) {
                        let at = self.source_map.of(expr);
                        return Err(self.unsupported("a lambda in WITH", None, at));
                    }
                    outer.expressions.insert(name.to_owned(), expr);
                    outer.named_here.insert(name.to_owned());
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
        let mode = match op {
            AstSetOperator::Union => self.settings.union_default_mode,
            AstSetOperator::Except | AstSetOperator::Minus => self.settings.except_default_mode,
            AstSetOperator::Intersect => self.settings.intersect_default_mode,
        };
        let quantifier = match (quantifier, mode) {
            (SetQuantifier::None, SetMode::All) => SetQuantifier::All,
            (SetQuantifier::None, SetMode::Distinct) => SetQuantifier::Distinct,
            (written, _) => written,
        };
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
        let at = self.source_map.of(select);
        self.refuse_clauses(select, at)?;
        let mut scope = Self::scope(select, outer);
        let first_view = self.named_views.len();
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
        let mut whole: Vec<Expr> = group_by.clone();
        if distinct == Distinct::Rows {
            whole.extend(items.iter().map(|item| item.expr.clone()));
        }
        let order_by = self.order_by(tail.order_by, &items, &whole, &mut scope)?;
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
        self.bound_views(&mut bound, first_view)?;
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
            n_joins: super::joins::count(&select.from),
            using: Vec::new(),
            n_subqueries: std::cell::Cell::new(0),
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
        let is_outermost = self.depth == 1;
        for item in projection {
            match item {
                SelectItem::UnnamedExpr(ast) => {
                    let expr = self.expr(ast, scope)?;
                    let name = name_of(ast, scope);
                    if is_outermost && name.contains(SUBQUERY) {
                        self.check_subqueries(&expr, &items, scope)?;
                    }
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
                        let at = self.source_map.of(item);
                        return Err(self.unsupported("this form of *", None, at));
                    };
                    items.extend(self.wildcard(Some(&name.to_string()), options, scope)?);
                }
                other @ SelectItem::ExprWithAliases { .. } => {
                    let at = self.source_map.of(other);
                    return Err(self.unsupported("several aliases", None, at));
                }
            }
        }
        self.refuse_equal_names(&items)?;
        Ok(items)
    }

    /// ClickHouse takes no two expressions for one name, but what it calls itself so.
    fn refuse_equal_names(&self, items: &[Item]) -> Result<(), SqlError> {
        let mut named: std::collections::HashMap<&str, &Expr> = std::collections::HashMap::new();
        for item in items {
            let first = named.entry(&item.name).or_insert(&item.expr);
            if **first != item.expr {
                let what = format!("a second column called {}", item.name);
                return Err(self.unsupported(&what, Some("give one an alias"), item.expr.at));
            }
        }
        Ok(())
    }

    /// ClickHouse numbers subqueries without an alias as it comes to them. In other than plain queries, that is its
    /// secret; EXISTS it calls by its value.
    fn check_subqueries(
        &self,
        expr: &Expr,
        before: &[Item],
        scope: &Scope<'_>,
    ) -> Result<(), SqlError> {
        let is_plain = |source: &ScopeSource| source.kind != ScopeKind::Query;
        let is_unknown = expr.any(&mut |part| !names_are_known(part))
            || !scope.sources.iter().all(is_plain)
            || !scope.outer.named_here.is_empty()
            || before
                .iter()
                .any(|item| !item.name.contains(SUBQUERY) && item.expr.any(&mut Expr::is_query));
        if is_unknown {
            return Err(self.unsupported(
                "a column of a subquery without an alias",
                Some("give it an alias: (SELECT …) AS name"),
                expr.at,
            ));
        }
        Ok(())
    }

    fn wildcard(
        &mut self,
        qualifier: Option<&str>,
        options: &WildcardAdditionalOptions,
        scope: &Scope<'_>,
    ) -> Result<Vec<Item>, SqlError> {
        let at = self.source_map.of(options);
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
        if qualifier.is_none() {
            let mut order: Vec<usize> = (0..scope.using.len()).collect();
            order.sort_by_key(|using| std::cmp::Reverse(scope.using[*using].join));
            for using in order {
                let name = &scope.using[using].name;
                if !left_out.contains(name) {
                    items.push(Item {
                        expr: self.found_column(Found::Using(using), at, scope)?,
                        name: name.clone(),
                    });
                }
            }
        }
        let mut is_met = false;
        for (place, source) in scope.sources.iter().enumerate() {
            let is_meant = match qualifier {
                Some(qualifier) => source.is_called(qualifier),
                None => !source.is_array_join(),
            };
            is_met |= is_meant;
            if !is_meant {
                continue;
            }
            let n_listed = if source.kind == ScopeKind::Relation {
                self.relation.columns.len()
            } else {
                source.columns.len()
            };
            for (index, column) in source.columns.iter().enumerate().take(n_listed) {
                let is_merged =
                    qualifier.is_none() && scope.using_of(place, &column.name).is_some();
                if is_merged || left_out.contains(&column.name) {
                    continue;
                }
                let place = Place {
                    source: place,
                    column: index,
                };
                let element = scope.element_of(place).filter(|_| qualifier.is_none());
                // Columns of one name are one: there are no two expressions for it.
                let column = source.columns.iter().position(|c| c.name == column.name);
                let place = Place {
                    column: column.unwrap_or(index),
                    ..place
                };
                items.push(Item {
                    expr: self.place(element.unwrap_or(place), at, scope)?,
                    name: scope.listed_name(place),
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

/// Whether ClickHouse's names for its subqueries are known: those of plain ones.
fn names_are_known(part: &Expr) -> bool {
    let query = match &part.kind {
        ExprKind::Subquery(query)
        | ExprKind::In {
            haystack: Haystack::Query(query),
            ..
        } => query,
        ExprKind::Exists(_) => return false,
        _ => return true,
    };
    match &**query {
        Query::Set { .. } => false,
        Query::Select(select) => {
            let has_query = |expr: &&Expr| expr.any(&mut Expr::is_query);
            let is_plain = match &select.from {
                None => true,
                Some(From::Source(source)) => !matches!(
                    source.kind,
                    SourceKind::Query(_) | SourceKind::Materialized { .. }
                ),
                Some(_) => false,
            };
            is_plain
                && !select
                    .clauses()
                    .iter()
                    .chain(&select.filter.as_ref())
                    .any(has_query)
        }
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
