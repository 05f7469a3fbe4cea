//! The only place that reads the environment.

use super::ConfigError;
use super::keys::VARIABLE_PREFIX;

/// Our variables, with their values.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
pub fn environment() -> Result<Vec<(String, String)>, ConfigError> {
    std::env::vars_os()
        .filter(|(name, _)| {
            let name = name.as_encoded_bytes();
            name.starts_with(VARIABLE_PREFIX.as_bytes())
        })
        .map(|(name, value)| match (name.to_str(), value.to_str()) {
            (Some(name), Some(value)) => Ok((name.to_owned(), value.to_owned())),
            _ => Err(ConfigError::NotUnicode {
                name: name.to_string_lossy().into_owned(),
            }),
        })
        .collect()
}
