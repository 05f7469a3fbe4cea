//! Where a piece of the parsed text stands in the text that the user wrote.

use sqlparser::ast::Spanned;
use sqlparser::tokenizer::Location;

use crate::error::{ErrorKind, Position, SqlError};
use crate::expand::Expanded;

/// From `sqlparser`'s lines and columns to bytes of the expanded text, and to
/// the user's own text.
pub(crate) struct SourceMap<'a> {
    sql: &'a str,
    pub expanded: &'a Expanded,
    places: Places,
}

/// Where the nodes of the tree stand in the expanded text.
enum Places {
    /// In it, by line and column.
    Here {
        /// Offset of each character of the expanded text. Every node asks for its place, so it must
        /// not cost a walk along its line, which may be the whole text.
        characters: Vec<usize>,
        /// Number of the first character of each line.
        lines: Vec<usize>,
    },
    /// The tree is a view's: all of it stands where the view is named, at this byte.
    OfView(usize),
}

impl<'a> SourceMap<'a> {
    pub fn new(sql: &'a str, expanded: &'a Expanded) -> SourceMap<'a> {
        let (mut characters, mut lines) = (Vec::new(), vec![0]);
        for (at, character) in expanded.text.char_indices() {
            characters.push(at);
            if character == '\n' {
                lines.push(characters.len());
            }
        }
        SourceMap {
            sql,
            expanded,
            places: Places::Here { characters, lines },
        }
    }

    /// The map for the tree of a view that is named at the byte `at` of the expanded text.
    pub fn of_view(&self, at: usize) -> SourceMap<'a> {
        SourceMap {
            sql: self.sql,
            expanded: self.expanded,
            places: Places::OfView(at),
        }
    }

    /// Whether the tree is a view's.
    pub fn is_of_view(&self) -> bool {
        matches!(self.places, Places::OfView(_))
    }

    /// Byte offset in the expanded text.
    pub fn offset(&self, location: Location) -> usize {
        let (characters, lines) = match &self.places {
            Places::Here { characters, lines } => (characters, lines),
            Places::OfView(at) => return *at,
        };
        let line = (location.line as usize).saturating_sub(1);
        let Some(&start) = lines.get(line) else {
            return 0;
        };
        let column = (location.column as usize).saturating_sub(1);
        let at = characters.get(start + column);
        at.copied().unwrap_or(self.expanded.text.len())
    }

    /// Where an expression begins.
    pub fn of(&self, node: &impl Spanned) -> usize {
        self.offset(node.span().start)
    }

    /// An error at a byte of the expanded text.
    pub fn error(&self, kind: ErrorKind, message: impl Into<String>, at: usize) -> SqlError {
        SqlError {
            kind,
            message: message.into(),
            hint: None,
            position: Some(Position::of(self.sql, self.expanded.original(at))),
        }
    }
}
