//! When there were events, asked of the store.

use std::collections::BTreeMap;
use std::time::Duration;

use annoscope_events::Timestamp;
use annoscope_sql::Dialect;
use annoscope_store::{EventStore, Query, RowsRead, StoreError};
use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::silence::WINDOW_HOURS;

const HOUR_MS: i64 = 3_600_000;

/// Of the question: two columns of four weeks.
const TIME_LIMIT: Duration = Duration::from_secs(20);

/// When there were events within the window.
pub struct Hours {
    /// The hours since 1970 of each source, ascending.
    pub of_sources: BTreeMap<String, Vec<i64>>,
    /// The latest time of a server's event, ms since 1970.
    pub latest_of_servers_ms: Option<i64>,
}

/// The hour since 1970.
pub fn of(now: Timestamp) -> i64 {
    now.millis().div_euclid(HOUR_MS)
}

/// Asks the store, in its database's SQL. Blocks.
pub fn with_events(
    store: &dyn EventStore,
    dialect: Dialect,
    now: Timestamp,
) -> Result<Hours, StoreError> {
    let now_hour = of(now);
    let from_ms = (now_hour - WINDOW_HOURS) * HOUR_MS;
    let statement = match dialect {
        Dialect::DuckDb => format!(
            "SELECT CAST(source AS VARCHAR), CAST(epoch_ms(timestamp) // {HOUR_MS} AS BIGINT) AS hour, \
             max(epoch_ms(timestamp)) \
             FROM events WHERE timestamp >= make_timestamp_ms({from_ms}) GROUP BY ALL ORDER BY hour"
        ),
        Dialect::ClickHouse => format!(
            "SELECT toString(source) AS name, intDiv(toUnixTimestamp64Milli(timestamp), {HOUR_MS}) AS hour, \
             max(toUnixTimestamp64Milli(timestamp)) \
             FROM events WHERE timestamp >= fromUnixTimestamp64Milli({from_ms}) GROUP BY name, hour ORDER BY hour"
        ),
    };
    let mut rows = store.query(Query {
        statements: vec![statement],
        views: Vec::new(),
        time_limit: TIME_LIMIT,
        rows: None,
        rows_read: RowsRead::default(),
    })?;
    let mut hours = Hours {
        of_sources: BTreeMap::new(),
        latest_of_servers_ms: None,
    };
    while let Some(batch) = rows.blocking_next() {
        let batch = batch?;
        let sources = batch.column(0).as_string::<i32>();
        let number = |column: usize| batch.column(column).as_primitive::<Int64Type>();
        for ((source, hour), latest) in sources.iter().zip(number(1)).zip(number(2)) {
            let (Some(source), Some(hour)) = (source, hour) else {
                continue;
            };
            // What is ahead of the clock is the clock's finding, and nobody's habit.
            if hour <= now_hour {
                hours
                    .of_sources
                    .entry(source.to_owned())
                    .or_default()
                    .push(hour);
            }
            if source == "server" {
                hours.latest_of_servers_ms = hours.latest_of_servers_ms.max(latest);
            }
        }
    }
    Ok(hours)
}
