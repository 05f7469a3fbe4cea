//! Request bodies, made before the clock starts, and the two ways to send them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use annoscope_demo::{self as demo, Batches, DemoConfig};
use annoscope_events::Timestamp;
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use hdrhistogram::Histogram;
use reqwest::StatusCode;

use crate::clock;
use crate::process::Server;

/// Where the events come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `POST /` on the ingest port: what servers send.
    Ingest,
    /// `POST /api/events`: what browsers send.
    Client,
}

/// Bodies, each to be sent once.
pub struct Load {
    /// Where to.
    pub endpoint: Endpoint,
    /// The bodies, all with the same number of events.
    pub bodies: Vec<Bytes>,
    /// Events in each body.
    pub n_batch: usize,
}

/// What sending a load showed.
pub struct Outcome {
    /// Events that were acknowledged.
    pub n_events: u64,
    /// From the first request to the last answer.
    pub took: Duration,
    /// Answer times, in µs.
    pub answers: Histogram<u64>,
}

/// Events of a day, at which the demo has some 200 annotators.
const EVENTS_PER_DAY: u64 = 111_000;

/// Demo data of some 200 annotators, up to `end`.
pub fn demo_config(events: u64, seed: u64, end: Timestamp) -> Result<DemoConfig> {
    let days = u32::try_from(events / EVENTS_PER_DAY + 1)?;
    Ok(DemoConfig {
        events,
        days,
        seed,
        users: None,
        end,
    })
}

impl Load {
    /// The events of `config`, or a few more, in batches of `n_batch`. No two loads of
    /// different seeds have an event in common.
    pub fn new(endpoint: Endpoint, n_batch: usize, config: DemoConfig) -> Result<Load> {
        let n_bodies = config.events.div_ceil(n_batch as u64) as usize;
        let n_events = n_bodies as u64 * n_batch as u64;
        let config = DemoConfig {
            events: n_events,
            ..config
        };
        let bodies: Vec<Bytes> = match endpoint {
            Endpoint::Ingest => Batches::new(demo::generate(&config)?, n_batch)
                .map(|(body, _)| Bytes::from(body))
                .collect(),
            Endpoint::Client => {
                // Two in three events of the demo are browsers', and each user has a body
                // that is not full at the end: ask for more, of few users.
                let n_users = (n_bodies / 10).clamp(1, 200) as u64;
                let events = n_events * 2 + n_users * n_batch as u64 * 2;
                let config = DemoConfig {
                    events,
                    users: Some(n_users as u32),
                    ..config
                };
                demo::client_requests(&config, n_batch)?
                    .take(n_bodies)
                    .map(|call| Bytes::from(call.body))
                    .collect()
            }
        };
        ensure!(
            bodies.len() == n_bodies,
            "{} bodies instead of {n_bodies}",
            bodies.len()
        );
        Ok(Load {
            endpoint,
            bodies,
            n_batch,
        })
    }

    fn n_events(&self) -> u64 {
        (self.bodies.len() * self.n_batch) as u64
    }
}

/// Sends bodies to one server.
#[derive(Clone)]
pub struct Sender {
    client: reqwest::Client,
    ingest_url: String,
    client_url: String,
    authorization: String,
}

impl Sender {
    /// To `server`, with the token of a user.
    pub fn new(server: &Server, token: &str) -> Sender {
        Sender {
            client: reqwest::Client::builder()
                .tcp_nodelay(true)
                .build()
                .expect("no TLS is configured, so nothing can fail"),
            ingest_url: server.ingest_url.clone(),
            client_url: format!("{}/api/events", server.url),
            authorization: format!("Token {token}"),
        }
    }

    /// Sends one body and reads the whole answer. Anything but a success is an error.
    pub async fn post(&self, endpoint: Endpoint, body: Bytes) -> Result<()> {
        let is_taken = self.offer(endpoint, body).await?;
        ensure!(is_taken, "the server has no room");
        Ok(())
    }

    /// The same; gives whether there was room for it, or it has to be sent again.
    pub async fn offer(&self, endpoint: Endpoint, body: Bytes) -> Result<bool> {
        let request = match endpoint {
            Endpoint::Ingest => self.client.post(&self.ingest_url),
            Endpoint::Client => self
                .client
                .post(&self.client_url)
                .header("Authorization", &self.authorization),
        };
        let answer = request
            .header("Content-Type", "application/json")
            .body(body)
            .send()
            .await?;
        let status = answer.status();
        let text = answer.bytes().await?;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return Ok(false);
        }
        if !status.is_success() {
            bail!(
                "{status}: {}",
                String::from_utf8_lossy(&text[..text.len().min(300)])
            );
        }
        Ok(true)
    }

    /// Closed loop: so many connections, each sends its next body when it has its answer.
    pub async fn as_fast_as_possible(&self, load: Load, n_connections: usize) -> Result<Outcome> {
        let n_events = load.n_events();
        let load = Arc::new(load);
        let next = Arc::new(AtomicUsize::new(0));
        let started = clock::now();
        let mut connections = Vec::new();
        for _ in 0..n_connections {
            let (sender, load, next) = (self.clone(), Arc::clone(&load), Arc::clone(&next));
            connections.push(tokio::spawn(async move {
                let mut answers = histogram();
                while let Some(body) = load.bodies.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let sent = clock::now();
                    sender.post(load.endpoint, body.clone()).await?;
                    answers.record(micros(sent))?;
                }
                anyhow::Ok(answers)
            }));
        }
        let mut answers = histogram();
        for connection in connections {
            answers.add(connection.await??)?;
        }
        Ok(Outcome {
            n_events,
            took: clock::since(started),
            answers,
        })
    }

    /// Open loop: a request every `interval`, whether the last is answered or not. Answer
    /// times count from the moment the request was due, so a stall delays all that should
    /// have been sent in it (no coordinated omission).
    pub async fn at_intervals(&self, loads: [Load; 2], interval: Duration) -> Result<Outcome> {
        let n_events = loads.iter().map(Load::n_events).sum();
        let n_batches = loads[0].bodies.len().min(loads[1].bodies.len());
        let answers = Arc::new(Mutex::new(histogram()));
        let started = clock::now();
        let mut requests = tokio::task::JoinSet::new();
        for index in 0..n_batches * 2 {
            let load = &loads[index % 2];
            let (endpoint, body) = (load.endpoint, load.bodies[index / 2].clone());
            let due = started + interval * u32::try_from(index)?;
            tokio::time::sleep_until(due.into()).await;
            let (sender, answers) = (self.clone(), Arc::clone(&answers));
            requests.spawn(async move {
                sender.post(endpoint, body).await?;
                let mut answers = answers.lock().expect("no one panics with the lock");
                anyhow::Ok(answers.record(micros(due))?)
            });
            while let Some(done) = requests.try_join_next() {
                done??;
            }
        }
        while let Some(done) = requests.join_next().await {
            done??;
        }
        let answers = Arc::into_inner(answers).context("all requests have ended")?;
        let answers = answers.into_inner().expect("no one panics with the lock");
        Ok(Outcome {
            n_events,
            took: clock::since(started),
            answers,
        })
    }
}

/// 1 µs to 10 minutes, three digits.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 600_000_000, 3).expect("the bounds are valid")
}

/// µs since `since`; at least 1.
pub fn micros(since: Instant) -> u64 {
    (clock::since(since).as_micros() as u64).max(1)
}
