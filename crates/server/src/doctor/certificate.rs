//! The certificate of the API: until when it is valid. Pure but for reading its file.

use annoscope_events::Timestamp;
use x509_parser::pem::Pem;

use super::{Finding, Level};
use crate::config::TlsConfig;

const PART: &str = "certificate";
const DAY_MS: i64 = 24 * 3_600_000;

/// Whoever renews certificates by a program does it a month before they end, so that one of less days was forgotten.
const SOON_DAYS: i64 = 14;

/// Nothing where there is no TLS.
pub(super) fn examine(tls: &TlsConfig, now: Timestamp) -> Option<Finding> {
    if !tls.is_on() {
        return None;
    }
    let file = tls.certificate.display();
    Some(match std::fs::read(&tls.certificate) {
        Ok(pem) => validity(&pem, now),
        Err(error) => Finding::new(
            PART,
            Level::Failure,
            format!("{file} cannot be read: {error}"),
            "Let the user of the service read it; until then the last one stays in force, and the next start fails.",
        ),
    })
}

/// Of the chain's first certificate, which is the server's own.
fn validity(pem: &[u8], now: Timestamp) -> Finding {
    let renew = "Renew it; the file is read again every hour.";
    let first = Pem::iter_from_buffer(pem).next();
    let parsed = first.and_then(Result::ok);
    let ends = parsed.and_then(|pem| {
        let certificate = pem.parse_x509().ok()?;
        Some(certificate.validity().not_after.timestamp())
    });
    let Some(ends) = ends else {
        let text = "tls.certificate holds no certificate in PEM form";
        return Finding::new(PART, Level::Failure, text, renew);
    };
    let days = (ends.saturating_mul(1000).saturating_sub(now.millis())).div_euclid(DAY_MS);
    match days {
        ..0 => Finding::new(PART, Level::Failure, "the certificate has expired", renew),
        0..SOON_DAYS => {
            let text = format!("the certificate expires in {days} days");
            Finding::new(PART, Level::Warning, text, renew)
        }
        _ => Finding::fine(PART, format!("the certificate is valid for {days} days")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Valid until 2030-01-01T00:00:00Z; made by openssl for this test.
    const UNTIL_2030: &[u8] = include_bytes!("certificate/until_2030.pem");
    const END_MS: i64 = 1_893_456_000_000;

    #[test]
    fn certificates_are_told_of_before_they_end() {
        let cases = [
            (UNTIL_2030, -100 * DAY_MS, Level::Fine, "valid for 100 days"),
            (UNTIL_2030, -14 * DAY_MS, Level::Fine, "valid for 14 days"),
            (UNTIL_2030, -14 * DAY_MS + 1, Level::Warning, "in 13 days"),
            (UNTIL_2030, 1, Level::Failure, "has expired"),
            (b"-----BEGIN", 0, Level::Failure, "no certificate"),
            (b"", 0, Level::Failure, "no certificate"),
        ];
        for (pem, from_end_ms, level, text) in cases {
            let found = validity(pem, Timestamp::from_millis(END_MS + from_end_ms));
            assert_eq!(found.level, level, "{found:?}");
            assert!(found.text.contains(text), "{found:?}");
        }
    }
}
