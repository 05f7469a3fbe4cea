//! What a server was asked to do: exports and imports of datasets, calls of functions.

use serde_json::{Map, Value, json};

use super::secrets::members_without_secrets;
use super::{Occasion, Place};
use crate::event::StoredEvent;

/// A dataset that is exported or imported.
#[derive(Clone, Copy, Debug)]
pub struct Dataset<'a> {
    /// Name of its format.
    pub format: &'a str,
    /// Whether the images are in it; imports do not say.
    pub save_images: Option<bool>,
    /// Id of the cloud storage that it goes to or comes from.
    pub cloud_storage_id: Option<i64>,
}

impl Dataset<'_> {
    fn payload(&self) -> Map<String, Value> {
        let mut payload = Map::new();
        payload.insert("format".to_owned(), json!(self.format));
        if let Some(save_images) = self.save_images {
            payload.insert("save_images".to_owned(), json!(save_images));
        }
        if let Some(id) = self.cloud_storage_id {
            payload.insert("cloud_storage".to_owned(), json!({ "id": id }));
        }
        payload
    }
}

impl Occasion<'_> {
    /// `export:dataset`: recorded when it is asked for.
    pub fn dataset_exported(&self, place: &Place, dataset: Dataset<'_>) -> StoredEvent {
        self.event("export:dataset", place, dataset.payload())
    }

    /// `import:dataset`: recorded when it is asked for.
    pub fn dataset_imported(&self, place: &Place, dataset: Dataset<'_>) -> StoredEvent {
        self.event("import:dataset", place, dataset.payload())
    }

    /// `call:function`: a model is asked about a task or a job. `more` is what else the payload has. The event
    /// names no organization.
    pub fn function_called(
        &self,
        place: &Place,
        function_id: &str,
        more: &Map<String, Value>,
    ) -> StoredEvent {
        let mut payload = Map::new();
        payload.insert("function".to_owned(), json!({ "id": function_id }));
        for (key, value) in members_without_secrets(more) {
            payload.entry(key).or_insert(value);
        }
        let place = Place {
            org: None,
            ..place.clone()
        };
        self.event("call:function", &place, payload)
    }
}
