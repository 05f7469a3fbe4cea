//! Segments that are complete: a filter in memory, and on the disk what settles its suspicions.
//!
//! `ID.DAY.segment`, all numbers little endian:
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | [`MAGIC`], with the version of the format |
//! | 8 | number of events |
//! | 8 | position: the segment and those before it hold all events before it |
//! | 8, 8, 8 | seed, segment length and segment count length of the filter |
//! | 8 | length of the filter |
//! | 8 | blocks |
//! | 2 each | a binary fuse filter of the lower halves of the hashes |
//! | 8 each | blocks: the number of their first event and the CRC-32 of their fingerprints |
//! | 4 | CRC-32 of all that |
//! | 5 each | fingerprints of the upper halves, in the order of these |
//!
//! An upper half's first bits are the number of its block, the next 40 its fingerprint. A block has 256 at
//! most on average, so that an unknown event that the filter suspects (1 in 2^16) is taken for a known
//! one with a chance of 256 / 2^40: together 4 in 10^15 for an event and a segment.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};

use annoscope_events::EventHash;
use xorf::{BinaryFuse16, Filter};

use super::known::{lower_half, upper_half};
use crate::Position;

/// "annodup" and the version of the format.
const MAGIC: u64 = u64::from_le_bytes(*b"annodup1");

/// Most events of a block on average: 1,280 bytes are read to settle a suspicion.
const BLOCK_EVENTS: usize = 256;

/// About the bytes of an event: 2.3 of the filter, 5 of the fingerprint, 0.05 of the blocks.
pub(super) const EVENT_BYTES: u64 = 7;

/// Numbers before the filter.
const HEAD_NUMBERS: usize = 8;
const HEAD_BYTES: u64 = 8 * HEAD_NUMBERS as u64;

const CHECKSUM_BYTES: u64 = 4;
const FINGERPRINT_BITS: u32 = 40;
const FINGERPRINT_BYTES: usize = FINGERPRINT_BITS as usize / 8;

/// A complete segment, whose file is open.
pub(super) struct SealedSegment {
    pub n_events: usize,
    /// It and the segments before it hold all events before this position.
    pub until: Position,
    filter: BinaryFuse16,
    blocks: Vec<Block>,
    file: File,
    fingerprints_at: u64,
    is_known_damaged: AtomicBool,
}

#[derive(Clone, Copy)]
struct Block {
    /// Number of its first event.
    first: u32,
    checksum: u32,
}

