//! The accounts: users, organizations, API tokens and sessions in `state.sqlite` of the data
//! directory, and the audit trail on its way to the store.
//!
//! The command line and the running server open the same file. Nothing read from it is
//! kept, so a change by either is seen by the next request; what is remembered of
//! verified passwords depends on the stored hash (see `remembered.rs`).
//!
//! What changes accounts is in `manage.rs`; it blocks. What is here and in `logins.rs` is for the
//! server's requests: async, on the runtime's blocking threads. Waiting for the file is bounded:
//! [`BUSY_TIMEOUT`].

mod error;
mod known_places;
mod logins;
mod manage;
mod organizations;
mod outbox;
mod recorded;
mod schema;
mod sessions;
#[cfg(test)]
mod tests;
mod tokens;
mod users;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio::sync::Semaphore;

use annoscope_events::{Organization, StoredEvent};

use super::lockout::Lockout;
use super::organization_ref::OrganizationRef;
use super::remembered::Remembered;
use super::secret::SecretHash;
use super::{Account, Role, TokenScope};
use crate::clock;
use crate::durable_file::create_private;

pub use error::{AccountsError, RefusedOrganization, RefusedToken, RefusedUser};
pub use manage::UserSummary;
pub use organizations::{Member, Membership, NewOrganization, OrganizationSummary};
pub use outbox::Actor;
pub(crate) use outbox::Weight;
pub use sessions::Login;
pub use tokens::{NewToken, Token, TokenChange};
pub use users::{NewUser, UserChange};

/// The database's name within the data directory.
pub const STATE_FILE: &str = "state.sqlite";

/// How long one process waits for another one's write. A write is one short
/// transaction, so five seconds mean that something hangs.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Largest id: beyond it a double of JavaScript is another number, and `SQLite` needs room above
/// the largest one to give out the next.
const MAX_ID: i64 = 1 << 53;

/// The accounts of one data directory. Clones share the connection.
#[derive(Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Mutex<Connection>,
    verifications: Semaphore,
    remembered: Remembered,
    lockout: Lockout,
}

impl Accounts {
    /// Opens the accounts; makes the directory and the file if they are not there, and
    /// brings the schema up to date. Blocks.
    pub fn open(data_dir: &Path) -> Result<Accounts, AccountsError> {
        let path = data_dir.join(STATE_FILE);
        create_private(data_dir, &path).map_err(|source| AccountsError::Create {
            path: path.clone(),
            source,
        })?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        // FULL: an account or a token that was answered for survives a power cut.
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        schema::migrate(&mut connection)?;
        Ok(Accounts {
            inner: Arc::new(Inner {
                connection: Mutex::new(connection),
                verifications: Semaphore::new(logins::MAX_VERIFICATIONS),
                remembered: Remembered::new(),
                lockout: Lockout::default(),
            }),
        })
    }

    /// Forgets what has expired. Blocks.
    pub fn purge_expired(&self) -> Result<(), AccountsError> {
        self.write(|tx| {
            tokens::purge(tx, now_ms())?;
            sessions::purge(tx, now_ms())?;
            known_places::purge(tx, now_ms())
        })
    }

    /// The user of an API token or a login key, and what the token is good for.
    pub async fn by_token(
        &self,
        token: &str,
    ) -> Result<Option<(Account, TokenScope)>, AccountsError> {
        let token = token.to_owned();
        let holder = self
            .read_blocking(move |c| tokens::holder(c, &token, now_ms()))
            .await?;
        let Some(holder) = holder else {
            return Ok(None);
        };
        if holder.is_use_news {
            let token_id = holder.token_id;
            self.write_blocking(move |tx| tokens::used(tx, token_id, now_ms()))
                .await?;
        }
        Ok(Some((holder.user.account, holder.scope)))
    }

    /// The user of a session cookie, with the hash of the session's CSRF token.
    pub(crate) async fn by_session(
        &self,
        session: &str,
    ) -> Result<Option<(Account, SecretHash)>, AccountsError> {
        let session = session.to_owned();
        let found = self.read_blocking(move |c| sessions::user(c, &session, now_ms()));
        Ok(found.await?.map(|(user, csrf)| (user.account, csrf)))
    }

    /// The organization of that slug or id, and the user's role in it.
    pub(crate) async fn organization(
        &self,
        wanted: OrganizationRef,
        user_id: i64,
    ) -> Result<Option<(Organization, Option<Role>)>, AccountsError> {
        self.read_blocking(move |c| match organizations::find(c, &wanted)? {
            Some(organization) => {
                let role = organizations::role(c, organization.id, user_id)?;
                Ok(Some((organization, role)))
            }
            None => Ok(None),
        })
        .await
    }

    /// The organizations of a user, by slug.
    pub async fn memberships(&self, user_id: i64) -> Result<Vec<Membership>, AccountsError> {
        self.read_blocking(move |c| organizations::of_user(c, user_id))
            .await
    }

    /// Records something that happened, to be moved to the store.
    pub(crate) async fn record(
        &self,
        event: StoredEvent,
        weight: Weight,
    ) -> Result<(), AccountsError> {
        self.write_blocking(move |tx| outbox::push(tx, &event, weight))
            .await
    }

    /// The first recorded events that are not moved yet: a number for
    /// [`Accounts::forget_recorded`], and a JSON array.
    pub(crate) async fn recorded(
        &self,
        limit: u32,
    ) -> Result<Option<(i64, String)>, AccountsError> {
        self.read_blocking(move |c| outbox::first(c, limit)).await
    }

    /// Forgets events that are in the store now.
    pub(crate) async fn forget_recorded(&self, last: i64) -> Result<(), AccountsError> {
        self.write_blocking(move |tx| outbox::remove(tx, last))
            .await
    }

    /// Does what blocks on a blocking thread.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T, AccountsError>
    where
        T: Send + 'static,
        F: FnOnce(&Accounts) -> Result<T, AccountsError> + Send + 'static,
    {
        let accounts = self.clone();
        tokio::task::spawn_blocking(move || work(&accounts))
            .await
            .map_err(AccountsError::Stopped)?
    }

    /// Reads on a blocking thread.
    async fn read_blocking<T, F>(&self, read: F) -> Result<T, AccountsError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, AccountsError> + Send + 'static,
    {
        self.blocking(move |accounts| accounts.read(read)).await
    }

    /// Writes on a blocking thread.
    async fn write_blocking<T, F>(&self, write: F) -> Result<T, AccountsError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, AccountsError> + Send + 'static,
    {
        self.blocking(move |accounts| accounts.write(write)).await
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, AccountsError>,
    ) -> Result<T, AccountsError> {
        read(&self.lock())
    }

    /// One transaction; immediate, so that it never fails half-way for want of the lock.
    fn write<T>(
        &self,
        write: impl FnOnce(&Connection) -> Result<T, AccountsError>,
    ) -> Result<T, AccountsError> {
        let mut connection = self.lock();
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = write(&tx)?;
        tx.commit()?;
        Ok(result)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Connection> {
        // A transaction that a panic interrupted was rolled back when it was dropped.
        self.inner
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown(name: &str) -> AccountsError {
    AccountsError::UnknownUser {
        name: name.to_owned(),
    }
}

/// Milliseconds since 1970: how times are stored.
fn now_ms() -> i64 {
    clock::now().millis()
}
