//! MariaDB, and MySQL as far as it is the same.
//!
//! Statements go through the binary protocol, which loses nothing (the text of a FLOAT has six digits); what the server cannot
//! prepare goes as text. Nothing is ever put into a statement's text.

mod decode;
mod errors;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use mysql::consts::CapabilityFlags;
use mysql::prelude::Queryable as _;
use mysql::{Conn, OptsBuilder, Params, QueryResult, prelude::Protocol};
use physical::{Rows, Value};

use super::{Access, ConnectOptions, Notice, quote_backticks};
use crate::error::{EngineError, SqlError};
use crate::server::{OLDEST_MARIADB, Version};
use crate::url::{MariadbAddress, MariadbHost};
use errors::{Limits, NO_STATEMENT, NOT_PREPARED};

/// The `sql_mode` of every session of ours, and so of the triggers and routines that are made in it.
///
/// Strict for every engine; dates exist; division by zero is an error; an engine that is not there is not replaced by another.
/// What changes how SQL reads (`ANSI_QUOTES`, `NO_BACKSLASH_ESCAPES`, `PIPES_AS_CONCAT`) is off, as it is by default: the same
/// files run in other clients. Names are therefore quoted by backticks and constants written without backslashes.
pub const MARIADB_SQL_MODE: &str = "STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// What every session of ours says first. A migration or an application that says the same gets the same.
///
/// The collation of the connection is that of constants, and is kept with views, triggers and routines: by code points, blanks
/// at the end included.
pub const MARIADB_SESSION: &[&str] = &[
    "SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', SESSION time_zone = '+00:00', SESSION autocommit = 1, \
SESSION foreign_key_checks = 1, SESSION unique_checks = 1, SESSION check_constraint_checks = 1",
];

/// What we ourselves rely on: messages are taken apart in English, and definitions come back with their names in backticks.
const OURS: &str = "SET SESSION lc_messages = 'en_US', SESSION sql_quote_show_create = 1, SESSION group_concat_max_len = 16777216";

/// MySQL has neither that collation nor that switch for checks.
const MYSQL_SESSION: &[&str] = &[
    "SET NAMES utf8mb4 COLLATE utf8mb4_0900_bin",
    "SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', SESSION time_zone = '+00:00', SESSION autocommit = 1, \
SESSION foreign_key_checks = 1, SESSION unique_checks = 1",
];

const OLDEST_MYSQL: Version = Version {
    major: 8,
    minor: 0,
    patch: 16,
};

/// Who answers.
const WHO: &str = "SELECT VERSION(), CONNECTION_ID(), DATABASE()";
/// No session remembers more notices than this.
const MOST_NOTICES: usize = 10_000;
/// How long a server on a network may acknowledge nothing before the connection counts as lost.
const SILENCE: u32 = 30_000;

pub(super) struct Mariadb {
    conn: Conn,
    address: MariadbAddress,
    options: ConnectOptions,
    cancelled: Arc<AtomicBool>,
    notices: Vec<Notice>,
    limit: Option<Duration>,
    version: Version,
    mysql: bool,
    id: i64,
    database: Option<String>,
    role: Option<String>,
    /// Whether a transaction is open, as far as the caller knows.
    open: bool,
    /// What rolled that transaction back.
    doomed: Option<EngineError>,
}

impl fmt::Debug for Mariadb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mariadb")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[derive(Clone)]
pub(super) struct Cancel {
    address: MariadbAddress,
    options: ConnectOptions,
    id: i64,
    cancelled: Arc<AtomicBool>,
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cancel")
    }
}

impl Cancel {
    /// Only another connection can stop what one does.
    pub(super) fn cancel(&self) -> Result<(), EngineError> {
        self.cancelled.store(true, Ordering::SeqCst);
        let mut conn =
            dial(&self.address, &self.options).map_err(|error| EngineError::lost(error.to_string()))?;
        conn.query_drop(format!("KILL QUERY {}", self.id))
            .map_err(|error| EngineError::lost(errors::said(&error)))
    }
}

