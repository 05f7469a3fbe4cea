//! Values of settings: what is accepted, how it is printed.
//!
//! Flags and variables are text, the file has numbers too; both forms mean the same.

use std::net::{IpAddr, SocketAddr};

use figment::value::{Num, Value};
use tracing_subscriber::EnvFilter;

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number of bytes, or text with a unit: `64MiB`, `1.5 GB`.
    Bytes(Limits),
    /// A number of milliseconds, or text with a unit: `90s`, `1h`.
    Millis(Limits),
    /// A whole number.
    Count(Limits),
    /// An IP address with a port.
    Address,
    /// The same, `true` for this one, or `false` or nothing for none.
    OptionalAddress(&'static str),
    /// A path, not empty.
    Directory,
    /// A log level or filter directives.
    LogLevel,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// Any text, or none.
    Text,
    /// An address as of a browser, or none; a password in it is not shown.
    Url,
    /// IP addresses, separated by commas; or none.
    Addresses,
}

/// The smallest and the largest number accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Inclusive.
    pub min: u64,
    /// Inclusive.
    pub max: u64,
}

/// Bytes in each unit. Both families, since people write both and they differ.
const BYTE_UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
];

/// Milliseconds in each unit.
const TIME_UNITS: &[(&str, u64)] = &[
    ("ms", 1),
    ("s", 1_000),
    ("min", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

impl Kind {
    /// The value in its plain form (a number or text), or what is wrong with it.
    pub(super) fn normalize(self, value: &Value) -> Result<Value, String> {
        match self {
            Kind::Bytes(limits) => {
                let hint = "a size such as 64MiB or a number of bytes";
                number(value, BYTE_UNITS, hint).and_then(|n| limits.check(self, n))
            }
            Kind::Millis(limits) => {
                let hint = "a time such as 90s or a number of milliseconds";
                number(value, TIME_UNITS, hint).and_then(|n| limits.check(self, n))
            }
            Kind::Count(limits) => {
                number(value, &[], "a whole number").and_then(|n| limits.check(self, n))
            }
            Kind::Address => {
                let text = text(value)?;
                match text.parse::<SocketAddr>() {
                    Ok(address) => Ok(Value::from(address.to_string())),
                    Err(_) => Err(format!(
                        "{text:?} is not an IP address with a port, such as 127.0.0.1:8380"
                    )),
                }
            }
            Kind::OptionalAddress(usual) => {
                let is_on = Kind::Flag
                    .normalize(value)
                    .ok()
                    .and_then(|flag| flag.to_bool());
                match (is_on, value.as_str().map(str::trim)) {
                    (Some(true), _) => Ok(Value::from(usual)),
                    (Some(false), _) | (None, Some("")) => Ok(Value::from("")),
                    (None, _) => Kind::Address.normalize(value),
                }
            }
            Kind::Directory => match text(value)? {
                "" => Err("must not be empty".to_owned()),
                path => Ok(Value::from(path)),
            },
            Kind::LogLevel => {
                let text = text(value)?;
                match EnvFilter::builder().parse(text) {
                    Ok(_) if !text.is_empty() => Ok(Value::from(text)),
                    _ => Err(format!(
                        "{text:?} is not error, warn, info, debug or trace, nor a list of directives"
                    )),
                }
            }
            Kind::Flag => match (value.to_bool(), value.as_str().map(str::trim)) {
                (Some(flag), _) => Ok(Value::from(flag)),
                (None, Some("true")) => Ok(Value::from(true)),
                (None, Some("false")) => Ok(Value::from(false)),
                (None, _) => Err(format!("{} is not true or false", describe(value))),
            },
            Kind::Text | Kind::Url => text(value).map(Value::from),
            Kind::Addresses => {
                let addresses = text(value)?.split(',').map(str::trim);
                let addresses = addresses.filter(|address| !address.is_empty());
                let parse = |address: &str| match address.parse::<IpAddr>() {
                    Ok(address) => Ok(address.to_canonical().to_string()),
                    Err(_) => Err(format!("{address:?} is not an IP address")),
                };
                let addresses: Vec<String> = addresses.map(parse).collect::<Result<_, _>>()?;
                Ok(Value::from(addresses.join(",")))
            }
            Kind::Choice(words) => {
                let text = text(value)?;
                if words.contains(&text) {
                    Ok(Value::from(text))
                } else {
                    Err(format!("{text:?} is not one of: {}", words.join(", ")))
                }
            }
        }
    }

    /// The value as TOML, in the largest unit that leaves it whole, for people to read.
    pub(super) fn to_toml(self, value: &Value) -> String {
        match (self, whole(value)) {
            (Kind::Bytes(_), Some(n)) => with_unit(n, &BYTE_UNITS[..5]),
            (Kind::Millis(_), Some(n)) => with_unit(n, TIME_UNITS),
            (_, Some(n)) => n.to_string(),
            (Kind::Url, None) => {
                let url = without_password(value.as_str().unwrap_or_default());
                toml::Value::from(url).to_string()
            }
            (Kind::Flag, None) => value.to_bool().unwrap_or_default().to_string(),
            (_, None) => toml::Value::from(value.as_str().unwrap_or_default()).to_string(),
        }
    }

    /// What stands for the value in the help: `BYTES`.
    pub fn placeholder(self) -> &'static str {
        match self {
            Kind::Bytes(_) => "BYTES",
            Kind::Millis(_) => "TIME",
            Kind::Count(_) => "N",
            Kind::Address | Kind::OptionalAddress(_) => "ADDRESS",
            Kind::Directory => "DIR",
            Kind::LogLevel => "LEVEL",
            Kind::Choice(_) => "WORD",
            Kind::Flag => "BOOL",
            Kind::Text => "TEXT",
            Kind::Url => "URL",
            Kind::Addresses => "IPS",
        }
    }
}

impl Limits {
    fn check(self, kind: Kind, number: u64) -> Result<Value, String> {
        let Limits { min, max } = self;
        if (min..=max).contains(&number) {
            return Ok(Value::from(number));
        }
        let [given, min, max] = [number, min, max].map(|n| kind.to_toml(&Value::from(n)));
        let message = format!("{given} is not between {min} and {max}");
        Err(message.replace('"', ""))
    }
}

fn text(value: &Value) -> Result<&str, String> {
    value
        .as_str()
        .map(str::trim)
        .ok_or_else(|| format!("expected text, found {}", describe(value)))
}

/// A whole number of units: of a number, or of text with or without a unit.
fn number(value: &Value, units: &[(&str, u64)], hint: &str) -> Result<u64, String> {
    let wrong = |shown: String| format!("{shown} is not {hint}");
    match value {
        Value::Num(_, number) => match number {
            Num::F32(_) | Num::F64(_) => Err(wrong(describe(value))),
            _ => whole(value).ok_or_else(|| wrong(describe(value))),
        },
        Value::String(_, text) => {
            parse_number(text.trim(), units).ok_or_else(|| wrong(format!("{text:?}")))
        }
        _ => Err(wrong(describe(value))),
    }
}

/// Whether signed, as in TOML, or unsigned, as after [`Kind::normalize`]: figment keeps
/// the two apart.
fn whole(value: &Value) -> Option<u64> {
    let signed = value.to_i128().and_then(|n| u64::try_from(n).ok());
    signed.or_else(|| value.to_u128().and_then(|n| u64::try_from(n).ok()))
}

fn parse_number(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_')
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let (digits, unit) = (digits.replace('_', ""), unit.trim());
    let factor = match unit {
        "" => 1,
        _ => units
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(unit))
            .map(|(_, factor)| *factor)?,
    };
    if let Ok(whole) = digits.parse::<u64>() {
        return whole.checked_mul(factor);
    }
    // "1.5GiB": a fraction makes sense only of a unit, and only if bytes stay whole.
    let (whole, fraction) = digits.split_once('.')?;
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let all = format!("{whole}{fraction}").parse::<u128>().ok()?;
    let product = all.checked_mul(u128::from(factor))?;
    if fraction.is_empty() || whole.is_empty() || product % scale != 0 {
        return None;
    }
    u64::try_from(product / scale).ok()
}

