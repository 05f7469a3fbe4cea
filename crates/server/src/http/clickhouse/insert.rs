//! `INSERT INTO events`: its body is read twice, once to know that all of it is rows, and once to store them.
//!
//! So malformed rows, wrong types and a connection that breaks store nothing. What an end of the server leaves
//! out, the INSERT sent again brings: each of its batches is known by itself.

mod rows;

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::Read;
use std::time::Duration;

use annoscope_events::ClientHours;
use annoscope_formats::{InsertColumn, InsertFormat, InsertRow};
use annoscope_sql::Insert;
use annoscope_store::Position;
use axum::response::Response;
use tokio::sync::mpsc;

use super::body::{Decoding, Incoming, begun, not_unpacked};
use super::exception::Exception;
use super::parameters::Parameters;
use super::select::{self, Figures};
use super::spool::Spool;
use crate::clock;
use crate::http::request_id::RequestId;
use crate::http::state::AppState;
use crate::identity::Principal;
use crate::ingest::{Arrival, InsertName, Inserted, InsertedBatch};
use rows::{Batches, columns};

/// What is read at once, bytes.
const STEP_BYTES: usize = 256 * 1024;

/// Largest row, and largest block of `Native`, bytes: clients cut theirs at 16 MiB and below.
const MAX_BLOCK_BYTES: usize = 64 << 20;

/// Batches of an INSERT that may wait in the journal for the database: a long one leaves room for others.
const MAX_BATCHES_AHEAD: usize = 4;

/// How long it waits for the database to take one.
const DATABASE_WAIT: Duration = Duration::from_secs(10);

/// An INSERT whose caller may write.
pub struct Insertion<'a> {
    pub state: &'a AppState,
    pub principal: &'a Principal,
    pub request_id: RequestId,
    pub parameters: Parameters,
    pub insert: Insert,
    /// What the address has of the statement.
    pub query: String,
    /// Whether the statement ends in the body.
    pub is_in_body: bool,
}

/// Where the rows are, and how they are read. Cheap to read twice.
struct Source {
    spool: Spool,
    decoding: Decoding,
    /// Rows before the body.
    first: Vec<u8>,
    /// Bytes of the body that are still the statement.
    n_skipped: usize,
    format: InsertFormat,
    columns: Vec<InsertColumn>,
}

/// What the first reading found.
struct Checked {
    n_rows: u64,
    n_bytes: u64,
    content: [u8; 32],
}

impl Insertion<'_> {
    /// Takes the rows. Answers when they are durable.
    pub async fn answer(self, incoming: Incoming) -> Result<Response, Exception> {
        let format = self
            .insert
            .format
            .as_deref()
            .ok_or_else(|| Exception::new("SYNTAX_ERROR", "INSERT without FORMAT or VALUES"))?;
        let format = InsertFormat::named(format).ok_or_else(|| {
            let message = format!("INSERT in the format {format} is not supported");
            Exception::new("UNKNOWN_FORMAT", message)
        })?;
        let columns = columns(&self.insert.columns)?;
        let (received_at, began) = (clock::now(), clock::monotonic());
        let (spool, decoding) = incoming.whole().await?;
        let (first, n_skipped) = self.places(spool.n_bytes() > 0);
        let mut source = Source {
            spool,
            decoding,
            first,
            n_skipped,
            format,
            columns,
        };
        let _turn = self.state.admission.turn_of_insert().await?;
        let max_bytes = MAX_BLOCK_BYTES.min(self.state.config.ingest.max_body_bytes as usize);
        let task = tokio::task::spawn_blocking(move || {
            let checked = source.check(max_bytes);
            checked.map(|checked| (checked, source))
        });
        let (checked, mut source) = task.await.map_err(ended)??;
        let name = InsertName {
            account_id: self.principal.user.id,
            token: self.parameters.token.clone(),
            query_id: self.parameters.query_id.clone(),
            content: checked.content,
        };
        let arrival = Arrival {
            received_at,
            request_id: self.request_id.0,
        };
        let client_hours = if self.state.config.ingest.legacy_working_time {
            ClientHours::Legacy
        } else {
            ClientHours::Claimed
        };
        let (to, mut batches) = mpsc::channel(1);
        let reading = tokio::task::spawn_blocking(move || {
            source.batches(
                max_bytes,
                Batches::new(received_at, client_hours),
                |batch| to.blocking_send(batch).is_ok(),
            )
        });
        let mut waiting = VecDeque::new();
        while let Some(batch) = batches.recv().await {
            match self.state.ingest.inserted(&name, batch, arrival).await? {
                Inserted::Stored(position) => waiting.push_back(position),
                Inserted::Repeated => {}
                Inserted::IdUsedTwice => {
                    let message = "The query_id is another INSERT's, which had other rows";
                    return Err(Exception::new(
                        "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING",
                        message,
                    ));
                }
            }
            if waiting.len() > MAX_BATCHES_AHEAD
                && let Some(position) = waiting.pop_front()
            {
                self.wait_for_database(position).await;
            }
        }
        // A client reads what it has inserted.
        if let Some(position) = waiting.pop_back() {
            self.wait_for_database(position).await;
        }
        reading.await.map_err(ended)??;
        let figures = Figures {
            n_read: checked.n_rows,
            n_written: checked.n_rows,
            n_rows: checked.n_rows,
            n_bytes: checked.n_bytes,
            elapsed: clock::since(began),
        };
        Ok(select::done(self.parameters.query_id.as_deref(), figures))
    }

    /// Waits until queries see what was stored. Where that takes long, it is as durable as what they see.
    async fn wait_for_database(&self, position: Position) {
        let visible = self.state.store.wait_until_visible(position);
        let _ = tokio::time::timeout(DATABASE_WAIT, visible).await;
    }

    /// Rows that stand in the address, and how many bytes of the body are no rows.
    fn places(&self, has_body: bool) -> (Vec<u8>, usize) {
        let rows_at = self.insert.rows_at;
        if self.is_in_body {
            // The statement is the address's text, an end of line, and the body.
            return (Vec::new(), rows_at - begun(&self.query).len());
        }
        let mut first = self.query.as_bytes()[rows_at..].to_vec();
        if has_body && !first.is_empty() {
            first.push(b'\n');
        }
        (first, 0)
    }
}

