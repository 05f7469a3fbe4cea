//! The catalogue made anew: what events tell of users, projects, tasks and jobs.

use annoscope_store::{EventStore, Rewrite, StoreError};

/// Makes it anew from all events, and says what there is then. Blocks; events that come meanwhile wait in the journal.
pub fn rebuild(store: &dyn EventStore) -> Result<String, StoreError> {
    let n_facts = store.rewrite(&Rewrite::Catalogue)?.n_rows;
    tracing::info!(n_facts, "made the catalogue anew");
    Ok(format!(
        "the catalogue was made anew: {n_facts} facts are kept"
    ))
}
