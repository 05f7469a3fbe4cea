//! Events that wait to be sent: kept in the transaction of the change, sent by a task of their own.

use std::time::Duration;

use annoscope_events::{StoredEvent, server_event_json};
use rusqlite::{Connection, params};

use crate::app::App;
use crate::error::Result;

/// Events of a request, as CVAT's handler sends them.
const BATCH: usize = 50;

/// Between two attempts while annoscope does not answer.
const PAUSE: Duration = Duration::from_secs(1);

pub fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL)")
}

pub fn keep(connection: &Connection, events: impl IntoIterator<Item = StoredEvent>) -> Result<()> {
    let mut statement = connection.prepare_cached("INSERT INTO outbox (event) VALUES (?1)")?;
    for event in events {
        let mut text = Vec::new();
        server_event_json(&event, &mut text);
        statement.execute(params![String::from_utf8_lossy(&text)])?;
    }
    Ok(())
}

pub async fn relay(app: App, ingest: String) {
    loop {
        match send(&app, &ingest).await {
            Ok(true) => {}
            Ok(false) => app.events_wait().notified().await,
            Err(error) => {
                tracing::warn!(%error, "annoscope does not take events");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Whether there was something to send.
async fn send(app: &App, ingest: &str) -> anyhow::Result<bool> {
    let waiting: Vec<(i64, String)> = {
        let connection = app.connection();
        let mut statement =
            connection.prepare_cached("SELECT id, event FROM outbox ORDER BY id LIMIT ?1")?;
        let rows = statement.query_map([BATCH], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<_>>()?
    };
    let Some((last, _)) = waiting.last() else {
        return Ok(false);
    };
    let events: Vec<&str> = waiting.iter().map(|(_, event)| event.as_str()).collect();
    let body = format!("[{}]", events.join(","));
    let request = app
        .http()
        .post(ingest)
        .header("Content-Type", "application/json")
        .body(body);
    request.send().await?.error_for_status()?;
    app.connection()
        .execute("DELETE FROM outbox WHERE id <= ?1", [last])?;
    Ok(true)
}
