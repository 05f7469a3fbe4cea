//! What ClickHouse calls a column that has no alias: its expression in canonical form.
//!
//! Dashboards' legends show these names.

use std::fmt::Write as _;

use sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Subscript, Value,
    WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use crate::shape::call_of;

/// The name of an expression.
pub(crate) fn name_of(expr: &Expr) -> String {
    if let Some((name, arguments)) = call_of(expr) {
        return format!("{name}({})", list(arguments));
    }
    match expr {
        Expr::Identifier(ident) => ident.value.clone(),
        Expr::CompoundIdentifier(parts) => parts
            .last()
            .map_or_else(String::new, |part| part.value.clone()),
        Expr::Nested(inner) => name_of(inner),
        Expr::Value(value) => literal(&value.value),
        Expr::UnaryOp { expr, .. } => format!("-{}", name_of(expr)),
        Expr::Tuple(items) => format!("({})", list(items)),
        Expr::Array(array) => format!("[{}]", list(&array.elem)),
        Expr::Between {
            expr,
            negated,
            low,
            high,
        } => {
            let (value, low, high) = (name_of(expr), name_of(low), name_of(high));
            if *negated {
                format!("or(less({value}, {low}), greater({value}, {high}))")
            } else {
                format!("and(greaterOrEquals({value}, {low}), lessOrEquals({value}, {high}))")
            }
        }
        Expr::In {
            expr,
            target,
            negated,
            ..
        } => {
            let function = if *negated { "notIn" } else { "in" };
            format!("{function}({}, {})", name_of(expr), in_target(target))
        }
        Expr::Case {
            operand,
            conditions,
            else_result,
            ..
        } => {
            let mut arguments: Vec<String> =
                operand.iter().map(|operand| name_of(operand)).collect();
            for when in conditions {
                arguments.push(name_of(&when.condition));
                arguments.push(name_of(&when.result));
            }
            arguments.push(
                else_result
                    .as_ref()
                    .map_or("NULL".to_owned(), |e| name_of(e)),
            );
            let function = if operand.is_some() {
                "caseWithExpression"
            } else {
                "multiIf"
            };
            format!("{function}({})", arguments.join(", "))
        }
        Expr::Cast {
            expr, data_type, ..
        } => format!(
            "CAST({}, {})",
            name_of(expr),
            quoted(&data_type.to_string())
        ),
        Expr::Interval(interval) => {
            let unit = interval
                .leading_field
                .as_ref()
                .map_or_else(String::new, ToString::to_string);
            let unit = unit.to_lowercase();
            let unit = unit.trim_end_matches('s');
            let mut letters = unit.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string());
            format!(
                "toInterval{}{}({})",
                first.unwrap_or_default(),
                letters.as_str(),
                name_of(&interval.value)
            )
        }
        Expr::CompoundFieldAccess { root, access_chain } => {
            access_chain
                .iter()
                .fold(name_of(root), |name, access| match access {
                    AccessExpr::Subscript(Subscript::Index { index }) => {
                        format!("arrayElement({name}, {})", name_of(index))
                    }
                    AccessExpr::Dot(field) => format!("tupleElement({name}, {})", name_of(field)),
                    AccessExpr::Subscript(other) => format!("{name}[{other}]"),
                })
        }
        Expr::Lambda(lambda) => {
            let parameters: Vec<String> = lambda
                .params
                .iter()
                .map(|parameter| parameter.name.value.clone())
                .collect();
            format!(
                "lambda(tuple({}), {})",
                parameters.join(", "),
                name_of(&lambda.body)
            )
        }
        Expr::Function(function) => function_name(function),
        Expr::Floor { expr, field } => format!("floor({}{})", name_of(expr), scale_of(field)),
        Expr::Ceil { expr, field } => format!("ceil({}{})", name_of(expr), scale_of(field)),
        Expr::TypedString(typed) => {
            let ty = match typed.data_type.to_string().as_str() {
                "DATE" => "toDate",
                _ => "toDateTime",
            };
            format!("{ty}({})", literal(&typed.value.value))
        }
        Expr::Subquery(_) => "_subquery1".to_owned(),
        Expr::Exists { .. } => "exists(_subquery1)".to_owned(),
        Expr::Named { name, .. } => name.value.clone(),
        other => other.to_string(),
    }
}

fn scale_of(field: &sqlparser::ast::CeilFloorKind) -> String {
    match field {
        sqlparser::ast::CeilFloorKind::Scale(scale) => format!(", {}", literal(&scale.value)),
        sqlparser::ast::CeilFloorKind::DateTimeField(_) => String::new(),
    }
}

fn in_target(target: &sqlparser::ast::InTarget) -> String {
    match target {
        sqlparser::ast::InTarget::List(items) if items.len() == 1 => name_of(&items[0]),
        sqlparser::ast::InTarget::List(items) => format!("({})", list(items)),
        _ => "_subquery1".to_owned(),
    }
}

