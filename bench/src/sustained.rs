//! How fast events come in for minutes, so that the database has to keep up; and the same rows into ClickHouse.

use std::sync::Arc;
use std::time::{Duration, Instant};

use annoscope_demo::{self as demo, Batches, DemoConfig};
use annoscope_events::Timestamp;
use anyhow::{Result, ensure};
use bytes::Bytes;
use tokio::sync::Mutex;
use tokio::sync::mpsc::{self, Receiver};

use crate::clickhouse::json_each_row;
use crate::ingest::{check_all_new, quantiles, rate};
use crate::load::{Endpoint, Sender, histogram, micros};
use crate::process::{self, Server};
use crate::table::{Row, Table, thousands};
use crate::{Bench, Peer, clock};

const BATCH: usize = 10_000;

/// As for bursts of that size.
const CONNECTIONS: usize = 4;

/// Bodies that wait to be sent. They are made while others are sent, for both: all do not fit into memory.
const READY: usize = 16;

/// Until a body is sent again that there was no room for.
const WHEN_FULL: Duration = Duration::from_millis(100);

/// Events of the demo: a whole number of batches.
const DEMO_EVENTS: u64 = 2_000_000;
const DAYS: u32 = 30;

/// One that no other benchmark uses.
const SEED: u64 = 10_001;

/// Of a time of the demo, `1793458147.216`, before its point.
const SECONDS_LENGTH: usize = 10;

/// Measures.
pub async fn run(bench: &Bench, table: &mut Table) -> Result<()> {
    let time = Duration::from_secs(bench.sizes.sustained_s);
    let peer_rate = match &bench.clickhouse {
        Some(peer) => Some(insert(bench, peer, time).await?),
        None => None,
    };
    let ours = annoscope(bench, time).await?;
    table.push(Row {
        what: format!(
            "ingest port for {} s, batches of {BATCH}, {CONNECTIONS} connections",
            bench.sizes.sustained_s
        ),
        annoscope: format!(
            "{} events/s stored, {} accepted ({}); journal {} MB halfway, {} MB at the end",
            thousands(ours.stored),
            thousands(ours.accepted),
            ours.answers,
            ours.journal_bytes[0] / 1_000_000,
            ours.journal_bytes[1] / 1_000_000,
        ),
        peer: peer_rate.map_or_else(String::new, |rate| format!("{} rows/s", thousands(rate))),
        ratio: peer_rate.map_or_else(String::new, |rate| format!("{:.2}", ours.stored / rate)),
        target: "0.8",
    });
    Ok(())
}

struct Sustained {
    /// Events a second that were acknowledged.
    accepted: f64,
    /// Events a second that the database had at the end of the time.
    stored: f64,
    answers: String,
    /// Of the journal, halfway and at the end.
    journal_bytes: [u64; 2],
}

async fn annoscope(bench: &Bench, time: Duration) -> Result<Sustained> {
    let data_dir = bench.fresh_dir("sustained")?;
    let token = process::add_admin(&bench.bin, &data_dir)?;
    let server = Server::start(&bench.bin, &data_dir, &[]).await?;
    let sender = Sender::new(&server, &token);
    let bodies = Arc::new(Mutex::new(bodies(bench.end, |config| {
        let batches = Batches::new(demo::generate(&config)?, BATCH);
        Ok(batches.map(|(body, _)| body))
    })?));
    let begin = clock::now();
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        let (sender, bodies) = (sender.clone(), Arc::clone(&bodies));
        connections.push(tokio::spawn(send(sender, bodies, begin, time)));
    }
    let mut journal_bytes = [0; 2];
    let mut stored = 0;
    for (bytes, at) in journal_bytes.iter_mut().zip([time / 2, time]) {
        tokio::time::sleep_until((begin + at).into()).await;
        [*bytes, stored] = server
            .metrics([
                "annoscope_journal_bytes",
                "annoscope_store_rows_stored_total",
            ])
            .await?;
    }
    let mut answers = histogram();
    for connection in connections {
        answers.add(connection.await??)?;
    }
    let n_accepted = answers.len() * BATCH as u64;
    server.wait_until_applied().await?;
    check_all_new(&server, n_accepted).await?;
    server.stop().await?;
    Ok(Sustained {
        accepted: rate(n_accepted, time),
        stored: rate(stored, time),
        answers: quantiles(&answers),
        journal_bytes,
    })
}

