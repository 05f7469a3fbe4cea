//! How the server is: what is stored, what waits, and how much room there is.

use std::time::Duration;

use annoscope_events::Timestamp;
use annoscope_store::{EventStore, Figure, Query, Reading, Restarts, RowsRead, StoreStats};
use arrow::array::AsArray;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::backup_ledger::Ledger;
use crate::clock;
use crate::config::{Config, StoreKind};
use crate::http::error::ApiError;
use crate::http::state::AppState;
use crate::process;

/// How long the database may take to tell its sizes: the others are wanted most when it is stuck.
const PATIENCE: Duration = Duration::from_secs(2);

/// Routes of this file.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(status))
}

/// How the server is.
#[derive(Serialize, ToSchema)]
struct ServerStatus {
    /// Of the program.
    version: &'static str,
    /// Since when it serves, RFC 3339.
    started: String,
    /// Where servers send their events: the port that is open, also where the setting left it to the system.
    ingest_port: u16,
    /// Why events are refused now; `null` while they are taken.
    refused_because: Option<&'static str>,
    /// Events in the database.
    events: u64,
    journal: JournalStatus,
    database: DatabaseStatus,
    dedup_window: DedupWindowStatus,
    disk: DiskStatus,
    /// `dead-letter.ndjson`. Its `bytes` are `null` if it cannot be looked at.
    dead_letters: Filling,
    /// Results of exports on the disk.
    exports: Filling,
    /// Memory of the serving process; `null` where the system does not tell it.
    memory_bytes: Option<u64>,
    restarts: RestartStatus,
    /// The last one that `annoscope backup` made; `null` where there was none.
    last_backup: Option<BackupStatus>,
}

/// A backup.
#[derive(Serialize, ToSchema)]
struct BackupStatus {
    /// A directory or the URL of a bucket.
    place: String,
    /// RFC 3339.
    made_at: String,
    /// It has the events before this position.
    position: u64,
}

/// Events that are acknowledged and that the database may not have yet.
#[derive(Serialize, ToSchema)]
struct JournalStatus {
    bytes: u64,
    /// Beyond that events are refused.
    max_bytes: u64,
    /// Up to where events are acknowledged.
    position: u64,
    /// Up to where the database has them, and queries see them.
    applied_position: u64,
    /// Age of the oldest event that the database does not have, s; 0 if it has all.
    oldest_seconds: f64,
}

/// The database.
#[derive(Serialize, ToSchema)]
struct DatabaseStatus {
    /// `DuckDB` or `ClickHouse`.
    name: &'static str,
    /// `null` while it does not answer.
    version: Option<String>,
    /// Its file; `null` while it does not answer.
    bytes: Option<u64>,
    /// Its write-ahead log; `null` while it does not answer.
    log_bytes: Option<u64>,
    /// Its memory; `null` while it does not answer.
    memory_bytes: Option<u64>,
    /// What it may take.
    max_memory_bytes: u64,
    /// Memory of its process, which is the serving one with `store.in_process`; `null` while it does
    /// not answer.
    process_bytes: Option<u64>,
    /// Beyond that queries are ended.
    max_process_bytes: u64,
    /// What it lacks for each event to be there once; empty but with `store.clickhouse.at_least_once`.
    lacking: Vec<String>,
}

/// How often the database's process ended by itself since the server's start, and was started again.
#[derive(Serialize, ToSchema)]
struct RestartStatus {
    count: u64,
    /// Latest first; older ones are not remembered.
    latest: Vec<Restart>,
}

/// An end of the database's process.
#[derive(Serialize, ToSchema)]
struct Restart {
    /// RFC 3339.
    at: String,
    /// As far as is known.
    reason: String,
}

/// The events whose duplicates are recognized.
#[derive(Serialize, ToSchema)]
struct DedupWindowStatus {
    events: u64,
    /// Memory.
    bytes: u64,
    /// Files found damaged or missing since the start: duplicates of their events are stored again.
    damaged_files: u64,
}

/// The disk of the data directory.
#[derive(Serialize, ToSchema)]
struct DiskStatus {
    free_bytes: u64,
    /// With less the database takes no events.
    min_free_bytes: u64,
}

/// What is there, and how much there may be.
#[derive(Serialize, ToSchema)]
struct Filling {
    bytes: Option<u64>,
    max_bytes: u64,
}

