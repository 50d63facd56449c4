//! The only crate that talks to databases.
//!
//! Everything here blocks. PostgreSQL is spoken through an asynchronous client whose single-threaded runtime is
//! hidden inside each [`Connection`]: it runs only while a call waits, so a connection costs no thread and nothing
//! happens behind the caller's back. The price is one rule: do not call in from inside another asynchronous
//! runtime; hand the work to a thread that may block. MariaDB is spoken through a client that blocks itself.
//!
//! [`Server`] is a temporary PostgreSQL, [`MariadbServer`] a temporary MariaDB, [`TemporarySqlite`] a temporary SQLite file; all
//! vanish with their value, and also when the process is killed. [`DatabaseUrl`] is a database that the user names.
//!
//! **Invariants.** No other crate depends on a database client. No password reaches `Debug`, `Display` or an error.
//! Nothing here knows what a schema means: query texts come from the dialects, rows go back to them.

mod catalog;
mod connection;
mod error;
mod execution;
mod scratch;
mod server;
mod sqlite_file;
mod url;
mod workshop;

pub use catalog::introspect;
pub use connection::{
    Access, CancelHandle, ConnectOptions, Connection, DatabaseKind, MARIADB_SESSION, MARIADB_SQL_MODE,
    Notice, quote_backticks, quote_identifier, quote_literal,
};
pub use error::{EngineError, SqlError, SqlErrorKind};
pub use execution::{StepError, apply, undo};
pub use scratch::{process_runs, shutdown_all};
pub use server::{
    BinarySearch, CancelToken, Durability, MariadbServer, OLDEST_MAJOR, OLDEST_MARIADB, Server, StartOptions,
    Version,
};
pub use sqlite_file::TemporarySqlite;
pub use url::{DatabaseUrl, Login, MariadbAddress, PostgresAddress, Secret};
pub use workshop::{Done, Task, Workshop};
