//! SQL, run on a database that is gone afterwards.

use std::ops::Range;
use std::path::{Path, PathBuf};

use diagnostics::{Diagnostic, FileId, Sources, Span};
use engine::{
    ConnectOptions, Connection, DatabaseKind, EngineError, Server, SqlError, StartOptions, TemporarySqlite,
    quote_identifier,
};
use physical::Database;
use plan::{Relational, Rename};
use project::System;

use super::owners::RUNNER;
use super::script::{self, Flavor};
use super::{Failure, Fault, Loaded, giving, was};
use crate::codes;

/// A script larger than this is a dump of rows, not a schema.
const LARGEST: u64 = 256 * 1024 * 1024;
/// How many roles are made because a script speaks of them.
const MOST_ROLES: usize = 500;
const DATABASE: &str = "state";
/// Who makes databases and roles on the temporary server. Scripts never run as this one.
const ADMINISTRATOR: &str = "architrave_administrator";

/// Where scripts are run.
pub(super) struct Temporary {
    start: StartOptions,
    server: Option<Server>,
}

/// The files of a state, read and split.
pub(super) struct Scripts {
    pub(super) sources: Sources,
    pub(super) statements: Vec<(FileId, Vec<Range<usize>>)>,
    pub(super) comments: Vec<(FileId, Vec<Range<usize>>)>,
}

/// What happened to a run.
enum Stopped {
    /// A script names a role that is not there.
    Role(String),
    /// It cannot be loaded.
    Failed(Fault, Box<Diagnostic>),
}

impl Temporary {
    pub(super) fn new(start: StartOptions) -> Self {
        Self { start, server: None }
    }

    /// What scripts make, when run one after the other in an empty database.
    pub(super) fn load(
        &mut self,
        system: &dyn System,
        files: &[PathBuf],
        dialect: &'static Relational,
    ) -> Loaded<(Database, Vec<Rename>)> {
        let flavor = match dialect.name {
            "sqlite" => Flavor::Sqlite,
            "postgres" => Flavor::Postgres,
            _ => return Err(not_built(dialect)),
        };
        let scripts = read(system, files, flavor)?;
        let outcome = match flavor {
            Flavor::Sqlite => self.sqlite(&scripts, dialect),
            Flavor::Postgres => self.postgres(&scripts, dialect),
        };
        let outcome = outcome.and_then(|database| {
            let said = was::in_scripts(&scripts, &database, flavor);
            let renames = said.map_err(|finding| Stopped::Failed(Fault::State, finding))?;
            Ok((database, renames))
        });
        outcome.map_err(|stopped| match stopped {
            Stopped::Failed(fault, finding) => Box::new(Failure {
                fault,
                sources: scripts.sources,
                findings: vec![*finding],
            }),
            Stopped::Role(name) => Failure::new(
                Fault::State,
                Diagnostic::global(
                    &codes::STATEMENT_FAILED,
                    format!("the script speaks of too many roles: `{name}`"),
                ),
            ),
        })
    }

    fn sqlite(&self, scripts: &Scripts, dialect: &'static Relational) -> Result<Database, Stopped> {
        let database = TemporarySqlite::create(&self.start.temporary).map_err(environment)?;
        // As any application would open it: a found schema may rely on what we would forbid.
        let open = || Connection::open(&database.url(), &ConnectOptions::default()).map_err(environment);
        for (file, statements) in &scripts.statements {
            let mut connection = open()?;
            for range in statements {
                refuse_other_files(&scripts.sources, *file, range)?;
                run(&mut connection, scripts, *file, range, dialect)?;
            }
            if connection.begin().is_err() {
                return Err(unended(*file, statements));
            }
        }
        engine::introspect(&mut open()?, dialect).map_err(environment)
    }

    fn postgres(&mut self, scripts: &Scripts, dialect: &'static Relational) -> Result<Database, Stopped> {
        let server = match self.server.take() {
            Some(server) => server,
            None => prepare(&self.start).map_err(environment)?,
        };
        let outcome = with_roles(&server, scripts, dialect);
        self.server = Some(server);
        outcome
    }
}

