//! The body of `POST /api/query`: read field by field, so that each error names its field.

use annoscope_events::Timestamp;
use annoscope_formats::TimeFormat;
use annoscope_query::QueryRequest;
use annoscope_sql::{Context, TimeRange, VariableValue};
use serde_json::{Map, Value};

use super::instant::{self, End};

/// Longest text of a query, bytes: longer ones are no person's and no dashboard's.
const MAX_SQL_BYTES: usize = 1024 * 1024;

/// Instants of the years 1 to 9999, in ms: with others no arithmetic is safe.
const KNOWN_MS: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// A body that is no request: which field is wrong, and how.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default())]
pub struct InvalidBody {
    /// The field, dotted where it lies within another; `None` if the whole body is wrong.
    pub field: Option<String>,
    /// What is wrong, without the field.
    pub message: String,
}

impl InvalidBody {
    /// An error of one field.
    pub(in super::super) fn of(field: &str, message: impl Into<String>) -> InvalidBody {
        InvalidBody {
            field: Some(field.to_owned()),
            message: message.into(),
        }
    }

    /// An error of the body as a whole.
    fn whole(message: impl Into<String>) -> InvalidBody {
        InvalidBody {
            field: None,
            message: message.into(),
        }
    }
}

/// Reads a body. `max_rows` is the largest `limit`, and the one where there is none.
pub(super) fn parse(
    body: &[u8],
    max_rows: u64,
    now: Timestamp,
) -> Result<QueryRequest, InvalidBody> {
    let mut request = QueryRequest {
        sql: String::new(),
        context: Context {
            now_ms: now.millis(),
            ..Context::default()
        },
        limit: max_rows,
        time_format: TimeFormat::Text,
        ignores_format: false,
        may_use_cache: true,
        query_id: None,
        time_limit: None,
        has_byte_order_mark: false,
    };
    let (mut from, mut to) = (None, None);
    for (name, value) in object(body)? {
        let field = name.as_str();
        if value.is_null() && field != "sql" {
            continue;
        }
        match field {
            "sql" => request.sql = sql(field, value)?,
            "from" => from = Some(time(field, &value, End::First, now)?),
            "to" => to = Some(time(field, &value, End::Last, now)?),
            "interval_ms" => request.context.interval_ms = Some(interval(field, &value)?),
            "variables" => {
                for (name, value) in named(field, value)? {
                    let value = variable(&format!("{field}.{name}"), value)?;
                    request.context.variables.insert(name, value);
                }
            }
            "params" => {
                for (name, value) in named(field, value)? {
                    let value = parameter(&format!("{field}.{name}"), value)?;
                    request.context.params.insert(name, value);
                }
            }
            "limit" => request.limit = limit(field, &value, max_rows)?,
            "cache" => request.may_use_cache = switch(field, &value)?,
            "ignore_format" => request.ignores_format = switch(field, &value)?,
            "bom" => request.has_byte_order_mark = switch(field, &value)?,
            "time_format" => request.time_format = time_format(field, &value)?,
            unknown => {
                return Err(InvalidBody::of(unknown, format!("unknown field; {FIELDS}")));
            }
        }
    }
    if request.sql.is_empty() {
        return Err(InvalidBody::of("sql", "missing"));
    }
    request.context.range = range(from, to, now)?;
    Ok(request)
}
const FIELDS: &str = "there are sql, from, to, interval_ms, variables, params, limit, time_format, ignore_format, bom and cache";

/// The members of a body that is an object.
pub(in super::super) fn object(body: &[u8]) -> Result<Map<String, Value>, InvalidBody> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(InvalidBody::whole("the body must be a JSON object")),
        Err(error) => Err(InvalidBody::whole(format!("the body is no JSON: {error}"))),
    }
}

/// The text of a query.
pub(in super::super) fn sql(field: &str, value: Value) -> Result<String, InvalidBody> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err(InvalidBody::of(field, "empty")),
        Value::String(text) if text.len() > MAX_SQL_BYTES => Err(InvalidBody::of(
            field,
            format!("longer than {MAX_SQL_BYTES} bytes"),
        )),
        Value::String(text) => Ok(text),
        _ => Err(InvalidBody::of(field, "must be text")),
    }
}

/// One end of a range of time.
pub(in super::super) fn time(
    field: &str,
    value: &Value,
    end: End,
    now: Timestamp,
) -> Result<i64, InvalidBody> {
    let found = match value {
        Value::Number(number) => number
            .as_i64()
            .or_else(|| number.as_f64().map(|ms| ms as i64)),
        Value::String(text) => instant::parse(text, end, now),
        _ => None,
    };
    let found = found.filter(|ms| KNOWN_MS.contains(ms));
    found.ok_or_else(|| InvalidBody::of(field, format!("must be {}", instant::FORMS)))
}

