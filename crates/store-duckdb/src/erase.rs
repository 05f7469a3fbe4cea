//! Takes a person out of the database: out of the rows, and out of what the file still has of them.
//!
//! DuckDB leaves the bytes of a block that is free as they are until something else is written there. So rows are
//! written anew, and all that is free is filled once and given back.

use std::fmt::Write;

use annoscope_store::{Backend, Position, Rewrite, StoreError};
use duckdb::Connection;

use crate::database::Purpose;
use crate::error::Error;
use crate::rewrite::quoted;
use crate::{DuckDbStore, catalogue, checkpoint};

/// Who is taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Their rows have it in `user_id`; it stays, and is all that ties their hours together.
    pub user_id: i64,
    /// Login names and e-mail addresses, which name them wherever they stand.
    pub names: Vec<String>,
    /// First and last names, which name them in their own rows and beside one of `names`.
    pub common_names: Vec<String>,
}

/// Columns with texts that may name somebody.
const TEXTS: [&str; 5] = [
    "obj_name",
    "obj_val",
    "payload",
    "payload_message",
    "payload_stack",
];

/// Texts that are in memory at once.
const AT_ONCE: usize = 10_000;

/// A piece of what fills free blocks: nothing that compresses, bytes.
const FILLING: usize = 64 << 10;

impl Person {
    /// What stands for them.
    pub fn pseudonym(&self) -> String {
        format!("erased-{}", self.user_id)
    }

    /// The text without them.
    pub fn out_of(&self, text: &str) -> String {
        let is_named = self.names.iter().any(|name| find(text, name).is_some());
        let common = self.common_names.iter().filter(|_| is_named);
        let mut text = text.to_owned();
        for name in self.names.iter().chain(common) {
            for form in forms(name) {
                text = replaced(&text, &form, &self.pseudonym());
            }
        }
        text
    }

    /// Whether a text names them.
    pub fn is_in(&self, text: &str) -> bool {
        let forms = self.names.iter().flat_map(|name| forms(name));
        forms.into_iter().any(|form| find(text, &form).is_some())
    }
}

/// A name as it is, and as JSON may write it.
fn forms(name: &str) -> Vec<String> {
    let mut escaped = String::new();
    for unit in name.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => escaped.push(char::from(byte)),
            _ => write!(escaped, "\\u{unit:04x}").expect("a String takes everything"),
        }
    }
    let mut forms = vec![name.to_owned(), escaped];
    forms.dedup();
    forms
}

/// Where a name stands by itself, and not within a longer word.
fn find(text: &str, name: &str) -> Option<usize> {
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).map(|(at, _)| at).find(|at| {
        let before = text[..*at].chars().next_back();
        let behind = text[at + name.len()..].chars().next();
        !before.is_some_and(is_of_word) && !behind.is_some_and(is_of_word)
    })
}

fn replaced(text: &str, name: &str, by: &str) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some(at) = find(rest, name) {
        done.push_str(&rest[..at]);
        done.push_str(by);
        rest = &rest[at + name.len()..];
    }
    done + rest
}

impl DuckDbStore {
    /// Names and addresses that rows of a user have.
    pub fn names_of(&self, user_id: i64) -> Result<Vec<String>, StoreError> {
        let names = || -> Result<Vec<String>, Error> {
            let connection = self.database.connection(Purpose::Maintenance)?;
            let mut statement = connection.prepare(
                "SELECT DISTINCT name FROM (
                    SELECT user_name AS name FROM stored_events WHERE user_id = ?1
                    UNION ALL SELECT user_email FROM stored_events WHERE user_id = ?1
                ) WHERE name <> ''",
            )?;
            let names = statement.query_map([user_id], |row| row.get(0))?;
            Ok(names.collect::<Result<_, _>>()?)
        };
        Ok(names()?)
    }

    /// Takes a person out. Returns how many rows were changed. Blocks for as long as all is written anew.
    pub fn erase(&self, person: &Person) -> Result<u64, StoreError> {
        let n_rows = self.erase_from_rows(person)?;
        let mut next = Some(Position(0));
        while let Some(from) = next {
            next = self.rewrite(&Rewrite::Compact { from })?.next;
        }
        self.overwrite_what_is_free()?;
        Ok(n_rows)
    }

    fn erase_from_rows(&self, person: &Person) -> Result<u64, Error> {
        let connection = self.database.connection(Purpose::Maintenance)?;
        let pseudonym = quoted(&person.pseudonym());
        let id = person.user_id;
        connection.execute_batch("BEGIN")?;
        let named: Vec<String> = person.names.iter().map(|name| quoted(name)).collect();
        let by_name = if named.is_empty() {
            "FALSE".to_owned()
        } else {
            let named = named.join(", ");
            format!("user_name IN ({named}) OR user_email IN ({named})")
        };
        let mut n_rows = connection.execute(
            &format!(
                "UPDATE stored_events SET user_name = {pseudonym}, user_email = NULL, remote_addr = NULL \
                 WHERE (user_id = {id} OR {by_name}) AND \
                 (user_name IS DISTINCT FROM {pseudonym} OR user_email IS NOT NULL OR remote_addr IS NOT NULL)"
            ),
            [],
        )?;
        for column in TEXTS {
            n_rows += erase_from_column(&connection, person, column)?;
        }
        catalogue::forget(&connection)?;
        connection.execute_batch("COMMIT")?;
        drop(connection);
        checkpoint::checkpoint(&self.database);
        Ok(n_rows as u64)
    }

    /// Until nothing is free that could have bytes of before.
    fn overwrite_what_is_free(&self) -> Result<(), Error> {
        let connection = self.database.connection(Purpose::Maintenance)?;
        connection.execute_batch("CREATE OR REPLACE TABLE filling (bytes VARCHAR)")?;
        let piece = format!(
            "INSERT INTO filling SELECT string_agg(md5(CAST(random() AS VARCHAR)), '') \
             FROM range({}) GROUP BY range // {}",
            16 * FILLING / 32,
            FILLING / 32
        );
        loop {
            let free = free_blocks(&connection)?;
            if free == 0 {
                break;
            }
            for _ in 0..free.clamp(1, 64) {
                connection.execute_batch(&piece)?;
            }
            connection.execute_batch("CHECKPOINT")?;
        }
        connection.execute_batch("DROP TABLE filling; CHECKPOINT")?;
        Ok(())
    }
}

