//! Extractors: what a handler takes of a request.

mod json_body;
mod path;
mod principal;

pub use json_body::JsonBody;
pub use path::Path;
pub use principal::VisibleRows;
pub(crate) use principal::actor_of;
