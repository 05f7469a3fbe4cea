//! The one table of the events' columns: names, types, order, and where each value comes from.
//!
//! Rows for the store are built by it, and so is what a query may name. The tables of each database, the
//! page's list and the documents are compared with it by tests. A new column is a line here, at the end
//! because databases add columns there, and a migration of each store.

use uuid::Uuid;

use ColumnAccess::{Hidden, Named};
use ColumnType::{ArrayOfInt64, Bool, DateTime64, Int64, Text, UInt16, UInt32, UInt64};

use crate::event::{Interval, StoredEvent};
use crate::field::Field;
use crate::payload::Payload;
use crate::promoted::PromotedPayload;
use crate::time::Timestamp;

/// A column of the events.
#[derive(Clone, Copy)]
pub struct Column {
    /// Its name in every store.
    pub name: &'static str,
    /// What it holds.
    pub data_type: ColumnType,
    /// Whether rows may have no value.
    pub is_nullable: bool,
    /// Which queries and files have it.
    pub access: ColumnAccess,
    /// Whether the value is part of [`EventHash`](crate::EventHash). Those that are were from the first
    /// release on, and no others: the hash never changes.
    pub is_hashed: bool,
    /// What its values mean, in a few words; for the page and the documents.
    pub meaning: &'static str,
    value: Value,
}

/// The type of a [`Column`], as ClickHouse names it. Stores hold each integer in 64 bits with a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// Text: ClickHouse's String.
    Text,
    /// Integer from 0 to 2^16 - 1.
    UInt16,
    /// Integer from 0 to 2^32 - 1.
    UInt32,
    /// Integer from 0 to 2^63 - 1.
    UInt64,
    /// Integer.
    Int64,
    /// Time in whole milliseconds, UTC.
    DateTime64,
    /// A UUID, which is text to queries.
    Uuid,
    /// True or false.
    Bool,
    /// A list of integers.
    ArrayOfInt64,
}

/// Which queries and files have a [`Column`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnAccess {
    /// Part of `*` and of exports: CVAT's own.
    Listed,
    /// Where a query names it.
    Named,
    /// None: queries get what it holds in other ways.
    Hidden,
}

/// A row on its way to a store.
pub struct Row<'a> {
    /// The event.
    pub stored: &'a StoredEvent,
    /// What its payload holds that has columns.
    pub promoted: &'a PromotedPayload,
    /// When the request arrived that brought it.
    pub received_at: Timestamp,
    /// The request that brought it.
    pub request_id: Uuid,
}

