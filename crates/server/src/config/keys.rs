//! The one table of settings.

use annoscope_store_clickhouse::MAX_NODES;

use super::value::{Kind, Limits};

/// One setting: what it is called everywhere, what it takes, what it means.
#[derive(Debug)]
pub struct Key {
    /// The key in `annoscope.toml`, dotted: `section.name`.
    pub path: &'static str,
    /// What the value is.
    pub kind: Kind,
    /// The default, as one would write it in the file.
    pub default: &'static str,
    /// One line for `--help` and the documentation.
    pub help: &'static str,
}

impl Key {
    /// The flag without its dashes: `ingest.max_body_bytes` is `--ingest-max-body-bytes`.
    pub fn flag(&self) -> String {
        self.path.replace(['.', '_'], "-")
    }

    /// The environment variable: `ANNOSCOPE_INGEST_MAX_BODY_BYTES`.
    pub fn variable(&self) -> String {
        let name = self.path.replace('.', "_").to_uppercase();
        format!("{VARIABLE_PREFIX}{name}")
    }

    /// The key of that path.
    pub fn find(path: &str) -> Option<&'static Key> {
        KEYS.iter().find(|key| key.path == path)
    }
}

/// What the names of all our environment variables begin with.
pub const VARIABLE_PREFIX: &str = "ANNOSCOPE_";

const MIB: u64 = 1024 * 1024;
const TIB: u64 = MIB * MIB;
const MINUTE_MS: u64 = 60 * 1000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;

const fn bytes(min: u64, max: u64) -> Kind {
    Kind::Bytes(Limits { min, max })
}

const fn millis(min: u64, max: u64) -> Kind {
    Kind::Millis(Limits { min, max })
}

const fn count(min: u64, max: u64) -> Kind {
    Kind::Count(Limits { min, max })
}

/// The usual address of ClickHouse's interface.
const CLICKHOUSE_LISTEN: &str = "127.0.0.1:8123";

