//! The sender of a request: the server has authenticated it.

/// The user behind a request of the client endpoint, and the organization it is made in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The user.
    pub user: UserRef,
    /// Organization of the request, if any.
    pub org: Option<Organization>,
}

/// A user, as events name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRef {
    /// Id of the user.
    pub id: i64,
    /// Login name.
    pub name: String,
    /// E-mail address; may be empty.
    pub email: String,
}

/// An organization, as events name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Id of the organization.
    pub id: i64,
    /// Its short name, as in URLs.
    pub slug: String,
}
