//! Why a query is refused, and where in its text.

use std::fmt;

/// A place in the user's own text; line and column count characters from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl Position {
    /// The place of the byte `offset` of `text`.
    pub fn of(text: &str, offset: usize) -> Position {
        let before = &text[..text.floor_char_boundary(offset)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// What is wrong with a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A macro, a variable or a parameter is unknown, has no value or a wrong one.
    Expansion,
    /// The text is no SQL of this dialect.
    Syntax,
    /// A name means nothing here: a column, a function, a table.
    Unknown,
    /// An argument has the wrong type, or a clause the wrong kind of expression.
    Type,
    /// The query asks for what no query may do: another relation, writing, settings.
    Forbidden,
    /// ClickHouse knows it; annoscope does not translate it.
    Unsupported,
}

/// A refused query: what is wrong, where, and what to do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlError {
    /// Which rule was broken.
    pub kind: ErrorKind,
    /// One sentence without a full stop.
    pub message: String,
    /// The way to say it, where there is one.
    pub hint: Option<String>,
    /// Where in the user's text.
    pub position: Option<Position>,
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Position { line, column }) = self.position {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for SqlError {}
