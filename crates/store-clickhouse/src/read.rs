//! Reads: Arrow piece by piece as it comes, within limits of time and memory, ended in ClickHouse when nobody waits.

use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use annoscope_events::{COLUMNS, EXPORT_COLUMNS};
use annoscope_store::{
    EXCEPTION_SCOPE, EventFilter, Kinds, Position, Query, RECORDED_SOURCES, RecordBatches,
    RowSender, RowsRead, StoreError, export_schema, positioned_schema,
};
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamDecoder;
use bytes::Bytes;
use reqwest::{Response, Url};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::connection::{Answer, Connection, Request, message, no_answer};
use crate::ddl::{EVENTS, POSITION, TIMESTAMP};
use crate::error::{Error, code};
use crate::node::Node;
use crate::rows::{of_clickhouse, with_texts};

/// An export may go as slowly as the disk it is written to.
const EXPORTING: Duration = Duration::from_hours(6);

/// A reader of whole rows may write to a slow disk, or to another machine.
const BACKING_UP: Duration = Duration::from_hours(24);

/// How much later than ClickHouse a read is ended here: its own words say more.
const STALLED: Duration = Duration::from_secs(5);

/// Where ClickHouse puts what ends an answer that has begun.
const EXCEPTION: &str = "Code: ";

/// What it does not say, but for its text: an answer of 200 may end with an error.
const TAIL_BYTES: usize = 16 << 10;

/// Starts reads.
pub(crate) struct Reads {
    connection: Arc<Connection>,
    /// Whose positions callers speak of.
    node: Node,
    /// Of one read in ClickHouse.
    memory_bytes: u64,
}

/// What is read, and how.
struct Read {
    connection: Arc<Connection>,
    statements: Vec<String>,
    time_limit: Duration,
    memory_bytes: u64,
    /// The columns that the rows get; none of a query, whose reader knows them.
    schema: Option<SchemaRef>,
    /// Of rows that ClickHouse had to read.
    counter: RowsRead,
    /// The reader is gone, or the store is closed.
    ended: CancellationToken,
}

impl Reads {
    pub(crate) fn new(connection: Arc<Connection>, node: Node, memory_bytes: u64) -> Reads {
        Reads {
            connection,
            node,
            memory_bytes,
        }
    }

    pub(crate) fn query(&self, query: Query) -> Result<RecordBatches, Error> {
        if query.rows.is_some() {
            // Parts of results are kept for queries whose text is DuckDB's alone.
            let text = "ClickHouse is asked whole queries, which bring no rows along";
            return Err(Error::Tables(text.to_owned()));
        }
        let Query {
            statements,
            time_limit,
            rows_read,
            ..
        } = query;
        Ok(self.start(statements, time_limit, None, rows_read))
    }

    pub(crate) fn export(&self, filter: &EventFilter) -> RecordBatches {
        // Events of one time come in the order in which they arrived. The table is sorted by time, so ClickHouse sorts
        // little at once.
        let sql = format!(
            "SELECT {} FROM {EVENTS} WHERE {} ORDER BY {TIMESTAMP}, {POSITION}",
            EXPORT_COLUMNS.join(", "),
            conditions(filter, self.node)
        );
        let schema = Some(export_schema());
        self.start(vec![sql], EXPORTING, schema, RowsRead::default())
    }

    pub(crate) fn rows_at(&self, positions: Range<Position>) -> RecordBatches {
        let columns = COLUMNS.iter().map(|column| column.name);
        let columns: Vec<&str> = columns.chain([POSITION]).collect();
        let sql = format!(
            "SELECT {} FROM {EVENTS} WHERE {POSITION} >= {} AND {POSITION} < {} ORDER BY {POSITION}",
            columns.join(", "),
            positions.start.0.max(self.node.first()),
            positions.end.0
        );
        let schema = Some(positioned_schema());
        self.start(vec![sql], BACKING_UP, schema, RowsRead::default())
    }

    fn start(
        &self,
        statements: Vec<String>,
        time_limit: Duration,
        schema: Option<SchemaRef>,
        counter: RowsRead,
    ) -> RecordBatches {
        let ended = self.connection.closing();
        let (sender, result) = RecordBatches::new(ended.clone().drop_guard());
        let read = Read {
            connection: Arc::clone(&self.connection),
            statements,
            time_limit,
            memory_bytes: self.memory_bytes,
            schema,
            counter,
            ended,
        };
        // A thread that may wait: for pieces, and for the reader.
        self.connection.handle().spawn_blocking(move || {
            let outcome = read.run(&sender);
            sender.end(outcome.map_err(|error| read.named(error)));
        });
        result
    }
}

impl Read {
    fn run(&self, sender: &RowSender) -> Result<(), Error> {
        self.statements
            .iter()
            .try_for_each(|sql| self.statement(sql, sender))
    }

