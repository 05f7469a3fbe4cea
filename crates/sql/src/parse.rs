//! From text to `sqlparser`'s tree: one statement, a query.

use sqlparser::ast::Query;
use sqlparser::parser::{Parser, ParserError, ParserOptions};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::StatementKind;
use crate::dialect::QueryDialect;
use crate::error::{ErrorKind, SqlError};
use crate::source_map::SourceMap;

/// Most tokens of a query. `sqlparser`'s tree is as deep as a chain of operators is long.
const MAX_TOKENS: usize = 100_000;

/// Deepest nesting of parentheses and subqueries.
const MAX_DEPTH: usize = 100;

/// What to do where there are no views.
pub(crate) const IN_PLACE_OF_VIEWS: &str = "put the view's query into WITH, as in WITH name AS (SELECT …) SELECT …, and pass its value as a parameter {name:Type} in \"params\"";

/// A parsed statement and the text it was parsed from.
pub(crate) struct Parsed {
    pub kind: StatementKind,
    pub query: Query,
}

/// Parses one query, or `EXPLAIN` of one.
pub(crate) fn parse(source_map: &SourceMap<'_>) -> Result<Parsed, SqlError> {
    let dialect = QueryDialect;
    let text = &source_map.expanded.text;
    let tokens = Tokenizer::new(&dialect, text)
        .tokenize_with_location()
        .map_err(|error| {
            let at = source_map.offset(error.location);
            source_map.error(ErrorKind::Syntax, error.message, at)
        })?;
    if tokens.len() > MAX_TOKENS {
        let message = format!("the query has more than {MAX_TOKENS} words and signs");
        return Err(source_map.error(ErrorKind::Syntax, message, 0));
    }
    let (kind, tokens) = match first_word(source_map, &tokens)?.as_str() {
        "EXPLAIN" => explain(tokens),
        _ => (StatementKind::Select, tokens),
    };
    if kind != StatementKind::Select {
        first_word(source_map, &tokens)?;
    }
    let options = ParserOptions::new().with_unescape(true);
    let mut parser = Parser::new(&dialect)
        .with_options(options)
        .with_recursion_limit(MAX_DEPTH)
        .with_tokens_with_locations(tokens);
    let query = parser.parse_query().and_then(|query| {
        let rest = parser.peek_token();
        match rest.token {
            Token::EOF => Ok(query),
            token => Err(ParserError::ParserError(format!(
                "Expected: end of the query, found: {token}{}",
                rest.span.start
            ))),
        }
    });
    let query = query.map_err(|error| syntax_error(source_map, &error))?;
    Ok(Parsed {
        kind,
        query: *query,
    })
}

/// What a statement begins with, in capitals. Only queries pass.
fn first_word(source_map: &SourceMap<'_>, tokens: &[TokenWithSpan]) -> Result<String, SqlError> {
    let first = tokens
        .iter()
        .find(|token| !matches!(token.token, Token::Whitespace(_)));
    let Some(first) = first else {
        return Err(source_map.error(ErrorKind::Syntax, "the query is empty", 0));
    };
    let word = first.token.to_string().to_uppercase();
    if matches!(word.as_str(), "SELECT" | "WITH" | "EXPLAIN" | "(") {
        return Ok(word);
    }
    let message = format!("{word} is no query: only SELECT, WITH and EXPLAIN are allowed");
    let at = source_map.offset(first.span.start);
    let is_of_view = word == "CREATE"
        && tokens
            .iter()
            .any(|token| matches!(&token.token, Token::Word(word) if word.value.eq_ignore_ascii_case("VIEW")));
    Err(SqlError {
        hint: is_of_view.then(|| IN_PLACE_OF_VIEWS.to_owned()),
        ..source_map.error(ErrorKind::Forbidden, message, at)
    })
}

/// Takes `EXPLAIN` and its word off the front.
fn explain(tokens: Vec<TokenWithSpan>) -> (StatementKind, Vec<TokenWithSpan>) {
    let mut kind = StatementKind::Explain;
    let mut rest = tokens.into_iter().peekable();
    let mut n_words = 0;
    while let Some(token) = rest.peek() {
        match &token.token {
            Token::Whitespace(_) => {}
            Token::Word(word) if n_words == 0 && word.value.eq_ignore_ascii_case("EXPLAIN") => {
                n_words = 1;
            }
            Token::Word(word) if n_words == 1 && word.value.eq_ignore_ascii_case("SYNTAX") => {
                kind = StatementKind::ExplainSyntax;
                n_words = 2;
            }
            Token::Word(word) if n_words == 1 && word.value.eq_ignore_ascii_case("PLAN") => {
                n_words = 2;
            }
            _ => break,
        }
        rest.next();
    }
    (kind, rest.collect())
}

/// `sqlparser` writes the place at the end of its message.
fn syntax_error(source_map: &SourceMap<'_>, error: &ParserError) -> SqlError {
    let message = match error {
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => message.clone(),
        ParserError::RecursionLimitExceeded => {
            return source_map.error(
                ErrorKind::Syntax,
                format!("the query nests deeper than {MAX_DEPTH} levels"),
                0,
            );
        }
    };
    let (message, location) = match message.rsplit_once(" at Line: ") {
        Some((message, place)) => (message.to_owned(), parse_place(place)),
        None => (message, None),
    };
    let at = location.map_or(0, |location| source_map.offset(location));
    let message = match message.split_once("Expected: ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => message,
    };
    source_map.error(ErrorKind::Syntax, message, at)
}

/// `3, Column: 7`.
fn parse_place(place: &str) -> Option<Location> {
    let (line, column) = place.split_once(", Column: ")?;
    Some(Location {
        line: line.trim().parse().ok()?,
        column: column.trim().parse().ok()?,
    })
}
