//! Lambdas. What a body computes of other things than its elements is worked out once, outside of it.
//!
//! DuckDB works a body out for each element, also the parts that do not depend on one, and copies the
//! lists that these read for each of 2,048 elements: a body that sums an array of a million elements
//! would take 16 GB. ClickHouse computes such parts once as well.

use super::arrays::around;
use super::room::{bytes_of, is_large, is_long};
use super::{Lowering, Sql, default_of};
use crate::error::SqlError;
use crate::ir::{Expr, ExprKind};

/// Names and what they stand for, in the order of their making.
#[derive(Default)]
pub(super) struct Bound {
    values: Vec<(String, Expr)>,
}

impl Lowering<'_> {
    pub(super) fn higher_order(
        &mut self,
        name: &str,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<Sql, SqlError> {
        self.pass("lambdas");
        let (lambda, array) = (&arguments[0], &arguments[1]);
        let ExprKind::Lambda { parameters, body } = &lambda.kind else {
            return Err(self.unsupported("this lambda", None, lambda.at));
        };
        let (parameter, _) = parameters[0]
            .split_once('_')
            .unwrap_or((&parameters[0], ""));
        let list = if arguments.len() == 2 {
            self.list(array)?
        } else {
            self.pass("lambdas of several arrays");
            let lists: Result<Vec<_>, _> = arguments[1..].iter().map(|a| self.list(a)).collect();
            format!("list_zip({})", lists?.join(", "))
        };
        // Names are told apart by their depth, so that none of them is of a lambda around.
        for (parameter, array) in parameters.iter().zip(&arguments[1..]) {
            if self.is_large(array) {
                self.large_parameters.insert(parameter.clone());
            } else {
                self.large_parameters.remove(parameter);
            }
        }
        let mut bound = Bound::default();
        let is_large = arguments[1..].iter().any(is_large) || is_large(body);
        let body = &self.hoisted(body, parameters, &mut bound);
        let unzipped = |list: String| match arguments.len() {
            2 => list,
            _ => format!("list_transform({list}, lambda _z: struct_extract_at(_z, 1))"),
        };
        let value = |this: &mut Self| -> Result<String, SqlError> {
            let value = this.within_lambda(|this| this.value(body))?;
            Ok(format!("lambda {parameter}: {value}"))
        };
        let filtered = |this: &mut Self| -> Result<String, SqlError> {
            let condition = this.within_lambda(|this| this.cond(body))?;
            Ok(format!(
                "list_filter({list}, lambda {parameter}: {condition})"
            ))
        };
        let text = match name {
            "arrayMap" if is_large && is_long(&body.ty) => {
                let value = self.within_lambda(|this| this.value(body))?;
                let value = self.with_room(&value, &body.ty);
                Sql::value(format!(
                    "list_transform({list}, lambda {parameter}: {value})"
                ))
            }
            "arrayMap" => Sql::value(format!("list_transform({list}, {})", value(self)?)),
            "arrayFilter" => Sql::value(unzipped(filtered(self)?)),
            "arrayCount" => Sql::value(format!("len({})", filtered(self)?)),
            "arrayExists" => Sql::condition(format!("(len({}) > 0)", filtered(self)?)),
            "arrayAll" => Sql::condition(format!("(len({}) = len({list}))", filtered(self)?)),
            "arrayFirst" => {
                let default = default_of(&expr.ty);
                Sql::value(format!("coalesce(({})[1], {default})", filtered(self)?))
            }
            "arrayLast" => {
                let default = default_of(&expr.ty);
                Sql::value(format!("coalesce(({})[-1], {default})", filtered(self)?))
            }
            "arrayFirstIndex" | "arrayLastIndex" => {
                let condition = self.within_lambda(|this| this.cond(body))?;
                let found = format!(
                    "list_transform({list}, lambda {parameter}: coalesce({condition}, false))"
                );
                Sql::value(if name == "arrayFirstIndex" {
                    format!("coalesce(list_position({found}, true), 0)")
                } else {
                    let back = format!("list_position(list_reverse({found}), true)");
                    format!("coalesce(len({list}) + 1 - {back}, 0)")
                })
            }
            "arraySum" => Sql::value(format!(
                "coalesce({}, 0)",
                around(
                    format!("list_sum(list_transform({list}, {}))", value(self)?),
                    body.ty.inner()
                )
            )),
            _ => {
                // Sorted by what the lambda makes of each element.
                let key = self.within_lambda(|this| this.value(body))?;
                let direction = if name == "arrayReverseSort" {
                    "DESC"
                } else {
                    "ASC"
                };
                Sql::value(format!(
                    "list_transform(list_sort(list_transform({list}, lambda {parameter}, _i: {{'k': {key}, 'i': CASE WHEN '{direction}' = 'ASC' THEN _i ELSE -_i END, 'v': {parameter}}}), '{direction}'), lambda _e: struct_extract(_e, 'v'))"
                ))
            }
        };
        self.with_bound(&bound, text)
    }

    /// An array that a lambda goes through. Within another lambda there is one for each element of that,
    /// and they are copied side by side.
    fn list(&mut self, array: &Expr) -> Result<String, SqlError> {
        let list = self.value(array)?;
        if self.lambda_depth == 0 || array.is_literal() || matches!(array.kind, ExprKind::Array(_))
        {
            return Ok(list);
        }
        Ok(match array.kind {
            ExprKind::Column(_) | ExprKind::LambdaParameter(_) | ExprKind::Aggregate(_) => {
                self.if_room(&bytes_of(&list, &array.ty), &list)
            }
            _ => self.with_room(&list, &array.ty),
        })
    }

    fn within_lambda<T>(
        &mut self,
        lower: impl FnOnce(&mut Self) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        self.lambda_depth += 1;
        let lowered = lower(self);
        self.lambda_depth -= 1;
        lowered
    }

    /// A body with names for its costly parts that need none of its lambda's parameters.
    fn hoisted(&mut self, body: &Expr, parameters: &[String], bound: &mut Bound) -> Expr {
        let mut body = body.clone();
        self.hoist(&mut body, parameters, bound);
        body
    }

    fn hoist(&mut self, part: &mut Expr, parameters: &[String], bound: &mut Bound) {
        let is_call = matches!(part.kind, ExprKind::Call { .. } | ExprKind::Cast { .. });
        if is_call && is_costly(part) && !self.is_large(part) && !needs(part, parameters) {
            self.pass("parts of lambdas worked out once");
            *part = self.name_for(part, bound);
            return;
        }
        match &mut part.kind {
            // Their arguments are of other rows.
            ExprKind::Aggregate(_) | ExprKind::Window(_) => {}
            ExprKind::Lambda {
                parameters: own,
                body,
            } => {
                let parameters = [parameters, own].concat();
                self.hoist(body, &parameters, bound);
            }
            _ => {
                for child in part.children_mut() {
                    self.hoist(child, parameters, bound);
                }
            }
        }
    }

    /// The name under which a value is worked out once: the same wherever it stands, as DuckDB tells the expressions of
    /// SELECT and GROUP BY apart by their names, too.
    pub(super) fn name_for(&mut self, value: &Expr, bound: &mut Bound) -> Expr {
        let known = bound.values.iter().find(|(_, other)| other == value);
        let name = if let Some((name, _)) = known {
            name.clone()
        } else {
            let name = self.known_name(value);
            if self.may_be_cut(value) {
                self.cut_names.insert(name.clone());
            }
            bound.values.push((name.clone(), value.clone()));
            name
        };
        Expr::new(ExprKind::LambdaParameter(name), value.ty.clone(), value.at)
    }

    fn known_name(&mut self, value: &Expr) -> String {
        let value = match &value.kind {
            ExprKind::StandIn { of, .. } => of,
            _ => value,
        };
        let known = self.named_values.iter().position(|known| known == value);
        let place = known.unwrap_or_else(|| {
            self.named_values.push(value.clone());
            self.named_values.len() - 1
        });
        format!("h{}", place + 1)
    }

    /// A text in which names stand for values: each is the one element of a list, which a lambda goes
    /// through.
    pub(super) fn with_bound(&mut self, bound: &Bound, text: Sql) -> Result<Sql, SqlError> {
        let mut text = text;
        for (name, value) in bound.values.iter().rev() {
            let value = self.value(value)?;
            text.text = format!(
                "(list_transform([{value}], lambda {name}: {})[1])",
                text.text
            );
        }
        Ok(text)
    }
}

/// Whether working it out for each element would cost much: arrays and texts are read or made.
fn is_costly(part: &Expr) -> bool {
    part.any(&mut |part| {
        part.as_call().is_some_and(|(_, arguments)| {
            is_long(&part.ty) || arguments.iter().any(|argument| is_long(&argument.ty))
        })
    })
}

/// Whether an expression depends on one of the parameters.
fn needs(expr: &Expr, parameters: &[String]) -> bool {
    match &expr.kind {
        ExprKind::LambdaParameter(name) => parameters.contains(name),
        ExprKind::Lambda {
            parameters: own,
            body,
        } => {
            let others = parameters.iter().filter(|name| !own.contains(name));
            let others: Vec<String> = others.cloned().collect();
            needs(body, &others)
        }
        _ => expr
            .children()
            .into_iter()
            .any(|child| needs(child, parameters)),
    }
}
