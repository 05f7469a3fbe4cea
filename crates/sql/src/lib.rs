//! ClickHouse's SELECT over the events: macros, variables, check, types, and its text for both
//! stores. Opens no connection, reads no clock.
//!
//! ```text
//! user's text ─ expand ─ parse ─ bind ─┬─ ClickHouse's text, `events` replaced
//!              (macros) (AST)  (types) └─ lower ─ DuckDB's text
//! ```
//!
//! **Invariant:** what is not bound does not run. A function, table or clause that this crate
//! does not know by name is refused; no text of the user reaches a database but through a node
//! that was bound.

mod bind;
mod context;
mod dialect;
mod dialect_edits;
mod error;
mod expand;
mod functions;
mod ir;
mod lower;
mod materialized_view;
mod names;
mod parse;
mod print;
mod relation;
mod settings;
mod shape;
mod similar;
mod slices;
mod source_map;
mod statement;
mod time_arguments;
mod timezones;
mod types;
mod typing;
mod views;

pub use bind::VERSION;
pub use context::{Asker, Context, TimeRange, VariableValue};
pub use error::{ErrorKind, Position, SqlError};
pub use lower::OWN_ERRORS;
pub use materialized_view::{Materialized, MaterializedView};
pub use relation::{Catalogue, Column, PromotedKind, PromotedPath, Relation, Source};
pub use settings::{Overflow, SetMode, Settings, TimeOutput};
pub use slices::{Newest, Parts, TimeSlices};
pub use statement::{Insert, Statement};
pub use types::{DataType, IntervalUnit};
pub use views::{View, ViewColumn, views};

/// What a statement asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementKind {
    /// Rows.
    Select,
    /// `EXPLAIN …`: how the store would run it. `EXPLAIN SYNTAX …` is answered by
    /// the text in [`Dialect::ClickHouse`].
    Explain,
    /// `EXPLAIN SYNTAX …`: the query as it is sent to ClickHouse.
    ExplainSyntax,
}

/// `FORMAT name` at a statement's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatClause {
    /// As the user spelled it; whether there is such a format, who writes answers knows.
    pub name: String,
    /// Where the name stands.
    pub position: Position,
}

/// A column of the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultColumn {
    /// As ClickHouse names it.
    pub name: String,
    /// As ClickHouse types it.
    pub data_type: DataType,
}

/// How a result is put together from slices of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Division {
    /// It is grouped by a bucket of the time.
    ByTime(TimeSlices),
    /// It has the newest rows of the time.
    Newest(Newest),
    /// It is made of groups that slices have a part of.
    Parts(Parts),
}

/// The SQL of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// ClickHouse's.
    ClickHouse,
    /// DuckDB's.
    DuckDb,
}

/// A checked query.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// What was asked for.
    pub kind: StatementKind,
    clickhouse: String,
    /// Result columns are named `c0`, `c1`, … and have these types: integers and
    /// floats as named, `Bool` BOOLEAN, `String` VARCHAR, both dates DATE, `DateTime`
    /// `TIMESTAMP_S`, `DateTime64` `TIMESTAMP_MS` or TIMESTAMP (UTC, whatever the time zone of
    /// the type), intervals BIGINT, `Nothing` INTEGER, arrays lists, tuples structs.
    duckdb: String,
    /// The result's columns.
    pub columns: Vec<ResultColumn>,
    /// The settings that change the answer. Those of how it is written are for who writes it.
    pub settings: Settings,
    /// The format that the text asks for.
    pub format: Option<FormatClause>,
    division: Option<Division>,
    materialized: Option<Materialized>,
    /// Functions that the query uses, sorted.
    pub functions: Vec<String>,
    /// Rewrite passes that changed something on the way to DuckDB, sorted.
    pub passes: Vec<&'static str>,
}

impl Prepared {
    /// What a store runs. In DuckDB's the result's columns are named `c0`, `c1`, ….
    pub fn text(&self, dialect: Dialect) -> &str {
        match dialect {
            Dialect::ClickHouse => &self.clickhouse,
            Dialect::DuckDb => &self.duckdb,
        }
    }

    /// The query with the views named that the store may keep, where it reads one: with the same result as
    /// [`Prepared::text`], and to be run beside the views.
    pub fn materialized(&self, dialect: Dialect) -> Option<&Materialized> {
        match dialect {
            Dialect::ClickHouse => None,
            Dialect::DuckDb => self.materialized.as_ref(),
        }
    }

    /// How the result is put together from slices of time, where it can be.
    pub fn division(&self, dialect: Dialect) -> Option<&Division> {
        match dialect {
            // Texts of slices are lowered, and not printed.
            Dialect::ClickHouse => None,
            Dialect::DuckDb => self.division.as_ref(),
        }
    }
}

/// Most bytes of a lowered query: aliases that use each other can make a short text long.
const MAX_TEXT_BYTES: usize = 4 << 20;

/// Stack for the tree of a query: `sqlparser` nests a chain of operators as deep as it is long.
const STACK_BYTES: usize = 256 << 20;

