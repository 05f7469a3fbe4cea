//! The server's life: open, listen, serve, shut down in order.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use annoscope_query::{Engine, QueryMetrics};
use annoscope_store::StoreError;
use axum_server::tls_rustls::RustlsConfig;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::audit::{self, AuditTrail};
use crate::claimed_rows;
use crate::clock;
use crate::config::{AuthKind, Config, TlsConfig};
use crate::control::{Control, Moving};
use crate::dashboards::Dashboards;
use crate::dead_letter::DeadLetter;
use crate::descriptors;
use crate::dir_lock::{DirLock, LockError, LockHolder};
use crate::doctor::Doctor;
use crate::exports::Exports;
use crate::http::access::Access;
use crate::http::admission::Admission;
use crate::http::connections::{Bounds, Connections};
use crate::http::listener::Port;
use crate::http::router;
use crate::http::rules::{INGEST_RULES, RULES};
use crate::http::state::AppState;
use crate::http::tls;
use crate::identity::{Accounts, Cvat, Identity, Weight, rights};
use crate::ingest::Ingest;
use crate::metrics::{Metrics, PortName};
use crate::readiness::Readiness;
use crate::retention::{Outcome, Retention};
use crate::sockets::Sockets;
use crate::store;
use crate::untrusted_proxy::UntrustedProxy;
use crate::webhooks::{Relay, WebhookError, Webhooks};

/// How long open requests may take to end after a signal, before the store is closed.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(20);

/// How often expired logins and tokens are removed; they open nothing before that.
const PURGE: Duration = Duration::from_hours(1);

/// The file that a data directory has while a backup is brought into it: the text of the backup's manifest.
pub(crate) const RESTORE_MARK: &str = "restore.json";

/// Why a server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data directory is in use, or cannot be.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// CVAT cannot be asked.
    #[error("cannot ask CVAT")]
    Cvat(#[source] reqwest::Error),
    /// The webhooks' file cannot be opened.
    #[error(transparent)]
    Webhooks(#[from] WebhookError),
    /// Not all of a backup is in the data directory.
    #[error(
        "a restore into {} was interrupted: run annoscope restore again, which goes on where it was",
        dir.display()
    )]
    UnfinishedRestore {
        /// The data directory.
        dir: PathBuf,
    },
    /// The file system failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// The system's error.
        source: std::io::Error,
    },
}

/// Takes the data directory for this process. The first step of every start.
pub fn lock(config: &Config) -> Result<(DirLock, LockHolder), ServeError> {
    let locked = lock_for_restore(config)?;
    if config.data_dir.join(RESTORE_MARK).exists() {
        return Err(ServeError::UnfinishedRestore {
            dir: config.data_dir.clone(),
        });
    }
    Ok(locked)
}

/// As [`lock`], for what makes the data directory of a backup.
pub(crate) fn lock_for_restore(config: &Config) -> Result<(DirLock, LockHolder), ServeError> {
    let dir = &config.data_dir;
    std::fs::create_dir_all(dir).map_err(|source| ServeError::Io {
        doing: format!("creating {}", dir.display()),
        source,
    })?;
    let holder = LockHolder {
        pid: std::process::id(),
        since: clock::now().to_string(),
        ..LockHolder::default()
    };
    Ok((DirLock::acquire(dir, &holder)?, holder))
}

