//! Texts. ClickHouse counts bytes where DuckDB counts characters.

use super::{Lowering, Sql, bytes, quoted};
use crate::error::SqlError;
use crate::ir::{Expr, ExprKind, Literal};

impl Lowering<'_> {
    pub(super) fn string_function(
        &mut self,
        pass: &str,
        name: &str,
        arguments: &[Expr],
    ) -> Result<Sql, SqlError> {
        Ok(match pass {
            "concat" => {
                self.pass("concat");
                let mut texts = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    texts.push(self.text_of(argument)?);
                }
                let text = format!("({})", texts.join(" || "));
                let are_cut = arguments.iter().any(|argument| self.may_be_cut(argument));
                Sql::value(if are_cut { bytes::joined(&text) } else { text })
            }
            "initcap" => {
                self.pass("initcap");
                let text = self.value(&arguments[0])?;
                Sql::value(format!(
                    "array_to_string(list_transform(regexp_extract_all({text}, '[a-zA-Z0-9]+|[^a-zA-Z0-9]+'), lambda _w: translate(left(_w, 1), 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') || translate(substr(_w, 2), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')), '')"
                ))
            }
            "substring" => Sql::value(self.substring(name, arguments)?),
            "bytes" => Sql::value(self.of_bytes(name, &arguments[0])?),
            "regexp" => self.regexp(name, arguments)?,
            "trim" => Sql::value(self.trim(name, arguments)?),
            "pad" => Sql::value(self.pad(name, arguments)?),
            "format" => Sql::value(self.format(arguments)?),
            "split" => {
                let separator = arguments[0].as_text().unwrap_or_default();
                let text = self.value(&arguments[1])?;
                // Of nothing there is no character.
                let split = format!("string_split(coalesce({text}, ''), {})", quoted(separator));
                Sql::value(if separator.is_empty() {
                    let hex = bytes::hex_of(&text, self.may_be_cut(&arguments[1]));
                    let byte = bytes::text_of_hex("_y");
                    format!(
                        "(CASE WHEN coalesce({text}, '') = '' THEN [] WHEN strlen({text}) = length({text}) THEN {split} \
                         ELSE list_transform(regexp_extract_all({hex}, '..'), lambda _y: {byte}) END)"
                    )
                } else {
                    split
                })
            }
            "array_string_concat" => {
                let array = self.value(&arguments[0])?;
                let separator = arguments.get(1).and_then(Expr::as_text).unwrap_or_default();
                let separator = quoted(separator);
                // Of NULLs alone DuckDB makes NULL.
                let text = format!("coalesce(array_to_string({array}, {separator}), '')");
                Sql::value(if self.may_be_cut(&arguments[0]) {
                    bytes::joined(&text)
                } else {
                    text
                })
            }
            other => unreachable!("functions.txt names no pass {other}"),
        })
    }

    /// Cuts bytes; a text of ASCII has as many characters as bytes.
    fn substring(&mut self, name: &str, arguments: &[Expr]) -> Result<String, SqlError> {
        let text = self.value(&arguments[0])?;
        let mut places = Vec::with_capacity(2);
        for argument in &arguments[1..] {
            places.push(match argument.kind {
                ExprKind::Literal(Literal::Int(place)) => Place::Literal(place),
                // What is beyond counts from the end.
                ExprKind::Literal(Literal::UInt(place)) => Place::Literal(place.cast_signed()),
                _ => Place::Computed(self.wrapped_bigint(argument)?),
            });
        }
        let places = near(&places);
        let cut = cut(name, &text, &places, 1);
        if name.ends_with("UTF8") {
            return Ok(format!("({cut})"));
        }
        self.pass("bytes of texts");
        // Each byte is two digits.
        let hex = bytes::hex_of(&text, self.may_be_cut(&arguments[0]));
        let in_hex = self::cut(name, &hex, &places, 2);
        Ok(format!(
            "(CASE WHEN strlen({text}) = length({text}) THEN {cut} ELSE {} END)",
            bytes::text_of_hex(&in_hex)
        ))
    }

    /// `length`, `hex`, `reverse`: of bytes.
    fn of_bytes(&mut self, name: &str, argument: &Expr) -> Result<String, SqlError> {
        let text = self.value(argument)?;
        let may_be_cut = self.may_be_cut(argument);
        let hex = bytes::hex_of(&text, may_be_cut);
        Ok(match name {
            "length" if may_be_cut => bytes::length(&text),
            "length" => format!("strlen({text})"),
            "hex" => hex,
            _ => {
                self.pass("bytes of texts");
                let turned = bytes::text_of_hex(&format!(
                    "array_to_string(list_reverse(regexp_extract_all({hex}, '..')), '')"
                ));
                format!(
                    "(CASE WHEN strlen({text}) = length({text}) THEN reverse({text}) ELSE {turned} END)"
                )
            }
        })
    }

    fn regexp(&mut self, name: &str, arguments: &[Expr]) -> Result<Sql, SqlError> {
        self.pass("regular expressions");
        let text = self.value(&arguments[0])?;
        let pattern = arguments[1].as_text().unwrap_or_default();
        let quoted_pattern = quoted(pattern);
        let group = u8::from(has_group(pattern));
        Ok(match name {
            "match" => Sql::condition(format!("regexp_matches({text}, {quoted_pattern}, 's')")),
            "extract" => Sql::value(format!(
                "regexp_extract({text}, {quoted_pattern}, {group}, 's')"
            )),
            "extractAll" => Sql::value(format!(
                "regexp_extract_all(coalesce({text}, ''), {quoted_pattern}, {group}, 's')"
            )),
            _ => {
                let options = if name == "replaceRegexpAll" {
                    "gs"
                } else {
                    "s"
                };
                let with = arguments[2].as_text().unwrap_or_default();
                Sql::value(format!(
                    "regexp_replace({text}, {quoted_pattern}, {}, '{options}')",
                    quoted(with)
                ))
            }
        })
    }

    fn trim(&mut self, name: &str, arguments: &[Expr]) -> Result<String, SqlError> {
        let text = self.value(&arguments[0])?;
        let characters = arguments.get(1).and_then(Expr::as_text).unwrap_or(" ");
        let function = match name {
            "trimLeft" | "ltrim" => "ltrim",
            "trimRight" | "rtrim" => "rtrim",
            _ => "trim",
        };
        Ok(format!("{function}({text}, {})", quoted(characters)))
    }

    fn pad(&mut self, name: &str, arguments: &[Expr]) -> Result<String, SqlError> {
        self.pass("pad");
        let text = self.value(&arguments[0])?;
        // DuckDB's memory limit does not count the text that is being made.
        let length = self.bigint(&arguments[1])?;
        let length = format!(
            "(CASE WHEN {length} > 1000000 THEN CAST(error('a text cannot be padded to more than 1000000 bytes') AS BIGINT) ELSE {length} END)"
        );
        let fill = match arguments.get(2) {
            // Of nothing ClickHouse makes blanks.
            Some(fill) if fill.as_text() != Some("") => self.value(fill)?,
            _ => "' '".to_owned(),
        };
        let function = if name.starts_with('l') {
            "lpad"
        } else {
            "rpad"
        };
        if name.ends_with("UTF8") {
            return Ok(format!(
                "{function}({text}, CAST({length} AS INTEGER), {fill})"
            ));
        }
        // The width is in bytes, of the text and of what fills it.
        let hex = bytes::hex_of(&text, self.may_be_cut(&arguments[0]));
        let in_hex = format!("left({hex}, CAST(2 * greatest({length}, 0) AS BIGINT))");
        let digits = format!("CAST(2 * greatest({length}, 0) AS INTEGER)");
        let padded_hex = format!("{function}({hex}, {digits}, hex(encode({fill})))");
        let padded = format!("{function}({text}, CAST(greatest({length}, 0) AS INTEGER), {fill})");
        Ok(format!(
            "(CASE WHEN strlen({text}) = length({text}) AND strlen({fill}) = length({fill}) THEN {padded} WHEN {length} < strlen({text}) THEN {} ELSE {} END)",
            bytes::text_of_hex(&in_hex),
            bytes::text_of_hex(&padded_hex)
        ))
    }

    /// `format('{} of {1}', a, b)`.
    fn format(&mut self, arguments: &[Expr]) -> Result<String, SqlError> {
        self.pass("format");
        let template = arguments[0].as_text().unwrap_or_default();
        let mut values = Vec::new();
        for argument in &arguments[1..] {
            values.push(self.text_of(argument)?);
        }
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut next = 0;
        let mut rest = template;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '{' | '}' if rest.starts_with(c) => {
                    plain.push(c);
                    rest = &rest[1..];
                }
                '{' => {
                    let Some((index, behind)) = rest.split_once('}') else {
                        return Err(self.unsupported(
                            "a lone { in a format",
                            None,
                            arguments[0].at,
                        ));
                    };
                    rest = behind;
                    let index = match index.trim() {
                        "" => {
                            next += 1;
                            next - 1
                        }
                        number => number.parse().unwrap_or(usize::MAX),
                    };
                    let Some(value) = values.get(index) else {
                        return Err(self.unsupported(
                            "a format with more places than values",
                            None,
                            arguments[0].at,
                        ));
                    };
                    pieces.push(quoted(&std::mem::take(&mut plain)));
                    pieces.push(value.clone());
                }
                other => plain.push(other),
            }
        }
        pieces.push(quoted(&plain));
        Ok(format!("({})", pieces.join(" || ")))
    }
}

