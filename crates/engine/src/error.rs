//! What can go wrong with a database, in the kinds that callers act on.

use std::fmt;
use std::io;

/// Why a database did not do what it was asked.
///
/// No variant ever holds a password: whatever a driver says is scrubbed before it gets here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineError {
    /// There is no server to talk to: no binaries on this machine, or nothing listens at the address.
    Unavailable {
        /// What is missing.
        message: String,
        /// What to do about it.
        help: Option<String>,
    },
    /// The server is there and turned us away, or we refuse to talk to it.
    Refused {
        /// Why.
        message: String,
        /// What to do about it.
        help: Option<String>,
    },
    /// The connection broke, or the server died, while we were talking.
    ConnectionLost {
        /// What the driver or the server said last.
        message: String,
    },
    /// The database answered a statement with an error.
    Sql(Box<SqlError>),
    /// The disk that holds the database is full.
    DiskFull {
        /// What the database said.
        message: String,
    },
    /// A statement, or a start, took longer than it was allowed to.
    Timeout {
        /// What took too long.
        message: String,
    },
    /// Somebody asked for the work to stop.
    Cancelled,
    /// This build, or this database, cannot do what was asked.
    Unsupported {
        /// What cannot be done.
        message: String,
        /// What to do instead.
        help: Option<String>,
    },
    /// A file or a process of ours failed.
    Io {
        /// What we were doing, and what the operating system said.
        message: String,
    },
}

/// An error that a database gave for a statement, field by field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqlError {
    /// SQLSTATE on PostgreSQL (`23505`) and MariaDB (`23000`), the extended result code on SQLite (`SQLITE_CONSTRAINT_UNIQUE`).
    pub code: String,
    /// MariaDB's own number of the error (`1062`), which tells more than its SQLSTATE.
    pub number: Option<u16>,
    /// The message, in the words of the database.
    pub message: String,
    /// More about this occurrence. It may quote values of rows.
    pub detail: Option<String>,
    /// What the database suggests.
    pub hint: Option<String>,
    /// Where in a routine it happened.
    pub context: Option<String>,
    /// The schema of the object concerned.
    pub schema: Option<String>,
    /// The table concerned.
    pub table: Option<String>,
    /// The column concerned.
    pub column: Option<String>,
    /// The constraint concerned.
    pub constraint: Option<String>,
    /// Where in the statement: a character offset from 1.
    pub position: Option<u32>,
}

/// What an error of a database is about, by whatever code it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlErrorKind {
    /// A key that another row has.
    Unique,
    /// A reference to nothing, or to what would go.
    ForeignKey,
    /// A condition that does not hold.
    Check,
    /// NULL, or nothing, where there must be a value.
    NotNull,
    /// A value that does not fit its type: too long, out of range, of another kind.
    Value,
    /// A lock that was not given in time.
    LockTimeout,
    /// Two transactions that waited for each other, or wrote the same; this one is to be tried again.
    Conflict,
    /// A right that is lacking.
    Denied,
    /// Something that a statement names and that is not there.
    Missing,
    /// Something that is there already.
    Exists,
    /// A statement that cannot be read.
    Syntax,
    /// What a trigger or a routine raised by itself.
    Raised,
    /// A write where only reading is allowed.
    ReadOnly,
    /// Anything else.
    Other,
}

impl SqlError {
    /// What it is about.
    #[must_use]
    pub fn kind(&self) -> SqlErrorKind {
        match self.number {
            Some(number) => kind_of_number(number, &self.code),
            None => kind_of_code(&self.code),
        }
    }
}

/// MariaDB's numbers; MySQL has some of its own.
fn kind_of_number(number: u16, state: &str) -> SqlErrorKind {
    use SqlErrorKind as K;
    match number {
        1022 | 1062 | 1169 | 1586 => K::Unique,
        1216 | 1217 | 1451 | 1452 => K::ForeignKey,
        4025 | 3819 => K::Check,
        1048 | 1364 => K::NotNull,
        1264 | 1265 | 1292 | 1365 | 1366 | 1406 | 1411 | 1690 => K::Value,
        1205 | 1222 => K::LockTimeout,
        1020 | 1213 => K::Conflict,
        1044 | 1045 | 1142 | 1143 | 1227 | 1370 | 1698 => K::Denied,
        1049 | 1051 | 1054 | 1091 | 1146 | 1176 | 1305 | 1360 | 4031 => K::Missing,
        1007 | 1050 | 1060 | 1061 | 1304 | 1359 => K::Exists,
        1064 | 1149 => K::Syntax,
        1644 => K::Raised,
        1290 | 1792 | 1836 => K::ReadOnly,
        _ if state == "45000" => K::Raised,
        _ => K::Other,
    }
}

