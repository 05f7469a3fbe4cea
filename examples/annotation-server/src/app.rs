//! What every request has: the database, and where annoscope is.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annoscope_recorder::{RusqliteOutbox, recorded};
use rusqlite::{Connection, TransactionBehavior};
use tokio::task::block_in_place;

use crate::change::Change;
use crate::database::{self, Records};
use crate::error::Result;
use crate::request::Caller;

#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    connection: Mutex<Connection>,
    annoscope: String,
    http: reqwest::Client,
    outbox: RusqliteOutbox,
}

impl App {
    pub fn open(data_dir: &Path, annoscope: &str) -> anyhow::Result<App> {
        let path = data_dir.join("example.sqlite");
        let connection = database::open(&path)?;
        Ok(App(Arc::new(Inner {
            connection: Mutex::new(connection),
            annoscope: annoscope.trim_end_matches('/').to_owned(),
            http: reqwest::Client::new(),
            outbox: RusqliteOutbox::open(&path)?,
        })))
    }

    pub fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    /// annoscope's address, without a slash at its end.
    pub fn annoscope(&self) -> &str {
        &self.0.annoscope
    }

    /// Where events wait to be sent, in the same database.
    pub fn outbox(&self) -> Arc<RusqliteOutbox> {
        Arc::new(self.0.outbox.clone())
    }

    pub fn read<T>(&self, work: impl FnOnce(Records<'_>) -> Result<T>) -> Result<T> {
        block_in_place(|| work(Records(&self.connection())))
    }

    /// Does `work` in a transaction, which also has the events of what is changed. An error changes nothing.
    pub fn change<T>(
        &self,
        caller: &Caller,
        work: impl FnOnce(&Change<'_>) -> Result<T>,
    ) -> Result<T> {
        block_in_place(|| {
            let mut connection = self.connection();
            // From the start a writer: the relay may write between a read and the first change.
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = recorded(|occasion| {
                let records = Records(&transaction);
                work(&Change::new(records, &self.0.outbox, caller, occasion))
            })?;
            transaction.commit()?;
            Ok(result)
        })
    }

    pub fn connection(&self) -> MutexGuard<'_, Connection> {
        // A transaction that a panic ended was rolled back.
        self.0
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The account `admin`, unless there is one.
    pub fn make_admin(&self, password: &str) -> Result<()> {
        use crate::resources::users;
        let nobody = Caller::default();
        self.change(&nobody, |change| {
            if change
                .list(annoscope_events::ResourceKind::User)?
                .is_empty()
            {
                users::add(change, users::admin(), password)?;
            }
            Ok(())
        })
    }
}