fn builder(address: &MariadbAddress, options: &ConnectOptions, patience: Duration) -> OptsBuilder {
    let (host, socket) = match &address.host {
        MariadbHost::Socket(path) => (None, Some(path.display().to_string())),
        MariadbHost::Network(name) => (Some(name.clone()), None),
    };
    let database = Some(address.database.clone()).filter(|name| !name.is_empty());
    OptsBuilder::new()
        .ip_or_hostname(host)
        .socket(socket)
        .tcp_port(address.port)
        .user(Some(address.user.clone()))
        .pass(address.password.as_ref().map(|secret| secret.expose().to_owned()))
        .db_name(database)
        .tcp_connect_timeout(Some(patience))
        .tcp_keepalive_time_ms(Some(SILENCE))
        .tcp_user_timeout_ms(Some(SILENCE))
        // Else it is the path of our program.
        .connect_attrs(Some(HashMap::from([(
            "program_name",
            options.application.clone(),
        )])))
        // It would ask the server for its socket, and go there.
        .prefer_socket(false)
        .stmt_cache_size(0)
        // An UPDATE counts the rows that it found, as everywhere else, also those that it left as they were.
        .additional_capabilities(CapabilityFlags::CLIENT_FOUND_ROWS)
}

/// Connects, and gives up after a while: the client itself waits for ever for a server that accepts and says nothing. Then the
/// thread that waits stays until the server ends the connection.
fn dial(address: &MariadbAddress, options: &ConnectOptions) -> Result<Conn, EngineError> {
    let patience = address
        .connect_timeout
        .map_or(options.patience, |seconds| Duration::from_secs(seconds.into()));
    let opts = builder(address, options, patience);
    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new()
        .name("architrave-connect".to_owned())
        .spawn(move || {
            // Nobody waits any more when this fails.
            let _ = sender.send(Conn::new(opts));
        })
        .map_err(|e| EngineError::io("preparing a connection", &e))?;
    match receiver.recv_timeout(patience) {
        Ok(result) => result.map_err(|error| errors::connecting(&error, address)),
        Err(RecvTimeoutError::Timeout) => Err(EngineError::Unavailable {
            message: format!("{address} does not answer within {patience:?}"),
            help: None,
        }),
        Err(RecvTimeoutError::Disconnected) => Err(EngineError::refused(
            format!("what answers at {address} cannot be understood"),
            "see whether MariaDB listens there, and not something else",
        )),
    }
}

impl Mariadb {
    pub(super) fn connect(address: &MariadbAddress, options: &ConnectOptions) -> Result<Self, EngineError> {
        let conn = dial(address, options)?;
        let mut it = Self {
            conn,
            address: address.clone(),
            options: options.clone(),
            cancelled: Arc::default(),
            notices: Vec::new(),
            limit: None,
            version: Version {
                major: 0,
                minor: 0,
                patch: 0,
            },
            mysql: false,
            id: 0,
            database: None,
            role: None,
            open: false,
            doomed: None,
        };
        it.learn()?;
        it.settings()?;
        it.role = match it.mysql {
            true => None,
            false => it.scalar("SELECT CURRENT_ROLE()")?,
        };
        if options.statement_timeout.is_some() {
            it.set_statement_timeout(options.statement_timeout)?;
        }
        Ok(it)
    }

    /// Asks who answers, and refuses who is too old.
    fn learn(&mut self) -> Result<(), EngineError> {
        let rows = self.query(WHO, &[])?;
        let value = |at: usize| rows.rows.first().and_then(|row| row.get(at));
        let said = value(0).and_then(Value::as_text).unwrap_or_default().to_owned();
        self.id = value(1).and_then(Value::as_int).unwrap_or(0);
        self.database = value(2).and_then(Value::as_text).map(str::to_owned);
        self.version = Version::find(&said).unwrap_or(self.version);
        self.mysql = !said.contains("MariaDB");
        let (title, oldest) = match self.mysql {
            true => ("MySQL", OLDEST_MYSQL),
            false => ("MariaDB", OLDEST_MARIADB),
        };
        if self.version >= oldest {
            return Ok(());
        }
        Err(EngineError::refused(
            format!(
                "{} is {title} {}, which is too old: {oldest} is the oldest that is spoken",
                self.address, self.version
            ),
            format!("use {title} {oldest} or newer"),
        ))
    }

    /// What we rely on, whatever the settings of the user or the server.
    fn settings(&mut self) -> Result<(), EngineError> {
        let session = if self.mysql {
            MYSQL_SESSION
        } else {
            MARIADB_SESSION
        };
        for statement in session.iter().chain([&OURS]) {
            self.batch(statement)?;
        }
        if self.options.access == Access::ReadOnly {
            self.batch("SET SESSION TRANSACTION READ ONLY")?;
        }
        Ok(())
    }