    fn statement(&self, sql: &str, sender: &RowSender) -> Result<(), Error> {
        let query_id = format!("annoscope-{}", Uuid::new_v4());
        let request = self.request(sql, &query_id);
        let answer = self.wait(self.connection.send(&request));
        if let Err(Error::Store(StoreError::Interrupted)) = answer {
            let url = self.connection.current();
            self.connection.kill(url, &query_id);
        }
        let Answer { response, url } = answer?;
        let summary = response.headers().get("X-ClickHouse-Summary");
        let n_read = summary.and_then(|summary| read_rows(summary.to_str().ok()?));
        let mut pieces = Pieces::new(response, url);
        let outcome = self.hand_over(&mut pieces, sender);
        if !pieces.is_over {
            self.connection.kill(pieces.url.clone(), &query_id);
        }
        self.counter.add(n_read.unwrap_or(0));
        outcome.map_err(|error| match error {
            Error::Rows(_) | Error::NoAnswer { .. } => pieces.exception(error),
            error => error,
        })
    }

    fn hand_over(&self, pieces: &mut Pieces, sender: &RowSender) -> Result<(), Error> {
        let mut decoder = StreamDecoder::new();
        while let Some(piece) = self.wait(pieces.next())? {
            let mut piece = Buffer::from(piece);
            while !piece.is_empty() {
                let Some(rows) = decoder.decode(&mut piece)? else {
                    continue;
                };
                let rows = with_texts(&rows)?;
                sender.send(match &self.schema {
                    Some(schema) => of_clickhouse(&rows, schema)?,
                    None => rows,
                })?;
            }
        }
        Ok(decoder.finish()?)
    }

    /// Waits on this thread, unless nobody waits for the read any more.
    fn wait<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.connection.handle().block_on(async {
            tokio::select! {
                biased;
                () = self.ended.cancelled() => Err(StoreError::Interrupted.into()),
                done = work => done,
            }
        })
    }

    fn request(&self, sql: &str, query_id: &str) -> Request {
        let half = (self.memory_bytes / 2).to_string();
        let seconds = self.time_limit.as_secs_f64();
        let parameters = [
            // Writes nothing. 1 would refuse the settings that a checked query ends with.
            ("readonly", "2".to_owned()),
            ("max_execution_time", format!("{seconds:.3}")),
            // The time counts, and not what ClickHouse thinks that it will be.
            ("timeout_before_checking_execution_speed", "0".to_owned()),
            ("max_memory_usage", self.memory_bytes.to_string()),
            ("max_bytes_before_external_sort", half.clone()),
            ("max_bytes_before_external_group_by", half),
            // That of queries which say nothing else, whatever the server's is.
            ("session_timezone", "UTC".to_owned()),
            ("asterisk_include_materialized_columns", "1".to_owned()),
            ("output_format_arrow_compression_method", "none".to_owned()),
            ("output_format_arrow_string_as_string", "0".to_owned()),
            ("output_format_arrow_date_as_uint16", "0".to_owned()),
            (
                "cancel_http_readonly_queries_on_client_close",
                "1".to_owned(),
            ),
        ];
        let of_request = [
            ("database", self.connection.database().to_owned()),
            ("default_format", "ArrowStream".to_owned()),
            ("query_id", query_id.to_owned()),
        ];
        Request {
            parameters: of_request.into_iter().chain(parameters).collect(),
            body: Bytes::from(sql.to_owned()),
            is_compressed: false,
            time_limit: self.time_limit + STALLED,
        }
    }

    /// Tells apart what a read can fail of.
    fn named(&self, error: Error) -> StoreError {
        match error {
            Error::Refused { code, message, .. } => match code {
                code::TIME => StoreError::TimedOut {
                    limit: self.time_limit,
                },
                code::MEMORY => StoreError::OutOfMemory {
                    limit_bytes: self.memory_bytes,
                },
                code::CANCELLED => StoreError::Interrupted,
                code::BUSY => StoreError::Failed(message.into()),
                _ => StoreError::Statement { message },
            },
            Error::NoAnswer { .. } => StoreError::Failed(error.into()),
            error => error.into(),
        }
    }
}

/// An answer as it comes, and the end of what came.
struct Pieces {
    response: Response,
    url: Url,
    tail: Vec<u8>,
    /// Whether ClickHouse has ended it, so that there is nothing to be ended.
    is_over: bool,
}

