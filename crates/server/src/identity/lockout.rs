//! Delay after wrong passwords.
//!
//! Each further failure doubles the time until the next try. Failures are counted for a name at
//! an address, for the address whatever the names, and for the name whatever the addresses: the
//! last with the shortest delay, so that no client can shut another one out. A name that has logged
//! in from an address before has a count of its own there, whatever others do: behind a proxy
//! that is not named, all people have one address, and so have guesses. In memory: a restart
//! forgets, and takes longer than the longest delay buys.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use moka::sync::Cache;

/// After this time without a failure all is forgotten.
const MEMORY: Duration = Duration::from_mins(15);

/// Names and addresses that are remembered at most: some 100 bytes each.
const MAX_REMEMBERED: u64 = 100_000;

/// A try of a password.
#[derive(Clone, Copy, Debug)]
pub(super) struct Try<'a> {
    /// As it was typed.
    pub(super) name: &'a str,
    /// Where from.
    pub(super) address: Option<IpAddr>,
    /// Whether the account of that name has logged in from there before.
    pub(super) is_known: bool,
}

/// What failures are counted for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    NameAtAddress(String, Option<IpAddr>),
    Address(Option<IpAddr>),
    Name(String),
    Known(String, Option<IpAddr>),
}

/// How many failures are free, and how long the longest delay is.
struct Bound {
    n_free: u32,
    longest: Duration,
}

impl Key {
    fn bound(&self) -> Bound {
        match self {
            Key::NameAtAddress(..) => Bound {
                n_free: 5,
                longest: Duration::from_mins(1),
            },
            // Many people may share one address, that of a proxy or an office.
            Key::Address(_) => Bound {
                n_free: 50,
                longest: Duration::from_mins(1),
            },
            // Both can be brought about by others: never for long.
            Key::Known(..) => Bound {
                n_free: 5,
                longest: Duration::from_secs(8),
            },
            Key::Name(_) => Bound {
                n_free: 20,
                longest: Duration::from_secs(8),
            },
        }
    }

    /// What a failure counts for. Names count without their case: variants of one are one.
    fn all(by: Try<'_>) -> [Key; 4] {
        // What is no name of an account may be long.
        let name: String = by.name.to_lowercase().chars().take(150).collect();
        [
            Key::NameAtAddress(name.clone(), by.address),
            Key::Address(by.address),
            Key::Name(name.clone()),
            Key::Known(name, by.address),
        ]
    }

    /// Whether a try waits for what was counted for this.
    fn holds(&self, by: Try<'_>) -> bool {
        matches!(self, Key::Known(..)) == by.is_known
    }
}

#[derive(Clone, Copy)]
struct Failures {
    n: u32,
    blocked_until: Instant,
}

/// Too many wrong passwords before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Too many failed logins. Try again in {retry_after_s} s.")]
pub struct LockedOut {
    /// When to try again, seconds.
    pub retry_after_s: u32,
}

/// Failed logins of the last minutes.
pub(super) struct Lockout {
    failures: Cache<Key, Failures>,
}

impl Default for Lockout {
    fn default() -> Lockout {
        let failures = Cache::builder()
            .max_capacity(MAX_REMEMBERED)
            .time_to_idle(MEMORY)
            .build();
        Lockout { failures }
    }
}

impl Lockout {
    /// Whether a password may be tried now.
    pub(super) fn check(&self, by: Try<'_>, now: Instant) -> Result<(), LockedOut> {
        let keys = Key::all(by);
        let keys = keys.iter().filter(|key| key.holds(by));
        let until = keys.filter_map(|key| self.failures.get(key));
        let until = until.map(|failures| failures.blocked_until).max();
        let left = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        if left.is_zero() {
            return Ok(());
        }
        let retry_after_s = left.as_millis().div_ceil(1000) as u32;
        Err(LockedOut { retry_after_s })
    }

