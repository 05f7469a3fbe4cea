//! The accounts: users, organizations, API tokens and sessions in `state.sqlite` of the data
//! directory, and the audit trail on its way to the store.
//!
//! The command line and the running server open the same file. Nothing read from it is
//! kept, so a change by either is seen by the next request; what is remembered of
//! verified passwords depends on the stored hash (see `remembered.rs`).
//!
//! What changes accounts is in `manage.rs`; it blocks. What is here is for the server's
//! requests: async, on the runtime's blocking threads. All waiting is bounded: [`BUSY_TIMEOUT`] for the file,
//! [`VERIFICATION_WAIT`] for a turn to verify a password.

mod error;
mod known_places;
mod manage;
mod organizations;
mod outbox;
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

use annoscope_events::Organization;

use super::lockout::{Lockout, Try};
use super::organization::Wanted;
use super::remembered::Remembered;
use super::secret::SecretHash;
use super::{Person, Role, TokenScope, passwords};
use crate::clock;
use users::User;

pub use error::{AccountsError, RefusedOrganization, RefusedToken, RefusedUser};
pub use manage::UserSummary;
pub use organizations::{Member, Membership, NewOrganization, OrganizationSummary};
pub use outbox::{ActingUser, Actor};
pub(crate) use outbox::{AuditEvent, Weight};
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

/// Verifications at the same time (issue 2): each takes a core and 19 MiB.
const MAX_VERIFICATIONS: usize = 2;

