//! The members of one event's JSON object, as text, by field.

use crate::json::{InvalidJson, Scanner, unquote};

/// The raw value of each field of an event; the order is that of [`FIELD_NAMES`].
#[derive(Default)]
pub(crate) struct RawFields<'a> {
    values: [Option<&'a str>; FIELD_NAMES.len()],
    /// The value of `intervals`, which only the ingest endpoint knows.
    pub intervals: Option<&'a str>,
}

macro_rules! fields {
    ($($field:ident = $name:literal,)*) => {
        /// Index of a field in [`FIELD_NAMES`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Field { $($field),* }

        /// Names of the fields that an event has in JSON: CVAT's record, and what its server sends
        /// beside it.
        pub const FIELD_NAMES: [&str; [$($name),*].len()] = [$($name),*];
    };
}

fields! {
    Scope = "scope",
    ObjName = "obj_name",
    ObjId = "obj_id",
    ObjVal = "obj_val",
    Source = "source",
    Timestamp = "timestamp",
    Count = "count",
    Duration = "duration",
    ProjectId = "project_id",
    TaskId = "task_id",
    JobId = "job_id",
    UserId = "user_id",
    UserName = "user_name",
    UserEmail = "user_email",
    OrgId = "org_id",
    OrgSlug = "org_slug",
    Payload = "payload",
    AccessTokenId = "access_token_id",
    RemoteAddr = "remote_addr",
    EventId = "event_id",
}

impl Field {
    pub const fn name(self) -> &'static str {
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
                fields.values[index] = Some(value);
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