/// Sends bodies until the time is over; their answer times.
async fn send(
    sender: Sender,
    bodies: Arc<Mutex<Receiver<Bytes>>>,
    begin: Instant,
    time: Duration,
) -> Result<hdrhistogram::Histogram<u64>> {
    let mut answers = histogram();
    while clock::since(begin) < time {
        let Some(body) = bodies.lock().await.recv().await else {
            anyhow::bail!("the demo broke off");
        };
        let sent = clock::now();
        while !sender.offer(Endpoint::Ingest, body.clone()).await? {
            tokio::time::sleep(WHEN_FULL).await;
        }
        answers.record(micros(sent))?;
    }
    Ok(answers)
}

/// Rows a second.
async fn insert(bench: &Bench, peer: &Peer, time: Duration) -> Result<f64> {
    let engine = peer.start(bench, "peer").await?;
    let mut bodies = bodies(bench.end, |config| {
        let mut events = demo::generate(&config)?;
        Ok(std::iter::from_fn(move || {
            let (rows, n_rows) = json_each_row(events.by_ref().take(BATCH));
            (n_rows == BATCH).then_some(rows)
        }))
    })?;
    let begin = clock::now();
    let mut n_rows = 0;
    while clock::since(begin) < time
        && let Some(body) = bodies.recv().await
    {
        engine.insert(body).await?;
        n_rows += BATCH as u64;
    }
    let took = clock::since(begin);
    ensure!(engine.count().await? == n_rows, "ClickHouse has lost rows");
    Ok(rate(n_rows, took))
}

/// Bodies without end, no two with an event in common: those of one demo, each time a demo's length earlier. To make them
/// of new demos takes longer than to store them.
fn bodies<I: Iterator<Item = Vec<u8>>>(
    end: Timestamp,
    of_demo: impl FnOnce(DemoConfig) -> Result<I>,
) -> Result<Receiver<Bytes>> {
    let config = DemoConfig {
        events: DEMO_EVENTS,
        days: DAYS,
        seed: SEED,
        users: None,
        end,
    };
    let templates: Vec<Template> = of_demo(config)?.map(Template::new).collect::<Result<_>>()?;
    let (ready, receiver) = mpsc::channel(READY);
    std::thread::spawn(move || {
        for round in 0.. {
            for template in &templates {
                let body = template.earlier(round * u64::from(DAYS) * 86_400);
                // Nobody wants it where the time is over.
                if ready.blocking_send(body).is_err() {
                    return;
                }
            }
        }
    });
    Ok(receiver)
}

/// A body, and where the times of its events are.
struct Template {
    body: Vec<u8>,
    /// Where the seconds begin, and what they are.
    times: Vec<(usize, u64)>,
}

impl Template {
    fn new(body: Vec<u8>) -> Result<Template> {
        const BEFORE: &str = r#""timestamp":""#;
        let text = std::str::from_utf8(&body)?;
        let times = text.match_indices(BEFORE).map(|(at, _)| {
            let begin = at + BEFORE.len();
            Ok((begin, text[begin..begin + SECONDS_LENGTH].parse()?))
        });
        let times = times.collect::<Result<Vec<_>>>()?;
        ensure!(times.len() == BATCH, "{} times", times.len());
        Ok(Template { body, times })
    }

    fn earlier(&self, seconds: u64) -> Bytes {
        let mut body = self.body.clone();
        for (begin, time) in &self.times {
            let text = format!("{:0SECONDS_LENGTH$}", time.saturating_sub(seconds));
            body[*begin..begin + SECONDS_LENGTH].copy_from_slice(text.as_bytes());
        }
        Bytes::from(body)
    }
}
