//! A text that was edited, and where each byte of it came from.

use std::ops::Range;

use super::lexer::{Token, Unterminated, lex};
use crate::error::{ErrorKind, Position, SqlError};

/// Longest text of a query, in bytes, before and after each stage: ClickHouse's own limit
/// (`max_query_size`) is a quarter of it, and lists of 5,000 quoted ids fit.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// The query after macros and variables, and where each part of it came from.
#[derive(Clone, Debug)]
pub(crate) struct Expanded {
    /// The query.
    pub text: String,
    /// The user's own text.
    source: String,
    /// Pieces of `text` by their beginning. Invariant: not empty, the first begins at 0.
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    /// Where it begins in the text.
    start: usize,
    /// Where it came from in the source.
    origin: usize,
    /// Copied byte by byte; otherwise all of it came from `origin`.
    copied: bool,
}

impl Piece {
    fn original(self, offset: usize) -> usize {
        if self.copied {
            self.origin + (offset - self.start)
        } else {
            self.origin
        }
    }
}

impl Expanded {
    /// The user's own text, nothing edited.
    pub fn of(source: &str) -> Expanded {
        Expanded {
            text: source.to_owned(),
            source: source.to_owned(),
            pieces: vec![Piece {
                start: 0,
                origin: 0,
                copied: true,
            }],
        }
    }

    /// Where the byte `offset` of `text` came from: byte offset in the user's own text (for
    /// text that a macro or variable produced: the offset of the macro or variable).
    pub fn original(&self, offset: usize) -> usize {
        let n_before = self.pieces.partition_point(|piece| piece.start <= offset);
        let piece = self.pieces[n_before.saturating_sub(1)];
        piece.original(offset).min(self.source.len())
    }

    /// The place in the user's own text where the byte `offset` of `text` came from.
    pub fn position(&self, offset: usize) -> Position {
        Position::of(&self.source, self.original(offset))
    }

    /// An error at the byte `offset` of `text`.
    pub fn error(&self, kind: ErrorKind, offset: usize, message: impl Into<String>) -> SqlError {
        SqlError {
            kind,
            message: message.into(),
            hint: None,
            position: Some(self.position(offset)),
        }
    }

    /// The text's tokens.
    pub fn tokens(&self) -> Result<Vec<Token>, SqlError> {
        lex(&self.text).map_err(|Unterminated { what, offset }| {
            self.error(
                ErrorKind::Syntax,
                offset,
                format!("this {what} is not closed"),
            )
        })
    }

    /// Replaces the bytes of each range of `text`; what is put in comes from the place where
    /// the range began. Edits are sorted and do not overlap.
    pub fn edit(self, edits: Vec<(Range<usize>, String)>) -> Expanded {
        if edits.is_empty() {
            return self;
        }
        let mut edited = Editor {
            old: &self,
            next_piece: 0,
            text: String::with_capacity(self.text.len()),
            pieces: Vec::with_capacity(self.pieces.len() + 2 * edits.len()),
        };
        let mut done = 0;
        for (range, replacement) in edits {
            debug_assert!(done <= range.start, "edits overlap or are not sorted");
            edited.copy(done..range.start);
            edited.put(range.start, &replacement);
            done = range.end;
        }
        edited.copy(done..self.text.len());
        let Editor {
            text, mut pieces, ..
        } = edited;
        if pieces.is_empty() {
            pieces.push(self.pieces[0]);
        }
        Expanded {
            text,
            pieces,
            source: self.source,
        }
    }
}

/// The text while it is edited.
struct Editor<'a> {
    old: &'a Expanded,
    /// The first of the old pieces that may begin at or after the place that was reached.
    next_piece: usize,
    text: String,
    pieces: Vec<Piece>,
}

impl Editor<'_> {
    /// Keeps a part of the old text, with its origins.
    fn copy(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let old = &self.old.pieces;
        while old
            .get(self.next_piece)
            .is_some_and(|piece| piece.start <= range.start)
        {
            self.next_piece += 1;
        }
        let current = old[self.next_piece - 1];
        self.push(Piece {
            start: self.text.len(),
            origin: current.original(range.start),
            copied: current.copied,
        });
        while let Some(piece) = old
            .get(self.next_piece)
            .filter(|piece| piece.start < range.end)
        {
            let start = self.text.len() + (piece.start - range.start);
            self.push(Piece { start, ..*piece });
            self.next_piece += 1;
        }
        self.text.push_str(&self.old.text[range]);
    }

    /// Puts new text in, which comes from where the byte `offset` of the old one came from.
    fn put(&mut self, offset: usize, replacement: &str) {
        if !replacement.is_empty() {
            self.push(Piece {
                start: self.text.len(),
                origin: self.old.original(offset),
                copied: false,
            });
            self.text.push_str(replacement);
        }
    }

    fn push(&mut self, piece: Piece) {
        self.pieces.push(piece);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn offsets_lead_back_through_two_rounds_of_edits() {
        let once = Expanded::of("SELECT $x, b").edit(vec![(7..9, "aaaa".to_owned())]);
        assert_eq!(once.text, "SELECT aaaa, b");
        let twice = once.edit(vec![
            (0..0, "<".to_owned()),
            (11..13, String::new()),
            (14..14, ">".to_owned()),
        ]);
        assert_eq!(twice.text, "<SELECT aaaab>");
        let origins: Vec<usize> = (0..=14).map(|offset| twice.original(offset)).collect();
        assert_eq!(origins, [0, 0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 7, 11, 12, 12]);
    }

    #[test]
    fn everything_deleted() {
        let empty = Expanded::of("abc").edit(vec![(0..3, String::new())]);
        assert_eq!((empty.text.as_str(), empty.original(0)), ("", 0));
        let again = empty.edit(vec![(0..0, "x".to_owned())]);
        assert_eq!((again.text.as_str(), again.original(1)), ("x", 0));
    }

    proptest! {
        #[test]
        fn origins_never_go_back_and_stay_in_the_source(
            source in "[a-zé]{0,20}",
            rounds in prop::collection::vec(prop::collection::vec((0..30usize, 0..5usize, "[A-Z]{0,3}"), 0..4), 0..4),
        ) {
            let mut expanded = Expanded::of(&source);
            for round in rounds {
                let mut edits = Vec::new();
                let mut done = 0;
                for (skip, length, replacement) in round {
                    let text = &expanded.text;
                    let start = text.ceil_char_boundary((done + skip).min(text.len()));
                    let end = text.ceil_char_boundary((start + length).min(text.len()));
                    edits.push((start..end, replacement));
                    done = end;
                }
                expanded = expanded.edit(edits);
            }
            let mut last = 0;
            for offset in 0..=expanded.text.len() {
                let original = expanded.original(offset);
                prop_assert!(original <= source.len());
                prop_assert!(original >= last);
                last = original;
                let _ = expanded.position(offset);
                if let Some(byte) = expanded.text.as_bytes().get(offset).filter(|b| b.is_ascii_lowercase()) {
                    prop_assert_eq!(source.as_bytes()[original], *byte);
                }
            }
        }
    }
}
