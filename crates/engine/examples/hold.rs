//! Holds temporary databases until something happens to it. The tests kill it in all the ways there are.
//!
//! `hold <cache> <temporary> <sleep | panic | exit | shutdown | sqlite>` prints the folder (and the server's process
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
use std::time::Duration;

use engine::{Server, StartOptions, TemporarySqlite};

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
    let server = Server::start(&options).unwrap();
    // A backend that is busy when the end comes, too.
    let mut busy = server.superuser_connection("postgres").unwrap();
    std::thread::spawn(move || busy.query("SELECT pg_sleep(60)", &[]));
    say(&server.folder().display().to_string());
    say(&server.process_id().unwrap().to_string());
    match end.as_str() {
        "panic" => panic!("as told"),
        "exit" => std::process::exit(7),
        "shutdown" => {
            engine::shutdown_all();
            assert!(
                !server.folder().exists(),
                "the folder is gone when the call returns"
            );
            assert_eq!(
                Server::start(&options).unwrap_err(),
                engine::EngineError::Cancelled
            );
        }
        _ => std::thread::sleep(Duration::from_secs(60)),
    }
}

fn say(line: &str) {
    println!("{line}");
    std::io::stdout().flush().unwrap();
}
