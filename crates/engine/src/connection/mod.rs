//! One connection to one database, whichever it is.

mod codes;
mod decode;
mod mariadb;
mod postgres;
mod sqlite;

use std::path::Path;
use std::time::Duration;

use physical::{Rows, Value};

use crate::error::EngineError;
use crate::server::Version;
use crate::url::DatabaseUrl;
use mariadb::Mariadb;
pub use mariadb::{MARIADB_SESSION, MARIADB_SQL_MODE};
use postgres::Postgres;
use sqlite::Sqlite;

/// Which kind of database a connection leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
    /// MariaDB, or a MySQL in its place: see [`Connection::is_mysql`].
    Mariadb,
}

/// What a connection may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Read and write, making a SQLite file that is not there.
    #[default]
    ReadWrite,
    /// Read and write, but never make a file.
    Existing,
    /// Read. PostgreSQL and MariaDB let a session that insists take this back; it guards against mistakes, not against malice.
    ReadOnly,
}

/// How to connect.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// What the connection may do.
    pub access: Access,
    /// How the server lists us.
    pub application: String,
    /// How long to wait for the server to answer.
    pub patience: Duration,
    /// How long one statement may take.
    pub statement_timeout: Option<Duration>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            access: Access::default(),
            application: "architrave".to_owned(),
            patience: Duration::from_secs(10),
            statement_timeout: None,
        }
    }
}

/// Something that the server said beside its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// `NOTICE`, `WARNING`, ….
    pub severity: String,
    /// SQLSTATE.
    pub code: String,
    /// The text.
    pub message: String,
    /// More of it.
    pub detail: Option<String>,
}

/// One connection. All calls block.
#[derive(Debug)]
pub struct Connection(Inner);

#[derive(Debug)]
enum Inner {
    Postgres(Box<Postgres>),
    Sqlite(Sqlite),
    Mariadb(Box<Mariadb>),
}

/// By which another thread stops what a connection is doing.
#[derive(Debug, Clone)]
pub struct CancelHandle(Cancel);

#[derive(Debug, Clone)]
enum Cancel {
    Postgres(postgres::Cancel),
    Sqlite(sqlite::Cancel),
    Mariadb(Box<mariadb::Cancel>),
}

impl CancelHandle {
    /// Stops the statement that runs now, if one does; it fails as [`EngineError::Cancelled`].
    ///
    /// # Errors
    /// [`EngineError::ConnectionLost`] when the server cannot be reached any more.
    pub fn cancel(&self) -> Result<(), EngineError> {
        match &self.0 {
            Cancel::Postgres(cancel) => cancel.cancel(),
            Cancel::Mariadb(cancel) => cancel.cancel(),
            Cancel::Sqlite(cancel) => {
                cancel.cancel();
                Ok(())
            }
        }
    }
}

impl Connection {
    /// Connects to a database.
    ///
    /// # Errors
    /// [`EngineError::Unavailable`] when nothing answers there, [`EngineError::Refused`] when we are turned away.
    pub fn open(url: &DatabaseUrl, options: &ConnectOptions) -> Result<Self, EngineError> {
        match url {
            DatabaseUrl::Postgres(address) => {
                Postgres::connect(address, options).map(|it| Self(Inner::Postgres(Box::new(it))))
            }
            DatabaseUrl::Sqlite(path) => Sqlite::open(path, options).map(|it| Self(Inner::Sqlite(it))),
            DatabaseUrl::Mariadb(address) => {
                Mariadb::connect(address, options).map(|it| Self(Inner::Mariadb(Box::new(it))))
            }
        }
    }

