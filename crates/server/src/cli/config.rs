//! `annoscope config`: what the server would use, and why.

use std::io::Write;

use super::CliError;
use crate::config::{Loaded, Setting};

/// One line a setting, `key = value  # origin`: itself a valid `annoscope.toml`.
pub(super) fn print(loaded: &Loaded, out: &mut dyn Write) -> Result<(), CliError> {
    let line = |setting: &Setting| format!("{} = {}", setting.key.path, setting.toml);
    let width = loaded.settings.iter().map(|s| line(s).len()).max();
    let width = width.unwrap_or_default();
    for setting in &loaded.settings {
        writeln!(out, "{:width$}  # {}", line(setting), setting.origin)?;
    }
    Ok(())
}
