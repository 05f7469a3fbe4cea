//! A copy: for each window of time, what the source holds more often than the target is inserted into the target.

use std::path::PathBuf;
use std::time::Duration;

use arrow::array::RecordBatch;
use backon::{ExponentialBuilder, Retryable};
use futures::{StreamExt, stream};
use tokio::sync::mpsc::{self, Sender};

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

/// Windows that are read and wait while others are inserted.
const READ_AHEAD: usize = 1;

/// Windows that are inserted at the same time: a server reads the rows of one while its database stores another's.
const INSERTED_AT_ONCE: usize = 2;

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
    let mut target = Target::open(to, to_password).await?;
    let mut loads = source.loads().await?;
    loads.sort_by_key(|load| load.window);
    progress.planned(loads.iter().map(|load| load.n_rows).sum());
    let reader = Reader {
        source,
        set_aside,
        is_legacy: options.legacy_working_time,
    };
    let (ready, mut windows) = mpsc::channel(READ_AHEAD);
    let reading = tokio::spawn(reader.read_all(merge(loads), ready));
    let windows = stream::poll_fn(move |cx| windows.poll_recv(cx));
    let (hasher, mut summary, mut current) = (RowHasher::new(), Summary::default(), None);
    let mut copied = match &mut target {
        Target::File(file) => windows
            .map(|window| write_window(file, &hasher, &window))
            .boxed_local(),
        Target::Server(server) => windows
            .map(|window| insert_window(server, &hasher, window))
            .buffered(INSERTED_AT_ONCE)
            .boxed_local(),
    };
    while let Some(copied) = copied.next().await {
        let (load, copied) = copied?;
        let name = month(load.window.begin_ms);
        if current
            .as_ref()
            .is_some_and(|current: &Month| current.name != name)
        {
            end_month(&mut summary, current.take(), progress);
        }
        current
            .get_or_insert_with(|| Month {
                name,
                ..Month::default()
            })
            .add(&copied);
        progress.advanced(load.n_rows);
    }
    drop(copied);
    let set_aside = reading.await.map_err(CopyError::Reader)??;
    end_month(&mut summary, current, progress);
    if let Target::File(file) = target {
        file.finish()?;
    }
    summary.n_set_aside = set_aside.n_rows();
    Ok(summary)
}

fn end_month(summary: &mut Summary, month: Option<Month>, progress: &mut dyn Progress) {
    if let Some(month) = month {
        progress.month(&month);
        summary.months.push(month);
    }
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

/// A window's rows as they are to be in the target.
struct Rows {
    load: Load,
    batches: Vec<RecordBatch>,
    n_claims: u64,
}

/// What became of a window: a part of its [`Month`].
#[derive(Default)]
struct Copied {
    source: Checksum,
    n_inserted: u64,
    n_others: u64,
    n_claims: u64,
}

impl Month {
    fn add(&mut self, copied: &Copied) {
        self.source = self.source.with(copied.source);
        self.n_inserted += copied.n_inserted;
        self.n_others += copied.n_others;
        self.n_claims += copied.n_claims;
    }
}

struct Reader {
    source: Source,
    set_aside: SetAside,
    is_legacy: bool,
}

impl Reader {
    /// Reads window by window, as long as somebody takes them.
    async fn read_all(
        mut self,
        windows: Vec<Load>,
        ready: Sender<Rows>,
    ) -> Result<SetAside, CopyError> {
        for load in windows {
            let rows = self.read(load).await?;
            if ready.send(rows).await.is_err() {
                break;
            }
        }
        Ok(self.set_aside)
    }

    async fn read(&mut self, load: Load) -> Result<Rows, CopyError> {
        let mut rows = Rows {
            load,
            batches: Vec::new(),
            n_claims: 0,
        };
        for batch in self.source.read(load.window).await? {
            let normalized = normalize(&batch)?;
            self.set_aside.push(&normalized.refused)?;
            let (batch, n_claims) = claims::rename(normalized.rows, self.is_legacy)?;
            rows.n_claims += n_claims;
            rows.batches.push(batch);
        }
        Ok(rows)
    }
}

fn write_window(
    file: &mut FileWriter,
    hasher: &RowHasher,
    rows: &Rows,
) -> Result<(Load, Copied), CopyError> {
    let source = hasher.checksum(&rows.batches)?;
    for batch in &rows.batches {
        file.write(batch)?;
    }
    let copied = Copied {
        source,
        n_inserted: source.n_rows,
        n_claims: rows.n_claims,
        ..Copied::default()
    };
    Ok((rows.load, copied))
}

/// Inserts what the target lacks of a window, and looks again until it lacks nothing.
///
/// An insert whose answer was lost may have been stored or may yet be; so it is waited for, and looked at, before
/// anything is sent again.
async fn insert_window(
    server: &ClickHouse,
    hasher: &RowHasher,
    rows: Rows,
) -> Result<(Load, Copied), CopyError> {
    let Rows {
        load,
        batches: rows,
        n_claims,
    } = rows;
    let (window, wanted) = (load.window, hasher.checksum(&rows)?);
    let mut copied = Copied {
        source: wanted,
        n_claims,
        ..Copied::default()
    };
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
            hasher.lacking(&rows, present)?
        };
        let n_lacking: u64 = lacking.iter().map(|batch| batch.num_rows() as u64).sum();
        if n_lacking == 0 {
            copied.n_others = held.n_rows.saturating_sub(wanted.n_rows);
            tracing::debug!(
                ?window,
                n_rows = wanted.n_rows,
                n_inserted = copied.n_inserted,
                "a window was copied"
            );
            return Ok((load, copied));
        }
        if n_tries == 0 {
            copied.n_inserted = n_lacking;
        }
        if n_tries == TRIES {
            return Err(CopyError::Missing {
                month: month(window.begin_ms),
                n_missing: n_lacking,
            });
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