/// Why a segment or a part of it cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum SegmentError {
    #[error("it is no segment, or is cut off")]
    NoSegment,
    #[error("its checksum is another")]
    Checksum,
    /// Has a chance of less than 1 in 2^1000.
    #[error("no filter was found: {0}")]
    NoFilter(&'static str),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The bytes of the segment of `hashes`, of which there is at least one.
pub(super) fn encode(mut hashes: Vec<EventHash>, until: Position) -> Result<Vec<u8>, SegmentError> {
    // As numbers they begin with the upper half.
    hashes.sort_unstable_by_key(|hash| hash.0);
    hashes.dedup();
    let BinaryFuse16 {
        descriptor,
        fingerprints: filter,
    } = BinaryFuse16::try_from_iterator(hashes.iter().map(|hash| lower_half(*hash)))
        .map_err(SegmentError::NoFilter)?;
    let block_bits = block_bits(hashes.len());
    let mut bytes = Vec::new();
    let head: [u64; HEAD_NUMBERS] = [
        MAGIC,
        hashes.len() as u64,
        until.0,
        descriptor.seed,
        u64::from(descriptor.segment_length),
        u64::from(descriptor.segment_count_length),
        filter.len() as u64,
        1 << block_bits,
    ];
    for number in head {
        bytes.extend(number.to_le_bytes());
    }
    for entry in filter {
        bytes.extend(entry.to_le_bytes());
    }
    let mut fingerprints = Vec::with_capacity(FINGERPRINT_BYTES * hashes.len());
    let mut rest = hashes.as_slice();
    for number in 0..1 << block_bits {
        let is_within = |hash: &&EventHash| block_of(**hash, block_bits) == number;
        let (block, later) = rest.split_at(rest.iter().take_while(is_within).count());
        let (first, begin) = (hashes.len() - rest.len(), fingerprints.len());
        for &hash in block {
            let fingerprint = fingerprint(hash, block_bits).to_le_bytes();
            fingerprints.extend(&fingerprint[..FINGERPRINT_BYTES]);
        }
        bytes.extend((first as u32).to_le_bytes());
        bytes.extend(crc32fast::hash(&fingerprints[begin..]).to_le_bytes());
        rest = later;
    }
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend(fingerprints);
    Ok(bytes)
}

impl SealedSegment {
    /// The segment of a file of [`encode`]'s bytes. Its fingerprints are not read.
    pub fn read(file: File) -> Result<SealedSegment, SegmentError> {
        let file_bytes = file.metadata()?.len();
        let mut head = vec![0; HEAD_BYTES.min(file_bytes) as usize];
        file.read_exact_at(&mut head, 0)?;
        let (head, _) = head.as_chunks::<8>();
        let head: Vec<u64> = head
            .iter()
            .map(|bytes| u64::from_le_bytes(*bytes))
            .collect();
        let &[
            magic,
            n_events,
            until,
            seed,
            segment_length,
            count_length,
            n_entries,
            n_blocks,
        ] = head.as_array().ok_or(SegmentError::NoSegment)?;
        // No number is believed before the length of the file agrees.
        let parts = [
            Some(HEAD_BYTES + CHECKSUM_BYTES),
            n_entries.checked_mul(2),
            n_blocks.checked_mul(8),
            n_events.checked_mul(FINGERPRINT_BYTES as u64),
        ];
        let said_bytes = parts
            .into_iter()
            .try_fold(0_u64, |sum, part| sum.checked_add(part?));
        let said_entries = segment_length
            .saturating_mul(2)
            .saturating_add(count_length);
        if magic != MAGIC
            || said_bytes != Some(file_bytes)
            || said_entries != n_entries
            || !segment_length.is_power_of_two()
            || !n_blocks.is_power_of_two()
        {
            return Err(SegmentError::NoSegment);
        }
        let fingerprints_at = file_bytes - n_events * FINGERPRINT_BYTES as u64;
        let mut bytes = Vec::with_capacity(fingerprints_at as usize);
        (&file).take(fingerprints_at).read_to_end(&mut bytes)?;
        let (bytes, checksum) = bytes
            .split_last_chunk::<{ CHECKSUM_BYTES as usize }>()
            .ok_or(SegmentError::NoSegment)?;
        if crc32fast::hash(bytes) != u32::from_le_bytes(*checksum) {
            return Err(SegmentError::Checksum);
        }
        let (filter, blocks) = bytes[HEAD_BYTES as usize..].split_at(2 * n_entries as usize);
        let (entries, _) = filter.as_chunks::<2>();
        let (blocks, _) = blocks.as_chunks::<8>();
        // The type of the descriptor has no public name: that of another filter is filled in.
        let other = BinaryFuse16::try_from(&[0_u64][..]);
        let mut filter = other.map_err(|_| SegmentError::NoSegment)?;
        filter.descriptor.seed = seed;
        filter.descriptor.segment_length = segment_length as u32;
        filter.descriptor.segment_length_mask = segment_length as u32 - 1;
        filter.descriptor.segment_count_length = count_length as u32;
        filter.fingerprints = entries
            .iter()
            .map(|entry| u16::from_le_bytes(*entry))
            .collect();
        Ok(SealedSegment {
            n_events: n_events as usize,
            until: Position(until),
            filter,
            blocks: blocks.iter().map(|block| Block::read(*block)).collect(),
            file,
            fingerprints_at,
            is_known_damaged: AtomicBool::new(false),
        })
    }

    /// Whether it may hold the event. Never wrong in saying no.
    pub fn may_hold(&self, hash: EventHash) -> bool {
        self.filter.contains(&lower_half(hash))
    }

    /// Whether it holds an event that it may hold. Reads the disk.
    pub fn holds(&self, hash: EventHash) -> Result<bool, SegmentError> {
        let block_bits = self.blocks.len().trailing_zeros();
        let number = block_of(hash, block_bits) as usize;
        let block = self.blocks[number];
        let next = self.blocks.get(number + 1);
        let end = next.map_or(self.n_events, |next| next.first as usize);
        let first = block.first as usize;
        let mut bytes = vec![0; (end - first) * FINGERPRINT_BYTES];
        let at = self.fingerprints_at + (first * FINGERPRINT_BYTES) as u64;
        self.file.read_exact_at(&mut bytes, at)?;
        if crc32fast::hash(&bytes) != block.checksum {
            return Err(SegmentError::Checksum);
        }
        let (fingerprints, _) = bytes.as_chunks::<FINGERPRINT_BYTES>();
        let sought = fingerprint(hash, block_bits);
        let found = fingerprints.binary_search_by_key(&sought, |bytes| {
            let mut number = [0; 8];
            number[..FINGERPRINT_BYTES].copy_from_slice(bytes);
            u64::from_le_bytes(number)
        });
        Ok(found.is_ok())
    }

    /// True the first time: the damage of a segment is told once.
    pub fn tell_damage(&self) -> bool {
        !self.is_known_damaged.swap(true, Ordering::Relaxed)
    }

    /// Memory, in bytes.
    pub fn bytes(&self) -> usize {
        size_of_val(&*self.filter.fingerprints) + size_of_val(&*self.blocks)
    }
}

impl Block {
    fn read(bytes: [u8; 8]) -> Block {
        let number = u64::from_le_bytes(bytes);
        Block {
            first: number as u32,
            checksum: (number >> 32) as u32,
        }
    }
}

/// How many bits number the blocks of so many events.
fn block_bits(n_events: usize) -> u32 {
    let n_blocks = n_events.div_ceil(BLOCK_EVENTS);
    n_blocks.next_power_of_two().trailing_zeros()
}

fn block_of(hash: EventHash, block_bits: u32) -> u64 {
    upper_half(hash).unbounded_shr(u64::BITS - block_bits)
}

fn fingerprint(hash: EventHash, block_bits: u32) -> u64 {
    upper_half(hash) << block_bits >> (u64::BITS - FINGERPRINT_BITS)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn hashes(n: usize, seed: u8) -> Vec<EventHash> {
        let mut reader = blake3::Hasher::new().update(&[seed]).finalize_xof();
        let mut hash = || {
            let mut bytes = [0; 16];
            reader.fill(&mut bytes);
            EventHash(u128::from_le_bytes(bytes))
        };
        (0..n).map(|_| hash()).collect()
    }

    fn segment(hashes: &[EventHash]) -> SealedSegment {
        let mut file = tempfile::tempfile().unwrap();
        let bytes = encode(hashes.to_vec(), Position(7)).unwrap();
        file.write_all(&bytes).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        SealedSegment::read(file).unwrap()
    }

    #[test]
    fn segments_of_all_sizes_hold_what_they_were_given_and_nothing_else() {
        let others = hashes(200, 1);
        let sizes = (1..300).chain([511, 512, 513, 1000, 5000, 70_000]);
        for n_events in sizes {
            let given = hashes(n_events, 0);
            let segment = segment(&given);
            assert_eq!((segment.n_events, segment.until), (n_events, Position(7)));
            for &hash in &given {
                assert!(segment.may_hold(hash) && segment.holds(hash).unwrap());
            }
            for &hash in &others {
                assert!(!segment.holds(hash).unwrap());
            }
        }
    }

    #[test]
    fn false_alarms_are_rare_and_settled() {
        let segment = segment(&hashes(50_000, 0));
        let unknown = hashes(500_000, 1);
        let suspects = unknown.iter().filter(|hash| segment.may_hold(**hash));
        let suspects: Vec<_> = suspects.collect();
        // 1 in 2^16 is 8.
        assert!((1..30).contains(&suspects.len()), "{}", suspects.len());
        assert!(suspects.iter().all(|hash| !segment.holds(**hash).unwrap()));
    }

    #[test]
    fn a_fingerprint_is_40_bits_and_its_block_256_events_at_most() {
        for n_events in [1, 256, 257, 1000, 65_536, 1_750_000] {
            let block_bits = block_bits(n_events);
            assert!(n_events >> block_bits <= BLOCK_EVENTS);
            let hash = EventHash(0);
            let last_bit = 127 - block_bits - (FINGERPRINT_BITS - 1);
            let other = EventHash(1 << last_bit);
            assert_eq!(fingerprint(other, block_bits), 1);
            let same = EventHash(1 << (last_bit - 1));
            assert_eq!(fingerprint(same, block_bits), fingerprint(hash, block_bits));
            let next = EventHash(u128::MAX);
            assert_eq!(block_of(next, block_bits), (1 << block_bits) - 1);
        }
    }

    #[test]
    fn the_format_is_what_it_was() {
        let bytes = encode(hashes(1000, 0), Position(7)).unwrap();
        let checksum = (bytes.len(), crc32fast::hash(&bytes));
        assert_eq!(checksum, (7916, 414_610_857));
    }
}
