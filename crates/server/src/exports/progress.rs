//! How far an export is, in bytes and in the time that it covers.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use annoscope_events::Timestamp;
use annoscope_store::EventFilter;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;

/// How far a running job is; written by its worker, read by everyone.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Part of the time range that is written, in thousandths.
    permille: AtomicU32,
    /// Bytes written.
    n_bytes: AtomicU64,
}

impl Progress {
    pub(super) fn set_permille(&self, permille: u32) {
        self.permille.store(permille.min(1000), Ordering::Relaxed);
    }

    pub(super) fn permille(&self) -> u32 {
        self.permille.load(Ordering::Relaxed)
    }

    pub(super) fn set_bytes(&self, n_bytes: u64) {
        self.n_bytes.store(n_bytes, Ordering::Relaxed);
    }

    pub(super) fn n_bytes(&self) -> u64 {
        self.n_bytes.load(Ordering::Relaxed)
    }
}

/// The time that an export covers. Rows come in the order of time, so the last one tells how
/// far it is; where the request names no beginning, the first row is it.
pub(super) struct Range {
    start: Option<Timestamp>,
    end: Timestamp,
}

impl Range {
    pub(super) fn of(filter: EventFilter, started_at: Timestamp) -> Range {
        let end = filter.to.unwrap_or(started_at);
        Range {
            start: filter.from,
            end: end.min(started_at),
        }
    }

    /// Thousandths of the range up to the batch's last row.
    pub(super) fn permille(&mut self, batch: &RecordBatch) -> Option<u32> {
        let times = batch.column_by_name("timestamp")?;
        let times = times.as_primitive_opt::<TimestampMicrosecondType>()?;
        let (&first, &last) = (times.values().first()?, times.values().last()?);
        let start = self.start.get_or_insert(Timestamp::from_micros(first));
        let whole = self.end.micros().saturating_sub(start.micros()).max(1);
        let part = last.saturating_sub(start.micros()).clamp(0, whole);
        u32::try_from(i128::from(part) * 1000 / i128::from(whole)).ok()
    }
}
