//! What clients ask of a server before they ask of its data: the tables of `system` and
//! `information_schema`, `SHOW`, `DESCRIBE` and `EXISTS`, as queries of constants over what there is,
//! one database with one table.

use super::scan::{Edits, Scan};
use crate::error::{ErrorKind, SqlError};
use crate::expand::lexer::TokenKind;
use crate::expand::{Expanded, string_literal};
use crate::relation::Relation;

/// The database and its table.
const DATABASE: &str = "cvat";
const TABLE: &str = "events";

/// Words that may stand behind a table without an alias.
const ENDS: [&str; 24] = [
    "ANTI",
    "ANY",
    "ARRAY",
    "ASOF",
    "CROSS",
    "EXCEPT",
    "FINAL",
    "FORMAT",
    "FULL",
    "GROUP",
    "HAVING",
    "INNER",
    "INTERSECT",
    "JOIN",
    "LEFT",
    "LIMIT",
    "OFFSET",
    "ON",
    "ORDER",
    "PREWHERE",
    "RIGHT",
    "SETTINGS",
    "UNION",
    "WHERE",
];

/// Writes the queries in the places of what is asked.
pub(super) fn edit(expanded: Expanded, relation: &Relation) -> Result<Expanded, SqlError> {
    let edits = edits(&Scan::new(&expanded)?, relation)?;
    Ok(expanded.edit(edits))
}

fn edits(scan: &Scan<'_>, relation: &Relation) -> Result<Edits, SqlError> {
    if let Some(query) = statement(scan, relation)? {
        let all = scan.start(0)..scan.end_before(scan.tokens.len());
        return Ok(vec![(all, query)]);
    }
    let mut edits = Vec::new();
    for i in 1..scan.tokens.len() {
        let begins =
            scan.keyword(i - 1, "FROM") || scan.keyword(i - 1, "JOIN") || scan.text(i - 1) == ",";
        if !begins || scan.text(i + 1) != "." {
            continue;
        }
        let schema = name(scan, i).to_lowercase();
        let table = name(scan, i + 2);
        let is_standard = schema == "information_schema";
        if schema != "system" && !is_standard {
            continue;
        }
        let query = if is_standard {
            information_schema(&table.to_lowercase(), relation)
        } else {
            system(table, relation)
        };
        let Some(query) = query else {
            if table == "one" && !is_standard {
                continue;
            }
            let message = format!("the table {}.{table} is not there", name(scan, i));
            let mut error = scan.error(ErrorKind::Unknown, i, message);
            error.hint = Some(
                "there are columns, tables and databases of system, and columns, tables and schemata of information_schema"
                    .to_owned(),
            );
            return Err(error);
        };
        let has_alias = scan.word(i + 3, "AS")
            || scan.kind(i + 3) == TokenKind::QuotedIdentifier
            || (scan.kind(i + 3) == TokenKind::Word && scan.one_of(i + 3, &ENDS).is_none());
        let alias = if has_alias {
            String::new()
        } else {
            format!(" AS {table}")
        };
        edits.push((scan.bytes(&(i..i + 3)), format!("({query}){alias}")));
    }
    Ok(edits)
}

fn name<'a>(scan: &Scan<'a>, i: usize) -> &'a str {
    scan.text(i).trim_matches(['"', '`'])
}

/// The query for `SHOW …`, `DESCRIBE …` and `EXISTS …`.
fn statement(scan: &Scan<'_>, relation: &Relation) -> Result<Option<String>, SqlError> {
    let n_tokens = scan.tokens.len();
    if scan.word(0, "SHOW") {
        let query = match scan.text(1).to_uppercase().as_str() {
            "DATABASES" if n_tokens == 2 => format!("SELECT {} AS name", string_literal(DATABASE)),
            "TABLES" if n_tokens == 2 || is_database(scan, 2) => {
                format!("SELECT {} AS name", string_literal(TABLE))
            }
            _ => {
                let message = "this form of SHOW is not supported";
                return Err(scan.unsupported(0, message, "use SHOW TABLES, SHOW DATABASES, DESCRIBE TABLE events, or SELECT from system.columns"));
            }
        };
        return Ok(Some(query));
    }
    let is_describe = scan.word(0, "DESCRIBE") || scan.word(0, "DESC");
    if !is_describe && !scan.word(0, "EXISTS") {
        return Ok(None);
    }
    let first = 1 + usize::from(scan.word(1, "TABLE"));
    let table: String = (first..n_tokens).map(|i| name(scan, i)).collect();
    let is_ours = table == TABLE || table == format!("{DATABASE}.{TABLE}");
    if !is_ours {
        let word = if is_describe { "DESCRIBE" } else { "EXISTS" };
        let message = format!("{word} is answered for the table events only");
        return Err(SqlError {
            hint: Some(format!("write {word} TABLE events")),
            ..scan.error(ErrorKind::Forbidden, first, message)
        });
    }
    if !is_describe {
        return Ok(Some("SELECT toUInt8(1) AS result".to_owned()));
    }
    let rows = rows(relation, |_, name, data_type| {
        format!(
            "{name} AS name, {data_type} AS type, '' AS default_type, '' AS default_expression, '' AS comment, '' AS codec_expression, '' AS ttl_expression"
        )
    });
    Ok(Some(rows))
}

/// `FROM cvat` or `IN cvat` to the end.
fn is_database(scan: &Scan<'_>, i: usize) -> bool {
    let is_from = scan.word(i, "FROM") || scan.word(i, "IN");
    is_from && name(scan, i + 1) == DATABASE && scan.tokens.len() == i + 2
}

fn system(table: &str, relation: &Relation) -> Option<String> {
    let (database, events) = (string_literal(DATABASE), string_literal(TABLE));
    Some(match table {
        "columns" => rows(relation, |position, name, data_type| {
            format!(
                "{database} AS database, {events} AS table, {name} AS name, {data_type} AS type, toUInt64({position}) AS position, '' AS default_kind, '' AS default_expression, '' AS comment"
            )
        }),
        "tables" => format!(
            "SELECT {database} AS database, {events} AS name, 'MergeTree' AS engine, toUInt8(0) AS is_temporary, '' AS comment"
        ),
        "databases" => {
            format!("SELECT {database} AS name, 'Atomic' AS engine, '' AS comment")
        }
        _ => return None,
    })
}

fn information_schema(table: &str, relation: &Relation) -> Option<String> {
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
