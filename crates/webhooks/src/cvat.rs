//! CVAT's webhooks (contract.md, "Webhooks"; the list of events is that of cvat-sdk 2.80).

use annoscope_events::ResourceKind as Kind;

use crate::adapter::Action::{Create, Delete, Ping, Record, Update};
use crate::adapter::Subject::{Other, Resource};
use crate::adapter::{Adapter, Proof, Rule, rule};

pub(crate) static ADAPTER: Adapter = Adapter {
    name: "cvat",
    title: "CVAT",
    named_by: "event",
    rules: RULES,
    withheld: &[],
    renamed: &[],
    no_properties: &[
        "url",
        "labels",
        "jobs",
        "tasks",
        "issues",
        "comments",
        "task_name",
        "project_name",
        "organization_info",
        "updated_date",
    ],
    updated_at: "updated_date",
    users: &["sender"],
    proof: Proof::Signature,
};

const RULES: &[Rule] = &[
    rule("create:project", Create, Resource(Kind::Project), "project"),
    rule("update:project", Update, Resource(Kind::Project), "project"),
    rule("delete:project", Delete, Resource(Kind::Project), "project"),
    rule("create:task", Create, Resource(Kind::Task), "task"),
    rule("update:task", Update, Resource(Kind::Task), "task"),
    rule("delete:task", Delete, Resource(Kind::Task), "task"),
    rule("create:job", Create, Resource(Kind::Job), "job"),
    rule("update:job", Update, Resource(Kind::Job), "job"),
    rule("delete:job", Delete, Resource(Kind::Job), "job"),
    rule("create:issue", Create, Resource(Kind::Issue), "issue"),
    rule("update:issue", Update, Resource(Kind::Issue), "issue"),
    rule("delete:issue", Delete, Resource(Kind::Issue), "issue"),
    rule("create:comment", Create, Resource(Kind::Comment), "comment"),
    rule("update:comment", Update, Resource(Kind::Comment), "comment"),
    rule("delete:comment", Delete, Resource(Kind::Comment), "comment"),
    rule("create:user", Create, Resource(Kind::User), "user"),
    rule("update:user", Update, Resource(Kind::User), "user"),
    rule("delete:user", Delete, Resource(Kind::User), "user"),
    rule(
        "create:organization",
        Create,
        Resource(Kind::Organization),
        "organization",
    ),
    rule(
        "update:organization",
        Update,
        Resource(Kind::Organization),
        "organization",
    ),
    rule(
        "delete:organization",
        Delete,
        Resource(Kind::Organization),
        "organization",
    ),
    rule(
        "create:membership",
        Create,
        Resource(Kind::Membership),
        "membership",
    ),
    rule(
        "update:membership",
        Update,
        Resource(Kind::Membership),
        "membership",
    ),
    rule(
        "delete:membership",
        Delete,
        Resource(Kind::Membership),
        "membership",
    ),
    rule(
        "create:invitation",
        Create,
        Resource(Kind::Invitation),
        "invitation",
    ),
    rule(
        "delete:invitation",
        Delete,
        Resource(Kind::Invitation),
        "invitation",
    ),
    rule(
        "completed:request[calculate:quality]",
        Record,
        Other,
        "request",
    ),
    rule("completed:request[create:task]", Record, Other, "request"),
    rule(
        "completed:request[export:annotations]",
        Record,
        Other,
        "request",
    ),
    rule("completed:request[export:backup]", Record, Other, "request"),
    rule(
        "completed:request[export:dataset]",
        Record,
        Other,
        "request",
    ),
    rule("completed:request[merge:job]", Record, Other, "request"),
    rule("completed:request[merge:task]", Record, Other, "request"),
    rule("ping", Ping, Other, "webhook"),
];
