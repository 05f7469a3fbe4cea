//! What passes over a connection, as far as [`super::Connections`] has to know of it.

use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::HttpBody;
use bytes::Bytes;
use futures::StreamExt;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::{Connection, Phase, Serving};
use crate::clock;

/// What is read of a body that nobody wants.
const MAX_DISCARDED_BYTES: usize = 64 << 20;

/// How long more of it is waited for. A client that trickles ends with the time for a head: when the answer is sent,
/// its connection counts as one on which a request begins.
const DISCARD_SILENCE: Duration = Duration::from_secs(1);

/// A stream that tells its [`Connection`] when a request begins and when its client takes nothing.
///
/// hyper drops a request as soon as its client has ended its side. Here the end is shown to it
/// when the request was answered, or its grace is over.
pub(crate) struct Watched<S> {
    stream: S,
    connection: Arc<Connection>,
    /// Runs from the end of what the client sends.
    grace: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, connection: Arc<Connection>) -> Watched<S> {
        Watched {
            stream,
            connection,
            grace: None,
        }
    }

    /// Whether the end of what the client sends is to be kept back for now.
    fn keeps_end_back(&mut self, cx: &mut Context<'_>) -> bool {
        let mut state = self.connection.lock();
        if state.phase != Phase::Serving || state.wants_body {
            return false;
        }
        let duration = state.grace;
        let grace = self
            .grace
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(duration)));
        if grace.as_mut().poll(cx).is_ready() {
            return false;
        }
        state.reader = Some(cx.waker().clone());
        true
    }

    fn sent(&self, is_blocked: bool) {
        let mut state = self.connection.lock();
        if !is_blocked {
            state.blocked_since = None;
        } else if state.blocked_since.is_none() {
            state.blocked_since = Some(clock::monotonic());
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let n_before = buffer.filled().len();
        if self.grace.is_none() {
            let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
            if read.is_pending() || matches!(read, Poll::Ready(Err(_))) {
                return read;
            }
            if buffer.filled().len() > n_before {
                let mut state = self.connection.lock();
                state.wants_body = false;
                if state.phase == Phase::Idle {
                    state.phase = Phase::Head;
                    state.since = clock::monotonic();
                }
                return Poll::Ready(Ok(()));
            }
        }
        if self.keeps_end_back(cx) {
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.sent(written.is_pending());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.sent(written.is_pending());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if flushed.is_pending() {
            self.sent(true);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(cx);
        if shut.is_pending() {
            self.sent(true);
        }
        shut
    }
}

/// The body of a request: says whether more of it is waited for.
///
/// Where a request is answered without its body, such as with 413, the rest is read and thrown away. A socket
/// that is closed with unread bytes is reset, and then the client often sees no answer at all.
pub(crate) struct Body {
    inner: axum::body::Body,
    connection: Arc<Connection>,
    discards_rest: bool,
}

impl Body {
    /// `waits_to_send`: the client sends the body when it is told to go on (`Expect: 100-continue`).
    pub(crate) fn new(body: Incoming, connection: Arc<Connection>, waits_to_send: bool) -> Body {
        Body {
            inner: axum::body::Body::new(body),
            connection,
            discards_rest: !waits_to_send,
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        // Bodies are dropped on threads of the runtime; where it is gone, so is the connection.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if !self.discards_rest || self.inner.is_end_stream() {
            return;
        }
        let body = mem::take(&mut self.inner);
        runtime.spawn(discard(body));
    }
}

/// Reads a body to its end, as long as a client goes on sending and up to [`MAX_DISCARDED_BYTES`].
async fn discard(body: axum::body::Body) {
    let mut n_left = MAX_DISCARDED_BYTES;
    let mut body = body.into_data_stream();
    while let Ok(Some(Ok(bytes))) = tokio::time::timeout(DISCARD_SILENCE, body.next()).await {
        match n_left.checked_sub(bytes.len()) {
            Some(left) => n_left = left,
            None => return,
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        if frame.is_pending() {
            let mut state = self.connection.lock();
            state.wants_body = true;
            let reader = state.reader.take();
            drop(state);
            // It is within the body that the client has ended, if it has.
            if let Some(reader) = reader {
                reader.wake();
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The body of an answer: until it is sent or given up, its connection is serving.
pub(crate) struct Answer {
    body: axum::body::Body,
    _serving: Serving,
}

impl Answer {
    pub(crate) fn new(body: axum::body::Body, serving: Serving) -> Answer {
        Answer {
            body,
            _serving: serving,
        }
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