/// Serves until SIGINT or SIGTERM, then commits what is queued and closes the store.
///
/// `lock` is held to the end.
pub async fn run(
    mut config: Config,
    accounts: Accounts,
    lock: (DirLock, LockHolder),
    sockets: Sockets,
) -> Result<(), ServeError> {
    let n_descriptors = descriptors::raise_limit();
    // They listen before the store is open: clients wait meanwhile and are not refused.
    let listener = TcpListener::from_std(sockets.api).map_err(taking_over)?;
    let ingest_listener = TcpListener::from_std(sockets.ingest).map_err(taking_over)?;
    let (mut dir_lock, mut holder) = lock;
    let clickhouse_listener = sockets.clickhouse.map(TcpListener::from_std).transpose();
    let clickhouse_listener = clickhouse_listener.map_err(taking_over)?;
    let (listens, ingest_listens) = (local(&listener), local(&ingest_listener));
    let clickhouse_listens = clickhouse_listener.as_ref().map(local);
    holder.listen = Some(listens.to_string());
    holder.ingest_listen = Some(ingest_listens.to_string());
    holder.clickhouse_listen = clickhouse_listens.map(|address| address.to_string());
    dir_lock.describe(&holder)?;

    // The start guide names it.
    config.ingest_listen.set_port(ingest_listens.port());
    let state = open(config, accounts, &dir_lock)?;
    let ingest_access = ingest_access(&state, ingest_listens);
    announce(&state, listens, ingest_listens, clickhouse_listens);
    let store = Arc::clone(&state.store);
    let exports = state.exports.clone();
    let moving = Moving::default();
    let trail = AuditTrail {
        moving: moving.clone(),
        accounts: state.accounts.clone(),
        ingest: state.ingest.clone(),
        is_on: state.config.audit,
    };

    let relay = Relay {
        moving: moving.clone(),
        webhooks: state.webhooks.clone(),
        ingest: state.ingest.clone(),
    };

    let retention = retention(&state);
    let control = Control {
        store: Arc::clone(&state.store),
        retention: retention.clone(),
        doctor: state.doctor.clone(),
        moving,
        runtime: tokio::runtime::Handle::current(),
    };
    let control = control
        .listen(&state.config.data_dir)
        .map_err(|source| ServeError::Io {
            doing: "listening for commands".to_owned(),
            source,
        })?;
    let (stop, stopped) = watch::channel(false);
    let connections = |port| {
        let metrics = Arc::clone(&state.metrics);
        let open = metrics.open_connections(port);
        let bounds = bounds(&state.config, n_descriptors);
        Connections::new(bounds, open, move |why| {
            metrics.connection_closed(port, why);
        })
    };
    let main = Port {
        listener,
        routes: router::main(state.clone()),
        tls: load_tls(&state.config.tls).await?,
        connections: connections(PortName::Main),
    };
    let ingest = Port {
        listener: ingest_listener,
        routes: router::ingest(state.clone(), ingest_access),
        tls: None,
        connections: connections(PortName::Ingest),
    };
    let clickhouse = clickhouse_listener.map(|listener| Port {
        listener,
        routes: router::clickhouse(state.clone()),
        tls: None,
        connections: connections(PortName::ClickHouse),
    });
    let serving = async {
        let clickhouse = async {
            if let Some(clickhouse) = clickhouse {
                clickhouse.serve(stopped.clone()).await;
            }
        };
        tokio::join!(
            main.serve(stopped.clone()),
            ingest.serve(stopped.clone()),
            clickhouse
        )
    };
    let auditing = tokio::spawn(trail.clone().keep_moving());
    let relaying = tokio::spawn(relay.clone().keep_moving());
    let retaining = tokio::spawn(keep_as_long_as_told(retention));
    let purging = tokio::spawn(keep_purged(state.accounts.clone()));
    if !state.config.ingest.legacy_working_time {
        let (store, metrics) = (Arc::clone(&state.store), Arc::clone(&state.metrics));
        tokio::task::spawn_blocking(move || claimed_rows::report(&store, &metrics));
    }
    let signal = async {
        wait_for_signal().await;
        tracing::info!("stopping: no new requests, then the queue, then a checkpoint");
        let _ = stop.send(true);
        tokio::time::sleep(SHUTDOWN_GRACE).await;
        tracing::warn!(
            "requests were still open after {} s",
            SHUTDOWN_GRACE.as_secs()
        );
    };
    tokio::select! {
        _ = serving => {}
        () = signal => {}
    }
    drop(control);
    exports.stop();
    auditing.abort();
    relaying.abort();
    retaining.abort();
    purging.abort();
    if let Err(error) = trail.move_all().await {
        tracing::warn!(%error, "the audit trail is moved to the store at the next start");
    }
    if let Err(error) = relay.move_all().await {
        tracing::warn!(%error, "events of webhooks are moved to the store at the next start");
    }
    // The last requests may hold clones; the store is closed all the same.
    drop(state);
    if tokio::task::spawn_blocking(move || store.close())
        .await
        .is_err()
    {
        tracing::error!("closing the store ended by a panic; the log keeps everything");
    }
    drop(dir_lock);
    tracing::info!("stopped");
    Ok(())
}

