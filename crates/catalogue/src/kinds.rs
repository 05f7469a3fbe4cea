//! The table of rules.
//!
//! What the columns of `create:…`, `update:…` and `delete:…` hold is in contract.md, "Server events". An update names
//! its thing by the columns of ids alone, so nobody can say which user, label or cloud storage one is about.

/// A kind of thing, and what tells of it.
pub struct Kind {
    /// Its name in the catalogue.
    pub name: &'static str,
    /// Its name in scopes.
    pub resource: &'static str,
    /// The column with its id in `create:…` and `delete:…`.
    pub id: &'static str,
    /// The column with its id in `update:…`, if there is one.
    pub updated_id: Option<&'static str>,
    /// What its creation tells, beside [`CREATED`].
    pub created: &'static [Told],
    /// What a change tells: the property, and the fact.
    pub updated: &'static [(&'static str, Told)],
    /// What its creation and its changes tell of where it belongs: columns, which are the names of the fields, too.
    pub places: &'static [&'static str],
    /// What each event tells that has its id in a column.
    pub seen: Option<Seen>,
}

/// What any event tells of a thing, beside [`SEEN`].
pub struct Seen {
    /// The column with the thing's id.
    pub id: &'static str,
    /// Fields and their columns. Where a thing belongs a page may say wrongly, so it is a field of its own.
    pub fields: &'static [(&'static str, &'static str)],
}

/// A field and its value.
pub struct Told {
    /// The field.
    pub field: &'static str,
    /// Where its value is.
    pub value: Value,
}

/// Where a value is. One that is not there is no fact.
#[derive(Clone, Copy)]
pub enum Value {
    /// In a column of texts.
    Text(&'static str),
    /// In `obj_id`; the empty text where that has none.
    ObjIdOrNone,
    /// A text of the payload.
    PayloadText(&'static str),
    /// A whole number of the payload, not negative.
    PayloadInteger(&'static str),
    /// The id of an object of the payload.
    PayloadId(&'static str),
}

/// The field that says that a thing was created, by the time of its fact.
pub const CREATED: &str = "created";

/// The field that says that a thing was deleted, by the time of its fact.
pub const DELETED: &str = "deleted";

/// The field that says when an event last named a thing, by the time of its fact.
pub const SEEN: &str = "seen";

const fn told(field: &'static str, value: Value) -> Told {
    Told { field, value }
}

/// The name of the thing.
const NAMED: Told = told("name", Value::Text("obj_name"));

/// A change of the property that is the field.
const fn changed(property: &'static str) -> (&'static str, Told) {
    (property, told(property, Value::Text("obj_val")))
}

/// A change of a person: their id counts, as the value is a printed dictionary.
const fn changed_id(property: &'static str, field: &'static str) -> (&'static str, Told) {
    (property, told(field, Value::ObjIdOrNone))
}

const OWNER: Told = told("owner_id", Value::PayloadId("owner"));
const ASSIGNEE: Told = told("assignee_id", Value::PayloadId("assignee"));

/// Every kind.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "user",
        resource: "user",
        id: "obj_id",
        updated_id: None,
        created: &[NAMED, told("email", Value::PayloadText("email"))],
        updated: &[],
        places: &[],
        seen: Some(Seen {
            id: "user_id",
            fields: &[("name", "user_name"), ("email", "user_email")],
        }),
    },
    Kind {
        name: "organization",
        resource: "organization",
        id: "obj_id",
        updated_id: Some("org_id"),
        created: &[NAMED, OWNER],
        updated: &[
            changed("name"),
            changed("slug"),
            changed_id("owner", "owner_id"),
        ],
        places: &[],
        seen: Some(Seen {
            id: "org_id",
            fields: &[("slug", "org_slug")],
        }),
    },
    Kind {
        name: "project",
        resource: "project",
        id: "project_id",
        updated_id: Some("project_id"),
        created: &[NAMED, OWNER, ASSIGNEE],
        updated: &[
            changed("name"),
            changed_id("owner", "owner_id"),
            changed_id("assignee", "assignee_id"),
        ],
        places: &["org_id"],
        seen: Some(Seen {
            id: "project_id",
            fields: &[("seen_org_id", "org_id")],
        }),
    },
    Kind {
        name: "task",
        resource: "task",
        id: "task_id",
        updated_id: Some("task_id"),
        created: &[NAMED, OWNER, ASSIGNEE],
        updated: &[
            changed("name"),
            changed_id("owner", "owner_id"),
            changed_id("assignee", "assignee_id"),
        ],
        places: &["project_id", "org_id"],
        seen: Some(Seen {
            id: "task_id",
            fields: &[("seen_project_id", "project_id"), ("seen_org_id", "org_id")],
        }),
    },
    Kind {
        name: "job",
        resource: "job",
        id: "job_id",
        updated_id: Some("job_id"),
        created: &[
            told("type", Value::PayloadText("type")),
            told("frames", Value::PayloadInteger("frame_count")),
            told("start_frame", Value::PayloadInteger("start_frame")),
            told("stop_frame", Value::PayloadInteger("stop_frame")),
            told("stage", Value::PayloadText("stage")),
            told("state", Value::PayloadText("state")),
            ASSIGNEE,
        ],
        updated: &[
            changed("type"),
            changed("stage"),
            changed("state"),
            changed_id("assignee", "assignee_id"),
        ],
        places: &["task_id", "project_id", "org_id"],
        seen: Some(Seen {
            id: "job_id",
            fields: &[
                ("seen_task_id", "task_id"),
                ("seen_project_id", "project_id"),
                ("seen_org_id", "org_id"),
            ],
        }),
    },
    Kind {
        name: "label",
        resource: "label",
        id: "obj_id",
        updated_id: None,
        created: &[NAMED, told("color", Value::PayloadText("color"))],
        updated: &[],
        places: &["project_id", "task_id", "org_id"],
        seen: None,
    },
    Kind {
        name: "cloud_storage",
        resource: "cloudstorage",
        id: "obj_id",
        updated_id: None,
        created: &[NAMED, told("provider", Value::PayloadText("provider_type"))],
        updated: &[],
        places: &["org_id"],
        seen: None,
    },
];
