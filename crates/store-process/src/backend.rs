//! A [`Backend`] in a process of its own.

use std::collections::HashMap;
use std::net::Shutdown;
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use annoscope_store::{
    Backend, BackendStats, Entry, EventFilter, Figure, Position, Query, Reading, RecordBatches,
    Restarts, Rewrite, Rewritten, RowSender, Rows, RowsRead, StoreError, clock,
};
use tokio::runtime::{Builder, Runtime};

use crate::call::{self, Call};
use crate::frame::{Frame, Kind};
use crate::keeper::{Keeper, Spawn};
use crate::message::{Answer, Request};
use crate::quarantine::{Admitted, Pattern};
use crate::rows::{Decoder, Encoder};
use crate::running::{Killed, Running};

/// How long a call waits for a process that is being started.
const PATIENCE: Duration = Duration::from_secs(2);

/// How much later than its limit a query may end. Then its process is ended.
const GRACE: Duration = Duration::from_secs(2);

/// How long a question may take that has no limit of its own: it may wait for a checkpoint.
const QUESTION: Duration = Duration::from_secs(30);

/// How long an apply may take, checkpoint included. A group has some hundred megabytes at most.
const APPLY: Duration = Duration::from_mins(10);

/// How long the end of a process takes to be known after its connections have ended.
const NOTICE: Duration = Duration::from_secs(2);

/// How long a thread that hands rows on waits for the next query.
const KEEP: Duration = Duration::from_mins(1);

/// A store in a process of its own, which is started again whenever it ends.
pub struct ProcessBackend {
    keeper: Arc<Keeper>,
    /// Only for its threads that may block, one for each read. Some until the drop.
    threads: Option<Runtime>,
    names: Mutex<Names>,
}

impl ProcessBackend {
    /// Starts the process and waits until it has opened the store, or says why it cannot.
    pub fn start(spawn: Box<Spawn>) -> Result<ProcessBackend, StoreError> {
        let threads = Builder::new_current_thread()
            .thread_name("rows")
            .thread_keep_alive(KEEP)
            .build()
            .map_err(|source| StoreError::Io {
                doing: "making threads for rows".to_owned(),
                source,
            })?;
        Ok(ProcessBackend {
            keeper: Keeper::start(spawn)?,
            threads: Some(threads),
            names: Mutex::default(),
        })
    }

    fn ask(&self, request: &Request) -> Result<Frame, StoreError> {
        let running = self.keeper.running(PATIENCE)?;
        Call::ask(&running.door, request, QUESTION)
    }

    fn ask_answer(&self, request: &Request) -> Result<Answer, StoreError> {
        call::parse(&self.ask(request)?)
    }

    fn figures_of_process(&self) -> Result<Vec<Figure>, StoreError> {
        let figures = match self.ask_answer(&Request::Figures)? {
            Answer::Figures(figures) => figures,
            other => return Err(call::unexpected(&other)),
        };
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let figures = figures.iter().map(|figure| Figure {
            name: names.keep(&figure.name),
            help: names.keep(&figure.help),
            reading: figure.reading(),
        });
        Ok(figures.collect())
    }

    /// Starts a read of ours, which may take as long as its reader does.
    fn read(&self, request: &Request) -> Result<RecordBatches, StoreError> {
        let running = self.keeper.running(PATIENCE)?;
        let begun = Call::begin(&running.door, request);
        let mut read = Read {
            call: begun?,
            running,
            limit: None,
            admitted: None,
            counter: RowsRead::default(),
            is_cancelled: Arc::default(),
        };
        read.next()?;
        self.hand_on(read)
    }

    /// Starts a read that the process has begun, on a thread of its own.
    fn hand_on(&self, read: Read) -> Result<RecordBatches, StoreError> {
        let is_cancelled = Arc::clone(&read.is_cancelled);
        let connection = read.call.handle()?;
        let (sender, batches) = RecordBatches::new(Cancel {
            connection,
            is_cancelled,
        });
        if let Some(threads) = &self.threads {
            threads.spawn_blocking(move || read.run(sender));
        }
        Ok(batches)
    }
}

