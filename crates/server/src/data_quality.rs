//! What of the recorded data is missing or doubtful: the questions of the built-in dashboard "Data quality", asked with
//! the rights of who asks.

use std::sync::LazyLock;

use annoscope_formats::{Format, TimeFormat};
use annoscope_query::{Access, Answer, Engine, QueryError, QueryRequest};
use annoscope_sql::Context;
use futures::StreamExt;
use serde::Deserialize;
use serde_json::Value;

/// Most findings of a check that are told.
const MOST_FINDINGS: u64 = 100;

/// Most bytes of a check's findings.
const MAX_BYTES: u64 = 1 << 20;

/// A question that finds what is wrong.
#[derive(Debug, Deserialize)]
pub(crate) struct Check {
    /// As the panel is called.
    pub(crate) title: String,
    /// What a finding means.
    pub(crate) description: String,
    targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
struct Target {
    #[serde(rename = "rawSql")]
    sql: String,
}

#[derive(Deserialize)]
struct Board {
    panels: Vec<Check>,
}

static BOARD: LazyLock<Board> = LazyLock::new(|| {
    let text = include_str!("../../../dashboards/data-quality.json");
    serde_json::from_str(text).expect("the file is part of the program")
});

/// All of them, in the dashboard's order.
pub(crate) fn checks() -> &'static [Check] {
    &BOARD.panels
}

/// What one of them found: `columns`, `rows` and `stats`, as `POST /api/query` has them.
pub(crate) async fn find(
    check: &Check,
    engine: &Engine,
    context: Context,
    access: &Access,
) -> Result<Value, QueryError> {
    let now = annoscope_events::Timestamp::from_millis(context.now_ms);
    let request = QueryRequest {
        sql: check
            .targets
            .iter()
            .map(|target| target.sql.as_str())
            .collect(),
        context,
        limit: MOST_FINDINGS,
        time_format: TimeFormat::Text,
        ignores_format: true,
        may_use_cache: true,
        query_id: None,
        time_limit: None,
        has_byte_order_mark: false,
    };
    let run = engine.start(request, access, now).await?;
    let answer = Answer::new(run, Format::Json, MAX_BYTES);
    let mut pieces = Box::pin(answer.into_stream(|error| error.to_error_body()));
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await {
        bytes.extend(piece.map_err(|error| QueryError::Internal(error.into()))?);
    }
    serde_json::from_slice(&bytes).map_err(|error| QueryError::Internal(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_of_the_dashboard_is_a_check() {
        for check in checks() {
            assert_eq!(check.targets.len(), 1, "{}", check.title);
            assert!(check.description.ends_with('.'), "{}", check.title);
        }
        assert!(!checks().is_empty());
    }
}
