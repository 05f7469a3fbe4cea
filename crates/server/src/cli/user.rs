//! `annoscope user …`: accounts on the command line.

mod list;
mod password;

use std::io::Write;
use std::path::Path;

use clap::{Args, Subcommand};

use super::CliError;
use crate::identity::{Accounts, NewUser, Privilege};

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
        /// Revoke the tokens of this label instead of making one
        #[arg(long, value_name = "LABEL", conflicts_with = "label")]
        revoke: Option<String>,
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
    match command {
        UserCommand::Add(new) => {
            let password = new.password.read()?;
            let user = accounts.add(&NewUser {
                id: new.id,
                name: &new.name,
                email: &new.email,
                privilege: new.privilege,
                password: &password,
            })?;
            let (name, id) = (user.name, user.id);
            writeln!(out, "added {} {name} with id {id}", user.privilege)?;
        }
        UserCommand::List { format } => list::print(&accounts.list()?, format, out)?,
        UserCommand::Remove { name } => {
            accounts.remove(&name)?;
            writeln!(out, "removed {name}")?;
        }
        UserCommand::Passwd { name, password } => {
            accounts.set_password(&name, &password.read()?)?;
            writeln!(out, "changed the password of {name}")?;
        }
        UserCommand::Token {
            name,
            revoke: Some(label),
            ..
        } => match accounts.revoke_tokens(&name, &label)? {
            0 => return Err(CliError::NoSuchToken { name, label }),
            n_tokens => writeln!(out, "revoked {n_tokens} of {name}")?,
        },
        // Only the token, so that a script can take it.
        UserCommand::Token { name, label, .. } => {
            writeln!(out, "{}", accounts.add_token(&name, &label)?)?;
        }
    }
    Ok(())
}
