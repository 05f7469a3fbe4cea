//! A table of events on their way to the store, in SQL: columns `id`, which grows, and `event`, as servers send it.

use rusqlite::Connection;

/// The first events that wait: the last one's number, and the events as a JSON array.
pub(crate) fn first(
    connection: &Connection,
    table: &'static str,
    limit: u32,
) -> rusqlite::Result<Option<(i64, String)>> {
    let sql = format!("SELECT id, event FROM {table} ORDER BY id LIMIT ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([limit], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    let rows: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
    let Some((last, _)) = rows.last() else {
        return Ok(None);
    };
    let last = *last;
    let events: Vec<String> = rows.into_iter().map(|(_, event)| event).collect();
    Ok(Some((last, format!("[{}]", events.join(",")))))
}

/// Removes events up to that number.
pub(crate) fn remove(tx: &Connection, table: &'static str, last: i64) -> rusqlite::Result<()> {
    tx.execute(&format!("DELETE FROM {table} WHERE id <= ?1"), [last])?;
    Ok(())
}
