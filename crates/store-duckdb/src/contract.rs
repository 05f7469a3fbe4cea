//! The contract of a store, held by the embedded one.

use annoscope_store::EventStore;
use annoscope_test_support::contract::{Subject, Texts};
use annoscope_test_support::contract_tests;
use tempfile::TempDir;

use crate::DuckDbStore;
use crate::tests::config;

/// The queries of the contracts in DuckDB's SQL.
pub(crate) const TEXTS: Texts = Texts {
    events: "SELECT user_id FROM events",
    brought: "SELECT s0 FROM brought_rows()",
    endless: "SELECT a.range FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = -1",
};

struct Embedded {
    dir: TempDir,
    /// None while it is opened again: at most one is open on a directory.
    store: Option<DuckDbStore>,
}

fn empty() -> Embedded {
    let dir = tempfile::tempdir().unwrap();
    let store = DuckDbStore::open(&config(dir.path())).unwrap();
    Embedded {
        dir,
        store: Some(store),
    }
}

impl Subject for Embedded {
    fn store(&self) -> &dyn EventStore {
        self.store.as_ref().expect("it is open")
    }

    fn open_again(&mut self) {
        drop(self.store.take());
        self.store = Some(DuckDbStore::open(&config(self.dir.path())).unwrap());
    }

    fn texts(&self) -> Texts {
        TEXTS
    }
}

contract_tests!(empty);
