//! Prints what temporary databases cost on this machine, beside the same done by hand.
//!
//! On ext4, making files is slow for a minute after many were removed, by us or by the same done by hand: run it once
//! and with few rounds for what a user meets, and in a row for the worst case.
//!
//! `cargo run --release -p architrave-engine --example engine_figures -- [folder for temporary files] [rounds]`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a program that prints"
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of its own, with its own arguments and environment"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use engine::{DatabaseUrl, MariadbServer, Server, StartOptions, TemporarySqlite};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let temporary = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let rounds: usize = arguments
        .next()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(8);
    let cache = temporary.join(format!("engine-figures-cache-{}", std::process::id()));
    let mut options = StartOptions::new(&cache, &temporary);
    options.search.path = std::env::var_os("PATH");

    let begun = Instant::now();
    let server = Server::start(&options).unwrap();
    answer(&server);
    println!(
        "PostgreSQL {} in {}, {rounds} rounds; median (least)",
        server.version(),
        temporary.display()
    );
    println!(
        "start and first answer, no template yet   {:>8.1} ms",
        ms(begun.elapsed())
    );
    server.stop();

    let ours = measure(rounds, || {
        let begun = Instant::now();
        let server = Server::start(&options).unwrap();
        answer(&server);
        let took = begun.elapsed();
        server.stop();
        took
    });
    print("start and first answer, from the template", &ours);
    let stop = measure(rounds, || {
        let server = Server::start(&options).unwrap();
        let begun = Instant::now();
        server.stop();
        begun.elapsed()
    });
    print("stop and removal", &stop);
    by_hand(&options, &temporary, rounds, &ours);
    databases(&options, rounds);
    mariadb(&options, rounds);
    let sqlite = measure(rounds, || {
        let begun = Instant::now();
        let file = TemporarySqlite::create(&temporary).unwrap();
        file.connect()
            .unwrap()
            .batch("CREATE TABLE t (id INTEGER PRIMARY KEY)")
            .unwrap();
        begun.elapsed()
    });
    print("SQLite file with one table, with removal", &sqlite);
    std::fs::remove_dir_all(cache).unwrap();
}

/// A copied data folder, started by a shell script: what anybody could do without us.
fn by_hand(options: &StartOptions, temporary: &Path, rounds: usize, ours: &[Duration]) {
    let server = Server::start(options).unwrap();
    let origin = temporary.join(format!("engine-figures-{}", std::process::id()));
    // As its maker left it, from a server that was stopped in good order.
    let program = std::fs::read_link(format!("/proc/{}/exe", server.process_id().unwrap())).unwrap();
    let owner = Command::new("stat")
        .args(["-c", "%u"])
        .arg(server.folder())
        .output()
        .unwrap();
    let owner = String::from_utf8(owner.stdout).unwrap().trim().to_owned();
    run(&format!(
        "kill -INT {} && sleep 1 && cp -a {}/data {}",
        server.process_id().unwrap(),
        server.folder().display(),
        origin.display()
    ));
    let copy = temporary.join(format!("engine-figures-copy-{}", std::process::id()));
    let drop_to = if owner == "0" || rustix::process::geteuid().as_raw() != 0 {
        String::new()
    } else {
        format!("setpriv --reuid={owner} --regid={owner} --clear-groups ")
    };
    let by_hand = measure(rounds, || {
        let (copy, origin, program) = (copy.display(), origin.display(), program.display());
        let script = format!(
            "mkdir -m 700 {copy} && chown --reference={origin} {copy} && cp -a {origin} {copy}/data && \
             {{ {drop_to}{program} -D {copy}/data -k {copy} -c listen_addresses= -c fsync=off -c shared_buffers=32MB \
             -c max_connections=60 2>/dev/null & }}; \
             until grep -q ready {copy}/data/postmaster.pid 2>/dev/null; do sleep 0.002; done"
        );
        let url = format!("postgres://postgres@/postgres?host={copy}")
            .parse::<DatabaseUrl>()
            .unwrap();
        let begun = Instant::now();
        run(&script);
        engine::Connection::open(&url, &engine::ConnectOptions::default())
            .unwrap()
            .query("SELECT 1", &[])
            .unwrap();
        let took = begun.elapsed();
        run(&format!(
            "kill -QUIT $(head -1 {copy}/data/postmaster.pid); while [ -e {copy}/data/postmaster.pid ]; do sleep 0.01; done; sleep 0.05; rm -rf {copy}"
        ));
        took
    });
    print("the same by hand (cp -a, sh)", &by_hand);
    println!(
        "{:<42}{:>8.2}",
        "  ours as a share of that",
        ms(ours[ours.len() / 2]) / ms(by_hand[by_hand.len() / 2])
    );
    std::fs::remove_dir_all(origin).unwrap();
}

