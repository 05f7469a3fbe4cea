//! Keeps the store's process running.
//!
//! A thread of its own starts it, asks it once a second whether it is still there, and starts it again
//! when it has ended. It lives as long as the server: the system ends a child with the thread that
//! started it.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use annoscope_store::{BackendStats, Restart, Restarts, StoreError, clock};

use crate::call::{self, Call};
use crate::door::Door;
use crate::failure::Failure;
use crate::frame::Kind;
use crate::message::{Answer, Request};
use crate::process::{End, Process};
use crate::quarantine::{Pattern, Quarantine};
use crate::running::{Killed, Running};

/// Starts a process that serves a store on the socket; see [`serve`](crate::serve()).
pub type Spawn = dyn Fn(OwnedFd) -> io::Result<Box<dyn Process>> + Send + Sync;

/// How often the process is asked whether it is there.
const PULSE: Duration = Duration::from_secs(1);

/// How long it may take to answer that: it needs a processor and no more.
const SILENCE: Duration = Duration::from_secs(10);

/// What ran for longer than this is started again at once.
const LONG: Duration = Duration::from_secs(2);

/// By how much each pause before a start is longer than twice the one before.
const PAUSE_STEP: Duration = Duration::from_millis(50);

/// The longest pause before a start of what could not open the store.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// The longest pause after an end of what had opened it: queries wait for the next one.
const MAX_PAUSE_ONCE_OPEN: Duration = Duration::from_millis(150);

/// How long a process may take to close the store: a checkpoint of the whole log.
const CLOSING: Duration = Duration::from_mins(1);

/// How many restarts are remembered.
const MAX_REMEMBERED: usize = 20;

/// What the keeping thread and the callers share.
pub(crate) struct Keeper {
    spawn: Box<Spawn>,
    pub(crate) quarantine: Arc<Quarantine>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The process, once it was started.
    running: Option<Arc<Running>>,
    /// Whether it has opened the store.
    is_open: bool,
    is_closed: bool,
    /// Why it could not open the store last.
    failure: Option<Failure>,
    restarts: Restarts,
    stats: BackendStats,
}

impl Keeper {
    /// Starts the process and waits until it has opened the store.
    pub(crate) fn start(spawn: Box<Spawn>) -> Result<Arc<Keeper>, StoreError> {
        let keeper = Arc::new(Keeper {
            spawn,
            quarantine: Arc::default(),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let for_thread = Arc::clone(&keeper);
        let (opened, first) = std::sync::mpsc::sync_channel(1);
        std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || for_thread.keep(opened))
            .map_err(io_error("starting a thread"))?;
        // It sends once, unless it panics.
        first.recv().unwrap_or(Err(StoreError::NotOpen))?;
        Ok(keeper)
    }

    /// The process, once the store is open; waits `patience` for it.
    pub(crate) fn running(&self, patience: Duration) -> Result<Arc<Running>, StoreError> {
        let is_away = |state: &mut State| !state.is_open && !state.is_closed;
        let waited = self
            .changed
            .wait_timeout_while(self.lock(), patience, is_away);
        let state = waited.unwrap_or_else(PoisonError::into_inner).0;
        let running = state.running.as_ref().filter(|_| state.is_open);
        running.cloned().ok_or(StoreError::NotOpen)
    }

    /// What keeps the store from being opened.
    pub(crate) fn failure(&self) -> Option<StoreError> {
        self.lock().failure.clone().map(StoreError::from)
    }

    pub(crate) fn restarts(&self) -> Restarts {
        self.lock().restarts.clone()
    }

    pub(crate) fn stats(&self) -> BackendStats {
        self.lock().stats
    }

    pub(crate) fn set_stats(&self, stats: BackendStats) {
        self.lock().stats = stats;
    }

    /// Lets the process close the store and end. Blocks until it has.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        let was_closed = std::mem::replace(&mut state.is_closed, true);
        state.is_open = false;
        let running = state.running.clone();
        drop(state);
        self.changed.notify_all();
        let Some(running) = running.filter(|_| !was_closed) else {
            return;
        };
        running.door.close();
        if !running.wait_over(CLOSING) {
            tracing::error!("the store's process does not end by itself");
            running.kill(Killed::Silent);
        }
    }

    fn keep(&self, opened: SyncSender<Result<(), StoreError>>) {
        let mut opened = Some(opened);
        let mut pause = Duration::ZERO;
        while !self.lock().is_closed {
            let begin = clock::monotonic();
            let started = self.start_process();
            let told = match &started {
                Ok(_) => Ok(()),
                Err(failure) => Err(failure.clone().into()),
            };
            if let Some(opened) = opened.take() {
                let is_open = told.is_ok();
                // Who started the store waits for it.
                let _ = opened.send(told);
                if !is_open {
                    return;
                }
            }
            let max_pause = match started {
                Ok((running, ends)) => {
                    let end = self.watch(&running, &ends);
                    self.ended(&running, end);
                    MAX_PAUSE_ONCE_OPEN
                }
                Err(failure) => {
                    self.failed(failure);
                    MAX_PAUSE
                }
            };
            pause = if clock::since(begin) > LONG {
                Duration::ZERO
            } else {
                (2 * pause + PAUSE_STEP).min(max_pause)
            };
            let closed = self
                .changed
                .wait_timeout_while(self.lock(), pause, |state| !state.is_closed);
            drop(closed);
        }
    }

