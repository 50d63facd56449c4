//! States by name: what an argument of the command line names, and the schema that it holds.

mod built;
mod compare;
mod giving;
mod imported;
mod owners;
mod place;
mod prisma;
mod script;
mod settle;
mod suspects;
mod temporary;
mod was;
mod words;

use std::path::{Path, PathBuf};

use diagnostics::{Diagnostic, Sources};
use engine::{
    Access, ConnectOptions, Connection, DatabaseKind, DatabaseUrl, EngineError, OLDEST_MAJOR, StartOptions,
    Version,
};
use physical::Database;
use plan::{Note, Relational, Rename};
use project::System;

pub use compare::{Difference, compare};
pub use imported::{FILES as IMPORTED, Imported, import};
pub use owners::RUNNER;
pub use place::named;
pub use suspects::shown;

use crate::codes;
use temporary::Temporary;

/// What an argument names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// Nothing at all: the empty schema.
    Empty,
    /// A project: its folder, or one `.arch` file.
    Project(PathBuf),
    /// SQL, in the order in which it is run.
    Scripts {
        /// As it was named.
        shown: String,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// A Prisma schema, of one file or several.
    Prisma {
        /// As it was named.
        shown: String,
        /// The files.
        files: Vec<PathBuf>,
    },
    /// A database that is there.
    Database(DatabaseUrl),
}

impl std::fmt::Display for Named {
    /// Never with a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("empty"),
            Self::Project(path) => path.display().fmt(f),
            Self::Scripts { shown, .. } | Self::Prisma { shown, .. } => f.write_str(shown),
            Self::Database(url) => url.fmt(f),
        }
    }
}

/// Who has to do something about a state that could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Whoever wrote the state.
    State,
    /// Whoever wrote the call.
    Call,
    /// Whoever keeps the machine or the server.
    Environment,
}

/// Why a state could not be read.
#[derive(Debug)]
pub struct Failure {
    /// Who has to do something about it.
    pub fault: Fault,
    /// The files that the findings point into.
    pub sources: Sources,
    /// What is wrong.
    pub findings: Vec<Diagnostic>,
}

impl Failure {
    pub(crate) fn new(fault: Fault, finding: Diagnostic) -> Box<Self> {
        Box::new(Self {
            fault,
            sources: Sources::default(),
            findings: vec![finding],
        })
    }

    /// What a database or the machine said.
    fn engine(rule: &'static diagnostics::Rule, what: &str, error: &EngineError) -> Box<Self> {
        let fault = match error {
            EngineError::Refused { .. } | EngineError::Unsupported { .. } if rule == &codes::BAD_ADDRESS => {
                Fault::Call
            }
            _ => Fault::Environment,
        };
        let mut finding = Diagnostic::global(rule, format!("{what}{error}"));
        finding.help.extend(error.help().map(str::to_owned));
        Self::new(fault, finding)
    }
}

/// A failure is large and rare.
pub(crate) type Loaded<T> = Result<T, Box<Failure>>;

/// The dialect of states that are to be compared: that of a URL or of Prisma's provider, or the one that was asked for, or the one that projects name.
///
/// # Errors
/// When a Prisma schema cannot be read or is for a product without a dialect, when the states are of different products, when what was asked for is another one, and when nothing says which.
pub fn dialect(
    system: &dyn System,
    states: &[&Named],
    asked: Option<&'static Relational>,
) -> Result<&'static Relational, Box<Failure>> {
    let mut known = asked.map(|dialect| (dialect, "--on".to_owned()));
    for state in states {
        let found = match state {
            Named::Database(DatabaseUrl::Postgres(_)) => dialects::by_name("postgres"),
            Named::Database(DatabaseUrl::Sqlite(_)) => dialects::by_name("sqlite"),
            Named::Database(DatabaseUrl::Mariadb(_)) => dialects::by_name("mariadb"),
            Named::Prisma { files, .. } => prisma::dialect(system, files)?,
            _ => None,
        };
        let Some(found) = found else { continue };
        match &known {
            Some((before, whose)) if before.name != found.name => {
                return Err(different(before, whose, found, state));
            }
            _ => known = Some((found, state.to_string())),
        }
    }
    if let Some((dialect, _)) = known {
        return Ok(dialect);
    }
    let mut named = states.iter().filter_map(|state| match state {
        Named::Project(path) => Some(products(system, path)),
        _ => None,
    });
    let Some(mut common) = named.next() else {
        // What is wrong with a schema that says nothing is told when it is loaded, and is the same for each product.
        if states.iter().any(|state| matches!(state, Named::Prisma { .. })) {
            return dialects::by_name("postgres").ok_or_else(|| unknown("there is no dialect"));
        }
        return Err(unknown("nothing says which database the states are for"));
    };
    for others in named {
        common.retain(|dialect| others.iter().any(|other| other.name == dialect.name));
    }
    match common.as_slice() {
        [only] => Ok(only),
        [] => Err(unknown(
            "the project names no database that there is a dialect for",
        )),
        several => {
            let titles: Vec<&str> = several.iter().map(|dialect| dialect.title).collect();
            Err(unknown(&format!(
                "the project is for {}: one of them has to be chosen",
                titles.join(" and ")
            )))
        }
    }
}

