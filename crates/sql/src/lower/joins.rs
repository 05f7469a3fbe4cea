//! Joins: those of DuckDB, and what ClickHouse's ANY, SEMI, ANTI and ASOF are there.

use std::collections::HashSet;

use super::Lowering;
use crate::error::{ErrorKind, SqlError};
use crate::ir::{Expr, ExprKind, From, Haystack, Join, JoinKind, Select, Strictness};
use crate::print::source_name;
use crate::typing::supertype;

/// The parts of an ON, by the sides that they read.
struct Conditions<'e> {
    /// Equalities of the left side with the right one.
    keys: Vec<Key<'e>>,
    left: Vec<&'e Expr>,
    right: Vec<&'e Expr>,
    /// Of neither, or of both.
    others: Vec<&'e Expr>,
}

#[derive(Clone, Copy)]
struct Key<'e> {
    left: &'e Expr,
    right: &'e Expr,
    /// `IS NOT DISTINCT FROM`.
    joins_nulls: bool,
}

/// The sides of a join, of which one keeps its rows and the other gives one partner each.
struct OneMatch<'j> {
    kept: String,
    other: &'j From,
    other_text: String,
    /// Whether rows without a partner stay.
    is_outer: bool,
}

impl Lowering<'_> {
    pub(super) fn join(&mut self, join: &Join) -> Result<String, SqlError> {
        let left = self.relations(&join.left)?;
        let right = self.relations(&join.right)?;
        let on = join.on.as_ref();
        let right_sources = sources_of(&join.right);
        let kind = match (join.strictness, join.kind) {
            (Strictness::Asof, _) => return self.asof_join(join, &left, right),
            (Strictness::Any, JoinKind::Inner) => return self.any_inner_join(join, &left, &right),
            (Strictness::Any, JoinKind::Left) | (_, JoinKind::LeftSemi)
                if self.takes_one(join, &right_sources) =>
            {
                let sides = OneMatch {
                    kept: left,
                    other: &join.right,
                    other_text: right,
                    is_outer: join.kind == JoinKind::Left,
                };
                return self.one_match(join, sides, &right_sources);
            }
            (Strictness::Any, JoinKind::Right) | (_, JoinKind::RightSemi)
                if self.takes_one(join, &sources_of(&join.left)) =>
            {
                let sides = OneMatch {
                    kept: right,
                    other: &join.left,
                    other_text: left,
                    is_outer: join.kind == JoinKind::Right,
                };
                return self.one_match(join, sides, &right_sources);
            }
            (_, JoinKind::Inner) => "JOIN",
            (_, JoinKind::Left) => "LEFT JOIN",
            (_, JoinKind::Right) => "RIGHT JOIN",
            (_, JoinKind::Full) => "FULL JOIN",
            (_, JoinKind::Cross) => "CROSS JOIN",
            (_, JoinKind::LeftSemi | JoinKind::RightSemi) => "SEMI JOIN",
            (_, JoinKind::LeftAnti | JoinKind::RightAnti) => "ANTI JOIN",
        };
        self.check_outer(join, &right_sources)?;
        let is_swapped = matches!(join.kind, JoinKind::RightSemi | JoinKind::RightAnti);
        if kind == "SEMI JOIN" || kind == "ANTI JOIN" {
            self.pass("semi and anti joins");
            self.check_key(join, &right_sources)?;
        }
        let on = match on {
            Some(on) => format!(" ON {}", self.on(on, &right_sources)?),
            None => String::new(),
        };
        if kind == "ANTI JOIN" {
            // Their columns are defaults from here on.
            let absent = if is_swapped {
                sources_of(&join.left)
            } else {
                right_sources
            };
            for source in &absent {
                self.relation_sources.remove(source);
            }
            self.absent.extend(absent);
        }
        Ok(match (&join.left, is_swapped) {
            (_, false) => format!("{left} {kind} {right}{on}"),
            (From::Source(_), true) => format!("{right} {kind} {left}{on}"),
            (_, true) => format!("{right} {kind} ({left}){on}"),
        })
    }

    /// Whether the columns of a partner are asked for: else it is enough that there is one.
    fn takes_one(&self, join: &Join, other: &HashSet<usize>) -> bool {
        !matches!(join.kind, JoinKind::LeftSemi | JoinKind::RightSemi)
            || other
                .iter()
                .any(|source| self.select_context.read_sources.contains(source))
    }

    /// Remembers which sources a select reads, other than in the conditions of its joins.
    pub(super) fn note_read_sources(&mut self, select: &Select) {
        self.select_context.read_sources.clear();
        let exprs = select.clauses().into_iter().chain(&select.filter);
        for expr in exprs {
            self.select_context.read_sources.extend(read_by(expr));
        }
        if let Some(from) = &select.from {
            // A semi join's own condition takes no more of its other side than whether there is a row.
            for (join, on) in conditions_of(from) {
                let mut sources = read_by(on);
                let other = match join.kind {
                    JoinKind::LeftSemi => sources_of(&join.right),
                    JoinKind::RightSemi => sources_of(&join.left),
                    _ => HashSet::new(),
                };
                sources.retain(|source| !other.contains(source));
                self.select_context.read_sources.extend(sources);
            }
        }
    }

    /// ON: keys are compared as ClickHouse's hash tables do it, for which NaN is equal to NaN and, within a tuple, NULL
    /// to NULL.
    fn on(&mut self, on: &Expr, right: &HashSet<usize>) -> Result<String, SqlError> {
        if let Some(key) = key_of(on, right) {
            return self.key(key);
        }
        let Some((function, arguments)) = on.as_call() else {
            return self.cond(on);
        };
        let operator = match function.name {
            "and" => " AND ",
            "or" => " OR ",
            _ => return self.cond(on),
        };
        let mut operands = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let both_null = (function.name == "or")
                .then(|| without_not_equal(argument, arguments))
                .flatten();
            operands.push(self.on(both_null.as_ref().unwrap_or(argument), right)?);
        }
        Ok(format!("({})", operands.join(operator)))
    }

    fn key(&mut self, key: Key<'_>) -> Result<String, SqlError> {
        let (a, b) = (&key.left.ty, &key.right.ty);
        if a.is_float() != b.is_float() && supertype([a, b]).is_none() {
            let message = format!("{a} and {b} have no common type to be joined by");
            let mut error = self.source_map.error(ErrorKind::Type, message, key.left.at);
            error.hint = Some("convert one of them, as in toFloat64(x)".to_owned());
            return Err(error);
        }
        let left = self.comparable(key.left, &key.right.ty)?;
        let right = self.comparable(key.right, &key.left.ty)?;
        let operator = if key.joins_nulls {
            "IS NOT DISTINCT FROM"
        } else {
            "="
        };
        Ok(format!("({left} {operator} {right})"))
    }

    /// What an outer join cannot be told: ClickHouse wants a key, of each alternative too, and DuckDB looks into no
    /// set there.
    fn check_outer(&self, join: &Join, right: &HashSet<usize>) -> Result<(), SqlError> {
        let (Some(on), JoinKind::Left | JoinKind::Right | JoinKind::Full) = (&join.on, join.kind)
        else {
            return Ok(());
        };
        let is_set = |part: &Expr| {
            let kind = &part.kind;
            matches!(
                kind,
                ExprKind::In {
                    haystack: Haystack::Query(_),
                    ..
                }
            )
        };
        if on.any(&mut { is_set }) {
            return Err(self.unsupported(
                "IN (SELECT …) in ON of an outer join",
                Some("select what is IN in a subquery first"),
                on.at,
            ));
        }
        let is_or = on
            .as_call()
            .is_some_and(|(function, _)| function.name == "or");
        if join.kind == JoinKind::Left && !is_or {
            return Ok(());
        }
        self.check_key(join, right)
    }

    /// ClickHouse needs an equality of both sides for these, if ON is no constant.
    fn check_key(&self, join: &Join, right: &HashSet<usize>) -> Result<(), SqlError> {
        match &join.on {
            Some(on) if !on.is_constant() && !has_key(on, right) => Err(self.unsupported(
                "this kind of JOIN without an equality in ON",
                Some("compare a column of either side with ="),
                on.at,
            )),
            _ => Ok(()),
        }
    }

    /// Each row of one side with one partner: the other side has one row for each of its keys, or where ON says more,
    /// its first row for which that holds.
    fn one_match(
        &mut self,
        join: &Join,
        sides: OneMatch<'_>,
        right: &HashSet<usize>,
    ) -> Result<String, SqlError> {
        let at = join.on.as_ref().map_or(0, |on| on.at);
        let OneMatch {
            kept,
            other,
            other_text,
            is_outer,
        } = sides;
        let name = self.single(other, at)?;
        let Some(on) = &join.on else {
            return Err(self.unsupported("ANY without ON", Some("write ON or USING"), at));
        };
        self.pass("any join");
        self.check_key(join, right)?;
        let word = if is_outer { "LEFT JOIN" } else { "JOIN" };
        let is_right = sources_of(other).is_subset(right);
        let conditions = conditions(on, right);
        if conditions.keys.is_empty() || !conditions.others.is_empty() {
            let on = self.on(on, right)?;
            return Ok(format!(
                "{kept} {word} LATERAL (SELECT * FROM {other_text} WHERE {on} LIMIT 1) AS {name} ON true"
            ));
        }
        let (own, kept_conditions) = if is_right {
            (&conditions.right, &conditions.left)
        } else {
            (&conditions.left, &conditions.right)
        };
        let other_text = self.first_of_keys(&other_text, &name, &conditions.keys, own, is_right)?;
        let mut on = Vec::new();
        for key in &conditions.keys {
            on.push(self.key(*key)?);
        }
        for condition in kept_conditions {
            on.push(self.cond(condition)?);
        }
        if is_outer {
            self.check_outer(join, right)?;
        }
        Ok(format!(
            "{kept} {word} {other_text} ON {}",
            on.join(" AND ")
        ))
    }

    /// One pair of rows for each key.
    fn any_inner_join(&mut self, join: &Join, left: &str, right: &str) -> Result<String, SqlError> {
        let at = join.on.as_ref().map_or(0, |on| on.at);
        let right_sources = sources_of(&join.right);
        let found = join.on.as_ref().map(|on| conditions(on, &right_sources));
        let Some(found) = found.filter(|on| !on.keys.is_empty() && on.others.is_empty()) else {
            return Err(self.unsupported(
                "ANY INNER JOIN by more than equalities",
                Some(
                    "use LEFT SEMI JOIN, which keeps each row of the left side that has a partner",
                ),
                at,
            ));
        };
        self.pass("any join");
        let (left_name, right_name) = (self.single(&join.left, at)?, self.single(&join.right, at)?);
        let left = self.first_of_keys(left, &left_name, &found.keys, &found.left, false)?;
        let right = self.first_of_keys(right, &right_name, &found.keys, &found.right, true)?;
        let mut on = Vec::new();
        for key in &found.keys {
            on.push(self.key(*key)?);
        }
        Ok(format!("{left} JOIN {right} ON {}", on.join(" AND ")))
    }

    /// A side with one row for each of its keys.
    fn first_of_keys(
        &mut self,
        text: &str,
        name: &str,
        keys: &[Key<'_>],
        conditions: &[&Expr],
        is_right: bool,
    ) -> Result<String, SqlError> {
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            values.push(self.value(if is_right { key.right } else { key.left })?);
        }
        let filter = self.filter_of(conditions)?;
        let keys = values.join(", ");
        Ok(format!(
            "(SELECT DISTINCT ON ({keys}) * FROM {text}{filter}) AS {name}"
        ))
    }

    fn filter_of(&mut self, conditions: &[&Expr]) -> Result<String, SqlError> {
        if conditions.is_empty() {
            return Ok(String::new());
        }
        let mut texts = Vec::with_capacity(conditions.len());
        for condition in conditions {
            texts.push(self.cond(condition)?);
        }
        Ok(format!(" WHERE {}", texts.join(" AND ")))
    }

    /// The name of a side that is one source.
    fn single(&self, side: &From, at: usize) -> Result<String, SqlError> {
        match side {
            From::Source(source) => Ok(source_name(source.id)),
            _ => Err(self.unsupported(
                "ANY or SEMI JOIN of several tables",
                Some("join them in a subquery first: (SELECT …) AS t"),
                at,
            )),
        }
    }

    /// The row of the right side that is the nearest by one comparison.
    fn asof_join(
        &mut self,
        join: &Join,
        left: &str,
        mut right: String,
    ) -> Result<String, SqlError> {
        let at = join.on.as_ref().map_or(0, |on| on.at);
        let right_sources = sources_of(&join.right);
        let refuse = |what: &str| {
            let hint = "write ON a.key = b.key AND a.time >= b.time";
            Err(self.unsupported(what, Some(hint), at))
        };
        let Some(on) = &join.on else {
            return refuse("ASOF JOIN without ON");
        };
        let found = conditions(on, &right_sources);
        if found.keys.is_empty() {
            return refuse("ASOF JOIN without an equality");
        }
        let [nearest] = found.others.as_slice() else {
            return refuse("ASOF JOIN by other than one comparison");
        };
        let Some((operator, a, b)) = inequality(nearest, &right_sources) else {
            return refuse("ASOF JOIN by other than <, <=, > or >=");
        };
        let is_ordered = |side: &Expr| side.ty.is_number() || side.ty.is_time();
        if !is_ordered(a) || !is_ordered(b) || supertype([&a.ty, &b.ty]).is_none() {
            let what = format!("ASOF JOIN by {} and {}", a.ty, b.ty);
            return Err(self.unsupported(&what, Some("compare numbers or times"), at));
        }
        self.pass("asof join");
        if !found.right.is_empty() {
            let name = self.single(&join.right, at)?;
            let filter = self.filter_of(&found.right)?;
            right = format!("(SELECT * FROM {right}{filter}) AS {name}");
        }
        let mut on = Vec::new();
        for (index, key) in found.keys.iter().enumerate() {
            let mut text = self.key(*key)?;
            if index == 0 && !found.left.is_empty() {
                // DuckDB takes nothing but comparisons of both sides there.
                let conditions = self.filter_of(&found.left)?;
                let conditions = conditions.trim_start_matches(" WHERE ");
                let a = self.comparable(key.left, &key.right.ty)?;
                let b = self.comparable(key.right, &key.left.ty)?;
                text = format!("(CASE WHEN {conditions} THEN {a} END = {b})");
            }
            on.push(text);
        }
        let (a, b) = (self.comparable(a, &b.ty)?, self.comparable(b, &a.ty)?);
        on.push(format!("{a} {operator} {b}"));
        let word = match join.kind {
            JoinKind::Left => "ASOF LEFT JOIN",
            _ => "ASOF JOIN",
        };
        Ok(format!("{left} {word} {right} ON {}", on.join(" AND ")))
    }
}

