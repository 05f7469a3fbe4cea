//! The results, as one Markdown table.

use std::fmt;

/// One line of the table.
pub struct Row {
    /// What was measured.
    pub what: String,
    /// annoscope's value, with its unit.
    pub annoscope: String,
    /// The peer's value in the same run, with its unit; empty where there is no peer.
    pub peer: String,
    /// How many times better annoscope is; empty where there is no peer.
    pub ratio: String,
    /// What design.md says must be reached, and the goal.
    pub target: &'static str,
}

/// The rows so far. Each is printed as soon as it is there, so a run that is broken off has
/// shown what it found.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    /// Adds a row and shows it.
    pub fn push(&mut self, row: Row) {
        eprintln!("{row}");
        self.rows.push(row);
    }

    /// Adds a row without a peer.
    pub fn push_alone(&mut self, what: impl Into<String>, value: String, target: &'static str) {
        self.push(Row {
            what: what.into(),
            annoscope: value,
            peer: String::new(),
            ratio: String::new(),
            target,
        });
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row {
            what,
            annoscope,
            peer,
            ratio,
            target,
        } = self;
        write!(f, "| {what} | {annoscope} | {peer} | {ratio} | {target} |")
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | annoscope | ClickHouse | ratio | must / goal |")?;
        writeln!(f, "| --- | --- | --- | --- | --- |")?;
        self.rows.iter().try_for_each(|row| writeln!(f, "{row}"))
    }
}

/// A number with three digits that count, and thousands: `123 k`, `1.23 M`.
pub fn thousands(value: f64) -> String {
    if value >= 1e6 {
        format!("{:.2} M", value / 1e6)
    } else if value >= 1e4 {
        format!("{:.0} k", value / 1e3)
    } else if value >= 1e3 {
        format!("{:.1} k", value / 1e3)
    } else {
        format!("{value:.0}")
    }
}

/// Milliseconds from microseconds.
pub fn millis(micros: u64) -> String {
    let ms = micros as f64 / 1000.0;
    if ms < 10.0 {
        format!("{ms:.1} ms")
    } else {
        format!("{ms:.0} ms")
    }
}

/// Bytes as megabytes (10^6).
pub fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}
