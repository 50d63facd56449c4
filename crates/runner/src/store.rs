//! The tables that the history, the ledger and the lease are kept in.
//!
//! The statements are the same for every product but for the names of the tables and the clock. Parameters are numbered in the
//! order in which they first appear: that is how SQLite counts them.

use engine::{Connection, DatabaseKind, EngineError};
use journal::{Event, EventKind, Sums};
use physical::Value;

/// Where the tables are, and how the time is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Store {
    prefix: &'static str,
    /// Seconds since 1970, by the database's clock: that of two machines may differ.
    pub(crate) clock: &'static str,
    kind: DatabaseKind,
}

/// A migration that has begun and has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Begun {
    /// The position that its event will have; also that of its entries in the ledger.
    pub(crate) run: i64,
    pub(crate) back: bool,
    pub(crate) number: i64,
    pub(crate) name: String,
    /// The schema's hash before it began.
    pub(crate) before: String,
    pub(crate) started: String,
    pub(crate) actor: String,
    /// What the database said when it failed; empty when nobody knows of a failure.
    pub(crate) error: String,
}

/// One statement in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// From 0.
    pub(crate) position: i64,
    pub(crate) sha256: String,
    pub(crate) started: String,
    /// Empty until it is known to be done.
    pub(crate) finished: String,
}

const TABLES: &str = "\
CREATE TABLE IF NOT EXISTS {p}history (position bigint PRIMARY KEY, event text NOT NULL, number bigint NOT NULL, \
name text NOT NULL, up_bytes text NOT NULL, up_text text NOT NULL, down_bytes text NOT NULL, down_text text NOT NULL, \
schema_before text NOT NULL, schema_after text NOT NULL, maker text NOT NULL, started text NOT NULL, \
finished text NOT NULL, actor text NOT NULL, chain text NOT NULL);
CREATE TABLE IF NOT EXISTS {p}progress (one bigint PRIMARY KEY CHECK (one = 1), run bigint NOT NULL, back bigint NOT NULL, \
number bigint NOT NULL, name text NOT NULL, schema_before text NOT NULL, started text NOT NULL, actor text NOT NULL, \
error text NOT NULL);
CREATE TABLE IF NOT EXISTS {p}ledger (run bigint NOT NULL, position bigint NOT NULL, sha256 text NOT NULL, \
started text NOT NULL, finished text NOT NULL, PRIMARY KEY (run, position));
CREATE TABLE IF NOT EXISTS {p}lease (one bigint PRIMARY KEY CHECK (one = 1), token text NOT NULL, holder text NOT NULL, \
host text NOT NULL, process bigint NOT NULL, backend bigint NOT NULL, backend_start text NOT NULL, expires bigint NOT NULL);";

/// Entries that are written with one statement.
const LINES_AT_ONCE: usize = 200;

impl Store {
    pub(crate) fn of(connection: &Connection) -> Self {
        match connection.kind() {
            DatabaseKind::Postgres => Self {
                prefix: "architrave_migrations.",
                clock: "pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::bigint",
                kind: DatabaseKind::Postgres,
            },
            DatabaseKind::Sqlite => Self {
                prefix: "architrave_migrations_",
                clock: "unixepoch()",
                kind: DatabaseKind::Sqlite,
            },
            DatabaseKind::Mariadb => Self {
                prefix: "architrave_migrations_",
                clock: "unix_timestamp()",
                kind: DatabaseKind::Mariadb,
            },
        }
    }

    /// A statement with the names of the tables (`{p}`) and the clock (`{now}`) put in.
    pub(crate) fn sql(&self, text: &str) -> String {
        text.replace("{p}", self.prefix).replace("{now}", self.clock)
    }

