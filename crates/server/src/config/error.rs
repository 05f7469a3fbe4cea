//! What can be wrong with a configuration. Each text names the key and its origin.

use std::path::PathBuf;

use super::keys::{KEYS, Key, VARIABLE_PREFIX};

/// Why the server does not start with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that `--config` names is not there, or a file cannot be read.
    #[error("cannot read the configuration file {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{} is not valid TOML: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The parser's text, with line and column.
        message: String,
    },
    /// A key that does not exist.
    #[error("unknown {what} {name} in {origin}{}", suggestion(nearest.as_deref()))]
    UnknownKey {
        /// "key" or "variable".
        what: &'static str,
        /// As it was written.
        name: String,
        /// The file, or "the environment".
        origin: String,
        /// The valid name that looks most like it.
        nearest: Option<String>,
    },
    /// A section's name with a value.
    #[error("{name:?} in {origin} is a section: write [{name}] and its keys below it")]
    Section {
        /// The section.
        name: String,
        /// The file.
        origin: String,
    },
    /// A value that the key does not take.
    #[error("{key} from {origin}: {message}")]
    Value {
        /// The dotted key.
        key: &'static str,
        /// Where the value comes from.
        origin: String,
        /// What is wrong with it.
        message: String,
    },
    /// Settings that do not go together.
    #[error("{message}")]
    Together {
        /// What is wrong with them.
        message: &'static str,
    },
    /// `data_dir` within the file that was found by means of it.
    #[error(
        "data_dir in {}: this file was found in the data directory, so it cannot name another; \
         use --data-dir, ANNOSCOPE_DATA_DIR, or a file given with --config",
        path.display()
    )]
    DataDirInDataDir {
        /// The file.
        path: PathBuf,
    },
    /// An environment variable of ours that is not UTF-8.
    #[error("the environment variable {name} is not valid UTF-8")]
    NotUnicode {
        /// Its name, with replacement characters.
        name: String,
    },
    /// The table of keys and the structs disagree. A test guards against it.
    #[error("the table of settings is broken: {0}")]
    Table(String),
}

fn suggestion(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!(": did you mean {nearest}?"),
        None => "; `annoscope config` lists the valid ones".to_owned(),
    }
}

/// How alike two names must be for a suggestion, 0 to 1. Two typing errors in an
/// eight-letter name give 0.75; unrelated keys of one section stay near 0.5.
const LIKENESS: f64 = 0.6;

/// The dotted key that looks most like the given one. The last part counts alone too:
/// the commonest mistake is a forgotten section.
pub(super) fn nearest_key(name: &str) -> Option<String> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
    let likeness = |key: &Key| {
        let whole = strsim::normalized_damerau_levenshtein(name, key.path);
        let part = strsim::normalized_damerau_levenshtein(&last(name), &last(key.path));
        // A whole match is worth more than the same match of the last part.
        whole.max(part * 0.95)
    };
    best(KEYS.iter().map(|key| (likeness(key), key))).map(|key| format!("{:?}", key.path))
}

/// The environment variable that looks most like the given one.
pub(super) fn nearest_variable(name: &str) -> Option<String> {
    // The common prefix would make everything look alike.
    let name = name.trim_start_matches(VARIABLE_PREFIX);
    let likeness = |key: &Key| {
        let variable = key.variable();
        let valid = variable.trim_start_matches(VARIABLE_PREFIX);
        strsim::normalized_damerau_levenshtein(name, valid)
    };
    best(KEYS.iter().map(|key| (likeness(key), key))).map(Key::variable)
}

fn best(candidates: impl Iterator<Item = (f64, &'static Key)>) -> Option<&'static Key> {
    candidates
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, key)| key)
}
