//! Rows from before claims of hours were renamed: counted at the start, for the log and the metrics.

use std::sync::Arc;
use std::time::Duration;

use annoscope_store::{EventStore, Query, RowsRead, StoreError};
use arrow::array::{Array, Int64Array};

use crate::metrics::Metrics;

/// `docs/bad-events.md` has the statement that lists them.
const COUNT: &str = "SELECT CAST(count(*) AS BIGINT) FROM events WHERE payload_working_time IS NOT NULL \
    AND NOT (source = 'server' AND scope = 'send:working_time')";

/// It reads three columns, of which two are nearly constant.
const TIME_LIMIT: Duration = Duration::from_mins(1);

/// Counts the rows once, and tells the log and the metrics. Blocks.
pub fn report(store: &Arc<dyn EventStore>, metrics: &Metrics) {
    match count(store) {
        Ok(0) => metrics.claimed_rows(0),
        Ok(n_rows) => {
            metrics.claimed_rows(n_rows);
            tracing::warn!(
                n_rows,
                "rows with hours that nobody counted are stored, and counted by dashboards: docs/bad-events.md lists them"
            );
        }
        Err(error) => tracing::warn!(%error, "could not count rows with claimed hours"),
    }
}

fn count(store: &Arc<dyn EventStore>) -> Result<i64, StoreError> {
    let mut rows = store.query(Query {
        statements: vec![COUNT.to_owned()],
        views: Vec::new(),
        time_limit: TIME_LIMIT,
        rows: None,
        rows_read: RowsRead::default(),
    })?;
    let mut count = 0;
    while let Some(batch) = rows.blocking_next() {
        let batch = batch?;
        let counts = batch.column(0).as_any().downcast_ref::<Int64Array>();
        count += counts.map_or(0, |counts| counts.iter().flatten().sum::<i64>());
    }
    Ok(count)
}
