//! What differs when a schema is not what its migrations left: they are run again on a temporary database.

use engine::{
    Access, BinarySearch, ConnectOptions, Connection, DatabaseUrl, EngineError, Server, StartOptions,
    TemporarySqlite,
};
use physical::Database;
use plan::Action;
use project::System as _;
use runner::{Job, Settings, Survey};

use super::Subject;
use crate::Context;
use crate::commands::prove;

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
    let again = Subject {
        url: subject.url.clone(),
        dialect: subject.dialect,
        migrations: migrations.cloned().collect(),
    };
    let found = read(&subject.url, subject).map_err(|error| error.to_string())?;
    let made = replay(context, again, settings)?;
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

fn read(url: &DatabaseUrl, subject: &Subject) -> Result<Database, EngineError> {
    let options = ConnectOptions {
        access: Access::ReadOnly,
        ..ConnectOptions::default()
    };
    let mut connection = Connection::open(url, &options)?;
    let mut found = engine::introspect(&mut connection, subject.dialect)?;
    physical::leave_out_own(&mut found);
    Ok(found)
}

/// The schema that the migrations make of nothing.
fn replay(context: Context, mut subject: Subject, settings: &Settings) -> Result<Database, String> {
    let said = |error: EngineError| error.to_string();
    let temporary = prove::temporary(context);
    // Both are there as long as the value is.
    let (_server, _file);
    match subject.url.clone() {
        DatabaseUrl::Sqlite(_) => {
            let file = TemporarySqlite::create(&temporary).map_err(said)?;
            subject.url = file.url();
            _file = file;
        }
        url @ DatabaseUrl::Postgres(_) => {
            let mut options = StartOptions::new(context.machine.cache(), temporary);
            options.search = BinarySearch {
                path: context.machine.variable("PATH").map(Into::into),
                ..BinarySearch::default()
            };
            let server = Server::start(&options).map_err(said)?;
            subject.url = twin(&server, &url).map_err(said)?;
            _server = server;
        }
    }
    let settings = Settings {
        accept_drift: true,
        ..settings.clone()
    };
    let job = Job {
        system: &context.machine,
        url: &subject.url,
        dialect: subject.dialect,
        migrations: &subject.migrations,
        settings: &settings,
    };
    runner::apply(&job, None, &mut |_| {}).map_err(|stop| stop.message)?;
    read(&subject.url, &subject).map_err(said)
}

/// A database on a temporary server with the same name and the same user: objects belong to whoever makes them.
fn twin(server: &Server, url: &DatabaseUrl) -> Result<DatabaseUrl, EngineError> {
    let user = url.user().unwrap_or(server.superuser());
    let name = url.database();
    let mut connection = server.superuser_connection("postgres")?;
    if user != server.superuser() {
        connection.execute(&format!(
            "CREATE ROLE {} SUPERUSER LOGIN",
            engine::quote_identifier(user)
        ))?;
    }
    if !["postgres", "template1"].contains(&name.as_str()) {
        server.create_database(&name)?;
    }
    Ok(server.url(&name, user))
}
