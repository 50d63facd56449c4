//! The statements of one migration, with their entries in the ledger.

use std::time::Duration;

use engine::{Connection, DatabaseKind, EngineError};
use journal::{Kind, Mode, Statement, instant};
use physical::Value;

use crate::inspect::{self, Found};
use crate::lease::Lease;
use crate::report::shown;
use crate::store::{Line, Store};
use crate::{Job, Stop, Tell, Told};

/// One migration on its way.
pub(crate) struct Course<'a> {
    pub(crate) job: &'a Job<'a>,
    pub(crate) store: Store,
    pub(crate) lease: &'a Lease,
    /// `0003_add_orders`.
    pub(crate) title: String,
    /// The file that the statements stand in.
    pub(crate) file: &'a str,
    pub(crate) statements: &'a [Statement],
    pub(crate) back: bool,
    pub(crate) run: i64,
    /// Whether a pooler gives us another session for every transaction: nothing can be set for one then.
    pub(crate) pooled: bool,
}

/// Why some statements did not get into the ledger.
pub(crate) enum Trouble {
    /// The database's answer to a statement, or to what came with several.
    Sql(Option<usize>, EngineError),
    Stop(Stop),
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// What did not succeed because of others, and may succeed later.
pub(crate) const PASSING: &[&str] = &[
    "55P03",
    "40P01",
    "40001",
    "SQLITE_BUSY",
    "SQLITE_BUSY_SNAPSHOT",
    "SQLITE_LOCKED",
];
/// The first pause between two tries, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));
/// A run that hangs in the middle of a transaction must not hold its locks for ever.
const IDLE: &str = "60s";
impl Course<'_> {
    /// Runs what is not in the ledger, from a position on.
    pub(crate) fn run(&self, connection: &mut Connection, from: usize, tell: Tell<'_>) -> Result<(), Stop> {
        let mut at = from;
        while at < self.statements.len() {
            let end = group_end(self.statements, at);
            if let Err(trouble) = self.group(connection, at, end, tell) {
                return Err(self.report(connection, trouble, at));
            }
            tell(Told::Recorded(end));
            at = end;
        }
        Ok(())
    }

    /// Runs statements that succeed or fail together, again and again while others are in the way.
    fn group(
        &self,
        connection: &mut Connection,
        at: usize,
        end: usize,
        tell: Tell<'_>,
    ) -> Result<(), Trouble> {
        let Some(first) = self.statements.get(at) else {
            return Ok(());
        };
        // On SQLite, one that writes has the whole file for itself: batches would only take longer.
        if connection.kind() == DatabaseKind::Postgres && matches!(first.kind, Kind::Batches { .. }) {
            return self.batches(connection, at, first, tell);
        }
        let outside = first.mode == Mode::Outside;
        for attempt in 1.. {
            let result = if outside {
                self.outside(connection, at, first, tell)
            } else {
                self.together(connection, at, end, tell)
            };
            let error = match result {
                Err(Trouble::Sql(_, ref error))
                    if self.passes(first, error) && attempt < self.job.settings.tries =>
                {
                    error.to_string()
                }
                result => return result,
            };
            // What cannot be rolled back is lost, which the next try will find.
            let _ = connection.rollback();
            let pause = self.pause(attempt);
            tell(Told::Again {
                attempt,
                reason: error,
                pause,
            });
            std::thread::sleep(pause);
        }
        Ok(())
    }

    /// Whether the same can be tried again: nothing of it is done, and others were the reason.
    fn passes(&self, first: &Statement, error: &EngineError) -> bool {
        let again = first.mode != Mode::Outside || first.kind != Kind::Other;
        again && error.code().is_some_and(|code| PASSING.contains(&code))
    }

    /// Twice as long each time, and never the same for two runs.
    pub(crate) fn pause(&self, attempt: u32) -> Duration {
        let base = PAUSES.0.saturating_mul(1 << (attempt - 1).min(10)).min(PAUSES.1);
        let mut byte = [128];
        // Without chance all pauses are the middle ones.
        let _ = self.job.system.random(&mut byte);
        base.mul_f64(0.5 + f64::from(byte[0]) / 256.0)
    }

