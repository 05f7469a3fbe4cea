//! Rows as frames of Arrow IPC.

use annoscope_store::StoreError;
use arrow::array::{Array, RecordBatch};
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamDecoder;
use arrow::ipc::writer::StreamWriter;

use crate::frame::{Frame, Kind};

/// Rows that take more are cut, bytes: both ends hold a few frames each.
const CUT_BYTES: usize = 4 << 20;

/// Makes frames of batches.
#[derive(Default)]
pub(crate) struct Encoder {
    /// The schema of the last batch, and what writes those that have it.
    stream: Option<(SchemaRef, StreamWriter<Vec<u8>>)>,
}

impl Encoder {
    /// The frames of a batch, which may have other columns than the last one.
    pub(crate) fn encode(&mut self, batch: &RecordBatch) -> Result<Vec<Frame>, StoreError> {
        let frames = pieces(batch).map(|piece| self.frame(&piece));
        frames.collect::<Result<_, _>>().map_err(failed)
    }

    fn frame(&mut self, batch: &RecordBatch) -> Result<Frame, ArrowError> {
        let schema = batch.schema();
        let (mut writer, kind) = match self.stream.take() {
            Some((last, writer)) if last == schema => (writer, Kind::Rows),
            _ => (StreamWriter::try_new(Vec::new(), &schema)?, Kind::FirstRows),
        };
        writer.write(batch)?;
        let content = std::mem::take(writer.get_mut());
        self.stream = Some((schema, writer));
        Ok(Frame { kind, content })
    }
}

/// Makes batches of frames.
#[derive(Default)]
pub(crate) struct Decoder(StreamDecoder);

impl Decoder {
    /// The batch of a frame of rows.
    pub(crate) fn decode(&mut self, frame: Frame) -> Result<RecordBatch, StoreError> {
        if frame.kind == Kind::FirstRows {
            self.0 = StreamDecoder::new();
        }
        let mut bytes = Buffer::from(frame.content);
        let mut batch = self.0.decode(&mut bytes).map_err(failed)?;
        if batch.is_none() {
            // Rows without buffers are told when bytes follow: those that every message begins with.
            let mut next = Buffer::from(&[0xff; 4]);
            batch = self.0.decode(&mut next).map_err(failed)?;
        }
        batch.ok_or_else(|| StoreError::Failed("a frame of rows without rows".into()))
    }
}

fn failed(error: ArrowError) -> StoreError {
    StoreError::Failed(error.into())
}

/// A batch in pieces of about [`CUT_BYTES`].
fn pieces(batch: &RecordBatch) -> impl Iterator<Item = RecordBatch> {
    let n_bytes: usize = batch.columns().iter().map(|column| bytes(column)).sum();
    let n_rows = batch.num_rows();
    let step = n_rows.div_ceil(n_bytes.div_ceil(CUT_BYTES).max(1)).max(1);
    // A batch without rows is one piece: it tells the columns.
    let starts = (0..n_rows.max(1)).step_by(step);
    starts.map(move |start| batch.slice(start, step.min(n_rows - start)))
}

/// What the rows of a column take, which may be a part of its buffers.
fn bytes(column: &dyn Array) -> usize {
    let data = column.to_data();
    let known = data.get_slice_memory_size();
    known.unwrap_or_else(|_| column.get_array_memory_size())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, ListArray, NullArray, StringArray};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn texts(texts: &[&str]) -> RecordBatch {
        let column = Arc::new(StringArray::from_iter_values(texts));
        RecordBatch::try_from_iter([("t", column as _)]).unwrap()
    }

    fn numbers() -> RecordBatch {
        let numbers = Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]));
        let lists = [Some(vec![Some(1), None]), None, Some(vec![])];
        let lists = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists));
        RecordBatch::try_from_iter([("n", numbers as _), ("l", lists as _)]).unwrap()
    }

    /// Rows without any buffer.
    fn nulls(n_rows: usize) -> RecordBatch {
        RecordBatch::try_from_iter([("n", Arc::new(NullArray::new(n_rows)) as _)]).unwrap()
    }

    #[test]
    fn batches_cross_also_where_their_columns_change() {
        let batches = [
            texts(&["a", "b"]),
            texts(&["c"]),
            numbers().slice(1, 2),
            texts(&[]),
            numbers().slice(0, 0),
            numbers(),
            nulls(2),
            nulls(1),
            nulls(0),
            numbers(),
        ];
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
        for batch in batches {
            let [frame] = encoder.encode(&batch).unwrap().try_into().unwrap();
            assert_eq!(decoder.decode(frame).unwrap(), batch);
        }
    }

    #[test]
    fn a_large_batch_crosses_in_pieces() {
        let long = "x".repeat(CUT_BYTES / 4);
        let batch = texts(&[long.as_str(); 10]);
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
        let frames = encoder.encode(&batch).unwrap();
        assert!(frames.len() > 1, "{}", frames.len());
        let mut n_rows = 0;
        for frame in frames {
            assert!(frame.content.len() < 2 * CUT_BYTES);
            n_rows += decoder.decode(frame).unwrap().num_rows();
        }
        assert_eq!(n_rows, 10);
    }

    #[test]
    fn what_are_no_rows_is_an_error() {
        let garbage = Frame {
            kind: Kind::FirstRows,
            content: vec![1; 100],
        };
        assert!(Decoder::default().decode(garbage).is_err());
        assert!(Decoder::default().decode(Frame::bare(Kind::Rows)).is_err());
    }
}