    /// Starts a process and waits until it has opened the store. What it gives tells of its end.
    fn start_process(&self) -> Result<(Arc<Running>, Receiver<End>), Failure> {
        let failed = |doing| move |source| Failure::from(io_error(doing)(source));
        let (door, theirs) = Door::new().map_err(failed("making a socket"))?;
        let process = (self.spawn)(theirs).map_err(failed("starting the store's process"))?;
        let running = Running::new(door, process);
        let (sender, ends) = channel();
        let waiting = Arc::clone(&running);
        let waiter = std::thread::Builder::new()
            .name("store-end".to_owned())
            .spawn(move || {
                // The keeper waits for it, or has gone with the server.
                let _ = sender.send(waiting.wait());
            });
        if let Err(error) = waiter {
            running.kill(Killed::Silent);
            return Err(failed("starting a thread")(error));
        }
        let mut state = self.lock();
        state.running = Some(Arc::clone(&running));
        if state.is_closed {
            running.door.close();
        }
        drop(state);
        let word = running.door.first_word();
        let failure = match word {
            Ok(frame) if frame.kind == Kind::Answer => {
                let reading = ask_stats(&running);
                let mut state = self.lock();
                state.is_open = !state.is_closed;
                state.failure = None;
                state.stats = reading.unwrap_or(state.stats);
                drop(state);
                self.changed.notify_all();
                return Ok((running, ends));
            }
            Ok(frame) if frame.kind == Kind::Failed => frame.parse().ok(),
            _ => None,
        };
        // It ends by itself then.
        let end = ends.recv_timeout(SILENCE).unwrap_or_else(|_| {
            running.kill(Killed::Silent);
            End::default()
        });
        running.set_over();
        let why = || format!("the store's process did not open the store: {end}");
        Err(failure.unwrap_or_else(|| Failure::Failed(why())))
    }

    /// Waits for the end of the process, and brings it about when it does not answer.
    fn watch(&self, running: &Running, ends: &Receiver<End>) -> End {
        loop {
            match ends.recv_timeout(PULSE) {
                Ok(end) => return end,
                Err(RecvTimeoutError::Disconnected) => return End::default(),
                Err(RecvTimeoutError::Timeout) => match ask_stats(running) {
                    Ok(stats) => self.set_stats(stats),
                    Err(StoreError::NoAnswer) => running.kill(Killed::Silent),
                    Err(error) => tracing::debug!(%error, "the store's process is going"),
                },
            }
        }
    }

    /// Finds out what ended the process, and remembers it.
    fn ended(&self, running: &Running, end: End) {
        let mut state = self.lock();
        (state.is_open, state.running) = (false, None);
        let is_closed = state.is_closed;
        drop(state);
        if !is_closed {
            let (reason, ran) = match running.killed() {
                Some(Killed::Overdue(pattern)) => {
                    let ran = self.quarantine.blame(Some(&pattern));
                    ("a query could not be ended".to_owned(), ran)
                }
                Some(Killed::Stuck) => ("storing did not end".to_owned(), Vec::new()),
                Some(Killed::Silent) => ("it did not answer".to_owned(), Vec::new()),
                None if end.was_stopped || end.code == Some(0) => (end.to_string(), Vec::new()),
                None => (end.to_string(), self.quarantine.blame(None)),
            };
            let queries = ran.iter().map(Pattern::excerpt);
            tracing::error!(
                signal = end.signal,
                reason,
                queries = ?queries.collect::<Vec<_>>(),
                "the store's process ended; it is started again"
            );
            self.remember(Restart {
                at: clock::monotonic(),
                signal: end.signal,
                reason,
            });
        }
        running.set_over();
    }

    fn remember(&self, restart: Restart) {
        let restarts = &mut self.lock().restarts;
        restarts.n += 1;
        if restarts.latest.len() == MAX_REMEMBERED {
            restarts.latest.pop_front();
        }
        restarts.latest.push_back(restart);
    }

    /// The store could not be opened again.
    fn failed(&self, failure: Failure) {
        let mut state = self.lock();
        state.running = None;
        let is_news = state.failure.as_ref() != Some(&failure) && !state.is_closed;
        state.failure = Some(failure.clone());
        drop(state);
        if is_news {
            let error = StoreError::from(failure);
            tracing::error!(%error, "the store does not open; it is tried again and again");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counters and sizes, which any process that works tells at once.
fn ask_stats(running: &Running) -> Result<BackendStats, StoreError> {
    let frame = Call::ask(&running.door, &Request::Stats, SILENCE)?;
    match call::parse(&frame)? {
        Answer::Stats(stats) => Ok(stats.into()),
        other => Err(call::unexpected(&other)),
    }
}

fn io_error(doing: &str) -> impl FnOnce(io::Error) -> StoreError {
    let doing = doing.to_owned();
    move |source| StoreError::Io { doing, source }
}
