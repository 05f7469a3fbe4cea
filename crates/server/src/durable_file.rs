//! Files that are there whole or not at all, whatever happens.
//!
//! What is written is synced before it gets its name, and the directory after: a rename that only
//! the memory knows is undone by a power cut.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes a file, in place of the one that is there.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// The same with whatever else `content` does to the new file, such as setting its owner.
pub(crate) fn write_with(
    path: &Path,
    content: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let directory = directory_of(path);
    // Removed if anything fails.
    let mut file = tempfile::Builder::new()
        .prefix(".")
        .tempfile_in(directory)?;
    content(file.as_file_mut())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync(directory)
}

/// Gives a written file its name in the same directory.
pub(crate) fn keep(file: &File, from: &Path, to: &Path) -> io::Result<()> {
    file.sync_all()?;
    rename(from, to)
}

/// Renames within a directory.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync(directory_of(to))
}

/// Removes a file, durably.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    fs::remove_file(path)?;
    sync(directory_of(path))
}

/// Removes directories of temporary files that a process left when it was killed.
pub(crate) fn remove_leftovers(directory: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry
            .file_name()
            .as_encoded_bytes()
            .starts_with(prefix.as_bytes())
        {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Makes renames within a directory durable.
fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn directory_of(path: &Path) -> &Path {
    path.parent().expect("it is within the data directory")
}

/// Makes the directory and the file readable by their owner only. What exists keeps its
/// permissions.
pub(crate) fn create_private(data_dir: &Path, path: &Path) -> std::io::Result<()> {
    let mut dir = std::fs::DirBuilder::new();
    let mut file = std::fs::OpenOptions::new();
    dir.recursive(true);
    file.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        dir.mode(0o700);
        file.mode(0o600);
    }
    dir.create(data_dir)?;
    file.open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_a_failure_leaves_the_old_one_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        write(&path, b"old").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let failed = write_with(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("the disk is full"))
        });
        assert!(failed.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let names = fs::read_dir(dir.path()).unwrap();
        let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a.json"]);
    }
}
