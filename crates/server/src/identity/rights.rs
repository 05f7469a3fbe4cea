//! Who may what: the one place that says so.
//!
//! What each route does is an [`Action`]; [`decide`] says who may do that, and is asked before a
//! handler sees a request. Which rows of the events a caller may see is in [`rows`]. Pure functions
//! over the caller.

mod rows;

use annoscope_events::Sender;

use super::{Caller, Privilege, TokenScope};

pub use rows::{RowFilter, export_filter, has_analytics_access, may_read_export, view};

/// What a route does, as far as rights go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Anybody, also without credentials: what tells nothing about people or their work.
    Open,
    /// Whoever has an account: to ask who one is, and to leave.
    Identify,
    /// Whoever has an account, over password and tokens of one's own; not with a narrow token.
    OwnAccount,
    /// Sending events of one's own.
    Send,
    /// Sending events in the name of others: servers, on the ingest port.
    SendForOthers,
    /// Files of events, and the requests that make them. Rows by [`export_filter`].
    Export,
    /// Queries and dashboards. Rows by [`view`].
    Look,
    /// Changing dashboards, which are one for all.
    EditDashboards,
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
pub fn decide(action: Action, caller: &Caller, policy: Policy) -> Result<(), Denied> {
    if !covers(caller.scope, action) {
        return Err(Denied::NarrowToken(caller.scope));
    }
    let is_admin = caller.privilege == Privilege::Admin;
    match action {
        Action::Open | Action::Identify | Action::OwnAccount => Ok(()),
        Action::Send => may_send(caller),
        // In CVAT that port knows nobody; where credentials are asked for, they are those of
        // somebody who may write anything.
        Action::SendForOthers | Action::Administer if is_admin => Ok(()),
        Action::SendForOthers | Action::Administer => Err(Denied::NotAnAdministrator),
        // CVAT has no right of its own for it: whose events, is what rows are narrowed to.
        Action::Export => rows::forced(caller).map(drop),
        Action::Look => view(caller, policy).map(drop),
        Action::EditDashboards => {
            view(caller, policy)?;
            let edits = policy.business_edits_dashboards && caller.privilege == Privilege::Business;
            if is_admin || edits {
                Ok(())
            } else {
                Err(Denied::NoDashboards)
            }
        }
    }
}

/// What a token of that scope is good for.
fn covers(scope: TokenScope, action: Action) -> bool {
    match (scope, action) {
        (TokenScope::All, _) | (_, Action::Open | Action::Identify) => true,
        (TokenScope::Read, Action::Export | Action::Look) => true,
        (TokenScope::Send, Action::Send | Action::SendForOthers) => true,
        (TokenScope::Read | TokenScope::Send, _) => false,
    }
}

/// Within an organization its members and admins; CVAT does not check this, but hours are at
/// stake: they would count for an organization that knows nothing of them.
fn may_send(caller: &Caller) -> Result<(), Denied> {
    match (&caller.organization, caller.privilege, caller.role) {
        (None, _, _) | (Some(_), Privilege::Admin, _) | (Some(_), _, Some(_)) => Ok(()),
        (Some(_), _, None) => Err(Denied::NotAMember),
    }
}

/// As whom the caller sends: always as oneself.
pub fn sender(caller: &Caller) -> Sender {
    Sender {
        user_id: caller.id,
        user_name: caller.name.clone(),
        user_email: caller.email.clone(),
        org: caller.organization.clone(),
    }
}

/// A background request (an export) shows itself to its owner and to admins.
pub fn may_see_request(caller: &Caller, owner_id: i64) -> Result<(), Denied> {
    if is_owner_or_admin(caller, owner_id) {
        Ok(())
    } else {
        Err(Denied::ForeignRequest)
    }
}

/// A query under way shows itself to its owner and to admins.
pub fn sees_query(caller: &Caller, owner_id: i64) -> bool {
    is_owner_or_admin(caller, owner_id)
}

/// A query under way is ended by its owner or an admin.
pub fn may_end_query(caller: &Caller, owner_id: i64) -> Result<(), Denied> {
    if sees_query(caller, owner_id) {
        Ok(())
    } else {
        Err(Denied::ForeignQuery)
    }
}

fn is_owner_or_admin(caller: &Caller, owner_id: i64) -> bool {
    caller.id == owner_id || caller.privilege == Privilege::Admin
}

#[cfg(test)]
mod tests;
