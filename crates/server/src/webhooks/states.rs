//! What is known of resources, in SQL.

use std::collections::HashMap;

use annoscope_events::Timestamp;
use annoscope_webhooks::{KnownState, ResourceKey};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::Value;

use super::WebhookError;

/// Resources of one source that are remembered. The first update of one that was forgotten says only that there was one.
pub(super) const MAX_STATES: i64 = 200_000;

/// Longest state that is remembered.
const MAX_STATE_BYTES: usize = 256 * 1024;

pub(super) fn get(
    tx: &Connection,
    source_id: i64,
    key: &ResourceKey,
) -> Result<Option<KnownState>, WebhookError> {
    let mut statement = tx.prepare_cached(
        "SELECT state, is_deleted, updated_us, is_created FROM states
            WHERE source_id = ?1 AND kind = ?2 AND id = ?3",
    )?;
    let found = statement.query_row(params![source_id, key.kind, key.id], |row| {
        let updated_us: Option<i64> = row.get(2)?;
        let known = KnownState {
            state: Value::Null,
            is_deleted: row.get(1)?,
            updated_at: updated_us.map(Timestamp::from_micros),
            is_created: row.get(3)?,
        };
        Ok((row.get::<_, String>(0)?, known))
    });
    let Some((state, known)) = found.optional()? else {
        return Ok(None);
    };
    let state = serde_json::from_str(&state);
    let state = state.map_err(|_| WebhookError::Corrupt("a state that is no JSON"))?;
    Ok(Some(KnownState { state, ..known }))
}

/// Remembers states in place of earlier ones, and forgets what was heard of longest ago where there are too many.
pub(super) fn put(
    tx: &Connection,
    source_id: i64,
    states: HashMap<ResourceKey, KnownState>,
) -> Result<(), WebhookError> {
    let mut remove =
        tx.prepare_cached("DELETE FROM states WHERE source_id = ?1 AND kind = ?2 AND id = ?3")?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO states (source_id, kind, id, state, is_deleted, updated_us, is_created)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut n_more: i64 = 0;
    for (key, known) in states {
        let n_removed = remove.execute(params![source_id, key.kind, key.id])?;
        n_more -= i64::from(n_removed > 0);
        let state = known.state.to_string();
        if state.len() > MAX_STATE_BYTES {
            continue;
        }
        let updated_us = known.updated_at.map(Timestamp::micros);
        insert.execute(params![
            source_id,
            key.kind,
            key.id,
            state,
            known.is_deleted,
            updated_us,
            known.is_created
        ])?;
        n_more += 1;
    }
    bound(tx, source_id, n_more)
}

fn bound(tx: &Connection, source_id: i64, n_more: i64) -> Result<(), WebhookError> {
    let n_states: i64 = tx
        .prepare_cached(
            "UPDATE sources SET n_states = n_states + ?2 WHERE id = ?1 RETURNING n_states",
        )?
        .query_row([source_id, n_more], |row| row.get(0))?;
    let n_surplus = n_states - MAX_STATES;
    if n_surplus <= 0 {
        return Ok(());
    }
    tx.prepare_cached(
        "DELETE FROM states WHERE heard IN
                (SELECT heard FROM states WHERE source_id = ?1 ORDER BY heard LIMIT ?2)",
    )?
    .execute([source_id, n_surplus])?;
    tx.prepare_cached("UPDATE sources SET n_states = n_states - ?2 WHERE id = ?1")?
        .execute([source_id, n_surplus])?;
    Ok(())
}
