//! What the store and the exports count themselves.

use std::sync::Arc;

use annoscope_store::{EventStore, Reading};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::clock;
use crate::exports::Exports;

/// Reads the counters of the store and the exports when the metrics are asked for.
pub(super) struct PartsCollector {
    pub(super) store: Arc<dyn EventStore>,
    pub(super) exports: Exports,
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
            "dedup_window_damaged_files",
            "Files of the dedup window that were damaged or missing",
            stats.dedup_window.damaged_files,
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
        gauge("journal_bytes", "Size of the journal", stats.journal_bytes)?;
        gauge(
            "journal_position",
            "Up to where the journal has acknowledged events",
            stats.durable.0,
        )?;
        gauge(
            "applied_position",
            "Up to where the database has them, and queries see them",
            stats.visible.0,
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
        let age = self.store.oldest_waiting().map_or(0.0, clock::age_seconds);
        let age = ConstGauge::new(age);
        age.encode(encoder.encode_descriptor(
            "journal_oldest_seconds",
            "Age of the oldest event that the database has not taken yet; 0 if there is none",
            None,
            age.metric_type(),
        )?)?;
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
