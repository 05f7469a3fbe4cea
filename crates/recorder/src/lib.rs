//! The recorder: what an annotation server in Rust embeds, so that what happens to its resources becomes events in
//! annoscope, in CVAT's form (docs/recording.md).
//!
//! ```text
//! request ─ RequestLayer: an id, a Context ─ handler ─ host's transaction: its rows and the events ─ commit
//!                                                                                         │
//!                                        annoscope's ingest port ◄─ batches, retries ─ Relay
//! ```
//!
//! - [`RequestLayer`] gives each request its id and its [`Context`]; [`recorded`] builds events in it, also in tasks that
//!   were begun with [`spawn`].
//! - An [`Outbox`] keeps events until they are sent. Those in a database write them in the host's own transaction: a commit
//!   keeps them, a rollback drops them. The feature `queue` has one for hosts without a database.
//! - A [`Relay`] sends them, and goes on until annoscope has acknowledged them. Each has an `event_id`, so that annoscope
//!   stores it once, however often it comes within its dedup window.
//!
//! Nothing here waits for annoscope but the relay, in a task of its own.
//!
//! ```
//! # #[cfg(feature = "rusqlite")] {
//! use std::sync::Arc;
//!
//! use annoscope_events::{Place, Resource, ResourceKind};
//! use annoscope_recorder::{Relay, RelayOptions, RequestLayer, RusqliteOutbox, recorded};
//! use serde_json::json;
//!
//! fn create_task(
//!     database: &mut rusqlite::Connection,
//!     outbox: &RusqliteOutbox,
//!     name: &str,
//! ) -> Result<i64, rusqlite::Error> {
//!     let transaction = database.transaction()?;
//!     transaction.execute("INSERT INTO task (name) VALUES (?1)", [name])?;
//!     let task = Resource {
//!         kind: ResourceKind::Task,
//!         id: Some(transaction.last_insert_rowid()),
//!         place: Place::default(),
//!         state: json!({ "name": name, "mode": "annotation" }),
//!     };
//!     let events = recorded(|occasion| vec![occasion.created(&task)]);
//!     outbox.record(&transaction, &events)?;
//!     transaction.commit()?;
//!     Ok(task.id.unwrap_or_default())
//! }
//!
//! # let runtime = tokio::runtime::Runtime::new().unwrap();
//! # runtime.block_on(async {
//! # let dir = tempfile::tempdir().unwrap();
//! # let path = dir.path().join("host.sqlite");
//! let mut database = rusqlite::Connection::open(&path).unwrap();
//! database.execute("CREATE TABLE task (id INTEGER PRIMARY KEY, name TEXT)", []).unwrap();
//! let outbox = RusqliteOutbox::open(&path).unwrap();
//! let options = RelayOptions::new("http://127.0.0.1:8282/");
//! let relay = Relay::start(Arc::new(outbox.clone()), options).unwrap();
//!
//! // Around the host's routes: `router.layer(RequestLayer::new())`.
//! let layer = RequestLayer::new();
//!
//! create_task(&mut database, &outbox, "frames of Monday").unwrap();
//! assert_eq!(outbox.counters().counts().written, 1);
//! relay.stop().await;
//! # });
//! # }
//! ```

mod clock;
mod context;
mod counters;
mod layer;
mod outbox;
mod relay;

pub use annoscope_events as events;
pub use context::{Context, recorded, spawn, spawn_blocking};
pub use counters::{Counters, Counts};
pub use layer::{Failure, RequestLayer, RequestService};
#[cfg(feature = "queue")]
pub use outbox::queue::{FileQueue, QueueError};
#[cfg(feature = "rusqlite")]
pub use outbox::rusqlite::RusqliteOutbox;
#[cfg(feature = "sqlx-postgres")]
pub use outbox::sqlx_postgres::SqlxPostgresOutbox;
#[cfg(feature = "sqlx-sqlite")]
pub use outbox::sqlx_sqlite::SqlxSqliteOutbox;
pub use outbox::{MAX_WAITING, Outbox, OutboxError, Waiting, json_of};
pub use relay::{Relay, RelayError, RelayOptions};
