//! Sessions, transactions, rights and log-ins on MariaDB.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod common;

use std::time::{Duration, Instant};

use common::{mariadb, sql};
use engine::{
    Access, ConnectOptions, Connection, DatabaseKind, EngineError, MARIADB_SQL_MODE, OLDEST_MARIADB, Secret,
    SqlErrorKind, quote_backticks,
};
use physical::Value;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn one(connection: &mut Connection, sql: &str, parameters: &[Value]) -> Value {
    let rows = connection
        .query(sql, parameters)
        .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    assert_eq!((rows.rows.len(), rows.columns.len()), (1, 1), "{sql}");
    rows.rows[0][0].clone()
}

#[test]
fn a_session_is_strict_whatever_the_server_says() {
    let (server, mut admin) = mariadb("session");
    admin
        .batch("SET GLOBAL sql_mode = '', GLOBAL time_zone = '+05:00', GLOBAL lc_messages = 'de_DE'")
        .unwrap();
    let mut it = server.superuser_connection("session").unwrap();
    admin
        .batch("SET GLOBAL sql_mode = DEFAULT, GLOBAL time_zone = '+00:00', GLOBAL lc_messages = 'en_US'")
        .unwrap();
    let seen = |it: &mut Connection| {
        it.query(
            "SELECT @@sql_mode, @@time_zone, @@collation_connection, @@lc_messages, @@autocommit, @@max_statement_time",
            &[],
        )
        .unwrap()
        .rows
    };
    let before = seen(&mut it);
    let mut said: Vec<&str> = before[0][0].as_text().unwrap().split(',').collect();
    let mut wanted: Vec<&str> = MARIADB_SQL_MODE.split(',').collect();
    said.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(said, wanted);
    assert_eq!(
        before[0][1..],
        [
            text("+00:00"),
            text("utf8mb4_nopad_bin"),
            text("en_US"),
            Value::Int(1),
            Value::Float(0.0)
        ]
    );
    it.batch("SET sql_mode = 'ANSI'; SET time_zone = '+01:00'; SET NAMES latin1; SET autocommit = 0; SET @a = 1; USE mysql; BEGIN")
        .unwrap();
    assert_ne!(seen(&mut it), before);
    it.reset_session().unwrap();
    assert_eq!(seen(&mut it), before);
    assert_eq!(
        one(&mut it, "SELECT concat(DATABASE(), @a IS NULL)", &[]),
        text("session1")
    );
    assert_eq!(it.kind(), DatabaseKind::Mariadb);
    assert!(!it.is_mysql() && !it.is_pooled());
    assert!(it.version() >= OLDEST_MARIADB && it.version() == server.version());
    assert_eq!(
        one(&mut it, "SELECT CONNECTION_ID()", &[]),
        Value::Int(it.backend_pid().unwrap())
    );
    assert_eq!(quote_backticks("a`b"), "`a``b`");
}

#[test]
fn notices_are_kept_until_they_are_asked_for() {
    let (_, mut it) = mariadb("notices");
    it.batch("DROP TABLE IF EXISTS nothing").unwrap();
    it.execute("DROP TABLE IF EXISTS nobody").unwrap();
    let notices = it.take_notices();
    let said: Vec<(&str, &str)> = notices
        .iter()
        .map(|it| (it.severity.as_str(), it.code.as_str()))
        .collect();
    assert_eq!(said, [("NOTE", "1051"), ("NOTE", "1051")]);
    assert!(notices[1].message.contains("nobody"));
    assert!(it.take_notices().is_empty());
}

#[test]
fn transactions_hold_or_fail_whole() {
    let (server, mut it) = mariadb("transactions");
    it.batch("CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t VALUES (1, 0), (2, 0)")
        .unwrap();
    let failed: Result<(), EngineError> = it.transaction(|it| {
        it.execute("INSERT INTO t VALUES (3, 0)")?;
        it.execute("INSERT INTO t VALUES (3, 0)").map(drop)
    });
    assert_eq!(sql(&failed.unwrap_err()).kind(), SqlErrorKind::Unique);
    assert_eq!(one(&mut it, "SELECT count(*) FROM t", &[]), Value::Int(2));
    it.rollback().unwrap();
    // To begin again would commit what is open.
    it.begin().unwrap();
    it.execute("INSERT INTO t VALUES (7, 0)").unwrap();
    assert_eq!(it.begin().unwrap_err().code(), Some("25001"));
    it.rollback().unwrap();
    // A snapshot neither sees what others write nor writes.
    it.begin_snapshot().unwrap();
    let mut other = server.superuser_connection("transactions").unwrap();
    other.execute("INSERT INTO t VALUES (4, 0)").unwrap();
    assert_eq!(one(&mut it, "SELECT count(*) FROM t", &[]), Value::Int(2));
    let error = it.execute("INSERT INTO t VALUES (5, 0)").unwrap_err();
    assert_eq!(sql(&error).kind(), SqlErrorKind::ReadOnly);
    it.rollback().unwrap();
    assert_eq!(one(&mut it, "SELECT count(*) FROM t", &[]), Value::Int(3));
}

