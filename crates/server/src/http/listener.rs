//! The ports: accepting, and HTTP on each connection, with and without TLS.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::header;
use axum_server::tls_rustls::RustlsConfig;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::connections::{Answer, Body, Connection, Connections, Place, Watched};
use crate::clock;

/// How often silent connections are looked for.
const SWEEP: Duration = Duration::from_millis(500);

/// How long the next connection waits when the system has no descriptor for it.
const SHORTAGE: Duration = Duration::from_millis(50);

/// One port and what it serves.
pub(crate) struct Port {
    /// Where clients come in.
    pub listener: TcpListener,
    /// What they find.
    pub routes: Router,
    /// With it, they speak TLS.
    pub tls: Option<RustlsConfig>,
    /// Those that are open.
    pub connections: Connections,
}

impl Port {
    /// Serves until `stopped` is true, and then until the requests that are open have ended.
    pub(crate) async fn serve(self, mut stopped: watch::Receiver<bool>) {
        let tasks = TaskTracker::new();
        let mut sweep = tokio::time::interval(SWEEP);
        let stop = stopped.clone();
        let stop_accepting = async move {
            // An error means the sender is gone, which is a stop as well.
            let _ = stopped.wait_for(|&stopped| stopped).await;
        };
        let mut stop_accepting = pin!(stop_accepting);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                _ = sweep.tick() => {
                    self.connections.sweep(clock::monotonic());
                    continue;
                }
                () = &mut stop_accepting => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    if let Some(place) = self.connections.admit(peer.ip(), clock::monotonic()) {
                        tasks.spawn(self.connection(stream, peer, place, stop.clone()));
                    }
                }
                Err(error) => {
                    if is_of_one_client(&error) {
                        continue;
                    }
                    // Out of descriptors: a silent connection gives one back.
                    let made_room = self.connections.make_room();
                    tracing::warn!(%error, made_room, "a connection could not be accepted");
                    tokio::time::sleep(SHORTAGE).await;
                }
            }
        }
        drop(self.listener);
        tasks.close();
        let sweeping = async {
            loop {
                sweep.tick().await;
                self.connections.sweep(clock::monotonic());
            }
        };
        tokio::select! {
            () = tasks.wait() => {}
            () = sweeping => {}
        }
    }

    fn connection(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        place: Place,
        stop: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + 'static {
        // Answers are small and each is waited for.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "could not set TCP_NODELAY");
        }
        let routes = self.routes.clone();
        let tls = self.tls.as_ref().map(RustlsConfig::get_inner);
        async move {
            let connection = Arc::clone(&place.connection);
            let served = async {
                match tls {
                    None => serve_http(stream, peer, routes, &connection, stop).await,
                    Some(tls) => match TlsAcceptor::from(tls).accept(stream).await {
                        Ok(stream) => serve_http(stream, peer, routes, &connection, stop).await,
                        Err(error) => tracing::debug!(%error, "no TLS was agreed on"),
                    },
                }
            };
            tokio::select! {
                () = served => {}
                () = connection.closed() => {}
            }
        }
    }
}

/// Whether only the client that came is concerned: it is gone already.
fn is_of_one_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

async fn serve_http<S>(
    stream: S,
    peer: SocketAddr,
    routes: Router,
    connection: &Arc<Connection>,
    mut stop: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = Watched::new(stream, Arc::clone(connection));
    let service = service_fn(|request: Request<Incoming>| {
        let connection = Arc::clone(connection);
        let serving = connection.serve(clock::monotonic());
        let waits_to_send = request.headers().contains_key(header::EXPECT);
        let mut request = request.map(|body| {
            axum::body::Body::new(Body::new(body, Arc::clone(&connection), waits_to_send))
        });
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(connection);
        let answer = routes.clone().oneshot(request);
        async move {
            let Ok(answer) = answer.await;
            Ok::<_, Infallible>(answer.map(|body| Answer::new(body, serving)))
        }
    });
    // Time limits are those of `Connections`, which know what a connection is at.
    let served = http1::Builder::new()
        .keep_alive(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = pin!(served);
    let mut is_stopping = false;
    loop {
        tokio::select! {
            done = served.as_mut() => {
                if let Err(error) = done {
                    tracing::debug!(%error, "a connection broke");
                }
                return;
            }
            _ = stop.wait_for(|&stopped| stopped), if !is_stopping => {
                is_stopping = true;
                served.as_mut().graceful_shutdown();
            }
        }
    }
}
