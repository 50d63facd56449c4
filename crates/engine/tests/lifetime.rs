//! A temporary database ends with its owner, however that ends.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail loudly"
)]

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Barrier;
use std::time::Instant;

use common::{cache, example, options, processes_in, runs, start, until};
use engine::{Durability, EngineError, Server, TemporarySqlite};
use physical::Value;

#[test]
fn a_server_is_private_and_goes_with_its_value() {
    let server = start(&options());
    let folder = server.folder().to_owned();
    let metadata = std::fs::metadata(&folder).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o700);
    let own = rustix::process::geteuid().as_raw();
    // As root, neither root's nor that of the account which everything unprivileged shares.
    let account = metadata.uid();
    assert!(
        if own == 0 {
            account != 0 && account != 65534
        } else {
            account == own
        },
        "{account}"
    );
    let mut connection = server.superuser_connection("postgres").unwrap();
    let rows = connection
        .query(
            "SELECT name, setting FROM pg_settings WHERE name = 'listen_addresses'",
            &[],
        )
        .unwrap();
    assert_eq!(
        rows.rows,
        [[Value::Text("listen_addresses".into()), Value::Text(String::new())]]
    );
    assert_eq!(connection.version(), server.version());
    let id = server.process_id().unwrap();
    assert!(runs(id));
    drop(server);
    assert!(!runs(id));
    assert!(!folder.exists());
    assert_eq!(processes_in(&folder), Vec::<String>::new());
    assert!(
        connection
            .query("SELECT 1", &[])
            .unwrap_err()
            .is_connection_lost()
    );
}

#[test]
fn other_accounts_cannot_reach_the_socket() {
    let server = start(&options());
    if rustix::process::geteuid().as_raw() != 0 {
        return; // Only root can become another account to try; the mode of the folder is tested above.
    }
    let output = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups", "ls"])
        .arg(server.folder())
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("Permission denied"));
}

#[test]
fn two_starts_at_once_from_a_cold_cache_make_one_template() {
    let cold = tempfile::tempdir().unwrap();
    let mut options = options();
    options.cache = cold.path().join("made/on/demand");
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        let starts: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    barrier.wait();
                    let server = start(&options);
                    server
                        .superuser_connection("postgres")
                        .unwrap()
                        .query("SELECT 1", &[])
                        .unwrap();
                    server.folder().to_owned()
                })
            })
            .collect();
        let folders: Vec<PathBuf> = starts.into_iter().map(|start| start.join().unwrap()).collect();
        assert_ne!(folders[0], folders[1]);
    });
    assert_eq!(templates(&options.cache).len(), 1);
}

#[test]
fn a_damaged_template_is_made_again() {
    let cold = tempfile::tempdir().unwrap();
    let mut options = options();
    options.cache = cold.path().to_owned();
    drop(start(&options));
    let path = templates(&options.cache).remove(0);
    let good = std::fs::read(&path).unwrap();
    let (middle, near_end) = (good.len() / 2, good.len() - 9000);
    for (what, damaged) in [
        ("cut", good[..middle].to_vec()),
        ("flipped", flipped(&good, middle)),
        ("flipped near the end", flipped(&good, near_end)),
        ("empty", Vec::new()),
        ("something else", b"not a template at all".to_vec()),
    ] {
        std::fs::write(&path, damaged).unwrap();
        let server = start(&options);
        server
            .superuser_connection("postgres")
            .unwrap()
            .query("SELECT 1", &[])
            .unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().len() / 100_000,
            good.len() as u64 / 100_000,
            "{what}"
        );
    }
}

fn flipped(bytes: &[u8], position: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[position] ^= 0xff;
    bytes
}

fn templates(cache: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(cache)
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    paths
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("postgres-")
        })
        .collect()
}

/// Runs the helper and reads what it holds: the folder, and the server's process id.
fn hold(end: &str) -> (Child, BufReader<ChildStdout>, PathBuf, Option<u32>) {
    hold_in(&std::env::temp_dir(), end)
}

fn hold_in(folder: &Path, end: &str) -> (Child, BufReader<ChildStdout>, PathBuf, Option<u32>) {
    let mut child = Command::new(example("hold"))
        .args([cache(), folder])
        .arg(end)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    if line.is_empty() {
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        panic!("the helper failed: {said}");
    }
    let folder = PathBuf::from(line.trim());
    line.clear();
    if end != "sqlite" {
        output.read_line(&mut line).unwrap();
    }
    (child, output, folder, line.trim().parse().ok())
}

