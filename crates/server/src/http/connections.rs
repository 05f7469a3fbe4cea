//! Connections of one port: how many there may be, and how long one may be silent.
//!
//! A connection that holds no request costs its place only as long as no other needs it: when
//! all places are taken, the one that has waited longest is closed for the next client. So a
//! crowd of silent connections keeps no client out. What waits longer than it may, or takes nothing
//! of its answer, is closed by [`Connections::sweep`].

mod stream;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

use axum::extract::{Extension, Request};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::metrics::gauge::Gauge;
use tokio_util::sync::CancellationToken;

use crate::metrics::Closed;

pub(crate) use stream::{Answer, Body, Watched};

/// How long a request goes on after its client has ended its side of the connection. A client
/// that only has nothing more to say gets its answer; whether it is gone for good, nothing tells
/// before an answer is sent to it.
const HALF_CLOSED_GRACE: Duration = Duration::from_secs(10);

/// The same for a query: what a client that hung up occupies is free soon.
const HALF_CLOSED_QUERY_GRACE: Duration = Duration::from_millis(200);

/// Bounds of one port.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Connections of all clients.
    pub max: usize,
    /// Connections of one address.
    pub max_per_address: usize,
    /// Addresses to which the last does not apply: proxies, which are many clients.
    pub proxies: Vec<IpAddr>,
    /// From the first byte of a request, or from the connection's begin, to the end of its head.
    pub head_timeout: Duration,
    /// From the end of an answer to the next request.
    pub idle_timeout: Duration,
    /// How long a client may take nothing of its answer.
    pub write_timeout: Duration,
}

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The head of a request is on its way; at the begin also the handshake of TLS.
    Head,
    /// A request is answered.
    Serving,
    /// An answer was given, and nothing came since.
    Idle,
}

/// One connection; an extension of its requests.
pub(crate) struct Connection {
    id: u64,
    address: IpAddr,
    state: Mutex<State>,
    close: CancellationToken,
}

struct State {
    phase: Phase,
    /// Since when it is at that.
    since: Instant,
    /// Since when the client takes nothing of what is to be sent.
    blocked_since: Option<Instant>,
    /// Whether more of the request's body is waited for than has come.
    wants_body: bool,
    grace: Duration,
    /// Told when the end of what the client sends is to be kept back no longer.
    reader: Option<Waker>,
}

impl Connection {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends when the connection is to be closed.
    pub(crate) async fn closed(&self) {
        self.close.cancelled().await;
    }

    /// A request's head is here. Until the guard is dropped, it is being answered.
    pub(crate) fn serve(self: &Arc<Connection>, now: Instant) -> Serving {
        let mut state = self.lock();
        state.phase = Phase::Serving;
        state.since = now;
        state.wants_body = false;
        state.grace = HALF_CLOSED_GRACE;
        Serving(Arc::clone(self))
    }

    /// Since when it holds no request, if it holds none.
    fn waiting_since(&self) -> Option<Instant> {
        let state = self.lock();
        let is_waiting = state.phase != Phase::Serving && state.blocked_since.is_none();
        is_waiting.then_some(state.since)
    }

    /// Whether it has been silent for longer than it may.
    fn overdue(&self, bounds: &Bounds, now: Instant) -> Option<Closed> {
        let state = self.lock();
        let over = |since: Instant, limit| now.saturating_duration_since(since) > limit;
        if state
            .blocked_since
            .is_some_and(|since| over(since, bounds.write_timeout))
        {
            return Some(Closed::WriteTimeout);
        }
        match state.phase {
            Phase::Head if over(state.since, bounds.head_timeout) => Some(Closed::HeadTimeout),
            Phase::Idle if over(state.since, bounds.idle_timeout) => Some(Closed::IdleTimeout),
            _ => None,
        }
    }
}

/// A request that is being answered.
pub(crate) struct Serving(Arc<Connection>);

