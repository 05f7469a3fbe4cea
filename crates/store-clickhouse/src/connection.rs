//! ClickHouse over HTTP: addresses that are tried in turn, requests, and what the answers say.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use annoscope_store::StoreError;
use bytes::Bytes;
use reqwest::{Client, Response, StatusCode, Url};
use tokio::runtime::{Handle, Runtime};
use tokio_util::sync::CancellationToken;

use crate::ClickHouseConfig;
use crate::error::Error;
use crate::rows::Encoded;
use crate::stats::Counters;

/// How long an address may take to accept a connection.
const CONNECTING: Duration = Duration::from_secs(5);

/// The most of an error's text that is shown.
const MESSAGE_BYTES: usize = 600;

/// A statement and what goes with it.
pub(crate) struct Request {
    /// Parameters of the address: ClickHouse's settings among them.
    pub(crate) parameters: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// Whether the body is compressed.
    pub(crate) is_compressed: bool,
    /// Until the last byte of the answer.
    pub(crate) time_limit: Duration,
}

/// An answer whose body is still to come.
pub(crate) struct Answer {
    pub(crate) response: Response,
    /// Who gives it.
    pub(crate) url: Url,
}

/// The way to ClickHouse.
pub(crate) struct Connection {
    /// None while it is dropped. Its own, so that any thread may wait for an answer.
    runtime: Option<Runtime>,
    client: Client,
    urls: Vec<Url>,
    /// Index of the address that is used.
    current: AtomicUsize,
    user: String,
    password: String,
    database: String,
    timeout: Duration,
    closing: CancellationToken,
    counters: Arc<Counters>,
}

impl Connection {
    pub(crate) fn new(
        config: &ClickHouseConfig,
        counters: Arc<Counters>,
    ) -> Result<Connection, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("clickhouse")
            .enable_all()
            .build();
        let runtime = runtime.map_err(|source| StoreError::Io {
            doing: "starting a thread".to_owned(),
            source,
        })?;
        let client = Client::builder()
            .connect_timeout(CONNECTING)
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let client = client.map_err(|error| Error::Tables(error.to_string()))?;
        let urls = config.urls.iter().map(|text| {
            Url::parse(text).map_err(|error| Error::Tables(format!("{text:?}: {error}")))
        });
        Ok(Connection {
            runtime: Some(runtime),
            client,
            urls: urls.collect::<Result<_, _>>()?,
            current: AtomicUsize::new(0),
            user: config.user.clone(),
            password: config.password.clone(),
            database: config.database.clone(),
            timeout: config.timeout,
            closing: CancellationToken::new(),
            counters,
        })
    }

    /// Ends what runs. Whoever asks for more has to look at [`Connection::is_closed`] before.
    pub(crate) fn close(&self) {
        self.closing.cancel();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closing.is_cancelled()
    }

    /// Ends with the connection.
    pub(crate) fn closing(&self) -> CancellationToken {
        self.closing.child_token()
    }

    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    /// Where threads of its own can wait for futures.
    pub(crate) fn handle(&self) -> &Handle {
        let runtime = self.runtime.as_ref();
        runtime.expect("it is there until the drop").handle()
    }

    /// The whole answer to a statement, as ClickHouse's `TabSeparated` has it.
    pub(crate) fn ask(self: &Arc<Connection>, sql: impl Into<String>) -> Result<String, Error> {
        self.ask_for(sql, self.timeout)
    }

    /// As [`Connection::ask`], of a statement that may take long.
    pub(crate) fn ask_for(
        self: &Arc<Connection>,
        sql: impl Into<String>,
        time_limit: Duration,
    ) -> Result<String, Error> {
        self.whole(Request {
            parameters: vec![
                ("database", self.database.clone()),
                ("wait_end_of_query", "1".to_owned()),
                // Rows that we insert are there when the answer is.
                ("async_insert", "0".to_owned()),
            ],
            body: Bytes::from(sql.into()),
            is_compressed: false,
            time_limit,
        })
    }

    /// As [`Connection::ask`], of a statement that names its database, which may not be there yet.
    pub(crate) fn ask_of_any(
        self: &Arc<Connection>,
        sql: impl Into<String>,
    ) -> Result<String, Error> {
        self.ask_of_any_for(sql, self.timeout)
    }

    /// As [`Connection::ask_of_any`], of a statement that may take long.
    pub(crate) fn ask_of_any_for(
        self: &Arc<Connection>,
        sql: impl Into<String>,
        time_limit: Duration,
    ) -> Result<String, Error> {
        self.whole(Request {
            parameters: Vec::new(),
            body: Bytes::from(sql.into()),
            is_compressed: false,
            time_limit,
        })
    }

    /// Inserts rows: `sql` is the statement up to its data. ClickHouse drops what has a `token` that it knows.
    pub(crate) fn insert(
        self: &Arc<Connection>,
        sql: String,
        rows: &Encoded,
        token: String,
    ) -> Result<(), Error> {
        let parameters = vec![
            ("database", self.database.clone()),
            ("query", sql),
            ("wait_end_of_query", "1".to_owned()),
            ("async_insert", "0".to_owned()),
            ("insert_deduplicate", "1".to_owned()),
            ("insert_deduplication_token", token),
            // Ours are no part of `*`, and so ClickHouse takes them for computed ones.
            ("insert_allow_materialized_columns", "1".to_owned()),
        ];
        let inserted = self.whole(Request {
            parameters,
            body: rows.body.clone(),
            is_compressed: true,
            time_limit: self.timeout,
        });
        let counters = &self.counters;
        let counter = match inserted {
            Ok(_) => &counters.inserts,
            Err(_) => &counters.failed_inserts,
        };
        Counters::add(counter, 1);
        inserted.map(drop)
    }

    /// Ends a read that nobody waits for; should that fail, its own time limit does.
    pub(crate) fn kill(self: &Arc<Connection>, url: Url, query_id: &str) {
        Counters::add(&self.counters.killed_reads, 1);
        let connection = Arc::clone(self);
        let request = Request {
            parameters: Vec::new(),
            body: Bytes::from(format!("KILL QUERY WHERE query_id = '{query_id}' ASYNC")),
            is_compressed: false,
            time_limit: CONNECTING,
        };
        self.handle().spawn(async move {
            if let Err(error) = connection.send_to(&url, &request).await {
                tracing::warn!(%error, "a read that was given up goes on in ClickHouse");
            }
        });
    }

    fn whole(self: &Arc<Connection>, request: Request) -> Result<String, Error> {
        let connection = Arc::clone(self);
        self.wait(async move {
            let Answer { response, url } = connection.send(&request).await?;
            let text = response.text().await;
            text.map_err(|error| no_answer(&url, &error))
        })
    }

    /// Waits on any thread, also on one of a runtime.
    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        self.handle().spawn(async move {
            // Who asked waits below.
            let _ = answer.send(work.await);
        });
        let answered = answered.recv();
        answered.unwrap_or(Err(Error::Store(StoreError::NotOpen)))
    }

    /// Asks the address that is used, and another one where that has certainly done nothing.
    pub(crate) async fn send(&self, request: &Request) -> Result<Answer, Error> {
        let mut reasons = Vec::new();
        for _ in &self.urls {
            let index = self.current.load(Ordering::Relaxed);
            let answer = self.send_to(&self.urls[index], request).await;
            let error = match answer {
                Err(error) => error,
                answer => return answer,
            };
            match error {
                Error::Unreachable(_) => {}
                Error::NoAnswer { .. } => {
                    self.switch_from(index);
                    return Err(error);
                }
                _ if error.is_for_another() => {}
                _ => return Err(error),
            }
            self.switch_from(index);
            reasons.push(error.to_string());
        }
        Err(Error::Unreachable(reasons.join("; ")))
    }

    /// The address that is used.
    pub(crate) fn current(&self) -> Url {
        self.urls[self.current.load(Ordering::Relaxed)].clone()
    }

    fn switch_from(&self, index: usize) {
        let next = (index + 1) % self.urls.len();
        let order = Ordering::Relaxed;
        let is_first = self
            .current
            .compare_exchange(index, next, order, order)
            .is_ok();
        if next != index && is_first {
            Counters::add(&self.counters.switches, 1);
            tracing::warn!(from = %self.urls[index], to = %self.urls[next], "another ClickHouse is asked now");
        }
    }

    async fn send_to(&self, url: &Url, request: &Request) -> Result<Answer, Error> {
        let mut post = self
            .client
            .post(url.clone())
            .query(&request.parameters)
            .header("X-ClickHouse-User", &self.user)
            .header("X-ClickHouse-Key", &self.password)
            .timeout(request.time_limit)
            .body(request.body.clone());
        if request.is_compressed {
            post = post.header("Content-Encoding", "zstd");
        }
        let response = post.send().await.map_err(|error| {
            if error.is_connect() {
                Error::Unreachable(format!("{url}: {}", reason(&error)))
            } else {
                no_answer(url, &error)
            }
        })?;
        if response.status().is_success() {
            let url = url.clone();
            return Ok(Answer { response, url });
        }
        let (status, code) = (response.status(), code_of(&response));
        let text = response.text().await.unwrap_or_default();
        Err(refusal(url, status, code, &text))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Whoever drops it may be on a thread that must not wait.
            runtime.shutdown_background();
        }
    }
}

