//! Who caused what happens now, and by which request.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use annoscope_events::{Cause, Occasion, UserRef};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::clock;

tokio::task_local! {
    static CURRENT: Context;
}

/// The request that a task works for. Clones are the same: what authentication learns of the user all of them know.
#[derive(Clone, Debug, Default)]
pub struct Context {
    cause: Arc<Mutex<Cause>>,
}

impl Context {
    /// Of this cause: for work that no request asks for, or whose request has been kept elsewhere.
    pub fn new(cause: Cause) -> Context {
        Context {
            cause: Arc::new(Mutex::new(cause)),
        }
    }

    /// That of the task which asks; one that names neither a request nor a user where there is none.
    pub fn current() -> Context {
        CURRENT.try_with(Context::clone).unwrap_or_default()
    }

    /// Who, and by which request, as far as it is known now.
    pub fn cause(&self) -> Cause {
        self.lock().clone()
    }

    /// Id of the request.
    pub fn request_id(&self) -> Option<Uuid> {
        self.lock().request_id
    }

    /// Says who the user is, once the host has found out.
    pub fn set_user(&self, user: UserRef) {
        self.lock().user = Some(user);
    }

    /// Says which access token the request came with.
    pub fn set_access_token_id(&self, id: i64) {
        self.lock().access_token_id = Some(id);
    }

    /// Says where the request came from. The layer does not know: it may have come through proxies.
    pub fn set_remote_addr(&self, address: impl std::fmt::Display) {
        self.lock().remote_addr = Some(address.to_string());
    }

    /// Does work in this context.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        CURRENT.scope(self, work).await
    }

    /// Does work that is not async in this context.
    pub fn sync_scope<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, work)
    }

    /// As an object that a queue of background jobs can keep, for [`Context::from_json`].
    pub fn to_json(&self) -> Value {
        let cause = self.cause();
        let user = cause
            .user
            .map(|user| json!({ "id": user.id, "name": user.name, "email": user.email }));
        json!({
            "request_id": cause.request_id,
            "user_agent": cause.user_agent,
            "user": user,
            "access_token_id": cause.access_token_id,
            "remote_addr": cause.remote_addr,
        })
    }

    /// What [`Context::to_json`] gave. Members that are missing, or are something else, are not known.
    pub fn from_json(kept: &Value) -> Context {
        let text = |object: &Value, name: &str| object[name].as_str().map(str::to_owned);
        let user = kept["user"]["id"].as_i64().map(|id| UserRef {
            id,
            name: text(&kept["user"], "name").unwrap_or_default(),
            email: text(&kept["user"], "email").unwrap_or_default(),
        });
        let request_id = kept["request_id"].as_str().and_then(|id| id.parse().ok());
        Context::new(Cause {
            request_id,
            user_agent: text(kept, "user_agent"),
            user,
            access_token_id: kept["access_token_id"].as_i64(),
            remote_addr: text(kept, "remote_addr"),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Cause> {
        // Each field is set at once: a panic leaves it whole.
        self.cause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What `build` makes of the current context and the present time.
pub fn recorded<T>(build: impl FnOnce(Occasion<'_>) -> T) -> T {
    let cause = Context::current().cause();
    build(Occasion {
        cause: &cause,
        at: clock::now(),
    })
}

/// `tokio::spawn` in the current context: background work has the id of the request that asked for it.
pub fn spawn<F>(work: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(Context::current().scope(work))
}

/// `tokio::task::spawn_blocking` in the current context.
pub fn spawn_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let context = Context::current();
    tokio::task::spawn_blocking(move || context.sync_scope(work))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request_id_of_events() -> Option<Uuid> {
        recorded(|occasion| occasion.cause.request_id)
    }

    #[tokio::test]
    async fn work_in_the_background_has_the_context_it_was_begun_in() {
        let id = Uuid::new_v4();
        let context = Context::new(Cause {
            request_id: Some(id),
            ..Cause::default()
        });
        assert_eq!(request_id_of_events(), None);
        context
            .scope(async {
                assert_eq!(request_id_of_events(), Some(id));
                let ids = async {
                    let blocking = spawn_blocking(request_id_of_events).await.unwrap();
                    (request_id_of_events(), blocking)
                };
                assert_eq!(spawn(ids).await.unwrap(), (Some(id), Some(id)));
                let alone = tokio::spawn(async { request_id_of_events() });
                assert_eq!(alone.await.unwrap(), None);
            })
            .await;
    }

    #[tokio::test]
    async fn a_user_that_becomes_known_is_known_to_all_clones() {
        let context = Context::default();
        let user = UserRef {
            id: 3,
            name: "lena".to_owned(),
            email: String::new(),
        };
        let seen = context.clone().scope(async {
            Context::current().set_user(user.clone());
            spawn(async { Context::current().cause().user })
                .await
                .unwrap()
        });
        assert_eq!(seen.await, Some(user.clone()));
        assert_eq!(context.cause().user, Some(user));
    }

    #[test]
    fn a_context_comes_back_from_a_queue() {
        let cause = Cause {
            request_id: Some(Uuid::new_v4()),
            user_agent: Some("curl".to_owned()),
            user: Some(UserRef {
                id: 3,
                name: "lena".to_owned(),
                email: "l@example.com".to_owned(),
            }),
            access_token_id: Some(4),
            remote_addr: Some("10.0.0.1".to_owned()),
        };
        for cause in [cause, Cause::default()] {
            let kept = Context::new(cause.clone()).to_json().to_string();
            let kept = serde_json::from_str(&kept).unwrap();
            assert_eq!(Context::from_json(&kept).cause(), cause);
        }
        assert_eq!(Context::from_json(&Value::Null).cause(), Cause::default());
    }
}