/// How long events are kept, and who is told of what was removed.
fn retention(state: &AppState) -> Retention {
    let (accounts, metrics) = (state.accounts.clone(), Arc::clone(&state.metrics));
    let is_audited = state.config.audit;
    let runtime = tokio::runtime::Handle::current();
    let ended = move |outcome: &Outcome| {
        metrics.retention_ran(outcome.n_removed, clock::now());
        if !is_audited || outcome.n_removed == 0 {
            return;
        }
        let recorded = accounts.record(audit::retention(outcome), Weight::Full);
        if let Err(error) = runtime.block_on(recorded) {
            tracing::warn!(%error, "the removal of old events could not be recorded");
        }
    };
    Retention {
        store: Arc::clone(&state.store),
        kind: state.config.store.kind,
        config: state.config.retention.clone(),
        running: Arc::default(),
        ended: Arc::new(ended),
    }
}

/// Removes what is too old or too much, once a day.
async fn keep_as_long_as_told(retention: Retention) {
    if !retention.config.is_on() {
        return;
    }
    loop {
        tokio::time::sleep(retention.until_next(clock::now())).await;
        let retention = retention.clone();
        let run = move || retention.run(|_| {});
        match tokio::task::spawn_blocking(run).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::error!(%error, "old events are still there"),
            Err(error) => tracing::error!(%error, "removing old events ended by a panic"),
        }
    }
}

/// Forgets logins and tokens that have expired, now and once an hour.
async fn keep_purged(accounts: Accounts) {
    let mut period = tokio::time::interval(PURGE);
    loop {
        period.tick().await;
        if let Err(error) = accounts.blocking(Accounts::purge_expired).await {
            tracing::warn!(%error, "expired logins are still there");
        }
    }
}

pub(crate) fn open(
    config: Config,
    accounts: Accounts,
    lock: &DirLock,
) -> Result<AppState, ServeError> {
    let dir = config.data_dir.clone();
    let io = |what: &str| {
        let doing = format!("opening {} in {}", what, dir.display());
        move |source| ServeError::Io { doing, source }
    };
    let dead_letters = DeadLetter::open(&dir, config.ingest.dead_letter_max_bytes)
        .map_err(io(crate::dead_letter::FILE))?;
    let dead_letters = Arc::new(dead_letters);
    let store =
        tokio::task::block_in_place(|| store::open(&config, Arc::clone(&dead_letters), lock))?;
    let exports =
        Exports::open(config.export_settings(), Arc::clone(&store)).map_err(io("exports"))?;
    let window = Duration::from_secs(u64::from(config.ingest.dedup_window_days) * 86_400);
    let metrics = Arc::new(Metrics::new(Arc::clone(&store), exports.clone(), window));
    let engine = Engine::new(
        Arc::clone(&store),
        store::dialect(&config),
        config.engine_config(),
        Arc::clone(&metrics) as Arc<dyn QueryMetrics>,
    );
    let identity = match config.auth {
        AuthKind::Accounts => Identity::Accounts(accounts.clone()),
        AuthKind::Cvat => Identity::Cvat(Cvat::new(config.cvat.clone()).map_err(ServeError::Cvat)?),
    };
    let access = Access::new(RULES, identity, config.policy(), config.requests_per_minute);
    let (config, readiness) = (Arc::new(config), Readiness::new(Arc::clone(&store)));
    let untrusted_proxy = UntrustedProxy::default();
    let doctor = Doctor {
        config: Arc::clone(&config),
        store: Arc::clone(&store),
        readiness: readiness.clone(),
        dead_letters: Arc::clone(&dead_letters),
        untrusted_proxy: untrusted_proxy.clone(),
    };
    Ok(AppState {
        accounts,
        access,
        dashboards: Dashboards::new(config.shared_dir()),
        webhooks: Webhooks::open(&dir)?,
        ingest: Ingest {
            store: Arc::clone(&store),
            dead_letters,
            metrics: Arc::clone(&metrics),
        },
        admission: Admission::new(&config),
        untrusted_proxy,
        doctor,
        metrics,
        engine,
        exports,
        readiness,
        store,
        config,
        started_at: clock::now(),
    })
}

