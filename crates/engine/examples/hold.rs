//! Holds temporary databases until something happens to it. The tests kill it in all the ways there are.
//!
//! `hold <cache> <temporary> <sleep | panic | exit | shutdown | sqlite>` (with `mariadb-` before it: with that server) prints the folder (and the server's process
//! id), one a line, and then does what it was told.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a program for tests"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of its own, with its own arguments and environment"
)]

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use engine::{EngineError, MariadbServer, Server, StartOptions, TemporarySqlite};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [cache, temporary, end] = arguments.as_slice() else {
        panic!("three arguments are needed")
    };
    if end == "sqlite" {
        let file = TemporarySqlite::create(temporary.as_ref()).unwrap();
        file.connect().unwrap().batch("CREATE TABLE t (a)").unwrap();
        say(&file.folder().display().to_string());
        std::thread::sleep(Duration::from_secs(60));
        return;
    }
    let mut options = StartOptions::new(cache, temporary);
    options.search.path = std::env::var_os("PATH");
    match end.strip_prefix("mariadb-") {
        Some(end) => hold_mariadb(&options, end),
        None => hold_postgres(&options, end),
    }
}

fn hold_postgres(options: &StartOptions, end: &str) {
    let server = Server::start(options).unwrap();
    // A backend that is busy when the end comes, too.
    let mut busy = server.superuser_connection("postgres").unwrap();
    std::thread::spawn(move || busy.query("SELECT pg_sleep(60)", &[]));
    wait(server.folder(), server.process_id().unwrap(), end, &|| {
        Server::start(options).unwrap_err()
    });
}

fn hold_mariadb(options: &StartOptions, end: &str) {
    let server = MariadbServer::start(options).unwrap();
    let mut busy = server.superuser_connection("").unwrap();
    std::thread::spawn(move || busy.query("SELECT SLEEP(60)", &[]));
    wait(server.folder(), server.process_id().unwrap(), end, &|| {
        MariadbServer::start(options).unwrap_err()
    });
}

fn wait(folder: &Path, process: u32, end: &str, again: &dyn Fn() -> EngineError) {
    say(&folder.display().to_string());
    say(&process.to_string());
    match end {
        "panic" => panic!("as told"),
        "exit" => std::process::exit(7),
        "shutdown" => {
            engine::shutdown_all();
            assert!(!folder.exists(), "the folder is gone when the call returns");
            assert_eq!(again(), EngineError::Cancelled);
        }
        _ => std::thread::sleep(Duration::from_secs(60)),
    }
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().unwrap();
}