    /// A new SQLite database in memory, as strict as SQLite can be: foreign keys hold, triggers fire from triggers,
    /// the schema is not trusted, its tables cannot be written behind its back, and a misspelt column in double
    /// quotes is an error rather than a text.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn sqlite_in_memory() -> Result<Self, EngineError> {
        Sqlite::in_memory().map(|it| Self(Inner::Sqlite(it)))
    }

    pub(crate) fn sqlite_temporary(path: &Path) -> Result<Self, EngineError> {
        Sqlite::temporary(path).map(|it| Self(Inner::Sqlite(it)))
    }

    /// Which kind of database this is.
    #[must_use]
    pub fn kind(&self) -> DatabaseKind {
        match &self.0 {
            Inner::Postgres(_) => DatabaseKind::Postgres,
            Inner::Sqlite(_) => DatabaseKind::Sqlite,
            Inner::Mariadb(_) => DatabaseKind::Mariadb,
        }
    }

    /// The version of the server, or of the SQLite in this program.
    #[must_use]
    pub fn version(&self) -> Version {
        match &self.0 {
            Inner::Postgres(it) => it.version(),
            Inner::Sqlite(_) => sqlite::version(),
            Inner::Mariadb(it) => it.version(),
        }
    }

    /// Whether a server that is asked as a MariaDB is MySQL: what they share works, and what is proven on the one is not proven on
    /// the other.
    #[must_use]
    pub fn is_mysql(&self) -> bool {
        match &self.0 {
            Inner::Mariadb(it) => it.is_mysql(),
            Inner::Postgres(_) | Inner::Sqlite(_) => false,
        }
    }

    /// Whether a pooler stands between us and the server, which may give us another session for each transaction: what is set, locked or
    /// prepared for the session is lost, or somebody else's, when the transaction ends.
    #[must_use]
    pub fn is_pooled(&self) -> bool {
        match &self.0 {
            Inner::Postgres(it) => it.is_pooled(),
            Inner::Sqlite(_) | Inner::Mariadb(_) => false,
        }
    }

    /// Runs one statement and answers how many rows it changed.
    ///
    /// # Errors
    /// What the database says.
    pub fn execute(&mut self, sql: &str) -> Result<u64, EngineError> {
        self.execute_with(sql, &[])
    }

    /// Runs one statement with parameters (`$1` on PostgreSQL, `?1` on SQLite, `?` on MariaDB) and answers how many rows it changed.
    /// On PostgreSQL a parameter is given the type that the statement wants there, whatever the kind of its value.
    ///
    /// # Errors
    /// What the database says.
    pub fn execute_with(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, EngineError> {
        match &mut self.0 {
            Inner::Postgres(it) => it.execute(sql, parameters),
            Inner::Sqlite(it) => it.execute(sql, parameters),
            Inner::Mariadb(it) => it.execute(sql, parameters),
        }
    }

    /// Runs any number of statements. On PostgreSQL, outside a transaction, they succeed or fail together; on MariaDB what changes
    /// the schema commits what was open, and itself.
    ///
    /// # Errors
    /// What the database says about the first that fails.
    pub fn batch(&mut self, sql: &str) -> Result<(), EngineError> {
        match &mut self.0 {
            Inner::Postgres(it) => it.batch(sql),
            Inner::Sqlite(it) => it.batch(sql),
            Inner::Mariadb(it) => it.batch(sql),
        }
    }

    /// Runs one statement and answers its rows. Booleans, integers, floats, texts and bytes come as such; all else,
    /// exact decimals, times and identifiers among them, as the text that the database prints. On MariaDB an integer beyond 63
    /// bits is text, and BIT comes as its bytes.
    ///
    /// # Errors
    /// What the database says.
    pub fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Rows, EngineError> {
        match &mut self.0 {
            Inner::Postgres(it) => it.query(sql, parameters),
            Inner::Sqlite(it) => it.query(sql, parameters),
            Inner::Mariadb(it) => it.query(sql, parameters),
        }
    }

    /// Begins a transaction that will write.
    ///
    /// # Errors
    /// What the database says.
    pub fn begin(&mut self) -> Result<(), EngineError> {
        match &mut self.0 {
            Inner::Postgres(it) => it.begin(""),
            // Takes the write lock now; taking it later can fail in ways that waiting does not cure.
            Inner::Sqlite(it) => it.batch("BEGIN IMMEDIATE"),
            Inner::Mariadb(it) => it.begin(),
        }
    }

    /// Begins a transaction that reads, and sees one state of the database throughout.
    ///
    /// # Errors
    /// What the database says.
    pub fn begin_snapshot(&mut self) -> Result<(), EngineError> {
        match &mut self.0 {
            Inner::Postgres(it) => it.begin("ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            Inner::Sqlite(it) => it.batch("BEGIN DEFERRED"),
            Inner::Mariadb(it) => it.begin_snapshot(),
        }
    }

    /// Commits. PostgreSQL answers a commit of a failed transaction with a rollback, MariaDB has rolled back what met a deadlock;
    /// that is an error here.
    ///
    /// # Errors
    /// What the database says.
    pub fn commit(&mut self) -> Result<(), EngineError> {
        match &mut self.0 {
            Inner::Postgres(it) => it.commit(),
            Inner::Sqlite(it) => it.batch("COMMIT"),
            Inner::Mariadb(it) => it.commit(),
        }
    }

    /// Rolls back. Without a transaction it does nothing.
    ///
    /// # Errors
    /// What the database says.
    pub fn rollback(&mut self) -> Result<(), EngineError> {
        match &mut self.0 {
            Inner::Postgres(it) => it.rollback(),
            Inner::Sqlite(it) => it.rollback(),
            Inner::Mariadb(it) => it.rollback(),
        }
    }

    /// Does work inside a transaction: commits when it succeeds, rolls back when it fails.
    ///
    /// # Errors
    /// The error of the work, or of the commit.
    pub fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        self.begin()?;
        match work(self) {
            Ok(value) => self.commit().map(|()| value),
            Err(error) => {
                // The first error tells why; one of the rollback could only say that the connection is gone too.
                let _ = self.rollback();
                Err(error)
            }
        }
    }

    /// Takes a role for what follows, or gives it back. SQLite has no roles; on MariaDB a role adds to the rights of the user, and
    /// takes none away.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] on SQLite; what the server says.
    pub fn set_role(&mut self, role: Option<&str>) -> Result<(), EngineError> {
        match (&mut self.0, role) {
            (Inner::Postgres(it), Some(role)) => it.batch(&format!("SET ROLE {}", quote_identifier(role))),
            (Inner::Postgres(it), None) => it.batch("RESET ROLE"),
            (Inner::Mariadb(it), role) => it.set_role(role),
            (Inner::Sqlite(_), _) => Err(EngineError::unsupported(
                "SQLite has no roles",
                "guard the file with the operating system",
            )),
        }
    }

    /// Switches all triggers off for this connection, or on again; the schema stays as it is. To meet constraints without the
    /// triggers that would forestall them.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] on PostgreSQL, where they are switched off table by table, and on MariaDB; what SQLite says.
    pub fn set_triggers(&mut self, on: bool) -> Result<(), EngineError> {
        match &self.0 {
            Inner::Postgres(_) => Err(EngineError::unsupported(
                "PostgreSQL switches triggers off table by table",
                "use `ALTER TABLE … DISABLE TRIGGER USER` in a transaction that is rolled back",
            )),
            Inner::Mariadb(_) => Err(EngineError::unsupported(
                "MariaDB cannot switch triggers off",
                "drop them in a copy of the database, and make them again",
            )),
            Inner::Sqlite(it) => it.set_triggers(on),
        }
    }

    /// Takes back what statements have set for the session (roles, parameters, pragmas that we rely on); outside of a transaction.
    /// A limit of [`Connection::set_statement_timeout`] on PostgreSQL goes, too.
    ///
    /// # Errors
    /// What the database says.
    pub fn reset_session(&mut self) -> Result<(), EngineError> {
        match &mut self.0 {
            Inner::Postgres(it) => it.reset_session(),
            Inner::Sqlite(it) => it.reset_session(),
            Inner::Mariadb(it) => it.reset_session(),
        }
    }

    /// Limits how long one statement may take; it fails as [`EngineError::Timeout`].
    ///
    /// # Errors
    /// What the database says. Inside a transaction that has failed PostgreSQL accepts no setting.
    pub fn set_statement_timeout(&mut self, limit: Option<Duration>) -> Result<(), EngineError> {
        match &mut self.0 {
            Inner::Postgres(it) => it.set_statement_timeout(limit),
            Inner::Mariadb(it) => it.set_statement_timeout(limit),
            Inner::Sqlite(it) => {
                it.set_statement_timeout(limit);
                Ok(())
            }
        }
    }

    /// By which another thread can stop what runs here.
    #[must_use]
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle(match &self.0 {
            Inner::Postgres(it) => Cancel::Postgres(it.cancel_handle()),
            Inner::Sqlite(it) => Cancel::Sqlite(it.cancel_handle()),
            Inner::Mariadb(it) => Cancel::Mariadb(Box::new(it.cancel_handle())),
        })
    }

    /// The server's process behind this connection, with MariaDB its number among the connections. SQLite has none.
    #[must_use]
    pub fn backend_pid(&self) -> Option<i64> {
        match &self.0 {
            Inner::Postgres(it) => Some(it.backend_pid()),
            Inner::Mariadb(it) => Some(it.id()),
            Inner::Sqlite(_) => None,
        }
    }

    /// What the server said beside its answers since the last time this was asked.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        match &mut self.0 {
            Inner::Postgres(it) => it.take_notices(),
            Inner::Mariadb(it) => it.take_notices(),
            Inner::Sqlite(_) => Vec::new(),
        }
    }

    /// Writes rows in bulk by `COPY … FROM STDIN`; the chunks are in the format that the statement names.
    ///
    /// # Errors
    /// [`EngineError::Unsupported`] elsewhere; what PostgreSQL says.
    pub fn copy_in(
        &mut self,
        sql: &str,
        chunks: &mut dyn Iterator<Item = Vec<u8>>,
    ) -> Result<u64, EngineError> {
        match &mut self.0 {
            Inner::Postgres(it) => it.copy_in(sql, chunks),
            Inner::Sqlite(_) => Err(EngineError::unsupported(
                "SQLite has no bulk copy",
                "insert inside one transaction with a prepared statement",
            )),
            Inner::Mariadb(_) => Err(EngineError::unsupported(
                "MariaDB has no bulk copy in this build",
                "insert many rows by each statement, inside one transaction",
            )),
        }
    }
}

/// Quotes a name for SQL, for PostgreSQL and SQLite.
#[must_use]
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a text for SQL. Meant for `standard_conforming_strings`, which every connection of ours to PostgreSQL has on; on MariaDB
/// a text with a backslash would be read otherwise.
#[must_use]
pub fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Quotes a name for MariaDB, in whatever `sql_mode`.
#[must_use]
pub fn quote_backticks(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
