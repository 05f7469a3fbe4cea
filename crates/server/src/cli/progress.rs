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
