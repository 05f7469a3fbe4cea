//! The body of a request: unpacked, and read no further than the statement asks for.

use std::io::{self, Read};

use annoscope_sql::Statement;
use axum::body::Body;
use axum::http::HeaderMap;

use super::blocks::Blocks;
use super::exception::Exception;
use super::spool::Spool;
use crate::http::admission::{self, Source};
use crate::http::content_encoding::Encodings;
use crate::http::error::ApiError;
use crate::http::state::AppState;
use crate::identity::Principal;

/// Longest statement that is no INSERT, bytes.
const MAX_SQL_BYTES: usize = 1024 * 1024;

/// In how many bytes of text the head of an INSERT has to end.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// What a body is packed in, from the outside in.
#[derive(Clone)]
pub struct Decoding {
    encodings: Encodings,
    /// Whether it is in ClickHouse's compressed blocks.
    has_blocks: bool,
}

impl Decoding {
    /// As the headers and the parameter `decompress` say.
    pub fn of(headers: &HeaderMap, has_blocks: bool) -> Result<Decoding, ApiError> {
        Ok(Decoding {
            encodings: Encodings::of_clickhouse(headers)?,
            has_blocks,
        })
    }

    /// What unpacks a body.
    pub fn reader<'a>(&self, packed: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
        let unpacked = self.encodings.reader(Box::new(packed))?;
        Ok(if self.has_blocks {
            Box::new(Blocks::new(unpacked))
        } else {
            unpacked
        })
    }
}

/// What a statement begins with.
pub struct Head {
    /// What it asks for.
    pub statement: Statement,
    /// Whether its text is in the body, and not in the address alone.
    pub is_in_body: bool,
}

/// A body on its way in.
pub struct Incoming {
    rest: admission::Incoming,
    is_over: bool,
    /// What has come of it, packed.
    came: Spool,
    decoding: Decoding,
}

impl Incoming {
    /// Nothing of it is read yet.
    pub fn new(
        state: &AppState,
        principal: &Principal,
        body: Body,
        decoding: Decoding,
    ) -> Incoming {
        let room = state
            .admission
            .spool_room(Source::Account(principal.user.id));
        Incoming {
            rest: state.admission.incoming(body),
            is_over: false,
            came: Spool::new(&state.config.data_dir, room),
            decoding,
        }
    }

    /// Reads until it is known what the statement is, which begins with `query`.
    pub async fn head(&mut self, query: &str) -> Result<Head, Exception> {
        let of_query = Statement::of(query.as_bytes())?;
        if let Statement::Insert(insert) = &of_query
            && insert.format.is_some()
        {
            return Ok(Head {
                statement: of_query,
                is_in_body: false,
            });
        }
        let mut n_tried = 0;
        loop {
            // A packed text is unpacked anew with each try: twice as much each time.
            let n_came = self.came.n_bytes();
            if self.is_over || (n_came > 0 && n_came >= 2 * n_tried) {
                n_tried = n_came;
                let text = self.unpacked(query, MAX_HEAD_BYTES)?;
                let is_last = self.is_over || text.len() >= MAX_HEAD_BYTES;
                let statement = match Statement::of(&text) {
                    // It may be cut anywhere.
                    Err(_) if !is_last => None,
                    read => Some(read?),
                };
                let is_known = match &statement {
                    Some(Statement::Insert(insert)) => {
                        insert.format.is_some() && (insert.rows_at < text.len() || self.is_over)
                    }
                    _ => false,
                };
                if let Some(statement) = statement
                    && (is_known || is_last)
                {
                    return Ok(Head {
                        statement,
                        is_in_body: self.came.n_bytes() > 0,
                    });
                }
            }
            self.receive().await?;
        }
    }

    /// The whole statement, which begins with `query`.
    pub async fn text(&mut self, query: &str) -> Result<String, Exception> {
        while self.receive().await? {
            if self.came.n_bytes() > MAX_SQL_BYTES {
                return Err(too_long());
            }
        }
        let bytes = self.unpacked(query, MAX_SQL_BYTES + 1)?;
        if bytes.len() > MAX_SQL_BYTES {
            return Err(too_long());
        }
        String::from_utf8(bytes)
            .map_err(|_| Exception::new("SYNTAX_ERROR", "The statement is no UTF-8"))
    }

    /// The whole body, packed.
    pub async fn whole(mut self) -> Result<(Spool, Decoding), ApiError> {
        while self.receive().await? {}
        Ok((self.came, self.decoding))
    }

    /// Takes the next piece. Returns whether there was one.
    async fn receive(&mut self) -> Result<bool, ApiError> {
        let chunk = self.rest.next().await?;
        self.is_over = chunk.is_none();
        if let Some(chunk) = chunk {
            self.came.push(&chunk)?;
        }
        Ok(!self.is_over)
    }

    /// The beginning of the statement, as far as it can be unpacked from what is here.
    fn unpacked(&mut self, query: &str, most: usize) -> Result<Vec<u8>, Exception> {
        let mut text = begun(query);
        let is_over = self.is_over;
        let decoding = self.decoding.clone();
        let read = tokio::task::block_in_place(|| {
            let reader = decoding.reader(self.came.reader()?)?;
            reader.take(most as u64).read_to_end(&mut text)
        });
        match read {
            Ok(_) => {}
            // More of it is to come, or it is none: the end tells.
            Err(_) if !is_over => {}
            Err(error) => return Err(not_unpacked(&error)),
        }
        Ok(text)
    }
}

/// What stands before the body: ClickHouse puts an end of line between the two.
pub fn begun(query: &str) -> Vec<u8> {
    let mut text = query.as_bytes().to_vec();
    if !query.is_empty() {
        text.push(b'\n');
    }
    text
}

/// The body is not packed as it says.
pub fn not_unpacked(error: &io::Error) -> Exception {
    Exception::new(
        "CANNOT_DECOMPRESS",
        format!("The body cannot be decompressed: {error}"),
    )
}

fn too_long() -> Exception {
    ApiError::BodyTooLarge {
        limit_bytes: MAX_SQL_BYTES,
    }
    .into()
}

impl From<io::Error> for Exception {
    fn from(error: io::Error) -> Exception {
        ApiError::Internal(error.into()).into()
    }
}
