//! Request bodies: read whole, decompressed, and bounded in sum.
//!
//! A body takes its room as its bytes come, and what announces much and sends little takes
//! little. What its events become takes room of its own before they are parsed: some 1.3 kB each,
//! whatever they are written in. No sender has more than half of either, and small requests have
//! room that large ones cannot take: so neither a thousand large requests nor a sender without
//! end use up the memory or keep the others out.

mod elements;
mod room;

use std::sync::Arc;
use std::time::{Duration, Instant};

use annoscope_events::MAX_EVENTS;
use axum::body::{Body, BodyDataStream};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::content_encoding::Encodings;
use super::error::ApiError;
use crate::clock;
use crate::config::Config;
use room::{Pool, Share};

pub use room::Source;

/// Up to here a body takes of the room for small ones.
const SMALL_BYTES: usize = 64 * 1024;

/// The same in events.
const SMALL_EVENTS: usize = 1000;

/// What an event takes once it is parsed, hashed and a row: measured as 560 bytes for the
/// smallest that there are. With 1,024 the two processes had up to 1.17 GB at once among such bodies.
const EVENT_BYTES: usize = 1280;

/// Addresses, not memory, that a body gets for what it announces, so that it is not copied while it grows.
const MAX_AHEAD_BYTES: usize = 4 << 20;

/// Longest form, such as a login: what is longer is none.
pub(crate) const MAX_FORM_BYTES: usize = 16 * 1024;

/// How long a body that has come waits for room for its events; a batch takes some 10 ms.
const EVENTS_WAIT: Duration = Duration::from_secs(10);

/// INSERTs that are read and stored at the same time: each keeps a thread and a block of rows.
const MAX_INSERTS: usize = 2;

/// How long an INSERT waits for others: one of a million rows takes some 20 s.
const INSERT_WAIT: Duration = Duration::from_mins(1);

/// The room for request bodies and their events. Clones share it.
#[derive(Clone)]
pub struct Admission {
    bytes: Pools,
    events: Pools,
    max_body_bytes: usize,
    pace: Pace,
    spool: Arc<Pool>,
    inserts: Arc<Semaphore>,
}

/// Room for small requests and for large ones.
#[derive(Clone)]
struct Pools {
    small: Arc<Pool>,
    large: Arc<Pool>,
}

impl Pools {
    /// A quarter is for small ones alone.
    fn new(capacity: usize) -> Pools {
        Pools {
            small: Pool::new(capacity / 4),
            large: Pool::new(capacity - capacity / 4),
        }
    }
}

/// How fast a body has to come.
#[derive(Clone, Copy)]
struct Pace {
    /// Granted beside what the rate allows.
    grace: Duration,
    bytes_per_s: u64,
}

impl Pace {
    /// When a body of which `n_bytes` have come is too slow, from its begin.
    fn deadline(self, n_bytes: usize) -> Duration {
        let at_rate_ms = (n_bytes as u64).saturating_mul(1000) / self.bytes_per_s;
        self.grace.saturating_add(Duration::from_millis(at_rate_ms))
    }
}

/// A body and its room.
pub struct AdmittedBody {
    /// The content, decompressed.
    pub bytes: Bytes,
    source: Source,
    /// Given back when the request ends.
    _room: BodyRoom,
}

