//! Every metric of the server, by name, in Prometheus's text format.
//!
//! Received events add up: received = stored + deduplicated + dead-lettered + dropped + refused with an
//! error (`tests/service/test_service.py` does the sum). Mended ones are stored.

mod collector;
mod labels;
mod text_format;

use std::sync::Arc;
use std::time::Duration;

use crate::exports::Exports;
use annoscope_events::{Mend, Timestamp};
use annoscope_query::{QueryMetrics, QueryOutcome};
use annoscope_store::EventStore;
use annoscope_webhooks::Tool;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use collector::PartsCollector;
use labels::{ByDelivery, ByEnd, ByEndpoint, ByField, ByMend, ByOutcome, ByPort, Request};

pub use labels::{Closed, DeliveryOutcome, Endpoint, PortName};
pub use text_format::TextFormat;

/// Bounds of durations, in seconds.
const DURATIONS_S: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// The counters, shared by all requests.
pub struct Metrics {
    registry: Registry,
    dedup_window: Duration,
    received: Family<ByEndpoint, Counter>,
    deduplicated: Family<ByEndpoint, Counter>,
    older_than_dedup_window: Family<ByEndpoint, Counter>,
    mended: Family<ByMend, Counter>,
    dead_lettered: Family<ByField, Counter>,
    event_ids_used_twice: Counter,
    dropped: Family<ByEndpoint, Counter>,
    webhook_deliveries: Family<ByDelivery, Counter>,
    claimed_rows: Gauge,
    retention_deleted: Counter,
    retention_last_run: Gauge,
    dead_letter_failures: Counter,
    connections_open: Family<ByPort, Gauge>,
    connections_closed: Family<ByEnd, Counter>,
    forwarded_by_untrusted: Counter,
    http_requests: Family<Request, Counter>,
    http_request_duration: Histogram,
    queries_started: Counter,
    query_rows_sent: Counter,
    /// Its `_count` is the number of queries that ended so.
    query_duration: Family<ByOutcome, Histogram>,
}

