//! Sends events to the ingest port of a running server.

use std::time::Duration;

use annoscope_demo::BatchesByUser;
use annoscope_events::StoredEvent;
use futures::{StreamExt, TryStreamExt};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use tokio::sync::mpsc;

/// Requests on the way at the same time: while one waits for its commit, others are read.
const IN_FLIGHT: usize = 8;

/// A server that was there and is gone may be starting again: so many tries, a second
/// apart. What arrived before is not stored twice.
const MAX_LOST_TRIES: u32 = 30;

/// Answers of 503 in a row after which a batch is given up.
const MAX_BUSY_TRIES: u32 = 600;

/// Wait after a 503 that does not say how long, and the longest wait that is believed.
const DEFAULT_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Events that the server has.
    pub n_events: u64,
    /// Requests that were sent again.
    pub n_retries: u64,
}

/// What was sent.
pub type Sent = Progress;

/// Why not everything was sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No server listens there.
    #[error("no annoscope answers at {url}: start it with `make run`")]
    NobodyThere {
        /// The address.
        url: String,
        /// What the connection failed with.
        source: reqwest::Error,
    },
    /// The address is no URL of a server.
    #[error("{url} is no address like http://127.0.0.1:8282/: {source}")]
    InvalidUrl {
        /// The address.
        url: String,
        /// What is wrong with it.
        source: reqwest::Error,
    },
    /// The connection was lost, and did not come back.
    #[error("lost the connection to {url} and did not get it back in {MAX_LOST_TRIES} s")]
    Lost {
        /// The address.
        url: String,
        /// The last failure.
        source: reqwest::Error,
    },
    /// The server does not take the events.
    #[error("{url} refused events with {status}: {answer}")]
    Refused {
        /// The address.
        url: String,
        /// Status of the answer.
        status: StatusCode,
        /// Begin of the answer's body.
        answer: String,
    },
}

/// Sends all events and waits until the last is acknowledged. Events are made on a thread
/// of their own. `progress` is told after each request.
pub async fn send<I>(
    url: &str,
    events: I,
    mut progress: impl FnMut(Progress),
) -> Result<Sent, SendError>
where
    I: Iterator<Item = StoredEvent> + Send + 'static,
{
    let client = reqwest::Client::new();
    say_hello(&client, url).await?;
    let (bodies, mut receiver) = mpsc::channel(IN_FLIGHT);
    let making = tokio::task::spawn_blocking(move || {
        for body in BatchesByUser::new(events) {
            if bodies.blocking_send(body).is_err() {
                return; // Sending failed, and says why.
            }
        }
    });
    let mut answers = futures::stream::poll_fn(move |context| receiver.poll_recv(context))
        .map(|(body, n_events)| {
            let client = &client;
            async move {
                let n_retries = deliver(client, url, body.into()).await?;
                Ok::<_, SendError>((n_events as u64, n_retries))
            }
        })
        .buffer_unordered(IN_FLIGHT);
    let mut sent = Progress {
        n_events: 0,
        n_retries: 0,
    };
    while let Some((n_events, n_retries)) = answers.try_next().await? {
        sent.n_events += n_events;
        sent.n_retries += n_retries;
        progress(sent);
    }
    drop(answers);
    if let Err(failed) = making.await
        && failed.is_panic()
    {
        std::panic::resume_unwind(failed.into_panic());
    }
    Ok(sent)
}

/// An empty body stores nothing and tells whether a server is there.
async fn say_hello(client: &reqwest::Client, url: &str) -> Result<(), SendError> {
    let url = url.to_owned();
    match post(client, &url, bytes::Bytes::from_static(b"[]")).await {
        Ok(answer) if answer.status() == StatusCode::OK => Ok(()),
        // Busy is there, too.
        Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => Ok(()),
        Ok(answer) => Err(refused(url, answer).await),
        Err(source) if source.is_builder() => Err(SendError::InvalidUrl { url, source }),
        Err(source) => Err(SendError::NobodyThere { url, source }),
    }
}

/// Sends one body until it is acknowledged. Returns how often it was sent again.
async fn deliver(
    client: &reqwest::Client,
    url: &str,
    body: bytes::Bytes,
) -> Result<u64, SendError> {
    let (mut n_lost, mut n_busy) = (0, 0);
    loop {
        match post(client, url, body.clone()).await {
            Ok(answer) if answer.status() == StatusCode::OK => {
                return Ok(u64::from(n_lost + n_busy));
            }
            Ok(answer)
                if answer.status() == StatusCode::SERVICE_UNAVAILABLE
                    && n_busy < MAX_BUSY_TRIES =>
            {
                n_busy += 1;
                tokio::time::sleep(retry_after(&answer)).await;
            }
            Ok(answer) => return Err(refused(url.to_owned(), answer).await),
            Err(_) if n_lost < MAX_LOST_TRIES => {
                n_lost += 1;
                tokio::time::sleep(DEFAULT_WAIT).await;
            }
            Err(source) => {
                return Err(SendError::Lost {
                    url: url.to_owned(),
                    source,
                });
            }
        }
    }
}

async fn post(
    client: &reqwest::Client,
    url: &str,
    body: bytes::Bytes,
) -> Result<reqwest::Response, reqwest::Error> {
    client
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .body(body)
        .send()
        .await
}

fn retry_after(answer: &reqwest::Response) -> Duration {
    let seconds = answer
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    seconds
        .map_or(DEFAULT_WAIT, Duration::from_secs)
        .min(LONGEST_WAIT)
}

async fn refused(url: String, answer: reqwest::Response) -> SendError {
    let status = answer.status();
    let mut answer = answer.text().await.unwrap_or_default();
    if let Some((end, _)) = answer.char_indices().nth(300) {
        answer.truncate(end);
    }
    SendError::Refused {
        url,
        status,
        answer,
    }
}