/// The products that a project names; what is wrong with its text is told when it is loaded.
fn products(system: &dyn System, path: &Path) -> Vec<&'static Relational> {
    let checked = crate::check(system, path);
    let project = checked.model.project.as_ref();
    let named = project
        .map(|project| project.databases.clone())
        .unwrap_or_default();
    if named.is_empty() && checked.diagnostics.has_errors() {
        // Which it is makes no difference to what is wrong.
        return dialects::by_name("postgres").into_iter().collect();
    }
    let known = named
        .iter()
        .filter_map(|database| dialects::by_name(crate::name_of(*database)));
    known.collect()
}

fn unknown(message: &str) -> Box<Failure> {
    let finding = Diagnostic::global(&codes::UNKNOWN_DIALECT, message);
    Failure::new(Fault::Call, finding.help("add `--on postgres` or `--on sqlite`"))
}

fn different(before: &Relational, whose: &str, found: &Relational, state: &Named) -> Box<Failure> {
    let message = format!(
        "`{state}` is {}, but `{whose}` says {}",
        found.title, before.title
    );
    let finding = Diagnostic::global(&codes::DIFFERENT_DATABASES, message);
    Failure::new(
        Fault::Call,
        finding.help("schemas are compared within one database product; name two states of the same"),
    )
}

/// A schema and where it is from.
#[derive(Debug)]
pub struct State {
    /// As it was named; without a password.
    pub shown: String,
    /// What it holds, without what this tool keeps for itself.
    pub database: Database,
    /// What it says was called otherwise before.
    pub renames: Vec<Rename>,
    /// How it would say so; `None` where it cannot.
    pub says_renames_by: Option<&'static str>,
    /// What it speaks of and does not make.
    pub notes: Vec<Note>,
}

/// What was read of a state.
#[derive(Debug, Default)]
struct Read {
    database: Database,
    renames: Vec<Rename>,
    /// Of a Prisma schema.
    said: prisma::Said,
}

impl From<Database> for Read {
    fn from(database: Database) -> Self {
        Self {
            database,
            ..Self::default()
        }
    }
}

impl From<(Database, Vec<Rename>)> for Read {
    fn from((database, renames): (Database, Vec<Rename>)) -> Self {
        Self {
            database,
            renames,
            ..Self::default()
        }
    }
}

/// Reads two states of one dialect. SQL is run on a temporary database, by a role that may do no more than own it; what is there
/// is read, and not written to.
///
/// # Errors
/// When one of them cannot be read.
pub fn load(
    system: &dyn System,
    start: &StartOptions,
    dialect: &'static Relational,
    (from, to): (&Named, &Named),
) -> Result<(State, State), Box<Failure>> {
    let mut temporary = Temporary::new(start.clone());
    // A plan from nothing says what stands in the project.
    let compared = *from != Named::Empty && *to != Named::Empty;
    let mut read = |named| read(system, &mut temporary, dialect, named, compared);
    let (mut first, mut second) = match (from, to) {
        // Servers have time for both.
        (Named::Database(one), Named::Database(other)) => {
            let (one, other) = both(one, other, dialect);
            (Read::from(one?), Read::from(other?))
        }
        _ => (read(from)?, read(to)?),
    };
    for side in [&mut first, &mut second] {
        settle::leave_out(&mut side.database, dialect);
    }
    owners::settle(&mut first.database, &mut second.database, dialect);
    let both = (&mut first.database, &mut second.database);
    prisma::settle((from, to), both, &first.said.docs);
    Ok((state(from, first), state(to, second)))
}

/// Two databases, read at the same time.
fn both(
    one: &DatabaseUrl,
    other: &DatabaseUrl,
    dialect: &'static Relational,
) -> (Loaded<Database>, Loaded<Database>) {
    std::thread::scope(|scope| {
        let first = std::thread::Builder::new().spawn_scoped(scope, || live(one, dialect));
        let second = live(other, dialect);
        let first = match first {
            Ok(thread) => thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => live(one, dialect),
        };
        (first, second)
    })
}