/// How a row's value is found.
#[derive(Clone, Copy)]
pub enum Value {
    /// Text.
    Text(for<'a> fn(&Row<'a>) -> Option<&'a str>),
    /// An integer of any width.
    Integer(fn(&Row<'_>) -> Option<i64>),
    /// A time.
    Time(fn(&Row<'_>) -> Timestamp),
    /// A UUID.
    Uuid(fn(&Row<'_>) -> Uuid),
    /// True or false.
    Bool(fn(&Row<'_>) -> bool),
    /// Starts and ends in turn, ms; NULL where there are none.
    Intervals(for<'a> fn(&Row<'a>) -> &'a [Interval]),
}

impl Column {
    /// How its value is found in a row.
    pub fn value(&self) -> Value {
        self.value
    }

    /// Its type as ClickHouse writes it.
    pub fn clickhouse_type(&self) -> String {
        let name = match self.data_type {
            ColumnType::Text | ColumnType::Uuid => "String",
            ColumnType::UInt16 => "UInt16",
            ColumnType::UInt32 => "UInt32",
            ColumnType::UInt64 => "UInt64",
            ColumnType::Int64 => "Int64",
            ColumnType::DateTime64 => "DateTime64(3)",
            ColumnType::Bool => "Bool",
            // Arrays cannot be Nullable.
            ColumnType::ArrayOfInt64 => return "Array(Int64)".to_owned(),
        };
        if self.is_null_to_queries() {
            format!("Nullable({name})")
        } else {
            name.to_owned()
        }
    }

    /// Whether queries have to expect NULL. A UUID is made a text of, which DuckDB and ClickHouse type
    /// as one that may be missing.
    pub fn is_null_to_queries(&self) -> bool {
        match self.data_type {
            ColumnType::Uuid => true,
            ColumnType::ArrayOfInt64 => false,
            _ => self.is_nullable,
        }
    }
}

/// A field of CVAT's record.
const fn field(
    field: Field,
    data_type: ColumnType,
    is_nullable: bool,
    meaning: &'static str,
    value: Value,
) -> Column {
    Column {
        name: field.name(),
        data_type,
        is_nullable,
        access: ColumnAccess::Listed,
        is_hashed: true,
        meaning,
        value,
    }
}

/// What is beside CVAT's record.
const fn beside(
    name: &'static str,
    data_type: ColumnType,
    is_nullable: bool,
    access: ColumnAccess,
    meaning: &'static str,
    value: Value,
) -> Column {
    Column {
        name,
        data_type,
        is_nullable,
        access,
        is_hashed: false,
        meaning,
        value,
    }
}

const NOT_NULL: bool = false;
const NULL: bool = true;

/// All columns, in the order of every store's table.
#[rustfmt::skip]
pub const COLUMNS: &[Column] = &[
    field(Field::Scope, Text, NOT_NULL, "what happened, as action:resource", Value::Text(|row| Some(&row.stored.event.scope))),
    field(Field::ObjName, Text, NULL, "name of the object", Value::Text(|row| row.stored.event.obj_name.as_deref())),
    field(Field::ObjId, UInt64, NULL, "id of the object", Value::Integer(|row| row.stored.event.obj_id)),
    field(Field::ObjVal, Text, NULL, "value of the object", Value::Text(|row| row.stored.event.obj_val.as_deref())),
    field(Field::Source, Text, NOT_NULL, "client or server", Value::Text(|row| Some(&row.stored.event.source))),
    field(Field::Timestamp, DateTime64, NOT_NULL, "when it happened, UTC", Value::Time(|row| row.stored.event.timestamp)),
    field(Field::Count, UInt16, NULL, "how many times, or objects", Value::Integer(|row| row.stored.event.count.map(i64::from))),
    field(Field::Duration, UInt32, NOT_NULL, "how long it took, ms", Value::Integer(|row| Some(i64::from(row.stored.event.duration)))),
    field(Field::ProjectId, UInt64, NULL, "project it belongs to", Value::Integer(|row| row.stored.event.project_id)),
    field(Field::TaskId, UInt64, NULL, "task it belongs to", Value::Integer(|row| row.stored.event.task_id)),
    field(Field::JobId, UInt64, NULL, "job it belongs to", Value::Integer(|row| row.stored.event.job_id)),
    field(Field::UserId, UInt64, NULL, "who did it", Value::Integer(|row| row.stored.event.user_id)),
    field(Field::UserName, Text, NULL, "login name of the user", Value::Text(|row| row.stored.event.user_name.as_deref())),
    field(Field::UserEmail, Text, NULL, "e-mail address of the user", Value::Text(|row| row.stored.event.user_email.as_deref())),
    field(Field::OrgId, UInt64, NULL, "organization in which it happened", Value::Integer(|row| row.stored.event.org_id)),
    field(Field::OrgSlug, Text, NULL, "short name of the organization", Value::Text(|row| row.stored.event.org_slug.as_deref())),
    field(Field::Payload, Text, NULL, "everything else, JSON", Value::Text(|row| row.stored.event.payload.as_ref().map(Payload::as_str))),
    beside("received_at", DateTime64, NOT_NULL, Hidden, "when its request arrived, UTC", Value::Time(|row| row.received_at)),
    beside("request_id", ColumnType::Uuid, NOT_NULL, Named, "the same for all events of a request", Value::Uuid(request_id)),
    beside("counted_ms", ArrayOfInt64, NULL, Named, "working time: starts and ends in turn, ms", Value::Intervals(|row| &row.stored.intervals)),
    beside("payload_working_time", Int64, NULL, Hidden, "payload: working_time", Value::Integer(|row| row.promoted.working_time)),
    beside("payload_message", Text, NULL, Hidden, "payload: message", Value::Text(|row| row.promoted.message.as_deref())),
    beside("payload_stack", Text, NULL, Hidden, "payload: stack", Value::Text(|row| row.promoted.stack.as_deref())),
    beside("payload_platform_name", Text, NULL, Hidden, "payload: platform.name", Value::Text(|row| row.promoted.platform_name.as_deref())),
    beside("payload_platform_version", Text, NULL, Hidden, "payload: platform.version", Value::Text(|row| row.promoted.platform_version.as_deref())),
    beside("payload_platform_os", Text, NULL, Hidden, "payload: platform.os", Value::Text(|row| row.promoted.platform_os.as_deref())),
    beside(HAS_PAYLOAD, Bool, NOT_NULL, Hidden, "whether there is a payload", Value::Bool(|row| row.stored.event.payload.is_some())),
    beside(PAYLOAD_IS_JSON, Bool, NOT_NULL, Named, "whether JSON functions can read the payload", Value::Bool(|row| row.stored.event.payload.as_ref().is_none_or(Payload::is_json))),
    beside("counted_from_ms", Int64, NULL, Named, "beginning of what was counted, ms", Value::Integer(|row| Some(row.stored.intervals.first()?.start_ms))),
    beside("counted_until_ms", Int64, NULL, Named, "end of what was counted, ms", Value::Integer(|row| Some(row.stored.intervals.last()?.end_ms))),
    beside("counted_total_ms", Int64, NULL, Named, "how much was counted, ms", Value::Integer(counted_total)),
    beside(Field::AccessTokenId.name(), UInt64, NULL, Named, "access token that the request came with", Value::Integer(|row| row.stored.origin.access_token_id)),
    beside(Field::RemoteAddr.name(), Text, NULL, Named, "address that the request came from", Value::Text(|row| row.stored.origin.remote_addr.as_deref())),
];

/// The column that says whether the payload is not NULL.
pub const HAS_PAYLOAD: &str = "has_payload";

/// The column that is false where JSON functions cannot read the payload.
pub const PAYLOAD_IS_JSON: &str = "payload_is_json";

/// Names of the listed columns, in their order: those of CVAT's table and CSV.
pub const EVENT_COLUMNS: [&str; 17] = {
    let mut names = [""; 17];
    let mut i = 0;
    while i < names.len() {
        names[i] = COLUMNS[i].name;
        i += 1;
    }
    names
};

/// The columns that an export may have: CVAT's seventeen, and the two that newer CVATs have.
pub const EXPORT_COLUMNS: [&str; 19] = {
    let mut names = [""; 19];
    let mut i = 0;
    while i < EVENT_COLUMNS.len() {
        names[i] = EVENT_COLUMNS[i];
        i += 1;
    }
    names[i] = Field::AccessTokenId.name();
    names[i + 1] = Field::RemoteAddr.name();
    names
};

/// The request that a server event itself names ties it to the user's request; the one that merely
/// delivered it says nothing.
fn request_id(row: &Row<'_>) -> Uuid {
    row.promoted.request_id.unwrap_or(row.request_id)
}

/// How much the intervals count, in ms.
fn counted_total(row: &Row<'_>) -> Option<i64> {
    let intervals = &row.stored.intervals;
    let each = intervals
        .iter()
        .map(|interval| interval.end_ms.saturating_sub(interval.start_ms));
    (!intervals.is_empty()).then(|| each.fold(0, i64::saturating_add))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::promoted::PROMOTED_PATHS;

    #[test]
    fn the_listed_columns_are_cvats_and_come_first() {
        let listed = COLUMNS
            .iter()
            .take_while(|column| column.access == ColumnAccess::Listed);
        let listed: Vec<&str> = listed.map(|column| column.name).collect();
        assert_eq!(listed, EVENT_COLUMNS);
        let n_listed = COLUMNS
            .iter()
            .filter(|column| column.access == ColumnAccess::Listed);
        assert_eq!(n_listed.count(), EVENT_COLUMNS.len());
    }

    /// The hash has the fields of the first release: its layout is fixed.
    #[test]
    fn the_hash_is_of_the_listed_columns() {
        for column in COLUMNS {
            let is_listed = column.access == ColumnAccess::Listed;
            assert_eq!(column.is_hashed, is_listed, "{}", column.name);
        }
    }

    #[test]
    fn names_are_unique_and_values_of_the_columns_type() {
        for (index, column) in COLUMNS.iter().enumerate() {
            let before = &COLUMNS[..index];
            assert!(
                before.iter().all(|other| other.name != column.name),
                "{} twice",
                column.name
            );
            let fits = match column.value {
                Value::Text(_) => column.data_type == Text,
                Value::Integer(_) => {
                    matches!(column.data_type, UInt16 | UInt32 | UInt64 | Int64)
                }
                Value::Time(_) => column.data_type == DateTime64,
                Value::Uuid(_) => column.data_type == ColumnType::Uuid,
                Value::Bool(_) => column.data_type == Bool,
                Value::Intervals(_) => column.data_type == ArrayOfInt64,
            };
            assert!(fits, "{}", column.name);
        }
    }

    #[test]
    fn every_promoted_path_has_its_column() {
        for promoted in PROMOTED_PATHS {
            let column = COLUMNS.iter().find(|column| column.name == promoted.column);
            let column = column.expect(promoted.column);
            assert_eq!(column.access, Hidden, "{}", promoted.column);
        }
    }
}
