//! The body of `POST /api/ds/query`.

use annoscope_events::Timestamp;
use annoscope_sql::TimeRange;
use serde_json::{Map, Value};

use super::super::query::body::{self, InvalidBody};
use super::super::query::instant::End;

/// Name of a query that has none, as in Grafana.
const DEFAULT_REF_ID: &str = "A";

/// The queries of one request.
#[derive(Debug)]
pub(super) struct FrameRequest {
    pub(super) queries: Vec<FrameQuery>,
    pub(super) range: Option<TimeRange>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct FrameQuery {
    pub(super) ref_id: String,
    pub(super) sql: String,
    pub(super) interval_ms: Option<u64>,
}

impl FrameRequest {
    /// Reads a body. Grafana sends much that concerns other data sources, so members that we do
    /// not know are left alone.
    pub(super) fn parse(text: &[u8], now: Timestamp) -> Result<FrameRequest, InvalidBody> {
        let mut members = body::object(text)?;
        let mut time = |field: &str, end| match members.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => body::time(field, &value, end, now).map(Some),
        };
        let (from, to) = (time("from", End::First)?, time("to", End::Last)?);
        let Some(Value::Array(queries)) = members.remove("queries") else {
            return Err(InvalidBody::of("queries", "must be an array of queries"));
        };
        if queries.is_empty() {
            return Err(InvalidBody::of("queries", "empty"));
        }
        let queries = queries.into_iter().enumerate();
        let queries = queries.map(|(i, query)| match query {
            Value::Object(members) => FrameQuery::of(members, i),
            _ => Err(InvalidBody::of(
                &format!("queries.{i}"),
                "must be an object",
            )),
        });
        Ok(FrameRequest {
            queries: queries.collect::<Result<_, _>>()?,
            range: body::range(from, to, now)?,
        })
    }
}

impl FrameQuery {
    fn of(mut members: Map<String, Value>, i: usize) -> Result<FrameQuery, InvalidBody> {
        let ref_id = match members.remove("refId") {
            None | Some(Value::Null) => DEFAULT_REF_ID.to_owned(),
            Some(Value::String(text)) => text,
            Some(_) => {
                let field = format!("queries.{i}.refId");
                return Err(InvalidBody::of(&field, "must be text"));
            }
        };
        let sql = members.remove("rawSql").unwrap_or_default();
        let interval_ms = members.get("intervalMs").and_then(Value::as_f64);
        Ok(FrameQuery {
            ref_id,
            sql: body::sql(&format!("queries.{i}.rawSql"), sql)?,
            interval_ms: interval_ms.filter(|&ms| ms >= 1.0).map(|ms| ms as u64),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_719_835_200_000);

    #[test]
    fn a_request_as_grafana_sends_it() {
        let body = json!({
            "queries": [
                {
                    "refId": "A", "rawSql": "SELECT 1", "format": 1, "intervalMs": 15000,
                    "maxDataPoints": 800, "datasource": {"type": "grafana-clickhouse-datasource"},
                    "queryType": "sql", "meta": {}
                },
                { "rawSql": "SELECT 2", "format": "time_series" }
            ],
            "from": "1719831600000",
            "to": "now"
        });
        let request = FrameRequest::parse(body.to_string().as_bytes(), NOW).unwrap();
        let range = TimeRange {
            from_ms: 1_719_831_600_000,
            to_ms: NOW.millis(),
        };
        assert_eq!(request.range, Some(range));
        let query = |sql: &str, interval_ms| FrameQuery {
            ref_id: "A".to_owned(),
            sql: sql.to_owned(),
            interval_ms,
        };
        let expected = [query("SELECT 1", Some(15000)), query("SELECT 2", None)];
        assert_eq!(request.queries, expected);
    }

    #[test]
    fn errors_name_their_field() {
        let cases = [
            (json!({}), "queries: must be an array of queries"),
            (json!({ "queries": [] }), "queries: empty"),
            (json!({ "queries": [1] }), "queries.0: must be an object"),
            (
                json!({ "queries": [{ "refId": "A" }] }),
                "queries.0.rawSql: must be text",
            ),
            (
                json!({ "queries": [{ "refId": 1 }] }),
                "queries.0.refId: must be text",
            ),
            (
                json!({ "queries": [{ "rawSql": "SELECT 1" }], "from": "soon" }),
                "from: must be milliseconds since the epoch, a time such as 2024-07-01T12:00:00Z, or now-6h",
            ),
        ];
        for (body, expected) in cases {
            let error = FrameRequest::parse(body.to_string().as_bytes(), NOW).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
