//! A running database as a state.

use engine::{Connection, EngineError};
use physical::Database;
use plan::Relational;

/// What a database holds.
///
/// # Errors
/// When it does not answer, or answers what the dialect cannot read.
pub fn introspect(connection: &mut Connection, dialect: &Relational) -> Result<Database, EngineError> {
    engine::introspect(connection, dialect)
}

/// Whether a database holds nothing of a user's.
#[must_use]
pub fn is_empty(database: &Database) -> bool {
    database.tables.is_empty()
        && database.views.is_empty()
        && database.functions.is_empty()
        && database.types.is_empty()
        && database.opaque.is_empty()
}
