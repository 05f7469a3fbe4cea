//! How long an answer takes while events arrive at a steady rate, across checkpoints.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::Bench;
use crate::ingest::{check_all_new, quantiles};
use crate::load::{Endpoint, Load, Sender, demo_config};
use crate::process::{self, Server};
use crate::table::Table;

/// Events a second, half of them on each port.
const RATE: u64 = 20_000;

/// Events of a request: a page's busy minute, or what CVAT's handler collects in 2 s.
const BATCH: usize = 100;

/// Checkpoints that the time must span.
const MIN_CHECKPOINTS: u64 = 3;

/// Seeds that no other benchmark uses.
const SEEDS: [u64; 2] = [1001, 1002];

/// Measures.
pub async fn run(bench: &Bench, table: &mut Table) -> Result<()> {
    let n_each = RATE / 2 * bench.sizes.latency_s;
    let loads = [
        Load::new(
            Endpoint::Ingest,
            BATCH,
            demo_config(n_each, SEEDS[0], bench.end)?,
        )?,
        Load::new(
            Endpoint::Client,
            BATCH,
            demo_config(n_each, SEEDS[1], bench.end)?,
        )?,
    ];
    let data_dir = bench.fresh_dir("latency")?;
    let token = process::add_admin(&bench.bin, &data_dir)?;
    let server = Server::start(&bench.bin, &data_dir, &[]).await?;
    let sender = Sender::new(&server, &token);
    let before = server.metric("annoscope_store_checkpoints_total").await?;
    let interval = Duration::from_micros(1_000_000 * BATCH as u64 / RATE);
    let outcome = sender.at_intervals(loads, interval).await?;
    let checkpoints = server.metric("annoscope_store_checkpoints_total").await? - before;
    check_all_new(&server, outcome.n_events).await?;
    server.stop().await?;
    ensure!(
        bench.is_quick || checkpoints >= MIN_CHECKPOINTS,
        "only {checkpoints} checkpoints in {} s: ask for more seconds",
        bench.sizes.latency_s
    );
    let what = format!(
        "answer time while {} k events/s arrive, batches of {BATCH}, {} s, {checkpoints} checkpoints",
        RATE / 1000,
        bench.sizes.latency_s
    );
    table.push_alone(
        what,
        quantiles(&outcome.answers),
        "p99 100 ms, worst 500 ms / p99 50 ms, worst 250 ms",
    );
    Ok(())
}
