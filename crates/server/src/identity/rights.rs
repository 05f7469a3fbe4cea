//! What each principal may do: the one place that says so.
//!
//! What each route does is an [`Action`]; [`decide`] says which principals may do that, and is asked before a
//! handler sees a request. Which rows of the events a caller may see is in `rows.rs`. Pure functions
//! over the caller.

mod rows;

use annoscope_events::Sender;

use super::{Principal, Privilege, TokenScope};

pub use rows::{
    export_filter, export_kinds, has_analytics_access, may_read_export, may_see_analytics, view,
};

/// What a route does, as far as rights go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Also without credentials: what tells nothing about people or their work.
    Open,
    /// All accounts: to ask which one it is, and to leave.
    Identify,
    /// All accounts, over password and tokens of one's own; not with a narrow token.
    OwnAccount,
    /// Sending events of one's own.
    Send,
    /// Sending events in the name of others: servers, on the ingest port.
    SendForOthers,
    /// Files of events, and the requests that make them. Rows by [`export_filter`].
    Export,
    /// Queries and dashboards. Rows by [`view`].
    Look,
    /// Being let in to another page of analytics, which knows no rows of one's own.
    SeeAnalytics,
    /// Changing dashboards, which are one for all.
    EditDashboards,
    /// What a client of ClickHouse asks for: the statement says whether that is looking, sending for others or
    /// administering, and is decided on once it is read.
    Statement,
    /// Accounts and organizations.
    Administer,
}

/// What an installation decides about rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `analytics_visibility`: whether the privilege business and marked accounts see all
    /// events, as CVAT's setting of that name.
    pub analytics_visibility: bool,
    /// `business_edits_dashboards`: whether the privilege business changes dashboards.
    pub business_edits_dashboards: bool,
    /// `ingest_open`: whether the ingest port asks for no credentials beyond loopback.
    pub ingest_open: bool,
}

/// Why the answer is no. The text is for the caller's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The organization of the request has no such member.
    #[error("You are not a member of this organization.")]
    NotAMember,
    /// The request asks for the events of others.
    #[error("You may export your own events only: leave out user_id or give your own id.")]
    ForeignUser,
    /// The request asks for the events of another organization.
    #[error("You may not export events of this organization.")]
    ForeignOrganization,
    /// Someone else's request or export.
    #[error("This request belongs to another user.")]
    ForeignRequest,
    /// The account sees no analytics.
    #[error(
        "Analytics are for administrators, the privilege business and accounts with analytics access, \
         and for members within their organization: choose one, or ask an administrator."
    )]
    NoAnalytics,
    /// The account may not change dashboards.
    #[error("Dashboards are saved by administrators. Export yours as a file, and it is not lost.")]
    NoDashboards,
    /// Someone else's query.
    #[error("This query belongs to another user: only an administrator may end it.")]
    ForeignQuery,
    /// Not an administrator.
    #[error("This is for administrators.")]
    NotAnAdministrator,
    /// The token is for something else.
    #[error("This token may not do that: its scope is {0}.")]
    NarrowToken(TokenScope),
}

/// Whether the caller may do that. `Open` is never asked: it has no caller.
pub fn decide(action: Action, principal: &Principal, policy: Policy) -> Result<(), Denied> {
    if !covers(principal.scope, action) {
        return Err(Denied::NarrowToken(principal.scope));
    }
    let is_admin = principal.privilege == Privilege::Admin;
    match action {
        Action::Open | Action::Identify | Action::OwnAccount | Action::Statement => Ok(()),
        Action::Send => may_send(principal),
        // In CVAT that port asks for no credentials; where they are asked for, they are those of
        // an account that may write anything.
        Action::SendForOthers | Action::Administer if is_admin => Ok(()),
        Action::SendForOthers | Action::Administer => Err(Denied::NotAnAdministrator),
        // CVAT has no right of its own for it: whose events, is what rows are narrowed to.
        Action::Export => rows::mandatory_filter(principal).map(drop),
        Action::Look => view(principal, policy).map(drop),
        Action::SeeAnalytics => may_see_analytics(principal, policy),
        Action::EditDashboards => {
            may_see_analytics(principal, policy)?;
            let edits =
                policy.business_edits_dashboards && principal.privilege == Privilege::Business;
            if is_admin || edits {
                Ok(())
            } else {
                Err(Denied::NoDashboards)
            }
        }
    }
}

/// Whether the answer to an action depends on the organization of the request: which account it is does not.
pub fn depends_on_organization(action: Action) -> bool {
    !matches!(action, Action::Identify | Action::OwnAccount)
}

/// Whether an action changes accounts, which is refused where they are CVAT's.
pub fn changes_accounts(action: Action) -> bool {
    matches!(action, Action::OwnAccount | Action::Administer)
}

/// Whether an organization by id may be one that has no account here. In exports `org_id` is a filter
/// as well, and events of such organizations come in through the ingest port.
pub fn may_filter_by_unknown_organization(action: Action, privilege: Privilege) -> bool {
    action == Action::Export && privilege == Privilege::Admin
}

/// Whether the ingest port asks for no credentials: on loopback, as CVAT's Vector, and elsewhere
/// where the installation says so.
pub fn ingest_is_open(is_loopback: bool, policy: Policy) -> bool {
    is_loopback || policy.ingest_open
}

/// What a token of that scope is good for.
fn covers(scope: TokenScope, action: Action) -> bool {
    match (scope, action) {
        (TokenScope::All, _) | (_, Action::Open | Action::Identify | Action::Statement) => true,
        (TokenScope::Read, Action::Export | Action::Look | Action::SeeAnalytics) => true,
        (TokenScope::Send, Action::Send | Action::SendForOthers) => true,
        (TokenScope::Read | TokenScope::Send, _) => false,
    }
}

/// Within an organization its members and admins; CVAT does not check this, but hours are at
/// stake: they would count for an organization that knows nothing of them.
fn may_send(principal: &Principal) -> Result<(), Denied> {
    match (&principal.organization, principal.privilege, principal.role) {
        (None, _, _) | (Some(_), Privilege::Admin, _) | (Some(_), _, Some(_)) => Ok(()),
        (Some(_), _, None) => Err(Denied::NotAMember),
    }
}

/// The sender of the principal's events: always itself.
pub fn sender(principal: &Principal) -> Sender {
    Sender {
        user: principal.user.clone(),
        org: principal.organization.clone(),
    }
}

/// A background request (an export) shows itself to its owner and to admins.
pub fn may_see_request(principal: &Principal, owner_id: i64) -> Result<(), Denied> {
    if is_owner_or_admin(principal, owner_id) {
        Ok(())
    } else {
        Err(Denied::ForeignRequest)
    }
}

/// A query under way shows itself to its owner and to admins.
pub fn sees_query(principal: &Principal, owner_id: i64) -> bool {
    is_owner_or_admin(principal, owner_id)
}

/// A query under way is ended by its owner or an admin.
pub fn may_end_query(principal: &Principal, owner_id: i64) -> Result<(), Denied> {
    if sees_query(principal, owner_id) {
        Ok(())
    } else {
        Err(Denied::ForeignQuery)
    }
}

fn is_owner_or_admin(principal: &Principal, owner_id: i64) -> bool {
    principal.user.id == owner_id || principal.privilege == Privilege::Admin
}

#[cfg(test)]
mod tests;
