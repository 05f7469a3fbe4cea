//! The database file: opening, connections, and opening again after a failure.
//!
//! A full disk can make DuckDB give a database up: every statement then fails until the file
//! is opened anew, which loses nothing that was committed.
//!
//! **Invariant:** at most one DuckDB instance is open on the file. A new one is opened only
//! when every connection of the old one is gone (`tests/faults/test_full_disk.py`).

use std::collections::HashMap;
use std::ops::Deref;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use duckdb::{Config, Connection, InterruptHandle};

use crate::acknowledged::{self, Acknowledged};
use annoscope_store::StoreError;

use crate::error::Error;
use crate::materialized_views::{self, MaterializedViews};
use crate::room::Room;
use crate::stats::Counters;
use crate::{StoreConfig, count_events, priority, recovery, rows, schema};

/// How long an interrupted connection may take to go away. DuckDB looks at the interrupt
/// between vectors of rows, so milliseconds are usual.
const INTERRUPT_GRACE: Duration = Duration::from_secs(10);

/// Times something is tried again after queries were ended to free memory.
pub(crate) const MEMORY_RETRIES: usize = 3;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A user's query: counted, and ended first when memory is short.
    Query,
    /// An export or our own maintenance.
    Maintenance,
}

/// The database and its open connections.
pub(crate) struct Database {
    pub(crate) config: StoreConfig,
    pub(crate) counters: Arc<Counters>,
    /// What the files must hold.
    pub(crate) acknowledged: Acknowledged,
    /// Whether queries may make something long.
    pub(crate) room: Arc<Room>,
    /// Views that queries name.
    pub(crate) materialized: MaterializedViews,
    pool: Mutex<Pool>,
    /// Whether the pool is locked for as long as an opening takes.
    is_opening: AtomicBool,
    /// Told whenever a connection is returned to the pool.
    returned: Condvar,
}

#[derive(Default)]
struct Pool {
    /// Parent of all connections; none after [`Database::give_up`] and after `close`.
    root: Option<Connection>,
    is_closed: bool,
    in_use: HashMap<u64, (Purpose, Arc<Interrupt>)>,
    next_id: u64,
    /// How many [`QueriesHeld`] there are.
    n_holds: usize,
    /// The file that is open, and not only one of the same name.
    open_file: Option<FileId>,
}

/// Device and inode of a file.
type FileId = (u64, u64);

/// Ends what a connection is doing; may be called from any thread at any time.
///
/// `duckdb`'s own handle may not: `Connection` disconnects before it tells its handle, so an
/// interrupt in between writes into freed memory (seen as a crash of the writing thread).
pub(crate) struct Interrupt {
    handle: Mutex<Option<Arc<InterruptHandle>>>,
    was_called: AtomicBool,
}

impl Interrupt {
    fn of(connection: &Connection) -> Arc<Interrupt> {
        Arc::new(Interrupt {
            handle: Mutex::new(Some(connection.interrupt_handle())),
            was_called: AtomicBool::new(false),
        })
    }

    pub(crate) fn interrupt(&self) {
        if let Some(handle) = &*self.lock() {
            self.was_called.store(true, Ordering::SeqCst);
            handle.interrupt();
        }
    }

    /// From now on there is nothing to end. Called before the connection is dropped.
    fn retire(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<InterruptHandle>>> {
        self.handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use; dropping it returns it to the pool.
pub(crate) struct PooledConnection {
    connection: Option<Connection>,
    interrupt: Arc<Interrupt>,
    id: u64,
    database: Arc<Database>,
}

impl Deref for PooledConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("present until the drop")
    }
}

impl PooledConnection {
    /// Ends what the connection is doing.
    pub(crate) fn interrupt(&self) -> Arc<Interrupt> {
        Arc::clone(&self.interrupt)
    }

