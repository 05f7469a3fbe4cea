//! Which rows of the events a caller may see.

use annoscope_query::RowFilter;
use annoscope_store::Kinds;

use super::{Denied, Policy};
use crate::identity::{Principal, Privilege, Role};

/// What queries and dashboards are narrowed to. Administrators see all events, or those of the
/// organization they chose; so do accounts with analytics access, where the installation allows it
/// (as CVAT's page) and within own organizations only. All others see their own events; in an organization
/// its owner and maintainers see its events.
pub fn view(principal: &Principal, policy: Policy) -> Result<RowFilter, Denied> {
    let sees_all = policy.analytics_visibility && has_analytics_access(principal);
    match (&principal.organization, principal.role) {
        _ if principal.privilege == Privilege::Admin => mandatory_filter(principal),
        (None, _) if sees_all => Ok(RowFilter::default()),
        (Some(org), Some(_)) if sees_all => Ok(RowFilter {
            user_id: None,
            org_id: Some(org.id),
        }),
        _ => mandatory_filter(principal),
    }
}

/// Whether the caller may see analytics in CVAT's sense, which are more than one's own events outside of
/// organizations: who sees all, and the members of the organization.
pub fn may_see_analytics(principal: &Principal, policy: Policy) -> Result<(), Denied> {
    let rows = view(principal, policy)?;
    match (rows.user_id, rows.org_id) {
        (Some(_), None) => Err(Denied::NoAnalytics),
        _ => Ok(()),
    }
}

/// Whether the account is one of those that see all events where the installation allows it:
/// administrators, the privilege business, marked ones.
pub fn has_analytics_access(principal: &Principal) -> bool {
    principal.has_analytics_access || principal.privilege >= Privilege::Business
}

/// What an export is narrowed to: what the caller asked for, within what the caller may
/// export (contract.md, "The mandatory filter"). A filter that contradicts the rights is refused; one that
/// repeats them passes, as in newer CVAT.
pub fn export_filter(principal: &Principal, requested: RowFilter) -> Result<RowFilter, Denied> {
    let mandatory = mandatory_filter(principal)?;
    Ok(RowFilter {
        user_id: within(mandatory.user_id, requested.user_id, Denied::ForeignUser)?,
        org_id: within(
            mandatory.org_id,
            requested.org_id,
            Denied::ForeignOrganization,
        )?,
    })
}

/// Which kinds of events an export has: those that browsers and servers recorded. Exceptions are for administrators, as
/// the stacks in them are no business of others (CVAT leaves them out for everybody, since 2.36).
pub fn export_kinds(principal: &Principal) -> Kinds {
    match principal.privilege {
        Privilege::Admin => Kinds::Recorded,
        _ => Kinds::RecordedWithoutExceptions,
    }
}

/// Whether the caller may still read a file of these rows: rights that were taken since it was
/// written count for it as well. Own events stay one's own.
pub fn may_read_export(principal: &Principal, rows: RowFilter) -> Result<(), Denied> {
    if principal.privilege == Privilege::Admin || rows.user_id == Some(principal.user.id) {
        return Ok(());
    }
    if export_filter(principal, rows)? == rows {
        Ok(())
    } else {
        Err(Denied::ForeignOrganization)
    }
}

/// The rows that the caller's rights leave (contract.md, "The mandatory filter").
pub(super) fn mandatory_filter(principal: &Principal) -> Result<RowFilter, Denied> {
    let own = Some(principal.user.id);
    let org_id = principal.organization.as_ref().map(|org| org.id);
    let filter = |user_id, org_id| Ok(RowFilter { user_id, org_id });
    match (principal.privilege, org_id, principal.role) {
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
    mandatory: Option<i64>,
    requested: Option<i64>,
    denied: Denied,
) -> Result<Option<i64>, Denied> {
    match (mandatory, requested) {
        (Some(mandatory), Some(requested)) if mandatory != requested => Err(denied),
        (Some(mandatory), _) => Ok(Some(mandatory)),
        (None, requested) => Ok(requested),
    }
}
