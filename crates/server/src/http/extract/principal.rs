//! Extractors of who is asking. `access.rs` put them into the request, or it would not have come
//! this far.

use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;

use crate::http::error::ApiError;
use crate::http::forwarded::Client;
use crate::http::request_id::RequestId;
use crate::identity::{ActingUser, Actor, Caller, Person, Viewer};

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
        Ok(actor_of(&parts.extensions))
    }
}

/// Who is behind the request with these extensions.
pub(crate) fn actor_of(extensions: &Extensions) -> Actor {
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

/// A handler asks for a caller though its route is open: a bug of ours, and no way in.
fn unchecked() -> ApiError {
    ApiError::Internal("the route's rule lets requests without a caller in".into())
}
