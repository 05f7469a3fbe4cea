//! What a worker does: rows from the store, through a format, into a file.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use annoscope_formats::{CsvWriter, FileError, ParquetWriter};
use annoscope_store::{Position, StoreError, export_schema};
use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{Schema, SchemaRef};
use arrow::error::ArrowError;

use tokio::runtime::Builder;

use super::error::Failure;
use super::job::Format;
use super::job_queue::JobQueue;
use super::jobs::Task;
use super::part_file::PartFile;
use super::progress::Range;
use crate::clock;

/// How long a worker waits for the store at most before it looks whether it has to stop.
const STEP: Duration = Duration::from_millis(200);

/// Works off jobs until the end.
pub(super) fn run(queue: &JobQueue) {
    while let Some(task) = queue.next_task() {
        // A panic would take the thread, and the jobs behind this one would wait for ever.
        let outcome = catch_unwind(AssertUnwindSafe(|| keep_writing(queue, &task)));
        let outcome = outcome.unwrap_or_else(|_| {
            Err(Failure::Io(std::io::Error::other(
                "an internal error, see the server's log",
            )))
        });
        queue.finish(task, outcome, clock::now());
    }
}

/// As [`write_result`], which begins anew where the database ended meanwhile.
fn keep_writing(queue: &JobQueue, task: &Task) -> Result<u64, Failure> {
    let begun = clock::monotonic();
    loop {
        let written = write_result(queue, task);
        let is_over = queue.is_closing() || clock::since(begun) > queue.settings.timeout;
        match written {
            Err(Failure::Store(StoreError::Lost)) if !is_over => {
                tracing::warn!(job = %task.job.key.id, "the database ended; the export begins anew");
            }
            outcome => return outcome,
        }
    }
}

/// Writes the result of a job; returns its size in bytes.
pub(super) fn write_result(queue: &JobQueue, task: &Task) -> Result<u64, Failure> {
    let result = queue.directory.result_path(&task.job);
    let file = PartFile::create(&result, queue, &task.progress)?;
    let schema = schema_of(&task.columns)?;
    let mut writer = ResultWriter::new(task.job.format, file, &schema)?;
    let begun = clock::monotonic();
    let check = || {
        if queue.is_closing() {
            return Err(Failure::Stopped);
        }
        if clock::since(begun) > queue.settings.timeout {
            let limit_ms = queue.settings.timeout_ms();
            return Err(Failure::TimedOut { limit_ms });
        }
        Ok(())
    };
    let asked_at = task.filter.before.unwrap_or_default();
    wait_until_visible(queue, asked_at, check)?;
    let mut batches = queue.store.export(task.filter)?;
    let mut range = Range::of(task.filter, task.started_at);
    while let Some(batch) = batches.blocking_next() {
        let batch = batch?;
        writer.write(&visible_columns(&batch, &schema)?)?;
        if let Some(permille) = range.permille(&batch) {
            task.progress.set_permille(permille);
        }
        check()?;
    }
    writer.finish()?.keep(&result)
}

/// Waits until an export finds everything before the position at which it was asked for.
fn wait_until_visible(
    queue: &JobQueue,
    acknowledged: Position,
    check: impl Fn() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let timer = Builder::new_current_thread().enable_time().build();
    let timer = timer.map_err(Failure::Io)?;
    while queue.store.visible() < acknowledged {
        check()?;
        let visible = async {
            let visible = queue.store.wait_until_visible(acknowledged);
            tokio::time::timeout(STEP, visible).await
        };
        if let Ok(closed) = timer.block_on(visible) {
            closed?;
        }
    }
    Ok(())
}

/// The formats.
enum ResultWriter<W: Write + Send> {
    Csv(CsvWriter<W>),
    Parquet(ParquetWriter<W>),
}

impl<W: Write + Send> ResultWriter<W> {
    fn new(format: Format, to: W, schema: &Schema) -> Result<ResultWriter<W>, FileError> {
        Ok(match format {
            Format::Csv => ResultWriter::Csv(CsvWriter::new(to, schema)?),
            Format::Parquet => ResultWriter::Parquet(ParquetWriter::new(to, schema)?),
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<(), FileError> {
        match self {
            ResultWriter::Csv(writer) => writer.write(batch),
            ResultWriter::Parquet(writer) => writer.write(batch),
        }
    }

    fn finish(self) -> Result<W, FileError> {
        match self {
            ResultWriter::Csv(writer) => writer.finish(),
            ResultWriter::Parquet(writer) => writer.finish(),
        }
    }
}

/// The schema of these columns.
fn schema_of(columns: &[&str]) -> Result<SchemaRef, ArrowError> {
    let schema = export_schema();
    let places = columns.iter().map(|name| schema.index_of(name));
    let places = places.collect::<Result<Vec<usize>, ArrowError>>()?;
    schema.project(&places).map(Arc::new)
}

/// The columns of the schema, in its order and of its types: a store may send others as well, or wider ones.
pub(super) fn visible_columns(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    let columns = schema.fields().iter().map(|field| {
        let column = batch.column(batch.schema_ref().index_of(field.name())?);
        if column.data_type() == field.data_type() {
            Ok(Arc::clone(column))
        } else {
            cast(column, field.data_type())
        }
    });
    let columns = columns.collect::<Result<Vec<_>, ArrowError>>()?;
    RecordBatch::try_new(Arc::clone(schema), columns)
}
