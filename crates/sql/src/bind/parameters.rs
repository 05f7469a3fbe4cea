//! Typed parameters, `{name:Type}`: their values become literals of the tree, never a part of the
//! text that is parsed.

use sqlparser::ast::Function as Call;

use super::Binder;
use super::casts::{text, two_arguments};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{Expr, ExprKind, Literal};
use crate::types::DataType;

/// Most nested arrays of a value.
const MAX_DEPTH: usize = 8;

impl Binder<'_> {
    /// `"parameter"('name', 'Type')`: how the token pass writes `{name:Type}`.
    pub(super) fn parameter(&mut self, call: &Call, at: usize) -> Result<Expr, SqlError> {
        let texts = two_arguments(call).and_then(|[name, ty]| Some((text(name)?, text(ty)?)));
        let Some((name, ty)) = texts else {
            return Err(self.error(ErrorKind::Syntax, "a parameter is {name:Type}", at));
        };
        if ty.trim().eq_ignore_ascii_case("Identifier") {
            return Err(self.unsupported(
                &format!("the parameter {name} of the type Identifier"),
                Some("write the name into the query, or choose it by a template variable: ${name}"),
                at,
            ));
        }
        let Some(value) = self.context.params.get(name) else {
            let mut error = self.error(
                ErrorKind::Expansion,
                format!("the parameter {name} has no value"),
                at,
            );
            error.hint = Some("give it in \"params\"".to_owned());
            return Err(error);
        };
        let ty = self.type_named(ty, at)?;
        let value = value.clone();
        let wrong = format!("the value of the parameter {name} is no {ty}");
        match self.value_of(&value, &ty, MAX_DEPTH, at)? {
            Some(bound) => Ok(bound),
            None => Err(self.error(ErrorKind::Expansion, wrong, at)),
        }
    }

    /// A value of the type; `None` if the text is none.
    fn value_of(
        &mut self,
        value: &str,
        ty: &DataType,
        depth: usize,
        at: usize,
    ) -> Result<Option<Expr>, SqlError> {
        if matches!(value, "\\N") && ty.is_nullable() {
            return self.null(at).map(Some);
        }
        let literal =
            |binder: &mut Self, literal, ty| binder.node(ExprKind::Literal(literal), ty, at);
        let plain = ty.inner();
        if plain.is_integer() {
            let Some(number) = integer(value, plain) else {
                return Ok(None);
            };
            // One node an element, as lists of ids are long. Alone it shows its type to ClickHouse.
            if depth < MAX_DEPTH {
                return literal(self, number, plain.clone()).map(Some);
            }
        }
        let is_valid = match plain {
            DataType::String => true,
            plain if plain.is_integer() => true,
            plain if plain.is_float() => value.parse::<f64>().is_ok(),
            DataType::Bool => matches!(value, "true" | "false" | "0" | "1"),
            plain => plain.is_time() || plain.is_decimal() || plain.item().is_some(),
        };
        if !is_valid {
            return Ok(None);
        }
        if let Some(item) = plain.item() {
            return self.array_of(value, ty, &item.clone(), depth, at);
        }
        let text = literal(self, Literal::String(value.to_owned()), DataType::String)?;
        if plain.is_string() {
            return Ok(Some(text));
        }
        if plain.is_datetime()
            && let Ok(seconds) = value.parse::<f64>()
        {
            let number = literal(self, Literal::Float(seconds), DataType::Float64)?;
            return self.cast(number, ty.clone(), at).map(Some);
        }
        if plain.is_time() {
            self.time_of_text(value.to_owned(), plain, at)?;
        }
        self.cast(text, ty.clone(), at).map(Some)
    }

    /// `[1,2]` or `['a','b']`, the text form of an array.
    fn array_of(
        &mut self,
        value: &str,
        ty: &DataType,
        item: &DataType,
        depth: usize,
        at: usize,
    ) -> Result<Option<Expr>, SqlError> {
        let Some(elements) = elements(value).filter(|_| depth > 0) else {
            return Ok(None);
        };
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            let bound = match element {
                Element::Null if item.is_nullable() => self.null(at)?,
                Element::Null => return Ok(None),
                // A text without quotes is no text.
                Element::Bare(_) if item.is_string() => return Ok(None),
                Element::Bare(text) | Element::Quoted(text) => {
                    match self.value_of(&text, item, depth - 1, at)? {
                        Some(bound) => bound,
                        None => return Ok(None),
                    }
                }
            };
            items.push(bound);
        }
        self.node(ExprKind::Array(items), ty.clone(), at).map(Some)
    }
}

