//! What ClickHouse calls a column that has no alias: its expression in canonical form.
//!
//! Dashboards' legends show these names.

mod literals;

use std::fmt::Write as _;

use sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Subscript,
    UnaryOperator, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

pub(crate) use self::literals::quoted;
use self::literals::{list as constant_list, literal, negative, special};
use crate::shape::{call_of, name_and_access};

/// What the names of columns mean.
pub(crate) trait ColumnNames {
    /// The name in the result of what is written `a.b.c`.
    fn column_name(&self, parts: &[Ident]) -> String;

    /// The number of the next subquery without an alias, from 1.
    fn next_subquery(&self) -> usize;
}

/// The name of an expression.
pub(crate) fn name_of(expr: &Expr, columns: &dyn ColumnNames) -> String {
    Names { columns }.of(expr)
}

/// The name of a call.
pub(crate) fn name_of_parts(
    function: &str,
    arguments: &[&Expr],
    columns: &dyn ColumnNames,
) -> String {
    let arguments = Names { columns }.list(arguments.iter().copied());
    match function {
        "array" => format!("[{arguments}]"),
        _ => format!("{function}({arguments})"),
    }
}

struct Names<'a> {
    columns: &'a dyn ColumnNames,
}

impl Names<'_> {
    /// ClickHouse numbers subqueries in the order in which it comes to them.
    fn subquery(&self) -> String {
        format!("_subquery_{}", self.columns.next_subquery())
    }
}

