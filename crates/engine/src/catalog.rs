//! Reading a schema back: the dialect asks and understands, the connection only carries.

use physical::{Database, Rows};
use plan::Relational;

use crate::connection::Connection;
use crate::error::EngineError;

/// Reads the whole schema of a database, all of it as of one moment, with as many queries as the dialect has:
/// a number that does not grow with the schema.
///
/// The connection must not be in a transaction.
///
/// # Errors
/// What the database says; [`EngineError::Unsupported`] when the dialect does not understand an answer.
pub fn introspect(connection: &mut Connection, dialect: &Relational) -> Result<Database, EngineError> {
    connection.begin_snapshot()?;
    let answers: Result<Vec<Rows>, EngineError> = (dialect.catalog)()
        .iter()
        .map(|query| connection.query(query.sql, &[]))
        .collect();
    // Nothing was written, and an error of a query says more than one of the rollback.
    let ended = connection.rollback();
    let answers = answers?;
    ended?;
    (dialect.read_catalog)(&answers).map_err(|error| {
        EngineError::unsupported(
            error.to_string(),
            format!(
                "see whether the server is {} {} or newer",
                dialect.title, dialect.floor
            ),
        )
    })
}
