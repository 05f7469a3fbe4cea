//! What no query may do, and the layer of this crate that refuses it: the parser's gate (one
//! query), the list of relations, the table of functions. The attacks are those of
//! `tests/attacks.toml`, which DuckDB's locks and the whole server are tested with, too.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{context, prepared, relation};
use crate::{Context, ErrorKind, Prepared, SqlError, VariableValue, prepare};

#[derive(Deserialize)]
struct Attacks {
    statement: Vec<Statement>,
    relation: Vec<From>,
    call: Vec<Call>,
    places: Places,
    values: Values,
    duckdb: Vec<DuckDb>,
    starve: Vec<Starve>,
}

#[derive(Deserialize)]
struct Statement {
    sql: String,
    names: String,
}

#[derive(Deserialize)]
struct From {
    from: String,
    names: String,
}

#[derive(Deserialize)]
struct Call {
    call: String,
    names: String,
}

#[derive(Deserialize)]
struct Places {
    harmless_relation: String,
    relation: Vec<Place>,
    harmless_call: String,
    call: Vec<Place>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Place {
    Plain(String),
    WithVariables {
        sql: String,
        variables: BTreeMap<String, Value>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Value {
    One(String),
    All { all: String },
}

#[derive(Deserialize)]
struct Values {
    texts: Vec<String>,
}

#[derive(Deserialize)]
struct DuckDb {
    sql: String,
}

#[derive(Deserialize)]
struct Starve {
    sql: String,
    #[serde(default)]
    open: String,
    #[serde(default)]
    close: String,
    #[serde(default)]
    times: usize,
    ends: Vec<String>,
}

impl Starve {
    fn text(&self) -> String {
        let repeated = |text: &str| -> String {
            let numbered = |n: usize| {
                text.replace("{n}", &n.to_string())
                    .replace("{before}", &(n - 1).to_string())
            };
            (1..=self.times).map(numbered).collect()
        };
        self.sql
            .replace("{open}", &repeated(&self.open))
            .replace("{close}", &repeated(&self.close))
    }
}

fn attacks() -> Attacks {
    let text = include_str!("../../../../tests/attacks.toml");
    toml::from_str(text).unwrap()
}

/// The text with a secret to aim at; nobody looks there.
fn aimed(text: &str) -> String {
    text.replace("{secret}", "/d/secret.csv")
        .replace("{dir}", "/d")
}

impl Place {
    /// Prepares the query that hides `attack` here.
    fn prepared(&self, attack: &str) -> (String, Result<Prepared, SqlError>) {
        let hide = |text: &str| text.replace("{attack}", attack);
        let (sql, variables) = match self {
            Place::Plain(sql) => (hide(sql), BTreeMap::new()),
            Place::WithVariables { sql, variables } => {
                let variables = variables.iter().map(|(name, value)| {
                    let value = match value {
                        Value::One(text) => VariableValue::One(hide(text)),
                        Value::All { all } => VariableValue::All(hide(all)),
                    };
                    (name.clone(), value)
                });
                (hide(sql), variables.collect())
            }
        };
        let context = Context {
            variables,
            ..context()
        };
        let prepared = prepare(&sql, &context, &relation());
        (sql, prepared)
    }
}

/// The error tells what is refused.
fn assert_names(sql: &str, error: &SqlError, names: &str) {
    let (text, names) = (error.to_string().to_lowercase(), names.to_lowercase());
    assert!(text.contains(&names), "{sql}\n{error}\nnames no {names}");
}

#[test]
fn statements_that_are_no_queries_are_refused() {
    for Statement { sql, names } in attacks().statement {
        let sql = aimed(&sql);
        let error = prepared(&sql).unwrap_err();
        // Within a query it is no syntax.
        let is_gate = is_named(error.kind) || error.kind == ErrorKind::Syntax;
        assert!(is_gate, "{sql}\n{error:?}");
        assert_names(&sql, &error, &names);
    }
}

#[test]
fn relations_but_the_events_are_refused_wherever_they_hide() {
    let attacks = attacks();
    for place in &attacks.places.relation {
        let (sql, harmless) = place.prepared(&attacks.places.harmless_relation);
        assert!(harmless.is_ok(), "{sql}\n{}", harmless.unwrap_err());
        for From { from, names } in &attacks.relation {
            let (sql, outcome) = place.prepared(&aimed(from));
            let error = outcome.expect_err(&sql);
            assert!(is_named(error.kind), "{sql}\n{error:?}");
            assert_names(&sql, &error, &aimed(names));
        }
    }
}

#[test]
fn functions_that_reach_out_are_refused_wherever_they_hide() {
    let attacks = attacks();
    for place in &attacks.places.call {
        let (sql, harmless) = place.prepared(&attacks.places.harmless_call);
        assert!(harmless.is_ok(), "{sql}\n{}", harmless.unwrap_err());
        for Call { call, names } in &attacks.call {
            let (sql, outcome) = place.prepared(&aimed(call));
            let error = outcome.expect_err(&sql);
            assert!(is_named(error.kind), "{sql}\n{error:?}");
            assert_names(&sql, &error, names);
        }
    }
}

/// The kinds of a refusal by name. An error of syntax or type would be luck.
fn is_named(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Forbidden | ErrorKind::Unsupported | ErrorKind::Unknown
    )
}

#[test]
fn sql_of_the_store_is_none_of_ours() {
    for DuckDb { sql } in attacks().duckdb {
        let sql = aimed(&sql);
        assert!(prepared(&sql).is_err(), "{sql}");
    }
}

#[test]
fn texts_of_the_user_stay_literals() {
    for text in attacks().values.texts {
        let sql = format!(
            "SELECT '{}' AS x FROM events",
            text.replace('\\', "\\\\")
                .replace('\'', "\\'")
                .replace('$', "$$")
        );
        let sql = if text.contains('$') {
            // A macro's sign begins no macro within a parameter.
            "SELECT {x:String} AS x FROM events".to_owned()
        } else {
            sql
        };
        let mut context = context();
        context.params.insert("x".to_owned(), text.clone());
        let prepared = prepare(&sql, &context, &relation()).expect(&sql);
        let literal = format!("'{}'", text.replace('\'', "''"));
        assert!(prepared.duckdb.contains(&literal), "{}", prepared.duckdb);
    }
    let named = prepared("SELECT 1 AS `a\"b'c\\`d` FROM events").unwrap();
    assert!(named.duckdb.contains(" AS c0"));
    assert!(!named.duckdb.contains("a\"b"));
}

#[test]
fn what_the_check_refuses_of_the_starving_it_refuses_at_once_and_without_a_panic() {
    for starve in attacks().starve {
        let sql = starve.text();
        // Of the check or of a later layer: then the text goes on to the database.
        let later = ["time_limit", "memory_limit", "execution", "answer"];
        let is_later = starve.ends.iter().any(|end| later.contains(&end.as_str()));
        let outcome = prepared(&sql);
        let shown = &sql[..sql.floor_char_boundary(100)];
        assert!(
            is_later || outcome.is_err(),
            "{shown}… is to be refused here"
        );
        if let Err(error) = outcome {
            let kind = format!("{:?}", error.kind).to_lowercase();
            assert!(starve.ends.contains(&kind), "{shown}…\n{error:?}");
        }
    }
}

#[test]
fn settings_are_taken_away() {
    let plain = prepared("SELECT count() FROM events").unwrap();
    for settings in [
        "SETTINGS max_memory_usage = 0",
        "SETTINGS readonly = 0, allow_ddl = 1",
        "FORMAT CSV",
        "SETTINGS max_threads = 64 FORMAT Null",
    ] {
        let sql = format!("SELECT count() FROM events {settings}");
        assert_eq!(
            prepared(&sql).unwrap().clickhouse,
            plain.clickhouse,
            "{sql}"
        );
    }
}

#[test]
fn every_source_is_the_callers_relation() {
    let sql = "WITH c AS (SELECT * FROM cvat.events)
        SELECT events.user_id FROM events JOIN c ON c.user_id = events.user_id
        WHERE events.user_id IN (SELECT user_id FROM events)
        UNION ALL SELECT max(user_id) FROM `cvat`.`events` AS events";
    let prepared = prepared(sql).unwrap();
    for text in [&prepared.clickhouse, &prepared.duckdb] {
        let narrowed = text.matches("events WHERE user_id = 7").count();
        assert_eq!(narrowed, 4, "{text}");
        assert_eq!(text.matches("events").count(), 4, "{text}");
    }
}
