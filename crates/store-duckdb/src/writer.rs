//! Group commit: one thread owns the writing connection; whatever waits is committed together.
//!
//! While one group is on its way to the disk, the next one gathers, so a commit's fsync is
//! shared by as many requests as came meanwhile, and no batch waits for a timer.

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use annoscope_store::{Changes, Day, DedupWindow, Position, Reservation, StoreError};
use arrow::array::RecordBatch;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::committer::Committer;
use crate::database::Database;
use crate::error::Error;
use crate::stats::Counters;

/// Most rows of one commit. Beyond this a commit gets no cheaper by the row, and its answer
/// time grows.
const MAX_GROUP_ROWS: usize = 50_000;

/// Quiet time after which even a short log is written to the file.
pub(crate) const IDLE: Duration = Duration::from_secs(5);

/// One batch on its way.
pub(crate) struct Job {
    pub(crate) rows: RecordBatch,
    pub(crate) reservation: Reservation,
    pub(crate) day: Day,
    pub(crate) done: oneshot::Sender<Result<Position, StoreError>>,
    pub(crate) bytes: usize,
    /// Share of the queue's bytes, given back when the job ends.
    _room: OwnedSemaphorePermit,
}

/// What the writing thread does.
pub(crate) enum Work {
    Store(Job),
    /// Says whether a batch would be stored now.
    Answer(oneshot::Sender<Result<(), StoreError>>),
}

/// Room for a small batch; a queue with less is full.
const SMALL_BATCH_BYTES: usize = 64 * 1024;

/// The writing thread and its queue.
pub(crate) struct Writer {
    queue: Mutex<Option<Sender<Work>>>,
    room: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
    counters: Arc<Counters>,
    queue_bytes: usize,
}

impl Writer {
    pub(crate) fn start(
        database: Arc<Database>,
        window: Arc<DedupWindow>,
        changes: Arc<Changes>,
    ) -> Result<Writer, Error> {
        let (sender, receiver) = channel();
        let counters = Arc::clone(&database.counters);
        let queue_bytes = database.config.queue_bytes;
        let committer = Committer::new(database, window, changes);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || committer.run(&receiver))
            .map_err(Error::io("starting a thread"))?;
        Ok(Writer {
            queue: Mutex::new(Some(sender)),
            room: Arc::new(Semaphore::new(queue_bytes.min(Semaphore::MAX_PERMITS))),
            thread: Mutex::new(Some(thread)),
            counters,
            queue_bytes,
        })
    }

    /// Takes room in the queue for a batch of that size, before it is built. A batch larger than
    /// the whole queue is admitted when the queue is empty.
    pub(crate) fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, StoreError> {
        let weight = bytes.min(self.queue_bytes) as u32;
        let room = Arc::clone(&self.room).try_acquire_many_owned(weight);
        room.map_err(|_| {
            Counters::add(&self.counters.refused_queue_full, 1);
            StoreError::QueueFull {
                limit_bytes: self.queue_bytes,
            }
        })
    }

    /// Asks whether a batch would be stored now; the receiver gets the answer.
    pub(crate) fn ask(&self) -> Result<oneshot::Receiver<Result<(), StoreError>>, StoreError> {
        if self.room.available_permits() < SMALL_BATCH_BYTES.min(self.queue_bytes) {
            return Err(StoreError::QueueFull {
                limit_bytes: self.queue_bytes,
            });
        }
        let (answer, answered) = oneshot::channel();
        self.send(Work::Answer(answer))?;
        Ok(answered)
    }

    /// Up to where queries see the events.
    pub(crate) fn visible(&self) -> Position {
        Position(self.counters.rows_total.load(Ordering::Relaxed))
    }

    /// Queues a batch, which has its room; the receiver gets its outcome.
    pub(crate) fn submit(
        &self,
        rows: RecordBatch,
        room: OwnedSemaphorePermit,
        reservation: Reservation,
        day: Day,
    ) -> Result<oneshot::Receiver<Result<Position, StoreError>>, StoreError> {
        let (done, outcome) = oneshot::channel();
        let bytes = rows.get_array_memory_size();
        Counters::add(&self.counters.queued_bytes, bytes as u64);
        let job = Job {
            rows,
            reservation,
            day,
            done,
            bytes,
            _room: room,
        };
        self.send(Work::Store(job))?;
        Ok(outcome)
    }

    fn send(&self, work: Work) -> Result<(), StoreError> {
        let queue = lock(&self.queue);
        let queue = queue.as_ref().ok_or(StoreError::NotOpen)?;
        // The thread ends after the queue was closed, and no one holds the lock then.
        queue.send(work).map_err(|_| StoreError::NotOpen)
    }

    /// Refuses new batches and waits until the queued ones are committed. Returns whether it
    /// was open and ended well.
    pub(crate) fn close(&self) -> bool {
        drop(lock(&self.queue).take());
        match lock(&self.thread).take().map(JoinHandle::join) {
            Some(Ok(())) => true,
            Some(Err(_)) => {
                tracing::error!("the writer thread ended by a panic");
                false
            }
            None => false,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What waits already joins the group of `first`; what is asked meanwhile is answered after it.
pub(crate) fn gather(
    first: Work,
    queue: &Receiver<Work>,
) -> (Vec<Job>, Vec<oneshot::Sender<Result<(), StoreError>>>) {
    let (mut group, mut answers, mut n_rows) = (Vec::new(), Vec::new(), 0);
    let mut next = Some(first);
    while let Some(work) = next {
        match work {
            Work::Store(job) => {
                n_rows += job.rows.num_rows();
                group.push(job);
            }
            Work::Answer(answer) => answers.push(answer),
        }
        let has_room = n_rows < MAX_GROUP_ROWS;
        next = has_room.then(|| queue.try_recv().ok()).flatten();
    }
    (group, answers)
}
