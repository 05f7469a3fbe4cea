//! The body of an answer: rows as they come, within the limit of bytes, one piece in memory.

use std::ops::Range;

use annoscope_formats::{Encoder, ErrorBody, Format, Stats};
use bytes::Bytes;
use futures::Stream;

use crate::error::QueryError;
use crate::run::Run;

/// A body that is cut off, because its format has no place for an error. The connection is closed
/// without the mark of the end, which clients report.
#[derive(Debug, thiserror::Error)]
#[error("the query failed after rows had been sent")]
pub struct CutOff;

/// An answer under way.
pub struct Answer {
    run: Run,
    encoder: Box<dyn Encoder>,
    /// Bytes that the rows may still take.
    n_bytes_left: u64,
    /// Rows of the loaded batch that are not written.
    rows: Range<usize>,
    state: State,
    stats: Option<Stats>,
    /// What was written of the piece that failed.
    unsent: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    NotBegun,
    Rows,
    Ended,
}

impl Answer {
    /// An answer with at most `max_bytes` of rows.
    pub fn new(run: Run, format: Format, max_bytes: u64) -> Answer {
        Answer {
            encoder: format.encoder(&run.columns, &run.style),
            run,
            n_bytes_left: max_bytes,
            rows: 0..0,
            state: State::NotBegun,
            stats: None,
            unsent: Vec::new(),
        }
    }

    /// The body, piece by piece. Dropping it ends the query. `to_error_body` says what the client learns of
    /// an error; it is called within the span of the request.
    pub fn into_stream(
        self,
        to_error_body: impl Fn(QueryError) -> ErrorBody + Send + Sync,
    ) -> impl Stream<Item = Result<Bytes, CutOff>> + Send {
        futures::stream::unfold((self, to_error_body), |(mut answer, to_error_body)| async {
            let piece = answer.next(&to_error_body).await.transpose()?;
            Some((piece.map(Bytes::from), (answer, to_error_body)))
        })
    }

    async fn next(
        &mut self,
        to_error_body: &(impl Fn(QueryError) -> ErrorBody + Send + Sync),
    ) -> Result<Option<Vec<u8>>, CutOff> {
        match self.next_piece().await {
            Ok(piece) => Ok(piece),
            Err(error) => {
                let error = self.run.span().in_scope(|| to_error_body(error));
                let mut out = std::mem::take(&mut self.unsent);
                if self.encoder.fail(&error, &mut out) {
                    Ok(Some(out))
                } else {
                    Err(CutOff)
                }
            }
        }
    }

    /// The next piece of the body; `None` after its end. For who tells of a failure in another way than the
    /// format.
    pub async fn next_piece(&mut self) -> Result<Option<Vec<u8>>, QueryError> {
        if self.state == State::Ended {
            return Ok(None);
        }
        let mut out = Vec::new();
        if self.state == State::NotBegun {
            self.encoder.begin(&mut out);
            self.state = State::Rows;
        }
        let written = self.write_piece(&mut out).await;
        match written {
            Ok(()) => Ok(Some(out)),
            Err(error) => {
                self.state = State::Ended;
                self.run.fail(&error);
                self.unsent = out;
                Err(error)
            }
        }
    }

    /// How the query ended, after the last piece of its body.
    pub fn stats(&self) -> Option<Stats> {
        self.stats
    }

    /// Writes some rows, or the end.
    async fn write_piece(&mut self, out: &mut Vec<u8>) -> Result<(), QueryError> {
        if self.rows.is_empty() {
            let Some(batch) = self.run.next().await? else {
                return self.end(out);
            };
            self.rows = 0..batch.num_rows();
            self.encoder.load(batch)?;
        }
        let end = self
            .rows
            .end
            .min(self.rows.start + self.encoder.piece_rows());
        let (piece, n_before) = (self.rows.start..end, out.len());
        let n_rows = piece.len();
        self.encoder.write(piece, out)?;
        let n_bytes = (out.len() - n_before) as u64;
        if n_bytes > self.n_bytes_left {
            out.truncate(n_before);
            self.run.truncate();
            return self.end(out);
        }
        self.n_bytes_left -= n_bytes;
        self.rows.start = end;
        self.run.sent(n_rows);
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), QueryError> {
        let stats = self.run.finish();
        self.encoder.end(&stats, out)?;
        self.stats = Some(stats);
        self.state = State::Ended;
        Ok(())
    }
}
