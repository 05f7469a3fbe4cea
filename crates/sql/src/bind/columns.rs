//! Columns of the tables of a select: which one a name means, and what it is called in the result.
//!
//! ClickHouse's rules: of one join the left table's column is meant where both have it, of several joins none is; what
//! USING merged is one column; the elements that ARRAY JOIN names win over columns. In the result a column keeps the
//! name of its table where without it it could be another's: another table's, unless it is the left one of a single
//! join, or an alias'.

use std::ops::Range;

use sqlparser::ast::Ident;

use super::{Binder, Scope, ScopeKind, ScopeSource};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{ColumnRef, Expr, ExprKind, Literal};
use crate::names::ColumnNames;
use crate::types::DataType;

/// A column that USING made of one of each side.
pub(super) struct Using {
    pub name: String,
    /// Places of the sources of whose columns it was made.
    pub places: Vec<usize>,
    pub value: Merged,
    pub ty: DataType,
    /// Place of the right side of its join: columns of later joins are listed first.
    pub join: usize,
}

/// What a column of USING is.
#[derive(Clone)]
pub(super) enum Merged {
    Column(Place),
    /// Of a FULL JOIN: the left one, or the right one where the left side has no row.
    Either(Box<Merged>, Box<Merged>),
}

/// A column of a source: their places in the scope and in the source.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub source: usize,
    pub column: usize,
}

/// What a name without a table may mean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Column(Place),
    /// A place in [`Scope::using`].
    Using(usize),
}

impl Scope<'_> {
    /// What tables among `places` have of this name, from the left to the right.
    pub(super) fn found(&self, name: &str, places: Range<usize>) -> Vec<Found> {
        let mut all = Vec::new();
        for place in self
            .tables(name)
            .filter(|place| places.contains(&place.source))
        {
            let found = match self.using_of(place.source, name) {
                Some(using) => Found::Using(using),
                None => Found::Column(place),
            };
            if !all.contains(&found) {
                all.push(found);
            }
        }
        all
    }

    /// The columns of this name.
    fn tables(&self, name: &str) -> impl Iterator<Item = Place> {
        let sources = self.sources.iter().enumerate();
        let tables = sources.filter(|(_, source)| !source.is_array_join());
        tables.filter_map(move |(source, table)| {
            let column = table
                .columns
                .iter()
                .position(|column| column.name == name)?;
            Some(Place { source, column })
        })
    }

    /// The columns of this name of the tables that are called so.
    fn qualified(&self, qualifier: &str, name: &str) -> impl Iterator<Item = Place> {
        self.tables(name)
            .filter(move |place| self.sources[place.source].is_called(qualifier))
    }

    pub(super) fn using_of(&self, source: usize, name: &str) -> Option<usize> {
        let is_it = |using: &Using| using.name == name && using.places.contains(&source);
        self.using.iter().position(is_it)
    }

    /// The element of ARRAY JOIN that is called so.
    fn element(&self, name: &str) -> Option<Place> {
        let sources = self.sources.iter().enumerate().rev();
        let mut arrays = sources.filter(|(_, source)| source.is_array_join());
        arrays.find_map(|(source, arrays)| {
            let column = arrays
                .columns
                .iter()
                .position(|column| column.name == name)?;
            Some(Place { source, column })
        })
    }

    /// The element that stands for a column whose array is joined without an alias.
    pub(super) fn element_of(&self, place: Place) -> Option<Place> {
        let sources = self.sources.iter().enumerate();
        let mut arrays = sources.filter(|(_, source)| source.is_array_join());
        arrays.find_map(|(source, arrays)| {
            let is_it = |replaced: &Option<Place>| *replaced == Some(place);
            let column = arrays.replaced.iter().position(is_it)?;
            Some(Place { source, column })
        })
    }

    /// Whether the name, without its table, could be another's.
    fn is_ambiguous(&self, place: usize, name: &str) -> bool {
        let is_left = place == 0 && self.n_joins == 1;
        let has_it = |other: &ScopeSource| {
            let mut columns = other.columns.iter();
            let starts = |column: &str| column.split('.').next() == Some(name);
            !other.is_array_join() && columns.any(|c| c.name == name || starts(&c.name))
        };
        let mut others = self.sources.iter().enumerate();
        let is_anothers = others.any(|(other, source)| other != place && has_it(source));
        (!is_left && is_anothers) || self.is_alias(name)
    }

    /// Whether an expression is named so, here or in a query around this one.
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.aliases.contains_key(name) || self.outer.expressions.contains_key(name)
    }

    /// Whether the select names an expression so, in WITH too.
    fn is_alias(&self, name: &str) -> bool {
        self.aliases.contains_key(name) || self.outer.named_here.contains(name)
    }

    /// What `*` calls a column.
    pub(super) fn listed_name(&self, place: Place) -> String {
        let source = &self.sources[place.source];
        let name = &source.columns[place.column].name;
        let is_element = self.element(name).is_some_and(|element| {
            self.sources[element.source].replaced[element.column] != Some(place)
        });
        match source.qualifiers.first() {
            Some(table) if is_element || self.is_ambiguous(place.source, name) => {
                format!("{table}.{name}")
            }
            _ => name.clone(),
        }
    }

    /// Whether the column is the left one of those that a RIGHT JOIN merged: ClickHouse calls it by its table.
    fn is_beside_merged(&self, place: Place, name: &str) -> bool {
        let using = self.using_of(place.source, name);
        using.is_some_and(|using| match &self.using[using].value {
            Merged::Column(merged) => merged.source > place.source,
            Merged::Either(..) => false,
        })
    }
}

