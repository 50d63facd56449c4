//! The schema that a database has, without what the tool keeps in it for itself.

use engine::{Connection, EngineError};
use physical::{Database, Rows};
use plan::Relational;

use crate::store::OWN;

/// The hash of the schema as the open transaction sees it.
pub(crate) fn hash(connection: &mut Connection, dialect: &Relational) -> Result<String, EngineError> {
    let queries = (dialect.catalog)();
    let answers: Result<Vec<Rows>, EngineError> = queries
        .iter()
        .map(|query| connection.query(query.sql, &[]))
        .collect();
    let found = (dialect.read_catalog)(&answers?).map_err(|error| EngineError::Unsupported {
        message: error.to_string(),
        help: None,
    })?;
    Ok(physical::hash(&(dialect.canonical)(&without_own(found))))
}

/// Takes out what the tool keeps for itself: it is no part of anybody's schema.
fn without_own(mut found: Database) -> Database {
    let own = |schema: Option<&str>, name: &str| {
        schema.map_or_else(
            || name.starts_with("architrave_migrations_"),
            |schema| schema == OWN,
        )
    };
    let is_own = |name: &physical::Name| own(name.schema.as_ref().map(|it| it.as_str()), name.name.as_str());
    found.schemas.retain(|it| it.name.as_str() != OWN);
    found.tables.retain(|it| !is_own(&it.name));
    found.views.retain(|it| !is_own(&it.name));
    found.types.retain(|it| !is_own(&it.name));
    found.functions.retain(|it| !is_own(&it.name));
    found.opaque.retain(|it| !is_own(&it.name));
    found
}
