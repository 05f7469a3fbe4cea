//! Classes of scopes by how long their events are worth keeping.
//!
//! Hours are what people are paid by, clicks are what somebody looks into for some weeks, exceptions tell of a defect
//! that is mended soon. Resource events say what things are called and how they stand: dashboards have their names
//! from them, however old they are.

use crate::scope::{SCOPES, ScopeSender, WORKING_TIME_SCOPE};

/// A class of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RetentionClass {
    /// Errors in pages, requests and jobs.
    Exceptions,
    /// What people did in the page.
    Clicks,
    /// Working time.
    Hours,
    /// What happened to things, and whatever no other class has.
    Resources,
}

impl RetentionClass {
    /// All, in the order in which they are given up.
    pub const ALL: [RetentionClass; 4] = [
        RetentionClass::Exceptions,
        RetentionClass::Clicks,
        RetentionClass::Hours,
        RetentionClass::Resources,
    ];

    /// Its name in settings and lists.
    pub fn name(self) -> &'static str {
        match self {
            RetentionClass::Exceptions => "exceptions",
            RetentionClass::Clicks => "clicks",
            RetentionClass::Hours => "hours",
            RetentionClass::Resources => "resources",
        }
    }

    /// The class of a scope; of one that nobody knows [`RetentionClass::Resources`].
    pub fn of(scope: &str) -> RetentionClass {
        let known = SCOPES.iter().find(|known| known.name == scope);
        match known.map(|known| known.sender) {
            Some(ScopeSender::Both) => RetentionClass::Exceptions,
            Some(ScopeSender::Client) => RetentionClass::Clicks,
            _ if scope == WORKING_TIME_SCOPE => RetentionClass::Hours,
            _ => RetentionClass::Resources,
        }
    }

    /// Its scopes; none for [`RetentionClass::Resources`], which has all others.
    pub fn scopes(self) -> Vec<&'static str> {
        let scopes = SCOPES.iter().map(|scope| scope.name);
        match self {
            RetentionClass::Resources => Vec::new(),
            class => scopes
                .filter(|scope| RetentionClass::of(scope) == class)
                .collect(),
        }
    }
}

/// Things of which single ones are no matter once they are old: a job has thousands of them.
const PARTS_OF_JOBS: [&str; 4] = ["annotations", "tags", "shapes", "tracks"];

/// Whether each old event of a scope is needed to know what there was: the begin and the end of a thing. Of others the
/// newest of each thing and property says how it stands.
pub fn is_begin_or_end(scope: &str) -> bool {
    let Some((action, resource)) = scope.split_once(':') else {
        return false;
    };
    ["create", "delete"].contains(&action) && !PARTS_OF_JOBS.contains(&resource)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scope_has_one_class() {
        let cases = [
            ("send:exception", RetentionClass::Exceptions),
            ("click:element", RetentionClass::Clicks),
            ("change:frame", RetentionClass::Clicks),
            ("send:working_time", RetentionClass::Hours),
            ("create:task", RetentionClass::Resources),
            ("update:job", RetentionClass::Resources),
            ("export:dataset", RetentionClass::Resources),
            ("of:others", RetentionClass::Resources),
        ];
        for (scope, class) in cases {
            assert_eq!(RetentionClass::of(scope), class, "{scope}");
        }
        let listed: usize = RetentionClass::ALL
            .map(|class| class.scopes().len())
            .iter()
            .sum();
        let others = SCOPES
            .iter()
            .filter(|scope| RetentionClass::of(scope.name) == RetentionClass::Resources);
        assert_eq!(listed + others.count(), SCOPES.len());
    }

    #[test]
    fn begins_and_ends_of_things_are_known() {
        for scope in ["create:task", "delete:user", "create:issue"] {
            assert!(is_begin_or_end(scope), "{scope}");
        }
        for scope in [
            "update:task",
            "create:shapes",
            "delete:tags",
            "call:function",
            "x",
        ] {
            assert!(!is_begin_or_end(scope), "{scope}");
        }
    }
}
