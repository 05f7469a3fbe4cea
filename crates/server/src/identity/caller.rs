//! The extractor of who is asking.

use annoscope_events::Organization;
use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;

use super::accounts::{Accounts, User};
use super::organization::{self, OrganizationError, Wanted};
use super::{Privilege, Role, authenticate};
use crate::error::ApiError;
use crate::state::AppState;

/// Who asks, and for which organization. As an extractor it answers 401 without valid
/// credentials, 403 for a cookie without its CSRF token, 400 and 404 for a bad or
/// unknown organization.
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
    /// The organization of this request; `None` is outside of all.
    pub organization: Option<Organization>,
    /// The caller's role in that organization; `None` for those who are not members.
    pub role: Option<Role>,
}

/// The account behind a request, whatever organization it names.
pub struct Account(pub User);

/// A [`Caller`] who reads events. There `org_id` is a filter as well, and events of
/// organizations that have no account here come in through the ingest port: an admin
/// may name one by its id and remains outside of organizations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportCaller(pub Caller);

impl FromRef<AppState> for Accounts {
    fn from_ref(state: &AppState) -> Accounts {
        state.accounts.clone()
    }
}

impl<S> FromRequestParts<S> for Caller
where
    Accounts: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Caller, ApiError> {
        let mut caller = outside_organizations(parts, state).await?;
        caller.organization = organization::find(organization::wanted(parts)?)?;
        Ok(caller)
    }
}

impl<S> FromRequestParts<S> for Account
where
    Accounts: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Account, ApiError> {
        let user = authenticate::user(&Accounts::from_ref(state), parts).await?;
        Ok(Account(user))
    }
}

impl<S> FromRequestParts<S> for ExportCaller
where
    Accounts: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<ExportCaller, ApiError> {
        let mut caller = outside_organizations(parts, state).await?;
        caller.organization = match organization::find(organization::wanted(parts)?) {
            Err(OrganizationError::Unknown(Wanted::Id(_)))
                if caller.privilege == Privilege::Admin =>
            {
                None
            }
            found => found?,
        };
        Ok(ExportCaller(caller))
    }
}

async fn outside_organizations<S>(parts: &mut Parts, state: &S) -> Result<Caller, ApiError>
where
    Accounts: FromRef<S>,
    S: Send + Sync,
{
    let Account(user) = Account::from_request_parts(parts, state).await?;
    Ok(Caller {
        id: user.id,
        name: user.name,
        email: user.email,
        privilege: user.privilege,
        organization: None,
        role: None,
    })
}
