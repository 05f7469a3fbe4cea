//! A refused request: the JSON that CVAT's server would answer, and a line for the log.

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::{Map, Value, json};

/// Events with errors that an answer lists. The rest is not looked at, so a large body of
/// nothing but errors cannot take many times its size in memory.
pub(super) const MAX_LISTED_EVENTS: usize = 100;

/// A request that is refused as a whole. Prints as one line that names the fields and the
/// indexes of the events.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{}", describe(body))]
pub struct InvalidRequest {
    body: Value,
}

/// The texts about one field.
pub(super) type FieldError = Vec<Cow<'static, str>>;

/// Errors by field, in the order of the record.
pub(super) type FieldErrors = Map<String, Value>;

impl InvalidRequest {
    /// The body of the answer, of status 400.
    pub fn body(&self) -> &Value {
        &self.body
    }

    pub(super) fn new(body: Value) -> InvalidRequest {
        InvalidRequest { body }
    }

    pub(super) fn broken_json(what: &impl std::fmt::Display) -> InvalidRequest {
        InvalidRequest::new(json!({ "detail": format!("JSON parse error - {what}") }))
    }

    /// One text about one field, as CVAT raises it itself: not in a list.
    pub(super) fn text(field: &str, text: &str) -> InvalidRequest {
        InvalidRequest::new(json!({ field: text }))
    }
}

/// Errors of a list of events, by position.
#[derive(Default)]
pub(super) struct EventErrors {
    errors: Vec<(usize, Value)>,
    n_events: usize,
}

impl EventErrors {
    /// Notes the errors of the next event; `None` where it is valid.
    pub fn push(&mut self, errors: Option<Value>) {
        if let Some(errors) = errors {
            self.errors.push((self.n_events, errors));
        }
        self.n_events += 1;
    }

    pub fn is_full(&self) -> bool {
        self.errors.len() >= MAX_LISTED_EVENTS
    }

    /// The list as an answer holds it: `{}` for a valid event. `None` without an error.
    pub fn finish(self) -> Option<Value> {
        if self.errors.is_empty() {
            return None;
        }
        let mut list = vec![Value::Object(Map::new()); self.n_events];
        for (index, errors) in self.errors {
            list[index] = errors;
        }
        Some(Value::Array(list))
    }
}

/// `events[1].count: A valid integer is required.; timestamp: …`
fn describe(body: &Value) -> String {
    let mut text = String::new();
    describe_at(body, &mut String::new(), &mut text);
    text
}

fn describe_at(value: &Value, path: &mut String, text: &mut String) {
    let n_path = path.len();
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if !matches!(key.as_str(), "detail" | "non_field_errors") {
                    if n_path > 0 {
                        path.push('.');
                    }
                    path.push_str(key);
                }
                describe_at(value, path, text);
                path.truncate(n_path);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                if !item.is_string() {
                    write!(path, "[{index}]").expect("writing to memory does not fail");
                }
                describe_at(item, path, text);
                path.truncate(n_path);
            }
        }
        _ => {
            if !text.is_empty() {
                text.push_str("; ");
            }
            if n_path > 0 {
                text.push_str(path);
                text.push_str(": ");
            }
            text.push_str(value.as_str().unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_fields_and_indexes() {
        let cases = [
            (
                json!({"events": [{}, {"count": ["A.", "B."], "scope": ["C."]}], "timestamp": ["D."]}),
                "events[1].count: A.; events[1].count: B.; events[1].scope: C.; timestamp: D.",
            ),
            (
                json!({"detail": "JSON parse error - x"}),
                "JSON parse error - x",
            ),
            (
                json!({"non_field_errors": ["No data provided"]}),
                "No data provided",
            ),
            (
                json!({"events": [["This field may not be null."]]}),
                "events[0]: This field may not be null.",
            ),
            (
                json!({"previous_event": {"non_field_errors": ["Invalid data."]}}),
                "previous_event: Invalid data.",
            ),
        ];
        for (body, text) in cases {
            assert_eq!(InvalidRequest::new(body).to_string(), text);
        }
    }
}
