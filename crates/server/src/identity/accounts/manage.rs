//! Changing accounts and organizations: what the command line and the administrators' page do.
//!
//! Everything here blocks; the server calls it through [`Accounts::blocking`]. Each change and
//! the events that tell of it are one transaction.

use annoscope_events::{Occasion, StoredEvent, Timestamp};
use rusqlite::Connection;

use super::organizations::{self, NewOrganization, OrganizationSummary};
use super::outbox::{self, Actor, Weight};
use super::tokens::{self, NewToken, Token, TokenChange};
use super::users::{self, AccountRow, NewUser, UserChange};
use super::{Accounts, AccountsError, Membership, now_ms, recorded, sessions, unknown};
use crate::identity::organization_ref::OrganizationRef;
use crate::identity::{Account, Role, passwords};

/// A user in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// The account.
    pub account: Account,
    /// Whether the user may log in.
    pub is_active: bool,
    /// The API tokens that have not expired, oldest first; login keys are left out.
    pub tokens: Vec<Token>,
    /// By slug.
    pub memberships: Vec<Membership>,
}

impl Accounts {
    /// All users by id.
    pub fn users(&self) -> Result<Vec<UserSummary>, AccountsError> {
        self.read(|connection| {
            let users = users::list(connection)?.into_iter();
            users.map(|user| summary(connection, user)).collect()
        })
    }

    /// The user of that id.
    pub fn user(&self, user_id: i64) -> Result<UserSummary, AccountsError> {
        self.read(|connection| summary(connection, by_id(connection, user_id)?))
    }

    /// The id of the user of that name.
    pub fn user_id(&self, name: &str) -> Result<i64, AccountsError> {
        let user = self.read(|connection| users::by_name(connection, name))?;
        Ok(user.ok_or_else(|| unknown(name))?.account.id)
    }

    /// Adds a user.
    pub fn add_user(&self, actor: &Actor, new: &NewUser<'_>) -> Result<Account, AccountsError> {
        let hash = passwords::hash(new.password)?;
        self.write(|tx| {
            let account = users::insert(tx, new, &hash, now_ms())?.account;
            let resource = recorded::user(&account);
            record(tx, actor, |occasion| vec![occasion.created(&resource)])?;
            Ok(account)
        })
    }

    /// Adds the user `admin` with a generated password if there is no user at all, and
    /// returns the password: the only time that it can be read.
    pub fn add_first_admin(&self) -> Result<Option<String>, AccountsError> {
        if self.read(users::count)? > 0 {
            return Ok(None);
        }
        let password = passwords::generate();
        let hash = passwords::hash(&password)?;
        let new = NewUser::first_admin(&password);
        self.write(|tx| {
            // Asked again, now that there is no other writer.
            if users::count(tx)? > 0 {
                return Ok(None);
            }
            let account = users::insert(tx, &new, &hash, now_ms())?.account;
            let resource = recorded::user(&account);
            record(tx, &Actor::default(), |occasion| {
                vec![occasion.created(&resource)]
            })?;
            Ok(Some(password.clone()))
        })
    }

    /// Changes a user. A new password, and being made inactive, ends the logins; API tokens
    /// stay, but do not work while the user is inactive.
    pub fn change_user(
        &self,
        actor: &Actor,
        user_id: i64,
        change: &UserChange,
    ) -> Result<UserSummary, AccountsError> {
        let hash = change
            .password
            .as_deref()
            .map(passwords::hash)
            .transpose()?;
        self.write(|tx| {
            let before = by_id(tx, user_id)?;
            users::update(tx, user_id, change, hash.as_deref())?;
            let after = by_id(tx, user_id)?;
            require_admin(tx)?;
            if hash.is_some() || !after.is_active {
                sessions::end_all(tx, user_id)?;
            }
            let (old, new) = (
                recorded::changeable_user(&before),
                recorded::changeable_user(&after),
            );
            record(tx, actor, |occasion| {
                recorded::updated(occasion, &old, &new)
            })?;
            summary(tx, after)
        })
    }

