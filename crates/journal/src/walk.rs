//! From record to record through a segment, with one window of bytes in memory.

use std::io;

use crate::layout::{
    ALIGNMENT, BLOCK, RECORD_HEADER, RECORD_MAGIC, RecordHeader, SegmentHeader, record_bytes,
};
use crate::storage::StorageFile;

/// Bytes that are read at once.
const WINDOW: usize = 64 * 1024;

/// Bytes that are searched at once.
const SEARCHED: usize = 1 << 20;

/// A walk through a segment. It stands before the record at `offset`, which begins at `position`.
pub(crate) struct Walk {
    pub(crate) file: Box<dyn StorageFile>,
    pub(crate) segment: SegmentHeader,
    pub(crate) offset: u64,
    pub(crate) position: u64,
    window: Window,
}

/// What to do with a payload.
pub(crate) enum Payload<'a> {
    /// Compare it with its checksum.
    Check,
    /// The same, and put it here; leave it unread where the record ends at the position or before.
    Take { from: u64, into: &'a mut Vec<u8> },
}

/// What is at a place.
pub(crate) enum Step {
    /// A record or a seal, which the walk has passed.
    Record(RecordHeader),
    /// None that is whole. The walk stands where it stood.
    Fault(Fault),
}

/// Why there is no record at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Its header is missing or damaged.
    Header,
    /// It has another position than comes next.
    Position {
        /// The position that it has.
        found: u64,
    },
    /// The checksum of the payload is wrong.
    Payload,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header => f.write_str("the header of the record is missing or damaged"),
            Self::Position { found } => {
                write!(f, "a record of position {found} is in the place of it")
            }
            Self::Payload => f.write_str("the checksum of the record's payload is wrong"),
        }
    }
}

/// Headers of records that stand beyond the end of what can be read.
#[derive(Debug, Default)]
pub(crate) struct Beyond {
    /// Whether there are any.
    pub(crate) is_any: bool,
    /// The latest position that was synced when one of them was written.
    pub(crate) synced: u64,
}

impl Walk {
    /// From the begin of a segment.
    pub(crate) fn new(file: Box<dyn StorageFile>, segment: SegmentHeader) -> Self {
        Self {
            file,
            segment,
            offset: BLOCK,
            position: segment.base,
            window: Window::default(),
        }
    }

    /// Passes the record that comes next.
    pub(crate) fn step(&mut self, mut payload: Payload<'_>) -> io::Result<Step> {
        let step = self.attempt(&mut payload)?;
        if matches!(step, Step::Record(_)) {
            return Ok(step);
        }
        // The window may be older than the record.
        self.window = Window::default();
        self.attempt(&mut payload)
    }

    fn attempt(&mut self, payload: &mut Payload<'_>) -> io::Result<Step> {
        let file = &*self.file;
        let bytes = self.window.get(file, self.offset, RECORD_HEADER)?;
        let Some(header) = RecordHeader::decode(bytes, self.segment.salt) else {
            return Ok(Step::Fault(Fault::Header));
        };
        if header.first != self.position {
            let found = header.first;
            return Ok(Step::Fault(Fault::Position { found }));
        }
        let stride = u64::from(header.stride);
        if stride < record_bytes(header.length as usize)
            || !stride.is_multiple_of(ALIGNMENT)
            || stride > self.segment.size.saturating_sub(self.offset)
        {
            return Ok(Step::Fault(Fault::Header));
        }
        let begin = self.offset + RECORD_HEADER as u64;
        let checksum = match payload {
            Payload::Take { from, .. } if header.end() <= *from => header.payload_checksum,
            Payload::Check => {
                let mut hasher = crc32fast::Hasher::new();
                let mut left = header.length as usize;
                while left > 0 {
                    let at = begin + (header.length as usize - left) as u64;
                    let bytes = self.window.get(file, at, left.min(WINDOW))?;
                    if bytes.is_empty() {
                        break;
                    }
                    hasher.update(bytes);
                    left -= bytes.len();
                }
                if left > 0 {
                    return Ok(Step::Fault(Fault::Payload));
                }
                hasher.finalize()
            }
            Payload::Take { into: taken, .. } => {
                let length = header.length as usize;
                taken.clear();
                if length <= WINDOW {
                    taken.extend_from_slice(self.window.get(file, begin, length)?);
                } else {
                    taken.resize(length, 0);
                    let n_read = read_full(file, taken, begin)?;
                    taken.truncate(n_read);
                }
                if taken.len() < length {
                    return Ok(Step::Fault(Fault::Payload));
                }
                crc32fast::hash(taken)
            }
        };
        if checksum != header.payload_checksum {
            return Ok(Step::Fault(Fault::Payload));
        }
        self.offset += stride;
        self.position = header.end();
        Ok(Step::Record(header))
    }

    /// Looks through the rest of the file for headers of this segment.
    pub(crate) fn beyond(&self) -> io::Result<Beyond> {
        let mut beyond = Beyond::default();
        let mut bytes = vec![0; SEARCHED + RECORD_HEADER];
        let mut offset = self.offset;
        while offset < self.segment.size {
            let n_read = read_full(&*self.file, &mut bytes, offset)?;
            let n_searched = n_read.min(SEARCHED);
            for at in (0..n_searched).step_by(ALIGNMENT as usize) {
                if !bytes[at..n_read].starts_with(&RECORD_MAGIC) {
                    continue;
                }
                let found = RecordHeader::decode(&bytes[at..n_read], self.segment.salt);
                if let Some(header) = found {
                    beyond.is_any = true;
                    beyond.synced = beyond.synced.max(header.synced);
                }
            }
            if n_read < bytes.len() {
                break;
            }
            offset += SEARCHED as u64;
        }
        Ok(beyond)
    }

    /// Whether there is room for a group behind what was passed, at the begin of a block.
    pub(crate) fn is_at_block(&self) -> bool {
        self.offset.is_multiple_of(BLOCK)
    }
}

/// Reads until the buffer is full or the file ends, and says how many bytes there were.
pub(crate) fn read_full(
    file: &dyn StorageFile,
    buffer: &mut [u8],
    offset: u64,
) -> io::Result<usize> {
    let mut n_read = 0;
    while n_read < buffer.len() {
        match file.read_at(&mut buffer[n_read..], offset + n_read as u64) {
            Ok(0) => break,
            Ok(n) => n_read += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(n_read)
}

/// Bytes of a file around where a walk is.
#[derive(Default)]
struct Window {
    offset: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// The bytes at `offset`: as many as are wanted, at most [`WINDOW`], or fewer at the end of the file.
    fn get(&mut self, file: &dyn StorageFile, offset: u64, n_bytes: usize) -> io::Result<&[u8]> {
        let has = self.offset..self.offset + self.bytes.len() as u64;
        if !has.contains(&offset) || offset + n_bytes as u64 > has.end {
            self.bytes.resize(WINDOW, 0);
            let n_read = read_full(file, &mut self.bytes, offset);
            self.bytes.truncate(*n_read.as_ref().unwrap_or(&0));
            self.offset = offset;
            n_read?;
        }
        let begin = (offset - self.offset) as usize;
        Ok(&self.bytes[begin..self.bytes.len().min(begin + n_bytes)])
    }
}
