//! What the recorder costs a host: the answer time of a small server, with and without it, and while annoscope is away or
//! does not answer.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use annoscope_events::{Place, Resource, ResourceKind};
use annoscope_recorder::{
    Relay, RelayOptions, RequestLayer, RusqliteOutbox, recorded, spawn_blocking,
};
use anyhow::{Result, ensure};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use hdrhistogram::Histogram;
use serde_json::json;

use crate::ingest::quantiles;
use crate::load::{histogram, micros};
use crate::process::Server;
use crate::table::{Table, millis};
use crate::{Bench, clock};

/// Requests a second, each one transaction: what a busy annotation server writes.
const RATE: u64 = 100;

/// Longest wait until annoscope has all events of a host.
const DEADLINE: Duration = Duration::from_mins(1);

/// A host's state: a table of tasks and, where it records, its outbox.
#[derive(Clone)]
struct Host {
    database: Arc<Mutex<rusqlite::Connection>>,
    outbox: Option<RusqliteOutbox>,
}

/// Measures. The cases take turns, so that what else the machine does falls on all of them.
pub async fn run(bench: &Bench, table: &mut Table) -> Result<()> {
    let server = Server::start(&bench.bin, &bench.fresh_dir("recorder")?, &[]).await?;
    // Takes connections, and never answers.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let silent_url = format!("http://{}/", silent.local_addr()?);
    let ingest_url = server.ingest_url.clone();
    let cases = [
        ("without the recorder", None),
        ("with it", Some(ingest_url.as_str())),
        ("with it, annoscope away", Some("http://127.0.0.1:1/")),
        ("with it, annoscope silent", Some(silent_url.as_str())),
    ];
    let mut times: Vec<Histogram<u64>> = cases.iter().map(|_| histogram()).collect();
    let n_turns = if bench.is_quick { 1 } else { 4 };
    let n_requests = RATE * bench.sizes.recorder_s / n_turns;
    for turn in 0..n_turns {
        for ((case, annoscope), times) in cases.iter().zip(&mut times) {
            let dir = bench.fresh_dir(&format!("host-{turn}-{}", case.len()))?;
            let is_taken = *annoscope == Some(ingest_url.as_str());
            times.add(measure(&dir, *annoscope, is_taken, n_requests).await?)?;
        }
    }
    server.stop().await?;
    let p99 = |times: &Histogram<u64>| times.value_at_quantile(0.99);
    let without = p99(&times[0]);
    for ((case, _), times) in cases.iter().zip(&times) {
        let more = p99(times).saturating_sub(without);
        table.push_alone(
            format!("answer time of a host that writes {RATE} times a second, {case}"),
            format!("{}; p99 {} more", quantiles(times), millis(more)),
            "p99 less than 1 ms more",
        );
    }
    Ok(())
}

/// The answer times of a fresh host, in µs. Where annoscope takes its events, all of them have to arrive.
async fn measure(
    dir: &Path,
    annoscope: Option<&str>,
    is_taken: bool,
    n_requests: u64,
) -> Result<Histogram<u64>> {
    let path = dir.join("host.sqlite");
    let database = rusqlite::Connection::open(&path)?;
    database.busy_timeout(Duration::from_secs(10))?;
    database.pragma_update(None, "journal_mode", "wal")?;
    // Syncs of the disk take longer than what is measured.
    database.pragma_update(None, "synchronous", "normal")?;
    database.execute_batch("CREATE TABLE task (id INTEGER PRIMARY KEY, name TEXT NOT NULL)")?;
    let outbox = annoscope.map(|_| RusqliteOutbox::open(&path)).transpose()?;
    let host = Host {
        database: Arc::new(Mutex::new(database)),
        outbox: outbox.clone(),
    };
    let mut routes = Router::new().route("/tasks", post(create));
    if outbox.is_some() {
        routes = routes.layer(RequestLayer::new());
    }
    let routes = routes.with_state(host);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/tasks", listener.local_addr()?);
    let relay = match (annoscope, &outbox) {
        (Some(annoscope), Some(outbox)) => Some(Relay::start(
            Arc::new(outbox.clone()),
            RelayOptions::new(annoscope),
        )?),
        _ => None,
    };
    let serving = tokio::spawn(async move { axum::serve(listener, routes).await });
    let times = ask(&url, n_requests).await?;
    if let Some(outbox) = outbox.filter(|_| is_taken) {
        let began = clock::now();
        while outbox.counters().counts().sent < n_requests {
            ensure!(
                clock::since(began) < DEADLINE,
                "events of the host are missing"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    serving.abort();
    if let Some(relay) = relay.filter(|_| is_taken) {
        relay.stop().await;
    }
    Ok(times)
}

/// Requests at a steady rate; times count from when each one was due.
async fn ask(url: &str, n_requests: u64) -> Result<Histogram<u64>> {
    let client = reqwest::Client::new();
    let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / RATE));
    let mut asked = Vec::new();
    for _ in 0..n_requests {
        let due = ticks.tick().await.into_std();
        let request = client.post(url);
        asked.push(tokio::spawn(async move {
            let answer = request.send().await?;
            ensure!(
                answer.status() == StatusCode::OK,
                "the host answers {}",
                answer.status()
            );
            Ok(micros(due))
        }));
    }
    let mut times = histogram();
    for asked in asked {
        times.record(asked.await??)?;
    }
    Ok(times)
}

async fn create(State(host): State<Host>) -> StatusCode {
    let created = spawn_blocking(move || host.create_task()).await;
    match created {
        Ok(Ok(())) => StatusCode::OK,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl Host {
    fn create_task(&self) -> rusqlite::Result<()> {
        let mut database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = database.transaction()?;
        transaction.execute("INSERT INTO task (name) VALUES ('frames of Monday')", [])?;
        if let Some(outbox) = &self.outbox {
            let task = Resource {
                kind: ResourceKind::Task,
                id: Some(transaction.last_insert_rowid()),
                place: Place::default(),
                state: json!({ "name": "frames of Monday", "mode": "annotation", "subset": "Train" }),
            };
            let events = recorded(|occasion| vec![occasion.created(&task)]);
            outbox.record(&transaction, &events)?;
        }
        transaction.commit()
    }
}
