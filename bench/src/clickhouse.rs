//! The peer: a real ClickHouse engine (chDB) with CVAT's table, behind HTTP.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use annoscope_events::{EVENT_COLUMNS, StoredEvent, server_event_json};
use anyhow::{Context, Result, ensure};
use bytes::Bytes;

/// CVAT's table (contract.md, "The event record").
const CREATE_TABLE: &str = "CREATE TABLE cvat.events (
    scope String NOT NULL, obj_name String NULL, obj_id UInt64 NULL, obj_val String NULL,
    source String NOT NULL, timestamp DateTime64(3, 'Etc/UTC') NOT NULL, count UInt16 NULL,
    duration UInt32 DEFAULT toUInt32(0), project_id UInt64 NULL, task_id UInt64 NULL,
    job_id UInt64 NULL, user_id UInt64 NULL, user_name String NULL, user_email String NULL,
    org_id UInt64 NULL, org_slug String NULL, payload String NULL
) ENGINE = MergeTree PARTITION BY toYYYYMM(timestamp) ORDER BY (timestamp)
SETTINGS index_granularity = 8192";

/// The engine, running.
pub struct ClickHouse {
    child: Child,
    url: String,
    client: reqwest::Client,
    /// What it calls itself.
    pub version: String,
}

impl ClickHouse {
    /// Starts it with an empty table.
    pub async fn start(python: &Path, script: &Path, dir: &Path) -> Result<ClickHouse> {
        let port = {
            // Free now, and hardly taken by another within the second.
            std::net::TcpListener::bind("127.0.0.1:0")?
                .local_addr()?
                .port()
        };
        let mut child = Command::new(python)
            .arg(script)
            .args(["--port", &port.to_string(), "--path"])
            .arg(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {} {}", python.display(), script.display()))?;
        let stdout = child.stdout.take().context("stdout was asked for")?;
        // It says `ClickHouse VERSION on http://…` when it listens.
        let mut greeting = String::new();
        BufReader::new(stdout).read_line(&mut greeting)?;
        let version = greeting.split_whitespace().nth(1).unwrap_or("?").to_owned();
        let clickhouse = ClickHouse {
            child,
            url: format!("http://127.0.0.1:{port}/"),
            client: reqwest::Client::new(),
            version,
        };
        clickhouse.run("CREATE DATABASE IF NOT EXISTS cvat").await?;
        clickhouse.run(CREATE_TABLE).await?;
        Ok(clickhouse)
    }

    /// Runs a statement and returns its answer as text.
    pub async fn run(&self, sql: &str) -> Result<String> {
        let answer = self
            .client
            .post(&self.url)
            .body(sql.to_owned())
            .send()
            .await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "ClickHouse: {status}: {text}");
        Ok(text)
    }

    /// Inserts rows as Vector's sink does.
    pub async fn insert(&self, rows: Bytes) -> Result<()> {
        let columns = EVENT_COLUMNS.join(", ");
        let query = format!("INSERT INTO cvat.events ({columns}) FORMAT JSONEachRow");
        let request = self
            .client
            .post(&self.url)
            .query(&[("query", query)])
            .body(rows);
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "ClickHouse: {status}: {text}");
        Ok(())
    }

    /// Number of rows.
    pub async fn count(&self) -> Result<u64> {
        Ok(self
            .run("SELECT count() FROM cvat.events")
            .await?
            .trim()
            .parse()?)
    }

    /// Bytes on disk, merged into as few parts as there can be.
    pub async fn bytes_on_disk(&self) -> Result<u64> {
        self.run("OPTIMIZE TABLE cvat.events FINAL").await?;
        let sql = "SELECT sum(bytes_on_disk) FROM system.parts \
            WHERE active AND database = 'cvat' AND table = 'events'";
        Ok(self.run(sql).await?.trim().parse()?)
    }
}

impl Drop for ClickHouse {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Rows as Vector's sink writes them: the 17 fields, one JSON object a line.
pub fn json_each_row(events: impl Iterator<Item = StoredEvent>) -> (Vec<u8>, usize) {
    let mut rows = Vec::new();
    let mut n_rows = 0;
    for stored in events {
        // Counted intervals are annoscope's own.
        server_event_json(
            &StoredEvent {
                intervals: Vec::new(),
                ..stored
            },
            &mut rows,
        );
        rows.push(b'\n');
        n_rows += 1;
    }
    (rows, n_rows)
}
