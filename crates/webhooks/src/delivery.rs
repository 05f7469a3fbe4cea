//! A delivery as it came: what happened, to which resources, and by whom.

use annoscope_events::UserRef;
use serde_json::{Map, Value};

use crate::Tool;
use crate::adapter::{Adapter, Rule};

/// Resources of one delivery. Label Studio tells of all tasks of an import at once.
const MAX_RESOURCES: usize = 100_000;

/// A delivery that was understood.
pub struct Delivery {
    pub(crate) adapter: &'static Adapter,
    pub(crate) rule: &'static Rule,
    /// Each is an object.
    pub(crate) resources: Vec<Value>,
    /// Of an update: old values by property, where the tool sends them.
    pub(crate) before: Option<Map<String, Value>>,
    /// The body without its resources.
    pub(crate) body: Map<String, Value>,
}

/// A body that is no delivery. It will not be one when it comes again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDelivery {
    /// Not JSON, or no object.
    #[error("the body is no JSON object: {0}")]
    NotAnObject(String),
    /// A member is missing or of another type.
    #[error("{member}: {problem}")]
    Member {
        /// Its name.
        member: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Something that this tool is not known to tell.
    #[error("{member}: {name:?} is nothing that {tool} tells")]
    Unknown {
        /// Its name.
        member: &'static str,
        /// What it says.
        name: String,
        /// The tool.
        tool: &'static str,
    },
}

impl Delivery {
    /// Reads a body.
    pub fn read(tool: Tool, body: &[u8]) -> Result<Delivery, InvalidDelivery> {
        let adapter = tool.adapter();
        let mut body: Map<String, Value> = serde_json::from_slice(body)
            .map_err(|error| InvalidDelivery::NotAnObject(error.to_string()))?;
        let named_by = adapter.named_by;
        let name = body.get(named_by).and_then(Value::as_str);
        let name = name.ok_or(InvalidDelivery::Member {
            member: named_by,
            problem: "a text is needed, which says what happened",
        })?;
        let rule = adapter.rules.iter().find(|rule| rule.name == name);
        let rule = rule.ok_or_else(|| InvalidDelivery::Unknown {
            member: named_by,
            name: name.chars().take(100).collect(),
            tool: adapter.title,
        })?;
        let resources = resources(rule, &mut body)?;
        let before = match body.remove("before_update") {
            Some(Value::Object(before)) => Some(before),
            _ => None,
        };
        Ok(Delivery {
            adapter,
            rule,
            resources,
            before,
            body,
        })
    }

    /// What the tool calls it.
    pub fn name(&self) -> &'static str {
        self.rule.name
    }

    /// Who did it, as far as the delivery says: the whole of it, or the resource.
    pub(crate) fn user(&self, resource: &Value) -> Option<UserRef> {
        let places = self.adapter.users.iter();
        places
            .filter_map(|&member| resource.get(member).or_else(|| self.body.get(member)))
            .find_map(user)
    }
}

fn resources(rule: &Rule, body: &mut Map<String, Value>) -> Result<Vec<Value>, InvalidDelivery> {
    let wrong = |problem| InvalidDelivery::Member {
        member: rule.member,
        problem,
    };
    let resources = match body.remove(rule.member) {
        Some(Value::Array(resources)) if resources.len() <= MAX_RESOURCES => resources,
        Some(Value::Array(_)) => return Err(wrong("more than 100,000 of them")),
        Some(resource @ Value::Object(_)) => vec![resource],
        _ => return Err(wrong("an object, or a list of objects, is needed")),
    };
    if !resources.iter().all(Value::is_object) {
        return Err(wrong("each element has to be an object"));
    }
    Ok(resources)
}

/// A user in the forms of tools: an object, or an id alone.
fn user(value: &Value) -> Option<UserRef> {
    let id = value.get("id").unwrap_or(value).as_i64()?;
    let text = |member| {
        value
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    (id >= 0).then(|| UserRef {
        id,
        name: text("username").to_owned(),
        email: text("email").to_owned(),
    })
}
