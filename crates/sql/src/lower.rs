//! A bound query as DuckDB's text.
//!
//! Each file in `lower/` is one rewrite that closes one gap between the two engines; a rewrite
//! that changed something leaves its name in [`Lowering::passes`]. Names: sources are `__t0`,
//! `__t1` …, their columns `s0`, `s1` …, the columns of a query `c0`, `c1` … (two sets: in a key of ORDER BY
//! DuckDB takes a name for the source's column before the result's); no text of the user is in it but literals.

mod aggregates;
mod array_joins;
mod arrays;
mod buckets;
mod bytes;
mod comparisons;
mod conversions;
mod expressions;
mod fill;
mod funnel;
mod integers;
mod joins;
mod json;
mod json_member;
mod lambdas;
mod large;
mod materialized;
mod numbers;
mod readable;
mod room;
mod select_context;
mod selects;
mod simple_json;
mod stand_ins;
mod strings;
mod texts_of_times;
mod time_bounds;
mod times;
mod windows;

use select_context::SelectContext;

use std::collections::{BTreeSet, HashSet};

use crate::context::Context;
use crate::error::{ErrorKind, SqlError};
use crate::ir::{Expr, Query};
use crate::materialized_view::MaterializedView;
use crate::relation::Relation;
use crate::settings::Settings;
use crate::source_map::SourceMap;
use crate::types::DataType;

pub(crate) struct Lowering<'a> {
    source_map: &'a SourceMap<'a>,
    context: &'a Context,
    relation: &'a Relation,
    settings: &'a Settings,
    /// Rewrites that changed something.
    pub passes: BTreeSet<&'static str>,
    /// The source and the time of which the text takes a slice, between marks.
    pub slice: Option<(usize, Expr)>,
    /// Whether its rows are of several slices, told apart by a first column `slice`.
    pub is_numbered: bool,
    /// The source for which rows of slices stand.
    pub rows: Option<usize>,
    /// Whether views that a store may keep are named, and not written out.
    pub materializes: bool,
    /// Those views, each behind what it names itself.
    pub materialized: Vec<MaterializedView>,
    /// Sources that are the events themselves.
    relation_sources: HashSet<usize>,
    /// What holds for the select at hand alone.
    select_context: SelectContext,
    /// Sources that the joins of the select at hand leave out of all rows.
    absent: HashSet<usize>,
    n_array_joins: usize,
    /// Columns of subqueries, by source and place, whose integers can be beyond BIGINT or near its end.
    large_columns: HashSet<(usize, usize)>,
    /// Columns of subqueries whose texts can have bytes that are no character.
    cut_columns: HashSet<(usize, usize)>,
    /// Names of bound values that can be such texts.
    cut_names: HashSet<String>,
    /// Parameters of the lambdas around whose integers can be so large.
    large_parameters: HashSet<String>,
    /// How many lambdas are around what is at hand.
    lambda_depth: usize,
    /// What is worked out once under a name: `h1` is the first.
    named_values: Vec<Expr>,
    /// Names that stand for long arguments.
    n_bound: usize,
}

/// How the messages begin that a lowered query raises itself, by `error('…')`. Whatever else DuckDB
/// says is its own.
pub const OWN_ERRORS: [&str; 14] = [
    "the query would make texts or arrays of more than",
    "Cannot convert NULL value to a type that is not Nullable",
    "Division by zero",
    "Convert overflow",
    "Cannot parse as Date: ",
    "Cannot parse as a time: ",
    "JSON nested deeper than",
    "The arrays of arrayZip have different sizes",
    "WITH FILL would add more than",
    "a text cannot be padded to more than",
    "no number: ",
    "range would make more than",
    "the arrays of ARRAY JOIN have different lengths",
    "windowFunnel would go through more than",
];

/// A piece of DuckDB's SQL.
pub(crate) struct Sql {
    pub text: String,
    /// Whether it is a BOOLEAN where ClickHouse has `UInt8`.
    pub is_condition: bool,
}

impl Sql {
    fn value(text: impl Into<String>) -> Sql {
        Sql {
            text: text.into(),
            is_condition: false,
        }
    }

