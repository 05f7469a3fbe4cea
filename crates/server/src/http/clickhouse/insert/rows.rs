//! From the rows of an INSERT to batches of events.

use annoscope_events::{COLUMNS, ClientHours, ColumnAccess, RejectedEvent, ServerRow, Timestamp};
use annoscope_formats::{InsertColumn, InsertRow, InsertValue};
use serde_json::{Map, Value};

use crate::http::clickhouse::exception::Exception;
use crate::ingest::InsertedBatch;

/// Rows of a batch. Which rows are a batch depends on the rows alone, so that an INSERT sent again has the same.
const BATCH_ROWS: usize = 20_000;

/// Texts of a batch, bytes: the last row may go beyond it.
const BATCH_BYTES: usize = 8 << 20;

/// Columns beside the listed ones that rows may come with: what else there is follows from these.
const BESIDE: [&str; 3] = ["access_token_id", "remote_addr", "counted_ms"];

/// The columns that an INSERT names; CVAT's where it names none.
pub fn columns(names: &[String]) -> Result<Vec<InsertColumn>, Exception> {
    let relation = annoscope_query::columns();
    let listed = COLUMNS
        .iter()
        .filter(|column| column.access == ColumnAccess::Listed);
    let listed: Vec<&str> = listed.map(|column| column.name).collect();
    let names: Vec<&str> = if names.is_empty() {
        listed.clone()
    } else {
        names.iter().map(String::as_str).collect()
    };
    let column = |name: &&str| {
        let may_come = listed.contains(name) || BESIDE.contains(name);
        let found = relation.iter().find(|column| column.name == *name);
        let found = found.filter(|_| may_come).ok_or_else(|| {
            let message = format!("No such column {name} in table cvat.events");
            Exception::new("NO_SUCH_COLUMN_IN_TABLE", message)
        })?;
        Ok(InsertColumn {
            name: found.name.clone(),
            data_type: found.data_type.clone(),
        })
    };
    names.iter().map(column).collect()
}

/// Gathers rows.
pub struct Batches {
    received_at: Timestamp,
    client_hours: ClientHours,
    batch: InsertedBatch,
    n_bytes: usize,
    /// Rows of the batches before this one.
    n_before: usize,
}

impl Batches {
    /// `received_at` is the time of rows that have none.
    pub fn new(received_at: Timestamp, client_hours: ClientHours) -> Batches {
        Batches {
            received_at,
            client_hours,
            batch: InsertedBatch::default(),
            n_bytes: 0,
            n_before: 0,
        }
    }

    /// Takes a row. Returns the batch that is full with it.
    pub fn add(&mut self, columns: &[InsertColumn], row: &InsertRow) -> Option<InsertedBatch> {
        self.n_bytes += row.iter().map(n_bytes).sum::<usize>();
        let raw = || object(columns, row).to_string();
        let read = server_row(columns, row).into_event(self.received_at, self.client_hours);
        match read {
            Ok((stored, claims_hours)) => {
                self.batch.n_claims += u64::from(claims_hours);
                self.batch.events.push(stored);
            }
            Err(reason) => {
                let rejected = RejectedEvent {
                    index: self.n_before + self.n_rows(),
                    raw: raw(),
                    reason,
                };
                self.batch.rejected.push(rejected);
            }
        }
        let is_full = self.n_rows() >= BATCH_ROWS || self.n_bytes >= BATCH_BYTES;
        is_full.then(|| self.next())
    }

    /// The rows that are left.
    pub fn last(mut self) -> Option<InsertedBatch> {
        (self.n_rows() > 0).then(|| self.next())
    }

    fn n_rows(&self) -> usize {
        self.batch.events.len() + self.batch.rejected.len()
    }

    fn next(&mut self) -> InsertedBatch {
        self.n_before += self.n_rows();
        self.n_bytes = 0;
        let next = InsertedBatch {
            index: self.batch.index + 1,
            ..InsertedBatch::default()
        };
        std::mem::replace(&mut self.batch, next)
    }
}

fn n_bytes(value: &InsertValue) -> usize {
    match value {
        InsertValue::Text(text) => text.len(),
        InsertValue::Integers(numbers) => 8 * numbers.len(),
        _ => 8,
    }
}

fn server_row(columns: &[InsertColumn], row: &InsertRow) -> ServerRow {
    let mut read = ServerRow::default();
    for (column, value) in columns.iter().zip(row) {
        let text = || match value {
            InsertValue::Text(text) => Some(text.clone()),
            _ => None,
        };
        let integer = || match value {
            InsertValue::Integer(number) => Some(*number),
            _ => None,
        };
        match column.name.as_str() {
            "scope" => read.scope = text(),
            "obj_name" => read.obj_name = text(),
            "obj_id" => read.obj_id = integer(),
            "obj_val" => read.obj_val = text(),
            "source" => read.source = text(),
            "timestamp" => {
                read.timestamp_ms = match value {
                    InsertValue::TimeMs(ms) => Some(*ms),
                    _ => None,
                }
            }
            "count" => read.count = integer(),
            "duration" => read.duration = integer(),
            "project_id" => read.project_id = integer(),
            "task_id" => read.task_id = integer(),
            "job_id" => read.job_id = integer(),
            "user_id" => read.user_id = integer(),
            "user_name" => read.user_name = text(),
            "user_email" => read.user_email = text(),
            "org_id" => read.org_id = integer(),
            "org_slug" => read.org_slug = text(),
            "payload" => read.payload = text(),
            "access_token_id" => read.access_token_id = integer(),
            "remote_addr" => read.remote_addr = text(),
            "counted_ms" => {
                read.counted_ms = match value {
                    InsertValue::Integers(ms) => ms.clone(),
                    _ => Vec::new(),
                }
            }
            other => unreachable!("{other} is none of the columns that rows may come with"),
        }
    }
    read
}

/// A row as JSON, for the dead letters: what the ingest port reads.
fn object(columns: &[InsertColumn], row: &InsertRow) -> Value {
    let mut object = Map::new();
    for (column, value) in columns.iter().zip(row) {
        let value = match value {
            InsertValue::Default | InsertValue::Null => continue,
            InsertValue::Integer(number) => {
                let number = serde_json::from_str(&number.to_string());
                number.unwrap_or(Value::Null)
            }
            InsertValue::Text(text) => Value::from(text.as_str()),
            InsertValue::TimeMs(ms) => Value::from(Timestamp::from_millis(*ms).to_string()),
            InsertValue::Bool(flag) => Value::from(*flag),
            InsertValue::Integers(numbers) => Value::from(numbers.clone()),
        };
        object.insert(column.name.clone(), value);
    }
    Value::Object(object)
}
