//! Values as a reader of a screen sees them, and the room that they take there.

use std::borrow::Cow;

use unicode_width::UnicodeWidthChar;

use crate::value::{Column, write_tip};

/// Screen columns that are left of a wide name, and how many have to go so that it is cut; ClickHouse's defaults.
const NAME_WIDTH: usize = 24;
const MIN_CUT: usize = 4;

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

/// What is shown of the name of a column, and how many screen columns it has by ClickHouse's reckoning: of one that is
/// wide, as an expression's is, the beginning and the end, where wide letters may take one more than is reckoned.
pub(crate) fn shown_name(name: &str) -> (Cow<'_, str>, usize) {
    let width = line_width(name, 0);
    let is_identifier = |name: &str| {
        let is_part = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
        name.bytes().all(is_part) && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    if width <= NAME_WIDTH + MIN_CUT || is_identifier(name) {
        return (Cow::Borrowed(name), width);
    }
    let (first, last) = (NAME_WIDTH / 2, NAME_WIDTH - NAME_WIDTH / 2 - 1);
    let end = start_of_width(name, first);
    let start = start_of_width(name, width - last);
    let cut = format!("{}⋯{}", &name[..end], &name[start..]);
    (Cow::Owned(cut), NAME_WIDTH)
}

/// Where the longest beginning ends that is no wider than that.
fn start_of_width(text: &str, width: usize) -> usize {
    let mut at = 0;
    for (index, c) in text.char_indices() {
        at += c.width().unwrap_or(0);
        if at > width {
            return index;
        }
    }
    text.len()
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
