//! Binding: every name of a parsed query gets its meaning, every expression its type.
//!
//! ClickHouse's rules, where they differ from SQL's: an alias may be used anywhere in its
//! select and wins over a column of the same name, except within its own definition; an
//! expression of WITH is a name for all that follows; ORDER BY of a UNION is its last branch's.

mod aggregates;
mod array_joins;
mod calls;
mod casts;
mod clauses;
mod columns;
mod expressions;
mod joins;
mod names;
mod parameters;
mod query;
mod results;
mod server;
mod sets;
mod sources;
mod view_bounds;
mod windows;

pub use server::VERSION;
pub(crate) use view_bounds::{ALL_TIME_MS, parameters as bounds_of_views};

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use sqlparser::ast;

use crate::context::Context;
use crate::error::{ErrorKind, SqlError};
use crate::ir::{Expr, Query};
use crate::relation::Relation;
use crate::settings::Settings;
use crate::source_map::SourceMap;
use crate::types::DataType;

/// Most expressions that a query may have once its aliases and WITH expressions are put in.
const MAX_NODES: usize = 50_000;

/// Deepest nesting of expressions, aliases and subqueries.
const MAX_DEPTH: usize = 400;

pub(crate) struct Binder<'a> {
    pub source_map: &'a SourceMap<'a>,
    pub context: &'a Context,
    pub relation: &'a Relation,
    pub settings: &'a Settings,
    /// Functions met, as the table spells them.
    pub functions: BTreeSet<&'static str>,
    n_sources: usize,
    n_nodes: usize,
    depth: usize,
    /// Whether an aggregate is being bound: they do not nest.
    in_aggregate: bool,
    /// The views that selects name which are not bound to their ends.
    named_views: Vec<view_bounds::NamedView>,
}

/// What a subquery sees of the query around it: common tables and WITH expressions.
#[derive(Clone, Default)]
pub(crate) struct Outer<'q> {
    tables: HashMap<String, Rc<Table<'q>>>,
    expressions: HashMap<String, &'q ast::Expr>,
    /// Those of `expressions` that are of the query itself, not of one around it.
    named_here: BTreeSet<String>,
}

/// A common table: bound anew wherever it is used, as ClickHouse does.
struct Table<'q> {
    query: &'q ast::Query,
    outer: Outer<'q>,
}

/// What the expressions of one select see.
pub(crate) struct Scope<'q> {
    outer: Outer<'q>,
    /// Names for expressions of this select.
    aliases: HashMap<String, &'q ast::Expr>,
    /// Aliases whose definition is being bound.
    resolving: Vec<String>,
    sources: Vec<ScopeSource>,
    /// How many joins there are of its tables.
    n_joins: usize,
    using: Vec<columns::Using>,
    /// How many subqueries without an alias have a name.
    n_subqueries: std::cell::Cell<usize>,
    lambdas: Vec<LambdaParameter>,
    windows: HashMap<String, &'q ast::WindowSpec>,
}

struct LambdaParameter {
    name: String,
    unique: String,
    ty: DataType,
}

/// What a source is to the names of a select.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ScopeKind {
    /// The events, some of whose columns are no part of `*`.
    Relation,
    Query,
    /// `numbers`, `system.one`.
    Other,
    /// Its columns are elements of joined arrays.
    Arrays,
}

/// A source as the names of a select see it.
struct ScopeSource {
    id: usize,
    /// Names that may stand before the dot.
    qualifiers: Vec<String>,
    columns: Vec<crate::ir::Column>,
    /// Of joined arrays without an alias: the columns that the elements stand for.
    replaced: Vec<Option<columns::Place>>,
    /// Whether an outer join may leave its rows out.
    or_default: bool,
    kind: ScopeKind,
}

impl<'a> Binder<'a> {
    pub fn new(
        source_map: &'a SourceMap<'a>,
        context: &'a Context,
        relation: &'a Relation,
        settings: &'a Settings,
    ) -> Binder<'a> {
        Binder {
            source_map,
            context,
            relation,
            settings,
            functions: BTreeSet::new(),
            n_sources: 0,
            n_nodes: 0,
            depth: 0,
            in_aggregate: false,
            named_views: Vec::new(),
        }
    }

    /// Binds a whole query.
    pub fn bind(&mut self, query: &ast::Query) -> Result<Query, SqlError> {
        let bound = self.query(query, &Outer::default())?;
        self.within_limit(bound)
    }

    fn next_source(&mut self) -> usize {
        self.n_sources += 1;
        self.n_sources - 1
    }

    fn node(
        &mut self,
        kind: crate::ir::ExprKind,
        ty: DataType,
        at: usize,
    ) -> Result<Expr, SqlError> {
        self.n_nodes += 1;
        if self.n_nodes > MAX_NODES {
            let message = format!(
                "the query has more than {MAX_NODES} expressions once its aliases are put in"
            );
            return Err(self.error(ErrorKind::Unsupported, message, at));
        }
        Ok(Expr::new(kind, ty, at))
    }

    /// Runs `bind` one level deeper.
    fn deeper<T>(
        &mut self,
        at: usize,
        bind: impl FnOnce(&mut Self) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        if self.depth == MAX_DEPTH {
            let message = format!("the query nests deeper than {MAX_DEPTH} levels");
            return Err(self.error(ErrorKind::Unsupported, message, at));
        }
        self.depth += 1;
        let bound = bind(self);
        self.depth -= 1;
        bound
    }

    fn error(&self, kind: ErrorKind, message: impl Into<String>, at: usize) -> SqlError {
        self.source_map.error(kind, message, at)
    }

    fn type_error(&self, message: impl Into<String>, at: usize) -> SqlError {
        self.error(ErrorKind::Type, message, at)
    }

    fn unsupported(&self, construct: &str, hint: Option<&str>, at: usize) -> SqlError {
        let mut error = self.error(
            ErrorKind::Unsupported,
            format!("{construct} is not supported"),
            at,
        );
        error.hint = hint.map(str::to_owned);
        error
    }
}
