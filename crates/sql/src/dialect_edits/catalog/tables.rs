//! What the tables of `system` and `information_schema` hold: one database with one table, the settings and the
//! functions. None of it depends on the events or on who asks.

use std::fmt::Write as _;

use super::{DATABASE, TABLE};
use crate::expand::string_literal;
use crate::functions::{self, FunctionKind};
use crate::relation::Relation;
use crate::settings;

/// The tables that there are.
pub(super) const HINT: &str = "there are build_options, columns, databases, functions, settings and tables of system, and columns, tables and schemata of information_schema";

/// A table of `system`.
pub(super) fn system(table: &str, relation: &Relation) -> Option<String> {
    let (database, events) = (string_literal(DATABASE), string_literal(TABLE));
    Some(match table {
        "columns" => rows(relation, |position, name, data_type| {
            format!(
                "{database} AS database, {events} AS table, {name} AS name, {data_type} AS type, toUInt64({position}) AS position, '' AS default_kind, '' AS default_expression, '' AS comment, \
                 toUInt8(0) AS is_in_primary_key, toUInt8(0) AS is_in_sorting_key, toUInt8(0) AS is_in_partition_key, '' AS compression_codec, '' AS ttl_expression, \
                 CAST(NULL AS Nullable(UInt64)) AS character_octet_length, CAST(NULL AS Nullable(UInt64)) AS numeric_precision, CAST(NULL AS Nullable(UInt64)) AS numeric_precision_radix, \
                 CAST(NULL AS Nullable(UInt64)) AS numeric_scale, CAST(NULL AS Nullable(UInt64)) AS datetime_precision"
            )
        }),
        "tables" => {
            let create = string_literal(&create_table(relation));
            format!(
                "SELECT {database} AS database, {events} AS name, {events} AS table, 'MergeTree' AS engine, 'MergeTree' AS engine_full, toUInt8(0) AS is_temporary, '' AS comment, {create} AS create_table_query, \
                 'timestamp' AS sorting_key, '' AS primary_key, '' AS partition_key, '' AS sampling_key, CAST(NULL AS Nullable(UInt64)) AS total_rows, CAST(NULL AS Nullable(UInt64)) AS total_bytes"
            )
        }
        "databases" => {
            format!(
                "SELECT {database} AS name, 'Atomic' AS engine, '' AS data_path, '' AS metadata_path, '' AS comment"
            )
        }
        "settings" => lines(
            settings::listed().map(|setting| {
                let is_fixed = u8::from(setting.is_fixed);
                let settings::Listed {
                    name,
                    value,
                    type_name,
                    ..
                } = setting;
                format!("{name}\t{value}\t{type_name}\t{is_fixed}")
            }),
            "#[1] AS name, #[2] AS value, toUInt8(0) AS changed, '' AS description, CAST(NULL AS Nullable(String)) AS min, CAST(NULL AS Nullable(String)) AS max, \
             toUInt8(#[4]) AS readonly, #[3] AS type, #[2] AS default, '' AS alias_for, toUInt8(0) AS is_obsolete, 'Production' AS tier",
        ),
        "functions" => lines(
            named_functions(),
            "#[1] AS name, toUInt32(#[2]) AS is_aggregate, toUInt32(0) AS case_insensitive, '' AS alias_to, '' AS create_query, 'System' AS origin, '' AS description, \
             #[3] AS syntax, '' AS arguments, '' AS parameters, '' AS returned_value, '' AS examples, '' AS introduced_in, '' AS categories",
        ),
        "build_options" => {
            let version = string_literal(crate::VERSION);
            format!("SELECT 'VERSION_DESCRIBE' AS name, {version} AS value")
        }
        _ => return None,
    })
}

/// A table of `information_schema`.
pub(super) fn information_schema(table: &str, relation: &Relation) -> Option<String> {
    let (database, events) = (string_literal(DATABASE), string_literal(TABLE));
    Some(match table {
        "columns" => rows(relation, |position, name, data_type| {
            format!(
                "{database} AS table_catalog, {database} AS table_schema, {events} AS table_name, {name} AS column_name, toUInt64({position}) AS ordinal_position, '' AS column_default, toUInt8(startsWith({data_type}, 'Nullable')) AS is_nullable, {data_type} AS data_type, {data_type} AS column_type, '' AS column_comment"
            )
        }),
        "tables" => format!(
            "SELECT {database} AS table_catalog, {database} AS table_schema, {events} AS table_name, 'BASE TABLE' AS table_type, '' AS table_comment"
        ),
        "schemata" => format!(
            "SELECT {database} AS catalog_name, {database} AS schema_name, 'default' AS schema_owner"
        ),
        _ => return None,
    })
}

/// The rows of `DESCRIBE TABLE events`.
pub(super) fn described(relation: &Relation) -> String {
    rows(relation, |_, name, data_type| {
        format!(
            "{name} AS name, {data_type} AS type, '' AS default_type, '' AS default_expression, '' AS comment, '' AS codec_expression, '' AS ttl_expression"
        )
    })
}

/// The statement that would make the table in ClickHouse.
pub(super) fn create_table(relation: &Relation) -> String {
    let mut text = format!("CREATE TABLE {DATABASE}.{TABLE}\n(\n");
    for (index, column) in relation.columns.iter().enumerate() {
        let comma = if index == 0 { "" } else { ",\n" };
        let _ = write!(text, "{comma}    `{}` {}", column.name, column.data_type);
    }
    text.push_str("\n)\nENGINE = MergeTree\nORDER BY timestamp");
    text
}

/// A row for each of the relation's columns, which `row` writes of its place, name and type.
fn rows(relation: &Relation, row: impl Fn(usize, &str, &str) -> String) -> String {
    let columns = (1..).zip(&relation.columns);
    let rows = columns.map(|(position, column)| {
        let name = string_literal(&column.name);
        let data_type = string_literal(&column.data_type.to_string());
        format!("SELECT {}", row(position, &name, &data_type))
    });
    rows.collect::<Vec<String>>().join(" UNION ALL ")
}

/// Name, whether it is an aggregate, and signature of each function, once a name.
fn named_functions() -> impl Iterator<Item = String> {
    let mut before = "";
    functions::all().iter().filter_map(move |function| {
        let is_new = function.name != before;
        before = function.name;
        let is_aggregate = u8::from(function.kind == FunctionKind::Aggregate);
        is_new.then(|| {
            let arguments = function.signature();
            format!("{0}\t{is_aggregate}\t{0}({arguments})", function.name)
        })
    })
}

/// A row for each line, whose cells are between tabs; `#` in `columns` stands for them. One text, as thousands of
/// SELECTs would take a second.
fn lines(lines: impl Iterator<Item = String>, columns: &str) -> String {
    let lines = lines.collect::<Vec<String>>().join("\n");
    let columns = columns.replace('#', "splitByChar('\t', line)");
    let lines = string_literal(&lines);
    format!("SELECT {columns} FROM (SELECT arrayJoin(splitByChar('\n', {lines})) AS line)")
}
