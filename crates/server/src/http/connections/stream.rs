//! What passes over a connection, as far as [`super::Connections`] has to know of it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::HttpBody;
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::{Connection, Phase, Serving};
use crate::clock;

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
pub(crate) struct Body {
    body: Incoming,
    connection: Arc<Connection>,
}

impl Body {
    pub(crate) fn new(body: Incoming, connection: Arc<Connection>) -> Body {
        Body { body, connection }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
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
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
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