/// The sources of a side.
fn sources_of(from: &From) -> HashSet<usize> {
    match from {
        From::Source(source) => HashSet::from([source.id]),
        From::Join(join) => {
            let mut all = sources_of(&join.left);
            all.extend(sources_of(&join.right));
            all
        }
        From::ArrayJoin(join) => {
            let mut all = sources_of(&join.input);
            all.insert(join.id);
            all
        }
    }
}

/// The conditions of all joins.
fn conditions_of(from: &From) -> Vec<(&Join, &Expr)> {
    match from {
        From::Source(_) => Vec::new(),
        From::Join(join) => {
            let mut all = conditions_of(&join.left);
            all.extend(join.on.as_ref().map(|on| (&**join, on)));
            all
        }
        From::ArrayJoin(join) => conditions_of(&join.input),
    }
}

/// The sources whose columns an expression reads.
fn read_by(expr: &Expr) -> HashSet<usize> {
    let mut sources = HashSet::new();
    expr.any(&mut |part| {
        if let ExprKind::Column(column) = &part.kind {
            sources.insert(column.source);
        }
        false
    });
    sources
}

/// Whether it reads the right side, if it reads one alone.
fn side_of(expr: &Expr, right: &HashSet<usize>) -> Option<bool> {
    let sources = read_by(expr);
    if sources.is_empty() {
        None
    } else if sources.is_subset(right) {
        Some(true)
    } else if sources.is_disjoint(right) {
        Some(false)
    } else {
        None
    }
}

