//! What is asked of the tables' sizes, as text for a query.

use annoscope_store::Scopes;

use crate::ClickHouseStore;
use crate::rewrite::{condition, time_us};

impl ClickHouseStore {
    /// Bytes of the events, and 0: ClickHouse gives back by itself what is free.
    pub const SPACE: &'static str = "SELECT toInt64(sum(bytes_on_disk)), toInt64(0) FROM system.parts \
        WHERE active AND database = currentDatabase() AND table IN ('events', 'events_local')";

    /// Begin of each month in µs since the epoch and number of its rows, of scopes before a time.
    pub fn rows_by_month(scopes: &Scopes, until_us: i64) -> String {
        format!(
            "SELECT toInt64(toUnixTimestamp(toDateTime(toStartOfMonth(timestamp, 'UTC'), 'UTC'))) * 1000000 AS month, \
             toInt64(count()) FROM events WHERE timestamp < {} AND {} GROUP BY month ORDER BY month",
            time_us(until_us),
            condition(scopes)
        )
    }
}
