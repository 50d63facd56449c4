//! From an earlier version of the schema to the one that is proven, on a database with rows: run as `migrate apply` runs it, by a
//! deployer who is no superuser, and cut off as a machine that dies would cut it off.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use engine::{CancelToken, Connection, DatabaseUrl};
use journal::{Language, Migration};
use physical::{Database, Table};
use project::System;
use runner::{Job, Settings, Told};

use crate::bench::{Bench, write};
use crate::data::{Maker, Speller};
use crate::gate::Stop;
use crate::host::{ADMINISTRATOR, Db, Host, build};
use crate::inventory::inventory;
use crate::subject::Subject;

/// Rows that are written with the new schema are counted from here, far above those that were there before.
const NEW_ROWS_FROM: i64 = 1_000_001;
/// So often it is looked whether the server has noticed that a connection ended, a millisecond apart.
const PATIENCE: u32 = 2000;

/// An earlier version of the schema, and the migration that leads on from there.
#[derive(Clone)]
pub struct Change {
    /// The earlier version, for the same kind of database.
    pub from: Arc<Subject>,
    /// How it is called where it is told of.
    pub shown: String,
    /// What leads to the schema that is proven.
    pub migration: Migration,
    /// The steps that have no way back, and why, as far as the plan knows.
    pub closed: Vec<String>,
    /// Clock and chance for those who run it.
    pub system: Arc<dyn System + Send + Sync>,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("shown", &self.shown)
            .field("migration", &self.migration.title())
            .finish_non_exhaustive()
    }
}

/// Which way a migration goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Forth,
    Back,
}

/// A database of the earlier version with rows in it, and the migration that is deployed to it.
pub(crate) struct Deployment<'c> {
    change: &'c Change,
    db: Db,
    url: DatabaseUrl,
    settings: Settings,
}

impl<'c> Deployment<'c> {
    /// Builds the earlier version on a server that has none of its roles, and fills it.
    pub(crate) fn begin(bench: &Bench<'_>, host: &mut Host, change: &'c Change) -> Result<Self, Stop> {
        let db = host.empty()?;
        build(&db, &change.from).map_err(|failure| {
            Stop::Unable(format!(
                "the earlier version, {}, could not be built ({failure})",
                change.shown
            ))
        })?;
        let mut maker = Maker::new(&change.from, bench.options.seed);
        fill(&mut db.superuser()?, &mut maker, bench.options.rows)?;
        Ok(Self {
            url: db.deployer()?,
            settings: settings(),
            change,
            db,
        })
    }

    /// Applies the migration, or rolls it back; what was begun is gone on with.
    pub(crate) fn go(&self, way: Way) -> Result<(), runner::Stop> {
        self.run(way, &self.settings, &mut |_| {})
    }

    fn run(&self, way: Way, settings: &Settings, tell: runner::Tell<'_>) -> Result<(), runner::Stop> {
        let job = Job {
            system: &*self.change.system,
            url: &self.url,
            dialect: self.change.from.dialect,
            migrations: std::slice::from_ref(&self.change.migration),
            settings,
        };
        match way {
            Way::Forth => runner::apply(&job, None, tell).map(drop),
            Way::Back => runner::rollback(&job, None, 1, tell).map(drop),
        }
    }

    /// How many statements the way has.
    pub(crate) fn statements(&self, way: Way) -> Result<usize, Stop> {
        let script = match way {
            Way::Forth => Some(&self.change.migration.up),
            Way::Back => self.change.migration.down.as_ref(),
        };
        let language = match self.url {
            DatabaseUrl::Postgres(_) => Language::Postgres,
            DatabaseUrl::Sqlite(_) | DatabaseUrl::Mariadb(_) => Language::Sqlite,
        };
        let statements = script.map(|script| script.statements(language)).transpose();
        let statements = statements.map_err(|fault| Stop::Unable(fault.to_string()))?;
        Ok(statements.map_or(0, |found| found.len()))
    }

    /// Goes on, and is cut off before a statement: on a server all connections end there, on a file the transaction that is open.
    /// Answers whether it came so far.
    pub(crate) fn cut(&self, way: Way, statement: usize) -> Result<bool, Stop> {
        let cancel = CancelToken::default();
        let settings = Settings {
            cancel: cancel.clone(),
            ..self.settings.clone()
        };
        let mut superuser = self.db.superuser()?;
        let on_server = self.db.file().is_none();
        let mut ended = Ok(());
        let outcome = self.run(way, &settings, &mut |told| {
            if matches!(told, Told::Statement { position, .. } if position == statement) {
                if on_server {
                    ended = end_others(&mut superuser);
                } else {
                    cancel.cancel();
                }
            }
        });
        ended?;
        Ok(outcome.is_err())
    }

