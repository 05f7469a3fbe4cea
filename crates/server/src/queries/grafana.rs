//! Grafana's way to ask: `POST /api/ds/query` and data frames.
//!
//! A frame holds columns, not rows, so a result is gathered whole before it goes out; it is
//! bounded as every result is.

use annoscope_events::Timestamp;
use annoscope_sql::{Context, DataType, TimeRange};
use serde_json::{Map, Value, json};

use super::encode::check_width;
use super::error::QueryError;
use super::instant::End;
use super::render::{Column, Style, TimeFormat, write_json_text};
use super::request::{self, InvalidBody, QueryRequest};
use super::run::Run;
use super::{Queries, answer};
use crate::error::ApiError;
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
            write_json_text(&mut out, &query.ref_id);
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
        let style = TimeFormat::UnixMs.into();
        let values = gather(&mut run, &style, config.max_result_bytes).await;
        let values = values.inspect_err(|error| run.fail(error))?;
        let stats = run.finish();
        let mut meta = json!({ "executedQueryString": prepared.clickhouse });
        if stats.is_truncated {
            let text = format!(
                "Only the first {} rows are shown: the settings query.max_rows and query.max_result_bytes bound a result.",
                stats.n_rows
            );
            meta["notices"] = json!([{ "severity": "warning", "text": text }]);
        }
        let fields = run.columns.iter().map(|column| {
            let kind = FieldKind::of(&column.data_type);
            json!({
                "name": column.name,
                "type": kind.name,
                "typeInfo": { "frame": kind.frame, "nullable": kind.is_nullable },
            })
        });
        let fields: Value = fields.collect();
        let schema = json!({ "refId": query.ref_id, "meta": meta, "fields": fields });
        let mut out = format!("{{\"schema\":{schema},\"data\":{{\"values\":[").into_bytes();
        for (i, column) in values.into_iter().enumerate() {
            out.extend_from_slice(if i == 0 { b"[" } else { b",[" });
            out.extend_from_slice(&column);
            out.push(b']');
        }
        out.extend_from_slice(b"]}}");
        Ok(out)
    }
}

/// The values of each column, separated by commas, of `max_bytes` in all.
async fn gather(run: &mut Run, style: &Style, max_bytes: u64) -> Result<Vec<Vec<u8>>, QueryError> {
    let mut values = vec![Vec::new(); run.columns.len()];
    let mut n_bytes_left = max_bytes;
    while let Some(batch) = run.next().await? {
        check_width(&batch, &run.columns)?;
        let columns = batch.columns().iter().zip(&run.columns);
        let columns = columns
            .map(|(array, column)| Column::of(array, &column.data_type, style))
            .collect::<Result<Vec<Column>, _>>()?;
        let mut n_rows = 0;
        for row in 0..batch.num_rows() {
            let ends: Vec<usize> = values.iter().map(Vec::len).collect();
            for ((out, column), described) in values.iter_mut().zip(&columns).zip(&run.columns) {
                if !out.is_empty() {
                    out.push(b',');
                }
                write_value(out, column, row, &described.data_type);
            }
            let n_before: usize = ends.iter().sum();
            let n_after: usize = values.iter().map(Vec::len).sum();
            let n_bytes = (n_after - n_before) as u64;
            if n_bytes > n_bytes_left {
                for (out, end) in values.iter_mut().zip(ends) {
                    out.truncate(end);
                }
                run.truncate();
                break;
            }
            n_bytes_left -= n_bytes;
            n_rows += 1;
            if n_rows % answer::PIECE_ROWS == 0 {
                tokio::task::yield_now().await;
            }
        }
        run.sent(n_rows);
    }
    Ok(values)
}

/// Writes a value; lists and tuples, which frames do not know, as the text of their JSON.
fn write_value(out: &mut Vec<u8>, column: &Column, row: usize, data_type: &DataType) {
    if FieldKind::of(data_type).is_text_of_json {
        let mut text = Vec::new();
        column.write_json(&mut text, row);
        write_json_text(out, &String::from_utf8_lossy(&text));
    } else {
        column.write_json(out, row);
    }
}

/// How a frame names a type.
struct FieldKind {
    name: &'static str,
    frame: &'static str,
    is_nullable: bool,
    is_text_of_json: bool,
}

impl FieldKind {
    fn of(data_type: &DataType) -> FieldKind {
        let (name, frame) = match data_type {
            DataType::Nullable(inner) => {
                return FieldKind {
                    is_nullable: true,
                    ..FieldKind::of(inner)
                };
            }
            DataType::UInt8 => ("number", "uint8"),
            DataType::UInt16 => ("number", "uint16"),
            DataType::UInt32 => ("number", "uint32"),
            DataType::UInt64 => ("number", "uint64"),
            DataType::Int8 => ("number", "int8"),
            DataType::Int16 => ("number", "int16"),
            DataType::Int32 => ("number", "int32"),
            DataType::Int64 | DataType::Interval(_) => ("number", "int64"),
            DataType::Float32 => ("number", "float32"),
            DataType::Float64 | DataType::Decimal { .. } => ("number", "float64"),
            DataType::Bool => ("boolean", "bool"),
            DataType::Date
            | DataType::Date32
            | DataType::DateTime(_)
            | DataType::DateTime64 { .. } => ("time", "time.Time"),
            DataType::String
            | DataType::JsonType
            | DataType::Nothing
            | DataType::Array(_)
            | DataType::Tuple(_) => ("string", "string"),
        };
        FieldKind {
            name,
            frame,
            is_nullable: false,
            is_text_of_json: matches!(data_type, DataType::Array(_) | DataType::Tuple(_)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Float64Array, ListBuilder, StringBuilder, TimestampSecondArray};

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
    fn values_are_those_that_frames_know() {
        let mut lists = ListBuilder::new(StringBuilder::new());
        lists.values().append_value("a\"b");
        lists.append(true);
        let list: ArrayRef = Arc::new(lists.finish());
        let time: ArrayRef = Arc::new(TimestampSecondArray::from(vec![2]));
        let missing: ArrayRef = Arc::new(Float64Array::from(vec![None]));
        let cases = [
            (
                list,
                DataType::Array(Box::new(DataType::String)),
                ("string", "string"),
                r#""[\"a\\\"b\"]""#,
            ),
            (
                time,
                DataType::DateTime(Some("Asia/Tokyo".to_owned())),
                ("time", "time.Time"),
                "2000",
            ),
            (
                missing,
                DataType::Nullable(Box::new(DataType::Float64)),
                ("number", "float64"),
                "null",
            ),
        ];
        for (array, data_type, names, expected) in cases {
            let column = Column::of(&array, &data_type, &TimeFormat::UnixMs.into()).unwrap();
            let mut out = Vec::new();
            write_value(&mut out, &column, 0, &data_type);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
            let kind = FieldKind::of(&data_type);
            assert_eq!((kind.name, kind.frame), names);
        }
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
