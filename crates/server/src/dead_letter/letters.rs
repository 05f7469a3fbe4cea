//! The lines of the file, for the command line: they are read and taken out while the server runs.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use super::lock_file;
use crate::durable_file;

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Its number, as editors count: the first line is 1.
    pub number: usize,
    /// Its text without the end of the line; whatever was written there.
    pub text: Vec<u8>,
}

/// The lines of the file at `path` that are not blank; none where there is no file.
pub fn read(path: &Path) -> io::Result<Vec<Letter>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    // The server writes whole lines while it holds the lock.
    file.lock_shared()?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let lines = text.split(|byte| *byte == b'\n').zip(1..);
    Ok(lines
        .filter(|(line, _)| !line.trim_ascii().is_empty())
        .map(|(line, number)| Letter {
            number,
            text: line.to_vec(),
        })
        .collect())
}

/// Copies the file as it is between two writes; whether there is one.
pub fn copy(path: &Path, to: &Path) -> io::Result<bool> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    file.lock_shared()?;
    io::copy(&mut file, &mut File::create(to)?)?;
    Ok(true)
}

/// Takes lines out of the file at `path`, each once, wherever they are by now. Blank lines go, too.
///
/// The others are durable in a new file before it takes the place of the old one, whose owner and
/// permissions it gets: whichever user runs this, the server goes on writing.
pub fn remove(path: &Path, letters: &[Letter]) -> io::Result<()> {
    let mut out: HashMap<&[u8], usize> = HashMap::new();
    for letter in letters {
        *out.entry(&letter.text).or_default() += 1;
    }
    // Held until the new file is in its place.
    let mut old = lock_file(path)?;
    let mut text = Vec::new();
    old.read_to_end(&mut text)?;
    let mut kept = Vec::with_capacity(text.len());
    for line in text.split(|byte| *byte == b'\n') {
        match out.get_mut(line) {
            Some(count) if *count > 0 => *count -= 1,
            _ if line.trim_ascii().is_empty() => {}
            _ => {
                kept.extend_from_slice(line);
                kept.push(b'\n');
            }
        }
    }
    replace(path, &old, &kept)
}

fn replace(path: &Path, old: &File, text: &[u8]) -> io::Result<()> {
    durable_file::write_with(path, |new| {
        let (was, is) = (old.metadata()?, new.metadata()?);
        if (was.uid(), was.gid()) != (is.uid(), is.gid()) {
            fchown(&*new, Some(was.uid()), Some(was.gid()))?;
        }
        new.set_permissions(was.permissions())?;
        new.write_all(text)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::{DeadLetter, FILE, Share};
    use super::*;
    use annoscope_events::{RejectedEvent, Timestamp};

    #[test]
    fn lines_are_counted_as_editors_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        assert_eq!(read(&path).unwrap(), []);
        assert!(!path.exists());
        std::fs::write(&path, b"a\n\n b\r\n\xff\nlast").unwrap();
        let found: Vec<_> = read(&path)
            .unwrap()
            .into_iter()
            .map(|letter| (letter.number, letter.text))
            .collect();
        let expected: [(usize, &[u8]); 4] = [(1, b"a"), (3, b" b\r"), (4, b"\xff"), (5, b"last")];
        assert_eq!(
            found,
            expected.map(|(number, text)| (number, text.to_vec()))
        );
    }

    #[test]
    fn what_is_taken_out_is_gone_and_all_else_stays() {
        // (before, taken out by number, after)
        let cases: [(&str, &[usize], &str); 6] = [
            ("a\nb\nc\n", &[2], "a\nc\n"),
            ("a\nb\nc\n", &[1, 2, 3], ""),
            ("a\na\nb", &[1], "a\nb\n"),
            ("a\na\nb", &[1, 2], "b\n"),
            ("a\n\nb\n", &[], "a\nb\n"),
            ("{\"torn\na\n", &[1], "a\n"),
        ];
        for (before, numbers, after) in cases {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(FILE);
            std::fs::write(&path, before).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            let mut letters = read(&path).unwrap();
            letters.retain(|letter| numbers.contains(&letter.number));
            remove(&path, &letters).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), after, "{before:?}");
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o640);
        }
    }

    /// The server appends while lines are taken out: none is lost, none comes back.
    #[test]
    fn what_is_appended_meanwhile_stays() {
        const N_LINES: usize = 100;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let dead_letter = DeadLetter::open(dir.path(), 1 << 20).unwrap();
        let append = |name: String| {
            let event = RejectedEvent {
                index: 0,
                raw: format!("{{\"obj_name\":\"{name}\"}}"),
                reason: "count: too large".to_owned(),
            };
            let now = Timestamp::from_millis(0);
            dead_letter
                .append(&[event], now, uuid::Uuid::nil(), Share::All)
                .unwrap();
        };
        (0..N_LINES).for_each(|index| append(format!("old {index}")));
        let old = read(&path).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| (0..N_LINES).for_each(|index| append(format!("new {index}"))));
            for letter in &old {
                remove(&path, std::slice::from_ref(letter)).unwrap();
            }
        });
        let left = read(&path).unwrap();
        assert_eq!(left.len(), N_LINES);
        for (index, letter) in left.iter().enumerate() {
            let text = String::from_utf8_lossy(&letter.text);
            assert!(text.contains(&format!("\"new {index}\"")), "{text}");
        }
    }
}
