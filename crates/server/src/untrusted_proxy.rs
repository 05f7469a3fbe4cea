//! The proxy that the configuration should perhaps name.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often an untrusted proxy is named in the log.
const WARN_AGAIN: Duration = Duration::from_hours(1);

/// How long it is shown after its last request.
const SHOWN: Duration = Duration::from_hours(24);

/// The last address that sent `X-Forwarded-For` and is not in `proxy.trusted`. If it is a proxy,
/// all people behind it count as one address. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct UntrustedProxy {
    seen: Arc<Mutex<Option<Seen>>>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    address: IpAddr,
    at: Instant,
    warned_at: Instant,
}

impl UntrustedProxy {
    /// The address, if it sent something within the last day.
    pub fn address(&self, now: Instant) -> Option<IpAddr> {
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.filter(|seen| now.saturating_duration_since(seen.at) < SHOWN);
        seen.map(|seen| seen.address)
    }

    /// Takes note. Returns whether it is time to warn.
    pub fn saw(&self, address: IpAddr, now: Instant) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let warned_at = seen.map(|seen| seen.warned_at);
        let warned_at = warned_at.filter(|at| now.saturating_duration_since(*at) < WARN_AGAIN);
        *seen = Some(Seen {
            address,
            at: now,
            warned_at: warned_at.unwrap_or(now),
        });
        warned_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn an_untrusted_proxy_is_warned_of_once_an_hour_and_shown_for_a_day() {
        let (unnamed, begin) = (UntrustedProxy::default(), clock::monotonic());
        let after = |hours| begin + Duration::from_hours(hours);
        let [first, second] = ["192.0.2.7", "192.0.2.8"].map(|text| text.parse().unwrap());
        assert_eq!(unnamed.address(begin), None);
        assert!(unnamed.saw(first, begin));
        assert!(!unnamed.saw(second, begin));
        assert_eq!(unnamed.address(after(23)), Some(second));
        assert_eq!(unnamed.address(after(24)), None);
        assert!(unnamed.saw(first, after(1)));
        assert!(!unnamed.saw(first, after(1)));
    }
}