    /// Whether anybody has done so.
    pub(crate) fn was_interrupted(&self) -> bool {
        self.interrupt.was_called.load(Ordering::SeqCst)
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        self.interrupt.retire();
        self.connection = None;
        self.database.lock().in_use.remove(&self.id);
        self.database.returned.notify_all();
    }
}

/// While it lives, no query runs and none begins: the store is busy to them.
pub(crate) struct QueriesHeld {
    database: Arc<Database>,
}

impl Drop for QueriesHeld {
    fn drop(&mut self) {
        self.database.lock().n_holds -= 1;
    }
}

impl Database {
    pub(crate) fn open(
        config: StoreConfig,
        counters: Arc<Counters>,
    ) -> Result<Arc<Database>, Error> {
        let file = config.dir.join(acknowledged::FILE);
        let io = Error::io(format!("opening {}", file.display()));
        let acknowledged = Acknowledged::open(&config.dir).map_err(io)?;
        let room = Arc::default();
        let parent = open_root(&config, &acknowledged, &room)?;
        let pool = Mutex::new(Pool {
            root: Some(parent),
            open_file: file_id(&config.dir.join(FILE)),
            ..Pool::default()
        });
        Ok(Arc::new(Database {
            config,
            counters,
            acknowledged,
            room,
            materialized: MaterializedViews::default(),
            pool,
            is_opening: AtomicBool::new(false),
            returned: Condvar::new(),
        }))
    }

    /// A connection of its own for the caller. Opens the database again first, should it have been given up.
    pub(crate) fn connection(
        self: &Arc<Database>,
        purpose: Purpose,
    ) -> Result<PooledConnection, Error> {
        let mut pool = self.lock();
        if pool.root.is_none() {
            pool = self.reopen(pool)?;
        }
        let n_queries = pool
            .in_use
            .values()
            .filter(|(p, _)| *p == Purpose::Query)
            .count();
        let is_busy = pool.n_holds > 0 || n_queries >= self.config.max_queries;
        if purpose == Purpose::Query && is_busy {
            let limit = self.config.max_queries;
            return Err(StoreError::Busy { limit }.into());
        }
        let connection = pool.root.as_ref().ok_or(StoreError::NotOpen)?.try_clone()?;
        let id = pool.next_id;
        pool.next_id += 1;
        let interrupt = Interrupt::of(&connection);
        pool.in_use.insert(id, (purpose, Arc::clone(&interrupt)));
        Ok(PooledConnection {
            connection: Some(connection),
            interrupt,
            id,
            database: Arc::clone(self),
        })
    }

    /// A connection for what can do without an answer: none while the database is given up or being opened,
    /// which takes seconds on a disk that is full or busy.
    pub(crate) fn connection_if_open(self: &Arc<Database>) -> Option<PooledConnection> {
        if self.is_opening.load(Ordering::Relaxed) || self.lock().root.is_none() {
            return None;
        }
        self.connection(Purpose::Maintenance).ok()
    }

    /// Ends all queries, which may have used up the memory that all share, and waits until it
    /// is free. Others may not take it again before `reason` is done.
    pub(crate) fn hold_queries(self: &Arc<Database>, reason: &str) -> QueriesHeld {
        let mut pool = self.lock();
        pool.n_holds += 1;
        let n_queries = |pool: &Pool| {
            pool.in_use
                .values()
                .filter(|(p, _)| *p == Purpose::Query)
                .count()
        };
        let n_running = n_queries(&pool);
        drop(self.interrupt_and_wait(pool, n_queries));
        self.materialized.forget();
        if let Some(connection) = self.connection_if_open() {
            // What stays takes room until it is dropped, and says no more than that.
            let _ = self.materialized.drop_left(&connection);
        }
        Counters::add(&self.counters.queries_ended_for_appends, n_running as u64);
        tracing::warn!(
            n_ended = n_running,
            reason,
            "memory is short: ended queries"
        );
        QueriesHeld {
            database: Arc::clone(self),
        }
    }

    /// Does what storing events needs; where memory runs out, again once queries are ended.
    pub(crate) fn retry_without_queries<T>(
        self: &Arc<Database>,
        reason: &str,
        mut work: impl FnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut done = work();
        if done.as_ref().is_err_and(Error::is_memory) {
            let _held = self.hold_queries(reason);
            for _ in 0..MEMORY_RETRIES {
                done = work();
                if !done.as_ref().is_err_and(Error::is_memory) {
                    break;
                }
            }
        }
        done
    }

    /// DuckDB gave the database up: what runs on it is ended, and the next
    /// [`Database::connection`] opens it anew.
    pub(crate) fn give_up(&self) {
        self.lock().root = None;
    }

    /// Closes the database for good: ends what runs and drops every connection.
    pub(crate) fn close(&self) {
        let mut pool = self.lock();
        pool.root = None;
        pool.is_closed = true;
        drop(self.interrupt_and_wait(pool, |pool| pool.in_use.len()));
    }

