//! Whether a delivery comes from whom it should.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::Tool;
use crate::adapter::Proof;

/// What a request says of its sender.
#[derive(Clone, Copy, Debug, Default)]
pub struct Credentials<'a> {
    /// The header `X-Signature-256`.
    pub signature: Option<&'a str>,
    /// The header `Authorization`.
    pub authorization: Option<&'a str>,
}

/// Whether the sender of a body knows the secret. Takes the same time wherever the two differ first.
///
/// CVAT signs the bytes that it sends: `X-Signature-256: sha256=` and HMAC-SHA256 in hexadecimal digits. Label Studio
/// signs nothing and sends `Authorization: Bearer` and the secret.
pub fn is_authentic(tool: Tool, secret: &str, credentials: Credentials<'_>, body: &[u8]) -> bool {
    match tool.adapter().proof {
        Proof::Signature => {
            let given = credentials.signature.unwrap_or_default();
            is_same(given, &format!("sha256={}", hex(&signature(secret, body))))
        }
        Proof::Bearer => {
            let given = credentials.authorization.unwrap_or_default();
            is_same(given, &format!("Bearer {secret}"))
        }
    }
}

fn signature(secret: &str, body: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(body);
    mac.finalize().into_bytes().into()
}

fn is_same(given: &str, expected: &str) -> bool {
    given.as_bytes().ct_eq(expected.as_bytes()).into()
}

/// In hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.filter_map(|digit| char::from_digit(u32::from(digit), 16));
    digits.collect()
}
