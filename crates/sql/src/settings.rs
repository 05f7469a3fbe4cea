//! The settings of `SETTINGS name = value, …`: which are taken, which are applied, which refused.
//!
//! **Invariant:** no setting is dropped that could change an answer: a name is in `settings.txt`
//! with what becomes of it, or it is refused as unknown, as ClickHouse does.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::error::{ErrorKind, Position, SqlError};

/// What becomes of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Harmless,
    Applied,
    Refused,
}

/// What a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bool,
    UInt64,
    Int64,
    Float,
    /// A number or `auto`.
    Auto,
    /// Text, also the words of an enumeration.
    Text,
}

/// A row of the table.
#[derive(Debug)]
struct Known {
    effect: Effect,
    kind: Kind,
    /// ClickHouse's own value; empty for harmless ones, whose value is nobody's concern.
    default: &'static str,
}

static TABLE: LazyLock<HashMap<&'static str, Known>> =
    LazyLock::new(|| parse(include_str!("settings.txt")));

fn parse(table: &'static str) -> HashMap<&'static str, Known> {
    let rows = table
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows = rows.map(|line| {
        let mut cells = line.split('\t');
        let mut cell = || cells.next().unwrap_or_default();
        let effect = match cell() {
            "harmless" => Effect::Harmless,
            "applied" => Effect::Applied,
            "refused" => Effect::Refused,
            other => panic!("settings.txt: the effect {other:?} of {line:?}"),
        };
        let name = cell();
        let kind = match cell() {
            "Bool" => Kind::Bool,
            "UInt64" => Kind::UInt64,
            "Int64" => Kind::Int64,
            "Float" => Kind::Float,
            "Auto" => Kind::Auto,
            "Text" => Kind::Text,
            other => panic!("settings.txt: the kind {other:?} of {line:?}"),
        };
        let default = cell();
        (
            name,
            Known {
                effect,
                kind,
                default,
            },
        )
    });
    rows.collect()
}

/// A value as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// `4`, `-1.5`.
    Number(String),
    /// `'text'`.
    Text(String),
    /// `true`, `false`, or the name alone.
    Bool(bool),
    /// `DEFAULT`.
    Default,
    /// `{…}`, `[…]`, `(…)`.
    Compound(String),
}

impl Value {
    fn shown(&self) -> String {
        match self {
            Value::Number(text) | Value::Compound(text) => text.clone(),
            Value::Text(text) => format!("'{text}'"),
            Value::Bool(is_true) => is_true.to_string(),
            Value::Default => "DEFAULT".to_owned(),
        }
    }
}

/// How a result shows times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeOutput {
    /// `2026-01-31 12:00:00`, on the clock of the type's time zone.
    #[default]
    Simple,
    /// `2026-01-31T12:00:00Z`.
    Iso,
    /// Seconds since the epoch, with the type's digits behind the point.
    UnixTimestamp,
}

/// What happens to a result of more rows than `max_result_rows`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The query fails.
    #[default]
    Throw,
    /// The result ends with the block in which the limit was reached.
    Break,
}

/// What a setting of `UNION`, `EXCEPT` or `INTERSECT` makes of one without ALL and DISTINCT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SetMode {
    /// ClickHouse's own: an error for UNION, ALL for the others.
    #[default]
    Unset,
    /// All rows.
    All,
    /// Different rows.
    Distinct,
}

