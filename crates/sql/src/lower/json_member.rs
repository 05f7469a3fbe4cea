//! A member of a JSON document as text, number, or value of a type: NULL where it is none.

use super::default_of;
use super::json::floats_anew;
use crate::types::DataType;

/// What a path leads to within a document.
pub(super) struct Member<'a> {
    /// The document, a text.
    pub document: &'a str,
    /// DuckDB's path.
    pub path: &'a str,
    /// Condition under which DuckDB's JSON functions may read the document without failing.
    pub is_json: &'a str,
}

impl Member<'_> {
    pub fn guarded(&self, text: &str) -> String {
        format!("CASE WHEN {} THEN {text} END", self.is_json)
    }

    /// As text, strings without quotes.
    pub fn string(&self) -> String {
        self.guarded(&format!(
            "json_extract_string({}, {})",
            self.document, self.path
        ))
    }

    /// DuckDB's name of its type.
    pub fn kind(&self) -> String {
        self.guarded(&format!("json_type({}, {})", self.document, self.path))
    }

    /// As JSON.
    pub fn raw(&self) -> String {
        floats_anew(&self.guarded(&format!(
            "CAST(json_extract({}, {}) AS VARCHAR)",
            self.document, self.path
        )))
    }

    /// As ClickHouse makes a text of it: a float is written anew (131.0 becomes 131), an array or an object is
    /// JSON.
    pub fn text(&self) -> String {
        let (kind, string) = (self.kind(), self.string());
        format!(
            "CASE WHEN {kind} = 'DOUBLE' THEN replace(regexp_replace(CAST(CAST({string} AS DOUBLE) AS VARCHAR), '\\.0$', ''), 'e+', 'e') ELSE CASE WHEN {kind} IN ('ARRAY', 'OBJECT') THEN {} ELSE {string} END END",
            floats_anew(&string)
        )
    }

    /// As a number of 64 bits and half a million digits of fraction, which are cut off.
    pub fn number(&self) -> String {
        let string = self.string();
        format!(
            "CASE WHEN regexp_full_match({string}, '-?\\d+(\\.\\d*)?([eE][-+]?\\d+)?') THEN try_cast({string} AS DECIMAL(38, 6)) END"
        )
    }

    pub fn bool(&self) -> String {
        let (kind, string) = (self.kind(), self.string());
        format!(
            "CASE {kind} WHEN 'BOOLEAN' THEN CAST({string} = 'true' AS BIGINT) WHEN 'UBIGINT' THEN CAST({string} <> '0' AS BIGINT) WHEN 'BIGINT' THEN CAST({string} NOT IN ('0', '-0') AS BIGINT) END"
        )
    }

    /// As a value of a type that [`is_extractable`].
    pub fn typed(&self, ty: &DataType) -> String {
        self.typed_within(ty, 0)
    }

    fn typed_within(&self, ty: &DataType, depth: usize) -> String {
        match ty {
            DataType::Nullable(inner) => self.typed_within(inner, depth),
            DataType::Array(item) => self.array(item, depth),
            DataType::String => self.text(),
            DataType::Bool => self.bool(),
            ty if ty.is_float() => format!(
                "CASE {} WHEN 'BOOLEAN' THEN CAST({} = 'true' AS BIGINT) ELSE try_cast({} AS DOUBLE) END",
                self.kind(),
                self.string(),
                self.string()
            ),
            ty => {
                // By type, true is 1.
                let number = format!(
                    "CASE {} WHEN 'BOOLEAN' THEN CAST({} = 'true' AS DECIMAL(38, 6)) ELSE {} END",
                    self.kind(),
                    self.string(),
                    self.number()
                );
                let number = if ty.is_unsigned() {
                    format!("CASE WHEN {number} >= 0 THEN {number} END")
                } else {
                    number
                };
                let cut = format!("try_cast(trunc({number}) AS {})", super::result_type(ty));
                match ty {
                    DataType::UInt64 => cut,
                    _ => format!("CAST({cut} AS BIGINT)"),
                }
            }
        }
    }

    /// An array of elements of which at least one is of the type; the others are defaults. Else it is empty.
    fn array(&self, item: &DataType, depth: usize) -> String {
        let items = self.guarded(&format!(
            "CASE WHEN json_type({0}, {1}) = 'ARRAY' THEN CAST(json_extract({0}, {1} || '[*]') AS VARCHAR[]) END",
            self.document, self.path
        ));
        let (element, array, value) = (
            format!("_e{depth}"),
            format!("_a{depth}"),
            format!("_v{depth}"),
        );
        let member = Member {
            document: &element,
            path: "'$'",
            is_json: "true",
        };
        let typed = member.typed_within(item, depth + 1);
        let all = format!("list_transform({items}, lambda {element}: {typed})");
        if item.is_nullable() {
            return all;
        }
        format!(
            "list_transform([{all}], lambda {array}: CASE WHEN list_count({array}) = 0 THEN {array}[1:0] ELSE list_transform({array}, lambda {value}: coalesce({value}, {})) END)[1]",
            default_of(item)
        )
    }
}

/// Whether `JSONExtract` makes values of the type.
pub(super) fn is_extractable(ty: &DataType) -> bool {
    match ty {
        DataType::Array(item) => is_extractable(item),
        DataType::Nullable(inner) => is_extractable(inner),
        DataType::String | DataType::Bool => true,
        ty => ty.is_integer() || ty.is_float(),
    }
}
