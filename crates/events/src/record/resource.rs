//! What is created, updated and deleted.

use serde_json::Value;

use super::Place;
use super::secrets::{REDACTED, without_secrets};

/// A resource, as it is before or after a change.
#[derive(Clone, Debug)]
pub struct Resource {
    /// What it is.
    pub kind: ResourceKind,
    /// Its id, if it has a number for one.
    pub id: Option<i64>,
    /// Its parents. Its own id need not be named.
    pub place: Place,
    /// An object with what the server's API shows of it.
    pub state: Value,
}

/// A resource without its state.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub kind: ResourceKind,
    pub id: Option<i64>,
    pub name: Option<String>,
    /// Its parents and itself.
    pub place: Place,
}

/// The kinds of resources whose changes are events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "they say what they are")]
pub enum ResourceKind {
    Project,
    Task,
    Job,
    Organization,
    User,
    CloudStorage,
    Issue,
    Comment,
    Label,
    Membership,
    Invitation,
    Webhook,
    AccessToken,
}

/// What is particular about a kind.
struct Rule {
    kind: ResourceKind,
    /// As scopes have it.
    name: &'static str,
    /// The property that events name it by.
    named_by: Option<&'static str>,
    /// Properties that are secret of this kind, though their names do not say so.
    secrets: &'static [&'static str],
}

const fn rule(kind: ResourceKind, name: &'static str, named_by: Option<&'static str>) -> Rule {
    Rule {
        kind,
        name,
        named_by,
        secrets: &[],
    }
}

const RULES: &[Rule] = &[
    rule(ResourceKind::Project, "project", Some("name")),
    rule(ResourceKind::Task, "task", Some("name")),
    rule(ResourceKind::Job, "job", None),
    rule(ResourceKind::Organization, "organization", Some("name")),
    rule(ResourceKind::User, "user", Some("username")),
    rule(
        ResourceKind::CloudStorage,
        "cloudstorage",
        Some("display_name"),
    ),
    rule(ResourceKind::Issue, "issue", None),
    rule(ResourceKind::Comment, "comment", Some("message")),
    rule(ResourceKind::Label, "label", Some("name")),
    rule(ResourceKind::Membership, "membership", None),
    Rule {
        // Whoever has the key may accept.
        secrets: &["key"],
        ..rule(ResourceKind::Invitation, "invitation", None)
    },
    rule(ResourceKind::Webhook, "webhook", None),
    Rule {
        // The answer to its making has the token itself.
        secrets: &["value"],
        ..rule(ResourceKind::AccessToken, "accesstoken", Some("name"))
    },
];

impl ResourceKind {
    /// Every kind.
    pub fn all() -> impl Iterator<Item = ResourceKind> {
        RULES.iter().map(|rule| rule.kind)
    }

    /// Its name in scopes.
    pub fn name(self) -> &'static str {
        self.rule().name
    }

    fn rule(self) -> &'static Rule {
        let rule = RULES.iter().find(|rule| rule.kind == self);
        rule.expect("the table has every kind")
    }
}

impl Resource {
    /// What its events have in their columns.
    pub(super) fn named(&self) -> Named {
        let name = self.kind.rule().named_by;
        let name = name.and_then(|property| self.state.get(property)?.as_str());
        Named {
            kind: self.kind,
            id: self.id,
            name: name.map(str::to_owned),
            place: self.own_place(),
        }
    }

    fn own_place(&self) -> Place {
        let mut place = self.place.clone();
        let own = match self.kind {
            ResourceKind::Project => &mut place.project_id,
            ResourceKind::Task => &mut place.task_id,
            ResourceKind::Job => &mut place.job_id,
            _ => return place,
        };
        *own = own.or(self.id);
        place
    }

    /// A property as events show it: without secrets, an object without its `url`.
    pub(super) fn shown(&self, property: &str) -> Value {
        match self.state.get(property) {
            None | Some(Value::Null) => Value::Null,
            Some(_) if self.kind.rule().secrets.contains(&property) => REDACTED.into(),
            Some(value) => without_secrets(property, &without_url(value)),
        }
    }
}

/// An object loses its `url`, at the first level alone.
pub(super) fn without_url(value: &Value) -> Value {
    let mut value = value.clone();
    if let Value::Object(members) = &mut value {
        members.shift_remove("url");
    }
    value
}
