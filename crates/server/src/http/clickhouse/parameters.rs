//! The parameters of a request: what is said of the query beside its text.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::Query;
use axum::http::{HeaderMap, Uri};

use super::exception::Exception;

/// Longest id of a query and longest token, bytes.
const MAX_ID_BYTES: usize = 1024;

/// Databases that may be chosen; the last two have what is known of the first.
const DATABASES: [&str; 4] = ["cvat", "default", "system", "information_schema"];

/// Parameters that are taken and mean nothing here: nothing is kept from request to request.
const IGNORED: [&str; 13] = [
    "user",
    "password",
    "quota_key",
    "session_id",
    "session_timeout",
    "session_check",
    "close_session",
    "stacktrace",
    "buffer_size",
    "role",
    "org",
    "org_id",
    "http_write_exception_in_output_format",
];

/// What a request says beside its body.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a parameter of ClickHouse's that is on or off"
)]
#[derive(Debug, Default)]
pub struct Parameters {
    /// The statement, or its beginning.
    pub query: Option<String>,
    /// The chosen database.
    pub database: Option<String>,
    /// The format where the statement names none.
    pub default_format: Option<String>,
    /// Values of `{name:Type}`.
    pub params: BTreeMap<String, String>,
    /// Settings of ClickHouse.
    pub settings: Vec<(String, String)>,
    /// How the client calls the query.
    pub query_id: Option<String>,
    /// How the client calls an INSERT, so that it is taken once.
    pub token: Option<String>,
    /// Whether the answer is in ClickHouse's compressed blocks.
    pub compress: bool,
    /// Whether the body is.
    pub decompress: bool,
    /// Whether the answer may be compressed as `Accept-Encoding` says.
    pub enable_http_compression: bool,
    /// Whether the answer begins when it is whole.
    pub wait_end_of_query: bool,
    /// Whether its head tells of the progress.
    pub sends_progress: bool,
    /// The revision of ClickHouse's protocol that the client knows; 0 where it names none.
    pub client_revision: u64,
    /// The longest that the query may take.
    pub time_limit: Option<Duration>,
}

/// The parameters of an address, in their order.
pub fn all(uri: &Uri) -> Vec<(String, String)> {
    let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
    pairs.map(|Query(pairs)| pairs).unwrap_or_default()
}

impl Parameters {
    /// Of a request. What is no parameter of the interface is a setting.
    pub fn read(uri: &Uri, headers: &HeaderMap) -> Result<Parameters, Exception> {
        let header = |name: &str| {
            let value = headers.get(name)?.to_str().ok()?;
            Some(value.to_owned()).filter(|value| !value.is_empty())
        };
        let mut parameters = Parameters {
            database: header("x-clickhouse-database"),
            default_format: header("x-clickhouse-format"),
            ..Parameters::default()
        };
        for (name, value) in all(uri) {
            parameters.take(name, value)?;
        }
        if let Some(database) = &parameters.database
            && !DATABASES.contains(&database.as_str())
        {
            let message = format!("Database {database} does not exist");
            return Err(Exception::new("UNKNOWN_DATABASE", message));
        }
        Ok(parameters)
    }

    fn take(&mut self, name: String, value: String) -> Result<(), Exception> {
        if let Some(name) = name.strip_prefix("param_") {
            self.params.insert(name.to_owned(), value);
            return Ok(());
        }
        match name.as_str() {
            "query" => self.query.get_or_insert_default().push_str(&value),
            "database" => self.database = Some(value).filter(|value| !value.is_empty()),
            "default_format" => self.default_format = Some(value).filter(|value| !value.is_empty()),
            "query_id" => self.query_id = id(&name, value)?,
            "insert_deduplication_token" => self.token = id(&name, value)?,
            "compress" => self.compress = flag(&name, &value)?,
            "decompress" => self.decompress = flag(&name, &value)?,
            "enable_http_compression" => self.enable_http_compression = flag(&name, &value)?,
            "wait_end_of_query" | "http_wait_end_of_query" => {
                self.wait_end_of_query = flag(&name, &value)?;
            }
            "send_progress_in_http_headers" => self.sends_progress = flag(&name, &value)?,
            "client_protocol_version" => self.client_revision = value.parse().unwrap_or(0),
            "max_execution_time" => self.time_limit = seconds(&value)?,
            ignored if IGNORED.contains(&ignored) => {}
            _ => self.settings.push((name, value)),
        }
        Ok(())
    }
}

fn flag(name: &str, value: &str) -> Result<bool, Exception> {
    match value {
        "1" | "true" => Ok(true),
        "0" | "false" | "" => Ok(false),
        _ => {
            let message = format!("The parameter {name} is 0 or 1, not {value}");
            Err(Exception::new("BAD_ARGUMENTS", message))
        }
    }
}

/// An id; `None` for an empty one.
fn id(name: &str, value: String) -> Result<Option<String>, Exception> {
    if value.len() > MAX_ID_BYTES || value.contains(char::is_control) {
        let message = format!("The parameter {name} is a text of at most {MAX_ID_BYTES} bytes");
        return Err(Exception::new("BAD_ARGUMENTS", message));
    }
    Ok(Some(value).filter(|value| !value.is_empty()))
}

/// A time in seconds; 0 is no limit.
fn seconds(value: &str) -> Result<Option<Duration>, Exception> {
    let seconds = value.parse().ok();
    let limit = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match limit {
        Some(Duration::ZERO) => Ok(None),
        Some(limit) => Ok(Some(limit)),
        None => {
            let message =
                format!("The setting max_execution_time is a number of seconds, not {value}");
            Err(Exception::new("BAD_ARGUMENTS", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(address: &str) -> Result<Parameters, String> {
        let uri = address.parse().unwrap();
        Parameters::read(&uri, &HeaderMap::new()).map_err(|error| error.text())
    }

    #[test]
    fn what_cvats_client_says() {
        let parameters = read(
            "/?database=cvat&session_id=0b9f&param_from=1719835200.5&param_user_id=5&wait_end_of_query=1\
             &send_progress_in_http_headers=1&http_headers_progress_interval_ms=120000&client_protocol_version=54405",
        );
        let parameters = parameters.unwrap();
        assert_eq!(parameters.database.as_deref(), Some("cvat"));
        assert!(parameters.wait_end_of_query && parameters.sends_progress);
        let params: Vec<(&str, &str)> = parameters
            .params
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .collect();
        assert_eq!(params, [("from", "1719835200.5"), ("user_id", "5")]);
        let settings = [(
            "http_headers_progress_interval_ms".to_owned(),
            "120000".to_owned(),
        )];
        assert_eq!(parameters.settings, settings);
    }

    #[test]
    fn odd_values() {
        let cases = [
            ("/?compress=2", "The parameter compress is 0 or 1, not 2"),
            ("/?database=other", "Database other does not exist"),
            (
                "/?query_id=a%0Ab",
                "The parameter query_id is a text of at most 1024 bytes",
            ),
            (
                "/?max_execution_time=-1",
                "The setting max_execution_time is a number of seconds, not -1",
            ),
        ];
        for (address, expected) in cases {
            let error = read(address).unwrap_err();
            assert!(error.contains(expected), "{address}: {error}");
        }
        let limit = read("/?max_execution_time=1.5").unwrap().time_limit;
        assert_eq!(limit, Some(Duration::from_millis(1500)));
        assert_eq!(read("/?max_execution_time=0").unwrap().time_limit, None);
    }
}
