//! The home of the events: the only place that knows which kind of database is behind the journal.

pub mod child;
mod node;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use annoscope_sql::Dialect;
use annoscope_store::{
    Backend, DedupLimits, DedupWindow, EventStore, Position, Query, RowsRead, Scopes, StoreError,
};
use annoscope_store_clickhouse::{Administration, ClickHouseConfig, ClickHouseStore, Node};
use annoscope_store_duckdb::{DuckDbStore, Repair, StoreConfig};
use annoscope_store_journal::{JournalConfig, JournaledStore, open_journal};
use annoscope_store_process::ProcessBackend;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use uuid::Uuid;

use crate::clock;
use crate::config::{Config, StoreKind};
use crate::dead_letter::DeadLetter;
use crate::dir_lock::DirLock;
use crate::process;
use crate::rejected_batches::RejectedBatches;

/// What the database's SQL is.
pub fn dialect(config: &Config) -> Dialect {
    match config.store.kind {
        StoreKind::DuckDb => Dialect::DuckDb,
        StoreKind::ClickHouse => Dialect::ClickHouse,
    }
}

/// How long a question about the database's tables may take, at a start on a busy machine.
const QUESTION: Duration = Duration::from_secs(30);

/// How long the counting of all rows may take.
const COUNTING: Duration = Duration::from_mins(10);

/// Rows of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonthRows {
    /// Begin of the month, µs since the epoch, UTC.
    pub month_us: i64,
    /// How many.
    pub n_rows: u64,
}

/// Long enough for a clock that is wrong after a start to be set.
const DAY_SETTLES_AFTER: Duration = Duration::from_hours(1);

/// Opens the store of a data directory, whose `lock` this process has. Blocks.
pub fn open(
    config: &Config,
    dead_letters: Arc<DeadLetter>,
    lock: &DirLock,
) -> Result<Arc<dyn EventStore>, StoreError> {
    let mut database = open_database(config, lock)?;
    let journal_config = journal(config);
    // The window's directory comes last of the two, so that its being there tells that a journal was.
    let first = if dedup_dir(config).exists() {
        None
    } else {
        Some(database.applied()?)
    };
    let journal = open_journal(&journal_config, first)?;
    let window = DedupWindow::open(&dedup_dir(config), dedup_limits(config))?;
    let is_embedded = config.store.kind == StoreKind::DuckDb;
    if let (Some(first @ Position(1..)), false) = (first, is_embedded) {
        // A node's positions do not begin at 0; before them it has missed nothing.
        window.take_over(std::iter::empty(), first)?;
    }
    // Nothing was saved in it yet: it may be a data directory of before the window had files of its own.
    if is_embedded && window.position() == Position(0) && has_legacy_hashes(&database)? {
        database.close();
        take_over_hashes(config, &window)?;
        database = open_database(config, lock)?;
    }
    let rejected = Arc::new(RejectedBatches { dead_letters });
    let store = JournaledStore::start(&journal_config, journal, window, database, rejected)?;
    Ok(Arc::new(store))
}

/// Whether the events are in the data directory, where some commands reach into the database's file.
pub fn check_embedded(config: &Config) -> Result<(), StoreError> {
    match config.store.kind {
        StoreKind::DuckDb => Ok(()),
        StoreKind::ClickHouse => Err(StoreError::Failed(
            "the events are in ClickHouse (store.kind): this works with the embedded database only, see \
             docs/clickhouse-store.md"
                .into(),
        )),
    }
}

/// Sets aside what cannot be read of the store of a data directory that is locked, and lets its journal go
/// on behind what is left. Returns also how many positions the journal had released that are in the database no more.
pub fn repair(config: &Config) -> Result<(Repair, u64), StoreError> {
    check_embedded(config)?;
    let repair = annoscope_store_duckdb::repair(&settings(config))?;
    let database = DuckDbStore::open(&settings(config))?;
    let n_lost = annoscope_store_journal::bring_into_step(&journal(config), &database)?;
    database.close();
    Ok((repair, n_lost))
}

/// The database of a data directory that a backup is brought into, in this process.
pub fn open_for_restore(config: &Config) -> Result<DuckDbStore, StoreError> {
    check_embedded(config)?;
    DuckDbStore::open(&settings(config))
}

