//! Passwords: argon2id with OWASP's parameters, the crate's defaults (19 MiB, two
//! passes, one lane).
//!
//! Hashing and verifying take some 20 ms and 19 MiB: never on a thread of the runtime.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use rand::Rng;
use rand::seq::IndexedRandom;

/// What is wrong with a password that someone wants to set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Nothing.
    #[error("the password must not be empty")]
    Empty,
    /// More than `MAX_PASSWORD_BYTES`.
    #[error("the password must not be longer than {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
}

/// Longer than any passphrase; a bound, so that no one hashes megabytes.
const MAX_PASSWORD_BYTES: usize = 1024;

/// Letters and digits that are not mistaken for one another: no 0, 1, i, l, o.
const ALPHABET: &[u8] = b"23456789abcdefghjkmnpqrstuvwxyz";

/// 24 characters of 31 letters are 118 bits.
const GENERATED_LENGTH: usize = 24;

/// The hash of a random password that is known nowhere. A login of an unknown user is
/// verified against it, so that the time of the answer does not tell which names exist.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$YW5ub3Njb3BlLWR1bW15$VJxKpvV1nsTz0cKqyC6d5LkWmZ3gkTGVQ4RcCVOW9d8";

/// The PHC string of a new password.
pub(super) fn hash(password: &str) -> Result<String, PasswordError> {
    match password.len() {
        0 => return Err(PasswordError::Empty),
        1..=MAX_PASSWORD_BYTES => {}
        _ => return Err(PasswordError::TooLong),
    }
    let mut salt = [0_u8; 16];
    rand::rng().fill(&mut salt);
    let salt = SaltString::encode_b64(&salt).expect("16 bytes are a valid salt");
    let hash = Argon2::default()
        .hash_password(password.as_bytes(), &salt)
        .expect("the default parameters hash any password of this length");
    Ok(hash.to_string())
}

/// Whether the password is that of the hash. `None` stands for an unknown user: it
/// takes as long and is never true.
pub(super) fn verify(password: &str, hash: Option<&str>) -> bool {
    let parsed = PasswordHash::new(hash.unwrap_or(DUMMY));
    let is_right = parsed.is_ok_and(|parsed| {
        Argon2::default()
            .verify_password(password.as_bytes(), &parsed)
            .is_ok()
    });
    is_right && hash.is_some()
}

/// A random password that a person can type.
pub(crate) fn generate() -> String {
    let mut rng = rand::rng();
    (0..GENERATED_LENGTH)
        .map(|_| {
            char::from(
                *ALPHABET
                    .choose(&mut rng)
                    .expect("the alphabet is not empty"),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_of_a_known_user_is_right() {
        let hashed = hash("correct horse").unwrap();
        assert!(hashed.starts_with("$argon2id$"), "{hashed}");
        assert_ne!(hash("correct horse").unwrap(), hashed, "salted");
        let cases = [
            ("right", "correct horse", Some(hashed.as_str()), true),
            ("wrong", "Correct horse", Some(&hashed), false),
            ("empty", "", Some(&hashed), false),
            ("unknown user", "correct horse", None, false),
            ("broken hash", "correct horse", Some("plain"), false),
        ];
        for (case, password, hash, expected) in cases {
            assert_eq!(verify(password, hash), expected, "{case}");
        }
    }

    #[test]
    fn the_dummy_costs_what_a_real_hash_costs() {
        let real = hash("x").unwrap();
        let cost = |text: &str| text.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(cost(DUMMY), cost(&real));
        let real = PasswordHash::new(&real).unwrap();
        let dummy = PasswordHash::new(DUMMY).unwrap();
        assert_eq!(dummy.hash.unwrap().len(), real.hash.unwrap().len());
    }

    #[test]
    fn lengths_are_bounded() {
        assert_eq!(hash(""), Err(PasswordError::Empty));
        let long = "x".repeat(MAX_PASSWORD_BYTES + 1);
        assert_eq!(hash(&long), Err(PasswordError::TooLong));
    }

    #[test]
    fn generated_passwords_are_long_and_differ() {
        let (a, b) = (generate(), generate());
        assert_ne!(a, b);
        assert_eq!(a.len(), GENERATED_LENGTH);
        assert!(a.bytes().all(|byte| ALPHABET.contains(&byte)));
    }
}
