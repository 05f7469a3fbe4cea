//! Views whose rows a store may keep from one query to the next.

use crate::error::SqlError;
use crate::ir::Query;
use crate::lower::Lowering;

/// A view as one caller sees it, written out for DuckDB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaterializedView {
    /// As statements name it: of the same rows for the same name.
    pub name: String,
    /// Its rows, as a SELECT that may name other such views.
    pub select: String,
    /// Scopes of the events that it is made of: while none of these comes, its rows stay as they are.
    pub scopes: &'static [&'static str],
}

/// A query that names views.
#[derive(Clone, Debug)]
pub struct Materialized {
    /// DuckDB's text, with the columns of [`crate::Prepared::text`].
    pub text: String,
    /// The views that it names, each behind those that it names itself.
    pub views: Vec<MaterializedView>,
}

/// The query with such views named, where it reads one.
pub(crate) fn find(
    lowering: &mut Lowering<'_>,
    query: &Query,
) -> Result<Option<Materialized>, SqlError> {
    lowering.materializes = true;
    let text = lowering.lower(query)?;
    let views = std::mem::take(&mut lowering.materialized);
    Ok((!views.is_empty()).then_some(Materialized { text, views }))
}
