//! One line at a terminal that says how far something is.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crate::clock;

/// How often the line changes.
const PERIOD: Duration = Duration::from_millis(200);

/// The line, on standard error; nothing where that is no terminal.
#[derive(Default)]
pub(super) struct Line {
    shown: Option<Instant>,
}

impl Line {
    /// Shows a text, if the last one was there for a moment.
    pub(super) fn show(&mut self, text: impl FnOnce() -> String) {
        let mut terminal = std::io::stderr();
        let is_due = self.shown.is_none_or(|at| clock::since(at) >= PERIOD);
        if is_due && terminal.is_terminal() {
            self.shown = Some(clock::monotonic());
            // Back to the begin, and what is left of a longer text goes. A terminal that is gone is told nothing.
            let _ = write!(terminal, "\r{}\x1b[K", text());
            let _ = terminal.flush();
        }
    }

    /// Removes the line.
    pub(super) fn end(&self) {
        if self.shown.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// How far a number of events is, and how fast.
pub(super) struct Progress {
    total: u64,
    started: Instant,
    line: Line,
}

impl Progress {
    pub(super) fn new(total: u64) -> Progress {
        Progress {
            total,
            started: clock::monotonic(),
            line: Line::default(),
        }
    }

    /// `n_events` are done.
    pub(super) fn show(&mut self, n_events: u64) {
        let (total, rate) = (self.total, self.rate(n_events));
        self.line.show(|| {
            let percent = n_events * 100 / total.max(1);
            let left_s = (total - n_events.min(total)) / rate.max(1);
            format!("{n_events} of {total} events ({percent} %), {rate}/s, {left_s} s to go")
        });
    }

    /// A text that stays, in place of the line that changes.
    pub(super) fn line(&self, text: &str) {
        self.line.end();
        eprintln!("{text}");
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
