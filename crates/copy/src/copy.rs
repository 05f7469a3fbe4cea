//! A copy: for each window of time, what the source holds more often than the target is inserted into the target.

use std::path::PathBuf;
use std::time::Duration;

use arrow::array::RecordBatch;
use backon::{ExponentialBuilder, Retryable};

use crate::claims;
use crate::clickhouse::ClickHouse;
use crate::columns::normalize;
use crate::error::CopyError;
use crate::place::Place;
use crate::read_file::read_file;
use crate::rows::{Checksum, RowHasher};
use crate::set_aside::SetAside;
use crate::spool::Spool;
use crate::window::{Load, Window, merge, month};
use crate::write_file::FileWriter;

/// How often a question, or an insert, is tried again.
const TRIES: usize = 6;

/// How it is copied.
#[derive(Clone, Debug)]
pub struct Options {
    /// Payloads of clients' events hold hours that a server counted, as before CVAT had `send:working_time`.
    pub legacy_working_time: bool,
    /// The file for rows that no table of annoscope's holds.
    pub set_aside: PathBuf,
}

/// What a copy tells while it runs.
pub trait Progress: Send {
    /// The source's rows are counted.
    fn planned(&mut self, n_rows: u64);
    /// So many more of the source's rows are in the target.
    fn advanced(&mut self, n_rows: u64);
    /// All of a month is in the target, and was compared.
    fn month(&mut self, month: &Month);
}

/// What became of a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Month {
    /// As 2026-11.
    pub name: String,
    /// The source's rows, as they are in the target.
    pub source: Checksum,
    /// Rows that were inserted now; the others had been there.
    pub n_inserted: u64,
    /// Rows of the target that the source has not.
    pub n_others: u64,
    /// Rows whose payload claimed hours that nobody counted: the key has another name in the target.
    pub n_claims: u64,
}

/// What became of all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// In their order.
    pub months: Vec<Month>,
    /// Rows that no table of annoscope's holds, in the file of [`Options::set_aside`].
    pub n_set_aside: u64,
}

