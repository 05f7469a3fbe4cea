//! `simpleJSON…` and `visitParam…`: they look for the first `"name":` in the text, wherever it stands,
//! and read on behind it. No blank may stand there, but for the raw text.

use super::{Lowering, Sql, quoted};
use crate::error::SqlError;
use crate::ir::Expr;

/// Deepest nesting of a raw text.
const MAX_DEPTH: usize = 12;

impl Lowering<'_> {
    /// `rest` is the function's name without the family's.
    pub(super) fn simple_json(&mut self, rest: &str, arguments: &[Expr]) -> Result<Sql, SqlError> {
        self.pass("simpleJSON");
        let text = self.value(&arguments[0])?;
        let name = arguments[1].as_text().unwrap_or_default();
        let key = format!("\"{name}\":");
        let found = format!("strpos({text}, {})", quoted(&key));
        if rest == "Has" {
            return Ok(Sql::condition(format!("({found} > 0)")));
        }
        // What follows the first one, or nothing.
        let behind = format!(
            "CASE WHEN {found} > 0 THEN substr({text}, {found} + {}) WHEN {text} IS NOT NULL THEN '' END",
            key.chars().count()
        );
        let read = match rest {
            "ExtractUInt" | "ExtractInt" => {
                let (pattern, duck) = match rest {
                    "ExtractUInt" => (r#"^"?\+?(\d+)"#, "UBIGINT"),
                    _ => (r#"^"?([-+]?\d+)"#, "BIGINT"),
                };
                format!("coalesce(try_cast(regexp_extract(_t, '{pattern}', 1) AS {duck}), 0)")
            }
            "ExtractFloat" => {
                let number = r#"^"?([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|[nN][aA][nN]|[iI][nN][fF]))"#;
                let digits = format!("regexp_extract(_t, '{number}', 1)");
                // DuckDB takes no number beyond a DOUBLE.
                format!(
                    "CASE WHEN {digits} = '' THEN 0 ELSE coalesce(try_cast({digits} AS DOUBLE), CASE WHEN starts_with({digits}, '-') THEN '-inf'::DOUBLE ELSE 'inf'::DOUBLE END) END"
                )
            }
            "ExtractBool" => "CAST(starts_with(_t, 'true') AS BIGINT)".to_owned(),
            "ExtractString" => {
                let string = r#"^"(?:[^"\\]|\\.)*""#;
                // An escape that JSON does not know is the letter behind the backslash.
                let known = r#"\\([^"\\/bfnrtu])"#;
                format!(
                    "coalesce(list_transform([regexp_replace(regexp_extract(_t, '{string}', 0, 's'), '{known}', '\\1', 'gs')], \
                     lambda _s: CASE WHEN json_valid(_s) THEN json_extract_string(_s, '$') END)[1], '')"
                )
            }
            _ => {
                let raw = raw_pattern();
                // Deeper ones are not found; where the text is over before its end, it is nothing.
                format!(
                    "CASE WHEN regexp_matches(_t, '{raw}', 's') THEN regexp_extract(_t, '{raw}', 1, 's') \
                     WHEN length(regexp_replace(_t, '[^\\[{{]', '', 'g')) > {MAX_DEPTH} THEN CAST(error('JSON nested deeper than {MAX_DEPTH}') AS VARCHAR) ELSE '' END"
                )
            }
        };
        Ok(Sql::value(format!(
            "list_transform([{behind}], lambda _t: CASE WHEN _t IS NOT NULL THEN {read} END)[1]"
        )))
    }
}

/// What goes to the next comma or brace that stands within no string, array or object.
fn raw_pattern() -> String {
    // The one escape that is looked at is that of a quote.
    let string = r#""(?:[^"\\]|\\+[^"\\]|\\+")*""#;
    let mut nested = String::new();
    for _ in 0..MAX_DEPTH {
        let inner = if nested.is_empty() {
            String::new()
        } else {
            format!("|{nested}")
        };
        nested = format!(r#"[\[{{](?:[^\[\]{{}}"]|{string}{inner})*[\]}}]"#);
    }
    format!(r#"^((?:[^\[{{",}}]|{string}|{nested})*)[,}}]"#)
}
