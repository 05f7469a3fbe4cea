//! The way in: no handler sees a request before its route's rule was asked.
//!
//! rule of the route ─ account ─ rate ─ organization ─ rights ─ handler
//!
//! **Invariant:** a route that [`super::rules::RULES`] does not name answers no request
//! (`a_route_without_a_rule_answers_nobody`).

use std::num::NonZeroU32;
use std::sync::Arc;

use annoscope_events::Organization;
use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota};

use super::authenticate::{self, AuthError, Authenticated};
use super::error::ApiError;
use super::extract::VisibleRows;
use super::organization::{self, OrganizationError};
use super::rules::Rule;
use crate::identity::rights::{self, Action, Policy};
use crate::identity::{Account, Accounts, Identity, Membership, OrganizationRef, Principal, Role};

/// What [`check`] needs to know. Clones share it.
#[derive(Clone)]
pub struct Access {
    rules: &'static [Rule],
    identity: Identity,
    policy: Policy,
    requests: Arc<DefaultKeyedRateLimiter<i64>>,
}

impl Access {
    /// Lets requests in by these rules, so many a minute of one user at most.
    pub fn new(
        rules: &'static [Rule],
        identity: Identity,
        policy: Policy,
        requests_per_minute: NonZeroU32,
    ) -> Access {
        Access {
            rules,
            identity,
            policy,
            requests: Arc::new(DefaultKeyedRateLimiter::keyed(Quota::per_minute(
                requests_per_minute,
            ))),
        }
    }

    /// The same for other routes.
    #[must_use]
    pub fn with_rules(&self, rules: &'static [Rule]) -> Access {
        Access {
            rules,
            ..self.clone()
        }
    }

    /// The same for callers that have an account of annoscope's own.
    #[must_use]
    pub(super) fn of_accounts(&self, accounts: &Accounts) -> Access {
        Access {
            identity: Identity::Accounts(accounts.clone()),
            ..self.clone()
        }
    }

    /// What the installation decides about rights.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// What a request does, or the methods that its route has.
    pub(super) fn action(
        &self,
        method: &str,
        route: &str,
    ) -> Result<Result<Action, String>, ApiError> {
        let method = if method == "HEAD" { "GET" } else { method };
        let rules = self.rules.iter().filter(|rule| rule.route == route);
        let rules: Vec<&Rule> = rules.collect();
        if rules.is_empty() {
            return Err(ApiError::Internal(format!("{route} has no rule").into()));
        }
        let rule = rules.iter().find(|rule| rule.method == method);
        Ok(rule.map(|rule| rule.action).ok_or_else(|| {
            let methods: Vec<&str> = rules.iter().map(|rule| rule.method).collect();
            methods.join(", ")
        }))
    }
}

/// Middleware around every route.
pub async fn check(
    State(access): State<Access>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let Some(route) = request.extensions().get::<MatchedPath>() else {
        // No route: the answer says no more than that.
        return Ok(next.run(request).await);
    };
    match access.action(request.method().as_str(), route.as_str())? {
        Ok(Action::Open) => Ok(next.run(request).await),
        Ok(action) => {
            let request = access.admit(action, request).await?;
            let mut response = next.run(request).await;
            keep_private(&mut response);
            Ok(response)
        }
        Err(allowed) => {
            let mut response = ApiError::MethodNotAllowed.into_response();
            let allowed = HeaderValue::from_str(&allowed).expect("methods are ASCII");
            response.headers_mut().insert(header::ALLOW, allowed);
            Ok(response)
        }
    }
}

