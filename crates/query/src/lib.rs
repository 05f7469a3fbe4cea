//! Queries: from a text to rows that go out while they are found.
//!
//! ```text
//! request ─ prepare (annoscope_sql) ─ a slot ─ EventStore::query ─ Run ─ Answer (JSON, CSV, Arrow)
//!                                                                    └── a frame (Grafana)
//! ```
//!
//! **Invariant:** memory is bounded: one batch of rows an answer, and what the store has ahead.
//! Only Grafana's frames are gathered whole, within the bytes that their caller allows.
//!
//! **Invariant:** what a query occupies is free again soon after its [`Run`] is dropped, also while
//! it waits for its first row (`test_query.py`).
//!
//! Knows neither HTTP nor accounts: [`Access`] says which rows there are, [`QueryMetrics`] counts.
//! Start reading at [`Engine::start`].

mod answer;
mod engine;
mod error;
mod execution;
mod explain;
mod frame;
mod incremental;
mod json_types;
mod metrics;
mod registry;
mod relation;
mod request;
mod result_cache;
mod run;
mod slots;
mod statement;

pub use answer::{Answer, CutOff};
pub use engine::{Engine, EngineConfig};
pub use error::QueryError;
pub use metrics::{QueryMetrics, QueryOutcome};
pub use registry::RunningQuery;
pub use relation::{RowFilter, columns};
pub use request::{Access, QueryRequest};
pub use run::Run;

#[cfg(test)]
mod tests;
