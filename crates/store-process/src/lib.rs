//! A store in a process of its own: what a query takes with it is the process, not the server.
//!
//! Of the process a memory that grows, a thread that cannot be interrupted and a crash are gone within
//! a second, and events come in meanwhile. The crate serves any
//! [`Backend`](annoscope_store::Backend) and knows no database.
//!
//! - At the server's end [`ProcessBackend`] is a backend; `keeper.rs` keeps its process running.
//! - At the process's end [`serve()`] answers, and [`settle_in`] makes it the first to die.
//! - Between both, `door.rs` hands over a connection for each call. On it go a request and its answer as
//!   frames (`frame.rs`): messages are JSON (`message.rs`, `failure.rs`), rows are Arrow's (`rows.rs`).
//!
//! **Invariant:** rows without their end are an error (`a_stream_that_is_cut_off_is_an_error` in
//! `tests/process.rs`).

mod backend;
mod call;
mod child;
mod door;
mod failure;
mod frame;
mod keeper;
mod message;
mod process;
mod quarantine;
mod rows;
mod running;
mod serve;

pub use backend::ProcessBackend;
pub use child::settle_in;
pub use keeper::Spawn;
pub use process::{ChildProcess, End, Process};
pub use serve::{ServeError, serve};
