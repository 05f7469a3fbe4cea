//! The configuration: flags over `ANNOSCOPE_*` variables over `annoscope.toml` over
//! defaults.
//!
//! One table, [`keys::KEYS`], names every setting once; flags, variables, defaults,
//! limits, the help texts and the search for the nearest key all come from it. The
//! file and the environment are read once, at the start, and each part of the server
//! gets only its own struct. [`load()`] is pure but for reading the file.

mod environment;
mod error;
mod file;
mod keys;
mod load;
mod value;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::exports::ExportSettings;
use crate::identity::CvatSettings;
use crate::identity::rights::Policy;

pub use environment::environment;
pub use error::ConfigError;
pub use keys::{KEYS, Key};
pub use load::{CONFIG_FILE_NAME, CONFIG_FILE_VARIABLE, Inputs, Loaded, Setting, load};
pub use value::Kind;

/// Everything the server can be told. The fields mirror [`KEYS`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own"
)]
pub struct Config {
    /// `data_dir`: the directory of everything the server keeps. Default `./data`,
    /// relative to the working directory.
    pub data_dir: PathBuf,
    /// `listen`: address and port of the API. Default `127.0.0.1:8380`.
    pub listen: SocketAddr,
    /// `ingest_listen`: address and port that CVAT's logging handler sends to. On loopback it
    /// asks for no credentials. Default `127.0.0.1:8282`.
    pub ingest_listen: SocketAddr,
    /// `ingest_open`: whether it asks for none elsewhere either. Default `false`.
    pub ingest_open: bool,
    /// `[clickhouse]`
    pub clickhouse: ClickHouseConfig,
    /// `auth`: where users are known. Default `accounts`.
    pub auth: AuthKind,
    /// `analytics_visibility`: whether the privilege business and accounts with analytics
    /// access see all events. Default `true`, as CVAT's.
    pub analytics_visibility: bool,
    /// `business_edits_dashboards`: whether the privilege business saves dashboards. Default
    /// `false`.
    pub business_edits_dashboards: bool,
    /// `audit`: whether the server's own server events are recorded. Default `true`.
    pub audit: bool,
    /// `requests_per_minute`: requests of one account; one beyond gets 429. Default 100,000,
    /// which a page or a sender does not reach by working.
    pub requests_per_minute: NonZeroU32,
    /// `[cvat]`
    pub cvat: CvatSettings,
    /// `[shared]`
    pub shared: SharedConfig,
    /// `[tls]`
    pub tls: TlsConfig,
    /// `[proxy]`
    pub proxy: ProxyConfig,
    /// `[page]`
    pub page: PageConfig,
    /// `[connections]`
    pub connections: ConnectionsConfig,
    /// `[ingest]`
    pub ingest: IngestConfig,
    /// `[journal]`
    pub journal: JournalConfig,
    /// `[store]`
    pub store: StoreConfig,
    /// `[query]`
    pub query: QueryConfig,
    /// `[export]`
    pub export: ExportConfig,
    /// `[retention]`
    pub retention: RetentionConfig,
    /// `[log]`
    pub log: LogConfig,
}

/// How long events are kept; 0 is for ever. Hours are kept at least as long as clicks, and these as exceptions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// `retention.exceptions_days`: errors in pages, requests and jobs. Default 0.
    pub exceptions_days: u32,
    /// `retention.clicks_days`: what people did in the page. Default 0.
    pub clicks_days: u32,
    /// `retention.hours_days`: working time. Default 0.
    pub hours_days: u32,
    /// `retention.resources_days`: after that only the newest event of each thing and property stays, and those of
    /// its begin and end. Default 0.
    pub resources_days: u32,
    /// `retention.max_bytes`: what the database may take; beyond it the oldest months go, of exceptions, then of
    /// clicks, then of hours. Default 0: no bound.
    pub max_bytes: u64,
    /// `retention.hour`: the hour of the day, UTC, at which the server does it. Default 3.
    pub hour: u32,
}

/// Where users are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthKind {
    /// Our own accounts, in the data directory.
    Accounts,
    /// The CVAT of [`CvatSettings`].
    Cvat,
}

/// What several annoscopes before one ClickHouse have together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedConfig {
    /// `shared.dir`: directory of dashboards and results of exports, which all of them write to. Empty by default: each
    /// has its own in its data directory.
    pub dir: PathBuf,
}

impl SharedConfig {
    /// Whether there is something.
    pub fn is_on(&self) -> bool {
        !self.dir.as_os_str().is_empty()
    }
}

