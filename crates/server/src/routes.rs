//! The routes, one file a subject. Each handler extracts, calls one function and converts.

pub mod account;
pub mod dashboards;
pub mod events;
pub mod exports;
pub mod grafana;
pub mod ingest;
pub mod page;
pub mod queries;
pub mod requests;
pub mod service;
