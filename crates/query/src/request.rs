//! A query as it is asked, and the rows that it may see.

use std::time::Duration;

use annoscope_formats::TimeFormat;
use annoscope_sql::{Asker, Context};

use crate::relation::RowFilter;

/// A query as it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryRequest {
    /// The user's text.
    pub sql: String,
    /// What its meaning depends on; the asker is [`Access::user`].
    pub context: Context,
    /// Most rows of the answer.
    pub limit: u64,
    /// How it shows times.
    pub time_format: TimeFormat,
    /// Whether `FORMAT` in the text is checked only, as for clients of ClickHouse's own protocol.
    pub ignores_format: bool,
    /// Whether rows of the result cache may be part of the answer.
    pub may_use_cache: bool,
    /// How its sender calls it; no two of one account at a time may have the same.
    pub query_id: Option<String>,
    /// The longest that it may take, where that is less than any query may.
    pub time_limit: Option<Duration>,
    /// Whether CSV begins with a byte order mark, by which spreadsheets know UTF-8.
    pub has_byte_order_mark: bool,
}

/// The user of a query, and the rows that are there to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whose query it is.
    pub user: Asker,
    /// All that the user may see.
    pub rows: RowFilter,
}