/// A range of time; without its end it goes up to now.
pub(in super::super) fn range(
    from: Option<i64>,
    to: Option<i64>,
    now: Timestamp,
) -> Result<Option<TimeRange>, InvalidBody> {
    match (from, to) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(InvalidBody::of("from", "missing, though there is a to")),
        (Some(from_ms), to) => {
            let to_ms = to.unwrap_or(now.millis());
            if from_ms > to_ms {
                return Err(InvalidBody::of("from", "later than to"));
            }
            Ok(Some(TimeRange { from_ms, to_ms }))
        }
    }
}

fn interval(field: &str, value: &Value) -> Result<u64, InvalidBody> {
    let found = value.as_u64().filter(|&ms| ms > 0);
    found.ok_or_else(|| InvalidBody::of(field, "must be a whole number of ms above 0"))
}

fn limit(field: &str, value: &Value, max_rows: u64) -> Result<u64, InvalidBody> {
    let wrong = |message| InvalidBody::of(field, message);
    match value.as_u64() {
        None => Err(wrong("must be a whole number".to_owned())),
        Some(limit) if limit > max_rows => Err(wrong(format!(
            "{limit} is above {max_rows}, the most rows of an answer (setting query.max_rows)"
        ))),
        Some(limit) => Ok(limit),
    }
}

/// A field that is true or false.
fn switch(field: &str, value: &Value) -> Result<bool, InvalidBody> {
    let found = value.as_bool();
    found.ok_or_else(|| InvalidBody::of(field, "must be true or false"))
}

fn time_format(field: &str, value: &Value) -> Result<TimeFormat, InvalidBody> {
    match value.as_str() {
        Some("text") => Ok(TimeFormat::Text),
        Some("unix_ms") => Ok(TimeFormat::UnixMs),
        _ => Err(InvalidBody::of(field, "must be \"text\" or \"unix_ms\"")),
    }
}

fn named(field: &str, value: Value) -> Result<Map<String, Value>, InvalidBody> {
    match value {
        Value::Object(members) => Ok(members),
        _ => Err(InvalidBody::of(
            field,
            "must be an object of names and values",
        )),
    }
}

fn variable(field: &str, value: Value) -> Result<VariableValue, InvalidBody> {
    match value {
        Value::Array(values) => {
            let values = values.into_iter().map(|value| scalar(field, value));
            Ok(VariableValue::Many(values.collect::<Result<_, _>>()?))
        }
        Value::Object(mut members) => match (members.remove("all"), members.is_empty()) {
            (Some(Value::String(text)), true) => Ok(VariableValue::All(text)),
            _ => Err(InvalidBody::of(field, "an object must be {\"all\": text}")),
        },
        value => Ok(VariableValue::One(scalar(field, value)?)),
    }
}

/// The value of a typed parameter, in ClickHouse's text form: a list is `[1,'a']`.
fn parameter(field: &str, value: Value) -> Result<String, InvalidBody> {
    match value {
        Value::Null => Ok("\\N".to_owned()),
        Value::Array(_) => element(field, value),
        value => scalar(field, value),
    }
}

/// A value as it stands within a list.
fn element(field: &str, value: Value) -> Result<String, InvalidBody> {
    match value {
        Value::Null => Ok("NULL".to_owned()),
        Value::String(text) => {
            let text = text.replace('\\', "\\\\").replace('\'', "\\'");
            Ok(format!("'{text}'"))
        }
        Value::Array(items) => {
            let items = items.into_iter().map(|item| element(field, item));
            let items = items.collect::<Result<Vec<String>, _>>()?;
            Ok(format!("[{}]", items.join(",")))
        }
        Value::Object(_) => Err(InvalidBody::of(
            field,
            "must be text, a number, true, false, null or a list of them",
        )),
        value => scalar(field, value),
    }
}

