//! Expressions: literals, operators, special forms.

use sqlparser::ast::{
    AccessExpr, CastKind, CeilFloorKind, Expr as Ast, Interval, Subscript, UnaryOperator, Value,
};

use super::{Binder, Scope};
use crate::error::SqlError;
use crate::ir::{Expr, ExprKind, Literal};
use crate::shape::call_of;
use crate::types::{DataType, IntervalUnit};
use crate::typing::{negative_literal, supertype, unsigned_literal};

impl Binder<'_> {
    pub(super) fn expr<'q>(
        &mut self,
        ast: &'q Ast,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let at = self.source_map.of(ast);
        self.deeper(at, |binder| binder.expr_at(ast, at, scope))
    }

    pub(super) fn exprs<'q>(
        &mut self,
        asts: impl IntoIterator<Item = &'q Ast>,
        scope: &mut Scope<'q>,
    ) -> Result<Vec<Expr>, SqlError> {
        asts.into_iter().map(|ast| self.expr(ast, scope)).collect()
    }

    fn expr_at<'q>(
        &mut self,
        ast: &'q Ast,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        if let Some((name, arguments)) = call_of(ast) {
            let arguments = self.exprs(arguments, scope)?;
            return self.call(name, arguments, at);
        }
        match ast {
            Ast::Identifier(ident) => self.name(ident, at, scope),
            Ast::CompoundIdentifier(parts) => self.compound(parts, at, scope),
            Ast::Nested(inner) => self.expr(inner, scope),
            Ast::Value(value) => self.literal(&value.value, false, at),
            Ast::UnaryOp {
                op: UnaryOperator::Minus,
                expr,
            } => match &**expr {
                Ast::Value(value) => self.literal(&value.value, true, at),
                Ast::Identifier(ident) => {
                    let value = super::names::special_number(&ident.value).unwrap_or(f64::NAN);
                    let literal = ExprKind::Literal(Literal::Float(-value));
                    self.node(literal, DataType::Float64, at)
                }
                _ => Err(self.unsupported("this form of -", None, at)),
            },
            Ast::UnaryOp {
                op: UnaryOperator::Plus,
                expr,
            } => self.expr(expr, scope),
            Ast::Tuple(items) => {
                let items = self.exprs(items, scope)?;
                self.tuple(items, at)
            }
            Ast::Array(array) => {
                let items = self.exprs(&array.elem, scope)?;
                self.array(items, at)
            }
            Ast::Between {
                expr,
                negated,
                low,
                high,
            } => self.between([expr, low, high], *negated, at, scope),
            Ast::In {
                expr,
                target,
                negated,
                ..
            } => self.in_target(expr, target, *negated, at, scope),
            Ast::Case {
                operand,
                conditions,
                else_result,
                ..
            } => {
                let mut arguments = Vec::new();
                for when in conditions {
                    let condition = self.expr(&when.condition, scope)?;
                    let condition = match operand {
                        Some(operand) => {
                            let operand = self.expr(operand, scope)?;
                            self.call("equals", vec![operand, condition], at)?
                        }
                        None => condition,
                    };
                    arguments.push(condition);
                    arguments.push(self.expr(&when.result, scope)?);
                }
                arguments.push(match else_result {
                    Some(otherwise) => self.expr(otherwise, scope)?,
                    None => self.null(at)?,
                });
                self.call("multiIf", arguments, at)
            }
            Ast::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                expr,
                data_type,
                ..
            } => {
                let value = self.expr(expr, scope)?;
                let ty = self.type_named(&data_type.to_string(), at)?;
                self.cast(value, ty, at)
            }
            Ast::Interval(interval) => self.interval(interval, at, scope),
            Ast::CompoundFieldAccess { root, access_chain } => {
                let (name, access_chain) = crate::shape::name_and_access(root, access_chain);
                let mut value = match name.as_slice() {
                    [] | [_] => self.expr(root, scope)?,
                    parts => self.compound(parts, at, scope)?,
                };
                for access in access_chain {
                    value = self.access(value, access, at, scope)?;
                }
                Ok(value)
            }
            Ast::Function(function) => self.function(function, at, scope),
            Ast::Subquery(query) => {
                let query = self.query(query, &scope.outer)?;
                let columns = query.columns();
                let ty = match columns.len() {
                    1 => columns[0].ty.clone().nullable(),
                    _ => DataType::Tuple(columns.into_iter().map(|column| column.ty).collect()),
                };
                if matches!(ty, DataType::Tuple(_)) {
                    return Err(self.unsupported(
                        "a scalar subquery of several columns",
                        Some("select one column"),
                        at,
                    ));
                }
                self.node(ExprKind::Subquery(Box::new(query)), ty, at)
            }
            Ast::Exists { subquery, negated } => {
                let query = self.query(subquery, &scope.outer)?;
                let exists = self.node(ExprKind::Exists(Box::new(query)), DataType::UInt8, at)?;
                if *negated {
                    self.call("not", vec![exists], at)
                } else {
                    Ok(exists)
                }
            }
            Ast::Named { expr, .. } => self.expr(expr, scope),
            Ast::Floor {
                expr,
                field: CeilFloorKind::Scale(scale),
            }
            | Ast::Ceil {
                expr,
                field: CeilFloorKind::Scale(scale),
            } => {
                let name = if matches!(ast, Ast::Floor { .. }) {
                    "floor"
                } else {
                    "ceil"
                };
                let value = self.expr(expr, scope)?;
                let scale = self.literal(&scale.value, false, at)?;
                self.call(name, vec![value, scale], at)
            }
            Ast::TypedString(typed) => {
                let text = self.literal(&typed.value.value, false, at)?;
                let ty = match typed.data_type.to_string().as_str() {
                    "DATE" => DataType::Date,
                    "TIMESTAMP" => DataType::DateTime(None),
                    other => {
                        return Err(self.unsupported(&format!("{other} '…'"), None, at));
                    }
                };
                let text = text.as_text().unwrap_or_default().to_owned();
                self.time_of_text(text, &ty, at)
            }
            Ast::Lambda(_) => Err(self.type_error(
                "a lambda may only stand where a function such as arrayMap takes one",
                at,
            )),
            other => {
                let text: String = other.to_string().chars().take(60).collect();
                Err(self.unsupported(&text, None, at))
            }
        }
    }

    pub(super) fn literal(
        &mut self,
        value: &Value,
        is_negative: bool,
        at: usize,
    ) -> Result<Expr, SqlError> {
        let (literal, ty) = match value {
            Value::Number(text, _) => return self.number(text, is_negative, at),
            // `0xFF`, which the tokenizer takes for bytes.
            Value::HexStringLiteral(digits) => {
                return self.number(&format!("0x{digits}"), is_negative, at);
            }
            _ if is_negative => return Err(self.type_error("only a number can be negative", at)),
            Value::SingleQuotedString(text) => (Literal::String(text.clone()), DataType::String),
            Value::Boolean(value) => (Literal::Bool(*value), DataType::Bool),
            Value::Null => return self.null(at),
            other => return Err(self.unsupported(&format!("the literal {other}"), None, at)),
        };
        self.node(ExprKind::Literal(literal), ty, at)
    }

    pub(super) fn number(
        &mut self,
        text: &str,
        is_negative: bool,
        at: usize,
    ) -> Result<Expr, SqlError> {
        let text = text.replace('_', "");
        let whole = match text.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok(),
            None => match text.strip_prefix("0b") {
                Some(bits) => u64::from_str_radix(bits, 2).ok(),
                None => text.parse::<u64>().ok(),
            },
        };
        let (literal, ty) = match whole {
            Some(value) if is_negative => match 0_i64.checked_sub_unsigned(value) {
                Some(0) => (Literal::UInt(0), DataType::UInt8),
                Some(value) => (Literal::Int(value), negative_literal(value)),
                None => return Err(self.type_error(format!("-{text} is too small"), at)),
            },
            Some(value) => (Literal::UInt(value), unsigned_literal(value)),
            None => {
                let value = text.parse::<f64>();
                let value =
                    value.map_err(|_| self.type_error(format!("{text} is no number"), at))?;
                let value = if is_negative { -value } else { value };
                (Literal::Float(value), DataType::Float64)
            }
        };
        self.node(ExprKind::Literal(literal), ty, at)
    }

    pub(super) fn null(&mut self, at: usize) -> Result<Expr, SqlError> {
        let ty = DataType::Nullable(Box::new(DataType::Nothing));
        self.node(ExprKind::Literal(Literal::Null), ty, at)
    }

    pub(super) fn tuple(&mut self, items: Vec<Expr>, at: usize) -> Result<Expr, SqlError> {
        let ty = DataType::Tuple(items.iter().map(|item| item.ty.clone()).collect());
        self.node(ExprKind::Tuple(items), ty, at)
    }

    pub(super) fn array(&mut self, items: Vec<Expr>, at: usize) -> Result<Expr, SqlError> {
        let item = if items.is_empty() {
            DataType::Nothing
        } else {
            self.common_type(&items, at)?
        };
        self.node(ExprKind::Array(items), DataType::array_of(item), at)
    }

    /// The type that holds all of the values, or an error that names two that do not go
    /// together.
    pub(super) fn common_type(&self, values: &[Expr], at: usize) -> Result<DataType, SqlError> {
        let types = values.iter().map(|value| &value.ty);
        supertype(types).ok_or_else(|| {
            let mut names: Vec<String> = values.iter().map(|value| value.ty.to_string()).collect();
            names.dedup();
            let message = format!("{} have no common type", names.join(" and "));
            let mut error = self.type_error(message, at);
            error.hint = Some("convert with toString, toInt64 or toFloat64".to_owned());
            error
        })
    }

    pub(super) fn tuple_element(
        &mut self,
        tuple: Expr,
        index: usize,
        at: usize,
    ) -> Result<Expr, SqlError> {
        let DataType::Tuple(items) = tuple.ty.inner() else {
            return Err(self.type_error(format!("{} has no elements", tuple.ty), at));
        };
        let Some(ty) = index
            .checked_sub(1)
            .and_then(|index| items.get(index))
            .cloned()
        else {
            let message = format!("the tuple has {} elements, not {index}", items.len());
            return Err(self.type_error(message, at));
        };
        let ty = ty.nullable_if(tuple.ty.is_nullable());
        let tuple = Box::new(tuple);
        self.node(ExprKind::TupleElement { tuple, index }, ty, at)
    }

    fn access<'q>(
        &mut self,
        value: Expr,
        access: &'q AccessExpr,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        match access {
            AccessExpr::Subscript(Subscript::Index { index }) => {
                let index = self.expr(index, scope)?;
                match (&value.ty, index.as_integer()) {
                    (DataType::Tuple(_), Some(index)) => {
                        let index = usize::try_from(index).unwrap_or(0);
                        self.tuple_element(value, index, at)
                    }
                    _ => self.call("arrayElement", vec![value, index], at),
                }
            }
            AccessExpr::Dot(Ast::Value(number)) => {
                let index = number.value.to_string().parse().unwrap_or(0);
                self.tuple_element(value, index, at)
            }
            AccessExpr::Dot(Ast::Identifier(ident)) if ident.value.parse::<usize>().is_ok() => {
                let index = ident.value.parse().unwrap_or(0);
                self.tuple_element(value, index, at)
            }
            other => Err(self.unsupported(&format!("access by {other}"), None, at)),
        }
    }

    fn interval<'q>(
        &mut self,
        interval: &'q Interval,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let unit = interval.leading_field.as_ref().map(ToString::to_string);
        let unit = unit.as_deref().and_then(crate::time_arguments::unit_named);
        let (Some(unit), None) = (unit, &interval.last_field) else {
            return Err(self.unsupported(
                "this form of INTERVAL",
                Some("write INTERVAL 15 MINUTE"),
                at,
            ));
        };
        let amount = self.expr(&interval.value, scope)?;
        let amount = match amount.as_text().map(str::to_owned) {
            Some(text) => self.number_of_text(&text, &DataType::Int64, at)?,
            None => amount,
        };
        self.interval_of(amount, unit, at)
    }

    pub(super) fn interval_of(
        &mut self,
        amount: Expr,
        unit: IntervalUnit,
        at: usize,
    ) -> Result<Expr, SqlError> {
        if !amount.ty.is_number() {
            return Err(self.type_error(format!("{} is no number of {unit:?}s", amount.ty), at));
        }
        let ty = DataType::Interval(unit).nullable_if(amount.ty.is_nullable());
        let amount = Box::new(amount);
        self.node(ExprKind::Interval { amount, unit }, ty, at)
    }
}