    fn scalar(&mut self, sql: &str) -> Result<Option<String>, EngineError> {
        let rows = self.query(sql, &[])?;
        Ok(rows.scalar().and_then(Value::as_text).map(str::to_owned))
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }

    pub(super) fn is_mysql(&self) -> bool {
        self.mysql
    }

    pub(super) fn id(&self) -> i64 {
        self.id
    }

    pub(super) fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    pub(super) fn cancel_handle(&self) -> Cancel {
        Cancel {
            address: self.address.clone(),
            options: self.options.clone(),
            id: self.id,
            cancelled: Arc::clone(&self.cancelled),
        }
    }

    pub(super) fn set_statement_timeout(&mut self, limit: Option<Duration>) -> Result<(), EngineError> {
        let sql = match self.mysql {
            // Milliseconds, and for queries alone.
            true => format!(
                "SET SESSION max_execution_time = {}",
                limit.map_or(0, |limit| limit.as_millis().clamp(1, 2_000_000_000))
            ),
            // Zero is no limit; nobody who asks for less than a microsecond wants that.
            false => {
                let micros = limit.map_or(0, |limit| limit.as_micros().clamp(1, 31_000_000_000_000));
                format!(
                    "SET SESSION max_statement_time = {}.{:06}",
                    micros / 1_000_000,
                    micros % 1_000_000
                )
            }
        };
        self.batch(&sql)?;
        self.limit = limit;
        Ok(())
    }

    pub(super) fn set_role(&mut self, role: Option<&str>) -> Result<(), EngineError> {
        let role = role.map(str::to_owned).or_else(|| self.role.clone());
        match role {
            Some(role) => self.batch(&format!("SET ROLE {}", quote_backticks(&role))),
            None => self.batch("SET ROLE NONE"),
        }
    }

    pub(super) fn reset_session(&mut self) -> Result<(), EngineError> {
        self.open = false;
        self.doomed = None;
        self.cancelled.store(false, Ordering::SeqCst);
        self.conn.reset().map_err(|error| self.error(&error))?;
        // That takes back neither of these.
        if let Some(database) = self.database.clone() {
            self.batch(&format!("USE {}", quote_backticks(&database)))?;
        }
        self.settings()?;
        if !self.mysql {
            self.set_role(None)?;
        }
        self.set_statement_timeout(self.limit)
    }

    pub(super) fn begin(&mut self) -> Result<(), EngineError> {
        self.begin_as("START TRANSACTION")
    }

