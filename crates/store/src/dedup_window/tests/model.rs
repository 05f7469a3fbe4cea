//! The window beside a model of it and of the journal, through faults and stops at any moment.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::faulty::{Fault, Faulty};
use super::{LIMITS, Position, SEGMENT, clock, hashes};
use crate::dedup_window::{Day, DedupWindow};

#[derive(Clone, Copy, Debug)]
enum Action {
    /// A batch of so many events. Without any, only the position goes on.
    Commit(u128),
    Save,
    /// A save of which one change fails.
    FailOnce(usize),
    /// A stop within a save.
    Kill(usize),
    /// A stop between two.
    Stop,
    /// The day goes on.
    NextDay(i64),
    /// Days leave the window.
    Settle,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (0..700_u128).prop_map(Action::Commit),
        2 => Just(Action::Save),
        2 => (0..14_usize).prop_map(Action::FailOnce),
        2 => (0..14_usize).prop_map(Action::Kill),
        1 => Just(Action::Stop),
        1 => (1..4_i64).prop_map(Action::NextDay),
        1 => Just(Action::Settle),
    ]
}

/// A batch as the journal has it.
struct Batch {
    day: Day,
    /// Its events, by number.
    events: std::ops::Range<u128>,
    until: Position,
}

struct Model {
    runtime: Runtime,
    dir: TempDir,
    fault: Arc<Mutex<Fault>>,
    window: Arc<DedupWindow>,
    /// All batches, in order.
    journal: Vec<Batch>,
    today: Day,
    /// The last day that was told to be settled.
    settled: Day,
    /// What the last save said.
    saved: Position,
}

impl Model {
    fn new() -> Model {
        let dir = tempfile::tempdir().unwrap();
        let fault = Arc::new(Mutex::new(Fault::None));
        Model {
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
            window: open(&dir, &fault),
            dir,
            fault,
            journal: Vec::new(),
            today: Day(10),
            settled: Day(10),
            saved: Position(0),
        }
    }

    fn run(&mut self, action: Action) {
        match action {
            Action::Commit(n_events) => {
                let last = self.journal.last();
                let (start, from) = last.map_or((0, 0), |last| (last.events.end, last.until.0));
                let batch = Batch {
                    day: self.today,
                    events: start..start + n_events,
                    until: Position(from + (n_events as u64).max(1)),
                };
                let reserved = self.window.reserve(hashes(batch.events.clone()));
                if let Ok(reservation) = self.runtime.block_on(reserved) {
                    assert!(reservation.duplicates().iter().all(|is_known| !is_known));
                    reservation.commit(batch.day, batch.until);
                    self.journal.push(batch);
                } else {
                    // Too much is unsaved.
                    self.save();
                }
            }
            Action::Save => self.save(),
            Action::FailOnce(n_changes) => {
                *self.fault.lock().unwrap() = Fault::OneAfter(n_changes);
                if let Ok(saved) = self.window.save() {
                    self.saved = saved;
                }
                *self.fault.lock().unwrap() = Fault::None;
            }
            Action::Kill(n_changes) => {
                *self.fault.lock().unwrap() = Fault::AllAfter(n_changes);
                if let Ok(saved) = self.window.save() {
                    self.saved = saved;
                }
                *self.fault.lock().unwrap() = Fault::None;
                self.open_again();
            }
            Action::Stop => self.open_again(),
            Action::NextDay(days) => self.today.0 += days,
            Action::Settle => {
                self.window.settle(self.today, clock::monotonic());
                self.settled = self.today;
            }
        }
        self.check(Position(u64::MAX));
    }

    fn save(&mut self) {
        self.saved = self.window.save().unwrap();
        let last = self.journal.last().map(|last| last.until);
        assert_eq!(self.saved, last.unwrap_or_default());
    }

    /// A stop, the next start and the replay.
    fn open_again(&mut self) {
        self.window = open(&self.dir, &self.fault);
        let position = self.window.position();
        assert!(position >= self.saved, "{position:?} {:?}", self.saved);
        self.check(position);
        assert_eq!(self.window.stats().damaged_files, 0);
        for batch in &self.journal {
            if batch.until > position {
                let hashes = hashes(batch.events.clone());
                self.window.replay(batch.day, &hashes, batch.until);
            }
        }
    }

    /// What is before `position` is known, but for what may have left the window; nothing else is, but for what was
    /// written and not told.
    fn check(&self, position: Position) {
        let n_events = self.journal.last().map_or(0, |last| last.events.end);
        let reserved = self.window.reserve(hashes(0..n_events + 100));
        let Ok(reservation) = self.runtime.block_on(reserved) else {
            return;
        };
        let is_known = reservation.duplicates();
        let n_sure = LIMITS.events as u128 - 2 * SEGMENT;
        for batch in &self.journal {
            let is_past = |today: Day| batch.day.0 <= today.0 - LIMITS.days;
            for n in batch.events.clone() {
                let is_recent = n + n_sure >= n_events && !is_past(self.settled);
                if batch.until <= position && is_recent {
                    assert!(is_known[n as usize], "{n} of {n_events}");
                }
            }
        }
        assert!(!is_known[n_events as usize..].contains(&true));
    }
}

fn open(dir: &TempDir, fault: &Arc<Mutex<Fault>>) -> Arc<DedupWindow> {
    let storage = Faulty::open(dir.path(), fault);
    DedupWindow::open_on(dir.path(), Box::new(storage), LIMITS).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_saved_is_known_after_any_stop(
        actions in prop::collection::vec(action(), 1..40)
    ) {
        let mut model = Model::new();
        for action in actions {
            model.run(action);
        }
        model.open_again();
        model.save();
        model.open_again();
    }
}