/// The settings of a statement that change its answer.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of ClickHouse that is on or off"
)]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The time zone of times without one; UTC where there is none.
    pub session_timezone: Option<String>,
    /// Most rows of the result, beside its own LIMIT.
    pub limit: Option<u64>,
    /// Rows of the result that are left out.
    pub offset: u64,
    /// Whether aggregates of no rows are NULL.
    pub aggregate_functions_null_for_empty: bool,
    /// Whether ARRAY JOIN fills the shorter of its arrays.
    pub enable_unaligned_array_join: bool,
    /// Whether outer joins fill with NULL.
    pub join_use_nulls: bool,
    /// Whether ROLLUP, CUBE and GROUPING SETS fill with NULL.
    pub group_by_use_nulls: bool,
    /// Of UNION.
    pub union_default_mode: SetMode,
    /// Of EXCEPT.
    pub except_default_mode: SetMode,
    /// Of INTERSECT.
    pub intersect_default_mode: SetMode,
    /// How times are shown.
    pub times: TimeOutput,
    /// Whether JSON has `"nan"` and `"inf"`, and not null.
    pub quote_denormals: bool,
    /// Whether JSON has integers of 64 bits in quotes.
    pub quote_64bit_integers: bool,
    /// Most rows of a result.
    pub max_result_rows: Option<u64>,
    /// What happens to a result of more.
    pub result_overflow: Overflow,
}

/// Why a setting is refused, with the way to say it.
pub(crate) struct Refused {
    pub kind: ErrorKind,
    pub message: String,
    pub hint: Option<String>,
}

impl Refused {
    fn of(kind: ErrorKind, message: String) -> Refused {
        Refused {
            kind,
            message,
            hint: None,
        }
    }

    fn hint(self, hint: impl Into<String>) -> Refused {
        Refused {
            hint: Some(hint.into()),
            ..self
        }
    }

    pub fn at(self, position: Position) -> SqlError {
        SqlError {
            kind: self.kind,
            message: self.message,
            hint: self.hint,
            position: Some(position),
        }
    }
}

/// Whether ClickHouse has a setting of this name.
pub(crate) fn is_known(name: &str) -> bool {
    TABLE.contains_key(name)
}

/// A setting as `system.settings` lists it.
pub(crate) struct Listed {
    pub name: &'static str,
    /// ClickHouse's own; empty where it is of no concern.
    pub value: &'static str,
    pub type_name: &'static str,
    /// Whether no other value is taken.
    pub is_fixed: bool,
}

/// All settings, sorted.
pub(crate) fn listed() -> impl Iterator<Item = Listed> {
    let mut names: Vec<&&str> = TABLE.keys().collect();
    names.sort_unstable();
    names.into_iter().map(|name| {
        let known = &TABLE[name];
        Listed {
            name,
            value: known.default,
            type_name: known.kind.name(),
            is_fixed: known.effect == Effect::Refused,
        }
    })
}

impl Settings {
    /// Those that are given beside a text.
    pub(crate) fn beside(given: &[(String, String)]) -> Result<Settings, SqlError> {
        let mut settings = Settings::default();
        for (name, value) in given {
            let value = Value::Text(value.clone());
            settings
                .set(name, &value, true)
                .map_err(|refused| SqlError {
                    kind: refused.kind,
                    message: refused.message,
                    hint: refused.hint,
                    position: None,
                })?;
        }
        Ok(settings)
    }

    /// Takes a setting. `of_statement`: whether it stands at the end of the statement, and not in
    /// a subquery, where one that changes an answer would change that subquery's alone.
    pub(crate) fn set(
        &mut self,
        name: &str,
        value: &Value,
        of_statement: bool,
    ) -> Result<(), Refused> {
        let Some(known) = TABLE.get(name) else {
            return Err(unknown(name));
        };
        let value = known.kind.checked(name, value)?;
        if known.effect == Effect::Harmless {
            return Ok(());
        }
        let Some(value) = value.filter(|value| value != known.default) else {
            if of_statement && known.effect == Effect::Applied {
                self.apply(name, known.default)?;
            }
            return Ok(());
        };
        if known.effect == Effect::Refused {
            let message = format!("the setting `{name}` would change the answer");
            return Err(Refused::of(ErrorKind::Forbidden, message).hint(hint_for(name)));
        }
        if !of_statement {
            let message = format!("the setting `{name}` within a subquery is not supported");
            return Err(Refused::of(ErrorKind::Unsupported, message)
                .hint("set it at the end of the statement"));
        }
        self.apply(name, &value)
    }

