//! Files of the data directory are their owner's alone: events and accounts are about people.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::Mode;

/// All but the owner.
const OTHERS: u32 = 0o077;

/// Files that this process makes from now on are for its own user.
pub(super) fn from_now_on() {
    rustix::process::umask(Mode::from_bits_truncate(OTHERS));
}

/// Says so if others can get at what is in the data directory.
pub(super) fn warn_of_readers(data_dir: &Path) {
    let Ok(metadata) = std::fs::metadata(data_dir) else {
        return; // whatever is wrong with it, the next step says
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & OTHERS != 0 {
        let dir = data_dir.display();
        tracing::warn!(
            mode = format!("{mode:03o}"),
            "other users of this machine may get at the data directory: chmod -R go= {dir}"
        );
    }
}
