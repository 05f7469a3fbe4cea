//! Holes in the data: a source that has been silent for longer than it ever is. Pure: hours are parameters.

use std::collections::BTreeMap;

use super::{Finding, Level};

/// What a habit is learnt from, hours: four weeks, so that weekends and a holiday are part of it.
pub const WINDOW_HOURS: i64 = 28 * 24;

/// With less of it there is no habit yet, hours: the first weekend is no hole.
const LEARNT_HOURS: i64 = 8 * 24;

/// A source that is never silent may be so for some hours: a deployment, a meeting.
const LEAST_HOURS: i64 = 3;

/// Looks at the hours, since 1970, in which each source had events within the window up to `now_hour`.
pub fn examine(hours: &BTreeMap<String, Vec<i64>>, now_hour: i64) -> Vec<Finding> {
    let examined = hours.iter().filter_map(|(source, hours)| {
        let (first, last) = (*hours.first()?, *hours.last()?);
        if now_hour - first < LEARNT_HOURS {
            return None;
        }
        let longest = hours.windows(2).map(|pair| pair[1] - pair[0]).max()?;
        let silent = now_hour - last;
        // Half as long again: habits are not kept to the hour.
        if silent <= LEAST_HOURS.max(longest + longest / 2) {
            return Some(Finding::fine(
                "events",
                format!("the source {source} goes on as it is used to"),
            ));
        }
        Some(Finding::new(
            "events",
            Level::Warning,
            format!(
                "no event of the source {source} for {silent} hours; in four weeks it was never silent for more than {longest}"
            ),
            "Look whether its senders run and where they send to: CVAT's page and API reach this server at listen, its \
             logging handler at ingest_listen.",
        ))
    });
    examined.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every hour from 9 to 16 of working days, for some days up to hour 0 of a Monday.
    fn office(n_days: i64) -> Vec<i64> {
        (-n_days..0)
            .filter(|day| day.rem_euclid(7) < 5)
            .flat_map(|day| (9..17).map(move |hour| day * 24 + hour))
            .collect()
    }

    #[test]
    fn a_source_is_silent_beyond_its_habit() {
        let cases: [(&str, Vec<i64>, i64, Option<Level>); 7] = [
            ("a weekend is a habit", office(28), 9, Some(Level::Fine)),
            ("Monday is over", office(28), 17, Some(Level::Fine)),
            (
                "nobody came on Tuesday",
                office(28),
                42,
                Some(Level::Warning),
            ),
            ("one is new", office(3), 40, None),
            (
                "every hour, and a pause",
                (-300..0).collect(),
                2,
                Some(Level::Fine),
            ),
            (
                "every hour, and silence",
                (-300..0).collect(),
                4,
                Some(Level::Warning),
            ),
            ("a single hour is no habit", vec![-300], 0, None),
        ];
        for (name, hours, now, expected) in cases {
            let found = examine(&BTreeMap::from([("client".to_owned(), hours)]), now);
            assert_eq!(found.first().map(|found| found.level), expected, "{name}");
        }
    }
}
