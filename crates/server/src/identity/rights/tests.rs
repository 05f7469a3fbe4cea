use annoscope_query::RowFilter;

use super::*;
use crate::identity::Role;

const SELF: i64 = 7;
const ORG: i64 = 3;

fn principal(privilege: Privilege, org: Option<i64>, role: Option<Role>) -> Principal {
    Principal::for_testing(privilege, org, role)
}

/// Privilege, organization, role; then the mandatory user and organization.
type MandatoryCase = (
    Privilege,
    Option<i64>,
    Option<Role>,
    Result<(Option<i64>, Option<i64>), Denied>,
);

#[test]
fn mandatory_filters_are_those_of_the_contract() {
    use Privilege::{Admin, Business, User, Worker};
    let everything = Ok((None, None));
    let own = Ok((Some(SELF), None));
    let org = Ok((None, Some(ORG)));
    let own_in_org = Ok((Some(SELF), Some(ORG)));
    let denied = Err(Denied::NotAMember);
    let cases: [MandatoryCase; 19] = [
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
        let principal = principal(privilege, org, role);
        let found = export_filter(&principal, RowFilter::default());
        let expected = expected.map(|(user_id, org_id)| RowFilter { user_id, org_id });
        assert_eq!(found, expected, "{privilege} {org:?} {role:?}");
    }
}

#[test]
fn a_requested_filter_may_narrow_but_not_contradict() {
    let admin = principal(Privilege::Admin, None, None);
    let admin_in_org = principal(Privilege::Admin, Some(ORG), None);
    let user = principal(Privilege::User, None, None);
    let owner = principal(Privilege::User, Some(ORG), Some(Role::Owner));
    let member = principal(Privilege::User, Some(ORG), Some(Role::Worker));
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
    for (principal, (user_id, org_id), expected) in cases {
        let requested = RowFilter { user_id, org_id };
        let found = export_filter(principal, requested);
        let expected = expected.map(|(user_id, org_id)| RowFilter { user_id, org_id });
        assert_eq!(found, expected, "{principal:?} {requested:?}");
    }
}

#[test]
fn sending_needs_membership_where_there_is_an_organization() {
    for &privilege in Privilege::ALL {
        assert_eq!(may_send(&principal(privilege, None, None)), Ok(()));
        let member = principal(privilege, Some(ORG), Some(Role::Worker));
        assert_eq!(may_send(&member), Ok(()));
        let outsider = may_send(&principal(privilege, Some(ORG), None));
        assert_eq!(outsider.is_ok(), privilege == Privilege::Admin);
    }
}

#[test]
fn requests_are_seen_by_owner_and_admin() {
    for &privilege in Privilege::ALL {
        let principal = principal(privilege, None, None);
        assert_eq!(may_see_request(&principal, SELF), Ok(()));
        let foreign = may_see_request(&principal, SELF + 1);
        assert_eq!(foreign.is_ok(), privilege == Privilege::Admin);
    }
}

#[test]
fn queries_are_seen_and_ended_by_owner_and_admin() {
    for &privilege in Privilege::ALL {
        let principal = principal(privilege, None, None);
        assert_eq!(may_end_query(&principal, SELF), Ok(()));
        assert!(sees_query(&principal, SELF));
        let is_admin = privilege == Privilege::Admin;
        assert_eq!(sees_query(&principal, SELF + 1), is_admin, "{privilege}");
        assert_eq!(
            may_end_query(&principal, SELF + 1).is_ok(),
            is_admin,
            "{privilege}"
        );
    }
}

/// Each kind of caller: privilege, mark, and role where there is an organization.
fn principals() -> Vec<(String, Principal)> {
    let mut principals = Vec::new();
    for &privilege in Privilege::ALL {
        for has_analytics_access in [false, true] {
            let organizations = [(None, None), (Some(ORG), None)].into_iter();
            let members = Role::ALL.iter().map(|role| (Some(ORG), Some(*role)));
            for (org, role) in organizations.chain(members) {
                let place = match (org, role) {
                    (None, _) => "outside".to_owned(),
                    (Some(_), None) => "no member".to_owned(),
                    (Some(_), Some(role)) => role.to_string(),
                };
                let mark = if has_analytics_access { " marked" } else { "" };
                let principal = Principal {
                    has_analytics_access,
                    ..principal(privilege, org, role)
                };
                principals.push((format!("{privilege}{mark}, {place}"), principal));
            }
        }
    }
    principals
}