    fn together(
        &self,
        connection: &mut Connection,
        at: usize,
        end: usize,
        tell: Tell<'_>,
    ) -> Result<(), Trouble> {
        let whole = |error| Trouble::Sql(None, error);
        connection.begin().map_err(whole)?;
        if connection.kind() == DatabaseKind::Sqlite {
            self.lease.hold(connection)?;
        }
        self.limit(connection, true, self.job.settings.lock_timeout)
            .map_err(whole)?;
        let mut lines = Vec::new();
        for (position, statement) in self.statements.iter().enumerate().take(end).skip(at) {
            tell(Told::Statement {
                position: position + 1,
                text: &statement.masked(),
            });
            self.wanted()?;
            let started = self.now();
            send(connection, &statement.text).map_err(|error| Trouble::Sql(Some(position), error))?;
            lines.push(Line {
                position: number(position),
                sha256: statement.sha256.clone(),
                started,
                finished: self.now(),
            });
        }
        self.close(connection).map_err(whole)?;
        self.lease.hold(connection)?;
        self.store.write(connection, self.run, &lines).map_err(whole)?;
        connection.commit().map_err(whole)
    }

    /// Meets what was put off until the commit while it can still be told apart from it, and gives the user's role back.
    fn close(&self, connection: &mut Connection) -> Result<(), EngineError> {
        match connection.kind() {
            DatabaseKind::Postgres => connection.batch("SET CONSTRAINTS ALL IMMEDIATE; SET LOCAL ROLE NONE"),
            DatabaseKind::Mariadb => own_role(connection),
            DatabaseKind::Sqlite => {
                let enforced = connection.query("PRAGMA foreign_keys", &[])?;
                if enforced.scalar().and_then(Value::as_bool) == Some(true) {
                    return Ok(());
                }
                // With foreign keys off a table can be made anew; what it leaves dangling would stay unnoticed.
                let dangling = connection.query("PRAGMA foreign_key_check", &[])?;
                match dangling.rows.first() {
                    None => Ok(()),
                    Some(row) => Err(EngineError::Unsupported {
                        message: format!(
                            "{} rows refer to rows that are not there, the first in table `{}`",
                            dangling.rows.len(),
                            crate::store::text(row, 0)
                        ),
                        help: None,
                    }),
                }
            }
        }
    }

    /// Whether somebody gave the run up meanwhile.
    pub(crate) fn wanted(&self) -> Result<(), Stop> {
        match self.job.settings.cancel.is_cancelled() {
            false => Ok(()),
            true => Err(Stop::failed(
                "the run was given up",
                "what is done is in the ledger; the same command goes on there",
            )),
        }
    }

    fn outside(
        &self,
        connection: &mut Connection,
        position: usize,
        statement: &Statement,
        tell: Tell<'_>,
    ) -> Result<(), Trouble> {
        self.wanted()?;
        let here = |error| Trouble::Sql(Some(position), error);
        let line = Line {
            position: number(position),
            sha256: statement.sha256.clone(),
            started: self.now(),
            finished: String::new(),
        };
        self.keep(connection, |store, connection| {
            store.write(connection, self.run, &[line])
        })?;
        tell(Told::Statement {
            position: position + 1,
            text: &statement.masked(),
        });
        // These wait for transactions that began before them, and block nobody meanwhile.
        let patient = matches!(
            statement.kind,
            Kind::CreateIndex { .. } | Kind::DropIndex(_) | Kind::Reindex(_)
        );
        let lock_timeout = if patient {
            Duration::ZERO
        } else {
            self.job.settings.lock_timeout
        };
        if !self.pooled {
            self.limit(connection, false, lock_timeout).map_err(here)?;
        }
        if let Err(error) = send(connection, &statement.text) {
            if !error.is_connection_lost() {
                self.clean(connection, statement, &error, tell)?;
                let at = number(position);
                self.keep(connection, |store, connection| {
                    store.strike(connection, self.run, at)
                })?;
            }
            return Err(here(error));
        }
        self.built(connection, statement)?;
        let (at, now) = (number(position), self.now());
        self.keep(connection, |store, connection| {
            store.finish(connection, self.run, at, &now)
        })
    }