impl Pieces {
    fn new(response: Response, url: Url) -> Pieces {
        Pieces {
            response,
            url,
            tail: Vec::new(),
            is_over: false,
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let piece = self.response.chunk().await;
        let piece = piece.map_err(|error| no_answer(&self.url, &error))?;
        match &piece {
            None => self.is_over = true,
            Some(piece) => {
                let n_kept = piece.len().min(TAIL_BYTES);
                self.tail.extend_from_slice(&piece[piece.len() - n_kept..]);
                let n_over = self.tail.len().saturating_sub(TAIL_BYTES);
                self.tail.drain(..n_over);
            }
        }
        Ok(piece)
    }

    /// What ClickHouse says at the end of an answer that it could not end, or `error`.
    fn exception(&self, error: Error) -> Error {
        let tail = String::from_utf8_lossy(&self.tail);
        let Some(at) = tail.rfind(EXCEPTION) else {
            return error;
        };
        let digits = tail[at + EXCEPTION.len()..].split(|c: char| !c.is_ascii_digit());
        let code = digits.into_iter().next().and_then(|code| code.parse().ok());
        match code {
            Some(code) => Error::Refused {
                place: self.url.to_string(),
                code,
                message: message(&tail[at..]),
            },
            None => error,
        }
    }
}

/// `{"read_rows":"7",…}`
fn read_rows(summary: &str) -> Option<u64> {
    let (_, rest) = summary.split_once("\"read_rows\":\"")?;
    rest.split('"').next()?.parse().ok()
}

/// Times of the last `n` events in the order of their positions, µs since the epoch.
pub(crate) fn recent_times(
    connection: &Arc<Connection>,
    node: Node,
    position: Position,
    n: usize,
) -> Result<Vec<i64>, Error> {
    let last = |from: u64| -> Result<Vec<i64>, Error> {
        let lines = connection.ask(format!(
            "SELECT toUnixTimestamp64Milli({TIMESTAMP}) FROM {EVENTS} \
             WHERE {POSITION} >= {from} AND {POSITION} < {} ORDER BY {POSITION} DESC LIMIT {n}",
            node.end()
        ))?;
        let times = lines.lines().rev().map(|line| {
            let millis: Result<i64, _> = line.parse();
            let millis = millis.map_err(|_| Error::Unexpected(line.to_owned()))?;
            Ok(millis * 1000)
        });
        times.collect()
    };
    // Some positions have no row, but seldom most: the whole column is looked through where they have.
    let first = node.first();
    let near = position.0.saturating_sub(2 * n as u64).max(first);
    let times = last(near)?;
    if times.len() == n || near == first {
        return Ok(times);
    }
    last(first)
}

/// The conditions of an export. Only numbers and words of ours are written, so there is nothing to escape.
fn conditions(filter: &EventFilter, node: Node) -> String {
    let mut sql = String::from("1");
    let mut and = |condition: std::fmt::Arguments<'_>| {
        write!(sql, " AND {condition}").expect("a String takes everything");
    };
    if let Some(from) = filter.from {
        and(format_args!("{TIMESTAMP} >= {}", time(from.millis())));
    }
    if let Some(to) = filter.to {
        and(format_args!("{TIMESTAMP} <= {}", time(to.millis())));
    }
    for (column, id) in filter.ids() {
        and(format_args!("{column} = {id}"));
    }
    if filter.kinds != Kinds::All {
        let [client, server] = RECORDED_SOURCES;
        and(format_args!("source IN ('{client}', '{server}')"));
    }
    if filter.kinds == Kinds::RecordedWithoutExceptions {
        and(format_args!("scope != '{EXCEPTION_SCOPE}'"));
    }
    if let Some(before) = filter.before {
        // Rows that others wrote have none, and those of other nodes some that say nothing of this one's.
        and(format_args!(
            "({POSITION} IS NULL OR {POSITION} < {} OR {POSITION} >= {})",
            before.0,
            node.end()
        ));
    }
    sql
}

/// A time, as a constant by which ClickHouse leaves out parts.
pub(crate) fn time(millis: i64) -> String {
    format!("fromUnixTimestamp64Milli(toInt64({millis}), 'UTC')")
}

#[cfg(test)]
mod tests {
    use annoscope_events::Timestamp;

    use super::*;

    #[test]
    fn a_filter_is_its_conditions() {
        let node = Node {
            number: 0,
            owner: Uuid::nil(),
        };
        let filter = EventFilter {
            from: Some(Timestamp::from_millis(1)),
            user_id: Some(7),
            kinds: Kinds::RecordedWithoutExceptions,
            before: Some(Position(9)),
            ..EventFilter::default()
        };
        assert_eq!(
            conditions(&filter, node),
            "1 AND timestamp >= fromUnixTimestamp64Milli(toInt64(1), 'UTC') AND user_id = 7 \
             AND source IN ('client', 'server') AND scope != 'send:exception' \
             AND (position IS NULL OR position < 9 OR position >= 1099511627776)"
        );
        assert_eq!(conditions(&EventFilter::default(), node), "1");
    }

    #[test]
    fn rows_read_are_found_in_the_summary() {
        let summary = r#"{"read_rows":"12","read_bytes":"3"}"#;
        assert_eq!(read_rows(summary), Some(12));
        assert_eq!(read_rows("{}"), None);
    }
}
