//! Every metric of the server, by name, in Prometheus's text format.
//!
//! Received events add up: received = stored + repeated + dead-lettered + dropped + refused with an
//! error (`tests/service/test_service.py` does the sum). Mended ones are stored.

mod text_format;

use std::sync::Arc;
use std::time::Duration;

use crate::exports::Exports;
use annoscope_events::{Mend, Timestamp};
use annoscope_store::{EventStore, Reading};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeLabelValue, EncodeMetric, LabelValueEncoder,
};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::fmt::Write;

pub use text_format::TextFormat;

/// Bounds of answer times, in seconds.
const ANSWER_SECONDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];

/// Where events come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Door {
    /// `POST /api/events`.
    Client,
    /// The ingest port.
    Ingest,
}

impl EncodeLabelValue for Door {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        encoder.write_str(match self {
            Door::Client => "client",
            Door::Ingest => "ingest",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByDoor {
    door: Door,
}

/// An event that was stored in another form than it was sent in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByMend {
    door: Door,
    kind: &'static str,
}

/// An event that could not be stored, by the first field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByField {
    door: Door,
    field: String,
}

/// Which of the two ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortName {
    /// Of the API and the page.
    Main,
    /// Of the servers.
    Ingest,
}

impl EncodeLabelValue for PortName {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        encoder.write_str(match self {
            PortName::Main => "main",
            PortName::Ingest => "ingest",
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByPort {
    port: PortName,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByEnd {
    port: PortName,
    reason: Closed,
}

/// Why a connection was closed by us, in metrics and logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Closed {
    /// The head of a request did not come in time.
    HeadTimeout,
    /// No further request came in time.
    IdleTimeout,
    /// The client took nothing of its answer in time.
    WriteTimeout,
    /// It held no request, and another client needed its place.
    Displaced,
    /// All places were taken by connections with requests.
    Refused,
}

impl Closed {
    fn as_str(self) -> &'static str {
        match self {
            Closed::HeadTimeout => "head_timeout",
            Closed::IdleTimeout => "idle_timeout",
            Closed::WriteTimeout => "write_timeout",
            Closed::Displaced => "displaced",
            Closed::Refused => "refused",
        }
    }
}

impl EncodeLabelValue for Closed {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        encoder.write_str(self.as_str())
    }
}

/// How a query ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueryOutcome {
    /// With its last row, or the last one that its limit allowed.
    Finished,
    /// Before it ran: the request or the query was wrong.
    Refused,
    /// At its time limit.
    TimedOut,
    /// At the limit of memory.
    OutOfMemory,
    /// While it ran: a division by zero, a text that is no number.
    Failed,
    /// By `DELETE /api/queries/{id}`.
    Cancelled,
    /// Its client went away.
    Abandoned,
    /// The server had no place for it, or failed.
    Unavailable,
}

impl QueryOutcome {
    /// The word in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            QueryOutcome::Finished => "finished",
            QueryOutcome::Refused => "refused",
            QueryOutcome::TimedOut => "timed_out",
            QueryOutcome::OutOfMemory => "out_of_memory",
            QueryOutcome::Failed => "failed",
            QueryOutcome::Cancelled => "cancelled",
            QueryOutcome::Abandoned => "abandoned",
            QueryOutcome::Unavailable => "unavailable",
        }
    }
}

