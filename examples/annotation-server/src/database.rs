//! One `SQLite` file. A resource is a row: its kind, where it belongs, and its state as JSON.

use std::path::Path;
use std::time::Duration;

use annoscope_events::{Organization, Place, Resource, ResourceKind};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use serde_json::Value;

use crate::error::{ApiError, Result};

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS resources (
        kind TEXT NOT NULL, id INTEGER NOT NULL,
        org_id INTEGER, project_id INTEGER, task_id INTEGER, job_id INTEGER,
        state TEXT NOT NULL, UNIQUE (kind, id)
    );
    -- An id is never given twice: events name what is long gone.
    CREATE TABLE IF NOT EXISTS last_ids (of TEXT PRIMARY KEY, id INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS passwords (user_id INTEGER PRIMARY KEY, hash TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS sessions (key TEXT PRIMARY KEY, csrf TEXT NOT NULL, user_id INTEGER NOT NULL);
    -- What has no row of its own: annotations of jobs, uploads, background requests.
    CREATE TABLE IF NOT EXISTS documents (of TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (of, key));
";

/// How long a change waits for the relay, which takes what it has sent out of the outbox.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

pub fn open(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.execute_batch(TABLES)?;
    Ok(connection)
}

/// What the database has, for reading. Changes go through [`Change`](crate::change::Change).
#[derive(Clone, Copy)]
pub struct Records<'a>(pub &'a Connection);

impl Records<'_> {
    pub fn get(self, kind: ResourceKind, id: i64) -> Result<Resource> {
        let found = self.select(kind, "id = ?1", &[&id])?.pop();
        found.ok_or(ApiError::NotFound)
    }

    /// The first resource with that value of a property.
    pub fn find(
        self,
        kind: ResourceKind,
        property: &str,
        value: &Value,
    ) -> Result<Option<Resource>> {
        let mut all = self.list(kind)?.into_iter();
        Ok(all.find(|resource| resource.state.get(property) == Some(value)))
    }

    pub fn list(self, kind: ResourceKind) -> Result<Vec<Resource>> {
        self.select(kind, "TRUE", &[])
    }

    /// Those of a kind within a project, a task or a job.
    pub fn within(self, kind: ResourceKind, parent: &Resource) -> Result<Vec<Resource>> {
        let all = self.belonging(parent)?.into_iter();
        Ok(all.filter(|resource| resource.kind == kind).collect())
    }

    /// What goes when the resource goes; parents before their children, as they were made.
    pub fn belonging(self, resource: &Resource) -> Result<Vec<Resource>> {
        let condition = match resource.kind {
            ResourceKind::Project => "project_id = ?1",
            ResourceKind::Task => "task_id = ?1",
            ResourceKind::Job => "job_id = ?1",
            ResourceKind::Organization => "org_id = ?1 AND kind != 'organization'",
            ResourceKind::Issue => "kind = 'comment' AND state ->> 'issue' = ?1",
            ResourceKind::Membership => "kind = 'invitation' AND state ->> 'membership' = ?1",
            ResourceKind::User => {
                "kind IN ('membership', 'accesstoken') AND coalesce(state -> 'user', state -> 'owner') ->> 'id' = ?1"
            }
            _ => return Ok(Vec::new()),
        };
        self.query(condition, &[&resource.id])
    }

    fn select(
        self,
        kind: ResourceKind,
        condition: &str,
        parameters: &[&dyn ToSql],
    ) -> Result<Vec<Resource>> {
        self.query(
            &format!("kind = '{}' AND {condition}", kind.name()),
            parameters,
        )
    }

    fn query(self, condition: &str, parameters: &[&dyn ToSql]) -> Result<Vec<Resource>> {
        let columns = "kind, id, org_id, project_id, task_id, job_id, state";
        let sql = format!("SELECT {columns} FROM resources WHERE {condition} ORDER BY rowid");
        let mut statement = self.0.prepare_cached(&sql)?;
        let rows = statement.query_map(parameters, |row| self.resource(row))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn resource(self, row: &Row<'_>) -> rusqlite::Result<Resource> {
        let name: String = row.get(0)?;
        let kind = ResourceKind::all().find(|kind| kind.name() == name);
        let state: String = row.get(6)?;
        Ok(Resource {
            kind: kind.ok_or(rusqlite::Error::InvalidQuery)?,
            id: row.get(1)?,
            place: Place {
                org: self.organization(row.get(2)?)?,
                project_id: row.get(3)?,
                task_id: row.get(4)?,
                job_id: row.get(5)?,
            },
            state: serde_json::from_str(&state).map_err(|_| rusqlite::Error::InvalidQuery)?,
        })
    }

    fn organization(self, id: Option<i64>) -> rusqlite::Result<Option<Organization>> {
        let sql = "SELECT state ->> 'slug' FROM resources WHERE kind = 'organization' AND id = ?1";
        let slug = self
            .0
            .prepare_cached(sql)?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(id.zip(slug).map(|(id, slug)| Organization { id, slug }))
    }

    pub fn document(self, of: &str, key: &str) -> Result<Option<Value>> {
        let sql = "SELECT document FROM documents WHERE of = ?1 AND key = ?2";
        let mut statement = self.0.prepare_cached(sql)?;
        let text: Option<String> = statement
            .query_row(params![of, key], |row| row.get(0))
            .optional()?;
        Ok(text.map(|text| serde_json::from_str(&text)).transpose()?)
    }

    pub fn set_document(self, of: &str, key: &str, document: &Value) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO documents (of, key, document) VALUES (?1, ?2, ?3)";
        self.0
            .execute(sql, params![of, key, document.to_string()])?;
        Ok(())
    }

    pub fn next_id(self, of: &str) -> Result<i64> {
        let sql = "INSERT INTO last_ids (of, id) VALUES (?1, 1) ON CONFLICT DO UPDATE SET id = id + 1 RETURNING id";
        Ok(self
            .0
            .prepare_cached(sql)?
            .query_row([of], |row| row.get(0))?)
    }
}
