//! From SQL to a database, to what is read of it, to another database.

use std::process::Command;

use dialects::postgres::POSTGRES;
use engine::{Connection, Server, StartOptions};
use physical::Database;

use crate::inputs::Input;

/// What became of a schema.
pub(crate) enum Outcome {
    /// Both databases are the same.
    Same,
    /// They are not, or there is no second one.
    Differs(String),
    /// The first could not be built, and why.
    NotForThisServer(String),
}

/// A server, and the folder that its template is in.
pub(crate) struct Journey {
    server: Server,
    number: usize,
    _cache: tempfile::TempDir,
}

impl Journey {
    pub(crate) fn new() -> Self {
        let cache = tempfile::tempdir().unwrap();
        let mut options = StartOptions::new(cache.path(), std::env::temp_dir());
        options.search.path = std::env::var_os("PATH");
        let server = Server::start(&options)
            .unwrap_or_else(|error| panic!("these tests need PostgreSQL 15 or newer: {error}"));
        Self {
            server,
            number: 0,
            _cache: cache,
        }
    }

    pub(crate) fn take(&mut self, input: &Input) -> Outcome {
        self.number += 1;
        let (first, second) = (
            format!("first_{}", self.number),
            format!("second_{}", self.number),
        );
        self.server.create_database(&first).unwrap();
        self.server.create_database(&second).unwrap();
        let outcome = self.compare(input, &first, &second);
        self.server.drop_database(&first).unwrap();
        self.server.drop_database(&second).unwrap();
        self.forget_roles();
        outcome
    }

    fn compare(&self, input: &Input, first: &str, second: &str) -> Outcome {
        let mut connection = self.connect(first);
        if let Err(why) = self.build(input, &mut connection, first) {
            return Outcome::NotForThisServer(why);
        }
        drop(connection);
        let found = match engine::introspect(&mut self.connect(first), &POSTGRES) {
            Ok(found) => found,
            Err(error) => return Outcome::Differs(format!("reading: {error:?}")),
        };
        let plan = match migrate::plan(&Database::default(), &found, &POSTGRES) {
            Ok(plan) => plan,
            Err(error) => return Outcome::Differs(format!("planning: {error}")),
        };
        if let Err(error) = engine::apply(&mut self.connect(second), &plan.steps) {
            return Outcome::Differs(format!("building: {error}\n  {:?}", error.statement));
        }
        let again = match engine::introspect(&mut self.connect(second), &POSTGRES) {
            Ok(again) => again,
            Err(error) => return Outcome::Differs(format!("reading again: {error:?}")),
        };
        let (before, after) = (self.dump(first), self.dump(second));
        if before != after {
            return Outcome::Differs(format!("dumps:\n{}", difference(&before, &after)));
        }
        let (found, again) = ((POSTGRES.canonical)(&found), (POSTGRES.canonical)(&again));
        if found != again || physical::hash(&found) != physical::hash(&again) {
            let lines = |database: &Database| -> Vec<String> {
                format!("{database:#?}").lines().map(str::to_owned).collect()
            };
            return Outcome::Differs(format!(
                "catalogs:\n{}",
                difference(&lines(&found), &lines(&again))
            ));
        }
        Outcome::Same
    }

    fn connect(&self, database: &str) -> Connection {
        self.server.superuser_connection(database).unwrap()
    }

    fn build(&self, input: &Input, connection: &mut Connection, database: &str) -> Result<(), String> {
        if !input.script {
            return connection.batch(&input.sql).map_err(|error| error.to_string());
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &input.sql).unwrap();
        // Statements that need what this server does not have may fail; what the rest builds is a schema all the same.
        self.client(
            "psql",
            database,
            &["-q", "-X", "-f", &file.path().to_string_lossy()],
        );
        let found = engine::introspect(connection, &POSTGRES).map_err(|error| error.to_string())?;
        if found.tables.is_empty() {
            return Err("no tables".to_owned());
        }
        Ok(())
    }

    /// A program of the server's, on one database.
    fn client(&self, program: &str, database: &str, arguments: &[&str]) -> String {
        let login = self
            .server
            .url(database, self.server.superuser())
            .login()
            .unwrap();
        let output = Command::new(program)
            .args([
                "-h",
                &login.host,
                "-p",
                &login.port.to_string(),
                "-U",
                &login.user,
            ])
            .args(["-d", &login.database])
            .args(arguments)
            .output()
            .unwrap_or_else(|error| panic!("these tests need {program}: {error}"));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The statements of the server's own dump, sorted, each under its heading.
    fn dump(&self, database: &str) -> Vec<String> {
        let text = self.client("pg_dump", database, &["-s", "--no-publications"]);
        let mut parts: Vec<String> = text
            .split("\n--\n-- ")
            .filter(|part| part.starts_with("Name: "))
            .map(|part| {
                let lines = part.lines().filter(|line| {
                    let silent = ["SET ", "\\", "-- PostgreSQL database dump"];
                    !line.is_empty() && *line != "--" && !silent.iter().any(|start| line.starts_with(start))
                });
                lines.collect::<Vec<_>>().join("\n")
            })
            .collect();
        parts.sort();
        assert!(
            text.contains("PostgreSQL database dump complete"),
            "{database} cannot be dumped"
        );
        parts
    }

    /// Roles belong to the cluster: those of one schema shall not help the next.
    fn forget_roles(&self) {
        let mut connection = self.connect("postgres");
        let roles = connection
            .query(
                "SELECT rolname::text FROM pg_roles WHERE rolname !~ '^pg_' AND NOT rolsuper",
                &[],
            )
            .unwrap();
        for row in &roles.rows {
            if let physical::Value::Text(name) = &row[0] {
                connection
                    .batch(&format!("DROP ROLE {}", engine::quote_identifier(name)))
                    .unwrap();
            }
        }
    }
}

/// What only one of two lists holds.
fn difference(before: &[String], after: &[String]) -> String {
    let only = |these: &[String], those: &[String], sign: char| -> Vec<String> {
        let missing = these.iter().filter(|line| !those.contains(line));
        missing.take(12).map(|line| format!("{sign} {line}")).collect()
    };
    let mut out = only(before, after, '-');
    out.extend(only(after, before, '+'));
    out.join("\n")
}
