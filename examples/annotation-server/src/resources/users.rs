//! Accounts.

use annoscope_events::{Place, Resource, ResourceKind};
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use serde_json::{Value, json};

use super::{Rules, with_fields};
use crate::answers::ok;
use crate::app::App;
use crate::body::JsonBody;
use crate::change::Change;
use crate::error::{ApiError, Result};
use crate::logins;
use crate::request::Caller;

pub const RULES: Rules = Rules {
    update,
    delete: |change, user| {
        if !change.caller.is_admin() || user.id == change.caller.user()?.id {
            return Err(ApiError::Forbidden(
                "Administrators remove accounts, but not their own.",
            ));
        }
        for table in ["sessions", "passwords"] {
            let sql = format!("DELETE FROM {table} WHERE user_id = ?1");
            change.0.execute(&sql, [user.id])?;
        }
        change.delete(user)
    },
    ..Rules::new(ResourceKind::User, "users")
};

pub fn routes() -> Router<App> {
    Router::new().route("/api/users/self", get(myself))
}

async fn myself(caller: Caller) -> Result<Response> {
    Ok(ok(&caller.user()?.state))
}

/// The account of the first start.
pub fn admin() -> Value {
    let mut state = account("admin", "admin@example.com");
    state["groups"] = json!(["admin"]);
    state["is_superuser"] = json!(true);
    state["is_staff"] = json!(true);
    state["has_analytics_access"] = json!(true);
    state
}

fn account(username: &str, email: &str) -> Value {
    json!({
        "username": username,
        "email": email,
        "first_name": "",
        "last_name": "",
        "groups": ["user"],
        "is_staff": false,
        "is_superuser": false,
        "is_active": true,
        "has_analytics_access": false,
        "last_login": null,
    })
}

/// The account that a registration asks for.
pub fn registered(change: &Change<'_>, body: &JsonBody) -> Result<Value> {
    let (username, email) = (body.text("username")?, body.text("email")?);
    for (field, value) in [("username", username), ("email", email)] {
        if change
            .find(ResourceKind::User, field, &json!(value))?
            .is_some()
        {
            return Err(ApiError::invalid(
                field,
                format!("A user with that {field} already exists."),
            ));
        }
    }
    let mut state = account(username, email);
    state["first_name"] = json!(body.text_or("first_name", ""));
    state["last_name"] = json!(body.text_or("last_name", ""));
    Ok(state)
}

pub fn add(change: &Change<'_>, mut state: Value, password: &str) -> Result<Resource> {
    state["date_joined"] = change.now();
    let user = change.create(ResourceKind::User, Place::default(), state)?;
    logins::set_password(**change, user.id.unwrap_or_default(), password)?;
    Ok(user)
}

/// Everyone changes their own name; administrators change all of everybody.
fn update(change: &Change<'_>, before: &Resource, body: &JsonBody) -> Result<Value> {
    let names = ["first_name", "last_name"];
    let all = [
        "first_name",
        "last_name",
        "email",
        "groups",
        "is_staff",
        "is_superuser",
        "is_active",
    ];
    if change.caller.is_admin() {
        Ok(with_fields(before, body, &all))
    } else if before.id == change.caller.user()?.id {
        Ok(with_fields(before, body, &names))
    } else {
        Err(ApiError::Forbidden("This is somebody else's account."))
    }
}
