//! Jobs from the request to the file, over a real store.

mod csv;
mod parquet;

use std::fs;
use std::io::Read;

use annoscope_events::{EVENT_COLUMNS, Event, Payload, StoredEvent};
use annoscope_store::{EventBatch, EventFilter};
use tempfile::TempDir;

use super::error::Failure;
use super::*;
use crate::config::Config;
use crate::testing::open_store;

/// 2024-07-01T12:00:00Z, in ms.
pub(super) const NOON_MS: i64 = 1_719_835_200_000;

const HOUR_MS: i64 = 3_600_000;

/// A data directory with a store.
pub(super) struct Fixture {
    pub(super) config: Config,
    pub(super) store: Arc<dyn EventStore>,
    dir: TempDir,
}

/// An event with nothing but what every event has.
pub(super) fn event(scope: &str, at_ms: i64) -> Event {
    Event {
        scope: scope.to_owned(),
        obj_name: None,
        obj_id: None,
        obj_val: None,
        source: "client".into(),
        timestamp: Timestamp::from_millis(at_ms),
        count: None,
        duration: 0,
        project_id: None,
        task_id: None,
        job_id: None,
        user_id: None,
        user_name: None,
        user_email: None,
        org_id: None,
        org_slug: None,
        payload: None,
    }
}

/// Every event, as CSV, at noon.
pub(super) fn request() -> ExportRequest {
    ExportRequest {
        filter: EventFilter::default(),
        columns: EVENT_COLUMNS.into(),
        format: Format::Csv,
        file_name: "all.csv".to_owned(),
        query_id: None,
        is_download: false,
    }
}

fn owner(id: i64) -> Owner {
    Owner {
        id,
        name: format!("user{id}"),
        org_id: None,
    }
}

fn noon() -> Timestamp {
    Timestamp::from_millis(NOON_MS)
}

fn hours_later(hours: i64) -> Timestamp {
    // Jobs end by the clock of the machine.
    Timestamp::from_millis(clock::now().millis() + hours * HOUR_MS)
}

impl Fixture {
    pub(super) fn new() -> Fixture {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::for_testing(dir.path().to_owned());
        let store = open_store(&config);
        Fixture { config, store, dir }
    }

    pub(super) async fn append(&self, events: Vec<Event>) {
        let batch = EventBatch {
            events: events.into_iter().map(StoredEvent::from).collect(),
            received_at: noon(),
            request_id: Uuid::nil(),
            reservation: self.store.reserve(Vec::new()).await.unwrap(),
        };
        self.store.append(batch).await.unwrap();
    }

    /// Exports whose jobs wait until the test works them off.
    fn idle(&self) -> Exports {
        let directory = Directory::open(self.config.data_dir.join("exports")).unwrap();
        let jobs = directory.restore(clock::now()).unwrap();
        let store = Arc::clone(&self.store);
        let queue = JobQueue::new(directory, store, self.config.export_settings(), jobs);
        Exports {
            inner: Arc::new(Inner {
                queue: Arc::new(queue),
                workers: Mutex::default(),
            }),
        }
    }

    /// Names in the directory of exports.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.dir.path().join("exports")).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Kinds of files in the directory of exports.
    fn kinds(&self) -> Vec<String> {
        let kind = |name: String| name.split_once('.').unwrap().1.to_owned();
        let mut kinds: Vec<_> = self.files().into_iter().map(kind).collect();
        kinds.sort();
        kinds
    }

    /// The result of a request, worked off at once.
    pub(super) async fn export(&self, request: ExportRequest) -> Vec<u8> {
        let exports = self.idle();
        let key = exports
            .start(owner(1), Uuid::new_v4(), request, noon())
            .await
            .unwrap();
        exports.work_off();
        exports.content(key).await
    }
}

impl Exports {
    /// Does all that waits.
    fn work_off(&self) {
        let queue = &self.inner.queue;
        while self.has_waiting() {
            let task = queue.next_task().unwrap();
            let outcome = write_result(queue, &task);
            queue.finish(task, outcome, clock::now());
        }
    }

    fn has_waiting(&self) -> bool {
        let workers = self.inner.workers.lock().unwrap();
        assert!(workers.is_empty(), "only for exports without workers");
        self.inner.queue.has_waiting()
    }

