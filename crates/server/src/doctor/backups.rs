//! The last backup that `annoscope backup` made.

use std::path::Path;

use annoscope_events::Timestamp;

use super::{Finding, Level};
use crate::backup_ledger::Ledger;

const PART: &str = "backup";
const DAY_MS: i64 = 24 * 3_600_000;

/// Who makes backups by a timer makes them each week at least.
const OLD_DAYS: i64 = 8;

pub(super) fn examine(data_dir: &Path, now: Timestamp) -> Finding {
    match Ledger::read(data_dir) {
        Ok(ledger) => age(&ledger, now),
        Err(error) => Finding::new(
            PART,
            Level::Warning,
            format!("{error}"),
            "Without backups.json the next backup needs a new place.",
        ),
    }
}

fn age(ledger: &Ledger, now: Timestamp) -> Finding {
    let Some(last) = ledger.backups.last() else {
        // Disks may have snapshots that this program does not know of.
        return Finding::fine(PART, "annoscope backup was never used here");
    };
    let place = &last.place;
    let made_at = Timestamp::parse_iso8601(&last.made_at).ok();
    let days = made_at.map(|at| (now.millis() - at.millis()).div_euclid(DAY_MS));
    match days {
        Some(days) if days < OLD_DAYS => Finding::fine(
            PART,
            format!("the last one, to {place}, is of {}", last.made_at),
        ),
        _ => Finding::new(
            PART,
            Level::Warning,
            format!("the last one, to {place}, is of {}", last.made_at),
            "Run annoscope backup again, and look why its timer does not.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_backup_grows_old_after_a_week() {
        let made_at = "2026-11-01T00:00:00.000Z";
        let entry = json!({
            "id": "6a0d0a35-5c4e-4b7e-9d8c-6f1f6f1c8d11", "place": "/backups", "made_at": made_at, "position": 7,
            "manifest": "", "manifest_before": null,
        });
        let made = Timestamp::parse_iso8601(made_at).unwrap();
        let ledger: Ledger = serde_json::from_value(json!({ "backups": [entry] })).unwrap();
        for (ledger, days, expected) in [
            (&Ledger::default(), 400, Level::Fine),
            (&ledger, 0, Level::Fine),
            (&ledger, 7, Level::Fine),
            (&ledger, 8, Level::Warning),
        ] {
            let now = Timestamp::from_millis(made.millis() + days * DAY_MS);
            let found = age(ledger, now);
            assert_eq!(found.level, expected, "{days}: {found:?}");
        }
    }
}
