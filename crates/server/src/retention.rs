//! How long events are kept: what is too old or too much goes, by class and month.
//!
//! - `plan.rs`: what is to go, by the settings and what there is.
//! - `run.rs`: removes it, month by month, and gives its room back.
//!
//! Rows are removed between two groups of events that are stored, and each step waits until the database has caught
//! up with the journal. A run that is killed leaves whole months, and the next one goes on.
//!
//! **Invariant:** what `--dry-run` shows is what a run removes, and no more of a class than its setting says
//! (`tests/keeping/test_retention.py`).

mod plan;
mod run;

pub use run::{Outcome, Retention, RetentionError};