    /// IF NOT EXISTS is content with an index that no query uses.
    fn built(&self, connection: &mut Connection, statement: &Statement) -> Result<(), Trouble> {
        let Kind::CreateIndex { name: Some(name), .. } = &statement.kind else {
            return Ok(());
        };
        match inspect::look(connection, statement).map_err(|error| Trouble::Sql(None, error))? {
            Found::Invalid(index) => Err(Trouble::Stop(Stop::wrong(
                format!(
                    "the index `{name}` is there and invalid: an earlier build of it failed, and IF NOT EXISTS left it so"
                ),
                format!(
                    "remove it with `DROP INDEX CONCURRENTLY {}`, and run this again",
                    index.join(", ")
                ),
            ))),
            _ => Ok(()),
        }
    }

    /// Removes the invalid index that a build leaves when it fails.
    fn clean(
        &self,
        connection: &mut Connection,
        statement: &Statement,
        error: &EngineError,
        tell: Tell<'_>,
    ) -> Result<(), Trouble> {
        const IS_THERE: &str = "42P07";
        if !matches!(statement.kind, Kind::CreateIndex { .. } | Kind::Reindex(_))
            || error.code() == Some(IS_THERE)
        {
            return Ok(());
        }
        let sql = |error| Trouble::Sql(None, error);
        if let Found::Invalid(index) = inspect::look(connection, statement).map_err(sql)? {
            inspect::remove_invalid(connection, &index).map_err(sql)?;
            tell(Told::Note(format!(
                "invalid, and removed, since a build that failed left it: {}",
                index.join(", ")
            )));
        }
        Ok(())
    }

    /// A transaction of the ledger's own, as the user who logged in.
    pub(crate) fn keep(
        &self,
        connection: &mut Connection,
        work: impl FnOnce(Store, &mut Connection) -> Result<(), EngineError>,
    ) -> Result<(), Trouble> {
        let sql = |error| Trouble::Sql(None, error);
        connection.begin().map_err(sql)?;
        own_role(connection).map_err(sql)?;
        self.lease.hold(connection)?;
        work(self.store, connection).map_err(sql)?;
        connection.commit().map_err(sql)
    }

    pub(crate) fn limit(
        &self,
        connection: &mut Connection,
        local: bool,
        lock_timeout: Duration,
    ) -> Result<(), EngineError> {
        if connection.kind() == DatabaseKind::Sqlite {
            return Ok(());
        }
        let set = if local { "SET LOCAL" } else { "SET" };
        connection.batch(&format!(
            "{set} lock_timeout = {}; {set} statement_timeout = 0; {set} idle_in_transaction_session_timeout = '{IDLE}'",
            lock_timeout.as_millis().min(2_000_000_000)
        ))
    }

    /// Where the ledger ends: the number of statements that are done, once what began and did not end is decided.
    pub(crate) fn resume(
        &self,
        connection: &mut Connection,
        lines: &[Line],
        tell: Tell<'_>,
    ) -> Result<usize, Stop> {
        let mut done = 0;
        for (line, expected) in lines.iter().zip(0_i64..) {
            let statement = self.statements.get(done);
            if line.position != expected || line.finished.is_empty() {
                break;
            }
            if statement.is_none_or(|statement| statement.sha256 != line.sha256) {
                return Err(self.edited(done));
            }
            done += 1;
        }
        self.replay(connection, done)?;
        let Some(open) = lines.get(done) else {
            return Ok(done);
        };
        self.decide(connection, done, open, tell)
    }