/// What a state holds. A project with tables as found, or with SQL of its own, is built when it is to be compared: only then that SQL
/// says what it makes.
fn read(
    system: &dyn System,
    temporary: &mut Temporary,
    dialect: &'static Relational,
    named: &Named,
    compared: bool,
) -> Loaded<Read> {
    match named {
        Named::Empty => Ok(Read::default()),
        Named::Project(path) => {
            let (designed, database, renames) = project_state(system, path, dialect)?;
            let blueprint = &designed.blueprint;
            let found = !blueprint.found.tables.is_empty() || blueprint.is_bare();
            let own = blueprint.raw.iter().any(|raw| raw.dialect == dialect.name);
            if !(compared && (found || own)) {
                return Ok(Read::from((database, renames)));
            }
            let mut built = built::run(temporary, &designed, dialect)?;
            built::know(&mut built, database);
            Ok(Read::from((built, renames)))
        }
        Named::Scripts { files, .. } => temporary.load(system, files, dialect).map(Read::from),
        Named::Prisma { files, .. } => {
            let (database, said) = prisma::load(system, temporary, dialect, files, compared)?;
            Ok(Read {
                database,
                said,
                ..Read::default()
            })
        }
        Named::Database(url) => live(url, dialect).map(Read::from),
    }
}

fn state(named: &Named, read: Read) -> State {
    State {
        shown: named.to_string(),
        database: read.database,
        renames: read.renames,
        notes: read.said.notes,
        says_renames_by: match named {
            Named::Project(_) => Some("`@was(old_name)` at the field or entity"),
            Named::Scripts { .. } => {
                Some("`-- was: old_name` on the line of the column, or on that of `CREATE TABLE`")
            }
            Named::Empty | Named::Prisma { .. } | Named::Database(_) => None,
        },
    }
}

fn project_state(
    system: &dyn System,
    path: &Path,
    dialect: &'static Relational,
) -> Loaded<(design::Designed, Database, Vec<Rename>)> {
    let mut checked = crate::check(system, path);
    let mut found = std::mem::take(&mut checked.diagnostics);
    if !found.has_errors() {
        let mut designed = design::design(&checked.model);
        found.append(std::mem::take(&mut designed.diagnostics));
        if !found.has_errors() {
            let database = (dialect.realise)(&designed.blueprint).database;
            let renames = was::in_model(&checked.model, &designed.blueprint, &database);
            return Ok((designed, database, renames));
        }
    }
    Err(Box::new(Failure {
        fault: Fault::State,
        sources: checked.loaded.sources,
        findings: found.into_sorted(),
    }))
}

/// What a database holds that is there. Nothing is written to it.
fn live(url: &DatabaseUrl, dialect: &'static Relational) -> Loaded<Database> {
    let options = ConnectOptions {
        access: Access::ReadOnly,
        ..ConnectOptions::default()
    };
    let mut connection =
        Connection::open(url, &options).map_err(|error| Failure::engine(&codes::UNREACHABLE, "", &error))?;
    supported(&connection, &url.to_string(), dialect)?;
    engine::introspect(&mut connection, dialect).map_err(|error| {
        let mut failure = Failure::engine(
            &codes::CATALOG_UNREAD,
            &format!("the catalog of {url} cannot be read: "),
            &error,
        );
        if error.code() == Some("42501") {
            for finding in &mut failure.findings {
                finding.help.push(
                    "connect as a role that may read the catalog, such as the owner of the database"
                        .to_owned(),
                );
            }
        }
        failure
    })
}

fn supported(connection: &Connection, place: &str, dialect: &Relational) -> Loaded<()> {
    match connection.kind() {
        DatabaseKind::Postgres => new_enough(connection.version(), place, dialect),
        // It is built in; of MariaDB the connection itself refuses what is too old.
        DatabaseKind::Sqlite | DatabaseKind::Mariadb => Ok(()),
    }
}

fn new_enough(version: Version, place: &str, dialect: &Relational) -> Loaded<()> {
    if version.major >= OLDEST_MAJOR {
        return Ok(());
    }
    let message = format!(
        "{place} is {} {version}, which is too old to be read",
        dialect.title
    );
    let help = format!("{} {} is the oldest that is known", dialect.title, dialect.floor);
    let finding = Diagnostic::global(&codes::TOO_OLD, message).help(help);
    Err(Failure::new(Fault::Environment, finding))
}

#[cfg(test)]
mod tests {
    use super::{Fault, new_enough};
    use engine::Version;

    #[test]
    fn servers_that_are_too_old_are_told_so() {
        let version = |text| Version::find(text).unwrap();
        let dialect = dialects::by_name("postgres").unwrap();
        assert!(new_enough(version("15.0"), "here", dialect).is_ok());
        let failure = new_enough(version("14.11"), "here", dialect).unwrap_err();
        assert_eq!(failure.fault, Fault::Environment);
        let finding = &failure.findings[0];
        assert_eq!(finding.rule.code, "STA009");
        assert!(
            finding.message.contains("here is PostgreSQL 14.11"),
            "{}",
            finding.message
        );
    }
}
