//! The command's end.

use std::io::{self, BufReader};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use annoscope_store::Position;
use arrow::array::RecordBatch;

use super::requests::{Reply, Request};
use super::{socket, wire};
use crate::doctor::Finding;

/// Why a running server does not answer.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no connection, or it ended.
    #[error("the server on {} does not answer: {source}", dir.display())]
    Io {
        /// The data directory.
        dir: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The server says why.
    #[error("the server: {0}")]
    Failed(String),
}

/// Asks the server that runs on a data directory.
#[derive(Clone)]
pub struct Client {
    data_dir: PathBuf,
}

/// Nothing moves from an outbox to the store while it lives.
pub struct Hold {
    /// What the store had acknowledged when it began.
    pub position: Position,
    _connection: UnixStream,
}

impl Client {
    /// Of a data directory.
    pub fn new(data_dir: &Path) -> Client {
        Client {
            data_dir: data_dir.to_owned(),
        }
    }

    fn io(&self, source: io::Error) -> ControlError {
        ControlError::Io {
            dir: self.data_dir.clone(),
            source,
        }
    }

    fn ask(&self, request: &Request) -> Result<UnixStream, ControlError> {
        let connection = socket::connect(&self.data_dir).map_err(|error| self.io(error))?;
        wire::send(&mut &connection, request).map_err(|error| self.io(error))?;
        Ok(connection)
    }

    /// The answer that is not a failure.
    fn reply(&self, from: &mut BufReader<UnixStream>) -> Result<Reply, ControlError> {
        match wire::receive(from) {
            Ok(Some(Reply::Failed(why))) => Err(ControlError::Failed(why)),
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(self.io(io::ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(self.io(error)),
        }
    }

    fn unexpected(reply: &Reply) -> ControlError {
        ControlError::Failed(format!("it answered {reply:?}"))
    }

    /// Holds the outboxes.
    pub fn hold(&self) -> Result<Hold, ControlError> {
        let connection = self.ask(&Request::Hold)?;
        let mut from = BufReader::new(connection);
        match self.reply(&mut from)? {
            Reply::Position(position) => Ok(Hold {
                position: Position(position),
                _connection: from.into_inner(),
            }),
            other => Err(Client::unexpected(&other)),
        }
    }

    /// Lets the server remove what is too old or too much, or say what that is; what it says at the end.
    pub fn retention(
        &self,
        is_dry_run: bool,
        mut tell: impl FnMut(&str),
    ) -> Result<String, ControlError> {
        let connection = self.ask(&Request::Retention { is_dry_run })?;
        let mut from = BufReader::new(connection);
        loop {
            match self.reply(&mut from)? {
                Reply::Step(step) => tell(&step),
                Reply::Text(text) => return Ok(text),
                other => return Err(Client::unexpected(&other)),
            }
        }
    }

    /// Lets the server make the catalogue anew; what it says at the end.
    pub fn rebuild_catalogue(&self) -> Result<String, ControlError> {
        let connection = self.ask(&Request::Catalogue)?;
        match self.reply(&mut BufReader::new(connection))? {
            Reply::Text(text) => Ok(text),
            other => Err(Client::unexpected(&other)),
        }
    }

    /// What the server finds wrong with itself, the worst first.
    pub fn examine(&self) -> Result<Vec<Finding>, ControlError> {
        let connection = self.ask(&Request::Examine)?;
        match self.reply(&mut BufReader::new(connection))? {
            Reply::Findings(findings) => Ok(findings),
            other => Err(Client::unexpected(&other)),
        }
    }

    /// The rows at these positions, in order.
    pub fn rows(
        &self,
        from: Position,
        until: Position,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, ControlError>> + use<>, ControlError> {
        let connection = self.ask(&Request::Rows {
            from: from.0,
            until: until.0,
        })?;
        let (client, mut from) = (self.clone(), BufReader::new(connection));
        let mut is_over = false;
        Ok(std::iter::from_fn(move || {
            if is_over {
                return None;
            }
            let next = match client.reply(&mut from) {
                Ok(Reply::Rows { n_bytes }) => {
                    let rows = wire::receive_rows(&mut from, n_bytes);
                    Some(rows.map_err(|error| client.io(error)))
                }
                Ok(Reply::End) => None,
                Ok(other) => Some(Err(Client::unexpected(&other))),
                Err(error) => Some(Err(error)),
            };
            is_over = !matches!(next, Some(Ok(_)));
            next
        }))
    }
}
