//! The fields of a row in text, behind a header or without one.

use std::borrow::Cow;

use super::error::{InsertError, InsertErrorCode};
use super::target::{Place, Places, Target};
use super::wire_type::WireType;
use super::{InsertRow, InsertValue};
use crate::encoder::Header;

/// What a field says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FieldValue<'a> {
    /// Nothing.
    Default,
    /// NULL.
    Null,
    /// A text, or what a text says of a number or a time.
    Text(Cow<'a, [u8]>),
}

impl FieldValue<'_> {
    /// As a value of the column.
    pub(super) fn for_column(&self, target: &Target) -> Result<InsertValue, InsertError> {
        match self {
            FieldValue::Default => Ok(InsertValue::Default),
            FieldValue::Null => Ok(target.null()),
            FieldValue::Text(text) => target.text(text),
        }
    }

    fn name(&self) -> Result<&str, InsertError> {
        let text = match self {
            FieldValue::Text(text) => std::str::from_utf8(text).ok(),
            FieldValue::Default | FieldValue::Null => None,
        };
        text.ok_or_else(|| {
            let message = "The header has what is no name";
            InsertError::new(InsertErrorCode::IncorrectData, message)
        })
    }
}

/// Makes rows of fields.
pub(super) struct Fields {
    targets: Vec<Target>,
    places: Vec<Place>,
    /// What is still to come before the rows.
    next: Next,
}

enum Next {
    /// A row, or names: ClickHouse takes a first row of names for a header.
    NamesOrRow,
    Names {
        has_types: bool,
    },
    Types,
    Rows,
}

impl Fields {
    /// The first row may be a header unless one is there for certain.
    pub(super) fn detecting(targets: Vec<Target>, header: Header) -> Fields {
        let mut fields = Fields::new(targets, header);
        if header == Header::None {
            fields.next = Next::NamesOrRow;
        }
        fields
    }

    pub(super) fn new(targets: Vec<Target>, header: Header) -> Fields {
        Fields {
            places: (0..targets.len()).map(Place::Target).collect(),
            targets,
            next: match header {
                Header::None => Next::Rows,
                Header::Names => Next::Names { has_types: false },
                Header::NamesAndTypes => Next::Names { has_types: true },
            },
        }
    }

    /// How many fields a row has.
    pub(super) fn n_columns(&self) -> usize {
        self.places.len()
    }

    /// Takes the fields of a line: `None` where they are of the header.
    pub(super) fn take(
        &mut self,
        fields: &[FieldValue<'_>],
    ) -> Result<Option<InsertRow>, InsertError> {
        if matches!(self.next, Next::NamesOrRow) {
            self.next = if self.are_names(fields) {
                Next::Names { has_types: false }
            } else {
                Next::Rows
            };
        }
        match self.next {
            Next::Names { has_types } => {
                let mut places = Places::of(&self.targets);
                let names = fields.iter().map(|field| places.place(field.name()?));
                self.places = names.collect::<Result<_, _>>()?;
                self.next = if has_types { Next::Types } else { Next::Rows };
                Ok(None)
            }
            Next::Types => {
                self.check_number(fields.len())?;
                for (field, place) in fields.iter().zip(&self.places) {
                    if let &Place::Target(index) = place {
                        self.targets[index]
                            .check(&WireType::named(field.name()?)?, field.name()?)?;
                    }
                }
                self.next = Next::Rows;
                Ok(None)
            }
            Next::Rows | Next::NamesOrRow => self.row(fields).map(Some),
        }
    }

    fn are_names(&self, fields: &[FieldValue<'_>]) -> bool {
        fields.iter().all(|field| {
            let name = field.name().ok();
            let mut targets = self.targets.iter();
            name.is_some_and(|name| targets.any(|target| target.name == name))
        })
    }

    fn row(&self, fields: &[FieldValue<'_>]) -> Result<InsertRow, InsertError> {
        self.check_number(fields.len())?;
        let mut row = Target::defaults(&self.targets);
        for (field, place) in fields.iter().zip(&self.places) {
            if let &Place::Target(index) = place {
                row[index] = field.for_column(&self.targets[index])?;
            }
        }
        Ok(row)
    }

    fn check_number(&self, n_found: usize) -> Result<(), InsertError> {
        let n_expected = self.places.len();
        if n_found == n_expected {
            return Ok(());
        }
        let message = format!("Cannot parse input: {n_found} fields for {n_expected} columns");
        let code = InsertErrorCode::CannotParseInputAssertionFailed;
        Err(InsertError::new(code, message))
    }
}