/// ClickHouse's HTTP interface.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickHouseConfig {
    /// `clickhouse.listen`: its address and port. Empty by default: there is none.
    pub listen: String,
    /// `clickhouse.spool_bytes`: what INSERTs and answers that wait for their end may have in files of the data
    /// directory together, bytes. One account has at most half of it. Default 4 GiB.
    pub spool_bytes: u64,
}

impl ClickHouseConfig {
    /// Where it listens, if it does.
    pub fn address(&self) -> Option<SocketAddr> {
        // It was checked when the configuration was read.
        self.listen.parse().ok()
    }
}

/// Encryption of the API; both or none are given.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// `tls.certificate`: file with the certificate chain, PEM. Empty by default.
    pub certificate: PathBuf,
    /// `tls.key`: file with its private key, PEM. Empty by default.
    pub key: PathBuf,
}

impl TlsConfig {
    /// Whether the API is served with TLS.
    pub fn is_on(&self) -> bool {
        !self.certificate.as_os_str().is_empty()
    }
}

/// What stands between clients and this server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyConfig {
    /// `proxy.trusted`: addresses whose `X-Forwarded-*` headers count, separated by commas.
    /// Empty by default.
    pub trusted: String,
}

impl ProxyConfig {
    /// The addresses.
    pub fn trusted(&self) -> Vec<IpAddr> {
        // They were checked when the configuration was read.
        let addresses = self.trusted.split(',');
        addresses
            .filter_map(|address| address.parse().ok())
            .collect()
    }
}

/// The page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageConfig {
    /// `page.embedded_by`: origins that may show it in a frame, separated by spaces. Empty by
    /// default: none.
    pub embedded_by: String,
}

/// Limits of the connections of each port.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionsConfig {
    /// `connections.max`: connections of one port. Beyond it the one that has been silent for
    /// longest is closed. Fewer where the system gives too few file descriptors. Default 4,096.
    pub max: u32,
    /// `connections.max_per_address`: the same for those of one address that is no trusted
    /// proxy. Default 1,024: an office behind one address.
    pub max_per_address: u32,
    /// `connections.head_timeout_ms`: time for the head of a request, from its first byte or
    /// from the connection's begin, milliseconds. Default 20 s.
    pub head_timeout_ms: u64,
    /// `connections.idle_timeout_ms`: time between two requests, milliseconds. Default 2
    /// minutes, longer than proxies keep their connections to a server.
    pub idle_timeout_ms: u64,
    /// `connections.write_timeout_ms`: how long a client may take nothing of its answer,
    /// milliseconds. Default 2 minutes.
    pub write_timeout_ms: u64,
    /// `connections.body_timeout_ms`: time that a body may take beside what its least rate
    /// allows, milliseconds. Default 30 s.
    pub body_timeout_ms: u64,
    /// `connections.min_body_rate_bytes`: least bytes of a body in each second. Default 32 KiB.
    pub min_body_rate_bytes: u64,
}

/// Limits of both endpoints by which events come in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestConfig {
    /// `ingest.max_body_bytes`: largest request body after decompression, bytes.
    /// Default 100 MiB, as CVAT's.
    pub max_body_bytes: u64,
    /// `ingest.max_inflight_bytes`: bodies held in memory by all requests together,
    /// bytes; a request beyond it gets 503. Default 256 MiB.
    pub max_inflight_bytes: u64,
    /// `ingest.queue_bytes`: batches that wait for the writer, bytes; a batch beyond
    /// it gets 503. Default 64 MiB.
    pub queue_bytes: u64,
    /// `ingest.dead_letter_max_bytes`: size of `dead-letter.ndjson`, bytes; an element
    /// beyond it gets 503, a client's event beyond half of it is dropped. Default 64 MiB.
    pub dead_letter_max_bytes: u64,
    /// `ingest.legacy_working_time`: whether `payload.working_time` of client events counts on
    /// the ingest port, as older CVATs computed it. Default `false`.
    pub legacy_working_time: bool,
    /// `ingest.dedup_window_days`: how long a duplicate of an event is recognized, days
    /// since its receipt. Default 7.
    pub dedup_window_days: u32,
    /// `ingest.dedup_window_events`: the latest events of which a duplicate is
    /// recognized, however many days they span; some 2.3 bytes of memory each, and 19 MB
    /// for the latest. Default 16 million: 56 MB.
    pub dedup_window_events: u64,
}

