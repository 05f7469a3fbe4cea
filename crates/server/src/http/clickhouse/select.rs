//! A query and its answer: head, rows, and what becomes of a failure between them.

use std::time::Duration;

use annoscope_formats::{CompressedWriter, Format, TimeFormat};
use annoscope_query::{Answer, QueryRequest, RowFilter};
use annoscope_sql::{Context, FormatClause, Position};
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt};
use rand::Rng;
use serde_json::json;
use uuid::Uuid;

use super::encoding::Coder;
use super::exception::Exception;
use super::parameters::Parameters;
use super::spool::{MEMORY_BYTES, Spool};
use crate::clock;
use crate::http::admission::Source;
use crate::http::error::ApiError;
use crate::http::state::AppState;
use crate::identity::Principal;
use crate::identity::rights::{self, Action};

/// The format of ClickHouse's HTTP interface where nobody names one.
const DEFAULT_FORMAT: &str = "TabSeparated";

/// The letters of an exception's tag, as many as ClickHouse's have.
const TAG_LENGTH: usize = 16;

/// The query broke off after rows had been sent, and the client was told why.
#[derive(Debug, thiserror::Error)]
#[error("the query failed after rows had been sent")]
struct CutOff;

/// Answers a query.
pub async fn answer(
    state: &AppState,
    principal: &Principal,
    parameters: Parameters,
    headers: &HeaderMap,
    sql: String,
) -> Result<Response, Exception> {
    let now = clock::now();
    let query_id = parameters.query_id.clone();
    let (rows, without_events) = visible(state, principal);
    let default_format = match &parameters.default_format {
        Some(name) => named(name)?,
        None => named(DEFAULT_FORMAT)?,
    };
    let request = QueryRequest {
        sql,
        context: Context {
            now_ms: now.millis(),
            params: parameters.params,
            settings: parameters.settings,
            database: parameters.database,
            without_events,
            ..Context::default()
        },
        // A client of ClickHouse cannot be told that rows were left out: there is no limit but that of time.
        limit: u64::MAX,
        time_format: TimeFormat::Text,
        ignores_format: false,
        may_use_cache: true,
        query_id: parameters.query_id,
        time_limit: parameters.time_limit,
        has_byte_order_mark: false,
    };
    let mut run = state
        .engine
        .start(request, &principal.access(rows), now)
        .await?;
    run.style.client_revision = parameters.client_revision;
    let format = run.format.unwrap_or(default_format);
    let coder = if parameters.enable_http_compression {
        Coder::accepted(headers)
    } else {
        Coder::Plain
    };
    let head = Head {
        query_id,
        format,
        tag: new_tag(),
        encoding: coder.name(),
        sends_progress: parameters.sends_progress,
    };
    let mut sender = Sender {
        answer: Answer::new(run, format, u64::MAX),
        coder: Some(coder),
        blocks: parameters.compress.then(CompressedWriter::default),
        tag: head.tag.clone(),
        n_bytes: 0,
    };
    // What is short is whole before its head is sent: then a failure has its status, and the head its figures.
    let mut first = Vec::new();
    while first.len() < MEMORY_BYTES {
        match sender.next().await? {
            Some(bytes) => first.extend(bytes),
            None => break,
        }
    }
    if sender.coder.is_none() {
        return Ok(head.response(Body::from(first), sender.figures()));
    }
    if parameters.wait_end_of_query {
        let room = state
            .admission
            .spool_room(Source::Account(principal.user.id));
        let mut spool = Spool::new(&state.config.data_dir, room);
        sender.wait(&mut spool, &first).await?;
        let body = Body::from_stream(spool.into_stream());
        return Ok(head.response(body, sender.figures()));
    }
    let first = futures::stream::iter([Ok(Bytes::from(first))]);
    let body = Body::from_stream(first.chain(sender.into_stream()));
    // What is not whole has no figures yet.
    Ok(head.response(body, Figures::default()))
}

