//! Benchmarks of annoscope, each beside its peer in the same run. `bench/README.md` says
//! what is measured and how; the output is the table of docs/benchmarks.md.

mod clickhouse;
mod clock;
mod crowd;
mod footprint;
mod ingest;
mod latency;
mod load;
mod machine;
mod process;
mod recorder;
mod sustained;
mod table;

use std::path::PathBuf;
use std::time::Duration;

use annoscope_events::Timestamp;
use anyhow::{Context, Result, ensure};
use clap::{Parser, ValueEnum};

use clickhouse::ClickHouse;
use table::Table;

// As the server's, for the same reason.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Benchmarks of annoscope.
#[derive(Parser)]
struct Args {
    /// What to measure [default: everything]
    #[arg(value_enum)]
    what: Vec<What>,
    /// A few seconds, to see that the benchmarks work; the numbers mean nothing
    #[arg(long)]
    quick: bool,
    /// The annoscope to measure [default: the variable `ANNOSCOPE_BIN`, or beside this program]
    #[arg(long, value_name = "FILE")]
    bin: Option<PathBuf>,
    /// Python with tests/requirements.txt [default: the variable `PYTHON`, or .venv/bin/python]
    #[arg(long, value_name = "FILE")]
    python: Option<PathBuf>,
    /// Leave the peer out
    #[arg(long)]
    no_clickhouse: bool,
    /// Where the data directories go while it runs [default: the system's]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Events of each ingest case [default: 1,000,000]
    #[arg(long, value_name = "N")]
    ingest_events: Option<u64>,
    /// How long events come in without a pause, in seconds [default: 600]
    #[arg(long, value_name = "S")]
    sustained_seconds: Option<u64>,
    /// How long the answer time is measured, in seconds [default: 75]
    #[arg(long, value_name = "S")]
    latency_seconds: Option<u64>,
    /// How long each case of the load is measured, in seconds [default: 60]
    #[arg(long, value_name = "S")]
    load_seconds: Option<u64>,
    /// How long each case of the recorder is measured, in seconds [default: 60]
    #[arg(long, value_name = "S")]
    recorder_seconds: Option<u64>,
    /// Events in the store for size, memory, start, export and load [default: 10,000,000]
    #[arg(long, value_name = "N")]
    events: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Events a second on both ports, and rows a second into ClickHouse
    Ingest,
    /// The same for minutes, and whether the database keeps up
    Sustained,
    /// The answer time while 20,000 events a second arrive
    Latency,
    /// Bytes on disk, memory, start and export with many events
    Footprint,
    /// The answer time while twenty clients ask the slowest queries
    Load,
    /// The answer time of a host that embeds the recorder, and of one that does not
    Recorder,
}

/// What all benchmarks share.
struct Bench {
    bin: PathBuf,
    clickhouse: Option<Peer>,
    /// Removed at the end.
    dir: tempfile::TempDir,
    is_quick: bool,
    sizes: Sizes,
    /// The last moment of all data: one for the whole run.
    end: Timestamp,
}

struct Sizes {
    ingest: u64,
    sustained_s: u64,
    latency_s: u64,
    footprint: u64,
    load_s: u64,
    recorder_s: u64,
}

/// How to start the peer.
struct Peer {
    python: PathBuf,
    script: PathBuf,
}

impl Peer {
    async fn start(&self, bench: &Bench, name: &str) -> Result<ClickHouse> {
        ClickHouse::start(&self.python, &self.script, &bench.fresh_dir(name)?).await
    }
}

impl Bench {
    /// An empty directory of that name.
    fn fresh_dir(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.path().join(name);
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    /// Waits, in the quick form hardly.
    async fn idle(&self, time: Duration) {
        tokio::time::sleep(if self.is_quick { time / 10 } else { time }).await;
    }
}

fn main() -> Result<()> {
    let args = Args::parse();
    let what = if args.what.is_empty() {
        What::value_variants().to_vec()
    } else {
        args.what.clone()
    };
    let bench = prepare(args)?;
    // One thread: the server under test needs the cores.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(run(&bench, &what))
}

async fn run(bench: &Bench, what: &[What]) -> Result<()> {
    let mut table = Table::default();
    let mut peer = "not measured".to_owned();
    if let Some(clickhouse) = &bench.clickhouse {
        let engine = clickhouse.start(bench, "peer").await?;
        peer.clone_from(&engine.version);
    }
    if what.contains(&What::Ingest) {
        ingest::run(bench, &mut table).await?;
    }
    if what.contains(&What::Sustained) {
        sustained::run(bench, &mut table).await?;
    }
    if what.contains(&What::Latency) {
        latency::run(bench, &mut table).await?;
    }
    if what.contains(&What::Footprint) {
        footprint::run(bench, &mut table).await?;
    }
    if what.contains(&What::Load) {
        crowd::run(bench, &mut table).await?;
    }
    if what.contains(&What::Recorder) {
        recorder::run(bench, &mut table).await?;
    }
    let command: Vec<String> = std::env::args().skip(1).collect();
    println!("{table}");
    println!(
        "`make bench ARGS=\"{}\"` on {}; ClickHouse {peer} as chDB; {} events for each ingest case.{}",
        command.join(" "),
        machine::describe(bench.dir.path()),
        table::thousands(bench.sizes.ingest as f64),
        if bench.is_quick {
            " QUICK FORM: the numbers mean nothing."
        } else {
            ""
        },
    );
    Ok(())
}

fn prepare(args: Args) -> Result<Bench> {
    let bin = match args.bin.or_else(|| environment("ANNOSCOPE_BIN")) {
        Some(bin) => bin,
        None => std::env::current_exe()?.with_file_name("annoscope"),
    };
    ensure!(
        bin.exists(),
        "there is no annoscope at {}: `make build` builds it",
        bin.display()
    );
    let repository = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let clickhouse = if args.no_clickhouse {
        None
    } else {
        let python = args
            .python
            .or_else(|| environment("PYTHON"))
            .unwrap_or_else(|| repository.join(".venv/bin/python"));
        ensure!(
            python.exists(),
            "there is no {}: `scripts/venv.sh` makes it, --no-clickhouse leaves the peer out",
            python.display()
        );
        Some(Peer {
            python,
            script: repository.join("tests/support/clickhouse_http.py"),
        })
    };
    let dir = match &args.dir {
        Some(dir) => tempfile::tempdir_in(dir),
        None => tempfile::tempdir(),
    };
    let quick_or = |quick, full| if args.quick { quick } else { full };
    Ok(Bench {
        bin: std::path::absolute(bin)?,
        clickhouse,
        dir: dir.context("making a directory for the data")?,
        is_quick: args.quick,
        sizes: Sizes {
            ingest: args.ingest_events.unwrap_or(quick_or(20_000, 1_000_000)),
            sustained_s: args.sustained_seconds.unwrap_or(quick_or(2, 600)),
            latency_s: args.latency_seconds.unwrap_or(quick_or(1, 75)),
            footprint: args.events.unwrap_or(quick_or(20_000, 10_000_000)),
            load_s: args.load_seconds.unwrap_or(quick_or(2, 60)),
            recorder_s: args.recorder_seconds.unwrap_or(quick_or(1, 60)),
        },
        end: clock::time_of_day(),
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the benchmarks' configuration is read here, once"
)]
fn environment(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}
