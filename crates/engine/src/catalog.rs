//! Reading a schema back: the dialect asks and understands, the connection only carries.

use physical::{Database, Rows};
use plan::{CatalogQuery, Relational};

use crate::connection::Connection;
use crate::error::EngineError;

/// Reads the whole schema of a database, all of it as of one moment (on MariaDB, whose catalog has no snapshots, as of each query), with as many queries as the dialect has:
/// a number that does not grow with the schema.
///
/// The connection must not be in a transaction.
///
/// # Errors
/// What the database says; [`EngineError::Unsupported`] when the dialect does not understand an answer.
pub fn introspect(connection: &mut Connection, dialect: &Relational) -> Result<Database, EngineError> {
    let answers = ask(connection, (dialect.catalog)())?;
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

/// Asks all the queries within one snapshot.
fn ask(connection: &mut Connection, queries: &[CatalogQuery]) -> Result<Vec<Rows>, EngineError> {
    connection.begin_snapshot()?;
    let answers: Result<Vec<Rows>, EngineError> = queries
        .iter()
        .map(|query| connection.query(query.sql, &[]))
        .collect();
    // Nothing was written, so this only ends the snapshot; an error of a query says more than one of this.
    let ended = connection.rollback();
    let answers = answers?;
    ended.map(|()| answers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{BinarySearch, MariadbServer, Server, StartOptions};
    use physical::Value;

    fn check(connection: &mut Connection, sound: &'static [(&str, Value)]) {
        let queries: Vec<CatalogQuery> = sound
            .iter()
            .map(|(sql, _)| CatalogQuery { name: "n", sql })
            .collect();
        let answers = ask(connection, &queries).unwrap();
        let answers: Vec<Value> = answers
            .iter()
            .map(|rows| rows.scalar().unwrap().clone())
            .collect();
        assert_eq!(
            answers,
            sound.iter().map(|(_, value)| value.clone()).collect::<Vec<_>>()
        );
        let faulty = CatalogQuery {
            name: "n",
            sql: "SELECT nothing",
        };
        assert!(ask(connection, &[faulty]).unwrap_err().sql().is_some());
        // Whether it went well or not, the transaction is over.
        connection
            .transaction(|it| it.batch("CREATE TABLE IF NOT EXISTS t (a integer)"))
            .unwrap();
    }

    #[test]
    fn the_catalog_is_read_in_one_snapshot() {
        check(
            &mut Connection::sqlite_in_memory().unwrap(),
            &[("SELECT 1", Value::Int(1))],
        );
        let folder = tempfile::tempdir().unwrap();
        #[allow(
            clippy::disallowed_methods,
            reason = "a test looks for the server where its user has it"
        )]
        let path = std::env::var_os("PATH");
        let mut options = StartOptions::new(folder.path(), std::env::temp_dir());
        options.search = BinarySearch {
            path,
            ..BinarySearch::default()
        };
        let server = Server::start(&options).expect("this test needs PostgreSQL 15 or newer");
        const IN_SNAPSHOT: &str = "SELECT current_setting('transaction_isolation') = 'repeatable read' \
                                   AND current_setting('transaction_read_only') = 'on'";
        let mut connection = server.superuser_connection("postgres").unwrap();
        check(
            &mut connection,
            &[("SELECT 1", Value::Int(1)), (IN_SNAPSHOT, Value::Bool(true))],
        );
        let server = MariadbServer::start(&options).expect("this test needs MariaDB 10.11 or newer");
        server.create_database("d").unwrap();
        check(
            &mut server.superuser_connection("d").unwrap(),
            &[
                ("SELECT 1", Value::Int(1)),
                ("SELECT DATABASE() = 'd'", Value::Int(1)),
            ],
        );
    }
}
