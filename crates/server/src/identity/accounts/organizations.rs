//! Organizations and their members, in SQL.

use annoscope_events::Organization;
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::error::RefusedOrganization;
use super::{AccountsError, MAX_ID};
use crate::identity::Role;
use crate::identity::organization_ref::OrganizationRef;

/// As CVAT's limit.
const MAX_SLUG_CHARS: usize = 16;

/// As CVAT's limit.
const MAX_NAME_CHARS: usize = 64;

/// An organization in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationSummary {
    /// What events bear as `org_id` and `org_slug`.
    pub organization: Organization,
    /// For people; may be empty.
    pub name: String,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// By id of the user.
    pub members: Vec<Member>,
}

/// A member of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The user's id.
    pub user_id: i64,
    /// The user's name.
    pub user_name: String,
    /// What the member may do in it.
    pub role: Role,
}

/// An organization that a user belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Which.
    pub organization: Organization,
    /// Its name for people; may be empty.
    pub name: String,
    /// What the member may do in it.
    pub role: Role,
}

/// An organization to be added.
#[derive(Clone, Copy)]
pub struct NewOrganization<'a> {
    /// At least 1; `None` takes the next one.
    pub id: Option<i64>,
    /// Unique.
    pub slug: &'a str,
    /// For people; may be empty.
    pub name: &'a str,
}

fn check_slug(slug: &str) -> Result<(), RefusedOrganization> {
    let is_good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if slug.is_empty() || slug.len() > MAX_SLUG_CHARS || !slug.bytes().all(is_good) {
        return Err(RefusedOrganization::BadSlug);
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), RefusedOrganization> {
    if name.chars().count() > MAX_NAME_CHARS || name.contains(char::is_control) {
        return Err(RefusedOrganization::BadName);
    }
    Ok(())
}

/// The organization with the wanted slug or id.
pub(super) fn find(
    connection: &Connection,
    wanted: &OrganizationRef,
) -> Result<Option<Organization>, AccountsError> {
    let (sql, value): (_, &dyn rusqlite::ToSql) = match wanted {
        OrganizationRef::Slug(slug) => ("SELECT id, slug FROM organizations WHERE slug = ?1", slug),
        OrganizationRef::Id(id) => ("SELECT id, slug FROM organizations WHERE id = ?1", id),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row([value], |row| {
        Ok(Organization {
            id: row.get(0)?,
            slug: row.get(1)?,
        })
    });
    Ok(found.optional()?)
}

/// What a user may do in an organization; `None` for those who do not belong to it.
pub(super) fn role(
    connection: &Connection,
    organization_id: i64,
    user_id: i64,
) -> Result<Option<Role>, AccountsError> {
    let sql = "SELECT role FROM memberships WHERE organization_id = ?1 AND user_id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let role = statement.query_row([organization_id, user_id], |row| row.get(0));
    Ok(role.optional()?)
}

/// The organizations of a user, by slug.
pub(super) fn of_user(
    connection: &Connection,
    user_id: i64,
) -> Result<Vec<Membership>, AccountsError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, slug, name, role FROM memberships
         JOIN organizations ON organizations.id = organization_id
         WHERE user_id = ?1 ORDER BY slug",
    )?;
    let memberships = statement.query_map([user_id], |row| {
        Ok(Membership {
            organization: Organization {
                id: row.get(0)?,
                slug: row.get(1)?,
            },
            name: row.get(2)?,
            role: row.get(3)?,
        })
    })?;
    Ok(memberships.collect::<Result<_, _>>()?)
}

/// All organizations by slug, with their members.
pub(super) fn list(connection: &Connection) -> Result<Vec<OrganizationSummary>, AccountsError> {
    let mut organizations =
        connection.prepare("SELECT id, slug, name, created_ms FROM organizations ORDER BY slug")?;
    let organizations = organizations.query_map([], |row| {
        Ok(OrganizationSummary {
            organization: Organization {
                id: row.get(0)?,
                slug: row.get(1)?,
            },
            name: row.get(2)?,
            created_ms: row.get(3)?,
            members: Vec::new(),
        })
    })?;
    let mut organizations: Vec<OrganizationSummary> = organizations.collect::<Result<_, _>>()?;
    for summary in &mut organizations {
        summary.members = members(connection, summary.organization.id)?;
    }
    Ok(organizations)
}