/// The URL with `***` for the name and the password before its host: either may be a secret.
fn without_password(url: &str) -> String {
    let begin = url.find("://").map_or(0, |at| at + 3);
    let end = url[begin..].find(['/', '?', '#']);
    let end = end.map_or(url.len(), |at| begin + at);
    match url[begin..end].rfind('@') {
        Some(at) => format!("{}***{}", &url[..begin], &url[begin + at..]),
        None => url.to_owned(),
    }
}

fn with_unit(number: u64, units: &[(&str, u64)]) -> String {
    let unit = units
        .iter()
        .rev()
        .find(|(_, factor)| *factor > 1 && number >= *factor && number.is_multiple_of(*factor));
    match unit {
        Some((name, factor)) => format!("\"{}{name}\"", number / factor),
        None => number.to_string(),
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{text:?}"),
        Value::Bool(_, value) => value.to_string(),
        Value::Num(_, Num::F64(number)) => number.to_string(),
        Value::Num(..) => match (value.to_i128(), value.to_u128()) {
            (Some(number), _) => number.to_string(),
            (None, Some(number)) => number.to_string(),
            (None, None) => "a number".to_owned(),
        },
        Value::Dict(..) => "a table".to_owned(),
        Value::Array(..) => "a list".to_owned(),
        _ => "an empty value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_within_addresses_are_not_shown() {
        let cases = [
            ("", ""),
            ("http://cvat:8080", "http://cvat:8080"),
            (
                "http://cvat:8080/a@b?c@d#e@f",
                "http://cvat:8080/a@b?c@d#e@f",
            ),
            ("https://root:secret@cvat/", "https://***@cvat/"),
            ("https://secret@cvat", "https://***@cvat"),
            ("https://root:p@ss@cvat:1?x", "https://***@cvat:1?x"),
            ("root:secret@cvat", "***@cvat"),
        ];
        for (url, expected) in cases {
            let shown = Kind::Url.to_toml(&Value::from(url));
            assert_eq!(shown, format!("\"{expected}\""), "{url}");
        }
    }
}
