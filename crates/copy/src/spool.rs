//! The rows of a file, on the disk by hours: a file has its rows in any order, and windows of time are compared.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::PathBuf;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::{filter_record_batch, take_record_batch};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use tempfile::TempDir;

use crate::columns::schema;
use crate::error::CopyError;
use crate::window::{Load, STEPS_MS, Window};

/// What is held before it is written, bytes.
const HELD_BYTES: usize = 64 << 20;

const DAY_MS: i64 = 86_400_000;

/// Rows in the form of this crate, by time.
pub struct Spool {
    dir: TempDir,
    /// Not yet written, by day.
    held: BTreeMap<i64, Vec<RecordBatch>>,
    n_held_bytes: usize,
    /// Files of each day.
    files: BTreeMap<i64, Vec<PathBuf>>,
    /// Rows and bytes of each hour.
    hours: BTreeMap<i64, (u64, u64)>,
}

impl Spool {
    /// In a folder that goes away with it.
    pub(crate) fn new() -> Result<Spool, CopyError> {
        let dir = TempDir::with_prefix("annoscope-copy-").map_err(|source| CopyError::File {
            path: std::env::temp_dir(),
            source,
        })?;
        Ok(Spool {
            dir,
            held: BTreeMap::new(),
            n_held_bytes: 0,
            files: BTreeMap::new(),
            hours: BTreeMap::new(),
        })
    }

    /// Takes rows in the form of this crate.
    pub(crate) fn push(&mut self, rows: &RecordBatch) -> Result<(), CopyError> {
        let mut days: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
        let payloads = crate::columns::text(rows, "payload");
        for (row, ms) in times_ms(rows).enumerate() {
            days.entry(ms.div_euclid(DAY_MS))
                .or_default()
                .push(row as u64);
            let n_bytes = if payloads.is_valid(row) {
                payloads.value(row).len()
            } else {
                0
            };
            let hour = self.hours.entry(ms.div_euclid(STEPS_MS[0])).or_default();
            hour.0 += 1;
            hour.1 += n_bytes as u64;
        }
        for (day, places) in days {
            let part = take_record_batch(rows, &UInt64Array::from(places))?;
            self.n_held_bytes += part.get_array_memory_size();
            self.held.entry(day).or_default().push(part);
        }
        if self.n_held_bytes > HELD_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes what is held. To be called after the last rows.
    pub(crate) fn flush(&mut self) -> Result<(), CopyError> {
        for (day, batches) in std::mem::take(&mut self.held) {
            let files = self.files.entry(day).or_default();
            let path = self.dir.path().join(format!("{day}-{}.arrow", files.len()));
            let file = File::create(&path).map_err(|source| CopyError::File {
                path: path.clone(),
                source,
            })?;
            let mut writer = StreamWriter::try_new(BufWriter::new(file), &schema())?;
            for batch in batches {
                writer.write(&batch)?;
            }
            writer.finish()?;
            files.push(path);
        }
        self.n_held_bytes = 0;
        Ok(())
    }

    /// How much lies where, by hours.
    pub(crate) fn loads(&self) -> Vec<Load> {
        let load = |(&hour, &(n_rows, n_bytes)): (&i64, &(u64, u64))| Load {
            window: Window {
                begin_ms: hour * STEPS_MS[0],
                end_ms: (hour + 1) * STEPS_MS[0],
            },
            n_rows,
            n_bytes,
        };
        self.hours.iter().map(load).collect()
    }

    /// All rows of a window, in the order of their times and, among those of one time, of the file.
    pub(crate) fn read(&self, window: Window) -> Result<Vec<RecordBatch>, CopyError> {
        let Window { begin_ms, end_ms } = window;
        let days = begin_ms.div_euclid(DAY_MS)..=(end_ms - 1).div_euclid(DAY_MS);
        let mut batches = Vec::new();
        for path in self.files.range(days).flat_map(|(_, files)| files) {
            let file = File::open(path).map_err(|source| CopyError::File {
                path: path.clone(),
                source,
            })?;
            for batch in StreamReader::try_new(BufReader::new(file), None)? {
                let batch = batch?;
                let is_within: BooleanArray = times_ms(&batch)
                    .map(|ms| Some(begin_ms <= ms && ms < end_ms))
                    .collect();
                if is_within.true_count() > 0 {
                    batches.push(filter_record_batch(&batch, &is_within)?);
                }
            }
        }
        Ok(batches)
    }
}

fn times_ms(rows: &RecordBatch) -> impl Iterator<Item = i64> {
    let times = rows
        .column_by_name("timestamp")
        .expect("every batch has the schema")
        .as_primitive::<TimestampMicrosecondType>();
    times.values().iter().map(|micros| micros.div_euclid(1000))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, TimestampMicrosecondArray, new_null_array};

    use super::*;

    fn at(hours: &[i64]) -> RecordBatch {
        let times: Vec<i64> = hours.iter().map(|hour| hour * STEPS_MS[0] * 1000).collect();
        let schema = schema();
        let columns = schema.fields().iter().map(|field| -> ArrayRef {
            if field.name() == "timestamp" {
                Arc::new(TimestampMicrosecondArray::from(times.clone()))
            } else {
                new_null_array(field.data_type(), times.len())
            }
        });
        RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap()
    }

    #[test]
    fn rows_of_a_window_come_back_whatever_order_they_came_in() {
        let mut spool = Spool::new().unwrap();
        spool.push(&at(&[50, 0, -1, 23])).unwrap();
        spool.flush().unwrap();
        spool.push(&at(&[24, 1, 23])).unwrap();
        spool.flush().unwrap();
        let loads: Vec<(i64, u64)> = spool
            .loads()
            .iter()
            .map(|load| (load.window.begin_ms / STEPS_MS[0], load.n_rows))
            .collect();
        assert_eq!(loads, [(-1, 1), (0, 1), (1, 1), (23, 2), (24, 1), (50, 1)]);
        let cases = [((0, 24), 4), ((23, 25), 3), ((-24, 0), 1), ((51, 99), 0)];
        for ((begin, end), n_rows) in cases {
            let window = Window {
                begin_ms: begin * STEPS_MS[0],
                end_ms: end * STEPS_MS[0],
            };
            let found: usize = spool
                .read(window)
                .unwrap()
                .iter()
                .map(RecordBatch::num_rows)
                .sum();
            assert_eq!(found, n_rows, "{begin} to {end}");
        }
    }
}
