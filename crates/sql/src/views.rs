//! The named relations beside `events`: each a query of ours in `views/`, over the events or over
//! other views.
//!
//! A file begins with comments: a line that says what a row is, then a line a column,
//! `-- name | type | meaning`, in the order of the query's columns. What documents, `system.columns` and
//! the page's editor tell of a view comes from these, and a test compares them with what is bound.
//!
//! `{from_ms:Int64}` and `{until_ms:Int64}` in it are bounds of the time that is asked for (`bind/view_bounds.rs`), so
//! that the store can leave out what no row comes from.
//!
//! The query means the same whatever settings are made beside it, but for `session_timezone`: there is
//! no outer join whose missing side shows, and no ROLLUP.
//!
//! **Invariant:** a view reads what its caller may read: its `events` are those of the query that names it
//! (`tests/security/test_isolation.py`).

use std::sync::LazyLock;

use sqlparser::ast;

use crate::dialect_edits;
use crate::source_map::SourceMap;
use crate::types::DataType;

/// The files, in the order in which they are listed.
const FILES: [(&str, &str); 15] = [
    ("users", include_str!("../views/users.sql")),
    ("organizations", include_str!("../views/organizations.sql")),
    ("projects", include_str!("../views/projects.sql")),
    ("tasks", include_str!("../views/tasks.sql")),
    ("jobs", include_str!("../views/jobs.sql")),
    ("labels", include_str!("../views/labels.sql")),
    (
        "cloud_storages",
        include_str!("../views/cloud_storages.sql"),
    ),
    ("intervals", include_str!("../views/intervals.sql")),
    ("hours", include_str!("../views/hours.sql")),
    ("sessions", include_str!("../views/sessions.sql")),
    (
        "job_transitions",
        include_str!("../views/job_transitions.sql"),
    ),
    ("decisions", include_str!("../views/decisions.sql")),
    (
        "status_intervals",
        include_str!("../views/status_intervals.sql"),
    ),
    ("objects", include_str!("../views/objects.sql")),
    ("issues", include_str!("../views/issues.sql")),
];

/// Views whose rows a store may keep from one query to the next, because every panel of a page goes by them and they are
/// made of few rows that lie anywhere in time; and the scopes of those.
const MATERIALIZED: [(&str, &[&str]); 3] = [
    ("job_transitions", &JOB_SCOPES),
    ("decisions", &JOB_SCOPES),
    (
        "issues",
        &[
            "create:job",
            "update:job",
            "delete:job",
            "create:issue",
            "update:issue",
            "delete:issue",
        ],
    ),
];

const JOB_SCOPES: [&str; 3] = ["create:job", "update:job", "delete:job"];

/// The scopes of the events that a view is made of; none for a view that is not to be kept.
pub(crate) fn scopes_of_materialized(view: &str) -> Option<&'static [&'static str]> {
    let mut views = MATERIALIZED.iter();
    views.find_map(|(name, scopes)| (*name == view).then_some(*scopes))
}

/// A relation that queries may name.
#[derive(Clone, Debug)]
pub struct View {
    /// As queries name it.
    pub name: &'static str,
    /// What a row of it is: a sentence without a full stop.
    pub meaning: &'static str,
    /// Its columns in order.
    pub columns: Vec<ViewColumn>,
    /// Its file: the query below the head.
    pub(crate) text: &'static str,
}

/// A column of a view.
#[derive(Clone, Debug)]
pub struct ViewColumn {
    /// As queries name it.
    pub name: &'static str,
    /// ClickHouse's type.
    pub data_type: DataType,
    /// What it says, with its unit.
    pub meaning: &'static str,
}

static VIEWS: LazyLock<Vec<View>> = LazyLock::new(|| {
    let views = FILES.iter().map(|(name, text)| view(name, text));
    views.collect()
});

/// The trees of the views' queries, in the order of [`VIEWS`].
static QUERIES: LazyLock<Vec<ast::Query>> =
    LazyLock::new(|| VIEWS.iter().map(|view| parsed(view.text)).collect());

/// All views.
pub fn views() -> &'static [View] {
    &VIEWS
}

/// The view of a name: `hours`, `cvat.hours` and `default.hours` are one.
pub(crate) fn find(name: &str) -> Option<&'static View> {
    let name = match name.rsplit_once('.') {
        Some((database, name)) if dialect_edits::DATABASES.contains(&database) => name,
        Some(_) => return None,
        None => name,
    };
    VIEWS.iter().find(|view| view.name == name)
}

impl View {
    /// Its file with bounds that leave out nothing.
    pub(crate) fn of_all_time(&self) -> String {
        let bounds = crate::bind::bounds_of_views(&crate::bind::ALL_TIME_MS);
        bounds
            .iter()
            .fold(self.text.to_owned(), |text, (name, ms)| {
                text.replace(&format!("{{{name}:Int64}}"), &ms.to_string())
            })
    }

    /// The tree of its query.
    pub(crate) fn query(&self) -> &'static ast::Query {
        let place = VIEWS.iter().position(|view| view.name == self.name);
        &QUERIES[place.expect("every view is one of VIEWS")]
    }
}

fn view(name: &'static str, text: &'static str) -> View {
    let mut head = text.lines().map_while(|line| line.strip_prefix("--"));
    let meaning = head.next().unwrap_or_default().trim();
    let columns = head.filter_map(|line| {
        let mut cells = line.splitn(3, " | ").map(str::trim);
        let (name, data_type, meaning) = (cells.next()?, cells.next()?, cells.next()?);
        Some(ViewColumn {
            name,
            data_type: DataType::parse(data_type).expect("the type in a view's head is one"),
            meaning,
        })
    });
    View {
        name,
        meaning,
        columns: columns.collect(),
        text,
    }
}

/// **Invariant:** the files can be parsed (`every_view_has_the_columns_of_its_head`).
fn parsed(text: &str) -> ast::Query {
    let expanded = dialect_edits::edit_view(text).expect("a view's text is sound");
    let source_map = SourceMap::new(text, &expanded);
    let parsed = crate::parse::parse(&source_map).expect("a view's query can be parsed");
    parsed.query
}

#[cfg(test)]
mod tests;
