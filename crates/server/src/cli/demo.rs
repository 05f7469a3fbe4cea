//! `annoscope demo`: makes realistic activity and sends it, or writes it to a file.

mod send;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use annoscope_demo::{self as demo, DemoConfig, DemoConfigError};
use annoscope_events::{InvalidTimestamp, Timestamp};
use clap::{Args, ValueEnum};

use crate::clock;

use super::progress::Progress;
use send::SendError;

/// Annotators where neither they nor events are asked for.
const DEFAULT_USERS: u32 = 20;

/// What to make up, and where it goes: exactly one of `--url` and `--out`.
#[derive(Args)]
#[command(group = clap::ArgGroup::new("target").required(true).args(["url", "out"]))]
pub(super) struct DemoArgs {
    /// How many events: exactly so many are made [default: as many as the annotators make]
    #[arg(long, value_name = "N")]
    events: Option<u64>,
    /// How many days of activity, up to the end
    #[arg(long, value_name = "D", default_value_t = 30)]
    days: u32,
    /// Everything random follows from it: the same seed and end give the same events
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How many annotators [default: 20, or as many as the events need]
    #[arg(long, value_name = "U")]
    users: Option<u32>,
    /// Date, or date and time in UTC, of the last event [default: now]
    #[arg(long, value_name = "DATE", value_parser = parse_end)]
    end: Option<Timestamp>,
    /// Send to the ingest port of a running server, for example <http://127.0.0.1:8282/>
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Write to a file; - is standard output
    #[arg(long, value_name = "FILE", requires = "format")]
    out: Option<PathBuf>,
    /// Form of the file
    #[arg(long, value_enum, requires = "out")]
    format: Option<Format>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// One event a line, as the ingest port takes them
    Ndjson,
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// What was asked for cannot be made.
    #[error(transparent)]
    Config(#[from] DemoConfigError),
    /// The server did not take it.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The file cannot be written.
    #[error("cannot write to {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The threads for sending cannot be started.
    #[error("cannot start the threads for sending")]
    Runtime(#[source] io::Error),
}

fn parse_end(text: &str) -> Result<Timestamp, InvalidTimestamp> {
    Timestamp::parse_iso8601(text)
}

/// Makes the demo. Only events go to `out`; progress and the summary go to standard error.
pub(super) fn run(args: DemoArgs, out: &mut dyn Write) -> Result<(), DemoError> {
    let natural = demo::natural_events(args.users.unwrap_or(DEFAULT_USERS), args.days);
    let config = DemoConfig {
        events: args.events.unwrap_or(natural),
        days: args.days,
        seed: args.seed,
        users: args.users,
        end: args.end.unwrap_or_else(clock::now),
    };
    let mut progress = Progress::new(config.events);
    let events = demo::generate(&config)?;
    let (n_events, done) = match (args.url, args.out) {
        (Some(url), _) => {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .map_err(DemoError::Runtime)?;
            let sent = runtime.block_on(send::send(&url, events, |sent| {
                progress.show(sent.n_events);
            }))?;
            let retries = match sent.n_retries {
                0 => String::new(),
                n_retries => format!(", {n_retries} requests sent again"),
            };
            (sent.n_events, format!("sent to {url}{retries}"))
        }
        (None, path) => {
            let path = path.expect("clap requires --url or --out");
            let failed = |source| DemoError::Write {
                path: path.clone(),
                source,
            };
            let is_stdout = path.as_os_str() == "-";
            let written = if is_stdout {
                demo::write_ndjson(events, out, |_| ())
            } else {
                let file = File::create(&path).map_err(failed)?;
                demo::write_ndjson(events, &mut BufWriter::new(file), |n| progress.show(n))
            };
            match written {
                Ok(n_events) => (n_events, format!("written to {}", path.display())),
                // The reader has seen enough, as `head` has.
                Err(error) if is_stdout && error.kind() == io::ErrorKind::BrokenPipe => {
                    return Ok(());
                }
                Err(error) => return Err(failed(error)),
            }
        }
    };
    progress.line(&format!(
        "{n_events} events of {} annotators in {} days, up to {}: {done} in {:.1} s ({}/s)",
        config.n_users().unwrap_or(0),
        config.days,
        config.end,
        progress.seconds(),
        progress.rate(n_events),
    ));
    Ok(())
}