/// Expands, parses, checks and resolves a query.
///
/// # Errors
/// [`SqlError`] with the place in `sql` for whatever is no permitted query.
pub fn prepare(sql: &str, context: &Context, relation: &Relation) -> Result<Prepared, SqlError> {
    stacker::grow(STACK_BYTES, || prepare_on_stack(sql, context, relation))
}

fn prepare_on_stack(
    sql: &str,
    context: &Context,
    relation: &Relation,
) -> Result<Prepared, SqlError> {
    let beside = Settings::beside(&context.settings)?;
    let (expanded, ends) = dialect_edits::edit(expand::expand(sql, context)?, relation, beside)?;
    let dialect_edits::Ends { settings, format } = ends;
    let source_map = source_map::SourceMap::new(sql, &expanded);
    if let Some(at) = source_name_in(&expanded.text) {
        let message = "names with __t and a digit are taken";
        return Err(source_map.error(ErrorKind::Forbidden, message, at));
    }
    let parsed = parse::parse(&source_map)?;
    let mut binder = bind::Binder::new(&source_map, context, relation, &settings);
    let query = binder.bind(&parsed.query)?;
    let functions = binder
        .functions
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    let mut lowering = lower::Lowering::new(&source_map, context, relation, &settings);
    let duckdb = lowering.lower(&query)?;
    let division = division(&query, &source_map, context, relation, &settings);
    let mut lowering_of_names = lower::Lowering::new(&source_map, context, relation, &settings);
    let materialized = materialized_view::find(&mut lowering_of_names, &query)?;
    let clickhouse = print::Printer { relation }.query(&query) + &settings.printed();
    if duckdb.len().max(clickhouse.len()) > MAX_TEXT_BYTES {
        let message = "the query becomes too long once its aliases are put in";
        return Err(source_map.error(ErrorKind::Unsupported, message, 0));
    }
    let columns = query.columns().into_iter().map(|column| ResultColumn {
        name: column.name,
        data_type: column.ty,
    });
    Ok(Prepared {
        kind: parsed.kind,
        clickhouse,
        duckdb,
        division,
        materialized,
        columns: columns.collect(),
        settings: settings.clone(),
        format,
        functions,
        passes: lowering.passes.into_iter().collect(),
    })
}

/// How a query is divided. The texts are the lowered query's but for the range of time.
fn division(
    query: &ir::Query,
    source_map: &source_map::SourceMap,
    context: &Context,
    relation: &Relation,
    settings: &Settings,
) -> Option<Division> {
    let lowering = || lower::Lowering::new(source_map, context, relation, settings);
    let of_slice = |events, time: &ir::Expr| {
        let mut lowering = lowering();
        lowering.slice = Some((events, time.clone()));
        lowering
    };
    if let Some(found) = slices::find(query, context) {
        let text = of_slice(found.events, &found.time).lower(&found.query);
        return found.with_text(text.ok()?).map(Division::ByTime);
    }
    if let Some(found) = slices::find_newest(query, context) {
        let text = of_slice(found.events, &found.time).lower(&found.query);
        return found.with_text(text.ok()?).map(Division::Newest);
    }
    let found = slices::find_parts(query, context)?;
    let texts = texts_of_parts(&found, lowering, of_slice);
    found.with_texts(texts.ok()?).map(Division::Parts)
}

fn texts_of_parts<'a>(
    found: &slices::Divided,
    lowering: impl Fn() -> lower::Lowering<'a>,
    of_slice: impl Fn(usize, &ir::Expr) -> lower::Lowering<'a>,
) -> Result<slices::Texts, SqlError> {
    let mut numbered = of_slice(found.events, &found.time);
    numbered.is_numbered = true;
    let (numbered_rows, _) = numbered.lower_rows(&found.partial)?;
    let mut of_partial = of_slice(found.events, &found.time);
    let (partial, types) = of_partial.lower_rows(&found.partial)?;
    let mut of_rows = lowering();
    of_rows.read_rows(found.events, &found.partial, &of_partial);
    Ok(slices::Texts {
        partial,
        numbered: numbered_rows,
        time: numbered.time(&found.time)?,
        types,
        whole: of_rows.lower(&found.whole)?,
    })
}

/// Where a text has a name as [`print::source_name`] makes them, in any place: escapes and quotes
/// are not looked at.
fn source_name_in(text: &str) -> Option<usize> {
    text.match_indices("__t")
        .find(|(at, name)| text[at + name.len()..].starts_with(|c: char| c.is_ascii_digit()))
        .map(|(at, _)| at)
}

/// A row of the function table, for editors and for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionDescription {
    /// As ClickHouse spells it.
    pub name: &'static str,
    /// What it takes, in the table's words.
    pub arguments: String,
    /// What it gives, in the table's words.
    pub result: &'static str,
    /// Whether it is an aggregate.
    pub is_aggregate: bool,
    /// Whether it needs `OVER`.
    pub is_window: bool,
}

/// The functions that queries may use.
pub fn functions() -> impl Iterator<Item = FunctionDescription> {
    functions::all().iter().map(|function| FunctionDescription {
        name: function.name,
        arguments: function.signature(),
        result: function.result,
        is_aggregate: function.kind == functions::FunctionKind::Aggregate,
        is_window: function.kind == functions::FunctionKind::Window,
    })
}

#[cfg(test)]
mod tests;