impl Backend for ProcessBackend {
    fn applied(&self) -> Result<Position, StoreError> {
        match self.ask_answer(&Request::Applied)? {
            Answer::Position(position) => Ok(Position(position)),
            other => Err(call::unexpected(&other)),
        }
    }

    fn apply(&self, entries: Vec<Entry>, until: Position) -> Result<(), StoreError> {
        let running = self.keeper.running(PATIENCE)?;
        let request = Request::Apply {
            n_entries: entries.len(),
            until: until.0,
        };
        let mut call = Call::begin(&running.door, &request)?;
        for Entry { from, record } in entries {
            call.send_parts(Kind::Record, &[&from.0.to_le_bytes(), record.as_slice()])?;
        }
        let answered = call.next(Some(APPLY));
        if matches!(answered, Err(StoreError::NoAnswer)) {
            running.kill(Killed::Stuck);
        }
        match call::parse(&answered?)? {
            Answer::Stats(stats) => {
                self.keeper.set_stats(stats.into());
                Ok(())
            }
            other => Err(call::unexpected(&other)),
        }
    }

    fn query(&self, query: Query) -> Result<RecordBatches, StoreError> {
        let Query {
            statements,
            views,
            time_limit,
            rows,
            rows_read,
        } = query;
        let running = self.keeper.running(PATIENCE)?;
        let admitted = self.keeper.quarantine.admit(Pattern::of(&statements))?;
        let limit = Limit {
            time: time_limit,
            deadline: clock::monotonic() + time_limit + GRACE,
        };
        let request = Request::Query {
            statements,
            views: views.into_iter().map(Into::into).collect(),
            time_limit,
            brings_rows: rows.is_some(),
        };
        let begin = || {
            let mut call = Call::begin(&running.door, &request)?;
            if let Some(rows) = &rows {
                bring(&mut call, rows)?;
            }
            Ok(call)
        };
        let mut read = Read {
            call: watched(&running, begin())?,
            running,
            limit: Some(limit),
            admitted: Some(admitted),
            counter: rows_read,
            is_cancelled: Arc::default(),
        };
        read.next()?;
        self.hand_on(read)
    }

    fn export(&self, filter: EventFilter) -> Result<RecordBatches, StoreError> {
        self.read(&Request::Export(filter.into()))
    }

    fn rows_at(&self, positions: Range<Position>) -> Result<RecordBatches, StoreError> {
        self.read(&Request::RowsAt {
            from: positions.start.0,
            until: positions.end.0,
        })
    }

    fn rewrite(&self, rewrite: &Rewrite) -> Result<Rewritten, StoreError> {
        let running = self.keeper.running(PATIENCE)?;
        let mut call = Call::begin(&running.door, &Request::Rewrite(rewrite.into()))?;
        match call::parse(&call.next(Some(APPLY))?)? {
            Answer::Rewritten {
                n_rows,
                next,
                stats,
            } => {
                self.keeper.set_stats(stats.into());
                Ok(Rewritten {
                    n_rows,
                    next: next.map(Position),
                })
            }
            other => Err(call::unexpected(&other)),
        }
    }

    fn recent_times(&self, n: usize) -> Result<Vec<i64>, StoreError> {
        let frame = self.ask(&Request::RecentTimes { n })?;
        let (times, _) = frame.content.as_chunks();
        Ok(times.iter().copied().map(i64::from_le_bytes).collect())
    }

    fn health(&self) -> Result<(), StoreError> {
        let answer = self.ask_answer(&Request::Health);
        match answer {
            Err(StoreError::NotOpen) => Err(self.keeper.failure().unwrap_or(StoreError::NotOpen)),
            answer => answer.map(|_| ()),
        }
    }

    fn stats(&self) -> BackendStats {
        self.keeper.stats()
    }

    fn figures(&self) -> Vec<Figure> {
        let mut figures = self.figures_of_process().unwrap_or_else(|error| {
            tracing::debug!(%error, "the store tells no figures now");
            Vec::new()
        });
        figures.push(Figure {
            name: "process_restarts",
            help: "Times that the database's process ended by itself and was started again",
            reading: Reading::Counter(self.keeper.restarts().n),
        });
        figures
    }