fn environment(error: EngineError) -> Stopped {
    let mut finding = Diagnostic::global(
        &codes::NO_TEMPORARY,
        format!("there is no temporary database to run the script on: {error}"),
    );
    finding.help.extend(error.help().map(str::to_owned));
    Stopped::Failed(Fault::Environment, Box::new(finding))
}

/// Scripts of a product that none is built from yet are told before anything runs.
fn not_built(dialect: &Relational) -> Box<Failure> {
    let what = format!(
        "no temporary {} database is built from scripts yet",
        dialect.title
    );
    let finding = Diagnostic::global(&codes::NO_TEMPORARY, what);
    Failure::new(
        Fault::Environment,
        finding.help(
            "compare a running database with the project: `architrave diff --from mariadb://… --to schema`",
        ),
    )
}

fn read(system: &dyn System, files: &[PathBuf], flavor: Flavor) -> Loaded<Scripts> {
    let mut sources = Sources::default();
    let mut statements = Vec::new();
    let mut comments = Vec::new();
    for path in files {
        let text = read_text(system, path)?;
        let split = script::split(&text, flavor);
        let file = sources.add(path.display().to_string().replace('\\', "/"), text);
        match split {
            Ok(split) => {
                statements.push((file, split.statements));
                comments.push((file, split.comments));
            }
            Err(unsplit) => {
                let finding =
                    Diagnostic::new(&codes::SCRIPT_UNREAD, span(file, &unsplit.range), unsplit.message)
                        .help(unsplit.help);
                return Err(Box::new(Failure {
                    fault: Fault::State,
                    sources,
                    findings: vec![finding],
                }));
            }
        }
    }
    Ok(Scripts {
        sources,
        statements,
        comments,
    })
}

pub(super) fn read_text(system: &dyn System, path: &Path) -> Loaded<String> {
    let shown = path.display();
    let too_large = system.size(path).is_ok_and(|size| size > LARGEST);
    if too_large {
        let finding = Diagnostic::global(&codes::SCRIPT_UNREAD, format!("`{shown}` is larger than 256 MiB"));
        return Err(Failure::new(
            Fault::State,
            finding.help("leave the rows out: `pg_dump --schema-only`"),
        ));
    }
    let bytes = system
        .read(path)
        .map_err(|error| super::place::unreadable(path, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        let finding = Diagnostic::global(
            &project::codes::NOT_UTF8,
            format!("`{shown}` is not UTF-8 text: the byte at line {line} is no character"),
        );
        Failure::new(Fault::State, finding.help("save the file as UTF-8"))
    })
}

pub(super) fn span(file: FileId, range: &Range<usize>) -> Span {
    let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    Span::new(file, at(range.start), at(range.end))
}

/// A server of our own, whose superuser has a name that no script has: `postgres` is a role like any other in dumps.
fn prepare(start: &StartOptions) -> Result<Server, EngineError> {
    let server = Server::start(start)?;
    let administrator = quote_identifier(ADMINISTRATOR);
    let mut first = server.superuser_connection("postgres")?;
    first.batch(&format!("CREATE ROLE {administrator} LOGIN SUPERUSER"))?;
    drop(first);
    let superuser = quote_identifier(server.superuser());
    let mut second = server.connect("postgres", ADMINISTRATOR)?;
    second.batch(&format!("ALTER ROLE {superuser} RENAME TO architrave_bootstrap"))?;
    Ok(server)
}

/// Runs scripts until every role is there that they take for granted: roles are the server's, and no part of a state.
fn with_roles(server: &Server, scripts: &Scripts, dialect: &'static Relational) -> Result<Database, Stopped> {
    let mut roles: Vec<String> = Vec::new();
    loop {
        let outcome = attempt(server, scripts, dialect, &roles);
        clear(server).map_err(environment)?;
        match outcome {
            Err(Stopped::Role(name)) if roles.len() < MOST_ROLES && !roles.contains(&name) => {
                roles.push(name)
            }
            other => return other,
        }
    }
}

