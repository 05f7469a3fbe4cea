//! Who sends a request: the server has authenticated them.

/// The user behind a request of the client door, and the organization it is made in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Id of the user.
    pub user_id: i64,
    /// Login name.
    pub user_name: String,
    /// E-mail address; may be empty.
    pub user_email: String,
    /// Organization of the request, if any.
    pub org: Option<Organization>,
}

/// An organization, as events name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Id of the organization.
    pub id: i64,
    /// Its short name, as in URLs.
    pub slug: String,
}
