//! `annoscope copy`: from one place of events to another.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use annoscope_copy::{CopyError, Month, Options, Place, Progress as CopyProgress, copy};
use clap::Args;

use super::progress::Progress;

/// Places are `http://user:password@host:8123/cvat` for a ClickHouse or annoscope's port of that kind, and files that
/// end in .csv (CVAT's export), .ndjson or .parquet, or a folder of Parquet files.
#[derive(Args)]
pub(super) struct CopyArgs {
    /// Where the events are
    #[arg(long, value_name = "PLACE")]
    from: String,
    /// Where they are to be, too
    #[arg(long, value_name = "PLACE")]
    to: String,
    /// File with the password for --from, as the command line can be seen by others
    #[arg(long, value_name = "FILE")]
    from_password_file: Option<PathBuf>,
    /// File with the password for --to
    #[arg(long, value_name = "FILE")]
    to_password_file: Option<PathBuf>,
    /// Keep hours in the payloads of clients' events: they are from a CVAT without `send:working_time`
    #[arg(long)]
    legacy_working_time: bool,
    /// File for rows that have no scope, no time, or a number beyond 2^63
    #[arg(
        long,
        value_name = "FILE",
        default_value = "annoscope-copy-set-aside.ndjson"
    )]
    set_aside: PathBuf,
}

/// Why not everything was copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyCommandError {
    /// Not the name of a place.
    #[error(transparent)]
    Place(CopyError),
    /// One of the places, or the way between them.
    #[error("not everything was copied, and the same command goes on from what is there")]
    Copy(#[source] CopyError),
    /// The password cannot be read.
    #[error("cannot read {}", path.display())]
    Password {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The threads for copying cannot be started.
    #[error("cannot start the threads for copying")]
    Runtime(#[source] io::Error),
}

/// Copies, with what becomes of each month on standard error.
pub(super) fn run(args: CopyArgs) -> Result<(), CopyCommandError> {
    let place = |text: &str| Place::parse(text).map_err(CopyCommandError::Place);
    let (from, to) = (place(&args.from)?, place(&args.to)?);
    let passwords = [
        password(args.from_password_file.as_deref())?,
        password(args.to_password_file.as_deref())?,
    ];
    let options = Options {
        legacy_working_time: args.legacy_working_time,
        set_aside: args.set_aside,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(CopyCommandError::Runtime)?;
    let mut told = Told {
        progress: Progress::new(0),
        n_done: 0,
    };
    let summary = runtime
        .block_on(copy(&from, &to, passwords, &options, &mut told))
        .map_err(CopyCommandError::Copy)?;
    let (mut n_rows, mut n_inserted) = (0, 0);
    for month in &summary.months {
        n_rows += month.source.n_rows;
        n_inserted += month.n_inserted;
    }
    let progress = told.progress;
    progress.line(&format!(
        "{n_rows} events are in {}, {n_inserted} of them new, in {:.1} s ({}/s)",
        shown(&to),
        progress.seconds(),
        progress.rate(n_rows)
    ));
    if summary.n_set_aside > 0 {
        progress.line(&format!(
            "{} rows were set aside in {}",
            summary.n_set_aside,
            options.set_aside.display()
        ));
    }
    Ok(())
}

fn password(path: Option<&Path>) -> Result<Option<String>, CopyCommandError> {
    let Some(path) = path else {
        return Ok(None);
    };
    let text = fs::read_to_string(path).map_err(|source| CopyCommandError::Password {
        path: path.to_owned(),
        source,
    })?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A place without its password.
fn shown(place: &Place) -> String {
    match place {
        Place::Server(url) => {
            let port = url
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            format!("{}{port}{}", url.host_str().unwrap_or_default(), url.path())
        }
        Place::File(path, _) => path.display().to_string(),
    }
}

struct Told {
    progress: Progress,
    n_done: u64,
}

impl CopyProgress for Told {
    fn planned(&mut self, n_rows: u64) {
        self.progress = Progress::new(n_rows);
    }

    fn advanced(&mut self, n_rows: u64) {
        self.n_done += n_rows;
        self.progress.show(self.n_done);
    }

    fn month(&mut self, month: &Month) {
        let mut parts = vec![
            format!("{} events", month.source.n_rows),
            format!("{} of them new", month.n_inserted),
            format!("checksum {}", month.source),
        ];
        if month.n_claims > 0 {
            parts.push(format!(
                "{} claimed hours that nobody counted",
                month.n_claims
            ));
        }
        if month.n_others > 0 {
            parts.push(format!("{} others are there beside them", month.n_others));
        }
        self.progress
            .line(&format!("{}: {}", month.name, parts.join(", ")));
    }
}
