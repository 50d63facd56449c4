//! What these tests share.

use std::path::Path;
use std::sync::OnceLock;

use dialects::mariadb::{catalog, read_catalog};
use engine::{Connection, MariadbServer, StartOptions};
use physical::{Database, Rows, Table};

fn cache() -> &'static Path {
    static CACHE: OnceLock<tempfile::TempDir> = OnceLock::new();
    CACHE.get_or_init(|| tempfile::tempdir().unwrap()).path()
}

/// The server that these tests share.
pub(crate) fn server() -> &'static MariadbServer {
    static SERVER: OnceLock<MariadbServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        let mut options = StartOptions::new(cache(), std::env::temp_dir());
        options.search.path = std::env::var_os("PATH");
        MariadbServer::start(&options).unwrap_or_else(|error| {
            panic!(
                "these tests need MariaDB 10.11 or newer: {error}\n{:?}",
                error.help()
            )
        })
    })
}

/// A new database whose tables compare text as ours do.
pub(crate) fn database(name: &str) -> Connection {
    server().create_database(name).unwrap();
    let mut connection = server().superuser_connection(name).unwrap();
    connection
        .batch("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin")
        .unwrap();
    connection
}

pub(crate) fn answers(connection: &mut Connection) -> Vec<Rows> {
    connection.begin_snapshot().unwrap();
    let answers = catalog().iter().map(|query| {
        let answer = connection.query(query.sql, &[]);
        answer.unwrap_or_else(|error| panic!("{}: {error:?}", query.name))
    });
    let answers = answers.collect();
    connection.rollback().unwrap();
    answers
}

pub(crate) fn read(connection: &mut Connection) -> Database {
    read_catalog(&answers(connection)).unwrap()
}

/// Makes a schema, and reads it.
pub(crate) fn made(name: &str, sql: &str) -> (Connection, Database) {
    let mut connection = database(name);
    connection.batch(sql).unwrap_or_else(|error| panic!("{error}"));
    let found = read(&mut connection);
    (connection, found)
}

pub(crate) fn table<'d>(database: &'d Database, name: &str) -> &'d Table {
    let mut tables = database.tables.iter();
    tables.find(|table| table.name.name.as_str() == name).unwrap()
}

/// Kind, name, detail and definition of what was not taken apart.
pub(crate) fn opaque(database: &Database) -> Vec<[&str; 4]> {
    let all = database.opaque.iter().map(|it| {
        [
            it.kind.as_str(),
            it.name.name.as_str(),
            it.detail.as_str(),
            it.definition.as_str(),
        ]
    });
    all.collect()
}

/// What was not taken apart goes and comes back by its own statements.
pub(crate) fn comes_back(connection: &mut Connection, found: &Database) {
    let whole = || found.opaque.iter().filter(|it| !it.is_unread());
    for it in whole().rev() {
        if let Some(undo) = &it.undo {
            let done = connection.batch(undo);
            done.unwrap_or_else(|error| panic!("{undo}: {error}"));
        }
    }
    let gone = read(connection);
    for it in whole().filter(|it| it.undo.is_some()) {
        assert!(!gone.opaque.contains(it), "{it:?} is still there");
    }
    for it in whole() {
        let done = connection.batch(&it.definition);
        done.unwrap_or_else(|error| panic!("{}: {error}", it.definition));
    }
    assert_eq!(read(connection), *found);
}
