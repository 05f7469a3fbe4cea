//! Group commit: what waits is written together and synced together, then answered.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::clock;
use crate::error::AppendError;
use crate::layout::{BLOCK, RECORD_HEADER, RecordHeader, record_bytes};
use crate::log::Active;
use crate::log::{Bound, Done, Log, Pending, lock};
use crate::storage::StorageFile;

/// Small records are put together up to so many bytes and written at once; larger ones are written as they are.
const STAGED: usize = 1 << 20;

/// What only the thread that writes has.
pub(crate) struct Writer {
    pub(crate) active: Option<Active>,
    staged: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(active: Option<Active>) -> Self {
        Self {
            active,
            staged: Vec::new(),
        }
    }
}

/// Records that are written to one segment and not synced yet.
struct Run {
    records: Vec<(RecordHeader, Pending)>,
    bytes: u64,
}

impl Log {
    /// Writes, syncs and answers what waits. Says whether anything did.
    pub(crate) fn write_waiting(&self) -> bool {
        let mut writer = lock(&self.writer);
        let mut waiting = {
            let mut state = self.state();
            if state.failure.is_some() {
                return false;
            }
            std::mem::take(&mut state.queue)
        };
        if waiting.is_empty() {
            return false;
        }
        while let Some(first) = waiting.front() {
            let needed = record_bytes(first.payload.len());
            let is_begun = match &writer.active {
                Some(active) if active.room() >= needed => Ok(()),
                _ => self.next_segment(&mut writer, needed),
            };
            match is_begun {
                Ok(()) => self.write_run(&mut writer, &mut waiting),
                // Small records may still have room, so the next ones are tried, too.
                Err(error @ AppendError::Full { .. }) => {
                    self.answer_first(&mut waiting, &error);
                }
                Err(error) => self.answer_all(&mut waiting, &error),
            }
        }
        true
    }

    /// Begins a segment that has room for `needed` bytes.
    fn next_segment(&self, writer: &mut Writer, needed: u64) -> Result<(), AppendError> {
        // One block for the header, one for a seal.
        let whole = (2 * BLOCK + needed).next_multiple_of(BLOCK);
        let segment_bytes = whole.max(self.options.segment_bytes);
        let is_full = {
            let mut state = self.state();
            let end = state.end;
            // An empty one is replaced.
            let replaced = state.live.back().filter(|last| last.base == end);
            let is_full = state.live_bytes() - replaced.map_or(0, |last| last.size) + segment_bytes
                > self.options.max_bytes;
            if is_full {
                state.bound = Bound::Reached;
            }
            is_full
        };
        if is_full {
            let limit_bytes = self.options.max_bytes;
            return Err(AppendError::Full { limit_bytes });
        }
        // A file may be in the making, or a released one on its way to become a spare one.
        let _housekeeping = lock(&self.housekeeping);
        let is_large = segment_bytes > self.options.segment_bytes;
        let spare = if is_large { None } else { self.take_spare() };
        let begun = self.begin_segment(spare, segment_bytes);
        writer.active = Some(begun.map_err(|error| error.into_append_error(self))?);
        Ok(())
    }

    /// Says whether a record would be taken now: the file that takes it can be written and synced, or there is room for
    /// one.
    pub(crate) fn answer_probes(&self, probes: Vec<Done>) {
        if probes.is_empty() {
            return;
        }
        let outcome = self.probe_now();
        let end = self.state().end;
        for done in probes {
            Pending::answer(done, outcome.clone().map(|()| end..end));
        }
    }

    fn probe_now(&self) -> Result<(), AppendError> {
        let mut writer = lock(&self.writer);
        self.state().check()?;
        if writer
            .active
            .as_ref()
            .is_none_or(|active| active.room() < 2 * BLOCK)
        {
            return self.next_segment(&mut writer, BLOCK);
        }
        let Some(active) = writer.active.take() else {
            return Ok(());
        };
        let path = self.storage.path(&active.segment.name());
        // Written again as it is, so that a disk that has failed is found out before a record comes.
        let written = active
            .file
            .write_all_at(&active.segment.encode(), 0)
            .and_then(|()| active.sync(&path));
        if let Err(error) = written {
            let reason = format!("cannot write to {}: {error}", path.display());
            self.fail(reason.clone());
            return Err(AppendError::Failed {
                reason: reason.into(),
            });
        }
        writer.active = Some(active);
        Ok(())
    }

    /// Writes as much of what waits as the active segment has room for.
    fn write_run(&self, writer: &mut Writer, waiting: &mut VecDeque<Pending>) {
        let Some(active) = &mut writer.active else {
            return;
        };
        let run = self.take_run(active, waiting);
        let path = self.storage.path(&active.segment.name());
        let begin = clock::monotonic();
        let written = write(active, &run, &mut writer.staged).and_then(|()| active.sync(&path));
        let took = clock::since(begin);
        if let Err(error) = written {
            let reason = format!("cannot write to {}: {error}", path.display());
            writer.active = None;
            self.fail(reason.clone());
            let reason: Arc<str> = reason.into();
            let in_doubt = |_: &RecordHeader| {
                let reason = Arc::clone(&reason);
                Err(AppendError::InDoubt { reason })
            };
            self.answer(
                run.records
                    .into_iter()
                    .map(|(header, pending)| (in_doubt(&header), pending)),
            );
            self.answer_all(waiting, &AppendError::Failed { reason });
            return;
        }
        active.offset += run.bytes;
        let is_half_full = active.offset > active.segment.size / 2;
        let mut state = self.state();
        if let Some((last, _)) = run.records.last() {
            state.end = last.end();
        }
        state.n_syncs += 1;
        state.n_records += run.records.len() as u64;
        state.last_sync = took;
        let makes_ahead = is_half_full && !state.is_half_full;
        state.is_half_full = is_half_full;
        drop(state);
        if makes_ahead {
            self.chores.notify_one();
        }
        self.moved.notify_all();
        let answers = run.records.into_iter();
        self.answer(answers.map(|(header, pending)| (Ok(header.first..header.end()), pending)));
    }