impl Names<'_> {
    fn of(&self, expr: &Expr) -> String {
        if let Some((name, arguments)) = call_of(expr) {
            return format!("{name}({})", self.list(arguments));
        }
        match expr {
            Expr::Identifier(ident) => self.identifier(ident),
            Expr::CompoundIdentifier(parts) => self.columns.column_name(parts),
            Expr::Nested(inner)
            | Expr::UnaryOp {
                op: UnaryOperator::Plus,
                expr: inner,
            } => self.of(inner),
            Expr::Value(value) => literal(&value.value),
            Expr::UnaryOp { expr, .. } => negative(&self.of(expr)),
            Expr::Tuple(items) => format!("({})", self.list(items)),
            Expr::Array(array) => {
                constant_list(array).unwrap_or_else(|| format!("[{}]", self.list(&array.elem)))
            }
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => {
                let (value, low, high) = (self.of(expr), self.of(low), self.of(high));
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
                format!("{function}({}, {})", self.of(expr), self.in_target(target))
            }
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => {
                let mut arguments: Vec<String> =
                    operand.iter().map(|operand| self.of(operand)).collect();
                for when in conditions {
                    arguments.push(self.of(&when.condition));
                    arguments.push(self.of(&when.result));
                }
                let otherwise = else_result.as_ref();
                arguments.push(otherwise.map_or("NULL".to_owned(), |e| self.of(e)));
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
                self.of(expr),
                quoted(&data_type.to_string())
            ),
            Expr::Interval(interval) => {
                let unit = interval.leading_field.as_ref();
                let unit = unit.map_or_else(String::new, ToString::to_string);
                interval_of(&unit, &self.of(&interval.value))
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                let (name, access_chain) = name_and_access(root, access_chain);
                let root = match name.as_slice() {
                    [] => self.of(root),
                    parts => self.columns.column_name(parts),
                };
                let access = |name: String, access: &AccessExpr| match access {
                    AccessExpr::Subscript(Subscript::Index { index }) => {
                        format!("arrayElement({name}, {})", self.of(index))
                    }
                    AccessExpr::Dot(field) => format!("tupleElement({name}, {})", self.of(field)),
                    AccessExpr::Subscript(other) => format!("{name}[{other}]"),
                };
                access_chain.iter().fold(root, access)
            }
            Expr::Lambda(lambda) => {
                let parameters = lambda.params.iter();
                let parameters: Vec<&str> = parameters.map(|p| p.name.value.as_str()).collect();
                format!(
                    "lambda(tuple({}), {})",
                    parameters.join(", "),
                    self.of(&lambda.body)
                )
            }
            Expr::Function(function) => self.function(function),
            Expr::Floor { expr, field } => {
                format!("floor({}{})", self.of(expr), scale_of(field))
            }
            Expr::Ceil { expr, field } => format!("ceil({}{})", self.of(expr), scale_of(field)),
            Expr::TypedString(typed) => {
                let ty = match typed.data_type.to_string().as_str() {
                    "DATE" => "toDate",
                    _ => "toDateTime",
                };
                format!("{ty}({})", literal(&typed.value.value))
            }
            Expr::Subquery(_) => self.subquery(),
            Expr::Exists { .. } => format!("exists({})", self.subquery()),
            Expr::Named { name, .. } => name.value.clone(),
            other => other.to_string(),
        }
    }

    /// A name without a table; `NaN` is a number.
    fn identifier(&self, ident: &Ident) -> String {
        let is_quoted = ident.quote_style.is_some();
        match special(&ident.value).filter(|_| !is_quoted) {
            Some(number) => number.to_owned(),
            None => self.columns.column_name(std::slice::from_ref(ident)),
        }
    }

    fn in_target(&self, target: &sqlparser::ast::InTarget) -> String {
        match target {
            sqlparser::ast::InTarget::List(items) if items.len() == 1 => self.of(&items[0]),
            sqlparser::ast::InTarget::List(items) => format!("({})", self.list(items)),
            sqlparser::ast::InTarget::Table { name, .. } => name.to_string(),
            _ => self.subquery(),
        }
    }

    fn list<'a>(&self, items: impl IntoIterator<Item = &'a Expr>) -> String {
        let names: Vec<String> = items.into_iter().map(|item| self.of(item)).collect();
        names.join(", ")
    }

    fn function(&self, function: &Function) -> String {
        let name = function.name.0.last().map_or_else(String::new, |part| {
            part.as_ident()
                .map_or_else(|| part.to_string(), |ident| ident.value.clone())
        });
        let given = arguments(&function.args);
        let mut written: Vec<String> = given.iter().map(|argument| self.of(argument)).collect();
        if let Some(respelled) = respelled(&name, &written) {
            return respelled;
        }
        let is_distinct = matches!(&function.args, FunctionArguments::List(list)
            if list.duplicate_treatment == Some(sqlparser::ast::DuplicateTreatment::Distinct));
        let mut suffix = if is_distinct { "Distinct" } else { "" }.to_owned();
        if let Some(filter) = &function.filter {
            suffix.push_str("If");
            written.push(self.of(filter));
        }
        let mut text = format!("{name}{suffix}");
        let parameters = arguments(&function.parameters);
        if !parameters.is_empty() {
            let _ = write!(text, "({})", self.list(parameters));
        }
        let _ = write!(text, "({})", written.join(", "));
        match &function.over {
            Some(WindowType::NamedWindow(window)) => {
                let _ = write!(text, " OVER {}", window.value);
            }
            Some(WindowType::WindowSpec(spec)) => {
                let _ = write!(text, " OVER ({})", self.window(spec));
            }
            None => {}
        }
        text
    }

    fn window(&self, spec: &WindowSpec) -> String {
        let mut parts = Vec::new();
        if !spec.partition_by.is_empty() {
            parts.push(format!("PARTITION BY {}", self.list(&spec.partition_by)));
        }
        if !spec.order_by.is_empty() {
            let keys = spec.order_by.iter().map(|key| {
                let is_descending = key.options.sort == Some(sqlparser::ast::OrderBySort::Desc);
                let direction = if is_descending { "DESC" } else { "ASC" };
                let nulls = match key.options.nulls_first {
                    Some(true) => " NULLS FIRST",
                    Some(false) => " NULLS LAST",
                    None => "",
                };
                format!("{} {direction}{nulls}", self.of(&key.expr))
            });
            parts.push(format!("ORDER BY {}", keys.collect::<Vec<_>>().join(", ")));
        }
        if let Some(frame) = &spec.window_frame {
            let units = match frame.units {
                WindowFrameUnits::Rows => "ROWS",
                WindowFrameUnits::Range => "RANGE",
                WindowFrameUnits::Groups => "GROUPS",
            };
            let end = frame.end_bound.as_ref();
            let end = end.map_or("CURRENT ROW".to_owned(), |bound| self.bound(bound));
            let start = self.bound(&frame.start_bound);
            parts.push(format!("{units} BETWEEN {start} AND {end}"));
        }
        parts.join(" ")
    }

    fn bound(&self, bound: &WindowFrameBound) -> String {
        match bound {
            WindowFrameBound::CurrentRow => "CURRENT ROW".to_owned(),
            WindowFrameBound::Preceding(None) => "UNBOUNDED PRECEDING".to_owned(),
            WindowFrameBound::Following(None) => "UNBOUNDED FOLLOWING".to_owned(),
            WindowFrameBound::Preceding(Some(n)) => format!("{} PRECEDING", self.of(n)),
            WindowFrameBound::Following(Some(n)) => format!("{} FOLLOWING", self.of(n)),
        }
    }
}