fn databases(options: &StartOptions, rounds: usize) {
    let server = Server::start(options).unwrap();
    let mut number = 0;
    let ours = measure(rounds, || {
        number += 1;
        let begun = Instant::now();
        server.create_database(&format!("next{number}")).unwrap();
        server
            .superuser_connection(&format!("next{number}"))
            .unwrap()
            .query("SELECT 1", &[])
            .unwrap();
        begun.elapsed()
    });
    print("the next database in it, until it answers", &ours);
    let mut connection = server.superuser_connection("postgres").unwrap();
    for strategy in ["WAL_LOG", "FILE_COPY"] {
        let times = measure(rounds, || {
            number += 1;
            let begun = Instant::now();
            connection
                .batch(&format!("CREATE DATABASE other{number} STRATEGY {strategy}"))
                .unwrap();
            begun.elapsed()
        });
        print(&format!("  CREATE DATABASE alone, {strategy}"), &times);
    }
    let connects = measure(rounds, || {
        let begun = Instant::now();
        server
            .superuser_connection("next1")
            .unwrap()
            .query("SELECT 1", &[])
            .unwrap();
        begun.elapsed()
    });
    print("connect and first answer", &connects);
}

fn mariadb(options: &StartOptions, rounds: usize) {
    let answered = || {
        let begun = Instant::now();
        let server = MariadbServer::start(options).unwrap();
        server
            .superuser_connection("")
            .unwrap()
            .query("SELECT 1", &[])
            .unwrap();
        (begun.elapsed(), server)
    };
    let (first, server) = answered();
    println!("MariaDB {}", server.version());
    println!("start and first answer, no template yet   {:>8.1} ms", ms(first));
    let mut number = 0;
    let next = measure(rounds, || {
        number += 1;
        let name = format!("next{number}");
        let begun = Instant::now();
        server.create_database(&name).unwrap();
        server
            .superuser_connection(&name)
            .unwrap()
            .query("SELECT 1", &[])
            .unwrap();
        begun.elapsed()
    });
    let connects = measure(rounds, || {
        let begun = Instant::now();
        server
            .superuser_connection("next1")
            .unwrap()
            .query("SELECT 1", &[])
            .unwrap();
        begun.elapsed()
    });
    server.stop();
    let starts = measure(rounds, || {
        let (took, server) = answered();
        server.stop();
        took
    });
    let stops = measure(rounds, || {
        let (_, server) = answered();
        let begun = Instant::now();
        server.stop();
        begun.elapsed()
    });
    print("start and first answer, from the template", &starts);
    print("stop and removal", &stops);
    print("the next database in it, until it answers", &next);
    print("connect and first answer", &connects);
}

fn answer(server: &Server) {
    server
        .superuser_connection("postgres")
        .unwrap()
        .query("SELECT 1", &[])
        .unwrap();
}

fn measure(rounds: usize, mut work: impl FnMut() -> Duration) -> Vec<Duration> {
    let mut times: Vec<Duration> = (0..rounds).map(|_| work()).collect();
    times.sort();
    times
}

fn print(what: &str, times: &[Duration]) {
    println!(
        "{what:<42}{:>8.1} ms ({:.1})",
        ms(times[times.len() / 2]),
        ms(times[0])
    );
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn run(script: &str) {
    let status = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{script}");
}
