//! Which data directory writes to the table in ClickHouse: an id, made once.

use std::io::{self, ErrorKind};
use std::path::Path;

use uuid::Uuid;

use crate::durable_file;

/// Name of the file.
const FILE: &str = "clickhouse.id";

/// The id of a data directory; none while it has never written there.
pub(super) fn read(data_dir: &Path) -> io::Result<Option<Uuid>> {
    match std::fs::read_to_string(data_dir.join(FILE)) {
        Ok(text) => Uuid::parse_str(text.trim())
            .map(Some)
            .map_err(|_| io::Error::new(ErrorKind::InvalidData, "it holds no id")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The same, which is made where there is none.
pub(super) fn read_or_make(data_dir: &Path) -> io::Result<Uuid> {
    if let Some(id) = read(data_dir)? {
        return Ok(id);
    }
    let id = Uuid::new_v4();
    std::fs::create_dir_all(data_dir)?;
    durable_file::write(&data_dir.join(FILE), format!("{id}\n").as_bytes())?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read(dir.path()).unwrap(), None);
        let made = read_or_make(dir.path()).unwrap();
        assert_eq!(read_or_make(dir.path()).unwrap(), made);
        assert_eq!(read(dir.path()).unwrap(), Some(made));
        std::fs::write(dir.path().join(FILE), "x").unwrap();
        read_or_make(dir.path()).unwrap_err();
    }
}
