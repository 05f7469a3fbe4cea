//! The text stage: macros and template variables, as Grafana and its ClickHouse data source
//! expand them, with the way back from each byte of the result to the user's own text.
//!
//! Differs from Grafana on purpose: quotes in values are escaped or refused, and a name that
//! nothing knows is an error here and not ClickHouse's "unknown identifier".
//!
//! **Invariant:** the result holds no comment, no heredoc, and at most [`MAX_BYTES`] bytes.

mod calls;
mod expanded;
mod format;
pub(crate) mod lexer;
mod macros;
mod moment;
mod statements;
mod time;
mod variables;

#[cfg(test)]
mod tests;

pub(crate) use expanded::Expanded;
pub(crate) use format::string_literal;

use self::expanded::MAX_BYTES;
use self::lexer::TokenKind;
use crate::context::Context;
use crate::error::{ErrorKind, SqlError};

/// Replaces macros and variables, in Grafana's order.
pub(crate) fn expand(sql: &str, context: &Context) -> Result<Expanded, SqlError> {
    let own = normalize(bounded(Expanded::of(sql))?)?;
    let conditions = bounded(macros::expand_conditional_all(own, context)?)?;
    let values = bounded(variables::interpolate(conditions, context)?)?;
    // The text of "all" may bring comments along.
    let clean = normalize(values)?;
    let statement = bounded(statements::expand(clean)?)?;
    // An argument that a macro writes twice may close in its second copy what it opened.
    let expanded = normalize(bounded(macros::expand_macros(statement, context)?)?)?;
    refuse_leftovers(&expanded, context)?;
    Ok(expanded)
}

/// A text of ours: without comments, and nothing in it is a macro or a variable.
pub(crate) fn own(text: &str) -> Result<Expanded, SqlError> {
    normalize(Expanded::of(text))
}

/// Comments become a space, heredocs become strings: nothing may hide in them from the next
/// stages.
fn normalize(expanded: Expanded) -> Result<Expanded, SqlError> {
    let mut edits = Vec::new();
    for token in expanded.tokens()? {
        match token.kind {
            TokenKind::Comment => edits.push((token.range, " ".to_owned())),
            TokenKind::Heredoc => {
                let text = token.text(&expanded.text);
                let tag_length = text[1..].find('$').map_or(0, |end| end + 2);
                let body = &text[tag_length..text.len() - tag_length];
                let literal = format::string_literal(body);
                edits.push((token.range, literal));
            }
            _ => {}
        }
    }
    bounded(expanded.edit(edits))
}

fn bounded(expanded: Expanded) -> Result<Expanded, SqlError> {
    match expanded.text.len() {
        0..=MAX_BYTES => Ok(expanded),
        _ => Err(too_long()),
    }
}

fn too_long() -> SqlError {
    SqlError {
        kind: ErrorKind::Expansion,
        message: "the query with its variables is longer than 1 MB".to_owned(),
        hint: Some("choose fewer values, or All with a condition of its own".to_owned()),
        position: None,
    }
}

/// A `$` that is still there outside of strings is a name that nothing knows.
fn refuse_leftovers(expanded: &Expanded, context: &Context) -> Result<(), SqlError> {
    for token in expanded.tokens()? {
        if matches!(token.kind, TokenKind::Word | TokenKind::Punctuation)
            && let rest = &expanded.text[token.range.start..]
            && let Some(reference) = variables::Reference::at(rest)
            && rest.starts_with('$')
        {
            return Err(unknown_name(
                expanded,
                token.range.start,
                reference.name,
                context,
            ));
        }
    }
    Ok(())
}

fn unknown_name(expanded: &Expanded, offset: usize, name: &str, context: &Context) -> SqlError {
    let is_macro = name.starts_with("__");
    let kind = if is_macro { "macro" } else { "variable" };
    let error = expanded.error(
        ErrorKind::Expansion,
        offset,
        format!("unknown {kind} ${name}"),
    );
    let hint = if is_macro {
        let known = macros::NAMES.iter().chain(&statements::NAMES);
        let known = known.chain(&variables::BUILT_IN).chain(&variables::GLOBAL);
        nearest(name, known.copied())
    } else {
        nearest(name, context.variables.keys().map(String::as_str))
    };
    SqlError { hint, ..error }
}

/// Names that differ by a few letters, as a hint.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let most_edits = name.chars().count().div_ceil(3);
    let mut near: Vec<(usize, &str)> = known
        .map(|other| {
            (
                strsim::damerau_levenshtein(&name.to_lowercase(), &other.to_lowercase()),
                other,
            )
        })
        .filter(|(n_edits, _)| *n_edits <= most_edits)
        .collect();
    near.sort_unstable();
    let names: Vec<String> = near
        .iter()
        .take(3)
        .map(|(_, name)| format!("${name}"))
        .collect();
    (!names.is_empty()).then(|| format!("did you mean {}?", names.join(" or ")))
}