    async fn content(&self, key: JobKey) -> Vec<u8> {
        let mut download = self.download(key, clock::now()).await.unwrap();
        let mut bytes = Vec::new();
        download.file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len() as u64, download.n_bytes);
        bytes
    }

    async fn status(&self, key: JobKey) -> Option<String> {
        let job = self.get(key, clock::now()).await?;
        Some(match job.state {
            State::Failed { message, .. } => format!("failed: {message}"),
            state => state.name().to_owned(),
        })
    }
}

/// What a worker does, on a thread as a worker has it: it may block.
fn write_result(queue: &JobQueue, task: &jobs::Task) -> Result<u64, Failure> {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| worker::write_result(queue, task));
        worker.join().unwrap()
    })
}

/// An answer of the query flow, for a table.
fn shown(answer: Result<Answer, ExportError>) -> String {
    match answer {
        Ok(Answer::Started { .. } | Answer::Pending { .. }) => "202".to_owned(),
        Ok(Answer::Finished) => "201".to_owned(),
        Ok(Answer::Download(_)) => "200".to_owned(),
        Ok(Answer::Failed { message }) => format!("500 {message}"),
        Err(error) => error.to_string(),
    }
}

async fn ask(exports: &Exports, id: Uuid, ask: Ask, is_download: bool) -> String {
    let wanted = Wanted {
        owner: owner(1),
        request: ExportRequest {
            query_id: Some(id),
            is_download,
            ..request()
        },
        ask,
    };
    shown(exports.answer(wanted, clock::now()).await)
}

#[tokio::test]
async fn workers_write_what_was_asked_for() {
    let fixture = Fixture::new();
    fixture.append(vec![event("load:cvat", NOON_MS)]).await;
    let exports =
        Exports::open(fixture.config.export_settings(), Arc::clone(&fixture.store)).unwrap();
    let mut keys = Vec::new();
    for _ in 0..5 {
        let id = Uuid::new_v4();
        keys.push(
            exports
                .start(owner(1), id, request(), noon())
                .await
                .unwrap(),
        );
    }
    let begun = clock::monotonic();
    for key in keys {
        while exports.status(key).await.as_deref() != Some("finished") {
            assert!(
                clock::since(begun).as_secs() < 60,
                "{:?}",
                exports.status(key).await
            );
            tokio::task::yield_now().await;
        }
        let content = String::from_utf8(exports.content(key).await).unwrap();
        assert_eq!(content.lines().count(), 2);
        assert!(
            (exports.get(key, clock::now()).await.unwrap().progress - 1.0).abs() < f32::EPSILON
        );
    }
    exports.stop();
    let refused = exports
        .start(owner(1), Uuid::new_v4(), request(), noon())
        .await;
    assert!(matches!(refused, Err(ExportError::ShuttingDown)));
}

#[tokio::test]
async fn a_restart_keeps_what_is_finished_and_fails_the_rest() {
    let fixture = Fixture::new();
    fixture.append(vec![event("load:cvat", NOON_MS)]).await;
    let exports = fixture.idle();
    let finished = exports
        .start(owner(1), Uuid::new_v4(), request(), noon())
        .await
        .unwrap();
    exports.work_off();
    let content = exports.content(finished).await;
    let started = exports
        .start(owner(1), Uuid::new_v4(), request(), noon())
        .await
        .unwrap();
    let _task = exports.inner.queue.next_task().unwrap();
    let queued = exports
        .start(owner(2), Uuid::new_v4(), request(), noon())
        .await
        .unwrap();
    for stray in ["a.csv.part", "b.csv", "c.json.tmp", "d.json"] {
        fs::write(fixture.dir.path().join("exports").join(stray), "half").unwrap();
    }
    drop(exports);

    for _restart in 0..2 {
        let exports = fixture.idle();
        assert_eq!(exports.status(finished).await.as_deref(), Some("finished"));
        assert_eq!(exports.content(finished).await, content);
        for unfinished in [started, queued] {
            let status = exports.status(unfinished).await;
            let expected = "failed: the server was restarted while the export ran";
            assert_eq!(status.as_deref(), Some(expected));
        }
        assert_eq!(fixture.kinds(), ["csv", "json", "json", "json"]);
    }

    // A result that is not there whole is no result.
    let files = fixture.files();
    let result = files.iter().find(|name| !name.contains("json")).unwrap();
    let result = fixture.dir.path().join("exports").join(result);
    fs::write(result, "short").unwrap();
    let exports = fixture.idle();
    assert_eq!(exports.status(finished).await, None);
    assert_eq!(fixture.kinds(), ["json", "json"]);
}

