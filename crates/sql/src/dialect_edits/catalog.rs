//! What clients ask of a server before they ask of its data: the tables of `system` and
//! `information_schema`, `SHOW`, `DESCRIBE` and `EXISTS`, as queries of constants over what there is,
//! one database with the events and the views.

mod tables;

use std::collections::BTreeMap;

use super::scan::{Edits, Scan};
use crate::error::{ErrorKind, SqlError};
use crate::expand::lexer::TokenKind;
use crate::expand::{Expanded, string_literal};
use crate::relation::Relation;
use crate::views::{self, View};

/// The database and its table.
const DATABASE: &str = "cvat";
const EVENTS: &str = "events";

/// What there is in the database.
#[derive(Clone, Copy)]
enum Table {
    Events,
    View(&'static View),
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Table::Events => EVENTS,
            Table::View(view) => view.name,
        }
    }
}

/// What the database is called: clients that were told none ask for `default`.
pub(crate) const DATABASES: [&str; 2] = [DATABASE, "default"];

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
    // What each table is called in the query.
    let mut aliases: BTreeMap<String, String> = BTreeMap::new();
    for i in 1..scan.tokens.len() {
        let Some((schema, table)) = table_at(scan, i) else {
            continue;
        };
        let begins =
            scan.keyword(i - 1, "FROM") || scan.keyword(i - 1, "JOIN") || scan.text(i - 1) == ",";
        if !begins || scan.text(i + 3) == "." {
            continue;
        }
        let is_standard = schema == "information_schema";
        let query = if is_standard {
            tables::information_schema(&table.to_lowercase(), relation)
        } else {
            tables::system(table, relation)
        };
        let Some(query) = query else {
            if table == "one" && !is_standard {
                continue;
            }
            let message = format!("the table {}.{table} is not there", name(scan, i));
            let mut error = scan.error(ErrorKind::Unknown, i, message);
            error.hint = Some(tables::HINT.to_owned());
            return Err(error);
        };
        let has_alias = scan.word(i + 3, "AS")
            || scan.kind(i + 3) == TokenKind::QuotedIdentifier
            || (scan.kind(i + 3) == TokenKind::Word && scan.one_of(i + 3, &ENDS).is_none());
        let (alias, own) = if has_alias {
            let at = i + 3 + usize::from(scan.word(i + 3, "AS"));
            (String::new(), name(scan, at))
        } else {
            (format!(" AS {table}"), table)
        };
        aliases.insert(format!("{schema}.{table}"), own.to_owned());
        edits.push((scan.bytes(&(i..i + 3)), format!("({query}){alias}")));
    }
    // `system.tables.name` is the column of that table, whatever its alias.
    for i in 0..scan.tokens.len() {
        if let Some((schema, table)) = table_at(scan, i)
            && scan.text(i + 3) == "."
            && let Some(alias) = aliases.get(&format!("{schema}.{table}"))
        {
            edits.push((scan.bytes(&(i..i + 3)), alias.clone()));
        }
    }
    edits.sort_by_key(|(range, _)| range.start);
    Ok(edits)
}

/// `system.table` or `information_schema.table`, in any case, at the token `i`.
fn table_at<'a>(scan: &Scan<'a>, i: usize) -> Option<(String, &'a str)> {
    if scan.text(i + 1) != "." {
        return None;
    }
    let schema = name(scan, i).to_lowercase();
    matches!(schema.as_str(), "system" | "information_schema").then(|| (schema, name(scan, i + 2)))
}

fn name<'a>(scan: &Scan<'a>, i: usize) -> &'a str {
    scan.text(i).trim_matches(['"', '`'])
}

/// The query for `SHOW …`, `DESCRIBE …` and `EXISTS …`.
fn statement(scan: &Scan<'_>, relation: &Relation) -> Result<Option<String>, SqlError> {
    if scan.word(0, "SHOW") {
        return show(scan, relation).map(Some);
    }
    let is_describe = scan.word(0, "DESCRIBE") || scan.word(0, "DESC");
    if !is_describe && !scan.word(0, "EXISTS") {
        return Ok(None);
    }
    let first = 1 + usize::from(scan.word(1, "TABLE") || scan.word(1, "VIEW"));
    let Some(table) = table(scan, first) else {
        let word = if is_describe { "DESCRIBE" } else { "EXISTS" };
        let message =
            format!("{word} is answered for the events and the relations beside them only");
        return Err(SqlError {
            hint: Some(format!("write {word} TABLE events")),
            ..scan.error(ErrorKind::Forbidden, first, message)
        });
    };
    Ok(Some(if is_describe {
        tables::described(table, relation)
    } else {
        "SELECT toUInt8(1) AS result".to_owned()
    }))
}

/// The query for `SHOW DATABASES`, `SHOW TABLES` and `SHOW CREATE TABLE`.
fn show(scan: &Scan<'_>, relation: &Relation) -> Result<String, SqlError> {
    let listed = match scan.text(1).to_uppercase().as_str() {
        "DATABASES" => like(scan, 2, &[DATABASE]),
        "TABLES" => {
            let is_from = scan.word(2, "FROM") || scan.word(2, "IN");
            if is_from && !DATABASES.contains(&name(scan, 3)) {
                let message = format!("there is no database {}", name(scan, 3));
                return Err(scan.error(ErrorKind::Unknown, 3, message));
            }
            let views = views::views().iter().map(|view| view.name);
            let names: Vec<&str> = std::iter::once(EVENTS).chain(views).collect();
            like(scan, if is_from { 4 } else { 2 }, &names)
        }
        "CREATE" => {
            let first = 2 + usize::from(scan.word(2, "TABLE") || scan.word(2, "VIEW"));
            table(scan, first).map(|table| {
                let statement = string_literal(&tables::create_table(table, relation));
                format!("SELECT {statement} AS statement")
            })
        }
        _ => None,
    };
    listed.ok_or_else(|| {
        let message = "this form of SHOW is not supported";
        scan.unsupported(0, message, "use SHOW TABLES, SHOW DATABASES, SHOW CREATE TABLE events, DESCRIBE TABLE events, or SELECT from system.columns")
    })
}

/// The names, where the text ends at `i` or with `LIKE 'pattern'`.
fn like(scan: &Scan<'_>, i: usize, names: &[&str]) -> Option<String> {
    let names = names.iter().map(|name| string_literal(name));
    let names = names.collect::<Vec<String>>().join(", ");
    let query = format!("SELECT name FROM (SELECT arrayJoin([{names}]) AS name)");
    if i == scan.tokens.len() {
        return Some(query);
    }
    let is_not = scan.word(i, "NOT");
    let at = i + usize::from(is_not);
    let word = scan.one_of(at, &["LIKE", "ILIKE"])?;
    let is_last = scan.kind(at + 1) == TokenKind::String && at + 2 == scan.tokens.len();
    let not = if is_not { "NOT " } else { "" };
    is_last.then(|| format!("{query} WHERE name {not}{word} {}", scan.text(at + 1)))
}

/// The table whose name the tokens from `first` on are.
fn table(scan: &Scan<'_>, first: usize) -> Option<Table> {
    let table: String = (first..scan.tokens.len()).map(|i| name(scan, i)).collect();
    if is_events(&table) {
        return Some(Table::Events);
    }
    views::find(&table).map(Table::View)
}

/// Whether a name is that of the table of events.
pub(crate) fn is_events(table: &str) -> bool {
    match table.rsplit_once('.') {
        Some((database, table)) => DATABASES.contains(&database) && table == EVENTS,
        None => table == EVENTS,
    }
}
