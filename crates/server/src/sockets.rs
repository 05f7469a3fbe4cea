//! The listening sockets.

use std::io;
use std::net::{SocketAddr, TcpListener};

use crate::config::Config;

/// The sockets of a server: the API's, the ingest port's, and that of ClickHouse's interface where it is on.
pub struct Sockets {
    /// Of the page and the API.
    pub api: TcpListener,
    /// Of the servers that send events.
    pub ingest: TcpListener,
    /// Of clients of ClickHouse.
    pub clickhouse: Option<TcpListener>,
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
}

impl Sockets {
    /// Listens on the addresses of the settings. Needs a runtime.
    pub async fn bind(config: &Config) -> Result<Sockets, SocketError> {
        Ok(Sockets {
            api: bind(config.listen, "listen").await?,
            ingest: bind(config.ingest_listen, "ingest_listen").await?,
            clickhouse: match config.clickhouse.address() {
                Some(address) => Some(bind(address, "clickhouse.listen").await?),
                None => None,
            },
        })
    }
}

async fn bind(address: SocketAddr, key: &'static str) -> Result<TcpListener, SocketError> {
    let listener = tokio::net::TcpListener::bind(address).await;
    let listener = listener.and_then(tokio::net::TcpListener::into_std);
    listener.map_err(|source| SocketError::Listen {
        address,
        key,
        source,
    })
}
