//! Results that are cached, so that a dashboard that asks again computes new time only.
//!
//! ```text
//! query ─ cached rows? ─┬─ no ──────────────────────── the whole query, cached while it passes
//!                       └─ yes ─ slices that are new or changed ─ together with the cached rows
//! ```
//!
//! All results share the bytes of one [`cache`]; what is cached of a query, and what is asked anew, depends
//! on how it divides: rows [by time](by_time), the [newest] rows, or groups in [parts] of the time.
//! [`annoscope_store::Changes`] says which times an append has changed since, however late its events are.

mod buckets;
pub(crate) mod by_time;
pub(crate) mod cache;
mod merge;
pub(crate) mod newest;
pub(crate) mod parts;
