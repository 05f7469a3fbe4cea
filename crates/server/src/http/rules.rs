//! What each route does, as far as rights go. `access.rs` looks here before a handler sees a
//! request, and refuses a route without a rule.

use crate::identity::rights::Action;

/// A route and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its method; GET stands for HEAD, too.
    pub method: &'static str,
    /// Its pattern, as the router has it.
    pub route: &'static str,
    /// What it does.
    pub action: Action,
}

const fn rule(method: &'static str, route: &'static str, action: Action) -> Rule {
    Rule {
        method,
        route,
        action,
    }
}

/// Every route of the API and of the page.
pub static RULES: &[Rule] = &[
    rule("POST", "/api/auth/login", Action::Open),
    rule("POST", "/api/auth/logout", Action::Identify),
    rule("POST", "/api/auth/password/change", Action::OwnAccount),
    rule("GET", "/api/users/self", Action::Identify),
    rule("GET", "/api/server/about", Action::Open),
    rule("GET", "/api/server/plugins", Action::Identify),
    rule("GET", "/api/tokens", Action::OwnAccount),
    rule("POST", "/api/tokens", Action::OwnAccount),
    rule("DELETE", "/api/tokens/{id}", Action::OwnAccount),
    rule("GET", "/api/auth/access_tokens", Action::OwnAccount),
    rule("POST", "/api/auth/access_tokens", Action::OwnAccount),
    rule("GET", "/api/auth/access_tokens/self", Action::Identify),
    rule("GET", "/api/auth/access_tokens/{id}", Action::OwnAccount),
    rule("PATCH", "/api/auth/access_tokens/{id}", Action::OwnAccount),
    rule("DELETE", "/api/auth/access_tokens/{id}", Action::OwnAccount),
    rule("POST", "/api/events", Action::Send),
    // The sender is known by its signature.
    rule("POST", "/api/webhooks/{source}", Action::Open),
    rule("GET", "/api/events", Action::Export),
    rule("POST", "/api/events/export", Action::Export),
    rule("GET", "/api/events/download", Action::Export),
    rule("GET", "/api/requests", Action::Export),
    rule("GET", "/api/requests/{id}", Action::Export),
    rule("POST", "/api/requests/{id}/cancel", Action::Export),
    rule("POST", "/api/query", Action::Look),
    rule("POST", "/api/query/explain", Action::Look),
    rule("GET", "/api/explain", Action::Look),
    rule("GET", "/api/forecast", Action::Look),
    rule("GET", "/api/health/data", Action::Look),
    rule("GET", "/api/query/functions", Action::Look),
    rule("GET", "/api/queries", Action::Look),
    rule("DELETE", "/api/queries/{id}", Action::Look),
    rule("POST", "/api/ds/query", Action::Look),
    rule("GET", "/analytics/auth", Action::SeeAnalytics),
    rule("GET", "/api/dashboards", Action::Look),
    rule("POST", "/api/dashboards", Action::EditDashboards),
    rule("GET", "/api/dashboards/{uid}", Action::Look),
    rule("PUT", "/api/dashboards/{uid}", Action::EditDashboards),
    rule("DELETE", "/api/dashboards/{uid}", Action::EditDashboards),
    rule("GET", "/api/dashboards/{uid}/versions", Action::Look),
    rule(
        "GET",
        "/api/dashboards/{uid}/versions/{version}",
        Action::Look,
    ),
    rule("GET", "/api/admin/status", Action::Administer),
    rule("GET", "/api/admin/doctor", Action::Administer),
    rule("GET", "/api/admin/users", Action::Administer),
    rule("POST", "/api/admin/users", Action::Administer),
    rule("PATCH", "/api/admin/users/{id}", Action::Administer),
    rule("DELETE", "/api/admin/users/{id}", Action::Administer),
    rule("POST", "/api/admin/users/{id}/tokens", Action::Administer),
    rule(
        "DELETE",
        "/api/admin/users/{id}/tokens/{token_id}",
        Action::Administer,
    ),
    rule("GET", "/api/admin/organizations", Action::Administer),
    rule("POST", "/api/admin/organizations", Action::Administer),
    rule("PATCH", "/api/admin/organizations/{id}", Action::Administer),
    rule(
        "DELETE",
        "/api/admin/organizations/{id}",
        Action::Administer,
    ),
    rule(
        "PUT",
        "/api/admin/organizations/{id}/members/{user_id}",
        Action::Administer,
    ),
    rule(
        "DELETE",
        "/api/admin/organizations/{id}/members/{user_id}",
        Action::Administer,
    ),
    rule("GET", "/api/admin/webhooks", Action::Administer),
    rule("POST", "/api/admin/webhooks", Action::Administer),
    rule("DELETE", "/api/admin/webhooks/{name}", Action::Administer),
    rule("GET", "/healthz", Action::Open),
    rule("GET", "/readyz", Action::Open),
    rule("GET", "/metrics", Action::Open),
    // The page is a program without data: what it shows, it asks for.
    rule("GET", "/", Action::Open),
    rule("GET", "/analytics", Action::Open),
    rule("GET", "/analytics/", Action::Open),
    rule("GET", "/analytics/{*path}", Action::Open),
    rule("GET", "/api/docs", Action::Open),
    rule("GET", "/api/docs/", Action::Open),
    rule("GET", "/api/docs/{*rest}", Action::Open),
    rule("GET", "/api/schema/", Action::Open),
];

/// The one route of the ingest port.
pub static INGEST_RULES: &[Rule] = &[rule("POST", "/", Action::SendForOthers)];

/// The routes of ClickHouse's interface.
pub static CLICKHOUSE_RULES: &[Rule] = &[
    rule("GET", "/", Action::Statement),
    rule("POST", "/", Action::Statement),
    rule("GET", "/ping", Action::Open),
    rule("GET", "/replicas_status", Action::Open),
];

#[cfg(test)]
mod tests;