/// Takes the database and all roles away again.
fn clear(server: &Server) -> Result<(), EngineError> {
    let mut administrator = server.connect("postgres", ADMINISTRATOR)?;
    administrator.batch(&format!("DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)"))?;
    let found = administrator.query(
        "SELECT rolname::text FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' AND rolname NOT IN ('architrave_administrator', 'architrave_bootstrap')",
        &[],
    )?;
    let names = found.rows.iter().filter_map(|row| row.first()?.as_text());
    let names: Vec<String> = names.map(quote_identifier).collect();
    if names.is_empty() {
        return Ok(());
    }
    administrator.batch(&format!("DROP ROLE {}", names.join(", ")))
}

fn attempt(
    server: &Server,
    scripts: &Scripts,
    dialect: &'static Relational,
    roles: &[String],
) -> Result<Database, Stopped> {
    let mut administrator = server.connect("postgres", ADMINISTRATOR).map_err(environment)?;
    let mut all = |sql: &str| administrator.batch(sql).map_err(environment);
    let runner = quote_identifier(RUNNER);
    // It can do nothing to the machine: no files, no programs, no other databases.
    all(&format!(
        "CREATE ROLE {runner} LOGIN CREATEROLE BYPASSRLS REPLICATION"
    ))?;
    all(&format!(
        "CREATE DATABASE {DATABASE} OWNER {runner} STRATEGY FILE_COPY"
    ))?;
    if server.version().major >= 16 {
        all(&format!(
            "ALTER ROLE {runner} SET createrole_self_grant = 'set, inherit'"
        ))?;
    }
    for role in roles {
        let role = quote_identifier(role);
        all(&format!("CREATE ROLE {role}"))?;
        all(&format!("GRANT {role} TO {runner} WITH ADMIN OPTION"))?;
    }
    let mut extensions = server.connect(DATABASE, ADMINISTRATOR).map_err(environment)?;
    for (file, statements) in &scripts.statements {
        // Each file begins as `psql -f` would: what one sets does not reach the next.
        let mut connection = server.connect(DATABASE, RUNNER).map_err(environment)?;
        for range in statements {
            let text = text_of(&scripts.sources, *file, range);
            if is_about_extension(text) {
                // Another session makes it, and has to see what this one has made: the schema that it goes to.
                let open = is_open(&mut connection).map_err(environment)?;
                run(&mut extensions, scripts, *file, range, dialect)?;
                if open {
                    connection.batch("BEGIN").map_err(environment)?;
                }
                continue;
            }
            if server.version().major < 16 && giving::speaks_of_roles(text) {
                giving::join_all(&mut connection).map_err(environment)?;
            }
            run(&mut connection, scripts, *file, range, dialect)?;
        }
        if is_open(&mut connection).map_err(environment)? {
            return Err(unended(*file, statements));
        }
    }
    engine::introspect(&mut extensions, dialect).map_err(environment)
}

/// Many extensions may only be made by a superuser. What they hold was put on this machine by its administrator.
fn is_about_extension(statement: &str) -> bool {
    let mut scanner = super::words::Scanner::new(statement, true);
    let mut word = || match scanner.next() {
        Ok(Some((super::words::Word::Plain(word), _))) => word.to_ascii_lowercase(),
        _ => String::new(),
    };
    match word().as_str() {
        "create" => word() == "extension",
        "comment" => word() == "on" && word() == "extension",
        _ => false,
    }
}

/// Whether a transaction was begun and not ended; it is ended by asking.
fn is_open(connection: &mut Connection) -> Result<bool, EngineError> {
    connection.take_notices();
    connection.batch("COMMIT")?;
    // Without one the server warns that there is nothing to commit.
    Ok(!connection
        .take_notices()
        .iter()
        .any(|notice| notice.code == "25P01"))
}

fn unended(file: FileId, statements: &[Range<usize>]) -> Stopped {
    let place = statements.last().cloned().unwrap_or_default();
    let finding = Diagnostic::new(
        &codes::SCRIPT_UNREAD,
        span(file, &place),
        "the script begins a transaction that it does not end",
    );
    Stopped::Failed(
        Fault::State,
        Box::new(finding.help("write `COMMIT;` at its end; without it nothing of it would be kept")),
    )
}

