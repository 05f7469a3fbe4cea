//! Bytes of which the end may not have come yet.

use super::error::{InsertError, InsertErrorCode};

/// Why reading stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// There have to be so many bytes in all before more can be read.
    Short(usize),
    /// What is there is wrong.
    Wrong(InsertError),
}

impl From<InsertError> for Stop {
    fn from(error: InsertError) -> Stop {
        Stop::Wrong(error)
    }
}

/// Reads from the beginning of what has come.
#[derive(Clone)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Cursor<'a> {
        Cursor { bytes, at }
    }

    /// Bytes that were read.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn take(&mut self, n_bytes: usize) -> Result<&'a [u8], Stop> {
        let end = self.at.saturating_add(n_bytes);
        let taken = self.bytes.get(self.at..end).ok_or(Stop::Short(end))?;
        self.at = end;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Stop> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn u64(&mut self) -> Result<u64, Stop> {
        let bytes = self.take(8)?;
        Ok(u64::from_le_bytes(
            bytes.try_into().expect("eight were taken"),
        ))
    }

    /// A length: seven bits a byte, the lowest first.
    pub(super) fn length(&mut self) -> Result<usize, Stop> {
        let mut length = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            length |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(length).map_err(|_| too_long().into());
            }
        }
        Err(too_long().into())
    }

    /// Bytes behind their length.
    pub(super) fn string(&mut self) -> Result<&'a [u8], Stop> {
        let length = self.length()?;
        self.take(length)
    }

    /// A name of a column or a type.
    pub(super) fn name(&mut self) -> Result<&'a str, Stop> {
        std::str::from_utf8(self.string()?).map_err(|_| {
            let message = "A name of a column or a type is not UTF-8";
            InsertError::new(InsertErrorCode::IncorrectData, message).into()
        })
    }
}

fn too_long() -> InsertError {
    InsertError::new(InsertErrorCode::TooLargeStringSize, "Too large length")
}

/// Bytes that have come and were not used up, up to a limit.
pub(super) struct Pending {
    bytes: Vec<u8>,
    /// So many have to be there before it is of use to look at them.
    n_needed: usize,
    max_bytes: usize,
}

impl Pending {
    pub(super) fn new(max_bytes: usize) -> Pending {
        Pending {
            bytes: Vec::new(),
            n_needed: 1,
            max_bytes,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes as many as there is room for, and says how many.
    pub(super) fn fill(&mut self, bytes: &[u8]) -> usize {
        let room = self.max_bytes.saturating_sub(self.bytes.len());
        let n_taken = room.min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..n_taken]);
        n_taken
    }

    /// Whether as many have come as are waited for.
    pub(super) fn is_enough(&self) -> bool {
        self.bytes.len() >= self.n_needed
    }

    /// So many have to be there in all; an error where that is more than there may be. More is waited for than
    /// that, so that a value of many parts is not gone through again for every few bytes: at the end of the body,
    /// what is pending may be complete.
    pub(super) fn need(&mut self, n_bytes: usize, what: &str) -> Result<(), InsertError> {
        if n_bytes > self.max_bytes {
            let message = format!("{what} has more than {} bytes", self.max_bytes);
            return Err(InsertError::new(
                InsertErrorCode::TooLargeStringSize,
                message,
            ));
        }
        let n_pending = self.bytes.len();
        self.n_needed = n_bytes.max((n_pending + n_pending / 4).min(self.max_bytes));
        Ok(())
    }

    /// The first were used up.
    pub(super) fn consume(&mut self, n_bytes: usize) {
        self.bytes.drain(..n_bytes);
        self.n_needed = 1;
    }
}

/// The body ended within a value.
pub(super) fn cut_off(what: &str) -> InsertError {
    let message = format!("Cannot read all data: the body ends within {what}");
    InsertError::new(InsertErrorCode::CannotReadAllData, message)
}
