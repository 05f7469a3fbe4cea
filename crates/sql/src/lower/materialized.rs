//! Views that a store may keep: named in the query's text, and written out beside it.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Lowering;
use crate::error::SqlError;
use crate::ir::Query;
use crate::materialized_view::MaterializedView;
use crate::print::with_sources_in_order;
use crate::views;

impl Lowering<'_> {
    /// What stands in FROM for a view.
    pub(super) fn materialized(
        &mut self,
        view: &'static str,
        query: &Query,
    ) -> Result<String, SqlError> {
        let mut alone = Lowering::new(self.source_map, self.context, self.relation, self.settings);
        alone.materializes = true;
        let select = with_sources_in_order(&alone.query(query)?);
        self.passes.extend(alone.passes);
        self.large_columns.extend(alone.large_columns);
        self.cut_columns.extend(alone.cut_columns);
        let mut hasher = DefaultHasher::new();
        select.hash(&mut hasher);
        let name = format!("{view}_{:016x}", hasher.finish());
        let text = format!("SELECT * FROM {name}");
        let own = MaterializedView {
            name,
            select,
            scopes: views::scopes_of_materialized(view).unwrap_or_default(),
        };
        for view in alone.materialized.into_iter().chain([own]) {
            if !self.materialized.contains(&view) {
                self.materialized.push(view);
            }
        }
        Ok(text)
    }
}
