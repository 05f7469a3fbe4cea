//! Expressions: names, literals, operators, special forms.

use sqlparser::ast::{
    AccessExpr, CastKind, CeilFloorKind, Expr as Ast, Ident, InTarget, Interval, Subscript,
    UnaryOperator, Value,
};

use super::{Binder, Scope};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{ColumnRef, Expr, ExprKind, Haystack, Literal};
use crate::shape::call_of;
use crate::types::{DataType, IntervalUnit};
use crate::typing::{negative_literal, supertype, unsigned_literal};

impl Binder<'_> {
    pub(super) fn expr<'q>(
        &mut self,
        ast: &'q Ast,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let at = self.places.of(ast);
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
                let mut value = self.expr(root, scope)?;
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

    fn name<'q>(
        &mut self,
        ident: &'q Ident,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let name = ident.value.as_str();
        if let Some(parameter) = scope.lambdas.iter().rev().find(|p| p.name == name) {
            let kind = ExprKind::LambdaParameter(parameter.unique.clone());
            let ty = parameter.ty.clone();
            return self.node(kind, ty, at);
        }
        if let Some(&alias) = scope.aliases.get(name)
            && !scope.resolving.iter().any(|resolving| resolving == name)
        {
            return self.alias(name, alias, scope);
        }
        if let Some(column) = self.column(None, name, at, scope)? {
            return Ok(column);
        }
        if let Some(&expression) = scope.outer.expressions.get(name)
            && !scope.resolving.iter().any(|resolving| resolving == name)
        {
            return self.alias(name, expression, scope);
        }
        let special = match name.to_ascii_lowercase().as_str() {
            "nan" => Some(f64::NAN),
            "inf" | "infinity" => Some(f64::INFINITY),
            _ => None,
        };
        if let Some(special) = special {
            let literal = ExprKind::Literal(Literal::Float(special));
            return self.node(literal, DataType::Float64, at);
        }
        Err(self.unknown_name(name, at, scope))
    }

    fn plain_name(
        &mut self,
        name: &str,
        at: usize,
        scope: &mut Scope<'_>,
    ) -> Result<Expr, SqlError> {
        if let Some(&alias) = scope.aliases.get(name) {
            return self.alias(name, alias, scope);
        }
        if let Some(&expression) = scope.outer.expressions.get(name) {
            return self.alias(name, expression, scope);
        }
        Err(self.unknown_name(name, at, scope))
    }

    /// What an alias stands for, in its place. Lambda parameters around it mean nothing in it.
    fn alias<'q>(
        &mut self,
        name: &str,
        ast: &'q Ast,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        scope.resolving.push(name.to_owned());
        let lambdas = std::mem::take(&mut scope.lambdas);
        let bound = self.expr(ast, scope);
        scope.lambdas = lambdas;
        scope.resolving.pop();
        bound
    }

    fn compound<'q>(
        &mut self,
        parts: &'q [Ident],
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        if let [qualifier @ .., column] = parts {
            let qualifier: Vec<&str> = qualifier.iter().map(|part| part.value.as_str()).collect();
            let qualifier = qualifier.join(".");
            if let Some(column) = self.column(Some(&qualifier), &column.value, at, scope)? {
                return Ok(column);
            }
        }
        // `t.1`: an element of a tuple.
        if let [tuple, index] = parts
            && let Ok(index) = index.value.parse::<usize>()
        {
            let tuple = self.name(tuple, at, scope)?;
            return self.tuple_element(tuple, index, at);
        }
        let written: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
        Err(self.unknown_name(&written.join("."), at, scope))
    }

    pub(super) fn column(
        &mut self,
        qualifier: Option<&str>,
        name: &str,
        at: usize,
        scope: &Scope<'_>,
    ) -> Result<Option<Expr>, SqlError> {
        let mut found: Option<(usize, usize)> = None;
        for (place, source) in scope.sources.iter().enumerate() {
            let is_meant = match qualifier {
                Some(qualifier) => source.qualifiers.iter().any(|q| q == qualifier),
                None => !source.merged.contains(name),
            };
            let index = source.columns.iter().position(|column| column.name == name);
            if let (true, Some(index)) = (is_meant, index) {
                if found.is_some() {
                    let message = format!("{name} is a column of several tables");
                    let mut error = self.error(ErrorKind::Unknown, message, at);
                    error.hint = Some(format!("write the table's alias before it, as in t.{name}"));
                    return Err(error);
                }
                found = Some((place, index));
            }
        }
        let Some((place, index)) = found else {
            return Ok(None);
        };
        let source = &scope.sources[place];
        let column = &source.columns[index];
        let reference = ColumnRef {
            source: source.id,
            index,
            name: column.name.clone(),
            or_default: source.or_default && !column.ty.is_nullable(),
            is_element: source.is_array_join,
        };
        let ty = column.ty.clone();
        self.node(ExprKind::Column(reference), ty, at).map(Some)
    }

    fn unknown_name(&self, name: &str, at: usize, scope: &Scope<'_>) -> SqlError {
        let columns = scope.sources.iter().flat_map(|source| &source.columns);
        let known = columns
            .map(|column| column.name.as_str())
            .chain(scope.aliases.keys().map(String::as_str));
        let mut error = self.error(
            ErrorKind::Unknown,
            format!("there is no column or alias {name}"),
            at,
        );
        error.hint = crate::similar::nearest(name, known);
        error
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

    fn number(&mut self, text: &str, is_negative: bool, at: usize) -> Result<Expr, SqlError> {
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
        let DataType::Tuple(items) = &tuple.ty else {
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

    fn between<'q>(
        &mut self,
        [value, low, high]: [&'q Ast; 3],
        is_negated: bool,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let value = self.expr(value, scope)?;
        let (low, high) = (self.expr(low, scope)?, self.expr(high, scope)?);
        let (below, above, both) = if is_negated {
            ("less", "greater", "or")
        } else {
            ("greaterOrEquals", "lessOrEquals", "and")
        };
        let low = self.call(below, vec![value.clone(), low], at)?;
        let high = self.call(above, vec![value, high], at)?;
        self.call(both, vec![low, high], at)
    }

    fn in_target<'q>(
        &mut self,
        needle: &'q Ast,
        target: &'q InTarget,
        negated: bool,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let needle = self.expr(needle, scope)?;
        let haystack = match target {
            InTarget::Subquery(query) => {
                Haystack::Query(Box::new(self.query(query, &scope.outer)?))
            }
            InTarget::List(items) => {
                if let [Ast::Identifier(table)] = items.as_slice()
                    && let Some(query) = self.common_table(&table.value, &scope.outer)?
                {
                    Haystack::Query(Box::new(query))
                } else {
                    Haystack::List(self.in_items(items, &needle, scope)?)
                }
            }
            InTarget::Table { name, .. } => {
                if let Some(query) = self.common_table(&name.to_string(), &scope.outer)? {
                    Haystack::Query(Box::new(query))
                } else {
                    let item = self.plain_name(&name.to_string(), at, scope)?;
                    Haystack::List(self.in_values(vec![item], &needle)?)
                }
            }
            InTarget::Unnest(_) => return Err(self.unsupported("UNNEST", None, at)),
        };
        if let Haystack::Query(query) = &haystack {
            let n_columns = query.columns().len();
            let n_wanted = match &needle.ty {
                DataType::Tuple(items) => items.len(),
                _ => 1,
            };
            if n_columns != n_wanted {
                let message = format!("the subquery of IN has {n_columns} columns, not {n_wanted}");
                return Err(self.type_error(message, at));
            }
        }
        let ty = if needle.ty.is_nothing() {
            DataType::Nothing.nullable()
        } else {
            DataType::UInt8.nullable_if(needle.ty.is_nullable())
        };
        let kind = ExprKind::In {
            needle: Box::new(needle),
            haystack,
            negated,
        };
        self.node(kind, ty, at)
    }

    /// The elements of a list; an array or a tuple of them stands for its elements.
    fn in_items<'q>(
        &mut self,
        items: &'q [Ast],
        needle: &Expr,
        scope: &mut Scope<'q>,
    ) -> Result<Vec<Expr>, SqlError> {
        let bound = self.exprs(items, scope)?;
        self.in_values(bound, needle)
    }

    fn in_values(&mut self, mut bound: Vec<Expr>, needle: &Expr) -> Result<Vec<Expr>, SqlError> {
        if let [single] = bound.as_mut_slice() {
            let is_list = match (&single.kind, &needle.ty) {
                (ExprKind::Array(_), _) => true,
                (ExprKind::Tuple(parts), DataType::Tuple(_)) => parts
                    .iter()
                    .all(|part| matches!(part.kind, ExprKind::Tuple(_))),
                (ExprKind::Tuple(_), _) => true,
                _ => false,
            };
            if is_list
                && let ExprKind::Array(parts) | ExprKind::Tuple(parts) =
                    std::mem::replace(&mut single.kind, ExprKind::Literal(Literal::Null))
            {
                bound = parts;
            }
        }
        let mut items = Vec::with_capacity(bound.len());
        for item in bound {
            if !is_constant(&item) {
                return Err(self.unsupported(
                    "IN with an element that is no constant",
                    Some("write has([a, b], x), or x = a OR x = b"),
                    item.at,
                ));
            }
            items.push(self.comparable(item, &needle.ty)?);
        }
        Ok(items)
    }

    /// Makes a text that is compared with a number or a time what it is compared with, as
    /// ClickHouse does with constants.
    pub(super) fn comparable(&mut self, item: Expr, with: &DataType) -> Result<Expr, SqlError> {
        if let (ExprKind::Tuple(parts), DataType::Tuple(types)) = (&item.kind, with) {
            if parts.len() != types.len() {
                let message = format!(
                    "a tuple of {} elements is compared with one of {}",
                    parts.len(),
                    types.len()
                );
                return Err(self.type_error(message, item.at));
            }
            let at = item.at;
            let parts = parts.clone();
            let parts: Result<Vec<Expr>, SqlError> = parts
                .into_iter()
                .zip(types)
                .map(|(part, ty)| self.comparable(part, ty))
                .collect();
            return self.tuple(parts?, at);
        }
        let Some(text) = item.as_text() else {
            let fits = item.is_null_literal()
                || with.is_nothing()
                || supertype([&item.ty, with]).is_some()
                || (item.ty.is_number() && with.is_number())
                || (with.is_datetime() && item.ty.is_number())
                || (with.is_number() && item.ty.is_datetime());
            if fits {
                return Ok(item);
            }
            let message = format!("{} cannot be compared with {with}", item.ty);
            let mut error = self.type_error(message, item.at);
            error.hint = Some("convert one of them, as in toString(x)".to_owned());
            return Err(error);
        };
        if with.is_number() {
            return self.number_of_text(text, with, item.at);
        }
        if with.is_time() {
            return self.time_of_text(text.to_owned(), with, item.at);
        }
        if with.is_string() || with.is_nothing() {
            return Ok(item);
        }
        Err(self.type_error(format!("String cannot be compared with {with}"), item.at))
    }

    fn number_of_text(&mut self, text: &str, with: &DataType, at: usize) -> Result<Expr, SqlError> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let is_number = digits.parse::<f64>().is_ok()
            && digits.starts_with(|c: char| c.is_ascii_digit())
            && (with.is_float() || with.is_decimal() || digits.bytes().all(|b| b.is_ascii_digit()));
        if !is_number {
            return Err(self.type_error(format!("'{text}' is no {}", with.inner()), at));
        }
        self.number(digits, is_negative, at)
    }

    fn interval<'q>(
        &mut self,
        interval: &'q Interval,
        at: usize,
        scope: &mut Scope<'q>,
    ) -> Result<Expr, SqlError> {
        let unit = interval.leading_field.as_ref().map(ToString::to_string);
        let unit = unit.as_deref().and_then(unit_named);
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

/// Whether the value is the same for every row.
pub(super) fn is_constant(expr: &Expr) -> bool {
    !expr.any(&mut |part| {
        matches!(
            part.kind,
            ExprKind::Column(_)
                | ExprKind::LambdaParameter(_)
                | ExprKind::Aggregate(_)
                | ExprKind::Window(_)
                | ExprKind::Subquery(_)
                | ExprKind::Exists(_)
        )
    })
}

/// The unit of an interval, in any case, singular or plural.
pub(crate) fn unit_named(name: &str) -> Option<IntervalUnit> {
    let name = name.to_ascii_lowercase();
    Some(match name.strip_suffix('s').unwrap_or(&name) {
        "millisecond" => IntervalUnit::Millisecond,
        "second" => IntervalUnit::Second,
        "minute" => IntervalUnit::Minute,
        "hour" => IntervalUnit::Hour,
        "day" => IntervalUnit::Day,
        "week" => IntervalUnit::Week,
        "month" => IntervalUnit::Month,
        "quarter" => IntervalUnit::Quarter,
        "year" => IntervalUnit::Year,
        _ => return None,
    })
}
