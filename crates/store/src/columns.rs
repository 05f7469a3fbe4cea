//! The columns of the `events` table: CVAT's 17, then the hidden ones that cannot be added later.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// The 17 columns that everyone sees, in the order of CVAT's table and CSV.
pub const EVENT_COLUMNS: [&str; 17] = annoscope_events::FIELD_NAMES;

/// The hidden column that says whether the payload is not NULL.
pub const HAS_PAYLOAD: &str = "has_payload";

/// The hidden column that is false where JSON functions cannot read the payload.
pub const PAYLOAD_IS_JSON: &str = "payload_is_json";

/// Arrow schema of an append. Integers are signed: databases throw on unsigned arithmetic where ClickHouse
/// widens.
static TABLE_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name, nullable| Field::new(name, DataType::Utf8, nullable);
    let int = |name, nullable| Field::new(name, DataType::Int64, nullable);
    let time = |name| {
        Field::new(
            name,
            DataType::Timestamp(TimeUnit::Microsecond, None),
            false,
        )
    };
    // Arrow's mark of a UUID; 16 bytes that repeat within a request take a quarter of what their
    // text takes.
    let uuid = |name| {
        Field::new(name, DataType::FixedSizeBinary(16), false).with_metadata(HashMap::from([(
            "ARROW:extension:name".to_owned(),
            "arrow.uuid".to_owned(),
        )]))
    };
    Arc::new(Schema::new(vec![
        text("scope", false),
        text("obj_name", true),
        int("obj_id", true),
        text("obj_val", true),
        text("source", false),
        time("timestamp"),
        int("count", true),
        int("duration", false),
        int("project_id", true),
        int("task_id", true),
        int("job_id", true),
        int("user_id", true),
        text("user_name", true),
        text("user_email", true),
        int("org_id", true),
        text("org_slug", true),
        text("payload", true),
        time("received_at"),
        uuid("request_id"),
        Field::new_list(
            "counted_ms",
            Field::new_list_field(DataType::Int64, true),
            true,
        ),
        int("payload_working_time", true),
        text("payload_message", true),
        text("payload_stack", true),
        text("payload_platform_name", true),
        text("payload_platform_version", true),
        text("payload_platform_os", true),
        Field::new(HAS_PAYLOAD, DataType::Boolean, false),
        Field::new(PAYLOAD_IS_JSON, DataType::Boolean, false),
        int("counted_from_ms", true),
        int("counted_until_ms", true),
        int("counted_total_ms", true),
    ]))
});

/// Arrow schema of an append.
pub fn table_schema() -> SchemaRef {
    Arc::clone(&TABLE_SCHEMA)
}

/// Arrow schema of an export: the columns of [`EVENT_COLUMNS`].
pub fn events_schema() -> SchemaRef {
    let visible: Vec<usize> = (0..EVENT_COLUMNS.len()).collect();
    Arc::new(
        TABLE_SCHEMA
            .project(&visible)
            .expect("the visible columns come first"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visible_columns_come_first_and_in_order() {
        let schema = events_schema();
        let names: Vec<&str> = schema
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        assert_eq!(names, EVENT_COLUMNS);
    }
}
