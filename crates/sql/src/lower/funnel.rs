//! `windowFunnel`: how far the events of a group came along a chain of conditions, within a time.

use super::{Lowering, quoted};
use crate::error::{ErrorKind, SqlError};
use crate::ir::{Aggregate, Expr};
use crate::types::DataType;

/// Most events of a group that meet a condition: each is a step of one computation that nothing ends.
const MAX_EVENTS: u32 = 1_000_000;

impl Lowering<'_> {
    /// ClickHouse goes through the events by time and condition, and keeps for each condition when the latest chain
    /// began that came to it. Here a struct is carried through a sorted list: `s1`, `s2` … are those times.
    pub(super) fn window_funnel(
        &mut self,
        aggregate: &Aggregate,
        conditions: &[String],
        at: usize,
    ) -> Result<String, SqlError> {
        self.pass("windowFunnel");
        let window = aggregate.parameters.first().and_then(Expr::as_integer);
        let (Some(window), 1) = (window, aggregate.parameters.len()) else {
            let hint = Some("give the window alone, as in windowFunnel(3600)(time, …)");
            return Err(self.unsupported("a mode of windowFunnel", hint, at));
        };
        let (time, steps) = aggregate
            .arguments
            .split_first()
            .expect("the table asks for a time");
        let time = self.funnel_time(time)?;
        let n = steps.len();
        let no_starts = fields(n, |step| format!("'s{step}': CAST(NULL AS BIGINT)"));
        let mut met: Option<String> = None;
        for (index, step) in steps.iter().enumerate().rev() {
            let filter: Vec<String> = conditions
                .iter()
                .cloned()
                .chain([self.cond(step)?])
                .collect();
            let list = format!(
                "list({{'t': {time}, 'i': {}, {no_starts}}}) FILTER (WHERE {})",
                index + 1,
                filter.join(" AND ")
            );
            met = Some(match met {
                Some(later) => format!("list_concat({list}, {later})"),
                None => list,
            });
        }
        let met = met.unwrap_or_default();
        let starts = fields(n, |step| {
            let next = if step == 1 {
                format!("WHEN {} = 1 THEN {}", of("_e", "i"), of("_e", "t"))
            } else {
                let start = of("_s", &format!("s{}", step - 1));
                format!(
                    "WHEN {} = {step} AND {} <= {start} + {window} THEN {start}",
                    of("_e", "i"),
                    of("_e", "t")
                )
            };
            let own = of("_s", &format!("s{step}"));
            format!("'s{step}': CASE {next} ELSE {own} END")
        });
        let levels: Vec<String> = (1..=n)
            .rev()
            .map(|step| {
                let start = of("_f", &format!("s{step}"));
                format!("WHEN {start} IS NOT NULL THEN {step}")
            })
            .collect();
        let levels = levels.join(" ");
        let too_many = quoted(&format!(
            "windowFunnel would go through more than {MAX_EVENTS} events of a group"
        ));
        let counted = match conditions {
            [] => "count(*)".to_owned(),
            conditions => format!("count(*) FILTER (WHERE {})", conditions.join(" AND ")),
        };
        let (time_of, step_of) = (of("_e", "t"), of("_e", "i"));
        Ok(format!(
            "CASE WHEN {counted} > 0 THEN list_transform([list_reduce(\
             list_transform([{met}], lambda _l: CASE WHEN len(_l) > {MAX_EVENTS} THEN error({too_many}) ELSE list_sort(_l) END)[1], \
             lambda _s, _e: {{'t': {time_of}, 'i': {step_of}, {starts}}}, {{'t': CAST(0 AS BIGINT), 'i': 0, {no_starts}}})], \
             lambda _f: CASE {levels} ELSE 0 END)[1] END"
        ))
    }

    /// In the unit of the window: seconds, days of dates, or whatever a number counts.
    fn funnel_time(&mut self, time: &Expr) -> Result<String, SqlError> {
        match time.ty.inner() {
            DataType::DateTime(_) => Ok(format!("(epoch_us({}) // 1000000)", self.value(time)?)),
            DataType::Date => Ok(format!(
                "CAST({} - DATE '1970-01-01' AS BIGINT)",
                self.value(time)?
            )),
            ty if ty.is_unsigned() => self.bigint(time),
            ty => {
                let message = format!(
                    "windowFunnel goes by a DateTime, a Date or a number without a sign, not by {ty}"
                );
                let mut error = self.source_map.error(ErrorKind::Type, message, time.at);
                error.hint = Some("write toDateTime(time)".to_owned());
                Err(error)
            }
        }
    }
}

/// A field of a struct. In HAVING DuckDB takes a point for a table's column.
fn of(name: &str, field: &str) -> String {
    format!("struct_extract({name}, '{field}')")
}

/// A field for each step.
fn fields(n: usize, field: impl Fn(usize) -> String) -> String {
    (1..=n).map(field).collect::<Vec<_>>().join(", ")
}