fn list<'a>(items: impl IntoIterator<Item = &'a Expr>) -> String {
    items
        .into_iter()
        .map(name_of)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The arguments in parentheses, without `*`.
fn arguments(arguments: &FunctionArguments) -> Vec<String> {
    let FunctionArguments::List(list) = arguments else {
        return Vec::new();
    };
    list.args
        .iter()
        .filter_map(|argument| match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(name_of(expr)),
            _ => None,
        })
        .collect()
}

fn function_name(function: &Function) -> String {
    let name = function.name.0.last().map_or_else(String::new, |part| {
        part.as_ident()
            .map_or_else(|| part.to_string(), |ident| ident.value.clone())
    });
    let mut written = arguments(&function.args);
    match name.as_str() {
        "cast" => return format!("CAST({})", written.join(", ")),
        "nested" | "parameter" => return written.first().cloned().unwrap_or_default(),
        "tuple" => return format!("({})", written.join(", ")),
        "array" => return format!("[{}]", written.join(", ")),
        "DATE_ADD" | "dateAdd" | "date_add" | "timestamp_add" if written.len() == 2 => {
            return format!("plus({})", written.join(", "));
        }
        "date_diff" | "timestamp_diff" => {
            return format!("dateDiff({})", written.join(", "));
        }
        "trim" | "ltrim" | "rtrim" => {
            let canonical = match name.as_str() {
                "trim" => "trimBoth",
                "ltrim" => "trimLeft",
                _ => "trimRight",
            };
            return format!("{canonical}({})", written.join(", "));
        }
        _ => {}
    }
    let is_distinct = matches!(&function.args, FunctionArguments::List(list)
        if list.duplicate_treatment == Some(sqlparser::ast::DuplicateTreatment::Distinct));
    let mut suffix = if is_distinct { "Distinct" } else { "" }.to_owned();
    if let Some(filter) = &function.filter {
        suffix.push_str("If");
        written.push(name_of(filter));
    }
    let mut text = format!("{name}{suffix}");
    let parameters = self::arguments(&function.parameters);
    if !parameters.is_empty() {
        let _ = write!(text, "({})", parameters.join(", "));
    }
    let _ = write!(text, "({})", written.join(", "));
    match &function.over {
        Some(WindowType::NamedWindow(window)) => {
            let _ = write!(text, " OVER {}", window.value);
        }
        Some(WindowType::WindowSpec(spec)) => {
            let _ = write!(text, " OVER ({})", window(spec));
        }
        None => {}
    }
    text
}

fn window(spec: &WindowSpec) -> String {
    let mut parts = Vec::new();
    if !spec.partition_by.is_empty() {
        parts.push(format!("PARTITION BY {}", list(&spec.partition_by)));
    }
    if !spec.order_by.is_empty() {
        let keys = spec.order_by.iter().map(|key| {
            let is_descending = key.options.sort == Some(sqlparser::ast::OrderBySort::Desc);
            let direction = if is_descending { "DESC" } else { "ASC" };
            format!("{} {direction}", name_of(&key.expr))
        });
        parts.push(format!("ORDER BY {}", keys.collect::<Vec<_>>().join(", ")));
    }
    if let Some(frame) = &spec.window_frame {
        let units = match frame.units {
            WindowFrameUnits::Rows => "ROWS",
            WindowFrameUnits::Range => "RANGE",
            WindowFrameUnits::Groups => "GROUPS",
        };
        let end = frame
            .end_bound
            .as_ref()
            .map_or("CURRENT ROW".to_owned(), bound);
        parts.push(format!(
            "{units} BETWEEN {} AND {end}",
            bound(&frame.start_bound)
        ));
    }
    parts.join(" ")
}

fn bound(bound: &WindowFrameBound) -> String {
    match bound {
        WindowFrameBound::CurrentRow => "CURRENT ROW".to_owned(),
        WindowFrameBound::Preceding(None) => "UNBOUNDED PRECEDING".to_owned(),
        WindowFrameBound::Following(None) => "UNBOUNDED FOLLOWING".to_owned(),
        WindowFrameBound::Preceding(Some(n)) => format!("{} PRECEDING", name_of(n)),
        WindowFrameBound::Following(Some(n)) => format!("{} FOLLOWING", name_of(n)),
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Number(text, _) => number(text),
        Value::HexStringLiteral(digits) => number(&format!("0x{digits}")),
        Value::SingleQuotedString(text) => quoted(text),
        Value::Boolean(value) => value.to_string(),
        Value::Null => "NULL".to_owned(),
        other => other.to_string(),
    }
}

/// Integers in decimal; floats as ClickHouse prints them: `1e3` is `1000.`.
fn number(text: &str) -> String {
    let plain = text.replace('_', "");
    if let Some(hex) = plain.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).map_or(plain.clone(), |value| value.to_string());
    }
    if plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return plain.trim_start_matches('0').to_owned()
            + if plain.trim_start_matches('0').is_empty() {
                "0"
            } else {
                ""
            };
    }
    match plain.parse::<f64>() {
        Ok(value) if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value}."),
        Ok(value) => format!("{value}"),
        Err(_) => plain,
    }
}

/// A string literal in ClickHouse's spelling.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\0' => quoted.push_str("\\0"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    quoted
}
