//! `send:exception`: requests and background jobs that failed.

use serde_json::{Map, Value, json};

use super::secrets::{members_without_secrets, url_without_secrets};
use super::{Occasion, Place};
use crate::event::{Event, StoredEvent};

/// Longest message of an exception, characters.
const MAX_MESSAGE_CHARS: usize = 2_000;

/// Longest stack, characters: a hundred frames of a verbose framework.
const MAX_STACK_CHARS: usize = 20_000;

/// Longest path with its query, characters.
const MAX_URL_CHARS: usize = 2_000;

/// The status of "not authenticated", which is no exception: anybody can cause it, and means nothing by it.
const UNAUTHORIZED: u16 = 401;

/// A request that was answered with an error.
#[derive(Clone, Copy, Debug, Default)]
pub struct FailedRequest<'a> {
    /// What went wrong.
    pub message: &'a str,
    /// Where, if that is known.
    pub stack: &'a str,
    /// Name of the route.
    pub basename: Option<&'a str>,
    /// What the route does: `retrieve`, `create`.
    pub action: Option<&'a str>,
    /// Method of the request.
    pub method: &'a str,
    /// Path with query.
    pub url: &'a str,
    /// The query's parameters; an object, or null for none.
    pub query_params: Option<&'a Map<String, Value>>,
    /// Of the request's body.
    pub content_type: Option<&'a str>,
    /// Of the answer.
    pub status_code: u16,
}

/// A background job that failed.
#[derive(Clone, Copy, Debug)]
pub struct FailedJob<'a> {
    /// The last line of what it said.
    pub message: &'a str,
    /// All of it.
    pub stack: &'a str,
}

impl Occasion<'_> {
    /// `send:exception` of a request; none for 401. Of user and place it has the user alone.
    pub fn request_failed(&self, failed: &FailedRequest<'_>) -> Option<StoredEvent> {
        if failed.status_code == UNAUTHORIZED {
            return None;
        }
        let mut request = Map::new();
        let url = url_without_secrets(failed.url);
        request.insert("url".to_owned(), json!(cut(&url, MAX_URL_CHARS)));
        let query_params = failed.query_params.map(members_without_secrets);
        request.insert(
            "query_params".to_owned(),
            json!(query_params.unwrap_or_default()),
        );
        request.insert("content_type".to_owned(), json!(failed.content_type));
        request.insert("method".to_owned(), json!(failed.method));
        request.extend(self.request());
        let mut payload = Map::new();
        payload.insert("basename".to_owned(), json!(failed.basename));
        payload.insert("action".to_owned(), json!(failed.action));
        payload.insert("request".to_owned(), Value::Object(request));
        payload.extend(texts(failed.message, failed.stack));
        payload.insert("status_code".to_owned(), json!(failed.status_code));
        Some(once(self.with_payload(
            "send:exception",
            &Place::default(),
            payload,
        )))
    }

    /// `send:exception` of a background job.
    pub fn job_failed(&self, place: &Place, failed: FailedJob<'_>) -> StoredEvent {
        let payload = texts(failed.message, failed.stack);
        once(self.event("send:exception", place, payload))
    }
}

fn texts(message: &str, stack: &str) -> Map<String, Value> {
    Map::from_iter([
        ("message".to_owned(), json!(cut(message, MAX_MESSAGE_CHARS))),
        ("stack".to_owned(), json!(cut(stack, MAX_STACK_CHARS))),
    ])
}

fn cut(text: &str, max_chars: usize) -> &str {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

fn once(stored: StoredEvent) -> StoredEvent {
    StoredEvent {
        event: Event {
            count: Some(1),
            ..stored.event
        },
        ..stored
    }
}
