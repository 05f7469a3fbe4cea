//! Template variables: `$x`, `${x}`, `${x:format}`, `[[x]]`, `[[x:format]]`, and the built-in
//! ones of the time range. As in Grafana, they are replaced wherever they stand, in strings
//! and in names, too, and a name that is not known stays.

use std::cell::Cell;
use std::ops::Range;

use super::expanded::{Expanded, MAX_BYTES};
use super::format::{self, FormatError, Place};
use super::lexer::{Token, TokenKind, lex};
use super::{moment, time};
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
/// Grafana's other global variables, without `$`: of who asks and of the dashboard, and those that
/// have no value in a query.
pub(super) const GLOBAL: [&str; 14] = [
    "__all_variables",
    "__dashboard",
    "__data",
    "__field",
    "__name",
    "__org",
    "__rate_interval",
    "__searchFilter",
    "__series",
    "__timezone",
    "__url",
    "__url_time_range",
    "__user",
    "__value",
];
/// How many variables may be replaced: more than a query has, few enough that texts which
/// name each other end soon.
const MAX_REPLACED: usize = 50_000;

/// A variable's name in the text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub name: &'a str,
    /// `login` of `${__user.login}`.
    pub field: Option<&'a str>,
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
            field: None,
            format: None,
            length: 1 + name.len(),
        })
    }

    fn closed(inner: &'a str, opening: usize, closing: &str) -> Option<Reference<'a>> {
        let name = word(inner)?;
        let mut rest = &inner[name.len()..];
        let (mut field, mut format) = (None, None);
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find([':', ']', '}'])?;
            field = Some(&after[..end]);
            rest = &after[end..];
        }
        if let Some(after) = rest.strip_prefix(':') {
            let end = after.find([']', '}'])?;
            format = Some(&after[..end]).filter(|format| !format.is_empty());
            rest = &after[end..];
        }
        let consumed = inner.len() - rest.strip_prefix(closing)?.len();
        Some(Reference {
            name,
            field,
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
            let before = tokens.map(|tokens| &tokens[..next_token]);
            let refused = |mut refused: Refused| {
                refused.offset = offset;
                refused
            };
            let Some(value) = self.value(&reference, place, within).map_err(refused)? else {
                offset += 1;
                continue;
            };
            // An empty text box where a value is awaited is an empty text.
            let is_empty = value.is_empty() && place == Place::Text && reference.format.is_none();
            let value = match before {
                Some(before) if is_empty && awaits_value(before, text) => "''".to_owned(),
                _ => value,
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
        let Reference {
            name,
            field,
            format,
            ..
        } = *reference;
        if let Some(field) = field {
            // Of a dashboard's own variable Grafana knows no fields but lists: it stays.
            if !GLOBAL.contains(&name) {
                return Ok(None);
            }
            return self.global(name, Some(field), format, place).map(Some);
        }
        let value = match self.context.variables.get(name) {
            Some(VariableValue::One(value)) => format::one(name, value, format, place),
            Some(VariableValue::Many(values)) => format::many(name, values, format, place),
            Some(VariableValue::All(text)) => {
                return self.all(name, text, place, within).map(Some);
            }
            None if BUILT_IN.contains(&name) => {
                return self.built_in(reference, place).map(Some);
            }
            None if GLOBAL.contains(&name) => {
                return self.global(name, None, format, place).map(Some);
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

    /// A global variable that is not of the time range.
    fn global(
        &self,
        name: &str,
        field: Option<&str>,
        format: Option<&str>,
        place: Place,
    ) -> Result<String, Refused> {
        let asker = self.context.asker.as_ref();
        let organization = asker.and_then(|asker| asker.organization.as_ref());
        let value = match (name, field) {
            ("__user", None | Some("id")) => asker.map(|asker| asker.id.to_string()),
            ("__user", Some("login")) => asker.map(|asker| asker.login.clone()),
            ("__user", Some("email")) => asker.map(|asker| asker.email.clone()),
            ("__org", None | Some("id")) => organization.map(|(id, _)| id.to_string()),
            ("__org", Some("name")) => organization.map(|(_, name)| name.clone()),
            // All times are in UTC unless who asks gives another zone.
            ("__timezone", None) => Some("UTC".to_owned()),
            _ => None,
        };
        let Some(value) = value else {
            let field = field.map(|field| format!(".{field}")).unwrap_or_default();
            let hint = match name {
                "__org" => "choose an organization, as with `X-Organization`",
                "__dashboard" => "give it in \"variables\": {\"__dashboard\": \"title\"}",
                "__rate_interval" => "use `$__interval`",
                _ => {
                    "there are ${__user.login}, ${__user.id}, ${__user.email}, ${__org.name}, ${__org.id}, $__timezone, $__dashboard, $__from, $__to and $__interval"
                }
            };
            return Err(Refused {
                offset: 0,
                message: format!("the global variable ${{{name}{field}}} has no value here"),
                hint: Some(hint.to_owned()),
            });
        };
        format::one(name, &value, format, place).map_err(|error| explain(error, name, format))
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
                let of_date = format.and_then(|format| match format {
                    "date" => Some("iso"),
                    other => other.strip_prefix("date:"),
                });
                let Some(of_date) = of_date else {
                    let raw = format::one(name, &ms.to_string(), format, place);
                    return raw.map_err(|error| explain(error, name, format));
                };
                let date = match of_date {
                    "iso" => time::iso(ms),
                    // As Grafana rounds it.
                    "seconds" => Some(((ms + 500).div_euclid(1000)).to_string()),
                    format => match moment::format(ms, format) {
                        Ok(date) => date,
                        Err(moment::Unknown(part)) => {
                            let message = format!(
                                "`{part}` in the date format of ${{{name}:date:{format}}} is not supported"
                            );
                            return Err(refuse(
                                message,
                                "use `date:iso`, `date:seconds`, or letters as in `date:YYYY-MM-DD HH:mm:ss`",
                            ));
                        }
                    },
                };
                let date = date.ok_or_else(|| {
                    refuse(
                        format!("${name} is beyond the calendar"),
                        "use `$__from` as a number of ms",
                    )
                })?;
                return format::place_raw(date, place)
                    .map_err(|error| explain(error, name, format));
            }
        };
        let value = value.map_err(missing)?;
        format::one(name, &value, format, place).map_err(|error| explain(error, name, format))
    }
}

/// Whether a value must follow these tokens: an operator, an opening bracket, a comma, a keyword.
fn awaits_value(before: &[Token], text: &str) -> bool {
    const KEYWORDS: [&str; 13] = [
        "AND", "BETWEEN", "ELSE", "ILIKE", "IN", "LIKE", "NOT", "OR", "REGEXP", "RLIKE", "SELECT",
        "THEN", "WHEN",
    ];
    let Some(last) = before.iter().rev().find(|token| token.is_significant()) else {
        return false;
    };
    let last_text = last.text(text);
    match last.kind {
        TokenKind::Word => KEYWORDS
            .iter()
            .any(|word| word.eq_ignore_ascii_case(last_text)),
        TokenKind::Punctuation => !matches!(last_text, ")" | "]" | "}" | ";" | "."),
        _ => false,
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
            "use csv, singlequote, sqlstring, doublequote, raw, pipe, regex, json, text, glob, distributed, lucene, queryparam, percentencode or uriencode"
                .to_owned(),
        ),
    };
    Refused {
        offset: 0,
        message,
        hint: Some(hint),
    }
}
