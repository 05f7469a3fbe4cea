//! Joins: which rows meet, and the columns that USING makes one.

use sqlparser::ast::{Join as AstJoin, JoinConstraint, JoinOperator, TableWithJoins};

use super::columns::{Found, Merged, Using};
use super::{Binder, Scope};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{Expr, From, Join, JoinKind, Strictness};
use crate::typing::supertype;

impl Binder<'_> {
    /// The tables that stand behind a comma or JOIN, joined with those before them.
    pub(super) fn joins<'q>(
        &mut self,
        mut left: From,
        joins: &'q [AstJoin],
        scope: &mut Scope<'q>,
    ) -> Result<From, SqlError> {
        for join in joins {
            let at = self.source_map.of(join);
            if is_array_join(&join.join_operator) {
                let is_left = matches!(join.join_operator, JoinOperator::LeftArrayJoin);
                left = self.array_join(left, &join.relation, is_left, scope, at)?;
                continue;
            }
            let right_place = scope.sources.len();
            let right = self.factor(&join.relation, scope)?;
            let (kind, strictness, constraint) = self.join_kind(join, at)?;
            let bound = BoundJoin {
                kind,
                strictness,
                right_place,
            };
            let on = self.constraint(constraint, &bound, scope, at)?;
            for (place, source) in scope.sources.iter_mut().enumerate() {
                let is_right = place >= right_place;
                source.or_default |= kind.leaves_out(is_right);
                if self.settings.join_use_nulls && kind.may_be_null(is_right) {
                    for column in &mut source.columns {
                        column.ty = column.ty.clone().nullable();
                    }
                }
            }
            left = From::Join(Box::new(Join {
                left,
                right,
                kind,
                strictness,
                on,
            }));
        }
        Ok(left)
    }

    /// The kind, strictness and condition. How the token pass marks ANY and ASOF is told in `dialect_edits/joins.rs`.
    fn join_kind<'q>(
        &self,
        join: &'q AstJoin,
        at: usize,
    ) -> Result<(JoinKind, Strictness, &'q JoinConstraint), SqlError> {
        let (kind, on) = match &join.join_operator {
            JoinOperator::Join(on) | JoinOperator::Inner(on) => (JoinKind::Inner, on),
            JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (JoinKind::Left, on),
            JoinOperator::Right(on) | JoinOperator::RightOuter(on) => (JoinKind::Right, on),
            JoinOperator::FullOuter(on) => (JoinKind::Full, on),
            JoinOperator::CrossJoin(on) => (JoinKind::Cross, on),
            JoinOperator::LeftSemi(on) | JoinOperator::Semi(on) => (JoinKind::LeftSemi, on),
            JoinOperator::LeftAnti(on) | JoinOperator::Anti(on) => (JoinKind::LeftAnti, on),
            JoinOperator::RightSemi(on) => (JoinKind::RightSemi, on),
            JoinOperator::RightAnti(on) => (JoinKind::RightAnti, on),
            _ => {
                return Err(self.unsupported(
                    "this kind of JOIN",
                    Some("use INNER, LEFT, RIGHT, FULL or CROSS"),
                    at,
                ));
            }
        };
        let strictness = match (&join.join_operator, join.global) {
            (_, false) => Strictness::All,
            (
                JoinOperator::Inner(_) | JoinOperator::LeftOuter(_) | JoinOperator::RightOuter(_),
                true,
            ) => Strictness::Asof,
            (_, true) => Strictness::Any,
        };
        match (strictness, kind) {
            (Strictness::Any, JoinKind::Full) => {
                Err(self.unsupported("ANY or ASOF FULL JOIN", Some("use LEFT JOIN"), at))
            }
            (Strictness::Asof, JoinKind::Right) => {
                Err(self.unsupported("ASOF RIGHT JOIN", Some("use ASOF LEFT JOIN"), at))
            }
            _ => Ok((kind, strictness, on)),
        }
    }

    fn constraint<'q>(
        &mut self,
        constraint: &'q JoinConstraint,
        join: &BoundJoin,
        scope: &mut Scope<'q>,
        at: usize,
    ) -> Result<Option<Expr>, SqlError> {
        match constraint {
            JoinConstraint::None if join.kind == JoinKind::Cross => Ok(None),
            JoinConstraint::None => {
                Err(self.error(ErrorKind::Syntax, "JOIN needs ON or USING", at))
            }
            JoinConstraint::On(on) => {
                let on = self.expr(on, scope)?;
                Ok(Some(on))
            }
            JoinConstraint::Using(names) => {
                let mut conditions = Vec::new();
                let mut merged = Vec::new();
                for (index, name) in names.iter().enumerate() {
                    let name = name.to_string().replace(['`', '"'], "");
                    let is_asof = join.strictness == Strictness::Asof && index + 1 == names.len();
                    let (using, sides) = self.using(name, join, scope, at)?;
                    if merged.iter().any(|other: &Using| other.name == using.name) {
                        let message = format!("{} stands twice in USING", using.name);
                        return Err(self.error(ErrorKind::Syntax, message, at));
                    }
                    let relation = if is_asof { "greaterOrEquals" } else { "equals" };
                    conditions.push(self.call(relation, sides, at)?);
                    merged.push(using);
                }
                let is_older = |using: &Using| merged.iter().all(|new| new.name != using.name);
                scope.using.retain(is_older);
                scope.using.extend(merged);
                match conditions.len() {
                    0 | 1 => Ok(conditions.pop()),
                    _ => self.call("and", conditions, at).map(Some),
                }
            }
            JoinConstraint::Natural | JoinConstraint::UsingAlias(..) => {
                Err(self.unsupported("NATURAL JOIN", Some("write USING (…)"), at))
            }
        }
    }

    /// The column that USING makes of one of either side, and the two.
    fn using(
        &mut self,
        name: String,
        join: &BoundJoin,
        scope: &Scope<'_>,
        at: usize,
    ) -> Result<(Using, Vec<Expr>), SqlError> {
        let n = scope.sources.len();
        let mut sides = Vec::with_capacity(2);
        let mut places = Vec::new();
        let mut values = Vec::with_capacity(2);
        for side in [0..join.right_place, join.right_place..n] {
            let found = match scope.found(&name, side).as_slice() {
                [] => {
                    let message = format!("USING ({name}): one side has no such column");
                    return Err(self.error(ErrorKind::Unknown, message, at));
                }
                [found] => *found,
                _ => return Err(self.ambiguous(&name, at)),
            };
            sides.push(self.found_column(found, at, scope)?);
            values.push(match found {
                Found::Column(place) => {
                    places.push(place.source);
                    Merged::Column(place)
                }
                Found::Using(using) => {
                    places.extend(&scope.using[using].places);
                    scope.using[using].value.clone()
                }
            });
        }
        let Some(ty) = supertype([&sides[0].ty, &sides[1].ty]) else {
            let message = format!(
                "USING ({name}): {} and {} have no common type",
                sides[0].ty, sides[1].ty
            );
            return Err(self.type_error(message, at));
        };
        let right = values.remove(1);
        let left = values.remove(0);
        let value = match join.kind {
            JoinKind::Right | JoinKind::RightSemi | JoinKind::RightAnti => right,
            JoinKind::Full => Merged::Either(Box::new(left), Box::new(right)),
            _ => left,
        };
        let using = Using {
            name,
            places,
            value,
            ty,
            join: join.right_place,
        };
        Ok((using, sides))
    }
}

/// A join whose condition is being bound.
struct BoundJoin {
    kind: JoinKind,
    strictness: Strictness,
    /// Place of the right side's source in the scope.
    right_place: usize,
}

fn is_array_join(operator: &JoinOperator) -> bool {
    matches!(
        operator,
        JoinOperator::ArrayJoin | JoinOperator::LeftArrayJoin | JoinOperator::InnerArrayJoin
    )
}

/// How many joins there are, not counting those of arrays.
pub(super) fn count(from: &[TableWithJoins]) -> usize {
    let is_join = |join: &&AstJoin| !is_array_join(&join.join_operator);
    let joins = from.iter().flat_map(|table| &table.joins).filter(is_join);
    // `ARRAY JOIN a, b`: what stands behind the comma is an array.
    let mut is_behind_arrays = false;
    let mut n_tables: usize = 0;
    for table in from {
        n_tables += usize::from(!(is_behind_arrays && table.joins.is_empty()));
        is_behind_arrays = match table.joins.last() {
            Some(last) => is_array_join(&last.join_operator),
            None => is_behind_arrays,
        };
    }
    joins.count() + n_tables.saturating_sub(1)
}
