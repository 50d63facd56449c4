//! Changing very many rows beside a running application: so many at a time, in the order of a key, each batch in a transaction of its
//! own.
//!
//! The next batch begins behind the last row of the one before, found by the key's index, so that it costs the same however many rows
//! were done. A batch that keeps others waiting, or takes long, makes the next one smaller.

use std::time::Duration;

use engine::{Connection, EngineError, quote_literal};
use journal::{Kind, Statement};
use physical::Value;

use crate::execute::{Course, PASSING, Trouble};
use crate::store::{Line, int};
use crate::{Tell, Told};

/// How many rows the first batch has, and how few and many any may have.
const ROWS: (i64, i64, i64) = (1_000, 100, 20_000);

/// A batch shall take about as long as this, in milliseconds: others wait for one of its rows no longer.
const LONG: i64 = 250;

/// How far a replica may be behind before we wait for it, in seconds.
const LAG: i64 = 10;

/// How long the work has taken since the transaction began, in milliseconds, and how many wait for us.
const WAITS: &str = "SELECT (extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.transaction_timestamp()) * 1000)::bigint, \
     (SELECT count(*) FROM pg_catalog.pg_stat_activity AS a WHERE a.wait_event_type = 'Lock' \
     AND pg_catalog.pg_backend_pid() = ANY (pg_catalog.pg_blocking_pids(a.pid)))";

/// Replicas whose lag we may not see count as none.
const BEHIND: &str =
    "SELECT coalesce(extract(epoch FROM max(replay_lag)), 0)::bigint FROM pg_catalog.pg_stat_replication";

/// One statement in batches.
struct Batches<'s> {
    text: &'s str,
    condition: (usize, usize),
    table: &'s str,
    key: &'s [String],
    /// The key of the last row that was done, as texts.
    after: Option<Vec<String>>,
    rows: i64,
}

/// What a batch did.
struct Done {
    changed: u64,
    /// The key of its last row; none when there is nothing behind it.
    upto: Option<Vec<String>>,
    /// Milliseconds, and others who waited.
    took: (i64, i64),
}