fn gone(folder: &Path, server: Option<u32>) {
    until("the server has ended", || !server.is_some_and(runs));
    until("the folder is gone", || !folder.exists());
    until("nothing of it runs", || processes_in(folder).is_empty());
}

#[test]
fn kill_9_leaves_nothing() {
    let (mut child, _output, folder, server) = hold("sleep");
    assert!(folder.join("data").is_dir() && runs(server.unwrap()));
    let begun = Instant::now();
    child.kill().unwrap();
    child.wait().unwrap();
    gone(&folder, server);
    assert!(begun.elapsed().as_secs() < 5);
}

#[test]
fn ctrl_c_and_termination_leave_nothing() {
    for signal in [
        rustix::process::Signal::INT,
        rustix::process::Signal::TERM,
        rustix::process::Signal::HUP,
    ] {
        let (mut child, _output, folder, server) = hold("sleep");
        let id = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
        child.wait().unwrap();
        gone(&folder, server);
    }
}

#[test]
fn a_panic_an_exit_and_a_shutdown_leave_nothing() {
    for (end, code) in [("panic", 101), ("exit", 7), ("shutdown", 0)] {
        let (mut child, _output, folder, server) = hold(end);
        assert_eq!(child.wait().unwrap().code(), Some(code), "{end}");
        gone(&folder, server);
    }
}

#[test]
fn kill_9_leaves_no_sqlite_file() {
    let (mut child, _output, folder, _) = hold("sqlite");
    assert!(folder.join("database.sqlite").is_file());
    child.kill().unwrap();
    child.wait().unwrap();
    gone(&folder, None);
}

#[test]
fn what_even_the_watcher_missed_is_swept_by_the_next_start() {
    // A place of its own: whoever else starts something here would sweep, too.
    let place = tempfile::Builder::new().prefix("aw").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let (mut child, _output, folder, server) = hold_in(place.path(), "sleep");
    // The watcher is a shell, and the only process that names the folder and is no server.
    let watcher = watcher_of(&folder);
    let id = rustix::process::Pid::from_raw(watcher).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
    // As long as the owner lives, a sweep leaves its folder alone.
    drop(TemporarySqlite::create(place.path()).unwrap());
    assert!(folder.join("data").is_dir() && runs(server.unwrap()));
    child.kill().unwrap();
    child.wait().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert!(
        runs(server.unwrap()),
        "with its watcher dead, the server is still there"
    );
    drop(TemporarySqlite::create(place.path()).unwrap());
    gone(&folder, server);
}

fn watcher_of(folder: &Path) -> i32 {
    let name = folder.display().to_string();
    let found = std::fs::read_dir("/proc").unwrap().flatten().find_map(|entry| {
        let line = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let ours = line.contains("architrave-watcher") && line.contains(&name);
        ours.then(|| entry.file_name().to_str()?.parse().ok()).flatten()
    });
    found.unwrap()
}

#[test]
fn the_sweep_touches_nothing_that_is_not_a_dead_folder_of_ours() {
    let base = tempfile::tempdir().unwrap();
    let strangers = ["architrave-notes", "architrave-0123456789abcdef", "other"];
    for name in strangers {
        std::fs::create_dir(base.path().join(name)).unwrap();
        std::fs::set_permissions(base.path().join(name), PermissionsExt::from_mode(0o700)).unwrap();
        std::fs::write(base.path().join(name).join("file"), "precious").unwrap();
    }
    // A lock file with other content is not ours either.
    std::fs::write(base.path().join("architrave-notes/owner.lock"), "my own lock\n").unwrap();
    let alive = TemporarySqlite::create(base.path()).unwrap();
    drop(TemporarySqlite::create(base.path()).unwrap());
    assert!(alive.folder().is_dir());
    for name in strangers {
        assert_eq!(
            std::fs::read_to_string(base.path().join(name).join("file")).unwrap(),
            "precious"
        );
    }
}

#[test]
fn a_killed_server_comes_back_with_what_was_committed() {
    let mut options = options();
    options.durability = Durability::Durable;
    let server = start(&options);
    let mut connection = server.superuser_connection("postgres").unwrap();
    connection
        .batch("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
        .unwrap();
    connection.begin().unwrap();
    connection.execute("INSERT INTO t VALUES (2)").unwrap();
    server.kill9();
    assert!(!server.is_running());
    assert!(
        connection
            .query("SELECT 1", &[])
            .unwrap_err()
            .is_connection_lost()
    );
    server.restart().unwrap();
    let mut connection = server.superuser_connection("postgres").unwrap();
    assert_eq!(
        connection.query("SELECT a FROM t", &[]).unwrap().rows,
        [[Value::Int(1)]]
    );
    assert!(server.server_log().contains("was not properly shut down"));
    assert!(matches!(server.restart(), Err(EngineError::Refused { .. })));
    let folder = server.folder().to_owned();
    server.kill9();
    drop(server);
    assert!(!folder.exists());
}

#[test]
fn a_fast_server_forces_nothing_to_disk_and_a_durable_one_does() {
    for (durability, expected) in [(Durability::Fast, "off"), (Durability::Durable, "on")] {
        let mut options = options();
        options.durability = durability;
        let server = start(&options);
        let mut connection = server.superuser_connection("postgres").unwrap();
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            let rows = connection.query(&format!("SHOW {setting}"), &[]).unwrap();
            assert_eq!(rows.scalar(), Some(&Value::Text(expected.into())), "{setting}");
        }
    }
}

