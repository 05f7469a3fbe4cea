//! Random histories of a journal on a disk that fails, beside a model: what was acknowledged is there, in order and once,
//! and nothing is there that was not appended.

use std::num::NonZeroU32;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::simulated::SimulatedDisk;
use crate::log::{Log, lock};
use crate::{AppendError, OpenError, Options, ReadError, Reader, Record};

const SEGMENT_BYTES: u64 = 64 << 10;
const MAX_BYTES: u64 = 5 * SEGMENT_BYTES;

/// The largest payload that fits a segment, and the largest of a model's record, which gets a segment of its own size.
const FITS: usize = 57_288;
const LARGEST: usize = 150_000;

/// Bytes of the segment that a record needs.
fn segment_bytes(payload: usize) -> u64 {
    let own = (payload + SEGMENT_BYTES as usize - FITS).next_multiple_of(4096);
    SEGMENT_BYTES.max(own as u64)
}

#[derive(Debug, Clone)]
enum Action {
    /// Queues records of these sizes.
    Append(Vec<usize>),
    /// Asks whether a record would be taken.
    Probe,
    /// Writes what waits.
    Write,
    /// Makes a segment ahead, and frees released ones.
    KeepHouse,
    /// Releases what is before this part of the journal, in percent.
    Release(u64),
    /// Reads from this part of the journal on, in percent.
    Read(u64),
    /// After so many operations of the disk, so many fail.
    Fail(u32, u32),
    /// The disk has room for so many more segments.
    Limit(u64),
    /// Reopens after a failure.
    Reopen,
    /// Stops cleanly and opens again.
    Restart,
    /// Ends the process and opens again.
    Kill,
    /// Takes the power away and opens again.
    LosePower,
}

fn action() -> impl Strategy<Value = Action> {
    let size = prop_oneof![
        6 => 0..300_usize,
        3 => 300..9_000_usize,
        2 => 9_000..=FITS,
        1 => Just(FITS),
        1 => FITS + 1..=LARGEST,
    ];
    prop_oneof![
        8 => prop::collection::vec(size, 1..6).prop_map(Action::Append),
        1 => Just(Action::Probe),
        8 => Just(Action::Write),
        3 => Just(Action::KeepHouse),
        2 => (0..=100_u64).prop_map(Action::Release),
        2 => (0..=100_u64).prop_map(Action::Read),
        3 => (0..12_u32, 1..4_u32).prop_map(|(after, times)| Action::Fail(after, times)),
        1 => (0..4_u64).prop_map(Action::Limit),
        3 => Just(Action::Reopen),
        1 => Just(Action::Restart),
        2 => Just(Action::Kill),
        2 => Just(Action::LosePower),
    ]
}

type Outcomes = Arc<Mutex<Vec<(u64, Result<Range<u64>, AppendError>)>>>;

