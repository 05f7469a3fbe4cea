//! Cuts ClickHouse's text into tokens, as far as all text stages must agree on it: what is
//! text in quotes, what is a comment, what is a word.
//!
//! Follows `src/Parsers/Lexer.cpp` of ClickHouse, which nests no comments, takes `//` for a
//! comment, and takes `#` for one only before a space or `!`.
//!
//! **Invariant:** the tokens' ranges follow each other without gaps and cover the whole text.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// White space.
    Space,
    /// `-- …`, `// …`, `# …`, `#! …` without the end of the line; `/* … */`.
    Comment,
    /// `'…'`, quotes included.
    String,
    /// `$tag$…$tag$`, tags included.
    Heredoc,
    /// `"…"` or `` `…` ``, quotes included.
    QuotedIdentifier,
    /// A number without its sign.
    Number,
    /// A keyword or a name; may contain and begin with `$`.
    Word,
    /// An operator, a bracket, or a character that is nothing else.
    Punctuation,
}

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes.
    pub range: Range<usize>,
}

impl Token {
    /// The token's text.
    pub fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.range.clone()]
    }

    /// Neither white space nor a comment.
    pub fn is_significant(&self) -> bool {
        !matches!(self.kind, TokenKind::Space | TokenKind::Comment)
    }
}

/// Something is opened and not closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unterminated {
    /// What it is: "string", "comment" or "quoted identifier".
    pub what: &'static str,
    /// Where it begins, in bytes.
    pub offset: usize,
}

/// All tokens of `text`.
pub(crate) fn lex(text: &str) -> Result<Vec<Token>, Unterminated> {
    Lexer::new(text).collect()
}

/// Operators of more than one character, longer ones first.
const OPERATORS: [&str; 10] = ["<=>", "::", "->", "==", "!=", "<=", ">=", "<>", "||", "@@"];

/// How many `$tag$` may open no heredoc before no more are looked for: each costs a search
/// through the rest of the text, and what is left of them is refused later anyway.
const MAX_UNCLOSED_TAGS: usize = 64;

/// Iterates over the tokens of a text; ends after the first error.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    offset: usize,
    /// Whether a `.` here is a member access (`a.1`) and not the beginning of a number (`.5`).
    after_operand: bool,
    /// Whether a number here is a member's (`a.1`), which is whole.
    after_dot: bool,
    n_unclosed_tags: usize,
}

impl<'a> Lexer<'a> {
    /// Begins at the text's beginning.
    pub fn new(text: &'a str) -> Lexer<'a> {
        Lexer {
            text,
            offset: 0,
            after_operand: false,
            after_dot: false,
            n_unclosed_tags: 0,
        }
    }

    /// Kind and length of the token that `rest` begins with; `rest` is not empty.
    fn measure(&mut self, rest: &str) -> Result<(TokenKind, usize), Unterminated> {
        let offset = self.offset;
        let unterminated = |what| Unterminated { what, offset };
        let bytes = rest.as_bytes();
        let second = bytes.get(1).copied();
        let kind_and_length = match bytes[0] {
            b'\'' => {
                let length = quoted_length(bytes).ok_or_else(|| unterminated("string"))?;
                (TokenKind::String, length)
            }
            b'"' | b'`' => {
                let length =
                    quoted_length(bytes).ok_or_else(|| unterminated("quoted identifier"))?;
                (TokenKind::QuotedIdentifier, length)
            }
            b'-' if second == Some(b'-') => (TokenKind::Comment, line_length(rest)),
            b'/' if second == Some(b'/') => (TokenKind::Comment, line_length(rest)),
            b'#' if matches!(second, Some(b' ' | b'!')) => (TokenKind::Comment, line_length(rest)),
            b'/' if second == Some(b'*') => {
                let end = rest[2..]
                    .find("*/")
                    .ok_or_else(|| unterminated("comment"))?;
                (TokenKind::Comment, end + 4)
            }
            b'0'..=b'9' => (TokenKind::Number, number_length(bytes, self.after_dot)),
            b'.' if !self.after_operand && second.is_some_and(|b| b.is_ascii_digit()) => {
                (TokenKind::Number, number_length(bytes, false))
            }
            b'$' => match self.heredoc_length(rest) {
                Some(length) => (TokenKind::Heredoc, length),
                None if second.is_some_and(is_word_byte) => (TokenKind::Word, word_length(bytes)),
                None => (TokenKind::Punctuation, 1),
            },
            byte if is_word_byte(byte) => (TokenKind::Word, word_length(bytes)),
            _ => measure_other(rest),
        };
        Ok(kind_and_length)
    }

    /// Length of a heredoc, if this is one: a tag that comes again.
    fn heredoc_length(&mut self, rest: &str) -> Option<usize> {
        let tag_end = rest[1..].find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))? + 1;
        if rest.as_bytes()[tag_end] != b'$' || self.n_unclosed_tags == MAX_UNCLOSED_TAGS {
            return None;
        }
        let (tag, body) = rest.split_at(tag_end + 1);
        let length = body.find(tag).map(|end| end + 2 * tag.len());
        self.n_unclosed_tags += usize::from(length.is_none());
        length
    }
}

