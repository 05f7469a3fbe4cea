//! The listening sockets: bound by the settings, or handed over by the parent process.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use listenfd::ListenFd;

use crate::clock;
use crate::config::Config;

/// How long an address may be held on by a process that is being killed.
const RELEASE: Duration = Duration::from_secs(1);

/// The sockets of a server: the API's and the ingest port's.
pub struct Sockets {
    /// Of the page and the API.
    pub api: TcpListener,
    /// Of the servers that send events.
    pub ingest: TcpListener,
}

/// Why there are no sockets.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address} (setting {key}): {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The setting it comes from.
        key: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// The parent process handed none over.
    #[error("taking over the listening sockets: {0}")]
    Inherit(#[source] io::Error),
}

impl Sockets {
    /// Listens on the addresses of the settings. Needs a runtime.
    pub async fn bind(config: &Config) -> Result<Sockets, SocketError> {
        Ok(Sockets {
            api: bind(config.listen, "listen").await?,
            ingest: bind(config.ingest_listen, "ingest_listen").await?,
        })
    }

    /// Those that the parent hands over.
    pub fn inherited() -> Result<Sockets, SocketError> {
        let mut handed = ListenFd::from_env();
        let mut take = |index| {
            let listener = handed
                .take_tcp_listener(index)
                .map_err(SocketError::Inherit)?;
            let missing = || SocketError::Inherit(io::ErrorKind::NotFound.into());
            let listener = listener.ok_or_else(missing)?;
            listener
                .set_nonblocking(true)
                .map_err(SocketError::Inherit)?;
            Ok::<_, SocketError>(listener)
        };
        Ok(Sockets {
            api: take(0)?,
            ingest: take(1)?,
        })
    }
}

/// Waits a second for an address in use: a process whose parent was killed holds it a little longer.
async fn bind(address: SocketAddr, key: &'static str) -> Result<TcpListener, SocketError> {
    let failed = |source| SocketError::Listen {
        address,
        key,
        source,
    };
    let begin = clock::monotonic();
    loop {
        match tokio::net::TcpListener::bind(address).await {
            Ok(listener) => return listener.into_std().map_err(failed),
            Err(error)
                if error.kind() == io::ErrorKind::AddrInUse && clock::since(begin) < RELEASE =>
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => return Err(failed(error)),
        }
    }
}
