//! Accounts and their rights.
//!
//! [`Identity`] is where accounts are known, and [`rights`] the one place that says what they may do.
//! [`Accounts`] keeps users, organizations, tokens and sessions. Start reading at [`rights`].

mod account;
mod accounts;
mod cvat;
mod lockout;
mod organization_ref;
mod passwords;
mod principal;
mod privilege;
mod remembered;
pub mod rights;
pub(crate) mod secret;

pub use account::Account;
pub(crate) use accounts::Weight;
pub use accounts::{
    Accounts, AccountsError, Actor, Login, Member, Membership, NewOrganization, NewToken, NewUser,
    OrganizationSummary, RefusedOrganization, RefusedToken, RefusedUser, STATE_FILE, Token,
    TokenChange, UserChange, UserSummary,
};
pub(crate) use cvat::Shown;
pub use cvat::{Cvat, CvatSettings, CvatUnavailable};
pub use lockout::LockedOut;
pub use organization_ref::OrganizationRef;
pub use passwords::PasswordError;
pub(crate) use passwords::generate as generate_password;
pub use principal::Principal;
pub use privilege::{Privilege, Role, TokenScope, UnknownWord};

/// Where accounts are known.
#[derive(Clone)]
pub enum Identity {
    /// Our own accounts.
    Accounts(Accounts),
    /// CVAT.
    Cvat(Cvat),
}

/// How long a login lasts, seconds: two weeks, as CVAT's (Django's default).
pub const LOGIN_LIFETIME_S: i64 = 14 * 24 * 60 * 60;
