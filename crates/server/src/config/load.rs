//! Laying the sources over one another.

use std::path::{Path, PathBuf};

use figment::providers::Serialized;
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::error::{ConfigError, nearest_variable};
use super::file;
use super::keys::{KEYS, Key, VARIABLE_PREFIX};
use super::{AuthKind, ClickHouseStoreConfig, Config, StoreKind};

/// The file's name within the data directory.
pub const CONFIG_FILE_NAME: &str = "annoscope.toml";

/// Names the configuration file, as `--config` does. It is no setting: a file cannot
/// say where it lies.
pub const CONFIG_FILE_VARIABLE: &str = "ANNOSCOPE_CONFIG";

/// What the sources say, before any of it is understood.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Keys of the table with the text of their flags.
    pub flags: Vec<(&'static str, String)>,
    /// `--config`: this file instead of the one in the data directory.
    pub config_file: Option<PathBuf>,
    /// Names and values of environment variables; others than `ANNOSCOPE_*` are
    /// ignored, and so are empty ones.
    pub environment: Vec<(String, String)>,
}

/// A configuration, and where it comes from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What the server uses.
    pub config: Config,
    /// Every setting in the order of [`KEYS`], for `annoscope config`.
    pub settings: Vec<Setting>,
}

/// One effective setting.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key.
    pub key: &'static Key,
    /// Its value as TOML.
    pub toml: String,
    /// `default`, a file's path, `environment NAME` or `flag --name`.
    pub origin: String,
}

/// One source. Each variable and each flag is one of its own, so that figment can say
/// which of them a value comes from.
struct Layer {
    origin: String,
    dict: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.dict.clone())]))
    }
}

impl Layer {
    fn of_key(key: &Key, value: &str, origin: String) -> Layer {
        let value = Value::from(value);
        let dict = figment::util::nest(key.path, value)
            .into_dict()
            .unwrap_or_default();
        Layer { origin, dict }
    }
}

/// Reads the file and lays flags over variables over the file over defaults.
pub fn load(inputs: &Inputs) -> Result<Loaded, ConfigError> {
    let environment = environment_layers(&inputs.environment)?;
    let flags = inputs.flags.iter().filter_map(|(path, text)| {
        let key = Key::find(path)?;
        Some(Layer::of_key(key, text, format!("flag --{}", key.flag())))
    });

    let mut above = Figment::new();
    for layer in environment.into_iter().chain(flags) {
        above = above.merge(layer);
    }
    let mut figment = Figment::new();
    for key in KEYS {
        figment = figment.merge(Layer::of_key(key, key.default, "default".to_owned()));
    }
    // The file lies in the data directory, which only the other sources can name.
    let data_dir = figment.clone().merge(&above);
    let data_dir = value_of(&data_dir, &KEYS[0])?.0;
    if let Some(layer) = file_layer(inputs, Path::new(data_dir.as_str().unwrap_or(".")))? {
        figment = figment.merge(layer);
    }
    resolve(&figment.merge(&above))
}

fn resolve(figment: &Figment) -> Result<Loaded, ConfigError> {
    let mut plain = Figment::new();
    let mut settings = Vec::with_capacity(KEYS.len());
    for key in KEYS {
        let (value, origin) = value_of(figment, key)?;
        let toml = key.kind.to_toml(&value);
        settings.push(Setting { key, toml, origin });
        plain = plain.merge(Serialized::default(key.path, value));
    }
    let config = plain
        .extract()
        .map_err(|e| ConfigError::Table(e.to_string()))?;
    check_together(&config)?;
    Ok(Loaded { config, settings })
}