/// A whole number that fits into the type.
fn integer(value: &str, ty: &DataType) -> Option<Literal> {
    let bits = |signed: Option<i64>, unsigned: Option<u64>| match signed {
        Some(number) if number < 0 => Some(Literal::Int(number)),
        Some(number) => Some(Literal::UInt(number.cast_unsigned())),
        None => unsigned.map(Literal::UInt),
    };
    match ty {
        DataType::UInt8 => bits(None, value.parse::<u8>().ok().map(u64::from)),
        DataType::UInt16 => bits(None, value.parse::<u16>().ok().map(u64::from)),
        DataType::UInt32 => bits(None, value.parse::<u32>().ok().map(u64::from)),
        DataType::Int8 => bits(value.parse::<i8>().ok().map(i64::from), None),
        DataType::Int16 => bits(value.parse::<i16>().ok().map(i64::from), None),
        DataType::Int32 => bits(value.parse::<i32>().ok().map(i64::from), None),
        DataType::Int64 => bits(value.parse().ok(), None),
        _ => bits(None, value.parse().ok()),
    }
}

/// An element of an array's text form.
#[derive(Debug, PartialEq, Eq)]
enum Element {
    /// A number, a boolean, or an array.
    Bare(String),
    /// What stood between quotes.
    Quoted(String),
    Null,
}

/// The elements of `[…]`; `None` if the text is no array.
fn elements(text: &str) -> Option<Vec<Element>> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?.trim();
    let mut elements = Vec::new();
    if inner.is_empty() {
        return Some(elements);
    }
    let mut rest = inner;
    loop {
        let (element, behind) = first_element(rest)?;
        elements.push(element);
        let behind = behind.trim_start();
        if behind.is_empty() {
            return Some(elements);
        }
        rest = behind.strip_prefix(',')?.trim_start();
    }
}

/// The element that the text begins with, and what is behind it.
fn first_element(text: &str) -> Option<(Element, &str)> {
    if let Some(quoted) = text.strip_prefix('\'') {
        let mut content = String::new();
        let mut chars = quoted.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => return Some((Element::Quoted(content), &quoted[at + 1..])),
                '\\' => content.push(match chars.next()?.1 {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    '0' => return None,
                    plain => plain,
                }),
                plain => content.push(plain),
            }
        }
        return None;
    }
    if text.starts_with('[') {
        let mut depth = 0_usize;
        let mut is_quoted = false;
        let mut chars = text.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' if is_quoted => {
                    chars.next();
                }
                '\'' => is_quoted = !is_quoted,
                '[' if !is_quoted => depth += 1,
                ']' if !is_quoted => {
                    depth -= 1;
                    if depth == 0 {
                        return Some((Element::Bare(text[..=at].to_owned()), &text[at + 1..]));
                    }
                }
                _ => {}
            }
        }
        return None;
    }
    let end = text.find(',').unwrap_or(text.len());
    let word = text[..end].trim();
    let element = match word {
        "" => return None,
        word if word.eq_ignore_ascii_case("NULL") => Element::Null,
        word => Element::Bare(word.to_owned()),
    };
    Some((element, &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_arrays() {
        let bare = |text: &str| Element::Bare(text.to_owned());
        let quoted = |text: &str| Element::Quoted(text.to_owned());
        let cases = [
            ("[]", Some(vec![])),
            ("[1]", Some(vec![bare("1")])),
            (
                " [ -1 , 2.5,NULL ] ",
                Some(vec![bare("-1"), bare("2.5"), Element::Null]),
            ),
            (
                r"['a','it\'s, \\','']",
                Some(vec![quoted("a"), quoted(r"it's, \"), quoted("")]),
            ),
            (
                "[[1,2],['a]',3]]",
                Some(vec![bare("[1,2]"), bare("['a]',3]")]),
            ),
            ("1,2", None),
            ("[1", None),
            ("[1,]", None),
            ("['a]", None),
            ("['a' 'b']", None),
            ("[[1]", None),
        ];
        for (text, expected) in cases {
            assert_eq!(elements(text), expected, "{text}");
        }
    }
}
