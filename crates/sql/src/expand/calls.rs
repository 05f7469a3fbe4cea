//! Finds calls of macros, `$__name` or `$__name(argument, …)`, outside of strings, and puts
//! their expansions in; calls in arguments come first.

use super::expanded::{Expanded, MAX_BYTES};
use super::lexer::{Token, TokenKind, lex};
use crate::error::{ErrorKind, SqlError};

/// How deep calls may stand in arguments of calls.
const MAX_DEPTH: usize = 16;

/// A call of a macro.
pub(super) struct Call<'a> {
    /// With the leading underscores, without `$`.
    pub name: &'a str,
    /// Where it begins in the expanded text.
    pub offset: usize,
    /// Trimmed and already expanded; `None` without parentheses.
    pub arguments: Option<Vec<String>>,
}

/// What a macro becomes.
pub(super) type Rule<'a> = dyn Fn(&Expanded, &Call<'_>) -> Result<String, SqlError> + 'a;

/// Replaces all calls of `names` by what `rule` makes of them.
pub(super) fn replace(
    expanded: Expanded,
    names: &[&str],
    rule: &Rule<'_>,
) -> Result<Expanded, SqlError> {
    let tokens = expanded.tokens()?;
    let calls = Calls {
        expanded: &expanded,
        tokens: &tokens,
        names,
        rule,
    };
    let mut edits = Vec::new();
    let mut n_bytes = 0;
    let mut i = 0;
    while i < tokens.len() {
        match calls.expand_at(i, 0)? {
            Some((expansion, next)) => {
                n_bytes += expansion.len();
                if n_bytes > MAX_BYTES {
                    return Err(super::too_long());
                }
                edits.push((tokens[i].range.start..tokens[next - 1].range.end, expansion));
                i = next;
            }
            None => i += 1,
        }
    }
    Ok(expanded.edit(edits))
}

struct Calls<'a> {
    expanded: &'a Expanded,
    tokens: &'a [Token],
    names: &'a [&'a str],
    rule: &'a Rule<'a>,
}

impl Calls<'_> {
    /// The expansion of the call whose name is the token `i`, and the token after the call.
    fn expand_at(&self, i: usize, depth: usize) -> Result<Option<(String, usize)>, SqlError> {
        let text = &self.expanded.text;
        let token = &self.tokens[i];
        let Some(name) = token.text(text).strip_prefix('$') else {
            return Ok(None);
        };
        if token.kind != TokenKind::Word || !self.names.contains(&name) {
            return Ok(None);
        }
        let offset = token.range.start;
        if depth > MAX_DEPTH {
            let message = format!("macros stand more than {MAX_DEPTH} deep in each other");
            return Err(self.expanded.error(ErrorKind::Expansion, offset, message));
        }
        let is_call = self
            .tokens
            .get(i + 1)
            .is_some_and(|next| next.text(text) == "(");
        if !is_call {
            let call = Call {
                name,
                offset,
                arguments: None,
            };
            return Ok(Some(((self.rule)(self.expanded, &call)?, i + 1)));
        }
        let (arguments, next) = self.arguments(i + 2, depth).map_err(|refused| {
            refused.unwrap_or_else(|| {
                let message = format!("the parenthesis of ${name} is not closed");
                self.expanded.error(ErrorKind::Syntax, offset, message)
            })
        })?;
        let call = Call {
            name,
            offset,
            arguments: Some(arguments),
        };
        Ok(Some(((self.rule)(self.expanded, &call)?, next)))
    }

    /// The arguments from the token `first` on, and the token after the closing parenthesis.
    /// An error of `None` means that there is no closing one.
    fn arguments(
        &self,
        first: usize,
        depth: usize,
    ) -> Result<(Vec<String>, usize), Option<SqlError>> {
        let mut arguments = vec![String::new()];
        let mut n_open = 0_usize;
        let mut i = first;
        loop {
            let token = self.tokens.get(i).ok_or(None)?;
            let text = token.text(&self.expanded.text);
            if let Some((expansion, next)) = self.expand_at(i, depth + 1).map_err(Some)? {
                push(&mut arguments, &expansion).map_err(Some)?;
                i = next;
                continue;
            }
            i += 1;
            if token.kind == TokenKind::Punctuation {
                match text {
                    "(" | "[" | "{" => n_open += 1,
                    ")" if n_open == 0 => break,
                    ")" | "]" | "}" => n_open = n_open.saturating_sub(1),
                    "," if n_open == 0 => {
                        arguments.push(String::new());
                        continue;
                    }
                    _ => {}
                }
            }
            push(&mut arguments, text).map_err(Some)?;
        }
        for argument in &mut arguments {
            *argument = argument.trim().to_owned();
        }
        if arguments.len() == 1 && arguments[0].is_empty() {
            arguments.clear();
        }
        Ok((arguments, i))
    }
}

fn push(arguments: &mut [String], text: &str) -> Result<(), SqlError> {
    if let Some(last) = arguments.last_mut() {
        last.push_str(text);
        if last.len() > MAX_BYTES {
            return Err(super::too_long());
        }
    }
    Ok(())
}

/// An argument `expression AS name` taken apart; without a name it has the default one.
pub(super) fn split_alias<'a>(argument: &'a str, default: &'a str) -> (&'a str, &'a str) {
    let Ok(mut tokens) = lex(argument) else {
        return (argument, default);
    };
    tokens.retain(Token::is_significant);
    let [.., before, keyword, name] = tokens.as_slice() else {
        return (argument, default);
    };
    let is_alias = keyword.text(argument).eq_ignore_ascii_case("AS")
        && keyword.kind == TokenKind::Word
        && matches!(name.kind, TokenKind::Word | TokenKind::QuotedIdentifier);
    if is_alias {
        (&argument[..before.range.end], name.text(argument))
    } else {
        (argument, default)
    }
}
