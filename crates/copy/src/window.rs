//! Windows of time: what is read, compared and inserted at once.

use jiff::Timestamp;

/// Most rows of a window.
pub(crate) const MAX_ROWS: u64 = 50_000;

/// Most bytes of payloads of a window.
pub(crate) const MAX_BYTES: u64 = 32 << 20;

/// How fine time is divided, ms: an hour that holds too much is divided by minutes, and so on.
pub(crate) const STEPS_MS: [i64; 4] = [3_600_000, 60_000, 1000, 1];

/// Milliseconds since 1970, UTC: from `begin_ms` on, before `end_ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Window {
    /// The first millisecond.
    pub(crate) begin_ms: i64,
    /// The first one after it.
    pub(crate) end_ms: i64,
}

impl Window {
    /// All of time before 1970, where times lie that a sender left out.
    pub(crate) const BEFORE_1970: Window = Window {
        begin_ms: i64::MIN,
        end_ms: 0,
    };
}

/// How much lies in a part of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) window: Window,
    pub(crate) n_rows: u64,
    pub(crate) n_bytes: u64,
}

impl Load {
    pub(crate) fn is_too_much(&self) -> bool {
        self.n_rows > MAX_ROWS || self.n_bytes > MAX_BYTES
    }
}

/// Puts neighbours together, in order, as long as they are not too much and of one month.
pub(crate) fn merge(loads: impl IntoIterator<Item = Load>) -> Vec<Load> {
    let mut merged: Vec<Load> = Vec::new();
    for load in loads {
        if let Some(last) = merged.last_mut()
            && month(last.window.begin_ms) == month(load.window.begin_ms)
        {
            let both = Load {
                window: Window {
                    begin_ms: last.window.begin_ms,
                    end_ms: load.window.end_ms,
                },
                n_rows: last.n_rows + load.n_rows,
                n_bytes: last.n_bytes + load.n_bytes,
            };
            if !both.is_too_much() {
                *last = both;
                continue;
            }
        }
        merged.push(load);
    }
    merged
}

/// The month in which a time lies, as 2026-11.
pub(crate) fn month(ms: i64) -> String {
    if ms < 0 {
        return "before 1970".to_owned();
    }
    time(ms).strftime("%Y-%m").to_string()
}

/// A time as ClickHouse reads it, UTC.
pub(crate) fn text(ms: i64) -> String {
    time(ms).strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// Tables hold times of the years 1900 to 2299, all of which are such times.
fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hours and their rows.
    type Given = &'static [(i64, u64)];

    /// From which hour to which, and the rows.
    type Expected = &'static [(i64, i64, u64)];

    fn load(hour: i64, n_rows: u64) -> Load {
        Load {
            window: Window {
                begin_ms: hour * STEPS_MS[0],
                end_ms: (hour + 1) * STEPS_MS[0],
            },
            n_rows,
            n_bytes: n_rows,
        }
    }

    #[test]
    fn neighbours_are_put_together_within_a_month_and_the_bounds() {
        // 1970-01-31 23:00 is hour 743.
        let cases: [(Given, Expected); 4] = [
            (&[(0, 1), (1, 2), (5, 3)], &[(0, 6, 6)]),
            (
                &[(742, 1), (743, 1), (744, 1)],
                &[(742, 744, 2), (744, 745, 1)],
            ),
            (&[(0, MAX_ROWS), (1, 1)], &[(0, 1, MAX_ROWS), (1, 2, 1)]),
            (
                &[(0, MAX_ROWS + 1), (1, 1), (2, 1)],
                &[(0, 1, MAX_ROWS + 1), (1, 3, 2)],
            ),
        ];
        for (given, expected) in cases {
            let merged = merge(given.iter().map(|&(hour, n_rows)| load(hour, n_rows)));
            let found: Vec<(i64, i64, u64)> = merged
                .iter()
                .map(|load| {
                    let Window { begin_ms, end_ms } = load.window;
                    (begin_ms / STEPS_MS[0], end_ms / STEPS_MS[0], load.n_rows)
                })
                .collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn times_are_written_as_clickhouse_reads_them() {
        assert_eq!(text(1_719_835_200_007), "2024-07-01 12:00:00.007");
        assert_eq!(month(1_719_835_200_007), "2024-07");
        assert_eq!(month(-1), "before 1970");
    }
}