    /// Removes a user with all tokens, sessions and memberships. The id is never given out
    /// again, since events bear it.
    pub fn remove_user(&self, actor: &Actor, user_id: i64) -> Result<(), AccountsError> {
        self.write(|tx| {
            let account = by_id(tx, user_id)?.account;
            users::remove(tx, user_id)?;
            require_admin(tx)?;
            let resource = recorded::user(&account);
            record(tx, actor, |occasion| vec![occasion.deleted(&resource)])
        })
    }

    /// Makes an API token, and returns its text: the only time that it can be read.
    pub fn add_token(
        &self,
        actor: &Actor,
        user_id: i64,
        new: NewToken<'_>,
    ) -> Result<(String, Token), AccountsError> {
        self.write(|tx| {
            let account = by_id(tx, user_id)?.account;
            let (text, token) = tokens::insert(tx, user_id, new, now_ms())?;
            let resource = recorded::token(&token, &account);
            record(tx, actor, |occasion| vec![occasion.created(&resource)])?;
            Ok((text, token))
        })
    }

    /// The API tokens of a user that have not expired, oldest first.
    pub fn tokens(&self, user_id: i64) -> Result<Vec<Token>, AccountsError> {
        self.read(|connection| tokens::list(connection, user_id, now_ms()))
    }

    /// The API token of that text, if it is that user's.
    pub fn token_of_text(&self, user_id: i64, text: &str) -> Result<Option<Token>, AccountsError> {
        self.read(|connection| tokens::of_text(connection, user_id, text))
    }

    /// Changes a token of a user; its text stays.
    pub fn change_token(
        &self,
        actor: &Actor,
        user_id: i64,
        token_id: i64,
        change: &TokenChange,
    ) -> Result<Token, AccountsError> {
        self.write(|tx| {
            let account = by_id(tx, user_id)?.account;
            let mut tokens = tokens::list(tx, user_id, now_ms())?.into_iter();
            let token = tokens.find(|token| token.id == token_id);
            let token = token.ok_or(AccountsError::Unknown { what: "token" })?;
            let old = recorded::token(&token, &account);
            let token = tokens::change(tx, token, change, now_ms())?;
            let new = recorded::token(&token, &account);
            record(tx, actor, |occasion| {
                recorded::updated(occasion, &old, &new)
            })?;
            Ok(token)
        })
    }

    /// Revokes a token of a user.
    pub fn revoke_token(
        &self,
        actor: &Actor,
        user_id: i64,
        token_id: i64,
    ) -> Result<(), AccountsError> {
        self.write(|tx| {
            let account = by_id(tx, user_id)?.account;
            let tokens = tokens::list(tx, user_id, now_ms())?;
            let token = tokens.iter().find(|token| token.id == token_id);
            let token = token.ok_or(AccountsError::Unknown { what: "token" })?;
            tokens::revoke(tx, token.id)?;
            let resource = recorded::token(token, &account);
            record(tx, actor, |occasion| vec![occasion.deleted(&resource)])
        })
    }

    /// All organizations by slug, with their members.
    pub fn organizations(&self) -> Result<Vec<OrganizationSummary>, AccountsError> {
        self.read(organizations::list)
    }

    /// The id of the organization of that slug.
    pub fn organization_id(&self, slug: &str) -> Result<i64, AccountsError> {
        let wanted = OrganizationRef::Slug(slug.to_owned());
        let found = self.read(|connection| organizations::find(connection, &wanted))?;
        let slug = slug.to_owned();
        Ok(found.ok_or(AccountsError::UnknownOrganization { slug })?.id)
    }

    /// Adds an organization with its owner.
    pub fn add_organization(
        &self,
        actor: &Actor,
        new: NewOrganization<'_>,
        owner_id: i64,
    ) -> Result<OrganizationSummary, AccountsError> {
        self.write(|tx| {
            let owner = by_id(tx, owner_id)?.account;
            let organization = organizations::insert(tx, new, now_ms())?;
            organizations::set_role(tx, organization.id, owner_id, Role::Owner, now_ms())?;
            let made = organization_by_id(tx, organization.id)?;
            let resource = recorded::organization(&made);
            let membership = recorded::membership(&organization, &owner, Role::Owner);
            record(tx, actor, |occasion| {
                vec![occasion.created(&resource), occasion.created(&membership)]
            })?;
            Ok(made)
        })
    }

