//! Of a running server: what its parts say of themselves. Pure.

use std::net::IpAddr;

use super::{Finding, Level, size_text};

/// Of what there may be, from when on there is much: four fifths.
const MUCH_PERCENT: u64 = 80;

/// A database that is not that far behind is only busy, s.
const BEHIND_S: f64 = 60.0;

/// What the parts of a server say.
#[derive(Clone, Debug, Default)]
pub struct Vitals {
    /// Why events are refused now.
    pub refused_because: Option<&'static str>,
    /// What waits for the database: size, limit, and age of the oldest in seconds.
    pub journal_bytes: u64,
    /// Its limit.
    pub max_journal_bytes: u64,
    /// Age of the oldest event that the database does not have, s.
    pub oldest_waiting_s: f64,
    /// Ends of the database's process within the last day, and why it ended last.
    pub restarts_of_a_day: u64,
    /// The reason of the latest.
    pub latest_restart: Option<String>,
    /// What the database lacks for each event to be there once.
    pub lacking: Vec<String>,
    /// Files of the dedup window that were found damaged.
    pub damaged_window_files: u64,
    /// Size of the dead letters; none if they cannot be looked at.
    pub dead_letter_bytes: Option<u64>,
    /// Beyond that events are refused.
    pub max_dead_letter_bytes: u64,
    /// A proxy that is not named in `proxy.trusted`.
    pub untrusted_proxy: Option<IpAddr>,
    /// How far the latest event's time is ahead of this clock, s; negative where it is past.
    pub latest_event_ahead_s: Option<f64>,
}

/// Clocks of two machines may differ by that, s.
const CLOCKS_DIFFER_S: f64 = 60.0;

impl Vitals {
    /// A finding for each part.
    pub fn examine(&self) -> Vec<Finding> {
        let mut found = vec![
            self.store(),
            self.journal(),
            self.database(),
            self.dead_letters(),
        ];
        found.extend(self.once());
        found.extend(self.dedup_window());
        found.extend(self.proxy());
        found.extend(self.clock());
        found
    }

    fn store(&self) -> Finding {
        match self.refused_because {
            None => Finding::fine("store", "events are stored"),
            Some(reason) => Finding::new(
                "store",
                Level::Failure,
                format!("events are refused: {reason}"),
                "Senders repeat them. docs/operations.md, \"Damage and repair\", has what to do for each reason; the log says more.",
            ),
        }
    }

    fn journal(&self) -> Finding {
        let of_all = format!(
            "the journal has {} of {}",
            size_text(self.journal_bytes),
            size_text(self.max_journal_bytes)
        );
        let is_much = self.journal_bytes >= self.max_journal_bytes / 100 * MUCH_PERCENT;
        if is_much {
            return Finding::new(
                "journal",
                Level::Failure,
                format!("{of_all}; once it is full, events are refused"),
                "The database takes no events, or too slowly: the log says why. Raise journal.max_bytes meanwhile if there is disk.",
            );
        }
        if self.oldest_waiting_s >= BEHIND_S {
            return Finding::new(
                "journal",
                Level::Warning,
                format!("the database is {:.0} s behind", self.oldest_waiting_s),
                "Dashboards lack the latest events. The log says what the database does; a query that takes all of it is in /api/queries.",
            );
        }
        Finding::fine("journal", of_all)
    }

    fn database(&self) -> Finding {
        let Some(reason) = self
            .latest_restart
            .as_ref()
            .filter(|_| self.restarts_of_a_day > 0)
        else {
            return Finding::fine(
                "database",
                "its process has run for a day, or since the start",
            );
        };
        Finding::new(
            "database",
            Level::Warning,
            format!(
                "its process ended {} times within a day, the last time: {reason}",
                self.restarts_of_a_day
            ),
            "No acknowledged event is lost. Where it is for memory, raise store.memory_bytes or store.process_bytes, or find the query.",
        )
    }

