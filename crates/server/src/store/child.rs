//! The database's process: how the server starts it, and what it does.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use annoscope_store_duckdb::{DuckDbStore, StoreConfig};
use annoscope_store_process::{ChildProcess, Process, ServeError, Spawn, settle_in};
use command_fds::CommandFdExt;
use serde::{Deserialize, Serialize};

use crate::config::LogConfig;
use crate::process;

/// What the process may map beside the memory that is watched, bytes: most of what the allocator and the
/// stacks of threads reserve is never touched. Measured: 1.6 to 1.9 GB mapped with 0.2 to 0.5 GB in use; with 2 GiB a
/// thread found no room for its stack among 1,000 hostile queries.
const UNTOUCHED_BYTES: u64 = 5 << 29;

/// For how long the process keeps memory that it has freed, ms; the allocator's own second keeps what a whole group of
/// rows took. The allocator reads it from the environment before anything else runs.
const PURGE_DELAY_MS: &str = "10";

/// What the process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    dir: PathBuf,
    memory_bytes: u64,
    spill_bytes: u64,
    threads: usize,
    max_queries: usize,
    wal_checkpoint_bytes: u64,
    min_free_bytes: u64,
    process_memory_bytes: u64,
    /// How it logs.
    pub log: LogConfig,
}

impl Settings {
    /// Those of a store, and how its process logs.
    pub(super) fn new(config: StoreConfig, log: LogConfig) -> Settings {
        let StoreConfig {
            dir,
            memory_bytes,
            spill_bytes,
            threads,
            max_queries,
            wal_checkpoint_bytes,
            min_free_bytes,
            process_memory_bytes,
            last_resort: _,
        } = config;
        Settings {
            dir,
            memory_bytes,
            spill_bytes,
            threads,
            max_queries,
            wal_checkpoint_bytes,
            min_free_bytes,
            process_memory_bytes,
            log,
        }
    }

    fn config(self) -> StoreConfig {
        StoreConfig {
            dir: self.dir,
            memory_bytes: self.memory_bytes,
            spill_bytes: self.spill_bytes,
            threads: self.threads,
            max_queries: self.max_queries,
            wal_checkpoint_bytes: self.wal_checkpoint_bytes,
            min_free_bytes: self.min_free_bytes,
            process_memory_bytes: self.process_memory_bytes,
            last_resort: process::end,
        }
    }
}

/// Starts this program as the database's process. `lock` is a descriptor of the data directory's lock:
/// that is released when the database's process has ended, too.
pub(super) fn spawn(settings: &Settings, lock: OwnedFd) -> Box<Spawn> {
    let settings = serde_json::to_string(settings).expect("paths come from texts");
    Box::new(move |door| {
        let mut arguments = std::env::args_os();
        let mut command = Command::new(program()?);
        command.arg0(arguments.next().unwrap_or_default());
        command.arg("store").arg(&settings);
        command.stdin(Stdio::from(door)).stdout(Stdio::null());
        command.env("MIMALLOC_PURGE_DELAY", PURGE_DELAY_MS);
        command.preserved_fds(vec![lock.try_clone()?]);
        let child = ChildProcess::from(command.spawn()?);
        Ok(Box::new(child) as Box<dyn Process>)
    })
}

/// On Linux this program also where its file has been replaced by that of a newer version meanwhile.
fn program() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        Ok("/proc/self/exe".into())
    } else {
        std::env::current_exe()
    }
}

/// Serves the database on standard input until the server closes that.
pub fn serve(settings: Settings) -> Result<(), ServeError> {
    // A quarter beyond the limit the watch ends the process.
    settle_in(settings.process_memory_bytes / 4 * 5 + UNTOUCHED_BYTES);
    let door = io::stdin().as_fd().try_clone_to_owned();
    let door = door.map_err(|source| ServeError::Io {
        doing: "taking over standard input",
        source,
    })?;
    annoscope_store_process::serve(door, || DuckDbStore::open(&settings.config()))
}
