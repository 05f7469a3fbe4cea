//! Questions about what is stored and how large it is, as queries.

use annoscope_store::Scopes;

use crate::DuckDbStore;
use crate::rewrite::condition;

impl DuckDbStore {
    /// Bytes of the file, and those of them that are free.
    pub const SPACE: &'static str = "SELECT CAST(total_blocks * block_size AS BIGINT), \
        CAST(free_blocks * block_size AS BIGINT) FROM pragma_database_size() \
        WHERE database_name = current_database()";

    /// Begin of each month in µs since the epoch and number of its rows, of scopes before a time.
    pub fn rows_by_month(scopes: &Scopes, until_us: i64) -> String {
        format!(
            "SELECT epoch_us(date_trunc('month', timestamp)) AS month, count(*) FROM events \
             WHERE timestamp < make_timestamp({until_us}) AND {} GROUP BY month ORDER BY month",
            condition(scopes)
        )
    }
}
