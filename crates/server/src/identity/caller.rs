//! The extractors of who is asking. `access.rs` put them into the request, or it would not have
//! come this far.

use annoscope_events::Organization;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::accounts::{ActingUser, Actor};
use super::rights::RowFilter;
use super::{Person, Privilege, Role, TokenScope};
use crate::client::Client;
use crate::error::ApiError;
use crate::request_id::RequestId;

/// Who asks, and for which organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The account's id.
    pub id: i64,
    /// The account's name.
    pub name: String,
    /// Empty where the account has none.
    pub email: String,
    /// The account's privilege.
    pub privilege: Privilege,
    /// The mark "has analytics access".
    pub has_analytics_access: bool,
    /// What the credentials are good for.
    pub scope: TokenScope,
    /// The organization of this request; `None` is outside of all.
    pub organization: Option<Organization>,
    /// The caller's role in that organization; `None` for those who are not members.
    pub role: Option<Role>,
}

/// A caller who looks at events, and the rows that are there to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Who it is.
    pub caller: Caller,
    /// All that the caller may see.
    pub rows: RowFilter,
}

impl Caller {
    /// The person outside of organizations.
    pub(super) fn new(person: &Person, scope: TokenScope) -> Caller {
        Caller {
            id: person.id,
            name: person.name.clone(),
            email: person.email.clone(),
            privilege: person.privilege,
            has_analytics_access: person.has_analytics_access,
            scope,
            organization: None,
            role: None,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, ApiError> {
        parts.extensions.get().cloned().ok_or_else(unchecked)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Viewer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Viewer, ApiError> {
        parts.extensions.get().cloned().ok_or_else(unchecked)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Person, ApiError> {
        parts.extensions.get().cloned().ok_or_else(unchecked)
    }
}

/// Who does what a request asks for, for the audit trail; nobody where nobody logged in.
impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Actor, Self::Rejection> {
        Ok(Actor::of(&parts.extensions))
    }
}

impl Actor {
    /// Who is behind the request with these extensions.
    pub(crate) fn of(extensions: &axum::http::Extensions) -> Actor {
        Actor {
            user: extensions.get::<Person>().map(|person| ActingUser {
                id: person.id,
                name: person.name.clone(),
                email: person.email.clone(),
            }),
            request_id: extensions.get().map(|RequestId(id)| *id),
            address: extensions.get::<Client>().and_then(|client| client.address),
        }
    }
}

#[cfg(test)]
impl Caller {
    /// Somebody with the id 7 and all of a token's scope.
    pub(crate) fn for_testing(
        privilege: Privilege,
        org_id: Option<i64>,
        role: Option<Role>,
    ) -> Caller {
        Caller {
            id: 7,
            name: "anna".to_owned(),
            email: String::new(),
            privilege,
            has_analytics_access: false,
            scope: TokenScope::All,
            organization: org_id.map(|id| Organization {
                id,
                slug: "acme".to_owned(),
            }),
            role,
        }
    }
}

/// A handler asks for a caller though its route is open: a bug of ours, and no way in.
fn unchecked() -> ApiError {
    ApiError::Internal("the route's rule lets requests without a caller in".into())
}
