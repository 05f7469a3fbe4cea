//! The accounts: users, API tokens and sessions in `state.sqlite` of the data directory.
//!
//! The command line and the running server open the same file. Nothing read from it is
//! kept, so a change by either is seen by the next request; what is remembered of
//! verified passwords depends on the stored hash (see `remembered.rs`).
//!
//! Methods for the command line block; those for the server are async and run on the
//! runtime's blocking threads. All waiting is bounded: [`BUSY_TIMEOUT`] for the file,
//! [`VERIFICATION_WAIT`] for a turn to verify a password.

mod error;
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

use super::passwords;
use super::remembered::Remembered;
use super::secret::SecretHash;
use crate::clock;

pub use error::AccountsError;
pub use sessions::Login;
pub use users::{NewUser, User, UserSummary};

/// The database's name within the data directory.
pub const STATE_FILE: &str = "state.sqlite";

/// How long one process waits for another one's write. A write is one short
/// transaction, so five seconds mean that something hangs.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

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
            }),
        })
    }

    /// Adds a user. Blocks.
    pub fn add(&self, new: &NewUser<'_>) -> Result<User, AccountsError> {
        let hash = passwords::hash(new.password)?;
        self.write(|tx| users::insert(tx, new, &hash, now_ms()))
    }

    /// Adds the user `admin` with a generated password if there is no user at all, and
    /// returns the password: the only time that it can be read. Blocks.
    pub fn add_first_admin(&self) -> Result<Option<String>, AccountsError> {
        if self.read(users::count)? > 0 {
            return Ok(None);
        }
        let password = passwords::generate();
        let hash = passwords::hash(&password)?;
        let new = NewUser::first_admin(&password);
        self.write(|tx| {
            // Asked again, now that nobody else can write.
            if users::count(tx)? > 0 {
                return Ok(None);
            }
            users::insert(tx, &new, &hash, now_ms())?;
            Ok(Some(password.clone()))
        })
    }

    /// All users by id. Blocks.
    pub fn list(&self) -> Result<Vec<UserSummary>, AccountsError> {
        self.read(|connection| users::list(connection, now_ms()))
    }

    /// Removes a user with all tokens and sessions. Its id is never given out again,
    /// since events bear it. Blocks.
    pub fn remove(&self, name: &str) -> Result<(), AccountsError> {
        self.write(|tx| users::remove(tx, name))
    }

    /// Sets a password; logins made with the old one end, API tokens stay. Blocks.
    pub fn set_password(&self, name: &str, password: &str) -> Result<(), AccountsError> {
        let hash = passwords::hash(password)?;
        self.write(|tx| {
            let user = users::by_name(tx, name)?.ok_or_else(|| unknown(name))?;
            users::set_password(tx, user.id, &hash)?;
            tokens::end_logins(tx, user.id)?;
            sessions::end_all(tx, user.id)
        })
    }

    /// Makes an API token that does not expire, and returns it: the only time that it
    /// can be read. Blocks.
    pub fn add_token(&self, name: &str, label: &str) -> Result<String, AccountsError> {
        self.write(|tx| {
            let user = users::by_name(tx, name)?.ok_or_else(|| unknown(name))?;
            tokens::insert(tx, user.id, label, now_ms(), None)
        })
    }

    /// Revokes the user's tokens of that label; returns how many there were. Blocks.
    pub fn revoke_tokens(&self, name: &str, label: &str) -> Result<usize, AccountsError> {
        self.write(|tx| {
            let user = users::by_name(tx, name)?.ok_or_else(|| unknown(name))?;
            tokens::revoke(tx, user.id, label)
        })
    }

    /// Forgets what has expired: once at each start of the server. Blocks.
    pub fn purge_expired(&self) -> Result<(), AccountsError> {
        self.write(|tx| {
            tokens::purge(tx, now_ms())?;
            sessions::purge(tx, now_ms())
        })
    }

    /// The user of that name, if the password is right. An unknown name takes as long
    /// as a wrong password.
    pub async fn by_password(
        &self,
        name: &str,
        password: &str,
    ) -> Result<Option<User>, AccountsError> {
        let wanted = name.to_owned();
        let user = self.ask(move |c| users::by_name(c, &wanted)).await?;
        let is_right = self.verify(user.as_ref(), password).await?;
        Ok(user.filter(|_| is_right))
    }

    /// The user of an API token or a login key.
    pub async fn by_token(&self, token: &str) -> Result<Option<User>, AccountsError> {
        let token = token.to_owned();
        self.ask(move |c| tokens::user(c, &token, now_ms())).await
    }

    /// The user of a session cookie, with the hash of the session's CSRF token.
    pub(super) async fn by_session(
        &self,
        session: &str,
    ) -> Result<Option<(User, SecretHash)>, AccountsError> {
        let session = session.to_owned();
        self.ask(move |c| sessions::user(c, &session, now_ms()))
            .await
    }

    /// Checks a password given with a name or an e-mail address, and begins a session.
    pub async fn log_in(&self, who: &str, password: &str) -> Result<Option<Login>, AccountsError> {
        let wanted = who.to_owned();
        let user = self
            .ask(move |c| match users::by_name(c, &wanted)? {
                Some(user) => Ok(Some(user)),
                None => users::by_email(c, &wanted),
            })
            .await?;
        let is_right = self.verify(user.as_ref(), password).await?;
        let Some(user) = user.filter(|_| is_right) else {
            return Ok(None);
        };
        let login = self.tell(move |tx| {
            // Removed or changed while the password was verified.
            let current = users::by_name(tx, &user.name)?;
            if current.is_none_or(|current| current.password_hash != user.password_hash) {
                return Ok(None);
            }
            sessions::begin(tx, user.id, now_ms()).map(Some)
        });
        login.await
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

    async fn verify(&self, user: Option<&User>, password: &str) -> Result<bool, AccountsError> {
        let remembered = &self.inner.remembered;
        let fingerprint =
            user.map(|user| remembered.fingerprint(user.id, &user.password_hash, password));
        let is_remembered = || {
            fingerprint
                .is_some_and(|fingerprint| remembered.contains(fingerprint, clock::monotonic()))
        };
        if is_remembered() {
            return Ok(true);
        }
        let turn = self.inner.verifications.acquire();
        let _turn = tokio::time::timeout(VERIFICATION_WAIT, turn)
            .await
            .map_err(|_| AccountsError::TooManyLogins)?
            .expect("the semaphore is never closed");
        // Another request of the same client may have had its turn before.
        if is_remembered() {
            return Ok(true);
        }
        let hash = user.map(|user| user.password_hash.clone());
        let password = password.to_owned();
        let verification =
            tokio::task::spawn_blocking(move || passwords::verify(&password, hash.as_deref()));
        let is_right = verification.await.map_err(AccountsError::Stopped)?;
        if let (true, Some(fingerprint)) = (is_right, fingerprint) {
            remembered.insert(fingerprint, clock::monotonic());
        }
        Ok(is_right)
    }

    /// Reads on a blocking thread.
    async fn ask<T, F>(&self, read: F) -> Result<T, AccountsError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, AccountsError> + Send + 'static,
    {
        let accounts = self.clone();
        tokio::task::spawn_blocking(move || accounts.read(read))
            .await
            .map_err(AccountsError::Stopped)?
    }

    /// Writes on a blocking thread.
    async fn tell<T, F>(&self, write: F) -> Result<T, AccountsError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, AccountsError> + Send + 'static,
    {
        let accounts = self.clone();
        tokio::task::spawn_blocking(move || accounts.write(write))
            .await
            .map_err(AccountsError::Stopped)?
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
