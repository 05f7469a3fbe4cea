//! Frames: what goes over a connection, in both directions.
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | length of the content, little endian |
//! | 1 | its [`Kind`] |
//! | | the content |
//!
//! Both ends are the same program, so there is no version.

use std::io::{self, ErrorKind, Read, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest content, bytes. Rows are cut into far less; a record is as long as a request's events.
const MAX_BYTES: usize = 1 << 30;

/// Bytes before the content.
const HEAD_BYTES: usize = 5;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// JSON: what the server asks for.
    Request = 1,
    /// JSON: what the store answers.
    Answer = 2,
    /// JSON: why the store fails. Nothing follows.
    Failed = 3,
    /// A record of the journal behind its position (8 bytes).
    Record = 4,
    /// Arrow IPC: a schema and the first rows that have it.
    FirstRows = 5,
    /// Arrow IPC: more of them.
    Rows = 6,
    /// Rows that were read since the last such frame (8 bytes).
    RowsRead = 7,
    /// Times in µs (8 bytes each).
    Times = 8,
    /// Every row was handed over. Nothing follows.
    End = 9,
}

impl Kind {
    const ALL: [Kind; 9] = [
        Kind::Request,
        Kind::Answer,
        Kind::Failed,
        Kind::Record,
        Kind::FirstRows,
        Kind::Rows,
        Kind::RowsRead,
        Kind::Times,
        Kind::End,
    ];
}

/// One message, or a part of one.
#[derive(Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) content: Vec<u8>,
}

impl Frame {
    /// A frame of JSON.
    pub(crate) fn json(kind: Kind, value: &impl Serialize) -> Frame {
        let content = serde_json::to_vec(value).expect("messages have no maps with odd keys");
        Frame { kind, content }
    }

    /// The frame of a number.
    pub(crate) fn number(kind: Kind, number: u64) -> Frame {
        let content = number.to_le_bytes().to_vec();
        Frame { kind, content }
    }

    /// A frame that says all by its kind.
    pub(crate) fn bare(kind: Kind) -> Frame {
        let content = Vec::new();
        Frame { kind, content }
    }

    /// What a frame of JSON says.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> io::Result<T> {
        Ok(serde_json::from_slice(&self.content)?)
    }

    /// The number of [`Frame::number`].
    pub(crate) fn as_number(&self) -> io::Result<u64> {
        let bytes = self.content.as_slice().try_into();
        let bytes = bytes.map_err(|_| damaged("a number has 8 bytes"))?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// What goes before its content.
    pub(crate) fn head(&self) -> io::Result<[u8; HEAD_BYTES]> {
        head(self.kind, self.content.len())
    }

    pub(crate) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        write(to, self.kind, &[&self.content])
    }

    /// Reads the next frame; [`ErrorKind::UnexpectedEof`] where there is none.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Frame> {
        let mut head = [0; HEAD_BYTES];
        from.read_exact(&mut head)?;
        let [length @ .., kind] = head;
        let n_bytes = u32::from_le_bytes(length) as usize;
        let kind = Kind::ALL.into_iter().find(|known| *known as u8 == kind);
        let kind = kind.ok_or_else(|| damaged("unknown kind of frame"))?;
        if n_bytes > MAX_BYTES {
            return Err(damaged("a frame is too long"));
        }
        let mut content = Vec::with_capacity(n_bytes);
        from.take(n_bytes as u64).read_to_end(&mut content)?;
        if content.len() < n_bytes {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(Frame { kind, content })
    }
}

/// Writes a frame whose content comes in parts.
pub(crate) fn write(to: &mut impl Write, kind: Kind, parts: &[&[u8]]) -> io::Result<()> {
    let n_bytes = parts.iter().map(|part| part.len()).sum();
    to.write_all(&head(kind, n_bytes)?)?;
    parts.iter().try_for_each(|part| to.write_all(part))
}

fn head(kind: Kind, n_bytes: usize) -> io::Result<[u8; HEAD_BYTES]> {
    if n_bytes > MAX_BYTES {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let [a, b, c, d] = (n_bytes as u32).to_le_bytes();
    Ok([a, b, c, d, kind as u8])
}

/// The other end said what no program of this version says.
pub(crate) fn damaged(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_as_they_went() {
        let frames = [
            Frame::json(Kind::Request, &"a"),
            Frame::number(Kind::RowsRead, 7),
            Frame::bare(Kind::End),
        ];
        let mut bytes = Vec::new();
        for frame in &frames {
            frame.write(&mut bytes).unwrap();
        }
        let mut rest = bytes.as_slice();
        for frame in &frames {
            assert_eq!(Frame::read(&mut rest).unwrap(), *frame);
        }
        let end = Frame::read(&mut rest).unwrap_err();
        assert_eq!(end.kind(), ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_is_no_frame_is_an_error() {
        let long = u32::MAX.to_le_bytes();
        let cases: [(&str, &[u8], ErrorKind); 4] = [
            ("cut off in its head", &[1, 0], ErrorKind::UnexpectedEof),
            (
                "cut off in its content",
                &[2, 0, 0, 0, 1, b'1'],
                ErrorKind::UnexpectedEof,
            ),
            (
                "of an unknown kind",
                &[0, 0, 0, 0, 99],
                ErrorKind::InvalidData,
            ),
            (
                "too long",
                &[long[0], long[1], long[2], long[3], 1],
                ErrorKind::InvalidData,
            ),
        ];
        for (name, mut bytes, expected) in cases {
            let error = Frame::read(&mut bytes).unwrap_err();
            assert_eq!(error.kind(), expected, "{name}");
        }
        assert_eq!(
            Frame::bare(Kind::RowsRead).as_number().unwrap_err().kind(),
            ErrorKind::InvalidData
        );
    }
}