/// Says how the server is: sizes, limits, and how far the database is behind.
#[utoipa::path(
    get,
    path = "/api/admin/status",
    operation_id = "server_status",
    tag = "administration",
    responses(
        (status = 200, description = "How the server is", body = ServerStatus),
        (status = 401, description = "No or wrong credentials"),
        (status = 403, description = "You are no administrator"),
    )
)]
async fn status(State(state): State<AppState>) -> Result<Json<ServerStatus>, ApiError> {
    let store = state.store.clone();
    let figures = tokio::task::spawn_blocking(move || (store.figures(), version(&*store)));
    let figures = tokio::time::timeout(PATIENCE, figures);
    let (ready, figures) = tokio::join!(state.readiness.ask(), figures);
    let figures = match figures {
        Ok(told) => told.map_err(|error| ApiError::Internal(error.into()))?,
        Err(_) => Default::default(),
    };
    let refused_because = ready.err().map(|not_ready| not_ready.0.trim_end());
    let (figures, version) = figures;
    let status = move || ServerStatus::of(&state, refused_because, &figures, version);
    let status = tokio::task::spawn_blocking(status).await;
    Ok(Json(
        status.map_err(|error| ApiError::Internal(error.into()))?,
    ))
}

/// Blocks for as long as a small query takes.
fn version(store: &dyn EventStore) -> Option<String> {
    let rows = store.query(Query {
        statements: vec!["SELECT version()".to_owned()],
        views: Vec::new(),
        time_limit: PATIENCE,
        rows: None,
        rows_read: RowsRead::default(),
    });
    let batch = rows.ok()?.blocking_next()?.ok()?;
    let version = batch.column(0).as_string_opt::<i32>()?.value(0);
    Some(version.trim_start_matches('v').to_owned())
}

fn last_backup(config: &Config) -> Option<BackupStatus> {
    // That it cannot be read is told by the doctor.
    let last = Ledger::read(&config.data_dir).ok()?.backups.pop()?;
    Some(BackupStatus {
        place: last.place,
        made_at: last.made_at,
        position: last.position,
    })
}

impl ServerStatus {
    /// Blocks for some ms.
    fn of(
        server: &AppState,
        refused_because: Option<&'static str>,
        figures: &[Figure],
        version: Option<String>,
    ) -> ServerStatus {
        let (config, stats) = (&server.config, server.store.stats());
        ServerStatus {
            version: env!("CARGO_PKG_VERSION"),
            started: server.started_at.to_string(),
            ingest_port: config.ingest_listen.port(),
            refused_because,
            events: stats.rows_total,
            journal: JournalStatus::of(&*server.store, &stats, config),
            database: DatabaseStatus::of(figures, version, server),
            dedup_window: DedupWindowStatus {
                events: stats.dedup_window.events,
                bytes: stats.dedup_window.bytes,
                damaged_files: stats.dedup_window.damaged_files,
            },
            disk: DiskStatus {
                free_bytes: stats.free_bytes,
                min_free_bytes: config.store.min_free_bytes,
            },
            dead_letters: Filling {
                bytes: server.ingest.dead_letters.bytes().ok(),
                max_bytes: config.ingest.dead_letter_max_bytes,
            },
            exports: Filling {
                bytes: Some(server.exports.bytes_on_disk()),
                max_bytes: config.export.max_bytes_on_disk,
            },
            memory_bytes: process::memory_bytes(),
            restarts: RestartStatus::of(&server.store.restarts()),
            last_backup: last_backup(config),
        }
    }
}

impl JournalStatus {
    fn of(store: &dyn EventStore, stats: &StoreStats, config: &Config) -> JournalStatus {
        JournalStatus {
            bytes: stats.journal_bytes,
            max_bytes: config.journal.max_bytes,
            position: stats.durable.0,
            applied_position: stats.visible.0,
            oldest_seconds: store.oldest_waiting().map_or(0.0, clock::age_seconds),
        }
    }
}

impl DatabaseStatus {
    fn of(figures: &[Figure], version: Option<String>, server: &AppState) -> DatabaseStatus {
        let config = &server.config;
        let gauge = |name| {
            figures
                .iter()
                .find_map(|figure| match (figure.name == name, figure.reading) {
                    (true, Reading::Gauge(value)) => Some(value),
                    _ => None,
                })
        };
        DatabaseStatus {
            name: match config.store.kind {
                StoreKind::DuckDb => "DuckDB",
                StoreKind::ClickHouse => "ClickHouse",
            },
            version,
            bytes: gauge("file_bytes"),
            log_bytes: gauge("wal_bytes"),
            memory_bytes: gauge("memory_bytes"),
            max_memory_bytes: config.store.memory_bytes,
            process_bytes: gauge("process_memory_bytes"),
            max_process_bytes: config.process_bytes(),
            lacking: server.store.lacking(),
        }
    }
}

impl RestartStatus {
    fn of(restarts: &Restarts) -> RestartStatus {
        let latest = restarts.latest.iter().rev().map(|restart| {
            let age_ms = clock::since(restart.at).as_millis() as i64;
            Restart {
                at: Timestamp::from_millis(clock::now().millis() - age_ms).to_string(),
                reason: restart.reason.clone(),
            }
        });
        RestartStatus {
            count: restarts.n,
            latest: latest.collect(),
        }
    }
}
