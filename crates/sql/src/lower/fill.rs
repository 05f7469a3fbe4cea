//! `WITH FILL`: rows for the steps at which there are none.
//!
//! The rows are joined with the series of steps. Of a filled row the other columns have the
//! default of their type, or the value of the row before where `INTERPOLATE` names them.

use super::{Lowering, default_of};
use crate::error::SqlError;
use crate::ir::{Expr, ExprKind, Fill, OrderKey, Select};
use crate::types::DataType;

/// Most rows that a fill may add.
const MAX_STEPS: u32 = 1_000_000;

impl Lowering<'_> {
    pub(super) fn fill(
        &mut self,
        rows: &str,
        key: &OrderKey,
        fill: &Fill,
        select: &Select,
    ) -> Result<String, SqlError> {
        self.pass("WITH FILL");
        let place = select.items.iter().position(|item| item.expr == key.expr);
        let Some(place) = place else {
            return Err(self.unsupported(
                "WITH FILL of a column that is not selected",
                Some("add it to SELECT"),
                key.expr.at,
            ));
        };
        let column = format!("c{place}");
        let ty = &key.expr.ty;
        let step = self.step(fill.step.as_ref(), ty, key.expr.at)?;
        let from = match &fill.from {
            Some(from) => self.fill_bound(from, ty)?,
            None => format!("(SELECT min({column}) FROM __rows)"),
        };
        // TO is exclusive; without it the last row ends the series.
        let (series, to) = match &fill.to {
            Some(to) => ("range", self.fill_bound(to, ty)?),
            None => (
                "generate_series",
                format!("(SELECT max({column}) FROM __rows)"),
            ),
        };
        let cast = if ty.is_date() {
            "DATE"
        } else if ty.is_datetime() {
            "TIMESTAMP"
        } else {
            "BIGINT"
        };
        let (low, high) = if ty.is_time() {
            (
                format!("CAST({from} AS TIMESTAMP)"),
                format!("CAST({to} AS TIMESTAMP)"),
            )
        } else {
            (
                format!("CAST({from} AS BIGINT)"),
                format!("CAST({to} AS BIGINT)"),
            )
        };
        let n_steps = if ty.is_time() {
            format!(
                "(epoch_us({high}) - epoch_us({low})) / greatest(epoch_us(TIMESTAMP '1970-01-01' + {step}), 1)"
            )
        } else {
            format!("({high} - {low}) / {step}")
        };
        let guard = format!(
            "CASE WHEN {n_steps} > {MAX_STEPS} THEN error('WITH FILL would add more than {MAX_STEPS} rows') ELSE {series}({low}, {high}, {step}) END"
        );
        let mut columns = Vec::new();
        for (index, item) in select.items.iter().enumerate() {
            columns.push(if index == place {
                format!("coalesce(__rows.{column}, __steps.k) AS {column}")
            } else if fill.interpolate.contains(&index) {
                self.pass("INTERPOLATE");
                let default = default_of(&item.expr.ty);
                let last = format!(
                    "last_value(CASE WHEN __rows.__is_row THEN row(__rows.c{index}) END IGNORE NULLS) OVER (ORDER BY coalesce(__rows.{column}, __steps.k) ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
                );
                format!("CASE WHEN __rows.__is_row THEN __rows.c{index} ELSE coalesce(struct_extract_at({last}, 1), {default}) END AS c{index}")
            } else {
                let default = default_of(&item.expr.ty);
                if default == "NULL" {
                    format!("__rows.c{index}")
                } else {
                    format!("coalesce(__rows.c{index}, {default}) AS c{index}")
                }
            });
        }
        Ok(format!(
            "WITH __rows AS MATERIALIZED (SELECT *, true AS __is_row FROM ({rows})), \
             __steps AS (SELECT CAST(unnest({guard}) AS {cast}) AS k) \
             SELECT {} FROM __rows FULL JOIN __steps ON __rows.{column} = __steps.k \
             ORDER BY {column} ASC NULLS LAST",
            columns.join(", ")
        ))
    }

    fn fill_bound(&mut self, bound: &Expr, ty: &DataType) -> Result<String, SqlError> {
        let value = self.value(bound)?;
        if ty.is_datetime() && bound.ty.is_number() {
            return Ok(format!("make_timestamp(CAST({value} AS BIGINT) * 1000000)"));
        }
        Ok(value)
    }

    /// By default 1: a day of dates, a second of times.
    fn step(&mut self, step: Option<&Expr>, ty: &DataType, at: usize) -> Result<String, SqlError> {
        let Some(step) = step else {
            return Ok(number_step("1", ty));
        };
        let amount = match &step.kind {
            ExprKind::Interval { amount, .. } => amount.as_integer(),
            _ => step.as_integer(),
        };
        if amount.is_none_or(|amount| amount <= 0) {
            return Err(self.unsupported(
                "this step of WITH FILL",
                Some("use a positive literal"),
                at,
            ));
        }
        if step.ty.is_interval() {
            if !ty.is_time() {
                return Err(self.unsupported("an interval as the step of numbers", None, at));
            }
            return self.value(step);
        }
        let value = self.value(step)?;
        Ok(number_step(&value, ty))
    }
}

fn number_step(n: &str, ty: &DataType) -> String {
    if ty.is_date() {
        format!("to_days(CAST({n} AS INTEGER))")
    } else if ty.is_datetime() {
        format!("to_seconds({n})")
    } else {
        n.to_owned()
    }
}
