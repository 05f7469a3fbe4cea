//! A layer around the host's routes: ids of requests, and exceptions.

use std::any::Any;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::task::{Poll, ready};

use annoscope_events::{Cause, FailedRequest};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header};
use tokio::sync::Semaphore;
use tower::{Layer, Service};
use uuid::Uuid;

use crate::{Context, Outbox, recorded};

/// The header that carries the id back.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Exceptions on their way to the outbox at once; further ones are dropped and counted. Anybody may be able to cause them.
const MAX_EXCEPTIONS: usize = 64;

/// Gives each request an id of its own (a UUID, taken from nobody) and a [`Context`], which is the current one for the
/// handler and an extension of the request. Each answer has the id as `X-Request-Id`.
#[derive(Clone, Default)]
pub struct RequestLayer {
    exceptions: Option<Exceptions>,
}

#[derive(Clone)]
struct Exceptions {
    outbox: Arc<dyn Outbox>,
    room: Arc<Semaphore>,
}

/// What went wrong, as an extension of the answer: what an exception's event says beside the request and the status. Without it
/// an answer of 5xx has an event that names the status alone.
#[derive(Clone, Debug, Default)]
pub struct Failure {
    /// What went wrong.
    pub message: String,
    /// Where, if it is known.
    pub stack: String,
    /// Name of the route.
    pub basename: Option<String>,
    /// What the route does.
    pub action: Option<String>,
}

impl RequestLayer {
    /// Ids and contexts.
    pub fn new() -> RequestLayer {
        RequestLayer::default()
    }

    /// Also records `send:exception` of answers of 5xx, of others that carry a [`Failure`], and of panics, which go on
    /// after that. Nothing waits for it: it is written when the answer is on its way.
    #[must_use]
    pub fn with_exceptions(outbox: Arc<dyn Outbox>) -> RequestLayer {
        RequestLayer {
            exceptions: Some(Exceptions {
                outbox,
                room: Arc::new(Semaphore::new(MAX_EXCEPTIONS)),
            }),
        }
    }
}

impl<S> Layer<S> for RequestLayer {
    type Service = RequestService<S>;

    fn layer(&self, inner: S) -> RequestService<S> {
        RequestService {
            inner,
            exceptions: self.exceptions.clone(),
        }
    }
}

/// The service that [`RequestLayer`] makes.
#[derive(Clone)]
pub struct RequestService<S> {
    inner: S,
    exceptions: Option<Exceptions>,
}

impl<S, B, R> Service<Request<B>> for RequestService<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<R>, S::Error>>;

    fn poll_ready(&mut self, context: &mut std::task::Context<'_>) -> Poll<Result<(), S::Error>> {
        Poll::Ready(ready!(self.inner.poll_ready(context)))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let id = Uuid::new_v4();
        let context = Context::new(Cause {
            request_id: Some(id),
            user_agent: text_of(&request, &header::USER_AGENT),
            ..Cause::default()
        });
        request.extensions_mut().insert(context.clone());
        let asked = self.exceptions.is_some().then(|| Asked::of(&request));
        // The one that is ready is called; the clone waits for the next request.
        let fresh = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, fresh);
        let exceptions = self.exceptions.clone();
        let answer = async move {
            let answer = AssertUnwindSafe(async { ready.call(request).await }).catch_unwind();
            let answer = answer.await;
            if let (Some(exceptions), Some(asked)) = (exceptions, asked) {
                exceptions.record(&asked, &answer);
            }
            let mut answer = answer.unwrap_or_else(|panic| resume_unwind(panic))?;
            let value = HeaderValue::from_str(&id.hyphenated().to_string());
            let value = value.expect("a UUID is ASCII");
            answer.headers_mut().insert(REQUEST_ID, value);
            Ok(answer)
        };
        context.scope(answer).boxed()
    }
}

/// What an exception says of its request.
struct Asked {
    method: String,
    url: String,
    content_type: Option<String>,
}

impl Asked {
    fn of<B>(request: &Request<B>) -> Asked {
        let uri = request.uri();
        let url = uri
            .path_and_query()
            .map_or(uri.path(), |path| path.as_str());
        Asked {
            method: request.method().as_str().to_owned(),
            url: url.to_owned(),
            content_type: text_of(request, &header::CONTENT_TYPE),
        }
    }
}

impl Exceptions {
    /// Begins to write the event of an answer, if it is an exception.
    fn record<R, E>(
        &self,
        asked: &Asked,
        answer: &Result<Result<Response<R>, E>, Box<dyn Any + Send>>,
    ) {
        let (status, failure) = match answer {
            Ok(Ok(answer)) => match answer.extensions().get::<Failure>() {
                Some(failure) => (answer.status(), failure.clone()),
                None if answer.status().is_server_error() => {
                    (answer.status(), by_status(answer.status()))
                }
                None => return,
            },
            Ok(Err(_)) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                by_status(StatusCode::INTERNAL_SERVER_ERROR),
            ),
            Err(panic) => (StatusCode::INTERNAL_SERVER_ERROR, by_panic(&**panic)),
        };
        let failed = FailedRequest {
            message: &failure.message,
            stack: &failure.stack,
            basename: failure.basename.as_deref(),
            action: failure.action.as_deref(),
            method: &asked.method,
            url: &asked.url,
            query_params: None,
            content_type: asked.content_type.as_deref(),
            status_code: status.as_u16(),
        };
        let Some(event) = recorded(|occasion| occasion.request_failed(&failed)) else {
            return;
        };
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
            self.outbox.counters().dropped(1);
            return;
        };
        let outbox = Arc::clone(&self.outbox);
        tokio::spawn(async move {
            if let Err(error) = outbox.write(vec![event]).await {
                outbox.counters().dropped(1);
                tracing::warn!(%error, "an exception could not be recorded");
            }
            drop(room);
        });
    }
}

fn by_status(status: StatusCode) -> Failure {
    Failure {
        message: status.to_string(),
        ..Failure::default()
    }
}

fn by_panic(panic: &(dyn Any + Send)) -> Failure {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    Failure {
        message: format!("panic: {}", text.unwrap_or_default()),
        ..Failure::default()
    }
}

fn text_of<B>(request: &Request<B>, header: &HeaderName) -> Option<String> {
    let value = request.headers().get(header)?.to_str().ok()?;
    Some(value.to_owned())
}

#[cfg(test)]
mod tests;