/// Room for the events of a body; given back when the request ends.
pub struct EventsRoom(#[expect(dead_code, reason = "held until the drop")] Share);

/// The room of a body that grows while it arrives.
struct BodyRoom {
    share: Share,
    pools: Pools,
    source: Source,
    max_body_bytes: usize,
}

impl Admission {
    /// Room of `ingest.max_inflight_bytes` for all bodies and as much for their events, and
    /// `ingest.max_body_bytes` for each body after decompression.
    pub fn new(config: &Config) -> Admission {
        let max_inflight_bytes = config.ingest.max_inflight_bytes as usize;
        Admission {
            bytes: Pools::new(max_inflight_bytes),
            events: Pools::new(max_inflight_bytes / EVENT_BYTES),
            max_body_bytes: (config.ingest.max_body_bytes as usize).min(max_inflight_bytes),
            spool: Pool::new(config.clickhouse.spool_bytes as usize),
            inserts: Arc::new(Semaphore::new(MAX_INSERTS)),
            pace: Pace {
                grace: Duration::from_millis(config.connections.body_timeout_ms),
                bytes_per_s: config.connections.min_body_rate_bytes,
            },
        }
    }

    /// Reads a body whole. 408 when it comes too slowly, 413 beyond the limit of one body, 503
    /// beyond the room of all or half of it for one source.
    pub async fn read(
        &self,
        source: Source,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<AdmittedBody, ApiError> {
        let encodings = Encodings::of(headers)?;
        let mut room = self.room(source, self.max_body_bytes);
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        room.check(announced.unwrap_or(0))?;
        let bytes = self.receive(body, announced, &mut room).await?;
        let (bytes, room) = if encodings.is_empty() {
            (bytes, room)
        } else {
            let decoded = tokio::task::spawn_blocking(move || {
                let bytes = encodings.decode(bytes, |n_bytes| {
                    room.check(n_bytes)?;
                    room.grow_to(n_bytes)
                })?;
                Ok::<_, ApiError>((bytes, room))
            });
            decoded.await.map_err(|_| ApiError::BodyBroken)??
        };
        Ok(AdmittedBody {
            bytes: bytes.into(),
            source,
            _room: room,
        })
    }

    /// Reads the body of a form: at most [`MAX_FORM_BYTES`], not compressed.
    pub async fn read_form(&self, source: Source, body: Body) -> Result<AdmittedBody, ApiError> {
        let mut room = self.room(source, MAX_FORM_BYTES);
        let bytes = self.receive(body, None, &mut room).await?;
        Ok(AdmittedBody {
            bytes: bytes.into(),
            source,
            _room: room,
        })
    }

    /// Waits for room for what the events of a body become. 503 after [`EVENTS_WAIT`].
    pub async fn room_for_events(&self, body: &AdmittedBody) -> Result<EventsRoom, ApiError> {
        let n_events = elements::count(&body.bytes).min(MAX_EVENTS);
        // Texts are copied as well, whatever they are long.
        let weight = n_events.max(body.bytes.len() / EVENT_BYTES);
        let pool = if weight <= SMALL_EVENTS {
            &self.events.small
        } else {
            &self.events.large
        };
        let share = pool.take(body.source, weight);
        let share = tokio::time::timeout(EVENTS_WAIT, share).await;
        share.map(EventsRoom).map_err(|_| ApiError::TooManyBodies)
    }

    fn room(&self, source: Source, max_body_bytes: usize) -> BodyRoom {
        BodyRoom {
            share: self.bytes.small.share(source),
            pools: self.bytes.clone(),
            source,
            max_body_bytes,
        }
    }

    async fn receive(
        &self,
        body: Body,
        announced: Option<usize>,
        room: &mut BodyRoom,
    ) -> Result<Vec<u8>, ApiError> {
        let mut incoming = self.incoming(body);
        let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(MAX_AHEAD_BYTES));
        while let Some(chunk) = incoming.next().await? {
            room.check(bytes.len() + chunk.len())?;
            room.grow_to(bytes.len() + chunk.len())?;
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }

    /// A body that is read piece by piece, by who bounds it.
    pub fn incoming(&self, body: Body) -> Incoming {
        Incoming {
            chunks: body.into_data_stream(),
            begin: clock::monotonic(),
            n_bytes: 0,
            pace: self.pace,
        }
    }

    /// Room in files for what has to be whole before it is used: nothing yet, to be grown.
    pub fn spool_room(&self, source: Source) -> SpoolRoom {
        SpoolRoom(self.spool.share(source))
    }

    /// Waits for the turn of an INSERT whose body is here: each holds a block of rows in memory. 503 after
    /// [`INSERT_WAIT`].
    pub async fn turn_of_insert(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let turn = Arc::clone(&self.inserts).acquire_owned();
        match tokio::time::timeout(INSERT_WAIT, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(ApiError::TooManyBodies),
        }
    }
}

/// A body that is read piece by piece.
pub struct Incoming {
    chunks: BodyDataStream,
    begin: Instant,
    n_bytes: usize,
    pace: Pace,
}

impl Incoming {
    /// The next piece; `None` at the end. 408 when the body comes too slowly.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        let left = self
            .pace
            .deadline(self.n_bytes)
            .saturating_sub(clock::since(self.begin));
        let chunk = tokio::time::timeout(left, self.chunks.next()).await;
        match chunk.map_err(|_| ApiError::BodyTooSlow)? {
            None => Ok(None),
            Some(Err(_)) => Err(ApiError::BodyBroken),
            Some(Ok(chunk)) => {
                self.n_bytes += chunk.len();
                Ok(Some(chunk))
            }
        }
    }
}

/// Room in files; given back when it is dropped.
pub struct SpoolRoom(Share);

impl SpoolRoom {
    /// Takes room for `n_bytes` in all. 413 where that is more than one account may have, 503 where others have it.
    pub fn grow_to(&mut self, n_bytes: usize) -> Result<(), ApiError> {
        let limit_bytes = self.0.pool().most();
        if n_bytes > limit_bytes {
            return Err(ApiError::BodyTooLarge { limit_bytes });
        }
        if self.0.try_grow_to(n_bytes) {
            Ok(())
        } else {
            Err(ApiError::TooManyBodies)
        }
    }
}

impl BodyRoom {
    /// Refuses what is larger than a body may be.
    fn check(&self, n_bytes: usize) -> Result<(), ApiError> {
        if n_bytes > self.max_body_bytes {
            return Err(ApiError::BodyTooLarge {
                limit_bytes: self.max_body_bytes,
            });
        }
        Ok(())
    }

    /// Takes room for `n_bytes` in all.
    fn grow_to(&mut self, n_bytes: usize) -> Result<(), ApiError> {
        if n_bytes > SMALL_BYTES && Arc::ptr_eq(self.share.pool(), &self.pools.small) {
            self.share = self.pools.large.share(self.source);
        }
        if self.share.try_grow_to(n_bytes) {
            Ok(())
        } else {
            Err(ApiError::TooManyBodies)
        }
    }
}

#[cfg(test)]
mod tests;
