//! Segments that are complete: a filter in memory, and on the disk what settles its suspicions.
//!
//! `ID.DAY.segment`, all numbers little endian:
//!
//! | bytes | what |
//! | --- | --- |
//! | 8 | [`MAGIC`], with the version of the format |
//! | 8 | number of events |
//! | 8 | position: the segment and those before it hold all events before it |
//! | 8 | hash functions of the filter |
//! | 8 | words of the filter |
//! | 8 | blocks |
//! | 8 each | words of a Bloom filter of the lower halves of the hashes |
//! | 8 each | blocks: the number of their first event and the CRC-32 of their fingerprints |
//! | 4 | CRC-32 of all that |
//! | 4 each | fingerprints of the upper halves, in the order of these |
//!
//! An upper half's first bits are the number of its block, the next 32 its fingerprint. A block has 256 at
//! most on average, so that an unknown event that the filter suspects (1 in a million) is taken for a known
//! one with a chance of 256 / 2^32: together 6 in 10^14 for an event and a segment.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};

use annoscope_events::EventHash;
use fastbloom::BloomFilter;

use super::known::{lower_half, upper_half};
use crate::Position;

/// "annodup" and the version of the format.
const MAGIC: u64 = u64::from_le_bytes(*b"annodup1");

/// Share of unknown events that a filter suspects. Each costs a read of the disk; 3.6 bytes an event
/// buy one in a million.
pub(super) const FALSE_ALARMS: f64 = 1e-6;

/// Most events of a block on average: 1 KiB is read to settle a suspicion.
pub(super) const BLOCK_EVENTS: usize = 256;

/// About the bytes of an event: 3.6 of the filter, 4 of the fingerprint, 0.05 of the blocks.
pub(super) const EVENT_BYTES: u64 = 8;

/// Numbers before the filter.
const HEAD_NUMBERS: usize = 6;
const HEAD_BYTES: u64 = 8 * HEAD_NUMBERS as u64;

const CHECKSUM_BYTES: u64 = 4;
const FINGERPRINT_BYTES: u64 = 4;

/// A complete segment, whose file is open.
pub(super) struct SealedSegment {
    pub n_events: usize,
    /// It and the segments before it hold all events before this position.
    pub until: Position,
    filter: BloomFilter,
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
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The bytes of the segment of `hashes`, of which there is at least one.
pub(super) fn encode(mut hashes: Vec<EventHash>, until: Position) -> Vec<u8> {
    // As numbers they begin with the upper half.
    hashes.sort_unstable_by_key(|hash| hash.0);
    // The filter's own hash function never runs: events come hashed.
    let mut filter = BloomFilter::with_false_pos(FALSE_ALARMS)
        .seed(&0)
        .expected_items(hashes.len());
    for &hash in &hashes {
        filter.insert_hash(lower_half(hash));
    }
    let block_bits = block_bits(hashes.len());
    let fingerprints: Vec<u8> = hashes
        .iter()
        .flat_map(|&hash| fingerprint(hash, block_bits).to_le_bytes())
        .collect();
    let mut bytes = Vec::new();
    let words = filter.as_slice();
    let head: [u64; HEAD_NUMBERS] = [
        MAGIC,
        hashes.len() as u64,
        until.0,
        u64::from(filter.num_hashes()),
        words.len() as u64,
        1 << block_bits,
    ];
    for number in head.iter().chain(words) {
        bytes.extend(number.to_le_bytes());
    }
    let mut first = 0;
    for number in 0..1 << block_bits {
        let n_events = hashes[first..]
            .iter()
            .take_while(|&&hash| block_of(hash, block_bits) == number)
            .count();
        let n_bytes = FINGERPRINT_BYTES as usize;
        let checksum =
            crc32fast::hash(&fingerprints[n_bytes * first..n_bytes * (first + n_events)]);
        bytes.extend((first as u32).to_le_bytes());
        bytes.extend(checksum.to_le_bytes());
        first += n_events;
    }
    bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
    bytes.extend(fingerprints);
    bytes
}

impl SealedSegment {
    /// The segment of a file of [`encode`]'s bytes. Its fingerprints are not read.
    pub fn read(file: File) -> Result<SealedSegment, SegmentError> {
        let file_bytes = file.metadata()?.len();
        let mut head = vec![0; HEAD_BYTES.min(file_bytes) as usize];
        file.read_exact_at(&mut head, 0)?;
        let &[magic, n_events, until, n_functions, n_words, n_blocks] =
            numbers(&head).as_array().ok_or(SegmentError::NoSegment)?;
        // No number is believed before the length of the file agrees.
        let parts = [
            Some(HEAD_BYTES + CHECKSUM_BYTES),
            n_words.checked_mul(8),
            n_blocks.checked_mul(8),
            n_events.checked_mul(FINGERPRINT_BYTES),
        ];
        let said_bytes = parts
            .into_iter()
            .try_fold(0_u64, |sum, part| sum.checked_add(part?));
        let n_functions = u32::try_from(n_functions).map_err(|_| SegmentError::NoSegment)?;
        if magic != MAGIC || said_bytes != Some(file_bytes) || !n_blocks.is_power_of_two() {
            return Err(SegmentError::NoSegment);
        }
        let fingerprints_at = file_bytes - n_events * FINGERPRINT_BYTES;
        let mut bytes = Vec::with_capacity(fingerprints_at as usize);
        (&file).take(fingerprints_at).read_to_end(&mut bytes)?;
        let (bytes, checksum) = bytes
            .split_last_chunk::<{ CHECKSUM_BYTES as usize }>()
            .ok_or(SegmentError::NoSegment)?;
        if crc32fast::hash(bytes) != u32::from_le_bytes(*checksum) {
            return Err(SegmentError::Checksum);
        }
        let numbers = numbers(&bytes[HEAD_BYTES as usize..]);
        let (words, blocks) = numbers.split_at(n_words as usize);
        Ok(SealedSegment {
            n_events: n_events as usize,
            until: Position(until),
            filter: BloomFilter::from_vec(words.to_vec())
                .seed(&0)
                .hashes(n_functions),
            blocks: blocks.iter().copied().map(Block::from).collect(),
            file,
            fingerprints_at,
            is_known_damaged: AtomicBool::new(false),
        })
    }

