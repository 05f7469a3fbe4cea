//! The time that a select reads, as conditions on the events.

use super::Lowering;
use crate::error::SqlError;
use crate::ir::{From, Select, SourceKind};
use crate::slices::{self, EVENT_TIME, FROM_MARK, MAX_US, TO_MARK};

impl Lowering<'_> {
    /// Whether the select is the one that reads the events of a slice.
    pub(super) fn is_sliced(&self, select: &Select) -> bool {
        match (&self.slice, &select.from) {
            (Some((sliced, _)), Some(From::Source(source))) => source.id == *sliced,
            _ => false,
        }
    }

    /// The condition that takes a slice of the events, where the select is the one to slice and
    /// the relation does not take it on itself.
    pub(super) fn condition_of_slice(
        &mut self,
        select: &Select,
    ) -> Result<Option<String>, SqlError> {
        let is_narrowed = self.relation.source.condition.is_some();
        let time = match &self.slice {
            Some((_, time)) if self.is_sliced(select) && !is_narrowed => time.clone(),
            _ => return Ok(None),
        };
        let time = self.value(&time)?;
        Ok(Some(format!("({})", slice_of(&time))))
    }

    /// The bounds that a narrowed relation takes on itself: of the slice, or of the window that
    /// the select's WHERE names.
    pub(super) fn bounds_of(&self, select: &Select) -> Option<String> {
        let Some(From::Source(source)) = &select.from else {
            return None;
        };
        if self.relation.source.condition.is_none() || source.kind != SourceKind::Relation {
            return None;
        }
        if self.is_sliced(select) {
            return Some(slice_of(EVENT_TIME));
        }
        let window = slices::window(select.filter.as_ref()?, source.id, self.context);
        let from = (window.start > -MAX_US).then(|| (">=", window.start.min(MAX_US)));
        let to = (window.end < MAX_US).then(|| ("<", window.end.max(-MAX_US)));
        let bounds = [from, to].into_iter().flatten();
        let bounds: Vec<String> = bounds
            .map(|(operator, us)| format!("{EVENT_TIME} {operator} make_timestamp({us})"))
            .collect();
        (!bounds.is_empty()).then(|| bounds.join(" AND "))
    }
}

fn slice_of(time: &str) -> String {
    format!("{time} >= make_timestamp({FROM_MARK}) AND {time} < make_timestamp({TO_MARK})")
}
