//! What every request has: the database, and where annoscope is.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use tokio::sync::Notify;
use tokio::task::block_in_place;

use crate::change::Change;
use crate::clock;
use crate::database::{self, Records};
use crate::error::Result;
use crate::request::Caller;

#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    connection: Mutex<Connection>,
    annoscope: String,
    http: reqwest::Client,
    events_wait: Notify,
}

impl App {
    pub fn open(data_dir: &Path, annoscope: &str) -> anyhow::Result<App> {
        let connection = database::open(&data_dir.join("example.sqlite"))?;
        crate::outbox::prepare(&connection)?;
        Ok(App(Arc::new(Inner {
            connection: Mutex::new(connection),
            annoscope: annoscope.trim_end_matches('/').to_owned(),
            http: reqwest::Client::new(),
            events_wait: Notify::new(),
        })))
    }

    pub fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    /// annoscope's address, without a slash at its end.
    pub fn annoscope(&self) -> &str {
        &self.0.annoscope
    }

    /// Is told when events wait to be sent.
    pub fn events_wait(&self) -> &Notify {
        &self.0.events_wait
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
        let result = block_in_place(|| {
            let mut connection = self.connection();
            let transaction = connection.transaction()?;
            let result = work(&Change::new(Records(&transaction), caller, clock::now()))?;
            transaction.commit()?;
            Ok(result)
        });
        self.events_wait().notify_one();
        result
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
