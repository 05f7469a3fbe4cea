//! How long an answer to new events takes while many people look at the slowest dashboard, and
//! while their queries want more memory than there is.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use hdrhistogram::Histogram;
use serde_json::{Value, json};

use crate::Bench;
use crate::clock;
use crate::footprint::load_demo;
use crate::ingest::{check_all_new, quantiles};
use crate::load::{Endpoint, Load, Sender, demo_config, histogram, micros};
use crate::process::{self, Server};
use crate::table::{Table, megabytes, thousands};

/// People who look at a dashboard. Each asks again as soon as he has his answer.
const CLIENTS: usize = 20;

/// Events a second, half of them on each port, in batches of [`BATCH`].
const RATE: u64 = 20_000;
const BATCH: usize = 1000;

/// How long a refused client waits, as `Retry-After` says.
const AGAIN: Duration = Duration::from_secs(1);

/// The panel "Browser" of CVAT's dashboard "all events": of all panels and variables the slowest
/// over all 90 days (`make bench ARGS=query`).
const SLOWEST: &str = "SELECT browser, count() FROM
    (SELECT concat(JSON_VALUE(payload, '$.platform.name'), ' ', JSON_VALUE(payload, '$.platform.version')) AS browser,
        user_id
    FROM cvat.events
    WHERE $__timeFilter(timestamp) AND (scope = 'load:cvat') AND (browser != ' ')
    GROUP BY user_id, browser)
GROUP BY browser ORDER BY count() DESC";

/// Keeps every payload in memory at once, as often as it must to fill it.
const GREEDY: &str = "SELECT max(length(texts)) FROM
    (SELECT number, groupArray(concat(payload, toString(number))) AS texts
    FROM (SELECT payload FROM cvat.events WHERE $__timeFilter(timestamp)) AS e
        CROSS JOIN numbers(100) AS n
    GROUP BY number)";

/// Runs beyond every limit of time and needs no memory.
const ENDLESS: &str = "SELECT count() FROM numbers(1000000) AS a, numbers(1000000) AS b
    WHERE (a.number * b.number) % 1000003 = 77 AND 1 < $__to";

/// One measurement.
struct Case {
    what: &'static str,
    /// Asked by the clients in turn.
    queries: &'static [&'static str],
    /// Of the server, beside its defaults.
    flags: &'static [&'static str],
    /// Seeds that no other benchmark uses.
    seeds: [u64; 2],
    target: &'static str,
}

const CASES: [Case; 2] = [
    Case {
        what: "the slowest dashboard query",
        queries: &[SLOWEST],
        flags: &[],
        seeds: [4001, 4002],
        target: "p99 200 ms",
    },
    Case {
        what: "queries that run out of memory, of disk to spill to (64 MiB) and of time (5 s)",
        queries: &[GREEDY, ENDLESS],
        flags: &["--store-spill-bytes", "64MiB", "--query-timeout-ms", "5s"],
        seeds: [4003, 4004],
        target: "no event refused, no checkpoint failed",
    },
];

/// Measures both on the same data.
pub async fn run(bench: &Bench, table: &mut Table) -> Result<()> {
    let data_dir = bench.fresh_dir("load")?;
    let token = process::add_admin(&bench.bin, &data_dir)?;
    let server = Server::start(&bench.bin, &data_dir, &[]).await?;
    load_demo(bench, &server)?;
    server.wait_until_applied().await?;
    server.stop().await?;
    for case in &CASES {
        // A new process each: its peak of memory is of this case alone.
        let server = Server::start(&bench.bin, &data_dir, case.flags).await?;
        measure(bench, table, case, &server, &token).await?;
        server.stop().await?;
    }
    Ok(())
}

async fn measure(
    bench: &Bench,
    table: &mut Table,
    case: &'static Case,
    server: &Server,
    token: &str,
) -> Result<()> {
    let seconds = bench.sizes.load_s;
    let n_each = RATE / 2 * seconds;
    let loads = [
        Load::new(
            Endpoint::Ingest,
            BATCH,
            demo_config(n_each, case.seeds[0], bench.end)?,
        )?,
        Load::new(
            Endpoint::Client,
            BATCH,
            demo_config(n_each, case.seeds[1], bench.end)?,
        )?,
    ];
    let before = Maintenance::of(server).await?;
    let crowd = Crowd::gather(bench, case, server, token);
    let interval = Duration::from_micros(1_000_000 * BATCH as u64 / RATE);
    let sender = Sender::new(server, token);
    let sending = sender.at_intervals(loads, interval);
    let (outcome, database_peak) = with_database_peak(server, sending).await?;
    let answers = crowd.go_home().await?;
    let maintenance = Maintenance::of(server).await?;
    check_all_new(server, outcome.n_events).await?;
    let memory = server.memory()?;
    let what = format!(
        "answer time while {} k events/s arrive, batches of {BATCH}, {seconds} s, and {CLIENTS} clients ask {}",
        RATE / 1000,
        case.what,
    );
    table.push_alone(&what, quantiles(&outcome.answers), case.target);
    table.push_alone(
        "… their queries",
        answers.summary(outcome.took),
        "a clear error where there is no answer",
    );
    table.push_alone(
        "… maintenance meanwhile",
        format!(
            "{} checkpoints, {} failed; {} queries ended to make room for events",
            maintenance.checkpoints - before.checkpoints,
            maintenance.failed - before.failed,
            maintenance.ended - before.ended,
        ),
        "0 failed",
    );
    table.push_alone(
        "… memory, peak of the process",
        format!(
            "{} ({} of it mapped files at the end; {} before), with store.memory_bytes 268 MB",
            megabytes(memory.peak),
            megabytes(memory.resident.saturating_sub(memory.anonymous)),
            megabytes(before.resident),
        ),
        "",
    );
    table.push_alone(
        "… memory of the database, the most of one look a second",
        megabytes(database_peak),
        "268 MB, store.memory_bytes",
    );
    Ok(())
}

