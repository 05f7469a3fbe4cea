//! What is to go.

use std::collections::BTreeMap;

use annoscope_events::{RetentionClass, Timestamp};

use crate::config::RetentionConfig;
use crate::store::MonthRows;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What there is.
#[derive(Clone, Debug, Default)]
pub struct Stock {
    /// Of each class those that are older than its setting allows; none where it has none.
    pub too_old: BTreeMap<RetentionClass, Vec<MonthRows>>,
    /// Of each class those of months that are over, where the size is bounded.
    pub whole_months: BTreeMap<RetentionClass, Vec<MonthRows>>,
    /// All rows.
    pub n_rows: u64,
    /// The database's file, bytes, without what is free in it.
    pub used_bytes: u64,
}

/// Rows of a class and a month that go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Of which class.
    pub class: RetentionClass,
    /// Begin of the month, µs since the epoch.
    pub from_us: i64,
    /// Up to, not including, this time.
    pub until_us: i64,
    /// How many; of resources, of which the newest stay, at most.
    pub n_rows: u64,
    /// What they take, about.
    pub n_bytes: u64,
}

/// What goes, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// By class, oldest month first.
    pub cuts: Vec<Cut>,
}

impl RetentionConfig {
    /// Days that a class is kept; none for ever.
    pub fn days(&self, class: RetentionClass) -> Option<u32> {
        let days = match class {
            RetentionClass::Exceptions => self.exceptions_days,
            RetentionClass::Clicks => self.clicks_days,
            RetentionClass::Hours => self.hours_days,
            RetentionClass::Resources => self.resources_days,
        };
        (days > 0).then_some(days)
    }

    /// The begin of what is kept of a class: of a day, so that a run a little later says the same.
    pub fn cut_us(&self, class: RetentionClass, now: Timestamp) -> Option<i64> {
        let today = now.millis().div_euclid(DAY_MS);
        let days = i64::from(self.days(class)?);
        Some((today - days) * DAY_MS * 1000)
    }

    /// Whether anything is to be removed at all.
    pub fn is_on(&self) -> bool {
        self.max_bytes > 0
            || RetentionClass::ALL
                .iter()
                .any(|class| self.days(*class).is_some())
    }
}

impl Plan {
    /// What the settings ask for. By age first; then, while there is more than `max_bytes`, the oldest months: of
    /// exceptions, then of clicks, then of hours. Resources go by age alone.
    pub fn of(config: &RetentionConfig, stock: &Stock, now: Timestamp) -> Plan {
        let per_row = stock.used_bytes as f64 / stock.n_rows.max(1) as f64;
        let bytes = |n_rows: u64| (n_rows as f64 * per_row) as u64;
        let mut cuts: Vec<Cut> = Vec::new();
        for class in RetentionClass::ALL {
            let Some(cut_us) = config.cut_us(class, now) else {
                continue;
            };
            for rows in stock.too_old.get(&class).into_iter().flatten() {
                cuts.push(Cut {
                    class,
                    from_us: rows.month_us,
                    until_us: cut_us.min(end_of_month_us(rows.month_us)),
                    n_rows: rows.n_rows,
                    n_bytes: bytes(rows.n_rows),
                });
            }
        }
        if config.max_bytes > 0 {
            let freed: u64 = cuts
                .iter()
                .filter(|cut| cut.class != RetentionClass::Resources)
                .map(|cut| cut.n_bytes)
                .sum();
            let mut left = stock.used_bytes.saturating_sub(freed);
            for class in RetentionClass::ALL {
                for rows in stock.whole_months.get(&class).into_iter().flatten() {
                    if left <= config.max_bytes || class == RetentionClass::Resources {
                        break;
                    }
                    let by_age = cuts
                        .iter_mut()
                        .find(|cut| cut.class == class && cut.from_us == rows.month_us);
                    let n_gone = by_age.as_ref().map_or(0, |cut| cut.n_rows);
                    let n_more = rows.n_rows.saturating_sub(n_gone);
                    left = left.saturating_sub(bytes(n_more));
                    let whole = Cut {
                        class,
                        from_us: rows.month_us,
                        until_us: end_of_month_us(rows.month_us),
                        n_rows: rows.n_rows,
                        n_bytes: bytes(rows.n_rows),
                    };
                    match by_age {
                        Some(cut) => *cut = whole,
                        None if n_more > 0 => cuts.push(whole),
                        None => {}
                    }
                }
            }
        }
        Plan { cuts }
    }

    /// All rows that go.
    pub fn n_rows(&self) -> u64 {
        self.cuts.iter().map(|cut| cut.n_rows).sum()
    }

    /// What they take, about, in bytes.
    pub fn n_bytes(&self) -> u64 {
        self.cuts.iter().map(|cut| cut.n_bytes).sum()
    }
}

/// The begin of the month of a time, in UTC, µs since the epoch.
pub(super) fn begin_of_month_us(time_us: i64) -> i64 {
    let date = date(time_us).first_of_month();
    micros(date)
}