/// What stands before an answer's rows.
struct Head {
    query_id: Option<String>,
    format: Format,
    tag: String,
    encoding: Option<&'static str>,
    sends_progress: bool,
}

impl Head {
    fn response(&self, body: Body, figures: Figures) -> Response {
        let mut response = body.into_response();
        let head = response.headers_mut();
        set(head, header::CONTENT_TYPE, self.format.media_type());
        set(head, FORMAT, self.format.name());
        set(head, EXCEPTION_TAG, &self.tag);
        if let Some(encoding) = self.encoding {
            set(head, header::CONTENT_ENCODING, encoding);
        }
        if self.sends_progress {
            set(head, PROGRESS, &figures.to_json());
        }
        finish(head, self.query_id.as_deref(), figures);
        response
    }
}

/// The rows that the caller may see; where there are none, the reason.
fn visible(state: &AppState, principal: &Principal) -> (RowFilter, Option<String>) {
    let policy = state.access.policy();
    let rows = rights::decide(Action::Look, principal, policy)
        .and_then(|()| rights::view(principal, policy));
    match rows {
        Ok(rows) => (rows, None),
        // The query is refused where it names the events; this would leave it none all the same.
        Err(denied) => {
            let nobody = RowFilter {
                user_id: Some(principal.user.id),
                org_id: Some(-1),
            };
            (
                nobody,
                Some(denied.to_string().trim_end_matches('.').to_owned()),
            )
        }
    }
}

fn named(name: &str) -> Result<Format, Exception> {
    let position = Position { line: 1, column: 1 };
    let clause = FormatClause {
        name: name.to_owned(),
        position,
    };
    Format::named(&clause).map_err(|mut error| {
        error.position = None;
        error.into()
    })
}

/// An answer under way, piece by piece.
struct Sender {
    answer: Answer,
    /// None once the end was written.
    coder: Option<Coder>,
    /// ClickHouse's compressed blocks, within what the coder makes.
    blocks: Option<CompressedWriter>,
    tag: String,
    /// Of rows, before they are compressed.
    n_bytes: u64,
}

impl Sender {
    /// The next bytes, which may be none yet; `None` after the last.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Exception> {
        let Some(coder) = &mut self.coder else {
            return Ok(None);
        };
        if let Some(bytes) = self.answer.next_piece().await? {
            self.n_bytes += bytes.len() as u64;
            let bytes = match &mut self.blocks {
                Some(blocks) => {
                    let mut packed = Vec::new();
                    blocks.push(&bytes, &mut packed);
                    packed
                }
                None => bytes,
            };
            return Ok(Some(coder.write(bytes)));
        }
        Ok(self.end(Vec::new()))
    }

    /// The last bytes, behind some more; `None` where they were given.
    fn end(&mut self, more: Vec<u8>) -> Option<Vec<u8>> {
        let mut coder = self.coder.take()?;
        let more = match self.blocks.take() {
            Some(mut blocks) => {
                let mut packed = Vec::new();
                blocks.push(&more, &mut packed);
                blocks.flush(&mut packed);
                packed
            }
            None => more,
        };
        let mut bytes = coder.write(more);
        bytes.extend(coder.finish());
        Some(bytes)
    }

    /// Waits for the rest of the body, behind its first bytes.
    async fn wait(&mut self, spool: &mut Spool, first: &[u8]) -> Result<(), Exception> {
        let too_much = |error| match error {
            ApiError::BodyTooLarge { limit_bytes } => Exception::new(
                "TOO_MANY_ROWS_OR_BYTES",
                format!(
                    "The result has more than {limit_bytes} bytes, which is half of what may wait in files (setting clickhouse.spool_bytes): ask without wait_end_of_query"
                ),
            ),
            error => error.into(),
        };
        spool.push(first).map_err(too_much)?;
        while let Some(bytes) = self.next().await? {
            spool.push(&bytes).map_err(too_much)?;
        }
        Ok(())
    }

    /// Of an answer that is whole.
    fn figures(&self) -> Figures {
        let stats = self.answer.stats();
        let n_rows = stats.map_or(0, |stats| stats.n_rows);
        Figures {
            n_read: stats.and_then(|stats| stats.n_read).unwrap_or(n_rows),
            n_written: 0,
            n_rows,
            n_bytes: self.n_bytes,
            elapsed: stats.map_or(Duration::ZERO, |stats| stats.elapsed),
        }
    }

    /// The rest of the body. After a failure it has ClickHouse's exception, and no end.
    fn into_stream(self) -> impl Stream<Item = Result<Bytes, CutOff>> + Send {
        futures::stream::unfold((self, false), |(mut sender, has_failed)| async move {
            if has_failed {
                // What was written goes out first: the connection is closed without the mark of the end.
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
                sender.coder = None;
                return Some((Err(CutOff), (sender, false)));
            }
            match sender.next().await {
                Ok(Some(bytes)) => Some((Ok(Bytes::from(bytes)), (sender, false))),
                Ok(None) => None,
                Err(exception) => {
                    let text = sender.within(&exception);
                    let bytes = sender.end(text.into_bytes()).unwrap_or_default();
                    Some((Ok(Bytes::from(bytes)), (sender, true)))
                }
            }
        })
    }

    /// An exception within a body, between its tags.
    fn within(&self, exception: &Exception) -> String {
        let text = exception.text();
        let (text, tag) = (text.trim_end(), &self.tag);
        let n_bytes = text.len() + 1;
        format!("\r\n__exception__\r\n{tag}\r\n{text}\n{n_bytes} {tag}\r\n__exception__\r\n")
    }
}

