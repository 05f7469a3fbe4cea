//! Webhooks of annotation tools as server events.
//!
//! A tool tells by a webhook how a resource is now. What changed comes from a comparison with the last known state,
//! which the caller keeps: [`Delivery::changes`] takes it and gives events and new states, to be stored together.
//!
//! A third tool is a table ([`Tool`]): what its deliveries are called, which resource each names, and what of a
//! resource is none of its properties. The crate does no I/O and has no clock.

mod adapter;
mod annotations;
mod changes;
mod cvat;
mod delivery;
mod label_studio;
mod place;
mod secret;
#[cfg(test)]
mod tests;

pub use adapter::{Tool, UnknownTool};
pub use changes::{Changes, KnownState, Receipt, ResourceKey};
pub use delivery::{Delivery, InvalidDelivery};
pub use secret::{Credentials, is_authentic};
