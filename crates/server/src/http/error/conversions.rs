//! What each error of the parts below means to a client.

use annoscope_events::{InvalidDocument, InvalidRequest};
use annoscope_formats::ErrorBody;
use annoscope_query::QueryError;
use annoscope_store::StoreError;
use annoscope_webhooks::InvalidDelivery;

use super::{AFTER_RESTART_S, ApiError, BoxError, SOON_S};
use crate::dashboards::DashboardError;
use crate::exports::{ExportError, InvalidParameter};
use crate::http::authenticate::AuthError;
use crate::http::organization::OrganizationError;
use crate::http::routes::query::body::InvalidBody;
use crate::identity::rights::Denied;
use crate::identity::{
    AccountsError, CvatUnavailable, RefusedOrganization, RefusedToken, RefusedUser,
};
use crate::ingest::IngestError;
use crate::readiness::NotReady;
use crate::webhooks::WebhookError;

/// When to come again if the disk is full, seconds: a person has to make room.
const WHEN_THERE_IS_ROOM_S: u32 = 30;

impl From<InvalidRequest> for ApiError {
    fn from(error: InvalidRequest) -> ApiError {
        ApiError::Invalid {
            body: error.body().clone(),
        }
    }
}

impl From<InvalidDocument> for ApiError {
    fn from(error: InvalidDocument) -> ApiError {
        ApiError::BadDocument {
            detail: error.to_string(),
        }
    }
}

impl From<InvalidDelivery> for ApiError {
    fn from(error: InvalidDelivery) -> ApiError {
        ApiError::BadDocument {
            detail: error.to_string(),
        }
    }
}

/// What a sender cannot mend is for it to send again.
impl From<WebhookError> for ApiError {
    fn from(error: WebhookError) -> ApiError {
        let detail = error.to_string();
        match error {
            WebhookError::Unknown { .. } => ApiError::Unknown { detail },
            WebhookError::Refused(_) => ApiError::Invalid {
                body: serde_json::json!({ "name": [detail] }),
            },
            WebhookError::Full { .. } => unavailable(&detail, WHEN_THERE_IS_ROOM_S, error),
            WebhookError::Create { .. }
            | WebhookError::NewerSchema { .. }
            | WebhookError::Sqlite(_)
            | WebhookError::Corrupt(_)
            | WebhookError::Stopped(_) => {
                let detail = "Webhooks cannot be kept now. Try again.";
                unavailable(detail, AFTER_RESTART_S, error)
            }
        }
    }
}

impl From<InvalidParameter> for ApiError {
    fn from(error: InvalidParameter) -> ApiError {
        ApiError::BadRequest {
            message: error.to_string(),
        }
    }
}

impl From<Denied> for ApiError {
    fn from(error: Denied) -> ApiError {
        ApiError::Forbidden {
            detail: error.to_string(),
        }
    }
}

impl From<DashboardError> for ApiError {
    fn from(error: DashboardError) -> ApiError {
        let detail = error.to_string();
        match error {
            DashboardError::Unknown { .. } | DashboardError::UnknownVersion { .. } => {
                ApiError::Unknown { detail }
            }
            DashboardError::Stale { meta, .. } => ApiError::Stale {
                detail,
                meta: serde_json::to_value(meta).expect("it is made of texts and numbers"),
            },
            DashboardError::Taken { .. }
            | DashboardError::BuiltIn { .. }
            | DashboardError::TooMany { .. }
            | DashboardError::Occupied { .. } => ApiError::Conflict { detail },
            DashboardError::Invalid { .. } => ApiError::BadDocument { detail },
            DashboardError::Io { ref source, .. }
                if source.kind() == std::io::ErrorKind::StorageFull =>
            {
                ApiError::Unavailable {
                    detail: "The disk is full: nothing was saved. Make room, and save again."
                        .to_owned(),
                    retry_after_s: WHEN_THERE_IS_ROOM_S,
                    cause: Some(error.into()),
                }
            }
            DashboardError::Io { .. } => ApiError::Internal(error.into()),
        }
    }
}

