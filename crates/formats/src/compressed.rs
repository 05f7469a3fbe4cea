//! ClickHouse's own compressed blocks (`compress=1`, `decompress=1` over HTTP): each has a checksum, a method and two
//! sizes before its bytes.
//!
//! Written with LZ4, as ClickHouse answers; read with LZ4, ZSTD and none.

use std::io::Read;

use ruzstd::decoding::StreamingDecoder;

use crate::insert::{InsertError, InsertErrorCode};

/// Bytes of the checksum.
const CHECKSUM_BYTES: usize = 16;
/// Bytes of the method and the two sizes, which the checksum and the first size include.
const HEADER_BYTES: usize = 9;

const NONE: u8 = 0x02;
const LZ4: u8 = 0x82;
const ZSTD: u8 = 0x90;

/// Bytes of a written block before it is compressed, by ClickHouse's default.
const BLOCK_BYTES: usize = 1024 * 1024;

/// Compresses what it is given.
#[derive(Default)]
pub struct CompressedWriter {
    pending: Vec<u8>,
}

impl CompressedWriter {
    /// Takes bytes, and writes the blocks that are full with them.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.pending.extend_from_slice(bytes);
        let mut n_written = 0;
        while self.pending.len() - n_written >= BLOCK_BYTES {
            let end = n_written + BLOCK_BYTES;
            write_block(&self.pending[n_written..end], out);
            n_written = end;
        }
        self.pending.drain(..n_written);
    }

    /// Writes what is left, as after the last bytes, or to send on what there is.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        if !self.pending.is_empty() {
            write_block(&self.pending, out);
            self.pending.clear();
        }
    }
}

fn write_block(bytes: &[u8], out: &mut Vec<u8>) {
    let packed = lz4_flex::block::compress(bytes);
    let start = out.len() + CHECKSUM_BYTES;
    out.resize(start, 0);
    out.push(LZ4);
    out.extend((packed.len() as u32 + HEADER_BYTES as u32).to_le_bytes());
    out.extend((bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(&packed);
    let checksum = checksum(&out[start..]);
    out[start - CHECKSUM_BYTES..start].copy_from_slice(&checksum);
}

/// `CityHash` of version 1.0.2, which ClickHouse kept, its halves as ClickHouse writes them.
fn checksum(block: &[u8]) -> [u8; CHECKSUM_BYTES] {
    cityhash_rs::cityhash_102_128(block)
        .rotate_left(64)
        .to_le_bytes()
}

/// Takes the content of a block. An error of its own ends the reading.
pub type ContentSink<'a> = dyn FnMut(&[u8]) -> Result<(), InsertError> + 'a;

/// Decompresses what it is given, a block at a time.
pub struct CompressedReader {
    pending: Vec<u8>,
    max_bytes: usize,
}

/// What stands before the bytes of a block.
struct BlockHeader {
    method: u8,
    /// Bytes from the method on.
    n_packed: usize,
    n_bytes: usize,
}

impl CompressedReader {
    /// `max_bytes`: of a block, both packed and not; what is larger is refused.
    pub fn new(max_bytes: usize) -> CompressedReader {
        CompressedReader {
            pending: Vec::new(),
            max_bytes,
        }
    }

    /// Takes the next bytes, and gives the content of the blocks that are complete with them.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        content: &mut ContentSink<'_>,
    ) -> Result<(), InsertError> {
        while !bytes.is_empty() {
            let n_needed = match self.header()? {
                None => CHECKSUM_BYTES + HEADER_BYTES,
                Some(header) => CHECKSUM_BYTES + header.n_packed,
            };
            let n_taken = (n_needed - self.pending.len()).min(bytes.len());
            self.pending.extend_from_slice(&bytes[..n_taken]);
            bytes = &bytes[n_taken..];
            if let Some(header) = self.header()?
                && self.pending.len() == CHECKSUM_BYTES + header.n_packed
            {
                content(&self.content(&header)?)?;
                self.pending.clear();
            }
        }
        Ok(())
    }

    /// The body is at its end: an error if a block is not.
    pub fn finish(&self) -> Result<(), InsertError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let message = "Cannot read all data: the body ends within a compressed block";
        Err(InsertError::new(
            InsertErrorCode::CannotReadAllData,
            message,
        ))
    }

    /// The header, if it has come. A block of none but a header, which holds nothing, is refused too.
    fn header(&self) -> Result<Option<BlockHeader>, InsertError> {
        let Some(&[method, p0, p1, p2, p3, n0, n1, n2, n3]) = self
            .pending
            .get(CHECKSUM_BYTES..)
            .and_then(<[u8]>::first_chunk)
        else {
            return Ok(None);
        };
        let header = BlockHeader {
            method,
            n_packed: u32::from_le_bytes([p0, p1, p2, p3]) as usize,
            n_bytes: u32::from_le_bytes([n0, n1, n2, n3]) as usize,
        };
        let largest = header.n_packed.max(header.n_bytes);
        if largest > self.max_bytes || header.n_packed <= HEADER_BYTES {
            let message = format!("Wrong size of a compressed block: {largest} bytes");
            return Err(InsertError::new(
                InsertErrorCode::TooLargeSizeCompressed,
                message,
            ));
        }
        if ![NONE, LZ4, ZSTD].contains(&method) {
            let message = format!("Unknown compression method: {method:#04x}");
            return Err(InsertError::new(
                InsertErrorCode::UnknownCompressionMethod,
                message,
            ));
        }
        Ok(Some(header))
    }

    fn content(&self, header: &BlockHeader) -> Result<Vec<u8>, InsertError> {
        let (sent, block) = self.pending.split_at(CHECKSUM_BYTES);
        if checksum(block) != sent {
            let message = "Checksum doesn't match: corrupted data of a compressed block";
            return Err(InsertError::new(
                InsertErrorCode::ChecksumDoesntMatch,
                message,
            ));
        }
        let packed = &block[HEADER_BYTES..];
        let content = match header.method {
            NONE => Some(packed.to_vec()),
            LZ4 => lz4_flex::block::decompress(packed, header.n_bytes).ok(),
            _ => unpacked_zstd(packed, header.n_bytes),
        };
        content
            .filter(|content| content.len() == header.n_bytes)
            .ok_or_else(|| {
                let message = "Cannot decompress a block";
                InsertError::new(InsertErrorCode::CannotDecompress, message)
            })
    }
}

