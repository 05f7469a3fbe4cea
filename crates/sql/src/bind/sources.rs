//! FROM: the only relations that a query may read, joins, ARRAY JOIN.

use std::collections::BTreeSet;

use sqlparser::ast::{
    Expr as Ast, FunctionArg, FunctionArgExpr, JoinConstraint, JoinOperator, TableFactor,
    TableWithJoins,
};

use super::{Binder, Scope, ScopeSource};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{ArrayJoin, Column, Expr, From, Join, JoinKind, Source, SourceKind};
use crate::types::DataType;

/// Names of the relation that a query is about.
const RELATION: [&str; 2] = ["events", "cvat.events"];

impl Binder<'_> {
    pub(super) fn from<'q>(
        &mut self,
        from: &'q [TableWithJoins],
        scope: &mut Scope<'q>,
        at: usize,
    ) -> Result<Option<From>, SqlError> {
        let mut bound: Option<From> = None;
        for table in from {
            // `ARRAY JOIN a AS x, b AS y`: the parser takes the second array for a table.
            if let Some(From::ArrayJoin(join)) = &mut bound
                && table.joins.is_empty()
                && let Some((array, name)) = self.second_array(&table.relation, scope, at)?
            {
                let Some(item) = array.ty.item().cloned() else {
                    return Err(self.type_error(format!("{} is no array", array.ty), at));
                };
                if let Some(source) = scope.sources.iter_mut().find(|source| source.id == join.id) {
                    source.columns.push(Column {
                        name: name.clone(),
                        ty: item,
                    });
                }
                join.arrays.push((array, name));
                continue;
            }
            let factor = self.table_with_joins(table, scope)?;
            bound = Some(match bound {
                None => factor,
                Some(left) => From::Join(Box::new(Join {
                    left,
                    right: factor,
                    kind: JoinKind::Cross,
                    is_any: false,
                    on: None,
                })),
            });
        }
        self.refuse_double_names(scope, at)?;
        Ok(bound)
    }

    /// A further array of ARRAY JOIN: a column of what is joined so far.
    fn second_array(
        &mut self,
        factor: &TableFactor,
        scope: &Scope<'_>,
        at: usize,
    ) -> Result<Option<(Expr, String)>, SqlError> {
        let TableFactor::Table {
            name,
            alias,
            args: None,
            ..
        } = factor
        else {
            return Ok(None);
        };
        let name = name.to_string().replace(['`', '"'], "");
        let column = self.column(None, &name, at, scope)?;
        let alias = alias
            .as_ref()
            .map_or(name, |alias| alias.name.value.clone());
        Ok(column.map(|column| (column, alias)))
    }

    fn refuse_double_names(&self, scope: &Scope<'_>, at: usize) -> Result<(), SqlError> {
        let mut seen = BTreeSet::new();
        for source in &scope.sources {
            if let Some(alias) = source.qualifiers.first()
                && !seen.insert(alias)
            {
                let mut error = self.error(
                    ErrorKind::Unknown,
                    format!("two tables are named {alias}"),
                    at,
                );
                error.hint = Some("give each an alias of its own".to_owned());
                return Err(error);
            }
        }
        Ok(())
    }

    fn table_with_joins<'q>(
        &mut self,
        table: &'q TableWithJoins,
        scope: &mut Scope<'q>,
    ) -> Result<From, SqlError> {
        let first = scope.sources.len();
        let mut left = self.factor(&table.relation, scope)?;
        for join in &table.joins {
            let at = self.places.of(join);
            if matches!(
                join.join_operator,
                JoinOperator::ArrayJoin
                    | JoinOperator::LeftArrayJoin
                    | JoinOperator::InnerArrayJoin
            ) {
                let is_left = matches!(join.join_operator, JoinOperator::LeftArrayJoin);
                left = self.array_join(left, &join.relation, is_left, scope, at)?;
                continue;
            }
            let right_place = scope.sources.len();
            let right = self.factor(&join.relation, scope)?;
            let (kind, constraint) = self.join_kind(&join.join_operator, at)?;
            let on = self.constraint(constraint, kind, right_place, scope, at)?;
            for (place, source) in scope.sources.iter_mut().enumerate().skip(first) {
                let is_right = place >= right_place;
                source.or_default |= match kind {
                    JoinKind::Left => is_right,
                    JoinKind::Right => !is_right,
                    JoinKind::Full => true,
                    _ => false,
                };
            }
            if matches!(kind, JoinKind::LeftSemi | JoinKind::LeftAnti) {
                scope.sources.truncate(right_place);
            }
            left = From::Join(Box::new(Join {
                left,
                right,
                kind,
                // How the token pass marks ANY; the true GLOBAL it takes away.
                is_any: join.global,
                on,
            }));
        }
        Ok(left)
    }

    fn join_kind<'q>(
        &self,
        operator: &'q JoinOperator,
        at: usize,
    ) -> Result<(JoinKind, &'q JoinConstraint), SqlError> {
        Ok(match operator {
            JoinOperator::Join(on) | JoinOperator::Inner(on) => (JoinKind::Inner, on),
            JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (JoinKind::Left, on),
            JoinOperator::Right(on) | JoinOperator::RightOuter(on) => (JoinKind::Right, on),
            JoinOperator::FullOuter(on) => (JoinKind::Full, on),
            JoinOperator::CrossJoin(on) => (JoinKind::Cross, on),
            JoinOperator::LeftSemi(on) | JoinOperator::Semi(on) => (JoinKind::LeftSemi, on),
            JoinOperator::LeftAnti(on) | JoinOperator::Anti(on) => (JoinKind::LeftAnti, on),
            _ => {
                return Err(self.unsupported(
                    "this kind of JOIN",
                    Some("use INNER, LEFT, RIGHT, FULL or CROSS"),
                    at,
                ));
            }
        })
    }

    fn constraint<'q>(
        &mut self,
        constraint: &'q JoinConstraint,
        kind: JoinKind,
        right_place: usize,
        scope: &mut Scope<'q>,
        at: usize,
    ) -> Result<Option<Expr>, SqlError> {
        match constraint {
            JoinConstraint::None if kind == JoinKind::Cross => Ok(None),
            JoinConstraint::None => {
                Err(self.error(ErrorKind::Syntax, "JOIN needs ON or USING", at))
            }
            JoinConstraint::On(on) => {
                let on = self.expr(on, scope)?;
                Ok(Some(on))
            }
            JoinConstraint::Using(names) => {
                let mut conditions = Vec::new();
                for name in names {
                    let name = name.to_string().replace(['`', '"'], "");
                    conditions.push(self.using(&name, kind, right_place, scope, at)?);
                }
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

    fn using(
        &mut self,
        name: &str,
        kind: JoinKind,
        right_place: usize,
        scope: &mut Scope<'_>,
        at: usize,
    ) -> Result<Expr, SqlError> {
        if kind == JoinKind::Full {
            return Err(self.unsupported("USING in a FULL JOIN", Some("write ON"), at));
        }
        let mut sides = Vec::new();
        for is_right in [false, true] {
            let found = scope
                .sources
                .iter()
                .enumerate()
                .find_map(|(place, source)| {
                    let is_side = (place >= right_place) == is_right;
                    let index = source
                        .columns
                        .iter()
                        .position(|column| column.name == name)?;
                    (is_side && !source.merged.contains(name)).then_some((place, index))
                });
            let Some((place, index)) = found else {
                let message = format!("USING ({name}): one side has no such column");
                return Err(self.error(ErrorKind::Unknown, message, at));
            };
            let source = &scope.sources[place];
            let reference = crate::ir::ColumnRef {
                source: source.id,
                index,
                name: name.to_owned(),
                or_default: false,
                is_element: false,
            };
            let ty = source.columns[index].ty.clone();
            sides.push((
                place,
                self.node(crate::ir::ExprKind::Column(reference), ty, at)?,
            ));
        }
        let [(left_place, left), (right, right_column)]: [(usize, Expr); 2] =
            sides.try_into().expect("there are two sides");
        let merged = if kind == JoinKind::Right {
            left_place
        } else {
            right
        };
        scope.sources[merged].merged.insert(name.to_owned());
        self.call("equals", vec![left, right_column], at)
    }

    fn array_join<'q>(
        &mut self,
        input: From,
        factor: &'q TableFactor,
        is_left: bool,
        scope: &mut Scope<'q>,
        at: usize,
    ) -> Result<From, SqlError> {
        let (asts, alias): (Vec<&'q Ast>, _) = match factor {
            TableFactor::TableFunction { expr, alias } => (vec![expr], alias),
            TableFactor::Table {
                name,
                alias,
                args: None,
                ..
            } => {
                let column = name.to_string().replace(['`', '"'], "");
                let mut array = None;
                for source in &scope.sources {
                    if let Some(index) = source.columns.iter().position(|c| c.name == column) {
                        array = Some((source.id, index, source.columns[index].ty.clone()));
                    }
                }
                let Some((source, index, ty)) = array else {
                    let message = format!("there is no column {column} to join");
                    return Err(self.error(ErrorKind::Unknown, message, at));
                };
                let reference = crate::ir::ColumnRef {
                    source,
                    index,
                    name: column.clone(),
                    or_default: false,
                    is_element: false,
                };
                let array = self.node(crate::ir::ExprKind::Column(reference), ty, at)?;
                let name = alias
                    .as_ref()
                    .map_or(column, |alias| alias.name.value.clone());
                return self.join_arrays(input, vec![(array, name)], is_left, scope, at);
            }
            TableFactor::Table {
                name,
                alias,
                args: Some(args),
                ..
            } => {
                let asts = args.args.iter().filter_map(|argument| match argument {
                    FunctionArg::Unnamed(FunctionArgExpr::Expr(ast)) => Some(ast),
                    _ => None,
                });
                let asts: Vec<&'q Ast> = asts.collect();
                let function = name.to_string().replace(['`', '"'], "");
                let array = if let [Ast::Lambda(lambda), arrays @ ..] = asts.as_slice() {
                    self.higher_order(&function, lambda, arrays, at, scope)?
                } else {
                    let arguments = self.exprs(asts, scope)?;
                    self.call(&function, arguments, at)?
                };
                let name = alias
                    .as_ref()
                    .map_or(function, |alias| alias.name.value.clone());
                return self.join_arrays(input, vec![(array, name)], is_left, scope, at);
            }
            _ => return Err(self.unsupported("this form of ARRAY JOIN", None, at)),
        };
        let mut arrays = Vec::new();
        for ast in asts {
            let array = self.expr(ast, scope)?;
            let name = alias.as_ref().map_or_else(
                || crate::names::name_of(ast),
                |alias| alias.name.value.clone(),
            );
            arrays.push((array, name));
        }
        self.join_arrays(input, arrays, is_left, scope, at)
    }

    fn join_arrays(
        &mut self,
        input: From,
        arrays: Vec<(Expr, String)>,
        is_left: bool,
        scope: &mut Scope<'_>,
        at: usize,
    ) -> Result<From, SqlError> {
        let id = self.next_source();
        let mut columns = Vec::new();
        for (array, name) in &arrays {
            let Some(item) = array.ty.item() else {
                return Err(self.type_error(format!("{} is no array", array.ty), at));
            };
            columns.push(Column {
                name: name.clone(),
                ty: item.clone(),
            });
        }
        scope.sources.push(ScopeSource {
            id,
            qualifiers: Vec::new(),
            columns,
            merged: BTreeSet::new(),
            or_default: false,
            is_array_join: true,
            is_relation: false,
        });
        Ok(From::ArrayJoin(Box::new(ArrayJoin {
            input,
            id,
            arrays,
            is_left,
        })))
    }

    fn factor<'q>(
        &mut self,
        factor: &'q TableFactor,
        scope: &mut Scope<'q>,
    ) -> Result<From, SqlError> {
        let at = self.places.of(factor);
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                sample,
                ..
            } => {
                if sample.is_some() {
                    return Err(self.unsupported("SAMPLE", None, at));
                }
                let alias = alias.as_ref().map(|alias| alias.name.value.as_str());
                let plain = name.to_string().replace(['`', '"'], "");
                match args {
                    Some(args) => self.table_function(&plain, &args.args, alias, scope, at),
                    None => self.named(&plain, alias, scope, at),
                }
            }
            TableFactor::Derived {
                lateral: false,
                subquery,
                alias,
                sample: None,
            } => {
                let query = self.query(subquery, &scope.outer)?;
                let alias = alias.as_ref().map(|alias| alias.name.value.as_str());
                Ok(self.add_query(query, alias, scope))
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => self.table_with_joins(table_with_joins, scope),
            TableFactor::Function { name, .. } => Err(self.unknown_function(&name.to_string(), at)),
            _ => Err(self.unsupported("this form of FROM", None, at)),
        }
    }

    /// A relation by name: a common table, the events, `system.one`. Nothing else is there.
    fn named(
        &mut self,
        name: &str,
        alias: Option<&str>,
        scope: &mut Scope<'_>,
        at: usize,
    ) -> Result<From, SqlError> {
        if let Some(query) = self.common_table(name, &scope.outer)? {
            return Ok(self.add_query(query, alias.or(Some(name)), scope));
        }
        for word in ["FINAL", "SAMPLE"] {
            if alias.is_some_and(|alias| alias.eq_ignore_ascii_case(word)) {
                return Err(self.unsupported(word, None, at));
            }
        }
        let (kind, columns) = if RELATION.contains(&name) {
            let columns = self.relation.columns.iter().chain(&self.relation.unlisted);
            let columns = columns.map(|column| Column {
                name: column.name.clone(),
                ty: column.data_type.clone(),
            });
            (SourceKind::Relation, columns.collect())
        } else if name == "system.one" {
            let dummy = Column {
                name: "dummy".to_owned(),
                ty: DataType::UInt8,
            };
            (SourceKind::One, vec![dummy])
        } else {
            let mut error = self.error(
                ErrorKind::Forbidden,
                format!("the table {name} may not be read"),
                at,
            );
            error.hint = Some("the events are in the table events".to_owned());
            return Err(error);
        };
        let mut qualifiers: Vec<String> = Vec::new();
        qualifiers.extend(alias.map(str::to_owned));
        // The table's own name means it, too, unless another table has it for an alias.
        let own = name.rsplit('.').next().unwrap_or(name);
        for own in [own, name, &format!("cvat.{own}")] {
            let is_taken = scope
                .sources
                .iter()
                .any(|source| source.qualifiers.iter().any(|q| q == own));
            if !is_taken {
                qualifiers.push(own.to_owned());
            }
        }
        Ok(self.add(kind, columns, qualifiers, scope))
    }

    fn table_function<'q>(
        &mut self,
        name: &str,
        args: &'q [FunctionArg],
        alias: Option<&str>,
        scope: &mut Scope<'q>,
        at: usize,
    ) -> Result<From, SqlError> {
        if !matches!(name, "numbers" | "zeros") {
            let mut error = self.error(
                ErrorKind::Forbidden,
                format!("the table function {name} is not allowed"),
                at,
            );
            error.hint = Some("the events are in the table events".to_owned());
            return Err(error);
        }
        if name == "zeros" {
            return Err(self.unsupported("zeros", Some("use numbers(n)"), at));
        }
        let mut amounts = Vec::new();
        for argument in args {
            let FunctionArg::Unnamed(FunctionArgExpr::Expr(ast)) = argument else {
                return Err(self.unsupported("this argument of numbers", None, at));
            };
            let amount = self.expr(ast, scope)?;
            if amount.as_integer().is_none_or(|n| n < 0) {
                return Err(self.type_error("numbers takes whole numbers", amount.at));
            }
            amounts.push(amount);
        }
        let (offset, length) = match amounts.len() {
            1 => {
                let zero = sqlparser::ast::Value::Number("0".to_owned(), false);
                (self.literal(&zero, false, at)?, amounts.remove(0))
            }
            2 => (amounts.remove(0), amounts.remove(0)),
            _ => return Err(self.type_error("numbers takes one or two arguments", at)),
        };
        let column = Column {
            name: "number".to_owned(),
            ty: DataType::UInt64,
        };
        let kind = SourceKind::Numbers { offset, length };
        let qualifiers = alias.map(str::to_owned).into_iter().collect();
        Ok(self.add(kind, vec![column], qualifiers, scope))
    }

    fn add_query(
        &mut self,
        query: crate::ir::Query,
        alias: Option<&str>,
        scope: &mut Scope<'_>,
    ) -> From {
        let columns = query.columns();
        let qualifiers = alias.map(str::to_owned).into_iter().collect();
        self.add(
            SourceKind::Query(Box::new(query)),
            columns,
            qualifiers,
            scope,
        )
    }

    fn add(
        &mut self,
        kind: SourceKind,
        columns: Vec<Column>,
        qualifiers: Vec<String>,
        scope: &mut Scope<'_>,
    ) -> From {
        let id = self.next_source();
        scope.sources.push(ScopeSource {
            id,
            qualifiers,
            columns,
            merged: BTreeSet::new(),
            or_default: false,
            is_array_join: false,
            is_relation: matches!(kind, SourceKind::Relation),
        });
        From::Source(Source { id, kind })
    }
}