/// Every setting, in the order in which `annoscope config` prints them.
pub static KEYS: &[Key] = &[
    Key {
        path: "data_dir",
        kind: Kind::Directory,
        default: "./data",
        help: "Directory of everything the server keeps",
    },
    Key {
        path: "listen",
        kind: Kind::Address,
        default: "127.0.0.1:8380",
        help: "Address and port of the API",
    },
    Key {
        path: "ingest_listen",
        kind: Kind::Address,
        default: "127.0.0.1:8282",
        help: "Address and port for the servers that send events; on loopback it asks for no credentials",
    },
    Key {
        path: "ingest_open",
        kind: Kind::Flag,
        default: "false",
        help: "Take events on an ingest address beyond loopback without credentials: whoever reaches it can write any hours",
    },
    Key {
        path: "clickhouse.listen",
        kind: Kind::OptionalAddress(CLICKHOUSE_LISTEN),
        default: "",
        help: "Address and port of ClickHouse's HTTP interface; true is 127.0.0.1:8123, nothing is none",
    },
    Key {
        path: "clickhouse.spool_bytes",
        kind: bytes(16 * MIB, TIB),
        default: "4GiB",
        help: "What INSERTs and answers that wait for their end may have in files of the data directory together",
    },
    Key {
        path: "auth",
        kind: Kind::Choice(&["accounts", "cvat"]),
        default: "accounts",
        help: "Who knows the users: our own accounts, or the CVAT at cvat.url",
    },
    Key {
        path: "analytics_visibility",
        kind: Kind::Flag,
        default: "true",
        help: "Whether the privilege business and accounts with analytics access see all events",
    },
    Key {
        path: "business_edits_dashboards",
        kind: Kind::Flag,
        default: "false",
        help: "Whether the privilege business saves dashboards, too",
    },
    Key {
        path: "audit",
        kind: Kind::Flag,
        default: "true",
        help: "Record changes of accounts, exports, failed logins and exceptions of the server as events",
    },
    Key {
        path: "requests_per_minute",
        kind: count(1, 1_000_000_000),
        default: "100000",
        help: "Requests of one account; more get 429",
    },
    Key {
        path: "cvat.url",
        kind: Kind::Url,
        default: "",
        help: "Address of CVAT's server, such as http://cvat_server:8080, for auth = \"cvat\"",
    },
    Key {
        path: "cvat.cache_ms",
        kind: millis(0, DAY_MS),
        default: "30s",
        help: "How long CVAT's answer about a user counts",
    },
    Key {
        path: "cvat.refusal_cache_ms",
        kind: millis(0, DAY_MS),
        default: "5s",
        help: "How long CVAT's refusal of credentials counts",
    },
    Key {
        path: "cvat.grace_ms",
        kind: millis(0, 30 * DAY_MS),
        default: "1h",
        help: "How long users that CVAT confirmed go on while it does not answer",
    },
    Key {
        path: "cvat.timeout_ms",
        kind: millis(100, MINUTE_MS),
        default: "5s",
        help: "How long to wait for CVAT's answer",
    },
    Key {
        path: "tls.certificate",
        kind: Kind::Text,
        default: "",
        help: "File with the certificate chain (PEM): the API is served with TLS",
    },
    Key {
        path: "tls.key",
        kind: Kind::Text,
        default: "",
        help: "File with the certificate's private key (PEM)",
    },
    Key {
        path: "proxy.trusted",
        kind: Kind::Addresses,
        default: "",
        help: "Proxies whose X-Forwarded-For, -Proto and -Host count",
    },
    Key {
        path: "page.embedded_by",
        kind: Kind::Text,
        default: "",
        help: "Origins that may show the page in a frame, such as https://cvat.example.org, separated by spaces",
    },
    Key {
        path: "connections.max",
        kind: count(1, 16_384),
        default: "4096",
        help: "Connections of one port; beyond it the longest silent one is closed",
    },
    Key {
        path: "connections.max_per_address",
        kind: count(1, 16_384),
        default: "1024",
        help: "Connections of one address to one port; proxy.trusted is exempt",
    },
    Key {
        path: "connections.head_timeout_ms",
        kind: millis(100, DAY_MS),
        default: "20s",
        help: "How long the head of a request may take",
    },
    Key {
        path: "connections.idle_timeout_ms",
        kind: millis(100, DAY_MS),
        default: "2min",
        help: "How long a connection may wait for its next request",
    },
    Key {
        path: "connections.write_timeout_ms",
        kind: millis(100, DAY_MS),
        default: "2min",
        help: "How long a client may take nothing of its answer",
    },
    Key {
        path: "connections.body_timeout_ms",
        kind: millis(100, DAY_MS),
        default: "30s",
        help: "How long a request body may take beside what its least rate allows",
    },
    Key {
        path: "connections.min_body_rate_bytes",
        kind: bytes(1, TIB),
        default: "32KiB",
        help: "Least bytes of a request body in each second",
    },
    Key {
        path: "ingest.max_body_bytes",
        // The upper bound keeps one body within what a process can hold.
        kind: bytes(1024, 4096 * MIB),
        default: "100MiB",
        help: "Largest request body, after decompression",
    },
    Key {
        path: "ingest.max_inflight_bytes",
        kind: bytes(1024, TIB),
        default: "256MiB",
        help: "Request bodies in memory at the same time; more gets 503",
    },
    Key {
        path: "ingest.queue_bytes",
        kind: bytes(1024, TIB),
        default: "64MiB",
        help: "Batches that wait for the sync of the journal; more gets 503",
    },
    Key {
        path: "ingest.dead_letter_max_bytes",
        kind: bytes(0, TIB),
        default: "64MiB",
        help: "Size of dead-letter.ndjson; more gets 503, but for clients, who fill half of it at most",
    },
    Key {
        path: "ingest.legacy_working_time",
        kind: Kind::Flag,
        default: "false",
        help: "Count the hours within client events that an older CVAT's server computed (ingest port)",
    },
    Key {
        path: "ingest.dedup_window_days",
        kind: count(1, 3650),
        default: "7",
        help: "Days after its receipt in which a duplicate of an event is recognized",
    },
    Key {
        path: "ingest.dedup_window_events",
        kind: count(1000, 1_000_000_000),
        default: "16000000",
        help: "Latest events of which a duplicate is recognized; 4 bytes of memory each",
    },
    Key {
        path: "journal.dir",
        kind: Kind::Text,
        default: "",
        help: "Directory of the journal, for a disk of its own; empty is journal in data_dir",
    },
    Key {
        path: "journal.max_bytes",
        kind: bytes(128 * MIB, 1024 * TIB),
        default: "4GiB",
        help: "What waits for the database while it takes no events; more gets 503",
    },
    Key {
        path: "shared.dir",
        kind: Kind::Text,
        default: "",
        help: "Directory that several annoscopes before one ClickHouse write dashboards and results of exports to",
    },
    Key {
        path: "store.kind",
        kind: Kind::Choice(&["duckdb", "clickhouse"]),
        default: "duckdb",
        help: "Where the events are: in the embedded database, or in the ClickHouse of store.clickhouse.urls",
    },
    Key {
        path: "store.clickhouse.urls",
        kind: Kind::Text,
        default: "",
        help: "Addresses of a ClickHouse's HTTP interface, or of the replicas of one shard, separated by commas",
    },
    Key {
        path: "store.clickhouse.user",
        kind: Kind::Text,
        default: "default",
        help: "User of that ClickHouse",
    },
    Key {
        path: "store.clickhouse.password_file",
        kind: Kind::Text,
        default: "",
        help: "File with the user's password; empty is none",
    },
    Key {
        path: "store.clickhouse.database",
        kind: Kind::Text,
        default: "cvat",
        help: "Database with the table events; made where it is not there",
    },
    Key {
        path: "store.clickhouse.node",
        kind: count(0, MAX_NODES as u64 - 1),
        default: "0",
        help: "Number of this annoscope, where several write to one table: each has one of its own",
    },
    Key {
        path: "store.clickhouse.alter",
        kind: Kind::Flag,
        default: "false",
        help: "Add what a table events that is there lacks: columns, an index and a setting",
    },
    Key {
        path: "store.clickhouse.at_least_once",
        kind: Kind::Flag,
        default: "false",
        help: "Use a table that does not know an INSERT again: an event may be there twice after a lost answer",
    },
    Key {
        path: "store.clickhouse.timeout_ms",
        kind: millis(1000, 60 * MINUTE_MS),
        default: "1min",
        help: "How long the answer to an INSERT is waited for",
    },
    Key {
        path: "store.memory_bytes",
        // DuckDB does not start its work with much less.
        kind: bytes(32 * MIB, 16 * TIB),
        default: "256MiB",
        help: "Memory of the database, for all queries together",
    },
    Key {
        path: "store.spill_bytes",
        kind: bytes(0, 1024 * TIB),
        default: "4GiB",
        help: "What queries may write to disk when memory is short",
    },
    Key {
        path: "store.wal_checkpoint_bytes",
        // 256 MiB of log at the latest, or a start after a crash takes too long.
        kind: bytes(MIB, 256 * MIB),
        default: "64MiB",
        help: "Size of the log at which it is folded into the database file",
    },
    Key {
        path: "store.min_free_bytes",
        kind: bytes(0, 1024 * TIB),
        default: "64MiB",
        help: "Disk that the database leaves free; below it events wait in the journal",
    },
    Key {
        path: "store.in_process",
        kind: Kind::Flag,
        default: "false",
        help: "Keep the database in the server's process, for tiny machines: what a query takes with it is the server then",
    },
    Key {
        path: "store.process_bytes",
        kind: bytes(0, 16 * TIB),
        default: "0",
        help: "Memory of the database's process beyond which queries are ended; 0 is what the other settings allow together",
    },
    Key {
        path: "store.threads",
        kind: count(0, 1024),
        default: "0",
        help: "Threads of the database; 0 is one for each core",
    },
    Key {
        path: "query.timeout_ms",
        kind: millis(100, DAY_MS),
        default: "1min",
        help: "Time after which a query is interrupted",
    },
    Key {
        path: "query.max_concurrent",
        kind: count(1, 1024),
        default: "2",
        help: "Queries and exports that run at the same time",
    },
    Key {
        path: "query.max_wait_ms",
        kind: millis(0, DAY_MS),
        default: "10s",
        help: "How long a query waits for others to end; then it gets 503",
    },
    Key {
        path: "query.max_visibility_wait_ms",
        kind: millis(0, DAY_MS),
        default: "2s",
        help: "How long a query waits to see the events that were acknowledged before it; then it is answered without them",
    },
    Key {
        path: "query.max_rows",
        kind: count(1, 1_000_000_000),
        default: "100000",
        help: "Rows of a query's answer; the others are left out",
    },
    Key {
        path: "query.max_result_bytes",
        kind: bytes(1024, TIB),
        default: "256MiB",
        help: "Rows of a query's answer, in bytes; the others are left out",
    },
    Key {
        path: "query.cache_bytes",
        kind: bytes(0, TIB),
        default: "32MiB",
        help: "Results kept so that a refresh computes new time only; 0 keeps none",
    },
    Key {
        path: "export.expiry_ms",
        kind: millis(1000, 30 * DAY_MS),
        default: "1h",
        help: "How long the result of an export is kept",
    },
    Key {
        path: "export.timeout_ms",
        kind: millis(1000, 30 * DAY_MS),
        default: "1h",
        help: "Time after which an unfinished export fails",
    },
    Key {
        path: "export.max_bytes_on_disk",
        kind: bytes(MIB, 1024 * TIB),
        default: "8GiB",
        help: "All kept results together; an export beyond it fails",
    },
    Key {
        path: "export.max_waiting",
        kind: count(1, 10_000),
        default: "16",
        help: "Unfinished exports of one user; one more gets 503",
    },
    Key {
        path: "retention.exceptions_days",
        kind: count(0, 36_500),
        default: "0",
        help: "Days that exceptions are kept; 0 is for ever",
    },
    Key {
        path: "retention.clicks_days",
        kind: count(0, 36_500),
        default: "0",
        help: "Days that events of the page are kept; 0 is for ever",
    },
    Key {
        path: "retention.hours_days",
        kind: count(0, 36_500),
        default: "0",
        help: "Days that working time is kept; 0 is for ever",
    },
    Key {
        path: "retention.resources_days",
        kind: count(0, 36_500),
        default: "0",
        help: "Days after which of the events of each thing only the newest are kept; 0 is never",
    },
    Key {
        path: "retention.max_bytes",
        kind: bytes(0, 1024 * TIB),
        default: "0",
        help: "What the database may take; beyond it the oldest months go, exceptions first, hours last; 0 is no bound",
    },
    Key {
        path: "retention.hour",
        kind: count(0, 23),
        default: "3",
        help: "Hour of the day, UTC, at which the server removes what is too old or too much",
    },
    Key {
        path: "log.level",
        kind: Kind::LogLevel,
        default: "info",
        help: "error, warn, info, debug or trace, or directives as info,annoscope_store=debug",
    },
    Key {
        path: "log.format",
        kind: Kind::Choice(&["text", "json"]),
        default: "text",
        help: "How a log line looks",
    },
];
