//! How an organization is named: by slug or id.

/// How a request names an organization.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OrganizationRef {
    /// `X-Organization` or `org`.
    Slug(String),
    /// `org_id`.
    Id(i64),
}

impl std::fmt::Display for OrganizationRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OrganizationRef::Slug(slug) => write!(f, "{slug:?}"),
            OrganizationRef::Id(id) => write!(f, "{id}"),
        }
    }
}