#[tokio::test]
async fn results_and_failures_expire_an_hour_after_they_ended() {
    let fixture = Fixture::new();
    let exports = fixture.idle();
    let key = exports
        .start(owner(1), Uuid::new_v4(), request(), noon())
        .await
        .unwrap();
    exports.expire(hours_later(100));
    assert_eq!(
        exports.status(key).await.as_deref(),
        Some("queued"),
        "never while it waits"
    );
    exports.work_off();
    let finished_at = exports
        .get(key, clock::now())
        .await
        .unwrap()
        .state
        .finished_at()
        .unwrap();
    let at = |offset_ms: i64| Timestamp::from_millis(finished_at.millis() + offset_ms);
    let expires_at = exports.get(key, at(0)).await.unwrap().expires_at.unwrap();
    assert_eq!(expires_at, at(HOUR_MS));

    let before = at(HOUR_MS - 1);
    exports.expire(before);
    assert!(exports.get(key, before).await.is_some());
    let open = exports.download(key, before).await.unwrap();
    assert!(
        exports.get(key, expires_at).await.is_none(),
        "also before it is removed"
    );
    assert!(exports.of_owner(1, expires_at).await.is_empty());
    exports.expire(expires_at);
    assert!(fixture.files().is_empty());
    assert_eq!(exports.bytes_on_disk(), 0);
    assert_eq!(
        open.file.metadata().unwrap().len(),
        open.n_bytes,
        "a download goes on"
    );
}

#[tokio::test]
async fn the_query_flow_answers_as_the_contract_says() {
    use Ask::{AndConsume, WithoutConsuming};
    let fixture = Fixture::new();
    let exports = fixture.idle();
    let id = Uuid::new_v4();
    assert_eq!(ask(&exports, id, AndConsume, false).await, "202");
    assert_eq!(ask(&exports, id, AndConsume, true).await, "202");
    assert_eq!(ask(&exports, id, WithoutConsuming, true).await, "202");
    assert_eq!(exports.of_owner(1, clock::now()).await.len(), 1);
    exports.work_off();
    for _ in 0..2 {
        assert_eq!(ask(&exports, id, AndConsume, false).await, "201");
        assert_eq!(ask(&exports, id, WithoutConsuming, false).await, "201");
        assert_eq!(ask(&exports, id, WithoutConsuming, true).await, "200");
        assert_eq!(
            ask(&exports, id, AndConsume, true).await,
            "200",
            "until it was sent"
        );
    }
    let key = JobKey { owner_id: 1, id };
    let download = exports.download(key, clock::now()).await.unwrap();
    let (first, second) = (download.consume(), download.consume());
    first.now();
    assert_eq!(
        ask(&exports, id, AndConsume, true).await,
        "202",
        "a new one"
    );
    // Two downloads at once: the end of the second does not touch the new export.
    second.now();
    assert_eq!(exports.status(key).await.as_deref(), Some("queued"));

    // A failure is told once; HEAD does not use it up.
    let task = exports.inner.queue.next_task().unwrap();
    let failure = Failure::TimedOut { limit_ms: 5 };
    exports.inner.queue.finish(task, Err(failure), clock::now());
    let failed = "500 the export took longer than 5 ms";
    assert_eq!(ask(&exports, id, WithoutConsuming, true).await, failed);
    assert_eq!(ask(&exports, id, AndConsume, false).await, failed);
    assert_eq!(ask(&exports, id, AndConsume, false).await, "202");
}

#[tokio::test]
async fn head_without_an_id_starts_nothing() {
    let fixture = Fixture::new();
    let exports = fixture.idle();
    for (method, n_jobs) in [(Ask::WithoutConsuming, 0), (Ask::AndConsume, 1)] {
        let wanted = Wanted {
            owner: owner(1),
            request: request(),
            ask: method,
        };
        assert_eq!(shown(exports.answer(wanted, noon()).await), "202");
        assert_eq!(exports.of_owner(1, noon()).await.len(), n_jobs);
    }
}