    /// Counts a wrong password.
    pub(super) fn failed(&self, by: Try<'_>, now: Instant) {
        for key in Key::all(by) {
            let Bound { n_free, longest } = key.bound();
            self.failures.entry(key).and_upsert_with(|before| {
                let n = before
                    .map_or(0, |before| before.into_value().n)
                    .saturating_add(1);
                let delay = match n.checked_sub(n_free) {
                    None | Some(0) => Duration::ZERO,
                    Some(n_over) => {
                        let doubled = 2_u32.saturating_pow(n_over.min(16) - 1);
                        Duration::from_secs(1).saturating_mul(doubled).min(longest)
                    }
                };
                Failures {
                    n,
                    blocked_until: now + delay,
                }
            });
        }
    }

    /// Forgets the failures of a name at an address: its password is known there.
    pub(super) fn succeeded(&self, by: Try<'_>) {
        let [at_address, _, _, known] = Key::all(by);
        self.failures.invalidate(&at_address);
        self.failures.invalidate(&known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));
    const THERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)));

    fn by(name: &str, address: Option<IpAddr>) -> Try<'_> {
        Try {
            name,
            address,
            is_known: false,
        }
    }

    fn known(name: &str, address: Option<IpAddr>) -> Try<'_> {
        Try {
            is_known: true,
            ..by(name, address)
        }
    }

    fn wait_s(lockout: &Lockout, by: Try<'_>, now: Instant) -> u32 {
        let checked = lockout.check(by, now);
        checked.map_or_else(|locked| locked.retry_after_s, |()| 0)
    }

    #[test]
    fn who_is_known_at_an_address_does_not_wait_for_others_there() {
        let (lockout, now) = (Lockout::default(), crate::clock::monotonic());
        for n in 0..1000 {
            lockout.failed(by(&format!("name{n}"), HERE), now);
        }
        assert_eq!(wait_s(&lockout, by("anna", HERE), now), 60);
        assert_eq!(wait_s(&lockout, known("anna", HERE), now), 0);
        // Guesses at her own name from her own address hold her up for seconds only.
        for _ in 0..1000 {
            lockout.failed(known("Anna", HERE), now);
        }
        assert_eq!(wait_s(&lockout, known("anna", HERE), now), 8);
        assert_eq!(wait_s(&lockout, by("anna", HERE), now), 60);
        assert_eq!(wait_s(&lockout, known("omar", HERE), now), 0);
        lockout.succeeded(known("anna", HERE));
        assert_eq!(wait_s(&lockout, known("anna", HERE), now), 0);
    }

    #[test]
    fn delays_double_up_to_a_minute() {
        let (lockout, now) = (Lockout::default(), crate::clock::monotonic());
        let mut waits = Vec::new();
        for _ in 0..14 {
            lockout.failed(by("anna", HERE), now);
            waits.push(wait_s(&lockout, by("anna", HERE), now));
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let later = now + Duration::from_mins(1);
        assert_eq!(wait_s(&lockout, by("anna", HERE), later), 0);
        assert_eq!(
            wait_s(&lockout, by("ANNA", HERE), now),
            60,
            "case does not matter"
        );
    }

    #[test]
    fn one_address_does_not_shut_out_another() {
        let (lockout, now) = (Lockout::default(), crate::clock::monotonic());
        for _ in 0..20 {
            lockout.failed(by("anna", HERE), now);
        }
        assert_eq!(wait_s(&lockout, by("anna", THERE), now), 0);
        assert_eq!(wait_s(&lockout, by("omar", HERE), now), 0);
        for _ in 0..100 {
            lockout.failed(by("anna", HERE), now);
        }
        assert_eq!(
            wait_s(&lockout, by("anna", THERE), now),
            8,
            "the name alone, briefly"
        );
        assert_eq!(
            wait_s(&lockout, by("omar", HERE), now),
            60,
            "the address, whatever the name"
        );
    }

    #[test]
    fn a_right_password_is_a_fresh_start() {
        let (lockout, now) = (Lockout::default(), crate::clock::monotonic());
        for _ in 0..8 {
            lockout.failed(by("anna", HERE), now);
        }
        lockout.succeeded(by("anna", HERE));
        lockout.failed(by("anna", HERE), now);
        assert_eq!(wait_s(&lockout, by("anna", HERE), now), 0);
    }
}
