//! What is said when statements did not get into the ledger, and in which state they leave the database.

use engine::{Connection, EngineError};

use crate::execute::{Course, PASSING, Trouble};
use crate::{Cause, Stop};

/// A statement is shown as far as this.
const SHOWN_LINES: usize = 6;
const SHOWN_WIDTH: usize = 160;

impl Course<'_> {
    /// Leaves the database in a state that can be told, and tells it.
    pub(crate) fn report(&self, connection: &mut Connection, trouble: Trouble, done: usize) -> Stop {
        let (position, error) = match trouble {
            Trouble::Stop(stop) => {
                let _ = connection.rollback();
                return stop;
            }
            Trouble::Sql(position, error) => (position, error),
        };
        if error.is_connection_lost() {
            return Stop::failed(
                format!(
                    "{}: {error}, at statement {}",
                    self.title,
                    position.unwrap_or(done) + 1
                ),
                format!("run `{}` again: it goes on where the ledger ends", self.command()),
            );
        }
        let recorded = self.record(connection, &error, done);
        let mut details = self.details(position, &error);
        let count = self.statements.len();
        details.push(match (recorded, done) {
            (Err(_), _) => {
                "what state it is in could not be written down; `migrate status` reads it from the ledger"
                    .to_owned()
            }
            (Ok(()), 0) => format!(
                "nothing of {} is done: its transaction was rolled back",
                self.title
            ),
            (Ok(()), _) => format!(
                "of {} the first {done} of {count} statements are done and in the ledger, the rest is not",
                self.title
            ),
        });
        Stop {
            cause: if error.is_disk_full() {
                Cause::Failed
            } else {
                Cause::Wrong
            },
            message: self.headline(position, &error),
            details,
            help: Some(self.advice(done, &error)),
        }
    }

    /// Writes the failure down; a migration of which nothing is done has not begun.
    fn record(
        &self,
        connection: &mut Connection,
        error: &EngineError,
        done: usize,
    ) -> Result<(), EngineError> {
        connection.rollback()?;
        connection.reset_session()?;
        if done == 0 {
            self.store.end(connection)
        } else {
            self.store.fail(connection, &error.to_string())
        }
    }

    fn headline(&self, position: Option<usize>, error: &EngineError) -> String {
        let Some((at, statement)) = position.and_then(|at| Some((at, self.statements.get(at)?))) else {
            return format!("{}: the transaction could not be committed: {error}", self.file);
        };
        let in_statement = error.sql().and_then(|error| error.position);
        let (line, column) = in_statement.map_or(statement.place, |character| statement.place_of(character));
        format!(
            "{}:{line}:{column}: statement {} of {} failed: {error}",
            self.file,
            at + 1,
            self.statements.len()
        )
    }

    fn details(&self, position: Option<usize>, error: &EngineError) -> Vec<String> {
        let statement = position.and_then(|at| self.statements.get(at));
        let mut details = statement.map(|it| shown(&it.masked())).unwrap_or_default();
        if let Some(error) = error.sql() {
            let said = [
                ("detail", &error.detail),
                ("hint", &error.hint),
                ("where", &error.context),
            ];
            details.extend(
                said.into_iter()
                    .filter_map(|(what, text)| text.as_ref().map(|text| format!("{what}: {text}"))),
            );
        }
        details
    }

    fn advice(&self, done: usize, error: &EngineError) -> String {
        let command = self.command();
        if error.is_disk_full() {
            return format!("free some space, and run `{command}` again");
        }
        if error.code().is_some_and(|code| PASSING.contains(&code)) {
            return format!(
                "others hold what it needs; run `{command}` again when there is less going on, or with a longer `--lock-timeout`"
            );
        }
        if done == 0 {
            return format!("mend the file, and run `{command}` again");
        }
        format!(
            "mend the file behind statement {done}, leave what comes before, and run `{command}` again: it goes on there"
        )
    }

    fn command(&self) -> &'static str {
        if self.back {
            "architrave migrate rollback"
        } else {
            "architrave migrate apply"
        }
    }
}

/// The beginning of a statement, for people.
pub(crate) fn shown(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text
        .lines()
        .take(SHOWN_LINES)
        .map(|line| format!("| {}", line.chars().take(SHOWN_WIDTH).collect::<String>()))
        .collect();
    if text.lines().count() > SHOWN_LINES {
        lines.push("| …".to_owned());
    }
    lines
}
