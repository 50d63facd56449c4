//! What the tests of this crate share.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its own part")]
#![allow(clippy::disallowed_methods, reason = "tests read the environment they run in")]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use engine::{Connection, EngineError, MariadbServer, Server, SqlError, StartOptions};

/// A cache that the tests of one program share, so that `initdb` runs once.
pub fn cache() -> &'static Path {
    static CACHE: OnceLock<tempfile::TempDir> = OnceLock::new();
    CACHE.get_or_init(|| tempfile::tempdir().unwrap()).path()
}

pub fn options() -> StartOptions {
    let mut options = StartOptions::new(cache(), std::env::temp_dir());
    options.search.path = std::env::var_os("PATH");
    options
}

pub fn start(options: &StartOptions) -> Server {
    Server::start(options).unwrap_or_else(|error| {
        panic!(
            "these tests need PostgreSQL 15 or newer: {error}\nhelp: {}",
            error.help().unwrap_or("none")
        )
    })
}

/// One server for the tests of one program that do not hurt it; each takes a database of its own.
pub fn database(name: &str) -> (&'static Server, Connection) {
    static SERVER: OnceLock<Server> = OnceLock::new();
    let server = SERVER.get_or_init(|| start(&options()));
    server.create_database(name).unwrap();
    let connection = server.superuser_connection(name).unwrap();
    (server, connection)
}

pub fn start_mariadb(options: &StartOptions) -> MariadbServer {
    MariadbServer::start(options).unwrap_or_else(|error| {
        panic!(
            "these tests need MariaDB 10.11 or newer: {error}\nhelp: {}",
            error.help().unwrap_or("none")
        )
    })
}

/// One MariaDB for the tests of one program that do not hurt it; each takes a database of its own.
pub fn mariadb(name: &str) -> (&'static MariadbServer, Connection) {
    static SERVER: OnceLock<MariadbServer> = OnceLock::new();
    let server = SERVER.get_or_init(|| start_mariadb(&options()));
    server.create_database(name).unwrap();
    let connection = server.superuser_connection(name).unwrap();
    (server, connection)
}

pub fn sql(error: &EngineError) -> &SqlError {
    error
        .sql()
        .unwrap_or_else(|| panic!("not an error of a statement: {error:?}"))
}

pub fn until(what: &str, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < deadline, "not within ten seconds: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process runs; one that has ended and waits to be collected does not.
pub fn runs(id: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{id}/stat")) {
        Ok(stat) => !stat
            .rsplit_once(')')
            .is_some_and(|(_, rest)| rest.trim_start().starts_with('Z')),
        Err(_) => Path::new("/proc").read_dir().is_err() && by_ps(id),
    }
}

fn by_ps(id: u32) -> bool {
    std::process::Command::new("ps")
        .args(["-p", &id.to_string()])
        .output()
        .unwrap()
        .status
        .success()
}

/// The processes whose command line names a folder.
pub fn processes_in(folder: &Path) -> Vec<String> {
    let name = folder.display().to_string();
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("cmdline")).ok())
        .map(|line| line.replace('\0', " "))
        .filter(|line| line.contains(&name))
        .collect()
}

pub fn example(name: &str) -> PathBuf {
    // Tests stand in target/<profile>/deps, examples beside them; `cargo test` builds both.
    let deps = std::env::current_exe().unwrap();
    let profile = deps.parent().unwrap().parent().unwrap();
    let path = profile.join("examples").join(name);
    assert!(
        path.is_file(),
        "`{}` is not built: run `cargo build --example {name}`",
        path.display()
    );
    path
}
