//! What ten million events cost: bytes on disk, memory, time to start, time to export.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use annoscope_demo as demo;
use annoscope_events::Timestamp;
use anyhow::{Context, Result, ensure};
use bytes::Bytes;

use crate::Bench;
use crate::clickhouse::json_each_row;
use crate::clock;
use crate::ingest::rate;
use crate::load::{Endpoint, Load, Sender, demo_config};
use crate::process::{self, Memory, Server};
use crate::table::{Row, Table, megabytes, millis, thousands};

/// The demo's days: with 10 million events, 200 annotators and 5,000 jobs.
const DAYS: u32 = 90;
const SEED: u64 = 2001;
/// Of the events that arrive while the server is killed.
const SEED_OF_KILLED: u64 = 2002;

/// How long a server does nothing before its memory is looked at.
const IDLE: Duration = Duration::from_secs(5);

/// Rows of one insert into ClickHouse; only the size on disk is of interest here.
const PEER_ROWS: usize = 100_000;

/// Measures one after the other on the same data.
pub async fn run(bench: &Bench, table: &mut Table) -> Result<()> {
    let n_events = bench.sizes.footprint;
    let events = thousands(n_events as f64);
    let data_dir = bench.fresh_dir("footprint")?;
    let token = process::add_admin(&bench.bin, &data_dir)?;
    let server = Server::start(&bench.bin, &data_dir, &[]).await?;

    let took = load_demo(bench, &server)?;
    let behind = server.wait_until_applied().await?;
    let what = format!("`annoscope demo` sends {events} events, batches of 1,000");
    let value = format!(
        "{} events/s, all in the database {:.1} s later",
        thousands(rate(n_events, took)),
        behind.as_secs_f64()
    );
    table.push_alone(what, value, "");
    bench.idle(IDLE).await;
    let what = format!("memory, idle after {events} events came in");
    table.push_alone(what, memory(server.memory()?), "");
    let stopping = server.stop().await?;
    disk(bench, &data_dir, table).await?;

    let server = Server::start(&bench.bin, &data_dir, &[]).await?;
    let (start, stop) = (
        millis(to_micros(server.ready_after)),
        millis(to_micros(stopping)),
    );
    let what = format!("start with {events} events after a clean stop, exec to /readyz 200");
    table.push_alone(
        what,
        format!("{start} (the stop took {stop})"),
        "1 s / 0.5 s",
    );
    bench.idle(IDLE).await;
    let what = format!("memory, idle with {events} events, after a start");
    table.push_alone(what, memory(server.memory()?), "200 MB / 150 MB");

    let export = export(&server, &token, bench.end).await?;
    ensure!(
        export.n_rows == n_events,
        "{} rows of {n_events} were exported",
        export.n_rows
    );
    let what = format!("CSV export of {events} events, first request to last byte");
    let value = format!(
        "{} rows/s ({} MB in {:.1} s, of which the file took {:.1} s)",
        thousands(rate(export.n_rows, export.took)),
        export.n_bytes / 1_000_000,
        export.took.as_secs_f64(),
        export.file_took.as_secs_f64(),
    );
    table.push_alone(what, value, "300 k / 500 k rows/s");
    let what = format!("memory, peak while exporting {events} events");
    table.push_alone(what, memory(export.peak), "500 MB / 400 MB");

    let server = kill_under_load(bench, server, &token, &data_dir).await?;
    let what = format!("start with {events} events after kill -9 under load");
    table.push_alone(what, millis(to_micros(server.ready_after)), "5 s / 2 s");
    server.stop().await?;
    Ok(())
}

/// Runs `annoscope demo` as a user does.
pub fn load_demo(bench: &Bench, server: &Server) -> Result<Duration> {
    let started = clock::now();
    let status = process::annoscope(&bench.bin)
        .args(["demo", "--events", &bench.sizes.footprint.to_string()])
        .args(["--days", &DAYS.to_string(), "--seed", &SEED.to_string()])
        .args(["--end", &bench.end.to_string(), "--url", &server.ingest_url])
        .stdin(Stdio::null())
        .status()?;
    ensure!(status.success(), "annoscope demo failed");
    Ok(clock::since(started))
}

/// Bytes per event of the stopped server's files, and of ClickHouse with the same rows.
async fn disk(bench: &Bench, data_dir: &Path, table: &mut Table) -> Result<()> {
    let n_events = bench.sizes.footprint;
    let sizes = process::sizes(data_dir)?;
    let per_event = |bytes: u64| format!("{:.1} bytes", bytes as f64 / n_events as f64);
    let of = |name: &str| {
        let found = sizes.iter().find(|(path, _)| path.ends_with(name));
        found.map_or(0, |(_, bytes)| *bytes)
    };
    let database = of("events.duckdb");
    let by_table = table_bytes(&data_dir.join("events.duckdb"))?;
    let events = by_table
        .iter()
        .find(|(name, _)| name == "stored_events")
        .map_or(0, |(_, bytes)| *bytes);
    let peer = match &bench.clickhouse {
        Some(peer) => {
            let peer = peer.start(bench, "peer-disk").await?;
            let mut rows = demo::generate(&demo::DemoConfig {
                events: n_events,
                days: DAYS,
                seed: SEED,
                users: None,
                end: bench.end,
            })?;
            loop {
                let (body, n_rows) = json_each_row(rows.by_ref().take(PEER_ROWS));
                if n_rows == 0 {
                    break;
                }
                peer.insert(Bytes::from(body)).await?;
            }
            ensure!(peer.count().await? == n_events, "ClickHouse has lost rows");
            Some(peer.bytes_on_disk().await?)
        }
        None => None,
    };
    let mut push = |what: String, bytes: u64, target| {
        table.push(Row {
            what,
            annoscope: per_event(bytes),
            peer: peer.map(per_event).unwrap_or_default(),
            ratio: peer.map_or(String::new(), |peer| {
                format!("{:.2}", peer as f64 / bytes.max(1) as f64)
            }),
            target,
        });
    };
    push(
        "on disk per event, the events alone".to_owned(),
        events,
        "40 / 27 bytes",
    );
    let all: u64 = sizes.iter().map(|(_, bytes)| bytes).sum();
    let others = by_table
        .iter()
        .filter(|(name, _)| name != "stored_events")
        .fold(String::new(), |text, (name, bytes)| {
            format!("{text}, {name} {}", megabytes(*bytes))
        });
    let what = format!(
        "on disk per event, the whole data directory (events.duckdb {}{others})",
        megabytes(database)
    );
    push(what, all, "");
    Ok(())
}

