//! The annoscope server: HTTP, identity and rights, configuration, the command line.
//!
//! It keeps no events itself: [`annoscope_store`] does; what an event is, and which
//! hours come from it, is [`annoscope_events`]'s. Only this crate knows users, status
//! codes, the environment and the clock. Start reading at [`server::run`], then
//! `router.rs`, where every route is on one screen.

mod admission;
mod audit;
mod body;
mod claimed_rows;
pub mod cli;
mod client;
mod clock;
pub mod config;
mod connections;
mod content_encoding;
mod dashboards;
mod dead_letter;
mod description;
mod descriptors;
mod dir_lock;
mod error;
mod exports;
mod headers;
pub mod identity;
mod ingest;
mod listener;
mod media_type;
mod metrics;
mod path;
mod queries;
mod readiness;
mod request_id;
mod router;
mod routes;
pub mod server;
mod state;
mod store;
pub mod supervisor;
#[cfg(test)]
mod testing;
mod tls;