/// How long a login waits for its turn before it is told to come again.
const VERIFICATION_WAIT: Duration = Duration::from_secs(10);

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
                verifications: Semaphore::new(MAX_VERIFICATIONS),
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

    /// The user of that name, if the password is right and the user may log in. An unknown
    /// name takes as long as a wrong password.
    pub async fn by_password(
        &self,
        name: &str,
        password: &str,
        actor: &Actor,
    ) -> Result<Option<Person>, AccountsError> {
        let wanted = name.to_owned();
        let user = self.ask(move |c| users::by_name(c, &wanted)).await?;
        let user = self.verified(name, user, password, actor).await?;
        Ok(user.map(|user| user.person))
    }

    /// The user of an API token or a login key, and what the token is good for.
    pub async fn by_token(
        &self,
        token: &str,
    ) -> Result<Option<(Person, TokenScope)>, AccountsError> {
        let token = token.to_owned();
        let holder = self
            .ask(move |c| tokens::holder(c, &token, now_ms()))
            .await?;
        let Some(holder) = holder else {
            return Ok(None);
        };
        if holder.is_use_news {
            let token_id = holder.token_id;
            self.tell(move |tx| tokens::used(tx, token_id, now_ms()))
                .await?;
        }
        Ok(Some((holder.user.person, holder.scope)))
    }

    /// The user of a session cookie, with the hash of the session's CSRF token.
    pub(crate) async fn by_session(
        &self,
        session: &str,
    ) -> Result<Option<(Person, SecretHash)>, AccountsError> {
        let session = session.to_owned();
        let found = self.ask(move |c| sessions::user(c, &session, now_ms()));
        Ok(found.await?.map(|(user, csrf)| (user.person, csrf)))
    }

    /// The organization of that slug or id, and the user's role in it.
    pub(crate) async fn organization(
        &self,
        wanted: Wanted,
        user_id: i64,
    ) -> Result<Option<(Organization, Option<Role>)>, AccountsError> {
        self.ask(move |c| match organizations::find(c, &wanted)? {
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
        self.ask(move |c| organizations::of_user(c, user_id)).await
    }

    /// Checks a password given with a name or an e-mail address, and begins a session.
    pub async fn log_in(
        &self,
        who: &str,
        password: &str,
        actor: &Actor,
    ) -> Result<Option<Login>, AccountsError> {
        let wanted = who.to_owned();
        let user = self
            .ask(move |c| match users::by_name(c, &wanted)? {
                Some(user) => Ok(Some(user)),
                None => users::by_email(c, &wanted),
            })
            .await?;
        let Some(user) = self.verified(who, user, password, actor).await? else {
            return Ok(None);
        };
        let login = self.tell(move |tx| {
            // Removed or changed while the password was verified.
            let current = users::by_id(tx, user.person.id)?;
            let is_same =
                |current: User| current.is_active && current.password_hash == user.password_hash;
            if !current.is_some_and(is_same) {
                return Ok(None);
            }
            sessions::begin(tx, user.person.id, now_ms()).map(Some)
        });
        login.await
    }

    /// Sets one's own password, which takes the old one. All logins end.
    pub async fn change_password(
        &self,
        actor: Actor,
        person: &Person,
        old: &str,
        new: String,
    ) -> Result<(), AccountsError> {
        let known = self.by_password(&person.name, old, &actor).await?;
        if known.is_none() {
            return Err(AccountsError::WrongPassword);
        }
        let user_id = person.id;
        self.blocking(move |accounts| {
            let change = UserChange {
                password: Some(new),
                ..UserChange::default()
            };
            accounts.change_user(&actor, user_id, &change).map(drop)
        })
        .await
    }

    /// Records something that happened, to be moved to the store.
    pub(crate) async fn record(
        &self,
        actor: Actor,
        event: AuditEvent,
        weight: Weight,
    ) -> Result<(), AccountsError> {
        self.tell(move |tx| outbox::push(tx, &actor, event, weight, now_ms()))
            .await
    }

    /// The first recorded events that are not moved yet: a number for
    /// [`Accounts::forget_recorded`], and a JSON array.
    pub(crate) async fn recorded(
        &self,
        limit: u32,
    ) -> Result<Option<(i64, String)>, AccountsError> {
        self.ask(move |c| outbox::first(c, limit)).await
    }

    /// Forgets events that are in the store now.
    pub(crate) async fn forget_recorded(&self, last: i64) -> Result<(), AccountsError> {
        self.tell(move |tx| outbox::remove(tx, last)).await
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

    /// Ends a session and, if the token is a login key, that too. API tokens stay.
    pub async fn log_out(
        &self,
        session: Option<String>,
        token: Option<String>,
    ) -> Result<(), AccountsError> {
        self.tell(move |tx| {
            if let Some(session) = session {
                sessions::end(tx, &session)?;
            }
            if let Some(token) = token {
                tokens::end_login(tx, &token)?;
            }
            Ok(())
        })
        .await
    }

    /// The user, if the password is right and the user may log in. What follows from a wrong one
    /// is done: the next try has to wait, and the audit trail tells.
    async fn verified(
        &self,
        typed_name: &str,
        user: Option<User>,
        password: &str,
        actor: &Actor,
    ) -> Result<Option<User>, AccountsError> {
        let remembered = &self.inner.remembered;
        let fingerprint = user
            .as_ref()
            .map(|user| remembered.fingerprint(user.person.id, &user.password_hash, password));
        let is_remembered = || {
            fingerprint
                .is_some_and(|fingerprint| remembered.contains(fingerprint, clock::monotonic()))
        };
        let active = |user: Option<User>| user.filter(|user| user.is_active);
        if is_remembered() {
            return Ok(active(user));
        }
        let turn = self.inner.verifications.acquire();
        let _turn = tokio::time::timeout(VERIFICATION_WAIT, turn)
            .await
            .map_err(|_| AccountsError::TooManyLogins)?
            .expect("the semaphore is never closed");
        // Another request of the same client may have had its turn before.
        if is_remembered() {
            return Ok(active(user));
        }
        // Within the turn, so that many tries at once get no further than those that have one.
        let lockout = &self.inner.lockout;
        let by = Try {
            name: typed_name,
            address: actor.address,
            is_known: self.is_known(user.as_ref(), actor).await?,
        };
        lockout.check(by, clock::monotonic())?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let password = password.to_owned();
        let verification =
            tokio::task::spawn_blocking(move || passwords::verify(&password, hash.as_deref()));
        if !verification.await.map_err(AccountsError::Stopped)? {
            lockout.failed(by, clock::monotonic());
            let user_id = user.map(|user| user.person.id);
            self.record_failed_login(typed_name, user_id, actor).await?;
            return Ok(None);
        }
        lockout.succeeded(by);
        if let (Some(user), Some(address)) = (&user, actor.address) {
            let user_id = user.person.id;
            let seen = self.tell(move |tx| known_places::seen(tx, user_id, address, now_ms()));
            // A full disk keeps nobody out whose password is right.
            if let Err(error) = seen.await {
                tracing::warn!(%error, "where a login came from was not recorded");
            }
        }
        if let Some(fingerprint) = fingerprint {
            remembered.insert(fingerprint, clock::monotonic());
        }
        Ok(active(user))
    }

    /// Whether the user has logged in from there before.
    async fn is_known(&self, user: Option<&User>, actor: &Actor) -> Result<bool, AccountsError> {
        let (Some(user), Some(address)) = (user, actor.address) else {
            return Ok(false);
        };
        let user_id = user.person.id;
        self.ask(move |c| known_places::contains(c, user_id, address, now_ms()))
            .await
    }

    async fn record_failed_login(
        &self,
        typed_name: &str,
        user_id: Option<i64>,
        actor: &Actor,
    ) -> Result<(), AccountsError> {
        let event = AuditEvent {
            scope: "fail:login",
            // People type passwords where names belong: only the name of an account is recorded.
            obj_name: user_id.map(|_| typed_name.to_owned()),
            obj_id: user_id,
            ..AuditEvent::default()
        };
        self.record(actor.clone(), event, Weight::Light).await
    }

    /// Reads on a blocking thread.
    async fn ask<T, F>(&self, read: F) -> Result<T, AccountsError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, AccountsError> + Send + 'static,
    {
        self.blocking(move |accounts| accounts.read(read)).await
    }

    /// Writes on a blocking thread.
    async fn tell<T, F>(&self, write: F) -> Result<T, AccountsError>
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

/// Makes the directory and the file readable by their owner only. What exists keeps its
/// permissions.
fn create_private(data_dir: &Path, path: &Path) -> std::io::Result<()> {
    let mut dir = std::fs::DirBuilder::new();
    let mut file = std::fs::OpenOptions::new();
    dir.recursive(true);
    file.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        dir.mode(0o700);
        file.mode(0o600);
    }
    dir.create(data_dir)?;
    file.open(path).map(drop)
}
