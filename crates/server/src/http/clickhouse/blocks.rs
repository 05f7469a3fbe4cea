//! ClickHouse's compressed blocks (`decompress=1`) as something that is read.

use std::io::{self, Read};

use annoscope_formats::CompressedReader;

/// Largest block, bytes: ClickHouse's clients write 1 MiB.
const MAX_BLOCK_BYTES: usize = 16 << 20;

/// What is read of the blocks at once, bytes.
const STEP_BYTES: usize = 64 * 1024;

/// Reads the content of blocks.
pub struct Blocks<R> {
    packed: R,
    reader: CompressedReader,
    content: Vec<u8>,
    /// Bytes of the content that were handed on.
    n_taken: usize,
}

impl<R: Read> Blocks<R> {
    /// The blocks that `packed` has.
    pub fn new(packed: R) -> Blocks<R> {
        Blocks {
            packed,
            reader: CompressedReader::new(MAX_BLOCK_BYTES),
            content: Vec::new(),
            n_taken: 0,
        }
    }
}

impl<R: Read> Read for Blocks<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.n_taken == self.content.len() {
            self.content.clear();
            self.n_taken = 0;
            let mut packed = vec![0; STEP_BYTES];
            let n_read = self.packed.read(&mut packed)?;
            if n_read == 0 {
                self.reader.finish().map_err(io::Error::other)?;
                return Ok(0);
            }
            let content = &mut self.content;
            let pushed = self.reader.push(&packed[..n_read], &mut |bytes| {
                content.extend_from_slice(bytes);
                Ok(())
            });
            pushed.map_err(io::Error::other)?;
        }
        let n_read = (&self.content[self.n_taken..]).read(buffer)?;
        self.n_taken += n_read;
        Ok(n_read)
    }
}

#[cfg(test)]
mod tests {
    use annoscope_formats::CompressedWriter;

    use super::*;

    #[test]
    fn blocks_are_read_whole_and_cut_ones_are_refused() {
        let plain: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let mut writer = CompressedWriter::default();
        let mut packed = Vec::new();
        writer.push(&plain, &mut packed);
        writer.flush(&mut packed);
        let read = |packed: &[u8]| {
            let mut bytes = Vec::new();
            Blocks::new(packed).read_to_end(&mut bytes).map(|_| bytes)
        };
        assert!(read(&packed).unwrap() == plain);
        assert!(read(&packed[..packed.len() - 1]).is_err());
        packed[20] ^= 1;
        assert!(read(&packed).is_err(), "its checksum is wrong");
    }
}