/// An answer is for its principal alone: no cache shows it to the next one.
pub(super) fn keep_private(response: &mut Response) {
    let value = HeaderValue::from_static("private, no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, value);
}

impl Access {
    /// The request with its principal, if the principal may do that.
    pub(super) async fn admit(
        &self,
        action: Action,
        request: Request,
    ) -> Result<Request, ApiError> {
        let (mut parts, body) = request.into_parts();
        if rights::changes_accounts(action) {
            self.require_own_accounts()?;
        }
        let Authenticated { account, scope } = authenticated(&self.identity, &parts).await?;
        let mut principal = Principal::new(&account, scope);
        if self.requests.check_key(&principal.user.id).is_err() {
            return Err(ApiError::TooManyRequests {
                detail:
                    "Too many requests of this account (setting requests_per_minute). Try again."
                        .to_owned(),
                retry_after_s: 1,
            });
        }
        match self.organization(&parts, &account, action).await {
            Ok(found) => (principal.organization, principal.role) = found,
            Err(_) if !rights::depends_on_organization(action) => {}
            Err(error) => return Err(error),
        }
        rights::decide(action, &principal, self.policy)?;
        if action == Action::Look {
            let rows = rights::view(&principal, self.policy)?;
            parts.extensions.insert(VisibleRows(rows));
        }
        parts.extensions.insert(account);
        parts.extensions.insert(principal);
        Ok(Request::from_parts(parts, body))
    }

    /// Whether the accounts are our own.
    pub(super) fn has_own_accounts(&self) -> bool {
        matches!(self.identity, Identity::Accounts(_))
    }

    /// The organizations of a caller, by slug.
    pub async fn memberships(
        &self,
        principal: &Principal,
        headers: &HeaderMap,
    ) -> Result<Vec<Membership>, ApiError> {
        match &self.identity {
            Identity::Accounts(accounts) => Ok(accounts.memberships(principal.user.id).await?),
            Identity::Cvat(cvat) => {
                let shown = authenticate::shown(headers)?;
                let memberships = cvat
                    .memberships(&shown, principal.user.id, &principal.user.name)
                    .await;
                Ok(memberships.map_err(AuthError::from)?)
            }
        }
    }

    /// Refuses what changes accounts or logs in where they are CVAT's.
    pub fn require_own_accounts(&self) -> Result<(), ApiError> {
        match &self.identity {
            Identity::Accounts(_) => Ok(()),
            Identity::Cvat(_) => Err(ApiError::Conflict {
                detail:
                    "Accounts are CVAT's here (setting auth): log in there, and change them there."
                        .to_owned(),
            }),
        }
    }

    /// The organization that the request names, and the caller's role in it.
    async fn organization(
        &self,
        parts: &Parts,
        account: &Account,
        action: Action,
    ) -> Result<(Option<Organization>, Option<Role>), ApiError> {
        let Some(wanted) = organization::wanted(parts)? else {
            return Ok((None, None));
        };
        let found = organization_of(&self.identity, parts, account, wanted.clone());
        match found.await? {
            Some((organization, role)) => Ok((Some(organization), role)),
            None if matches!(wanted, OrganizationRef::Id(_))
                && rights::may_filter_by_unknown_organization(action, account.privilege) =>
            {
                Ok((None, None))
            }
            None => Err(OrganizationError::Unknown(wanted).into()),
        }
    }
}

async fn authenticated(identity: &Identity, parts: &Parts) -> Result<Authenticated, AuthError> {
    match identity {
        Identity::Accounts(accounts) => authenticate::by_accounts(accounts, parts).await,
        Identity::Cvat(cvat) => authenticate::by_cvat(cvat, parts).await,
    }
}

async fn organization_of(
    identity: &Identity,
    parts: &Parts,
    account: &Account,
    wanted: OrganizationRef,
) -> Result<Option<(Organization, Option<Role>)>, AuthError> {
    match identity {
        Identity::Accounts(accounts) => Ok(accounts.organization(wanted, account.id).await?),
        Identity::Cvat(cvat) => {
            let shown = authenticate::shown(&parts.headers)?;
            Ok(cvat.organization(&shown, account, wanted).await?)
        }
    }
}

#[cfg(test)]
mod tests;