    fn reopen<'a>(&'a self, pool: MutexGuard<'a, Pool>) -> Result<MutexGuard<'a, Pool>, Error> {
        self.is_opening.store(true, Ordering::Relaxed);
        let reopened = self.open_again(pool);
        self.is_opening.store(false, Ordering::Relaxed);
        reopened
    }

    fn open_again<'a>(&'a self, pool: MutexGuard<'a, Pool>) -> Result<MutexGuard<'a, Pool>, Error> {
        if pool.is_closed {
            return Err(StoreError::NotOpen.into());
        }
        let mut pool = self.interrupt_and_wait(pool, |pool| pool.in_use.len());
        if !pool.in_use.is_empty() {
            // Its memory and its hold on the file end with the process alone.
            (self.config.last_resort)("a query keeps the database from being opened again");
            return Err(StoreError::NotOpen.into());
        }
        // Another thread may have opened it while this one waited.
        if pool.root.is_none() && !pool.is_closed {
            pool.root = Some(open_root(&self.config, &self.acknowledged, &self.room)?);
            pool.open_file = file_id(&self.config.dir.join(FILE));
            self.materialized.forget_instance();
            Counters::add(&self.counters.reopened, 1);
            tracing::warn!("the database was given up after a failure and is open again");
        }
        Ok(pool)
    }

    /// Whether what was just committed is in the data directory: files that were removed or replaced
    /// meanwhile take every write and keep nothing.
    pub(crate) fn check_commit_in_place(&self) -> Result<(), Error> {
        if self.wal_path().exists() {
            self.check_in_place()
        } else {
            Err(self.files_gone())
        }
    }

    /// Whether the file that is open is the one in the data directory.
    fn check_in_place(&self) -> Result<(), Error> {
        let pool = self.lock();
        let is_in_place =
            pool.root.is_none() || pool.open_file == file_id(&self.config.dir.join(FILE));
        drop(pool);
        is_in_place.then_some(()).ok_or_else(|| self.files_gone())
    }

    /// Gives the database up: it is opened again once its files are back.
    fn files_gone(&self) -> Error {
        self.give_up();
        Error::FilesGone {
            dir: self.config.dir.display().to_string(),
        }
    }