fn key_of<'e>(expr: &'e Expr, right: &HashSet<usize>) -> Option<Key<'e>> {
    let (function, arguments) = expr.as_call()?;
    let joins_nulls = match function.name {
        "equals" => false,
        "isNotDistinctFrom" => true,
        _ => return None,
    };
    let [a, b] = arguments else {
        return None;
    };
    let (left, right) = match (side_of(a, right)?, side_of(b, right)?) {
        (false, true) => (a, b),
        (true, false) => (b, a),
        _ => return None,
    };
    Some(Key {
        left,
        right,
        joins_nulls,
    })
}

fn has_key(expr: &Expr, right: &HashSet<usize>) -> bool {
    if key_of(expr, right).is_some() {
        return true;
    }
    match expr.as_call() {
        Some((function, parts)) if function.name == "and" => {
            parts.iter().any(|p| has_key(p, right))
        }
        Some((function, parts)) if function.name == "or" => parts.iter().all(|p| has_key(p, right)),
        _ => false,
    }
}

fn conditions<'e>(on: &'e Expr, right: &HashSet<usize>) -> Conditions<'e> {
    let mut found = Conditions {
        keys: Vec::new(),
        left: Vec::new(),
        right: Vec::new(),
        others: Vec::new(),
    };
    let mut rest = vec![on];
    while let Some(part) = rest.pop() {
        if let Some((function, arguments)) = part.as_call()
            && function.name == "and"
        {
            rest.extend(arguments.iter().rev());
        } else if let Some(key) = key_of(part, right) {
            found.keys.push(key);
        } else {
            match side_of(part, right) {
                Some(true) => found.right.push(part),
                Some(false) => found.left.push(part),
                None => found.others.push(part),
            }
        }
    }
    found
}

