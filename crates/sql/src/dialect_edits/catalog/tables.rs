//! What the tables of `system` and `information_schema` hold: one database with the events and the views, the
//! settings and the functions. None of it depends on the events or on who asks.

use std::fmt::Write as _;

use super::{DATABASE, Table};
use crate::expand::string_literal;
use crate::functions::{self, FunctionKind};
use crate::relation::Relation;
use crate::settings;
use crate::views::views;

/// The tables that there are.
pub(super) const HINT: &str = "there are build_options, columns, databases, functions, settings and tables of system, and columns, tables and schemata of information_schema";

/// A table of `system`.
pub(super) fn system(table: &str, relation: &Relation) -> Option<String> {
    let database = string_literal(DATABASE);
    Some(match table {
        "columns" => columns_of_all(relation, |table, column| {
            let Described {
                position,
                name,
                data_type,
                meaning,
            } = column;
            format!(
                "{database} AS database, {table} AS table, {name} AS name, {data_type} AS type, toUInt64({position}) AS position, '' AS default_kind, '' AS default_expression, {meaning} AS comment, \
                 toUInt8(0) AS is_in_primary_key, toUInt8(0) AS is_in_sorting_key, toUInt8(0) AS is_in_partition_key, '' AS compression_codec, '' AS ttl_expression, \
                 CAST(NULL AS Nullable(UInt64)) AS character_octet_length, CAST(NULL AS Nullable(UInt64)) AS numeric_precision, CAST(NULL AS Nullable(UInt64)) AS numeric_precision_radix, \
                 CAST(NULL AS Nullable(UInt64)) AS numeric_scale, CAST(NULL AS Nullable(UInt64)) AS datetime_precision"
            )
        }),
        "tables" => of_all(|table| {
            let (name, create) = (
                string_literal(table.name()),
                string_literal(&create_table(table, relation)),
            );
            let (engine, sorting_key) = match table {
                Table::Events => ("MergeTree", "timestamp"),
                Table::View(_) => ("View", ""),
            };
            let meaning = string_literal(meaning(table));
            format!(
                "SELECT {database} AS database, {name} AS name, {name} AS table, '{engine}' AS engine, '{engine}' AS engine_full, toUInt8(0) AS is_temporary, {meaning} AS comment, {create} AS create_table_query, \
                 '{sorting_key}' AS sorting_key, '' AS primary_key, '' AS partition_key, '' AS sampling_key, CAST(NULL AS Nullable(UInt64)) AS total_rows, CAST(NULL AS Nullable(UInt64)) AS total_bytes"
            )
        }),
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
    let database = string_literal(DATABASE);
    Some(match table {
        "columns" => columns_of_all(relation, |table, column| {
            let Described {
                position,
                name,
                data_type,
                meaning,
            } = column;
            format!(
                "{database} AS table_catalog, {database} AS table_schema, {table} AS table_name, {name} AS column_name, toUInt64({position}) AS ordinal_position, '' AS column_default, toUInt8(startsWith({data_type}, 'Nullable')) AS is_nullable, {data_type} AS data_type, {data_type} AS column_type, {meaning} AS column_comment"
            )
        }),
        "tables" => of_all(|table| {
            let name = string_literal(table.name());
            let kind = match table {
                Table::Events => "BASE TABLE",
                Table::View(_) => "VIEW",
            };
            let meaning = string_literal(meaning(table));
            format!(
                "SELECT {database} AS table_catalog, {database} AS table_schema, {name} AS table_name, '{kind}' AS table_type, {meaning} AS table_comment"
            )
        }),
        "schemata" => format!(
            "SELECT {database} AS catalog_name, {database} AS schema_name, 'default' AS schema_owner"
        ),
        _ => return None,
    })
}

/// The rows of `DESCRIBE TABLE …`.
pub(super) fn described(table: Table, relation: &Relation) -> String {
    columns_of(table, relation, |column| {
        let Described {
            name,
            data_type,
            meaning,
            ..
        } = column;
        format!(
            "{name} AS name, {data_type} AS type, '' AS default_type, '' AS default_expression, {meaning} AS comment, '' AS codec_expression, '' AS ttl_expression"
        )
    })
}

/// The statement that would make the table in ClickHouse.
pub(super) fn create_table(table: Table, relation: &Relation) -> String {
    let name = table.name();
    let (word, end) = match table {
        Table::Events => ("TABLE", "ENGINE = MergeTree\nORDER BY timestamp".to_owned()),
        Table::View(view) => ("VIEW", format!("AS {}", view.of_all_time())),
    };
    let mut text = format!("CREATE {word} {DATABASE}.{name}\n(\n");
    for (index, (column, data_type, _)) in columns(table, relation).enumerate() {
        let comma = if index == 0 { "" } else { ",\n" };
        let _ = write!(text, "{comma}    `{column}` {data_type}");
    }
    text.push_str("\n)\n");
    text + &end
}

fn meaning(table: Table) -> &'static str {
    match table {
        Table::Events => "",
        Table::View(view) => view.meaning,
    }
}

/// Name, type and meaning of each column of a table.
fn columns(
    table: Table,
    relation: &Relation,
) -> impl Iterator<Item = (&str, String, &'static str)> {
    let (of_events, of_view) = match table {
        Table::Events => (relation.columns.iter(), [].iter()),
        Table::View(view) => ([].iter(), view.columns.iter()),
    };
    let of_events =
        of_events.map(|column| (column.name.as_str(), column.data_type.to_string(), ""));
    of_events
        .chain(of_view.map(|column| (column.name, column.data_type.to_string(), column.meaning)))
}

/// A column of a table, as literals.
struct Described {
    position: usize,
    name: String,
    data_type: String,
    meaning: String,
}

/// A row for each column of a table.
fn columns_of(table: Table, relation: &Relation, row: impl Fn(Described) -> String) -> String {
    let columns = (1..).zip(columns(table, relation));
    let rows = columns.map(|(position, (name, data_type, meaning))| {
        let column = Described {
            position,
            name: string_literal(name),
            data_type: string_literal(&data_type),
            meaning: string_literal(meaning),
        };
        format!("SELECT {}", row(column))
    });
    rows.collect::<Vec<String>>().join(" UNION ALL ")
}

/// A row for each column of all tables, for which `row` has the table's name as a literal.
fn columns_of_all(relation: &Relation, row: impl Fn(&str, Described) -> String) -> String {
    of_all(|table| {
        let name = string_literal(table.name());
        columns_of(table, relation, |column| row(&name, column))
    })
}

/// The rows of the events and of each view.
fn of_all(rows: impl Fn(Table) -> String) -> String {
    let views = views().iter().map(Table::View);
    let all = std::iter::once(Table::Events).chain(views).map(rows);
    all.collect::<Vec<String>>().join(" UNION ALL ")
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
