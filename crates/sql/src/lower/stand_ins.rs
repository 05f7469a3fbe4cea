//! Names for the long arguments of a call, while the call is lowered.
//!
//! Many calls write an argument several times: `CASE WHEN x < 0 THEN … ELSE … x END`. Calls within calls would double
//! the text with each level, and a hostile query of a few kilobytes would take the server. So a long argument has a name
//! in the text of its call; where it comes once, the argument is put back in its place, else it is the one element of
//! a list that a lambda goes through.

use super::{Lowering, Sql};
use crate::error::SqlError;
use crate::functions::Function;
use crate::ir::{Expr, ExprKind};

/// Bytes of a text that is written as often as it is needed: a lambda costs some 75 ns a row, more than a short
/// expression that is computed twice.
const SHORT_BYTES: usize = 160;

/// Nodes of an expression whose text may be short.
const SMALL_NODES: usize = 8;

/// Most bytes before IN (SELECT …), which no lambda can hold.
const MAX_NEEDLE_BYTES: usize = 1 << 16;

/// The name of a bound value. It may hide one of its kind: only the text of its own call knows it.
const BOUND: &str = "_q";

/// Calls that write each argument once, and look at what their arguments are.
const PLAIN: &[&str] = &[
    "if",
    "multiIf",
    "and",
    "or",
    "xor",
    "not",
    "ifNull",
    "coalesce",
    "assumeNotNull",
    "toNullable",
    "identity",
    "materialize",
    "toTypeName",
    "isNull",
    "isNotNull",
    "arrayJoin",
];

/// Names and the texts that they stand for.
#[derive(Default)]
pub(super) struct StandIns {
    texts: Vec<(String, String)>,
}

impl Lowering<'_> {
    /// The arguments of a call, with names for the long ones.
    pub(super) fn named_arguments(
        &mut self,
        function: &Function,
        arguments: &[Expr],
        names: &mut StandIns,
    ) -> Result<Vec<Expr>, SqlError> {
        if PLAIN.contains(&function.name) {
            return Ok(arguments.to_vec());
        }
        arguments
            .iter()
            .map(|argument| self.named(argument, names))
            .collect()
    }

    /// An expression, or a name for it if its text is long.
    pub(super) fn named(&mut self, expr: &Expr, names: &mut StandIns) -> Result<Expr, SqlError> {
        let with_kind = |kind: ExprKind| Ok(Expr::new(kind, expr.ty.clone(), expr.at));
        match &expr.kind {
            ExprKind::Literal(_)
            | ExprKind::Column(_)
            | ExprKind::LambdaParameter(_)
            | ExprKind::StandIn { .. }
            | ExprKind::Lambda { .. }
            | ExprKind::Interval { .. } => return Ok(expr.clone()),
            ExprKind::Tuple(items) => {
                return with_kind(ExprKind::Tuple(self.all_named(items, names)?));
            }
            ExprKind::Array(items) => {
                return with_kind(ExprKind::Array(self.all_named(items, names)?));
            }
            // Buckets of time look into it.
            ExprKind::Call {
                function,
                name,
                arguments,
            } if function.name == "toDateTime" && arguments.len() == 1 => {
                return with_kind(ExprKind::Call {
                    function,
                    name: name.clone(),
                    arguments: self.all_named(arguments, names)?,
                });
            }
            _ => {}
        }
        // DuckDB takes neither of them within a lambda.
        let must_be_named =
            expr.any(&mut |part| part.is_query() || matches!(part.kind, ExprKind::Window(_)));
        let text = self.value(expr)?;
        if !must_be_named && text.len() <= SHORT_BYTES && is_small(expr) {
            return Ok(expr.clone());
        }
        self.n_bound += 1;
        let name = mark(self.n_bound);
        names.texts.push((name.clone(), text));
        let of = Box::new(expr.clone());
        with_kind(ExprKind::StandIn { name, of })
    }

    pub(super) fn all_named(
        &mut self,
        exprs: &[Expr],
        names: &mut StandIns,
    ) -> Result<Vec<Expr>, SqlError> {
        exprs.iter().map(|expr| self.named(expr, names)).collect()
    }

    /// Text before IN (SELECT …) comes several times, and nothing can be bound around a SELECT.
    pub(super) fn check_needle(&self, needle: &Expr, text: &str) -> Result<(), SqlError> {
        if text.len() > MAX_NEEDLE_BYTES {
            let hint = Some("compute it in a subquery");
            return Err(self.unsupported("so long a value before IN (SELECT …)", hint, needle.at));
        }
        Ok(())
    }
}

impl StandIns {
    /// A call's text with what the names stand for.
    pub(super) fn put_back(self, made: Sql) -> Sql {
        let Sql {
            mut text,
            is_condition,
        } = made;
        let mut used = self.texts;
        used.retain(|(name, _)| text.contains(name));
        let is_single = |(name, _): &(String, String)| text.matches(name.as_str()).count() == 1;
        if used.iter().all(is_single) {
            for (name, value) in &used {
                text = text.replacen(name, value, 1);
            }
        } else if let [(name, value)] = used.as_slice() {
            text = text.replace(name, BOUND);
            text = format!("list_transform([{value}], lambda {BOUND}: {text})[1]");
        } else {
            for (place, (name, _)) in used.iter().enumerate() {
                let element = format!("struct_extract_at({BOUND}, {})", place + 1);
                text = text.replace(name, &element);
            }
            let values: Vec<&str> = used.iter().map(|(_, value)| value.as_str()).collect();
            let values = values.join(", ");
            text = format!("list_transform([row({values})], lambda {BOUND}: {text})[1]");
        }
        Sql { text, is_condition }
    }
}

/// A name that is put back as text. No literal of the user has it: quotes are doubled there.
fn mark(number: usize) -> String {
    format!("\u{1}'{number}\u{1}")
}

/// A text in which `value` is written once, if it is long: then `body` is the body of a lambda, whose parameter is
/// called `name`.
pub(super) fn once(value: &str, name: &str, body: impl FnOnce(&str) -> String) -> String {
    if value.len() <= SHORT_BYTES {
        return body(value);
    }
    format!(
        "list_transform([{value}], lambda {name}: {})[1]",
        body(name)
    )
}

fn is_small(expr: &Expr) -> bool {
    let mut n_nodes = 0;
    !expr.any(&mut |_| {
        n_nodes += 1;
        n_nodes > SMALL_NODES
    })
}
