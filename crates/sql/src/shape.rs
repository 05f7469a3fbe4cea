//! Operators and special forms of `sqlparser`'s tree as the function calls that ClickHouse
//! takes them for: `a + b` is `plus(a, b)`, `x IS NULL` is `isNull(x)`.
//!
//! The binder and the names of columns both rest on it.

use sqlparser::ast::{
    AccessExpr, BinaryOperator, CeilFloorKind, DateTimeField, Expr, Ident, TrimWhereField,
    UnaryOperator, Value,
};

/// The function that an operator or special form stands for, with its arguments.
pub(crate) fn call_of(expr: &Expr) -> Option<(&'static str, Vec<&Expr>)> {
    Some(match expr {
        Expr::BinaryOp { left, op, right } => match op {
            BinaryOperator::And => ("and", chain(expr, &BinaryOperator::And)),
            BinaryOperator::Or => ("or", chain(expr, &BinaryOperator::Or)),
            BinaryOperator::StringConcat => ("concat", chain(expr, &BinaryOperator::StringConcat)),
            op => (operator(op)?, vec![left, right]),
        },
        Expr::UnaryOp { op, expr } => match op {
            UnaryOperator::Not => ("not", vec![expr]),
            UnaryOperator::Minus if !is_number(expr) => ("negate", vec![expr]),
            _ => return None,
        },
        Expr::Like {
            negated,
            expr,
            pattern,
            escape_char: None,
            any: false,
        } => (
            if *negated { "notLike" } else { "like" },
            vec![expr, pattern],
        ),
        Expr::ILike {
            negated,
            expr,
            pattern,
            escape_char: None,
            any: false,
        } => (
            if *negated { "notILike" } else { "ilike" },
            vec![expr, pattern],
        ),
        Expr::RLike {
            negated: false,
            expr,
            pattern,
            ..
        } => ("match", vec![expr, pattern]),
        Expr::IsNull(expr) => ("isNull", vec![expr]),
        Expr::IsNotNull(expr) => ("isNotNull", vec![expr]),
        Expr::IsDistinctFrom(a, b) => ("isDistinctFrom", vec![a, b]),
        Expr::IsNotDistinctFrom(a, b) => ("isNotDistinctFrom", vec![a, b]),
        Expr::Ceil {
            expr,
            field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
        } => ("ceil", vec![expr]),
        Expr::Floor {
            expr,
            field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
        } => ("floor", vec![expr]),
        Expr::Position { expr, r#in } => ("position", vec![r#in, expr]),
        Expr::Substring {
            expr,
            substring_from,
            substring_for,
            ..
        } => {
            let mut arguments: Vec<&Expr> = vec![expr];
            arguments.extend(substring_from.as_deref());
            arguments.extend(substring_for.as_deref());
            ("substring", arguments)
        }
        Expr::Trim {
            trim_where,
            trim_what,
            expr,
            trim_characters,
        } => {
            let name = match trim_where {
                Some(TrimWhereField::Leading) => "trimLeft",
                Some(TrimWhereField::Trailing) => "trimRight",
                _ => "trimBoth",
            };
            let mut arguments: Vec<&Expr> = vec![expr];
            arguments.extend(trim_what.as_deref());
            arguments.extend(trim_characters.iter().flatten());
            (name, arguments)
        }
        Expr::Extract { field, expr, .. } => (extract(field)?, vec![expr]),
        _ => return None,
    })
}

fn operator(op: &BinaryOperator) -> Option<&'static str> {
    Some(match op {
        BinaryOperator::Plus => "plus",
        BinaryOperator::Minus => "minus",
        BinaryOperator::Multiply => "multiply",
        BinaryOperator::Divide => "divide",
        BinaryOperator::Modulo => "modulo",
        BinaryOperator::DuckIntegerDivide | BinaryOperator::MyIntegerDivide => "intDiv",
        BinaryOperator::Eq => "equals",
        BinaryOperator::NotEq => "notEquals",
        BinaryOperator::Lt => "less",
        BinaryOperator::Gt => "greater",
        BinaryOperator::LtEq => "lessOrEquals",
        BinaryOperator::GtEq => "greaterOrEquals",
        BinaryOperator::Spaceship => "isNotDistinctFrom",
        _ => return None,
    })
}

fn extract(field: &DateTimeField) -> Option<&'static str> {
    Some(match field {
        DateTimeField::Year => "toYear",
        DateTimeField::Quarter => "toQuarter",
        DateTimeField::Month => "toMonth",
        DateTimeField::Week(None) => "toISOWeek",
        DateTimeField::Day => "toDayOfMonth",
        DateTimeField::Hour => "toHour",
        DateTimeField::Minute => "toMinute",
        DateTimeField::Second => "toSecond",
        _ => return None,
    })
}

/// The operands of `a AND b AND c` or `a || b || c`, which the parser nests to the left; no recursion, so that
/// a long chain needs no deep stack.
fn chain<'a>(expr: &'a Expr, op: &BinaryOperator) -> Vec<&'a Expr> {
    let mut operands = Vec::new();
    let mut next = expr;
    while let Expr::BinaryOp {
        left,
        op: found,
        right,
    } = next
        && found == op
    {
        operands.push(&**right);
        next = left;
    }
    operands.push(next);
    operands.reverse();
    operands
}

fn is_number(expr: &Expr) -> bool {
    match expr {
        Expr::Value(value) => matches!(value.value, Value::Number(..)),
        // ClickHouse's parser takes them for numbers wherever they stand.
        Expr::Identifier(ident) => {
            let name = ident.value.to_ascii_lowercase();
            ident.quote_style.is_none() && matches!(name.as_str(), "inf" | "infinity" | "nan")
        }
        _ => false,
    }
}

/// The name that `a.b[1]` or `a.b.1` begins with, and what of it is accessed: the parser takes `b` for an access, too.
pub(crate) fn name_and_access<'a>(
    root: &Expr,
    access_chain: &'a [AccessExpr],
) -> (Vec<Ident>, &'a [AccessExpr]) {
    let mut name = match root {
        Expr::Identifier(ident) => vec![ident.clone()],
        Expr::CompoundIdentifier(parts) => parts.clone(),
        _ => return (Vec::new(), access_chain),
    };
    let mut rest = access_chain;
    while let [AccessExpr::Dot(Expr::Identifier(ident)), others @ ..] = rest
        && ident.value.parse::<usize>().is_err()
    {
        name.push(ident.clone());
        rest = others;
    }
    (name, rest)
}
