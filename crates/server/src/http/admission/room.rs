//! Room that all requests share, so that no sender takes all of it.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;
use tokio::sync::Notify;

use crate::http::forwarded::Client;
use crate::identity::Principal;

/// The owner of the share that a request takes: its account, else its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// By the account's id.
    Account(i64),
    /// Of IPv6 the network, of which a host has all addresses. `None` only where there is no
    /// connection.
    Address(Option<IpAddr>),
}

impl Source {
    /// The source of a request with these extensions.
    pub fn of(extensions: &Extensions) -> Source {
        if let Some(principal) = extensions.get::<Principal>() {
            return Source::Account(principal.user.id);
        }
        let address = extensions.get::<Client>().and_then(|client| client.address);
        Source::Address(address.map(network))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Source {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Source, Infallible> {
        Ok(Source::of(&parts.extensions))
    }
}

/// The address, or the first 64 bits of it: a host may choose the others.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// An amount that requests share. One source has at most half of it, and whatever needs more
/// than that counts as half: it gets in when its source has nothing else.
pub(super) struct Pool {
    capacity: usize,
    taken: Mutex<Taken>,
    freed: Notify,
}

#[derive(Default)]
struct Taken {
    total: usize,
    by_source: HashMap<Source, usize>,
}

impl Pool {
    pub(super) fn new(capacity: usize) -> Arc<Pool> {
        Arc::new(Pool {
            capacity: capacity.max(2),
            taken: Mutex::default(),
            freed: Notify::new(),
        })
    }

    /// Nothing yet, to be grown.
    pub(super) fn share(self: &Arc<Pool>, source: Source) -> Share {
        Share {
            pool: Arc::clone(self),
            source,
            amount: 0,
        }
    }

    /// Waits until `amount` is free.
    pub(super) async fn take(self: &Arc<Pool>, source: Source, amount: usize) -> Share {
        let mut share = self.share(source);
        loop {
            let freed = self.freed.notified();
            let mut freed = std::pin::pin!(freed);
            // From here on nothing that is given back is missed.
            freed.as_mut().enable();
            if share.try_grow_to(amount) {
                return share;
            }
            freed.await;
        }
    }

    /// The most that one source may have.
    pub(super) fn most(&self) -> usize {
        self.capacity / 2
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one request has of a [`Pool`]; dropping it gives it back.
pub(super) struct Share {
    pool: Arc<Pool>,
    source: Source,
    amount: usize,
}

impl Share {
    /// What it is a share of.
    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Takes more, up to `amount` in all. Returns whether there was as much.
    pub(super) fn try_grow_to(&mut self, amount: usize) -> bool {
        let most = self.pool.capacity / 2;
        let more = amount.min(most).saturating_sub(self.amount);
        if more == 0 {
            return true;
        }
        let mut taken = self.pool.taken();
        let of_source = taken.by_source.get(&self.source).copied().unwrap_or(0);
        if of_source + more > most || taken.total + more > self.pool.capacity {
            return false;
        }
        taken.total += more;
        taken.by_source.insert(self.source, of_source + more);
        self.amount += more;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.amount == 0 {
            return;
        }
        let mut taken = self.pool.taken();
        taken.total -= self.amount;
        if let Some(of_source) = taken.by_source.get_mut(&self.source) {
            *of_source -= self.amount;
            if *of_source == 0 {
                taken.by_source.remove(&self.source);
            }
        }
        drop(taken);
        self.pool.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: Source = Source::Account(1);
    const OMAR: Source = Source::Account(2);
    const IDA: Source = Source::Account(3);

    fn grown(pool: &Arc<Pool>, source: Source, amount: usize) -> Option<Share> {
        let mut share = pool.share(source);
        share.try_grow_to(amount).then_some(share)
    }

    #[test]
    fn nobody_has_more_than_half() {
        let pool = Pool::new(100);
        let first = grown(&pool, ANNA, 30).unwrap();
        assert!(grown(&pool, ANNA, 21).is_none(), "half of it");
        let second = grown(&pool, ANNA, 20).unwrap();
        let other = grown(&pool, OMAR, 1000).unwrap();
        assert!(grown(&pool, IDA, 1).is_none(), "all is taken");
        drop(first);
        let third = grown(&pool, IDA, 30).unwrap();
        assert!(grown(&pool, ANNA, 1).is_none());
        drop((second, other, third));
        assert_eq!(pool.taken().total, 0);
        assert!(pool.taken().by_source.is_empty());
    }

    #[test]
    fn a_refused_share_keeps_what_it_had() {
        let pool = Pool::new(100);
        let mut share = grown(&pool, ANNA, 40).unwrap();
        let _other = grown(&pool, ANNA, 10).unwrap();
        assert!(!share.try_grow_to(41));
        assert_eq!(pool.taken().total, 50);
        drop(share);
        assert_eq!(pool.taken().total, 10);
    }

    #[tokio::test]
    async fn who_waits_gets_what_is_given_back() {
        let pool = Pool::new(10);
        let held = pool.take(ANNA, 5).await;
        let waiting = Arc::clone(&pool);
        let waiting = tokio::spawn(async move { waiting.take(ANNA, 5).await.amount });
        // Others do not wait for her.
        assert_eq!(pool.take(OMAR, 5).await.amount, 5);
        drop(held);
        assert_eq!(waiting.await.unwrap(), 5);
    }

    #[test]
    fn a_host_is_one_source_however_many_addresses_it_has() {
        let cases = [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ];
        for (address, expected) in cases {
            let found = network(address.parse().unwrap());
            assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{address}");
        }
    }
}
