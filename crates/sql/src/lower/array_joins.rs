//! ARRAY JOIN and `arrayJoin`: rows made of the elements of arrays.

use super::{Lowering, default_of};
use crate::error::SqlError;
use crate::ir::{ArrayJoin, Expr, ExprKind, From, Grouping, Select};
use crate::print::source_name;

/// What is wrong with arrays of different lengths that are joined.
const SIZES: &str = "the arrays of ARRAY JOIN have different lengths";

impl Lowering<'_> {
    pub(super) fn array_join(&mut self, join: &ArrayJoin) -> Result<String, SqlError> {
        self.pass("array join");
        let mut input = self.relations(&join.input)?;
        let n_before = self.select_context.array_joins.len();
        for array in array_joins_in(join.arrays.iter().map(|(array, _)| array)) {
            let text = self.value(&array)?;
            let text = self.array_of_rows(&array, text, Some(&join.input), &mut input)?;
            let unnested = self.unnested(array, &text);
            input = format!("{input}, LATERAL {unnested}");
        }
        let mut texts = Vec::with_capacity(join.arrays.len());
        for (array, _) in &join.arrays {
            texts.push(self.value(array)?);
        }
        let lengths: Vec<String> = texts.iter().map(|text| format!("len({text})")).collect();
        let mut columns = Vec::new();
        for (index, ((array, _), mut text)) in join.arrays.iter().zip(texts).enumerate() {
            let default = || {
                let item = array.ty.item();
                item.map_or_else(|| "NULL".to_owned(), default_of)
            };
            if lengths.len() > 1 && self.settings.enable_unaligned_array_join {
                let longest = format!("greatest({})", lengths.join(", "));
                text = format!("list_resize({text}, {longest}, {})", default());
            } else if index == 0 && lengths.len() > 1 {
                let others = lengths[1..].iter();
                let others = others.map(|length| format!("{} <> {length}", lengths[0]));
                let differ = others.collect::<Vec<_>>().join(" OR ");
                text = format!("CASE WHEN {differ} THEN error('{SIZES}') ELSE {text} END");
            }
            if join.is_left {
                text = format!(
                    "CASE WHEN len({text}) = 0 THEN [{}] ELSE {text} END",
                    default()
                );
            }
            let text = self.array_of_rows(array, text, Some(&join.input), &mut input)?;
            if self.may_be_cut(array) {
                self.cut_columns.insert((join.id, index));
            }
            columns.push(format!("unnest({text}) AS s{index}"));
        }
        // The select's own are others, also of an equal array.
        self.select_context.array_joins.truncate(n_before);
        let name = source_name(join.id);
        Ok(format!(
            "{input}, LATERAL (SELECT {}) AS {name}",
            columns.join(", ")
        ))
    }

    /// An array that a LATERAL unnests. DuckDB finds no columns for lambdas in there: the arrays
    /// that have some are made columns of the source.
    fn array_of_rows(
        &mut self,
        array: &Expr,
        text: String,
        from: Option<&From>,
        input: &mut String,
    ) -> Result<String, SqlError> {
        // The elements of an arrayJoin are a column, too.
        let reads_columns = array.any(&mut |part| {
            let is_join = part.as_call().is_some_and(|(f, _)| f.name == "arrayJoin");
            is_join || matches!(part.kind, ExprKind::Column(_))
        });
        if !text.contains("lambda ") || !reads_columns {
            return Ok(text);
        }
        let Some(From::Source(source)) = from else {
            return Err(self.unsupported(
                "an array of several tables' columns here",
                Some("make the array in a subquery"),
                array.at,
            ));
        };
        let name = source_name(source.id);
        let column = format!("__array{}", self.n_array_joins);
        self.n_array_joins += 1;
        *input = format!("(SELECT {name}.*, {text} AS {column} FROM {input}) AS {name}");
        Ok(format!("{name}.{column}"))
    }

    /// `arrayJoin(array)` makes a row of each element: the array is unnested in FROM, once
    /// however often it is written.
    pub(super) fn unnest_array_joins(
        &mut self,
        select: &Select,
        from: &mut Option<String>,
    ) -> Result<(), SqlError> {
        let keys = select.order_by.iter().map(|key| &key.expr);
        let exprs = select.items.iter().map(|item| &item.expr);
        let exprs = exprs
            .chain(&select.filter)
            .chain(&select.group_by)
            .chain(keys);
        for array in array_joins_in(exprs) {
            if array.has_aggregate() || array.has_window() {
                return Err(self.unsupported(
                    "arrayJoin of an aggregate",
                    Some("aggregate in a subquery, and join its array outside"),
                    array.at,
                ));
            }
            if select.grouping != Grouping::None && !is_grouped_by(&array, select) {
                return Err(self.unsupported(
                    "arrayJoin of groups",
                    Some("group in a subquery, and join the array outside"),
                    array.at,
                ));
            }
            self.pass("arrayJoin");
            let mut text = self.value(&array)?;
            if let Some(from) = from.as_mut() {
                let source = select
                    .from
                    .as_ref()
                    .filter(|_| self.select_context.array_joins.is_empty());
                text = self.array_of_rows(&array, text, source, from)?;
            }
            let unnested = self.unnested(array, &text);
            *from = Some(match from.take() {
                Some(from) => format!("{from}, LATERAL {unnested}"),
                None => unnested,
            });
        }
        Ok(())
    }

    /// The rows of an array's elements, for which its `arrayJoin` stands from now on.
    fn unnested(&mut self, array: Expr, text: &str) -> String {
        let name = format!("__a{}", self.n_array_joins);
        self.n_array_joins += 1;
        self.select_context
            .array_joins
            .push((array, format!("{name}.s0")));
        format!("(SELECT unnest({text}) AS s0) AS {name}")
    }
}

/// The arrays of which the expressions join the elements, each once.
fn array_joins_in<'a>(exprs: impl IntoIterator<Item = &'a Expr>) -> Vec<Expr> {
    let mut arrays: Vec<Expr> = Vec::new();
    for expr in exprs {
        expr.any(&mut |part| {
            if let Some((function, arguments)) = part.as_call()
                && function.name == "arrayJoin"
                && !arrays.contains(&arguments[0])
            {
                arrays.push(arguments[0].clone());
            }
            false
        });
    }
    arrays
}

/// Whether each `arrayJoin` of the array is in a key of GROUP BY or in an aggregate: the rows are
/// grouped after they are joined.
fn is_grouped_by(array: &Expr, select: &Select) -> bool {
    fn is_beside(expr: &Expr, array: &Expr, keys: &[Expr]) -> bool {
        if keys.contains(expr) || matches!(expr.kind, ExprKind::Aggregate(_)) {
            return false;
        }
        let is_it = matches!(&expr.kind, ExprKind::Call { function, arguments, .. }
            if function.name == "arrayJoin" && arguments[0] == *array);
        is_it
            || expr
                .children()
                .into_iter()
                .any(|child| is_beside(child, array, keys))
    }
    let items = select.items.iter().map(|item| &item.expr);
    let keys = select.order_by.iter().map(|key| &key.expr);
    !items
        .chain(keys)
        .any(|expr| is_beside(expr, array, &select.group_by))
}
