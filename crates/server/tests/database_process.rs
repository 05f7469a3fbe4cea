//! The contract of a database behind a journal, across the border of its process: the program that is
//! shipped.

use std::path::Path;
use std::process::{Command, Stdio};

use annoscope_store::{Backend, StoreError};
use annoscope_store_process::{ChildProcess, Process, ProcessBackend};
use annoscope_test_support::backend_contract::BackendSubject;
use annoscope_test_support::backend_contract_tests;
use annoscope_test_support::contract::Texts;
use serde_json::json;
use tempfile::TempDir;

struct Across {
    dir: TempDir,
    backend: ProcessBackend,
}

fn empty() -> Across {
    let dir = tempfile::tempdir().unwrap();
    let backend = start(dir.path()).unwrap();
    Across { dir, backend }
}

fn start(dir: &Path) -> Result<ProcessBackend, StoreError> {
    let settings = json!({
        "dir": dir,
        "memory_bytes": 256 << 20,
        "spill_bytes": 1 << 30,
        "threads": 2,
        "max_queries": 2,
        "wal_checkpoint_bytes": 1 << 20,
        "min_free_bytes": 0,
        "process_memory_bytes": 1 << 30,
        "log": {"level": "warn", "format": "text"},
    });
    ProcessBackend::start(Box::new(move |door| {
        let child = Command::new(env!("CARGO_BIN_EXE_annoscope"))
            .args(["store", &settings.to_string()])
            .stdin(Stdio::from(door))
            .stdout(Stdio::null())
            .spawn()?;
        Ok(Box::new(ChildProcess::from(child)) as Box<dyn Process>)
    }))
}

impl BackendSubject for Across {
    fn backend(&self) -> &dyn Backend {
        &self.backend
    }

    fn open_again(&mut self) {
        // One database is open on a directory.
        self.backend.close();
        self.backend = start(self.dir.path()).unwrap();
    }

    fn texts(&self) -> Texts {
        Texts {
            events: "SELECT user_id FROM events",
            brought: "SELECT s0 FROM brought_rows()",
            endless: "SELECT a.range FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = -1",
        }
    }
}

backend_contract_tests!(empty);

#[test]
fn a_database_that_does_not_open_is_an_error_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("events.duckdb"), b"no database").unwrap();
    let error = start(dir.path()).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("events.duckdb"), "{error}");
}
