//! Dates, times and time zones.
//!
//! A date with time is an instant in UTC in DuckDB; its time zone is in its type. Functions
//! of the calendar compute on the wall clock of that zone.

use super::{Lowering, Sql, quoted};
use crate::error::SqlError;
use crate::functions::Function;
use crate::ir::{Expr, ExprKind};
use crate::time_arguments::{added_unit, timezone_argument, unit_named};
use crate::types::{DataType, IntervalUnit};

const SECOND: i64 = 1_000_000;

impl Lowering<'_> {
    /// The time zone of a value where it is not UTC.
    pub(super) fn foreign_zone(&self, time: &Expr, argument: Option<&str>) -> Option<String> {
        if time.ty.is_date() {
            return None;
        }
        let zone = argument.or(time.ty.timezone()).or(self.session_zone())?;
        (!matches!(zone, "UTC" | "Etc/UTC" | "GMT" | "Etc/GMT")).then(|| zone.to_owned())
    }

    /// The time zone of types that name none, where the query sets one.
    pub(super) fn session_zone(&self) -> Option<&str> {
        self.settings.session_timezone.as_deref()
    }

    /// The instant at which a date begins where no type names a time zone.
    pub(super) fn midnight(&mut self, date: &str) -> String {
        let wall = format!("CAST({date} AS TIMESTAMP)");
        match self.session_zone().map(str::to_owned) {
            Some(zone) => self.instant(&wall, &zone),
            None => wall,
        }
    }

    /// A time as a TIMESTAMP that shows what a clock there shows.
    pub(super) fn wall_clock(
        &mut self,
        time: &Expr,
        timezone: Option<&str>,
    ) -> Result<String, SqlError> {
        let value = self.value(time)?;
        if time.ty.is_date() {
            return Ok(format!("CAST({value} AS TIMESTAMP)"));
        }
        Ok(match self.foreign_zone(time, timezone) {
            Some(zone) => {
                self.pass("time zones");
                format!("timezone({}, timezone('UTC', {value}))", quoted(&zone))
            }
            None => value,
        })
    }

    /// The instant at which a clock of the zone shows `wall`.
    pub(super) fn instant(&mut self, wall: &str, zone: &str) -> String {
        self.pass("time zones");
        format!("timezone('UTC', timezone({}, {wall}))", quoted(zone))
    }

    pub(super) fn time_function(
        &mut self,
        pass: &str,
        function: &'static Function,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<Sql, SqlError> {
        let timezone = timezone_argument(function, arguments);
        let timezone = timezone.as_deref();
        let name = function.name;
        Ok(Sql::value(match pass {
            "now" => self.now(name, arguments),
            "to_time_zone" => self.value(&arguments[0])?,
            "day_of_week" => {
                let time = self.wall_clock(&arguments[0], timezone)?;
                match arguments.get(1).and_then(Expr::as_integer).unwrap_or(0) & 3 {
                    0 => format!("isodow({time})"),
                    1 => format!("(isodow({time}) - 1)"),
                    2 => format!("dayofweek({time})"),
                    _ => format!("(dayofweek({time}) + 1)"),
                }
            }
            "week" => {
                let time = self.wall_clock(&arguments[0], timezone)?;
                match arguments.get(1).and_then(Expr::as_integer).unwrap_or(0) {
                    0 => format!("CAST(strftime({time}, '%U') AS BIGINT)"),
                    1 => format!(
                        "(CASE isoyear({time}) - year({time}) WHEN -1 THEN 0 WHEN 1 THEN 53 ELSE week({time}) END)"
                    ),
                    3 => format!("week({time})"),
                    _ => {
                        let hint = Some("use mode 0, 1 or 3, or toISOWeek");
                        return Err(self.unsupported("this mode of toWeek", hint, expr.at));
                    }
                }
            }
            "unix_timestamp" => self.unix_timestamp(name, &arguments[0])?,
            "start_of_week" => {
                let time = self.wall_clock(&arguments[0], timezone)?;
                let mode = arguments.get(1).and_then(Expr::as_integer).unwrap_or(0);
                let (first, start) = if mode % 2 == 1 {
                    (
                        "1970-01-05",
                        format!("CAST(date_trunc('week', {time}) AS DATE)"),
                    )
                } else {
                    let start =
                        format!("CAST({time} AS DATE) - CAST(dayofweek({time}) AS INTEGER)");
                    ("1970-01-04", start)
                };
                // A Date is not before 1970.
                format!(
                    "(CASE WHEN {time} < TIMESTAMP '{first}' THEN DATE '1970-01-01' ELSE {start} END)"
                )
            }
            "start_of_interval" => self.start_of_interval(name, arguments, timezone, expr)?,
            "date_trunc" => self.date_trunc(arguments, timezone, expr)?,
            "date_diff" => self.date_diff(name, arguments, timezone, expr)?,
            "add_interval" => self.add_interval(name, arguments, expr)?,
            "parse_time" => self.parse_time(name, arguments, expr)?,
            "format_date_time" => self.format_date_time(arguments, timezone)?,
            _ => self.date_name(arguments, expr)?,
        }))
    }

    /// One literal for the whole query: consistent, and the same in tests.
    fn now(&mut self, name: &str, arguments: &[Expr]) -> String {
        self.pass("now");
        let now_ms = self.context.now_ms;
        let second = now_ms.div_euclid(1000);
        let day = self.session_zone().map_or_else(
            || now_ms.div_euclid(86_400_000),
            |zone| crate::timezones::day(zone, second),
        );
        match name {
            "today" => format!("(DATE '1970-01-01' + {day})"),
            "yesterday" => format!("(DATE '1970-01-01' + {})", day - 1),
            "now64" if arguments.first().and_then(Expr::as_integer) != Some(0) => {
                format!("make_timestamp({})", now_ms * 1000)
            }
            _ => format!("make_timestamp({})", second * SECOND),
        }
    }

    fn unix_timestamp(&mut self, name: &str, time: &Expr) -> Result<String, SqlError> {
        let value = self.value(time)?;
        // The beginning of a date in UTC, whatever the session's time zone is.
        let value = if time.ty.is_date() {
            format!("CAST({value} AS TIMESTAMP)")
        } else {
            value
        };
        Ok(if name == "toUnixTimestamp" {
            format!("(epoch_us({value}) // 1000000)")
        } else {
            format!("epoch_ms({value})")
        })
    }

    fn date_diff(
        &mut self,
        name: &str,
        arguments: &[Expr],
        timezone: Option<&str>,
        expr: &Expr,
    ) -> Result<String, SqlError> {
        let unit = arguments[0].as_text().and_then(crate::names::unit_word);
        let Some(unit) = unit.and_then(unit_named) else {
            return Err(self.unsupported("this unit", Some("write 'hour' or 'day'"), expr.at));
        };
        let (a, b) = (&arguments[1], &arguments[2]);
        let is_of_zone = [a, b]
            .iter()
            .any(|time| self.foreign_zone(time, timezone).is_some())
            || timezone.or(self.session_zone()).is_some();
        let seconds = match unit {
            IntervalUnit::Second => 1,
            IntervalUnit::Minute => 60,
            IntervalUnit::Hour => 3_600,
            _ => 0,
        };
        if is_of_zone && seconds > 0 {
            return self.clock_diff(name, [a, b], timezone, seconds);
        }
        if name == "age"
            && self.zone_of(a, timezone) != self.zone_of(b, timezone)
            && let Some(age) = self.age_of_zones([a, b], timezone, unit)?
        {
            return Ok(age);
        }
        let (a, b) = (self.wall_clock(a, timezone)?, self.wall_clock(b, timezone)?);
        let word = format!("{unit:?}").to_lowercase();
        if name == "age" {
            return Ok(format!("datesub('{word}', {a}, {b})"));
        }
        Ok(if unit == IntervalUnit::Week {
            self.pass("weeks of dateDiff");
            format!("(datediff('day', date_trunc('week', {a}), date_trunc('week', {b})) // 7)")
        } else {
            format!("datediff('{word}', {a}, {b})")
        })
    }

    /// Whole days, months, quarters and years between times of two zones: the calendar's difference, less one where the
    /// last one is not whole by what each clock shows. Which comes first the instants tell. Weeks are others.
    fn age_of_zones(
        &mut self,
        [a, b]: [&Expr; 2],
        timezone: Option<&str>,
        unit: IntervalUnit,
    ) -> Result<Option<String>, SqlError> {
        let (word, rest) = match unit {
            IntervalUnit::Day => ("day", "%H%M%S%f"),
            IntervalUnit::Month => ("month", "%d%H%M%S%f"),
            IntervalUnit::Quarter => ("quarter", "%d%H%M%S%f"),
            IntervalUnit::Year => ("year", "%m%d%H%M%S%f"),
            _ => return Ok(None),
        };
        let (from, to) = (self.instant_of(a, timezone)?, self.instant_of(b, timezone)?);
        let (from_wall, to_wall) = (self.wall_clock(a, timezone)?, self.wall_clock(b, timezone)?);
        let rest = |wall: &str| {
            let rest = format!("strftime({wall}, '{rest}')");
            if unit == IntervalUnit::Quarter {
                format!("(CAST((month({wall}) - 1) % 3 AS VARCHAR) || {rest})")
            } else {
                rest
            }
        };
        let (from_rest, to_rest) = (rest(&from_wall), rest(&to_wall));
        Ok(Some(format!(
            "(datediff('{word}', {from_wall}, {to_wall}) + CASE WHEN {to} >= {from} AND {to_rest} < {from_rest} THEN -1 WHEN {to} < {from} AND {to_rest} > {from_rest} THEN 1 ELSE 0 END)"
        )))
    }

    /// The time zone whose clock a time is read from; none is UTC.
    fn zone_of(&self, time: &Expr, timezone: Option<&str>) -> Option<String> {
        let own = timezone.or(time.ty.timezone()).or(self.session_zone());
        own.map(str::to_owned)
    }

    /// The instant of a time, at the begin of a date.
    fn instant_of(&mut self, time: &Expr, timezone: Option<&str>) -> Result<String, SqlError> {
        let value = self.value(time)?;
        Ok(match timezone {
            Some(zone) if time.ty.is_date() => {
                self.instant(&format!("CAST({value} AS TIMESTAMP)"), zone)
            }
            _ if time.ty.is_date() => self.midnight(&value),
            _ => value,
        })
    }

    /// Hours, minutes and seconds that pass are the same whatever a clock is set to; but where whole ones
    /// begin is a matter of the time zone.
    fn clock_diff(
        &mut self,
        name: &str,
        times: [&Expr; 2],
        timezone: Option<&str>,
        seconds: i64,
    ) -> Result<String, SqlError> {
        let mut sides = Vec::with_capacity(2);
        for time in times {
            let value = self.instant_of(time, timezone)?;
            let zone = timezone.or(time.ty.timezone()).or(self.session_zone());
            let ahead = zone.map_or(0, |zone| crate::timezones::shift_of_units(zone, seconds));
            let number = format!("(epoch_us({value}) // 1000000 - {ahead}) // {seconds}");
            sides.push((value, ahead, number, self.wall_clock(time, timezone)?));
        }
        let [(a, ahead, from, from_wall), (b, other_ahead, to, to_wall)] = sides.as_slice() else {
            unreachable!("of two times there are two sides");
        };
        if name != "age" {
            return Ok(format!("({to} - {from})"));
        }
        if ahead == other_ahead {
            let word = match seconds {
                1 => "second",
                60 => "minute",
                _ => "hour",
            };
            return Ok(format!("datesub('{word}', {a}, {b})"));
        }
        // The units are those of each one's own zone, and the last one is whole when the clocks show so.
        let rest = |wall: &str| format!("epoch_us({wall}) % {}", seconds * SECOND);
        let (from_rest, to_rest) = (rest(from_wall), rest(to_wall));
        Ok(format!(
            "({to} - ({from}) + CASE WHEN {b} >= {a} AND {to_rest} < {from_rest} THEN -1 WHEN {b} < {a} AND {to_rest} > {from_rest} THEN 1 ELSE 0 END)"
        ))
    }

    fn add_interval(
        &mut self,
        name: &str,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<String, SqlError> {
        let Some(unit) = added_unit(name) else {
            return Err(self.unsupported(name, None, expr.at));
        };
        let sign = if name.starts_with("subtract") {
            "-"
        } else {
            "+"
        };
        let amount = arguments[1].clone();
        let ty = DataType::Interval(unit).nullable_if(amount.ty.is_nullable());
        let at = amount.at;
        let kind = ExprKind::Interval {
            amount: Box::new(amount),
            unit,
        };
        self.plus_interval(&arguments[0], sign, &Expr::new(kind, ty, at), unit, expr)
    }

    fn format_date_time(
        &mut self,
        arguments: &[Expr],
        timezone: Option<&str>,
    ) -> Result<String, SqlError> {
        self.pass("formatDateTime");
        let time = self.wall_clock(&arguments[0], timezone)?;
        let format = arguments[1].as_text().unwrap_or_default();
        let mut pieces: Vec<String> = Vec::new();
        let mut plain = String::new();
        let mut letters = format.chars();
        while let Some(c) = letters.next() {
            if c != '%' {
                plain.push(c);
                continue;
            }
            let Some(letter) = letters.next() else {
                return Err(self.unsupported("% at the end of a format", None, arguments[1].at));
            };
            match letter {
                'i' => plain.push_str("%M"),
                'M' => plain.push_str("%B"),
                'W' => plain.push_str("%A"),
                's' => plain.push_str("%S"),
                'h' => plain.push_str("%I"),
                'T' => plain.push_str("%H:%M:%S"),
                'F' => plain.push_str("%Y-%m-%d"),
                'R' => plain.push_str("%H:%M"),
                'D' => plain.push_str("%m/%d/%y"),
                'c' => plain.push_str("%m"),
                'e' => plain.push_str("%-d"),
                'r' => plain.push_str("%I:%M %p"),
                'k' => plain.push_str("%H"),
                'l' => plain.push_str("%I"),
                'n' => plain.push('\n'),
                't' => plain.push('\t'),
                'f' => plain.push_str(
                    if matches!(arguments[0].ty.inner(), DataType::DateTime64 { .. }) {
                        "%f"
                    } else {
                        "000000"
                    },
                ),
                'Y' | 'm' | 'd' | 'H' | 'S' | 'j' | 'a' | 'b' | 'y' | 'I' | 'p' | 'G' | 'V'
                | 'u' | 'w' | '%' => {
                    plain.push('%');
                    plain.push(letter);
                }
                'Q' | 'C' | 'g' | 'z' => {
                    if !plain.is_empty() {
                        pieces.push(format!("strftime({time}, {})", quoted(&plain)));
                        plain.clear();
                    }
                    pieces.push(match letter {
                        'Q' => format!("CAST(quarter({time}) AS VARCHAR)"),
                        'g' => format!("lpad(CAST(isoyear({time}) % 100 AS VARCHAR), 2, '0')"),
                        'z' => self.offset_text(&arguments[0], &time)?,
                        _ => format!("lpad(CAST(year({time}) // 100 AS VARCHAR), 2, '0')"),
                    });
                }
                other => {
                    let construct = format!("%{other} in formatDateTime");
                    return Err(self.unsupported(&construct, None, arguments[1].at));
                }
            }
        }
        if !plain.is_empty() || pieces.is_empty() {
            pieces.push(format!("strftime({time}, {})", quoted(&plain)));
        }
        Ok(format!("({})", pieces.join(" || ")))
    }

    /// `+0200`: how far the clock is ahead of UTC.
    fn offset_text(&mut self, time: &Expr, wall: &str) -> Result<String, SqlError> {
        let instant = self.value(time)?;
        let minutes = format!("(epoch_us({wall}) - epoch_us({instant})) // 60000000");
        Ok(format!(
            "printf('%s%02d%02d', CASE WHEN {minutes} < 0 THEN '-' ELSE '+' END, abs({minutes}) // 60, abs({minutes}) % 60)"
        ))
    }

    fn date_name(&mut self, arguments: &[Expr], expr: &Expr) -> Result<String, SqlError> {
        let time = self.wall_clock(&arguments[1], None)?;
        let unit = arguments[0].as_text().unwrap_or_default().to_lowercase();
        let format = match unit.as_str() {
            "year" => "%Y",
            "month" => "%B",
            "day" => "%-d",
            "weekday" => "%A",
            "hour" => "%-H",
            "minute" => "%-M",
            "second" => "%-S",
            _ => return Err(self.unsupported("this unit of dateName", None, expr.at)),
        };
        self.pass("dateName");
        Ok(format!("strftime({time}, '{format}')"))
    }
}
