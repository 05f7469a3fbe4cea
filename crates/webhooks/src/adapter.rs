//! What is particular about a tool, as a table.

use std::fmt;
use std::str::FromStr;

use annoscope_events::ResourceKind;

use crate::{cvat, label_studio};

/// A tool whose webhooks are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// CVAT, with `before_update` (until 2026-08) and without.
    Cvat,
    /// Label Studio.
    LabelStudio,
}

/// A name that is no tool's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of cvat, label-studio")]
pub struct UnknownTool(String);

/// The table of a tool.
pub(crate) struct Adapter {
    /// As the command line and the database have it.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// The member of a body that says what happened.
    pub named_by: &'static str,
    /// What happens, by its name there.
    pub rules: &'static [Rule],
    /// Members that are neither stored nor remembered.
    pub withheld: &'static [&'static str],
    /// Members that only sum up other resources, or only say when: a change of them is none.
    pub no_properties: &'static [&'static str],
    /// Members that CVAT has under another name, and that name.
    pub renamed: &'static [(&'static str, &'static str)],
    /// The member that says when a resource was changed last.
    pub updated_at: &'static str,
    /// Members that have the user who did it, the first that is there: objects or ids, of the body or of the resource.
    pub users: &'static [&'static str],
    /// How a delivery shows where it comes from.
    pub proof: Proof,
}

/// One kind of delivery.
pub(crate) struct Rule {
    /// Its name.
    pub name: &'static str,
    /// What happened.
    pub action: Action,
    /// To what.
    pub subject: Subject,
    /// The member with it, or with a list of them.
    pub member: &'static str,
}

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Create,
    Update,
    Delete,
    /// It is recorded as it came.
    Record,
    /// Nothing: somebody tries the webhook.
    Ping,
}

/// What something happens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A resource with properties.
    Resource(ResourceKind),
    /// What one person drew on one task, with the time that the tool reports for it.
    Annotation,
    /// Neither.
    Other,
}

/// How a delivery shows where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// `X-Signature-256`: HMAC-SHA256 of the body.
    Signature,
    /// The secret itself, in a header that is set by hand: `Authorization: Bearer …`.
    Bearer,
}

pub(crate) const fn rule(
    name: &'static str,
    action: Action,
    subject: Subject,
    member: &'static str,
) -> Rule {
    Rule {
        name,
        action,
        subject,
        member,
    }
}

impl Tool {
    /// All of them.
    pub const ALL: [Tool; 2] = [Tool::Cvat, Tool::LabelStudio];

    /// As the command line and the database have it.
    pub fn name(self) -> &'static str {
        self.adapter().name
    }

    /// For people.
    pub fn title(self) -> &'static str {
        self.adapter().title
    }

    /// What its deliveries are called, with the scope of the event that comes of each; of a ping comes none.
    pub fn deliveries(self) -> impl Iterator<Item = (&'static str, Option<String>)> {
        let rules = self.adapter().rules.iter();
        rules.map(|rule| (rule.name, rule.scope()))
    }

    pub(crate) fn adapter(self) -> &'static Adapter {
        match self {
            Tool::Cvat => &cvat::ADAPTER,
            Tool::LabelStudio => &label_studio::ADAPTER,
        }
    }
}

impl Rule {
    /// The scope of its events.
    pub(crate) fn scope(&self) -> Option<String> {
        let action = match self.action {
            Action::Create => "create",
            Action::Update => "update",
            Action::Delete => "delete",
            Action::Record => return Some(self.name.to_owned()),
            Action::Ping => return None,
        };
        Some(format!("{action}:{}", self.subject.name()))
    }
}

impl Subject {
    /// As scopes and the known states have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Subject::Resource(kind) => kind.name(),
            Subject::Annotation => "annotations",
            Subject::Other => "other",
        }
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Tool {
    type Err = UnknownTool;

    fn from_str(text: &str) -> Result<Tool, UnknownTool> {
        let found = Tool::ALL.into_iter().find(|tool| tool.name() == text);
        found.ok_or_else(|| UnknownTool(text.to_owned()))
    }
}