/// Lets the store of a data directory that a backup was brought into go on behind it: a journal that begins there, and
/// a dedup window that knows nothing and misses nothing.
pub fn begin_behind(config: &Config, position: Position) -> Result<(), StoreError> {
    open_journal(&journal(config), Some(position))?.close();
    let window = DedupWindow::open(&dedup_dir(config), dedup_limits(config))?;
    window.take_over(std::iter::empty(), position)
}

/// Lets the database take all that was acknowledged, and closes the store. Blocks.
pub fn settle(
    config: &Config,
    dead_letters: Arc<DeadLetter>,
    lock: &DirLock,
) -> Result<(), StoreError> {
    let store = open(config, dead_letters, lock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|source| StoreError::Io {
        doing: "starting a thread".to_owned(),
        source,
    })?;
    let visible = runtime.block_on(store.wait_until_visible(store.durable()));
    store.close();
    visible
}

/// Puts a new journal in place of one of which the database has everything.
pub fn begin_journal_anew(config: &Config) -> Result<(), StoreError> {
    check_embedded(config)?;
    let database = DuckDbStore::open(&settings(config))?;
    let applied = database.applied()?;
    database.close();
    annoscope_store_journal::begin_anew(&journal(config), applied)
}

/// Ends what [`begin_journal_anew`] has begun, should it have been interrupted.
pub fn mend_journal(config: &Config) -> Result<(), StoreError> {
    annoscope_store_journal::end_beginning_anew(&journal(config))
}

/// The database: in ClickHouse, or the embedded one, in a process of its own unless the settings say otherwise.
fn open_database(config: &Config, lock: &DirLock) -> Result<Arc<dyn Backend>, StoreError> {
    if config.store.kind == StoreKind::ClickHouse {
        let owner = owner(config, node::read_or_make)?;
        return Ok(Arc::new(ClickHouseStore::open(&clickhouse(
            config, owner,
        )?)?));
    }
    let settings = settings(config);
    if config.store.in_process {
        return Ok(Arc::new(DuckDbStore::open(&settings)?));
    }
    let lock = lock.descriptor().map_err(|source| StoreError::Io {
        doing: "sharing the lock of the data directory".to_owned(),
        source,
    })?;
    let settings = child::Settings::new(settings, config.log.clone());
    Ok(Arc::new(ProcessBackend::start(child::spawn(
        &settings, lock,
    ))?))
}