#[tokio::test]
async fn two_users_with_one_id_never_meet() {
    let fixture = Fixture::new();
    fixture.append(vec![event("load:cvat", NOON_MS)]).await;
    let exports = fixture.idle();
    let id = Uuid::new_v4();
    let one = exports
        .start(owner(1), id, request(), noon())
        .await
        .unwrap();
    exports.work_off();
    let mut narrow = request();
    narrow.filter.user_id = Some(2);
    let two = exports.start(owner(2), id, narrow, noon()).await.unwrap();
    assert_eq!(exports.status(one).await.as_deref(), Some("finished"));
    assert_eq!(exports.status(two).await.as_deref(), Some("queued"));
    exports.work_off();
    assert_ne!(exports.content(one).await, exports.content(two).await);
    assert_eq!(exports.of_owner(2, clock::now()).await.len(), 1);
}

#[tokio::test]
async fn an_id_names_one_export_at_a_time() {
    let fixture = Fixture::new();
    let exports = fixture.idle();
    let id = Uuid::new_v4();
    let key = exports
        .start(owner(1), id, request(), noon())
        .await
        .unwrap();
    let again = exports.start(owner(1), id, request(), noon()).await;
    assert!(matches!(again, Err(ExportError::StillRunning)));
    exports.work_off();
    exports
        .start(owner(1), id, request(), noon())
        .await
        .unwrap();
    assert_eq!(exports.status(key).await.as_deref(), Some("queued"));
    assert_eq!(fixture.kinds(), ["json"], "the old result is gone");
}

#[tokio::test]
async fn only_what_waits_can_be_cancelled() {
    let fixture = Fixture::new();
    let exports = fixture.idle();
    let first = exports
        .start(owner(1), Uuid::new_v4(), request(), noon())
        .await
        .unwrap();
    let second = exports
        .start(owner(1), Uuid::new_v4(), request(), noon())
        .await
        .unwrap();
    exports.cancel(first, noon()).await.unwrap();
    assert_eq!(exports.status(first).await, None);
    let gone = exports.cancel(first, noon()).await;
    assert!(matches!(gone, Err(ExportError::Unknown)));
    let task = exports.inner.queue.next_task().unwrap();
    assert_eq!(task.job.key, second, "the cancelled one is skipped");
    let running = exports.cancel(second, noon()).await;
    assert!(matches!(
        running,
        Err(ExportError::NotQueued { status: "started" })
    ));
    let early = exports.download(second, noon()).await.map(|_| ());
    assert!(matches!(
        early,
        Err(ExportError::NotFinished { status: "started" })
    ));
    let outcome = write_result(&exports.inner.queue, &task);
    exports.inner.queue.finish(task, outcome, clock::now());
    let ended = exports.cancel(second, clock::now()).await;
    assert!(matches!(
        ended,
        Err(ExportError::NotQueued { status: "finished" })
    ));
}

#[tokio::test]
async fn a_user_has_a_bounded_number_of_unfinished_exports() {
    let mut fixture = Fixture::new();
    fixture.config.export.max_waiting = 2;
    let exports = fixture.idle();
    for expected in [true, true, false] {
        let started = exports
            .start(owner(1), Uuid::new_v4(), request(), noon())
            .await;
        assert_eq!(started.is_ok(), expected);
        let is_refusal = matches!(started, Err(ExportError::TooMany { limit: 2, .. }));
        assert_eq!(is_refusal, !expected);
    }
    let other = exports
        .start(owner(2), Uuid::new_v4(), request(), noon())
        .await;
    assert!(other.is_ok(), "others are not held up");
    exports.work_off();
    let later = exports
        .start(owner(1), Uuid::new_v4(), request(), noon())
        .await;
    assert!(later.is_ok());
}

/// Two thousand events whose payloads do not shrink.
async fn append_megabytes(fixture: &Fixture) {
    let large = |i: i64| {
        let text = "x".repeat(4000);
        Event {
            payload: Some(Payload::from_value(&serde_json::json!({ "text": text })).unwrap()),
            ..event("draw:object", NOON_MS + i)
        }
    };
    fixture.append((0..2000).map(large).collect()).await;
}

