//! The rules as SQL.
//!
//! A kind is a branch of a UNION ALL with its name as a constant, so that a condition on the kind leaves out the
//! other branches before any row is read (both databases do so).

use std::collections::BTreeSet;

use crate::kinds::{CREATED, DELETED, KINDS, Kind, SEEN, Seen, Told, Value};

/// What [`facts`] gives: the place is the position of the event, -1 where the time says all.
pub const COLUMNS: &str = "kind, id, field, told, told_at, place";

/// How a database says what is said differently.
pub struct Syntax {
    /// A list of pairs, of which each becomes a row.
    rows_of: fn(&[String]) -> String,
    /// A field and its value, a text that may be missing.
    pair: fn(field: &str, value: &str) -> String,
    /// The field of the pair `fact`.
    field: &'static str,
    /// Its value, which may be missing.
    told: &'static str,
    /// Its value, which is there.
    told_there: &'static str,
    /// A number as text.
    text: fn(&str) -> String,
    /// An id that is known to be there.
    there: fn(&str) -> String,
    /// The event's position.
    place: &'static str,
    /// A text of the payload.
    payload_text: fn(key: &str) -> String,
    /// A whole number of the payload, not negative.
    payload_integer: fn(keys: &[&str]) -> String,
    /// The value of the row with the greatest key.
    value_of_greatest: fn(value: &str, key: &[&str]) -> String,
}

/// DuckDB's.
pub const DUCKDB: Syntax = Syntax {
    rows_of: |pairs| format!("unnest([{}])", pairs.join(", ")),
    pair: |field, value| format!("{{'field': '{field}', 'told': {value}}}"),
    field: "fact.field",
    told: "fact.told",
    told_there: "fact.told",
    text: |number| format!("CAST({number} AS VARCHAR)"),
    there: str::to_owned,
    place: "CAST(position AS BIGINT)",
    payload_text: duckdb_payload_text,
    payload_integer: duckdb_payload_integer,
    value_of_greatest: |value, key| format!("arg_max({value}, row({}))", key.join(", ")),
};

/// ClickHouse's.
pub const CLICKHOUSE: Syntax = Syntax {
    rows_of: |pairs| format!("arrayJoin([{}])", pairs.join(", ")),
    pair: |field, value| format!("('{field}', CAST({value} AS Nullable(String)))"),
    field: "fact.1",
    told: "fact.2",
    told_there: "assumeNotNull(fact.2)",
    text: |number| format!("toString({number})"),
    there: |id| format!("assumeNotNull({id})"),
    // Rows of others have none.
    place: "coalesce(CAST(position AS Nullable(Int64)), -1)",
    payload_text: clickhouse_payload_text,
    payload_integer: clickhouse_payload_integer,
    value_of_greatest: |value, key| format!("argMax({value}, ({}))", key.join(", ")),
};

/// The facts that rows tell, with [`COLUMNS`]. `rows` stands in FROM and has the columns of events and `position`.
pub fn facts(rows: &str, syntax: &Syntax) -> String {
    branches(rows, rows, syntax)
}

/// As [`facts`], of all kinds at once, which reads the rows twice and not once for each kind.
pub fn facts_of_all_kinds(rows: &str, syntax: &Syntax) -> String {
    let scopes = KINDS.iter().flat_map(|kind| {
        ["create", "update", "delete"].map(|action| format!("'{action}:{}'", kind.resource))
    });
    let scopes: Vec<String> = scopes.collect();
    let seen = KINDS.iter().filter_map(|kind| kind.seen.as_ref());
    let columns = seen.flat_map(|seen| {
        let columns = seen.fields.iter().map(|(_, column)| *column);
        columns.chain([seen.id])
    });
    let columns: BTreeSet<&str> = columns.collect();
    let columns = columns.into_iter().collect::<Vec<_>>().join(", ");
    format!(
        "WITH of_resources AS MATERIALIZED (SELECT * FROM {rows} WHERE scope IN ({})), \
         seen AS MATERIALIZED (SELECT {columns}, max(timestamp) AS timestamp FROM {rows} GROUP BY {columns}) {}",
        scopes.join(", "),
        branches("of_resources", "seen", syntax)
    )
}

/// Of rows that tell of resources, and of rows of which each is seen.
fn branches(of_resources: &str, seen_rows: &str, syntax: &Syntax) -> String {
    let branches = KINDS.iter().flat_map(|kind| {
        let seen = kind.seen.as_ref();
        let seen = seen.map(|seen| seen_facts(kind, seen, seen_rows, syntax));
        [Some(resource_facts(kind, of_resources, syntax)), seen]
    });
    let branches: Vec<String> = branches.flatten().collect();
    branches.join(" UNION ALL ")
}

/// Of each field the latest fact: kind, id, field, value and timestamp. `facts` stands in FROM and has [`COLUMNS`].
pub fn latest(facts: &str, syntax: &Syntax) -> String {
    let value = (syntax.value_of_greatest)("told", &["told_at", "place", "told"]);
    format!(
        "SELECT kind, id, field, {value} AS value, max(told_at) AS timestamp FROM {facts} GROUP BY kind, id, field"
    )
}

/// As [`latest`], facts that can be stored: the place of each is kept.
pub fn newest_facts(facts: &str, syntax: &Syntax) -> String {
    let key = ["told_at", "place", "told"];
    let (told, place) = (
        (syntax.value_of_greatest)("told", &key),
        (syntax.value_of_greatest)("place", &key),
    );
    format!(
        "SELECT kind, id, field, {told}, max(told_at), {place} FROM {facts} GROUP BY kind, id, field"
    )
}

