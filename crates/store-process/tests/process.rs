//! The backend with real processes: the program of these tests, which serves a backend of its own kind
//! when its standard input is a door.

#[path = "process/double.rs"]
mod double;

use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

use annoscope_store::{
    Backend, Entry, EventFilter, Figure, Position, Query, Reading, RecordBatches, Rows, RowsRead,
    StoreError, clock,
};
use arrow::array::{Int64Array, RecordBatch};
use arrow::buffer::Buffer;
use rustix::process::{Pid, Signal, kill_process};

use annoscope_store_process::{ChildProcess, End, Process, ProcessBackend, ServeError, serve};
use double::Double;

/// The test that other tests start as a process.
const ROLE: &str = "a_process_without_a_door_does_not_serve";

#[test]
fn a_process_without_a_door_does_not_serve() {
    let door = io::stdin().as_fd().try_clone_to_owned().unwrap();
    let served = serve(door, || Ok(Double::default()));
    let is_refused = matches!(&served, Err(ServeError::Io { source, .. })
        if source.raw_os_error() == Some(rustix::io::Errno::NOTSOCK.raw_os_error()));
    assert!(served.is_ok() || is_refused, "{served:?}");
}

fn spawn(door: OwnedFd) -> io::Result<Box<dyn Process>> {
    let child = Command::new(std::env::current_exe()?)
        .args(["--exact", ROLE, "--nocapture"])
        .stdin(Stdio::from(door))
        .stdout(Stdio::null())
        .spawn()?;
    Ok(Box::new(ChildProcess::from(child)))
}

fn start() -> ProcessBackend {
    ProcessBackend::start(Box::new(spawn)).unwrap()
}

/// A query of [`Double`].
fn query(sql: &str) -> Query {
    Query {
        statements: vec![sql.to_owned()],
        views: Vec::new(),
        time_limit: Duration::from_secs(20),
        rows: None,
        rows_read: RowsRead::default(),
    }
}

/// Begins a read, as callers do: again while others run.
fn begin(backend: &ProcessBackend, sql: &str) -> RecordBatches {
    loop {
        match backend.query(query(sql)) {
            Err(StoreError::Busy { .. }) => thread::sleep(Duration::from_millis(2)),
            begun => return begun.unwrap(),
        }
    }
}

/// The rows of a read, up to its end or its error.
fn read(mut batches: RecordBatches) -> (usize, Option<StoreError>) {
    let mut n_rows = 0;
    while let Some(batch) = batches.blocking_next() {
        match batch {
            Ok(batch) => n_rows += batch.num_rows(),
            Err(error) => return (n_rows, Some(error)),
        }
    }
    (n_rows, None)
}

fn numbers(numbers: Vec<i64>) -> RecordBatch {
    let column = std::sync::Arc::new(Int64Array::from(numbers));
    RecordBatch::try_from_iter([("n", column as _)]).unwrap()
}

