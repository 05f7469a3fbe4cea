//! The bytes of a segment file. The crate's root has the layout as a table; numbers are little-endian.
//!
//! Fields are neither moved nor given another meaning without a new [`VERSION`].

/// Groups of records begin at multiples of it, so that no write ever touches a block that holds
/// records which were acknowledged before: a power cut in the middle of a write cannot harm them.
/// The page of Linux, and at least the sector of every disk.
pub(crate) const BLOCK: u64 = 4096;

/// The version of both headers.
pub(crate) const VERSION: u32 = 1;

/// Bytes of a record's header.
pub(crate) const RECORD_HEADER: usize = 56;

/// Records of a group begin at multiples of it.
pub(crate) const ALIGNMENT: u64 = 8;

const SEGMENT_MAGIC: [u8; 8] = *b"annojrnl";

/// Bytes of a segment's header that mean something; the rest of its block is zeros.
pub(crate) const SEGMENT_HEADER: usize = 60;

/// What a record begins with.
pub(crate) const RECORD_MAGIC: [u8; 4] = *b"rec1";

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// Its number, which no other segment ever has.
    pub(crate) number: u64,
    /// The number of the segment whose records come before; 0 for the first.
    pub(crate) previous: u64,
    /// Position of its first record, and so the end of what the segment before holds.
    pub(crate) base: u64,
    /// A random number that every record of this use of the file repeats. Records of an earlier use have
    /// another one, and no payload can hold a record that it would take for its own.
    pub(crate) salt: u64,
    /// Bytes of the file.
    pub(crate) size: u64,
}

/// Why a block is not the header of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    /// Something else.
    Foreign,
    /// Of a version that this code does not know.
    Version(u32),
    /// Its checksum is wrong.
    Checksum,
}

impl SegmentHeader {
    /// Its block.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(BLOCK as usize);
        bytes.extend(SEGMENT_MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend(0_u32.to_le_bytes());
        for field in [self.number, self.previous, self.base, self.salt, self.size] {
            bytes.extend(field.to_le_bytes());
        }
        let checksum = crc32fast::hash(&bytes);
        bytes.extend(checksum.to_le_bytes());
        bytes.resize(BLOCK as usize, 0);
        bytes
    }

    /// Of the first bytes of a file.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, HeaderFault> {
        if bytes.len() < SEGMENT_HEADER || bytes[..8] != SEGMENT_MAGIC {
            return Err(HeaderFault::Foreign);
        }
        let version = u32_at(bytes, 8);
        if version != VERSION {
            return Err(HeaderFault::Version(version));
        }
        let end = SEGMENT_HEADER - 4;
        if crc32fast::hash(&bytes[..end]) != u32_at(bytes, end) {
            return Err(HeaderFault::Checksum);
        }
        Ok(Self {
            number: u64_at(bytes, 16),
            previous: u64_at(bytes, 24),
            base: u64_at(bytes, 32),
            salt: u64_at(bytes, 40),
            size: u64_at(bytes, 48),
        })
    }

    /// The name of its file.
    pub(crate) fn name(&self) -> String {
        segment_name(self.number)
    }
}

/// What stands before the payload of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader {
    /// Position of its first item.
    pub(crate) first: u64,
    /// When it was written, everything before this position was synced. That parts damage from a tail that
    /// was never acknowledged.
    pub(crate) synced: u64,
    /// Time of the write, in milliseconds since 1970, UTC.
    pub(crate) written_ms: u64,
    /// Number of its items. None makes a seal: the mark of a clean end.
    pub(crate) items: u32,
    /// Bytes of the payload.
    pub(crate) length: u32,
    /// Checksum of the payload.
    pub(crate) payload_checksum: u32,
    /// Bytes from this header to the next one.
    pub(crate) stride: u32,
}

