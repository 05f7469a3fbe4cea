//! Log lines, on standard error.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat};

/// Begins to log. Once a process.
pub(super) fn start(config: &LogConfig) {
    // The level was checked when the configuration was read.
    let filter = EnvFilter::builder().parse_lossy(&config.level);
    let lines = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A line that cannot be written (the disk of the log is full, its reader is gone) is
        // lost. Reporting that to standard error, the default, would panic in the request.
        .log_internal_errors(false);
    let started = match config.format {
        LogFormat::Text => {
            use std::io::IsTerminal;
            lines
                .with_ansi(std::io::stderr().is_terminal())
                .finish()
                .try_init()
        }
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    };
    // A program that embeds the crate and logs already keeps its own way.
    drop(started);
}
