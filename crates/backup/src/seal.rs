//! Secrets under a key that is no part of the backup: ChaCha20-Poly1305.

use std::fs;
use std::path::Path;

use rand::RngCore;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::error::BackupError;

/// Name of the sealed secrets among the files of a backup; no file of a data directory has it.
pub const SEALED: &str = "secrets.sealed";

/// Least bytes of a key file: those of the key.
const MIN_KEY_BYTES: usize = 32;

/// What the key is derived for. It is part of the form of backups.
const CONTEXT: &str = "annoscope 2026-11 secrets of a backup";

/// Seals and opens.
pub struct SealKey(LessSafeKey);

impl SealKey {
    /// The key of a file, which holds 32 bytes or more that nobody can guess.
    pub fn read(path: &Path) -> Result<SealKey, BackupError> {
        let doing = format!("reading the key file {}", path.display());
        let bytes = fs::read(path).map_err(BackupError::io(doing))?;
        SealKey::of(bytes.trim_ascii()).ok_or_else(|| BackupError::BadPlace {
            place: path.display().to_string(),
            reason: format!(
                "a key file has {MIN_KEY_BYTES} bytes or more: head -c 32 /dev/urandom | base64 > FILE"
            ),
        })
    }

    fn of(bytes: &[u8]) -> Option<SealKey> {
        if bytes.len() < MIN_KEY_BYTES {
            return None;
        }
        let key = blake3::derive_key(CONTEXT, bytes);
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).expect("the key has 32 bytes");
        Some(SealKey(LessSafeKey::new(key)))
    }

    /// The nonce, and behind it the sealed bytes.
    pub fn seal(&self, bytes: &[u8]) -> Vec<u8> {
        // Random: a key seals some thousand times at most, far from where two would meet.
        let mut nonce = [0; NONCE_LEN];
        rand::rng().fill_bytes(&mut nonce);
        let mut sealed = bytes.to_vec();
        let nonce_of = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(nonce_of, Aad::from(CONTEXT.as_bytes()), &mut sealed)
            .expect("it is far shorter than the cipher allows");
        [&nonce[..], &sealed].concat()
    }

    /// What was sealed with this key.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, BackupError> {
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(BackupError::WrongKey)?;
        let mut bytes = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self
            .0
            .open_in_place(nonce, Aad::from(CONTEXT.as_bytes()), &mut bytes)
            .map_err(|_| BackupError::WrongKey)?;
        Ok(opened.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_is_opened_by_its_key_alone() {
        let key = SealKey::of(&[7; 32]).unwrap();
        let sealed = key.seal(b"secret");
        assert_eq!(key.open(&sealed).unwrap(), b"secret");
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_ne!(key.seal(b"secret"), sealed);
        let other = SealKey::of(&[8; 32]).unwrap();
        assert!(matches!(other.open(&sealed), Err(BackupError::WrongKey)));
        for at in 0..sealed.len() {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            assert!(key.open(&flipped).is_err(), "byte {at}");
        }
        assert!(key.open(&sealed[..5]).is_err());
        assert!(SealKey::of(&[7; 31]).is_none());
    }
}
