//! What a text asks for, by how it begins: for who takes more than queries.
//!
//! Reads no further than it has to: behind the head of an INSERT are rows, which are no text.

use crate::dialect_edits::{DATABASES, decode_literal, is_events};
use crate::error::{ErrorKind, Position, SqlError};
use crate::expand::lexer::{Lexer, Token, TokenKind};
use crate::settings::Settings;

/// Most tokens of the head of an INSERT: the columns of the table thrice, and its settings.
const MAX_TOKENS: usize = 1000;

/// What a text asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// A query, or what [`prepare`](crate::prepare) refuses.
    Query,
    /// `INSERT INTO events … FORMAT name`.
    Insert(Insert),
    /// `CREATE DATABASE` and `CREATE TABLE` with `IF NOT EXISTS`, and `ALTER TABLE … ADD COLUMN IF NOT EXISTS`, of what
    /// is there already.
    Declaration,
    /// `USE` of the database that there is, or `SET` of what changes no answer.
    Nothing,
    /// `KILL QUERY WHERE query_id = '…'`.
    Kill {
        /// The id that its sender gave the query.
        query_id: String,
    },
}

/// The head of an INSERT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insert {
    /// The columns that it names; all where there are none.
    pub columns: Vec<String>,
    /// The format of the rows, as it is spelled; `None` where the text ends before one is named.
    pub format: Option<String>,
    /// Where the rows begin in the text, bytes.
    pub rows_at: usize,
    /// Its settings, which are checked.
    pub settings: Vec<(String, String)>,
}

impl Statement {
    /// Of a text, or of its beginning: rows that follow the head of an INSERT need no be text.
    ///
    /// # Errors
    /// For an INSERT into another table, or of a query; for what `USE` and `SET` cannot do.
    pub fn of(text: &[u8]) -> Result<Statement, SqlError> {
        let text = match std::str::from_utf8(text) {
            Ok(text) => text,
            Err(error) => {
                std::str::from_utf8(&text[..error.valid_up_to()]).expect("it is valid up to there")
            }
        };
        let tokens = Lexer::new(text).map_while(Result::ok);
        let tokens: Vec<Token> = tokens
            .filter(Token::is_significant)
            .take(MAX_TOKENS)
            .collect();
        let words = Words { text, tokens };
        if words.are(0, &["INSERT"]) {
            return words.insert().map(Statement::Insert);
        }
        if words.are(0, &["USE"]) {
            return words.use_database();
        }
        if words.are(0, &["SET"]) && !words.are(1, &["ROLE"]) {
            return words.set();
        }
        if let Some(query_id) = words.killed() {
            return Ok(Statement::Kill { query_id });
        }
        Ok(if words.is_declaration() {
            Statement::Declaration
        } else {
            Statement::Query
        })
    }
}

