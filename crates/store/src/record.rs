//! A batch as a journal keeps it.
//!
//! All numbers are little endian. The layout never changes within a version; a golden test holds it.
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | version of the layout |
//! | 4 | number of columns: one that came later is NULL in an older record |
//! | 4 | number of hashes |
//! | 4 | length of the rows' description |
//! | 8 | time of receipt, ms since the epoch |
//! | 16 | id of the request |
//! | 16 each | hashes of the events that were seen for the first time |
//! | | description of the rows: an Arrow IPC message, filled up with zeros to 8 bytes |
//! | | their buffers, each filled up to 8 bytes |
//!
//! The schema is not part of it: that of 30 columns takes more than a lone event.

use std::collections::HashMap;
use std::sync::Arc;

use annoscope_events::{EventHash, Timestamp};
use arrow::array::{ArrayRef, RecordBatch, new_null_array};
use arrow::buffer::Buffer;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc;
use arrow::ipc::writer::{
    CompressionContext, DictionaryTracker, EncodedData, IpcDataGenerator, IpcWriteOptions,
};
use uuid::Uuid;

use crate::columns::table_schema;

const VERSION: u32 = 1;

const HEAD_BYTES: usize = 40;

/// What each part is filled up to, so that buffers are read where they lie.
const ALIGNMENT: usize = 8;

/// A batch with all that a restart has to know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// With the columns of [`table_schema`]; may be empty.
    pub rows: RecordBatch,
    /// Of the events that were seen for the first time, some of which may have become no row.
    pub hashes: Vec<EventHash>,
    /// When the request arrived.
    pub received_at: Timestamp,
    /// Id of the request.
    pub request_id: Uuid,
}

/// A record that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A newer annoscope wrote it.
    #[error("the record has version {found}, this annoscope reads up to {VERSION}")]
    NewerVersion {
        /// The record's version.
        found: u32,
    },
    /// It is shorter than it says.
    #[error("the record is cut off")]
    CutOff,
    /// Its rows are not what they should be.
    #[error("the record's rows cannot be read: {0}")]
    Rows(#[from] ArrowError),
}

impl Record {
    /// The bytes of the record.
    pub fn encode(&self) -> Vec<u8> {
        let EncodedData {
            ipc_message,
            arrow_data,
        } = encode_rows(&self.rows);
        let description_bytes = ipc_message.len().next_multiple_of(ALIGNMENT);
        let n_bytes = HEAD_BYTES + 16 * self.hashes.len() + description_bytes + arrow_data.len();
        let mut bytes = Vec::with_capacity(n_bytes);
        let counts = [
            VERSION,
            self.rows.num_columns() as u32,
            self.hashes.len() as u32,
            description_bytes as u32,
        ];
        for count in counts {
            bytes.extend(count.to_le_bytes());
        }
        bytes.extend(self.received_at.millis().to_le_bytes());
        bytes.extend(self.request_id.as_bytes());
        for hash in &self.hashes {
            bytes.extend(hash.0.to_le_bytes());
        }
        bytes.extend(&ipc_message);
        bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
        bytes.extend(&arrow_data);
        bytes
    }

    /// The record of [`Record::encode`], of this version or an older one.
    pub fn decode(bytes: &Buffer) -> Result<Record, RecordError> {
        let head = Head::read(bytes)?;
        let hashes = head.hashes(bytes)?;
        let (received_at, request_id) = (head.received_at, head.request_id);
        let rows = head.rows(bytes, None)?;
        Ok(Record {
            rows: with_all_columns(&rows)?,
            hashes,
            received_at,
            request_id,
        })
    }

    /// Time of receipt and hashes of a record, without its rows.
    pub fn decode_hashes(bytes: &[u8]) -> Result<(Timestamp, Vec<EventHash>), RecordError> {
        let head = Head::read(bytes)?;
        Ok((head.received_at, head.hashes(bytes)?))
    }