/// Whether the database has what an older annoscope kept of the dedup window.
fn has_legacy_hashes(database: &Arc<dyn Backend>) -> Result<bool, StoreError> {
    let database = Arc::clone(database);
    // On a thread of its own: rows may not be waited for on one of a runtime.
    let asking = std::thread::spawn(move || {
        let mut found = database.query(Query {
            statements: vec![DuckDbStore::LEGACY_HASHES.to_owned()],
            views: Vec::new(),
            time_limit: QUESTION,
            rows: None,
            rows_read: RowsRead::default(),
        })?;
        let mut n_tables = 0;
        while let Some(batch) = found.blocking_next() {
            n_tables += batch?.num_rows();
        }
        Ok(n_tables > 0)
    });
    let asked = asking.join();
    asked.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Brings it into the window, within this process: the only one that has the window.
fn take_over_hashes(config: &Config, window: &DedupWindow) -> Result<(), StoreError> {
    let database = DuckDbStore::open(&settings(config))?;
    let until = database.applied()?;
    database.hand_over_legacy_hashes(|hashes| window.take_over(hashes, until))?;
    database.close();
    tracing::info!("took the dedup window over from the database");
    Ok(())
}

fn dedup_dir(config: &Config) -> PathBuf {
    config.data_dir.join("dedup")
}

fn dedup_limits(config: &Config) -> DedupLimits {
    DedupLimits {
        days: i64::from(config.ingest.dedup_window_days),
        events: config.ingest.dedup_window_events as usize,
        day_settles_after: DAY_SETTLES_AFTER,
    }
}

fn journal(config: &Config) -> JournalConfig {
    JournalConfig {
        dir: config.journal_dir(),
        max_bytes: config.journal.max_bytes,
        queue_bytes: config.ingest.queue_bytes as usize,
        clock: || u64::try_from(clock::now().millis()).unwrap_or(0),
    }
}

/// The tables in ClickHouse, for commands.
pub fn clickhouse_administration(config: &Config) -> Result<Administration, StoreError> {
    let owner = owner(config, node::read)?.unwrap_or_default();
    Administration::new(
        &clickhouse(config, owner)?,
        config.ingest.legacy_working_time,
    )
}

/// Gives the data directory the id by which its rows in ClickHouse are known, if it has none.
pub fn make_clickhouse_id(config: &Config) -> Result<(), StoreError> {
    owner(config, node::read_or_make).map(drop)
}

/// The id of the data directory.
fn owner<T>(config: &Config, find: fn(&Path) -> io::Result<T>) -> Result<T, StoreError> {
    find(&config.data_dir).map_err(|source| StoreError::Io {
        doing: format!("reading the id of {}", config.data_dir.display()),
        source,
    })
}

fn clickhouse(config: &Config, owner: Uuid) -> Result<ClickHouseConfig, StoreError> {
    let clickhouse = &config.store.clickhouse;
    let file = &clickhouse.password_file;
    let password = if file.as_os_str().is_empty() {
        String::new()
    } else {
        let text = std::fs::read_to_string(file);
        let text = text.map_err(|source| StoreError::Io {
            doing: format!("reading {}", file.display()),
            source,
        })?;
        text.trim_end_matches(['\r', '\n']).to_owned()
    };
    Ok(ClickHouseConfig {
        urls: clickhouse.urls().map(str::to_owned).collect(),
        user: clickhouse.user.clone(),
        password,
        database: clickhouse.database.clone(),
        node: Node {
            number: clickhouse.node,
            owner,
        },
        may_alter: clickhouse.alter,
        at_least_once: clickhouse.at_least_once,
        timeout: Duration::from_millis(clickhouse.timeout_ms),
        memory_bytes: config.store.memory_bytes,
        data_dir: config.data_dir.clone(),
    })
}

fn settings(config: &Config) -> StoreConfig {
    StoreConfig {
        dir: config.data_dir.clone(),
        memory_bytes: config.store.memory_bytes,
        spill_bytes: config.store.spill_bytes,
        threads: config.store.threads as usize,
        max_queries: config.query.max_concurrent as usize,
        wal_checkpoint_bytes: config.store.wal_checkpoint_bytes,
        min_free_bytes: config.store.min_free_bytes,
        process_memory_bytes: config.process_bytes(),
        last_resort: process::end,
    }
}

/// Bytes that the database takes, and those of them that are free. Blocks.
pub fn space(store: &Arc<dyn EventStore>, kind: StoreKind) -> Result<(u64, u64), StoreError> {
    let sql = match kind {
        StoreKind::DuckDb => DuckDbStore::SPACE,
        StoreKind::ClickHouse => ClickHouseStore::SPACE,
    };
    let rows = pairs(store, sql.to_owned())?;
    let (file_bytes, free_bytes) = rows.first().copied().unwrap_or_default();
    Ok((file_bytes.cast_unsigned(), free_bytes.cast_unsigned()))
}

/// The months that have rows of scopes before a time, oldest first. Blocks.
pub fn rows_by_month(
    store: &Arc<dyn EventStore>,
    kind: StoreKind,
    scopes: &Scopes,
    until_us: i64,
) -> Result<Vec<MonthRows>, StoreError> {
    let sql = match kind {
        StoreKind::DuckDb => DuckDbStore::rows_by_month(scopes, until_us),
        StoreKind::ClickHouse => ClickHouseStore::rows_by_month(scopes, until_us),
    };
    let rows = pairs(store, sql)?;
    let rows = rows.into_iter().map(|(month_us, n_rows)| MonthRows {
        month_us,
        n_rows: n_rows.cast_unsigned(),
    });
    Ok(rows.collect())
}

/// Rows of two numbers.
fn pairs(store: &Arc<dyn EventStore>, sql: String) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut batches = store.query(Query {
        statements: vec![sql],
        views: Vec::new(),
        time_limit: COUNTING,
        rows: None,
        rows_read: RowsRead::default(),
    })?;
    let mut rows = Vec::new();
    while let Some(batch) = batches.blocking_next() {
        let batch = batch?;
        let column = |index: usize| batch.column(index).as_primitive::<Int64Type>().values();
        rows.extend(column(0).iter().copied().zip(column(1).iter().copied()));
    }
    Ok(rows)
}