impl Iterator for Lexer<'_> {
    type Item = Result<Token, Unterminated>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.text[self.offset..];
        if rest.is_empty() {
            return None;
        }
        match self.measure(rest) {
            Ok((kind, length)) => {
                let range = self.offset..self.offset + length;
                self.offset = range.end;
                let token = Token { kind, range };
                if token.is_significant() {
                    let text = token.text(self.text);
                    self.after_dot = text == ".";
                    self.after_operand = match kind {
                        TokenKind::Word | TokenKind::QuotedIdentifier | TokenKind::Number => true,
                        _ => matches!(text, ")" | "]"),
                    };
                }
                Some(Ok(token))
            }
            Err(unterminated) => {
                self.offset = self.text.len();
                Some(Err(unterminated))
            }
        }
    }
}

/// Whether a byte may stand within a word.
pub(crate) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$'
}

/// Length of a text in quotes of the kind that it begins with. All quotes and the backslash
/// are ASCII, so bytes of longer characters cannot be mistaken for them.
fn quoted_length(bytes: &[u8]) -> Option<usize> {
    let quote = bytes[0];
    let mut i = 1;
    loop {
        match *bytes.get(i)? {
            b'\\' => i += 2,
            byte if byte == quote => {
                if bytes.get(i + 1) != Some(&quote) {
                    return Some(i + 1);
                }
                i += 2;
            }
            _ => i += 1,
        }
    }
}

/// Length of the first line without its end.
fn line_length(rest: &str) -> usize {
    rest.find('\n').unwrap_or(rest.len())
}

fn word_length(bytes: &[u8]) -> usize {
    let end = bytes.iter().position(|&byte| !is_word_byte(byte));
    end.unwrap_or(bytes.len())
}

/// Length of a number; after a `.` (`a.1.2`) only its whole part belongs to it.
fn number_length(bytes: &[u8], after_dot: bool) -> usize {
    let digits = |from: usize, is_digit: fn(&u8) -> bool| {
        let length = bytes[from..].iter().position(|byte| !is_digit(byte));
        from + length.unwrap_or(bytes.len() - from)
    };
    let decimal = |byte: &u8| byte.is_ascii_digit() || *byte == b'_';
    let prefix = (bytes[0] == b'0').then(|| bytes.get(1)).flatten();
    match prefix {
        Some(b'x' | b'X') if bytes.get(2).is_some_and(u8::is_ascii_hexdigit) => {
            let hex: fn(&u8) -> bool = |byte| byte.is_ascii_hexdigit() || *byte == b'_';
            let mut end = digits(2, hex);
            if bytes.get(end) == Some(&b'.')
                && bytes.get(end + 1).is_some_and(u8::is_ascii_hexdigit)
            {
                end = digits(end + 1, hex);
            }
            // `0x1p4`: a power of two.
            if matches!(bytes.get(end), Some(b'p' | b'P')) {
                let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
                if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
                    return digits(end + 1 + sign, u8::is_ascii_digit);
                }
            }
            return end;
        }
        Some(b'b' | b'B') if bytes.get(2).is_some_and(|b| matches!(b, b'0' | b'1')) => {
            return digits(2, decimal);
        }
        _ => {}
    }
    let mut end = digits(0, decimal);
    if after_dot {
        return end;
    }
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1, decimal);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end = digits(end + 1 + sign, decimal);
        }
    }
    end
}

