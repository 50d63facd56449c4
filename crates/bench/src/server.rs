//! Figures with a database: starting one, reading its catalog.

use std::path::Path;
use std::time::Instant;

use engine::{Server, StartOptions};
use physical::Rows;
use project::Memory;

use crate::stats::{line, median, ms};
use crate::{Failure, sample};

/// A temporary server from the cached template, and the next database in it.
pub(crate) fn start() -> Result<(), Failure> {
    let cache = tempfile::tempdir()?;
    let options = StartOptions::new(cache.path(), std::env::temp_dir());
    let first = Instant::now();
    drop(Server::start(&options)?);
    line("first server ever (makes the template)", &ms(first.elapsed()), "");
    let mut failed = None;
    let took = median(9, || {
        Server::start(&options).map_err(|error| failed = Some(error)).ok()
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    line("temporary server that answers", &ms(took), "≤ 200 ms");
    let server = Server::start(&options)?;
    let mut number = 0;
    let took = median(9, || {
        number += 1;
        server.create_database(&format!("d{number}"))
    });
    line("next database in it", &ms(took), "≤ 60 ms");
    Ok(())
}

/// Introspection of 1,000 tables, against the catalog queries alone.
pub(crate) fn introspect() -> Result<(), Failure> {
    let cache = tempfile::tempdir()?;
    let server = Server::start(&StartOptions::new(cache.path(), std::env::temp_dir()))?;
    server.create_database("big")?;
    let system = Memory::with([("/p/all.arch", sample::project(500))]);
    let checked = state::check(&system, Path::new("/p"));
    let built = state::build(&checked);
    let target = built.targets.first().ok_or("nothing was built")?;
    let mut connection = server.superuser_connection("big")?;
    for step in &target.plan.steps {
        let plan::Action::Sql(statements) = &step.action;
        for statement in statements {
            connection.batch(statement)?;
        }
    }
    connection.batch("ANALYZE")?;
    let found = state::introspect(&mut connection, target.dialect)?;
    let mut failed = None;
    let queries = median(7, || -> Vec<Rows> {
        let all = (target.dialect.catalog)()
            .iter()
            .map(|query| connection.query(query.sql, &[]));
        all.collect::<Result<_, _>>()
            .map_err(|error| failed = Some(error))
            .unwrap_or_default()
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    let whole = median(7, || state::introspect(&mut connection, target.dialect));
    let tables = found.tables.len();
    let beyond = whole.saturating_sub(queries);
    line(
        &format!("catalog queries alone, {tables} tables"),
        &ms(queries),
        &format!("{} queries", (target.dialect.catalog)().len()),
    );
    line("introspection", &ms(whole), "≤ 1.3 × the queries");
    line("beyond the queries", &ms(beyond), "≤ 60 ms per 1,000 tables");
    line(
        "ratio",
        &format!("{:.2}", whole.as_secs_f64() / queries.as_secs_f64()),
        "≤ 1.30",
    );
    Ok(())
}
