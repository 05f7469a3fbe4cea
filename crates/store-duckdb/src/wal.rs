//! Where the last transaction of DuckDB's write-ahead log ends.
//!
//! A log (1.5.6) begins with an entry of its version, and goes on with frames: the length of an entry and its
//! checksum, eight bytes each, then the entry. The last entry of a transaction says that it is whole.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

/// Bytes before the entry in a frame.
pub(crate) const FRAME_HEADER: u64 = 16;

/// The entry that ends a transaction.
const FLUSH: [u8; 5] = [0x64, 0x00, 0x64, 0xff, 0xff];

/// What an entry begins with: the field of its type.
const TYPE: [u8; 2] = [0x64, 0x00];

/// The type of the first entry.
const VERSION: u64 = 98;

/// The end of an object.
const END: [u8; 2] = [0xff, 0xff];

/// Where the last whole transaction ends, if the log goes on behind it with one that is not whole, as a kill leaves it.
/// `None` where there is none, and where what follows is no unfinished transaction but damage: a whole one is in it.
pub(crate) fn unfinished_transaction(log: &Path) -> io::Result<Option<u64>> {
    let file = match File::open(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let n_bytes = file.metadata()?.len();
    let mut file = BufReader::new(file);
    let Some(begin) = end_of_version(&mut file)? else {
        return Ok(None);
    };
    let (mut at, mut end) = (begin, begin);
    while n_bytes - at >= FRAME_HEADER {
        let mut length = [0; 8];
        file.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        // Behind a power cut there may be zeros.
        if length == 0 || length > n_bytes - at - FRAME_HEADER {
            break;
        }
        file.seek_relative(8)?;
        at += FRAME_HEADER + length;
        if length == FLUSH.len() as u64 {
            let mut entry = [0; FLUSH.len()];
            file.read_exact(&mut entry)?;
            if entry == FLUSH {
                end = at;
            }
        } else {
            file.seek_relative(length.cast_signed())?;
        }
    }
    if end == n_bytes {
        return Ok(None);
    }
    file.seek(io::SeekFrom::Start(end))?;
    Ok((!has_whole_transaction(file)?).then_some(end))
}

/// Whether a whole transaction ends somewhere in the rest.
fn has_whole_transaction(rest: BufReader<File>) -> io::Result<bool> {
    let mut frame = [0; 8 + 8 + FLUSH.len()];
    let length = (FLUSH.len() as u64).to_le_bytes();
    for byte in rest.bytes() {
        frame.rotate_left(1);
        frame[frame.len() - 1] = byte?;
        if frame.starts_with(&length) && frame.ends_with(&FLUSH) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where the first entry ends. `None` where it is no entry of the version.
fn end_of_version(log: &mut BufReader<File>) -> io::Result<Option<u64>> {
    match read_version(log) {
        Ok(true) => Ok(Some(log.stream_position()?)),
        Ok(false) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads the version of the log, the identity of the database (a list) and the checkpoint that the log follows. Whether
/// they were there.
fn read_version(log: &mut impl Read) -> io::Result<bool> {
    if bytes(log)? != TYPE || number(log)? != VERSION {
        return Ok(false);
    }
    for (field, is_list) in [(0x65, false), (0x66, true), (0x67, false)] {
        if bytes(log)? != [field, 0] {
            return Ok(false);
        }
        let value = number(log)?;
        for _ in 0..if is_list { value } else { 0 } {
            number(log)?;
        }
    }
    Ok(bytes(log)? == END)
}

fn bytes(log: &mut impl Read) -> io::Result<[u8; 2]> {
    let mut bytes = [0; 2];
    log.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
fn number(log: &mut impl Read) -> io::Result<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        log.read_exact(&mut byte)?;
        number |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            break;
        }
    }
    Ok(number)
}
