//! What migrations have set aside, and how it goes for good.

use engine::{Connection, DatabaseKind, EngineError, quote_backticks, quote_identifier};
use journal::{Event, EventKind, Migration};
use physical::Value;
use serde::Serialize;

use crate::run::hold;
use crate::store::text;
use crate::{Job, Stop, Tell, language};

/// What a migration set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Aside {
    /// The schema that it is in; on SQLite the table.
    pub name: String,
    /// The tables.
    pub tables: Vec<String>,
    /// What it takes on disk; `None` where the database does not say.
    pub bytes: Option<i64>,
    /// The migration, by its number; `None` when none that is applied speaks of it.
    pub by: Option<i64>,
    /// When that was applied.
    pub since: Option<String>,
}

const SCHEMAS: &str = "SELECT n.nspname, coalesce(string_agg(c.relname, E'\\n' ORDER BY c.relname), ''), \
     coalesce(sum(pg_catalog.pg_total_relation_size(c.oid)), 0)::bigint \
     FROM pg_catalog.pg_namespace n \
     LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relkind IN ('r', 'p') \
     WHERE pg_catalog.starts_with(n.nspname, 'architrave_migrations_') GROUP BY 1 ORDER BY 1";

const TABLES: &str = "SELECT name, name, NULL FROM sqlite_schema \
     WHERE type = 'table' AND name GLOB 'architrave_migrations_*' \
     AND name NOT IN ('architrave_migrations_history', 'architrave_migrations_progress', \
     'architrave_migrations_ledger', 'architrave_migrations_lease') ORDER BY 1";

/// What is set aside in a database, as it was set aside by migrations of the folder that are applied.
pub(crate) fn look(
    connection: &mut Connection,
    migrations: &[Migration],
    events: &[Event],
) -> Result<Vec<Aside>, EngineError> {
    let sql = match connection.kind() {
        DatabaseKind::Postgres => SCHEMAS,
        DatabaseKind::Sqlite => TABLES,
        DatabaseKind::Mariadb => return Ok(Vec::new()),
    };
    let found = connection.query(sql, &[])?;
    let language = language(connection);
    let spoken_of = |name: &str, event: &&Event| {
        let migration = migrations.iter().find(|it| it.number == event.number);
        migration.is_some_and(|it| it.up.names(language).contains(name))
    };
    let asides = found.rows.iter().map(|row| {
        let name = text(row, 0);
        let by = applied(events).into_iter().rfind(|event| spoken_of(&name, event));
        Aside {
            tables: text(row, 1).lines().map(str::to_owned).collect(),
            bytes: row.get(2).and_then(Value::as_int),
            by: by.map(|event| event.number),
            since: by.map(|event| event.finished.clone()),
            name,
        }
    });
    Ok(asides.collect())
}

/// The events by which what is applied was applied, in order.
fn applied(events: &[Event]) -> Vec<&Event> {
    let mut found: Vec<&Event> = Vec::new();
    for event in events {
        match event.kind {
            EventKind::Applied => found.push(event),
            EventKind::RolledBack => found.retain(|known| known.number != event.number),
            _ => {}
        }
    }
    found
}

/// Whether what a migration set aside was destroyed since it was applied, and when.
pub(crate) fn contracted(events: &[Event], number: i64) -> Option<&Event> {
    let mut of_it = events.iter().rev().filter(|event| event.number == number);
    let last = of_it.find(|event| {
        matches!(
            event.kind,
            EventKind::Applied | EventKind::Baselined | EventKind::Contracted
        )
    })?;
    (last.kind == EventKind::Contracted).then_some(last)
}