    /// Changes slug and name where they are given. Events keep the slug they were sent with.
    pub fn change_organization(
        &self,
        actor: &Actor,
        id: i64,
        slug: Option<&str>,
        name: Option<&str>,
    ) -> Result<OrganizationSummary, AccountsError> {
        self.write(|tx| {
            let before = organization_by_id(tx, id)?;
            organizations::update(tx, id, slug, name)?;
            let after = organization_by_id(tx, id)?;
            let (old, new) = (
                recorded::organization(&before),
                recorded::organization(&after),
            );
            record(tx, actor, |occasion| {
                recorded::updated(occasion, &old, &new)
            })?;
            Ok(after)
        })
    }

    /// Removes an organization with its memberships; the events stay.
    pub fn remove_organization(&self, actor: &Actor, id: i64) -> Result<(), AccountsError> {
        self.write(|tx| {
            let resource = recorded::organization(&organization_by_id(tx, id)?);
            organizations::remove(tx, id)?;
            record(tx, actor, |occasion| vec![occasion.deleted(&resource)])
        })
    }

    /// Makes a user a member with that role, or gives the member another role.
    pub fn set_role(
        &self,
        actor: &Actor,
        organization_id: i64,
        user_id: i64,
        role: Role,
    ) -> Result<OrganizationSummary, AccountsError> {
        self.write(|tx| {
            let organization = organization_by_id(tx, organization_id)?.organization;
            let account = by_id(tx, user_id)?.account;
            let before = organizations::role(tx, organization_id, user_id)?;
            organizations::set_role(tx, organization_id, user_id, role, now_ms())?;
            let new = recorded::membership(&organization, &account, role);
            let old = before.map(|role| recorded::membership(&organization, &account, role));
            record(tx, actor, |occasion| match &old {
                None => vec![occasion.created(&new)],
                Some(old) => recorded::updated(occasion, old, &new),
            })?;
            organization_by_id(tx, organization_id)
        })
    }

    /// Ends a membership.
    pub fn remove_member(
        &self,
        actor: &Actor,
        organization_id: i64,
        user_id: i64,
    ) -> Result<(), AccountsError> {
        self.write(|tx| {
            let organization = organization_by_id(tx, organization_id)?.organization;
            let account = by_id(tx, user_id)?.account;
            let role = organizations::role(tx, organization_id, user_id)?
                .ok_or(AccountsError::Unknown { what: "member" })?;
            organizations::remove_member(tx, organization_id, user_id)?;
            let resource = recorded::membership(&organization, &account, role);
            record(tx, actor, |occasion| vec![occasion.deleted(&resource)])
        })
    }
}

/// Writes the events of a change that is being made.
fn record(
    tx: &Connection,
    actor: &Actor,
    build: impl FnOnce(Occasion<'_>) -> Vec<StoredEvent>,
) -> Result<(), AccountsError> {
    let occasion = Occasion {
        cause: &actor.cause(),
        at: Timestamp::from_millis(now_ms()),
    };
    let events = build(occasion);
    events
        .iter()
        .try_for_each(|event| outbox::push(tx, event, Weight::Full))
}

fn by_id(connection: &Connection, user_id: i64) -> Result<AccountRow, AccountsError> {
    users::by_id(connection, user_id)?.ok_or(AccountsError::Unknown { what: "user" })
}

fn organization_by_id(
    connection: &Connection,
    id: i64,
) -> Result<OrganizationSummary, AccountsError> {
    let found = organizations::by_id(connection, id)?;
    found.ok_or(AccountsError::Unknown {
        what: "organization",
    })
}

fn summary(connection: &Connection, user: AccountRow) -> Result<UserSummary, AccountsError> {
    Ok(UserSummary {
        tokens: tokens::list(connection, user.account.id, now_ms())?,
        memberships: organizations::of_user(connection, user.account.id)?,
        is_active: user.is_active,
        account: user.account,
    })
}

/// Rolls the change back that would leave no administrator.
fn require_admin(tx: &Connection) -> Result<(), AccountsError> {
    if users::has_active_admin(tx)? {
        Ok(())
    } else {
        Err(AccountsError::LastAdmin)
    }
}
