//! How fast events come in, and the same rows into ClickHouse.

use std::time::{Duration, Instant};

use annoscope_demo as demo;
use anyhow::{Result, ensure};
use bytes::Bytes;
use hdrhistogram::Histogram;

use crate::Bench;
use crate::clickhouse::{ClickHouse, json_each_row};
use crate::clock;
use crate::load::{Endpoint, Load, Outcome, Sender, demo_config, histogram, micros};
use crate::process::{self, Server};
use crate::table::{Row, Table, millis, thousands};

/// A size of batch and how it is measured.
struct Case {
    /// The size, as the table shows it.
    name: &'static str,
    n_batch: usize,
    n_connections: usize,
    /// design.md, "Numbers to reach".
    target: &'static str,
}

/// As many connections as keep both cores at work while other batches are synced; more for small ones, which share a
/// sync. The peer gets one: chDB runs a statement at a time.
const CASES: [Case; 3] = [
    Case {
        name: "100",
        n_batch: 100,
        n_connections: 8,
        target: "",
    },
    Case {
        name: "1,000",
        n_batch: 1000,
        n_connections: 4,
        target: "100 k / 150 k events/s",
    },
    Case {
        name: "10,000",
        n_batch: 10_000,
        n_connections: 4,
        target: "200 k / 300 k events/s",
    },
];

/// ClickHouse makes a part of every insert: with 100 rows each a fraction of the events is
/// enough to know its rate.
const SMALL_BATCH_SHARE: u64 = 10;

/// Measures all sizes on both ports. Every event is sent once: the server's own count of
/// duplicates must stay 0.
pub async fn run(bench: &Bench, table: &mut Table) -> Result<()> {
    for (index, case) in (1..).zip(&CASES) {
        let peer_rate = match &bench.clickhouse {
            Some(peer) => {
                Some(insert(bench, &peer.start(bench, "peer").await?, case, index).await?)
            }
            None => None,
        };
        for endpoint in [Endpoint::Ingest, Endpoint::Client] {
            let (outcome, behind) = annoscope(bench, case, endpoint, index).await?;
            let rate = rate(outcome.n_events, outcome.took);
            let port = match endpoint {
                Endpoint::Ingest => "ingest port",
                Endpoint::Client => "client port",
            };
            let (peer, ratio) = match &peer_rate {
                Some((peer_rate, answers)) => (
                    format!("{} rows/s, {}", thousands(*peer_rate), quantiles(answers)),
                    format!("{:.1}", rate / peer_rate),
                ),
                None => (String::new(), String::new()),
            };
            table.push(Row {
                what: format!(
                    "{port}, batches of {}, {} connections",
                    case.name, case.n_connections
                ),
                annoscope: format!(
                    "{} events/s, {}, in the database {:.1} s later",
                    thousands(rate),
                    quantiles(&outcome.answers),
                    behind.as_secs_f64()
                ),
                peer,
                ratio,
                target: case.target,
            });
        }
    }
    Ok(())
}

async fn annoscope(
    bench: &Bench,
    case: &Case,
    endpoint: Endpoint,
    seed: u64,
) -> Result<(Outcome, Duration)> {
    let load = Load::new(
        endpoint,
        case.n_batch,
        demo_config(bench.sizes.ingest, seed, bench.end)?,
    )?;
    let data_dir = bench.fresh_dir("ingest")?;
    let token = process::add_admin(&bench.bin, &data_dir)?;
    let server = Server::start(&bench.bin, &data_dir, &[]).await?;
    let sender = Sender::new(&server, &token);
    let outcome = sender.as_fast_as_possible(load, case.n_connections).await?;
    let behind = server.wait_until_applied().await?;
    check_all_new(&server, outcome.n_events).await?;
    server.stop().await?;
    Ok((outcome, behind))
}

/// Every event was new to the server, and is stored.
pub async fn check_all_new(server: &Server, n_events: u64) -> Result<()> {
    let duplicates = server.metric("annoscope_events_deduplicated_total").await?;
    ensure!(
        duplicates == 0,
        "{duplicates} events were taken for duplicates"
    );
    let stored = server.metric("annoscope_store_rows_stored_total").await?;
    ensure!(
        stored >= n_events,
        "{stored} rows of {n_events} events were stored"
    );
    Ok(())
}

async fn insert(
    bench: &Bench,
    peer: &ClickHouse,
    case: &Case,
    seed: u64,
) -> Result<(f64, Histogram<u64>)> {
    let mut events = demo::generate(&demo_config(bench.sizes.ingest, seed, bench.end)?)?;
    let mut left = match case.n_batch {
        100 => bench.sizes.ingest / SMALL_BATCH_SHARE,
        _ => bench.sizes.ingest,
    };
    let mut bodies = Vec::new();
    while left > 0 {
        let (rows, n_rows) = json_each_row(events.by_ref().take(case.n_batch));
        bodies.push(Bytes::from(rows));
        left = left.saturating_sub(n_rows as u64);
    }
    let n_rows = (bodies.len() * case.n_batch) as u64;
    let mut answers = histogram();
    let started: Instant = clock::now();
    for body in bodies {
        let sent = clock::now();
        peer.insert(body).await?;
        answers.record(micros(sent))?;
    }
    let took = clock::since(started);
    ensure!(peer.count().await? == n_rows, "ClickHouse has lost rows");
    Ok((rate(n_rows, took), answers))
}

/// Events a second.
pub fn rate(n_events: u64, took: Duration) -> f64 {
    n_events as f64 / took.as_secs_f64()
}

/// The answer times that count.
pub fn quantiles(answers: &Histogram<u64>) -> String {
    format!(
        "p50 {}, p99 {}, worst {}",
        millis(answers.value_at_quantile(0.5)),
        millis(answers.value_at_quantile(0.99)),
        millis(answers.max()),
    )
}
