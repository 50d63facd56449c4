//! Reading a catalog.

use physical::{Database, Rows};
use plan::{CatalogError, CatalogQuery};

/// The queries.
pub(super) fn queries() -> &'static [CatalogQuery] {
    &[]
}

/// A database of the answers.
pub(super) fn read(_: &[Rows]) -> Result<Database, CatalogError> {
    Ok(Database::default())
}
