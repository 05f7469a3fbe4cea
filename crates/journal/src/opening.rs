//! Opening: which segments there are, where the last one ends, and that what is found is on the disk.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use crate::error::{Damage, OpenError};
use crate::layout::{
    HeaderFault, Kind, SEGMENT_HEADER, SegmentHeader, parse_name, segment_name, spare_name,
    unfinished_name,
};
use crate::log::Active;
use crate::storage::{Storage, StorageFile};
use crate::walk::{Fault, Payload, Step, Walk, read_full};

/// Bytes that are written once more at a time.
const COPIED: usize = 1 << 20;

/// What a directory holds.
pub(crate) struct Opened {
    pub(crate) live: VecDeque<SegmentHeader>,
    pub(crate) spares: Vec<String>,
    pub(crate) next_number: u64,
    pub(crate) end: u64,
    /// The last segment, where records can follow in it.
    pub(crate) active: Option<Active>,
}

/// Opens what the storage holds. With `acknowledged`, the journal ends there: more is cut off, less is an error,
/// and nothing follows in the last segment, since one of its writes has failed.
pub(crate) fn open(
    storage: &dyn Storage,
    segment_bytes: u64,
    acknowledged: Option<u64>,
) -> Result<Opened, OpenError> {
    let in_directory = |action| io_error(storage, action, "");
    let names = storage.list().map_err(in_directory("list"))?;
    let files: Vec<_> = names.iter().filter_map(|name| parse_name(name)).collect();
    let next_number = 1 + files.iter().map(|(_, number)| *number).max().unwrap_or(0);
    let mut segments = BTreeMap::new();
    for (kind, number) in &files {
        if *kind == Kind::Segment {
            segments.insert(*number, read_header(storage, *number)?);
        }
    }
    let Chain { live, superseded } = chain(storage, &segments)?;
    let (end, active) = match live.back() {
        None => (0, None),
        Some(last) => open_last(storage, *last, acknowledged)?,
    };
    if let Some(acknowledged) = acknowledged
        && end < acknowledged
    {
        return Err(OpenError::Lost {
            dir: storage.path(""),
            found: end,
            acknowledged,
        });
    }
    // Only now is anything removed: a journal that cannot be opened stays as it is.
    for number in superseded {
        let name = segment_name(number);
        storage
            .remove(&name)
            .map_err(io_error(storage, "remove", &name))?;
    }
    let mut spares = Vec::new();
    for (kind, number) in files {
        match kind {
            Kind::Segment => {}
            Kind::Unfinished => {
                let name = unfinished_name(number);
                storage
                    .remove(&name)
                    .map_err(io_error(storage, "remove", &name))?;
            }
            Kind::Spare => {
                let name = spare_name(number);
                let size = storage
                    .open_read_only(&name)
                    .and_then(|file| file.size())
                    .map_err(io_error(storage, "open", &name))?;
                if size == segment_bytes {
                    spares.push(name);
                } else {
                    storage
                        .remove(&name)
                        .map_err(io_error(storage, "remove", &name))?;
                }
            }
        }
    }
    storage
        .sync_names()
        .map_err(in_directory("sync the names in"))?;
    Ok(Opened {
        live,
        spares,
        next_number,
        end,
        active,
    })
}

/// The header of a segment, whose file must be whole.
pub(crate) fn read_header(storage: &dyn Storage, number: u64) -> Result<SegmentHeader, OpenError> {
    let name = segment_name(number);
    let file = storage
        .open_read_only(&name)
        .map_err(io_error(storage, "open", &name))?;
    let mut bytes = [0; SEGMENT_HEADER];
    let read = read_full(&*file, &mut bytes, 0).and_then(|n_read| Ok((n_read, file.size()?)));
    let (n_read, size) = read.map_err(io_error(storage, "read", &name))?;
    let what = match SegmentHeader::decode(&bytes[..n_read]) {
        Ok(header) if header.number != number => {
            format!("is a copy of segment {}", header.number)
        }
        Ok(header) if header.size != size => {
            format!("has {size} bytes of {}", header.size)
        }
        Ok(header) => return Ok(header),
        Err(HeaderFault::Foreign) => "is not a segment of a journal".to_owned(),
        Err(HeaderFault::Version(version)) => {
            format!("has the version {version}, which a later annoscope wrote")
        }
        Err(HeaderFault::Checksum) => "has a damaged header".to_owned(),
    };
    let file = storage.path(&name);
    Err(OpenError::Header { file, what })
}