impl RecordHeader {
    /// As it stands in a segment of this salt.
    pub(crate) fn encode(&self, salt: u64) -> [u8; RECORD_HEADER] {
        let mut bytes = [0; RECORD_HEADER];
        bytes[..4].copy_from_slice(&RECORD_MAGIC);
        let numbers = [salt, self.first, self.synced, self.written_ms];
        for (at, number) in (8..).step_by(8).zip(numbers) {
            bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        let numbers = [self.items, self.length, self.payload_checksum, self.stride];
        for (at, number) in (40..).step_by(4).zip(numbers) {
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        let checksum = crc32fast::hash(&bytes[8..]);
        bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Of the bytes at some place of a segment of this salt; none where no header of it is.
    pub(crate) fn decode(bytes: &[u8], salt: u64) -> Option<Self> {
        let bytes = bytes.get(..RECORD_HEADER)?;
        let is_header = bytes[..4] == RECORD_MAGIC
            && u64_at(bytes, 8) == salt
            && crc32fast::hash(&bytes[8..]) == u32_at(bytes, 4);
        is_header.then(|| Self {
            first: u64_at(bytes, 16),
            synced: u64_at(bytes, 24),
            written_ms: u64_at(bytes, 32),
            items: u32_at(bytes, 40),
            length: u32_at(bytes, 44),
            payload_checksum: u32_at(bytes, 48),
            stride: u32_at(bytes, 52),
        })
    }

    /// The position after its last item.
    pub(crate) fn end(&self) -> u64 {
        self.first.saturating_add(u64::from(self.items))
    }

    /// Whether it marks a clean end, and holds nothing.
    pub(crate) fn is_seal(&self) -> bool {
        self.items == 0
    }
}

/// Bytes of a record within a group: header and payload, up to where the next one begins.
pub(crate) fn record_bytes(payload_bytes: usize) -> u64 {
    (RECORD_HEADER as u64 + payload_bytes as u64).next_multiple_of(ALIGNMENT)
}

/// Bytes of the largest payload that a segment of this size holds, beside its header and a seal.
pub(crate) fn max_payload(segment_bytes: u64) -> u64 {
    segment_bytes
        .saturating_sub(2 * BLOCK + RECORD_HEADER as u64)
        .min(u64::from(u32::MAX / 2))
}

const SEGMENT: &str = ".segment";
const SPARE: &str = ".spare";
const UNFINISHED: &str = ".new";

/// The name of a segment's file.
pub(crate) fn segment_name(number: u64) -> String {
    format!("{number:016}{SEGMENT}")
}

/// The name of a file that waits for its next use.
pub(crate) fn spare_name(number: u64) -> String {
    format!("{number:016}{SPARE}")
}

/// The name of a file that is not filled with zeros yet.
pub(crate) fn unfinished_name(number: u64) -> String {
    format!("{number:016}{UNFINISHED}")
}

/// What a file is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A segment.
    Segment,
    /// It waits for its next use.
    Spare,
    /// Left by a stop while it was made.
    Unfinished,
}

/// Kind and number of a file of the journal; none for others.
pub(crate) fn parse_name(name: &str) -> Option<(Kind, u64)> {
    let kinds = [
        (SEGMENT, Kind::Segment),
        (SPARE, Kind::Spare),
        (UNFINISHED, Kind::Unfinished),
    ];
    kinds.into_iter().find_map(|(suffix, kind)| {
        let digits = name.strip_suffix(suffix)?;
        let is_number = digits.len() >= 16 && digits.bytes().all(|byte| byte.is_ascii_digit());
        Some((kind, is_number.then(|| digits.parse().ok())??))
    })
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let field = bytes[at..at + 4].try_into();
    u32::from_le_bytes(field.expect("the range has four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let field = bytes[at..at + 8].try_into();
    u64::from_le_bytes(field.expect("the range has eight bytes"))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    const SEGMENT: SegmentHeader = SegmentHeader {
        number: 7,
        previous: 6,
        base: 1_000,
        salt: 0x0123_4567_89ab_cdef,
        size: 1 << 16,
    };

    const RECORD: RecordHeader = RecordHeader {
        first: 1_000,
        synced: 900,
        written_ms: 1_719_835_200_000,
        items: 3,
        length: 5,
        payload_checksum: 0xdead_beef,
        stride: 64,
    };

    /// Files of this version are on disks: a failure here means that they cannot be read any more.
    #[test]
    fn headers_stay_as_they_are() {
        let segment = SEGMENT.encode();
        let record = RECORD.encode(SEGMENT.salt);
        let hex = |bytes: &[u8]| {
            bytes.iter().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").unwrap();
                hex
            })
        };
        assert_eq!(segment.len() as u64, BLOCK);
        assert_eq!(
            hex(&segment[..SEGMENT_HEADER]),
            "616e6e6f6a726e6c010000000000000007000000000000000600000000000000\
             e803000000000000efcdab89674523010000010000000000b7700a6f"
        );
        assert_eq!(
            hex(&record),
            "72656331a3cb08fcefcdab8967452301e8030000000000008403000000000000\
             008a2a6e900100000300000005000000efbeadde40000000"
        );
    }

    #[test]
    fn a_header_with_a_bit_turned_is_none() {
        let segment = SEGMENT.encode();
        assert_eq!(SegmentHeader::decode(&segment), Ok(SEGMENT));
        for bit in 0..SEGMENT_HEADER * 8 {
            let mut bytes = segment.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHeader::decode(&bytes).is_err(), "bit {bit}");
        }
        let record = RECORD.encode(SEGMENT.salt);
        assert_eq!(RecordHeader::decode(&record, SEGMENT.salt), Some(RECORD));
        assert_eq!(RecordHeader::decode(&record, SEGMENT.salt + 1), None);
        for bit in 0..RECORD_HEADER * 8 {
            let mut bytes = record;
            bytes[bit / 8] ^= 1 << (bit % 8);
            let decoded = RecordHeader::decode(&bytes, SEGMENT.salt);
            assert_eq!(decoded, None, "bit {bit}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        let cases = [
            (segment_name(0), Some((Kind::Segment, 0))),
            (spare_name(12), Some((Kind::Spare, 12))),
            (unfinished_name(3), Some((Kind::Unfinished, 3))),
            (segment_name(u64::MAX), Some((Kind::Segment, u64::MAX))),
            ("1.segment".to_owned(), None),
            ("0000000000000001.segment~".to_owned(), None),
            ("+000000000000001.spare".to_owned(), None),
            ("lost+found".to_owned(), None),
        ];
        for (name, parsed) in cases {
            assert_eq!(parse_name(&name), parsed, "{name}");
        }
    }
}
