//! ClickHouse's `RowBinary`: the values of a row one after another, without marks between them.

use super::binary::{Cursor, Pending, Stop, cut_off};
use super::cell::{Cell, check_items};
use super::error::{InsertError, InsertErrorCode};
use super::target::{Place, Places, Target};
use super::wire_type::WireType;
use super::{InsertRow, RowReader, RowSink};
use crate::encoder::Header;

/// What an error calls what it is about.
const ROW: &str = "a row";

/// Reads rows.
pub(super) struct RowBinaryReader {
    targets: Vec<Target>,
    header: Header,
    /// Of the body's columns; `None` before its header was read.
    columns: Option<Vec<BodyColumn>>,
    pending: Pending,
    n_rows: u64,
}

struct BodyColumn {
    data_type: WireType,
    place: Place,
}

impl RowBinaryReader {
    pub(super) fn new(targets: Vec<Target>, header: Header, max_bytes: usize) -> RowBinaryReader {
        RowBinaryReader {
            targets,
            header,
            columns: None,
            pending: Pending::new(max_bytes),
            n_rows: 0,
        }
    }

    /// Reads what is complete of what has come.
    fn read(&mut self, is_end: bool, rows: &mut RowSink<'_>) -> Result<(), InsertError> {
        let mut n_used = 0;
        let outcome = self.read_from(&mut n_used, rows);
        self.pending.consume(n_used);
        let outcome = match outcome {
            Ok(()) => Ok(()),
            Err(Stop::Short(_)) if is_end => Err(cut_off(ROW)),
            Err(Stop::Short(n_needed)) => self.pending.need(n_needed - n_used, ROW),
            Err(Stop::Wrong(error)) => Err(error),
        };
        outcome.map_err(|error| error.in_row(self.n_rows + 1))
    }

    /// Reads on to the end of what has come; `n_used`: how much of it were whole rows.
    fn read_from(&mut self, n_used: &mut usize, rows: &mut RowSink<'_>) -> Result<(), Stop> {
        let mut cursor = Cursor::new(self.pending.bytes(), 0);
        let columns = match self.columns.take() {
            Some(columns) => columns,
            None => read_header(&self.targets, self.header, &mut cursor)?,
        };
        *n_used = cursor.at();
        let columns = self.columns.insert(columns);
        while *n_used < self.pending.bytes().len() {
            let row = read_row(&self.targets, columns, &mut cursor)?;
            *n_used = cursor.at();
            self.n_rows += 1;
            rows(row).map_err(|error| error.in_row(self.n_rows))?;
        }
        Ok(())
    }
}

impl RowReader for RowBinaryReader {
    fn push(&mut self, mut bytes: &[u8], rows: &mut RowSink<'_>) -> Result<(), InsertError> {
        while !bytes.is_empty() {
            let n_taken = self.pending.fill(bytes);
            bytes = &bytes[n_taken..];
            if self.pending.is_enough() {
                self.read(false, rows)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self, rows: &mut RowSink<'_>) -> Result<(), InsertError> {
        if self.pending.bytes().is_empty() {
            return Ok(());
        }
        self.read(true, rows)
    }
}

fn read_header(
    targets: &[Target],
    header: Header,
    cursor: &mut Cursor<'_>,
) -> Result<Vec<BodyColumn>, Stop> {
    if header == Header::None {
        check_number(targets.len())?;
        let columns = targets.iter().enumerate();
        let columns = columns.map(|(index, target)| BodyColumn {
            data_type: target.wire_type.clone(),
            place: Place::Target(index),
        });
        return Ok(columns.collect());
    }
    let n_columns = cursor.length()?;
    check_number(n_columns)?;
    let mut names = Vec::new();
    for _ in 0..n_columns {
        names.push(cursor.name()?);
    }
    let mut places = Places::of(targets);
    let mut columns = Vec::new();
    for name in names {
        let place = places.place(name)?;
        let data_type = match (header, place) {
            (Header::NamesAndTypes, _) => {
                let type_name = cursor.name()?;
                let data_type =
                    WireType::named(type_name).map_err(|error| error.in_column(name))?;
                if let Place::Target(index) = place {
                    targets[index].check(&data_type, type_name)?;
                }
                data_type
            }
            (_, Place::Target(index)) => targets[index].wire_type.clone(),
            (_, Place::Nowhere) => {
                let message = format!("Unknown field found in RowBinary header: '{name}'");
                return Err(InsertError::new(InsertErrorCode::IncorrectData, message).into());
            }
        };
        columns.push(BodyColumn { data_type, place });
    }
    Ok(columns)
}

/// A row of no columns has no bytes: there would be no end of them.
fn check_number(n_columns: usize) -> Result<(), InsertError> {
    if n_columns > 0 {
        return Ok(());
    }
    let message = "There are no columns in RowBinary data";
    Err(InsertError::new(InsertErrorCode::IncorrectData, message))
}

fn read_row<'a>(
    targets: &[Target],
    columns: &'a [BodyColumn],
    cursor: &mut Cursor<'a>,
) -> Result<InsertRow, Stop> {
    let mut row = Target::defaults(targets);
    for column in columns {
        let cell = read_value(&column.data_type, cursor)?;
        if let Place::Target(index) = column.place {
            row[index] = targets[index].value(cell)?;
        }
    }
    Ok(row)
}

fn read_value<'a>(data_type: &'a WireType, cursor: &mut Cursor<'a>) -> Result<Cell<'a>, Stop> {
    if let Some(n_bytes) = data_type.width() {
        return Ok(Cell::fixed(data_type, cursor.take(n_bytes)?));
    }
    Ok(match data_type {
        WireType::Nullable(inner) => match cursor.byte()? {
            0 => read_value(inner, cursor)?,
            _ => Cell::Null,
        },
        WireType::LowCardinality(inner) => read_value(inner, cursor)?,
        WireType::Array(item) => {
            let mut numbers = Vec::new();
            let length = cursor.length()?;
            check_items(length as u64)?;
            for _ in 0..length {
                if let Cell::Integer(number) = read_value(item, cursor)? {
                    numbers.push(number);
                }
            }
            Cell::Integers(numbers)
        }
        WireType::Tuple(items) => {
            for item in items {
                read_value(item, cursor)?;
            }
            Cell::Other
        }
        _ => Cell::Bytes(cursor.string()?),
    })
}
