//! What a lock says of its holder: which process it is, and where its server listens.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The process that holds a data directory, and where its server listens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// Process id; of the parent, if one keeps the server running.
    pub pid: u32,
    /// When the process took the lock, ISO 8601 UTC.
    pub since: String,
    /// Address of the page and the API, once it listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<String>,
    /// Address of the ingest port, once it listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ingest_listen: Option<String>,
    /// Address of ClickHouse's interface, once it listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clickhouse_listen: Option<String>,
}

impl LockHolder {
    /// Where a process of this machine reaches the page and the API; `None` while the server starts.
    pub fn api_address(&self) -> Option<SocketAddr> {
        reachable(self.listen.as_deref()?)
    }

    /// Where a process of this machine reaches the ingest port; `None` while the server starts.
    pub fn ingest_address(&self) -> Option<SocketAddr> {
        reachable(self.ingest_listen.as_deref()?)
    }

    /// What the file of a lock says; `None` while it is written.
    pub(super) fn read(file: &mut File) -> Option<LockHolder> {
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Rewrites the file of a lock.
    pub(super) fn write(&self, file: &mut File) -> io::Result<()> {
        let text = serde_json::to_vec(self).expect("a holder is plain data");
        file.rewind()?;
        file.set_len(0)?;
        file.write_all(&text)
    }

    /// What another process that wants the lock is told.
    pub(super) fn refusal(dir: &Path, file: &mut File) -> String {
        let dir = dir.display();
        let advice = "stop it, or use another --data-dir";
        let Some(holder) = LockHolder::read(file) else {
            return format!("{dir} is in use by another process: {advice}");
        };
        let LockHolder {
            pid, since, listen, ..
        } = holder;
        let listen = listen.map_or_else(String::new, |listen| format!(" on {listen}"));
        format!(
            "{dir} is in use by annoscope process {pid}, running since {since}{listen}: {advice}"
        )
    }
}

/// The address to connect to: a server that listens on every address of its machine is here.
fn reachable(listens: &str) -> Option<SocketAddr> {
    let address: SocketAddr = listens.parse().ok()?;
    let ip = match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Some(SocketAddr::new(ip, address.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_here() {
        let cases = [
            ("0.0.0.0:8282", Some("127.0.0.1:8282")),
            ("[::]:8282", Some("[::1]:8282")),
            ("10.1.2.3:8282", Some("10.1.2.3:8282")),
            ("8282", None),
        ];
        for (listens, expected) in cases {
            let address = reachable(listens).map(|address| address.to_string());
            assert_eq!(address.as_deref(), expected);
        }
    }
}