    fn apply(&mut self, name: &str, value: &str) -> Result<(), Refused> {
        let is_true = value == "1";
        match name {
            "session_timezone" => {
                if !value.is_empty() && !crate::timezones::is_known(value) {
                    let message = format!("there is no time zone {value}");
                    return Err(Refused::of(ErrorKind::Unknown, message));
                }
                self.session_timezone = Some(value.to_owned()).filter(|zone| !zone.is_empty());
            }
            "limit" => self.limit = Some(whole(name, value)?).filter(|&limit| limit > 0),
            "offset" => self.offset = whole(name, value)?,
            "aggregate_functions_null_for_empty" => {
                self.aggregate_functions_null_for_empty = is_true;
            }
            "enable_unaligned_array_join" => self.enable_unaligned_array_join = is_true,
            "join_use_nulls" => self.join_use_nulls = is_true,
            "group_by_use_nulls" => self.group_by_use_nulls = is_true,
            "union_default_mode" => self.union_default_mode = mode(name, value)?,
            "except_default_mode" => self.except_default_mode = mode(name, value)?,
            "intersect_default_mode" => self.intersect_default_mode = mode(name, value)?,
            "date_time_output_format" => {
                self.times = match value {
                    "simple" => TimeOutput::Simple,
                    "iso" => TimeOutput::Iso,
                    "unix_timestamp" => TimeOutput::UnixTimestamp,
                    _ => return Err(one_of(name, value, "simple, iso or unix_timestamp")),
                }
            }
            "output_format_json_quote_denormals" => self.quote_denormals = is_true,
            "output_format_json_quote_64bit_integers" => self.quote_64bit_integers = is_true,
            "max_result_rows" => {
                self.max_result_rows = Some(whole(name, value)?).filter(|&rows| rows > 0);
            }
            "result_overflow_mode" => {
                self.result_overflow = match value {
                    "throw" => Overflow::Throw,
                    "break" => Overflow::Break,
                    _ => return Err(one_of(name, value, "throw or break")),
                }
            }
            applied => unreachable!("settings.txt says that {applied} is applied"),
        }
        Ok(())
    }

    /// `SETTINGS …` for ClickHouse, with what the printed query does not say by itself.
    pub(crate) fn printed(&self) -> String {
        let flags = [
            (
                self.enable_unaligned_array_join,
                "enable_unaligned_array_join",
            ),
            (self.join_use_nulls, "join_use_nulls"),
            (self.group_by_use_nulls, "group_by_use_nulls"),
            (self.quote_denormals, "output_format_json_quote_denormals"),
            (
                self.quote_64bit_integers,
                "output_format_json_quote_64bit_integers",
            ),
        ];
        let flags = flags.iter().filter(|(is_set, _)| *is_set);
        let mut set: Vec<String> = flags.map(|(_, name)| format!("{name} = 1")).collect();
        if let Some(zone) = &self.session_timezone {
            set.push(format!("session_timezone = '{zone}'"));
        }
        match self.times {
            TimeOutput::Simple => {}
            TimeOutput::Iso => set.push("date_time_output_format = 'iso'".to_owned()),
            TimeOutput::UnixTimestamp => {
                set.push("date_time_output_format = 'unix_timestamp'".to_owned());
            }
        }
        if let Some(rows) = self.max_result_rows {
            set.push(format!("max_result_rows = {rows}"));
            if self.result_overflow == Overflow::Break {
                set.push("result_overflow_mode = 'break'".to_owned());
            }
        }
        if set.is_empty() {
            String::new()
        } else {
            format!(" SETTINGS {}", set.join(", "))
        }
    }
}

fn unknown(name: &str) -> Refused {
    let refused = Refused::of(
        ErrorKind::Unknown,
        format!("there is no setting `{name}` (ClickHouse: UNKNOWN_SETTING)"),
    );
    if name.starts_with("param_") {
        return refused.hint("give the parameter in \"params\"");
    }
    Refused {
        hint: crate::similar::nearest(name, TABLE.keys().copied()),
        ..refused
    }
}

