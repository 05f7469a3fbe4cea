//! `annoscope org …`: organizations on the command line.

use std::io::Write;
use std::path::Path;

use clap::Subcommand;

use super::CliError;
use crate::identity::{Accounts, Actor, NewOrganization, Role};

/// What to do with organizations.
#[derive(Subcommand)]
pub(super) enum OrgCommand {
    /// Add an organization with its owner
    Add {
        /// Short name for addresses: 1 to 16 letters, digits, - and _
        slug: String,
        /// Name of the user who owns it
        #[arg(long)]
        owner: String,
        /// Name for people
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
        /// Id, as in an existing CVAT, so that old events belong to it [default: the next one]
        #[arg(long, value_name = "N")]
        id: Option<i64>,
    },
    /// List the organizations with their members
    List,
    /// Remove an organization with its memberships; the events stay
    Remove {
        /// Its short name
        slug: String,
    },
    /// Make a user a member, or give a member another role
    Member {
        /// Short name of the organization
        slug: String,
        /// Name of the user
        user: String,
        /// owner, maintainer, supervisor or worker
        #[arg(long, default_value_t = Role::Worker)]
        role: Role,
        /// End the membership instead
        #[arg(long, conflicts_with = "role")]
        remove: bool,
    },
}

/// Does it, on the accounts in the data directory.
pub(super) fn run(
    command: OrgCommand,
    data_dir: &Path,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    let accounts = Accounts::open(data_dir)?;
    let actor = Actor::default();
    match command {
        OrgCommand::Add {
            slug,
            owner,
            name,
            id,
        } => {
            let new = NewOrganization {
                id,
                slug: &slug,
                name: &name,
            };
            let added = accounts.add_organization(&actor, new, accounts.user_id(&owner)?)?;
            writeln!(out, "added {slug} with id {}", added.organization.id)?;
        }
        OrgCommand::List => {
            for summary in accounts.organizations()? {
                let (id, slug) = (summary.organization.id, summary.organization.slug);
                writeln!(out, "{id}  {slug}  {}", summary.name)?;
                for member in summary.members {
                    writeln!(out, "    {} {}", member.role, member.user_name)?;
                }
            }
        }
        OrgCommand::Remove { slug } => {
            accounts.remove_organization(&actor, accounts.organization_id(&slug)?)?;
            writeln!(out, "removed {slug}")?;
        }
        OrgCommand::Member {
            slug,
            user,
            role,
            remove,
        } => {
            let organization_id = accounts.organization_id(&slug)?;
            let user_id = accounts.user_id(&user)?;
            if remove {
                accounts.remove_member(&actor, organization_id, user_id)?;
                writeln!(out, "{user} is no member of {slug} any more")?;
            } else {
                accounts.set_role(&actor, organization_id, user_id, role)?;
                writeln!(out, "{user} is {role} of {slug}")?;
            }
        }
    }
    Ok(())
}
