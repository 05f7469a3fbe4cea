//! The lines and cells of a table.

use std::borrow::Cow;

use annoscope_sql::ResultColumn;

use super::{MAX_ROWS, Rules};
use crate::markdown::is_right_aligned;
use crate::shown::{Cell, line_width, shown_name};

/// Screen columns of a value at most, by ClickHouse's default.
const MAX_VALUE_WIDTH: usize = 10_000;

/// From so many rows on the names are at the end, too.
const ROWS_WITHOUT_FOOTER: usize = 50;

/// A table, of whose rows the middle may be missing.
pub(super) struct Table<'a> {
    rules: Rules,
    columns: Vec<TableColumn<'a>>,
    rows: &'a [Vec<Cell>],
    /// Number of the first row, less one.
    n_before: usize,
    n_rows: usize,
    /// Screen columns of the numbers of rows.
    number_width: usize,
}

struct TableColumn<'a> {
    name: Cow<'a, str>,
    name_width: usize,
    is_right: bool,
    width: usize,
    /// Where on the screen its values begin.
    start: usize,
}

/// What a kind of line is drawn with: the left end, between columns, the right end, and along.
struct Line(&'static str, &'static str, &'static str, &'static str);

impl<'a> Table<'a> {
    pub(super) fn new(
        columns: &'a [ResultColumn],
        rules: Rules,
        rows: &'a [Vec<Cell>],
        n_before: usize,
        n_rows: usize,
    ) -> Table<'a> {
        let number_width = (n_before + n_rows).to_string().len() + 2;
        let mut start = number_width + if rules == Rules::None { 1 } else { 2 };
        let columns = columns.iter().enumerate().map(|(index, column)| {
            let at = start;
            let (name, name_width) = shown_name(&column.name);
            let cells = rows.iter().map(|row| cut(&row[index].text));
            let lines = cells.flat_map(|text| text.split('\n'));
            let lines = lines.map(|line| line_width(line, at));
            let width = lines.max().unwrap_or(0).max(name_width);
            let column = TableColumn {
                name,
                name_width,
                is_right: is_right_aligned(&column.data_type),
                width,
                start,
            };
            start += width + 3;
            column
        });
        Table {
            rules,
            columns: columns.collect(),
            rows,
            n_before,
            n_rows,
            number_width,
        }
    }

    /// Screen columns of all values.
    pub(super) fn width(&self) -> usize {
        self.columns.iter().map(|column| column.width).sum()
    }

    pub(super) fn draw(&self, out: &mut Vec<u8>) {
        self.draw_head(out);
        let n_first = MAX_ROWS / 2;
        for (index, row) in self.rows.iter().enumerate() {
            let is_behind_gap = self.n_rows > self.rows.len() && index == n_first;
            if self.rules == Rules::All && index > 0 {
                self.draw_line(&Line("├", "┼", "┤", "─"), out);
            }
            if is_behind_gap {
                self.draw_gap(out);
                if self.rules == Rules::All {
                    self.draw_line(&Line("├", "┼", "┤", "─"), out);
                }
            }
            let n_passed = if index < n_first {
                0
            } else {
                self.n_rows - self.rows.len()
            };
            self.draw_row(row, self.n_before + n_passed + index + 1, out);
        }
        self.draw_foot(out);
        if self.n_rows >= MAX_ROWS {
            let gap = if self.rules == Rules::None { "\n" } else { "" };
            let text = format!("{gap}Showed {MAX_ROWS} out of {} rows.\n", self.n_rows);
            out.extend_from_slice(text.as_bytes());
        }
    }

    fn draw_head(&self, out: &mut Vec<u8>) {
        match self.rules {
            Rules::All => {
                self.draw_line(&Line("┏", "┳", "┓", "━"), out);
                self.draw_names(out);
                self.draw_line(&Line("┡", "╇", "┩", "━"), out);
            }
            Rules::Compact => self.draw_named_line(&Line("┌", "┬", "┐", "─"), out),
            Rules::None => {
                self.draw_spaced_names(out);
                out.extend_from_slice(b"\n\n");
            }
        }
    }

    fn draw_foot(&self, out: &mut Vec<u8>) {
        let has_names = self.n_rows > ROWS_WITHOUT_FOOTER;
        match (self.rules, has_names) {
            (Rules::All, true) => {
                self.draw_line(&Line("┢", "╈", "┪", "━"), out);
                self.draw_names(out);
                self.draw_line(&Line("┗", "┻", "┛", "━"), out);
            }
            (Rules::Compact, true) => self.draw_named_line(&Line("└", "┴", "┘", "─"), out),
            (Rules::None, true) => {
                out.push(b'\n');
                self.draw_spaced_names(out);
                out.extend_from_slice(b"\n\n");
            }
            (Rules::All | Rules::Compact, false) => {
                self.draw_line(&Line("└", "┴", "┘", "─"), out);
            }
            (Rules::None, false) => {}
        }
    }

    fn draw_line(&self, Line(left, between, right, along): &Line, out: &mut Vec<u8>) {
        let parts = self
            .columns
            .iter()
            .map(|column| along.repeat(column.width + 2));
        let line = parts.collect::<Vec<String>>().join(*between);
        self.draw_text(&format!("{left}{line}{right}\n"), out);
    }

    /// A line in which the names stand.
    fn draw_named_line(&self, Line(left, between, right, along): &Line, out: &mut Vec<u8>) {
        let parts = self.columns.iter().map(|column| {
            let rest = along.repeat(column.width - column.name_width);
            if column.is_right {
                format!("{along}{rest}{}{along}", column.name)
            } else {
                format!("{along}{}{rest}{along}", column.name)
            }
        });
        let line = parts.collect::<Vec<String>>().join(*between);
        self.draw_text(&format!("{left}{line}{right}\n"), out);
    }

    fn draw_names(&self, out: &mut Vec<u8>) {
        let names = self.padded_names().join(" ┃ ");
        self.draw_text(&format!("┃ {names} ┃\n"), out);
    }

    fn draw_spaced_names(&self, out: &mut Vec<u8>) {
        self.draw_text(&format!(" {}", self.padded_names().join("   ")), out);
    }

    fn padded_names(&self) -> Vec<String> {
        let names = self.columns.iter();
        let names = names.map(|column| column.padded(&column.name, column.name_width));
        names.collect()
    }

    fn draw_gap(&self, out: &mut Vec<u8>) {
        let n_columns = self.columns.len();
        let width = match self.rules {
            Rules::None => self.width() + 3 * n_columns - 2,
            _ => self.width() + 3 * n_columns + 1,
        };
        let dashes = (0..width).map(|at| if at % 2 == 0 { '─' } else { ' ' });
        self.draw_text(&dashes.chain(['\n']).collect::<String>(), out);
    }

    /// A text behind the room of the rows' numbers.
    fn draw_text(&self, text: &str, out: &mut Vec<u8>) {
        out.resize(out.len() + self.number_width, b' ');
        out.extend_from_slice(text.as_bytes());
    }

    fn draw_row(&self, cells: &[Cell], number: usize, out: &mut Vec<u8>) {
        let texts = cells.iter().map(|cell| cut(&cell.text));
        let mut rests: Vec<Option<&str>> = texts.map(Some).collect();
        let number = format!("{number}. ");
        out.extend_from_slice(format!("{number:>width$}", width = self.number_width).as_bytes());
        let mut is_first = true;
        loop {
            let mut line = String::new();
            for (index, (rest, column)) in rests.iter_mut().zip(&self.columns).enumerate() {
                let is_continued = !is_first && rest.is_some();
                let (text, more) = match rest.unwrap_or("").split_once('\n') {
                    Some((text, "")) => (text, Some("")),
                    Some((text, more)) => (text, Some(more)),
                    None => (rest.unwrap_or(""), None),
                };
                if self.rules != Rules::None {
                    line.push('│');
                } else if index > 0 {
                    line.push(' ');
                }
                line.push(if is_continued { '↳' } else { ' ' });
                line.push_str(&column.padded(text, line_width(text, column.start)));
                line.push(if more.is_some() { '↴' } else { ' ' });
                *rest = more.filter(|more| !more.is_empty());
            }
            if self.rules != Rules::None {
                line.push('│');
            }
            out.extend_from_slice(line.as_bytes());
            if is_first && let Some(last) = cells.last() {
                out.extend_from_slice(last.tip.as_bytes());
            }
            out.push(b'\n');
            if rests.iter().all(Option::is_none) {
                return;
            }
            is_first = false;
            out.resize(out.len() + self.number_width, b' ');
        }
    }
}

impl TableColumn<'_> {
    fn padded(&self, text: &str, width: usize) -> String {
        let padding = " ".repeat(self.width.saturating_sub(width));
        if self.is_right {
            format!("{padding}{text}")
        } else {
            format!("{text}{padding}")
        }
    }
}

/// What is shown of a value: ClickHouse cuts what is wider than any screen.
fn cut(text: &str) -> &str {
    let end = text.char_indices().nth(MAX_VALUE_WIDTH);
    end.map_or(text, |(end, _)| &text[..end])
}