    /// Whether it may hold the event. Never wrong in saying no.
    pub fn may_hold(&self, hash: EventHash) -> bool {
        self.filter.contains_hash(lower_half(hash))
    }

    /// Whether it holds an event that it may hold. Reads the disk.
    pub fn holds(&self, hash: EventHash) -> Result<bool, SegmentError> {
        let block_bits = self.blocks.len().trailing_zeros();
        let number = block_of(hash, block_bits) as usize;
        let block = self.blocks[number];
        let next = self.blocks.get(number + 1);
        let end = next.map_or(self.n_events as u64, |next| u64::from(next.first));
        let first = u64::from(block.first);
        let mut bytes = vec![0; ((end - first) * FINGERPRINT_BYTES) as usize];
        let at = self.fingerprints_at + first * FINGERPRINT_BYTES;
        self.file.read_exact_at(&mut bytes, at)?;
        if crc32fast::hash(&bytes) != block.checksum {
            return Err(SegmentError::Checksum);
        }
        let (fingerprints, _) = bytes.as_chunks::<4>();
        let sought = fingerprint(hash, block_bits);
        let found = fingerprints.binary_search_by_key(&sought, |bytes| u32::from_le_bytes(*bytes));
        Ok(found.is_ok())
    }

    /// True the first time: the damage of a segment is told once.
    pub fn tell_damage(&self) -> bool {
        !self.is_known_damaged.swap(true, Ordering::Relaxed)
    }

    /// Memory, in bytes.
    pub fn bytes(&self) -> usize {
        self.filter.num_bits() / 8 + self.blocks.len() * size_of::<Block>()
    }
}

impl From<u64> for Block {
    fn from(number: u64) -> Block {
        Block {
            first: number as u32,
            checksum: (number >> 32) as u32,
        }
    }
}

fn numbers(bytes: &[u8]) -> Vec<u64> {
    let (numbers, _) = bytes.as_chunks::<8>();
    numbers
        .iter()
        .map(|bytes| u64::from_le_bytes(*bytes))
        .collect()
}

/// How many bits number the blocks of so many events.
fn block_bits(n_events: usize) -> u32 {
    let n_blocks = n_events.div_ceil(BLOCK_EVENTS);
    n_blocks.next_power_of_two().trailing_zeros()
}

fn block_of(hash: EventHash, block_bits: u32) -> u64 {
    upper_half(hash).unbounded_shr(u64::BITS - block_bits)
}

fn fingerprint(hash: EventHash, block_bits: u32) -> u32 {
    (upper_half(hash) << block_bits >> 32) as u32
}
