//! What the command line asks of the running server: a socket in the data directory, which is for its owner alone as
//! the files beside it are. Who can open it could read and change those, too.
//!
//! A connection is one request. Messages are lines of JSON, a batch of rows follows its line (`wire.rs`).

mod client;
mod listener;
mod requests;
mod socket;
mod wire;

pub use client::{Client, ControlError, Hold};
pub use listener::Control;

/// What moves events of an outbox to the store holds it, and so does who needs outboxes and store as of one moment.
pub type Moving = std::sync::Arc<tokio::sync::Mutex<()>>;