/// The segments in their order.
pub(crate) struct Chain {
    /// Those that hold the journal, oldest first.
    pub(crate) live: VecDeque<SegmentHeader>,
    /// Those that were left empty and replaced, and that a stop kept from being removed.
    pub(crate) superseded: Vec<u64>,
}

/// Goes from the newest segment back to the oldest.
pub(crate) fn chain(
    storage: &dyn Storage,
    segments: &BTreeMap<u64, SegmentHeader>,
) -> Result<Chain, OpenError> {
    let mut live = VecDeque::new();
    let mut next = segments.values().next_back().copied();
    while let Some(segment) = next {
        live.push_front(segment);
        next = segments.get(&segment.previous).copied();
        if let Some(before) = next
            && (before.number >= segment.number || before.base > segment.base)
        {
            let file = storage.path(&segment.name());
            let what = format!("does not follow segment {}", before.number);
            return Err(OpenError::Header { file, what });
        }
    }
    let mut superseded = Vec::new();
    for segment in segments.values() {
        let is_live = live.iter().any(|live| live.number == segment.number);
        let is_superseded = live.iter().any(|by| {
            by.number > segment.number && by.previous == segment.previous && by.base == segment.base
        });
        if is_superseded {
            superseded.push(segment.number);
        } else if !is_live {
            // What is released leaves from the oldest on, so a segment before a missing one is a hole.
            let after = live.front().map_or(segment.number, |oldest| oldest.number);
            let missing = live.front().map_or(0, |oldest| oldest.previous);
            return Err(OpenError::Gap {
                dir: storage.path(""),
                missing,
                after,
            });
        }
    }
    Ok(Chain { live, superseded })
}

/// The end of the last segment, and the segment itself where records can follow in it.
fn open_last(
    storage: &dyn Storage,
    segment: SegmentHeader,
    acknowledged: Option<u64>,
) -> Result<(u64, Option<Active>), OpenError> {
    let name = segment.name();
    let cannot_read = || io_error(storage, "read", &name);
    let file = storage
        .open(&name)
        .map_err(io_error(storage, "open", &name))?;
    let mut walk = Walk::new(file, segment);
    // Where the last group begins. All before it was acknowledged before it was written.
    let mut last_group = walk.offset;
    let fault = loop {
        if Some(walk.position) == acknowledged {
            break None;
        }
        let offset = walk.offset;
        match walk.step(Payload::Check).map_err(cannot_read())? {
            Step::Record(header) if header.synced == header.first => last_group = offset,
            Step::Record(_) => {}
            Step::Fault(fault) => break Some(fault),
        }
    };
    let end = walk.position;
    let Some(fault) = fault else {
        return Ok((end, None));
    };
    let beyond = walk.beyond().map_err(cannot_read())?;
    if beyond.synced > end {
        return Err(OpenError::Damaged(Damage {
            file: storage.path(&name),
            offset: walk.offset,
            position: end,
            fault,
        }));
    }
    if beyond.is_any || fault != Fault::Header || !walk.is_at_block() {
        tracing::warn!(
            file = %storage.path(&name).display(),
            offset = walk.offset,
            position = end,
            "a tail that was not acknowledged is cut off the journal"
        );
    }
    // What a process has written that was killed, or whose sync has failed, may be in the memory of the system
    // alone, and be taken for synced. So the last group is written once more.
    rewrite(&*walk.file, last_group..walk.offset).map_err(io_error(
        storage,
        "write the last records of",
        &name,
    ))?;
    let can_follow = !beyond.is_any && fault == Fault::Header && walk.is_at_block();
    let active = (can_follow && acknowledged.is_none()).then_some(Active {
        offset: walk.offset,
        file: walk.file,
        segment,
    });
    Ok((end, active))
}

/// Writes bytes of a file in their own place, and syncs it.
fn rewrite(file: &dyn StorageFile, range: std::ops::Range<u64>) -> io::Result<()> {
    let mut bytes = vec![0; COPIED];
    let mut offset = range.start;
    while offset < range.end {
        let n_bytes = (range.end - offset).min(COPIED as u64) as usize;
        let n_read = read_full(file, &mut bytes[..n_bytes], offset)?;
        if n_read < n_bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        file.write_all_at(&bytes[..n_bytes], offset)?;
        offset += n_bytes as u64;
    }
    file.sync_data()
}

/// An error of the system, with what was tried on which file; the empty name is the directory.
pub(crate) fn io_error(
    storage: &dyn Storage,
    action: &'static str,
    name: &str,
) -> impl FnOnce(io::Error) -> OpenError {
    let path = storage.path(name);
    move |source| OpenError::Io {
        action,
        path,
        source,
    }
}