    fn condition(text: impl Into<String>) -> Sql {
        Sql {
            text: text.into(),
            is_condition: true,
        }
    }
}

impl<'a> Lowering<'a> {
    pub fn new(
        source_map: &'a SourceMap<'a>,
        context: &'a Context,
        relation: &'a Relation,
        settings: &'a Settings,
    ) -> Lowering<'a> {
        Lowering {
            source_map,
            context,
            relation,
            settings,
            passes: BTreeSet::new(),
            slice: None,
            is_numbered: false,
            rows: None,
            materializes: false,
            materialized: Vec::new(),
            relation_sources: HashSet::new(),
            select_context: SelectContext::default(),
            absent: HashSet::new(),
            n_array_joins: 0,
            large_columns: HashSet::new(),
            cut_columns: HashSet::new(),
            cut_names: HashSet::new(),
            large_parameters: HashSet::new(),
            lambda_depth: 0,
            named_values: Vec::new(),
            n_bound: 0,
        }
    }

    /// The whole query, its columns cast to the types that `Prepared::duckdb` promises.
    pub fn lower(&mut self, query: &Query) -> Result<String, SqlError> {
        let columns = query.columns();
        if let Some(column) = columns.iter().find(|column| column.ty.is_interval()) {
            let what = format!("an interval as a result ({})", column.name);
            let hint = Some("add it to a time, or select its number");
            return Err(self.unsupported(&what, hint, 0));
        }
        let types: Vec<String> = columns.iter().map(|c| result_type(&c.ty)).collect();
        let mut inner = self.query(query)?;
        let are_cut = self.cut_columns_of(query);
        if are_cut.contains(&true) {
            let number = self.is_numbered.then(|| "slice".to_owned());
            let items = columns
                .iter()
                .zip(are_cut)
                .enumerate()
                .map(|(index, (column, is_cut))| {
                    let name = format!("c{index}");
                    let text = if is_cut {
                        bytes::shown(&name, &column.ty)
                    } else {
                        name.clone()
                    };
                    format!("{text} AS {name}")
                });
            let items: Vec<String> = number.into_iter().chain(items).collect();
            inner = format!("SELECT {} FROM ({inner})", items.join(", "));
        }
        Ok(self.with_types(&inner, &types))
    }

    /// A time of the events, as it stands in the text.
    pub fn time(&mut self, time: &Expr) -> Result<String, SqlError> {
        self.value(time)
    }

    /// The whole query, its columns as they are within a query, and their types: to be read by another one.
    pub fn lower_rows(&mut self, query: &Query) -> Result<(String, Vec<String>), SqlError> {
        let inner = self.query(query)?;
        let are_large = self.large_columns_of(query);
        let columns = query.columns().into_iter().zip(are_large);
        // Rows go through Arrow, which has no HUGEINT.
        let types = columns.map(|(column, is_large)| {
            inner_type_with(&column.ty, if is_large { "UBIGINT" } else { "BIGINT" })
        });
        let types: Vec<String> = types.collect();
        Ok((self.with_types(&inner, &types), types))
    }

    /// Lets rows of slices stand for the events; `of_rows` has lowered the query that gives them.
    pub fn read_rows(&mut self, events: usize, rows: &Query, of_rows: &Lowering<'_>) {
        let columns = |are: Vec<bool>| {
            let places = are.into_iter().enumerate();
            places.filter_map(move |(index, is)| is.then_some((events, index)))
        };
        self.rows = Some(events);
        self.large_columns
            .extend(columns(of_rows.large_columns_of(rows)));
        self.cut_columns
            .extend(columns(of_rows.cut_columns_of(rows)));
    }

    fn with_types(&self, inner: &str, types: &[String]) -> String {
        let casts = types
            .iter()
            .enumerate()
            .map(|(index, ty)| format!("CAST(c{index} AS {ty}) AS c{index}"));
        let number = self.is_numbered.then(|| "slice".to_owned());
        let columns: Vec<String> = number.into_iter().chain(casts).collect();
        format!("SELECT {} FROM ({inner}) AS __result", columns.join(", "))
    }

    fn pass(&mut self, name: &'static str) {
        self.passes.insert(name);
    }

    fn unsupported(&self, construct: &str, hint: Option<&str>, at: usize) -> SqlError {
        let message = format!("{construct} is not supported");
        let mut error = self.source_map.error(ErrorKind::Unsupported, message, at);
        error.hint = hint.map(str::to_owned);
        error
    }
}

