//! The way of events from the outbox to annoscope: in batches, in order, again and again until they are acknowledged.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use reqwest::{Client, StatusCode, Url, header};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::outbox::MAX_WAITING;
use crate::{Outbox, OutboxError, Waiting};

/// How the relay sends.
#[derive(Clone, Debug)]
pub struct RelayOptions {
    /// annoscope's ingest port: `http://127.0.0.1:8282/`.
    pub url: String,
    /// A token of an administrator (`annoscope user token NAME --scope send`); none where the port asks for none.
    pub token: Option<String>,
    /// Events of one request at most.
    pub batch_events: u32,
    /// Bytes of one request, about.
    pub batch_bytes: usize,
    /// How often the outbox is looked at while nothing waits.
    pub period: Duration,
    /// How long an answer is waited for, the connection included.
    pub timeout: Duration,
    /// The first pause after a failure; each one is twice the one before, up to `max_pause`.
    pub min_pause: Duration,
    /// The longest pause after a failure.
    pub max_pause: Duration,
    /// Events that wait at most; beyond them the outbox drops new ones.
    pub max_waiting: u64,
}

impl RelayOptions {
    /// To this address: 500 events or 4 MiB at a time, twice a second, with pauses of 0.5 s to a minute.
    pub fn new(url: &str) -> RelayOptions {
        RelayOptions {
            url: url.to_owned(),
            token: None,
            batch_events: 500,
            batch_bytes: 4 * 1024 * 1024,
            period: Duration::from_millis(500),
            timeout: Duration::from_secs(30),
            min_pause: Duration::from_millis(500),
            max_pause: Duration::from_mins(1),
            max_waiting: MAX_WAITING,
        }
    }
}

/// The relay cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// Not an address.
    #[error("{0:?} is no URL")]
    Url(String),
    /// No header can carry the token.
    #[error("the token has characters that no header has")]
    Token,
    /// The HTTP client cannot be made.
    #[error(transparent)]
    Client(#[from] reqwest::Error),
}

/// A task that sends what an outbox holds. Dropped, it goes on until the runtime ends.
pub struct Relay {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Begins to send, on the current runtime. One relay for each outbox of a process.
    pub fn start(outbox: Arc<dyn Outbox>, options: RelayOptions) -> Result<Relay, RelayError> {
        let url: Url = options
            .url
            .parse()
            .map_err(|_| RelayError::Url(options.url.clone()))?;
        let mut headers = header::HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/json"),
        );
        if let Some(token) = &options.token {
            let value = header::HeaderValue::from_str(&format!("Token {token}"));
            let mut value = value.map_err(|_| RelayError::Token)?;
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        let client = Client::builder()
            .default_headers(headers)
            .timeout(options.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let (stop, stopped) = watch::channel(false);
        let sender = Arc::new(Sender {
            outbox,
            client,
            url,
            options,
        });
        // Holds the other end: the relay goes on when its handle is dropped.
        let held = stop.clone();
        let task = tokio::spawn(async move {
            keep_sending(sender, stopped).await;
            drop(held);
        });
        Ok(Relay { stop, task })
    }

    /// Ends it, after the request that is on its way; what waits stays in the outbox for the next start.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        // It catches its own panics.
        let _ = self.task.await;
    }
}

struct Sender {
    outbox: Arc<dyn Outbox>,
    client: Client,
    url: Url,
    options: RelayOptions,
}

/// Why a request did not bring its events.
enum Failed {
    /// It may be repeated.
    ForNow(String),
    /// It is larger than annoscope takes.
    TooLarge,
}

/// Begins again after a panic, which is a bug of ours and none of the host's business.
async fn keep_sending(sender: Arc<Sender>, mut stopped: watch::Receiver<bool>) {
    loop {
        let work = tokio::spawn(Arc::clone(&sender).send_until(stopped.clone()));
        if work.await.is_ok() {
            return;
        }
        tracing::error!("the relay of events panicked, and begins again");
        if is_stopped_within(&mut stopped, sender.options.max_pause).await {
            return;
        }
    }
}

