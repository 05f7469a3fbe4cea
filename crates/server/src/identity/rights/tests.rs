use annoscope_events::Organization;

use super::*;

const SELF: i64 = 7;
const ORG: i64 = 3;

fn caller(privilege: Privilege, org: Option<i64>, role: Option<Role>) -> Caller {
    Caller {
        id: SELF,
        name: "anna".to_owned(),
        email: String::new(),
        privilege,
        organization: org.map(|id| Organization {
            id,
            slug: "acme".to_owned(),
        }),
        role,
    }
}

/// Privilege, organization, role; then the forced user and organization.
type ForcedCase = (
    Privilege,
    Option<i64>,
    Option<Role>,
    Result<(Option<i64>, Option<i64>), Denied>,
);

#[test]
fn forced_filters_are_those_of_the_contract() {
    use Privilege::{Admin, Business, User, Worker};
    let everything = Ok((None, None));
    let own = Ok((Some(SELF), None));
    let org = Ok((None, Some(ORG)));
    let own_in_org = Ok((Some(SELF), Some(ORG)));
    let denied = Err(Denied::NotAMember);
    let cases: [ForcedCase; 19] = [
        (Admin, None, None, everything),
        (Admin, Some(ORG), None, org),
        (Admin, Some(ORG), Some(Role::Worker), org),
        (Business, None, None, own),
        (User, None, None, own),
        (Worker, None, None, own),
        (Business, Some(ORG), None, denied),
        (User, Some(ORG), None, denied),
        (Worker, Some(ORG), None, denied),
        (Business, Some(ORG), Some(Role::Owner), org),
        (User, Some(ORG), Some(Role::Owner), org),
        (User, Some(ORG), Some(Role::Maintainer), org),
        (User, Some(ORG), Some(Role::Supervisor), own_in_org),
        (User, Some(ORG), Some(Role::Worker), own_in_org),
        (Business, Some(ORG), Some(Role::Worker), own_in_org),
        (Worker, Some(ORG), Some(Role::Owner), own_in_org),
        (Worker, Some(ORG), Some(Role::Maintainer), own_in_org),
        (Worker, Some(ORG), Some(Role::Supervisor), own_in_org),
        (Worker, Some(ORG), Some(Role::Worker), own_in_org),
    ];
    for (privilege, org, role, expected) in cases {
        let caller = caller(privilege, org, role);
        let found = export_filter(&caller, RowFilter::default());
        let expected = expected.map(|(user_id, org_id)| RowFilter { user_id, org_id });
        assert_eq!(found, expected, "{privilege} {org:?} {role:?}");
    }
}

#[test]
fn a_requested_filter_may_narrow_but_not_contradict() {
    let admin = caller(Privilege::Admin, None, None);
    let admin_in_org = caller(Privilege::Admin, Some(ORG), None);
    let user = caller(Privilege::User, None, None);
    let owner = caller(Privilege::User, Some(ORG), Some(Role::Owner));
    let member = caller(Privilege::User, Some(ORG), Some(Role::Worker));
    let foreign_user = Err(Denied::ForeignUser);
    let foreign_org = Err(Denied::ForeignOrganization);
    let cases = [
        (&admin, (Some(1), Some(2)), Ok((Some(1), Some(2)))),
        (&admin_in_org, (None, Some(ORG)), Ok((None, Some(ORG)))),
        (&admin_in_org, (None, Some(4)), foreign_org),
        (&user, (Some(SELF), None), Ok((Some(SELF), None))),
        (&user, (Some(1), None), foreign_user),
        // One's own events within an organization, seen from outside of it.
        (&user, (None, Some(ORG)), Ok((Some(SELF), Some(ORG)))),
        (&owner, (Some(1), None), Ok((Some(1), Some(ORG)))),
        (&owner, (None, Some(4)), foreign_org),
        (&member, (Some(1), Some(ORG)), foreign_user),
        (
            &member,
            (Some(SELF), Some(ORG)),
            Ok((Some(SELF), Some(ORG))),
        ),
    ];
    for (caller, (user_id, org_id), expected) in cases {
        let requested = RowFilter { user_id, org_id };
        let found = export_filter(caller, requested);
        let expected = expected.map(|(user_id, org_id)| RowFilter { user_id, org_id });
        assert_eq!(found, expected, "{caller:?} {requested:?}");
    }
}

#[test]
fn sending_needs_membership_where_there_is_an_organization() {
    for privilege in Privilege::ALL {
        assert_eq!(may_send(&caller(privilege, None, None)), Ok(()));
        let member = caller(privilege, Some(ORG), Some(Role::Worker));
        assert_eq!(may_send(&member), Ok(()));
        let outsider = may_send(&caller(privilege, Some(ORG), None));
        assert_eq!(outsider.is_ok(), privilege == Privilege::Admin);
    }
}

#[test]
fn requests_are_seen_by_owner_and_admin() {
    for privilege in Privilege::ALL {
        let caller = caller(privilege, None, None);
        assert_eq!(may_see_request(&caller, SELF), Ok(()));
        let foreign = may_see_request(&caller, SELF + 1);
        assert_eq!(foreign.is_ok(), privilege == Privilege::Admin);
    }
}

#[test]
fn queries_are_for_admins_and_business() {
    let cases = [
        (Privilege::Admin, Ok(()), Ok(())),
        (Privilege::Business, Ok(()), Err(Denied::ForeignQuery)),
        (
            Privilege::User,
            Err(Denied::NoQueries),
            Err(Denied::NoQueries),
        ),
        (
            Privilege::Worker,
            Err(Denied::NoQueries),
            Err(Denied::NoQueries),
        ),
    ];
    for (privilege, own, foreign) in cases {
        let caller = caller(privilege, None, None);
        assert_eq!(may_query(&caller), own, "{privilege}");
        assert_eq!(may_end_query(&caller, SELF), own, "{privilege}");
        assert_eq!(may_end_query(&caller, SELF + 1), foreign, "{privilege}");
        assert!(sees_query(&caller, SELF));
        let sees_foreign = sees_query(&caller, SELF + 1);
        assert_eq!(sees_foreign, privilege == Privilege::Admin, "{privilege}");
    }
}
