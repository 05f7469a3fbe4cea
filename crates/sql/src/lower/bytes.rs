//! Bytes of texts that are not ASCII: ClickHouse cuts between any two of them, and a character that was
//! cut is shown as U+FFFD. DuckDB's texts are UTF-8, so a byte that is no part of a character stands in
//! them as a character of its own, from the end of the last private plane: U+10FF80 is the byte 80,
//! U+10FFFF the byte FF. Where a text can have such ones is known from what was called.

use super::{Lowering, Sql};
use crate::error::SqlError;
use crate::ir::{Expr, ExprKind, Query};
use crate::types::DataType;

/// The characters that stand for bytes.
const STRAY: &str = r"[\x{10FF80}-\x{10FFFF}]";

/// Those of them that stand for bytes within a character, behind its first.
const CONTINUATION: &str = r"[\x{10FF80}-\x{10FFBF}]";

impl Lowering<'_> {
    /// Whether a text, or one within an array or a tuple, can have bytes that are no character.
    pub(super) fn may_be_cut(&self, expr: &Expr) -> bool {
        if !holds_text(&expr.ty) {
            return false;
        }
        match &expr.kind {
            ExprKind::Column(column) => self.cut_columns.contains(&(column.source, column.index)),
            ExprKind::LambdaParameter(name) => self.cut_names.contains(name),
            ExprKind::Subquery(query) => self.cut_columns_of(query).first() == Some(&true),
            ExprKind::Call {
                function,
                arguments,
                ..
            } => match function.name {
                "substring" | "substr" | "mid" | "left" | "right" | "reverse" | "leftPad"
                | "rightPad" | "lpad" | "rpad" | "splitByString" => arguments
                    .iter()
                    .filter(|argument| argument.ty.is_string())
                    .any(|argument| argument.as_text().is_none_or(|text| !text.is_ascii())),
                name if name.starts_with("JSON") || name.starts_with("formatReadable") => false,
                _ => arguments.iter().any(|argument| self.may_be_cut(argument)),
            },
            _ => expr
                .children()
                .into_iter()
                .any(|part| self.may_be_cut(part)),
        }
    }

    /// Functions that see the bytes of characters that were cut; `None` where none can be.
    pub(super) fn by_bytes(
        &mut self,
        name: &str,
        arguments: &[Expr],
    ) -> Result<Option<Sql>, SqlError> {
        let function = match name {
            "startsWith" => "starts_with",
            "endsWith" => "ends_with",
            "lengthUTF8" | "char_length" | "character_length" => "length",
            _ => return Ok(None),
        };
        if !arguments.iter().any(|argument| self.may_be_cut(argument)) {
            return Ok(None);
        }
        let mut texts = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let text = self.value(argument)?;
            texts.push(match function {
                // Bytes that go on with a character count for none.
                "length" => format!("regexp_replace({text}, '{CONTINUATION}', '', 'g')"),
                _ => hex_of(&text, self.may_be_cut(argument)),
            });
        }
        let call = format!("({function}({}))", texts.join(", "));
        Ok(Some(match function {
            "length" => Sql::value(call),
            _ => Sql::condition(call),
        }))
    }

    /// Of each column whether it can hold such texts; after the query was lowered.
    pub(super) fn cut_columns_of(&self, query: &Query) -> Vec<bool> {
        match query {
            Query::Select(select) => {
                let items = select.items.iter();
                items.map(|item| self.may_be_cut(&item.expr)).collect()
            }
            Query::Set {
                branches, columns, ..
            } => {
                let mut are_cut = vec![false; columns.len()];
                for branch in branches {
                    for (is_cut, more) in are_cut.iter_mut().zip(self.cut_columns_of(branch)) {
                        *is_cut |= more;
                    }
                }
                are_cut
            }
        }
    }
}

fn holds_text(ty: &DataType) -> bool {
    match ty.inner() {
        DataType::String => true,
        DataType::Array(item) => holds_text(item),
        DataType::Tuple(items) => items.iter().any(holds_text),
        _ => false,
    }
}

/// A text as it is shown: ClickHouse puts one U+FFFD for bytes beside each other.
pub(super) fn shown(text: &str, ty: &DataType) -> String {
    match ty.inner() {
        DataType::String => {
            format!("regexp_replace({text}, '{STRAY}+', chr(65533), 'g')")
        }
        DataType::Array(item) => {
            let item = shown("_b", item);
            format!("list_transform({text}, lambda _b: {item})")
        }
        _ => text.to_owned(),
    }
}

/// The bytes of a text in hexadecimal digits.
pub(super) fn hex_of(text: &str, may_be_cut: bool) -> String {
    if !may_be_cut {
        return format!("hex(encode({text}))");
    }
    let mut hex = "regexp_replace(hex(encode(_c)), 'F48FBE(..)', '\\1', 'g')".to_owned();
    for (low, high) in [("8", "C"), ("9", "D"), ("A", "E"), ("B", "F")] {
        hex = format!("regexp_replace({hex}, 'F48FBF{low}(.)', '{high}\\1', 'g')");
    }
    format!(
        "list_transform([{text}], lambda _c: CASE WHEN regexp_matches(_c, '{STRAY}') THEN {hex} ELSE hex(encode(_c)) END)[1]"
    )
}

/// The text of bytes in hexadecimal digits.
pub(super) fn text_of_hex(hex: &str) -> String {
    let character = "[0-7].|C[2-9A-F][89AB].|D.[89AB].|E0[AB].[89AB].|E[1-9A-CEF][89AB].[89AB].|ED[89].[89AB].|F0[9AB].[89AB].[89AB].|F[1-3][89AB].[89AB].[89AB].|F48.[89AB].[89AB].";
    format!(
        "list_transform([{hex}], lambda _h: CASE WHEN regexp_full_match(_h, '(?:{character})*') THEN decode(unhex(_h)) \
         ELSE decode(unhex(array_to_string(list_transform(regexp_extract_all(_h, '{character}|..'), \
         lambda _c: CASE WHEN length(_c) <> 2 OR _c < '80' THEN _c WHEN _c < 'C0' THEN 'F48FBE' || _c \
         ELSE 'F48FBF' || translate(left(_c, 1), 'CDEF', '89AB') || right(_c, 1) END), ''))) END)[1]"
    )
}

/// A text whose bytes may make characters again, now that they stand beside each other.
pub(super) fn joined(text: &str) -> String {
    let hex = hex_of("_j", true);
    format!(
        "list_transform([{text}], lambda _j: CASE WHEN regexp_matches(_j, '{STRAY}') THEN {} ELSE _j END)[1]",
        text_of_hex(&hex)
    )
}

/// How many bytes a text has.
pub(super) fn length(text: &str) -> String {
    // In DuckDB such a byte takes four.
    format!(
        "(strlen({text}) - 3 * length(regexp_replace({text}, '[^\\x{{10FF80}}-\\x{{10FFFF}}]', '', 'g')))"
    )
}
