//! A line on the terminal that says how far a long command is.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use crate::clock;

/// How far a number of events is. Shows nothing where standard error is no terminal.
pub(super) struct Progress {
    total: u64,
    started: Instant,
    shown: Instant,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new(total: u64) -> Progress {
        let now = clock::monotonic();
        Progress {
            total,
            started: now,
            shown: now,
            is_terminal: io::stderr().is_terminal(),
        }
    }

    /// `n_events` are done.
    pub(super) fn show(&mut self, n_events: u64) {
        // Five times a second is as much as eyes can take.
        if !self.is_terminal || clock::since(self.shown) < Duration::from_millis(200) {
            return;
        }
        self.shown = clock::monotonic();
        let (rate, percent) = (self.rate(n_events), n_events * 100 / self.total.max(1));
        let left_s = (self.total - n_events.min(self.total)) / rate.max(1);
        let total = self.total;
        eprint!("\r{n_events} of {total} events ({percent} %), {rate}/s, {left_s} s to go   ");
    }

    /// A whole line in place of the one that changes.
    pub(super) fn line(&self, text: &str) {
        let line_start = if self.is_terminal { "\r\x1b[K" } else { "" };
        eprintln!("{line_start}{text}");
    }

    /// Since the begin.
    pub(super) fn seconds(&self) -> f64 {
        clock::since(self.started).as_secs_f64()
    }

    /// Events a second since the begin.
    pub(super) fn rate(&self, n_events: u64) -> u64 {
        (n_events as f64 / self.seconds().max(0.001)) as u64
    }
}