/// Copies what `from` holds and `to` does not, twins included: of a row that the source has three times and the
/// target once, two are inserted. So it may be interrupted and begun again at any time, and a target that gets live
/// events meanwhile gets none of them twice.
pub async fn copy(
    from: &Place,
    to: &Place,
    passwords: [Option<String>; 2],
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Summary, CopyError> {
    let [from_password, to_password] = passwords;
    let mut set_aside = SetAside::new(options.set_aside.clone());
    let source = Source::open(from, from_password, &mut set_aside).await?;
    let target = Target::open(to, to_password).await?;
    let mut loads = source.loads().await?;
    loads.sort_by_key(|load| load.window);
    progress.planned(loads.iter().map(|load| load.n_rows).sum());
    let mut copier = Copier {
        source,
        target,
        hasher: RowHasher::new(),
        set_aside,
        is_legacy: options.legacy_working_time,
    };
    let mut summary = Summary::default();
    let windows = merge(loads);
    for windows in windows.chunk_by(|a, b| month(a.window.begin_ms) == month(b.window.begin_ms)) {
        let month = copier.month(windows, progress).await?;
        progress.month(&month);
        summary.months.push(month);
    }
    let Copier {
        target, set_aside, ..
    } = copier;
    if let Target::File(writer) = target {
        writer.finish()?;
    }
    summary.n_set_aside = set_aside.n_rows();
    Ok(summary)
}

/// Where rows come from.
enum Source {
    Server(ClickHouse),
    File(Spool),
}

impl Source {
    /// Connects, or reads the file once.
    async fn open(
        place: &Place,
        password: Option<String>,
        set_aside: &mut SetAside,
    ) -> Result<Source, CopyError> {
        match place {
            Place::Server(url) => ClickHouse::connect(url, password).await.map(Source::Server),
            Place::File(path, kind) => {
                let mut spool = Spool::new()?;
                read_file(path, *kind, &mut |batch| {
                    let normalized = normalize(&batch)?;
                    set_aside.push(&normalized.refused)?;
                    spool.push(&normalized.rows)
                })?;
                spool.flush()?;
                Ok(Source::File(spool))
            }
        }
    }

    async fn loads(&self) -> Result<Vec<Load>, CopyError> {
        match self {
            Source::Server(server) => retried(|| server.loads()).await,
            Source::File(spool) => Ok(spool.loads()),
        }
    }

    async fn read(&self, window: Window) -> Result<Vec<RecordBatch>, CopyError> {
        match self {
            Source::Server(server) => retried(|| server.read(window)).await,
            Source::File(spool) => spool.read(window),
        }
    }
}

/// Where rows go to.
enum Target {
    Server(Box<ClickHouse>),
    File(Box<FileWriter>),
}

impl Target {
    /// Connects, or begins the file.
    async fn open(place: &Place, password: Option<String>) -> Result<Target, CopyError> {
        match place {
            Place::Server(url) => {
                let server = ClickHouse::connect(url, password).await?;
                Ok(Target::Server(Box::new(server)))
            }
            Place::File(path, kind) => {
                let writer = FileWriter::create(path, *kind)?;
                Ok(Target::File(Box::new(writer)))
            }
        }
    }
}

struct Copier {
    source: Source,
    target: Target,
    hasher: RowHasher,
    set_aside: SetAside,
    is_legacy: bool,
}

/// A window's rows as they are to be in the target.
struct Rows {
    batches: Vec<RecordBatch>,
    n_claims: u64,
}

impl Copier {
    async fn month(
        &mut self,
        windows: &[Load],
        progress: &mut dyn Progress,
    ) -> Result<Month, CopyError> {
        let mut report = Month {
            name: month(windows[0].window.begin_ms),
            ..Month::default()
        };
        for load in windows {
            self.window(load, &mut report).await?;
            progress.advanced(load.n_rows);
        }
        Ok(report)
    }

    /// Copies a window and compares it.
    async fn window(&mut self, load: &Load, report: &mut Month) -> Result<(), CopyError> {
        let rows = self.read(load.window).await?;
        report.n_claims += rows.n_claims;
        let checksum = self.hasher.checksum(&rows.batches)?;
        report.source = report.source.with(checksum);
        let n_before = report.n_inserted;
        match &mut self.target {
            Target::File(writer) => {
                for batch in &rows.batches {
                    writer.write(batch)?;
                }
                report.n_inserted += checksum.n_rows;
            }
            Target::Server(server) => {
                let n_missing =
                    insert_lacking(server, &self.hasher, load.window, &rows.batches, report)
                        .await?;
                if n_missing > 0 {
                    return Err(CopyError::Missing {
                        month: report.name.clone(),
                        n_missing,
                    });
                }
            }
        }
        tracing::debug!(
            window = ?load.window,
            n_rows = checksum.n_rows,
            n_inserted = report.n_inserted - n_before,
            "a window was copied"
        );
        Ok(())
    }

    async fn read(&mut self, window: Window) -> Result<Rows, CopyError> {
        let mut rows = Rows {
            batches: Vec::new(),
            n_claims: 0,
        };
        for batch in self.source.read(window).await? {
            let normalized = normalize(&batch)?;
            self.set_aside.push(&normalized.refused)?;
            let (batch, n_claims) = claims::rename(normalized.rows, self.is_legacy)?;
            rows.n_claims += n_claims;
            rows.batches.push(batch);
        }
        Ok(rows)
    }
}

/// Inserts what the target lacks of a window, looks again, and returns how many rows it still lacks.
///
/// An insert whose answer was lost may have been stored or may yet be; so it is waited for, and looked at, before
/// anything is sent again.
async fn insert_lacking(
    server: &ClickHouse,
    hasher: &RowHasher,
    window: Window,
    rows: &[RecordBatch],
    report: &mut Month,
) -> Result<u64, CopyError> {
    let wanted = hasher.checksum(rows)?;
    let mut n_tries = 0;
    loop {
        let present = if retried(|| server.count(window)).await? == 0 {
            hasher.multiset(&[])?
        } else {
            let found = retried(|| server.read(window)).await?;
            let found = found.iter().map(|batch| Ok(normalize(batch)?.rows));
            hasher.multiset(&found.collect::<Result<Vec<RecordBatch>, CopyError>>()?)?
        };
        let held = present.checksum();
        let lacking = if held == wanted {
            Vec::new()
        } else {
            hasher.lacking(rows, present)?
        };
        let n_lacking: u64 = lacking.iter().map(|batch| batch.num_rows() as u64).sum();
        if n_tries == 0 {
            report.n_inserted += n_lacking;
        }
        if n_lacking == 0 || n_tries == TRIES {
            report.n_others += (held.n_rows + n_lacking).saturating_sub(wanted.n_rows);
            return Ok(n_lacking);
        }
        n_tries += 1;
        let checksum = hasher.checksum(&lacking)?;
        let query_id = format!("copy-{}-{n_tries}-{checksum}", window.begin_ms);
        match server.insert(&lacking, &query_id).await {
            Ok(()) => {}
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, "an insert failed, and the target is looked at again");
                settled(server, &query_id).await?;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Waits until the server is no longer at an insert.
async fn settled(server: &ClickHouse, query_id: &str) -> Result<(), CopyError> {
    loop {
        // Where processes may not be seen, a pause has to do.
        tokio::time::sleep(Duration::from_secs(1)).await;
        match retried(|| server.is_running(query_id)).await {
            Ok(true) => {}
            Ok(false) | Err(CopyError::Refused { .. }) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// Asks again, with pauses of up to a minute, where that may help.
async fn retried<T, F>(ask: impl FnMut() -> F) -> Result<T, CopyError>
where
    F: Future<Output = Result<T, CopyError>>,
{
    let pauses = ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_mins(1))
        .with_max_times(TRIES)
        .with_jitter();
    ask.retry(pauses)
        .sleep(tokio::time::sleep)
        .when(CopyError::is_transient)
        .notify(|error, pause| tracing::warn!(%error, ?pause, "asked again"))
        .await
}