/// SQLSTATE, or the names of SQLite's result codes.
fn kind_of_code(code: &str) -> SqlErrorKind {
    use SqlErrorKind as K;
    match code {
        "23505" | "SQLITE_CONSTRAINT_UNIQUE" | "SQLITE_CONSTRAINT_PRIMARYKEY" | "SQLITE_CONSTRAINT_ROWID" => {
            K::Unique
        }
        "23503" | "23001" | "SQLITE_CONSTRAINT_FOREIGNKEY" => K::ForeignKey,
        "23514" | "SQLITE_CONSTRAINT_CHECK" => K::Check,
        "23502" | "SQLITE_CONSTRAINT_NOTNULL" => K::NotNull,
        "SQLITE_CONSTRAINT_DATATYPE" | "SQLITE_MISMATCH" | "SQLITE_TOOBIG" => K::Value,
        "55P03" => K::LockTimeout,
        "40001" | "40P01" => K::Conflict,
        "42501" | "SQLITE_AUTH" | "SQLITE_PERM" => K::Denied,
        "3D000" | "3F000" | "42703" | "42704" | "42883" | "42P01" => K::Missing,
        "42701" | "42710" | "42723" | "42P04" | "42P06" | "42P07" => K::Exists,
        "42601" => K::Syntax,
        "P0001" | "SQLITE_CONSTRAINT_TRIGGER" => K::Raised,
        "25006" => K::ReadOnly,
        _ if code.starts_with("22") => K::Value,
        _ if code.starts_with("SQLITE_BUSY") || code.starts_with("SQLITE_LOCKED") => K::LockTimeout,
        _ if code.starts_with("SQLITE_READONLY") => K::ReadOnly,
        _ => K::Other,
    }
}

impl EngineError {
    /// Whether the disk is full.
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        match self {
            Self::DiskFull { .. } => true,
            Self::Sql(error) => matches!(error.code.as_str(), "53100" | "SQLITE_FULL"),
            _ => false,
        }
    }

    /// Whether the connection, or the server behind it, is gone.
    #[must_use]
    pub fn is_connection_lost(&self) -> bool {
        matches!(self, Self::ConnectionLost { .. })
    }

    /// The error of the database, when there is one.
    #[must_use]
    pub fn sql(&self) -> Option<&SqlError> {
        match self {
            Self::Sql(error) => Some(error),
            _ => None,
        }
    }

    /// The code of the database's error (see [`SqlError::code`]).
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.sql().map(|error| error.code.as_str())
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Unavailable { help, .. } | Self::Refused { help, .. } | Self::Unsupported { help, .. } => {
                help.as_deref()
            }
            Self::Sql(error) => error.hint.as_deref(),
            Self::DiskFull { .. } => Some("free some space, or point the temporary folder at another disk"),
            _ => None,
        }
    }

    pub(crate) fn unavailable(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Unavailable {
            message: message.into(),
            help: Some(help.into()),
        }
    }

    pub(crate) fn refused(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Refused {
            message: message.into(),
            help: Some(help.into()),
        }
    }

    pub(crate) fn unsupported(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Unsupported {
            message: message.into(),
            help: Some(help.into()),
        }
    }

    pub(crate) fn lost(message: impl Into<String>) -> Self {
        Self::ConnectionLost {
            message: message.into(),
        }
    }

    /// An operating system's error, with what we were doing when it came.
    pub(crate) fn io(doing: impl fmt::Display, error: &io::Error) -> Self {
        let message = format!("{doing}: {error}");
        if error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::QuotaExceeded {
            Self::DiskFull { message }
        } else {
            Self::Io { message }
        }
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable { message, .. }
            | Self::Refused { message, .. }
            | Self::Unsupported { message, .. }
            | Self::Io { message } => f.write_str(message),
            Self::ConnectionLost { message } => {
                write!(f, "the connection to the database was lost: {message}")
            }
            Self::Sql(error) => error.fmt(f),
            Self::DiskFull { message } => write!(f, "the disk is full: {message}"),
            Self::Timeout { message } => write!(f, "it took too long: {message}"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "{} ({}, {number})", self.message, self.code),
            None => write!(f, "{} ({})", self.message, self.code),
        }
    }
}

impl std::error::Error for EngineError {}