/// A value in ClickHouse's text form.
fn scalar(field: &str, value: Value) -> Result<String, InvalidBody> {
    match value {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(is_true) => Ok(is_true.to_string()),
        _ => Err(InvalidBody::of(
            field,
            "must be text, a number, true or false",
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_719_835_200_000);

    fn parse_json(body: &Value) -> Result<QueryRequest, InvalidBody> {
        parse(body.to_string().as_bytes(), 1000, NOW)
    }

    #[test]
    fn a_whole_request() {
        let request = parse_json(&json!({
            "sql": "SELECT 1",
            "from": "now-1h",
            "to": 1_719_835_200_001_i64,
            "interval_ms": 60_000,
            "variables": {
                "one": 5, "flag": true, "many": ["a", 2.50], "none": [], "all": {"all": "-1"}
            },
            "params": {"id": 18_446_744_073_709_551_615_u64, "text": "it's"},
            "limit": 7,
            "time_format": "unix_ms",
            "bom": true
        }))
        .unwrap();
        insta::assert_debug_snapshot!(request, @r#"
        QueryRequest {
            sql: "SELECT 1",
            context: Context {
                now_ms: 1719835200000,
                range: Some(
                    TimeRange {
                        from_ms: 1719831600000,
                        to_ms: 1719835200001,
                    },
                ),
                interval_ms: Some(
                    60000,
                ),
                variables: {
                    "all": All(
                        "-1",
                    ),
                    "flag": One(
                        "true",
                    ),
                    "many": Many(
                        [
                            "a",
                            "2.5",
                        ],
                    ),
                    "none": Many(
                        [],
                    ),
                    "one": One(
                        "5",
                    ),
                },
                asker: None,
                params: {
                    "id": "18446744073709551615",
                    "text": "it's",
                },
                settings: [],
                database: None,
                without_events: None,
            },
            limit: 7,
            time_format: UnixMs,
            ignores_format: false,
            may_use_cache: true,
            query_id: None,
            time_limit: None,
            has_byte_order_mark: true,
        }
        "#);
    }

    #[test]
    fn what_is_absent_or_null_has_a_default() {
        let expected = QueryRequest {
            sql: "SELECT 1".to_owned(),
            context: Context {
                now_ms: NOW.millis(),
                ..Context::default()
            },
            limit: 1000,
            time_format: TimeFormat::Text,
            ignores_format: false,
            may_use_cache: true,
            query_id: None,
            time_limit: None,
            has_byte_order_mark: false,
        };
        let nulls = json!({
            "sql": "SELECT 1", "from": null, "to": null, "interval_ms": null, "variables": null,
            "params": null, "limit": null, "time_format": null, "bom": null
        });
        assert_eq!(parse_json(&json!({ "sql": "SELECT 1" })).unwrap(), expected);
        assert_eq!(parse_json(&nulls).unwrap(), expected);
        let until_now = parse_json(&json!({ "sql": "SELECT 1", "from": 0 })).unwrap();
        let to_ms = NOW.millis();
        assert_eq!(
            until_now.context.range,
            Some(TimeRange { from_ms: 0, to_ms })
        );
    }

    #[test]
    fn errors_name_their_field() {
        let with = |field: &str, value: Value| {
            let mut body = json!({ "sql": "SELECT 1" });
            body[field] = value;
            body
        };
        let scalars = "must be text, a number, true or false";
        let times =
            "must be milliseconds since the epoch, a time such as 2024-07-01T12:00:00Z, or now-6h";
        let cases = [
            (json!([]), "the body must be a JSON object".to_owned()),
            (json!({}), "sql: missing".to_owned()),
            (json!({ "sql": null }), "sql: must be text".to_owned()),
            (json!({ "sql": " " }), "sql: empty".to_owned()),
            (json!({ "sql": 1 }), "sql: must be text".to_owned()),
            (
                json!({ "sql": "x".repeat(1_048_577) }),
                "sql: longer than 1048576 bytes".to_owned(),
            ),
            (
                with("query", json!("SELECT 1")),
                format!("query: unknown field; {FIELDS}"),
            ),
            (with("from", json!(true)), format!("from: {times}")),
            (with("from", json!("soon")), format!("from: {times}")),
            (with("from", json!(i64::MIN)), format!("from: {times}")),
            (with("from", json!(1e300)), format!("from: {times}")),
            (
                with("to", json!(5)),
                "from: missing, though there is a to".to_owned(),
            ),
            (
                with("from", json!("now+1d")),
                "from: later than to".to_owned(),
            ),
            (
                with("interval_ms", json!(0)),
                "interval_ms: must be a whole number of ms above 0".to_owned(),
            ),
            (
                with("interval_ms", json!("1m")),
                "interval_ms: must be a whole number of ms above 0".to_owned(),
            ),
            (
                with("variables", json!([])),
                "variables: must be an object of names and values".to_owned(),
            ),
            (
                with("variables", json!({ "a": null })),
                format!("variables.a: {scalars}"),
            ),
            (
                with("variables", json!({ "a": ["b", ["c"]] })),
                format!("variables.a: {scalars}"),
            ),
            (
                with("variables", json!({ "a": { "all": 1 } })),
                "variables.a: an object must be {\"all\": text}".to_owned(),
            ),
            (
                with("variables", json!({ "a": { "all": "1", "b": 2 } })),
                "variables.a: an object must be {\"all\": text}".to_owned(),
            ),
            (
                with("params", json!({ "a": { "b": 1 } })),
                format!("params.a: {scalars}"),
            ),
            (
                with("limit", json!(-1)),
                "limit: must be a whole number".to_owned(),
            ),
            (
                with("limit", json!(1001)),
                "limit: 1001 is above 1000, the most rows of an answer (setting query.max_rows)"
                    .to_owned(),
            ),
            (
                with("bom", json!("yes")),
                "bom: must be true or false".to_owned(),
            ),
            (
                with("time_format", json!("iso")),
                "time_format: must be \"text\" or \"unix_ms\"".to_owned(),
            ),
        ];
        for (body, expected) in cases {
            let error = parse_json(&body).unwrap_err().to_string();
            assert_eq!(error, expected);
        }
        let broken = parse(b"{", 1000, NOW).unwrap_err().to_string();
        assert!(broken.starts_with("the body is no JSON: EOF"), "{broken}");
    }
}