impl EncodeLabelValue for QueryOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        encoder.write_str(self.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOutcome {
    outcome: QueryOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    method: String,
    route: String,
    status: u16,
}

/// The counters, shared by all requests.
pub struct Metrics {
    registry: Registry,
    window: Duration,
    received: Family<ByDoor, Counter>,
    repeated: Family<ByDoor, Counter>,
    older_than_window: Family<ByDoor, Counter>,
    mended: Family<ByMend, Counter>,
    dead_lettered: Family<ByField, Counter>,
    dropped: Family<ByDoor, Counter>,
    claimed_rows: Gauge,
    dead_letter_failures: Counter,
    connections_open: Family<ByPort, Gauge>,
    connections_closed: Family<ByEnd, Counter>,
    forwarded_by_unnamed: Counter,
    answers: Family<Answer, Counter>,
    answer_seconds: Histogram,
    queries_started: Counter,
    query_rows_sent: Counter,
    /// Its `_count` is the number of queries that ended so.
    query_seconds: Family<ByOutcome, Histogram>,
}

impl Metrics {
    /// Metrics of a server over `store` and its exports. `window` is how long repeats are
    /// recognized.
    pub fn new(store: Arc<dyn EventStore>, exports: Exports, window: Duration) -> Metrics {
        let mut registry = Registry::with_prefix("annoscope");
        registry.register_collector(Box::new(PartsCollector { store, exports }));
        let mut metrics = Metrics {
            registry,
            window,
            received: Family::default(),
            repeated: Family::default(),
            older_than_window: Family::default(),
            mended: Family::default(),
            dead_lettered: Family::default(),
            dropped: Family::default(),
            claimed_rows: Gauge::default(),
            dead_letter_failures: Counter::default(),
            connections_open: Family::default(),
            connections_closed: Family::default(),
            forwarded_by_unnamed: Counter::default(),
            answers: Family::default(),
            answer_seconds: Histogram::new(ANSWER_SECONDS),
            queries_started: Counter::default(),
            query_rows_sent: Counter::default(),
            query_seconds: Family::new_with_constructor(|| Histogram::new(ANSWER_SECONDS)),
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
            "events_repeated",
            "Events that were stored before and are not stored again",
            self.repeated.clone(),
        );
        registry.register(
            "events_older_than_window",
            "Events older at receipt than the window of recent events: a repeat of them would be stored again",
            self.older_than_window.clone(),
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
            "events_dropped",
            "Events of clients that could not be stored, for which the dead-letter file had no room",
            self.dropped.clone(),
        );
        registry.register(
            "store_claimed_working_time_rows",
            "Stored rows at the start with hours that nobody counted, from before these were renamed",
            self.claimed_rows.clone(),
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
            "forwarded_by_unnamed_proxy",
            "Requests with X-Forwarded-For from addresses that proxy.trusted does not name",
            self.forwarded_by_unnamed.clone(),
        );
        registry.register(
            "http_answers",
            "Answers by method, route and status",
            self.answers.clone(),
        );
        registry.register(
            "http_answer_seconds",
            "Time from a request's head to its answer's head",
            self.answer_seconds.clone(),
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
            "query_seconds",
            "Time from a query's arrival to its end, by how it ended",
            self.query_seconds.clone(),
        );
    }

    /// A request with `n_events` events was parsed.
    pub fn received(&self, door: Door, n_events: usize) {
        self.received
            .get_or_create(&ByDoor { door })
            .inc_by(n_events as u64);
    }

    /// Which events of a request were repeats.
    pub fn repeated(&self, door: Door, repeated: &[bool]) {
        let n_repeated = repeated.iter().filter(|&&is_repeat| is_repeat).count();
        self.repeated
            .get_or_create(&ByDoor { door })
            .inc_by(n_repeated as u64);
    }

    /// Counts events that happened so long ago that an earlier receipt of them may have left
    /// the window.
    pub fn older_than_window(
        &self,
        door: Door,
        timestamps: impl Iterator<Item = Timestamp>,
        received_at: Timestamp,
    ) {
        let oldest_ms = received_at
            .millis()
            .saturating_sub(self.window.as_millis() as i64);
        let n_older = timestamps
            .filter(|timestamp| timestamp.millis() < oldest_ms)
            .count();
        self.older_than_window
            .get_or_create(&ByDoor { door })
            .inc_by(n_older as u64);
    }

    /// Events were changed before they were stored.
    pub fn mended(&self, door: Door, mends: impl IntoIterator<Item = (Mend, u64)>) {
        for (mend, n_events) in mends {
            let kind = mend.name();
            self.mended
                .get_or_create(&ByMend { door, kind })
                .inc_by(n_events);
        }
    }

    /// Events went to the dead-letter file: the field that is wrong of each.
    pub fn buried(&self, door: Door, fields: &[String]) {
        for field in fields {
            let field = field.clone();
            self.dead_lettered
                .get_or_create(&ByField { door, field })
                .inc();
        }
    }

    /// How many rows with claimed hours were stored at the start.
    pub fn claimed_rows(&self, n_rows: i64) {
        self.claimed_rows.set(n_rows);
    }

    /// Events found no room in the dead-letter file.
    pub fn dropped(&self, door: Door, n_events: usize) {
        self.dropped
            .get_or_create(&ByDoor { door })
            .inc_by(n_events as u64);
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
    pub fn forwarded_by_unnamed(&self) {
        self.forwarded_by_unnamed.inc();
    }

    /// A request was answered.
    pub fn answered(&self, method: String, route: String, status: u16, took: Duration) {
        self.answers
            .get_or_create(&Answer {
                method,
                route,
                status,
            })
            .inc();
        self.answer_seconds.observe(took.as_secs_f64());
    }

    /// A query came in.
    pub fn query_started(&self) {
        self.queries_started.inc();
    }

    /// Rows of a query went out.
    pub fn query_rows_sent(&self, n_rows: u64) {
        self.query_rows_sent.inc_by(n_rows);
    }

    /// A query ended.
    pub fn query_ended(&self, outcome: QueryOutcome, took: Duration) {
        self.query_seconds
            .get_or_create(&ByOutcome { outcome })
            .observe(took.as_secs_f64());
    }

    /// All metrics as text. Blocks while the store is asked what it holds.
    pub fn encode(&self, format: TextFormat) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(format.write(text))
    }
}

/// Reads the counters of the store and the exports when somebody asks for the metrics.
struct PartsCollector {
    store: Arc<dyn EventStore>,
    exports: Exports,
}

impl std::fmt::Debug for PartsCollector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PartsCollector")
    }
}