impl ColumnNames for Scope<'_> {
    fn next_subquery(&self) -> usize {
        self.n_subqueries.set(self.n_subqueries.get() + 1);
        self.n_subqueries.get()
    }

    fn column_name(&self, parts: &[Ident]) -> String {
        let parts: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
        let whole = parts.join(".");
        if self.tables(&whole).next().is_some() || self.element(&whole).is_some() {
            return whole;
        }
        for split in 1..parts.len() {
            let (tables, name) = (&parts[..split], parts[split..].join("."));
            let found = self.qualified(&tables.join("."), &name).next();
            if let Some(place) = found {
                return if self.element_of(place).is_some() {
                    whole
                } else if self.is_ambiguous(place.source, &name)
                    || self.is_beside_merged(place, &name)
                {
                    format!("{}.{name}", tables[split - 1])
                } else {
                    name
                };
            }
        }
        match parts.as_slice() {
            [tuple @ .., index] if !tuple.is_empty() && index.parse::<usize>().is_ok() => {
                format!("tupleElement({}, {index})", tuple.join("."))
            }
            [] | [_] => whole,
            [.., name] => (*name).to_owned(),
        }
    }
}

impl Binder<'_> {
    /// The column that a name means, if there is one.
    pub(super) fn column(
        &mut self,
        qualifier: Option<&str>,
        name: &str,
        at: usize,
        scope: &Scope<'_>,
    ) -> Result<Option<Expr>, SqlError> {
        let found = match qualifier {
            None => {
                if let Some(element) = scope.element(name) {
                    return self.place(element, at, scope).map(Some);
                }
                scope.found(name, 0..scope.sources.len())
            }
            Some(qualifier) => {
                let places = scope.qualified(qualifier, name);
                let places = places.map(|place| scope.element_of(place).unwrap_or(place));
                places.map(Found::Column).collect()
            }
        };
        match found.as_slice() {
            [] => Ok(None),
            [first, others @ ..] if others.is_empty() || scope.n_joins == 1 => {
                self.found_column(*first, at, scope).map(Some)
            }
            _ => Err(self.ambiguous(name, at)),
        }
    }

    pub(super) fn ambiguous(&self, name: &str, at: usize) -> SqlError {
        let message = format!("{name} is a column of several tables");
        let mut error = self.error(ErrorKind::Unknown, message, at);
        error.hint = Some(format!("write the table's alias before it, as in t.{name}"));
        error
    }

    pub(super) fn found_column(
        &mut self,
        found: Found,
        at: usize,
        scope: &Scope<'_>,
    ) -> Result<Expr, SqlError> {
        match found {
            Found::Column(place) => self.place(place, at, scope),
            Found::Using(using) => {
                let using = &scope.using[using];
                self.merged(&using.value, &using.ty, at, scope)
            }
        }
    }

    /// A source's column; one that USING merged has the type that both sides have in common.
    pub(super) fn place(
        &mut self,
        place: Place,
        at: usize,
        scope: &Scope<'_>,
    ) -> Result<Expr, SqlError> {
        let source = &scope.sources[place.source];
        let column = &source.columns[place.column];
        let reference = ColumnRef {
            source: source.id,
            index: place.column,
            name: column.name.clone(),
            or_default: source.or_default && !column.ty.is_nullable(),
            is_element: source.is_array_join(),
        };
        let bound = self.node(ExprKind::Column(reference), column.ty.clone(), at)?;
        let using = scope.using_of(place.source, &column.name);
        let Some(ty) = using.map(|using| &scope.using[using].ty) else {
            return Ok(bound);
        };
        if source.or_default && ty.is_nullable() && !column.ty.is_nullable() {
            // ClickHouse makes it Nullable before it joins, so that it is NULL where there is no row.
            return Err(self.unsupported(
                "USING of a column that can be NULL on one side only",
                Some("write ON"),
                at,
            ));
        }
        // Nullable beside a type of both sides that is not: the setting join_use_nulls made it so.
        let ty = if column.ty.is_nullable() {
            ty.clone().nullable()
        } else {
            ty.clone()
        };
        if ty == column.ty {
            return Ok(bound);
        }
        self.cast(bound, ty, at)
    }

    fn merged(
        &mut self,
        value: &Merged,
        ty: &DataType,
        at: usize,
        scope: &Scope<'_>,
    ) -> Result<Expr, SqlError> {
        let (left, right) = match value {
            Merged::Column(place) => return self.place(*place, at, scope),
            Merged::Either(left, right) => (left, right),
        };
        let left = self.merged(left, ty, at, scope)?;
        let right = self.merged(right, ty, at, scope)?;
        if ty.is_nullable() || left.ty.is_nullable() {
            return self.call("ifNull", vec![left, right], at);
        }
        // Where the left side has no row, its column is the type's default. Where it has that value by itself, the
        // right one has it, too, or no row.
        let default = self.default_literal(ty, at)?;
        let is_default = self.call("equals", vec![left.clone(), default], at)?;
        self.call("if", vec![is_default, right, left], at)
    }

    /// A type's default, as a literal that it can be compared with.
    fn default_literal(&mut self, ty: &DataType, at: usize) -> Result<Expr, SqlError> {
        let (literal, literal_type) = match ty {
            DataType::String => (Literal::String(String::new()), DataType::String),
            DataType::Date | DataType::Date32 => {
                return self.time_of_text("1970-01-01".to_owned(), ty, at);
            }
            DataType::Bool => (Literal::Bool(false), DataType::Bool),
            ty if ty.is_number() || ty.is_datetime() => (Literal::UInt(0), DataType::UInt8),
            ty => {
                let what = format!("USING of {ty} in a FULL JOIN");
                return Err(self.unsupported(&what, Some("write ON"), at));
            }
        };
        self.node(ExprKind::Literal(literal), literal_type, at)
    }
}

impl ScopeSource {
    /// Whether its columns are elements of joined arrays.
    pub(super) fn is_array_join(&self) -> bool {
        self.kind == ScopeKind::Arrays
    }

    /// Whether the name may stand before the dot.
    pub(super) fn is_called(&self, qualifier: &str) -> bool {
        self.qualifiers.iter().any(|name| name == qualifier)
    }
}