/// Where the events are, and memory, disk and threads of the store.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// `store.kind`: where the events are. Default `duckdb`.
    pub kind: StoreKind,
    /// `[store.clickhouse]`
    pub clickhouse: ClickHouseStoreConfig,
    /// `store.memory_bytes`: memory of the database for all queries together, bytes.
    /// Default 256 MiB.
    pub memory_bytes: u64,
    /// `store.spill_bytes`: what queries may write to `tmp/` when memory is short,
    /// bytes. Default 4 GiB.
    pub spill_bytes: u64,
    /// `store.wal_checkpoint_bytes`: size of the log at which it is folded into the
    /// database file, bytes. Default 64 MiB.
    pub wal_checkpoint_bytes: u64,
    /// `store.min_free_bytes`: what the database leaves free of the data directory's disk; below it
    /// events wait in the journal, bytes. Default 64 MiB.
    pub min_free_bytes: u64,
    /// `store.in_process`: whether the database is in the server's process instead of its own. What
    /// a query takes with it is the server then. Default `false`.
    pub in_process: bool,
    /// `store.process_bytes`: memory of the database's process beyond which queries are ended, and a
    /// quarter beyond which the process is, bytes. Default 0: twice `store.memory_bytes`, or a long query's
    /// plan if that is more, and what the program and the events on their way take; in the server's process
    /// what the other settings let bodies, batches, results and the dedup window take, too.
    pub process_bytes: u64,
    /// `store.threads`: threads of the database. Default 0: one for each core.
    pub threads: u32,
}

/// Where the events are, behind the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// In the data directory, in the embedded database.
    DuckDb,
    /// In the ClickHouse of [`ClickHouseStoreConfig`].
    ClickHouse,
}

/// The ClickHouse that has the events.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickHouseStoreConfig {
    /// `store.clickhouse.urls`: addresses of its HTTP interface, or of the replicas of one shard, separated by
    /// commas. Empty by default.
    pub urls: String,
    /// `store.clickhouse.user`. Default `default`, ClickHouse's own.
    pub user: String,
    /// `store.clickhouse.password_file`: file with the user's password. Empty by default: there is none.
    pub password_file: PathBuf,
    /// `store.clickhouse.database`: where the table `events` is. Default `cvat`, as CVAT's.
    pub database: String,
    /// `store.clickhouse.node`: number of this annoscope among those that write to one table. Default 0.
    pub node: u16,
    /// `store.clickhouse.alter`: whether a table that is there may be changed. Default `false`.
    pub alter: bool,
    /// `store.clickhouse.at_least_once`: whether a table is used that does not know an INSERT again. Default `false`.
    pub at_least_once: bool,
    /// `store.clickhouse.timeout_ms`: how long the answer to an INSERT is waited for, milliseconds. Default 1 minute.
    pub timeout_ms: u64,
}

impl ClickHouseStoreConfig {
    /// The addresses.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        let urls = self.urls.split(',').map(str::trim);
        urls.filter(|url| !url.is_empty())
    }
}

/// Limits of queries.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryConfig {
    /// `query.timeout_ms`: time after which a query is interrupted, milliseconds.
    /// Default 1 minute.
    pub timeout_ms: u64,
    /// `query.max_concurrent`: queries and exports that run at the same time; others
    /// wait. Default 2.
    pub max_concurrent: u32,
    /// `query.max_wait_ms`: how long a query waits for others to end, milliseconds; then
    /// it gets 503. Default 10 s.
    pub max_wait_ms: u64,
    /// `query.max_visibility_wait_ms`: how long a query waits to see the events that were acknowledged before
    /// it was asked, milliseconds; then it is answered without them.
    pub max_visibility_wait_ms: u64,
    /// `query.max_rows`: rows of an answer; others are left out, which the answer says.
    /// Default 100,000.
    pub max_rows: u64,
    /// `query.max_result_bytes`: rows of an answer in bytes, as they are sent; others are
    /// left out. Default 256 MiB.
    pub max_result_bytes: u64,
    /// `query.cache_bytes`: results by time that are kept, so that asking again computes new
    /// time only, bytes; 0 keeps none. Default 32 MiB.
    pub cache_bytes: u64,
}

/// Where events wait for the database.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalConfig {
    /// `journal.dir`: directory of the journal, for a disk of its own. Default: `journal` in the data
    /// directory.
    pub dir: PathBuf,
    /// `journal.max_bytes`: what waits for the database, bytes; more gets 503. Default 4 GiB.
    pub max_bytes: u64,
}

/// Limits of exports.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportConfig {
    /// `export.expiry_ms`: how long a result or a failure is kept after it finished,
    /// milliseconds. Default 1 hour, as CVAT's.
    pub expiry_ms: u64,
    /// `export.timeout_ms`: time after which an unfinished export fails,
    /// milliseconds. Default 1 hour.
    pub timeout_ms: u64,
    /// `export.max_bytes_on_disk`: all results in `exports/` together, bytes; an
    /// export that would go beyond it fails. Default 8 GiB.
    pub max_bytes_on_disk: u64,
    /// `export.max_waiting`: exports of one user that wait or run at the same time;
    /// one more gets 503. Default 16.
    pub max_waiting: u32,
}