impl Course<'_> {
    /// Does a statement in batches. When it is cut off, it is done again from the start, where nothing is left to do.
    pub(crate) fn batches(
        &self,
        connection: &mut Connection,
        position: usize,
        statement: &Statement,
        tell: Tell<'_>,
    ) -> Result<(), Trouble> {
        let Kind::Batches {
            table,
            key,
            condition,
        } = &statement.kind
        else {
            return Ok(());
        };
        let mut batches = Batches {
            text: &statement.text,
            condition: *condition,
            table,
            key,
            after: None,
            rows: ROWS.0,
        };
        let at = i64::try_from(position).unwrap_or(i64::MAX);
        let line = Line {
            position: at,
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
        let mut changed = 0;
        while self.batch(connection, position, &mut batches, &mut changed, tell)? {
            self.wanted()?;
            self.wait_for_replicas(connection, position, tell)?;
        }
        let now = self.now();
        self.keep(connection, |store, connection| {
            store.finish(connection, self.run, at, &now)
        })
    }

    /// One batch, tried again while others are in the way; whether there are more.
    fn batch(
        &self,
        connection: &mut Connection,
        position: usize,
        batches: &mut Batches<'_>,
        changed: &mut u64,
        tell: Tell<'_>,
    ) -> Result<bool, Trouble> {
        for attempt in 1.. {
            let error = match self.try_batch(connection, batches) {
                Ok(done) => {
                    *changed += done.changed;
                    tell(Told::Batch { changed: *changed });
                    batches.rows = next_size(batches.rows, done.took);
                    batches.after.clone_from(&done.upto);
                    return Ok(done.upto.is_some());
                }
                Err(Trouble::Sql(_, error)) => error,
                Err(stop) => return Err(stop),
            };
            let _ = connection.rollback();
            let passes = error.code().is_some_and(|code| PASSING.contains(&code));
            if !passes || attempt >= self.job.settings.tries {
                return Err(Trouble::Sql(Some(position), error));
            }
            batches.rows = (batches.rows / 2).max(ROWS.1);
            let pause = self.pause(attempt);
            tell(Told::Again {
                attempt,
                reason: error.to_string(),
                pause,
            });
            std::thread::sleep(pause);
        }
        Ok(false)
    }

    fn try_batch(&self, connection: &mut Connection, batches: &Batches<'_>) -> Result<Done, Trouble> {
        let sql = |error| Trouble::Sql(None, error);
        connection.begin().map_err(sql)?;
        self.limit(connection, true, self.job.settings.lock_timeout)
            .map_err(sql)?;
        let upto = batches.last_key(connection).map_err(sql)?;
        let changed = connection
            .execute(&batches.statement(upto.as_deref()))
            .map_err(sql)?;
        let waits = connection.query(WAITS, &[]).map_err(sql)?;
        let took = waits
            .rows
            .first()
            .map_or((0, 0), |row| (int(row, 0), int(row, 1)));
        self.lease.hold(connection)?;
        connection.commit().map_err(sql)?;
        Ok(Done { changed, upto, took })
    }

    fn wait_for_replicas(
        &self,
        connection: &mut Connection,
        position: usize,
        tell: Tell<'_>,
    ) -> Result<(), Trouble> {
        let mut told = false;
        loop {
            let found = connection.query(BEHIND, &[]);
            let found = found.map_err(|error| Trouble::Sql(Some(position), error))?;
            let behind = found.scalar().and_then(Value::as_int).unwrap_or(0);
            if behind <= LAG {
                return Ok(());
            }
            if !told {
                tell(Told::Note(format!(
                    "a replica is {behind} s behind; waiting for it"
                )));
                told = true;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

/// How many rows the next batch has.
fn next_size(rows: i64, (took, waiting): (i64, i64)) -> i64 {
    let next = if waiting > 0 || took > 2 * LONG {
        rows / 2
    } else if took < LONG / 2 {
        rows * 2
    } else {
        rows
    };
    next.clamp(ROWS.1, ROWS.2)
}

impl Batches<'_> {
    fn key(&self) -> String {
        self.key.join(", ")
    }

    /// `(key) > (values)`.
    fn compared(&self, sign: &str, values: &[String]) -> String {
        let values: Vec<String> = values.iter().map(|value| quote_literal(value)).collect();
        format!("({}) {sign} ({})", self.key(), values.join(", "))
    }

    /// The key of the last row of the next batch; none when the rest fits into it.
    fn last_key(&self, connection: &mut Connection) -> Result<Option<Vec<String>>, EngineError> {
        // Under a name that no column has: ORDER BY would mean the texts otherwise.
        let texts: Vec<String> = (0..)
            .zip(self.key)
            .map(|(at, column)| format!("{column}::text AS \"architrave key {at}\""))
            .collect();
        let behind = self.after.as_ref().map_or(String::new(), |after| {
            format!(" WHERE {}", self.compared(">", after))
        });
        let sql = format!(
            "SELECT {} FROM {}{behind} ORDER BY {} OFFSET {} LIMIT 1",
            texts.join(", "),
            self.table,
            self.key(),
            self.rows - 1
        );
        let found = connection.query(&sql, &[])?;
        Ok(found.rows.first().map(|row| {
            let texts = row
                .iter()
                .map(|value| value.as_text().unwrap_or_default().to_owned());
            texts.collect()
        }))
    }

    /// The statement for the rows behind the last batch, up to a key.
    fn statement(&self, upto: Option<&[String]>) -> String {
        let (start, end) = self.condition;
        let head = self.text.get(..start).unwrap_or_default();
        let condition = self.text.get(start..end).unwrap_or_default();
        let mut sql = format!("{head} ({condition}\n)");
        if let Some(after) = &self.after {
            sql.push_str(&format!(" AND {}", self.compared(">", after)));
        }
        if let Some(upto) = upto {
            sql.push_str(&format!(" AND {}", self.compared("<=", upto)));
        }
        sql
    }
}

#[cfg(test)]
mod tests {
    use super::next_size;

    #[test]
    fn batches_keep_others_waiting_for_a_moment_only() {
        assert_eq!(next_size(1_000, (10, 0)), 2_000);
        assert_eq!(next_size(1_000, (200, 0)), 1_000);
        assert_eq!(next_size(1_000, (900, 0)), 500);
        assert_eq!(next_size(1_000, (10, 1)), 500);
        assert_eq!(next_size(100, (10, 3)), 100);
        assert_eq!(next_size(20_000, (10, 0)), 20_000);
    }
}
