//! `annoscope user …`: accounts on the command line.

mod list;
mod password;

use std::io::Write;
use std::path::Path;

use clap::{Args, Subcommand};

use super::CliError;
use crate::clock;
use crate::identity::{Accounts, Actor, NewToken, NewUser, Privilege, TokenScope, UserChange};

/// What to do with accounts.
#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Add a user
    Add(AddUser),
    /// List the users
    List {
        /// How to print them
        #[arg(long, value_enum, default_value = "table")]
        format: list::Format,
    },
    /// Remove a user with all tokens and sessions; the events stay
    Remove {
        /// Name of the user
        name: String,
    },
    /// Set a user's password; logins made with the old one end, API tokens stay
    Passwd {
        /// Name of the user
        name: String,
        #[command(flatten)]
        password: password::PasswordFrom,
    },
    /// Make an API token and print it, or revoke one
    Token {
        /// Name of the user
        name: String,
        /// What the token is for
        #[arg(long = "name", value_name = "LABEL", default_value = "token")]
        label: String,
        /// What it is good for: all, read (queries, dashboards, exports) or send (events)
        #[arg(long, default_value_t = TokenScope::All)]
        scope: TokenScope,
        /// Days until it expires [default: never]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3650))]
        expires_in_days: Option<u32>,
        /// Revoke the tokens of this label instead of making one
        #[arg(long, value_name = "LABEL", conflicts_with_all = ["label", "scope", "expires_in_days"])]
        revoke: Option<String>,
    },
    /// Change what a user may do; what is not named stays
    Set {
        /// Name of the user
        name: String,
        /// What the user may do: admin, business, user or worker
        #[arg(long)]
        privilege: Option<Privilege>,
        /// Whether the user sees all events, as the privilege business does
        #[arg(long, value_name = "BOOL")]
        analytics_access: Option<bool>,
        /// Whether the user may log in
        #[arg(long, value_name = "BOOL")]
        active: Option<bool>,
        /// E-mail address; events bear it
        #[arg(long)]
        email: Option<String>,
    },
}

/// A user to be added.
#[derive(Args)]
pub(super) struct AddUser {
    /// Name to log in with
    name: String,
    /// E-mail address; events bear it
    #[arg(long, default_value = "", hide_default_value = true)]
    email: String,
    /// What the user may do: admin, business, user or worker
    #[arg(long, default_value_t = Privilege::Worker)]
    privilege: Privilege,
    /// See all events, as the privilege business does
    #[arg(long)]
    analytics_access: bool,
    /// Id, as in an existing CVAT, so that old events belong to the user [default: the next one]
    #[arg(long, value_name = "N")]
    id: Option<i64>,
    #[command(flatten)]
    password: password::PasswordFrom,
}

/// Does it, on the accounts in the data directory.
pub(super) fn run(
    command: UserCommand,
    data_dir: &Path,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let accounts = Accounts::open(data_dir)?;
    // A user of the machine that may write the data directory: no account is known here.
    let actor = Actor::default();
    match command {
        UserCommand::Add(new) => {
            let password = new.password.read()?;
            let new = NewUser {
                id: new.id,
                name: &new.name,
                email: &new.email,
                first_name: "",
                last_name: "",
                privilege: new.privilege,
                has_analytics_access: new.analytics_access,
                password: &password,
            };
            let user = accounts.add_user(&actor, &new)?;
            let (name, id) = (user.name, user.id);
            writeln!(out, "added {} {name} with id {id}", user.privilege)?;
        }
        UserCommand::List { format } => list::print(&accounts.users()?, format, out)?,
        UserCommand::Remove { name } => {
            accounts.remove_user(&actor, accounts.user_id(&name)?)?;
            writeln!(out, "removed {name}")?;
        }
        UserCommand::Passwd { name, password } => {
            let change = UserChange {
                password: Some(password.read()?),
                ..UserChange::default()
            };
            accounts.change_user(&actor, accounts.user_id(&name)?, &change)?;
            writeln!(out, "changed the password of {name}")?;
        }
        UserCommand::Set {
            name,
            privilege,
            analytics_access,
            active,
            email,
        } => {
            let change = UserChange {
                privilege,
                has_analytics_access: analytics_access,
                is_active: active,
                email,
                ..UserChange::default()
            };
            accounts.change_user(&actor, accounts.user_id(&name)?, &change)?;
            writeln!(out, "changed {name}")?;
        }
        UserCommand::Token {
            name,
            revoke: Some(label),
            ..
        } => match revoke(&accounts, &actor, &name, &label)? {
            0 => return Err(CliError::NoSuchToken { name, label }),
            n_tokens => writeln!(out, "revoked {n_tokens} of {name}")?,
        },
        // Only the token, so that a script can take it.
        UserCommand::Token {
            name,
            label,
            scope,
            expires_in_days,
            ..
        } => {
            let new = NewToken {
                name: &label,
                scope,
                expires_ms: expires_in_days.map(in_days),
            };
            let (token, _) = accounts.add_token(&actor, accounts.user_id(&name)?, new)?;
            writeln!(out, "{token}")?;
        }
    }
    Ok(())
}

fn in_days(days: u32) -> i64 {
    clock::now().millis() + i64::from(days) * 24 * 60 * 60 * 1000
}

/// Revokes the user's tokens of that label; returns how many there were.
fn revoke(accounts: &Accounts, actor: &Actor, name: &str, label: &str) -> Result<usize, CliError> {
    let user_id = accounts.user_id(name)?;
    let tokens = accounts.tokens(user_id)?;
    let named: Vec<i64> = tokens
        .iter()
        .filter(|token| token.name == label)
        .map(|token| token.id)
        .collect();
    for token_id in &named {
        accounts.revoke_token(actor, user_id, *token_id)?;
    }
    Ok(named.len())
}
