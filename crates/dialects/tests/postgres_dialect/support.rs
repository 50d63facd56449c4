//! What these tests share.

use std::path::Path;
use std::sync::OnceLock;

use dialects::postgres::POSTGRES;
use engine::{Connection, Server, StartOptions};
use physical::Database;

fn cache() -> &'static Path {
    static CACHE: OnceLock<tempfile::TempDir> = OnceLock::new();
    CACHE.get_or_init(|| tempfile::tempdir().unwrap()).path()
}

/// A server of its own, for tests that make roles: those belong to the whole cluster.
pub(crate) fn server() -> Server {
    let mut options = StartOptions::new(cache(), std::env::temp_dir());
    options.search.path = std::env::var_os("PATH");
    Server::start(&options).unwrap_or_else(|error| panic!("these tests need PostgreSQL 15 or newer: {error}"))
}

/// A new database on a server that these tests share.
pub(crate) fn database(name: &str) -> Connection {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let server = SERVER.get_or_init(server);
    server.create_database(name).unwrap();
    server.superuser_connection(name).unwrap()
}

pub(crate) fn introspect(connection: &mut Connection) -> Database {
    engine::introspect(connection, &POSTGRES).unwrap_or_else(|error| panic!("{error:?}"))
}

/// Fails with the first place in which two databases differ.
pub(crate) fn assert_same(goal: &Database, found: &Database) {
    let (goal, found) = ((POSTGRES.canonical)(goal), (POSTGRES.canonical)(found));
    if goal == found {
        return;
    }
    let (left, right) = (format!("{goal:#?}"), format!("{found:#?}"));
    let (left, right): (Vec<&str>, Vec<&str>) = (left.lines().collect(), right.lines().collect());
    let at = left
        .iter()
        .zip(&right)
        .position(|(a, b)| a != b)
        .unwrap_or(left.len().min(right.len()));
    let window = at.saturating_sub(25)..at + 12;
    panic!(
        "goal and database differ:\n--- goal\n{}\n--- found\n{}",
        left.get(window.start..window.end.min(left.len()))
            .unwrap_or_default()
            .join("\n"),
        right
            .get(window.start..window.end.min(right.len()))
            .unwrap_or_default()
            .join("\n")
    );
}
