//! Values as a reader of a screen sees them, and the room that they take there.

use unicode_width::UnicodeWidthChar;

use crate::value::{Column, write_tip};

/// A value as it is shown.
pub(crate) struct Cell {
    pub(crate) text: String,
    /// What stands behind a large number.
    pub(crate) tip: String,
}

impl Cell {
    pub(crate) fn of(column: &Column, row: usize) -> Cell {
        let (mut text, mut tip) = (Vec::new(), Vec::new());
        column.write_shown(&mut text, row);
        write_tip(&mut tip, column, row);
        Cell {
            text: lossy(text),
            tip: lossy(tip),
        }
    }
}

/// Columns of a screen that a line takes that begins at the column `start`.
pub(crate) fn line_width(line: &str, start: usize) -> usize {
    let mut at = start;
    for c in line.chars() {
        at += match c {
            '\t' => 8 - at % 8,
            c => c.width().unwrap_or(0),
        };
    }
    at - start
}

fn lossy(text: Vec<u8>) -> String {
    String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