fn new_tag() -> String {
    let mut random = rand::rng();
    let letters = (0..TAG_LENGTH).map(|_| char::from(random.random_range(b'a'..=b'z')));
    letters.collect()
}

/// What ClickHouse tells of a statement.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Rows that were read for it.
    pub n_read: u64,
    /// Rows that it stored.
    pub n_written: u64,
    /// Rows of its result.
    pub n_rows: u64,
    /// Their bytes, before they are compressed.
    pub n_bytes: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl Figures {
    /// Numbers are texts.
    fn to_json(self) -> String {
        let written_bytes = if self.n_written > 0 { self.n_bytes } else { 0 };
        json!({
            "read_rows": self.n_read.to_string(),
            "read_bytes": written_bytes.to_string(),
            "written_rows": self.n_written.to_string(),
            "written_bytes": written_bytes.to_string(),
            "total_rows_to_read": "0",
            "result_rows": self.n_rows.to_string(),
            "result_bytes": self.n_bytes.to_string(),
            "elapsed_ns": self.elapsed.as_nanos().to_string(),
        })
        .to_string()
    }
}

const FORMAT: HeaderName = HeaderName::from_static("x-clickhouse-format");
const EXCEPTION_TAG: HeaderName = HeaderName::from_static("x-clickhouse-exception-tag");
const PROGRESS: HeaderName = HeaderName::from_static("x-clickhouse-progress");
const SUMMARY: HeaderName = HeaderName::from_static("x-clickhouse-summary");
const QUERY_ID: HeaderName = HeaderName::from_static("x-clickhouse-query-id");

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// What the head of every answered statement has.
pub fn finish(headers: &mut HeaderMap, query_id: Option<&str>, figures: Figures) {
    let own = || Uuid::new_v4().to_string();
    let query_id = query_id.map_or_else(own, str::to_owned);
    set(headers, QUERY_ID, &query_id);
    set(headers, SUMMARY, &figures.to_json());
}

/// An answer without rows.
pub fn done(query_id: Option<&str>, figures: Figures) -> Response {
    let mut response = ().into_response();
    finish(response.headers_mut(), query_id, figures);
    response
}