/// A comparison of the left side with the right one, in this order.
fn inequality<'e>(
    expr: &'e Expr,
    right: &HashSet<usize>,
) -> Option<(&'static str, &'e Expr, &'e Expr)> {
    let (function, arguments) = expr.as_call()?;
    let (operator, turned) = match function.name {
        "less" => ("<", ">"),
        "lessOrEquals" => ("<=", ">="),
        "greater" => (">", "<"),
        "greaterOrEquals" => (">=", "<="),
        _ => return None,
    };
    let [a, b] = arguments else {
        return None;
    };
    match (side_of(a, right)?, side_of(b, right)?) {
        (false, true) => Some((operator, a, b)),
        (true, false) => Some((turned, b, a)),
        _ => None,
    }
}

/// `a = b OR (a <> b AND a IS NULL AND b IS NULL)` is for ClickHouse the same without the inequality.
fn without_not_equal(part: &Expr, alternatives: &[Expr]) -> Option<Expr> {
    let is_pair = |expr: &Expr, name: &str, a: &Expr, b: &Expr| {
        expr.as_call().is_some_and(|(function, arguments)| {
            function.name == name
                && matches!(arguments, [x, y] if (x == a && y == b) || (x == b && y == a))
        })
    };
    let (function, conditions) = part
        .as_call()
        .filter(|(function, _)| function.name == "and")?;
    let inequality = conditions.iter().find_map(|condition| {
        let (function, arguments) = condition.as_call()?;
        match arguments {
            [a, b] if function.name == "notEquals" => Some((a, b)),
            _ => None,
        }
    });
    let (a, b) = inequality?;
    let is_alternative = alternatives
        .iter()
        .any(|other| is_pair(other, "equals", a, b));
    let nulls = conditions.iter().filter(|condition| {
        condition.as_call().is_some_and(|(function, arguments)| {
            function.name == "isNull" && (arguments[0] == *a || arguments[0] == *b)
        })
    });
    if !is_alternative || nulls.count() != 2 || conditions.len() != 3 {
        return None;
    }
    let rest = conditions.iter().filter(|c| !is_pair(c, "notEquals", a, b));
    let kind = ExprKind::Call {
        function,
        name: function.name.to_owned(),
        arguments: rest.cloned().collect(),
    };
    Some(Expr::new(kind, part.ty.clone(), part.at))
}