#[test]
fn a_transaction_that_a_deadlock_ended_is_not_committed() {
    let (server, mut it) = mariadb("deadlock");
    it.batch("CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)")
        .unwrap();
    let mut other = server.superuser_connection("deadlock").unwrap();
    // The one that has changed less is given up.
    other.begin().unwrap();
    other.execute("UPDATE t SET b = 1 WHERE a IN (2, 3)").unwrap();
    it.begin().unwrap();
    it.execute("UPDATE t SET b = 2 WHERE a = 1").unwrap();
    let waits = std::thread::spawn(move || {
        let waited = other.execute("UPDATE t SET b = 1 WHERE a = 1");
        other.commit().unwrap();
        waited
    });
    std::thread::sleep(Duration::from_millis(200));
    let error = it.execute("UPDATE t SET b = 2 WHERE a = 2").unwrap_err();
    assert_eq!(sql(&error).kind(), SqlErrorKind::Conflict);
    it.execute("INSERT INTO t VALUES (9, 9)").unwrap();
    assert_eq!(it.commit().unwrap_err(), error);
    assert_eq!(waits.join().unwrap().unwrap(), 1);
    assert_eq!(
        one(&mut it, "SELECT sum(b) FROM t", &[]),
        text("12"),
        "9 was written outside of any transaction"
    );
    it.batch("SET innodb_lock_wait_timeout = 1").unwrap();
    let mut other = server.superuser_connection("deadlock").unwrap();
    other.begin().unwrap();
    other.execute("UPDATE t SET b = 1 WHERE a = 1").unwrap();
    let error = it.execute("UPDATE t SET b = 2 WHERE a = 1").unwrap_err();
    assert_eq!(sql(&error).kind(), SqlErrorKind::LockTimeout);
}

#[test]
fn reading_is_all_that_a_reader_may() {
    let (server, mut it) = mariadb("reading");
    it.batch("CREATE TABLE t (a int)").unwrap();
    let options = ConnectOptions {
        access: Access::ReadOnly,
        ..ConnectOptions::default()
    };
    let mut it = Connection::open(&server.url("reading", server.superuser()), &options).unwrap();
    for round in 0..2 {
        for write in [
            "INSERT INTO t VALUES (1)",
            "DROP TABLE t",
            "CREATE TABLE u (a int)",
        ] {
            let error = it.execute(write).unwrap_err();
            assert_eq!(sql(&error).kind(), SqlErrorKind::ReadOnly, "{round} {write}");
            let error = it.transaction(|it| it.batch(write)).unwrap_err();
            assert_eq!(sql(&error).kind(), SqlErrorKind::ReadOnly, "{round} {write}");
        }
        it.reset_session().unwrap();
    }
    assert_eq!(one(&mut it, "SELECT count(*) FROM t", &[]), Value::Int(0));
}

#[test]
fn what_runs_is_stopped_from_another_thread() {
    let (_, mut it) = mariadb("cancel");
    let handle = it.cancel_handle();
    let stopper = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        handle.cancel()
    });
    let begun = Instant::now();
    // SLEEP alone would answer that it was interrupted, by a 1.
    let error = it.query(
        "SELECT count(*) FROM seq_1_to_100000000 a, seq_1_to_100000 b WHERE a.seq + b.seq = 0",
        &[],
    );
    assert_eq!(error.unwrap_err(), EngineError::Cancelled);
    assert!(begun.elapsed() < Duration::from_secs(5));
    stopper.join().unwrap().unwrap();
    assert_eq!(one(&mut it, "SELECT 1", &[]), Value::Int(1));
    // A stop that comes when nothing runs stops nothing.
    it.cancel_handle().cancel().unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(one(&mut it, "SELECT 1", &[]), Value::Int(1));
    assert!(!format!("{:?} {it:?}", it.cancel_handle()).contains("sock"));
}

#[test]
fn a_statement_ends_with_its_time() {
    let (server, mut it) = mariadb("timeout");
    it.set_statement_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let begun = Instant::now();
    let slow = "SELECT count(*) FROM seq_1_to_100000000 a, seq_1_to_100000 b WHERE a.seq + b.seq = 0";
    assert!(matches!(it.query(slow, &[]), Err(EngineError::Timeout { .. })));
    assert!(begun.elapsed() < Duration::from_secs(5));
    it.reset_session().unwrap();
    assert!(
        matches!(it.query(slow, &[]), Err(EngineError::Timeout { .. })),
        "the limit outlives a reset"
    );
    it.set_statement_timeout(None).unwrap();
    it.query("SELECT SLEEP(0.2)", &[]).unwrap();
    let options = ConnectOptions {
        statement_timeout: Some(Duration::from_millis(50)),
        ..ConnectOptions::default()
    };
    let mut it = Connection::open(&server.url("timeout", server.superuser()), &options).unwrap();
    assert!(matches!(it.query(slow, &[]), Err(EngineError::Timeout { .. })));
}