/// The journal, the disk, and what has to be there.
struct History {
    disk: SimulatedDisk,
    log: Option<Arc<Log>>,
    outcomes: Outcomes,
    n_appended: u64,
    /// Records that wait for an answer, by their number.
    waiting: Vec<(u64, Record)>,
    /// What was acknowledged, from position 0 on.
    acknowledged: Vec<Record>,
    /// What may come back at the next opening, in order.
    in_doubt: Vec<Record>,
    released: u64,
    /// Answers to probes.
    probed: Arc<Mutex<Vec<Result<(), AppendError>>>>,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut history = Self {
            disk: SimulatedDisk::new(seed),
            log: None,
            outcomes: Outcomes::default(),
            n_appended: 0,
            waiting: Vec::new(),
            acknowledged: Vec::new(),
            in_doubt: Vec::new(),
            released: 0,
            probed: Arc::default(),
        };
        history.open();
        history
    }

    fn end(&self) -> u64 {
        self.acknowledged.last().map_or(0, end)
    }

    /// Opens, at the second try where the disk fails during the first.
    fn open(&mut self) {
        self.log = None;
        self.waiting.clear();
        lock(&self.outcomes).clear();
        let options = Options {
            first: 0,
            dir: "/simulated".into(),
            segment_bytes: SEGMENT_BYTES,
            max_bytes: MAX_BYTES,
            queue_bytes: 1 << 20,
            clock: || 5,
        };
        let n_failed = self.disk.n_failed();
        let log = Log::open(options.clone(), Box::new(self.disk.clone())).unwrap_or_else(|error| {
            assert!(self.disk.n_failed() > n_failed, "{error}");
            self.disk.mend();
            Log::open(options, Box::new(self.disk.clone())).unwrap()
        });
        let log = self.log.insert(Arc::new(log));
        let found = log.state().end;
        for record in std::mem::take(&mut self.in_doubt) {
            if record.first < found {
                self.acknowledged.push(record);
            }
        }
        assert_eq!(
            found,
            self.end(),
            "what was acknowledged, and a whole part of what was in doubt"
        );
        self.read(0);
    }

    fn log(&self) -> &Arc<Log> {
        self.log.as_ref().unwrap()
    }

    fn append(&mut self, size: usize) {
        let number = self.n_appended;
        self.n_appended += 1;
        let items = NonZeroU32::new(1 + (number % 3) as u32).unwrap();
        let mut payload = vec![number as u8; size];
        let n_bytes = size.min(8);
        payload[..n_bytes].copy_from_slice(&number.to_le_bytes()[..n_bytes]);
        let outcomes = Arc::clone(&self.outcomes);
        let done = move |outcome| lock(&outcomes).push((number, outcome));
        let appended = self.log().append(items, payload.clone(), Box::new(done));
        match appended {
            Ok(()) => {
                let record = Record {
                    first: u64::MAX,
                    items: items.get(),
                    written_ms: 5,
                    payload,
                };
                self.waiting.push((number, record));
            }
            Err(AppendError::Failed { .. }) => assert!(self.log().state().failure.is_some()),
            Err(error) => panic!("{error}"),
        }
    }

    /// A probe is answered, well where the journal takes records.
    fn probe(&mut self) {
        let probed = Arc::clone(&self.probed);
        let done = move |outcome: Result<_, _>| lock(&probed).push(outcome.map(drop));
        let asked = self.log().probe(Box::new(done));
        if asked.is_err() {
            assert!(self.log().state().failure.is_some());
            return;
        }
        let n_failed = self.disk.n_failed();
        let waiting = std::mem::take(&mut self.log().state().probes);
        self.log().answer_probes(waiting);
        let answers = std::mem::take(&mut *lock(&self.probed));
        assert_eq!(answers.len(), 1);
        match &answers[0] {
            Ok(()) => assert!(self.log().state().failure.is_none()),
            Err(AppendError::Full { .. } | AppendError::NoSpace { .. }) => {}
            Err(error) => assert!(self.disk.n_failed() > n_failed, "{error}"),
        }
    }

    /// Takes the answers over into the model.
    fn hear(&mut self, n_failed: usize) {
        let outcomes = std::mem::take(&mut *lock(&self.outcomes));
        for (number, outcome) in outcomes {
            let index = self.waiting.iter().position(|(waits, _)| *waits == number);
            let (_, mut record) = self.waiting.remove(index.expect("one answer a record"));
            match outcome {
                Ok(range) => {
                    assert_eq!(range.start, self.end());
                    record.first = range.start;
                    assert_eq!(range.end, end(&record));
                    assert!(self.in_doubt.is_empty(), "acknowledged after a failure");
                    self.acknowledged.push(record);
                }
                Err(AppendError::InDoubt { .. }) => {
                    assert!(self.disk.n_failed() > n_failed);
                    record.first = self.in_doubt.last().map_or(self.end(), end);
                    self.in_doubt.push(record);
                }
                Err(AppendError::Full { .. }) => {
                    let state = self.log().state();
                    let needed = segment_bytes(record.payload.len());
                    assert!(state.live_bytes() + needed > MAX_BYTES);
                }
                Err(AppendError::NoSpace { .. } | AppendError::Failed { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn reopen(&mut self) {
        let n_failed = self.disk.n_failed();
        let had_failed = self.log().state().failure.is_some();
        match self.log().reopen() {
            Ok(()) => {
                assert!(self.log().state().failure.is_none());
                if had_failed {
                    self.in_doubt.clear();
                }
                assert_eq!(self.log().state().end, self.end());
            }
            Err(error) => {
                let is_full = matches!(error, OpenError::Full { .. })
                    || matches!(&error, OpenError::Io { source, .. } if source.kind() == std::io::ErrorKind::StorageFull);
                assert!(is_full || self.disk.n_failed() > n_failed, "{error}");
                assert!(self.log().state().failure.is_some());
            }
        }
    }

    /// Reads from a position on, and compares.
    fn read(&self, from: u64) {
        let log = self.log();
        let begin = log.state().begin();
        assert!(begin <= self.released, "{begin} of {}", self.released);
        assert!(log.state().live_bytes() <= MAX_BYTES + SEGMENT_BYTES);
        let from = from.max(begin);
        let n_failed = self.disk.n_failed();
        let expected = self.acknowledged.iter().filter(|record| end(record) > from);
        let mut reader = Reader::new(Arc::clone(log), from).unwrap();
        for expected in expected {
            loop {
                match reader.read() {
                    Ok(record) => {
                        assert_eq!(record.as_ref(), Some(expected));
                        break;
                    }
                    Err(ReadError::Io { .. }) if self.disk.n_failed() > n_failed => {
                        self.disk.mend();
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        }
        assert_eq!(reader.read().unwrap(), None);
    }

    fn act(&mut self, action: &Action) {
        let n_failed = self.disk.n_failed();
        match action {
            Action::Append(sizes) => {
                for size in sizes {
                    self.append(*size);
                }
            }
            Action::Probe => self.probe(),
            Action::Write => {
                self.log().write_waiting();
            }
            Action::KeepHouse => {
                let _housekeeping = lock(&self.log().housekeeping);
                self.log().keep_house();
            }
            Action::Release(percent) => {
                let before = self.end() * percent / 100;
                self.released = self.released.max(before);
                self.log().release(before);
            }
            Action::Read(percent) => self.read(self.end() * percent / 100),
            Action::Fail(after, times) => self.disk.fail(*after, *times),
            Action::Limit(n_segments) => self.disk.limit(n_segments * SEGMENT_BYTES),
            Action::Reopen => self.reopen(),
            Action::Restart => {
                self.log().write_waiting();
                self.hear(n_failed);
                self.log().seal();
                self.open();
            }
            Action::Kill => self.open(),
            Action::LosePower => {
                self.log = None;
                self.disk.lose_power();
                self.open();
            }
        }
        self.hear(n_failed);
    }
}

fn end(record: &Record) -> u64 {
    record.first + u64::from(record.items)
}

proptest! {
    #[test]
    fn what_was_acknowledged_is_there_once(
        seed: u64,
        actions in prop::collection::vec(action(), 1..60),
    ) {
        let mut history = History::new(seed);
        for action in &actions {
            history.act(action);
        }
        history.disk.mend();
        history.disk.limit(u64::MAX / 2);
        history.act(&Action::Kill);
        history.act(&Action::LosePower);
        // Within the bound: the segments, and one after a failure; what could not be removed is gone by now.
        prop_assert!(history.disk.used() <= MAX_BYTES + 2 * SEGMENT_BYTES);
    }

    /// One damaged byte is never passed over: everything is read, or there is an error.
    #[test]
    fn damage_is_refused(
        sizes in prop::collection::vec(0..20_000_usize, 1..30),
        segment: usize,
        offset in 0..SEGMENT_BYTES as usize,
        bits in 1..=255_u8,
    ) {
        let mut history = History::new(0);
        for size in sizes {
            history.append(size);
            history.log().write_waiting();
        }
        history.hear(0);
        history.log().seal();
        history.disk.damage(segment, offset, bits);
        let options = history.log().options.clone();
        history.log = None;
        let log = match Log::open(options, Box::new(history.disk.clone())) {
            Ok(log) => Arc::new(log),
            Err(OpenError::Damaged(_) | OpenError::Header { .. }) => return Ok(()),
            Err(error) => panic!("{error}"),
        };
        prop_assert_eq!(log.state().end, history.end());
        let mut reader = Reader::new(log, 0).unwrap();
        for expected in &history.acknowledged {
            match reader.read() {
                Ok(record) => prop_assert_eq!(record.as_ref(), Some(expected)),
                Err(ReadError::Damaged(_)) => return Ok(()),
                Err(error) => panic!("{error}"),
            }
        }
    }
}
