//! How an organization is named: by slug or id.

/// How a request names an organization.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// `X-Organization` or `org`.
    Slug(String),
    /// `org_id`.
    Id(i64),
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Wanted::Slug(slug) => write!(f, "{slug:?}"),
            Wanted::Id(id) => write!(f, "{id}"),
        }
    }
}