fn text_of<'s>(sources: &'s Sources, file: FileId, range: &Range<usize>) -> &'s str {
    sources.text(span(file, range))
}

/// SQLite reaches other files by two statements, which need not be in a schema.
fn refuse_other_files(sources: &Sources, file: FileId, range: &Range<usize>) -> Result<(), Stopped> {
    let text = text_of(sources, file, range);
    let mut scanner = super::words::Scanner::new(text, false);
    let first = match scanner.next() {
        Ok(Some((super::words::Word::Plain(word), _))) => word.to_ascii_uppercase(),
        _ => String::new(),
    };
    if !matches!(first.as_str(), "ATTACH" | "DETACH" | "VACUUM") {
        return Ok(());
    }
    let finding = Diagnostic::new(
        &codes::STATEMENT_FAILED,
        span(file, &first_line(text, range)),
        format!("`{first}` is not run: it is about files, and not about a schema"),
    );
    Err(Stopped::Failed(
        Fault::State,
        Box::new(finding.help("take it out of the script")),
    ))
}

fn run(
    connection: &mut Connection,
    scripts: &Scripts,
    file: FileId,
    range: &Range<usize>,
    dialect: &Relational,
) -> Result<(), Stopped> {
    let text = text_of(&scripts.sources, file, range);
    let given = match connection.kind() {
        DatabaseKind::Postgres => giving::read(text),
        DatabaseKind::Sqlite | DatabaseKind::Mariadb => None,
    };
    let done = match given {
        Some(given) => giving::run(connection, given, text),
        None => connection.batch(text),
    };
    done.map_err(|error| match error.sql() {
        Some(said) => match missing_role(said) {
            Some(name) => Stopped::Role(name),
            None => Stopped::Failed(
                Fault::State,
                Box::new(refused(scripts, file, range, said, dialect)),
            ),
        },
        None => environment(error),
    })
}

/// The role that a statement takes for granted.
fn missing_role(error: &SqlError) -> Option<String> {
    let name = error
        .message
        .strip_prefix("role \"")?
        .strip_suffix("\" does not exist")?;
    (error.code == "42704").then(|| name.to_owned())
}

fn refused(
    scripts: &Scripts,
    file: FileId,
    range: &Range<usize>,
    error: &SqlError,
    dialect: &Relational,
) -> Diagnostic {
    let text = text_of(&scripts.sources, file, range);
    let place = match error.position {
        Some(position) => word_at(text, position, range.start),
        None => first_line(text, range),
    };
    let statements = scripts
        .statements
        .iter()
        .find(|(id, _)| *id == file)
        .map(|(_, all)| all.as_slice())
        .unwrap_or_default();
    let number = statements
        .iter()
        .position(|each| each == range)
        .map_or(0, |at| at + 1);
    let mut finding = Diagnostic::new(
        &codes::STATEMENT_FAILED,
        span(file, &place),
        format!("{} does not take this statement: {error}", dialect.title),
    )
    .label(format!("in statement {number} of {}", statements.len()));
    finding.help.extend(error.detail.clone());
    finding.help.extend(error.hint.clone());
    if error.code == "42501" {
        finding
            .help
            .push("scripts are run by the owner of an empty database, who is no superuser".to_owned());
    }
    finding
}

/// The word at a position that the server names: characters from 1.
fn word_at(text: &str, position: u32, start: usize) -> Range<usize> {
    let skipped = usize::try_from(position).unwrap_or(1).saturating_sub(1);
    let at = text.char_indices().nth(skipped).map_or(text.len(), |(at, _)| at);
    let rest = text.get(at..).unwrap_or_default();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '"');
    let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    let length = if length == 0 {
        rest.chars().next().map_or(0, char::len_utf8)
    } else {
        length
    };
    start + at..start + at + length
}

fn first_line(text: &str, range: &Range<usize>) -> Range<usize> {
    let length = text.find('\n').unwrap_or(text.len());
    range.start..range.start + length
}