fn code_of(response: &Response) -> Option<u32> {
    let code = response.headers().get("X-ClickHouse-Exception-Code")?;
    code.to_str().ok()?.parse().ok()
}

/// What an answer of an error says. One without ClickHouse's code comes from something before it, which may have
/// handed the statement on.
fn refusal(url: &Url, status: StatusCode, code: Option<u32>, text: &str) -> Error {
    let place = url.to_string();
    let message = message(text);
    match code {
        None if status.is_server_error() => Error::NoAnswer {
            place,
            reason: format!("{status} {message}"),
        },
        code => Error::Refused {
            place,
            code: code.unwrap_or(0),
            message: if message.is_empty() {
                status.to_string()
            } else {
                message
            },
        },
    }
}

/// ClickHouse's words: one line, without its version.
pub(crate) fn message(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.split(" (version ").next().unwrap_or_default();
    line.chars().take(MESSAGE_BYTES).collect()
}

pub(crate) fn no_answer(url: &Url, error: &reqwest::Error) -> Error {
    Error::NoAnswer {
        place: url.to_string(),
        reason: reason(error),
    }
}

/// The innermost cause: the error's own text names the address, parameters and all.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_errors_say_what_may_have_been_done() {
        let url = Url::parse("http://one:8123/").unwrap();
        let cases = [
            (
                StatusCode::BAD_GATEWAY,
                None,
                "<html>",
                "http://one:8123/ did not answer to the end: 502 Bad Gateway <html>",
            ),
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                Some(252),
                "Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS) (version 26.3.1)\nstack",
                "http://one:8123/: Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS)",
            ),
            (
                StatusCode::UNAUTHORIZED,
                None,
                "",
                "http://one:8123/: 401 Unauthorized",
            ),
        ];
        for (status, code, text, expected) in cases {
            assert_eq!(refusal(&url, status, code, text).to_string(), expected);
        }
    }
}
