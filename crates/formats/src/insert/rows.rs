//! Rows in text: what finds their ends in bytes as they come, whatever the syntax.

use super::error::{InsertError, InsertErrorCode};
use super::{InsertRow, RowReader, RowSink};

/// What programs put before UTF-8, and ClickHouse passes over.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// How rows are written.
pub(super) trait Syntax: Send {
    /// Looks at the next byte: whether a row ends behind it. Each byte is shown once.
    fn is_end(&mut self, byte: u8) -> bool;

    /// Reads what came up to an end, or at last (`is_last`) what came behind the last one. `None` where that is
    /// no row, but a header or nothing.
    fn read(&mut self, text: &[u8], is_last: bool) -> Result<Option<InsertRow>, InsertError>;
}

/// Reads rows of a syntax.
pub(super) struct TextReader<S> {
    syntax: S,
    /// What came of the row that is not complete.
    pending: Vec<u8>,
    has_begun: bool,
    max_bytes: usize,
    n_rows: u64,
}

impl<S: Syntax> TextReader<S> {
    pub(super) fn new(syntax: S, max_bytes: usize) -> TextReader<S> {
        TextReader {
            syntax,
            pending: Vec::new(),
            has_begun: false,
            max_bytes,
            n_rows: 0,
        }
    }

    fn read(&mut self, bytes: &[u8], rows: &mut RowSink<'_>) -> Result<(), InsertError> {
        let mut start = 0;
        for (at, &byte) in bytes.iter().enumerate() {
            if !self.syntax.is_end(byte) {
                continue;
            }
            let piece = &bytes[start..=at];
            start = at + 1;
            self.check_size(piece.len())?;
            if self.pending.is_empty() {
                self.give(piece, false, rows)?;
            } else {
                let mut whole = std::mem::take(&mut self.pending);
                whole.extend_from_slice(piece);
                self.give(&whole, false, rows)?;
            }
        }
        self.check_size(bytes.len() - start)?;
        self.pending.extend_from_slice(&bytes[start..]);
        Ok(())
    }

    fn give(
        &mut self,
        text: &[u8],
        is_last: bool,
        rows: &mut RowSink<'_>,
    ) -> Result<(), InsertError> {
        let row = self.syntax.read(text, is_last);
        if let Some(row) = row.map_err(|error| error.in_row(self.n_rows + 1))? {
            self.n_rows += 1;
            rows(row).map_err(|error| error.in_row(self.n_rows))?;
        }
        Ok(())
    }

    fn check_size(&self, n_more: usize) -> Result<(), InsertError> {
        if self.pending.len() + n_more <= self.max_bytes {
            return Ok(());
        }
        let message = format!("a row has more than {} bytes", self.max_bytes);
        let error = InsertError::new(InsertErrorCode::TooLargeStringSize, message);
        Err(error.in_row(self.n_rows + 1))
    }

    /// Takes the mark away, once as many bytes came as it has; those are in `pending` till then.
    fn begin(&mut self, rows: &mut RowSink<'_>) -> Result<(), InsertError> {
        self.has_begun = true;
        let first = std::mem::take(&mut self.pending);
        let first = first.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&first);
        self.read(first, rows)
    }
}

impl<S: Syntax> RowReader for TextReader<S> {
    fn push(&mut self, mut bytes: &[u8], rows: &mut RowSink<'_>) -> Result<(), InsertError> {
        if !self.has_begun {
            let n_taken = (BYTE_ORDER_MARK.len() - self.pending.len()).min(bytes.len());
            self.pending.extend_from_slice(&bytes[..n_taken]);
            bytes = &bytes[n_taken..];
            if self.pending.len() < BYTE_ORDER_MARK.len() {
                return Ok(());
            }
            self.begin(rows)?;
        }
        self.read(bytes, rows)
    }

    fn finish(&mut self, rows: &mut RowSink<'_>) -> Result<(), InsertError> {
        if !self.has_begun {
            self.begin(rows)?;
        }
        let rest = std::mem::take(&mut self.pending);
        self.give(&rest, true, rows)
    }
}