    pub(super) fn begin_snapshot(&mut self) -> Result<(), EngineError> {
        self.begin_as(
            "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; \
             START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        )
    }

    /// To begin in the middle of a transaction would commit it without a word.
    fn begin_as(&mut self, sql: &str) -> Result<(), EngineError> {
        if self.open {
            return Err(EngineError::Sql(Box::new(SqlError {
                code: "25001".to_owned(),
                message: "a transaction is open already".to_owned(),
                ..SqlError::default()
            })));
        }
        self.doomed = None;
        self.batch(sql)?;
        self.open = true;
        Ok(())
    }

    /// A deadlock has rolled the transaction back; to commit what came after it would commit half.
    pub(super) fn commit(&mut self) -> Result<(), EngineError> {
        self.open = false;
        match self.doomed.take() {
            Some(error) => {
                self.batch("ROLLBACK")?;
                Err(error)
            }
            None => self.batch("COMMIT"),
        }
    }

    pub(super) fn rollback(&mut self) -> Result<(), EngineError> {
        self.open = false;
        self.doomed = None;
        self.batch("ROLLBACK")
    }

    pub(super) fn batch(&mut self, sql: &str) -> Result<(), EngineError> {
        self.cancelled.store(false, Ordering::SeqCst);
        let result = self.conn.query_iter(sql).and_then(drain);
        match result {
            // A blank or a comment behind the last semicolon is no statement, and no error either.
            Err(error) if errors::number(&error) == Some(NO_STATEMENT) => Ok(()),
            Err(error) => Err(self.error(&error)),
            Ok(()) => {
                self.listen();
                Ok(())
            }
        }
    }

    pub(super) fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, EngineError> {
        self.run(sql, parameters).map(|answer| answer.changed)
    }

    pub(super) fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Rows, EngineError> {
        self.run(sql, parameters).map(|answer| answer.rows)
    }

    /// Runs one statement: prepared, which takes no second one, and as text where the server cannot prepare it.
    fn run(&mut self, sql: &str, parameters: &[Value]) -> Result<Answer, EngineError> {
        self.cancelled.store(false, Ordering::SeqCst);
        let values = parameters
            .iter()
            .map(decode::parameter)
            .collect::<Result<Vec<_>, _>>()?;
        let answer = match self.conn.prep(sql) {
            Ok(statement) => {
                if usize::from(statement.num_params()) != values.len() {
                    // It is of no use to anybody any more, and the server forgets it with the session at the latest.
                    let _ = self.conn.close(statement);
                    return Err(wrong_count(sql, values.len()));
                }
                let parameters = if values.is_empty() {
                    Params::Empty
                } else {
                    Params::Positional(values)
                };
                let rows = self.conn.exec_iter(&statement, parameters).and_then(take);
                let answer = rows.map(|rows| self.answer(rows));
                let closed = self.conn.close(statement);
                answer.and_then(|answer| closed.map(|()| answer))
            }
            Err(error) if errors::number(&error) == Some(NOT_PREPARED) && values.is_empty() => {
                let rows = self.conn.query_iter(sql).and_then(take);
                rows.map(|rows| self.answer(rows))
            }
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => {
                if answer.warned {
                    self.listen();
                }
                Ok(answer)
            }
            Err(error) => Err(self.error(&error)),
        }
    }

    fn answer(&self, rows: Rows) -> Answer {
        Answer {
            rows,
            changed: self.conn.affected_rows(),
            warned: self.conn.warnings() > 0,
        }
    }

    /// Asks for what the server said beside its answer, when it said that there is something.
    fn listen(&mut self) {
        if self.conn.warnings() == 0 || self.notices.len() >= MOST_NOTICES {
            return;
        }
        let found: Result<Vec<(String, u32, String)>, mysql::Error> = self.conn.query("SHOW WARNINGS");
        // What cannot be asked for is not worth failing what went well.
        let notices = found.unwrap_or_default().into_iter();
        let room = MOST_NOTICES.saturating_sub(self.notices.len());
        self.notices
            .extend(notices.take(room).map(|(level, number, message)| Notice {
                severity: level.to_uppercase(),
                code: number.to_string(),
                message,
                detail: None,
            }));
    }

    fn error(&mut self, error: &mysql::Error) -> EngineError {
        let limits = Limits {
            cancelled: &self.cancelled,
            limit: self.limit,
        };
        let read = errors::read(error, &limits);
        if self.open && errors::number(error).is_some_and(errors::ends_transaction) {
            self.doomed.get_or_insert_with(|| read.clone());
        }
        read
    }
}

/// What a statement answers.
struct Answer {
    rows: Rows,
    changed: u64,
    warned: bool,
}

/// The rows of the first answer; a call may give several, of which the others are passed over.
fn take<T: Protocol>(mut result: QueryResult<'_, '_, '_, T>) -> Result<Rows, mysql::Error> {
    let mut rows = Rows::default();
    let mut first = true;
    while let Some(set) = result.iter() {
        if first {
            let columns = set.columns();
            let columns = columns.as_ref();
            rows.columns = columns.iter().map(|it| it.name_str().into_owned()).collect();
            let columns = columns.to_vec();
            for row in set {
                let values = row?.unwrap_raw().into_iter().zip(&columns);
                let values = values.map(|(value, column)| decode::value(value, column));
                rows.rows.push(values.collect());
            }
            first = false;
        } else {
            for row in set {
                row?;
            }
        }
    }
    Ok(rows)
}

/// Reads all answers of a batch to their ends, or the first error.
fn drain<T: Protocol>(mut result: QueryResult<'_, '_, '_, T>) -> Result<(), mysql::Error> {
    while let Some(set) = result.iter() {
        for row in set {
            row?;
        }
    }
    Ok(())
}

fn wrong_count(sql: &str, given: usize) -> EngineError {
    EngineError::Sql(Box::new(SqlError {
        code: "07001".to_owned(),
        message: format!("the statement has another number of parameters than the {given} that were given"),
        context: Some(sql.chars().take(200).collect()),
        ..SqlError::default()
    }))
}
