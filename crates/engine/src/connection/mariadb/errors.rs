//! What MariaDB's errors mean, and whom they are about.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mysql::{DriverError, Error};

use crate::error::{EngineError, SqlError};
use crate::url::MariadbAddress;

/// `Query was empty`.
pub(super) const NO_STATEMENT: u16 = 1065;
/// `This command is not supported in the prepared statement protocol yet`.
pub(super) const NOT_PREPARED: u16 = 1295;

/// What may have stopped a statement.
pub(super) struct Limits<'a> {
    pub(super) cancelled: &'a AtomicBool,
    pub(super) limit: Option<Duration>,
}

/// The server's number of an error, when it is the server's.
pub(super) fn number(error: &Error) -> Option<u16> {
    match error {
        Error::MySqlError(error) => Some(error.code),
        _ => None,
    }
}

/// Whether an error has rolled back the whole transaction, not the statement alone: a deadlock.
pub(super) fn ends_transaction(number: u16) -> bool {
    number == 1213
}

/// What a driver says, without its own decoration.
pub(super) fn said(error: &Error) -> String {
    match error {
        Error::MySqlError(error) => error.message.clone(),
        Error::IoError(error) => error.to_string(),
        Error::DriverError(DriverError::CouldNotConnect(Some((_, said, _)))) => said.clone(),
        Error::DriverError(error) => error.to_string(),
        other => other.to_string(),
    }
}

/// The error of a statement.
pub(super) fn read(error: &Error, limits: &Limits<'_>) -> EngineError {
    let Error::MySqlError(server) = error else {
        return match error {
            Error::IoError(_) | Error::CodecError(_) | Error::DriverError(_) => {
                EngineError::lost(said(error))
            }
            _ => EngineError::Sql(Box::new(SqlError {
                code: "HY000".to_owned(),
                message: said(error),
                ..SqlError::default()
            })),
        };
    };
    match server.code {
        // ER_QUERY_INTERRUPTED
        1317 if limits.cancelled.swap(false, Ordering::SeqCst) => EngineError::Cancelled,
        // ER_STATEMENT_TIMEOUT; MySQL's ER_QUERY_TIMEOUT
        1969 | 3024 => EngineError::Timeout {
            message: match limits.limit {
                Some(limit) => format!("a statement took longer than {limit:?}"),
                None => server.message.clone(),
            },
        },
        // ER_SERVER_SHUTDOWN, ER_CONNECTION_KILLED, ER_NEW_ABORTING_CONNECTION
        1053 | 1927 | 1184 => EngineError::lost(server.message.clone()),
        // ER_DISK_FULL, ER_RECORD_FILE_FULL; or whatever else the operating system says it for.
        1021 | 1114 => disk_full(server),
        _ if server.message.contains("No space left on device") => disk_full(server),
        _ => EngineError::Sql(Box::new(fields(server.code, &server.state, &server.message))),
    }
}

fn disk_full(server: &mysql::MySqlError) -> EngineError {
    EngineError::DiskFull {
        message: server.message.clone(),
    }
}

/// An error from before there was a connection. The address is shown without its password, and the password is taken out of
/// whatever the driver and the server say.
pub(super) fn connecting(error: &Error, address: &MariadbAddress) -> EngineError {
    let said = match &address.password {
        Some(secret) => secret.scrub(&said(error)),
        None => said(error),
    };
    let unreachable =
        |help: &str| EngineError::unavailable(format!("{address} cannot be reached: {said}"), help);
    let refused = |help: Option<&str>| EngineError::Refused {
        message: format!("{address} turned us away: {said}"),
        help: help.map(str::to_owned),
    };
    match error {
        Error::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            refused(Some("see whether MariaDB listens there, and not something else"))
        }
        Error::IoError(_)
        | Error::DriverError(
            DriverError::CouldNotConnect(_) | DriverError::ConnectTimeout | DriverError::Timeout,
        ) => unreachable("see whether the server runs and listens there"),
        Error::DriverError(DriverError::UnknownAuthPlugin(_)) => refused(Some(
            "this build knows passwords by mysql_native_password and caching_sha2_password",
        )),
        Error::DriverError(_) | Error::CodecError(_) => {
            refused(Some("see whether MariaDB listens there, and not something else"))
        }
        Error::MySqlError(server) => match server.code {
            // ER_CON_COUNT_ERROR, ER_SERVER_SHUTDOWN
            1040 | 1053 => EngineError::Unavailable {
                message: format!("{address}: {said}"),
                help: None,
            },
            // ER_BAD_DB_ERROR
            1049 => refused(Some("make the database first, or name another")),
            // ER_DBACCESS_DENIED_ERROR, ER_ACCESS_DENIED_ERROR, ER_ACCESS_DENIED_NO_PASSWORD_ERROR
            1044 | 1045 | 1698 => refused(Some("see whether the user, the password and the host are right")),
            _ => refused(None),
        },
        _ => refused(None),
    }
}

