//! The store's process: answers the server's calls.

use std::io::{self, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;

use annoscope_store::{Backend, Entry, Position, Query, RecordBatches, Rows, RowsRead, StoreError};
use arrow::buffer::Buffer;
use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use crate::door;
use crate::failure::Failure;
use crate::frame::{self, Frame, Kind};
use crate::message::{Answer, Request};
use crate::rows::{Decoder, Encoder};

/// Why a store's process ends before it is told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store does not open. The server knows it.
    #[error(transparent)]
    Store(StoreError),
    /// The system did not do its part.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The system's error.
        source: io::Error,
    },
}

/// Opens a store and answers calls that come through `door`, until that is closed; then closes the
/// store. Blocks.
pub fn serve<B: Backend>(
    door: OwnedFd,
    open: impl FnOnce() -> Result<B, StoreError>,
) -> Result<(), ServeError> {
    let door = UnixStream::from(door);
    let runtime = Builder::new_multi_thread()
        .thread_name("answers")
        .enable_io()
        .build()
        .map_err(io_error("making threads for calls"))?;
    ignore_signals(&runtime).map_err(io_error("taking over signals"))?;
    let backend = match open() {
        Ok(backend) => Arc::new(backend),
        Err(error) => {
            let text = StoreError::Failed(error.to_string().into());
            say(&door, &Frame::json(Kind::Failed, &Failure::from(error)))?;
            return Err(ServeError::Store(text));
        }
    };
    say(&door, &Frame::json(Kind::Answer, &Answer::Done))?;
    let accepted = || door::accept(&door).map_err(io_error("waiting for calls"));
    while let Some(connection) = accepted()? {
        let (backend, handle) = (Arc::clone(&backend), runtime.handle().clone());
        runtime.spawn_blocking(move || {
            if let Err(error) = answer(&connection, &*backend, &handle) {
                tracing::debug!(%error, "a call was given up");
            }
        });
    }
    tracing::debug!("the server has no more calls; closing the store");
    backend.close();
    // What runs is of no use to anybody.
    runtime.shutdown_background();
    Ok(())
}

fn say(door: &UnixStream, frame: &Frame) -> Result<(), ServeError> {
    let told = frame.write(&mut &*door);
    told.map_err(io_error("telling the server how the store opened"))
}

/// A terminal and a service manager tell all processes to end at once. The server ends this one when the
/// last query is answered.
fn ignore_signals(runtime: &Runtime) -> io::Result<()> {
    let _within = runtime.enter();
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        // What was taken over once no longer ends the process.
        let _ = signal(kind)?;
    }
    Ok(())
}

fn io_error(doing: &'static str) -> impl FnOnce(io::Error) -> ServeError {
    move |source| ServeError::Io { doing, source }
}

/// What a call gets.
enum Reply {
    Frame(Frame),
    Rows(RecordBatches, RowsRead),
}

/// Answers the one call of a connection. Rows go on in a task of their own.
fn answer(connection: &UnixStream, backend: &dyn Backend, runtime: &Handle) -> io::Result<()> {
    let mut from_server = BufReader::new(connection);
    let request = Frame::read(&mut from_server)?.parse()?;
    let reply = match request {
        Request::Apply { n_entries, until } => {
            let entries = (0..n_entries).map(|_| entry(Frame::read(&mut from_server)?));
            let entries = entries.collect::<io::Result<Vec<_>>>()?;
            let applied = backend.apply(entries, Position(until));
            applied.map(|()| stats(backend))
        }
        Request::Query {
            statements,
            views,
            time_limit,
            brings_rows,
        } => {
            let rows = if brings_rows {
                Some(brought_rows(&mut from_server)?)
            } else {
                None
            };
            let rows_read = RowsRead::default();
            let query = Query {
                statements,
                views: views.into_iter().map(Into::into).collect(),
                time_limit,
                rows,
                rows_read: rows_read.clone(),
            };
            let batches = backend.query(query);
            batches.map(|batches| Reply::Rows(batches, rows_read))
        }
        Request::Export(filter) => {
            let batches = backend.export(filter.into());
            batches.map(|batches| Reply::Rows(batches, RowsRead::default()))
        }
        Request::RowsAt { from, until } => {
            let batches = backend.rows_at(Position(from)..Position(until));
            batches.map(|batches| Reply::Rows(batches, RowsRead::default()))
        }
        Request::Rewrite(rewrite) => backend.rewrite(&rewrite.into()).map(|rewritten| {
            json(&Answer::Rewritten {
                n_rows: rewritten.n_rows,
                next: rewritten.next.map(|position| position.0),
                stats: backend.stats().into(),
            })
        }),
        Request::Applied => {
            let applied = backend.applied();
            applied.map(|position| json(&Answer::Position(position.0)))
        }
        Request::RecentTimes { n } => backend.recent_times(n).map(|times| {
            let bytes = times.iter().flat_map(|time| time.to_le_bytes());
            Reply::Frame(Frame {
                kind: Kind::Times,
                content: bytes.collect(),
            })
        }),
        Request::Health => backend.health().map(|()| json(&Answer::Done)),
        Request::Stats => Ok(stats(backend)),
        Request::Figures => {
            let figures = backend.figures().into_iter().map(Into::into);
            Ok(json(&Answer::Figures(figures.collect())))
        }
    };
    let mut to_server = connection;
    match reply {
        Ok(Reply::Frame(frame)) => frame.write(&mut to_server),
        Ok(Reply::Rows(batches, rows_read)) => {
            Frame::json(Kind::Answer, &Answer::Done).write(&mut to_server)?;
            let connection = connection.try_clone()?;
            runtime.spawn(async move {
                if let Err(error) = hand_over(connection, batches, &rows_read).await {
                    tracing::debug!(%error, "rows were given up");
                }
            });
            Ok(())
        }
        Err(error) => failed(error).write(&mut to_server),
    }
}