fn members(connection: &Connection, organization_id: i64) -> Result<Vec<Member>, AccountsError> {
    let mut statement = connection.prepare_cached(
        "SELECT users.id, users.name, role FROM memberships JOIN users ON users.id = user_id
         WHERE organization_id = ?1 ORDER BY users.id",
    )?;
    let members = statement.query_map([organization_id], |row| {
        Ok(Member {
            user_id: row.get(0)?,
            user_name: row.get(1)?,
            role: row.get(2)?,
        })
    })?;
    Ok(members.collect::<Result<_, _>>()?)
}

/// The organization of that id, as it is listed.
pub(super) fn by_id(
    connection: &Connection,
    id: i64,
) -> Result<Option<OrganizationSummary>, AccountsError> {
    let sql = "SELECT slug, name, created_ms FROM organizations WHERE id = ?1";
    let found = connection.query_row(sql, [id], |row| {
        Ok(OrganizationSummary {
            organization: Organization {
                id,
                slug: row.get(0)?,
            },
            name: row.get(1)?,
            created_ms: row.get(2)?,
            members: Vec::new(),
        })
    });
    let Some(mut summary) = found.optional()? else {
        return Ok(None);
    };
    summary.members = members(connection, id)?;
    Ok(Some(summary))
}

/// Adds an organization; it has no members yet.
pub(super) fn insert(
    tx: &Connection,
    new: NewOrganization<'_>,
    now_ms: i64,
) -> Result<Organization, AccountsError> {
    let NewOrganization { id, slug, name } = new;
    check_slug(slug)?;
    check_name(name)?;
    refuse_taken_slug(tx, slug, None)?;
    if let Some(id) = id {
        if !(1..=MAX_ID).contains(&id) {
            return Err(RefusedOrganization::BadId { id }.into());
        }
        if find(tx, &OrganizationRef::Id(id))?.is_some() {
            return Err(RefusedOrganization::IdTaken { id }.into());
        }
    }
    tx.execute(
        "INSERT INTO organizations (id, slug, name, created_ms) VALUES (?1, ?2, ?3, ?4)",
        params![id, slug, name, now_ms],
    )?;
    Ok(Organization {
        id: tx.last_insert_rowid(),
        slug: slug.to_owned(),
    })
}

/// Changes slug and name where they are given. Events keep the slug that they were sent with.
pub(super) fn update(
    tx: &Connection,
    id: i64,
    slug: Option<&str>,
    name: Option<&str>,
) -> Result<(), AccountsError> {
    if let Some(slug) = slug {
        check_slug(slug)?;
        refuse_taken_slug(tx, slug, Some(id))?;
    }
    name.map_or(Ok(()), check_name)?;
    tx.execute(
        "UPDATE organizations SET slug = coalesce(:slug, slug), name = coalesce(:name, name) WHERE id = :id",
        named_params! { ":id": id, ":slug": slug, ":name": name },
    )?;
    Ok(())
}

fn refuse_taken_slug(tx: &Connection, slug: &str, by: Option<i64>) -> Result<(), AccountsError> {
    match find(tx, &OrganizationRef::Slug(slug.to_owned()))? {
        Some(holder) if Some(holder.id) != by => Err(RefusedOrganization::SlugTaken {
            slug: slug.to_owned(),
        }
        .into()),
        _ => Ok(()),
    }
}

/// Memberships go by ON DELETE CASCADE; the events stay.
pub(super) fn remove(tx: &Connection, id: i64) -> Result<(), AccountsError> {
    tx.execute("DELETE FROM organizations WHERE id = ?1", [id])?;
    Ok(())
}

/// Makes the user a member with that role, or gives the member another role.
pub(super) fn set_role(
    tx: &Connection,
    organization_id: i64,
    user_id: i64,
    role: Role,
    now_ms: i64,
) -> Result<(), AccountsError> {
    tx.execute(
        "INSERT INTO memberships (organization_id, user_id, role, created_ms) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (organization_id, user_id) DO UPDATE SET role = excluded.role",
        params![organization_id, user_id, role, now_ms],
    )?;
    Ok(())
}

/// Ends a membership.
pub(super) fn remove_member(
    tx: &Connection,
    organization_id: i64,
    user_id: i64,
) -> Result<(), AccountsError> {
    let sql = "DELETE FROM memberships WHERE organization_id = ?1 AND user_id = ?2";
    tx.execute(sql, [organization_id, user_id])?;
    Ok(())
}