impl Collector for PartsCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let stats = self.store.stats();
        let mut counter = |name, help, value| {
            let metric = ConstCounter::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
        };
        counter("store_rows_stored", "Rows committed", stats.rows_stored)?;
        counter("store_commits", "Commits", stats.commits)?;
        counter(
            "store_failed_commits",
            "Commits that failed",
            stats.failed_commits,
        )?;
        counter(
            "store_refused_queue_full",
            "Batches refused: the queue was full",
            stats.refused_queue_full,
        )?;
        counter(
            "store_refused_disk_full",
            "Batches refused: the disk was full",
            stats.refused_disk_full,
        )?;
        counter(
            "dedup_window_evicted_events",
            "Events that left the dedup window early because it was full",
            stats.dedup_window.evicted,
        )?;
        counter(
            "exports_failed",
            "Exports that the disk refused or that failed later",
            self.exports.n_failed(),
        )?;
        let mut gauge = |name, help, value: u64| {
            let metric = ConstGauge::new(value);
            metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
        };
        gauge(
            "exports_bytes",
            "Results of exports on the disk",
            self.exports.bytes_on_disk(),
        )?;
        gauge(
            "store_queued_bytes",
            "Bytes that wait for a commit",
            stats.queued_bytes,
        )?;
        gauge(
            "store_free_bytes",
            "Free space for the data directory",
            stats.free_bytes,
        )?;
        gauge(
            "dedup_window_events",
            "Events whose duplicates are recognized",
            stats.dedup_window.events,
        )?;
        gauge(
            "dedup_window_bytes",
            "Memory of the dedup window",
            stats.dedup_window.bytes,
        )?;
        for figure in self.store.figures() {
            let name = format!("store_{}", figure.name);
            let metric: &dyn EncodeMetric = match figure.reading {
                Reading::Counter(value) => &ConstCounter::new(value),
                Reading::Gauge(value) => &ConstGauge::new(value),
                Reading::Seconds(value) => &ConstGauge::new(value),
            };
            metric.encode(encoder.encode_descriptor(
                &name,
                figure.help,
                None,
                metric.metric_type(),
            )?)?;
        }
        Ok(())
    }
}