impl Source {
    /// Reads all rows and keeps none.
    fn check(&mut self, max_bytes: usize) -> Result<Checked, Exception> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(format!("{:?}", self.format).as_bytes());
        for column in &self.columns {
            hasher.update(column.name.as_bytes());
            hasher.update(b"\n");
        }
        let mut reader = self.format.reader(&self.columns, max_bytes)?;
        let (mut n_rows, mut n_bytes) = (0, 0);
        self.read(|bytes| {
            n_bytes += bytes.len() as u64;
            hasher.update(bytes);
            reader.push(bytes, &mut |_| {
                n_rows += 1;
                Ok(())
            })?;
            Ok(true)
        })?;
        reader.finish(&mut |_| {
            n_rows += 1;
            Ok(())
        })?;
        Ok(Checked {
            n_rows,
            n_bytes,
            content: *hasher.finalize().as_bytes(),
        })
    }

    /// Reads all rows in batches, until `take` wants no more.
    fn batches(
        &mut self,
        max_bytes: usize,
        mut batches: Batches,
        mut take: impl FnMut(InsertedBatch) -> bool,
    ) -> Result<(), Exception> {
        let columns = self.columns.clone();
        let mut reader = self.format.reader(&columns, max_bytes)?;
        let is_wanted = Cell::new(true);
        let mut row = |row: InsertRow| {
            if is_wanted.get()
                && let Some(batch) = batches.add(&columns, &row)
            {
                is_wanted.set(take(batch));
            }
            Ok(())
        };
        self.read(|bytes| {
            reader.push(bytes, &mut row)?;
            Ok(is_wanted.get())
        })?;
        if !is_wanted.get() {
            return Ok(());
        }
        reader.finish(&mut row)?;
        if let Some(batch) = batches.last()
            && is_wanted.get()
        {
            take(batch);
        }
        Ok(())
    }

    /// Hands the bytes of the rows on, until `take` wants no more.
    fn read(
        &mut self,
        mut take: impl FnMut(&[u8]) -> Result<bool, Exception>,
    ) -> Result<(), Exception> {
        if !self.first.is_empty() && !take(&self.first)? {
            return Ok(());
        }
        let packed = self.spool.reader()?;
        let mut reader = self.decoding.reader(packed)?;
        let mut bytes = vec![0; STEP_BYTES];
        let mut n_skipped = self.n_skipped;
        loop {
            let n_read = reader
                .read(&mut bytes)
                .map_err(|error| not_unpacked(&error))?;
            if n_read == 0 {
                return Ok(());
            }
            let from = n_skipped.min(n_read);
            n_skipped -= from;
            if from < n_read && !take(&bytes[from..n_read])? {
                return Ok(());
            }
        }
    }
}

/// The thread that reads rows ended by a panic.
fn ended(error: tokio::task::JoinError) -> Exception {
    crate::http::error::ApiError::Internal(error.into()).into()
}