/// Places and lengths that DuckDB takes: it refuses those beyond 32 bits, and no text is that long. What begins before
/// the text is as much shorter.
fn near(places: &[Place]) -> Vec<Place> {
    const FAR: i64 = 1_000_000_000;
    let near_one = |place: &Place| match place {
        Place::Literal(n) => Place::Literal((*n).clamp(-FAR, FAR)),
        Place::Computed(n) => Place::Computed(format!(
            "CAST(CASE WHEN {n} > {FAR} THEN {FAR} WHEN {n} < -{FAR} THEN -{FAR} ELSE {n} END AS BIGINT)"
        )),
    };
    let [from, length] = places else {
        return places.iter().map(near_one).collect();
    };
    let shorter = match (from, length) {
        (Place::Literal(from), _) if *from >= -FAR => near_one(length),
        (Place::Literal(from), Place::Literal(length)) if *length >= 0 => {
            let (from, length) = (i128::from(*from), i128::from(*length));
            let length = (length + from + i128::from(FAR)).max(0);
            near_one(&Place::Literal(i64::try_from(length).unwrap_or(FAR)))
        }
        (_, Place::Literal(length)) if *length < 0 => near_one(&Place::Literal(*length)),
        (from, length) => {
            let text = |place: &Place| match place {
                Place::Literal(n) => format!("({n})"),
                Place::Computed(n) => n.clone(),
            };
            let (from, length) = (text(from), text(length));
            near_one(&Place::Computed(format!(
                "(CASE WHEN {from} < -{FAR} AND {length} >= 0 THEN greatest({length} + {from} + {FAR}, 0) ELSE {length} END)"
            )))
        }
    };
    vec![near_one(from), shorter]
}

