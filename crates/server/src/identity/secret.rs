//! Random secrets: API tokens, session ids, CSRF tokens. Only their hashes are stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore;
use sha2::{Digest, Sha256};

/// Bytes of randomness in each secret: 256 bits, so that a plain hash protects it.
const SECRET_BYTES: usize = 32;

/// The same in a login key: 240 bits, because cvat-sdk refuses keys of more than 40
/// characters.
const LOGIN_KEY_BYTES: usize = 30;

/// What our API tokens begin with, so that scanners for leaked secrets know them.
pub(super) const TOKEN_PREFIX: &str = "ann_";

/// The same of webhooks' secrets.
const WEBHOOK_PREFIX: &str = "annw_";

/// SHA-256 of a secret's text: what the database keeps.
pub(crate) type SecretHash = [u8; 32];

/// A new API token.
pub(super) fn new_token() -> String {
    format!("{TOKEN_PREFIX}{}", random())
}

/// A new secret of a webhook.
pub(crate) fn new_webhook_secret() -> String {
    format!("{WEBHOOK_PREFIX}{}", random())
}

/// A new key of a login: 40 characters.
pub(super) fn new_login_key() -> String {
    random_text::<LOGIN_KEY_BYTES>()
}

/// A new session id or CSRF token.
pub(super) fn random() -> String {
    random_text::<SECRET_BYTES>()
}

fn random_text<const N_BYTES: usize>() -> String {
    let mut bytes = [0_u8; N_BYTES];
    // A CSPRNG that the operating system seeds.
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The stored form of a secret.
pub(crate) fn hash(secret: &str) -> SecretHash {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_random_and_kept_as_sha256() {
        let (a, b) = (new_token(), new_token());
        assert_ne!(a, b);
        // 32 bytes are 43 characters of base64url without padding.
        assert_eq!(a.len(), TOKEN_PREFIX.len() + 43);
        assert_eq!(new_login_key().len(), 40, "cvat-sdk's limit");
        assert_eq!(hash("abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
