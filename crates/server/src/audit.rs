//! annoscope's own server events: the audit trail of the tool itself.
//!
//! A change of an account writes its event in its own transaction (`identity/accounts`); exports,
//! failed logins and exceptions write theirs to the same table. From there [`AuditTrail::keep_moving`] takes
//! them to the store, through the endpoint of servers' events, and then forgets them.
//!
//! **Invariant:** what was answered for is in the trail, whatever is killed when
//! (`test_the_audit_trail_survives_a_kill` in `tests/accounts/test_audit.py`).

use std::time::Duration;

use annoscope_events::{FailedRequest, Occasion, Place, StoredEvent, Timestamp};
use serde_json::{Map, json};

use crate::clock;
use crate::control::Moving;
use crate::exports::ExportRequest;
use crate::identity::{Accounts, AccountsError, Actor, Principal};
use crate::ingest::{Ingest, RecordedError};
use crate::retention::Outcome;

/// How often the table is looked at: the command line writes to it, too.
const PERIOD: Duration = Duration::from_secs(1);

/// Events that are moved at once.
const BATCH: u32 = 500;

/// Takes events from the accounts' file to the store.
#[derive(Clone)]
pub struct AuditTrail {
    /// Held while events move.
    pub moving: Moving,
    /// Where they are recorded.
    pub accounts: Accounts,
    /// Where they go.
    pub ingest: Ingest,
    /// Whether they are stored; else they are only forgotten.
    pub is_on: bool,
}

/// Why events stay recorded.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The accounts' file cannot be read or written.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// They cannot be stored.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
}

/// The event of an answer of 500, as exceptions of CVAT's server are.
pub fn exception(failed: &FailedRequest<'_>, actor: &Actor) -> Option<StoredEvent> {
    let occasion = Occasion {
        cause: &actor.cause(),
        at: clock::now(),
    };
    occasion.request_failed(failed)
}

/// The event of an export (contract.md, "Server events").
pub fn export(request: &ExportRequest, principal: &Principal, actor: &Actor) -> StoredEvent {
    let filter = &request.filter;
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let ids = json!({
        "from": time(filter.from),
        "to": time(filter.to),
        "org_id": filter.org_id,
        "project_id": filter.project_id,
        "task_id": filter.task_id,
        "job_id": filter.job_id,
        "user_id": filter.user_id,
    });
    let payload = Map::from_iter([
        ("format".to_owned(), json!(request.format.name())),
        ("kind".to_owned(), json!("events")),
        ("filter".to_owned(), ids),
    ]);
    let place = Place {
        org: principal.organization.clone(),
        ..Place::default()
    };
    let occasion = Occasion {
        cause: &actor.cause(),
        at: clock::now(),
    };
    occasion.event("export:dataset", &place, payload)
}

/// The event of a run that removed old events.
pub fn retention(outcome: &Outcome) -> StoredEvent {
    let cuts = outcome.plan.cuts.iter().map(|cut| {
        json!({
            "class": cut.class.name(),
            "from": Timestamp::from_micros(cut.from_us).to_string(),
            "until": Timestamp::from_micros(cut.until_us).to_string(),
        })
    });
    let payload = Map::from_iter([
        ("removed".to_owned(), json!(outcome.n_removed)),
        ("cuts".to_owned(), json!(cuts.collect::<Vec<_>>())),
    ]);
    let occasion = Occasion {
        cause: &Actor::default().cause(),
        at: clock::now(),
    };
    occasion.event("delete:events", &Place::default(), payload)
}

impl AuditTrail {
    /// Moves what is recorded to the store, now and then, until it is dropped.
    pub async fn keep_moving(self) {
        let mut period = tokio::time::interval(PERIOD);
        period.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut is_failing = false;
        loop {
            period.tick().await;
            match self.move_all().await {
                Ok(()) => is_failing = false,
                // Said once: the store says itself what is wrong with it.
                Err(error) if !is_failing => {
                    is_failing = true;
                    tracing::warn!(%error, "the audit trail waits for the store");
                }
                Err(_) => {}
            }
        }
    }

    /// Moves all that is recorded.
    pub async fn move_all(&self) -> Result<(), AuditError> {
        loop {
            let _moving = self.moving.lock().await;
            let Some((last, body)) = self.accounts.recorded(BATCH).await? else {
                return Ok(());
            };
            if self.is_on {
                self.ingest.recorded_events(&body).await?;
            }
            self.accounts.forget_recorded(last).await?;
        }
    }
}