impl Sender {
    async fn send_until(self: Arc<Sender>, mut stopped: watch::Receiver<bool>) {
        let mut pauses = self.pauses();
        let mut is_failing = false;
        loop {
            let pause = match self.send_first().await {
                Ok(0) => {
                    (pauses, is_failing) = (self.pauses(), false);
                    self.options.period
                }
                Ok(_) => {
                    (pauses, is_failing) = (self.pauses(), false);
                    Duration::ZERO
                }
                Err(error) => {
                    // Said once: it may go on for days.
                    if !is_failing {
                        is_failing = true;
                        tracing::warn!(%error, "events wait in the outbox");
                    }
                    pauses.next().unwrap_or(self.options.max_pause)
                }
            };
            if is_stopped_within(&mut stopped, pause).await {
                return;
            }
        }
    }

    fn pauses(&self) -> impl Iterator<Item = Duration> + use<> {
        ExponentialBuilder::default()
            .with_min_delay(self.options.min_pause)
            .with_max_delay(self.options.max_pause)
            .without_max_times()
            .with_jitter()
            .build()
    }

    /// Sends the first events that wait, and says how many that were.
    async fn send_first(&self) -> Result<usize, String> {
        let counters = self.outbox.counters();
        let waiting = self.read(self.outbox.count()).await?;
        if counters.waiting(waiting, self.options.max_waiting) {
            tracing::error!(
                n_waiting = waiting,
                "too many events wait in the outbox: new ones are dropped"
            );
        }
        if waiting == 0 {
            return Ok(0);
        }
        let first = self
            .read(self.outbox.first(self.options.batch_events))
            .await?;
        self.send_all(&first).await?;
        self.read(self.outbox.forget(&first)).await?;
        Ok(first.len())
    }

    /// An outbox that does not answer is tried again, too.
    async fn read<T>(
        &self,
        work: impl Future<Output = Result<T, OutboxError>>,
    ) -> Result<T, String> {
        work.await.map_err(|error| {
            self.outbox.counters().read_failed();
            error.to_string()
        })
    }

    /// Sends events, in requests of a bounded size; what is too large is halved until it is one event, which is set aside.
    async fn send_all(&self, waiting: &[Waiting]) -> Result<(), String> {
        // A stack: the first events are on top.
        let mut parts: Vec<&[Waiting]> = self.cut(waiting);
        parts.reverse();
        while let Some(part) = parts.pop() {
            match (self.send(part).await, part) {
                (Ok(()), _) => {}
                (Err(Failed::ForNow(reason)), _) => {
                    self.outbox.counters().request_failed();
                    return Err(reason);
                }
                (Err(Failed::TooLarge), [one]) => {
                    self.outbox.counters().refused();
                    let reason = "larger than annoscope takes";
                    self.read(self.outbox.set_aside(one, reason)).await?;
                }
                (Err(Failed::TooLarge), many) => {
                    let (head, tail) = many.split_at(many.len() / 2);
                    parts.extend([tail, head]);
                }
            }
        }
        Ok(())
    }

    fn cut<'a>(&self, waiting: &'a [Waiting]) -> Vec<&'a [Waiting]> {
        let mut parts = Vec::new();
        let (mut begin, mut n_bytes) = (0, 0);
        for (index, event) in waiting.iter().enumerate() {
            if index > begin && n_bytes + event.json.len() > self.options.batch_bytes {
                parts.push(&waiting[begin..index]);
                (begin, n_bytes) = (index, 0);
            }
            n_bytes += event.json.len();
        }
        parts.push(&waiting[begin..]);
        parts
    }

    async fn send(&self, waiting: &[Waiting]) -> Result<(), Failed> {
        let events: Vec<&str> = waiting.iter().map(|event| event.json.as_str()).collect();
        let body = format!("[{}]", events.join(","));
        let answer = self.client.post(self.url.clone()).body(body).send().await;
        let answer = answer.map_err(|error| Failed::ForNow(error.to_string()))?;
        match answer.status() {
            status if status.is_success() => {
                self.outbox.counters().sent(waiting.len());
                Ok(())
            }
            StatusCode::PAYLOAD_TOO_LARGE => Err(Failed::TooLarge),
            // Also where annoscope calls it the sender's fault: the body is sound, so it is the address, the token or what
            // stands between, and may be mended.
            status => Err(Failed::ForNow(format!("annoscope answers {status}"))),
        }
    }
}

/// Waits, and says whether the relay was stopped meanwhile.
async fn is_stopped_within(stopped: &mut watch::Receiver<bool>, time: Duration) -> bool {
    let wait = stopped.wait_for(|is_stopped| *is_stopped);
    tokio::time::timeout(time, wait).await.is_ok()
}