/// The tokens of a text, and questions about them.
struct Words<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Words<'a> {
    /// The text of the token `i`; empty after the end.
    fn at(&self, i: usize) -> &'a str {
        self.tokens.get(i).map_or("", |token| token.text(self.text))
    }

    /// Whether these words stand at `i`, in any case.
    fn are(&self, i: usize, words: &[&str]) -> bool {
        let mut pairs = words.iter().zip(i..);
        pairs.all(|(word, i)| self.at(i).eq_ignore_ascii_case(word))
    }

    fn kind(&self, i: usize) -> Option<TokenKind> {
        self.tokens.get(i).map(|token| token.kind)
    }

    /// A name without its quotes.
    fn name(&self, i: usize) -> &'a str {
        self.at(i).trim_matches(['"', '`'])
    }

    /// The content of a text in quotes.
    fn literal(&self, i: usize) -> Option<String> {
        let is_text = self.kind(i) == Some(TokenKind::String);
        is_text.then(|| decode_literal(self.at(i)).ok())?
    }

    /// The name of a table from `i` on, and the token behind it.
    fn table(&self, i: usize) -> (String, usize) {
        if self.at(i + 1) == "." {
            (format!("{}.{}", self.name(i), self.name(i + 2)), i + 3)
        } else {
            (self.name(i).to_owned(), i + 1)
        }
    }

    fn error(&self, kind: ErrorKind, i: usize, message: impl Into<String>) -> SqlError {
        let offset = self
            .tokens
            .get(i)
            .map_or(self.text.len(), |t| t.range.start);
        SqlError {
            kind,
            message: message.into(),
            hint: None,
            position: Some(Position::of(self.text, offset)),
        }
    }

    fn insert(&self) -> Result<Insert, SqlError> {
        let mut i = 1 + usize::from(self.are(1, &["INTO"]));
        i += usize::from(self.are(i, &["TABLE"]));
        let (table, behind) = self.table(i);
        if !is_events(&table) {
            let mut error = self.error(
                ErrorKind::Forbidden,
                i,
                "INSERT goes into the table events only",
            );
            error.hint = Some("write INSERT INTO cvat.events".to_owned());
            return Err(error);
        }
        i = behind;
        let mut insert = Insert {
            columns: Vec::new(),
            format: None,
            rows_at: self.text.len(),
            settings: Vec::new(),
        };
        if self.at(i) == "(" {
            i = self.columns(i + 1, &mut insert.columns)?;
        }
        if self.are(i, &["SETTINGS"]) {
            i = self.settings(i + 1, &mut insert.settings)?;
        }
        if self.are(i, &["VALUES"]) {
            insert.format = Some("Values".to_owned());
            insert.rows_at = self.tokens[i].range.end;
        } else if self.are(i, &["FORMAT"]) && self.kind(i + 1) == Some(TokenKind::Word) {
            insert.format = Some(self.at(i + 1).to_owned());
            insert.rows_at = self.rows_behind(self.tokens[i + 1].range.end);
        } else if i < self.tokens.len() && !self.are(i, &["FORMAT"]) {
            let message = "INSERT takes rows: VALUES, or FORMAT and a name, is expected here";
            return Err(self.error(ErrorKind::Syntax, i, message));
        }
        Ok(insert)
    }

    /// The names up to the closing bracket; the token behind it.
    fn columns(&self, mut i: usize, columns: &mut Vec<String>) -> Result<usize, SqlError> {
        if self.are(i, &["*", ")"]) {
            return Ok(i + 2);
        }
        while i < self.tokens.len() {
            let is_name = matches!(
                self.kind(i),
                Some(TokenKind::Word | TokenKind::QuotedIdentifier)
            );
            if !is_name {
                return Err(self.error(ErrorKind::Syntax, i, "expected the name of a column"));
            }
            columns.push(self.name(i).to_owned());
            match self.at(i + 1) {
                "," => i += 2,
                ")" => return Ok(i + 2),
                "" => return Ok(i + 1),
                _ => {
                    let message = "expected `,` or `)` behind the name of a column";
                    return Err(self.error(ErrorKind::Syntax, i + 1, message));
                }
            }
        }
        Ok(i)
    }

    /// `name = value, …` from `i` on; the token behind it.
    fn settings(
        &self,
        mut i: usize,
        settings: &mut Vec<(String, String)>,
    ) -> Result<usize, SqlError> {
        loop {
            if !matches!(self.at(i + 1), "=" | "==") || self.at(i + 2).is_empty() {
                return Ok(i);
            }
            let value = self
                .literal(i + 2)
                .unwrap_or_else(|| self.at(i + 2).to_owned());
            let setting = (self.name(i).to_owned(), value);
            Settings::beside(std::slice::from_ref(&setting)).map_err(|error| SqlError {
                position: self.error(error.kind, i, "").position,
                ..error
            })?;
            settings.push(setting);
            i += 3;
            if self.at(i) != "," {
                return Ok(i);
            }
            i += 1;
        }
    }

    /// Behind spaces and one end of line: what follows is the first byte of the rows.
    fn rows_behind(&self, end: usize) -> usize {
        let rest = &self.text[end..];
        let rest = rest.trim_start_matches([' ', '\t', '\x0c']);
        let rest = rest.strip_prefix('\r').unwrap_or(rest);
        let rest = rest.strip_prefix('\n').unwrap_or(rest);
        self.text.len() - rest.len()
    }

    fn use_database(&self) -> Result<Statement, SqlError> {
        let i = 1 + usize::from(self.are(1, &["DATABASE"]) && self.tokens.len() > 2);
        if DATABASES.contains(&self.name(i)) {
            return Ok(Statement::Nothing);
        }
        let message = format!(
            "there is no database {} (ClickHouse: UNKNOWN_DATABASE)",
            self.name(i)
        );
        Err(self.error(ErrorKind::Unknown, i, message))
    }

    fn set(&self) -> Result<Statement, SqlError> {
        let mut settings = Vec::new();
        let end = self.settings(1, &mut settings)?;
        if settings.is_empty() || (end < self.tokens.len() && self.at(end) != ";") {
            return Err(self.error(ErrorKind::Syntax, end, "expected SET name = value"));
        }
        if Settings::beside(&settings)? == Settings::default() {
            return Ok(Statement::Nothing);
        }
        let mut error = self.error(
            ErrorKind::Unsupported,
            0,
            "SET lasts no longer than its request",
        );
        error.hint = Some(
            "give the setting in SETTINGS of the query, or as a parameter of its address"
                .to_owned(),
        );
        Err(error)
    }

    fn killed(&self) -> Option<String> {
        let is_kill = self.are(0, &["KILL", "QUERY", "WHERE", "query_id", "="]);
        let is_last = matches!(
            self.at(6).to_uppercase().as_str(),
            "" | ";" | "SYNC" | "ASYNC" | "FORMAT"
        );
        self.literal(5).filter(|_| is_kill && is_last)
    }

    fn is_declaration(&self) -> bool {
        const IF_NOT_EXISTS: [&str; 3] = ["IF", "NOT", "EXISTS"];
        if self.are(0, &["CREATE", "DATABASE"]) && self.are(2, &IF_NOT_EXISTS) {
            return DATABASES.contains(&self.name(5));
        }
        if self.are(0, &["CREATE", "TABLE"]) && self.are(2, &IF_NOT_EXISTS) {
            return is_events(&self.table(5).0);
        }
        if !self.are(0, &["ALTER", "TABLE"]) {
            return false;
        }
        let (table, mut i) = self.table(2);
        if !is_events(&table) {
            return false;
        }
        // One command or more, each of which adds a column.
        loop {
            if !(self.are(i, &["ADD", "COLUMN"]) && self.are(i + 2, &IF_NOT_EXISTS)) {
                return false;
            }
            let mut depth = 0;
            let next = (i + 5..self.tokens.len()).find(|&i| {
                match self.at(i) {
                    "(" => depth += 1,
                    ")" => depth -= 1,
                    _ => {}
                }
                depth == 0 && self.at(i) == ","
            });
            match next {
                Some(comma) => i = comma + 1,
                None => return true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &[u8]) -> String {
        match Statement::of(text) {
            Ok(Statement::Insert(insert)) => {
                let rest = String::from_utf8_lossy(&text[insert.rows_at..]);
                let format = insert.format.unwrap_or_else(|| "?".to_owned());
                format!("insert {:?} {format} {rest:?}", insert.columns)
            }
            Ok(statement) => format!("{statement:?}"),
            Err(error) => format!("! {:?} {error}", error.kind),
        }
    }

    #[test]
    fn statements_by_how_they_begin() {
        let cases: [(&[u8], &str); 29] = [
            (b"SELECT 1", "Query"),
            (b"/* INSERT */ with 1 as x select x", "Query"),
            (b"", "Query"),
            (b"DROP TABLE events", "Query"),
            (b"SELECT 'INSERT INTO events FORMAT X'", "Query"),
            (
                b"INSERT INTO events FORMAT JSONEachRow {\"a\":1}",
                r#"insert [] JSONEachRow "{\"a\":1}""#,
            ),
            (
                b"insert into `cvat`.`events` (`scope`, \"source\")\n format Native\n\n\xff\x00",
                "insert [\"scope\", \"source\"] Native \"\\n\u{fffd}\\0\"",
            ),
            (
                b"INSERT INTO TABLE default.events(*) SETTINGS async_insert=1, wait_for_async_insert = 1 FORMAT CSV \r\n1,2",
                r#"insert [] CSV "1,2""#,
            ),
            (
                b"INSERT INTO events (scope) VALUES ('a''b')",
                r#"insert ["scope"] Values " ('a''b')""#,
            ),
            (b"INSERT INTO events (scope, tim", r#"insert ["scope", "tim"] ? """#),
            (b"INSERT INTO events", r#"insert [] ? """#),
            (b"INSERT INTO events FORMAT", r#"insert [] ? """#),
            (
                b"INSERT INTO events SELECT * FROM events",
                "! Syntax line 1, column 20: INSERT takes rows: VALUES, or FORMAT and a name, is expected here",
            ),
            (
                b"INSERT INTO FUNCTION file('x') SELECT 1",
                "! Forbidden line 1, column 13: INSERT goes into the table events only; write INSERT INTO cvat.events",
            ),
            (
                b"INSERT INTO system.events FORMAT CSV",
                "! Forbidden line 1, column 13: INSERT goes into the table events only; write INSERT INTO cvat.events",
            ),
            (
                b"INSERT INTO events (scope + 1) FORMAT CSV",
                "! Syntax line 1, column 27: expected `,` or `)` behind the name of a column",
            ),
            (
                b"INSERT INTO events SETTINGS nonsense = 1 FORMAT CSV",
                "! Unknown line 1, column 29: there is no setting `nonsense` (ClickHouse: UNKNOWN_SETTING)",
            ),
            (b"CREATE DATABASE IF NOT EXISTS cvat", "Declaration"),
            (b"CREATE DATABASE IF NOT EXISTS other", "Query"),
            (b"CREATE DATABASE cvat", "Query"),
            (
                b"CREATE TABLE IF NOT EXISTS cvat.events (scope String) ENGINE = MergeTree",
                "Declaration",
            ),
            (b"CREATE TABLE IF NOT EXISTS cvat.other (scope String)", "Query"),
            (
                b"ALTER TABLE cvat.events ADD COLUMN IF NOT EXISTS a Decimal(1, 2), ADD COLUMN IF NOT EXISTS b String",
                "Declaration",
            ),
            (
                b"ALTER TABLE cvat.events ADD COLUMN IF NOT EXISTS a String, DROP COLUMN scope",
                "Query",
            ),
            (b"USE `default`;", "Nothing"),
            (
                b"USE system",
                "! Unknown line 1, column 5: there is no database system (ClickHouse: UNKNOWN_DATABASE)",
            ),
            (b"SET max_threads = 4, join_use_nulls = 0", "Nothing"),
            (
                b"SET join_use_nulls = 1",
                "! Unsupported line 1, column 1: SET lasts no longer than its request; give the setting in SETTINGS of the query, or as a parameter of its address",
            ),
            (
                b"kill query where query_id = 'a''b' SYNC",
                r#"Kill { query_id: "a'b" }"#,
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{}", String::from_utf8_lossy(text));
        }
    }
}
