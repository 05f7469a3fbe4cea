//! Hours that nobody counted, in the payloads of rows that others wrote: which rows claim some, and what renames their
//! keys as annoscope does with what comes in (`claimed_hours.rs` of `annoscope-events`).

use annoscope_events::{CLAIMED_KEY, WORKING_TIME_SCOPE};

use crate::ddl::POSITION;
use crate::rewrite::quoted;

/// The key of hours.
const KEY: &str = "working_time";

/// Which rows are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claims {
    /// Whether hours within events of clients count: those of a CVAT without `send:working_time`.
    pub(crate) legacy_working_time: bool,
    /// Whether the table tells our rows, whose keys were renamed before they were stored, from those of others.
    pub(crate) has_positions: bool,
}

impl Claims {
    /// The condition of the rows.
    pub(crate) fn condition(self) -> String {
        let ours = if self.has_positions {
            format!("{POSITION} IS NULL AND ")
        } else {
            String::new()
        };
        let legacy = if self.legacy_working_time {
            "source != 'client' AND "
        } else {
            ""
        };
        format!(
            "{ours}{legacy}NOT (source = 'server' AND scope = '{WORKING_TIME_SCOPE}') \
             AND multiSearchAny(ifNull(payload, ''), ['{KEY}', '\\\\u00']) AND match(ifNull(payload, ''), {})",
            quoted(&key())
        )
    }

    /// What renames their keys, behind `ALTER TABLE events`.
    pub(crate) fn update(self) -> String {
        format!(
            "UPDATE payload = replaceRegexpAll(ifNull(payload, ''), {}, {}) WHERE {}",
            quoted(&key()),
            quoted(&format!("\"{CLAIMED_KEY}\\1")),
            self.condition()
        )
    }
}

/// The key, each of its letters as it is or as an escape, and what follows it: a quote, white space or none, a colon.
fn key() -> String {
    let letter = |letter: u8| format!("(?:{}|\\\\u00(?i:{letter:02x}))", char::from(letter));
    let letters: String = KEY.bytes().map(letter).collect();
    format!("\"{letters}(\"[ \\n\\r\\t]*:)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_may_carry_hours_are_left_out() {
        let claims = |legacy_working_time, has_positions| {
            let claims = Claims {
                legacy_working_time,
                has_positions,
            };
            claims.condition()
        };
        assert!(claims(false, true).starts_with("position IS NULL AND NOT (source = 'server'"));
        assert!(claims(true, false).starts_with("source != 'client' AND NOT (source = 'server'"));
    }
}