/// What to do in place of a setting.
fn hint_for(name: &str) -> &'static str {
    match name {
        "additional_table_filters" | "additional_result_filter" | "filter" => {
            "write the condition into WHERE"
        }
        "max_rows_to_read"
        | "max_bytes_to_read"
        | "max_rows_to_read_leaf"
        | "max_bytes_to_read_leaf" => {
            "leave it out: how many rows are read is in the answer's stats, and the server's own limits end a query"
        }
        "max_execution_time" | "max_execution_time_leaf" | "max_estimated_execution_time" => {
            "leave it out: the server's setting query.timeout_ms ends a query, and so does hanging up"
        }
        "format" | "output_format" | "default_format" => "write FORMAT, or ask with `Accept`",
        "select" | "sort" | "order" | "page" => "write it into the query",
        _ if name.starts_with("max_rows_") || name.starts_with("max_bytes_") => {
            "leave it out, or bound the rows with max_result_rows or LIMIT"
        }
        _ => "leave it out: queries are answered with ClickHouse's defaults",
    }
}

/// A number of rows; ClickHouse also takes shares of a result.
fn whole(name: &str, value: &str) -> Result<u64, Refused> {
    value.parse().map_err(|_| {
        let message = format!("the setting `{name}` takes a whole number here, not {value}");
        Refused::of(ErrorKind::Unsupported, message)
    })
}

fn mode(name: &str, value: &str) -> Result<SetMode, Refused> {
    match value {
        "" => Ok(SetMode::Unset),
        "ALL" => Ok(SetMode::All),
        "DISTINCT" => Ok(SetMode::Distinct),
        _ => Err(one_of(name, value, "ALL or DISTINCT")),
    }
}

fn one_of(name: &str, value: &str, words: &str) -> Refused {
    let message = format!("the setting `{name}` is {words}, not '{value}'");
    Refused::of(ErrorKind::Type, message)
}

impl Kind {
    /// The type, as ClickHouse names it.
    fn name(self) -> &'static str {
        match self {
            Kind::Bool => "Bool",
            Kind::UInt64 => "UInt64",
            Kind::Int64 => "Int64",
            Kind::Float => "Double",
            Kind::Auto => "MaxThreads",
            Kind::Text => "String",
        }
    }

    /// The value in one spelling, so that it can be compared with the default; none for DEFAULT.
    fn checked(self, name: &str, value: &Value) -> Result<Option<String>, Refused> {
        let wrong = |what: &str| {
            let message = format!("the setting `{name}` takes {what}, not {}", value.shown());
            Err(Refused::of(ErrorKind::Type, message))
        };
        let number = match value {
            Value::Default => return Ok(None),
            Value::Number(text) | Value::Text(text) => text.as_str(),
            Value::Bool(is_true) => ["0", "1"][usize::from(*is_true)],
            Value::Compound(_) if self != Kind::Text => return wrong("one value"),
            Value::Compound(text) => return Ok(Some(text.replace(char::is_whitespace, ""))),
        };
        match self {
            Kind::Bool => match number {
                "0" | "false" => Ok(Some("0".to_owned())),
                "1" | "true" => Ok(Some("1".to_owned())),
                _ => wrong("0 or 1"),
            },
            Kind::UInt64 if without_unit(number).parse::<u64>().is_err() => {
                wrong("a whole number that is not negative")
            }
            Kind::Int64 if without_unit(number).parse::<i64>().is_err() => wrong("a whole number"),
            Kind::Float if number.parse::<f64>().is_err() => wrong("a number"),
            Kind::Auto if !number.starts_with("auto") && number.parse::<f64>().is_err() => {
                wrong("a number or 'auto'")
            }
            Kind::Text if matches!(value, Value::Number(_) | Value::Bool(_)) => wrong("a text"),
            _ => Ok(Some(number.to_owned())),
        }
    }
}

