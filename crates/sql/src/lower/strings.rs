//! Texts. ClickHouse counts bytes where DuckDB counts characters.

use super::{Lowering, Sql, quoted};
use crate::error::SqlError;
use crate::ir::Expr;

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
                Sql::value(format!("({})", texts.join(" || ")))
            }
            "initcap" => {
                self.pass("initcap");
                let text = self.value(&arguments[0])?;
                Sql::value(format!(
                    "array_to_string(list_transform(regexp_extract_all({text}, '[a-zA-Z0-9]+|[^a-zA-Z0-9]+'), lambda _w: translate(left(_w, 1), 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') || translate(substr(_w, 2), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')), '')"
                ))
            }
            "substring" => Sql::value(self.substring(name, arguments)?),
            "regexp" => self.regexp(name, arguments)?,
            "trim" => Sql::value(self.trim(name, arguments)?),
            "pad" => Sql::value(self.pad(name, arguments)?),
            "format" => Sql::value(self.format(arguments)?),
            "split" => {
                let separator = arguments[0].as_text().unwrap_or_default();
                let text = self.value(&arguments[1])?;
                Sql::value(format!(
                    "string_split(coalesce({text}, ''), {})",
                    quoted(separator)
                ))
            }
            "array_string_concat" => {
                let array = self.value(&arguments[0])?;
                let separator = arguments.get(1).and_then(Expr::as_text).unwrap_or_default();
                let separator = quoted(separator);
                Sql::value(format!("array_to_string({array}, {separator})"))
            }
            other => unreachable!("functions.txt names no pass {other}"),
        })
    }

    /// Cuts bytes; a text of ASCII has as many characters as bytes.
    fn substring(&mut self, name: &str, arguments: &[Expr]) -> Result<String, SqlError> {
        let text = self.value(&arguments[0])?;
        let numbers = self.values(&arguments[1..])?;
        // DuckDB refuses places beyond 32 bits; no text is that long.
        let numbers: Vec<String> = numbers
            .iter()
            .zip(&arguments[1..])
            .map(|(n, argument)| match argument.as_integer() {
                Some(number) => format!("CAST({} AS BIGINT)", number.clamp(-2_000_000_000, 2_000_000_000)),
                None => format!(
                    "CAST(CASE WHEN {n} > 2000000000 THEN 2000000000 WHEN {n} < -2000000000 THEN -2000000000 ELSE {n} END AS BIGINT)"
                ),
            })
            .collect();
        // Of NULL there is no empty text.
        let empty = |text: &str| {
            if arguments.iter().any(|argument| argument.ty.is_nullable()) {
                format!("left({text}, CAST(0 * {} AS BIGINT))", numbers.join(" * "))
            } else {
                "''".to_owned()
            }
        };
        let cut = |text: &str| match (name, numbers.as_slice()) {
            ("left", [n]) => format!("left({text}, {n})"),
            ("right", [n]) => format!("right({text}, {n})"),
            (_, [from]) => format!(
                "CASE WHEN {from} = 0 THEN {} ELSE substr({text}, {from}) END",
                empty(text)
            ),
            (_, [from, length]) => format!(
                "CASE WHEN {from} = 0 OR {length} < 0 THEN {} ELSE substr({text}, {from}, {length}) END",
                empty(text)
            ),
            _ => text.to_owned(),
        };
        if name == "substringUTF8" {
            return Ok(format!("({})", cut(&text)));
        }
        self.pass("bytes of texts");
        let hex = format!("hex(encode({text}))");
        let in_hex = match (name, numbers.as_slice()) {
            ("left", [n]) => format!("left({hex}, CAST(2 * ({n}) AS BIGINT))"),
            ("right", [n]) => format!("right({hex}, CAST(2 * ({n}) AS BIGINT))"),
            (_, [from, rest @ ..]) => {
                let start = format!("CASE WHEN {from} > 0 THEN 2 * {from} - 1 ELSE 2 * {from} END");
                match rest {
                    [length] => format!(
                        "CASE WHEN {from} = 0 OR {length} < 0 THEN {} ELSE substr({hex}, {start}, 2 * {length}) END",
                        empty(&hex)
                    ),
                    _ => format!(
                        "CASE WHEN {from} = 0 THEN {} ELSE substr({hex}, {start}) END",
                        empty(&hex)
                    ),
                }
            }
            _ => hex,
        };
        Ok(format!(
            "(CASE WHEN strlen({text}) = length({text}) THEN {} ELSE {} END)",
            cut(&text),
            text_of_bytes(&in_hex, &cut(&text))
        ))
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
        let length = self.value(&arguments[1])?;
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
        // The width is in bytes: characters of several bytes take as many of it.
        let in_hex =
            format!("left(hex(encode({text})), CAST(2 * greatest({length}, 0) AS BIGINT))");
        let characters = format!("{length} - strlen({text}) + length({text})");
        let padded =
            format!("{function}({text}, CAST(greatest({characters}, 0) AS INTEGER), {fill})");
        Ok(format!(
            "(CASE WHEN {length} < strlen({text}) THEN {} ELSE {padded} END)",
            text_of_bytes(&in_hex, &padded)
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

/// A piece of a text, given as hexadecimal digits. A cut within a character leaves no text, which
/// ClickHouse would answer with broken UTF-8: then it is `otherwise`.
fn text_of_bytes(hex: &str, otherwise: &str) -> String {
    let characters = "([0-7].|[CD].[89AB].|E.([89AB].){2}|F.([89AB].){3})*";
    format!(
        "CASE WHEN regexp_full_match({hex}, '{characters}') THEN decode(unhex({hex})) ELSE {otherwise} END"
    )
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