    /// One column of a record's rows, by its index in [`COLUMNS`](annoscope_events::COLUMNS).
    pub fn decode_column(bytes: &Buffer, index: usize) -> Result<ArrayRef, RecordError> {
        let head = Head::read(bytes)?;
        let rows = head.rows(bytes, Some(&[index]))?;
        Ok(Arc::clone(rows.column(0)))
    }
}

/// What stands before the hashes.
struct Head {
    n_columns: usize,
    n_hashes: usize,
    description_bytes: usize,
    received_at: Timestamp,
    request_id: Uuid,
}

impl Head {
    fn read(bytes: &[u8]) -> Result<Head, RecordError> {
        let head = bytes.first_chunk::<HEAD_BYTES>();
        let head = head.ok_or(RecordError::CutOff)?;
        let count = |at: usize| {
            let bytes = head[at..at + 4].try_into();
            u32::from_le_bytes(bytes.expect("4 bytes"))
        };
        let found = count(0);
        if found > VERSION {
            return Err(RecordError::NewerVersion { found });
        }
        let millis = head[16..24].try_into().expect("8 bytes");
        Ok(Head {
            n_columns: count(4) as usize,
            n_hashes: count(8) as usize,
            description_bytes: count(12) as usize,
            received_at: Timestamp::from_millis(i64::from_le_bytes(millis)),
            request_id: Uuid::from_bytes(head[24..40].try_into().expect("16 bytes")),
        })
    }

    fn hashes(&self, bytes: &[u8]) -> Result<Vec<EventHash>, RecordError> {
        let hashes = bytes.get(HEAD_BYTES..self.rows_at());
        let (hashes, _) = hashes.ok_or(RecordError::CutOff)?.as_chunks::<16>();
        let hash = |bytes: &[u8; 16]| EventHash(u128::from_le_bytes(*bytes));
        Ok(hashes.iter().map(hash).collect())
    }

    fn rows_at(&self) -> usize {
        HEAD_BYTES + 16 * self.n_hashes
    }

    fn rows(&self, bytes: &Buffer, columns: Option<&[usize]>) -> Result<RecordBatch, RecordError> {
        let body_at = self.rows_at() + self.description_bytes;
        if bytes.len() < body_at {
            return Err(RecordError::CutOff);
        }
        let wrong = |why: &str| ArrowError::IpcError(why.to_owned());
        let message = ipc::root_as_message(&bytes[self.rows_at()..body_at])
            .map_err(|error| wrong(&error.to_string()))?;
        let batch = message.header_as_record_batch();
        let batch = batch.ok_or_else(|| wrong("no record batch"))?;
        let rows = ipc::reader::read_record_batch(
            &bytes.slice(body_at),
            batch,
            first_columns(self.n_columns)?,
            &HashMap::new(),
            columns,
            &message.version(),
        )?;
        Ok(rows)
    }
}

fn encode_rows(rows: &RecordBatch) -> EncodedData {
    let options = IpcWriteOptions::try_new(ALIGNMENT, false, ipc::MetadataVersion::V5);
    let options = options.expect("the alignment is one of Arrow's");
    // The table has no dictionaries.
    let encoded = IpcDataGenerator::default().encode(
        rows,
        &mut DictionaryTracker::new(true),
        &options,
        &mut CompressionContext::default(),
    );
    encoded.expect("columns of the table can be encoded").1
}

/// Columns are only ever added at the end.
fn first_columns(n_columns: usize) -> Result<SchemaRef, ArrowError> {
    let schema = table_schema();
    let n_known = schema.fields().len();
    if n_columns > n_known {
        let why = format!("{n_columns} columns, {n_known} are known");
        return Err(ArrowError::SchemaError(why));
    }
    let fields = schema.fields().iter().take(n_columns).cloned();
    Ok(Arc::new(Schema::new(fields.collect::<Vec<_>>())))
}

fn with_all_columns(rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = table_schema();
    let mut columns = rows.columns().to_vec();
    for field in schema.fields().iter().skip(columns.len()) {
        columns.push(new_null_array(field.data_type(), rows.num_rows()));
    }
    RecordBatch::try_new(schema, columns)
}

#[cfg(test)]
pub(crate) mod tests;
