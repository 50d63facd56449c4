//! A temporary MariaDB ends with its owner, however that ends.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use common::{cache, example, options, processes_in, runs, start_mariadb, until};
use engine::{CancelToken, Durability, EngineError, MariadbServer, TemporarySqlite};
use physical::Value;

#[test]
fn a_server_is_private_and_goes_with_its_value() {
    let server = start_mariadb(&options());
    let folder = server.folder().to_owned();
    let metadata = std::fs::metadata(&folder).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o700);
    let own = rustix::process::geteuid().as_raw();
    let account = metadata.uid();
    assert!(
        if own == 0 {
            account != 0 && account != 65534
        } else {
            account == own
        },
        "{account}"
    );
    let mut connection = server.superuser_connection("").unwrap();
    let settings = "SELECT @@skip_networking, @@log_bin, @@local_infile, @@datadir, @@tmpdir, @@character_set_server, @@lower_case_table_names";
    let rows = connection.query(settings, &[]).unwrap().rows;
    let text = |end: &str| Value::Text(format!("{}{end}", folder.display()));
    let one = Value::Int(1);
    let none = Value::Int(0);
    assert_eq!(
        rows,
        [[
            one,
            none.clone(),
            none.clone(),
            text("/data/"),
            text(""),
            Value::Text("utf8mb4".into()),
            none
        ]]
    );
    // Nobody but the superuser, from nowhere but here; nothing but what MariaDB needs itself.
    let accounts = connection
        .query("SELECT CONCAT(user, '@', host) FROM mysql.user ORDER BY 1", &[])
        .unwrap();
    let accounts: Vec<&str> = accounts
        .rows
        .iter()
        .map(|row| row[0].as_text().unwrap())
        .collect();
    assert_eq!(accounts, ["mariadb.sys@localhost", "root@localhost"]);
    let databases = connection.query("SHOW DATABASES", &[]).unwrap();
    let databases: Vec<&str> = databases
        .rows
        .iter()
        .map(|row| row[0].as_text().unwrap())
        .collect();
    assert_eq!(databases, ["information_schema", "mysql", "performance_schema"]);
    assert_eq!(connection.version(), server.version());
    assert_eq!(MariadbServer::available(&options()).unwrap(), server.version());
    let id = server.process_id().unwrap();
    assert!(runs(id));
    drop(server);
    assert!(!runs(id));
    assert!(!folder.exists());
    assert_eq!(processes_in(&folder), Vec::<String>::new());
    let error = connection.query("SELECT 1", &[]).unwrap_err();
    assert!(error.is_connection_lost(), "{error:?}");
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
                    let server = start_mariadb(&options);
                    let mut connection = server.superuser_connection("").unwrap();
                    connection.query("SELECT 1", &[]).unwrap();
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
    drop(start_mariadb(&options));
    let path = templates(&options.cache).remove(0);
    let good = std::fs::read(&path).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 0xff;
    for (what, damaged) in [
        ("cut", good[..good.len() / 2].to_vec()),
        ("flipped", flipped),
        ("empty", Vec::new()),
    ] {
        std::fs::write(&path, damaged).unwrap();
        let server = start_mariadb(&options);
        server
            .superuser_connection("")
            .unwrap()
            .query("SELECT 1", &[])
            .unwrap();
        let length = std::fs::metadata(&path).unwrap().len();
        assert_eq!(length / 100_000, good.len() as u64 / 100_000, "{what}");
    }
}

fn templates(cache: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(cache).unwrap().flatten();
    entries
        .filter(|entry| entry.file_name().to_str().unwrap().starts_with("mariadb-"))
        .map(|entry| entry.path())
        .collect()
}