    /// Whether there is a history in this database.
    pub(crate) fn exists(&self, connection: &mut Connection) -> Result<bool, EngineError> {
        let sql = match self.kind {
            DatabaseKind::Postgres => {
                "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname = 'architrave_migrations' AND c.relname = 'lease'"
            }
            DatabaseKind::Sqlite => {
                "SELECT count(*) FROM sqlite_schema WHERE name = 'architrave_migrations_lease'"
            }
            DatabaseKind::Mariadb => {
                "SELECT count(*) FROM information_schema.tables \
                 WHERE table_schema = DATABASE() AND table_name = 'architrave_migrations_lease'"
            }
        };
        let count = connection.query(sql, &[])?.scalar().and_then(Value::as_int);
        Ok(count.is_some_and(|count| count > 0))
    }

    /// Makes the tables where they are not; nobody but their owner may see them.
    pub(crate) fn create(&self, connection: &mut Connection) -> Result<(), EngineError> {
        connection.transaction(|connection| {
            if self.kind == DatabaseKind::Postgres {
                connection.batch(
                    "CREATE SCHEMA IF NOT EXISTS architrave_migrations; \
                     REVOKE ALL ON SCHEMA architrave_migrations FROM PUBLIC",
                )?;
            }
            connection.batch(&self.sql(TABLES))?;
            if self.kind == DatabaseKind::Postgres {
                connection.batch("REVOKE ALL ON ALL TABLES IN SCHEMA architrave_migrations FROM PUBLIC")?;
            }
            Ok(())
        })
    }

    pub(crate) fn events(&self, connection: &mut Connection) -> Result<Vec<Event>, EngineError> {
        let sql = self.sql(
            "SELECT position, event, number, name, up_bytes, up_text, down_bytes, down_text, schema_before, schema_after, \
             maker, started, finished, actor, chain FROM {p}history ORDER BY position",
        );
        let rows = connection.query(&sql, &[])?;
        rows.rows.iter().map(|row| event(row)).collect()
    }

