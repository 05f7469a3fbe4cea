//! Claims of hours in the payloads of rows that come from elsewhere: renamed, as the ingest port renames them.

use std::borrow::Cow;
use std::sync::Arc;

use annoscope_events::{keep_sent_hours, may_carry_hours, rename_claimed_hours};
use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};

use crate::columns::{schema, text};
use crate::error::CopyError;

/// The rows with every key `working_time` renamed that tells of hours nobody counted, and how many rows had one.
/// `is_legacy`: payloads of clients' events hold hours that the server counted, as before CVAT had `send:working_time`.
pub(crate) fn rename(rows: RecordBatch, is_legacy: bool) -> Result<(RecordBatch, u64), CopyError> {
    let (scopes, sources) = (text(&rows, "scope"), text(&rows, "source"));
    let payloads = text(&rows, "payload");
    let mut n_renamed = 0;
    let renamed: Vec<Option<Cow<'_, str>>> = (0..rows.num_rows())
        .map(|row| {
            let payload = payloads.is_valid(row).then(|| payloads.value(row))?;
            let rename = if may_carry_hours(scopes.value(row), sources.value(row), is_legacy) {
                keep_sent_hours
            } else {
                rename_claimed_hours
            };
            let renamed = rename(payload);
            n_renamed += u64::from(matches!(renamed, Cow::Owned(_)));
            Some(renamed)
        })
        .collect();
    if n_renamed == 0 {
        return Ok((rows, 0));
    }
    let renamed: ArrayRef = Arc::new(renamed.into_iter().collect::<StringArray>());
    let place = schema().index_of("payload")?;
    let mut columns = rows.columns().to_vec();
    columns[place] = renamed;
    Ok((RecordBatch::try_new(schema(), columns)?, n_renamed))
}
