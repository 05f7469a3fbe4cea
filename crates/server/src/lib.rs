//! The annoscope server: HTTP, identity and rights, configuration, the command line.
//!
//! It keeps no events itself: [`annoscope_store`] does; what an event is, and which
//! hours come from it, is [`annoscope_events`]'s. Only this crate knows users, status
//! codes, the environment and the clock. Start reading at [`server::run`], then
//! `http/router.rs`, where every route is on one screen.

mod audit;
mod backup;
mod backup_ledger;
#[cfg(test)]
mod borders;
mod catalogue;
mod claimed_rows;
pub mod cli;
mod clock;
pub mod config;
mod control;
mod dashboards;
mod data_quality;
mod dead_letter;
mod descriptors;
mod dir_lock;
mod doctor;
mod durable_file;
mod erase;
mod explanation;
mod exports;
mod http;
pub mod identity;
mod ingest;
mod metrics;
mod outbox;
mod process;
mod project_forecast;
mod query_rows;
mod readiness;
mod rejected_batches;
mod retention;
pub mod server;
mod sockets;
mod store;
#[cfg(test)]
mod testing;
mod untrusted_proxy;
mod webhooks;
