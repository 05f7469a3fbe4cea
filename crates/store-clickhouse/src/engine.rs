//! The real engine for tests: chDB behind ClickHouse's interface, as a process of its own.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use uuid::Uuid;

use crate::{ClickHouseConfig, Node};

/// An engine, until it is dropped.
pub(crate) struct Engine {
    process: Child,
    pub(crate) url: String,
    dir: TempDir,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn python() -> PathBuf {
    repository().join(".venv/bin/python")
}

/// Whether there is one; says so where there is none.
pub(crate) fn is_there() -> bool {
    let is_there = python().exists();
    if !is_there {
        eprintln!("skipped: there is no engine, as .venv is missing (make test makes it)");
    }
    is_there
}

/// The settings of a store whose ClickHouse is not there.
pub(crate) fn nobody() -> ClickHouseConfig {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    config(format!("http://{address}/"), Path::new("/"))
}

fn config(url: String, dir: &Path) -> ClickHouseConfig {
    ClickHouseConfig {
        urls: vec![url],
        user: "default".to_owned(),
        password: String::new(),
        database: "cvat".to_owned(),
        node: Node {
            number: 0,
            owner: Uuid::from_u128(1),
        },
        may_alter: false,
        at_least_once: false,
        timeout: Duration::from_mins(1),
        memory_bytes: 1 << 30,
        data_dir: dir.to_owned(),
    }
}

impl Engine {
    pub(crate) fn start() -> Engine {
        let dir = tempfile::tempdir().unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let mut process = Command::new(python())
            .arg(repository().join("tests/support/clickhouse_http.py"))
            .args(["--port", &port.to_string(), "--path"])
            .arg(dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // It says when it listens.
        let mut line = String::new();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        assert!(line.starts_with("ClickHouse "), "{line}");
        Engine {
            process,
            url: format!("http://127.0.0.1:{port}/"),
            dir,
        }
    }

    pub(crate) fn config(&self) -> ClickHouseConfig {
        config(self.url.clone(), self.dir.path())
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
