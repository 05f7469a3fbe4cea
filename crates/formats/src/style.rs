//! How a result spells its values: what its query's settings and its request say of it.

use annoscope_sql::{Settings, TimeOutput};

/// How a result shows dates and times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeFormat {
    /// As ClickHouse prints them, in the type's time zone.
    #[default]
    Text,
    /// Milliseconds since the epoch, whatever the time zone.
    UnixMs,
    /// `2024-07-01T12:00:00Z`; dates as text.
    Iso,
    /// Seconds since the epoch; dates as text.
    UnixSeconds,
}

impl TimeFormat {
    /// Whether it is between quotes where texts are.
    pub(crate) fn is_text(self) -> bool {
        self != TimeFormat::UnixMs
    }
}

/// How a result spells its values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Of dates and times.
    pub times: TimeFormat,
    /// The time zone of types that name none; UTC where there is none either.
    pub timezone: Option<String>,
    /// Whether JSON has `"nan"` and `"inf"` in place of null.
    pub quotes_denormals: bool,
    /// Whether JSON has integers of 64 bits in quotes.
    pub quotes_wide_integers: bool,
    /// Whether JSON escapes what ClickHouse escapes beside what has to be: `\/`.
    pub escapes_as_clickhouse: bool,
    /// What CSV begins with.
    pub csv_start: CsvStart,
    /// The revision of ClickHouse's protocol that the client says it knows, 0 where it names
    /// none: what blocks of `Native` look like.
    pub client_revision: u64,
}

/// What CSV begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CsvStart {
    /// Its rows.
    #[default]
    Rows,
    /// A byte order mark, by which spreadsheets know UTF-8.
    ByteOrderMark,
}

impl From<TimeFormat> for Style {
    fn from(times: TimeFormat) -> Style {
        Style {
            times,
            ..Style::default()
        }
    }
}

impl Style {
    /// As the settings of a query want it. Times are as the request wants them, unless it leaves
    /// that to the query.
    pub fn of(settings: &Settings, times: TimeFormat) -> Style {
        let of_query = match settings.times {
            TimeOutput::Simple => TimeFormat::Text,
            TimeOutput::Iso => TimeFormat::Iso,
            TimeOutput::UnixTimestamp => TimeFormat::UnixSeconds,
        };
        Style {
            times: match times {
                TimeFormat::Text => of_query,
                of_request => of_request,
            },
            timezone: settings.session_timezone.clone(),
            quotes_denormals: settings.quote_denormals,
            quotes_wide_integers: settings.quote_64bit_integers,
            escapes_as_clickhouse: false,
            csv_start: CsvStart::Rows,
            client_revision: 0,
        }
    }
}
