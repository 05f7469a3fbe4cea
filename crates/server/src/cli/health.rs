//! `annoscope health`: whether the server on a data directory stores events, for the checks of containers and service
//! managers, which have no HTTP client.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Client, StatusCode};

use super::CliError;
use crate::config::Config;
use crate::dir_lock::{DirLock, LockError};

/// A server that says nothing for so long is not healthy. Longer than `/readyz` takes to say no.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Why the server is not healthy.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// The lock of the data directory cannot be read.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Nothing runs.
    #[error("no server runs on {}", dir.display())]
    NoServer {
        /// The data directory.
        dir: PathBuf,
    },
    /// The server has no port yet.
    #[error("the server on {} is still starting", dir.display())]
    Starting {
        /// The data directory.
        dir: PathBuf,
    },
    /// The connection failed.
    #[error("{url} does not answer: {source}")]
    Unreachable {
        /// The address.
        url: String,
        /// What it failed with.
        source: reqwest::Error,
    },
    /// The server refuses events.
    #[error("not ready: {answer}")]
    NotReady {
        /// What it says.
        answer: String,
    },
    /// Nothing can be sent from here.
    #[error("cannot ask the server")]
    Runtime(#[source] io::Error),
}

/// Prints what `/readyz` says, and fails unless that is yes.
pub(super) fn run(config: &Config, out: &mut dyn Write) -> Result<(), CliError> {
    let dir = || config.data_dir.clone();
    let holder = DirLock::holder(&config.data_dir).map_err(HealthError::Lock)?;
    let holder = holder.ok_or_else(|| HealthError::NoServer { dir: dir() })?;
    let address = holder.api_address();
    let address = address.ok_or_else(|| HealthError::Starting { dir: dir() })?;
    let scheme = if config.tls.is_on() { "https" } else { "http" };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(HealthError::Runtime)?;
    let answer = runtime.block_on(ask(&format!("{scheme}://{address}/readyz")))?;
    writeln!(out, "{answer}")?;
    Ok(())
}

async fn ask(url: &str) -> Result<String, HealthError> {
    let unreachable = |source: reqwest::Error| HealthError::Unreachable {
        url: url.to_owned(),
        source: source.without_url(),
    };
    let client = Client::builder()
        .no_proxy() // it is this machine
        // Its certificate is for another name than this address, and the lock says whose server it is.
        .danger_accept_invalid_certs(true)
        .timeout(TIMEOUT)
        .build()
        .map_err(unreachable)?;
    let response = client.get(url).send().await.map_err(unreachable)?;
    let status = response.status();
    let answer = response.text().await.map_err(unreachable)?;
    let answer = answer.trim().to_owned();
    if status == StatusCode::OK {
        Ok(answer)
    } else {
        Err(HealthError::NotReady { answer })
    }
}
