//! Removes rows. Each removal is a mutation that is waited for: parts are written again without the rows.

use std::sync::Arc;
use std::time::Duration;

use annoscope_events::is_begin_or_end;
use annoscope_store::{Rewrite, Rewritten, Scopes};

use crate::batches::numbers;
use crate::connection::Connection;
use crate::ddl::{POSITION, TIMESTAMP};
use crate::error::Error;
use crate::read::time;

/// How long a mutation may take: it writes parts again.
pub(crate) const MUTATING: Duration = Duration::from_hours(6);

/// What a row is about: a thing, and a property of it.
const THING: &str = "scope, org_id, project_id, task_id, job_id, obj_id, obj_name";

/// Positions that one mutation names: some 200 kB, below the longest text that ClickHouse takes by default, 256 KiB.
const NAMED: usize = 10_000;

/// In the table that has the rows.
pub(crate) fn rewrite(
    connection: &Arc<Connection>,
    table: &str,
    rewrite: &Rewrite,
) -> Result<Rewritten, Error> {
    let n_rows = match rewrite {
        Rewrite::Delete {
            scopes,
            from_us,
            until_us,
        } => delete(
            connection,
            table,
            &format!(
                "{TIMESTAMP} >= {} AND {TIMESTAMP} < {} AND {}",
                time_us(*from_us),
                time_us(*until_us),
                condition(scopes)
            ),
        )?,
        Rewrite::KeepNewest { scopes, until_us } => {
            keep_newest(connection, table, scopes, *until_us)?
        }
        Rewrite::Compact { .. } | Rewrite::Catalogue => 0,
    };
    Ok(Rewritten { n_rows, next: None })
}

/// Removes the rows of a condition, and says how many they were.
fn delete(connection: &Arc<Connection>, table: &str, condition: &str) -> Result<u64, Error> {
    let sql = format!("SELECT count() FROM {table} WHERE {condition}");
    let counted = numbers(&connection.ask_for(sql, MUTATING)?)?;
    let n_rows = counted.into_iter().flatten().sum();
    if n_rows > 0 {
        let sql =
            format!("ALTER TABLE {table} DELETE WHERE {condition} SETTINGS mutations_sync = 2");
        connection.ask_for(sql, MUTATING)?;
    }
    Ok(n_rows)
}

/// By the positions of what goes: replicas that looked for it each on its own might not find the same. What others
/// wrote has none, and stays. A failure leaves what a second run removes.
fn keep_newest(
    connection: &Arc<Connection>,
    table: &str,
    scopes: &Scopes,
    until_us: i64,
) -> Result<u64, Error> {
    let known = annoscope_events::SCOPES.iter().map(|scope| scope.name);
    let kept = known.filter(|scope| is_begin_or_end(scope));
    let kept = Scopes::AllBut(kept.map(str::to_owned).collect());
    let older = format!(
        "SELECT {POSITION} FROM (SELECT {POSITION}, row_number() OVER (PARTITION BY {THING} \
         ORDER BY {TIMESTAMP} DESC, {POSITION} DESC) AS place FROM {table} \
         WHERE {TIMESTAMP} < {} AND {} AND {} AND {POSITION} IS NOT NULL) WHERE place > 1 LIMIT {NAMED}",
        time_us(until_us),
        condition(scopes),
        condition(&kept)
    );
    let mut n_rows = 0;
    loop {
        let found = connection.ask_for(&older, MUTATING)?;
        let found: Vec<&str> = found.lines().collect();
        if found.is_empty() {
            return Ok(n_rows);
        }
        n_rows += delete(
            connection,
            table,
            &format!("{POSITION} IN ({})", found.join(", ")),
        )?;
    }
}

/// A time of microseconds: times are whole milliseconds there.
pub(crate) fn time_us(micros: i64) -> String {
    time(micros.div_euclid(1000) + i64::from(micros.rem_euclid(1000) > 0))
}

/// The rows of scopes, as a condition.
pub(crate) fn condition(scopes: &Scopes) -> String {
    let (not, scopes) = match scopes {
        Scopes::Named(scopes) => ("", scopes),
        Scopes::AllBut(scopes) => ("NOT ", scopes),
    };
    let list: Vec<String> = scopes.iter().map(|scope| quoted(scope)).collect();
    if list.is_empty() {
        return if not.is_empty() { "0" } else { "1" }.to_owned();
    }
    format!("scope {not}IN ({})", list.join(", "))
}

/// A text in quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_a_condition() {
        let named = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let cases = [
            (Scopes::Named(named(&[])), "0"),
            (Scopes::AllBut(named(&[])), "1"),
            (
                Scopes::Named(named(&["a:b", "it's\\"])),
                "scope IN ('a:b', 'it\\'s\\\\')",
            ),
            (Scopes::AllBut(named(&["a:b"])), "scope NOT IN ('a:b')"),
        ];
        for (scopes, expected) in cases {
            assert_eq!(condition(&scopes), expected);
        }
    }

    #[test]
    fn times_between_milliseconds_are_those_behind() {
        let cases = [(0, 0), (1, 1), (1000, 1), (-1, 0), (-1000, -1), (-1001, -1)];
        for (micros, millis) in cases {
            assert_eq!(time_us(micros), time(millis), "{micros}");
        }
    }
}
