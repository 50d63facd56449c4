//! Pairs on PostgreSQL.

use std::sync::OnceLock;

use dialects::postgres::POSTGRES;
use engine::{Connection, Server, StartOptions};
use plan::{Plan, Relational};

use crate::{Product, back, fixtures, forth, run};

fn server() -> &'static Server {
    static SERVER: OnceLock<(tempfile::TempDir, Server)> = OnceLock::new();
    let (_, server) = SERVER.get_or_init(|| {
        let cache = tempfile::tempdir().unwrap();
        let mut options = StartOptions::new(cache.path(), std::env::temp_dir());
        options.search.path = std::env::var_os("PATH");
        let server = Server::start(&options).expect("these tests need PostgreSQL 15 or newer");
        (cache, server)
    });
    server
}

/// A database of a temporary server, which goes with the value.
pub(crate) struct Postgres {
    name: String,
    /// Only closed before the database can go.
    connection: Option<Connection>,
}

impl Product for Postgres {
    fn dialect() -> &'static Relational {
        &POSTGRES
    }

    fn build(name: &str, sql: &str) -> Option<Self> {
        server().create_database(name).unwrap();
        let mut connection = server().superuser_connection(name).unwrap();
        let built = connection.batch(sql).is_ok();
        let made = Self {
            name: name.to_owned(),
            connection: Some(connection),
        };
        built.then_some(made)
    }

    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().unwrap()
    }

    fn carelessly() -> (&'static str, &'static str) {
        (
            "SET session_replication_role = replica",
            "SET session_replication_role = origin",
        )
    }

    fn up(&mut self, plan: &Plan) -> Result<(), String> {
        run(self.connection(), &forth(&plan.steps))
    }

    fn down(&mut self, plan: &Plan) -> Result<(), String> {
        run(self.connection(), &back(&plan.steps)?)
    }

    /// The server's own dump, line by line: columns come in the order in which they were added.
    fn dump(&mut self) -> Vec<String> {
        let login = server().url(&self.name, server().superuser()).login().unwrap();
        let output = std::process::Command::new("pg_dump")
            .args(["-h", &login.host, "-p", &login.port.to_string()])
            .args(["-U", &login.user, "-s", "-d", &login.database])
            .output()
            .expect("these tests need pg_dump");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("dump complete"), "{} cannot be dumped", self.name);
        let mut lines: Vec<String> = text
            .lines()
            .map(|line| line.trim_end().trim_end_matches(',').to_owned())
            .filter(|line| !(line.is_empty() || line.starts_with("--") || line.starts_with('\\')))
            .collect();
        lines.sort();
        lines
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.connection.take());
        if let Ok(mut superuser) = server().superuser_connection("postgres") {
            let _ = superuser.execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

#[test]
fn postgres() {
    crate::try_all::<Postgres>(fixtures("postgres"));
}