    pub(crate) fn append(&self, connection: &mut Connection, event: &Event) -> Result<(), EngineError> {
        let sql = self.sql(
            "INSERT INTO {p}history (position, number, event, name, up_bytes, up_text, down_bytes, down_text, schema_before, \
             schema_after, maker, started, finished, actor, chain) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        );
        let mut values = vec![Value::Int(event.position), Value::Int(event.number)];
        let texts = [
            event.kind.word(),
            &event.name,
            &event.up.bytes,
            &event.up.text,
            &event.down.bytes,
            &event.down.text,
            &event.before,
            &event.after,
            &event.maker,
            &event.started,
            &event.finished,
            &event.actor,
            &event.chain,
        ];
        values.extend(texts.map(|text| Value::Text(text.to_owned())));
        connection.execute_with(&sql, &values).map(drop)
    }

    pub(crate) fn set_chain(
        &self,
        connection: &mut Connection,
        position: i64,
        chain: &str,
    ) -> Result<(), EngineError> {
        let sql = self.sql("UPDATE {p}history SET chain = $1 WHERE position = $2");
        let values = [Value::Text(chain.to_owned()), Value::Int(position)];
        connection.execute_with(&sql, &values).map(drop)
    }

    pub(crate) fn begun(&self, connection: &mut Connection) -> Result<Option<Begun>, EngineError> {
        let sql =
            self.sql("SELECT run, back, number, name, schema_before, started, actor, error FROM {p}progress");
        let rows = connection.query(&sql, &[])?;
        Ok(rows.rows.first().map(|row| Begun {
            run: int(row, 0),
            back: int(row, 1) != 0,
            number: int(row, 2),
            name: text(row, 3),
            before: text(row, 4),
            started: text(row, 5),
            actor: text(row, 6),
            error: text(row, 7),
        }))
    }

    pub(crate) fn begin(&self, connection: &mut Connection, begun: &Begun) -> Result<(), EngineError> {
        let sql = self.sql(
            "INSERT INTO {p}progress (one, run, back, number, name, schema_before, started, actor, error) \
             VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8)",
        );
        let mut values: Vec<Value> = [begun.run, i64::from(begun.back), begun.number]
            .map(Value::Int)
            .to_vec();
        let texts = [
            &begun.name,
            &begun.before,
            &begun.started,
            &begun.actor,
            &begun.error,
        ];
        values.extend(texts.map(|text| Value::Text(text.clone())));
        connection.execute_with(&sql, &values).map(drop)
    }

    pub(crate) fn fail(&self, connection: &mut Connection, error: &str) -> Result<(), EngineError> {
        let sql = self.sql("UPDATE {p}progress SET error = $1");
        connection
            .execute_with(&sql, &[Value::Text(error.to_owned())])
            .map(drop)
    }

    pub(crate) fn end(&self, connection: &mut Connection) -> Result<(), EngineError> {
        connection.execute(&self.sql("DELETE FROM {p}progress")).map(drop)
    }

    pub(crate) fn lines(&self, connection: &mut Connection, run: i64) -> Result<Vec<Line>, EngineError> {
        let sql = self.sql(
            "SELECT position, sha256, started, finished FROM {p}ledger WHERE run = $1 ORDER BY position",
        );
        let rows = connection.query(&sql, &[Value::Int(run)])?;
        let lines = rows.rows.iter().map(|row| Line {
            position: int(row, 0),
            sha256: text(row, 1),
            started: text(row, 2),
            finished: text(row, 3),
        });
        Ok(lines.collect())
    }

    pub(crate) fn write(
        &self,
        connection: &mut Connection,
        run: i64,
        lines: &[Line],
    ) -> Result<(), EngineError> {
        for some in lines.chunks(LINES_AT_ONCE) {
            let mut values = Vec::with_capacity(some.len() * 5);
            let mut rows = Vec::with_capacity(some.len());
            for line in some {
                let first = values.len() + 1;
                let row: Vec<String> = (first..first + 5).map(|number| format!("${number}")).collect();
                rows.push(format!("({})", row.join(", ")));
                values.extend([Value::Int(run), Value::Int(line.position)]);
                let texts = [&line.sha256, &line.started, &line.finished];
                values.extend(texts.map(|text| Value::Text(text.clone())));
            }
            let sql = format!(
                "INSERT INTO {{p}}ledger (run, position, sha256, started, finished) VALUES {}",
                rows.join(", ")
            );
            connection.execute_with(&self.sql(&sql), &values)?;
        }
        Ok(())
    }

    pub(crate) fn finish(
        &self,
        connection: &mut Connection,
        run: i64,
        position: i64,
        now: &str,
    ) -> Result<(), EngineError> {
        let sql = self.sql("UPDATE {p}ledger SET finished = $1 WHERE run = $2 AND position = $3");
        let values = [Value::Text(now.to_owned()), Value::Int(run), Value::Int(position)];
        connection.execute_with(&sql, &values).map(drop)
    }

    /// Takes entries out, from a position on.
    pub(crate) fn strike(&self, connection: &mut Connection, run: i64, from: i64) -> Result<(), EngineError> {
        let sql = self.sql("DELETE FROM {p}ledger WHERE run = $1 AND position >= $2");
        connection
            .execute_with(&sql, &[Value::Int(run), Value::Int(from)])
            .map(drop)
    }
}

pub(crate) fn int(row: &[Value], at: usize) -> i64 {
    row.get(at).and_then(Value::as_int).unwrap_or(0)
}

pub(crate) fn text(row: &[Value], at: usize) -> String {
    row.get(at).and_then(Value::as_text).unwrap_or("").to_owned()
}

fn event(row: &[Value]) -> Result<Event, EngineError> {
    let word = text(row, 1);
    let Some(kind) = EventKind::parse(&word) else {
        return Err(EngineError::Unsupported {
            message: format!("the history has an event `{word}` that this version does not know"),
            help: Some("use the newest version that has worked on this database".to_owned()),
        });
    };
    let sums = |at| Sums {
        bytes: text(row, at),
        text: text(row, at + 1),
    };
    Ok(Event {
        position: int(row, 0),
        kind,
        number: int(row, 2),
        name: text(row, 3),
        up: sums(4),
        down: sums(6),
        before: text(row, 8),
        after: text(row, 9),
        maker: text(row, 10),
        started: text(row, 11),
        finished: text(row, 12),
        actor: text(row, 13),
        chain: text(row, 14),
    })
}