impl Metrics {
    /// Metrics of a server over `store` and its exports. `dedup_window` is how long
    /// duplicates are recognized.
    pub fn new(store: Arc<dyn EventStore>, exports: Exports, dedup_window: Duration) -> Metrics {
        let mut registry = Registry::with_prefix("annoscope");
        registry.register_collector(Box::new(PartsCollector { store, exports }));
        let mut metrics = Metrics {
            registry,
            dedup_window,
            received: Family::default(),
            deduplicated: Family::default(),
            older_than_dedup_window: Family::default(),
            mended: Family::default(),
            dead_lettered: Family::default(),
            event_ids_used_twice: Counter::default(),
            dropped: Family::default(),
            webhook_deliveries: Family::default(),
            claimed_rows: Gauge::default(),
            retention_deleted: Counter::default(),
            retention_last_run: Gauge::default(),
            dead_letter_failures: Counter::default(),
            connections_open: Family::default(),
            connections_closed: Family::default(),
            forwarded_by_untrusted: Counter::default(),
            http_requests: Family::default(),
            http_request_duration: Histogram::new(DURATIONS_S),
            queries_started: Counter::default(),
            query_rows_sent: Counter::default(),
            query_duration: Family::new_with_constructor(|| Histogram::new(DURATIONS_S)),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register(
            "events_received",
            "Events in well-formed requests",
            self.received.clone(),
        );
        registry.register(
            "events_deduplicated",
            "Events that were stored before and are not stored again",
            self.deduplicated.clone(),
        );
        registry.register(
            "events_older_than_dedup_window",
            "Events older at receipt than the dedup window: a duplicate of them would be stored again",
            self.older_than_dedup_window.clone(),
        );
        registry.register(
            "events_mended",
            "Events that were stored in another form than they were sent in, by kind",
            self.mended.clone(),
        );
        registry.register(
            "events_dead_lettered",
            "Events that could not be stored and are in the dead-letter file, by the field that is wrong",
            self.dead_lettered.clone(),
        );
        registry.register(
            "event_ids_used_twice",
            "Events in the dead-letter file since another event of their sender has their event_id",
            self.event_ids_used_twice.clone(),
        );
        registry.register(
            "events_dropped",
            "Events of clients that could not be stored, for which the dead-letter file had no room",
            self.dropped.clone(),
        );
        registry.register(
            "webhook_deliveries",
            "Deliveries of other tools' webhooks, by the kind of tool and what became of them",
            self.webhook_deliveries.clone(),
        );
        registry.register(
            "store_claimed_working_time_rows",
            "Stored rows at the start with hours that nobody counted, from before these were renamed",
            self.claimed_rows.clone(),
        );
        registry.register(
            "retention_deleted_events",
            "Events that were removed since they were too old or too many",
            self.retention_deleted.clone(),
        );
        registry.register(
            "retention_last_run_timestamp_seconds",
            "When old events were last removed, seconds since the epoch; 0 for not since the start",
            self.retention_last_run.clone(),
        );
        registry.register(
            "dead_letter_failures",
            "Requests refused because the dead-letter file was full or broken",
            self.dead_letter_failures.clone(),
        );
        registry.register(
            "connections_open",
            "Open connections",
            self.connections_open.clone(),
        );
        registry.register(
            "connections_closed",
            "Connections that the server closed or refused, by the reason",
            self.connections_closed.clone(),
        );
        registry.register(
            "forwarded_by_untrusted_proxy",
            "Requests with X-Forwarded-For from addresses that proxy.trusted does not name",
            self.forwarded_by_untrusted.clone(),
        );
        registry.register(
            "http_requests",
            "Requests that were answered, by method, route and status",
            self.http_requests.clone(),
        );
        registry.register(
            "http_request_duration_seconds",
            "Time from a request's head to its answer's head",
            self.http_request_duration.clone(),
        );
        registry.register(
            "queries_started",
            "Queries that came in",
            self.queries_started.clone(),
        );
        registry.register(
            "query_rows_sent",
            "Rows that queries gave",
            self.query_rows_sent.clone(),
        );
        registry.register(
            "query_duration_seconds",
            "Time from a query's arrival to its end, by how it ended",
            self.query_duration.clone(),
        );
    }

    /// A delivery of a webhook was answered.
    pub fn webhook_delivery(&self, tool: Tool, outcome: DeliveryOutcome) {
        let kind = tool.name();
        self.webhook_deliveries
            .get_or_create(&ByDelivery { kind, outcome })
            .inc();
    }

    /// A request with `n_events` events was parsed.
    pub fn received(&self, endpoint: Endpoint, n_events: usize) {
        self.received
            .get_or_create(&ByEndpoint { endpoint })
            .inc_by(n_events as u64);
    }

    /// Which events of a request were stored before.
    pub fn deduplicated(&self, endpoint: Endpoint, duplicates: &[bool]) {
        let n_duplicates = duplicates.iter().filter(|&&is| is).count();
        self.deduplicated
            .get_or_create(&ByEndpoint { endpoint })
            .inc_by(n_duplicates as u64);
    }

    /// Counts events that happened so long ago that an earlier receipt of them may have left
    /// the dedup window.
    pub fn older_than_dedup_window(
        &self,
        endpoint: Endpoint,
        timestamps: impl Iterator<Item = Timestamp>,
        received_at: Timestamp,
    ) {
        let oldest_ms = received_at
            .millis()
            .saturating_sub(self.dedup_window.as_millis() as i64);
        let n_older = timestamps
            .filter(|timestamp| timestamp.millis() < oldest_ms)
            .count();
        self.older_than_dedup_window
            .get_or_create(&ByEndpoint { endpoint })
            .inc_by(n_older as u64);
    }

    /// Events were changed before they were stored.
    pub fn mended(&self, endpoint: Endpoint, mends: impl IntoIterator<Item = (Mend, u64)>) {
        for (mend, n_events) in mends {
            let kind = mend.name();
            self.mended
                .get_or_create(&ByMend { endpoint, kind })
                .inc_by(n_events);
        }
    }

    /// Events went to the dead-letter file: the field that is wrong of each.
    pub fn dead_lettered(&self, endpoint: Endpoint, fields: &[String]) {
        for field in fields {
            let field = field.clone();
            self.dead_lettered
                .get_or_create(&ByField { endpoint, field })
                .inc();
        }
    }

    /// Events came with ids of other events.
    pub fn event_ids_used_twice(&self, n_events: usize) {
        self.event_ids_used_twice.inc_by(n_events as u64);
    }

    /// How many rows with claimed hours were stored at the start.
    pub fn claimed_rows(&self, n_rows: i64) {
        self.claimed_rows.set(n_rows);
    }

    /// Events found no room in the dead-letter file.
    pub fn dropped(&self, endpoint: Endpoint, n_events: usize) {
        self.dropped
            .get_or_create(&ByEndpoint { endpoint })
            .inc_by(n_events as u64);
    }

    /// Old events were removed.
    pub fn retention_ran(&self, n_removed: u64, at: Timestamp) {
        self.retention_deleted.inc_by(n_removed);
        self.retention_last_run.set(at.millis() / 1000);
    }

    /// The dead-letter file could not take a request's events.
    pub fn dead_letter_failed(&self) {
        self.dead_letter_failures.inc();
    }

    /// The number of open connections of a port, to be kept true by its owner.
    pub fn open_connections(&self, port: PortName) -> Gauge {
        self.connections_open
            .get_or_create(&ByPort { port })
            .clone()
    }

    /// The server closed a connection.
    pub fn connection_closed(&self, port: PortName, reason: Closed) {
        let end = ByEnd { port, reason };
        self.connections_closed.get_or_create(&end).inc();
    }

    /// A request came with `X-Forwarded-For` from an address that is not trusted.
    pub fn forwarded_by_untrusted(&self) {
        self.forwarded_by_untrusted.inc();
    }

    /// A request was answered.
    pub fn http_request(&self, method: String, route: String, status: u16, took: Duration) {
        self.http_requests
            .get_or_create(&Request {
                method,
                route,
                status,
            })
            .inc();
        self.http_request_duration.observe(took.as_secs_f64());
    }

    /// All metrics as text. Blocks while the store is asked what it holds.
    pub fn encode(&self, format: TextFormat) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(format.write(text))
    }
}

impl QueryMetrics for Metrics {
    fn query_started(&self) {
        self.queries_started.inc();
    }

    fn query_rows_sent(&self, n_rows: u64) {
        self.query_rows_sent.inc_by(n_rows);
    }

    fn query_ended(&self, outcome: QueryOutcome, took: Duration) {
        let outcome = outcome.as_str();
        self.query_duration
            .get_or_create(&ByOutcome { outcome })
            .observe(took.as_secs_f64());
    }
}
