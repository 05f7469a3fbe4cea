//! HTTP: listening, connections, the way of a request, the routes and their answers.
//!
//! A request goes through `request_id`, `forwarded` (its client, behind trusted proxies), `headers`
//! and `access` (its principal and rights) to its handler in `routes`; [`router`] has all of them on
//! one screen. What the rest of the server returns becomes a status code in [`error`].
//!
//! **Invariant:** nothing outside of this folder but the start of the server names it
//! (`what_is_not_http_names_nothing_of_it` in `borders.rs`).

pub(crate) mod access;
pub(crate) mod admission;
mod authenticate;
mod clickhouse;
pub(crate) mod connections;
mod content_encoding;
mod csrf;
mod description;
pub(crate) mod error;
mod exceptions;
mod extract;
pub(crate) mod forwarded;
mod headers;
pub(crate) mod listener;
mod media_type;
mod organization;
pub(crate) mod request_id;
pub(crate) mod router;
mod routes;
pub(crate) mod rules;
pub(crate) mod state;
pub(crate) mod tls;
