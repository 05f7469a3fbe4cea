//! What every request handler may use.

use std::sync::Arc;

use annoscope_events::Timestamp;
use annoscope_query::Engine;
use annoscope_store::EventStore;

use super::access::Access;
use super::admission::Admission;
use crate::config::Config;
use crate::dashboards::Dashboards;
use crate::doctor::Doctor;
use crate::exports::Exports;
use crate::identity::Accounts;
use crate::ingest::Ingest;
use crate::metrics::Metrics;
use crate::readiness::Readiness;
use crate::untrusted_proxy::UntrustedProxy;
use crate::webhooks::Webhooks;

/// The parts of a running server. Cloned for every request, so each part is shared.
#[derive(Clone)]
pub struct AppState {
    /// Users and their credentials.
    pub accounts: Accounts,
    /// Which requests are let in.
    pub access: Access,
    /// The configuration, fixed at the start.
    pub config: Arc<Config>,
    /// Where events live.
    pub store: Arc<dyn EventStore>,
    /// Whether they would be stored now.
    pub readiness: Readiness,
    /// What is wrong with all of it.
    pub doctor: Doctor,
    /// What the page shows.
    pub dashboards: Dashboards,
    /// Exports, running and finished.
    pub exports: Exports,
    /// Queries, those under way and those to come.
    pub engine: Engine,
    /// The way of events to it.
    pub ingest: Ingest,
    /// What other tools tell.
    pub webhooks: Webhooks,
    /// Bounds the request bodies held in memory.
    pub admission: Admission,
    /// A proxy that the configuration should perhaps name.
    pub untrusted_proxy: UntrustedProxy,
    /// Counters of this server.
    pub metrics: Arc<Metrics>,
    /// Since when it is.
    pub started_at: Timestamp,
}