    /// The schema as it is, without what this tool keeps for itself.
    pub(crate) fn schema(&self, bench: &Bench<'_>) -> Result<Database, Stop> {
        let mut found = bench.introspect(&mut self.db.superuser()?)?;
        physical::leave_out_own(&mut found);
        // It is there because our own tables are its.
        found.roles.retain(|role| role.name.as_str() != ADMINISTRATOR);
        Ok(found)
    }

    /// Everything that the catalog of a server holds beside what this tool keeps for itself, a line each. That of a file holds texts,
    /// of which several say the same.
    pub(crate) fn inventory(&self) -> Result<Vec<String>, Stop> {
        if self.db.file().is_some() {
            return Ok(Vec::new());
        }
        let mut lines = inventory(&mut self.db.superuser()?)?;
        lines.retain(|line| !line.split([' ', '(']).any(is_own));
        Ok(lines)
    }

    /// Every row of every table of the earlier version, a line each.
    pub(crate) fn rows(&self) -> Result<Vec<String>, Stop> {
        let mut superuser = self.db.superuser()?;
        let speller = Speller::new(self.change.from.dialect);
        let tables = &self.change.from.realised.database.tables;
        let mut lines = Vec::new();
        for table in tables.iter().filter(|table| table.partition_of.is_none()) {
            let columns: Vec<String> = table
                .columns
                .iter()
                .map(|column| speller.ident(column.name.as_str()))
                .collect();
            let name = speller.name(&table.name);
            let sql = format!("SELECT {} FROM {name}", columns.join(", "));
            let found = superuser.query(&sql, &[])?;
            lines.extend(found.rows.iter().map(|row| line(table, row)));
        }
        lines.sort();
        Ok(lines)
    }

    /// Writes rows with the new schema.
    pub(crate) fn write_new(&self, bench: &Bench<'_>) -> Result<(), Stop> {
        let seed = bench.options.seed.wrapping_add(1);
        let mut maker = Maker::new(bench.subject, seed).counting_from(NEW_ROWS_FROM);
        fill(&mut self.db.superuser()?, &mut maker, bench.options.rows)
    }
}

fn line(table: &Table, row: &[physical::Value]) -> String {
    let values = table.columns.iter().zip(row);
    let values: Vec<String> = values
        .map(|(column, value)| format!("{}={value:?}", column.name))
        .collect();
    format!("row {} {}", table.name, values.join(" "))
}

fn is_own(word: &str) -> bool {
    let rest = word.strip_prefix(physical::OWN);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['_', '.']))
}

fn fill(superuser: &mut Connection, maker: &mut Maker<'_>, rows: usize) -> Result<(), Stop> {
    let parties = maker.parties().map_err(|fault| Stop::Unable(fault.to_string()))?;
    maker.populate(&parties, rows);
    write(superuser, maker)?;
    for statement in maker.counters() {
        superuser.batch(&statement)?;
    }
    Ok(())
}

/// Nobody else is there: what waits, waits for a cut connection to be noticed.
fn settings() -> Settings {
    Settings {
        actor: "proof".to_owned(),
        host: "proof".to_owned(),
        process: std::process::id(),
        patience: Duration::from_secs(30),
        lock_timeout: Duration::from_secs(5),
        tries: 3,
        maker: "proof".to_owned(),
        accept_drift: false,
        out_of_order: false,
        cancel: CancelToken::default(),
    }
}

/// Ends every other connection to a database, and waits until the server has noticed.
fn end_others(superuser: &mut Connection) -> Result<(), Stop> {
    let others = "FROM pg_catalog.pg_stat_activity \
                  WHERE datname = pg_catalog.current_database() AND pid <> pg_catalog.pg_backend_pid()";
    superuser.query(
        &format!("SELECT pg_catalog.pg_terminate_backend(pid) {others}"),
        &[],
    )?;
    for _ in 0..PATIENCE {
        if superuser
            .query(&format!("SELECT 1 {others}"), &[])?
            .rows
            .is_empty()
        {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(Stop::Unable(
        "the server did not end a connection that was cut".to_owned(),
    ))
}