fn stats(backend: &dyn Backend) -> Reply {
    json(&Answer::Stats(backend.stats().into()))
}

fn json(answer: &Answer) -> Reply {
    Reply::Frame(Frame::json(Kind::Answer, answer))
}

fn failed(error: StoreError) -> Frame {
    Frame::json(Kind::Failed, &Failure::from(error))
}

/// An entry of [`Kind::Record`].
fn entry(frame: Frame) -> io::Result<Entry> {
    let from = frame.content.first_chunk().copied().map(u64::from_le_bytes);
    let (Some(from), Kind::Record) = (from, frame.kind) else {
        return Err(frame::damaged("an entry has a position"));
    };
    // The record is where its buffers are read in place.
    let record = Buffer::from(frame.content).slice(size_of::<u64>());
    Ok(Entry {
        from: Position(from),
        record,
    })
}

fn brought_rows(from_server: &mut impl io::Read) -> io::Result<Rows> {
    let mut decoder = Decoder::default();
    let mut batches = Vec::new();
    loop {
        let frame = Frame::read(from_server)?;
        if frame.kind == Kind::End {
            return Ok(Rows::new(batches));
        }
        batches.push(decoder.decode(frame).map_err(io::Error::other)?);
    }
}

/// Hands the rows of a read to the server as it takes them. Ends the read when the server hangs up.
async fn hand_over(
    connection: UnixStream,
    mut batches: RecordBatches,
    rows_read: &RowsRead,
) -> io::Result<()> {
    connection.set_nonblocking(true)?;
    let connection = tokio::net::UnixStream::from_std(connection)?;
    let (mut from_server, to_server) = connection.into_split();
    let mut to_server = BufWriter::new(to_server);
    // The server says nothing more: what comes is the end.
    let mut hung_up = pin!(from_server.read_u8());
    let mut encoder = Encoder::default();
    let mut n_told = 0;
    loop {
        let next = tokio::select! {
            next = batches.next() => next,
            _ = &mut hung_up => return Ok(()),
        };
        let is_last = !matches!(next, Some(Ok(_)));
        let mut frames = Vec::new();
        let n_read = rows_read.get();
        if n_read > n_told {
            frames.push(Frame::number(Kind::RowsRead, n_read - n_told));
            n_told = n_read;
        }
        match next
            .transpose()
            .and_then(|batch| batch.map(|batch| encoder.encode(&batch)).transpose())
        {
            Ok(Some(rows)) => frames.extend(rows),
            Ok(None) => frames.push(Frame::bare(Kind::End)),
            Err(error) => frames.push(failed(error)),
        }
        let writing = async {
            for frame in frames {
                to_server.write_all(&frame.head()?).await?;
                to_server.write_all(&frame.content).await?;
            }
            to_server.flush().await
        };
        tokio::select! {
            written = writing => written?,
            _ = &mut hung_up => return Ok(()),
        }
        if is_last {
            return Ok(());
        }
    }
}