impl Drop for Serving {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.phase = Phase::Idle;
        state.since = crate::clock::monotonic();
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

/// Middleware for queries: they end soon after their client has gone.
pub(crate) async fn end_with_client(
    connection: Option<Extension<Arc<Connection>>>,
    request: Request,
    next: Next,
) -> Response {
    if let Some(Extension(connection)) = connection {
        connection.lock().grace = HALF_CLOSED_QUERY_GRACE;
    }
    next.run(request).await
}

/// The open connections of one port. Clones share them.
#[derive(Clone)]
pub(crate) struct Connections {
    inner: Arc<Inner>,
}

struct Inner {
    bounds: Bounds,
    n_open: Gauge,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    next_id: AtomicU64,
    /// Told about each connection that we close.
    count: Box<dyn Fn(Closed) + Send + Sync>,
}

impl Connections {
    pub(crate) fn new(
        bounds: Bounds,
        n_open: Gauge,
        count: impl Fn(Closed) + Send + Sync + 'static,
    ) -> Connections {
        Connections {
            inner: Arc::new(Inner {
                bounds,
                n_open,
                open: Mutex::default(),
                next_id: AtomicU64::new(0),
                count: Box::new(count),
            }),
        }
    }

    /// How many there are.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.open().len()
    }

    /// A place for a new connection of `address`; `None` where all are taken by requests. The
    /// one that waits longest makes room.
    pub(crate) fn admit(&self, address: IpAddr, now: Instant) -> Option<Place> {
        let address = address.to_canonical();
        let bounds = &self.inner.bounds;
        let mut open = self.open();
        if !bounds.proxies.contains(&address) {
            let is_same = |connection: &Connection| connection.address == address;
            let n_same = open
                .values()
                .filter(|connection| is_same(connection))
                .count();
            if n_same >= bounds.max_per_address && !self.displace(&mut open, is_same) {
                (self.inner.count)(Closed::Refused);
                return None;
            }
        }
        if open.len() >= bounds.max && !self.displace(&mut open, |_| true) {
            (self.inner.count)(Closed::Refused);
            return None;
        }
        let id = self.inner.next_id.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection {
            id,
            address,
            state: Mutex::new(State {
                phase: Phase::Head,
                since: now,
                blocked_since: None,
                wants_body: false,
                grace: HALF_CLOSED_GRACE,
                reader: None,
            }),
            close: CancellationToken::new(),
        });
        open.insert(id, Arc::clone(&connection));
        self.inner.n_open.inc();
        Some(Place {
            connection,
            connections: self.clone(),
        })
    }

    /// Closes the one that has waited longest for a request. Returns whether there was one.
    pub(crate) fn make_room(&self) -> bool {
        self.displace(&mut self.open(), |_| true)
    }

    fn displace(
        &self,
        open: &mut HashMap<u64, Arc<Connection>>,
        which: impl Fn(&Connection) -> bool,
    ) -> bool {
        let waiting = open.values().filter(|connection| which(connection));
        let waiting =
            waiting.filter_map(|connection| Some((connection.waiting_since()?, connection.id)));
        let Some((_, id)) = waiting.min() else {
            return false;
        };
        if let Some(connection) = open.remove(&id) {
            connection.close.cancel();
        }
        (self.inner.count)(Closed::Displaced);
        true
    }

    /// Closes what has been silent for too long.
    pub(crate) fn sweep(&self, now: Instant) {
        self.open().retain(|_, connection| {
            let Some(reason) = connection.overdue(&self.inner.bounds, now) else {
                return true;
            };
            connection.close.cancel();
            (self.inner.count)(reason);
            false
        });
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        let open = self.inner.open.lock();
        open.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection among the others; dropping it frees its place.
pub(crate) struct Place {
    pub(crate) connection: Arc<Connection>,
    connections: Connections,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open().remove(&self.connection.id);
        self.connections.inner.n_open.dec();
    }
}

#[cfg(test)]
mod tests;
