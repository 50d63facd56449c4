//! dump
#![allow(warnings, clippy::all)]
use engine::*;
#[test]
fn dump() {
    let file = std::env::var("DUMP").unwrap();
    let sql = std::fs::read_to_string(&file).unwrap();
    let dialect;
    let mut connection;
    let cache = tempfile::tempdir().unwrap();
    let mut options = StartOptions::new(cache.path(), std::env::temp_dir());
    options.search.path = std::env::var_os("PATH");
    let server;
    if std::env::var("LITE").is_ok() {
        dialect = dialects::by_name("sqlite").unwrap();
        connection = Connection::open(
            &DatabaseUrl::Sqlite(cache.path().join("x")),
            &ConnectOptions::default(),
        )
        .unwrap();
    } else {
        dialect = dialects::by_name("postgres").unwrap();
        server = Server::start(&options).unwrap();
        server.create_database("x").unwrap();
        connection = server.superuser_connection("x").unwrap();
    }
    connection.batch(&sql).unwrap();
    let db = engine::introspect(&mut connection, dialect).unwrap();
    println!("{:#?}", db);
}