/// White space, an operator or any other character.
fn measure_other(rest: &str) -> (TokenKind, usize) {
    let is_space = |c: char| c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}');
    let space = rest.find(|c: char| !is_space(c)).unwrap_or(rest.len());
    if space > 0 {
        return (TokenKind::Space, space);
    }
    let operator = OPERATORS
        .iter()
        .find(|operator| rest.starts_with(**operator));
    let length = operator.map_or_else(
        || rest.chars().next().map_or(0, char::len_utf8),
        |operator| operator.len(),
    );
    (TokenKind::Punctuation, length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Tokens without spaces, each with the first letter of its kind.
    fn show(text: &str) -> String {
        let tokens = match lex(text) {
            Ok(tokens) => tokens,
            Err(Unterminated { what, offset }) => return format!("{what} at {offset}"),
        };
        let shown = tokens
            .iter()
            .filter(|token| token.kind != TokenKind::Space)
            .map(|token| format!("{}{}", &format!("{:?}", token.kind)[..1], token.text(text)));
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn tokens_are_those_of_clickhouse() {
        let cases = [
            ("SELECT a$b, $x", "WSELECT Wa$b P, W$x"),
            (r"'a\'b' 'c''d' '\\'", r"S'a\'b' S'c''d' S'\\'"),
            (r#""a""b" `c\`d`"#, r#"Q"a""b" Q`c\`d`"#),
            ("1--c\n+1 // d", "N1 C--c P+ N1 C// d"),
            ("1 # c\n#!d\n#e", "N1 C# c C#!d P# We"),
            ("/* a /* b */ */", "C/* a /* b */ P* P/"),
            ("'--' \"/*\"", "S'--' Q\"/*\""),
            ("$$it's$$ $a$x$b$a$ $a$b", "H$$it's$$ H$a$x$b$a$ W$a$b"),
            (
                "SELECT 1.5, 0x1F 0b11 1e3 1. +.5 1e-3 1_000 5m",
                "WSELECT N1.5 P, N0x1F N0b11 N1e3 N1. P+ N.5 N1e-3 N1_000 N5 Wm",
            ),
            (
                "t.1.2 (a).1 [1].5",
                "Wt P. N1 P. N2 P( Wa P) P. N1 P[ N1 P] P. N5",
            ),
            (
                "a::Int8 x->y a<=>b ${x} [[x]]",
                "Wa P:: WInt8 Wx P-> Wy Wa P<=> Wb P$ P{ Wx P} P[ P[ Wx P] P]",
            ),
            ("1\u{a0}+é", "N1 P+ Pé"),
            ("SELECT 'a", "string at 7"),
            (r"'a\'", "string at 0"),
            ("1 /* x", "comment at 2"),
            ("`a", "quoted identifier at 0"),
            (r"'\", "string at 0"),
        ];
        for (text, tokens) in cases {
            assert_eq!(show(text), tokens, "{text}");
        }
    }

    #[test]
    fn many_tags_without_an_end_are_words() {
        let tags: Vec<String> = (0..100).map(|i| format!("$t{i}$")).collect();
        let text = tags.join(" ");
        let tokens = lex(&text).unwrap();
        assert!(tokens.iter().all(|token| token.kind != TokenKind::Heredoc));
    }

    proptest! {
        #[test]
        fn tokens_cover_the_text(text in r#"([ -~]|[\n'"`$/*é\\#-])*"#) {
            let mut end = 0;
            for token in Lexer::new(&text) {
                match token {
                    Ok(token) => {
                        prop_assert_eq!(token.range.start, end);
                        prop_assert!(token.range.end > end);
                        prop_assert!(text.is_char_boundary(token.range.end));
                        end = token.range.end;
                    }
                    Err(unterminated) => {
                        prop_assert_eq!(unterminated.offset, end);
                        end = text.len();
                    }
                }
            }
            prop_assert_eq!(end, text.len());
        }
    }
}