    fn dead_letters(&self) -> Finding {
        let Some(bytes) = self.dead_letter_bytes else {
            return Finding::new(
                "dead letters",
                Level::Failure,
                "dead-letter.ndjson cannot be looked at",
                "The user of the service has to be able to read and write it.",
            );
        };
        // What senders with any account may fill of it is half.
        if bytes >= self.max_dead_letter_bytes / 200 * MUCH_PERCENT && bytes > 0 {
            return Finding::new(
                "dead letters",
                Level::Warning,
                format!(
                    "{} of events that could not be stored; clients' events are dropped beyond {}",
                    size_text(bytes),
                    size_text(self.max_dead_letter_bytes / 2)
                ),
                "`annoscope dead-letter list` shows them: mend and send, or drop them.",
            );
        }
        Finding::fine("dead letters", format!("{} in the file", size_text(bytes)))
    }

    fn once(&self) -> Option<Finding> {
        (!self.lacking.is_empty()).then(|| {
            Finding::new(
                "each event once",
                Level::Warning,
                format!("events are stored at least once: {}", self.lacking.join("; ")),
                "An event may be there twice after a lost answer. `annoscope clickhouse apply --add-columns` shows what the table needs.",
            )
        })
    }

    fn dedup_window(&self) -> Option<Finding> {
        (self.damaged_window_files > 0).then(|| {
            Finding::new(
                "duplicates",
                Level::Warning,
                format!("{} files of the dedup window were damaged or missing", self.damaged_window_files),
                "Duplicates of their events are stored again. Look at the disk; the message goes with the next start.",
            )
        })
    }

    fn proxy(&self) -> Option<Finding> {
        let address = self.untrusted_proxy?;
        Some(Finding::new(
            "configuration",
            Level::Warning,
            format!("{address} sends X-Forwarded-For, and proxy.trusted does not name it"),
            "If it is your proxy, name it: all people behind it count as one address until then.",
        ))
    }

    fn clock(&self) -> Option<Finding> {
        let ahead = self.latest_event_ahead_s?;
        Some(if ahead > CLOCKS_DIFFER_S {
            Finding::new(
                "clock",
                Level::Warning,
                format!(
                    "the latest event of a server is {ahead:.0} s ahead of this machine's clock"
                ),
                "One of the two clocks is wrong: let both be set by NTP.",
            )
        } else {
            Finding::fine(
                "clock",
                "no server's event is ahead of this machine's clock",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Vitals {
        Vitals {
            journal_bytes: 1 << 20,
            max_journal_bytes: 4 << 30,
            dead_letter_bytes: Some(0),
            max_dead_letter_bytes: 64 << 20,
            latest_event_ahead_s: Some(-5.0),
            ..Vitals::default()
        }
    }

    #[test]
    fn a_sound_server_has_nothing_but_fine_parts() {
        let found = sound().examine();
        assert!(found.len() >= 5);
        assert!(
            found
                .iter()
                .all(|found| found.level == Level::Fine && found.advice.is_empty()),
            "{found:?}"
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_what_to_do() {
        type Change = fn(&mut Vitals);
        let cases: [(&str, Level, Change); 10] = [
            ("store", Level::Failure, |v| {
                v.refused_because = Some("the disk is full");
            }),
            ("journal", Level::Failure, |v| v.journal_bytes = 3500 << 20),
            ("journal", Level::Warning, |v| v.oldest_waiting_s = 60.0),
            ("database", Level::Warning, |v| {
                v.restarts_of_a_day = 2;
                v.latest_restart = Some("signal 9".to_owned());
            }),
            ("dead letters", Level::Failure, |v| {
                v.dead_letter_bytes = None;
            }),
            ("dead letters", Level::Warning, |v| {
                v.dead_letter_bytes = Some(30 << 20);
            }),
            ("duplicates", Level::Warning, |v| v.damaged_window_files = 1),
            ("each event once", Level::Warning, |v| {
                v.lacking = vec!["a window is 0".to_owned()];
            }),
            ("configuration", Level::Warning, |v| {
                v.untrusted_proxy = Some([10, 0, 0, 1].into());
            }),
            ("clock", Level::Warning, |v| {
                v.latest_event_ahead_s = Some(61.0);
            }),
        ];
        for (part, level, change) in cases {
            let mut vitals = sound();
            change(&mut vitals);
            let found = vitals.examine();
            let wrong: Vec<_> = found
                .iter()
                .filter(|found| found.level != Level::Fine)
                .collect();
            assert_eq!(wrong.len(), 1, "{part}: {found:?}");
            assert_eq!((wrong[0].part.as_str(), wrong[0].level), (part, level));
            assert!(!wrong[0].advice.is_empty());
        }
    }
}