impl From<OrganizationError> for ApiError {
    fn from(error: OrganizationError) -> ApiError {
        match error {
            OrganizationError::Ambiguous
            | OrganizationError::Contradiction
            | OrganizationError::Invalid { .. } => ApiError::BadRequest {
                message: error.to_string(),
            },
            OrganizationError::Unknown(_) => ApiError::Unknown {
                detail: error.to_string(),
            },
        }
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> ApiError {
        let detail = error.to_string();
        match error {
            AuthError::Missing | AuthError::Invalid(_) => ApiError::Unauthenticated { detail },
            AuthError::Csrf(_) => ApiError::Forbidden { detail },
            AuthError::Accounts(error) => error.into(),
            AuthError::Cvat(CvatUnavailable(silence)) => {
                unavailable(&detail, AFTER_RESTART_S, silence)
            }
        }
    }
}

/// What a person asked for is 4xx and says what is wrong; the rest are failures of the file or
/// of the moment, and the next request may fare better.
impl From<AccountsError> for ApiError {
    fn from(error: AccountsError) -> ApiError {
        let text = error.to_string();
        let field = |name: &str| ApiError::Invalid {
            body: serde_json::json!({ name: [text] }),
        };
        match &error {
            AccountsError::TooManyLogins => {
                let detail = "Too many logins at the same time. Try again.";
                unavailable(detail, AFTER_RESTART_S, error)
            }
            AccountsError::LockedOut(locked) => ApiError::TooManyRequests {
                detail: text,
                retry_after_s: locked.retry_after_s,
            },
            AccountsError::Create { .. }
            | AccountsError::NewerSchema { .. }
            | AccountsError::Sqlite(_)
            | AccountsError::Stopped(_) => {
                let detail = "The accounts cannot be read now. Try again.";
                unavailable(detail, AFTER_RESTART_S, error)
            }
            AccountsError::UnknownUser { .. }
            | AccountsError::Unknown { .. }
            | AccountsError::UnknownOrganization { .. } => ApiError::Unknown { detail: text },
            AccountsError::LastAdmin => ApiError::Conflict { detail: text },
            AccountsError::WrongPassword => field("old_password"),
            AccountsError::Password(_) => field("password"),
            AccountsError::Refused(refused) => match refused {
                RefusedUser::NameTaken { .. } | RefusedUser::BadName => field("username"),
                RefusedUser::IdTaken { .. } | RefusedUser::BadId { .. } => field("id"),
                RefusedUser::BadPersonName => field("first_name"),
                RefusedUser::BadEmail => field("email"),
            },
            AccountsError::RefusedOrganization(refused) => match refused {
                RefusedOrganization::SlugTaken { .. } | RefusedOrganization::BadSlug => {
                    field("slug")
                }
                RefusedOrganization::IdTaken { .. } | RefusedOrganization::BadId { .. } => {
                    field("id")
                }
                RefusedOrganization::BadName => field("name"),
            },
            AccountsError::RefusedToken(refused) => match refused {
                RefusedToken::BadName | RefusedToken::TooMany { .. } => field("name"),
                RefusedToken::Expired => field("expires_in_days"),
            },
        }
    }
}

/// A sender loses nothing by sending again: what was stored is recognized.
impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> ApiError {
        match error {
            StoreError::QueueFull { .. } => {
                unavailable("The server is busy. Try again.", SOON_S, error)
            }
            StoreError::Busy { .. } => {
                let detail = "Other queries occupy the server (settings query.max_concurrent and query.max_wait_ms). Try again.";
                unavailable(detail, SOON_S, error)
            }
            StoreError::JournalFull { .. } => {
                let detail =
                    "The database takes no events, and as many as may wait for it do. Try again.";
                unavailable(detail, WHEN_THERE_IS_ROOM_S, error)
            }
            StoreError::Replaced(_) => {
                let detail = "Another server has taken the place of this one. Try again: the balancer has others.";
                unavailable(detail, WHEN_THERE_IS_ROOM_S, error)
            }
            StoreError::DiskFull { .. } => {
                let detail = "The server's disk is full: nothing is stored until there is room.";
                unavailable(detail, WHEN_THERE_IS_ROOM_S, error)
            }
            StoreError::TimedOut { .. } | StoreError::Interrupted => {
                let detail = "The query was ended before it finished, to make room for events or to stop the server. Try again.";
                unavailable(detail, SOON_S, error)
            }
            StoreError::Lost => {
                let detail = "The store was restarted before this was done. Ask again.";
                unavailable(detail, AFTER_RESTART_S, error)
            }
            StoreError::NotOpen
            | StoreError::NoAnswer
            | StoreError::Io { .. }
            | StoreError::Failed(_)
            | StoreError::OutOfMemory { .. }
            | StoreError::OutOfProcessMemory { .. }
            | StoreError::Statement { .. }
            | StoreError::Quarantined { .. }
            | StoreError::InDoubt(_)
            | StoreError::Rejected(_)
            | StoreError::OutOfStep { .. }
            | StoreError::NoJournal { .. }
            | StoreError::Commit(_) => {
                let detail = "The store does not work now. Try again.";
                unavailable(detail, AFTER_RESTART_S, error)
            }
            StoreError::Unreadable(_) => ApiError::Internal(error.into()),
        }
    }
}