/// Runs the helper and reads what it holds: the folder, and the server's process id.
fn hold_in(folder: &Path, end: &str) -> (Child, BufReader<ChildStdout>, PathBuf, u32) {
    let mut child = Command::new(example("hold"))
        .args([cache(), folder])
        .arg(format!("mariadb-{end}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let (mut folder, mut id) = (String::new(), String::new());
    output.read_line(&mut folder).unwrap();
    if folder.is_empty() {
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        panic!("the helper failed: {said}");
    }
    output.read_line(&mut id).unwrap();
    (
        child,
        output,
        PathBuf::from(folder.trim()),
        id.trim().parse().unwrap(),
    )
}

fn hold(end: &str) -> (Child, BufReader<ChildStdout>, PathBuf, u32) {
    hold_in(&std::env::temp_dir(), end)
}

fn gone(folder: &Path, server: u32) {
    until("the server has ended", || !runs(server));
    until("the folder is gone", || !folder.exists());
    until("nothing of it runs", || processes_in(folder).is_empty());
}

#[test]
fn kill_9_leaves_nothing() {
    let (mut child, _output, folder, server) = hold("sleep");
    assert!(folder.join("data").is_dir() && runs(server));
    let begun = Instant::now();
    child.kill().unwrap();
    child.wait().unwrap();
    gone(&folder, server);
    assert!(begun.elapsed().as_secs() < 5);
}

#[test]
fn signals_leave_nothing() {
    use rustix::process::{Pid, Signal, kill_process};
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (mut child, _output, folder, server) = hold("sleep");
        kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
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
fn what_even_the_watcher_missed_is_swept_by_the_next_start() {
    // A place of its own: whoever else starts something here would sweep, too.
    let place = tempfile::Builder::new().prefix("am").tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let (mut child, _output, folder, server) = hold_in(place.path(), "sleep");
    let watcher = rustix::process::Pid::from_raw(watcher_of(&folder)).unwrap();
    rustix::process::kill_process(watcher, rustix::process::Signal::KILL).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    assert!(runs(server), "with its watcher dead, the server is still there");
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
fn a_killed_server_comes_back_with_what_was_committed() {
    let mut options = options();
    options.durability = Durability::Durable;
    let server = start_mariadb(&options);
    server.create_database("kept").unwrap();
    let mut connection = server.superuser_connection("kept").unwrap();
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
    let mut connection = server.superuser_connection("kept").unwrap();
    assert_eq!(
        connection.query("SELECT a FROM t", &[]).unwrap().rows,
        [[Value::Int(1)]]
    );
    assert!(
        server.server_log().contains("crash recovery"),
        "{}",
        server.server_log()
    );
    assert!(matches!(server.restart(), Err(EngineError::Refused { .. })));
    let folder = server.folder().to_owned();
    server.kill9();
    drop(server);
    assert!(!folder.exists());
}

#[test]
fn a_fast_server_forces_nothing_to_disk_and_a_durable_one_does() {
    for (durability, expected) in [(Durability::Fast, 0), (Durability::Durable, 1)] {
        let mut options = options();
        options.durability = durability;
        options.settings = vec![("max-connections".to_owned(), "17".to_owned())];
        let server = start_mariadb(&options);
        let mut connection = server.superuser_connection("").unwrap();
        let said = connection
            .query(
                "SELECT @@innodb_flush_log_at_trx_commit, @@innodb_doublewrite, @@max_connections",
                &[],
            )
            .unwrap();
        let expected = Value::Int(expected);
        assert_eq!(said.rows, [[expected.clone(), expected, Value::Int(17)]]);
    }
}

#[test]
fn databases_are_made_and_dropped_whoever_uses_them() {
    let server = start_mariadb(&options());
    let name = "a`b 'c\u{e9}";
    server.create_database(name).unwrap();
    assert!(server.create_database(name).is_err());
    let mut user = server.superuser_connection(name).unwrap();
    user.batch("CREATE TABLE t (a int); START TRANSACTION; INSERT INTO t VALUES (1)")
        .unwrap();
    server.drop_database(name).unwrap();
    server.drop_database(name).unwrap();
    assert!(user.query("SELECT 1", &[]).unwrap_err().is_connection_lost());
    assert!(matches!(
        server.superuser_connection(name),
        Err(EngineError::Refused { .. })
    ));
}

#[test]
fn what_cannot_start_says_why() {
    let mut wrong = options();
    wrong.settings = vec![("no-such-option".to_owned(), "1".to_owned())];
    let error = MariadbServer::start(&wrong).unwrap_err();
    assert!(error.to_string().contains("no-such-option"), "{error}");
    let mut missing = options();
    missing.search.folder = Some(cache().to_owned());
    let error = MariadbServer::start(&missing).unwrap_err();
    assert!(error.to_string().contains("does not hold `mariadbd`"), "{error}");
    assert!(error.help().unwrap().contains("mariadb-server-core"), "{error:?}");
    assert!(MariadbServer::available(&missing).is_err());
    let given_up = CancelToken::default();
    given_up.cancel();
    let mut options = options();
    options.cancel = given_up;
    assert_eq!(
        MariadbServer::start(&options).unwrap_err(),
        EngineError::Cancelled
    );
}
