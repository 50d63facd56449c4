//! The schema that a database has, without what the tool keeps in it for itself.

use engine::{Connection, EngineError};
use physical::{Database, Rows};
use plan::Relational;

/// A schema, as far as a run compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) hash: String,
    /// Whether it holds nothing of a user's: what a server puts into every new database does not count.
    pub(crate) is_new: bool,
}

/// The schema as the open transaction sees it.
pub(crate) fn see(connection: &mut Connection, dialect: &Relational) -> Result<Seen, EngineError> {
    let queries = (dialect.catalog)();
    let answers: Result<Vec<Rows>, EngineError> = queries
        .iter()
        .map(|query| connection.query(query.sql, &[]))
        .collect();
    let mut found = (dialect.read_catalog)(&answers?).map_err(|error| EngineError::Unsupported {
        message: error.to_string(),
        help: None,
    })?;
    physical::leave_out_own(&mut found);
    Ok(Seen {
        is_new: found.tables.is_empty()
            && found.views.is_empty()
            && found.functions.is_empty()
            && found.types.is_empty()
            && found.opaque.is_empty(),
        hash: hash(&found, dialect),
    })
}

fn hash(database: &Database, dialect: &Relational) -> String {
    physical::hash(&(dialect.canonical)(database))
}

/// The hash of the schema that a database has, as the history has it, and as a `plan.json` must have it. The connection must not be
/// in a transaction.
///
/// # Errors
/// What the database says; when the dialect does not understand it.
pub fn schema_hash(connection: &mut Connection, dialect: &Relational) -> Result<String, EngineError> {
    connection.begin_snapshot()?;
    let seen = see(connection, dialect);
    // Nothing was written, so this only ends the snapshot.
    let _ = connection.rollback();
    seen.map(|seen| seen.hash)
}

impl Seen {
    /// Whether it is the schema with this hash: also that of nothing at all, from which first plans start.
    pub(crate) fn is(&self, expected: &str, dialect: &Relational) -> bool {
        self.hash == expected || self.is_new && expected == hash(&Database::default(), dialect)
    }
}
