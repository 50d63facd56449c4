//! SQLite, built into the program.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use physical::{Rows, Value};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, InterruptHandle, OpenFlags, Statement, ToSql, params_from_iter};

use super::{Access, ConnectOptions, codes};
use crate::error::{EngineError, SqlError};
use crate::scratch::lock;
use crate::server::Version;

/// How long to wait for another connection that holds the lock.
const BUSY: Duration = Duration::from_secs(5);
/// How many instructions of its virtual machine pass between two looks at the clock: some tens of microseconds.
const INSTRUCTIONS: i32 = 2_000;

const SETTINGS: &str = "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON";

pub(super) struct Sqlite {
    connection: Connection,
    interrupt: Arc<InterruptHandle>,
    shared: Arc<Shared>,
    limit: Option<Duration>,
}

#[derive(Debug, Default)]
struct Shared {
    cancelled: AtomicBool,
    deadline: Mutex<Option<Instant>>,
}

impl Shared {
    fn is_late(&self) -> bool {
        lock(&self.deadline).is_some_and(|deadline| Instant::now() >= deadline)
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite")
            .field("path", &self.connection.path())
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub(super) struct Cancel {
    interrupt: Arc<InterruptHandle>,
    shared: Arc<Shared>,
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cancel")
    }
}

impl Cancel {
    pub(super) fn cancel(&self) {
        self.shared.cancelled.store(true, Ordering::SeqCst);
        self.interrupt.interrupt();
    }
}

/// The version of the SQLite in this program.
pub(super) fn version() -> Version {
    Version::find(rusqlite::version()).unwrap_or(Version {
        major: 3,
        minor: 0,
        patch: 0,
    })
}

impl Sqlite {
    /// Opens a file of the user's. What would change how an existing schema reads is left alone.
    pub(super) fn open(path: &Path, options: &ConnectOptions) -> Result<Self, EngineError> {
        let access = match options.access {
            Access::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Access::Existing => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Access::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
        };
        // No URI names: a path with `?` or `file:` in it is a path.
        let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|e| open_error(&e, path))?;
        let mut it = Self::new(connection)?;
        if options.access == Access::ReadOnly {
            it.batch("PRAGMA query_only = ON")?;
        }
        // SQLite reads the file only now; what is no database shows here rather than in the first query.
        it.batch("SELECT count(*) FROM sqlite_schema")
            .map_err(|error| unreadable(error, path))?;
        it.set_statement_timeout(options.statement_timeout);
        Ok(it)
    }

    pub(super) fn in_memory() -> Result<Self, EngineError> {
        let connection = Connection::open_in_memory().map_err(|e| plain_error(&e))?;
        Self::new(connection)?.strict()
    }

    pub(super) fn temporary(path: &Path) -> Result<Self, EngineError> {
        let it = Self::open(path, &ConnectOptions::default())?.strict()?;
        // Answers the mode that it took, so it is a query.
        it.connection
            .query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
            .map_err(|error| plain_error(&error))?;
        Ok(it)
    }

    fn new(mut connection: Connection) -> Result<Self, EngineError> {
        let shared = Arc::new(Shared::default());
        let watched = Arc::clone(&shared);
        let prepare = |connection: &mut Connection| {
            connection.busy_timeout(BUSY)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            connection.execute_batch(SETTINGS)?;
            connection.progress_handler(INSTRUCTIONS, Some(move || watched.is_late()))
        };
        prepare(&mut connection).map_err(|e| plain_error(&e))?;
        let interrupt = Arc::new(connection.get_interrupt_handle());
        Ok(Self {
            connection,
            interrupt,
            shared,
            limit: None,
        })
    }

    /// A name in double quotes is a name, never a text.
    fn strict(self) -> Result<Self, EngineError> {
        for option in [
            DbConfig::SQLITE_DBCONFIG_DQS_DDL,
            DbConfig::SQLITE_DBCONFIG_DQS_DML,
        ] {
            self.connection
                .set_db_config(option, false)
                .map_err(|e| plain_error(&e))?;
        }
        Ok(self)
    }

