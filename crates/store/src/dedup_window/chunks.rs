//! The hashes of the open segment on the disk: `ID.DAY.open`, chunks that are only ever added.
//!
//! A chunk, all numbers little endian:
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | [`MAGIC`], with the version of the format |
//! | 4 | CRC-32 of what follows |
//! | 8 | number of hashes |
//! | 8 | position: all hashes before it are in this chunk or an earlier one |
//! | 16 each | hashes |
//!
//! The first chunk that is not whole ends the file: what a crash left of the last ones.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};

use annoscope_events::EventHash;

use crate::Position;

/// "dup" and the version of the format.
const MAGIC: [u8; 4] = *b"dup1";

/// Bytes before the hashes.
const HEAD_BYTES: usize = 24;

/// Bytes of a hash.
pub(super) const EVENT_BYTES: u64 = 16;

/// Most hashes of a chunk: 1 MiB is read at once.
pub(super) const CHUNK_HASHES: usize = 1 << 16;

/// The bytes of a chunk of at most [`CHUNK_HASHES`] hashes.
pub(super) fn encode(hashes: &[EventHash], until: Position) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES + 16 * hashes.len());
    bytes.extend(MAGIC);
    bytes.extend([0; 4]);
    bytes.extend((hashes.len() as u64).to_le_bytes());
    bytes.extend(until.0.to_le_bytes());
    for hash in hashes {
        bytes.extend(hash.0.to_le_bytes());
    }
    let checksum = crc32fast::hash(&bytes[8..]);
    bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// What the whole chunks of a file hold.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Chunks {
    /// All hashes, in their order.
    pub hashes: Vec<EventHash>,
    /// The position of the last chunk.
    pub until: Position,
    /// Where the last whole chunk ends, in bytes.
    pub n_bytes: u64,
}

/// Reads chunks up to the first that is not whole.
pub(super) fn read(mut file: &File) -> io::Result<Chunks> {
    file.rewind()?;
    let mut file = BufReader::new(file);
    let mut chunks = Chunks::default();
    let mut bytes = Vec::new();
    while let Some(until) = read_chunk(&mut file, &mut bytes)? {
        let (hashes, _) = bytes[HEAD_BYTES..].as_chunks::<16>();
        let hashes = hashes
            .iter()
            .map(|hash| EventHash(u128::from_le_bytes(*hash)));
        chunks.hashes.extend(hashes);
        chunks.until = until;
        chunks.n_bytes += bytes.len() as u64;
    }
    Ok(chunks)
}

/// The position of the next chunk, whose bytes are then in `bytes`; `None` if there is no whole one.
fn read_chunk(file: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<Option<Position>> {
    bytes.clear();
    file.by_ref().take(HEAD_BYTES as u64).read_to_end(bytes)?;
    let Some(head) = bytes.first_chunk::<HEAD_BYTES>() else {
        return Ok(None);
    };
    let number = |at: usize| u64::from_le_bytes(head[at..at + 8].try_into().expect("8 bytes"));
    let checksum = u32::from_le_bytes(head[4..8].try_into().expect("4 bytes"));
    let (n_hashes, until) = (number(8), Position(number(16)));
    if head[..4] != MAGIC || n_hashes > CHUNK_HASHES as u64 {
        return Ok(None);
    }
    file.by_ref().take(16 * n_hashes).read_to_end(bytes)?;
    let is_whole = bytes.len() as u64 == HEAD_BYTES as u64 + 16 * n_hashes
        && crc32fast::hash(&bytes[8..]) == checksum;
    Ok(is_whole.then_some(until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_what_it_was() {
        let bytes = encode(&[EventHash(1), EventHash(2 << 64)], Position(7));
        let mut expected = b"dup1".to_vec();
        expected.extend(0xC029_9BAD_u32.to_le_bytes());
        for number in [2_u64, 7, 1, 0, 0, 2] {
            expected.extend(number.to_le_bytes());
        }
        assert_eq!(bytes, expected);
    }

    #[test]
    fn a_file_of_zeros_or_of_another_kind_has_no_chunk() {
        for bytes in [vec![], vec![0; 4096], b"dup2 and much more of it".repeat(9)] {
            let chunk = read_chunk(&mut bytes.as_slice(), &mut Vec::new());
            assert_eq!(chunk.unwrap(), None);
        }
    }
}