/// Blocks of the events' file that nothing is in. There is a row for the database of views, too.
fn free_blocks(connection: &Connection) -> Result<i64, duckdb::Error> {
    let sql = "SELECT CAST(free_blocks AS BIGINT) FROM pragma_database_size()
        WHERE database_name = current_database()";
    connection.query_row(sql, [], |row| row.get(0))
}

/// Texts are read, changed here and written back by their rows: one rule for all files.
fn erase_from_column(
    connection: &Connection,
    person: &Person,
    column: &str,
) -> Result<usize, Error> {
    let id = person.user_id;
    // Of the user, or about them.
    let is_own =
        format!("coalesce(user_id = {id} OR (obj_id = {id} AND scope LIKE '%:user'), FALSE)");
    let own = person.common_names.iter().map(|name| {
        let name = quoted(name);
        format!("({is_own} AND contains({column}, {name}))")
    });
    let anywhere = person.names.iter().flat_map(|name| forms(name));
    let anywhere = anywhere.map(|form| format!("contains({column}, {})", quoted(&form)));
    let conditions: Vec<String> = own.chain(anywhere).collect();
    if conditions.is_empty() {
        return Ok(0);
    }
    let mut select = connection.prepare(&format!(
        "SELECT rowid, {column}, {is_own} FROM stored_events WHERE rowid > ? AND ({}) ORDER BY rowid LIMIT {AT_ONCE}",
        conditions.join(" OR ")
    ))?;
    let mut update = connection.prepare(&format!(
        "UPDATE stored_events SET {column} = ? WHERE rowid = ?"
    ))?;
    let (mut n_rows, mut last) = (0, -1);
    loop {
        let rows = select.query_map([last], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let found: Vec<(i64, String, bool)> = rows.collect::<Result<_, _>>()?;
        let Some((newest, _, _)) = found.last() else {
            return Ok(n_rows);
        };
        last = *newest;
        for (row, text, is_own) in found {
            let mut without = person.out_of(&text);
            if is_own {
                for name in &person.common_names {
                    without = replaced(&without, name, &person.pseudonym());
                }
            }
            if without != text {
                n_rows += update.execute(duckdb::params![without, row])?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anna() -> Person {
        Person {
            user_id: 7,
            names: vec!["anna".to_owned(), "anna@x.org".to_owned(), "zoë".to_owned()],
            common_names: vec!["Smith".to_owned()],
        }
    }

    #[test]
    fn what_a_table_leaves_free_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let store = DuckDbStore::open(&crate::tests::config(dir.path())).unwrap();
        let connection = store.database.connection(Purpose::Maintenance).unwrap();
        let make = "CREATE TABLE large AS SELECT random() AS x FROM range(1000000); CHECKPOINT";
        connection.execute_batch(make).unwrap();
        connection
            .execute_batch("DROP TABLE large; CHECKPOINT")
            .unwrap();
        assert!(free_blocks(&connection).unwrap() > 0);
    }

    #[test]
    fn names_are_taken_out_of_texts_and_parts_of_words_stay() {
        let cases = [
            ("anna", "erased-7"),
            ("annapolis hannah anna_2", "annapolis hannah anna_2"),
            (
                r#"{"a": "anna", "b": "anna@x.org", "c": "Smith"}"#,
                r#"{"a": "erased-7", "b": "erased-7@x.org", "c": "erased-7"}"#,
            ),
            ("Smith and nobody else", "Smith and nobody else"),
            (r#"{"n": "zo\u00eb"}"#, r#"{"n": "erased-7"}"#),
            ("zoë, anna; anna", "erased-7, erased-7; erased-7"),
            ("erased-7", "erased-7"),
        ];
        for (text, expected) in cases {
            assert_eq!(anna().out_of(text), expected);
            assert_eq!(anna().out_of(expected), expected, "twice");
            assert_eq!(anna().is_in(text), text != expected, "{text}");
        }
    }
}
