//! The server's end.

use std::io::{self, BufReader, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use annoscope_store::{EventStore, Position};
use tokio::runtime::Handle;

use crate::catalogue;
use crate::doctor::Doctor;
use crate::retention::Retention;

use super::requests::{Reply, Request};
use super::{Moving, socket, wire};

/// Connections at once: nobody runs more commands.
const MAX_CONNECTIONS: usize = 16;

/// How long a client may take nothing: it may write to a slow place.
const WRITE_TIMEOUT: Duration = Duration::from_mins(10);

/// How long outboxes may be held: a snapshot of small files takes less than a second.
const HOLD_TIMEOUT: Duration = Duration::from_mins(1);

/// What requests need of the server.
#[derive(Clone)]
pub struct Control {
    /// The events.
    pub store: Arc<dyn EventStore>,
    /// What moves events to it.
    pub moving: Moving,
    /// How long they are kept.
    pub retention: Retention,
    /// What is wrong.
    pub doctor: Doctor,
    /// The server's runtime.
    pub runtime: Handle,
}

/// The socket, until this is dropped.
pub struct Listening {
    data_dir: PathBuf,
    is_over: Arc<AtomicBool>,
    open: Connections,
    thread: Option<JoinHandle<()>>,
}

type Connections = Arc<Mutex<Vec<UnixStream>>>;

impl Control {
    /// Listens in the data directory, whose lock the caller has.
    pub fn listen(self, data_dir: &Path) -> io::Result<Listening> {
        let listener = socket::listen(data_dir)?;
        let (is_over, open) = (Arc::new(AtomicBool::new(false)), Connections::default());
        let (over, connections) = (Arc::clone(&is_over), Arc::clone(&open));
        let accept = move || {
            let n_open = Arc::new(AtomicUsize::new(0));
            for connection in listener.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                match connection {
                    Ok(connection) => self.take(connection, &connections, &n_open),
                    Err(error) => tracing::warn!(%error, "a command did not get through"),
                }
            }
        };
        let thread = thread::Builder::new().name("control".to_owned());
        Ok(Listening {
            data_dir: data_dir.to_owned(),
            is_over,
            open,
            thread: Some(thread.spawn(accept)?),
        })
    }

    fn take(&self, connection: UnixStream, open: &Connections, n_open: &Arc<AtomicUsize>) {
        if n_open.load(Ordering::Relaxed) >= MAX_CONNECTIONS {
            return;
        }
        let Ok(handle) = connection.try_clone() else {
            return;
        };
        let mut connections = open.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that have ended have no peer.
        connections.retain(|connection| connection.peer_addr().is_ok());
        connections.push(handle);
        drop(connections);
        n_open.fetch_add(1, Ordering::Relaxed);
        let (control, n_open) = (self.clone(), Arc::clone(n_open));
        let answer = move || {
            if let Err(error) = control.answer(&connection) {
                tracing::debug!(%error, "a command was given up");
            }
            // The handle that is kept would hold it open.
            let _ = connection.shutdown(Shutdown::Both);
            n_open.fetch_sub(1, Ordering::Relaxed);
        };
        let thread = thread::Builder::new().name("command".to_owned());
        if let Err(error) = thread.spawn(answer) {
            tracing::warn!(%error, "a command did not get a thread");
        }
    }

    fn answer(&self, connection: &UnixStream) -> io::Result<()> {
        connection.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let mut from = BufReader::new(connection);
        let Some(request) = wire::receive(&mut from)? else {
            return Ok(());
        };
        let mut to = connection;
        match request {
            Request::Hold => {
                let _held = self.moving.blocking_lock();
                wire::send(&mut to, &Reply::Position(self.store.durable().0))?;
                connection.set_read_timeout(Some(HOLD_TIMEOUT))?;
                // Nothing more is said: what comes is the end.
                from.read(&mut [0]).map(drop)
            }
            Request::Retention { is_dry_run } => {
                let done = if is_dry_run {
                    self.retention.dry_run()
                } else {
                    // A command that has gone leaves it to end.
                    self.retention.run(|step| {
                        let _ = wire::send(&mut to, &Reply::Step(step.to_owned()));
                    })
                };
                let last = match done {
                    Ok(outcome) => Reply::Text(outcome.to_string()),
                    Err(error) => Reply::Failed(error.to_string()),
                };
                wire::send(&mut to, &last)
            }
            Request::Catalogue => {
                let last = match catalogue::rebuild(&*self.store) {
                    Ok(text) => Reply::Text(text),
                    Err(error) => Reply::Failed(error.to_string()),
                };
                wire::send(&mut to, &last)
            }
            Request::Examine => {
                let findings = self.runtime.block_on(self.doctor.examine());
                wire::send(&mut to, &Reply::Findings(findings))
            }
            Request::Rows { from, until } => {
                let last = match self.send_rows(Position(from), Position(until), &mut to) {
                    Ok(()) => Reply::End,
                    Err(error) => Reply::Failed(error.to_string()),
                };
                wire::send(&mut to, &last)
            }
        }
    }

    fn send_rows(
        &self,
        from: Position,
        until: Position,
        to: &mut &UnixStream,
    ) -> Result<(), Box<dyn std::error::Error>> {
        self.runtime
            .block_on(self.store.wait_until_visible(until))?;
        let mut rows = self.store.rows_at(from..until)?;
        while let Some(batch) = rows.blocking_next() {
            wire::send_rows(to, &batch?)?;
        }
        Ok(())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // The thread looks when somebody comes.
        let woken = socket::connect(&self.data_dir);
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
        let _ = std::fs::remove_file(self.data_dir.join(socket::FILE));
        let connections = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for connection in connections.iter() {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }
}