#[tokio::test]
async fn an_export_beyond_the_quota_fails_and_leaves_nothing() {
    let mut fixture = Fixture::new();
    append_megabytes(&fixture).await;
    fixture.config.export.max_bytes_on_disk = 2 * 1024 * 1024;
    let exports = fixture.idle();
    let key = exports
        .start(owner(1), Uuid::new_v4(), request(), noon())
        .await
        .unwrap();
    exports.work_off();
    let expected = "failed: all exports together may take 2097152 bytes on the server's disk";
    assert_eq!(exports.status(key).await.as_deref(), Some(expected));
    assert_eq!(fixture.kinds(), ["json"]);
    assert_eq!(exports.bytes_on_disk(), 0);
}

#[tokio::test]
async fn a_full_disk_refuses_exports_before_it_refuses_events() {
    let mut fixture = Fixture::new();
    append_megabytes(&fixture).await;
    let exports = fixture.idle();
    let key = exports
        .start(owner(1), Uuid::new_v4(), request(), noon())
        .await
        .unwrap();
    // No disk has that much.
    fixture.config.store.min_free_bytes = 1 << 60;
    let on_full_disk = fixture.idle();
    let refused = on_full_disk
        .start(owner(2), Uuid::new_v4(), request(), noon())
        .await;
    assert!(matches!(
        refused,
        Err(ExportError::Disk(Failure::DiskFull { .. }))
    ));
    let task = exports.inner.queue.next_task().unwrap();
    let failed = write_result(&on_full_disk.inner.queue, &task).unwrap_err();
    assert!(
        failed
            .to_string()
            .starts_with("the server's disk is nearly full:"),
        "{failed}"
    );
    assert!(!fixture.kinds().iter().any(|kind| kind.contains("part")));
    assert!(exports.status(key).await.is_some());
}

#[tokio::test]
async fn a_job_that_cannot_be_written_down_is_refused() {
    let fixture = Fixture::new();
    let exports = fixture.idle();
    let id = Uuid::new_v4();
    let key = exports
        .start(owner(1), id, request(), noon())
        .await
        .unwrap();
    exports.work_off();
    let dir = fixture.dir.path().join("exports");
    fs::rename(&dir, dir.with_extension("away")).unwrap();
    let refused = exports.start(owner(1), id, request(), noon()).await;
    assert!(matches!(refused, Err(ExportError::Disk(Failure::Io(_)))));
    assert_eq!(
        exports.status(key).await.as_deref(),
        Some("finished"),
        "the old one stays"
    );
    let gone = exports.download(key, clock::now()).await.map(|_| ());
    assert!(matches!(gone, Err(ExportError::FileGone)));

    fs::rename(dir.with_extension("away"), &dir).unwrap();
    let key = exports
        .start(owner(1), Uuid::new_v4(), request(), noon())
        .await
        .unwrap();
    fs::rename(&dir, dir.with_extension("away")).unwrap();
    exports.work_off();
    let status = exports.status(key).await.unwrap();
    assert!(
        status.starts_with("failed: writing the file failed:"),
        "{status}"
    );
}

#[tokio::test]
async fn an_export_that_takes_too_long_fails() {
    let mut fixture = Fixture::new();
    append_megabytes(&fixture).await;
    fixture.config.export.timeout_ms = 0;
    let exports = fixture.idle();
    let key = exports
        .start(owner(1), Uuid::new_v4(), request(), noon())
        .await
        .unwrap();
    exports.work_off();
    let expected = "failed: the export took longer than 0 ms";
    assert_eq!(exports.status(key).await.as_deref(), Some(expected));
}

#[tokio::test]
async fn an_export_that_is_stopped_fails_at_the_next_start() {
    let fixture = Fixture::new();
    append_megabytes(&fixture).await;
    let exports = fixture.idle();
    let key = exports
        .start(owner(1), Uuid::new_v4(), request(), noon())
        .await
        .unwrap();
    let queue = Arc::clone(&exports.inner.queue);
    let task = queue.next_task().unwrap();
    exports.stop();
    let outcome = write_result(&queue, &task);
    assert!(matches!(outcome, Err(Failure::Stopped)));
    queue.finish(task, outcome, clock::now());
    assert_eq!(fixture.kinds(), ["json"]);
    let expected = "failed: the server was restarted while the export ran";
    assert_eq!(fixture.idle().status(key).await.as_deref(), Some(expected));
}
