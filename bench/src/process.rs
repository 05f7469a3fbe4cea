//! The annoscope process under test: started on free ports, stopped, killed, looked at.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::clock;

/// Longest wait for a start or a stop.
const DEADLINE: Duration = Duration::from_mins(2);

/// `annoscope serve`, running.
pub struct Server {
    child: Child,
    /// Address of the API, without a slash at the end.
    pub url: String,
    /// Address of the ingest port.
    pub ingest_url: String,
    /// From the start of the process to the first 200 of `/readyz`.
    pub ready_after: Duration,
}

/// Memory of the server and its child processes, in bytes. What several of them share counts once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// All that is resident.
    pub resident: u64,
    /// The part that is the process's own; the rest is mapped files, which the kernel can
    /// take back.
    pub anonymous: u64,
    /// The most that was ever resident.
    pub peak: u64,
}

impl Server {
    /// Starts it on a data directory, with settings beside the defaults, and waits until it is
    /// ready.
    pub async fn start(bin: &Path, data_dir: &Path, flags: &[&str]) -> Result<Server> {
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(data_dir.with_extension("log"))?;
        let started = clock::now();
        let mut child = annoscope(bin)
            .args([
                "serve",
                "--listen",
                "127.0.0.1:0",
                // Each measurement counts what it sent.
                "--audit",
                "false",
                "--ingest-listen",
                "127.0.0.1:0",
            ])
            .arg("--data-dir")
            .arg(data_dir)
            .args(flags)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("starting {}", bin.display()))?;
        let client = reqwest::Client::new();
        loop {
            if let Some(status) = child.try_wait()? {
                let log = fs::read_to_string(data_dir.with_extension("log")).unwrap_or_default();
                bail!("annoscope ended with {status}:\n{log}");
            }
            if let Some((listen, ingest_listen)) = addresses(data_dir, child.id()) {
                let ready = client.get(format!("http://{listen}/readyz")).send().await;
                if ready.is_ok_and(|answer| answer.status() == 200) {
                    return Ok(Server {
                        child,
                        url: format!("http://{listen}"),
                        ingest_url: format!("http://{ingest_listen}/"),
                        ready_after: clock::since(started),
                    });
                }
            }
            ensure!(
                clock::since(started) < DEADLINE,
                "annoscope is not ready after {DEADLINE:?}"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Asks it to end, and waits. Returns how long that took.
    pub async fn stop(mut self) -> Result<Duration> {
        let started = clock::now();
        let pid = self.child.id().to_string();
        ensure!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()?
                .success(),
            "kill failed"
        );
        loop {
            if let Some(status) = self.child.try_wait()? {
                ensure!(status.success(), "annoscope ended with {status}");
                return Ok(clock::since(started));
            }
            ensure!(clock::since(started) < DEADLINE, "annoscope does not end");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// kill -9.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// What it takes now.
    pub fn memory(&self) -> Result<Memory> {
        let mut memory = Memory::default();
        for pid in family(self.child.id())? {
            let sizes = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
            let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
            memory.resident += kilobytes(&sizes, "Pss:")? * 1024;
            memory.anonymous += kilobytes(&sizes, "Pss_Anon:")? * 1024;
            memory.peak += kilobytes(&status, "VmHWM:")? * 1024;
        }
        Ok(memory)
    }

    /// Waits until the database has taken everything that was acknowledged, and says how long that took.
    pub async fn wait_until_applied(&self) -> Result<Duration> {
        let begin = clock::now();
        loop {
            let acknowledged = self.metric("annoscope_journal_position").await?;
            if self.metric("annoscope_applied_position").await? >= acknowledged {
                return Ok(clock::since(begin));
            }
            ensure!(
                clock::since(begin) < DEADLINE,
                "the database is still behind"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The sum of a metric over its labels.
    pub async fn metric(&self, name: &str) -> Result<u64> {
        let [sum] = self.metrics([name]).await?;
        Ok(sum)
    }

    /// The sums of metrics over their labels, at one moment.
    pub async fn metrics<const N: usize>(&self, names: [&str; N]) -> Result<[u64; N]> {
        let text = reqwest::get(format!("{}/metrics", self.url))
            .await?
            .text()
            .await?;
        let mut sums = [0; N];
        for (sum, name) in sums.iter_mut().zip(names) {
            *sum = sum_of(&text, name)?;
        }
        Ok(sums)
    }
}

/// A process and all below it.
fn family(pid: u32) -> Result<Vec<u32>> {
    let mut pids = vec![pid];
    let mut at = 0;
    while let Some(pid) = pids.get(at).copied() {
        at += 1;
        for task in fs::read_dir(format!("/proc/{pid}/task"))? {
            let children = fs::read_to_string(task?.path().join("children"))?;
            for child in children.split_whitespace() {
                pids.push(child.parse()?);
            }
        }
    }
    Ok(pids)
}

fn kilobytes(text: &str, name: &str) -> Result<u64> {
    let line = text.lines().find(|line| line.starts_with(name));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(number.with_context(|| format!("no line {name}"))?.parse()?)
}

/// The sum of a metric over its labels, in what `/metrics` answers.
fn sum_of(text: &str, name: &str) -> Result<u64> {
    let mut found = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((key, value)) = line.rsplit_once(' ') else {
            continue;
        };
        if key.split('{').next() == Some(name) {
            *found.get_or_insert(0.0) += value.parse::<f64>()?;
        }
    }
    Ok(found.with_context(|| format!("/metrics has no {name}"))? as u64)
}

/// No process may outlive a benchmark that failed.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The addresses that the process has written into its lock file.
fn addresses(data_dir: &Path, pid: u32) -> Option<(String, String)> {
    let text = fs::read(data_dir.join("annoscope.lock")).ok()?;
    let lock: serde_json::Value = serde_json::from_slice(&text).ok()?;
    // The file of an earlier process stays after a kill.
    if lock["pid"].as_u64()? != u64::from(pid) {
        return None;
    }
    Some((
        lock["listen"].as_str()?.to_owned(),
        lock["ingest_listen"].as_str()?.to_owned(),
    ))
}

/// Makes an administrator with the command line. Returns the token.
pub fn add_admin(bin: &Path, data_dir: &Path) -> Result<String> {
    fs::create_dir_all(data_dir)?;
    let mut child = annoscope(bin)
        .args([
            "user",
            "add",
            "bench",
            "--email",
            "bench@example.com",
            "--privilege",
            "admin",
        ])
        .arg("--password-stdin")
        .arg("--data-dir")
        .arg(data_dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut stdin = child.stdin.take().context("stdin was asked for")?;
    stdin.write_all(b"a password for the benchmark\n")?;
    drop(stdin);
    ensure!(child.wait()?.success(), "annoscope user add failed");
    let output = annoscope(bin)
        .args(["user", "token", "bench", "--data-dir"])
        .arg(data_dir)
        .output()?;
    ensure!(output.status.success(), "annoscope user token failed");
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The program, with its own defaults: what names it for the benchmarks is no setting of it.
pub fn annoscope(bin: &Path) -> Command {
    let mut command = Command::new(bin);
    command
        .env_remove("ANNOSCOPE_BIN")
        .env_remove("ANNOSCOPE_CACHE");
    command
}

/// Bytes on disk of all files in a directory, by their names; subdirectories as one.
pub fn sizes(dir: &Path) -> Result<Vec<(PathBuf, u64)>> {
    let mut sizes = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let bytes = if entry.file_type()?.is_dir() {
            sizes_sum(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
        sizes.push((entry.path(), bytes));
    }
    Ok(sizes)
}

fn sizes_sum(dir: &Path) -> Result<u64> {
    Ok(sizes(dir)?.iter().map(|(_, bytes)| bytes).sum())
}