    /// Takes the records that have room, and gives them their positions and places.
    fn take_run(&self, active: &Active, waiting: &mut VecDeque<Pending>) -> Run {
        let end = self.state().end;
        let written_ms = (self.options.clock)();
        let mut records: Vec<(RecordHeader, Pending)> = Vec::new();
        let mut bytes = 0;
        let mut position = end;
        while let Some(next) = waiting.front() {
            let needed = record_bytes(next.payload.len());
            if bytes + needed > active.room() {
                break;
            }
            let Some(pending) = waiting.pop_front() else {
                break;
            };
            let header = RecordHeader {
                first: position,
                synced: end,
                written_ms,
                items: pending.items.get(),
                length: pending.payload.len() as u32,
                payload_checksum: crc32fast::hash(&pending.payload),
                stride: needed as u32,
            };
            position = header.end();
            bytes += needed;
            records.push((header, pending));
        }
        // The next group begins at a block.
        let padded = bytes.next_multiple_of(BLOCK);
        if let Some((last, _)) = records.last_mut() {
            last.stride += (padded - bytes) as u32;
        }
        Run {
            records,
            bytes: padded,
        }
    }

    /// Marks the clean end of a journal that closes: from now on the last records are known to have been
    /// acknowledged, so that damage to them is never taken for a torn tail.
    pub(crate) fn seal(&self) {
        let mut writer = lock(&self.writer);
        let Writer { active, .. } = &mut *writer;
        let Some(active) = active else {
            return;
        };
        if active.offset + BLOCK > active.segment.size {
            return;
        }
        let end = self.state().end;
        let header = RecordHeader {
            first: end,
            synced: end,
            written_ms: (self.options.clock)(),
            items: 0,
            length: 0,
            payload_checksum: crc32fast::hash(&[]),
            stride: BLOCK as u32,
        };
        let mut block = header.encode(active.segment.salt).to_vec();
        block.resize(BLOCK as usize, 0);
        let written = active.file.write_all_at(&block, active.offset);
        if let Err(error) = written.and_then(|()| active.file.sync_data()) {
            tracing::warn!(%error, "the journal's clean end could not be marked");
        }
        writer.active = None;
    }

    fn answer(
        &self,
        answers: impl Iterator<Item = (Result<std::ops::Range<u64>, AppendError>, Pending)>,
    ) {
        for (outcome, pending) in answers {
            let queue_bytes = pending.queue_bytes();
            let Pending { payload, done, .. } = pending;
            drop(payload);
            self.state().queued_bytes -= queue_bytes;
            Pending::answer(done, outcome);
        }
    }

    fn answer_first(&self, waiting: &mut VecDeque<Pending>, error: &AppendError) {
        let first = waiting.pop_front();
        self.answer(
            first
                .into_iter()
                .map(|pending| (Err(error.clone()), pending)),
        );
    }

    fn answer_all(&self, waiting: &mut VecDeque<Pending>, error: &AppendError) {
        self.answer(
            waiting
                .drain(..)
                .map(|pending| (Err(error.clone()), pending)),
        );
    }
}

impl Active {
    /// Makes durable what was written, where it can be found again.
    fn sync(&self, path: &Path) -> io::Result<()> {
        self.file.sync_data()?;
        self.file.check_in_place(path)
    }

    /// Bytes that records have room for. The last block is kept for a seal.
    fn room(&self) -> u64 {
        let end = self.segment.size.saturating_sub(BLOCK);
        end.saturating_sub(self.offset)
    }
}

/// Writes the records of a run, and the zeros behind them.
fn write(active: &Active, run: &Run, staged: &mut Vec<u8>) -> io::Result<()> {
    let mut output = Output {
        file: &*active.file,
        offset: active.offset,
        staged,
    };
    output.staged.clear();
    for (header, pending) in &run.records {
        output.put(&header.encode(active.segment.salt))?;
        output.put(&pending.payload)?;
        let n_written = RECORD_HEADER + pending.payload.len();
        output.put(&[0; BLOCK as usize][..header.stride as usize - n_written])?;
    }
    output.flush()
}

/// Bytes on the way into a file.
struct Output<'a> {
    file: &'a dyn StorageFile,
    /// Where the staged ones belong.
    offset: u64,
    staged: &'a mut Vec<u8>,
}

impl Output<'_> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.staged.len() + bytes.len() > STAGED {
            self.flush()?;
        }
        if bytes.len() >= STAGED {
            self.file.write_all_at(bytes, self.offset)?;
            self.offset += bytes.len() as u64;
        } else {
            self.staged.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(self.staged, self.offset)?;
        self.offset += self.staged.len() as u64;
        self.staged.clear();
        Ok(())
    }
}
