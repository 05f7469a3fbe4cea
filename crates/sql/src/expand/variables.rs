//! Template variables: `$x`, `${x}`, `${x:format}`, `[[x]]`, `[[x:format]]`, and the built-in
//! ones of the time range. As in Grafana, they are replaced wherever they stand, in strings
//! and in names, too, and a name that is not known stays.

use std::cell::Cell;
use std::ops::Range;

use super::expanded::{Expanded, MAX_BYTES};
use super::format::{self, FormatError, Place};
use super::lexer::{Token, TokenKind, lex};
use super::time;
use crate::context::{Context, VariableValue};
use crate::error::{ErrorKind, SqlError};

/// Variables that every dashboard has, without `$`.
pub(super) const BUILT_IN: [&str; 7] = [
    "__from",
    "__interval",
    "__interval_ms",
    "__range",
    "__range_ms",
    "__range_s",
    "__to",
];

/// How deep the text of "all" of one variable may lead to another's.
const MAX_DEPTH: usize = 8;
/// How many variables may be replaced: more than a query has, few enough that texts which
/// name each other end soon.
const MAX_REPLACED: usize = 50_000;

/// A variable's name in the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub name: &'a str,
    pub format: Option<&'a str>,
    /// In bytes, with all its signs.
    pub length: usize,
}

impl<'a> Reference<'a> {
    /// The reference that `rest` begins with.
    pub fn at(rest: &'a str) -> Option<Reference<'a>> {
        if let Some(inner) = rest.strip_prefix("${") {
            return Reference::closed(inner, 2, "}");
        }
        if let Some(inner) = rest.strip_prefix("[[") {
            return Reference::closed(inner, 2, "]]");
        }
        let name = word(rest.strip_prefix('$')?)?;
        Some(Reference {
            name,
            format: None,
            length: 1 + name.len(),
        })
    }

    fn closed(inner: &'a str, opening: usize, closing: &str) -> Option<Reference<'a>> {
        let name = word(inner)?;
        let mut rest = &inner[name.len()..];
        let mut format = None;
        if let Some(after) = rest.strip_prefix(':') {
            let end = after.find([']', '}'])?;
            format = Some(&after[..end]).filter(|format| !format.is_empty());
            rest = &after[end..];
        }
        let consumed = inner.len() - rest.strip_prefix(closing)?.len();
        Some(Reference {
            name,
            format,
            length: opening + consumed,
        })
    }
}

/// The word that `text` begins with, in the sense of `\w+`.
fn word(text: &str) -> Option<&str> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let word = &text[..end.unwrap_or(text.len())];
    (!word.is_empty()).then_some(word)
}

/// Replaces all variables whose names are known.
pub(super) fn interpolate(expanded: Expanded, context: &Context) -> Result<Expanded, SqlError> {
    let tokens = expanded.tokens()?;
    let resolver = Resolver {
        context,
        n_replaced: Cell::new(0),
    };
    let edits = resolver
        .edits(&expanded.text, Some(&tokens), Place::Text, &mut Vec::new())
        .map_err(|refused| refused.at(&expanded))?;
    Ok(expanded.edit(edits))
}

/// A reference that cannot be replaced.
struct Refused {
    /// Where the reference begins, in the query's text.
    offset: usize,
    message: String,
    hint: Option<String>,
}

impl Refused {
    fn at(self, expanded: &Expanded) -> SqlError {
        SqlError {
            hint: self.hint,
            ..expanded.error(ErrorKind::Expansion, self.offset, self.message)
        }
    }
}

struct Resolver<'a> {
    context: &'a Context,
    n_replaced: Cell<usize>,
}

type Edit = (Range<usize>, String);