/// What the server says about itself, on standard error.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// `log.level`: a level (`error`, `warn`, `info`, `debug`, `trace`), or directives
    /// as `info,annoscope_store=debug`. Default `info`.
    pub level: String,
    /// `log.format`: `text` for people or `json` for machines. Default `text`.
    pub format: LogFormat,
}

/// How one log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What the plan of a query of the longest text takes, bytes, which the database does not count: one of 5,000
/// UNION ALL some 400 MB with its columns.
const PLAN_BYTES: u64 = 384 << 20;

/// Memory of the program and its threads, bytes.
const PROGRAM_BYTES: u64 = 96 << 20;

/// Memory of the events that the database takes at once, bytes.
const GROUP_BYTES: u64 = 128 << 20;

/// Memory of an event in a full dedup window, with that of the latest events, bytes at most.
const DEDUP_BYTES_PER_EVENT: u64 = 4;

impl Config {
    /// What the installation decides about rights.
    pub fn policy(&self) -> Policy {
        Policy {
            analytics_visibility: self.analytics_visibility,
            business_edits_dashboards: self.business_edits_dashboards,
            ingest_open: self.ingest_open,
        }
    }

    /// What exports may use.
    pub fn export_settings(&self) -> ExportSettings {
        let exports = self.shared_dir().join("exports");
        let is_shared = self.shared.is_on();
        ExportSettings {
            dir: if is_shared {
                exports.join(self.store.clickhouse.node.to_string())
            } else {
                exports.clone()
            },
            shared: is_shared.then_some(exports),
            expiry: Duration::from_millis(self.export.expiry_ms),
            timeout: Duration::from_millis(self.export.timeout_ms),
            max_bytes_on_disk: self.export.max_bytes_on_disk,
            max_waiting: self.export.max_waiting as usize,
            min_free_bytes: self.store.min_free_bytes,
        }
    }

    /// Where dashboards and results of exports are: with those of other annoscopes, or in the data directory.
    pub fn shared_dir(&self) -> &Path {
        if self.shared.is_on() {
            &self.shared.dir
        } else {
            &self.data_dir
        }
    }

    /// Directory of the journal.
    pub fn journal_dir(&self) -> PathBuf {
        match &self.journal.dir {
            dir if dir.as_os_str().is_empty() => self.data_dir.join("journal"),
            dir => dir.clone(),
        }
    }

    /// What queries may use.
    pub fn engine_config(&self) -> annoscope_query::EngineConfig {
        annoscope_query::EngineConfig {
            max_concurrent: self.query.max_concurrent as usize,
            max_wait: Duration::from_millis(self.query.max_wait_ms),
            max_visibility_wait: Duration::from_millis(self.query.max_visibility_wait_ms),
            time_limit: Duration::from_millis(self.query.timeout_ms),
            cache_bytes: self.query.cache_bytes,
        }
    }

    /// Memory of the database's process beyond which queries are ended, bytes.
    pub fn process_bytes(&self) -> u64 {
        if self.store.process_bytes > 0 {
            return self.store.process_bytes;
        }
        // The database's own accounting is behind by as much again at times.
        let database = (2 * self.store.memory_bytes).max(PLAN_BYTES) + PROGRAM_BYTES;
        if !self.store.in_process {
            return database + GROUP_BYTES;
        }
        database
            + self.ingest.max_inflight_bytes
            + self.ingest.queue_bytes
            + DEDUP_BYTES_PER_EVENT * self.ingest.dedup_window_events
            + self.query.max_result_bytes
            + self.query.cache_bytes
    }

    /// The defaults with another data directory and free ports, for tests and benches.
    pub fn for_testing(data_dir: PathBuf) -> Config {
        let data_dir = data_dir.into_os_string().into_string();
        let data_dir = data_dir.expect("tests name their directories in UTF-8");
        let inputs = Inputs {
            flags: vec![
                ("data_dir", data_dir),
                ("listen", "127.0.0.1:0".to_owned()),
                ("ingest_listen", "127.0.0.1:0".to_owned()),
                // The program of a test serves no database.
                ("store.in_process", "true".to_owned()),
            ],
            config_file: None,
            environment: Vec::new(),
        };
        load(&inputs)
            .expect("defaults and free ports are valid")
            .config
    }
}

#[cfg(test)]
mod tests;
