//! The socket's name, which may be longer than the system takes.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// Name of the socket in the data directory.
pub(super) const FILE: &str = "annoscope.sock";

/// Longest path that every system takes for a socket, bytes.
const MAX_PATH_BYTES: usize = 100;

/// Listens, in place of what a killed server left. The caller has the directory's lock.
pub(super) fn listen(data_dir: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(data_dir.join(FILE)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let (path, _open) = short(data_dir)?;
    UnixListener::bind(path)
}

pub(super) fn connect(data_dir: &Path) -> io::Result<UnixStream> {
    let (path, _open) = short(data_dir)?;
    UnixStream::connect(path)
}

/// A path to the socket that is short enough, as long as the directory is open.
fn short(data_dir: &Path) -> io::Result<(PathBuf, Option<File>)> {
    let path = data_dir.join(FILE);
    if path.as_os_str().len() <= MAX_PATH_BYTES {
        return Ok((path, None));
    }
    let open = File::open(data_dir)?;
    let path = PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd()));
    Ok((path.join(FILE), Some(open)))
}