#[test]
fn settings_cannot_open_the_server_to_the_network() {
    let mut options = options();
    options.settings = vec![
        ("listen_addresses".into(), "*".into()),
        ("work_mem".into(), "7MB".into()),
    ];
    let server = start(&options);
    let mut connection = server.superuser_connection("postgres").unwrap();
    assert_eq!(
        connection.query("SHOW listen_addresses", &[]).unwrap().scalar(),
        Some(&Value::Text(String::new()))
    );
    assert_eq!(
        connection.query("SHOW work_mem", &[]).unwrap().scalar(),
        Some(&Value::Text("7MB".into()))
    );
}

#[test]
fn what_is_wrong_with_the_search_is_said() {
    let empty = tempfile::tempdir().unwrap();
    let mut options = options();
    options.search.folder = Some(empty.path().to_owned());
    let error = Server::start(&options).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("does not hold `postgres` and `initdb`"),
        "{error}"
    );
    assert!(error.help().unwrap().contains("install PostgreSQL 15 or newer"));
    fake(
        empty.path(),
        "postgres",
        "echo 'postgres (PostgreSQL) 12.9 (Debian 12.9-1)'",
    );
    fake(empty.path(), "initdb", "exit 1");
    let error = Server::start(&options).unwrap_err();
    assert!(
        error.to_string().ends_with("is 12.9, which is too old"),
        "{error}"
    );
}

#[test]
fn a_server_program_that_fails_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    fake(folder.path(), "postgres", "echo 'postgres (PostgreSQL) 16.1'");
    fake(
        folder.path(),
        "initdb",
        "echo 'initdb: error: the moon is full' >&2; exit 1",
    );
    let mut options = options();
    options.search.folder = Some(folder.path().to_owned());
    let error = Server::start(&options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`initdb` failed: initdb: error: the moon is full"
    );
}

fn fake(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn a_start_can_be_given_up() {
    let options = options();
    drop(start(&options));
    options.cancel.cancel();
    assert_eq!(Server::start(&options).unwrap_err(), EngineError::Cancelled);
}

#[test]
fn a_deep_temporary_folder_is_replaced_by_a_short_one() {
    let base = tempfile::tempdir().unwrap();
    let deep = base.path().join("a".repeat(60)).join("b".repeat(60));
    std::fs::create_dir_all(&deep).unwrap();
    let mut options = options();
    options.temporary = deep;
    let server = start(&options);
    server.superuser_connection("postgres").unwrap();
    assert!(server.folder().starts_with("/tmp") || server.folder().starts_with("/private/tmp"));
}

/// Everything above, for somebody who is not root: the same helper, run as another account.
#[test]
fn it_works_without_being_root() {
    if rustix::process::geteuid().as_raw() != 0 {
        return; // Then all the other tests have shown it.
    }
    let base = tempfile::Builder::new()
        .prefix("plain")
        .tempdir_in("/tmp")
        .unwrap();
    std::fs::set_permissions(base.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let program = base.path().join("hold");
    std::fs::copy(example("hold"), &program).unwrap();
    for account in ["65534", "61007"] {
        let cache = base.path().join(format!("cache-{account}"));
        let mut child = Command::new("setpriv")
            .args([
                &format!("--reuid={account}"),
                &format!("--regid={account}"),
                "--clear-groups",
            ])
            .arg(&program)
            .args([&cache, base.path()])
            .arg("sleep")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let folder = PathBuf::from(
            lines
                .next()
                .unwrap_or_else(|| panic!("no server as {account}"))
                .unwrap(),
        );
        let server = lines.next().unwrap().unwrap().parse().unwrap();
        assert_eq!(std::fs::metadata(&folder).unwrap().uid().to_string(), account);
        child.kill().unwrap();
        child.wait().unwrap();
        gone(&folder, Some(server));
    }
}