    fn restarts(&self) -> Restarts {
        self.keeper.restarts()
    }

    fn close(&self) {
        self.keeper.close();
    }
}

impl Drop for ProcessBackend {
    fn drop(&mut self) {
        self.keeper.close();
        if let Some(threads) = self.threads.take() {
            // Their connections have ended with the process.
            threads.shutdown_background();
        }
    }
}

/// Sends the rows that a query brings along.
fn bring(call: &mut Call, rows: &Rows) -> Result<(), StoreError> {
    let mut encoder = Encoder::default();
    for batch in rows.batches() {
        for frame in encoder.encode(batch)? {
            call.send(&frame)?;
        }
    }
    call.send(&Frame::bare(Kind::End))
}

/// The time of a query.
struct Limit {
    time: Duration,
    /// When it has to have ended, or is ended with its process.
    deadline: Instant,
}

/// A read under way.
struct Read {
    call: Call,
    running: Arc<Running>,
    limit: Option<Limit>,
    /// Of a query; given back when its outcome is known.
    admitted: Option<Admitted>,
    counter: RowsRead,
    is_cancelled: Arc<AtomicBool>,
}

impl Read {
    /// Hands rows on until the end.
    fn run(mut self, sender: RowSender) {
        let outcome = self.hand_on(&sender);
        // Given back before the reader learns the end, so that he may start the next query.
        drop(self);
        sender.end(outcome);
    }

    fn hand_on(&mut self, sender: &RowSender) -> Result<(), StoreError> {
        let mut decoder = Decoder::default();
        loop {
            let frame = self.next()?;
            match frame.kind {
                Kind::FirstRows | Kind::Rows => sender.send(decoder.decode(frame)?)?,
                Kind::RowsRead => {
                    let n_rows = frame.as_number().map_err(call::lost)?;
                    self.counter.add(n_rows);
                }
                Kind::End => return Ok(()),
                kind => {
                    let text = format!("rows came with a frame of {kind:?}");
                    return Err(StoreError::Failed(text.into()));
                }
            }
        }
    }

    /// The next frame. A process that does not send it in time is ended: only what a reader waits for
    /// is late, not what he does not take.
    fn next(&mut self) -> Result<Frame, StoreError> {
        let patience = self.limit.as_ref().map(|limit| {
            let left = limit.deadline.saturating_duration_since(clock::monotonic());
            left.max(GRACE)
        });
        let next = self.call.next(patience);
        if self.is_cancelled.load(Ordering::Relaxed) {
            return Err(StoreError::Interrupted);
        }
        if let (Err(StoreError::NoAnswer), Some(limit)) = (&next, &self.limit) {
            if let Some(admitted) = &self.admitted {
                let pattern = admitted.pattern.clone();
                self.running.kill(Killed::Overdue(pattern));
                self.running.wait_over(NOTICE);
            }
            return Err(StoreError::TimedOut { limit: limit.time });
        }
        match (watched(&self.running, next), &self.admitted) {
            (Err(StoreError::Lost), Some(admitted)) => Err(admitted.lost()),
            (next, _) => next,
        }
    }
}

/// Where the process is lost, waits until it is known why: what runs then may be to blame.
fn watched<T>(running: &Running, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
    if matches!(outcome, Err(StoreError::Lost)) {
        running.wait_over(NOTICE);
    }
    outcome
}

/// Ends a read when its result is dropped.
struct Cancel {
    connection: UnixStream,
    is_cancelled: Arc<AtomicBool>,
}

impl Drop for Cancel {
    fn drop(&mut self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
        // It fails where the process has ended already.
        let _ = self.connection.shutdown(Shutdown::Both);
    }
}

/// Names of figures, which live as long as the program. There are as many as there are figures.
#[derive(Default)]
struct Names(HashMap<String, &'static str>);

impl Names {
    fn keep(&mut self, name: &str) -> &'static str {
        if let Some(kept) = self.0.get(name) {
            return kept;
        }
        let kept: &'static str = String::leak(name.to_owned());
        self.0.insert(name.to_owned(), kept);
        kept
    }
}