/// Destroys what migrations, up to a number if one is given, have set aside; those cannot be rolled back any more. Answers what it was.
///
/// # Errors
/// As [`crate::apply`]; when something else leans on what shall go, in which case nothing of that migration is destroyed.
pub fn contract(job: &Job<'_>, to: Option<i64>, tell: Tell<'_>) -> Result<Vec<Aside>, Stop> {
    hold(job, tell, |held, lease, _| {
        held.sound()?;
        if let Some(begun) = &held.begun {
            return Err(held.unfinished(begun, if begun.back { "rollback" } else { "apply" }));
        }
        let mut asides = look(&mut held.connection, job.migrations, &held.events)?;
        asides.retain(|aside| aside.by.is_some_and(|by| to.is_none_or(|to| by <= to)));
        let events = held.events.clone();
        for event in applied(&events) {
            let its: Vec<&Aside> = asides.iter().filter(|it| it.by == Some(event.number)).collect();
            if its.is_empty() {
                continue;
            }
            let now = held.nothing_changed(EventKind::Contracted, event)?;
            held.append_after(lease, now, |connection| {
                its.iter().try_for_each(|aside| destroy(connection, aside))
            })?;
        }
        Ok(asides)
    })
}

fn destroy(connection: &mut Connection, aside: &Aside) -> Result<(), Stop> {
    let done = match connection.kind() {
        DatabaseKind::Sqlite => connection
            .execute(&format!("DROP TABLE {}", quote_identifier(&aside.name)))
            .map(drop),
        DatabaseKind::Mariadb => connection.batch(&format!("DROP TABLE {}", quote_backticks(&aside.name))),
        DatabaseKind::Postgres => destroy_schema(connection, &aside.name),
    };
    done.map_err(|error| {
        Stop::wrong(
            format!("`{}` cannot be destroyed: {error}", aside.name),
            "see what leans on it, and whether it should; of this migration nothing was destroyed",
        )
    })
}

/// What is in a schema, as DROP has it. What goes with a table, or with a type, is not listed.
const OBJECTS: &str = "\
SELECT 'TABLE', c.oid::pg_catalog.regclass::text FROM pg_catalog.pg_class c \
  WHERE c.relnamespace = $1::bigint::oid AND c.relkind IN ('r', 'p') \
UNION ALL SELECT 'SEQUENCE', c.oid::pg_catalog.regclass::text FROM pg_catalog.pg_class c \
  WHERE c.relnamespace = $1::bigint::oid AND c.relkind = 'S' \
UNION ALL SELECT 'ROUTINE', p.oid::pg_catalog.regprocedure::text FROM pg_catalog.pg_proc p \
  WHERE p.pronamespace = $1::bigint::oid \
UNION ALL SELECT CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.oid::pg_catalog.regtype::text \
  FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_class c ON c.oid = t.typrelid \
  WHERE t.typnamespace = $1::bigint::oid AND t.typtype IN ('e', 'd', 'r', 'c') AND (c.oid IS NULL OR c.relkind = 'c')";

/// Without CASCADE, which would take along what others have built on it: whatever can go goes, until nothing is left or nothing can.
fn destroy_schema(connection: &mut Connection, schema: &str) -> Result<(), EngineError> {
    let sql = "SELECT oid::bigint FROM pg_catalog.pg_namespace WHERE nspname = $1";
    let found = connection.query(sql, &[Value::Text(schema.to_owned())])?;
    let number = found.scalar().cloned().unwrap_or(Value::Null);
    loop {
        let found = connection.query(OBJECTS, std::slice::from_ref(&number))?;
        let before = found.rows.len();
        let mut refused = None;
        for row in &found.rows {
            let drop = format!("DROP {} IF EXISTS {}", text(row, 0), text(row, 1));
            connection.execute("SAVEPOINT object")?;
            if let Err(error) = connection.execute(&drop) {
                connection.execute("ROLLBACK TO SAVEPOINT object")?;
                refused = Some(error);
            }
            connection.execute("RELEASE SAVEPOINT object")?;
        }
        let left = connection
            .query(OBJECTS, std::slice::from_ref(&number))?
            .rows
            .len();
        match refused {
            _ if left == 0 => break,
            Some(error) if left == before => return Err(error),
            _ => {}
        }
    }
    connection
        .execute(&format!("DROP SCHEMA {}", quote_identifier(schema)))
        .map(drop)
}