/// The content of a frame, of which no more than that is made, and a byte to see that there was more.
fn unpacked_zstd(packed: &[u8], n_bytes: usize) -> Option<Vec<u8>> {
    let decoder = StreamingDecoder::new(packed).ok()?;
    let mut content = Vec::new();
    decoder
        .take(n_bytes as u64 + 1)
        .read_to_end(&mut content)
        .ok()?;
    Some(content)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = CompressedWriter::default();
        writer.push(bytes, &mut out);
        writer.flush(&mut out);
        out
    }

    fn unpacked(bytes: &[u8], piece: usize) -> Result<Vec<u8>, InsertError> {
        let mut content = Vec::new();
        let mut reader = CompressedReader::new(2 << 20);
        for bytes in bytes.chunks(piece) {
            reader.push(bytes, &mut |bytes| {
                content.extend_from_slice(bytes);
                Ok(())
            })?;
        }
        reader.finish()?;
        Ok(content)
    }

    /// The files of columns that ClickHouse 26.9 wrote for 40 texts of seven.
    #[test]
    fn blocks_of_clickhouse_are_read() {
        let texts = (0..40).map(|number| format!("\u{7}hello {}", number % 7));
        let expected = texts.collect::<String>().into_bytes();
        let files: [(&str, &[u8]); 3] = [
            ("LZ4", include_bytes!("compressed/lz4.bin")),
            ("ZSTD", include_bytes!("compressed/zstd.bin")),
            ("NONE", include_bytes!("compressed/none.bin")),
        ];
        for (name, file) in files {
            for piece in [1, 10, file.len()] {
                assert_eq!(unpacked(file, piece).as_ref(), Ok(&expected), "{name}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_packed_comes_back(
            bytes in proptest::collection::vec(0_u8..4, 0..3000),
            n_times in 1_usize..1000,
            piece in 1_usize..5000,
        ) {
            let bytes = bytes.repeat(n_times);
            prop_assert_eq!(unpacked(&packed(&bytes), piece), Ok(bytes));
        }

        #[test]
        fn any_bytes_are_unpacked_or_refused(
            mut bytes in proptest::collection::vec(any::<u8>(), 1..200),
            has_checksum in any::<bool>(),
        ) {
            if has_checksum && bytes.len() > CHECKSUM_BYTES + HEADER_BYTES {
                let n_packed = (bytes.len() - CHECKSUM_BYTES) as u32;
                bytes[16] = [NONE, LZ4, ZSTD][usize::from(bytes[16]) % 3];
                bytes[17..21].copy_from_slice(&n_packed.to_le_bytes());
                bytes[23..25].copy_from_slice(&[0, 0]);
                let sum = checksum(&bytes[16..]);
                bytes[..16].copy_from_slice(&sum);
            }
            prop_assert_eq!(unpacked(&bytes, bytes.len()), unpacked(&bytes, 1));
        }
    }

    #[test]
    fn a_changed_block_is_refused() {
        let block = packed(&b"hello ".repeat(10));
        let cases: [(usize, u8, InsertErrorCode); 5] = [
            (0, block[0] ^ 1, InsertErrorCode::ChecksumDoesntMatch),
            (30, block[30] ^ 1, InsertErrorCode::ChecksumDoesntMatch),
            (16, 0x91, InsertErrorCode::UnknownCompressionMethod),
            (20, 0x7f, InsertErrorCode::TooLargeSizeCompressed),
            (17, 9, InsertErrorCode::TooLargeSizeCompressed),
        ];
        for (at, byte, code) in cases {
            let mut changed = block.clone();
            changed[at] = byte;
            assert_eq!(unpacked(&changed, 7).unwrap_err().code, code, "{at}");
        }
        let short = unpacked(&block[..block.len() - 1], 7).unwrap_err();
        assert_eq!(short.code, InsertErrorCode::CannotReadAllData);
    }
}
