//! Events as one Arrow record batch, built on the caller's thread so that the writer only copies.

use std::sync::Arc;

use annoscope_events::{Payload, PromotedPayload, StoredEvent, Timestamp};
use arrow::array::{
    ArrayRef, BooleanArray, FixedSizeBinaryArray, Int64Array, Int64Builder, ListBuilder,
    RecordBatch, StringArray, TimestampMicrosecondArray,
};
use uuid::Uuid;

use crate::EventBatch;
use crate::columns::table_schema;

/// Bytes of a row besides its texts: numbers, offsets, validity.
const ROW_BYTES: usize = 200;

impl EventBatch {
    /// What its rows take, about and without building them.
    pub fn estimated_bytes(&self) -> usize {
        estimated_bytes(&self.events)
    }

    /// Its rows, with the columns of [`table_schema`].
    pub fn rows(&self) -> RecordBatch {
        record_batch(&self.events, self.received_at, self.request_id)
    }
}

fn estimated_bytes(events: &[StoredEvent]) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let row = |stored: &StoredEvent| {
        let event = &stored.event;
        let names = [&event.user_name, &event.user_email, &event.org_slug];
        let names: usize = names.into_iter().map(text).sum();
        let payload = event.payload.as_ref().map_or(0, |p| p.as_str().len());
        let intervals = stored.intervals.len() * size_of::<annoscope_events::Interval>();
        ROW_BYTES
            + event.scope.len()
            + event.source.len()
            + text(&event.obj_name)
            + text(&event.obj_val)
            + names
            + payload
            + intervals
    };
    events.iter().map(row).sum()
}

/// `request_id` stands where the payload names no request.
fn record_batch(events: &[StoredEvent], received_at: Timestamp, request_id: Uuid) -> RecordBatch {
    let hot: Vec<PromotedPayload> = events
        .iter()
        .map(|stored| {
            stored
                .event
                .payload
                .as_ref()
                .map(PromotedPayload::extract)
                .unwrap_or_default()
        })
        .collect();
    let columns: Vec<ArrayRef> = vec![
        text(events, |e| Some(&e.event.scope)),
        text(events, |e| e.event.obj_name.as_deref()),
        int(events, |e| e.event.obj_id),
        text(events, |e| e.event.obj_val.as_deref()),
        text(events, |e| Some(&e.event.source)),
        // Milliseconds are what ClickHouse's DateTime64(3) keeps; the type has microseconds.
        time(events.iter().map(|e| e.event.timestamp.millis() * 1000)),
        int(events, |e| e.event.count.map(i64::from)),
        int(events, |e| Some(i64::from(e.event.duration))),
        int(events, |e| e.event.project_id),
        int(events, |e| e.event.task_id),
        int(events, |e| e.event.job_id),
        int(events, |e| e.event.user_id),
        text(events, |e| e.event.user_name.as_deref()),
        text(events, |e| e.event.user_email.as_deref()),
        int(events, |e| e.event.org_id),
        text(events, |e| e.event.org_slug.as_deref()),
        text(events, |e| e.event.payload.as_ref().map(Payload::as_str)),
        time(events.iter().map(|_| received_at.millis() * 1000)),
        request_ids(&hot, request_id),
        counted(events),
        Arc::new(hot.iter().map(|h| h.working_time).collect::<Int64Array>()),
        hot_text(&hot, |h| h.message.as_deref()),
        hot_text(&hot, |h| h.stack.as_deref()),
        hot_text(&hot, |h| h.platform_name.as_deref()),
        hot_text(&hot, |h| h.platform_version.as_deref()),
        hot_text(&hot, |h| h.platform_os.as_deref()),
        flag(events, |payload| payload.is_some()),
        flag(events, |payload| payload.is_none_or(Payload::is_json)),
        int(events, |e| Some(e.intervals.first()?.start_ms)),
        int(events, |e| Some(e.intervals.last()?.end_ms)),
        int(events, counted_total),
    ];
    RecordBatch::try_new(table_schema(), columns).expect("columns are built by the schema")
}

fn text<'a>(
    events: &'a [StoredEvent],
    get: impl Fn(&'a StoredEvent) -> Option<&'a str>,
) -> ArrayRef {
    Arc::new(events.iter().map(get).collect::<StringArray>())
}

fn hot_text<'a>(
    hot: &'a [PromotedPayload],
    get: impl Fn(&'a PromotedPayload) -> Option<&'a str>,
) -> ArrayRef {
    Arc::new(hot.iter().map(get).collect::<StringArray>())
}

fn flag(events: &[StoredEvent], get: impl Fn(Option<&Payload>) -> bool) -> ArrayRef {
    let flags = events.iter().map(|e| Some(get(e.event.payload.as_ref())));
    Arc::new(flags.collect::<BooleanArray>())
}

fn int(events: &[StoredEvent], get: impl Fn(&StoredEvent) -> Option<i64>) -> ArrayRef {
    Arc::new(events.iter().map(get).collect::<Int64Array>())
}

fn time(micros: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros))
}

/// The request that a server event itself names ties it to the user's request; the request
/// that merely delivered it says nothing.
fn request_ids(hot: &[PromotedPayload], delivered_by: Uuid) -> ArrayRef {
    let ids = hot
        .iter()
        .map(|payload| Some(payload.request_id.unwrap_or(delivered_by)));
    let ids = FixedSizeBinaryArray::try_from_sparse_iter_with_size(
        ids.map(|id| id.map(Uuid::into_bytes)),
        16,
    );
    Arc::new(ids.expect("every id has 16 bytes"))
}

/// Counted intervals as one flat list a row: start, end, start, end, … in ms.
fn counted(events: &[StoredEvent]) -> ArrayRef {
    let mut builder = ListBuilder::new(Int64Builder::new());
    for stored in events {
        for interval in &stored.intervals {
            builder.values().append_value(interval.start_ms);
            builder.values().append_value(interval.end_ms);
        }
        builder.append(!stored.intervals.is_empty());
    }
    Arc::new(builder.finish())
}

/// How much the intervals count, in ms.
fn counted_total(stored: &StoredEvent) -> Option<i64> {
    let intervals = stored.intervals.iter();
    let total = intervals.map(|interval| interval.end_ms.saturating_sub(interval.start_ms));
    (!stored.intervals.is_empty()).then(|| total.fold(0, i64::saturating_add))
}