    fn edited(&self, position: usize) -> Stop {
        Stop::wrong(
            format!(
                "statement {} of {} was edited or removed, and it is done already",
                position + 1,
                self.title
            ),
            format!("put it back; what follows the first {position} statements may be edited"),
        )
    }

    /// What statements have set for the session holds for those after them, in another session, too.
    fn replay(&self, connection: &mut Connection, done: usize) -> Result<(), Stop> {
        for statement in self.statements.iter().take(done) {
            if statement.kind == Kind::Session {
                send(connection, &statement.text)?;
            }
        }
        Ok(())
    }

    /// Decides a statement that began and is not known to have ended.
    fn decide(
        &self,
        connection: &mut Connection,
        at: usize,
        open: &Line,
        tell: Tell<'_>,
    ) -> Result<usize, Stop> {
        let found = match self.statements.get(at) {
            Some(statement) if statement.sha256 == open.sha256 => inspect::look(connection, statement)?,
            _ => Found::Unknown,
        };
        let (position, now) = (open.position, self.now());
        let done = match found {
            Found::Unknown => return Err(self.unknown(at, open)),
            Found::Done => true,
            Found::Not => false,
            Found::Invalid(index) => {
                inspect::remove_invalid(connection, &index)?;
                tell(Told::Note(format!(
                    "invalid, and removed, since a run that was ended left it: {}",
                    index.join(", ")
                )));
                false
            }
            Found::Half(rest) => {
                send(connection, &rest)?;
                tell(Told::Note(format!(
                    "finished what a run that was ended began: {rest}"
                )));
                true
            }
        };
        self.keep(connection, |store, connection| {
            if done {
                store.finish(connection, self.run, position, &now)
            } else {
                store.strike(connection, self.run, position)
            }
        })
        .map_err(|trouble| self.report(connection, trouble, at))?;
        Ok(at + usize::from(done))
    }

    fn unknown(&self, at: usize, open: &Line) -> Stop {
        let place = self.statements.get(at).map_or_else(String::new, |statement| {
            format!("{}:{}: ", self.file, statement.place.0)
        });
        Stop::wrong(
            format!(
                "{place}statement {} of {} began at {} outside of a transaction, and nobody knows whether it was done: the run ended in it",
                at + 1,
                self.title,
                open.started
            ),
            "look at the database, then say `migrate repair --done` if it was done, or `migrate repair --again` if it shall run again",
        )
        .with(self.statements.get(at).map(|it| shown(&it.masked())).unwrap_or_default())
    }

    pub(crate) fn now(&self) -> String {
        instant(self.job.system.now())
    }
}

/// Where the statements end that share a transaction with the one here.
fn group_end(statements: &[Statement], at: usize) -> usize {
    let mut end = at;
    while let Some(statement) = statements.get(end) {
        if statement.mode != Mode::Together {
            return if end == at { at + 1 } else { end };
        }
        end += 1;
        let next = statements.get(end);
        // What uses a new value of an enum must come in a later transaction.
        if statement.kind == Kind::AddValue && next.is_some_and(|next| next.kind != Kind::AddValue) {
            return end;
        }
    }
    end
}

/// Takes the rights of the user who logged in for the rest of the transaction: those of the migration's role may not reach the ledger.
pub(crate) fn own_role(connection: &mut Connection) -> Result<(), EngineError> {
    match connection.kind() {
        DatabaseKind::Postgres => connection.batch("SET LOCAL ROLE NONE"),
        DatabaseKind::Mariadb => connection.set_role(None),
        DatabaseKind::Sqlite => Ok(()),
    }
}

fn send(connection: &mut Connection, sql: &str) -> Result<(), EngineError> {
    match connection.kind() {
        DatabaseKind::Postgres | DatabaseKind::Mariadb => connection.batch(sql),
        // Takes all rows of a statement that answers some: a pragma, a SELECT with an effect.
        DatabaseKind::Sqlite => connection.execute(sql).map(drop),
    }
}

fn number(position: usize) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Stop(stop) => stop,
            Trouble::Sql(_, error) => error.into(),
        }
    }
}
