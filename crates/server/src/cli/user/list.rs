//! `annoscope user list`.

use std::io::Write;

use annoscope_events::Timestamp;
use clap::ValueEnum;
use serde_json::json;

use crate::cli::CliError;
use crate::identity::UserSummary;

/// How the list looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// Aligned columns for people
    Table,
    /// A JSON array for scripts
    Json,
}

/// Prints all users.
pub(super) fn print(
    users: &[UserSummary],
    format: Format,
    out: &mut dyn Write,
) -> Result<(), CliError> {
    match format {
        Format::Table => table(users, out),
        Format::Json => as_json(users, out),
    }
}

fn created(user: &UserSummary) -> String {
    Timestamp::from_millis(user.account.created_ms).to_string()
}

fn token_names(user: &UserSummary) -> Vec<&str> {
    user.tokens
        .iter()
        .map(|token| token.name.as_str())
        .collect()
}

fn table(users: &[UserSummary], out: &mut dyn Write) -> Result<(), CliError> {
    let header = ["ID", "NAME", "EMAIL", "PRIVILEGE", "CREATED", "TOKENS"].map(str::to_owned);
    let rows = users.iter().map(|user| {
        let account = &user.account;
        let mut privilege = account.privilege.to_string();
        if account.has_analytics_access {
            privilege.push_str(" +analytics");
        }
        if !user.is_active {
            privilege.push_str(" (inactive)");
        }
        [
            account.id.to_string(),
            account.name.clone(),
            account.email.clone(),
            privilege,
            created(user),
            token_names(user).join(", "),
        ]
    });
    let rows: Vec<[String; 6]> = std::iter::once(header).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..6).map(|column| width(column).unwrap_or(0)).collect();
    for row in &rows {
        let cells = row.iter().zip(&widths);
        let line: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        writeln!(out, "{}", line.join("  ").trim_end())?;
    }
    Ok(())
}

fn as_json(users: &[UserSummary], out: &mut dyn Write) -> Result<(), CliError> {
    let users: Vec<serde_json::Value> = users
        .iter()
        .map(|user| {
            json!({
                "id": user.account.id,
                "name": user.account.name,
                "email": user.account.email,
                "privilege": user.account.privilege.as_str(),
                "has_analytics_access": user.account.has_analytics_access,
                "is_active": user.is_active,
                "created": created(user),
                "tokens": token_names(user),
            })
        })
        .collect();
    writeln!(out, "{:#}", serde_json::Value::Array(users))?;
    Ok(())
}