/// A string literal.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The value that ClickHouse has where there is none, for a type without NULL.
pub(crate) fn default_of(ty: &DataType) -> String {
    match ty {
        DataType::Nullable(_) | DataType::Nothing => "NULL".to_owned(),
        DataType::String => "''".to_owned(),
        DataType::Bool => "false".to_owned(),
        DataType::Date | DataType::Date32 => "DATE '1970-01-01'".to_owned(),
        DataType::DateTime(_) | DataType::DateTime64 { .. } => {
            "TIMESTAMP '1970-01-01 00:00:00'".to_owned()
        }
        DataType::Array(_) => "[]".to_owned(),
        DataType::Tuple(items) => {
            let items: Vec<String> = items.iter().map(default_of).collect();
            format!("row({})", items.join(", "))
        }
        _ => "0".to_owned(),
    }
}

/// DuckDB's type for a value within a query: all integers are BIGINT.
pub(crate) fn inner_type(ty: &DataType) -> String {
    inner_type_with(ty, "BIGINT")
}

/// As [`inner_type`], with another type for what is a `UInt64`.
fn inner_type_with(ty: &DataType, of_64_bits: &str) -> String {
    match ty {
        DataType::Nullable(inner) => inner_type_with(inner, of_64_bits),
        DataType::Array(item) => format!("{}[]", inner_type_with(item, of_64_bits)),
        DataType::Tuple(items) => struct_of(items, |item| inner_type_with(item, of_64_bits)),
        DataType::UInt64 => of_64_bits.to_owned(),
        DataType::Float32 => "FLOAT".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Decimal { precision, scale } => format!("DECIMAL({precision}, {scale})"),
        DataType::Bool => "BOOLEAN".to_owned(),
        DataType::String | DataType::JsonType => "VARCHAR".to_owned(),
        DataType::Date | DataType::Date32 => "DATE".to_owned(),
        DataType::DateTime(_) | DataType::DateTime64 { .. } => "TIMESTAMP".to_owned(),
        DataType::Nothing => "INTEGER".to_owned(),
        DataType::Interval(_) => "INTERVAL".to_owned(),
        _ => "BIGINT".to_owned(),
    }
}

/// DuckDB's type for a column of the result.
fn result_type(ty: &DataType) -> String {
    match ty {
        DataType::Nullable(inner) => result_type(inner),
        DataType::Array(item) => format!("{}[]", result_type(item)),
        DataType::Tuple(items) => struct_of(items, result_type),
        DataType::UInt8 => "UTINYINT".to_owned(),
        DataType::UInt16 => "USMALLINT".to_owned(),
        DataType::UInt32 => "UINTEGER".to_owned(),
        DataType::UInt64 => "UBIGINT".to_owned(),
        DataType::Int8 => "TINYINT".to_owned(),
        DataType::Int16 => "SMALLINT".to_owned(),
        DataType::Int32 => "INTEGER".to_owned(),
        DataType::DateTime(_) => "TIMESTAMP_S".to_owned(),
        DataType::DateTime64 { precision: 0, .. } => "TIMESTAMP_S".to_owned(),
        DataType::DateTime64 {
            precision: 1..=3, ..
        } => "TIMESTAMP_MS".to_owned(),
        DataType::Interval(_) => "BIGINT".to_owned(),
        plain => inner_type(plain),
    }
}

fn struct_of(items: &[DataType], name: impl Fn(&DataType) -> String) -> String {
    let fields = items.iter().enumerate();
    let fields: Vec<String> = fields
        .map(|(i, item)| format!("f{i} {}", name(item)))
        .collect();
    format!("STRUCT({})", fields.join(", "))
}
