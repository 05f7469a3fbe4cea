//! Room for what a call makes.
//!
//! DuckDB's memory limit counts neither a text nor a list while it is made, and a vector of 2,048 of them
//! is made at once. So a call whose result can be many times as long as its arguments is made only if the
//! store's function `has_room` takes the sizes of the whole vector; it fails where they are too large.

use super::lambdas::Bound;
use super::{Lowering, Sql};
use crate::error::SqlError;
use crate::functions::Function;
use crate::ir::{Expr, ExprKind};
use crate::types::DataType;

/// Calls and aggregates whose results can be long whatever their arguments are.
const MULTIPLIERS: &[&str] = &[
    "range",
    "arrayWithConstant",
    "repeat",
    "leftPad",
    "lpad",
    "rightPad",
    "rpad",
    "leftPadUTF8",
    "rightPadUTF8",
    "groupArray",
    "groupUniqArray",
    "array_agg",
    "groupConcat",
];

/// Texts of a `concat` from which on it is looked at, whatever they are.
const MANY: usize = 16;

/// Counts up to this one make nothing long of what is short.
const FEW: i64 = 1024;

/// Whether an expression can be long because it was made so, and not because an event is.
pub(super) fn is_large(expr: &Expr) -> bool {
    expr.any(&mut |part| match &part.kind {
        ExprKind::Call { function, .. } => MULTIPLIERS.contains(&function.name),
        ExprKind::Aggregate(aggregate) => MULTIPLIERS.contains(&aggregate.function.name),
        // What a lambda around it worked out once.
        ExprKind::LambdaParameter(name) => name.starts_with('h') && is_long(&part.ty),
        _ => false,
    })
}

/// Whether values of the type have no fixed size.
pub(super) fn is_long(ty: &DataType) -> bool {
    ty.item().is_some() || *ty.inner() == DataType::String
}

/// Bytes of a text or a list, about.
pub(super) fn bytes_of(value: &str, ty: &DataType) -> String {
    if ty.item().is_some() {
        format!("8e0 * len({value})")
    } else if *ty.inner() == DataType::String {
        format!("CAST(strlen({value}) AS DOUBLE)")
    } else {
        "8e0".to_owned()
    }
}

impl Lowering<'_> {
    /// A call whose result can be many times as long as its arguments; `None` if it cannot.
    pub(super) fn call_with_room(
        &mut self,
        function: &'static Function,
        arguments: &[Expr],
        expr: &Expr,
    ) -> Result<Option<Sql>, SqlError> {
        if !multiplies(function.name, arguments) {
            return Ok(None);
        }
        // Each is asked for its size and then used.
        let mut bound = Bound::default();
        let mut named = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let is_simple = argument.is_literal()
                || matches!(
                    argument.kind,
                    ExprKind::Column(_) | ExprKind::LambdaParameter(_)
                );
            named.push(if is_simple || !is_long(&argument.ty) {
                argument.clone()
            } else {
                self.name_for(argument, &mut bound)
            });
        }
        let bytes = self.bytes_made(function.name, &named)?;
        let mut made = self.call_alone(function, &named, expr)?;
        made.text = self.if_room(&bytes, &made.text);
        self.with_bound(&bound, made).map(Some)
    }

    /// A value if a vector of such has room.
    pub(super) fn with_room(&mut self, value: &str, ty: &DataType) -> String {
        /// Known to the check alone.
        const NAME: &str = "_made";
        let checked = self.if_room(&bytes_of(NAME, ty), NAME);
        format!("(list_transform([{value}], lambda {NAME}: {checked})[1])")
    }

    pub(super) fn if_room(&mut self, bytes: &str, text: &str) -> String {
        self.pass("room for what is made");
        format!("(CASE WHEN has_room(coalesce({bytes}, 0e0)) THEN {text} END)")
    }

    /// Bytes that a call makes of its arguments, at most.
    fn bytes_made(&mut self, name: &str, arguments: &[Expr]) -> Result<String, SqlError> {
        let values = self.values(arguments)?;
        let double = |place: usize| format!("CAST({} AS DOUBLE)", values[place]);
        let size = |place: usize| bytes_of(&values[place], &arguments[place].ty);
        Ok(match name {
            "range" => {
                let from = (values.len() > 1).then(|| double(0));
                let from = from.unwrap_or_else(|| "0e0".to_owned());
                let to = double(usize::from(values.len() > 1));
                let step = (values.len() > 2).then(|| double(2));
                let step = step.unwrap_or_else(|| "1e0".to_owned());
                format!("8e0 * abs({to} - {from}) / greatest(abs({step}), 1e0)")
            }
            "arrayWithConstant" => format!("{} * (8e0 + {})", double(0), size(1)),
            "repeat" => format!("{} * {}", size(0), double(1)),
            "hex" => format!("2e0 * {}", size(0)),
            "splitByChar" | "splitByString" => format!("16e0 * {}", size(1)),
            "extractAll" => format!("16e0 * {}", size(0)),
            "replaceAll" | "replace" => format!(
                "{0} + {0} / greatest({1}, 1e0) * {2}",
                size(0),
                size(1),
                size(2)
            ),
            "replaceRegexpAll" => format!("{} * (1e0 + {})", size(0), size(2)),
            "arrayStringConcat" => {
                let separator = arguments.get(1).and_then(Expr::as_text).unwrap_or_default();
                format!(
                    "coalesce(list_sum(list_transform({}, lambda _v: CAST(strlen(CAST(_v AS VARCHAR)) AS DOUBLE))), 0e0) + {}e0 * len({})",
                    values[0],
                    separator.len(),
                    values[0]
                )
            }
            // A slice for each element, of 2,048 at once.
            "arrayCumSum" => format!("{0} * least(len({1}), 2048)", size(0), values[0]),
            "concat" | "format" | "arrayConcat" => {
                let sizes: Vec<String> = (0..values.len()).map(size).collect();
                sizes.join(" + ")
            }
            // Padded to so many bytes, or characters.
            _ => double(1),
        })
    }
}

/// Whether a call can make much of little.
fn multiplies(name: &str, arguments: &[Expr]) -> bool {
    let is_few = |place: usize| {
        arguments
            .get(place)
            .and_then(Expr::as_integer)
            .is_some_and(|n| n <= FEW)
    };
    let any_large = || arguments.iter().any(is_large);
    match name {
        "range" => !arguments.iter().all(Expr::is_literal),
        "arrayWithConstant" => !is_few(0) || any_large(),
        "repeat" => !is_few(1) || any_large(),
        "leftPad" | "lpad" | "rightPad" | "rpad" | "leftPadUTF8" | "rightPadUTF8" => {
            !is_few(1) || any_large()
        }
        "concat" | "format" => arguments.len() > MANY || any_large(),
        "hex" | "replaceAll" | "replace" | "replaceRegexpAll" | "splitByChar" | "splitByString"
        | "extractAll" | "arrayStringConcat" | "arrayConcat" | "arrayCumSum" => any_large(),
        _ => false,
    }
}