fn taking_over(source: std::io::Error) -> ServeError {
    ServeError::Io {
        doing: "listening".to_owned(),
        source,
    }
}

/// What one port of them may hold.
fn bounds(config: &Config, n_descriptors: usize) -> Bounds {
    let connections = &config.connections;
    let n_ports = 2 + usize::from(config.clickhouse.address().is_some());
    let max = connections.max as usize;
    let max = descriptors::connections_of_a_port(max, n_descriptors, n_ports);
    Bounds {
        max,
        max_per_address: max.min(connections.max_per_address as usize),
        proxies: config.proxy.trusted(),
        head_timeout: Duration::from_millis(connections.head_timeout_ms),
        idle_timeout: Duration::from_millis(connections.idle_timeout_ms),
        write_timeout: Duration::from_millis(connections.write_timeout_ms),
    }
}

fn local(listener: &TcpListener) -> SocketAddr {
    listener
        .local_addr()
        .expect("a bound socket has an address")
}

async fn load_tls(config: &TlsConfig) -> Result<Option<RustlsConfig>, ServeError> {
    if !config.is_on() {
        return Ok(None);
    }
    let loaded = tls::load(config).await;
    let loaded = loaded.map_err(|source| ServeError::Io {
        doing: format!(
            "reading {} and {}",
            config.certificate.display(),
            config.key.display()
        ),
        source,
    })?;
    Ok(Some(loaded))
}

/// The check of the ingest port, where there is one.
fn ingest_access(state: &AppState, listens: SocketAddr) -> Option<Access> {
    let is_loopback = listens.ip().is_loopback();
    if !rights::ingest_is_open(is_loopback, state.config.policy()) {
        return Some(state.access.with_rules(INGEST_RULES));
    }
    if !is_loopback {
        tracing::warn!(
            ingest_listen = %listens,
            "ingest_open: whoever reaches the ingest port can write any hours; keep it among servers"
        );
    }
    None
}

/// Where to go, on standard output: for the person at the terminal, if there is one.
fn announce(
    state: &AppState,
    listens: SocketAddr,
    ingest_listens: SocketAddr,
    clickhouse_listens: Option<SocketAddr>,
) {
    let offer = match state.store.stats().rows_total {
        0 => format!(
            "The store is empty. For demo data: annoscope demo --url http://{ingest_listens}/\n"
        ),
        _ => String::new(),
    };
    let scheme = if state.config.tls.is_on() {
        "https"
    } else {
        "http"
    };
    let clickhouse = clickhouse_listens.map_or_else(String::new, |listens| {
        format!(
            "clickhouse http://{listens}/  (CVAT's CLICKHOUSE_HOST and _PORT, Grafana, BI tools)\n"
        )
    });
    let text = format!(
        "annoscope  {scheme}://{listens}/  (API: {scheme}://{listens}/api/docs/)\n\
         ingest     http://{ingest_listens}/  (CVAT's DJANGO_LOG_SERVER_HOST and _PORT)\n\
         {clickhouse}{offer}"
    );
    let _ = std::io::stdout().write_all(text.as_bytes());
    let clickhouse_listen = clickhouse_listens.map(tracing::field::display);
    tracing::info!(listen = %listens, ingest_listen = %ingest_listens, clickhouse_listen, "serving");
}

async fn wait_for_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminate = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
            }
            // Without the handler SIGTERM ends the process at once, which the log survives.
            Err(error) => {
                tracing::warn!(%error, "cannot listen for SIGTERM");
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
