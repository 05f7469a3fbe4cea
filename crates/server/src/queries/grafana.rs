//! Grafana's way to ask: `POST /api/ds/query` and data frames.
//!
//! A frame holds columns, not rows, so a result is gathered whole before it goes out; it is
//! bounded as every result is.

use annoscope_events::Timestamp;
use annoscope_formats::{Frame, TimeFormat};
use annoscope_sql::{Context, Dialect, TimeRange};
use serde_json::{Map, Value, json};

use super::error::QueryError;
use super::instant::End;
use super::request::{self, InvalidBody, QueryRequest};
use super::run::Run;
use super::{Queries, answer};
use crate::http::error::ApiError;
use crate::identity::Viewer;

/// Name of a query that has none, as in Grafana.
const DEFAULT_REF_ID: &str = "A";

/// The queries of one request.
#[derive(Debug)]
pub struct FrameRequest {
    queries: Vec<FrameQuery>,
    range: Option<TimeRange>,
}

#[derive(Debug, PartialEq, Eq)]
struct FrameQuery {
    ref_id: String,
    sql: String,
    interval_ms: Option<u64>,
}

/// Runs the queries of a request, one after another.
pub struct Frames<'a> {
    /// Where they run.
    pub queries: &'a Queries,
    /// Who asks.
    pub viewer: &'a Viewer,
    /// When.
    pub now: Timestamp,
}

impl FrameRequest {
    /// Reads a body. Grafana sends much that concerns other data sources, so members that we do
    /// not know are none of our business.
    pub fn parse(body: &[u8], now: Timestamp) -> Result<FrameRequest, InvalidBody> {
        let mut members = request::object(body)?;
        let mut time = |field: &str, end| match members.remove(field) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => request::time(field, &value, end, now).map(Some),
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
            range: request::range(from, to, now)?,
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
            sql: request::sql(&format!("queries.{i}.rawSql"), sql)?,
            interval_ms: interval_ms.filter(|&ms| ms >= 1.0).map(|ms| ms as u64),
        })
    }
}

impl Frames<'_> {
    /// Runs the queries; the body of the answer, and whether one of them failed, which says so in its
    /// own result.
    pub async fn answer(&self, request: FrameRequest) -> (Vec<u8>, bool) {
        let mut has_failed = false;
        let mut out = b"{\"results\":{".to_vec();
        for (i, query) in request.queries.into_iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(Value::from(query.ref_id.as_str()).to_string().as_bytes());
            out.push(b':');
            match self.frame(&query, request.range).await {
                Ok(frame) => {
                    out.extend_from_slice(b"{\"status\":200,\"frames\":[");
                    out.extend_from_slice(&frame);
                    out.extend_from_slice(b"]}");
                }
                Err(error) => {
                    has_failed = true;
                    let told = ApiError::from(error).tell();
                    let result = json!({
                        "error": told.detail,
                        "status": told.status,
                        "frames": [],
                    });
                    out.extend_from_slice(result.to_string().as_bytes());
                }
            }
        }
        out.extend_from_slice(b"}}\n");
        (out, has_failed)
    }

    async fn frame(
        &self,
        query: &FrameQuery,
        range: Option<TimeRange>,
    ) -> Result<Vec<u8>, QueryError> {
        let config = &self.queries.inner.config;
        let request = QueryRequest {
            sql: query.sql.clone(),
            context: Context {
                now_ms: self.now.millis(),
                range,
                interval_ms: query.interval_ms,
                ..Context::default()
            },
            limit: config.max_rows,
            time_format: TimeFormat::UnixMs,
            ignores_format: true,
            may_reuse: true,
            has_byte_order_mark: false,
        };
        let started = self.queries.start_prepared(request, self.viewer, self.now);
        let (mut run, prepared) = started.await?;
        let mut frame = Frame::new(&run.columns, config.max_result_bytes);
        let gathered = gather(&mut run, &mut frame).await;
        gathered.inspect_err(|error| run.fail(error))?;
        let stats = run.finish();
        let mut meta = json!({ "executedQueryString": prepared.text(Dialect::ClickHouse) });
        if stats.is_truncated {
            let text = format!(
                "Only the first {} rows are shown: the settings query.max_rows and query.max_result_bytes bound a result.",
                stats.n_rows
            );
            meta["notices"] = json!([{ "severity": "warning", "text": text }]);
        }
        Ok(frame.into_json(&query.ref_id, &meta))
    }
}

/// Reads a run into a frame.
async fn gather(run: &mut Run, frame: &mut Frame) -> Result<(), QueryError> {
    while let Some(batch) = run.next().await? {
        frame.load(&batch)?;
        let mut n_written = 0;
        while n_written < batch.num_rows() {
            let end = batch.num_rows().min(n_written + answer::PIECE_ROWS);
            n_written += frame.write(n_written..end);
            if n_written < end {
                run.truncate();
                break;
            }
            tokio::task::yield_now().await;
        }
        run.sent(n_written);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
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
