//! Reading `annoscope.toml`.

use std::io::ErrorKind;
use std::path::Path;

use figment::value::{Dict, Value};

use super::error::{ConfigError, nearest_key};
use super::keys::{KEYS, Key};

/// The file's content; `None` if there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Dict>, ConfigError> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            let path = path.to_owned();
            return Err(ConfigError::Read { path, source });
        }
    };
    let dict: Dict = toml::from_str(&text).map_err(|e| ConfigError::Syntax {
        path: path.to_owned(),
        message: e.to_string().trim_end().to_owned(),
    })?;
    check_keys(&dict, "", &path.display().to_string())?;
    Ok(Some(dict))
}

/// Every leaf of the file must be a key of the table.
fn check_keys(dict: &Dict, prefix: &str, origin: &str) -> Result<(), ConfigError> {
    for (name, value) in dict {
        let path = format!("{prefix}{name}");
        if Key::find(&path).is_some() {
            continue;
        }
        let section = format!("{path}.");
        let is_section = KEYS.iter().any(|key| key.path.starts_with(&section));
        match value {
            Value::Dict(_, inner) if is_section || !inner.is_empty() => {
                check_keys(inner, &section, origin)?;
            }
            _ if is_section => {
                let origin = origin.to_owned();
                return Err(ConfigError::Section { name: path, origin });
            }
            _ => {
                return Err(ConfigError::UnknownKey {
                    what: "key",
                    nearest: nearest_key(&path),
                    name: format!("{path:?}"),
                    origin: origin.to_owned(),
                });
            }
        }
    }
    Ok(())
}
