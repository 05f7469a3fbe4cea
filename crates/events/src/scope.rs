//! Every scope, in one table: validation and documentation are made from it.
//!
//! The names are CVAT's: of July 2024, and those that later versions and forks added.

/// One kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `action:resource`, as events carry it.
    pub name: &'static str,
    /// Its sender.
    pub sender: ScopeSender,
    /// What an event of this scope means; one line for the documentation.
    pub meaning: &'static str,
}

/// The sender of a scope's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeSender {
    /// The annotation tool in the browser.
    Client,
    /// The annotation server.
    Server,
    /// Both, each in its own form.
    Both,
}

/// The scope whose duration counts as working time in full.
pub const COMPRESSED_SCOPE: &str = "change:frame";

/// The scope of rows that hold working time; never accepted from a client.
pub const WORKING_TIME_SCOPE: &str = "send:working_time";

/// The scope that only says "the user is there": counted for working time, never stored.
pub const USER_ACTIVITY_SCOPE: &str = "user:activity";

/// Whether a client may send events of this scope.
pub fn is_client_scope(name: &str) -> bool {
    client_scope(name).is_some()
}

/// The table's own copy of `name`, where a client may send it.
pub(crate) fn client_scope(name: &str) -> Option<&'static str> {
    SCOPES
        .iter()
        // The table starts with all that clients send.
        .take_while(|scope| scope.sender != ScopeSender::Server)
        .find(|scope| scope.name == name)
        .map(|scope| scope.name)
}

const fn client(name: &'static str, meaning: &'static str) -> Scope {
    Scope {
        name,
        sender: ScopeSender::Client,
        meaning,
    }
}

const fn server(name: &'static str, meaning: &'static str) -> Scope {
    Scope {
        name,
        sender: ScopeSender::Server,
        meaning,
    }
}

