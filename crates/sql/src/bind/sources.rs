//! FROM: the only relations that a query may read.

use std::collections::BTreeSet;
use std::ops::Range;

use sqlparser::ast::{FunctionArg, FunctionArgExpr, TableFactor, TableWithJoins};

use super::view_bounds::{self, ALL_TIME_MS, NamedView};
use super::{Binder, Outer, Scope, ScopeKind, ScopeSource};
use crate::context::Context;
use crate::error::{ErrorKind, SqlError};
use crate::ir::{Column, From, Join, JoinKind, Query, Source, SourceKind, Strictness};
use crate::settings::Settings;
use crate::types::DataType;
use crate::views::{self, View};

/// Names of the relation that a query is about.
const RELATION: [&str; 3] = ["events", "cvat.events", "default.events"];

/// What views name for what events tell of users, projects, tasks and jobs.
const CATALOGUE: &str = "catalogue";

impl Binder<'_> {
    pub(super) fn from<'q>(
        &mut self,
        from: &'q [TableWithJoins],
        scope: &mut Scope<'q>,
        at: usize,
    ) -> Result<Option<From>, SqlError> {
        let mut bound: Option<From> = None;
        for table in from {
            if let Some(From::ArrayJoin(join)) = &mut bound
                && self.further_array(join, table, scope, at)?
            {
                continue;
            }
            let factor = self.factor(&table.relation, scope)?;
            // What stands before a comma is the left side of the joins behind it, too.
            let left = match bound {
                None => factor,
                Some(left) => From::Join(Box::new(Join {
                    left,
                    right: factor,
                    kind: JoinKind::Cross,
                    strictness: Strictness::All,
                    on: None,
                })),
            };
            bound = Some(self.joins(left, &table.joins, scope)?);
        }
        self.refuse_double_names(scope, at)?;
        Ok(bound)
    }

    fn refuse_double_names(&self, scope: &Scope<'_>, at: usize) -> Result<(), SqlError> {
        let mut seen = BTreeSet::new();
        for source in &scope.sources {
            if let Some(alias) = source.qualifiers.first()
                && !seen.insert(alias)
            {
                let mut error = self.error(
                    ErrorKind::Unknown,
                    format!("two tables are named {alias}"),
                    at,
                );
                error.hint = Some("give each an alias of its own".to_owned());
                return Err(error);
            }
        }
        Ok(())
    }

    pub(super) fn factor<'q>(
        &mut self,
        factor: &'q TableFactor,
        scope: &mut Scope<'q>,
    ) -> Result<From, SqlError> {
        let at = self.source_map.of(factor);
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                sample,
                ..
            } => {
                if sample.is_some() {
                    return Err(self.unsupported("SAMPLE", None, at));
                }
                let alias = alias.as_ref().map(|alias| alias.name.value.as_str());
                let plain = name.to_string().replace(['`', '"'], "");
                match args {
                    Some(args) => self.table_function(&plain, &args.args, alias, scope, at),
                    None => self.named(&plain, alias, scope, at),
                }
            }
            TableFactor::Derived {
                lateral: false,
                subquery,
                alias,
                sample: None,
            } => {
                let alias = alias.as_ref().map(|alias| alias.name.value.as_str());
                self.check_alias("subquery", alias, scope, at)?;
                let query = self.query(subquery, &scope.outer)?;
                Ok(self.add_query(query, alias, scope))
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } if table_with_joins.joins.is_empty() => {
                self.factor(&table_with_joins.relation, scope)
            }
            TableFactor::NestedJoin { .. } => Err(self.unsupported(
                "a join in parentheses",
                Some("write (SELECT * FROM a JOIN b ON …) AS c"),
                at,
            )),
            TableFactor::Function { name, .. } => Err(self.unknown_function(&name.to_string(), at)),
            _ => Err(self.unsupported("this form of FROM", None, at)),
        }
    }

    /// A relation by name: a common table, the events, `system.one`. Nothing else is there.
    fn named(
        &mut self,
        name: &str,
        alias: Option<&str>,
        scope: &mut Scope<'_>,
        at: usize,
    ) -> Result<From, SqlError> {
        if let Some(query) = self.common_table(name, &scope.outer)? {
            return Ok(self.add_query(query, alias.or(Some(name)), scope));
        }
        for word in ["FINAL", "SAMPLE"] {
            if alias.is_some_and(|alias| alias.eq_ignore_ascii_case(word)) {
                return Err(self.unsupported(word, None, at));
            }
        }
        let view = views::find(name);
        let (kind, columns) = if RELATION.contains(&name) {
            if let Some(reason) = &self.context.without_events {
                return Err(self.error(ErrorKind::Forbidden, reason.clone(), at));
            }
            let columns = self.relation.columns.iter().chain(&self.relation.unlisted);
            let columns = columns.map(|column| Column {
                name: column.name.clone(),
                ty: column.data_type.clone(),
            });
            (SourceKind::Relation, columns.collect())
        } else if name == CATALOGUE && self.source_map.is_of_view() {
            if let Some(reason) = &self.context.without_events {
                return Err(self.error(ErrorKind::Forbidden, reason.clone(), at));
            }
            let columns = self.relation.catalogue.columns.iter().map(|column| Column {
                name: column.name.clone(),
                ty: column.data_type.clone(),
            });
            (SourceKind::Catalogue, columns.collect())
        } else if name == "system.one" {
            let dummy = Column {
                name: "dummy".to_owned(),
                ty: DataType::UInt8,
            };
            (SourceKind::One, vec![dummy])
        } else if let Some(view) = view {
            let query = self.view(view, at, &ALL_TIME_MS)?;
            let columns = query.columns();
            let query = Box::new(query);
            let kind = if views::scopes_of_materialized(view.name).is_some() {
                let view = view.name;
                SourceKind::Materialized { view, query }
            } else {
                SourceKind::Query(query)
            };
            (kind, columns)
        } else {
            let mut error = self.error(
                ErrorKind::Forbidden,
                format!("the table {name} may not be read"),
                at,
            );
            error.hint = Some(hint_of_table(name));
            return Err(error);
        };
        let mut qualifiers: Vec<String> = Vec::new();
        qualifiers.extend(alias.map(str::to_owned));
        // The table's own name means it, too, unless another table has it for an alias.
        let own = name.rsplit('.').next().unwrap_or(name);
        for own in [own, name, &format!("cvat.{own}")] {
            let is_taken = scope
                .sources
                .iter()
                .any(|source| source.qualifiers.iter().any(|q| q == own));
            if !is_taken {
                qualifiers.push(own.to_owned());
            }
        }
        let from = self.add(kind, columns, qualifiers, scope);
        if let (Some(view), From::Source(source)) = (view, &from) {
            let source = source.id;
            self.named_views.push(NamedView { source, view, at });
        }
        Ok(from)
    }

    /// The query of a view, bound for one use of it: with the caller's events, and with nothing of the
    /// query but its time zone and the time that is asked of it, ms since the epoch. What is wrong within it is wrong
    /// where the view is named.
    pub(super) fn view(
        &mut self,
        view: &View,
        at: usize,
        asked_ms: &Range<i64>,
    ) -> Result<Query, SqlError> {
        let bounds = view_bounds::parameters(asked_ms);
        let bounds = bounds.map(|(name, ms)| (name.to_owned(), ms.to_string()));
        let context = Context {
            now_ms: self.context.now_ms,
            params: bounds.into(),
            without_events: self.context.without_events.clone(),
            ..Context::default()
        };
        let source_map = self.source_map.of_view(at);
        let settings = Settings {
            session_timezone: self.settings.session_timezone.clone(),
            ..Settings::default()
        };
        let mut within = Binder {
            source_map: &source_map,
            context: &context,
            relation: self.relation,
            settings: &settings,
            functions: std::mem::take(&mut self.functions),
            n_sources: self.n_sources,
            n_nodes: self.n_nodes,
            depth: self.depth,
            in_aggregate: false,
            named_views: Vec::new(),
        };
        let bound = within.deeper(at, |within| within.query(view.query(), &Outer::default()));
        let (functions, n_sources, n_nodes) = (within.functions, within.n_sources, within.n_nodes);
        (self.functions, self.n_sources, self.n_nodes) = (functions, n_sources, n_nodes);
        bound
    }

    fn table_function<'q>(
        &mut self,
        name: &str,
        args: &'q [FunctionArg],
        alias: Option<&str>,
        scope: &mut Scope<'q>,
        at: usize,
    ) -> Result<From, SqlError> {
        self.check_alias("table function", alias, scope, at)?;
        if !matches!(name, "numbers" | "zeros") {
            let mut error = self.error(
                ErrorKind::Forbidden,
                format!("the table function {name} is not allowed"),
                at,
            );
            // The view of a query with parameters, as it is called with `name = value`.
            let is_view = args.iter().any(is_assignment);
            error.hint = Some(if is_view {
                crate::parse::IN_PLACE_OF_VIEWS.to_owned()
            } else {
                "the events are in the table events".to_owned()
            });
            return Err(error);
        }
        if name == "zeros" {
            return Err(self.unsupported("zeros", Some("use numbers(n)"), at));
        }
        let mut amounts = Vec::new();
        for argument in args {
            let FunctionArg::Unnamed(FunctionArgExpr::Expr(ast)) = argument else {
                return Err(self.unsupported("this argument of numbers", None, at));
            };
            let amount = self.expr(ast, scope)?;
            if amount.as_integer().is_none_or(|n| n < 0) {
                return Err(self.type_error("numbers takes whole numbers", amount.at));
            }
            amounts.push(amount);
        }
        let (offset, length) = match amounts.len() {
            1 => {
                let zero = sqlparser::ast::Value::Number("0".to_owned(), false);
                (self.literal(&zero, false, at)?, amounts.remove(0))
            }
            2 => (amounts.remove(0), amounts.remove(0)),
            _ => return Err(self.type_error("numbers takes one or two arguments", at)),
        };
        let column = Column {
            name: "number".to_owned(),
            ty: DataType::UInt64,
        };
        let kind = SourceKind::Numbers { offset, length };
        let qualifiers = alias.map(str::to_owned).into_iter().collect();
        Ok(self.add(kind, vec![column], qualifiers, scope))
    }

    /// ClickHouse joins no subquery without a name.
    fn check_alias(
        &self,
        what: &str,
        alias: Option<&str>,
        scope: &Scope<'_>,
        at: usize,
    ) -> Result<(), SqlError> {
        if alias.is_some() || scope.n_joins == 0 {
            return Ok(());
        }
        let message = format!("a {what} that is joined needs an alias");
        let mut error = self.error(ErrorKind::Unknown, message, at);
        error.hint = Some("write AS t behind it".to_owned());
        Err(error)
    }

    fn add_query(&mut self, query: Query, alias: Option<&str>, scope: &mut Scope<'_>) -> From {
        let columns = query.columns();
        let qualifiers = alias.map(str::to_owned).into_iter().collect();
        self.add(
            SourceKind::Query(Box::new(query)),
            columns,
            qualifiers,
            scope,
        )
    }

    fn add(
        &mut self,
        kind: SourceKind,
        columns: Vec<Column>,
        qualifiers: Vec<String>,
        scope: &mut Scope<'_>,
    ) -> From {
        let id = self.next_source();
        scope.sources.push(ScopeSource {
            id,
            qualifiers,
            columns,
            replaced: Vec::new(),
            or_default: false,
            kind: match &kind {
                SourceKind::Relation => ScopeKind::Relation,
                SourceKind::Query(_) | SourceKind::Materialized { .. } => ScopeKind::Query,
                SourceKind::Catalogue | SourceKind::Numbers { .. } | SourceKind::One => {
                    ScopeKind::Other
                }
            },
        });
        From::Source(Source { id, kind })
    }
}

/// The relation that may have been meant.
fn hint_of_table(name: &str) -> String {
    let own = name.rsplit('.').next().unwrap_or(name);
    let views = views::views().iter().map(|view| view.name);
    crate::similar::nearest(own, views)
        .unwrap_or_else(|| "the events are in the table events".to_owned())
}

/// `name = value`.
fn is_assignment(argument: &FunctionArg) -> bool {
    match argument {
        FunctionArg::Named { .. } | FunctionArg::ExprNamed { .. } => true,
        FunctionArg::Unnamed(FunctionArgExpr::Expr(sqlparser::ast::Expr::BinaryOp {
            left,
            op,
            ..
        })) => {
            *op == sqlparser::ast::BinaryOperator::Eq
                && matches!(**left, sqlparser::ast::Expr::Identifier(_))
        }
        FunctionArg::Unnamed(_) => false,
    }
}
