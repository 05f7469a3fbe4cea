//! A result as one of Grafana's data frames: gathered whole, and bounded as every result is.

use annoscope_events::Timestamp;
use annoscope_formats::{Frame, PIECE_ROWS};
use annoscope_sql::Dialect;
use serde_json::json;

use crate::engine::Engine;
use crate::error::QueryError;
use crate::request::{Access, QueryRequest};
use crate::run::Run;

impl Engine {
    /// Runs a query to its end; a frame in JSON with at most `max_bytes` of values. One that was cut has a
    /// notice in its `meta`.
    pub async fn frame(
        &self,
        ref_id: &str,
        request: QueryRequest,
        max_bytes: u64,
        access: &Access,
        now: Timestamp,
    ) -> Result<Vec<u8>, QueryError> {
        let (mut run, prepared) = self.start_prepared(request, access, now).await?;
        let mut frame = Frame::new(&run.columns, max_bytes);
        let gathered = gather(&mut run, &mut frame).await;
        gathered.inspect_err(|error| run.fail(error))?;
        let stats = run.finish();
        let mut meta = json!({ "executedQueryString": prepared.text(Dialect::ClickHouse) });
        if stats.is_truncated {
            let text = format!(
                "Only the first {} rows are shown: the settings query.max_rows and query.max_result_bytes bound a result.",
                stats.n_rows
            );
            meta["notices"] = json!([{ "severity": "warning", "text": text }]);
        }
        Ok(frame.into_json(ref_id, &meta))
    }
}

/// Reads a run into a frame.
async fn gather(run: &mut Run, frame: &mut Frame) -> Result<(), QueryError> {
    while let Some(batch) = run.next().await? {
        frame.load(&batch)?;
        let mut n_written = 0;
        while n_written < batch.num_rows() {
            let end = batch.num_rows().min(n_written + PIECE_ROWS);
            n_written += frame.write(n_written..end);
            if n_written < end {
                run.truncate();
                break;
            }
            tokio::task::yield_now().await;
        }
        run.sent(n_written);
    }
    Ok(())
}