const CVATS: Policy = Policy {
    analytics_visibility: true,
    business_edits_dashboards: false,
    ingest_open: false,
};

#[test]
fn the_rights_of_every_kind_of_caller() {
    const ACTIONS: [Action; 9] = [
        Action::Identify,
        Action::OwnAccount,
        Action::Send,
        Action::SendForOthers,
        Action::Export,
        Action::Look,
        Action::SeeAnalytics,
        Action::EditDashboards,
        Action::Administer,
    ];
    let rows = |filter: RowFilter| match (filter.user_id, filter.org_id) {
        (None, None) => "all",
        (None, Some(_)) => "organization's",
        (Some(_), None) => "own",
        (Some(_), Some(_)) => "own in it",
    };
    let lines = principals().into_iter().map(|(name, principal)| {
        let answers = ACTIONS.map(|action| match decide(action, &principal, CVATS) {
            Err(_) => "-".to_owned(),
            Ok(()) => match action {
                Action::Look => rows(view(&principal, CVATS).unwrap()).to_owned(),
                Action::Export => {
                    rows(export_filter(&principal, RowFilter::default()).unwrap()).to_owned()
                }
                _ => "yes".to_owned(),
            },
        });
        let cells: Vec<String> = answers
            .iter()
            .map(|answer| format!("{answer:<14}"))
            .collect();
        format!("{name:<28} {}", cells.join(" "))
            .trim_end()
            .to_owned()
    });
    let header = ACTIONS
        .map(|action| format!("{:<14}", format!("{action:?}")))
        .join(" ");
    let lines: Vec<String> = lines.collect();
    insta::assert_snapshot!(format!("{:<28} {header}\n{}", "", lines.join("\n")));
}

#[test]
fn an_installation_may_hide_analytics_and_let_business_edit() {
    let business = principal(Privilege::Business, None, None);
    let hidden = Policy {
        analytics_visibility: false,
        ..CVATS
    };
    assert_eq!(
        may_see_analytics(&business, hidden),
        Err(Denied::NoAnalytics)
    );
    assert_eq!(view(&business, hidden).unwrap().user_id, Some(SELF));
    let owner = principal(Privilege::Business, Some(ORG), Some(Role::Owner));
    assert_eq!(view(&owner, hidden).unwrap().org_id, Some(ORG));
    let editing = Policy {
        business_edits_dashboards: true,
        ..CVATS
    };
    let edit = |principal: &Principal, policy| decide(Action::EditDashboards, principal, policy);
    assert_eq!(edit(&business, CVATS), Err(Denied::NoDashboards));
    assert_eq!(edit(&business, editing), Ok(()));
    let user = principal(Privilege::User, Some(ORG), Some(Role::Owner));
    assert_eq!(edit(&user, editing), Err(Denied::NoDashboards));
}

#[test]
fn a_token_does_no_more_than_its_scope() {
    let admin = |scope| Principal {
        scope,
        ..principal(Privilege::Admin, None, None)
    };
    let cases = [
        (Action::Identify, true, true),
        (Action::OwnAccount, false, false),
        (Action::Send, false, true),
        (Action::SendForOthers, false, true),
        (Action::Export, true, false),
        (Action::Look, true, false),
        (Action::EditDashboards, false, false),
        // What it does is asked again.
        (Action::Statement, true, true),
        (Action::Administer, false, false),
    ];
    for (action, read, send) in cases {
        let allows = |scope| decide(action, &admin(scope), CVATS).is_ok();
        assert!(allows(TokenScope::All), "{action:?}");
        assert_eq!(allows(TokenScope::Read), read, "{action:?}");
        assert_eq!(allows(TokenScope::Send), send, "{action:?}");
    }
}