/// All scopes that CVAT's parts send: clients' first, then the server's. The ingest endpoint
/// takes others, too.
pub const SCOPES: &[Scope] = &[
    client("click:element", "an element of the page was clicked"),
    client(
        COMPRESSED_SCOPE,
        "the annotator went to another frame; a run of them is one event",
    ),
    client("zoom:image", "the image was zoomed"),
    client("fit:image", "the image was fitted to the window"),
    client("rotate:image", "the image was rotated"),
    client("draw:object", "an object was drawn"),
    client("paste:object", "an object was pasted"),
    client("copy:object", "an object was copied"),
    client("propagate:object", "an object was copied to other frames"),
    client("drag:object", "an object was moved"),
    client("resize:object", "an object was resized"),
    client("delete:object", "objects were deleted"),
    client("lock:object", "an object was locked or unlocked"),
    client("merge:objects", "shapes were merged into a track"),
    client("split:objects", "a track was split"),
    client("group:objects", "objects were grouped"),
    client("slice:object", "an object was cut in two"),
    client("join:objects", "masks were joined"),
    client("change:attribute", "an attribute of an object was changed"),
    client("change:label", "the label of an object was changed"),
    client("action:undo", "an action was undone"),
    client("action:redo", "an action was done again"),
    client(
        "load:cvat",
        "the page was opened; the payload names the browser",
    ),
    client("load:job", "a job was opened"),
    client("load:workspace", "a workspace of the page was opened"),
    client("save:job", "a job's annotations were saved"),
    client("restore:job", "a job was restored"),
    client(
        "upload:annotations",
        "annotations were uploaded from a file",
    ),
    client("send:task_info", "statistics of a task were sent"),
    client("debug:info", "a message for developers"),
    client(
        "run:annotations_action",
        "an action was run over many annotations",
    ),
    client(
        "call:interactor",
        "a model was asked for an object; of CVAT's forks",
    ),
    client(
        USER_ACTIVITY_SCOPE,
        "the user is active; counted as working time, never stored",
    ),
    Scope {
        name: "send:exception",
        sender: ScopeSender::Both,
        meaning: "an error in the page, in a request or in a background job",
    },
    server(
        WORKING_TIME_SCOPE,
        "working time, computed from one request of a client",
    ),
    server("create:project", "a project was created"),
    server("update:project", "a property of a project was changed"),
    server("delete:project", "a project was deleted"),
    server("create:task", "a task was created"),
    server("update:task", "a property of a task was changed"),
    server("delete:task", "a task was deleted"),
    server("create:job", "a job was created"),
    server("update:job", "a property of a job was changed"),
    server("delete:job", "a job was deleted"),
    server("create:organization", "an organization was created"),
    server(
        "update:organization",
        "a property of an organization was changed",
    ),
    server("delete:organization", "an organization was deleted"),
    server("create:user", "a user was created"),
    server("update:user", "a property of a user was changed"),
    server("delete:user", "a user was deleted"),
    server("create:cloudstorage", "a cloud storage was attached"),
    server(
        "update:cloudstorage",
        "a property of a cloud storage was changed",
    ),
    server("delete:cloudstorage", "a cloud storage was detached"),
    server("create:issue", "an issue was opened"),
    server("update:issue", "a property of an issue was changed"),
    server("delete:issue", "an issue was deleted"),
    server("create:comment", "a comment was written"),
    server("update:comment", "a property of a comment was changed"),
    server("delete:comment", "a comment was deleted"),
    server("create:label", "a label was created"),
    server("update:label", "a property of a label was changed"),
    server("delete:label", "a label was deleted"),
    server(
        "create:annotations",
        "declared by CVAT, sent as tags, shapes and tracks",
    ),
    server(
        "update:annotations",
        "declared by CVAT, sent as tags, shapes and tracks",
    ),
    server(
        "delete:annotations",
        "declared by CVAT, sent as tags, shapes and tracks",
    ),
    server("create:tags", "tags of a job were created"),
    server("update:tags", "tags of a job were changed"),
    server("delete:tags", "tags of a job were deleted"),
    server("create:shapes", "shapes of a job were created"),
    server("update:shapes", "shapes of a job were changed"),
    server("delete:shapes", "shapes of a job were deleted"),
    server("create:tracks", "tracks of a job were created"),
    server("update:tracks", "tracks of a job were changed"),
    server("delete:tracks", "tracks of a job were deleted"),
    server("export:dataset", "an export of a dataset was requested"),
    server("import:dataset", "an import of a dataset was requested"),
    server("call:function", "a machine-learning function was called"),
    server(
        "create:membership",
        "a user became a member of an organization",
    ),
    server(
        "update:membership",
        "a property of a membership was changed",
    ),
    server("delete:membership", "a user left an organization"),
    server("create:invitation", "a user was invited to an organization"),
    server("delete:invitation", "an invitation was withdrawn"),
    server("create:webhook", "a webhook was created"),
    server("update:webhook", "a property of a webhook was changed"),
    server("delete:webhook", "a webhook was deleted"),
    server("create:accesstoken", "an access token was created"),
    server(
        "update:accesstoken",
        "a property of an access token was changed",
    ),
    server("delete:accesstoken", "an access token was deleted"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn clients_may_send_the_union_of_cvats_lists() {
        let july_2024 = [
            "load:cvat",
            "load:job",
            "save:job",
            "restore:job",
            "upload:annotations",
            "send:exception",
            "send:task_info",
            "draw:object",
            "paste:object",
            "copy:object",
            "propagate:object",
            "drag:object",
            "resize:object",
            "delete:object",
            "lock:object",
            "merge:objects",
            "split:objects",
            "group:objects",
            "slice:object",
            "join:objects",
            "change:attribute",
            "change:label",
            "change:frame",
            "zoom:image",
            "fit:image",
            "rotate:image",
            "action:undo",
            "action:redo",
            "debug:info",
            "run:annotations_action",
            "click:element",
        ];
        let later = ["load:workspace", "user:activity"];
        let of_forks = ["call:interactor"];
        for name in july_2024.iter().chain(&later).chain(&of_forks) {
            assert!(is_client_scope(name), "{name}");
        }
        let n_client = SCOPES
            .iter()
            .filter(|scope| is_client_scope(scope.name))
            .count();
        assert_eq!(n_client, july_2024.len() + later.len() + of_forks.len());
        for name in [
            "send:working_time",
            "create:task",
            "",
            "click",
            "Click:element",
        ] {
            assert!(!is_client_scope(name), "{name}");
        }
    }

    /// docs/scopes.md has a row for each, and no others, with its meaning and who sends it.
    #[test]
    fn the_documents_say_who_sends_each_scope() {
        let document = include_str!("../../../docs/scopes.md");
        let rows = document.lines().filter(|line| line.starts_with("| `"));
        let rows: Vec<Vec<&str>> = rows
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        for row in &rows {
            assert_eq!(row.len(), 5, "{row:?}");
            assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
        }
        let documented: Vec<_> = rows
            .iter()
            .map(|row| (row[0].trim_matches('`'), row[1]))
            .collect();
        let known: Vec<_> = SCOPES
            .iter()
            .map(|scope| (scope.name, scope.meaning))
            .collect();
        assert_eq!(documented, known);
    }

    #[test]
    fn the_table_is_in_order() {
        let names: HashSet<_> = SCOPES.iter().map(|scope| scope.name).collect();
        assert_eq!(names.len(), SCOPES.len(), "a scope is listed twice");
        let first_of_server = SCOPES
            .iter()
            .position(|scope| scope.sender == ScopeSender::Server)
            .unwrap();
        for scope in &SCOPES[first_of_server..] {
            assert_eq!(scope.sender, ScopeSender::Server, "{}", scope.name);
        }
        for scope in SCOPES {
            assert_eq!(scope.name.split(':').count(), 2, "{}", scope.name);
        }
    }
}