/// What one setting says of another.
fn check_together(config: &Config) -> Result<(), ConfigError> {
    let together = |message| Err(ConfigError::Together { message });
    let has_url = ["http://", "https://"]
        .iter()
        .any(|scheme| config.cvat.url.starts_with(scheme));
    if config.auth == AuthKind::Cvat && !has_url {
        return together("auth = \"cvat\" needs cvat.url, such as http://cvat_server:8080");
    }
    if config.tls.is_on() == config.tls.key.as_os_str().is_empty() {
        return together("tls.certificate and tls.key are given together or not at all");
    }
    if config.store.kind == StoreKind::ClickHouse {
        check_clickhouse(&config.store.clickhouse)?;
    }
    let is_clickhouse = config.store.kind == StoreKind::ClickHouse;
    if config.shared.is_on() && !is_clickhouse {
        return together(
            "shared.dir is of several annoscopes before one ClickHouse: it needs store.kind = \"clickhouse\"",
        );
    }
    let are_several = config.shared.is_on() || is_clickhouse && config.store.clickhouse.node > 0;
    if are_several && config.auth == AuthKind::Accounts {
        return together(
            "several annoscopes before one ClickHouse (shared.dir, or a store.clickhouse.node above 0) would each have \
             accounts of its own: let them know their users from CVAT, with auth = \"cvat\" and cvat.url",
        );
    }
    // 0 is for ever.
    let days = |days: u32| if days == 0 { u32::MAX } else { days };
    let retention = &config.retention;
    let (exceptions, clicks) = (days(retention.exceptions_days), days(retention.clicks_days));
    if exceptions > clicks || clicks > days(retention.hours_days) {
        return together(
            "retention keeps hours at least as long as clicks, and clicks at least as long as exceptions (0 is for ever)",
        );
    }
    // It goes into a header as it is.
    if config
        .page
        .embedded_by
        .contains(|c: char| c == ';' || c == ',' || !(' '..='~').contains(&c))
    {
        return together("page.embedded_by takes origins separated by spaces");
    }
    Ok(())
}

/// Where the events are, should they be in a ClickHouse.
fn check_clickhouse(config: &ClickHouseStoreConfig) -> Result<(), ConfigError> {
    let together = |message| Err(ConfigError::Together { message });
    if config.urls().next().is_none() {
        return together(
            "store.kind = \"clickhouse\" needs store.clickhouse.urls, such as http://clickhouse:8123",
        );
    }
    let is_address = |url: &str| url.starts_with("http://") || url.starts_with("https://");
    // They are in the log.
    if !config
        .urls()
        .all(|url| is_address(url) && !url.contains('@'))
    {
        return together(
            "store.clickhouse.urls takes addresses as http://clickhouse:8123, separated by commas; name and password are \
             store.clickhouse.user and store.clickhouse.password_file",
        );
    }
    // It goes into statements as it is.
    let mut bytes = config.database.bytes();
    let is_name = bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && config
            .database
            .starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    if !is_name {
        return together("store.clickhouse.database takes letters, digits and _");
    }
    Ok(())
}

/// The checked value of a key, and its origin.
fn value_of(figment: &Figment, key: &'static Key) -> Result<(Value, String), ConfigError> {
    let value = figment
        .find_value(key.path)
        .map_err(|e| ConfigError::Table(e.to_string()))?;
    let origin = figment
        .get_metadata(value.tag())
        .map_or_else(String::new, |metadata| metadata.name.to_string());
    match key.kind.normalize(&value) {
        Ok(value) => Ok((value, origin)),
        Err(message) => Err(ConfigError::Value {
            key: key.path,
            origin,
            message,
        }),
    }
}

fn environment_layers(environment: &[(String, String)]) -> Result<Vec<Layer>, ConfigError> {
    let mut layers = Vec::new();
    for (name, text) in environment {
        if !name.starts_with(VARIABLE_PREFIX) || name == CONFIG_FILE_VARIABLE || text.is_empty() {
            continue;
        }
        match KEYS.iter().find(|key| key.variable() == *name) {
            Some(key) => layers.push(Layer::of_key(key, text, format!("environment {name}"))),
            None => {
                return Err(ConfigError::UnknownKey {
                    what: "variable",
                    name: name.clone(),
                    origin: "the environment".to_owned(),
                    nearest: nearest_variable(name),
                });
            }
        }
    }
    Ok(layers)
}

fn file_layer(inputs: &Inputs, data_dir: &Path) -> Result<Option<Layer>, ConfigError> {
    let variable = inputs
        .environment
        .iter()
        .find(|(name, text)| name == CONFIG_FILE_VARIABLE && !text.is_empty())
        .map(|(_, text)| PathBuf::from(text));
    let named = inputs.config_file.clone().or(variable);
    let is_named = named.is_some();
    let path = named.unwrap_or_else(|| data_dir.join(CONFIG_FILE_NAME));
    match file::read(&path)? {
        None if is_named => Err(ConfigError::Read {
            path,
            source: std::io::ErrorKind::NotFound.into(),
        }),
        None => Ok(None),
        Some(dict) if !is_named && dict.contains_key("data_dir") => {
            Err(ConfigError::DataDirInDataDir { path })
        }
        Some(dict) => Ok(Some(Layer {
            origin: path.display().to_string(),
            dict,
        })),
    }
}