/// Looks at what the database holds, once a second, until `work` is done. Returns the most it
/// held, in bytes, beside the work's result.
async fn with_database_peak<T>(
    server: &Server,
    work: impl Future<Output = Result<T>>,
) -> Result<(T, u64)> {
    let peak = Cell::new(0);
    let watch = async {
        let mut looks = tokio::time::interval(Duration::from_secs(1));
        loop {
            looks.tick().await;
            // Left out while the exhausted database does not answer.
            if let Ok(held) = server.metric("annoscope_store_memory_bytes").await {
                peak.set(peak.get().max(held));
            }
        }
    };
    tokio::select! {
        done = work => Ok((done?, peak.get())),
        never = watch => never,
    }
}

/// What the store did beside answering.
struct Maintenance {
    checkpoints: u64,
    failed: u64,
    ended: u64,
    resident: u64,
}

impl Maintenance {
    async fn of(server: &Server) -> Result<Maintenance> {
        Ok(Maintenance {
            checkpoints: server.metric("annoscope_store_checkpoints_total").await?,
            failed: server
                .metric("annoscope_store_failed_checkpoints_total")
                .await?,
            ended: server
                .metric("annoscope_store_queries_ended_for_appends_total")
                .await?,
            resident: server.memory()?.resident,
        })
    }
}

/// The clients, asking.
struct Crowd {
    clients: Vec<tokio::task::JoinHandle<Result<Answers>>>,
    is_over: Arc<AtomicBool>,
}

/// What they were told.
struct Answers {
    /// Of the queries that were answered, in µs.
    times: Histogram<u64>,
    /// How often each error came.
    errors: BTreeMap<String, u64>,
}

impl Crowd {
    fn gather(bench: &Bench, case: &'static Case, server: &Server, token: &str) -> Crowd {
        let is_over = Arc::new(AtomicBool::new(false));
        let n_asked = Arc::new(AtomicU64::new(0));
        let end_ms = bench.end.millis();
        let clients = (0..CLIENTS).map(|_| {
            let (is_over, n_asked) = (Arc::clone(&is_over), Arc::clone(&n_asked));
            let url = format!("{}/api/query", server.url);
            let authorization = format!("Token {token}");
            tokio::spawn(async move {
                let client = reqwest::Client::builder().tcp_nodelay(true).build()?;
                let mut answers = Answers::none();
                while !is_over.load(Ordering::Relaxed) {
                    let n = n_asked.fetch_add(1, Ordering::Relaxed);
                    let query = case.queries[n as usize % case.queries.len()];
                    let body = json!({
                        "sql": query,
                        "from": end_ms - 90 * 86_400_000,
                        "to": end_ms,
                        "cache": false,
                    });
                    let asked = clock::now();
                    let request = client.post(&url).header("Authorization", &authorization);
                    let answer = request.json(&body).send().await?;
                    let status = answer.status().as_u16();
                    let document: Value = serde_json::from_slice(&answer.bytes().await?)?;
                    if document["error"].is_null() && status == 200 {
                        answers.times.record(micros(asked))?;
                        continue;
                    }
                    let text = match document["error"]["message"].as_str() {
                        Some(message) => message.to_owned(),
                        None => document.to_string(),
                    };
                    *answers
                        .errors
                        .entry(format!("{status}: {text}"))
                        .or_default() += 1;
                    if status == 503 {
                        tokio::time::sleep(AGAIN).await;
                    }
                }
                Ok(answers)
            })
        });
        Crowd {
            clients: clients.collect(),
            is_over,
        }
    }

    /// Everyone gets the answer that he waits for.
    async fn go_home(self) -> Result<Answers> {
        self.is_over.store(true, Ordering::Relaxed);
        let mut all = Answers::none();
        for client in self.clients {
            let answers = client.await??;
            all.times.add(answers.times)?;
            for (error, n) in answers.errors {
                *all.errors.entry(error).or_default() += n;
            }
        }
        ensure!(
            !all.times.is_empty() || !all.errors.is_empty(),
            "no client got any answer"
        );
        Ok(all)
    }
}

impl Answers {
    fn none() -> Answers {
        Answers {
            times: histogram(),
            errors: BTreeMap::new(),
        }
    }

    fn summary(&self, took: Duration) -> String {
        let n = self.times.len();
        let mut text = format!(
            "{} answered ({:.1}/s",
            thousands(n as f64),
            n as f64 / took.as_secs_f64()
        );
        if n > 0 {
            let _ = write!(text, ", {}", quantiles(&self.times));
        }
        text.push(')');
        for (error, n) in &self.errors {
            let _ = write!(text, "; {n} × {error}");
        }
        text
    }
}
