//! A small host for the end-to-end tests (`tests/clients/test_recorder.py`): tasks in a database, with each of the outboxes.
//!
//! `host OUTBOX DATABASE ANNOSCOPE [MAX_PAGES]` prints its address. OUTBOX is `rusqlite`, `sqlx-sqlite`, `sqlx-postgres` or `queue`, DATABASE
//! the file or the address of the database, or the directory of the queue.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use annoscope_events::{Place, Resource, ResourceKind, StoredEvent, UserRef};
use annoscope_recorder::{
    Context, Counters, Failure, FileQueue, Outbox, Relay, RelayOptions, RequestLayer,
    RusqliteOutbox, SqlxPostgresOutbox, SqlxSqliteOutbox, recorded, spawn,
};
use axum::extract::{Path as PathOf, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde_json::{Value, json};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// What becomes of a transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Commit,
    Rollback,
}

/// The database with its outbox.
#[derive(Clone)]
enum Host {
    Rusqlite(Arc<Mutex<rusqlite::Connection>>, RusqliteOutbox),
    SqlxSqlite(sqlx::SqlitePool, SqlxSqliteOutbox),
    SqlxPostgres(sqlx::PgPool, SqlxPostgresOutbox),
    /// It has no database: tasks are numbers in memory.
    Queue(Arc<Mutex<Vec<i64>>>, FileQueue),
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS task (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";
const POSTGRES_TABLE: &str = "CREATE TABLE IF NOT EXISTS task (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL)";

impl Host {
    async fn open(outbox: &str, database: &str, max_pages: Option<&str>) -> Result<Host, Failed> {
        let path = Path::new(database);
        Ok(match outbox {
            "rusqlite" => {
                let connection = rusqlite::Connection::open(path)?;
                connection.busy_timeout(Duration::from_secs(10))?;
                connection.pragma_update(None, "journal_mode", "wal")?;
                connection.execute_batch(TABLE)?;
                let outbox = RusqliteOutbox::open(path)?;
                if let Some(max_pages) = max_pages {
                    connection.pragma_update(None, "max_page_count", max_pages)?;
                }
                Host::Rusqlite(Arc::new(Mutex::new(connection)), outbox)
            }
            "sqlx-sqlite" => {
                let options = SqliteConnectOptions::new().filename(path);
                let options = options
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
                    .busy_timeout(Duration::from_secs(10));
                let options = match max_pages {
                    Some(max_pages) => options.pragma("max_page_count", max_pages.to_owned()),
                    None => options,
                };
                let pool = sqlx::SqlitePool::connect_with(options).await?;
                sqlx::query(TABLE).execute(&pool).await?;
                let outbox = SqlxSqliteOutbox::open(pool.clone()).await?;
                Host::SqlxSqlite(pool, outbox)
            }
            "sqlx-postgres" => {
                let pool = sqlx::PgPool::connect(database).await?;
                sqlx::query(POSTGRES_TABLE).execute(&pool).await?;
                let outbox = SqlxPostgresOutbox::open(pool.clone()).await?;
                Host::SqlxPostgres(pool, outbox)
            }
            "queue" => {
                let queue = FileQueue::open(path, 64 * 1024 * 1024)?;
                Host::Queue(Arc::default(), queue)
            }
            other => return Err(format!("{other:?} is no outbox").into()),
        })
    }

    fn outbox(&self) -> Arc<dyn Outbox> {
        match self {
            Host::Rusqlite(_, outbox) => Arc::new(outbox.clone()),
            Host::SqlxSqlite(_, outbox) => Arc::new(outbox.clone()),
            Host::SqlxPostgres(_, outbox) => Arc::new(outbox.clone()),
            Host::Queue(_, outbox) => Arc::new(outbox.clone()),
        }
    }

    fn counters(&self) -> Counters {
        match self {
            Host::Rusqlite(_, outbox) => outbox.counters().clone(),
            Host::SqlxSqlite(_, outbox) => outbox.counters().clone(),
            Host::SqlxPostgres(_, outbox) => outbox.counters().clone(),
            Host::Queue(_, outbox) => outbox.counters().clone(),
        }
    }

    /// Makes a task and its event, together or not at all.
    async fn create_task(&self, name: &str, end: End) -> Result<i64, Failed> {
        match self {
            Host::Rusqlite(connection, outbox) => {
                // So short that a thread of the runtime may do it.
                let mut connection = connection.lock().map_err(|_| "poisoned")?;
                let transaction = connection.transaction()?;
                transaction.execute("INSERT INTO task (name) VALUES (?1)", [name])?;
                let id = transaction.last_insert_rowid();
                outbox.record(&transaction, &created(id, name))?;
                match end {
                    End::Commit => transaction.commit()?,
                    End::Rollback => transaction.rollback()?,
                }
                Ok(id)
            }
            Host::SqlxSqlite(pool, outbox) => {
                let mut transaction = pool.begin().await?;
                let insert = sqlx::query("INSERT INTO task (name) VALUES (?1)").bind(name);
                let id = insert.execute(&mut *transaction).await?.last_insert_rowid();
                outbox.record(&mut transaction, &created(id, name)).await?;
                match end {
                    End::Commit => transaction.commit().await?,
                    End::Rollback => transaction.rollback().await?,
                }
                Ok(id)
            }
            Host::SqlxPostgres(pool, outbox) => {
                let mut transaction = pool.begin().await?;
                let insert = "INSERT INTO task (name) VALUES ($1) RETURNING id";
                let insert = sqlx::query_scalar::<_, i64>(insert).bind(name);
                let id = insert.fetch_one(&mut *transaction).await?;
                outbox.record(&mut transaction, &created(id, name)).await?;
                match end {
                    End::Commit => transaction.commit().await?,
                    End::Rollback => transaction.rollback().await?,
                }
                Ok(id)
            }
            Host::Queue(tasks, queue) => {
                let id = {
                    let mut tasks = tasks.lock().map_err(|_| "poisoned")?;
                    let id = tasks.last().map_or(1, |id| id + 1);
                    tasks.push(id);
                    id
                };
                if end == End::Commit {
                    queue.record(&created(id, name)).await?;
                }
                Ok(id)
            }
        }
    }

    async fn task_ids(&self) -> Result<Vec<i64>, Failed> {
        let ids = "SELECT id FROM task ORDER BY id";
        Ok(match self {
            Host::Rusqlite(connection, _) => {
                let connection = connection.lock().map_err(|_| "poisoned")?;
                let mut ids = connection.prepare(ids)?;
                let ids = ids.query_map([], |row| row.get(0))?;
                ids.collect::<Result<_, _>>()?
            }
            Host::SqlxSqlite(pool, _) => sqlx::query_scalar(ids).fetch_all(pool).await?,
            Host::SqlxPostgres(pool, _) => sqlx::query_scalar(ids).fetch_all(pool).await?,
            Host::Queue(tasks, _) => tasks.lock().map_err(|_| "poisoned")?.clone(),
        })
    }
}

fn created(id: i64, name: &str) -> Vec<StoredEvent> {
    let task = Resource {
        kind: ResourceKind::Task,
        id: Some(id),
        place: Place::default(),
        state: json!({ "name": name, "mode": "annotation" }),
    };
    recorded(|occasion| vec![occasion.created(&task)])
}

fn failed(error: &Failed) -> Response {
    let failure = Failure {
        message: error.to_string(),
        basename: Some("task".to_owned()),
        ..Failure::default()
    };
    let mut answer = (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
    answer.extensions_mut().insert(failure);
    answer
}

async fn create(State(host): State<Host>, PathOf(name): PathOf<String>) -> Response {
    let user = UserRef {
        id: 7,
        name: "lena".to_owned(),
        email: String::new(),
    };
    Context::current().set_user(user);
    match host.create_task(&name, End::Commit).await {
        Ok(id) => Json(json!({ "id": id })).into_response(),
        Err(error) => failed(&error),
    }
}

async fn roll_back(State(host): State<Host>) -> Response {
    match host.create_task("rolled back", End::Rollback).await {
        Ok(_) => StatusCode::CONFLICT.into_response(),
        Err(error) => failed(&error),
    }
}

/// Answers at once; the task is made later, by the same request.
async fn create_later(
    State(host): State<Host>,
    Extension(context): Extension<Context>,
) -> Json<Value> {
    drop(spawn(async move {
        host.create_task("later", End::Commit).await
    }));
    Json(context.to_json())
}

async fn panic() -> StatusCode {
    std::panic::panic_any("a bug of the host")
}

async fn tasks(State(host): State<Host>) -> Response {
    match host.task_ids().await {
        Ok(ids) => Json(ids).into_response(),
        Err(error) => failed(&error),
    }
}

async fn counts(State(host): State<Host>) -> Json<Value> {
    let counts = host.counters().counts();
    Json(json!({
        "written": counts.written, "dropped": counts.dropped, "sent": counts.sent, "refused": counts.refused,
        "failed_requests": counts.failed_requests, "waiting": counts.waiting,
    }))
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [outbox, database, annoscope, more @ ..] = arguments.as_slice() else {
        return Err("host OUTBOX DATABASE ANNOSCOPE [MAX_PAGES]".into());
    };
    let host = Host::open(outbox, database, more.first().map(String::as_str)).await?;
    let options = RelayOptions {
        period: Duration::from_millis(20),
        min_pause: Duration::from_millis(20),
        max_pause: Duration::from_millis(500),
        timeout: Duration::from_secs(5),
        ..RelayOptions::new(annoscope)
    };
    let relay = Relay::start(host.outbox(), options)?;
    let layer = RequestLayer::with_exceptions(host.outbox());
    let routes = Router::new()
        .route("/tasks/{name}", post(create))
        .route("/tasks", get(tasks))
        .route("/rollback", post(roll_back))
        .route("/later", post(create_later))
        .route("/panic", post(panic))
        .route("/counts", get(counts))
        .layer(layer)
        .with_state(host);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    axum::serve(listener, routes).await?;
    relay.stop().await;
    Ok(())
}
