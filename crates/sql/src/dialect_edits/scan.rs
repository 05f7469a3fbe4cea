//! The tokens of a query as the rules look at them: without spaces, with their brackets paired.

use std::ops::Range;

use crate::error::{ErrorKind, SqlError};
use crate::expand::Expanded;
use crate::expand::lexer::{Token, TokenKind};

/// What a rule changes.
pub(super) type Edits = Vec<(Range<usize>, String)>;

/// A query's tokens.
pub(super) struct Scan<'a> {
    pub expanded: &'a Expanded,
    pub tokens: Vec<Token>,
    /// For each opening bracket the index of its closing one, or the number of tokens.
    closing: Vec<usize>,
}

impl<'a> Scan<'a> {
    /// The tokens of `expanded`.
    pub fn new(expanded: &'a Expanded) -> Result<Scan<'a>, SqlError> {
        let mut tokens = expanded.tokens()?;
        tokens.retain(Token::is_significant);
        let mut closing = vec![tokens.len(); tokens.len()];
        let mut open = Vec::new();
        for (i, token) in tokens.iter().enumerate() {
            match token.text(&expanded.text) {
                "(" | "[" | "{" => open.push(i),
                ")" | "]" | "}" => {
                    if let Some(opening) = open.pop() {
                        closing[opening] = i;
                    }
                }
                _ => {}
            }
        }
        Ok(Scan {
            expanded,
            tokens,
            closing,
        })
    }

    /// The text of the token `i`; empty after the end.
    pub fn text(&self, i: usize) -> &'a str {
        self.tokens
            .get(i)
            .map_or("", |token| token.text(&self.expanded.text))
    }

    /// The kind of the token `i`; punctuation after the end.
    pub fn kind(&self, i: usize) -> TokenKind {
        self.tokens
            .get(i)
            .map_or(TokenKind::Punctuation, |token| token.kind)
    }

    /// Where the token `i` begins, or where the text ends.
    pub fn start(&self, i: usize) -> usize {
        let token = self.tokens.get(i);
        token.map_or(self.expanded.text.len(), |token| token.range.start)
    }

    /// Where the token before `i` ends.
    pub fn end_before(&self, i: usize) -> usize {
        let token = i.checked_sub(1).and_then(|i| self.tokens.get(i));
        token.map_or(0, |token| token.range.end)
    }

    /// The text of tokens, with what is between them.
    pub fn slice(&self, tokens: &Range<usize>) -> &'a str {
        if tokens.is_empty() {
            return "";
        }
        &self.expanded.text[self.bytes(tokens)]
    }

    /// The bytes of tokens, with what is between them; `tokens` is not empty.
    pub fn bytes(&self, tokens: &Range<usize>) -> Range<usize> {
        self.start(tokens.start)..self.end_before(tokens.end)
    }

    /// Whether the token `i` is this word, in any case.
    pub fn word(&self, i: usize, word: &str) -> bool {
        self.kind(i) == TokenKind::Word && self.text(i).eq_ignore_ascii_case(word)
    }

    /// Whether the token `i` is this word and no name: not after `.` or `AS`.
    pub fn keyword(&self, i: usize, word: &str) -> bool {
        self.word(i, word)
            && !i
                .checked_sub(1)
                .is_some_and(|before| self.takes_name(before))
    }

    /// The first of `words` that is the keyword `i`.
    pub fn one_of<'w>(&self, i: usize, words: &[&'w str]) -> Option<&'w str> {
        words.iter().find(|word| self.keyword(i, word)).copied()
    }

    fn takes_name(&self, i: usize) -> bool {
        self.text(i) == "." || self.word(i, "AS")
    }

    /// Whether an expression may end with the token `i`, so that a clause may begin after it.
    pub fn ends_operand(&self, i: usize) -> bool {
        match self.kind(i) {
            TokenKind::Punctuation => matches!(self.text(i), ")" | "]" | "}" | "*"),
            TokenKind::Word => !(self.word(i, "SELECT") || self.word(i, "DISTINCT")),
            _ => true,
        }
    }

    /// The closing bracket of the opening one `i`, or the number of tokens.
    pub fn closing(&self, i: usize) -> usize {
        self.closing.get(i).copied().unwrap_or(self.tokens.len())
    }

    /// The token after `i` on the same level of brackets; `None` if `i` is the last one there.
    pub fn next(&self, i: usize) -> Option<usize> {
        let next = match self.text(i) {
            "(" | "[" | "{" if self.kind(i) == TokenKind::Punctuation => self.closing(i) + 1,
            _ => i + 1,
        };
        (next < self.tokens.len() && !matches!(self.text(next), ")" | "]" | "}")).then_some(next)
    }

    /// The tokens from `first` on, on its level, before the first for which `ends` is true.
    pub fn until(&self, first: usize, ends: impl Fn(usize) -> bool) -> Range<usize> {
        if first >= self.tokens.len() || matches!(self.text(first), ")" | "]" | "}") {
            return first..first;
        }
        let mut i = first;
        loop {
            if ends(i) {
                return first..i;
            }
            let Some(next) = self.next(i) else {
                let end = match self.text(i) {
                    "(" | "[" | "{" => self.closing(i) + 1,
                    _ => i + 1,
                };
                return first..end.min(self.tokens.len());
            };
            i = next;
        }
    }

    /// The tokens of `range` that are on the level of its first one.
    pub fn level(&self, range: Range<usize>) -> impl Iterator<Item = usize> {
        let mut next = (!range.is_empty()).then_some(range.start);
        std::iter::from_fn(move || {
            let i = next.filter(|i| *i < range.end)?;
            next = self.next(i);
            Some(i)
        })
    }

    /// An error at the token `i`.
    pub fn error(&self, kind: ErrorKind, i: usize, message: impl Into<String>) -> SqlError {
        self.expanded.error(kind, self.start(i), message)
    }

    /// A refusal at the token `i`, with the way to say it.
    pub fn unsupported(&self, i: usize, message: &str, hint: &str) -> SqlError {
        SqlError {
            hint: Some(hint.to_owned()),
            ..self.error(ErrorKind::Unsupported, i, message)
        }
    }
}
