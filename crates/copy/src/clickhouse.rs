//! A table of events behind ClickHouse's HTTP interface: a ClickHouse, or annoscope's port of that kind.

use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::StreamWriter;
use futures::StreamExt;
use reqwest::{Client, Response, Url};

use crate::columns::{copied, is_newer};
use crate::error::CopyError;
use crate::window::{Load, STEPS_MS, Window, text};

/// How long a server may be silent within an answer. A count over all of a large table is the longest silence.
const SILENCE: Duration = Duration::from_mins(5);

/// The most of an error's text that is shown.
const MESSAGE_BYTES: usize = 600;

/// One table of a server.
pub struct ClickHouse {
    client: Client,
    url: Url,
    user: String,
    password: String,
    database: String,
    table: String,
    /// The columns that are copied and that it has.
    columns: Vec<&'static str>,
}

impl ClickHouse {
    /// `http://user:password@host:8123/cvat`: the path is the database, `cvat` where there is none, and `?table=` names
    /// a table other than `events`. `password` wins over that of the address.
    pub async fn connect(address: &Url, password: Option<String>) -> Result<ClickHouse, CopyError> {
        let mut url = address.clone();
        let database = match url.path().trim_matches('/') {
            "" => "cvat".to_owned(),
            path => path.to_owned(),
        };
        let table = url.query_pairs().find(|(name, _)| name == "table");
        let table = table.map_or_else(|| "events".to_owned(), |(_, value)| value.into_owned());
        let (user, own) = (decoded(url.username()), url.password().map(decoded));
        url.set_path("/");
        url.set_query(None);
        let is_address = url.set_username("").is_ok() && url.set_password(None).is_ok();
        if !is_address || !is_name(&database) || !is_name(&table) {
            return Err(CopyError::Place(address.to_string()));
        }
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let client = client.map_err(|error| CopyError::Unreachable {
            place: url.to_string(),
            reason: error.to_string(),
        })?;
        let mut server = ClickHouse {
            client,
            url,
            user,
            password: password.or(own).unwrap_or_default(),
            database,
            table,
            columns: Vec::new(),
        };
        server.columns = server.known_columns().await?;
        Ok(server)
    }

    /// The address without its password.
    pub fn place(&self) -> String {
        format!("{}{}", self.url, self.database)
    }