/// What a message names. The server has no fields for it; its messages are in English on every connection of ours.
fn fields(number: u16, state: &str, message: &str) -> SqlError {
    let mut error = SqlError {
        code: state.to_owned(),
        number: Some(number),
        message: message.to_owned(),
        ..SqlError::default()
    };
    match number {
        // Duplicate entry 'value' for key 'name'; the value may hold anything.
        1062 | 1586 => {
            let key = message.rsplit_once(" for key '").map(|(_, rest)| rest);
            error.constraint = key.and_then(|key| key.strip_suffix('\'')).map(str::to_owned);
        }
        // … (`db`.`t`, CONSTRAINT `c` FOREIGN KEY (`a`) REFERENCES …)
        1216 | 1217 | 1451 | 1452 => {
            let (before, after) = message.split_once(", CONSTRAINT ").unwrap_or((message, ""));
            error.table = before.split_once('(').and_then(|(_, names)| quoted(names).pop());
            error.constraint = first(after);
        }
        // CONSTRAINT `c` failed for `db`.`t`
        4025 => {
            let (before, after) = message.rsplit_once(" failed for ").unwrap_or((message, ""));
            error.constraint = before.split_once("CONSTRAINT ").and_then(|(_, name)| first(name));
            error.table = quoted(after).pop();
        }
        // Column 'c' cannot be null; Field 'c' doesn't have a default value; Data too long for column 'c' at row 1; …
        1048 | 1364 | 1406 | 1264 | 1265 | 1054 => error.column = between(message, '\''),
        // Incorrect integer value: 'x' for column `db`.`t`.`c` at row 1
        1366 | 1292 => {
            let names = message.rsplit_once(" for column ").map(|(_, rest)| quoted(rest));
            let mut names = names.unwrap_or_default();
            error.column = names.pop();
            error.table = names.pop();
        }
        // Table 'db.t' doesn't exist; Table 't' already exists
        1146 | 1050 => {
            let name = between(message, '\'');
            error.table = name.map(|name| name.rsplit('.').next().unwrap_or_default().to_owned());
        }
        _ => {}
    }
    error
}

/// What stands between the first two of a character.
fn between(message: &str, mark: char) -> Option<String> {
    let (_, rest) = message.split_once(mark)?;
    rest.split_once(mark).map(|(inside, _)| inside.to_owned())
}

/// The first name in backticks at the beginning of a text.
fn first(text: &str) -> Option<String> {
    let mut names = quoted(text);
    (!names.is_empty()).then(|| names.swap_remove(0))
}

/// The names in backticks, with points between, at the beginning of a text.
fn quoted(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut chars = text.chars().peekable();
    while chars.next_if_eq(&'`').is_some() {
        let mut name = String::new();
        loop {
            match chars.next() {
                Some('`') if chars.next_if_eq(&'`').is_some() => name.push('`'),
                Some('`') | None => break,
                Some(other) => name.push(other),
            }
        }
        names.push(name);
        chars.next_if_eq(&'.');
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_taken_apart() {
        let cases = [
            (
                1062,
                "Duplicate entry 'a' for key 'b' for key 'c' for key 'PRIMARY'",
                (None, None, Some("PRIMARY")),
            ),
            (
                1452,
                "Cannot add or update a child row: a foreign key constraint fails (`d`.`ch``ild`, CONSTRAINT `f``k` FOREIGN KEY (`p`) REFERENCES `t` (`id`))",
                (Some("ch`ild"), None, Some("f`k")),
            ),
            (
                4025,
                "CONSTRAINT `c` failed for `d`.`t`",
                (Some("t"), None, Some("c")),
            ),
            (1048, "Column 'c' cannot be null", (None, Some("c"), None)),
            (
                1406,
                "Data too long for column 'c' at row 1",
                (None, Some("c"), None),
            ),
            (
                1366,
                "Incorrect integer value: 'x' for column `d`.`t`.`c` at row 1",
                (Some("t"), Some("c"), None),
            ),
            (1146, "Table 'd.t' doesn't exist", (Some("t"), None, None)),
            (4025, "something else", (None, None, None)),
        ];
        for (number, message, (table, column, constraint)) in cases {
            let read = fields(number, "HY000", message);
            let found = (
                read.table.as_deref(),
                read.column.as_deref(),
                read.constraint.as_deref(),
            );
            assert_eq!(found, (table, column, constraint), "{message}");
        }
    }
}
