//! Trying statements, each undone.

use engine::{Connection, EngineError, SqlError};
use physical::Rows;

use super::guise::Guise;
use crate::gate::Stop;

/// What came of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// It changed so many rows.
    Changed(u64),
    /// It answered.
    Answered(Rows),
    /// It was refused.
    Refused(SqlError),
}

impl Outcome {
    /// Whether it was refused for a missing right (or by a row-level policy, which has the same code).
    pub(crate) fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused(error) if error.code == "42501")
    }

    /// In a few words, without values.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Changed(count) => format!("{count} rows were changed"),
            Self::Answered(rows) => format!("{} rows were answered", rows.rows.len()),
            Self::Refused(error) => format!("refused: {} ({})", error.message, error.code),
        }
    }

    /// The answer's first column as texts.
    pub(crate) fn keys(&self) -> Vec<String> {
        let Self::Answered(rows) = self else {
            return Vec::new();
        };
        rows.rows
            .iter()
            .filter_map(|row| row.first().map(shown))
            .collect()
    }
}

pub(crate) fn shown(value: &physical::Value) -> String {
    match value {
        physical::Value::Null => String::new(),
        physical::Value::Bool(value) => value.to_string(),
        physical::Value::Int(value) => value.to_string(),
        physical::Value::Float(value) => value.to_string(),
        physical::Value::Text(text) => text.clone(),
        physical::Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// A transaction in a guise. Every statement is undone, and so is the whole.
pub(crate) struct Session<'c> {
    connection: &'c mut Connection,
    /// So many statements were tried.
    pub(crate) tried: u64,
}

impl<'c> Session<'c> {
    /// Begins. `None` when the database refuses the context, where it may.
    pub(crate) fn begin(connection: &'c mut Connection, guise: &Guise) -> Result<Option<Self>, Stop> {
        connection.begin()?;
        for statement in &guise.enter {
            if let Err(error) = connection.batch(statement) {
                connection.rollback()?;
                return match error.code() {
                    Some(_) if guise.refusable => Ok(None),
                    // Roles that act for nobody have no right to enter a context: they act without one.
                    Some("42501") => {
                        connection.begin()?;
                        Self::ready(connection).map(Some)
                    }
                    _ => Err(error.into()),
                };
            }
        }
        Self::ready(connection).map(Some)
    }

    /// The savepoint outlives what is undone to it, so one serves all attempts.
    fn ready(connection: &'c mut Connection) -> Result<Self, Stop> {
        connection.batch("SAVEPOINT attempt")?;
        Ok(Self { connection, tried: 0 })
    }

    /// Asks.
    pub(crate) fn ask(&mut self, sql: &str) -> Result<Outcome, Stop> {
        self.undone(|connection| connection.query(sql, &[]).map(Outcome::Answered))
    }

    /// Changes.
    pub(crate) fn change(&mut self, sql: &str) -> Result<Outcome, Stop> {
        self.undone(|connection| connection.execute(sql).map(Outcome::Changed))
    }

    /// Does anything, and undoes it.
    pub(crate) fn undone(
        &mut self,
        work: impl FnOnce(&mut Connection) -> Result<Outcome, EngineError>,
    ) -> Result<Outcome, Stop> {
        self.tried += 1;
        let result = work(self.connection);
        if let Err(error) = self.connection.batch("ROLLBACK TO SAVEPOINT attempt") {
            return Err(error.into());
        }
        match result {
            Ok(outcome) => Ok(outcome),
            Err(error) => match error.sql() {
                Some(sql) => Ok(Outcome::Refused(sql.clone())),
                None => Err(error.into()),
            },
        }
    }

    /// The connection, for what the session does not do itself.
    pub(crate) fn connection(&mut self) -> &mut Connection {
        self.connection
    }

    /// Ends; answers how many statements were tried.
    pub(crate) fn end(self) -> Result<u64, Stop> {
        self.connection.rollback()?;
        Ok(self.tried)
    }
}