/// Calls that ClickHouse's parser makes others of.
fn respelled(name: &str, arguments: &[String]) -> Option<String> {
    let list = || arguments.join(", ");
    Some(match name.to_ascii_lowercase().as_str() {
        "cast" => format!("CAST({})", list()),
        "nested" | "parameter" => arguments.first().cloned().unwrap_or_default(),
        "tuple" => format!("({})", list()),
        "array" => format!("[{}]", list()),
        "dateadd" | "date_add" | "timestampadd" | "timestamp_add" => match arguments {
            [time, interval] => format!("plus({time}, {interval})"),
            [unit, n, time] => format!("plus({time}, {})", interval_of(unit, n)),
            _ => return None,
        },
        "datesub" | "date_sub" | "timestampsub" | "timestamp_sub" => match arguments {
            [time, interval] => format!("minus({time}, {interval})"),
            [unit, n, time] => format!("minus({time}, {})", interval_of(unit, n)),
            _ => return None,
        },
        "datediff" | "date_diff" | "timestampdiff" | "timestamp_diff" => {
            // The unit may be a word.
            match (
                arguments.first().and_then(|unit| unit_word(unit)),
                arguments,
            ) {
                (Some(unit), [_, times @ ..]) => {
                    format!("dateDiff('{unit}', {})", times.join(", "))
                }
                _ => format!("dateDiff({})", list()),
            }
        }
        "position" => format!("position({})", list()),
        "trim" => format!("trimBoth({})", list()),
        "ltrim" => format!("trimLeft({})", list()),
        "rtrim" => format!("trimRight({})", list()),
        _ => return None,
    })
}

/// `INTERVAL n unit`; the unit may be plural or a text.
fn interval_of(unit: &str, n: &str) -> String {
    let unit = unit.trim_matches('\'').to_lowercase();
    let unit = unit_word(&unit).unwrap_or_else(|| unit.trim_end_matches('s'));
    let mut letters = unit.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let first = first.unwrap_or_default();
    format!("toInterval{first}{}({n})", letters.as_str())
}

/// The operator that `dateAdd` and its kin are, in any case.
pub(crate) fn moved_by(name: &str) -> Option<&'static str> {
    match name.to_ascii_lowercase().as_str() {
        "dateadd" | "date_add" | "timestampadd" | "timestamp_add" => Some("plus"),
        "datesub" | "date_sub" | "timestampsub" | "timestamp_sub" => Some("minus"),
        _ => None,
    }
}

/// Whether a function is `dateDiff` by another name, in any case.
pub(crate) fn is_difference(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "datediff" | "date_diff" | "timestampdiff" | "timestamp_diff"
    )
}

/// A unit of time that is written as a word, in its plain spelling.
pub(crate) fn unit_word(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let word = word.strip_prefix("sql_tsi_").unwrap_or(&word);
    Some(match word {
        "millisecond" | "milliseconds" | "ms" => "millisecond",
        "second" | "seconds" | "s" | "ss" => "second",
        "minute" | "minutes" | "m" | "mi" | "n" => "minute",
        "hour" | "hours" | "h" | "hh" => "hour",
        "day" | "days" | "d" | "dd" => "day",
        "week" | "weeks" | "w" | "wk" | "ww" => "week",
        "month" | "months" | "mm" => "month",
        "quarter" | "quarters" | "q" | "qq" => "quarter",
        "year" | "years" | "y" | "yy" | "yyyy" => "year",
        _ => return None,
    })
}

fn scale_of(field: &sqlparser::ast::CeilFloorKind) -> String {
    match field {
        sqlparser::ast::CeilFloorKind::Scale(scale) => format!(", {}", literal(&scale.value)),
        sqlparser::ast::CeilFloorKind::DateTimeField(_) => String::new(),
    }
}

/// The arguments in parentheses, without `*`.
fn arguments(arguments: &FunctionArguments) -> Vec<&Expr> {
    let FunctionArguments::List(list) = arguments else {
        return Vec::new();
    };
    let arguments = list.args.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    arguments.collect()
}