/// A place in a text, or a length.
enum Place {
    Literal(i64),
    Computed(String),
}

impl Place {
    /// As a number of letters, of which `scale` are one of what is counted.
    fn scaled(&self, scale: i64) -> String {
        match self {
            Place::Literal(place) => format!("({})", place * scale),
            Place::Computed(place) if scale == 1 => place.clone(),
            Place::Computed(place) => format!("({scale} * {place})"),
        }
    }
}

/// A piece of a text whose places count `scale` letters.
fn cut(name: &str, text: &str, places: &[Place], scale: i64) -> String {
    let (from, length) = match (name, places) {
        ("left" | "leftUTF8", [n]) => return format!("left({text}, {})", n.scaled(scale)),
        ("right" | "rightUTF8", [n]) => return format!("right({text}, {})", n.scaled(scale)),
        (_, [from]) => (from, None),
        (_, [from, length]) => (from, Some(length)),
        _ => return text.to_owned(),
    };
    // How many letters are before it: less than none if it begins before the text, where DuckDB has two answers.
    let (before, begin, first) = match from {
        Place::Literal(place) if *place > 0 => {
            let before = place * scale - scale;
            let begin = before.to_string();
            (begin.clone(), begin, (before + 1).to_string())
        }
        _ => {
            let place = from.scaled(scale);
            let before = format!(
                "(CASE WHEN {place} > 0 THEN {place} - {scale} ELSE length({text}) + {place} END)"
            );
            let begin = format!("(CASE WHEN {before} < 0 THEN 0 ELSE {before} END)");
            let first = format!("{begin} + 1");
            (before, begin, first)
        }
    };
    let piece = match (from, length) {
        (_, None) => format!("substr({text}, {first})"),
        (Place::Literal(place), Some(Place::Literal(length))) if *place > 0 && *length >= 0 => {
            format!("substr({text}, {first}, {})", length * scale)
        }
        (_, Some(length)) => {
            // A negative length is counted from the end.
            let length = length.scaled(scale);
            let n = format!(
                "(CASE WHEN {length} < 0 THEN length({text}) + {length} ELSE {before} + {length} END - {begin})"
            );
            format!("substr({text}, {first}, CASE WHEN {n} < 0 THEN 0 ELSE {n} END)")
        }
    };
    match from {
        Place::Literal(place) if *place != 0 => piece,
        // No place is the 0th: of it there is nothing, and of NULL it is NULL.
        _ => format!(
            "CASE WHEN {} = 0 THEN left({piece}, 0) ELSE {piece} END",
            from.scaled(1)
        ),
    }
}

/// Whether a regular expression has a group that captures.
fn has_group(pattern: &str) -> bool {
    let mut is_escaped = false;
    let mut in_class = false;
    let bytes = pattern.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'(' if !in_class && bytes.get(at + 1) != Some(&b'?') => return true,
            b'(' if !in_class && bytes[at..].starts_with(b"(?P<") => return true,
            _ => {}
        }
    }
    false
}
