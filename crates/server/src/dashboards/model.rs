//! Grafana's JSON model of a dashboard, as much of it as the server looks at. Everything else is
//! kept as it is.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::DashboardError;

/// Longest uid, as Grafana has it.
const MAX_UID_CHARS: usize = 40;

/// A dashboard's model: a JSON object with a title.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Model(Map<String, Value>);

impl Model {
    /// From a file's bytes. The error says where the text is wrong.
    pub fn parse(text: &[u8]) -> Result<Model, DashboardError> {
        let value = serde_json::from_slice(text).map_err(|error| DashboardError::Invalid {
            field: "dashboard",
            message: format!("not valid JSON: {error}"),
        })?;
        Model::new(value)
    }

    /// From a value, checked as far as the page relies on it.
    pub fn new(value: Value) -> Result<Model, DashboardError> {
        let invalid = |field, message: &str| {
            Err(DashboardError::Invalid {
                field,
                message: message.to_owned(),
            })
        };
        let Value::Object(map) = value else {
            return invalid(
                "dashboard",
                "a JSON object is expected, Grafana's JSON model",
            );
        };
        let model = Model(map);
        if model.text("title").trim().is_empty() {
            return invalid("dashboard.title", "a text is expected");
        }
        if model
            .get("panels")
            .is_some_and(|panels| !is_list_of_objects(panels))
        {
            return invalid("dashboard.panels", "a list of objects is expected");
        }
        let variables = model.get("templating").and_then(|t| t.get("list"));
        if variables.is_some_and(|list| !is_list_of_objects(list)) {
            return invalid("dashboard.templating.list", "a list of objects is expected");
        }
        model.uid()?;
        Ok(model)
    }

    /// A member.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// A member that is a text; empty if it is not there.
    pub fn text(&self, key: &str) -> &str {
        self.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The uid that it names.
    pub fn uid(&self) -> Result<Option<String>, DashboardError> {
        match self.get("uid") {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(uid)) if uid.is_empty() => Ok(None),
            Some(Value::String(uid)) if is_uid(uid) => Ok(Some(uid.clone())),
            Some(_) => Err(DashboardError::Invalid {
                field: "dashboard.uid",
                message: format!(
                    "1 to {MAX_UID_CHARS} letters, digits, - or _ are expected, or null for a new one"
                ),
            }),
        }
    }

    /// A free uid that tells the title.
    pub fn uid_of_title(&self, is_taken: impl Fn(&str) -> bool) -> String {
        let words = self.text("title").to_lowercase();
        let words = words.split(|c: char| !c.is_ascii_alphanumeric());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let mut base = words.join("-");
        // Room for a number behind it.
        base.truncate(MAX_UID_CHARS - 8);
        if base.is_empty() {
            base.push_str("dashboard");
        }
        let numbered = (2_u32..).map(|n| format!("{base}-{n}"));
        std::iter::once(base.clone())
            .chain(numbered)
            .find(|uid| !is_taken(uid))
            .expect("there are more numbers than dashboards")
    }

    /// With the uid and the version under which it is saved.
    pub fn stamped(mut self, uid: &str, version: u64) -> Model {
        self.0.insert("uid".to_owned(), uid.into());
        self.0.insert("version".to_owned(), version.into());
        self
    }

    /// Whether both show the same: the version and Grafana's number of the row it keeps the
    /// dashboard in do not count.
    pub fn same_content(&self, other: &Model) -> bool {
        let content = |model: &Model| {
            let mut map = model.0.clone();
            map.remove("version");
            map.remove("id");
            map
        };
        content(self) == content(other)
    }
}

/// Whether a text may be a uid. It is part of paths, so nothing else may.
pub(super) fn is_uid(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_UID_CHARS
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_list_of_objects(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|list| list.iter().all(Value::is_object))
}
