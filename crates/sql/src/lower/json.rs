//! JSON in texts: ClickHouse never fails on it, DuckDB does.
//!
//! Of the events' payloads a column says which are JSON; and some of their paths have a column of
//! their own.

use std::fmt::Write as _;

use super::json_member::{Member, is_extractable};
use super::stand_ins::once;
use super::{Lowering, Sql, default_of, quoted};
use crate::error::SqlError;
use crate::ir::{Expr, ExprKind};
use crate::relation::PromotedKind;
use crate::types::DataType;

/// The mark of [`PromotedKind::String`]. Texts that come before the next character have it, or are
/// empty.
const MARK: &str = "chr(0)";
const AFTER_MARK: &str = "chr(1)";

impl Lowering<'_> {
    pub(super) fn json(
        &mut self,
        name: &str,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<Sql, SqlError> {
        self.pass("JSON");
        let family = name
            .strip_prefix("simpleJSON")
            .or_else(|| name.strip_prefix("visitParam"));
        if let Some(rest) = family {
            return self.simple_json(rest, arguments);
        }
        let (name, arguments, ty) = self.canonical(name, arguments, expr)?;
        let document = &arguments[0];
        if name == "isValidJSON" {
            let text = self.value(document)?;
            let is_json = self.is_json(document, &text);
            return Ok(Sql::condition(format!(
                "(CASE WHEN {text} IS NOT NULL THEN {is_json} END)"
            )));
        }
        if let Some(promoted) = self.promoted_path(&name, document, &arguments[1..])? {
            return Ok(promoted);
        }
        let text = self.value(document)?;
        let keys = &arguments[1..];
        if keys.iter().any(|key| !key.ty.is_string()) {
            return self.of_member(&name, document, &text, keys, (&ty, expr));
        }
        let path = self.path(&name, keys)?;
        Ok(self.extract(&name, document, &text, &path, &ty))
    }

    /// `JSONExtract` by its type, and the type that is asked for.
    fn canonical(
        &mut self,
        name: &str,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<(String, Vec<Expr>, DataType), SqlError> {
        if !matches!(name, "JSONExtract" | "JSONExtractKeysAndValues") {
            return Ok((name.to_owned(), arguments.to_vec(), expr.ty.clone()));
        }
        self.pass("JSONExtract by type");
        let (ty, path) = arguments
            .split_last()
            .expect("the table asks for arguments");
        let ty = ty.as_text().and_then(DataType::parse);
        let Some(ty) = ty.filter(is_extractable) else {
            let hint = Some("use JSONExtractRaw and work on its text");
            return Err(self.unsupported(&format!("{name} of this type"), hint, expr.at));
        };
        let function = match (name, &ty) {
            ("JSONExtractKeysAndValues", _) => name,
            (_, DataType::String) => "JSONExtractString",
            (_, DataType::Bool) => "JSONExtractBool",
            _ => "JSONExtract",
        };
        Ok((function.to_owned(), path.to_vec(), ty))
    }

    /// The column of a payload path that has one.
    fn promoted_path(
        &mut self,
        name: &str,
        document: &Expr,
        keys: &[Expr],
    ) -> Result<Option<Sql>, SqlError> {
        let ExprKind::Column(column) = &document.kind else {
            return Ok(None);
        };
        if column.name != "payload"
            || !self.relation_sources.contains(&column.source)
            || column.or_default
        {
            return Ok(None);
        }
        let path: Option<Vec<String>> = if name.starts_with("JSON_") {
            keys[0].as_text().and_then(json_path_keys)
        } else {
            keys.iter()
                .map(|key| key.as_text().map(str::to_owned))
                .collect()
        };
        let promoted = path.and_then(|path| {
            self.relation
                .promoted_paths
                .iter()
                .find(|promoted| promoted.path == path)
        });
        let Some(promoted) = promoted else {
            return Ok(None);
        };
        let source = crate::print::source_name(column.source);
        let value = format!("{source}.\"{}\"", promoted.column);
        let has_payload = format!("{source}.\"{}\"", self.relation.has_payload);
        let is_present = self.select_context.present.contains(&value);
        let text = match (name, promoted.kind) {
            ("JSONExtractUInt", PromotedKind::UInt) if is_present => value,
            ("JSONExtractUInt", PromotedKind::UInt) => {
                format!("(CASE WHEN {has_payload} THEN coalesce({value}, 0) END)")
            }
            ("JSONExtractString", PromotedKind::String) => {
                let text = format!(
                    "CASE WHEN {value} < {AFTER_MARK} THEN substr({value}, 2) ELSE {value} END"
                );
                if is_present {
                    format!("({text})")
                } else {
                    format!("(CASE WHEN {has_payload} THEN coalesce({text}, '') END)")
                }
            }
            ("JSONHas" | "JSON_EXISTS", _) => {
                self.pass("promoted payload paths");
                return Ok(Some(Sql::condition(format!(
                    "(CASE WHEN {has_payload} THEN {value} IS NOT NULL END)"
                ))));
            }
            ("JSON_VALUE", PromotedKind::String) => {
                // Behind the mark is an array, an object, or a text that begins with the mark.
                let marked = format!(
                    "CASE WHEN {value} = {MARK} THEN 'null' WHEN {value}[2] = {MARK} THEN substr({value}, 2) ELSE '' END"
                );
                format!(
                    "(CASE WHEN NOT {has_payload} THEN NULL WHEN {value} IS NULL THEN '' WHEN {value} < {AFTER_MARK} THEN {marked} ELSE {value} END)"
                )
            }
            ("JSONExtractInt", PromotedKind::UInt) => {
                let path = self.path(name, keys)?;
                let payload = self.value(document)?;
                let slow = self
                    .extract(name, document, &payload, &path, &DataType::Int64)
                    .text;
                format!("(CASE WHEN {value} > 0 THEN {value} ELSE {slow} END)")
            }
            _ => return Ok(None),
        };
        self.pass("promoted payload paths");
        Ok(Some(Sql::value(text)))
    }

    /// The hidden column of a path, where it has one.
    pub(super) fn promoted_column(&self, document: &Expr, keys: &[Expr]) -> Option<String> {
        let ExprKind::Column(column) = &document.kind else {
            return None;
        };
        let is_payload = column.name == "payload"
            && !column.or_default
            && self.relation_sources.contains(&column.source);
        let path: Option<Vec<&str>> = keys.iter().map(Expr::as_text).collect();
        let path = path.filter(|_| is_payload)?;
        let promoted = self
            .relation
            .promoted_paths
            .iter()
            .find(|promoted| promoted.path == path)?;
        let source = crate::print::source_name(column.source);
        Some(format!("{source}.\"{}\"", promoted.column))
    }

    /// A path in DuckDB's spelling, as a text expression.
    fn path(&mut self, name: &str, keys: &[Expr]) -> Result<String, SqlError> {
        if name.starts_with("JSON_") {
            let path = keys[0].as_text().unwrap_or_default();
            let Some(keys) = json_path_keys(path) else {
                let hint = Some("write '$.key' or '$.key.other'");
                return Err(self.unsupported("this JSON path", hint, keys[0].at));
            };
            let mut text = "$".to_owned();
            for key in &keys {
                match key.strip_prefix('[') {
                    Some(index) => {
                        let _ = write!(text, "[{}]", index.trim_end_matches(']'));
                    }
                    None => {
                        let _ = write!(text, ".\"{key}\"");
                    }
                }
            }
            return Ok(quoted(&text));
        }
        let mut pieces = vec!["'$'".to_owned()];
        for key in keys {
            if let Some(text) = key.as_text() {
                if text.is_empty() || text.contains(['"', '\\', '*']) {
                    return self.pointer(keys);
                }
                pieces.push(quoted(&format!(".\"{text}\"")));
            } else if let Some(index) = key.as_integer() {
                pieces.push(quoted(&match index {
                    0 => "[999999999]".to_owned(),
                    n if n < 0 => format!("[#{n}]"),
                    n => format!("[{}]", n - 1),
                }));
            } else if key.ty.is_string() {
                let value = self.value(key)?;
                pieces.push(format!("'.\"' || replace({value}, '\"', '') || '\"'"));
            } else {
                let value = self.value(key)?;
                pieces.push(format!(
                    "CASE WHEN {value} < 0 THEN '[#' || {value} || ']' ELSE '[' || ({value} - 1) || ']' END"
                ));
            }
        }
        // One literal where all are: then DuckDB reads the path once.
        if pieces
            .iter()
            .all(|piece| piece.starts_with('\'') && !piece.contains(" || "))
        {
            let joined: String = pieces
                .iter()
                .map(|piece| &piece[1..piece.len() - 1])
                .collect();
            return Ok(format!("'{joined}'"));
        }
        Ok(format!("({})", pieces.join(" || ")))
    }

    /// Members by number count from 1, those of objects, too.
    fn member(&mut self, document: &Expr, text: &str, keys: &[Expr]) -> Result<String, SqlError> {
        self.pass("JSON members by number");
        let is_json = self.is_json(document, text);
        let mut member = format!("(CASE WHEN {is_json} THEN {text} END)");
        for key in keys {
            member = if key.ty.is_string() {
                let path = self.path("JSONExtractRaw", std::slice::from_ref(key))?;
                format!("json_extract({member}, {path})")
            } else {
                let place = self.value(key)?;
                let index = match key.as_integer() {
                    Some(n) if n < 0 => format!("'$[#{n}]'"),
                    Some(n) => format!("'$[{}]'", (n - 1).max(0)),
                    None => format!(
                        "CASE WHEN {place} < 0 THEN '$[#' || ({place}) || ']' ELSE '$[' || ({place} - 1) || ']' END"
                    ),
                };
                once(&member, "_j", |member| {
                    let name = format!(
                        "replace(replace(json_keys({member})[{place}], '~', '~0'), '/', '~1')"
                    );
                    format!(
                        "(CASE WHEN {place} = 0 THEN NULL WHEN json_type({member}) = 'OBJECT' THEN json_extract({member}, '/' || {name}) ELSE json_extract({member}, {index}) END)"
                    )
                })
            };
        }
        Ok(member)
    }

    /// What the function makes of a member found by [`Lowering::member`]; of none, what it
    /// makes of an object without members.
    fn of_member(
        &mut self,
        name: &str,
        document: &Expr,
        text: &str,
        keys: &[Expr],
        (ty, expr): (&DataType, &Expr),
    ) -> Result<Sql, SqlError> {
        let found = self.member(document, text, keys)?;
        let plain = Expr::new(
            ExprKind::LambdaParameter(found.clone()),
            document.ty.inner().clone(),
            document.at,
        );
        let found_text = format!("CAST({found} AS VARCHAR)");
        let whole = self.extract(name, &plain, &found_text, "'$'", ty);
        let none = self.extract(name, &plain, "'{}'", "'$.none'", ty);
        let chosen = format!(
            "CASE WHEN {found} IS NULL THEN {} ELSE {} END",
            none.text, whole.text
        );
        let guarded = if document.ty.is_nullable() && expr.ty.is_nullable() {
            format!("(CASE WHEN {text} IS NOT NULL THEN {chosen} END)")
        } else {
            format!("({chosen})")
        };
        Ok(Sql {
            text: guarded,
            is_condition: whole.is_condition,
        })
    }

    /// A JSON pointer: the form for keys that a path cannot spell.
    fn pointer(&mut self, keys: &[Expr]) -> Result<String, SqlError> {
        let mut pointer = String::new();
        for key in keys {
            let Some(text) = key.as_text() else {
                let hint = Some("use plain keys beside computed ones");
                return Err(self.unsupported("this JSON key", hint, key.at));
            };
            pointer.push('/');
            pointer.push_str(&text.replace('~', "~0").replace('/', "~1"));
        }
        Ok(quoted(&pointer))
    }

    /// The condition under which DuckDB's JSON functions may read a document without failing. Of a
    /// payload it is a column, but where rows are grouped by the payload itself: there is none then.
    fn is_json(&self, document: &Expr, text: &str) -> String {
        let (payload, is_present) = match &document.kind {
            ExprKind::Call {
                function,
                arguments,
                ..
            } if function.name == "assumeNotNull" => (&arguments[0], true),
            _ => (document, false),
        };
        let ExprKind::Column(column) = &payload.kind else {
            return format!("json_valid({text})");
        };
        if column.name != "payload"
            || !self.relation_sources.contains(&column.source)
            || self.select_context.group_keys.contains(payload)
        {
            return format!("json_valid({text})");
        }
        let source = crate::print::source_name(column.source);
        let is_json = format!("{source}.\"{}\"", self.relation.payload_is_json);
        if is_present {
            // In the place of no payload is an empty text.
            return format!("({source}.\"{}\" AND {is_json})", self.relation.has_payload);
        }
        is_json
    }

    fn extract(&mut self, name: &str, document: &Expr, j: &str, path: &str, ty: &DataType) -> Sql {
        let is_json = self.is_json(document, j);
        let member = Member {
            document: j,
            path,
            is_json: &is_json,
        };
        let guarded = |text: String| member.guarded(&text);
        let (string, kind, text) = (member.string(), member.kind(), member.text());
        let or_null = |text: String| {
            if document.ty.is_nullable() {
                format!("(CASE WHEN {j} IS NOT NULL THEN {text} END)")
            } else {
                format!("({text})")
            }
        };
        let number = member.number();
        Sql::value(match name {
            "JSONExtractUInt" => or_null(format!(
                "coalesce(try_cast(trunc(greatest({number}, 0)) AS UBIGINT), 0)"
            )),
            "JSONExtractInt" => {
                or_null(format!("coalesce(try_cast(trunc({number}) AS BIGINT), 0)"))
            }
            "JSONExtractFloat" => or_null(format!("coalesce(try_cast({string} AS DOUBLE), 0)")),
            "JSONExtractString" => or_null(format!("coalesce({text}, '')")),
            "JSONExtractRaw" => or_null(format!("coalesce({}, '')", member.raw())),
            "JSONExtractBool" => or_null(format!("coalesce({}, 0)", member.bool())),
            "JSONExtractArrayRaw" => {
                let items = guarded(format!(
                    "CAST(json_extract({j}, {path} || '[*]') AS VARCHAR[])"
                ));
                let item = floats_anew("_q");
                format!("coalesce(list_transform({items}, lambda _q: {item}), [])")
            }
            "JSONExtractKeysAndValuesRaw" => {
                let keys = guarded(format!("json_keys({j}, {path})"));
                let values = guarded(format!(
                    "CAST(json_extract({j}, {path} || '.*') AS VARCHAR[])"
                ));
                let value = floats_anew("struct_extract_at(_p, 2)");
                format!(
                    "coalesce(list_transform(list_zip({keys}, {values}), lambda _p: row(struct_extract_at(_p, 1), {value})), [])"
                )
            }
            "JSONExtractKeysAndValues" => {
                let keys = guarded(format!("json_keys({j}, {path})"));
                let values = guarded(format!(
                    "CAST(json_extract({j}, {path} || '.*') AS VARCHAR[])"
                ));
                let value = Member {
                    document: "struct_extract_at(_p, 2)",
                    path: "'$'",
                    is_json: "true",
                };
                let value = value.typed(ty);
                // Members of another type are left out.
                let is_kept = if ty.is_nullable() {
                    "true"
                } else {
                    "_q.f1 IS NOT NULL"
                };
                format!(
                    "coalesce(list_filter(list_transform(list_zip({keys}, {values}), lambda _p: {{'f0': struct_extract_at(_p, 1), 'f1': {value}}}), lambda _q: {is_kept}), [])"
                )
            }
            "JSONExtractKeys" => {
                let keys = guarded(format!("json_keys({j}, {path})"));
                format!("coalesce({keys}, [])")
            }
            "JSONHas" | "JSON_EXISTS" => {
                let exists = guarded(format!("json_exists({j}, {path})"));
                return Sql::condition(or_null(format!("coalesce({exists}, false)")));
            }
            "JSONLength" => or_null(format!(
                "coalesce(CASE {kind} WHEN 'ARRAY' THEN CAST(json_array_length({j}, {path}) AS BIGINT) WHEN 'OBJECT' THEN len(json_keys({j}, {path})) END, 0)"
            )),
            "JSONType" => or_null(format!(
                "CASE {kind} WHEN 'VARCHAR' THEN 'String' WHEN 'UBIGINT' THEN CASE WHEN CAST({string} AS HUGEINT) > 9223372036854775807 THEN 'UInt64' ELSE 'Int64' END WHEN 'BIGINT' THEN 'Int64' WHEN 'DOUBLE' THEN 'Double' WHEN 'BOOLEAN' THEN 'Bool' WHEN 'OBJECT' THEN 'Object' WHEN 'ARRAY' THEN 'Array' ELSE 'Null' END"
            )),
            "JSON_VALUE" => or_null(format!(
                "coalesce(CASE {kind} WHEN 'OBJECT' THEN '' WHEN 'ARRAY' THEN '' WHEN 'NULL' THEN 'null' ELSE {text} END, '')"
            )),
            "JSON_QUERY" => or_null(format!("coalesce('[' || {} || ']', '')", member.raw())),
            _ if ty.is_nullable() => format!("({})", member.typed(ty)),
            _ => or_null(format!(
                "coalesce({}, {})",
                member.typed(ty),
                default_of(ty)
            )),
        })
    }
}

/// A piece of JSON with its floats as ClickHouse writes them: 200.0 is 200. Looked for only where there is
/// one; numbers within strings stay.
pub(super) fn floats_anew(raw: &str) -> String {
    let tokens = r#""(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|[^"\d-]+|."#;
    let number = super::conversions::float_text("CAST(_k AS DOUBLE)");
    format!(
        "list_transform([{raw}], lambda _r: CASE WHEN regexp_matches(_r, '\\d[.eE]') THEN array_to_string(list_transform(regexp_extract_all(_r, '{tokens}', 0, 's'), \
         lambda _k: CASE WHEN regexp_full_match(_k, '-?\\d+(?:\\.\\d+)?(?:[eE][-+]?\\d+)?') AND regexp_matches(_k, '[.eE]') THEN {number} ELSE _k END), '') ELSE _r END)[1]"
    )
}

/// The keys of `$.a.b[0]`; none for what is no plain path. Indexes are `[0`.
fn json_path_keys(path: &str) -> Option<Vec<String>> {
    let mut rest = path.strip_prefix('$')?;
    let mut keys = Vec::new();
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('.') {
            let (key, after) = if let Some(quoted) = behind.strip_prefix('"') {
                quoted.split_once('"')?
            } else {
                let end = behind.find(['.', '[']).unwrap_or(behind.len());
                behind.split_at(end)
            };
            let is_plain = !key.is_empty() && !key.contains(['*', '"', '\\', '[', '(']);
            if !is_plain {
                return None;
            }
            keys.push(key.to_owned());
            rest = after;
        } else {
            let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
            index.parse::<u32>().ok()?;
            keys.push(format!("[{index}"));
            rest = after;
        }
    }
    Some(keys)
}