    pub(super) fn set_triggers(&self, on: bool) -> Result<(), EngineError> {
        self.connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, on)
            .map(drop)
            .map_err(|e| plain_error(&e))
    }

    pub(super) fn set_statement_timeout(&mut self, limit: Option<Duration>) {
        self.limit = limit;
    }

    pub(super) fn cancel_handle(&self) -> Cancel {
        Cancel {
            interrupt: Arc::clone(&self.interrupt),
            shared: Arc::clone(&self.shared),
        }
    }

    fn call<T>(&mut self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, EngineError> {
        self.shared.cancelled.store(false, Ordering::SeqCst);
        *lock(&self.shared.deadline) = self.limit.map(|limit| Instant::now() + limit);
        let result = work(&self.connection);
        let late = self.shared.is_late();
        *lock(&self.shared.deadline) = None;
        result.map_err(|error| {
            if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) {
                if self.shared.cancelled.swap(false, Ordering::SeqCst) || !late {
                    return EngineError::Cancelled;
                }
                let message = format!(
                    "a statement took longer than {:?}",
                    self.limit.unwrap_or_default()
                );
                return EngineError::Timeout { message };
            }
            plain_error(&error)
        })
    }

    pub(super) fn reset_session(&mut self) -> Result<(), EngineError> {
        self.batch(SETTINGS)
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<(), EngineError> {
        self.call(|connection| connection.execute_batch(sql))
    }

    pub(super) fn rollback(&mut self) -> Result<(), EngineError> {
        if self.connection.is_autocommit() {
            Ok(())
        } else {
            self.batch("ROLLBACK")
        }
    }

    pub(super) fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, EngineError> {
        self.call(|connection| {
            let before = connection.total_changes();
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query(params_from_iter(parameters.iter().map(Parameter)))?;
            while rows.next()?.is_some() {}
            // The count of changes is that of the last statement that made any, however long ago.
            Ok(if connection.total_changes() == before {
                0
            } else {
                connection.changes()
            })
        })
    }

    pub(super) fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Rows, EngineError> {
        self.call(|connection| {
            let mut statement = connection.prepare(sql)?;
            let columns = column_names(&statement);
            let mut found = statement.query(params_from_iter(parameters.iter().map(Parameter)))?;
            let mut rows = Vec::new();
            while let Some(row) = found.next()? {
                let values = (0..columns.len()).map(|column| row.get_ref(column).map(value));
                rows.push(values.collect::<rusqlite::Result<Vec<Value>>>()?);
            }
            Ok(Rows { columns, rows })
        })
    }
}

fn column_names(statement: &Statement<'_>) -> Vec<String> {
    statement.column_names().map(str::to_owned).collect()
}

struct Parameter<'a>(&'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Bool(value) => ValueRef::Integer(i64::from(*value)),
            Value::Int(value) => ValueRef::Integer(*value),
            Value::Float(value) => ValueRef::Real(*value),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Real(value) => Value::Float(value),
        // SQLite stores any bytes as text; those that are none are shown as what they are.
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Bytes(bytes.to_owned()),
        },
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_owned()),
    }
}

fn open_error(error: &rusqlite::Error, path: &Path) -> EngineError {
    let said = plain_error(error);
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::CannotOpen) {
        return EngineError::unavailable(
            format!("the database file `{}` cannot be opened", path.display()),
            "see whether it exists and may be read",
        );
    }
    said
}

fn unreadable(error: EngineError, path: &Path) -> EngineError {
    match error.code() {
        Some("SQLITE_NOTADB") => EngineError::refused(
            format!("the file `{}` is not a SQLite database", path.display()),
            "name another file; an encrypted database cannot be read by this build",
        ),
        Some("SQLITE_CANTOPEN") => EngineError::unavailable(
            format!("the database file `{}` cannot be opened", path.display()),
            "see whether it exists and may be read",
        ),
        _ => error,
    }
}

fn plain_error(error: &rusqlite::Error) -> EngineError {
    let (code, message, position) = match error {
        rusqlite::Error::SqliteFailure(code, message) => (Some(code), message.clone(), None),
        rusqlite::Error::SqlInputError {
            error,
            msg,
            sql,
            offset,
        } => {
            let position = usize::try_from(*offset).ok().and_then(|offset| sql.get(..offset));
            let position = position.and_then(|before| u32::try_from(before.chars().count() + 1).ok());
            (Some(error), Some(msg.clone()), position)
        }
        // Ours to find before SQLite: several statements where one is expected, a wrong number of parameters.
        other => (None, Some(other.to_string()), None),
    };
    let extended = code.map_or(rusqlite::ffi::SQLITE_MISUSE, |code| code.extended_code);
    let message = message.unwrap_or_else(|| error.to_string());
    let primary = extended & 0xff;
    if primary == rusqlite::ffi::SQLITE_FULL {
        return EngineError::DiskFull { message };
    }
    let name = codes::name(extended).or_else(|| codes::name(primary));
    let (table, column, constraint) = failed_constraint(&message);
    EngineError::Sql(Box::new(SqlError {
        code: name.map_or_else(|| format!("SQLITE_{extended}"), str::to_owned),
        table,
        column,
        constraint,
        message,
        position,
        ..SqlError::default()
    }))
}

type FailedConstraint = (Option<String>, Option<String>, Option<String>);

/// What SQLite names in `UNIQUE constraint failed: t.a, t.b` (table and columns) or `CHECK constraint failed: name`.
fn failed_constraint(message: &str) -> FailedConstraint {
    let Some((kind, what)) = message.split_once(" constraint failed: ") else {
        return (None, None, None);
    };
    match kind {
        "UNIQUE" | "NOT NULL" => match what.strip_prefix("index ") {
            Some(index) => (None, None, Some(index.trim_matches('\'').to_owned())),
            None => {
                let (table, column) = what.split_once('.').unwrap_or((what, ""));
                let several = column.contains(", ");
                let column = Some(column.to_owned()).filter(|column| !column.is_empty() && !several);
                (Some(table.to_owned()), column, None)
            }
        },
        "CHECK" => (None, None, Some(what.to_owned())),
        _ => (None, None, None),
    }
}
