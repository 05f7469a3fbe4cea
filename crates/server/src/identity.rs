//! Who is asking, and what they may do.
//!
//! [`access`] stands before every handler: it asks [`Identity`] who somebody is and [`rights`],
//! the one place that says so, who may what. [`Accounts`] keeps users, organizations, tokens
//! and sessions. A handler gets a [`Caller`]. Start reading at [`rights::RULES`].

mod access;
mod accounts;
mod authenticate;
mod caller;
mod csrf;
mod cvat;
mod lockout;
mod organization;
mod passwords;
mod person;
mod privilege;
mod remembered;
pub mod rights;
mod secret;

pub(crate) use access::check;
pub use access::{Access, Identity};
pub use accounts::{
    Accounts, AccountsError, Actor, Login, Member, Membership, NewOrganization, NewToken, NewUser,
    OrganizationSummary, RefusedOrganization, RefusedToken, RefusedUser, Token, TokenChange,
    UserChange, UserSummary,
};
pub(crate) use accounts::{AuditEvent, Weight};
pub use authenticate::AuthError;
pub(crate) use authenticate::{cookie, token};
pub use caller::{Caller, Viewer};
pub use csrf::CsrfError;
pub use cvat::Cvat;
pub use lockout::LockedOut;
pub use organization::OrganizationError;
pub use passwords::PasswordError;
pub(crate) use passwords::generate as generate_password;
pub use person::Person;
pub use privilege::{Privilege, Role, TokenScope, UnknownWord};

/// How long a login lasts, seconds: two weeks, as CVAT's (Django's default).
pub const LOGIN_LIFETIME_S: i64 = 14 * 24 * 60 * 60;