#[test]
fn roles_are_taken_and_given_back() {
    let (server, mut it) = mariadb("roles");
    it.batch(
        "CREATE TABLE t (a int); CREATE ROLE `rea``der`; GRANT SELECT ON roles.t TO `rea``der`;\
         CREATE USER ann@localhost; GRANT `rea``der` TO ann@localhost; GRANT INSERT ON roles.t TO ann@localhost",
    )
    .unwrap();
    let mut ann = server.connect("roles", "ann").unwrap();
    let denied = |it: &mut Connection| sql(&it.query("SELECT * FROM t", &[]).unwrap_err()).kind();
    assert_eq!(denied(&mut ann), SqlErrorKind::Denied);
    ann.set_role(Some("rea`der")).unwrap();
    assert!(ann.query("SELECT * FROM t", &[]).is_ok());
    ann.set_role(None).unwrap();
    assert_eq!(denied(&mut ann), SqlErrorKind::Denied);
    ann.set_role(Some("rea`der")).unwrap();
    ann.reset_session().unwrap();
    assert_eq!(denied(&mut ann), SqlErrorKind::Denied);
}

#[test]
fn who_is_turned_away_is_told_why_and_no_secret() {
    let (server, mut it) = mariadb("away");
    it.batch(
        "CREATE USER bob@localhost IDENTIFIED BY 'c4nary''s \\\\'; GRANT ALL ON away.* TO bob@localhost",
    )
    .unwrap();
    let url = |password: &str| {
        server
            .url("away", "bob")
            .with_user("bob", Some(Secret::new(password)))
    };
    let open = |url: &engine::DatabaseUrl| Connection::open(url, &ConnectOptions::default());
    let mut bob = open(&url("c4nary's \\")).unwrap();
    assert_eq!(one(&mut bob, "SELECT CURRENT_USER()", &[]), text("bob@localhost"));
    assert!(!format!("{bob:?} {:?}", bob.cancel_handle()).contains("c4nary"));
    // Stopping needs the password again.
    bob.cancel_handle().cancel().unwrap();
    let wrong = url("c4nary, wrong");
    for (what, url, help) in [
        ("Access denied", &wrong, "password"),
        (
            "Unknown database",
            &url("c4nary's \\").with_database("nowhere"),
            "database",
        ),
        ("Access denied", &server.url("away", "nobody"), "user"),
    ] {
        let url = match what {
            // Who may not know learns no more than that.
            "Unknown database" => url.with_user(server.superuser(), None),
            _ => url.clone(),
        };
        let error = open(&url).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(matches!(error, EngineError::Refused { .. }), "{said}");
        assert!(
            said.contains(what) && error.help().unwrap().contains(help),
            "{said}"
        );
        assert!(!said.contains("c4nary"), "{said}");
    }
    let folder = tempfile::tempdir().unwrap();
    let nowhere = format!(
        "mariadb://ann:c4nary@/shop?socket={}/none.sock",
        folder.path().display()
    );
    let error = open(&nowhere.parse().unwrap()).unwrap_err();
    assert!(matches!(error, EngineError::Unavailable { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("c4nary"));
    let error = open(&"mysql://ann:c4nary@127.0.0.1:1/shop".parse().unwrap()).unwrap_err();
    assert!(matches!(error, EngineError::Unavailable { .. }), "{error:?}");
}

#[test]
fn whom_the_operating_system_knows_needs_no_password() {
    let output = std::process::Command::new("id").arg("-un").output().unwrap();
    let account = String::from_utf8(output.stdout).unwrap().trim().to_owned();
    // A server of its own: as root, the account is the superuser's.
    let server = common::start_mariadb(&common::options());
    let mut it = server.superuser_connection("").unwrap();
    it.batch(&format!(
        "CREATE OR REPLACE USER {account}@localhost IDENTIFIED VIA unix_socket; \
         CREATE USER unknown@localhost IDENTIFIED VIA unix_socket"
    ))
    .unwrap();
    let mut known = server.connect("", &account).unwrap();
    assert_eq!(
        one(&mut known, "SELECT CURRENT_USER()", &[]),
        text(&format!("{account}@localhost"))
    );
    let error = server.connect("", "unknown").unwrap_err();
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
}

#[test]
fn what_listens_and_says_nothing_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("silent.sock");
    let _silent = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let url = format!("mariadb://ann@/shop?socket={}", path.display())
        .parse()
        .unwrap();
    let options = ConnectOptions {
        patience: Duration::from_millis(200),
        ..ConnectOptions::default()
    };
    let error = Connection::open(&url, &options).unwrap_err();
    assert!(
        error.to_string().contains("does not answer within 200ms"),
        "{error}"
    );
}
