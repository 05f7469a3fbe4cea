//! Basic credentials that were verified a moment ago.
//!
//! A client with HTTP Basic sends the password with every request; a verification takes
//! 20 ms of a core. What is remembered is a keyed hash over the user, the stored
//! password hash and the password: the key lives as long as the process, and a changed
//! account gives another hash, so a change by another process takes effect at once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a verified credential is taken as good (issue 2).
const LIFETIME: Duration = Duration::from_mins(1);

/// Credentials held at most: 48 bytes each. Past it the memory is emptied; that costs
/// one verification each.
const MAX_REMEMBERED: usize = 4096;

/// The hash that stands for a credential.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint([u8; 32]);

pub(super) struct Remembered {
    key: [u8; 32],
    verified: Mutex<HashMap<Fingerprint, Instant>>,
}

impl Remembered {
    pub(super) fn new() -> Remembered {
        let mut key = [0_u8; 32];
        rand::RngCore::fill_bytes(&mut rand::rng(), &mut key);
        Remembered {
            key,
            verified: Mutex::default(),
        }
    }

    pub(super) fn fingerprint(&self, user_id: i64, hash: &str, password: &str) -> Fingerprint {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&user_id.to_le_bytes());
        // The length keeps ("ab", "c") apart from ("a", "bc").
        hasher.update(&(hash.len() as u64).to_le_bytes());
        hasher.update(hash.as_bytes());
        hasher.update(password.as_bytes());
        Fingerprint(hasher.finalize().into())
    }

    /// Whether this credential was verified less than a minute before `now`.
    pub(super) fn contains(&self, fingerprint: Fingerprint, now: Instant) -> bool {
        let verified = self.lock();
        let at = verified.get(&fingerprint);
        at.is_some_and(|at| now.saturating_duration_since(*at) < LIFETIME)
    }

    pub(super) fn insert(&self, fingerprint: Fingerprint, now: Instant) {
        let mut verified = self.lock();
        if verified.len() >= MAX_REMEMBERED {
            verified.retain(|_, at| now.saturating_duration_since(*at) < LIFETIME);
        }
        if verified.len() >= MAX_REMEMBERED {
            verified.clear();
        }
        verified.insert(fingerprint, now);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Fingerprint, Instant>> {
        // The map is whole after each statement, so a panic elsewhere spoils nothing.
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_remembered_for_a_minute() {
        let remembered = Remembered::new();
        let start = crate::clock::monotonic();
        let fingerprint = remembered.fingerprint(1, "$phc", "secret");
        assert!(!remembered.contains(fingerprint, start));
        remembered.insert(fingerprint, start);
        let cases = [(0, true), (59, true), (60, false), (3600, false)];
        for (seconds, expected) in cases {
            let now = start + Duration::from_secs(seconds);
            assert_eq!(remembered.contains(fingerprint, now), expected, "{seconds}");
        }
    }

    #[test]
    fn anything_changed_gives_another_fingerprint() {
        let remembered = Remembered::new();
        let same = remembered.fingerprint(1, "hash", "secret");
        assert!(same == remembered.fingerprint(1, "hash", "secret"));
        let others = [
            remembered.fingerprint(2, "hash", "secret"),
            remembered.fingerprint(1, "hasH", "secret"),
            remembered.fingerprint(1, "hash", "secret2"),
            remembered.fingerprint(1, "hashs", "ecret"),
            Remembered::new().fingerprint(1, "hash", "secret"),
        ];
        assert!(others.iter().all(|other| *other != same));
    }

    #[test]
    fn the_memory_is_bounded() {
        let remembered = Remembered::new();
        let now = crate::clock::monotonic();
        for user_id in (0..).take(2 * MAX_REMEMBERED) {
            remembered.insert(remembered.fingerprint(user_id, "", ""), now);
        }
        assert!(remembered.lock().len() <= MAX_REMEMBERED);
    }
}
