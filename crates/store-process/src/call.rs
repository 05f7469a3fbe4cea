//! A call, at the server's end.

use std::io::{self, BufReader, ErrorKind};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use annoscope_store::StoreError;

use crate::door::Door;
use crate::failure::Failure;
use crate::frame::{self, Frame, Kind};
use crate::message::{Answer, Request};

/// One call under way. Dropping it gives it up.
pub(crate) struct Call {
    connection: BufReader<UnixStream>,
}

impl Call {
    /// Connects and asks.
    pub(crate) fn begin(door: &Door, request: &Request) -> Result<Call, StoreError> {
        let connection = door.connect().map_err(lost)?;
        let connection = BufReader::new(connection);
        let mut call = Call { connection };
        call.send(&Frame::json(Kind::Request, request))?;
        Ok(call)
    }

    /// A call that is answered at once, in `limit` or not at all.
    pub(crate) fn ask(
        door: &Door,
        request: &Request,
        limit: Duration,
    ) -> Result<Frame, StoreError> {
        Call::begin(door, request)?.next(Some(limit))
    }

    pub(crate) fn send(&mut self, frame: &Frame) -> Result<(), StoreError> {
        self.send_parts(frame.kind, &[&frame.content])
    }

    /// Sends a frame whose content comes in parts.
    pub(crate) fn send_parts(&mut self, kind: Kind, parts: &[&[u8]]) -> Result<(), StoreError> {
        frame::write(self.connection.get_mut(), kind, parts).map_err(lost)
    }

    /// The next frame, which the process may take `limit` for: [`StoreError::NoAnswer`] beyond it,
    /// [`StoreError::Lost`] where the process has ended.
    pub(crate) fn next(&mut self, limit: Option<Duration>) -> Result<Frame, StoreError> {
        self.connection
            .get_ref()
            .set_read_timeout(limit)
            .map_err(lost)?;
        let frame = Frame::read(&mut self.connection).map_err(lost)?;
        if frame.kind == Kind::Failed {
            let failure: Failure = frame.parse().map_err(lost)?;
            return Err(failure.into());
        }
        Ok(frame)
    }

    /// What hangs up from another thread.
    pub(crate) fn handle(&self) -> Result<UnixStream, StoreError> {
        self.connection.get_ref().try_clone().map_err(lost)
    }
}

/// What an answer says.
pub(crate) fn parse(frame: &Frame) -> Result<Answer, StoreError> {
    frame.parse().map_err(lost)
}

/// An answer that belongs to another question.
pub(crate) fn unexpected(answer: &Answer) -> StoreError {
    StoreError::Failed(format!("the store answered {answer:?}").into())
}

pub(crate) fn lost(error: io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => StoreError::NoAnswer,
        ErrorKind::InvalidData => StoreError::Failed(error.into()),
        ErrorKind::FileTooLarge => StoreError::Rejected("a record is too long".to_owned()),
        _ => StoreError::Lost,
    }
}
