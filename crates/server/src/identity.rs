//! Who is asking, and what they may do.
//!
//! [`Accounts`] keeps users, tokens and sessions; [`Caller`] is the extractor that turns
//! a request's credentials into a person and an organization; [`rights`] is the one
//! place that says who may what. Start reading at [`Caller`].

mod accounts;
mod authenticate;
mod caller;
mod csrf;
mod organization;
mod passwords;
mod privilege;
mod remembered;
pub mod rights;
mod secret;

pub use accounts::{Accounts, AccountsError, Login, NewUser, User, UserSummary};
pub use authenticate::AuthError;
pub(crate) use authenticate::{cookie, token};
pub use caller::{Account, Caller, ExportCaller};
pub use csrf::CsrfError;
pub use organization::OrganizationError;
pub use passwords::PasswordError;
pub use privilege::{Privilege, Role, UnknownPrivilege};

/// How long a login lasts, seconds: two weeks, as CVAT's (Django's default).
pub const LOGIN_LIFETIME_S: i64 = 14 * 24 * 60 * 60;
