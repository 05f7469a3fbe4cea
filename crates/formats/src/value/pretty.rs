//! Values in JSON with a line an item, as ClickHouse writes them where a reader looks at it.

use super::{Column, Values, bounds};

impl Column {
    /// Writes a value as JSON: a tuple, and an array of arrays or tuples, with a line an item.
    /// `indent`: how many tabs the line has on which the value begins.
    pub fn write_pretty_json(&self, out: &mut Vec<u8>, row: usize, indent: usize) {
        if self.is_null(row) {
            return self.write_json(out, row);
        }
        match &self.values {
            Values::Tuple(items) => {
                let write = |out: &mut Vec<u8>, item: &Column| {
                    item.write_pretty_json(out, row, indent + 1);
                };
                write_lines(out, items.iter(), indent, write);
            }
            Values::List { lists, items } if items.is_nested() => {
                let (start, end) = bounds(lists, row);
                let write = |out: &mut Vec<u8>, item: usize| {
                    items.write_pretty_json(out, item, indent + 1);
                };
                write_lines(out, start..end, indent, write);
            }
            _ => self.write_json(out, row),
        }
    }

    fn is_nested(&self) -> bool {
        matches!(self.values, Values::List { .. } | Values::Tuple(_))
    }
}

fn write_lines<T>(
    out: &mut Vec<u8>,
    items: impl ExactSizeIterator<Item = T>,
    indent: usize,
    write: impl Fn(&mut Vec<u8>, T),
) {
    if items.len() == 0 {
        out.extend_from_slice(b"[]");
        return;
    }
    out.push(b'[');
    for (i, item) in items.enumerate() {
        out.extend_from_slice(if i == 0 { b"\n" } else { b",\n" });
        out.resize(out.len() + indent + 1, b'\t');
        write(out, item);
    }
    out.push(b'\n');
    out.resize(out.len() + indent, b'\t');
    out.push(b']');
}
