//! The macros of Grafana's ClickHouse data source, expanded as it expands them.

use super::calls::{self, Call};
use super::expanded::Expanded;
use super::time;
use super::variables;
use crate::context::{Context, VariableValue};
use crate::error::{ErrorKind, SqlError};

/// All macros that a query may name, without `$`.
pub(super) const NAMES: [&str; 19] = [
    "__adHocFilters",
    "__column",
    "__conditionalAll",
    "__dateFilter",
    "__dateTimeFilter",
    "__dt",
    "__fromTime",
    "__fromTime_ms",
    "__interval_s",
    "__table",
    "__timeFilter",
    "__timeFilter_ms",
    "__timeFrom",
    "__timeGroup",
    "__timeInterval",
    "__timeInterval_ms",
    "__timeTo",
    "__toTime",
    "__toTime_ms",
];

/// Replaces `$__conditionalAll(condition, $variable)`; comes before variables are replaced.
pub(super) fn expand_conditional_all(
    expanded: Expanded,
    context: &Context,
) -> Result<Expanded, SqlError> {
    calls::replace(expanded, &["__conditionalAll"], &|expanded, call| {
        let [condition, variable] = arguments(expanded, call)?;
        let name = variables::Reference::at(variable)
            .filter(|reference| reference.length == variable.len())
            .map(|reference| reference.name);
        let Some(name) = name else {
            let message = "the second argument of $__conditionalAll is no variable";
            return Err(SqlError {
                hint: Some("write `$__conditionalAll(condition, $name)`".to_owned()),
                ..expanded.error(ErrorKind::Expansion, call.offset, message)
            });
        };
        let Some(value) = context.variables.get(name) else {
            return Err(super::unknown_name(expanded, call.offset, name, context));
        };
        let is_all = match value {
            VariableValue::All(_) => true,
            VariableValue::One(value) => value.is_empty() || value == "$__all",
            VariableValue::Many(values) => {
                values.iter().all(String::is_empty) || values.iter().any(|value| value == "$__all")
            }
        };
        Ok(if is_all { "1=1" } else { condition }.to_owned())
    })
}

/// Replaces the data source's macros.
pub(super) fn expand_macros(expanded: Expanded, context: &Context) -> Result<Expanded, SqlError> {
    calls::replace(expanded, &NAMES, &|expanded, call| {
        expand(&At {
            expanded,
            call,
            context,
        })
    })
}

/// A call, where it stands and what it is asked with.
struct At<'a> {
    expanded: &'a Expanded,
    call: &'a Call<'a>,
    context: &'a Context,
}

impl At<'_> {
    fn arguments<const N: usize>(&self) -> Result<&[String; N], SqlError> {
        arguments(self.expanded, self.call)
    }

    fn error(&self, kind: ErrorKind, message: impl Into<String>) -> SqlError {
        self.expanded.error(kind, self.call.offset, message)
    }

    fn given<T>(&self, value: Result<T, time::Missing>) -> Result<T, SqlError> {
        value.map_err(|missing| SqlError {
            hint: Some(missing.hint.to_owned()),
            ..self.error(
                ErrorKind::Expansion,
                format!("${} {}", self.call.name, missing.message),
            )
        })
    }

    /// The range in seconds.
    fn seconds(&self) -> Result<[i64; 2], SqlError> {
        Ok(self.milliseconds()?.map(time::seconds))
    }

    fn milliseconds(&self) -> Result<[i64; 2], SqlError> {
        let range = self.given(time::range(self.context))?;
        Ok([range.from_ms, range.to_ms])
    }

    fn dates(&self) -> Result<[String; 2], SqlError> {
        let [from_ms, to_ms] = self.milliseconds()?;
        match (time::date(from_ms), time::date(to_ms)) {
            (Some(from), Some(to)) => Ok([from, to]),
            _ => Err(self.error(
                ErrorKind::Expansion,
                "the time range is beyond the calendar",
            )),
        }
    }

    /// Width of a bucket in whole seconds, at least one.
    fn interval_s(&self) -> Result<u64, SqlError> {
        let interval_ms = self.given(time::interval_ms(self.context))?;
        Ok((interval_ms / 1000).max(1))
    }
}

