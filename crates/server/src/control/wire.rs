//! Messages on a connection: a line of JSON each, and the bytes of a batch behind its line.

use std::io::{self, BufRead, Cursor, ErrorKind, Read, Write};

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::requests::Reply;

/// Longest line, bytes: a message has a few words.
const MAX_LINE_BYTES: u64 = 64 * 1024;

pub(super) fn send<T: Serialize>(to: &mut impl Write, message: &T) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    to.write_all(&line)?;
    to.flush()
}

/// The next message; none at the end.
pub(super) fn receive<T: DeserializeOwned>(from: &mut impl BufRead) -> io::Result<Option<T>> {
    let mut line = Vec::new();
    from.by_ref()
        .take(MAX_LINE_BYTES)
        .read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if !line.ends_with(b"\n") {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

pub(super) fn send_rows(to: &mut impl Write, batch: &RecordBatch) -> io::Result<()> {
    let mut writer =
        StreamWriter::try_new(Vec::new(), &batch.schema()).map_err(io::Error::other)?;
    writer.write(batch).map_err(io::Error::other)?;
    let bytes = writer.into_inner().map_err(io::Error::other)?;
    let n_bytes = bytes.len();
    send(to, &Reply::Rows { n_bytes })?;
    to.write_all(&bytes)
}

pub(super) fn receive_rows(from: &mut impl Read, n_bytes: usize) -> io::Result<RecordBatch> {
    let mut bytes = vec![0; n_bytes];
    from.read_exact(&mut bytes)?;
    let mut reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(io::Error::other)?;
    let batch = reader.next().transpose().map_err(io::Error::other)?;
    batch.ok_or_else(|| ErrorKind::UnexpectedEof.into())
}