impl Resolver<'_> {
    /// The replacements of all known references in `text`, whose tokens tell the place of
    /// each; without tokens all stand at `place`. `within` are the variables whose text this is.
    fn edits(
        &self,
        text: &str,
        tokens: Option<&[Token]>,
        place: Place,
        within: &mut Vec<String>,
    ) -> Result<Vec<Edit>, Refused> {
        let mut edits = Vec::new();
        let mut n_bytes = 0;
        let mut next_token = 0;
        let mut offset = 0;
        while let Some(skipped) = text[offset..].find(['$', '[']) {
            offset += skipped;
            let rest = &text[offset..];
            let Some(reference) = Reference::at(rest) else {
                offset += 1;
                continue;
            };
            let place = match tokens {
                None => place,
                Some(tokens) => {
                    while tokens
                        .get(next_token)
                        .is_some_and(|token| token.range.end <= offset)
                    {
                        next_token += 1;
                    }
                    match tokens.get(next_token).map(|token| token.kind) {
                        Some(TokenKind::String) => Place::String,
                        Some(TokenKind::QuotedIdentifier) => Place::Identifier,
                        _ => Place::Text,
                    }
                }
            };
            let refused = |mut refused: Refused| {
                refused.offset = offset;
                refused
            };
            let Some(value) = self.value(&reference, place, within).map_err(refused)? else {
                offset += 1;
                continue;
            };
            n_bytes += value.len();
            self.n_replaced.set(self.n_replaced.get() + 1);
            if n_bytes > MAX_BYTES || self.n_replaced.get() > MAX_REPLACED {
                return Err(Refused {
                    offset,
                    message: "the query with its variables is longer than 1 MB".to_owned(),
                    hint: None,
                });
            }
            edits.push((offset..offset + reference.length, value));
            offset += reference.length;
        }
        Ok(edits)
    }

    /// What replaces a reference; `None` if its name is not known.
    fn value(
        &self,
        reference: &Reference<'_>,
        place: Place,
        within: &mut Vec<String>,
    ) -> Result<Option<String>, Refused> {
        let Reference { name, format, .. } = *reference;
        let value = match self.context.variables.get(name) {
            Some(VariableValue::One(value)) => format::one(value, format, place),
            Some(VariableValue::Many(values)) => format::many(values, format, place),
            Some(VariableValue::All(text)) => {
                return self.all(name, text, place, within).map(Some);
            }
            None if BUILT_IN.contains(&name) => {
                return self.built_in(reference, place).map(Some);
            }
            None => return Ok(None),
        };
        value
            .map(Some)
            .map_err(|error| explain(error, name, format))
    }

    /// The dashboard's own text for "all", with the variables in it replaced.
    fn all(
        &self,
        name: &str,
        text: &str,
        place: Place,
        within: &mut Vec<String>,
    ) -> Result<String, Refused> {
        let refuse = |message: String| Refused {
            offset: 0,
            message,
            hint: None,
        };
        if within.iter().any(|outer| outer == name) {
            return Err(refuse(format!(
                "the text for All of ${name} leads back to ${name}"
            )));
        }
        if within.len() == MAX_DEPTH {
            return Err(refuse(format!(
                "the texts for All lead through more than {MAX_DEPTH} variables"
            )));
        }
        // Between quotes the whole text is a part of the string, whatever signs it has.
        let tokens = match place {
            Place::Text => Some(lex(text).map_err(|unterminated| {
                refuse(format!(
                    "a {} in the text for All of ${name} is not closed",
                    unterminated.what
                ))
            })?),
            _ => None,
        };
        within.push(name.to_owned());
        let edits = self.edits(text, tokens.as_deref(), place, within)?;
        within.pop();
        let keep = |part: &str| match place {
            Place::Text => Ok(part.to_owned()),
            _ => format::place_raw(part.to_owned(), place)
                .map_err(|error| explain(error, name, None)),
        };
        let mut whole = String::new();
        let mut done = 0;
        for (range, value) in edits {
            whole += &keep(&text[done..range.start])?;
            whole += &value;
            done = range.end;
        }
        Ok(whole + &keep(&text[done..])?)
    }

    fn built_in(&self, reference: &Reference<'_>, place: Place) -> Result<String, Refused> {
        let Reference { name, format, .. } = *reference;
        let refuse = |message: String, hint: &str| Refused {
            offset: 0,
            message,
            hint: Some(hint.to_owned()),
        };
        let missing =
            |missing: time::Missing| refuse(format!("${name} {}", missing.message), missing.hint);
        let context = self.context;
        let width_ms =
            || time::range(context).map(|range| range.to_ms.saturating_sub(range.from_ms).max(0));
        let value = match name {
            "__interval" => time::interval_ms(context).map(time::interval_text),
            "__interval_ms" => {
                time::interval_ms(context).map(|interval_ms| interval_ms.to_string())
            }
            "__range_ms" => width_ms().map(|ms| ms.to_string()),
            "__range_s" => width_ms().map(|ms| ((ms + 500) / 1000).to_string()),
            "__range" => width_ms().map(|ms| format!("{}s", (ms + 500) / 1000)),
            bound => {
                let range = time::range(context).map_err(missing)?;
                let ms = if bound == "__from" {
                    range.from_ms
                } else {
                    range.to_ms
                };
                let date = match format {
                    Some("date" | "date:iso") => time::iso(ms),
                    Some("date:seconds") => Some(time::seconds(ms).to_string()),
                    Some("date:YYYY-MM-DD") => time::date(ms),
                    Some(other) if other.starts_with("date:") => {
                        let message =
                            format!("the date format of ${{{name}:{other}}} is not known");
                        return Err(refuse(
                            message,
                            "use `date:iso`, `date:seconds` or `date:YYYY-MM-DD`",
                        ));
                    }
                    _ => {
                        let raw = format::one(&ms.to_string(), format, place);
                        return raw.map_err(|error| explain(error, name, format));
                    }
                };
                return date.ok_or_else(|| {
                    refuse(
                        format!("${name} is beyond the calendar"),
                        "use `$__from` as a number of ms",
                    )
                });
            }
        };
        let value = value.map_err(missing)?;
        format::one(&value, format, place).map_err(|error| explain(error, name, format))
    }
}

fn explain(error: FormatError, name: &str, format: Option<&str>) -> Refused {
    let (message, hint) = match error {
        FormatError::Unsafe => (
            format!(
                "the value of ${name} has quotes or other signs that cannot stand outside of a string"
            ),
            format!("make ${name} a multi-value variable, or put it in quotes: `'${name}'`"),
        ),
        FormatError::Several => (
            format!("${name} stands for a list, which brings its own quotes"),
            format!("write `IN (${name})` without quotes, or `'${{{name}:pipe}}'`"),
        ),
        FormatError::QuotedTwice => (
            format!(
                "the format `{}` of ${name} brings its own quotes",
                format.unwrap_or_default()
            ),
            format!(
                "write `${{{name}:{}}}` without quotes",
                format.unwrap_or_default()
            ),
        ),
        FormatError::Unknown => (
            format!(
                "the format `{}` of ${name} makes no SQL",
                format.unwrap_or_default()
            ),
            "use csv, singlequote, sqlstring, doublequote, raw, pipe, regex, json or text"
                .to_owned(),
        ),
    };
    Refused {
        offset: 0,
        message,
        hint: Some(hint),
    }
}
