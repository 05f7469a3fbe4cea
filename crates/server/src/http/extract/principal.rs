//! Extractors of what `access.rs` found out about a request: it put them in, or the request would not
//! have come this far.

use annoscope_query::RowFilter;
use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;

use crate::http::error::ApiError;
use crate::http::forwarded::Client;
use crate::http::request_id::RequestId;
use crate::identity::{Account, Actor, Principal};

impl<S: Send + Sync> FromRequestParts<S> for Principal {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Principal, ApiError> {
        parts.extensions.get().cloned().ok_or_else(unchecked)
    }
}

/// The rows that the principal of a query may see.
#[derive(Clone, Copy, Debug)]
pub struct VisibleRows(pub RowFilter);

impl<S: Send + Sync> FromRequestParts<S> for VisibleRows {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<VisibleRows, ApiError> {
        parts.extensions.get().copied().ok_or_else(unchecked)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Account {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Account, ApiError> {
        parts.extensions.get().cloned().ok_or_else(unchecked)
    }
}

/// For the audit trail; without a user where the route is open.
impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Actor, Self::Rejection> {
        Ok(actor_of(&parts.extensions))
    }
}

/// The actor of the request with these extensions.
pub(crate) fn actor_of(extensions: &Extensions) -> Actor {
    Actor {
        user: extensions.get().map(Account::user),
        request_id: extensions.get().map(|RequestId(id)| *id),
        address: extensions.get::<Client>().and_then(|client| client.address),
    }
}

/// A handler asks for a principal though its route is open: a bug of ours, and no way in.
fn unchecked() -> ApiError {
    ApiError::Internal("the route's rule lets requests without a principal in".into())
}
