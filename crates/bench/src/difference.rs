//! Figures of differences: two databases of a server, read and compared.

use std::thread;
use std::time::{Duration, Instant};

use dialects::postgres::POSTGRES;
use engine::{Connection, Server, StartOptions};
use physical::Database;
use plan::Relational;

use crate::Failure;
use crate::stats::{line, median, ms};

/// Two databases of 1,000 and of 10,000 tables that differ in a hundredth of them: read, compared, planned.
pub(crate) fn difference() -> Result<(), Failure> {
    let cache = tempfile::tempdir()?;
    let server = Server::start(&StartOptions::new(cache.path(), std::env::temp_dir()))?;
    let dialect = &POSTGRES;
    for (tables, whole) in [(1_000, "≤ 150 ms"), (10_000, "≤ 1,500 ms")] {
        let mut was = filled(&server, &format!("was_{tables}"), tables, false)?;
        let mut is = filled(&server, &format!("is_{tables}"), tables, true)?;
        let mut failed = None;
        let mut both = || -> Option<()> {
            let read = |connection: &mut Connection| state::introspect(connection, dialect);
            // As `architrave diff` does it.
            let sides = thread::scope(|scope| {
                let first = scope.spawn(|| read(&mut was));
                let second = read(&mut is);
                let first = first
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                first.and_then(|was| Ok((was, second?)))
            });
            match sides {
                Ok((was, is)) => drop(migrate::plan(&was, &is, dialect)),
                Err(error) => failed = Some(error),
            }
            None
        };
        let runs = if tables > 1_000 { 3 } else { 7 };
        let took = median(runs, &mut both);
        if let Some(error) = failed {
            return Err(error.into());
        }
        line(
            &format!("read and compared, {tables} tables each"),
            &ms(took),
            whole,
        );
        let found = state::introspect(&mut was, dialect)?;
        let goal = state::introspect(&mut is, dialect)?;
        parts(tables, (&found, &goal), dialect)?;
        slowest(&mut was, dialect)?;
    }
    Ok(())
}

fn parts(
    tables: usize,
    (was, is): (&Database, &Database),
    dialect: &'static Relational,
) -> Result<(), Failure> {
    let plan = migrate::plan(was, is, dialect)?;
    let runs = if tables > 1_000 { 5 } else { 9 };
    let canonical = median(runs, || (dialect.canonical)(was));
    let planned = median(runs, || migrate::plan(was, is, dialect));
    let pure = median(runs, || migrate::steps_between(was, is, dialect));
    let same = median(runs, || migrate::steps_between(was, was, dialect));
    line(
        "  the one form in which they are compared",
        &ms(canonical),
        "each of both",
    );
    line(
        &format!("  plan of {} steps, with hashes of both", plan.steps.len()),
        &ms(planned),
        "",
    );
    line(
        "  the steps alone, without hashes of both",
        &ms(pure),
        if tables > 1_000 { "≤ 25 ms" } else { "" },
    );
    line("  that nothing differs, likewise", &ms(same), "");
    Ok(())
}

/// A new database of plain tables; a hundredth of them has a column and an index more where it is changed.
fn filled(server: &Server, name: &str, tables: usize, changed: bool) -> Result<Connection, Failure> {
    server.create_database(name)?;
    let mut connection = server.superuser_connection(name)?;
    let started = Instant::now();
    for first in (0..tables).step_by(100) {
        let script: Vec<String> = (first..tables.min(first + 100))
            .map(|number| table(number, changed && number % 100 == 7))
            .collect();
        connection.batch(&script.join("\n"))?;
    }
    connection.batch("ANALYZE")?;
    if started.elapsed().as_secs() > 60 {
        println!("  ({name} took {} s to make)", started.elapsed().as_secs());
    }
    Ok(connection)
}

fn table(number: usize, changed: bool) -> String {
    let more = if changed { ", more text" } else { "" };
    let mut sql = format!(
        "CREATE TABLE t{number} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(80) NOT NULL, \
         total numeric(12, 2) NOT NULL DEFAULT 0 CHECK (total >= 0), at timestamptz NOT NULL DEFAULT now(), \
         state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'done')), note text, parent bigint{more});\n\
         CREATE INDEX t{number}_name ON t{number} (lower(name)) WHERE note IS NOT NULL;\n"
    );
    if let Some(parent) = number.checked_sub(1) {
        sql.push_str(&format!(
            "ALTER TABLE t{number} ADD FOREIGN KEY (parent) REFERENCES t{parent};\n"
        ));
    }
    if changed {
        sql.push_str(&format!("CREATE INDEX t{number}_at ON t{number} (at);\n"));
    }
    sql
}

/// The queries of the catalog that take the longest.
fn slowest(connection: &mut Connection, dialect: &Relational) -> Result<(), Failure> {
    let mut times = Vec::new();
    // What the first of them sets for all holds for one transaction.
    connection.begin_snapshot()?;
    for query in (dialect.catalog)() {
        connection.query(query.sql, &[])?;
        let took = median(3, || connection.query(query.sql, &[]));
        times.push((took, query.name));
    }
    connection.rollback()?;
    let all: Duration = times.iter().map(|(took, _)| *took).sum();
    line("  all catalog queries of one", &ms(all), "");
    times.sort();
    for (took, name) in times.iter().rev().take(4) {
        line(&format!("  catalog query {name}"), &ms(*took), "");
    }
    Ok(())
}
