//! Buckets of time: the start of the interval that a time is in.

use super::Lowering;
use crate::error::SqlError;
use crate::ir::{Expr, ExprKind};
use crate::time_arguments::{bucket_width, timezone_argument, unit_named};
use crate::timezones;
use crate::types::{DataType, IntervalUnit};

const SECOND: i64 = 1_000_000;
const DAY_US: i64 = 86_400 * SECOND;
const EPOCH: &str = "TIMESTAMP '1970-01-01'";

impl Lowering<'_> {
    pub(super) fn start_of_interval(
        &mut self,
        name: &str,
        arguments: &[Expr],
        timezone: Option<&str>,
        expr: &Expr,
    ) -> Result<String, SqlError> {
        let Some((amount, unit)) = bucket_width(name, arguments) else {
            let hint = Some("write a literal, as in INTERVAL 15 MINUTE");
            return Err(self.unsupported("this interval", hint, arguments[1].at));
        };
        let time = &arguments[0];
        let start = self.bucket(time, amount, unit, timezone, expr)?;
        match timezone {
            Some(zone) if name == "toStartOfDay" && *time.ty.inner() == DataType::Date => {
                // Where that midnight is before 1970, it takes the next one, and others the start of 1970.
                let day = self.value(time)?;
                let midnight = self.instant(&format!("CAST({day} AS TIMESTAMP)"), zone);
                let next = self.instant(&format!("CAST({day} + 1 AS TIMESTAMP)"), zone);
                Ok(format!(
                    "(CASE WHEN {midnight} < TIMESTAMP '1970-01-01' THEN {next} ELSE {start} END)"
                ))
            }
            _ => Ok(start),
        }
    }

    /// The start of the bucket of time that the value is in.
    fn bucket(
        &mut self,
        time: &Expr,
        amount: i64,
        unit: IntervalUnit,
        timezone: Option<&str>,
        expr: &Expr,
    ) -> Result<String, SqlError> {
        self.pass("buckets of time");
        let time = bucketed(time, unit);
        if let Some(width_us) = unit.bucket_us(amount)
            && !time.ty.is_date()
            && self.is_counted_from_epoch(time, amount, unit, timezone)
        {
            let number = number_of(&self.value(time)?, width_us);
            return Ok(format!("make_timestamp({number} * {width_us})"));
        }
        let width_us = match unit {
            IntervalUnit::Millisecond => amount * 1_000,
            IntervalUnit::Second => amount * SECOND,
            IntervalUnit::Minute => amount * 60 * SECOND,
            IntervalUnit::Hour if amount == 1 => 3_600 * SECOND,
            IntervalUnit::Hour => return self.hours_bucket(time, amount, timezone),
            IntervalUnit::Day => return self.day_bucket(time, amount, timezone),
            _ => return self.calendar_bucket(time, amount, unit, timezone, expr),
        };
        let value = self.value(time)?;
        let value = if time.ty.is_date() {
            format!("CAST({value} AS TIMESTAMP)")
        } else {
            value
        };
        // What the clock shows beyond the bucket's start is taken off the instant: right also
        // in the hour that a change of the clock repeats.
        let wall = self.wall_clock(time, timezone)?;
        let start =
            format!("make_timestamp(epoch_us({value}) - epoch_us({wall}) % {DAY_US} % {width_us})");
        Ok(match self.foreign_zone(time, timezone) {
            Some(_) => not_before_epoch(&start, EPOCH),
            None => start,
        })
    }

    /// Whether buckets begin at multiples of their width since 1970 whatever the clock on the wall shows. In ClickHouse
    /// those of minutes do: 20 minutes in Kolkata (+5:30) at ten past. Those of seconds do where all hours
    /// of the zone are UTC's, and begin at its midnight elsewhere.
    fn is_counted_from_epoch(
        &self,
        time: &Expr,
        amount: i64,
        unit: IntervalUnit,
        timezone: Option<&str>,
    ) -> bool {
        let zone = self.foreign_zone(time, timezone);
        match unit {
            IntervalUnit::Millisecond | IntervalUnit::Minute => true,
            IntervalUnit::Second if amount % 60 == 0 => true,
            IntervalUnit::Second => zone.is_none_or(|zone| timezones::has_hours_of_utc(&zone)),
            _ => zone.is_none(),
        }
    }

    /// The number of a bucket, where its start is computed from that: what GROUP BY groups by,
    /// since integers go through it in half the time that timestamps take (66 ms against 121
    /// over 10 million events).
    pub(super) fn bucket_number(&mut self, key: &Expr) -> Result<Option<String>, SqlError> {
        let Some((function, arguments)) = key.as_call() else {
            return Ok(None);
        };
        let timezone = timezone_argument(function, arguments);
        let Some((amount, unit)) = bucket_width(function.name, arguments) else {
            return Ok(None);
        };
        let Some(width_us) = unit.bucket_us(amount) else {
            return Ok(None);
        };
        let time = bucketed(&arguments[0], unit);
        if time.ty.is_date() || !self.is_counted_from_epoch(time, amount, unit, timezone.as_deref())
        {
            return Ok(None);
        }
        let value = self.value(time)?;
        Ok(Some(number_of(&value, width_us)))
    }

    /// Several hours are counted from midnight, on the clock of the time zone.
    fn hours_bucket(
        &mut self,
        time: &Expr,
        amount: i64,
        timezone: Option<&str>,
    ) -> Result<String, SqlError> {
        let wall = self.wall_clock(time, timezone)?;
        let width_us = amount * 3_600 * SECOND;
        let start =
            format!("make_timestamp(epoch_us({wall}) - epoch_us({wall}) % {DAY_US} % {width_us})");
        Ok(match self.foreign_zone(time, timezone) {
            Some(zone) => not_before_epoch(&self.instant(&start, &zone), EPOCH),
            None => start,
        })
    }

    fn day_bucket(
        &mut self,
        time: &Expr,
        amount: i64,
        timezone: Option<&str>,
    ) -> Result<String, SqlError> {
        let wall = self.wall_clock(time, timezone)?;
        let width_us = amount * DAY_US;
        let start = format!("make_timestamp(epoch_us({wall}) - epoch_us({wall}) % {width_us})");
        // The midnight of a Date is the time zone's, too. That of the first day of 1970 is before all
        // that ClickHouse knows where the sun rises earlier.
        let of_date = timezone.or(self.session_zone());
        let of_date = of_date.filter(|_| time.ty.is_date()).map(str::to_owned);
        if let Some(zone) = of_date {
            let midnight = self.instant(&start, &zone);
            return Ok(format!(
                "list_transform([{midnight}], lambda _m: CASE WHEN _m < TIMESTAMP '1970-01-01' THEN TIMESTAMP '1970-01-01' ELSE _m END)[1]"
            ));
        }
        Ok(match self.foreign_zone(time, timezone) {
            Some(zone) => {
                let midnight = self.instant(&start, &zone);
                // The first one that a DateTime can be; a DateTime64 ends where the years begin.
                let first = match time.ty.inner() {
                    DataType::DateTime64 { .. } => EPOCH.to_owned(),
                    _ => self.instant("TIMESTAMP '1970-01-02'", &zone),
                };
                not_before_epoch(&midnight, &first)
            }
            None => start,
        })
    }

    fn calendar_bucket(
        &mut self,
        time: &Expr,
        amount: i64,
        unit: IntervalUnit,
        timezone: Option<&str>,
        _expr: &Expr,
    ) -> Result<String, SqlError> {
        let wall = self.wall_clock(time, timezone)?;
        Ok(match unit {
            IntervalUnit::Week => {
                // Weeks begin on Mondays; 1970-01-05 was one.
                let days = 7 * amount;
                format!(
                    "(CASE WHEN {wall} < TIMESTAMP '1970-01-05' THEN DATE '1970-01-01' ELSE DATE '1970-01-05' + CAST(((CAST({wall} AS DATE) - DATE '1970-01-05') // {days}) * {days} AS INTEGER) END)"
                )
            }
            IntervalUnit::Year => {
                format!("make_date((year({wall}) // {amount}) * {amount}, 1, 1)")
            }
            _ => {
                let months = if unit == IntervalUnit::Quarter {
                    3 * amount
                } else {
                    amount
                };
                let index = format!(
                    "((((year({wall}) - 1970) * 12 + month({wall}) - 1) // {months}) * {months})"
                );
                format!("make_date(1970 + {index} // 12, {index} % 12 + 1, 1)")
            }
        })
    }

    pub(super) fn date_trunc(
        &mut self,
        arguments: &[Expr],
        timezone: Option<&str>,
        expr: &Expr,
    ) -> Result<String, SqlError> {
        let unit = arguments[0]
            .as_text()
            .and_then(unit_named)
            .unwrap_or(IntervalUnit::Day);
        self.bucket(&arguments[1], 1, unit, timezone, expr)
    }
}

/// Where the bucket begins before 1970, as that of its first hours does east of Greenwich: a `DateTime` cannot say that.
fn not_before_epoch(start: &str, instead: &str) -> String {
    format!("(CASE WHEN {start} < {EPOCH} THEN {instead} ELSE {start} END)")
}

/// The time that a bucket is made of.
fn bucketed(time: &Expr, unit: IntervalUnit) -> &Expr {
    if unit == IntervalUnit::Millisecond {
        time
    } else {
        with_fraction(time)
    }
}

fn number_of(time: &str, width_us: i64) -> String {
    format!("(epoch_us({time}) // {width_us})")
}

/// What `toDateTime(x)` cuts the fraction from: a bucket of whole seconds cuts it anyway, and
/// Grafana's macro writes both (193 ms against 103 over 10 million events).
fn with_fraction(time: &Expr) -> &Expr {
    match &time.kind {
        ExprKind::Call {
            function,
            arguments,
            ..
        } if function.name == "toDateTime"
            && arguments.len() == 1
            && matches!(arguments[0].ty.inner(), DataType::DateTime64 { .. }) =>
        {
            &arguments[0]
        }
        _ => time,
    }
}