/// All that lies with the query or its author is 400, with a kind that tells which.
impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> ApiError {
        match error {
            QueryError::Sql(_)
            | QueryError::TimeLimit { .. }
            | QueryError::Overtime { .. }
            | QueryError::MemoryLimit { .. }
            | QueryError::ResultRows { .. }
            | QueryError::ProcessMemory { .. }
            | QueryError::Execution { .. }
            | QueryError::SameQueryId { .. }
            | QueryError::Cancelled => ApiError::BadQuery {
                detail: error.to_string(),
                error: Box::new(error.to_error_body()),
                field: None,
            },
            QueryError::Store(error) => error.into(),
            QueryError::Internal(cause) => ApiError::Internal(cause),
        }
    }
}

impl From<InvalidBody> for ApiError {
    fn from(error: InvalidBody) -> ApiError {
        ApiError::BadQuery {
            detail: error.to_string(),
            error: Box::new(ErrorBody::new("request", error.message)),
            field: error.field,
        }
    }
}

impl From<IngestError> for ApiError {
    fn from(error: IngestError) -> ApiError {
        match error {
            IngestError::Store(error) => error.into(),
            IngestError::DeadLetter(error) => {
                let detail = "Events that cannot be stored could not be set aside. Try again.";
                unavailable(detail, WHEN_THERE_IS_ROOM_S, error)
            }
            IngestError::ShuttingDown => ApiError::ShuttingDown,
        }
    }
}

impl From<ExportError> for ApiError {
    fn from(error: ExportError) -> ApiError {
        let text = error.to_string();
        match error {
            ExportError::Unknown => ApiError::UnknownRequest { message: text },
            ExportError::FileGone => ApiError::Unknown { detail: text },
            ExportError::StillRunning => ApiError::Conflict { detail: text },
            ExportError::NotQueued { .. } | ExportError::NotFinished { .. } => {
                ApiError::BadRequest { message: text }
            }
            ExportError::TooMany { .. } => ApiError::Unavailable {
                detail: text,
                retry_after_s: AFTER_RESTART_S,
                cause: None,
            },
            ExportError::Disk(failure) => {
                let detail = "The export cannot be started: the disk does not take it.";
                unavailable(detail, WHEN_THERE_IS_ROOM_S, failure)
            }
            ExportError::ShuttingDown => ApiError::ShuttingDown,
        }
    }
}

impl From<NotReady> for ApiError {
    fn from(NotReady(reason): NotReady) -> ApiError {
        ApiError::NotReady { reason }
    }
}

fn unavailable(detail: &str, retry_after_s: u32, cause: impl Into<BoxError>) -> ApiError {
    ApiError::Unavailable {
        detail: detail.to_owned(),
        retry_after_s,
        cause: Some(cause.into()),
    }
}
