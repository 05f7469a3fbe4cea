//! Queries that end the store's process.
//!
//! After an end that nobody ordered, each query that ran may be the cause. Each is run alone when it is
//! asked again, and one that ends the process then is refused for an hour. Queries are told apart by
//! their texts without the numbers and texts in them, so that the next refresh of a panel is the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use annoscope_store::{StoreError, clock};

/// How long a query is refused, and one that may be the cause is remembered.
const SENTENCE: Duration = Duration::from_hours(1);

/// How long others wait for one that is to run alone. Who waits asks again several times a second.
const TURN: Duration = Duration::from_secs(1);

/// A query without its numbers and texts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pattern(Arc<str>);

impl Pattern {
    /// The pattern of statements in a store's SQL.
    pub(crate) fn of(statements: &[String]) -> Pattern {
        let mut pattern = String::new();
        for sql in statements {
            let mut rest = sql.chars().peekable();
            let mut is_within_name = false;
            while let Some(c) = rest.next() {
                match c {
                    // A doubled quote within is the begin of a second text.
                    '\'' => {
                        rest.by_ref().find(|c| *c == '\'');
                        pattern.push_str("''");
                    }
                    '0'..='9' if !is_within_name => {
                        while rest.next_if(|c| c.is_ascii_digit() || *c == '.').is_some() {}
                        pattern.push('0');
                    }
                    c => pattern.push(c),
                }
                is_within_name =
                    c.is_alphabetic() || c == '_' || (is_within_name && c.is_numeric());
            }
            pattern.push(';');
        }
        Pattern(pattern.into())
    }

    /// Its begin, for a line of the log.
    pub(crate) fn excerpt(&self) -> &str {
        /// Characters.
        const LENGTH: usize = 500;
        let cut = self.0.char_indices().nth(LENGTH);
        &self.0[..cut.map_or(self.0.len(), |(at, _)| at)]
    }
}

/// What runs, and what may not.
#[derive(Default)]
pub(crate) struct Quarantine(Mutex<State>);

#[derive(Default)]
struct State {
    next_id: u64,
    running: HashMap<u64, Pattern>,
    /// Whether what runs is alone, and nothing may begin beside it.
    is_alone: bool,
    /// What ran when the process ended, until then.
    suspects: HashMap<Pattern, Instant>,
    /// What ended it alone, until then.
    refused: HashMap<Pattern, Instant>,
    /// The one that is to run alone next, and when it asked last.
    next_alone: Option<(Pattern, Instant)>,
}

/// A query that may run, until it is dropped.
pub(crate) struct Admitted {
    quarantine: Arc<Quarantine>,
    id: u64,
    pub(crate) pattern: Pattern,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut state = self.quarantine.lock();
        state.running.remove(&self.id);
        if state.running.is_empty() {
            state.is_alone = false;
        }
    }
}

impl Admitted {
    /// What a query is told whose process has ended: to ask again, or that it is refused from now on.
    pub(crate) fn lost(&self) -> StoreError {
        let state = self.quarantine.lock();
        let until = state.refused.get(&self.pattern);
        until.map_or(StoreError::Lost, |until| StoreError::Quarantined {
            left: until.saturating_duration_since(clock::monotonic()),
        })
    }
}

impl Quarantine {
    /// Lets a query run. [`StoreError::Busy`] where it has to wait for another, or others for it;
    /// [`StoreError::Quarantined`] where it is refused.
    pub(crate) fn admit(self: &Arc<Quarantine>, pattern: Pattern) -> Result<Admitted, StoreError> {
        let now = clock::monotonic();
        let mut state = self.lock();
        state.suspects.retain(|_, until| *until > now);
        state.refused.retain(|_, until| *until > now);
        if let Some(until) = state.refused.get(&pattern) {
            return Err(StoreError::Quarantined { left: *until - now });
        }
        let is_suspect = state.suspects.contains_key(&pattern);
        let others_turn = matches!(&state.next_alone, Some((next, asked)) if *next != pattern && now - *asked < TURN);
        if is_suspect && !others_turn {
            state.next_alone = Some((pattern.clone(), now));
        }
        let waits = is_suspect && !state.running.is_empty();
        if state.is_alone || others_turn || waits {
            return Err(StoreError::Busy { limit: 1 });
        }
        if is_suspect {
            state.next_alone = None;
            state.suspects.remove(&pattern);
            state.is_alone = true;
        }
        let id = state.next_id;
        state.next_id += 1;
        state.running.insert(id, pattern.clone());
        let quarantine = Arc::clone(self);
        Ok(Admitted {
            quarantine,
            id,
            pattern,
        })
    }

