//! The client of a request, also where a proxy stands between.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::clock;
use crate::metrics::Metrics;
use crate::untrusted_proxy::UntrustedProxy;

/// Through which addresses a request came, as proxies tell.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client that a request comes from, and by which address it came; an extension of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The client's address, or that of the first proxy that is not trusted; `None` only where
    /// there is no connection.
    pub address: Option<IpAddr>,
    /// Whether the client's way to here is encrypted.
    pub is_secure: bool,
    /// The host that the client named, fit for a link; `None` where it named none that is.
    pub host: Option<String>,
}

/// How this server is reached.
#[derive(Clone)]
pub struct Reach {
    /// A proxy that should perhaps be in `trusted`.
    pub unnamed: UntrustedProxy,
    /// Counts requests of such.
    pub metrics: Arc<Metrics>,
    /// Proxies whose `X-Forwarded-*` headers count: `proxy.trusted`.
    pub trusted: Vec<IpAddr>,
    /// Whether the server itself speaks TLS.
    pub has_tls: bool,
}

/// Middleware: tells every handler its client.
pub async fn identify(State(reach): State<Reach>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    // An IPv4 address of a dual-stack socket is the same address.
    let peer = peer.map(|ConnectInfo(peer)| peer.ip().to_canonical());
    reach.look_for_untrusted_proxy(peer, request.headers());
    let client = Client::new(&reach.trusted, reach.has_tls, peer, request.headers());
    request.extensions_mut().insert(client);
    next.run(request).await
}

impl Reach {
    fn look_for_untrusted_proxy(&self, peer: Option<IpAddr>, headers: &HeaderMap) {
        let Some(address) = peer.filter(|peer| !self.trusted.contains(peer)) else {
            return;
        };
        if !headers.contains_key(FORWARDED_FOR) {
            return;
        }
        self.metrics.forwarded_by_untrusted();
        if self.unnamed.saw(address, clock::monotonic()) {
            tracing::warn!(
                %address,
                "X-Forwarded-For came from an address that proxy.trusted does not name: if it is your proxy, name it, \
                 or everybody behind it counts as one address"
            );
        }
    }
}

impl Client {
    /// The scheme and host of links back to here, for a client that named no host.
    pub fn base_url(&self, listen: SocketAddr) -> String {
        let scheme = if self.is_secure { "https" } else { "http" };
        match &self.host {
            Some(host) => format!("{scheme}://{host}"),
            None => format!("{scheme}://{listen}"),
        }
    }

    fn new(trusted: &[IpAddr], has_tls: bool, peer: Option<IpAddr>, headers: &HeaderMap) -> Client {
        let is_trusted = |address: IpAddr| trusted.contains(&address);
        let by_proxy = peer.is_some_and(is_trusted);
        let first = |name: &str| {
            let value = headers.get(name)?.to_str().ok()?;
            Some(value.split(',').next().unwrap_or_default().trim())
        };
        let host = first("x-forwarded-host").filter(|_| by_proxy);
        let host = host.or_else(|| headers.get(header::HOST)?.to_str().ok());
        let is_secure = match first("x-forwarded-proto").filter(|_| by_proxy) {
            Some(scheme) => scheme.eq_ignore_ascii_case("https"),
            None => has_tls,
        };
        Client {
            address: peer.map(|peer| forwarded(peer, headers, is_trusted)),
            is_secure,
            host: host.filter(|host| is_host(host)).map(str::to_owned),
        }
    }
}

/// From the last proxy back to the first that is not trusted: what stands before it in
/// `X-Forwarded-For`, any client may have written.
fn forwarded(peer: IpAddr, headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let values = headers.get_all(FORWARDED_FOR).into_iter();
    let text: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    let text = text.join(",");
    let mut hops = text.rsplit(',').map(|hop| hop.trim().parse::<IpAddr>());
    let mut address = peer;
    while is_trusted(address) {
        match hops.next() {
            Some(Ok(hop)) => address = hop.to_canonical(),
            Some(Err(_)) | None => break,
        }
    }
    address
}

/// A name or an address, with or without a port; nothing that could end the host of a URL.
fn is_host(text: &str) -> bool {
    let is_harmless = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
    (1..=255).contains(&text.len()) && text.bytes().all(is_harmless)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Headers<'a> = &'a [(&'static str, &'a str)];

    fn client(peer: &str, headers: Headers<'_>) -> Client {
        let trusted = ["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        let headers = headers.iter().map(|(name, value)| {
            let name = header::HeaderName::from_static(name);
            (name, header::HeaderValue::from_str(value).unwrap())
        });
        let peer = Some(peer.parse().unwrap());
        Client::new(&trusted, false, peer, &headers.collect())
    }

    #[test]
    fn forwarded_headers_count_from_trusted_proxies_only() {
        let forwarded_for = "x-forwarded-for";
        let cases: [(&str, Headers<'_>, &str); 7] = [
            ("192.0.2.7", &[], "192.0.2.7"),
            ("192.0.2.7", &[(forwarded_for, "198.51.100.1")], "192.0.2.7"),
            (
                "10.0.0.1",
                &[(forwarded_for, "198.51.100.1")],
                "198.51.100.1",
            ),
            // The client wrote the first one itself.
            (
                "10.0.0.1",
                &[(forwarded_for, "127.0.0.1, 198.51.100.1")],
                "198.51.100.1",
            ),
            (
                "10.0.0.1",
                &[(forwarded_for, "198.51.100.1, 10.0.0.2")],
                "198.51.100.1",
            ),
            ("10.0.0.1", &[(forwarded_for, "nonsense")], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ];
        for (peer, headers, expected) in cases {
            let found = client(peer, headers).address;
            assert_eq!(found, Some(expected.parse().unwrap()), "{peer} {headers:?}");
        }
    }

    #[test]
    fn links_lead_back_by_the_way_the_client_came() {
        let listen = "127.0.0.1:8380".parse().unwrap();
        let forwarded = [
            ("host", "inner:8380"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "stats.example.org"),
        ];
        assert_eq!(
            client("10.0.0.1", &forwarded).base_url(listen),
            "https://stats.example.org"
        );
        assert_eq!(
            client("192.0.2.7", &forwarded).base_url(listen),
            "http://inner:8380"
        );
        assert_eq!(
            client("192.0.2.7", &[]).base_url(listen),
            "http://127.0.0.1:8380"
        );
        assert_eq!(
            client("192.0.2.7", &[("host", "a/b")]).base_url(listen),
            "http://127.0.0.1:8380"
        );
    }

    #[test]
    fn only_hosts_go_into_links() {
        let cases = [
            ("localhost:8380", true),
            ("127.0.0.1", true),
            ("[::1]:8380", true),
            ("cvat_server.example.org:80", true),
            ("", false),
            ("a/b", false),
            ("a?b", false),
            ("a#b", false),
            ("user@host", false),
            ("a b", false),
            ("a\"b", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_host(text), expected, "{text:?}");
        }
    }
}
