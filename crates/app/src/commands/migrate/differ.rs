//! What differs when a schema is not what its migrations left: they are run again on a temporary database.

use engine::{
    Access, ConnectOptions, Connection, DatabaseUrl, EngineError, Server, StartOptions, TemporarySqlite,
};
use journal::Migration;
use physical::Database;
use plan::{Action, Relational};
use runner::{Job, Settings, Stop, Survey};

use super::Subject;
use crate::Context;
use crate::commands::diff;

/// No list of differences is longer; whoever has more has another database.
const MOST: usize = 50;

/// The statements that would make of what the migrations lead to what the database has.
///
/// Answers why it cannot be said when files are not as they were applied, there is no server for a temporary database, or the two
/// cannot be compared.
pub(super) fn explain(
    context: Context,
    subject: &Subject,
    settings: &Settings,
    survey: &Survey,
) -> Result<Vec<String>, String> {
    let applied = survey.migrations.iter().filter(|entry| entry.is_applied());
    if applied.clone().any(|entry| entry.hindrance().is_some()) {
        return Err("applied files are not as they were".to_owned());
    }
    let numbers: Vec<i64> = applied.map(|entry| entry.number).collect();
    let migrations = subject
        .migrations
        .iter()
        .filter(|it| numbers.contains(&it.number));
    let migrations: Vec<Migration> = migrations.cloned().collect();
    beyond(context, subject, settings, &migrations)
}

/// Those statements, when it is known which migrations should have led there.
pub(super) fn beyond(
    context: Context,
    subject: &Subject,
    settings: &Settings,
    migrations: &[Migration],
) -> Result<Vec<String>, String> {
    let said = |error: EngineError| error.to_string();
    let found = read(&subject.url, subject.dialect).map_err(said)?;
    let start = diff::start_options(context, None);
    let twin = (subject.url.database(), subject.url.user().map(str::to_owned));
    let replica = Replica::new(&start, subject.dialect, (&twin.0, twin.1.as_deref())).map_err(said)?;
    replica
        .apply(context, migrations, settings)
        .map_err(|stop| stop.message)?;
    let made = replica.read().map_err(said)?;
    let plan = migrate::plan(&made, &found, subject.dialect).map_err(|refused| refused.to_string())?;
    let mut statements = Vec::new();
    for step in &plan.steps {
        let Action::Sql(some) = &step.action;
        statements.extend(some.iter().cloned());
    }
    let more = statements.len().saturating_sub(MOST);
    statements.truncate(MOST);
    if more > 0 {
        statements.push(format!("… and {more} more"));
    }
    Ok(statements)
}

fn read(url: &DatabaseUrl, dialect: &Relational) -> Result<Database, EngineError> {
    let options = ConnectOptions {
        access: Access::ReadOnly,
        ..ConnectOptions::default()
    };
    let mut connection = Connection::open(url, &options)?;
    let mut found = engine::introspect(&mut connection, dialect)?;
    physical::leave_out_own(&mut found);
    Ok(found)
}

/// A temporary database that migrations are run on.
pub(super) struct Replica {
    pub(super) url: DatabaseUrl,
    dialect: &'static Relational,
    // Both are there as long as the value is.
    _server: Option<Server>,
    _file: Option<TemporarySqlite>,
}

impl Replica {
    /// On PostgreSQL the database has this name, and everything is run by this user: objects belong to whoever makes them.
    pub(super) fn new(
        start: &StartOptions,
        dialect: &'static Relational,
        (name, user): (&str, Option<&str>),
    ) -> Result<Self, EngineError> {
        if dialect.name == "sqlite" {
            let file = TemporarySqlite::create(&start.temporary)?;
            return Ok(Self {
                url: file.url(),
                dialect,
                _server: None,
                _file: Some(file),
            });
        }
        if dialect.name != "postgres" {
            return Err(EngineError::Unsupported {
                message: format!("migrations are not run on {} yet", dialect.title),
                help: Some("`architrave build` writes the schema as it is now".to_owned()),
            });
        }
        let server = Server::start(start)?;
        Ok(Self {
            url: prepared(&server, name, user)?,
            dialect,
            _server: Some(server),
            _file: None,
        })
    }

    pub(super) fn apply(
        &self,
        context: Context,
        migrations: &[Migration],
        settings: &Settings,
    ) -> Result<(), Stop> {
        let settings = accepting(settings);
        runner::apply(&self.job(&context, migrations, &settings), None, &mut |_| {}).map(drop)
    }

    /// Rolls back the last of them.
    pub(super) fn rollback(
        &self,
        context: Context,
        migrations: &[Migration],
        settings: &Settings,
    ) -> Result<(), Stop> {
        let settings = accepting(settings);
        let job = self.job(&context, migrations, &settings);
        runner::rollback(&job, None, 1, &mut |_| {}).map(drop)
    }

    fn job<'a>(
        &'a self,
        context: &'a Context,
        migrations: &'a [Migration],
        settings: &'a Settings,
    ) -> Job<'a> {
        Job {
            system: &context.machine,
            url: &self.url,
            dialect: self.dialect,
            migrations,
            settings,
        }
    }

    pub(super) fn read(&self) -> Result<Database, EngineError> {
        read(&self.url, self.dialect)
    }
}

/// What a migration does here is looked at afterwards, whatever it was planned for.
fn accepting(settings: &Settings) -> Settings {
    Settings {
        accept_drift: true,
        ..settings.clone()
    }
}

/// A database on a temporary server, and where it is.
fn prepared(server: &Server, name: &str, user: Option<&str>) -> Result<DatabaseUrl, EngineError> {
    let user = user.unwrap_or(server.superuser());
    let mut connection = server.superuser_connection("postgres")?;
    if user != server.superuser() {
        connection.execute(&format!(
            "CREATE ROLE {} SUPERUSER LOGIN",
            engine::quote_identifier(user)
        ))?;
    }
    if !["postgres", "template1"].contains(&name) {
        server.create_database(name)?;
    }
    Ok(server.url(name, user))
}