fn until(what: &str, is_so: impl Fn() -> bool) {
    let begin = clock::monotonic();
    while !is_so() {
        assert!(clock::since(begin) < Duration::from_secs(20), "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The process that serves now.
fn pid(backend: &ProcessBackend) -> Option<Pid> {
    let figures = backend.figures();
    let pid = figures.iter().find(|figure| figure.name == "pid")?;
    let Reading::Gauge(pid) = pid.reading else {
        return None;
    };
    Pid::from_raw(i32::try_from(pid).unwrap())
}

#[test]
fn calls_cross_the_border() {
    let backend = start();
    assert_eq!(backend.applied().unwrap(), Position(0));
    let entry = |from, record: &[u8]| Entry {
        from: Position(from),
        record: Buffer::from(record),
    };
    let entries = vec![entry(0, b""), entry(3, &[7; 100_000])];
    backend.apply(entries, Position(5)).unwrap();
    assert_eq!(backend.applied().unwrap(), Position(5));
    // Of the double: the position and the length of each record.
    let expected = [0, 0, 3, 100_000];
    assert_eq!(backend.recent_times(10).unwrap(), expected);
    assert_eq!(backend.stats().rows_total, 2);
    let refused = backend.apply(vec![], Position(4));
    assert!(
        matches!(refused, Err(StoreError::Rejected(_))),
        "{refused:?}"
    );
    backend.health().unwrap();
    let expected = Figure {
        name: "pid",
        help: "of the process",
        reading: backend.figures()[0].reading,
    };
    assert_eq!(backend.figures()[0], expected);
}

#[test]
fn rows_cross_the_border() {
    let backend = start();
    let asked = query("rows 100");
    let rows_read = asked.rows_read.clone();
    assert!(matches!(
        read(backend.query(asked).unwrap()),
        (100_000, None)
    ));
    assert_eq!(rows_read.get(), 7);
    let exported = backend.export(EventFilter {
        job_id: Some(3),
        ..EventFilter::default()
    });
    assert!(matches!(read(exported.unwrap()), (3000, None)));

    let brought = vec![numbers(vec![1, 2]), numbers(vec![]), numbers(vec![3])];
    let mut asked = query("brought");
    asked.rows = Some(Rows::new(brought.clone()));
    let mut batches = backend.query(asked).unwrap();
    for batch in brought {
        assert_eq!(batches.blocking_next().unwrap().unwrap(), batch);
    }
    assert!(batches.blocking_next().is_none());
}

#[test]
fn errors_cross_the_border_where_they_come_up() {
    let backend = start();
    let busy = backend.query(query("busy")).map(|_| ());
    assert!(
        matches!(busy, Err(StoreError::Busy { limit: 7 })),
        "{busy:?}"
    );
    let (n_rows, error) = read(backend.query(query("fail")).unwrap());
    assert_eq!(n_rows, 1000);
    assert!(
        matches!(error, Some(StoreError::Statement { .. })),
        "{error:?}"
    );
    assert_eq!(backend.restarts().n, 0);
}

#[test]
fn a_stream_that_is_cut_off_is_an_error() {
    let backend = start();
    let failure = |outcome: Result<RecordBatches, StoreError>| match outcome {
        Ok(batches) => read(batches).1.unwrap(),
        Err(error) => error,
    };
    let error = failure(backend.query(query("die")));
    assert!(matches!(error, StoreError::Lost), "{error:?}");
    // A new process answers, the query is run alone, and then no more.
    assert!(matches!(
        read(backend.query(query("rows 1")).unwrap()),
        (1000, None)
    ));
    let error = failure(backend.query(query("die")));
    assert!(matches!(error, StoreError::Quarantined { .. }), "{error:?}");
    assert!(matches!(
        read(backend.query(query("rows 1")).unwrap()),
        (1000, None)
    ));
    let refused = backend.query(query("die")).map(|_| ());
    assert!(
        matches!(refused, Err(StoreError::Quarantined { .. })),
        "{refused:?}"
    );
    let restarts = backend.restarts();
    let signals = restarts.latest.iter().map(|restart| restart.signal);
    let abort = Signal::ABORT.as_raw();
    assert_eq!(signals.collect::<Vec<_>>(), [Some(abort), Some(abort)]);
    assert_eq!(restarts.n, 2);
}

#[test]
fn a_read_ends_when_its_result_is_dropped() {
    let backend = start();
    let mut batches = backend.query(query("endless")).unwrap();
    batches.blocking_next().unwrap().unwrap();
    // Of the double: it counts the endless reads that have ended.
    assert_eq!(backend.stats().claimed_bytes, 0);
    drop(batches);
    until("the read to end", || backend.stats().claimed_bytes == 1);
    assert_eq!(backend.restarts().n, 0);
}

#[test]
fn a_query_that_cannot_be_ended_is_ended_with_its_process() {
    let backend = start();
    let mut asked = query("hang");
    asked.time_limit = Duration::from_millis(50);
    let begin = clock::monotonic();
    let (n_rows, error) = read(backend.query(asked).unwrap());
    assert_eq!(n_rows, 0);
    assert!(
        matches!(error, Some(StoreError::TimedOut { .. })),
        "{error:?}"
    );
    assert!(clock::since(begin) < Duration::from_secs(10));
    assert!(matches!(
        read(backend.query(query("rows 1")).unwrap()),
        (1000, None)
    ));
    assert_eq!(backend.restarts().n, 1);
}

#[test]
fn a_slow_reader_is_no_reason_to_end_a_process() {
    let backend = start();
    let mut asked = query("endless");
    asked.time_limit = Duration::from_millis(1);
    let mut batches = backend.query(asked).unwrap();
    // Longer than the limit and all that is added to it.
    thread::sleep(Duration::from_millis(2500));
    for _ in 0..100 {
        batches.blocking_next().unwrap().unwrap();
    }
    assert_eq!(backend.restarts().n, 0);
}

#[test]
fn a_process_that_is_killed_or_stopped_is_started_again() {
    let backend = start();
    for (n, signal) in (1..).zip([Signal::KILL, Signal::STOP, Signal::ABORT]) {
        let mut running = begin(&backend, "endless");
        let before = pid(&backend).unwrap();
        kill_process(before, signal).unwrap();
        let error = loop {
            if let Err(error) = running.blocking_next().unwrap() {
                break error;
            }
        };
        assert!(matches!(error, StoreError::Lost), "{error:?}");
        let killed_at = clock::monotonic();
        // It waits for the new one.
        backend.applied().unwrap();
        assert!(clock::since(killed_at) < Duration::from_secs(2));
        assert_ne!(pid(&backend), Some(before));
        assert_eq!(backend.restarts().n, n);
        // Whatever runs beside it is no more suspect.
        drop(begin(&backend, "endless"));
    }
}

#[test]
fn what_a_terminal_sends_to_all_processes_is_for_the_server() {
    let backend = start();
    let before = pid(&backend).unwrap();
    let mut running = backend.query(query("endless")).unwrap();
    for signal in [Signal::INT, Signal::TERM] {
        kill_process(before, signal).unwrap();
    }
    for _ in 0..100 {
        running.blocking_next().unwrap().unwrap();
    }
    assert_eq!(pid(&backend), Some(before));
    assert_eq!(backend.restarts().n, 0);
}

#[test]
fn a_closed_backend_has_no_process() {
    let backend = start();
    let pid = pid(&backend).unwrap();
    let mut running = backend.query(query("endless")).unwrap();
    backend.close();
    let gone = rustix::process::test_kill_process(pid);
    assert_eq!(gone, Err(rustix::io::Errno::SRCH));
    let error = loop {
        if let Err(error) = running.blocking_next().unwrap() {
            break error;
        }
    };
    assert!(matches!(error, StoreError::Lost), "{error:?}");
    assert!(matches!(backend.applied(), Err(StoreError::NotOpen)));
    assert_eq!(backend.restarts().n, 0);
    backend.close();
}

/// A thread that plays a process.
struct Thread(Mutex<Option<JoinHandle<()>>>);

impl Process for Thread {
    fn wait(&self) -> End {
        let thread = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        thread.unwrap().join().unwrap();
        End::default()
    }

    fn kill(&self) {
        unreachable!("it ends by itself");
    }
}

#[test]
fn a_store_that_does_not_open_is_an_error_of_the_start() {
    let started = ProcessBackend::start(Box::new(|door| {
        let thread = thread::spawn(|| {
            let open = || {
                Err::<Double, _>(StoreError::DiskFull {
                    free_bytes: 1,
                    needed_bytes: 2,
                })
            };
            let served = serve(door, open);
            assert!(matches!(served, Err(ServeError::Store(_))), "{served:?}");
        });
        Ok(Box::new(Thread(Mutex::new(Some(thread)))))
    }));
    let error = started.map(|_| ()).unwrap_err();
    assert!(
        matches!(error, StoreError::DiskFull { free_bytes: 1, .. }),
        "{error:?}"
    );
    let started = ProcessBackend::start(Box::new(|door| {
        let child = Command::new("true").stdin(Stdio::from(door)).spawn()?;
        Ok(Box::new(ChildProcess::from(child)))
    }));
    let error = started.map(|_| ()).unwrap_err();
    assert!(
        error.to_string().ends_with("it ended with code 0"),
        "{error}"
    );
}