/// `10` of `10G`, `10Gi` and `10GiB`.
fn without_unit(number: &str) -> &str {
    let number = number.strip_suffix('B').unwrap_or(number);
    let number = number.strip_suffix('i').unwrap_or(number);
    number
        .strip_suffix(['k', 'K', 'm', 'M', 'g', 'G', 't', 'T', 'p', 'P'])
        .unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_applied_has_its_default_in_the_table() {
        for (name, known) in &*TABLE {
            if known.effect == Effect::Applied {
                let mut settings = Settings::default();
                assert!(settings.apply(name, known.default).is_ok(), "{name}");
                let unset = match *name {
                    "except_default_mode" => Settings {
                        except_default_mode: SetMode::All,
                        ..Settings::default()
                    },
                    "intersect_default_mode" => Settings {
                        intersect_default_mode: SetMode::All,
                        ..Settings::default()
                    },
                    _ => Settings::default(),
                };
                assert_eq!(settings, unset, "{name}");
            }
        }
    }

    #[test]
    fn every_default_is_a_value_of_its_kind() {
        for (name, known) in &*TABLE {
            if known.effect != Effect::Harmless {
                let value = match known.kind {
                    Kind::Text => Value::Text(known.default.to_owned()),
                    _ => Value::Number(known.default.to_owned()),
                };
                let set = Settings::default().set(name, &value, true);
                assert!(set.is_ok(), "{name} = {}", known.default);
            }
        }
    }

    #[test]
    fn values() {
        let number = |text: &str| Value::Number(text.to_owned());
        let text = |text: &str| Value::Text(text.to_owned());
        let cases = [
            ("max_threads", number("4"), ""),
            ("max_threads", text("4"), ""),
            ("max_threads", text("auto"), ""),
            (
                "max_threads",
                text("abc"),
                "the setting `max_threads` takes a number or 'auto', not 'abc'",
            ),
            (
                "max_block_size",
                number("-1"),
                "the setting `max_block_size` takes a whole number that is not negative, not -1",
            ),
            ("max_memory_usage", text("10G"), ""),
            ("max_memory_usage", text("10GiB"), ""),
            ("log_comment", text("panel 5"), ""),
            (
                "log_comment",
                number("5"),
                "the setting `log_comment` takes a text, not 5",
            ),
            (
                "join_use_nulls",
                number("2"),
                "the setting `join_use_nulls` takes 0 or 1, not 2",
            ),
            ("join_use_nulls", text("true"), ""),
            ("join_use_nulls", Value::Default, ""),
            (
                "date_time_output_format",
                text("other"),
                "the setting `date_time_output_format` is simple, iso or unix_timestamp, not 'other'",
            ),
            (
                "session_timezone",
                text("Nowhere/X"),
                "there is no time zone Nowhere/X",
            ),
            ("session_timezone", text("America/New_York"), ""),
            ("transform_null_in", number("0"), ""),
            (
                "transform_null_in",
                number("1"),
                "the setting `transform_null_in` would change the answer",
            ),
            (
                "max_rows_to_read",
                number("10"),
                "the setting `max_rows_to_read` would change the answer",
            ),
            (
                "limit",
                number("0.5"),
                "the setting `limit` takes a whole number here, not 0.5",
            ),
            (
                "limit",
                number("-1"),
                "the setting `limit` takes a whole number here, not -1",
            ),
            (
                "additional_table_filters",
                Value::Compound("{ }".to_owned()),
                "",
            ),
            (
                "additional_table_filters",
                Value::Compound("{'a': 'b'}".to_owned()),
                "the setting `additional_table_filters` would change the answer",
            ),
            (
                "MAX_THREADS",
                number("1"),
                "there is no setting `MAX_THREADS` (ClickHouse: UNKNOWN_SETTING)",
            ),
        ];
        for (name, value, expected) in cases {
            let refused = Settings::default().set(name, &value, true).err();
            let message = refused.map(|refused| refused.message).unwrap_or_default();
            assert_eq!(message, expected, "{name} {value:?}");
        }
    }

    #[test]
    fn in_a_subquery_only_what_changes_nothing() {
        let one = Value::Number("1".to_owned());
        let set = |name| Settings::default().set(name, &one, false).is_ok();
        assert!(set("max_threads"));
        assert!(!set("join_use_nulls"));
        assert!(!set("limit"));
    }
}
