//! Who may what: the one place that says so. Pure functions over the caller.

use annoscope_events::Sender;

use super::{Caller, Privilege, Role};

/// Users and organizations to which an export is narrowed; `None` is "any".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowFilter {
    /// `user_id` of the event.
    pub user_id: Option<i64>,
    /// `org_id` of the event.
    pub org_id: Option<i64>,
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
    /// The account may not query.
    #[error("Queries are for administrators and accounts with the privilege business.")]
    NoQueries,
    /// The account may not change dashboards.
    #[error("Dashboards are saved by administrators. Export yours as a file, and it is not lost.")]
    NoDashboards,
    /// Someone else's query.
    #[error("This query belongs to another user: only an administrator may end it.")]
    ForeignQuery,
}

/// What an export is narrowed to: what the caller asked for, within what the caller may
/// see (contract, section 4). A filter that contradicts the rights is refused; one that
/// repeats them passes, as in newer CVAT.
pub fn export_filter(caller: &Caller, requested: RowFilter) -> Result<RowFilter, Denied> {
    let forced = forced(caller)?;
    Ok(RowFilter {
        user_id: within(forced.user_id, requested.user_id, Denied::ForeignUser)?,
        org_id: within(forced.org_id, requested.org_id, Denied::ForeignOrganization)?,
    })
}

/// Sending events: any authenticated user, always as oneself. Within an organization
/// its members and admins; CVAT does not check this, but hours are at stake (issue 5).
pub fn may_send(caller: &Caller) -> Result<(), Denied> {
    match (&caller.organization, caller.privilege, caller.role) {
        (None, _, _) | (Some(_), Privilege::Admin, _) | (Some(_), _, Some(_)) => Ok(()),
        (Some(_), _, None) => Err(Denied::NotAMember),
    }
}

/// As whom the caller sends: always as oneself, if at all.
pub fn sender(caller: &Caller) -> Result<Sender, Denied> {
    may_send(caller)?;
    Ok(Sender {
        user_id: caller.id,
        user_name: caller.name.clone(),
        user_email: caller.email.clone(),
        org: caller.organization.clone(),
    })
}

/// A background request (an export) shows itself to its owner and to admins.
pub fn may_see_request(caller: &Caller, owner_id: i64) -> Result<(), Denied> {
    if caller.id == owner_id || caller.privilege == Privilege::Admin {
        Ok(())
    } else {
        Err(Denied::ForeignRequest)
    }
}

/// Queries see every event, so they are for those who may see them all. Rows are not narrowed
/// by rights yet (issue 5).
pub fn may_query(caller: &Caller) -> Result<(), Denied> {
    match caller.privilege {
        Privilege::Admin | Privilege::Business => Ok(()),
        Privilege::User | Privilege::Worker => Err(Denied::NoQueries),
    }
}

/// Dashboards are for those who may ask what they show.
pub fn may_see_dashboards(caller: &Caller) -> Result<(), Denied> {
    may_query(caller)
}

/// Dashboards are one for all, so administrators change them.
pub fn may_save_dashboards(caller: &Caller) -> Result<(), Denied> {
    may_see_dashboards(caller)?;
    match caller.privilege {
        Privilege::Admin => Ok(()),
        Privilege::Business | Privilege::User | Privilege::Worker => Err(Denied::NoDashboards),
    }
}

/// A query under way shows itself to its owner and to admins.
pub fn sees_query(caller: &Caller, owner_id: i64) -> bool {
    caller.id == owner_id || caller.privilege == Privilege::Admin
}

/// A query under way is ended by its owner or an admin.
pub fn may_end_query(caller: &Caller, owner_id: i64) -> Result<(), Denied> {
    may_query(caller)?;
    if sees_query(caller, owner_id) {
        Ok(())
    } else {
        Err(Denied::ForeignQuery)
    }
}

/// The rows that the caller's rights leave (the table of contract, section 4).
fn forced(caller: &Caller) -> Result<RowFilter, Denied> {
    let own = Some(caller.id);
    let org_id = caller.organization.as_ref().map(|org| org.id);
    let filter = |user_id, org_id| Ok(RowFilter { user_id, org_id });
    match (caller.privilege, org_id, caller.role) {
        (Privilege::Admin, org_id, _) => filter(None, org_id),
        (_, None, _) => filter(own, None),
        (_, Some(_), None) => Err(Denied::NotAMember),
        (Privilege::Business | Privilege::User, _, Some(Role::Owner | Role::Maintainer)) => {
            filter(None, org_id)
        }
        // CVAT has no rule for the privilege worker within an organization and fails with
        // 500; the narrowest one is safe.
        (Privilege::Worker, _, Some(_)) | (_, _, Some(Role::Supervisor | Role::Worker)) => {
            filter(own, org_id)
        }
    }
}

fn within(
    forced: Option<i64>,
    requested: Option<i64>,
    denied: Denied,
) -> Result<Option<i64>, Denied> {
    match (forced, requested) {
        (Some(forced), Some(requested)) if forced != requested => Err(denied),
        (Some(forced), _) => Ok(Some(forced)),
        (None, requested) => Ok(requested),
    }
}

#[cfg(test)]
mod tests;