    /// Those of the copied columns that the table has.
    async fn known_columns(&self) -> Result<Vec<&'static str>, CopyError> {
        let table = &self.table;
        let described = self
            .ask(&format!("DESCRIBE TABLE {table} FORMAT TabSeparated"), &[])
            .await?;
        let described = self.whole(described).await?;
        let names: Vec<&str> = described
            .lines()
            .filter_map(|line| line.split('\t').next())
            .collect();
        let mut columns = Vec::new();
        for column in copied() {
            if names.contains(&column.name) {
                columns.push(column.name);
            } else if column.name == "timestamp" || column.name == "scope" {
                return Err(CopyError::Table {
                    place: self.place(),
                    table: table.clone(),
                    column: column.name,
                });
            }
        }
        // annoscope's are there, though `*` and so DESCRIBE leave them out.
        for column in copied().filter(|column| is_newer(column.name)) {
            if !columns.contains(&column.name)
                && self
                    .ask(
                        &format!("SELECT {} FROM {table} LIMIT 0 FORMAT Null", column.name),
                        &[],
                    )
                    .await
                    .is_ok()
            {
                columns.push(column.name);
            }
        }
        Ok(columns)
    }

    /// How much lies where, in windows that are not too much.
    pub(crate) async fn loads(&self) -> Result<Vec<Load>, CopyError> {
        let mut loads = Vec::new();
        let early = self.count(Window::BEFORE_1970).await?;
        if early > 0 {
            loads.push(Load {
                window: Window::BEFORE_1970,
                n_rows: early,
                n_bytes: 0,
            });
        }
        let since_1970 = Window {
            begin_ms: 0,
            end_ms: i64::MAX,
        };
        // A stack, the earliest on top.
        let mut parts = self.divided(since_1970, 0).await?;
        parts.reverse();
        while let Some((load, step)) = parts.pop() {
            if load.is_too_much() && step + 1 < STEPS_MS.len() {
                let finer = self.divided(load.window, step + 1).await?;
                parts.extend(finer.into_iter().rev());
            } else {
                loads.push(load);
            }
        }
        Ok(loads)
    }

    async fn divided(&self, window: Window, step: usize) -> Result<Vec<(Load, usize)>, CopyError> {
        let step_ms = STEPS_MS[step];
        let sql = format!(
            "SELECT intDiv(toUnixTimestamp64Milli(timestamp), {step_ms}) AS part, count() AS n, \
             sum(length(ifNull(payload, ''))) AS n_bytes FROM {} WHERE {} GROUP BY part ORDER BY part FORMAT TabSeparated",
            self.table,
            within(window)
        );
        let answer = self.ask(&sql, &[]).await?;
        let lines = self.whole(answer).await?;
        lines
            .lines()
            .map(|line| {
                let mut numbers = line.split('\t').map(str::parse::<i64>);
                match (numbers.next(), numbers.next(), numbers.next()) {
                    (Some(Ok(part)), Some(Ok(n_rows)), Some(Ok(n_bytes))) => {
                        let begin_ms = part * step_ms;
                        let load = Load {
                            window: Window {
                                begin_ms,
                                end_ms: begin_ms + step_ms,
                            },
                            n_rows: n_rows.unsigned_abs(),
                            n_bytes: n_bytes.unsigned_abs(),
                        };
                        Ok((load, step))
                    }
                    _ => Err(self.unexpected(line)),
                }
            })
            .collect()
    }

    /// Rows of a window.
    pub(crate) async fn count(&self, window: Window) -> Result<u64, CopyError> {
        let sql = format!(
            "SELECT count() FROM {} WHERE {} FORMAT TabSeparated",
            self.table,
            within(window)
        );
        let answer = self.ask(&sql, &[]).await?;
        let text = self.whole(answer).await?;
        text.trim().parse().map_err(|_| self.unexpected(&text))
    }

    /// All rows of a window, in the order of their times.
    pub(crate) async fn read(&self, window: Window) -> Result<Vec<RecordBatch>, CopyError> {
        let sql = format!(
            "SELECT {} FROM {} WHERE {} ORDER BY timestamp FORMAT ArrowStream",
            self.columns.join(", "),
            self.table,
            within(window)
        );
        let plain = [("output_format_arrow_compression_method", "none")];
        let answer = self.ask(&sql, &plain).await?;
        let mut pieces = answer.bytes_stream();
        let mut decoder = StreamDecoder::new();
        let mut batches = Vec::new();
        while let Some(piece) = pieces.next().await {
            let mut piece = Buffer::from(piece.map_err(|error| self.unreachable(&error))?);
            while !piece.is_empty() {
                batches.extend(decoder.decode(&mut piece)?);
            }
        }
        decoder.finish()?;
        Ok(batches)
    }

    /// Inserts rows in the form of this crate, as one block. `query_id` names the insert to the server.
    pub(crate) async fn insert(
        &self,
        rows: &[RecordBatch],
        query_id: &str,
    ) -> Result<(), CopyError> {
        let Some(first) = rows.first() else {
            return Ok(());
        };
        let places = self
            .columns
            .iter()
            .map(|name| first.schema().index_of(name))
            .collect::<Result<Vec<usize>, _>>()?;
        let mut writer = StreamWriter::try_new(Vec::new(), &first.project(&places)?.schema())?;
        for batch in rows {
            writer.write(&batch.project(&places)?)?;
        }
        let body = writer.into_inner()?;
        let sql = format!(
            "INSERT INTO {} ({}) FORMAT ArrowStream",
            self.table,
            self.columns.join(", ")
        );
        // Were it asynchronous, the answer would come before the rows are stored.
        let parameters = [
            ("query", sql.as_str()),
            ("query_id", query_id),
            ("async_insert", "0"),
        ];
        let answer = self.send(&parameters, body).await?;
        self.whole(answer).await?;
        Ok(())
    }

    /// Whether the server is still at it.
    pub(crate) async fn is_running(&self, query_id: &str) -> Result<bool, CopyError> {
        let sql = format!(
            "SELECT count() FROM system.processes WHERE query_id = '{query_id}' FORMAT TabSeparated"
        );
        let answer = self.ask(&sql, &[]).await?;
        Ok(self.whole(answer).await?.trim() != "0")
    }

    async fn ask(&self, sql: &str, parameters: &[(&str, &str)]) -> Result<Response, CopyError> {
        self.send(parameters, sql.as_bytes().to_vec()).await
    }

    async fn send(
        &self,
        parameters: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Response, CopyError> {
        let answer = self
            .client
            .post(self.url.clone())
            .query(&[("database", self.database.as_str())])
            .query(parameters)
            .header("X-ClickHouse-User", &self.user)
            .header("X-ClickHouse-Key", &self.password)
            .body(body)
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let code = answer.headers().get("X-ClickHouse-Exception-Code");
        let code = code.and_then(|code| code.to_str().ok()?.parse().ok());
        let text = answer.text().await.unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        Err(CopyError::Refused {
            place: self.place(),
            status: status.as_u16(),
            code,
            message: line.chars().take(MESSAGE_BYTES).collect(),
        })
    }

    async fn whole(&self, answer: Response) -> Result<String, CopyError> {
        answer
            .text()
            .await
            .map_err(|error| self.unreachable(&error))
    }

    fn unreachable(&self, error: &reqwest::Error) -> CopyError {
        // Its own text names the address, parameters and all.
        let reason =
            std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
        CopyError::Unreachable {
            place: self.place(),
            reason,
        }
    }

    fn unexpected(&self, text: &str) -> CopyError {
        CopyError::Unreachable {
            place: self.place(),
            reason: format!(
                "an answer that is none of ClickHouse's: {:?}",
                &text.chars().take(80).collect::<String>()
            ),
        }
    }
}

/// The condition of a window: a comparison with constants, by which ClickHouse leaves out parts.
fn within(window: Window) -> String {
    let time = |ms| format!("toDateTime64('{}', 3, 'UTC')", text(ms));
    let mut conditions = Vec::new();
    if window.begin_ms > i64::MIN {
        conditions.push(format!("timestamp >= {}", time(window.begin_ms)));
    }
    if window.end_ms < i64::MAX {
        conditions.push(format!("timestamp < {}", time(window.end_ms)));
    }
    conditions.join(" AND ")
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !text.starts_with(|first: char| first.is_ascii_digit())
}

/// What an address has escaped.
fn decoded(text: &str) -> String {
    // A pair's value is decoded as parts of an address are, but for `+`.
    let pair = format!("x={}", text.replace('+', "%2B"));
    let mut address = Url::parse("http://localhost/").expect("it is an address");
    address.set_query(Some(&pair));
    address
        .query_pairs()
        .next()
        .map_or_else(String::new, |(_, value)| value.into_owned())
}
