//! What a directory holds, for the operator: read alone, beside a running journal, too.

use std::collections::BTreeMap;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::error::{Damage, OpenError};
use crate::layout::{Kind, SegmentHeader, parse_name};
use crate::opening::{Chain, chain, io_error, read_header};
use crate::storage::{Directory, Storage};
use crate::walk::{Fault, Payload, Step, Walk};

/// What was found in the directory of a journal.
#[derive(Debug)]
pub struct Report {
    /// Its segments, oldest first.
    pub segments: Vec<SegmentReport>,
    /// Number of the files that wait for their next use.
    pub spare_files: usize,
    /// What is damaged or missing. None of a torn tail, which was never acknowledged.
    pub problems: Vec<OpenError>,
}

/// What was found in a segment.
#[derive(Debug, Clone)]
pub struct SegmentReport {
    /// Its file.
    pub file: PathBuf,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Position of its first record.
    pub begin: u64,
    /// Position after the last record that can be read.
    pub end: u64,
    /// Number of its records that can be read.
    pub records: u64,
    /// Bytes of their payloads.
    pub payload_bytes: u64,
    /// Where records begin that were not written in full; a running journal may be writing them.
    pub torn_at: Option<u64>,
}

/// A record, without what it holds.
#[derive(Debug, Clone)]
pub struct RecordInfo {
    /// Position of its first item.
    pub first: u64,
    /// Number of its items.
    pub items: u32,
    /// When it was written, in milliseconds since 1970, UTC.
    pub written_ms: u64,
    /// Bytes of its payload.
    pub payload_bytes: u32,
    /// The file that holds it.
    pub file: PathBuf,
    /// Where it begins in the file, in bytes.
    pub offset: u64,
}

/// Reads all of a journal, whose directory must be there, and compares each checksum. Nothing is changed. An error says
/// that the directory cannot be read; what is wrong with the journal is in the report.
pub fn check(dir: &Path) -> Result<Report, OpenError> {
    records(dir, 0, |_| ControlFlow::Continue(()))
}

/// The same from the record that holds a position on, with each record, until `visit` breaks off.
pub fn records(
    dir: &Path,
    from: u64,
    visit: impl FnMut(RecordInfo) -> ControlFlow<()>,
) -> Result<Report, OpenError> {
    let storage = Directory::existing(dir.to_owned()).map_err(|source| OpenError::Io {
        action: "list",
        path: dir.to_owned(),
        source,
    })?;
    inspect(&storage, from, visit)
}

fn inspect(
    storage: &dyn Storage,
    from: u64,
    mut visit: impl FnMut(RecordInfo) -> ControlFlow<()>,
) -> Result<Report, OpenError> {
    let names = storage.list().map_err(io_error(storage, "list", ""))?;
    let mut report = Report {
        segments: Vec::new(),
        spare_files: 0,
        problems: Vec::new(),
    };
    let mut segments = BTreeMap::new();
    for (kind, number) in names.iter().filter_map(|name| parse_name(name)) {
        match kind {
            Kind::Unfinished => {}
            Kind::Spare => report.spare_files += 1,
            Kind::Segment => match read_header(storage, number) {
                Ok(header) => {
                    segments.insert(number, header);
                }
                // Released since the files were listed.
                Err(error) if is_missing(&error) => {}
                Err(error) => report.problems.push(error),
            },
        }
    }
    let live = match chain(storage, &segments) {
        Ok(Chain { live, .. }) => live.into_iter().collect(),
        Err(problem) => {
            report.problems.push(problem);
            segments.into_values().collect::<Vec<_>>()
        }
    };
    for (index, segment) in live.iter().enumerate() {
        let end = live.get(index + 1).map(|next| next.base);
        if end.is_some_and(|end| end <= from && end > segment.base) {
            continue;
        }
        let limits = from..end.unwrap_or(u64::MAX);
        match read_segment(storage, *segment, limits, &mut visit) {
            Ok((segment, flow)) => {
                report.segments.push(segment);
                if flow.is_break() {
                    break;
                }
            }
            Err(_) if is_released(storage, segment) => {}
            Err(problem) => {
                let Problem { read, error } = *problem;
                report.segments.push(read);
                report.problems.push(error);
            }
        }
    }
    Ok(report)
}

/// What could be read of a segment, and why no more.
struct Problem {
    read: SegmentReport,
    error: OpenError,
}

fn read_segment(
    storage: &dyn Storage,
    segment: SegmentHeader,
    positions: std::ops::Range<u64>,
    visit: &mut impl FnMut(RecordInfo) -> ControlFlow<()>,
) -> Result<(SegmentReport, ControlFlow<()>), Box<Problem>> {
    let name = segment.name();
    let path = storage.path(&name);
    let mut report = SegmentReport {
        file: path.clone(),
        file_bytes: segment.size,
        begin: segment.base,
        end: segment.base,
        records: 0,
        payload_bytes: 0,
        torn_at: None,
    };
    let problem = |read: &SegmentReport, error| {
        let read = read.clone();
        Box::new(Problem { read, error })
    };
    let cannot_read =
        |read: &SegmentReport, source| problem(read, io_error(storage, "read", &name)(source));
    let file = storage.open_read_only(&name);
    let file = file.map_err(|source| cannot_read(&report, source))?;
    let mut walk = Walk::new(file, segment);
    let mut payload = Vec::new();
    // Proof that what cannot be read was synced once.
    let mut is_synced = false;
    while walk.position < positions.end {
        let offset = walk.offset;
        let step = walk.step(Payload::Take {
            from: positions.start,
            into: &mut payload,
        });
        match step.map_err(|source| cannot_read(&report, source))? {
            Step::Record(header) => {
                is_synced = false;
                report.end = header.end();
                if header.is_seal() || header.end() <= positions.start {
                    continue;
                }
                report.records += 1;
                report.payload_bytes += u64::from(header.length);
                let flow = visit(RecordInfo {
                    first: header.first,
                    items: header.items,
                    written_ms: header.written_ms,
                    payload_bytes: header.length,
                    file: path.clone(),
                    offset,
                });
                if flow.is_break() {
                    return Ok((report, flow));
                }
            }
            Step::Fault(fault) => {
                let is_last = positions.end == u64::MAX;
                if is_last && !is_synced {
                    let beyond = walk.beyond();
                    let beyond = beyond.map_err(|source| cannot_read(&report, source))?;
                    if beyond.synced <= walk.position {
                        let is_torn = beyond.is_any || fault != Fault::Header;
                        report.torn_at = is_torn.then_some(offset);
                        break;
                    }
                    // A running journal may have written it after it was read: once more.
                    is_synced = true;
                    continue;
                }
                let damage = Damage {
                    file: path,
                    offset,
                    position: walk.position,
                    fault,
                };
                return Err(problem(&report, OpenError::Damaged(damage)));
            }
        }
    }
    Ok((report, ControlFlow::Continue(())))
}

fn is_missing(error: &OpenError) -> bool {
    matches!(error, OpenError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

/// Whether the file is none of the segment any more: a running journal has released it.
fn is_released(storage: &dyn Storage, segment: &SegmentHeader) -> bool {
    match read_header(storage, segment.number) {
        Ok(header) => header != *segment,
        Err(error) => is_missing(&error),
    }
}
