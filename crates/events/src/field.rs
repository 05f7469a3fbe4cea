//! The members of one event's JSON object, as text, by field.

use crate::event::FIELD_NAMES;
use crate::json::{InvalidJson, Scanner, unquote};

/// The raw value of each field of an event; the order is that of [`FIELD_NAMES`].
#[derive(Default)]
pub(crate) struct RawFields<'a> {
    values: [Option<&'a str>; FIELD_NAMES.len()],
    /// One bit for each field whose key occurs more than once.
    repeated: u32,
    /// The value of `intervals`, which only the ingest endpoint knows.
    pub intervals: Option<&'a str>,
}

/// Index of a field in [`FIELD_NAMES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Scope,
    ObjName,
    ObjId,
    ObjVal,
    Source,
    Timestamp,
    Count,
    Duration,
    ProjectId,
    TaskId,
    JobId,
    UserId,
    UserName,
    UserEmail,
    OrgId,
    OrgSlug,
    Payload,
}

impl Field {
    pub fn name(self) -> &'static str {
        FIELD_NAMES[self as usize]
    }
}

impl<'a> RawFields<'a> {
    /// Reads an object whose `{` has been passed. Keys that are no fields are passed.
    pub fn read(scanner: &mut Scanner<'a>) -> Result<RawFields<'a>, InvalidJson> {
        let mut fields = RawFields::default();
        let mut is_first = true;
        while let Some(raw_key) = scanner.next_key(is_first)? {
            is_first = false;
            let value = scanner.value()?;
            // A key with a lone surrogate is no field's name.
            let Ok(key) = unquote(raw_key) else { continue };
            if let Some(index) = FIELD_NAMES.iter().position(|&name| name == key) {
                if fields.values[index].replace(value).is_some() {
                    fields.repeated |= 1 << index;
                }
            } else if key == "intervals" {
                fields.intervals = Some(value);
            }
        }
        Ok(fields)
    }

    /// The text of the field's value; `None` where the key is missing.
    pub fn get(&self, field: Field) -> Option<&'a str> {
        self.values[field as usize]
    }
}
