//! `GET /api/events` as CVAT made it: one address that starts an export, tells how far it
//! is, and hands it out (contract.md, "Exports").
//!
//! Where we differ: a job is deleted when its file was sent whole, not when a download
//! begins; and HEAD, which CVAT's documentation uses for polling, never deletes anything.
//! HEAD with an unknown id starts an export as GET does, or a poll by HEAD would go on for
//! ever after a result expired; HEAD without an id starts nothing, since its answer has
//! no body to give the id in.

use annoscope_events::Timestamp;
use uuid::Uuid;

use super::Exports;
use super::download::Download;
use super::error::ExportError;
use super::job::{JobKey, Owner, State};
use super::request::ExportRequest;

/// What a request may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// GET.
    AndConsume,
    /// HEAD.
    WithoutConsuming,
}

/// Whose export is wanted, and how.
pub struct Wanted {
    /// Who asks.
    pub owner: Owner,
    /// For which events.
    pub request: ExportRequest,
    /// By which method.
    pub ask: Ask,
}

/// The answer.
pub enum Answer {
    /// This request has begun it.
    Started {
        /// The id to ask again with.
        query_id: Uuid,
    },
    /// It is under way.
    Pending {
        /// The id to ask again with.
        query_id: Uuid,
    },
    /// It is ready, and the request did not ask for the file.
    Finished,
    /// It is ready.
    Download(Box<Download>),
    /// It failed.
    Failed {
        /// Why.
        message: String,
    },
}

impl Exports {
    /// Answers one request of the flow.
    pub async fn answer(&self, wanted: Wanted, now: Timestamp) -> Result<Answer, ExportError> {
        let Wanted {
            owner,
            request,
            ask,
        } = wanted;
        let id = match (request.query_id, ask) {
            (Some(id), _) => id,
            (None, Ask::AndConsume) => Uuid::new_v4(),
            (None, Ask::WithoutConsuming) => {
                let query_id = Uuid::new_v4();
                return Ok(Answer::Pending { query_id });
            }
        };
        let key = JobKey {
            owner_id: owner.id,
            id,
        };
        let Some(job) = self.get(key, now).await else {
            return self.begin(owner, id, request, now).await;
        };
        match job.state {
            State::Queued | State::Started { .. } => Ok(Answer::Pending { query_id: id }),
            State::Finished { .. } if !request.is_download => Ok(Answer::Finished),
            State::Finished { .. } => match self.download(key, now).await {
                Ok(download) => Ok(Answer::Download(Box::new(download))),
                // Someone removed the file, or took the job a moment ago: as if unknown.
                Err(ExportError::FileGone | ExportError::Unknown) => {
                    self.begin(owner, id, request, now).await
                }
                Err(error) => Err(error),
            },
            State::Failed { ref message, .. } => {
                let message = message.clone();
                if ask == Ask::AndConsume {
                    self.delete(job).await;
                }
                Ok(Answer::Failed { message })
            }
        }
    }

    async fn begin(
        &self,
        owner: Owner,
        id: Uuid,
        request: ExportRequest,
        now: Timestamp,
    ) -> Result<Answer, ExportError> {
        match self.start(owner, id, request, now).await {
            Ok(_) => Ok(Answer::Started { query_id: id }),
            // Two polls at once: the other one was first.
            Err(ExportError::StillRunning) => Ok(Answer::Pending { query_id: id }),
            Err(error) => Err(error),
        }
    }
}
