//! Window functions.

use super::{Lowering, Sql, default_of};
use crate::error::SqlError;
use crate::functions::{Lowering as How, Nullability};
use crate::ir::{Bound, Expr, ExprKind, Frame, Window};

impl Lowering<'_> {
    pub(super) fn window(&mut self, window: &Window, expr: &Expr) -> Result<Sql, SqlError> {
        self.pass("windows");
        let over = self.over(window, true)?;
        match &window.function.kind {
            ExprKind::Aggregate(aggregate) => {
                if holds_values(aggregate.function.name) && !is_narrow(window.frame.as_ref()) {
                    return Err(self.unsupported(
                        &format!("{} over a window of any length", aggregate.name),
                        Some("its values are held for each row: bound the frame by ROWS BETWEEN 1000 PRECEDING AND CURRENT ROW, or use GROUP BY in a subquery"),
                        expr.at,
                    ));
                }
                self.aggregate(aggregate, expr, &over)
            }
            ExprKind::Call {
                function,
                arguments,
                ..
            } => match function.lowering {
                How::Pass("shift") => self.shift(function.name, arguments, window, expr),
                How::Template(template) => {
                    let call = self.template(template, function, arguments)?;
                    let call = format!("{call}{over}");
                    Ok(Sql::value(
                        if function.nullability == Nullability::Never || expr.ty.is_nullable() {
                            call
                        } else {
                            format!("coalesce({call}, {})", default_of(&expr.ty))
                        },
                    ))
                }
                How::Pass(_) => Err(self.unsupported(function.name, None, expr.at)),
            },
            _ => Err(self.unsupported("this window function", None, expr.at)),
        }
    }

    fn over(&mut self, window: &Window, with_frame: bool) -> Result<String, SqlError> {
        let mut parts = Vec::new();
        if !window.partition_by.is_empty() {
            parts.push(format!(
                "PARTITION BY {}",
                self.values(&window.partition_by)?.join(", ")
            ));
        }
        if !window.order_by.is_empty() {
            parts.push(format!("ORDER BY {}", self.window_order(&window.order_by)?));
        }
        if let Some(frame) = window.frame.as_ref().filter(|_| with_frame) {
            parts.push(self.frame(frame)?);
        }
        Ok(format!(" OVER ({})", parts.join(" ")))
    }

    fn frame(&mut self, frame: &Frame) -> Result<String, SqlError> {
        let units = if frame.is_rows { "ROWS" } else { "RANGE" };
        let (start, end) = (self.bound(&frame.start)?, self.bound(&frame.end)?);
        Ok(format!("{units} BETWEEN {start} AND {end}"))
    }

    fn bound(&mut self, bound: &Bound) -> Result<String, SqlError> {
        Ok(match bound {
            Bound::UnboundedPreceding => "UNBOUNDED PRECEDING".to_owned(),
            Bound::Preceding(n) => format!("{} PRECEDING", self.value(n)?),
            Bound::CurrentRow => "CURRENT ROW".to_owned(),
            Bound::Following(n) => format!("{} FOLLOWING", self.value(n)?),
            Bound::UnboundedFollowing => "UNBOUNDED FOLLOWING".to_owned(),
        })
    }

    /// `lagInFrame` and `leadInFrame` look no further than their frame; `lag` and `lead` have
    /// the whole partition. Where no row is, a type without NULL has its default.
    fn shift(
        &mut self,
        name: &str,
        arguments: &[Expr],
        window: &Window,
        expr: &Expr,
    ) -> Result<Sql, SqlError> {
        self.pass("lag and lead");
        let value = self.value(&arguments[0])?;
        let distance = arguments.get(1).and_then(Expr::as_integer).unwrap_or(1);
        let default = match arguments.get(2) {
            Some(default) => self.value(default)?,
            None => default_of(&expr.ty),
        };
        let is_lead = name.starts_with("lead");
        if name.ends_with("InFrame") {
            let reaches = match (&window.frame, is_lead) {
                (None, true) => false,
                (None, false) => true,
                (Some(frame), true) => reaches(&frame.end, distance),
                (Some(frame), false) => reaches(&frame.start, distance),
            };
            if !reaches {
                return Err(self.unsupported(
                    &format!("{name} beyond its frame"),
                    Some("add ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"),
                    expr.at,
                ));
            }
        }
        let function = if is_lead { "lead" } else { "lag" };
        let over = self.over(window, false)?;
        Ok(Sql::value(format!(
            "{function}({value}, {distance}, {default}){over}"
        )))
    }
}

/// Most rows of a frame whose values are held for each row.
const MAX_FRAME: i64 = 10_000;

/// Whether a result is, or is made of, all values of the rows.
fn holds_values(aggregate: &str) -> bool {
    matches!(
        aggregate,
        "groupArray"
            | "groupUniqArray"
            | "array_agg"
            | "groupConcat"
            | "quantileExact"
            | "medianExact"
    )
}

fn is_narrow(frame: Option<&Frame>) -> bool {
    let rows = |bound: &Bound| match bound {
        Bound::UnboundedPreceding | Bound::UnboundedFollowing => None,
        Bound::Preceding(n) | Bound::Following(n) => n.as_integer(),
        Bound::CurrentRow => Some(0),
    };
    frame.is_some_and(|frame| {
        let bounds = rows(&frame.start).zip(rows(&frame.end));
        frame.is_rows && bounds.is_some_and(|(a, b)| a.abs().saturating_add(b.abs()) <= MAX_FRAME)
    })
}

fn reaches(bound: &Bound, distance: i64) -> bool {
    match bound {
        Bound::UnboundedPreceding | Bound::UnboundedFollowing => true,
        Bound::Preceding(n) | Bound::Following(n) => n.as_integer().is_some_and(|n| n >= distance),
        Bound::CurrentRow => distance == 0,
    }
}