/// What the creations, changes and deletions of a kind tell.
fn resource_facts(kind: &Kind, rows: &str, syntax: &Syntax) -> String {
    let scope = |action: &str| format!("scope = '{action}:{}'", kind.resource);
    let (is_created, is_deleted) = (scope("create"), scope("delete"));
    let pair = |condition: &str, field: &str, value: &str| {
        let value = format!("CASE WHEN {condition} THEN {value} END");
        (syntax.pair)(field, &value)
    };
    let mut pairs = vec![
        pair(&is_created, CREATED, "''"),
        pair(&is_deleted, DELETED, "''"),
    ];
    for Told { field, value } in kind.created {
        pairs.push(pair(&is_created, field, &text(*value, syntax)));
    }
    let mut scopes = vec!["create", "delete"];
    let mut id = kind.id.to_owned();
    if let Some(updated_id) = kind.updated_id {
        let is_updated = scope("update");
        scopes.push("update");
        if updated_id != kind.id {
            id = format!("CASE WHEN {is_updated} THEN {updated_id} ELSE {id} END");
        }
        for (property, Told { field, value }) in kind.updated {
            let condition = format!("{is_updated} AND obj_name = '{property}'");
            pairs.push(pair(&condition, field, &text(*value, syntax)));
        }
    }
    for column in kind.places {
        let condition = format!("NOT {is_deleted}");
        pairs.push(pair(&condition, column, &(syntax.text)(column)));
    }
    let scopes = scopes
        .iter()
        .map(|action| format!("'{action}:{}'", kind.resource));
    let scopes: Vec<String> = scopes.collect();
    branch(
        kind,
        &format!(
            "SELECT {} AS id, timestamp AS told_at, {} AS place, {} AS fact FROM {rows} \
             WHERE scope IN ({}) AND {id} IS NOT NULL",
            (syntax.there)(&id),
            syntax.place,
            (syntax.rows_of)(&pairs),
            scopes.join(", ")
        ),
        syntax,
    )
}

/// What any event tells of a kind. Rows alike are one before facts are made of them.
fn seen_facts(kind: &Kind, seen: &Seen, rows: &str, syntax: &Syntax) -> String {
    let mut keys = vec![seen.id];
    let mut pairs = vec![(syntax.pair)(SEEN, "''")];
    for (field, column) in seen.fields {
        keys.push(column);
        let value = if column.ends_with("_id") {
            (syntax.text)(column)
        } else {
            (*column).to_owned()
        };
        pairs.push((syntax.pair)(field, &value));
    }
    let keys = keys.join(", ");
    branch(
        kind,
        &format!(
            "SELECT {} AS id, told_at, -1 AS place, {} AS fact FROM (\
             SELECT {keys}, max(timestamp) AS told_at FROM {rows} WHERE {} IS NOT NULL GROUP BY {keys})",
            (syntax.there)(seen.id),
            (syntax.rows_of)(&pairs),
            seen.id
        ),
        syntax,
    )
}

fn branch(kind: &Kind, with_facts: &str, syntax: &Syntax) -> String {
    let Syntax {
        field,
        told,
        told_there,
        ..
    } = syntax;
    format!(
        "SELECT '{}' AS kind, id, {field} AS field, {told_there} AS told, told_at, place FROM ({with_facts}) \
         WHERE {told} IS NOT NULL",
        kind.name
    )
}

fn text(value: Value, syntax: &Syntax) -> String {
    match value {
        Value::Text(column) => column.to_owned(),
        Value::ObjIdOrNone => format!("coalesce({}, '')", (syntax.text)("obj_id")),
        Value::PayloadText(key) => (syntax.payload_text)(key),
        Value::PayloadInteger(key) => (syntax.payload_integer)(&[key]),
        Value::PayloadId(key) => (syntax.payload_integer)(&[key, "id"]),
    }
}

fn duckdb_payload_text(key: &str) -> String {
    let path = format!("$.{key}");
    of_duckdb_type(
        "VARCHAR",
        &path,
        &format!("json_extract_string(payload, '{path}')"),
    )
}

fn duckdb_payload_integer(keys: &[&str]) -> String {
    let path = format!("$.{}", keys.join("."));
    let number = format!("try_cast(json_extract_string(payload, '{path}') AS BIGINT)");
    of_duckdb_type("UBIGINT", &path, &format!("CAST({number} AS VARCHAR)"))
}

/// DuckDB's functions fail on what is no JSON.
fn of_duckdb_type(json_type: &str, path: &str, value: &str) -> String {
    format!(
        "CASE WHEN payload_is_json THEN CASE json_type(payload, '{path}') WHEN '{json_type}' THEN {value} END END"
    )
}

fn clickhouse_payload_text(key: &str) -> String {
    format!(
        "CASE WHEN JSONType(payload, '{key}') = 'String' THEN JSONExtractString(payload, '{key}') END"
    )
}

fn clickhouse_payload_integer(keys: &[&str]) -> String {
    let path = format!("'{}'", keys.join("', '"));
    let number = format!("JSONExtractInt(payload, {path})");
    // Those from 2^63 on are extracted as 0.
    format!(
        "CASE WHEN JSONType(payload, {path}) = 'Int64' AND {number} >= 0 THEN toString({number}) END"
    )
}
