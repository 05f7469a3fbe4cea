//! `annoscope journal …`: what the journal holds, read alone, beside a running server, too.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use annoscope_events::Timestamp;
use annoscope_journal::{OpenError, RecordInfo, Report, SegmentReport, check, records};
use clap::{Args, Subcommand};

use super::CliError;
use crate::config::Config;
use crate::dir_lock::{DirLock, LockError};

/// What to see of the journal.
#[derive(Subcommand)]
pub(super) enum JournalCommand {
    /// Read all of it and compare each checksum; exit code 1 where something is damaged or missing
    Check(JournalPlace),
    /// List its records: position, number of events, bytes, time, file
    Show(ShowArgs),
}

#[derive(Args)]
pub(super) struct JournalPlace {
    /// The journal's directory [default: the one of the settings]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    place: JournalPlace,
    /// Begin at the record that holds this position
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    from: u64,
    /// So many records at most
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: u64,
}

/// Why nothing is shown, or what is wrong with what is.
#[derive(Debug, thiserror::Error)]
pub enum JournalCommandError {
    /// The directory cannot be read.
    #[error("the journal cannot be read: {0}")]
    Unreadable(#[from] OpenError),
    /// The lock of the data directory cannot be read.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Something is damaged or missing.
    #[error("{}", listed(.0))]
    Damaged(Vec<OpenError>),
}

fn listed(problems: &[OpenError]) -> String {
    let lines: Vec<String> = problems.iter().map(OpenError::to_string).collect();
    lines.join("\n")
}

/// Does it, on the journal of the settings unless another one is named.
pub(super) fn run(
    command: JournalCommand,
    config: &Config,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let dir = |place: JournalPlace| place.dir.unwrap_or_else(|| config.journal_dir());
    let report = match command {
        JournalCommand::Check(place) => {
            let report = check(&dir(place)).map_err(JournalCommandError::Unreadable)?;
            print_report(&report, out)?;
            report
        }
        JournalCommand::Show(args) => {
            let ShowArgs { place, from, limit } = args;
            print_records(&dir(place), from, limit, out)?
        }
    };
    let torn = report
        .segments
        .iter()
        .find_map(|segment| Some((segment, segment.torn_at?)));
    if let Some((segment, offset)) = torn {
        let holder = DirLock::holder(&config.data_dir).map_err(JournalCommandError::Lock)?;
        print_torn(segment, offset, holder.is_some(), out)?;
    }
    if report.problems.is_empty() {
        Ok(())
    } else {
        Err(JournalCommandError::Damaged(report.problems).into())
    }
}

fn print_report(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let header = ["BEGIN", "END", "RECORDS", "BYTES", "FILE"].map(str::to_owned);
    let rows = report.segments.iter().map(|segment| {
        [
            segment.begin.to_string(),
            segment.end.to_string(),
            segment.records.to_string(),
            segment.payload_bytes.to_string(),
            name(&segment.file),
        ]
    });
    let rows: Vec<_> = std::iter::once(header).chain(rows).collect();
    let widths: [usize; 4] = std::array::from_fn(|column| {
        let lengths = rows.iter().map(|row| row[column].len());
        lengths.max().unwrap_or(0)
    });
    for [begin, end, records, bytes, file] in &rows {
        let [w0, w1, w2, w3] = widths;
        writeln!(
            out,
            "{begin:>w0$}  {end:>w1$}  {records:>w2$}  {bytes:>w3$}  {file}"
        )?;
    }
    let n_records: u64 = report.segments.iter().map(|segment| segment.records).sum();
    let file_bytes: u64 = report
        .segments
        .iter()
        .map(|segment| segment.file_bytes)
        .sum();
    let spare_files = report.spare_files;
    writeln!(
        out,
        "{n_records} records can be read, in files of {file_bytes} bytes; {spare_files} files wait for their use."
    )
}

/// Prints the rows as they are read: the widths are those of the largest numbers that are likely.
fn print_records(
    dir: &Path,
    from: u64,
    limit: u64,
    out: &mut dyn Write,
) -> Result<Report, CliError> {
    let mut printed = print_record(out, ["POSITION", "EVENTS", "BYTES", "WRITTEN", "FILE"]);
    let mut n_left = limit;
    let report = records(dir, from, |record| {
        if n_left == 0 || printed.is_err() {
            return ControlFlow::Break(());
        }
        n_left -= 1;
        let RecordInfo {
            first,
            items,
            payload_bytes,
            written_ms,
            file,
            offset,
        } = record;
        let written_ms = i64::try_from(written_ms).unwrap_or(i64::MAX);
        let cells = [
            first.to_string(),
            items.to_string(),
            payload_bytes.to_string(),
            Timestamp::from_millis(written_ms)
                .min(Timestamp::LATEST)
                .to_string(),
            format!("{}:{offset}", name(&file)),
        ];
        printed = print_record(out, cells.each_ref().map(String::as_str));
        ControlFlow::Continue(())
    });
    printed?;
    Ok(report.map_err(JournalCommandError::Unreadable)?)
}

fn print_record(out: &mut dyn Write, cells: [&str; 5]) -> io::Result<()> {
    let [position, events, bytes, written, file] = cells;
    writeln!(
        out,
        "{position:>14}  {events:>7}  {bytes:>9}  {written:24}  {file}"
    )
}

fn print_torn(
    segment: &SegmentReport,
    offset: u64,
    is_in_use: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let file = name(&segment.file);
    let end = segment.end;
    if is_in_use {
        writeln!(
            out,
            "The data directory is in use: what follows position {end} ({file}, byte {offset}) is being written."
        )
    } else {
        writeln!(
            out,
            "What follows position {end} ({file}, byte {offset}) was not written in full and never acknowledged; \
             the next start cuts it off."
        )
    }
}

/// The name of a file within the directory.
fn name(file: &Path) -> String {
    let name = file.file_name().unwrap_or(file.as_os_str());
    name.to_string_lossy().into_owned()
}
