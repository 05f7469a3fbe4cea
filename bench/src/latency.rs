//! How long an answer takes while events arrive at a steady rate, across checkpoints, and how long after it queries
//! see the events.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use hdrhistogram::Histogram;

use crate::ingest::{check_all_new, quantiles};
use crate::load::{Endpoint, Load, Sender, demo_config, histogram, micros};
use crate::process::{self, Server};
use crate::table::Table;
use crate::{Bench, clock};

/// Events a second, half of them on each port.
const RATE: u64 = 20_000;

/// Events of a request: a page's busy minute, or what CVAT's handler collects in 2 s.
const BATCH: usize = 100;

/// Checkpoints that the time must span.
const MIN_CHECKPOINTS: u64 = 3;

/// How often it is looked up to where events are acknowledged, and up to where queries see them. What is measured is too
/// long by up to that.
const LOOKED_EVERY: Duration = Duration::from_millis(50);

/// Longest wait for the database to have everything, after the last event.
const DEADLINE: Duration = Duration::from_mins(2);

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
    let is_over = AtomicBool::new(false);
    let sending = async {
        let outcome = sender.at_intervals(loads, interval).await;
        is_over.store(true, Ordering::Relaxed);
        outcome
    };
    let (outcome, until_visible) = tokio::join!(sending, until_visible(&server, &is_over));
    let (outcome, until_visible) = (outcome?, until_visible?);
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
    table.push_alone(
        format!(
            "meanwhile from acknowledged to visible, looked at every {} ms",
            LOOKED_EVERY.as_millis()
        ),
        quantiles(&until_visible),
        "p99 1 s / p99 250 ms",
    );
    Ok(())
}

/// Times in µs from when events were acknowledged to when queries see them; until all is over and all is seen.
async fn until_visible(server: &Server, is_over: &AtomicBool) -> Result<Histogram<u64>> {
    let mut times = histogram();
    // Positions that were acknowledged, with when that was seen.
    let mut waiting = VecDeque::new();
    let mut since_over = None;
    let mut ticks = tokio::time::interval(LOOKED_EVERY);
    loop {
        ticks.tick().await;
        let last_look = is_over.load(Ordering::Relaxed);
        let at = clock::now();
        let names = ["annoscope_journal_position", "annoscope_applied_position"];
        let [acknowledged, visible] = server.metrics(names).await?;
        if waiting.back().is_none_or(|(last, _)| *last < acknowledged) {
            waiting.push_back((acknowledged, at));
        }
        while let Some((_, at)) = waiting.pop_front_if(|(position, _)| *position <= visible) {
            times.record(micros(at))?;
        }
        if last_look {
            if waiting.is_empty() {
                return Ok(times);
            }
            let over = *since_over.get_or_insert_with(clock::now);
            ensure!(
                clock::since(over) < DEADLINE,
                "the database lacks {} events",
                acknowledged - visible
            );
        }
    }
}