fn expand(at: &At<'_>) -> Result<String, SqlError> {
    let expansion = match at.call.name {
        "__timeFilter" => {
            let ([c], [from, to]) = (at.arguments()?, at.seconds()?);
            format!("{c} >= toDateTime({from}) AND {c} <= toDateTime({to})")
        }
        "__timeFilter_ms" => {
            let ([c], [from, to]) = (at.arguments()?, at.milliseconds()?);
            format!(
                "{c} >= fromUnixTimestamp64Milli({from}) AND {c} <= fromUnixTimestamp64Milli({to})"
            )
        }
        "__dateFilter" => {
            let ([c], [from, to]) = (at.arguments()?, at.dates()?);
            format!("{c} >= toDate('{from}') AND {c} <= toDate('{to}')")
        }
        "__dateTimeFilter" | "__dt" => {
            let [d, t] = at.arguments()?;
            let ([from_date, to_date], [from, to]) = (at.dates()?, at.seconds()?);
            format!(
                "({d} >= toDate('{from_date}') AND {d} <= toDate('{to_date}')) AND \
                 ({t} >= toDateTime({from}) AND {t} <= toDateTime({to}))"
            )
        }
        "__timeFrom" => {
            let ([c], [from, _]) = (at.arguments()?, at.seconds()?);
            format!("{c} >= toDateTime({from})")
        }
        "__timeTo" => {
            let ([c], [_, to]) = (at.arguments()?, at.seconds()?);
            format!("{c} <= toDateTime({to})")
        }
        "__fromTime" => {
            let ([], [from, _]) = (at.arguments()?, at.seconds()?);
            format!("toDateTime({from})")
        }
        "__toTime" => {
            let ([], [_, to]) = (at.arguments()?, at.seconds()?);
            format!("toDateTime({to})")
        }
        "__fromTime_ms" => {
            let ([], [from, _]) = (at.arguments()?, at.milliseconds()?);
            format!("fromUnixTimestamp64Milli({from})")
        }
        "__toTime_ms" => {
            let ([], [_, to]) = (at.arguments()?, at.milliseconds()?);
            format!("fromUnixTimestamp64Milli({to})")
        }
        "__timeInterval" => {
            let ([c], interval_s) = (at.arguments()?, at.interval_s()?);
            format!("toStartOfInterval(toDateTime({c}), INTERVAL {interval_s} second)")
        }
        "__timeInterval_ms" => {
            let [c] = at.arguments()?;
            let interval_ms = at.given(time::interval_ms(at.context))?.max(1);
            format!("toStartOfInterval(toDateTime64({c}, 3), INTERVAL {interval_ms} millisecond)")
        }
        "__timeGroup" => {
            let [c, width] = at.arguments()?;
            let Some(width_s) = time::duration_seconds(width) else {
                return Err(SqlError {
                    hint: Some(
                        "write a duration of at least half a second: `5m`, `1h30m`, `1d`"
                            .to_owned(),
                    ),
                    ..at.error(
                        ErrorKind::Expansion,
                        format!("`{width}` is no width of a bucket"),
                    )
                });
            };
            format!("toStartOfInterval(toDateTime({c}), INTERVAL {width_s} second)")
        }
        "__interval_s" => {
            let ([], interval_s) = (at.arguments()?, at.interval_s()?);
            interval_s.to_string()
        }
        "__table" => {
            let [] = at.arguments()?;
            "events".to_owned()
        }
        "__column" => {
            let error = at.error(ErrorKind::Expansion, "$__column has no value here");
            return Err(SqlError {
                hint: Some("write the column's name".to_owned()),
                ..error
            });
        }
        // There are none here, and so the data source writes this.
        "__adHocFilters" => "additional_table_filters={}".to_owned(),
        // It is replaced before variables are, which is too early for one that they bring or hide.
        "__conditionalAll" => {
            let message =
                "$__conditionalAll can neither come out of a variable nor stand right behind one";
            return Err(at.error(ErrorKind::Expansion, message));
        }
        unknown => unreachable!("the macro {unknown} is in NAMES"),
    };
    Ok(expansion)
}

/// The call's arguments, if there are `N` and none is blank.
fn arguments<'a, const N: usize>(
    expanded: &Expanded,
    call: &'a Call<'_>,
) -> Result<&'a [String; N], SqlError> {
    let given = call.arguments.as_deref().unwrap_or_default();
    let arguments: Option<&[String; N]> = given.try_into().ok();
    arguments
        .filter(|arguments| !arguments.iter().any(String::is_empty))
        .ok_or_else(|| {
            let takes = match N {
                0 => "no arguments".to_owned(),
                1 => "1 argument".to_owned(),
                n => format!("{n} arguments"),
            };
            let message = format!("${} takes {takes}, got {}", call.name, given.len());
            expanded.error(ErrorKind::Expansion, call.offset, message)
        })
}
