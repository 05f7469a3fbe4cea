//! Who is asking, and what they may do.
//!
//! [`Identity`] tells who somebody is, and [`rights`], the one place that says so, who may what.
//! [`Accounts`] keeps users, organizations, tokens and sessions. Start reading at [`rights`].

mod accounts;
mod caller;
mod cvat;
mod lockout;
mod organization;
mod passwords;
mod person;
mod privilege;
mod remembered;
pub mod rights;
pub(crate) mod secret;

pub use accounts::{
    Accounts, AccountsError, ActingUser, Actor, Login, Member, Membership, NewOrganization,
    NewToken, NewUser, OrganizationSummary, RefusedOrganization, RefusedToken, RefusedUser, Token,
    TokenChange, UserChange, UserSummary,
};
pub(crate) use accounts::{AuditEvent, Weight};
pub use caller::{Caller, Viewer};
pub(crate) use cvat::Shown;
pub use cvat::{Cvat, CvatSettings, CvatUnavailable};
pub use lockout::LockedOut;
pub use organization::Wanted;
pub use passwords::PasswordError;
pub(crate) use passwords::generate as generate_password;
pub use person::Person;
pub use privilege::{Privilege, Role, TokenScope, UnknownWord};

/// Who says who somebody is.
#[derive(Clone)]
pub enum Identity {
    /// Our own accounts.
    Accounts(Accounts),
    /// CVAT.
    Cvat(Cvat),
}

/// How long a login lasts, seconds: two weeks, as CVAT's (Django's default).
pub const LOGIN_LIFETIME_S: i64 = 14 * 24 * 60 * 60;
