//! Request bodies: read whole, decompressed, and bounded in sum.
//!
//! A body's bytes are taken from one budget before they are read and given back when the
//! request ends, so a thousand large requests cannot use up the memory: the late ones get
//! 503 and come again.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::content_encoding::Encodings;
use crate::error::ApiError;

/// Taken before the length is known, and the step in which more is taken.
const STEP_BYTES: usize = 64 * 1024;

/// The budget for request bodies.
#[derive(Clone)]
pub struct Admission {
    room: Arc<Semaphore>,
    max_body_bytes: usize,
    max_inflight_bytes: usize,
}

/// A body and its share of the budget.
pub struct AdmittedBody {
    /// The content, decompressed.
    pub bytes: Bytes,
    /// Given back when the request ends.
    _room: Share,
}

/// A share of the budget that grows while a body arrives.
struct Share {
    permits: Option<OwnedSemaphorePermit>,
    room: Arc<Semaphore>,
    bytes: usize,
    limits: (usize, usize),
}

impl Admission {
    /// A budget of `max_inflight_bytes` for all bodies and `max_body_bytes` for each, after
    /// decompression.
    pub fn new(max_body_bytes: u64, max_inflight_bytes: u64) -> Admission {
        let max_inflight_bytes = (max_inflight_bytes as usize).min(u32::MAX as usize);
        Admission {
            room: Arc::new(Semaphore::new(max_inflight_bytes)),
            max_body_bytes: (max_body_bytes as usize).min(max_inflight_bytes),
            max_inflight_bytes,
        }
    }

    /// Reads a body whole. 413 beyond the limit of one body, 503 beyond the budget of all.
    pub async fn read(&self, headers: &HeaderMap, body: Body) -> Result<AdmittedBody, ApiError> {
        let encodings = Encodings::of(headers)?;
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let mut share = self.share();
        if let Some(length) = announced {
            share.grow_to(length)?;
        }
        let mut bytes = Vec::with_capacity(announced.unwrap_or(0).min(self.max_body_bytes));
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| ApiError::BodyBroken)?;
            share.grow_to(bytes.len() + chunk.len())?;
            bytes.extend_from_slice(&chunk);
        }
        if encodings.is_empty() {
            return Ok(AdmittedBody {
                bytes: bytes.into(),
                _room: share,
            });
        }
        let decoded = tokio::task::spawn_blocking(move || {
            let bytes = encodings.decode(bytes, |n_bytes| share.grow_to(n_bytes))?;
            Ok::<_, ApiError>((bytes, share))
        });
        let (bytes, share) = decoded.await.map_err(|_| ApiError::BodyBroken)??;
        Ok(AdmittedBody {
            bytes: bytes.into(),
            _room: share,
        })
    }

    fn share(&self) -> Share {
        Share {
            permits: None,
            room: Arc::clone(&self.room),
            bytes: 0,
            limits: (self.max_body_bytes, self.max_inflight_bytes),
        }
    }
}

impl Share {
    fn grow_to(&mut self, bytes: usize) -> Result<(), ApiError> {
        let (max_body_bytes, _) = self.limits;
        if bytes > max_body_bytes {
            return Err(ApiError::BodyTooLarge {
                limit_bytes: max_body_bytes,
            });
        }
        if bytes <= self.bytes {
            return Ok(());
        }
        let target = bytes.next_multiple_of(STEP_BYTES).min(max_body_bytes);
        let more = Arc::clone(&self.room)
            .try_acquire_many_owned((target - self.bytes) as u32)
            .map_err(|_| ApiError::TooManyBodies)?;
        match &mut self.permits {
            Some(permits) => permits.merge(more),
            None => self.permits = Some(more),
        }
        self.bytes = target;
        Ok(())
    }
}