    /// The process ended, because of `culprit` if that is known. Returns what ran.
    pub(crate) fn blame(&self, culprit: Option<&Pattern>) -> Vec<Pattern> {
        let until = clock::monotonic() + SENTENCE;
        let mut state = self.lock();
        let ran: Vec<Pattern> = state.running.values().cloned().collect();
        let is_alone = state.is_alone;
        for pattern in &ran {
            if culprit.is_some_and(|culprit| culprit != pattern) {
                continue;
            }
            if is_alone {
                tracing::error!(
                    query = pattern.excerpt(),
                    "a query ended the database alone: it is refused for an hour"
                );
                state.refused.insert(pattern.clone(), until);
            } else {
                state.suspects.insert(pattern.clone(), until);
            }
        }
        ran
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(sql: &str) -> Pattern {
        Pattern::of(&[sql.to_owned()])
    }

    #[test]
    fn numbers_and_texts_make_no_other_query() {
        let cases = [
            ("SELECT 1", "SELECT 0;"),
            ("SELECT 12.5 + 3, t1.c2", "SELECT 0 + 0, t1.c2;"),
            (
                "WHERE a = 'it''s 5' AND b IN (1, 2)",
                "WHERE a = '''' AND b IN (0, 0);",
            ),
            ("SELECT 'open", "SELECT '';"),
            ("SELECT ü2, \"s 3\"", "SELECT ü2, \"s 0\";"),
        ];
        for (sql, expected) in cases {
            assert_eq!(&*pattern(sql).0, expected);
        }
        assert_eq!(pattern(&"ü".repeat(600)).excerpt().chars().count(), 500);
    }

    #[test]
    fn what_ran_at_the_end_runs_alone_and_is_refused_if_it_ends_the_process_again() {
        let quarantine = Arc::new(Quarantine::default());
        let admit = |sql| quarantine.admit(pattern(sql));
        let (bad, good) = (admit("bad").unwrap(), admit("good").unwrap());
        assert_eq!(quarantine.blame(None).len(), 2);
        drop((bad, good));

        // Each of both runs alone, and others wait for it.
        let other = admit("other").unwrap();
        assert!(matches!(admit("bad"), Err(StoreError::Busy { .. })));
        assert!(matches!(admit("another"), Err(StoreError::Busy { .. })));
        drop(other);
        let bad = admit("bad").unwrap();
        assert!(matches!(admit("another"), Err(StoreError::Busy { .. })));
        assert!(matches!(bad.lost(), StoreError::Lost));
        assert_eq!(quarantine.blame(None), [pattern("bad")]);
        assert!(matches!(bad.lost(), StoreError::Quarantined { .. }));
        drop(bad);
        assert!(matches!(admit("bad"), Err(StoreError::Quarantined { .. })));
        drop(admit("good").unwrap());
        let both = (admit("good").unwrap(), admit("another").unwrap());
        drop(both);
    }

    #[test]
    fn where_the_culprit_is_known_no_other_is_suspected() {
        let quarantine = Arc::new(Quarantine::default());
        let admit = |sql| quarantine.admit(pattern(sql));
        let both = (admit("bad").unwrap(), admit("good").unwrap());
        quarantine.blame(Some(&pattern("bad")));
        drop(both);
        let good = admit("good").unwrap();
        let beside = admit("good").unwrap();
        assert!(matches!(admit("bad"), Err(StoreError::Busy { .. })));
        drop((good, beside));
        admit("bad").unwrap();
    }
}
