//! Whose deliveries are taken.

use annoscope_events::Timestamp;
use annoscope_webhooks::Tool;
use rusqlite::{Connection, OptionalExtension, params};

use super::{RefusedSource, WebhookError, Webhooks};
use crate::identity::secret::new_webhook_secret;

/// Longest name.
const MAX_NAME_CHARS: usize = 32;

/// A tool that may deliver.
#[derive(Clone)]
pub struct Source {
    pub(super) id: i64,
    /// Its name in the address.
    pub name: String,
    /// Which tool it is.
    pub tool: Tool,
    /// What its deliveries are signed with.
    pub secret: String,
}

/// What is shown of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSummary {
    /// Its name in the address.
    pub name: String,
    /// Which tool it is.
    pub tool: Tool,
    /// Since when it is.
    pub created: Timestamp,
    /// When it delivered last.
    pub delivered: Option<Timestamp>,
}

impl Webhooks {
    /// Adds a source and returns its secret, which nothing shows again. Blocks.
    pub fn add(&self, name: &str, tool: Tool, now: Timestamp) -> Result<String, WebhookError> {
        let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(is_allowed) {
            return Err(RefusedSource::Name.into());
        }
        let secret = new_webhook_secret();
        self.write(|tx| {
            if find(tx, name)?.is_some() {
                return Err(RefusedSource::Taken(name.to_owned()).into());
            }
            tx.execute(
                "INSERT INTO sources (name, tool, secret, created_ms) VALUES (?1, ?2, ?3, ?4)",
                params![name, tool.name(), secret, now.millis()],
            )?;
            Ok(())
        })?;
        Ok(secret)
    }

    /// Removes a source with all that is known of its resources; events stay. Blocks.
    pub fn remove(&self, name: &str) -> Result<(), WebhookError> {
        let n_removed = self.write(|tx| {
            let removed = tx.execute("DELETE FROM sources WHERE name = ?1", [name])?;
            Ok(removed)
        })?;
        if n_removed == 0 {
            return Err(unknown(name));
        }
        Ok(())
    }

    /// The sources by name. Blocks.
    pub fn sources(&self) -> Result<Vec<SourceSummary>, WebhookError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT name, tool, created_ms, delivered_ms FROM sources ORDER BY name",
            )?;
            let rows = statement.query_map([], |row| {
                let tool: String = row.get(1)?;
                let delivered: Option<i64> = row.get(3)?;
                Ok((row.get(0)?, tool, row.get(2)?, delivered))
            })?;
            let summary = |row: rusqlite::Result<(String, String, i64, Option<i64>)>| {
                let (name, tool, created_ms, delivered_ms) = row?;
                Ok(SourceSummary {
                    name,
                    tool: tool_named(&tool)?,
                    created: Timestamp::from_millis(created_ms),
                    delivered: delivered_ms.map(Timestamp::from_millis),
                })
            };
            rows.map(summary).collect()
        })
    }

    /// The source of that name. Blocks.
    pub fn source(&self, name: &str) -> Result<Source, WebhookError> {
        self.read(|connection| find(connection, name))?
            .ok_or_else(|| unknown(name))
    }
}

/// Notes that a source delivered.
pub(super) fn delivered(
    tx: &Connection,
    source_id: i64,
    now: Timestamp,
) -> Result<(), WebhookError> {
    let sql = "UPDATE sources SET delivered_ms = ?2 WHERE id = ?1";
    tx.prepare_cached(sql)?.execute([source_id, now.millis()])?;
    Ok(())
}

fn find(connection: &Connection, name: &str) -> Result<Option<Source>, WebhookError> {
    let sql = "SELECT id, tool, secret FROM sources WHERE name = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row([name], |row| {
        let (id, tool): (i64, String) = (row.get(0)?, row.get(1)?);
        Ok((id, tool, row.get::<_, String>(2)?))
    });
    let Some((id, tool, secret)) = found.optional()? else {
        return Ok(None);
    };
    Ok(Some(Source {
        id,
        name: name.to_owned(),
        tool: tool_named(&tool)?,
        secret,
    }))
}

fn tool_named(name: &str) -> Result<Tool, WebhookError> {
    let tool = name.parse();
    tool.map_err(|_| WebhookError::Corrupt("a tool of a newer annoscope"))
}

fn unknown(name: &str) -> WebhookError {
    WebhookError::Unknown {
        name: name.to_owned(),
    }
}
