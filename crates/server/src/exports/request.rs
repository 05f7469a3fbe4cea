//! What an export is asked for.

use annoscope_query::RowFilter;
use annoscope_store::EventFilter;
use uuid::Uuid;

use super::job::Format;
use crate::identity::Principal;
use crate::identity::rights::{self, Denied};

/// A parameter that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct InvalidParameter {
    /// The parameter's name.
    pub name: &'static str,
    /// What is wrong with its value.
    pub problem: String,
}

/// An export that may be started, once the caller's rights have narrowed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportRequest {
    /// Which events.
    pub filter: EventFilter,
    /// Which of their columns ([`annoscope_events::EXPORT_COLUMNS`]), in this order.
    pub columns: Vec<&'static str>,
    /// In which format.
    pub format: Format,
    /// Under which name.
    pub file_name: String,
    /// The id that the request names.
    pub query_id: Option<Uuid>,
    /// Whether it asks for the file (`action=download`).
    pub is_download: bool,
}

impl ExportRequest {
    /// Narrows the request to what the caller may see; refuses one that asks for more.
    pub fn narrow(mut self, principal: &Principal) -> Result<ExportRequest, Denied> {
        let requested = RowFilter {
            user_id: self.filter.user_id,
            org_id: self.filter.org_id,
        };
        let RowFilter { user_id, org_id } = rights::export_filter(principal, requested)?;
        self.filter.user_id = user_id;
        self.filter.org_id = org_id;
        self.filter.kinds = rights::export_kinds(principal);
        Ok(self)
    }
}