/// Bytes of the blocks that each table has in the file. A block that two tables share counts
/// for both.
fn table_bytes(database: &Path) -> Result<Vec<(String, u64)>> {
    let config = duckdb::Config::default().access_mode(duckdb::AccessMode::ReadOnly)?;
    let connection = duckdb::Connection::open_with_flags(database, config)?;
    let block_size: u64 =
        connection.query_row("SELECT block_size FROM pragma_database_size()", [], |row| {
            row.get(0)
        })?;
    let mut names = connection
        .prepare("SELECT table_name FROM duckdb_tables() WHERE NOT internal ORDER BY table_name")?;
    let names: Vec<String> = names
        .query_map([], |row| row.get(0))?
        .collect::<duckdb::Result<_>>()?;
    let mut sizes = Vec::new();
    for name in names {
        let sql = format!(
            "SELECT count(DISTINCT block) FROM (
                SELECT block_id AS block FROM pragma_storage_info('{name}')
                UNION ALL SELECT unnest(additional_block_ids) FROM pragma_storage_info('{name}')
            ) WHERE block >= 0"
        );
        let n_blocks: u64 = connection.query_row(&sql, [], |row| row.get(0))?;
        sizes.push((name, n_blocks * block_size));
    }
    Ok(sizes)
}

struct Export {
    n_rows: u64,
    n_bytes: u64,
    /// From the first request until the file was there.
    file_took: Duration,
    /// From the first request to the last byte.
    took: Duration,
    peak: Memory,
}

/// `GET /api/events` as CVAT's SDK does it: start, ask, download.
async fn export(server: &Server, token: &str, end: Timestamp) -> Result<Export> {
    let client = reqwest::Client::new();
    let from = Timestamp::from_millis(end.millis() - i64::from(DAYS + 1) * 86_400_000);
    let url = format!("{}/api/events?from={from}&to={end}", server.url);
    let get = |query: String| {
        client
            .get(format!("{url}{query}"))
            .header("Authorization", format!("Token {token}"))
            .send()
    };
    let mut peak = Memory::default();
    let started = clock::now();
    let answer = get(String::new()).await?;
    ensure!(
        answer.status() == 202,
        "the export did not start: {}",
        answer.status()
    );
    let answer: serde_json::Value = serde_json::from_slice(&answer.bytes().await?)?;
    let query_id = answer["query_id"]
        .as_str()
        .context("no query_id")?
        .to_owned();
    loop {
        peak = max(peak, server.memory()?);
        let status = get(format!("&query_id={query_id}")).await?.status();
        if status == 201 {
            break;
        }
        ensure!(status == 202, "the export failed: {status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let file_took = clock::since(started);
    let mut answer = get(format!("&query_id={query_id}&action=download")).await?;
    ensure!(answer.status() == 200, "no download: {}", answer.status());
    // No field of the demo has a line break that is not escaped, so lines are rows.
    let (mut n_bytes, mut n_lines) = (0, 0);
    while let Some(chunk) = answer.chunk().await? {
        n_bytes += chunk.len() as u64;
        n_lines += chunk.split(|&byte| byte == b'\n').count() as u64 - 1;
    }
    let took = clock::since(started);
    Ok(Export {
        n_rows: n_lines.saturating_sub(1),
        n_bytes,
        file_took,
        took,
        peak,
    })
}

fn max(one: Memory, other: Memory) -> Memory {
    if other.resident > one.resident {
        other
    } else {
        one
    }
}

/// Kills the server while events arrive, and starts it again.
async fn kill_under_load(
    bench: &Bench,
    server: Server,
    token: &str,
    data_dir: &Path,
) -> Result<Server> {
    let config = demo_config(bench.sizes.ingest, SEED_OF_KILLED, bench.end)?;
    let load = Load::new(Endpoint::Ingest, 1000, config)?;
    let sender = Sender::new(&server, token);
    let sending = tokio::spawn(async move { sender.as_fast_as_possible(load, 4).await });
    tokio::time::sleep(Duration::from_secs(if bench.is_quick { 1 } else { 5 })).await;
    server.kill()?;
    // That it failed is what was asked for; with a small load it may have ended before.
    let _ = sending.await?;
    Server::start(&bench.bin, data_dir, &[]).await
}

fn to_micros(duration: Duration) -> u64 {
    duration.as_micros() as u64
}

fn memory(memory: Memory) -> String {
    let mapped = memory.resident.saturating_sub(memory.anonymous);
    format!(
        "{} ({} of it mapped files)",
        megabytes(memory.resident),
        megabytes(mapped)
    )
}
