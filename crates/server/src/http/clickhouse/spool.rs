//! Bytes that have to be whole before they are used: an INSERT, and an answer that waits for its end. The first are
//! in memory, the others in a file without a name, which is gone with the process.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures::Stream;

use crate::http::admission::SpoolRoom;
use crate::http::error::ApiError;

/// What is kept in memory, bytes.
pub const MEMORY_BYTES: usize = 64 * 1024;

/// What is read from the file at once, bytes.
const STEP_BYTES: usize = 256 * 1024;

/// Bytes within their room.
pub struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
    n_bytes: usize,
    dir: PathBuf,
    room: SpoolRoom,
}

impl Spool {
    /// Nothing yet. `dir` is where its file lies.
    pub fn new(dir: &Path, room: SpoolRoom) -> Spool {
        Spool {
            memory: Vec::new(),
            file: None,
            n_bytes: 0,
            dir: dir.to_owned(),
            room,
        }
    }

    /// How many there are.
    pub fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    /// Adds some. May block for the disk.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), ApiError> {
        self.room.grow_to(self.n_bytes + bytes.len())?;
        self.n_bytes += bytes.len();
        if self.file.is_none() {
            if self.memory.len() + bytes.len() <= MEMORY_BYTES {
                self.memory.extend_from_slice(bytes);
                return Ok(());
            }
            self.file = Some(tempfile::tempfile_in(&self.dir).map_err(no_room)?);
        }
        let file = self.file.as_mut().expect("it was made above");
        tokio::task::block_in_place(|| file.write_all(bytes)).map_err(no_room)
    }

    /// All of it, from the begin.
    pub fn reader(&mut self) -> io::Result<Reader<'_>> {
        if let Some(file) = &mut self.file {
            file.rewind()?;
        }
        Ok(Reader {
            memory: Cursor::new(&self.memory),
            file: self.file.as_ref(),
        })
    }

    /// All of it, as the body of an answer.
    pub fn into_stream(mut self) -> impl Stream<Item = io::Result<Bytes>> + Send {
        let first = Bytes::from(std::mem::take(&mut self.memory));
        futures::stream::unfold((Some(first), self), |(first, mut spool)| async move {
            if let Some(first) = first {
                return match spool.file.as_mut().map(File::rewind).transpose() {
                    Ok(_) => Some((Ok(first), (None, spool))),
                    Err(error) => Some((Err(error), (None, spool))),
                };
            }
            let file = spool.file.as_mut()?;
            let mut bytes = vec![0; STEP_BYTES];
            match tokio::task::block_in_place(|| file.read(&mut bytes)) {
                Ok(0) => None,
                Ok(n_bytes) => {
                    bytes.truncate(n_bytes);
                    Some((Ok(Bytes::from(bytes)), (None, spool)))
                }
                Err(error) => Some((Err(error), (None, spool))),
            }
        })
    }
}

/// Reads a [`Spool`].
pub struct Reader<'a> {
    memory: Cursor<&'a Vec<u8>>,
    file: Option<&'a File>,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match (self.memory.read(buffer)?, &mut self.file) {
            (0, Some(file)) => file.read(buffer),
            (n_bytes, _) => Ok(n_bytes),
        }
    }
}

fn no_room(error: io::Error) -> ApiError {
    ApiError::Unavailable {
        detail: "The data directory's disk has no room for this. Try again.".to_owned(),
        retry_after_s: 30,
        cause: Some(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;
    use crate::config::Config;
    use crate::http::admission::{Admission, Source};

    #[tokio::test(flavor = "multi_thread")]
    async fn what_goes_in_comes_out_twice_and_no_more_than_there_is_room_for() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::for_testing(dir.path().to_owned());
        config.clickhouse.spool_bytes = 1_000_000;
        let admission = Admission::new(&config);
        for n_pieces in [0, 1, 5, 9] {
            let room = admission.spool_room(Source::Account(1));
            let mut spool = Spool::new(dir.path(), room);
            let mut pushed = Vec::new();
            for piece in 0..n_pieces {
                let bytes = vec![piece; 50_000];
                spool.push(&bytes).unwrap();
                pushed.extend(bytes);
            }
            for _ in 0..2 {
                let mut read = Vec::new();
                spool.reader().unwrap().read_to_end(&mut read).unwrap();
                assert!(read == pushed, "{n_pieces}");
            }
            let pieces: Vec<_> = spool.into_stream().collect().await;
            let streamed: Vec<u8> = pieces.into_iter().flat_map(|p| p.unwrap()).collect();
            assert!(streamed == pushed, "{n_pieces}");
        }
        let mut spool = Spool::new(dir.path(), admission.spool_room(Source::Account(1)));
        let refused = (0..20).find_map(|_| spool.push(&vec![0; 50_000]).err());
        assert_eq!(refused.unwrap().status(), 413, "half of the room");
        drop(spool);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
