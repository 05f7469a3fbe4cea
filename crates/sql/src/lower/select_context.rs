//! What holds while one select is lowered, and not for the selects within it or around it.

use std::collections::HashSet;

use crate::ir::{Expr, Grouping, Select};

#[derive(Default)]
pub(super) struct SelectContext {
    /// The window of time, for a relation that is narrowed.
    pub bounds: Option<String>,
    /// Sources whose columns are read.
    pub read_sources: HashSet<usize>,
    /// Keys of ROLLUP, CUBE or GROUPING SETS, which are defaults where DuckDB has NULL.
    pub rolled_up: Vec<Expr>,
    /// Keys of GROUP BY.
    pub group_keys: Vec<Expr>,
    /// Arrays that `arrayJoin` unnests, and what their elements are named.
    pub array_joins: Vec<(Expr, String)>,
    /// Hidden columns that WHERE keeps from being NULL.
    pub present: HashSet<String>,
    /// Whether it gives the first rows of an order.
    pub is_of_newest: bool,
    /// Whether every group has a row: then an aggregate without a filter is of some rows.
    pub groups_have_rows: bool,
}

impl SelectContext {
    pub fn of(select: &Select) -> SelectContext {
        SelectContext {
            is_of_newest: !select.order_by.is_empty()
                && select.limit.is_some()
                && select.grouping == Grouping::None,
            ..SelectContext::default()
        }
    }
}
