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
    Timestamp::from_millis(user.created_ms).to_string()
}

fn table(users: &[UserSummary], out: &mut dyn Write) -> Result<(), CliError> {
    let header = ["ID", "NAME", "EMAIL", "PRIVILEGE", "CREATED", "TOKENS"].map(str::to_owned);
    let rows = users.iter().map(|user| {
        let UserSummary {
            id, name, email, ..
        } = user;
        [
            id.to_string(),
            name.clone(),
            email.clone(),
            user.privilege.to_string(),
            created(user),
            user.tokens.join(", "),
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
                "id": user.id,
                "name": user.name,
                "email": user.email,
                "privilege": user.privilege.as_str(),
                "created": created(user),
                "tokens": user.tokens,
            })
        })
        .collect();
    writeln!(out, "{:#}", serde_json::Value::Array(users))?;
    Ok(())
}
