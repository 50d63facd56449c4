//! A SQLite file that exists as long as a value does.

use std::path::{Path, PathBuf};

use crate::connection::{Access, ConnectOptions, Connection};
use crate::error::EngineError;
use crate::scratch::Scratch;
use crate::url::DatabaseUrl;

/// A temporary SQLite database in a private folder, removed with the same guarantees as a temporary server.
#[derive(Debug)]
pub struct TemporarySqlite {
    scratch: Scratch,
}

impl TemporarySqlite {
    /// Makes the folder under `temporary`; the file appears with the first connection.
    ///
    /// # Errors
    /// [`EngineError::Io`] and [`EngineError::DiskFull`] when the folder cannot be made.
    pub fn create(temporary: &Path) -> Result<Self, EngineError> {
        Scratch::create(temporary).map(|scratch| Self { scratch })
    }

    /// Opens the database as it is used by us: see [`Connection::sqlite_in_memory`] for what that means.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn connect(&self) -> Result<Connection, EngineError> {
        Connection::sqlite_temporary(&self.path())
    }

    /// Opens the database for reading only.
    ///
    /// # Errors
    /// What SQLite says; a file that nobody has written to yet cannot be opened for reading.
    pub fn connect_read_only(&self) -> Result<Connection, EngineError> {
        let options = ConnectOptions {
            access: Access::ReadOnly,
            ..ConnectOptions::default()
        };
        Connection::open(&self.url(), &options)
    }

    /// Where the database is.
    #[must_use]
    pub fn url(&self) -> DatabaseUrl {
        DatabaseUrl::Sqlite(self.path())
    }

    /// The folder, which goes with this value.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    fn path(&self) -> PathBuf {
        self.scratch.path().join("database.sqlite")
    }
}
