//! Passwords that are tried, and the sessions that they begin.
//!
//! All waiting is bounded: [`VERIFICATION_WAIT`] for a turn to verify a password.

use std::time::Duration;

use annoscope_events::{Event, Occasion, Place, StoredEvent, Timestamp};
use serde_json::Map;

use super::users::{self, AccountRow, UserChange};
use super::{Accounts, AccountsError, known_places, now_ms, sessions, tokens};
use super::{Actor, Login, Weight};
use crate::clock;
use crate::identity::lockout::Try;
use crate::identity::{Account, passwords};

/// Verifications at the same time: each takes a core and 19 MiB.
pub(super) const MAX_VERIFICATIONS: usize = 2;

/// How long a login waits for its turn before it is told to come again.
const VERIFICATION_WAIT: Duration = Duration::from_secs(10);

impl Accounts {
    /// The user of that name, if the password is right and the user may log in. An unknown
    /// name takes as long as a wrong password.
    pub async fn by_password(
        &self,
        name: &str,
        password: &str,
        actor: &Actor,
    ) -> Result<Option<Account>, AccountsError> {
        let wanted = name.to_owned();
        let user = self
            .read_blocking(move |c| users::by_name(c, &wanted))
            .await?;
        let user = self.verified(name, user, password, actor).await?;
        Ok(user.map(|user| user.account))
    }

    /// Whether there is a user of that name.
    pub async fn has_user(&self, name: &str) -> Result<bool, AccountsError> {
        let wanted = name.to_owned();
        let user = self.read_blocking(move |c| users::by_name(c, &wanted));
        Ok(user.await?.is_some())
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
            .read_blocking(move |c| match users::by_name(c, &wanted)? {
                Some(user) => Ok(Some(user)),
                None => users::by_email(c, &wanted),
            })
            .await?;
        let Some(user) = self.verified(who, user, password, actor).await? else {
            return Ok(None);
        };
        let login = self.write_blocking(move |tx| {
            // Removed or changed while the password was verified.
            let current = users::by_id(tx, user.account.id)?;
            let is_same = |current: AccountRow| {
                current.is_active && current.password_hash == user.password_hash
            };
            if !current.is_some_and(is_same) {
                return Ok(None);
            }
            sessions::begin(tx, user.account.id, now_ms()).map(Some)
        });
        login.await
    }

    /// Sets one's own password, which takes the old one. All logins end.
    pub async fn change_password(
        &self,
        actor: Actor,
        account: &Account,
        old: &str,
        new: String,
    ) -> Result<(), AccountsError> {
        let known = self.by_password(&account.name, old, &actor).await?;
        if known.is_none() {
            return Err(AccountsError::WrongPassword);
        }
        let user_id = account.id;
        self.blocking(move |accounts| {
            let change = UserChange {
                password: Some(new),
                ..UserChange::default()
            };
            accounts.change_user(&actor, user_id, &change).map(drop)
        })
        .await
    }

    /// Ends a session and, if the token is a login key, that too. API tokens stay.
    pub async fn log_out(
        &self,
        session: Option<String>,
        token: Option<String>,
    ) -> Result<(), AccountsError> {
        self.write_blocking(move |tx| {
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
        user: Option<AccountRow>,
        password: &str,
        actor: &Actor,
    ) -> Result<Option<AccountRow>, AccountsError> {
        let remembered = &self.inner.remembered;
        let fingerprint = user
            .as_ref()
            .map(|user| remembered.fingerprint(user.account.id, &user.password_hash, password));
        let is_remembered = || {
            fingerprint
                .is_some_and(|fingerprint| remembered.contains(fingerprint, clock::monotonic()))
        };
        let active = |user: Option<AccountRow>| user.filter(|user| user.is_active);
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
            let user_id = user.map(|user| user.account.id);
            self.record_failed_login(typed_name, user_id, actor).await?;
            return Ok(None);
        }
        lockout.succeeded(by);
        if let (Some(user), Some(address)) = (&user, actor.address) {
            let user_id = user.account.id;
            let seen =
                self.write_blocking(move |tx| known_places::seen(tx, user_id, address, now_ms()));
            // A full disk keeps no right password out.
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
    async fn is_known(
        &self,
        user: Option<&AccountRow>,
        actor: &Actor,
    ) -> Result<bool, AccountsError> {
        let (Some(user), Some(address)) = (user, actor.address) else {
            return Ok(false);
        };
        let user_id = user.account.id;
        self.read_blocking(move |c| known_places::contains(c, user_id, address, now_ms()))
            .await
    }

    async fn record_failed_login(
        &self,
        typed_name: &str,
        user_id: Option<i64>,
        actor: &Actor,
    ) -> Result<(), AccountsError> {
        let occasion = Occasion {
            cause: &actor.cause(),
            at: Timestamp::from_millis(now_ms()),
        };
        let stored = occasion.event("fail:login", &Place::default(), Map::new());
        let event = Event {
            // People type passwords where names belong: only the name of an account is recorded.
            obj_name: user_id.map(|_| typed_name.to_owned()),
            obj_id: user_id,
            ..stored.event
        };
        let stored = StoredEvent { event, ..stored };
        self.record(stored, Weight::Light).await
    }
}