    /// Interrupts until `remaining` is 0 or the grace has run out.
    fn interrupt_and_wait<'a>(
        &'a self,
        mut pool: MutexGuard<'a, Pool>,
        remaining: impl Fn(&Pool) -> usize,
    ) -> MutexGuard<'a, Pool> {
        let mut patience = INTERRUPT_GRACE;
        // An interrupt that arrives between two statements is lost, so it is repeated.
        let step = Duration::from_millis(20);
        while remaining(&pool) > 0 && !patience.is_zero() {
            for (purpose, handle) in pool.in_use.values() {
                if *purpose == Purpose::Query || pool.root.is_none() {
                    handle.interrupt();
                }
            }
            let waited = self.returned.wait_timeout(pool, step);
            pool = waited.unwrap_or_else(PoisonError::into_inner).0;
            patience = patience.saturating_sub(step);
        }
        pool
    }

    /// Path of the write-ahead log.
    fn wal_path(&self) -> PathBuf {
        self.config.dir.join(format!("{FILE}.wal"))
    }

    /// Size of the write-ahead log, in bytes; 0 when there is none.
    pub(crate) fn wal_bytes(&self) -> u64 {
        let bytes = std::fs::metadata(self.wal_path()).map_or(0, |metadata| metadata.len());
        Counters::set(&self.counters.wal_bytes, bytes);
        bytes
    }

    /// Free space on the data directory's file system, in bytes.
    pub(crate) fn free_bytes(&self) -> u64 {
        let bytes = free_bytes(&self.config.dir);
        Counters::set(&self.counters.free_bytes, bytes);
        bytes
    }

    /// Refreshes the sizes that the metrics show.
    pub(crate) fn measure_disk(&self) {
        let file = std::fs::metadata(self.config.dir.join(FILE));
        let file_bytes = file.map_or(0, |metadata| metadata.len());
        Counters::set(&self.counters.file_bytes, file_bytes);
        self.wal_bytes();
        self.free_bytes();
    }

    /// Makes sure that the database's file is in the data directory and that files can be written
    /// there: it may have been removed, or be read-only by now.
    pub(crate) fn check_directory(&self) -> Result<(), Error> {
        self.check_in_place()?;
        let path = self.config.dir.join(".probe");
        let write = || {
            std::fs::metadata(self.config.dir.join(FILE))?;
            std::fs::write(&path, b"0")?;
            std::fs::remove_file(&path)
        };
        write().map_err(Error::io(format!("writing {}", path.display())))
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The parent of all connections, with the functions that queries use.
fn open_root(
    config: &StoreConfig,
    acknowledged: &Acknowledged,
    room: &Arc<Room>,
) -> Result<Connection, Error> {
    let parent = recovery::open(config, acknowledged.get())?;
    rows::register(&parent)?;
    room.register(&parent)?;
    materialized_views::attach(&parent)?;
    Ok(parent)
}

pub(crate) const FILE: &str = "events.duckdb";

fn file_id(path: &Path) -> Option<FileId> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// Free for this process on the file system of `dir`; "no limit" where the system does not say.
fn free_bytes(dir: &Path) -> u64 {
    rustix::fs::statvfs(dir).map_or(u64::MAX, |fs| fs.f_bavail.saturating_mul(fs.f_frsize))
}

/// What DuckDB opens at the same time (file, log, a checkpoint's log, spill files), and some more.
const N_DESCRIPTORS: usize = 32;

/// Makes sure that files can be opened: DuckDB 1.5.6 ends the process when it cannot.
fn require_descriptors(dir: &Path) -> Result<(), Error> {
    use rustix::io::Errno;
    let probe = || std::fs::File::open(dir);
    let probes: Result<Vec<_>, _> = (0..N_DESCRIPTORS).map(|_| probe()).collect();
    probes.map(drop).map_err(|source| {
        let errno = source.raw_os_error().map(Errno::from_raw_os_error);
        if let Some(Errno::MFILE | Errno::NFILE) = errno {
            return Error::NoDescriptors;
        }
        Error::io(format!("opening {}", dir.display()))(source)
    })
}

/// Opens the file from a thread of low priority: DuckDB's own threads, which work for queries,
/// are started here and inherit it. Nothing is written unless the file holds `n_acknowledged` events at least.
pub(crate) fn open(config: &StoreConfig, n_acknowledged: u64) -> Result<Connection, Error> {
    let opened = std::thread::scope(|scope| {
        let opening = scope.spawn(|| {
            priority::step_back();
            open_here(config, n_acknowledged)
        });
        opening.join()
    });
    opened.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn open_here(config: &StoreConfig, n_acknowledged: u64) -> Result<Connection, Error> {
    require_descriptors(&config.dir)?;
    let spill_dir = config.dir.join("tmp");
    let spill_bytes = config.spill_bytes.min(free_bytes(&config.dir) / 2);
    let threads = match config.threads {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        n => n,
    };
    let settings = Config::default()
        .with("memory_limit", format!("{}B", config.memory_bytes))?
        .with("threads", threads.to_string())?
        .with("temp_directory", spill_dir.to_string_lossy())?
        // Queries must leave room for events.
        .with("max_temp_directory_size", format!("{spill_bytes}B"))?
        // Checkpoints are ours to time: an automatic one stalls the writer for seconds.
        .with("checkpoint_threshold", "1TB")?
        // Newer encodings; a file from here needs DuckDB 1.5 or later.
        .with("storage_compatibility_version", "latest")?
        .with("autoload_known_extensions", "false")?
        .with("autoinstall_known_extensions", "false")?
        .with("allow_community_extensions", "false")?
        .with("enable_external_access", "false")?;
    let connection = Connection::open_with_flags(config.dir.join(FILE), settings)?;
    // Checkpoints are ours to make: one at the end of the connection would write over what is damaged.
    connection.execute_batch("PRAGMA disable_checkpoint_on_shutdown")?;
    let n_readable = count_events(&connection)?;
    if n_readable < n_acknowledged {
        return Err(Error::Damaged {
            file: FILE.to_owned(),
            reason: format!(
                "{n_acknowledged} events were acknowledged, and {n_readable} can be read"
            ),
        });
    }
    connection.execute_batch("SET GLOBAL TimeZone = 'UTC'")?;
    schema::migrate(&connection)?;
    // Of each connection for itself: what counts the rows that a query reads.
    connection.execute_batch(
        "SET GLOBAL allowed_configs = ['enable_profiling', 'custom_profiling_settings'];
        SET lock_configuration = true",
    )?;
    Ok(connection)
}