fn end_of_month_us(month_us: i64) -> i64 {
    let next = date(month_us).last_of_month().tomorrow();
    next.map_or(i64::MAX, micros)
}

/// The month of a time, as 2026-11.
pub(super) fn month_name(time_us: i64) -> String {
    date(time_us).strftime("%Y-%m").to_string()
}

fn date(time_us: i64) -> jiff::civil::Date {
    let time = jiff::Timestamp::from_microsecond(time_us).unwrap_or_default();
    time.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn micros(date: jiff::civil::Date) -> i64 {
    let midnight = date.to_zoned(jiff::tz::TimeZone::UTC);
    midnight.map_or(i64::MAX, |midnight| midnight.timestamp().as_microsecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFF: RetentionConfig = RetentionConfig {
        exceptions_days: 0,
        clicks_days: 0,
        hours_days: 0,
        resources_days: 0,
        max_bytes: 0,
        hour: 3,
    };

    fn month(name: &str) -> i64 {
        let date: jiff::civil::Date = format!("{name}-01").parse().unwrap();
        micros(date)
    }

    fn rows(of: &[(&str, u64)]) -> Vec<MonthRows> {
        let rows = of.iter().map(|(name, n_rows)| MonthRows {
            month_us: month(name),
            n_rows: *n_rows,
        });
        rows.collect()
    }

    fn now() -> Timestamp {
        Timestamp::from_micros(month("2026-11") + 86_400_000_000 * 14 + 12_345)
    }

    fn shown(plan: &Plan) -> Vec<(&'static str, String, u64, u64)> {
        let cuts = plan.cuts.iter();
        cuts.map(|cut| {
            let name = cut.class.name();
            (name, month_name(cut.from_us), cut.n_rows, cut.n_bytes)
        })
        .collect()
    }

    #[test]
    fn nothing_goes_by_itself() {
        assert!(!OFF.is_on());
        let stock = Stock {
            whole_months: BTreeMap::from([(RetentionClass::Clicks, rows(&[("2020-01", 9)]))]),
            n_rows: 9,
            used_bytes: 900,
            ..Stock::default()
        };
        assert_eq!(Plan::of(&OFF, &stock, now()), Plan::default());
    }

    #[test]
    fn by_age_the_last_month_goes_up_to_the_day() {
        let config = RetentionConfig {
            clicks_days: 10,
            ..OFF
        };
        let stock = Stock {
            too_old: BTreeMap::from([(
                RetentionClass::Clicks,
                rows(&[("2026-10", 5), ("2026-11", 2)]),
            )]),
            n_rows: 100,
            used_bytes: 1_000,
            ..Stock::default()
        };
        let plan = Plan::of(&config, &stock, now());
        assert_eq!(
            shown(&plan),
            [
                ("clicks", "2026-10".to_owned(), 5, 50),
                ("clicks", "2026-11".to_owned(), 2, 20)
            ]
        );
        assert_eq!(plan.cuts[0].until_us, month("2026-11"));
        assert_eq!(plan.cuts[1].until_us, month("2026-11") + 4 * 86_400_000_000);
    }

    #[test]
    fn by_size_the_oldest_months_go_class_by_class() {
        let stock = Stock {
            whole_months: BTreeMap::from([
                (RetentionClass::Hours, rows(&[("2026-01", 10)])),
                (
                    RetentionClass::Clicks,
                    rows(&[("2026-01", 30), ("2026-02", 30)]),
                ),
                (RetentionClass::Exceptions, rows(&[("2026-02", 5)])),
                (RetentionClass::Resources, rows(&[("2025-01", 25)])),
            ]),
            n_rows: 100,
            used_bytes: 1_000,
            ..Stock::default()
        };
        let of = |max_bytes| {
            let config = RetentionConfig { max_bytes, ..OFF };
            shown(&Plan::of(&config, &stock, now()))
        };
        let exceptions = ("exceptions", "2026-02".to_owned(), 5, 50);
        let clicks = |month: &str| ("clicks", month.to_owned(), 30, 300);
        assert_eq!(of(1_000), []);
        assert_eq!(of(950), std::slice::from_ref(&exceptions));
        assert_eq!(of(949), [exceptions.clone(), clicks("2026-01")]);
        let all = [
            exceptions,
            clicks("2026-01"),
            clicks("2026-02"),
            ("hours", "2026-01".to_owned(), 10, 100),
        ];
        // Of resources nothing, however little is asked for.
        assert_eq!(of(1), all);
    }

    #[test]
    fn what_is_too_old_is_not_counted_twice() {
        let config = RetentionConfig {
            clicks_days: 10,
            max_bytes: 1,
            ..OFF
        };
        let months = rows(&[("2026-10", 5)]);
        let stock = Stock {
            too_old: BTreeMap::from([(RetentionClass::Clicks, months.clone())]),
            whole_months: BTreeMap::from([(RetentionClass::Clicks, months)]),
            n_rows: 10,
            used_bytes: 100,
        };
        let plan = Plan::of(&config, &stock, now());
        assert_eq!(shown(&plan), [("clicks", "2026-10".to_owned(), 5, 50)]);
    }
}
