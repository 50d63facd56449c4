//! Statements, values and errors on MariaDB.

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
fn every_type_comes_back() {
    let (_, mut it) = mariadb("types");
    let cases = [
        ("tinyint", "-128", Value::Int(-128)),
        ("tinyint(1)", "1", Value::Int(1)),
        ("tinyint unsigned", "255", Value::Int(255)),
        ("smallint", "-32768", Value::Int(-32768)),
        ("mediumint unsigned", "16777215", Value::Int(16_777_215)),
        ("int", "-2147483648", Value::Int(-2_147_483_648)),
        ("int unsigned", "4294967295", Value::Int(4_294_967_295)),
        ("bigint", "-9223372036854775808", Value::Int(i64::MIN)),
        ("bigint unsigned", "9223372036854775807", Value::Int(i64::MAX)),
        (
            "bigint unsigned",
            "18446744073709551615",
            text("18446744073709551615"),
        ),
        ("year", "2026", Value::Int(2026)),
        ("float", "16777215", Value::Float(16_777_215.0)),
        ("float", "0.1", Value::Float(0.1)),
        ("double", "0.1", Value::Float(0.1)),
        ("double", "1.7976931348623157e308", Value::Float(f64::MAX)),
        (
            "decimal(30,10)",
            "12345678901234567890.1",
            text("12345678901234567890.1000000000"),
        ),
        ("char(4)", "'ab'", text("ab")),
        ("varchar(9)", "'é🙂 '", text("é🙂 ")),
        ("longtext", "'a\\\\b'", text("a\\b")),
        ("enum('so so','it''s')", "'it''s'", text("it's")),
        ("set('a','b')", "'a,b'", text("a,b")),
        ("json", "'{\"b\": 1, \"a\":2}'", text("{\"b\": 1, \"a\":2}")),
        (
            "uuid",
            "'0190b6a0-0000-7000-8000-00000000abcd'",
            text("0190b6a0-0000-7000-8000-00000000abcd"),
        ),
        ("inet6", "'::1'", text("::1")),
        ("inet4", "'10.0.0.1'", text("10.0.0.1")),
        ("binary(3)", "x'00ff'", Value::Bytes(vec![0, 255, 0])),
        ("varbinary(3)", "x'00ff27'", Value::Bytes(vec![0, 255, 39])),
        ("longblob", "''", Value::Bytes(Vec::new())),
        ("bit(10)", "b'1100000001'", Value::Bytes(vec![3, 1])),
        ("date", "'2026-02-28'", text("2026-02-28")),
        ("datetime", "'2026-02-28 23:59:59'", text("2026-02-28 23:59:59")),
        (
            "datetime(6)",
            "'2026-02-28 00:00:00'",
            text("2026-02-28 00:00:00.000000"),
        ),
        (
            "datetime(3)",
            "'2026-02-28 23:59:59.5'",
            text("2026-02-28 23:59:59.500"),
        ),
        (
            "timestamp(6)",
            "'2026-02-28 23:59:59.5'",
            text("2026-02-28 23:59:59.500000"),
        ),
        ("time", "'-838:59:59'", text("-838:59:59")),
        ("time(6)", "'00:00:01.000001'", text("00:00:01.000001")),
        (
            "point",
            "point(1, 2)",
            Value::Bytes({
                let mut bytes = vec![0, 0, 0, 0, 1, 1, 0, 0, 0];
                bytes.extend(1.0_f64.to_le_bytes());
                bytes.extend(2.0_f64.to_le_bytes());
                bytes
            }),
        ),
    ];
    for (number, (ty, written, expected)) in cases.into_iter().enumerate() {
        it.batch(&format!(
            "CREATE TABLE t{number} (v {ty}); INSERT INTO t{number} VALUES (NULL), ({written})"
        ))
        .unwrap_or_else(|error| panic!("{ty}: {error}"));
        let read = |it: &mut Connection, sql: &str| it.query(sql, &[]).unwrap().rows;
        let select = format!("SELECT v FROM t{number} ORDER BY v IS NOT NULL");
        let rows = read(&mut it, &select);
        assert_eq!(rows, [[Value::Null], [expected.clone()]], "{ty}");
        if !matches!(expected, Value::Bytes(_)) || ty.contains("bin") || ty.contains("blob") {
            let added = it.execute_with(
                &format!("INSERT INTO t{number} VALUES (?)"),
                std::slice::from_ref(&expected),
            );
            assert_eq!(added.unwrap(), 1, "{ty}");
            let found = format!("SELECT count(*) FROM t{number} WHERE v = ?");
            if ty != "float" {
                assert_eq!(one(&mut it, &found, &[expected]), Value::Int(2), "{ty}");
            }
        }
    }
    assert_eq!(one(&mut it, "SELECT NULL", &[]), Value::Null);
    assert_eq!(
        one(&mut it, "SELECT utc_timestamp(6) IS NULL", &[]),
        Value::Int(0)
    );
}

#[test]
fn parameters_take_the_type_that_is_wanted() {
    let (_, mut it) = mariadb("parameters");
    it.batch(
        "CREATE TABLE t (i bigint, f double, b tinyint(1), x longblob, s longtext, n decimal(20,2), at datetime(6), j json, u uuid)",
    )
    .unwrap();
    let row = [
        Value::Int(i64::MAX),
        Value::Float(f64::MIN_POSITIVE),
        Value::Bool(true),
        Value::Bytes(vec![0, 1, 254, 39, 92]),
        text("quo'te \\ back\\\\slash ? é🙂 \0 \" `"),
        text("0.10"),
        text("2026-01-01 00:00:00.000000"),
        text("{\"a\": \"it's\"}"),
        text("0190b6a0-0000-7000-8000-00000000abcd"),
    ];
    let insert = "INSERT INTO t VALUES (?,?,?,?,?,?,?,?,?)";
    assert_eq!(it.execute_with(insert, &row).unwrap(), 1);
    let mut expected = row.to_vec();
    expected[2] = Value::Int(1);
    assert_eq!(it.query("SELECT * FROM t", &[]).unwrap().rows, [expected.clone()]);
    let returning = "INSERT INTO t VALUES (?,?,?,?,?,?,?,?,?) RETURNING *";
    assert_eq!(it.query(returning, &row).unwrap().rows, [expected]);
    let nulls = vec![Value::Null; 9];
    it.execute_with(insert, &nulls).unwrap();
    assert_eq!(
        it.query("SELECT * FROM t WHERE i IS NULL", &[]).unwrap().rows,
        [nulls]
    );
    assert_eq!(it.execute("UPDATE t SET i = 1").unwrap(), 3);
    assert_eq!(
        it.execute("UPDATE t SET i = 1").unwrap(),
        3,
        "rows that stay as they are count as well"
    );
    assert_eq!(it.execute("DELETE FROM t WHERE false").unwrap(), 0);
    let columns = it.query("SELECT 1 AS same, 2 AS same", &[]).unwrap().columns;
    assert_eq!(columns, ["same", "same"]);
    assert_eq!(it.query("SELECT 1 AS a WHERE false", &[]).unwrap().columns, ["a"]);
    let error = it.query("SELECT ?", &[]).unwrap_err();
    assert_eq!(sql(&error).code, "07001");
    let error = it.query("SELECT ?", &[Value::Float(f64::INFINITY)]).unwrap_err();
    assert_eq!(sql(&error).code, "22003");
    // One statement is one statement, whatever stands in it.
    let error = it.query("SELECT 1; SELECT 2", &[]).unwrap_err();
    assert_eq!(sql(&error).kind(), SqlErrorKind::Syntax);
    let error = it.execute("DO 1; DROP TABLE t").unwrap_err();
    assert_eq!(sql(&error).kind(), SqlErrorKind::Syntax);
    assert_eq!(one(&mut it, "SELECT count(*) FROM t", &[]), Value::Int(3));
}

#[test]
fn huge_values_travel_whole() {
    let (_, mut it) = mariadb("huge");
    it.batch("CREATE TABLE t (s longtext, b longblob)").unwrap();
    let long = "é".repeat(8 << 20);
    let bytes: Vec<u8> = (0..=255).cycle().take(16 << 20).collect();
    let row = [text(&long), Value::Bytes(bytes)];
    it.execute_with("INSERT INTO t VALUES (?, ?)", &row).unwrap();
    assert_eq!(it.query("SELECT * FROM t", &[]).unwrap().rows, [row]);
}

#[test]
fn a_batch_is_any_number_of_statements() {
    let (_, mut it) = mariadb("batch");
    it.batch(
        "CREATE TABLE t (a int); SELECT 1; INSERT INTO t VALUES (1); -- a semicolon; in a comment\n\
         CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.a = NEW.a + 1; SET NEW.a = NEW.a + 1; END;\n\
         CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; INSERT INTO t VALUES (3); END;\n\
         CALL p(); INSERT INTO t VALUES (10) -- the end",
    )
    .unwrap();
    let rows = it.query("SELECT a FROM t ORDER BY a", &[]).unwrap().rows;
    assert_eq!(rows, [[Value::Int(1)], [Value::Int(5)], [Value::Int(12)]]);
    for nothing in ["", " ", "-- nothing", "DO 1; ", "DO 1; /* nothing */ "] {
        it.batch(nothing).unwrap();
    }
    let error = it
        .batch("INSERT INTO t VALUES (0); INSERT INTO missing VALUES (1); INSERT INTO t VALUES (100)")
        .unwrap_err();
    assert_eq!(
        (sql(&error).kind(), sql(&error).table.as_deref()),
        (SqlErrorKind::Missing, Some("missing"))
    );
    assert_eq!(
        one(&mut it, "SELECT max(a) FROM t", &[]),
        Value::Int(12),
        "what follows an error is not run"
    );
    // What cannot be prepared is run as text.
    it.execute("PREPARE s FROM 'SELECT 5 AS five'").unwrap();
    assert_eq!(one(&mut it, "EXECUTE s", &[]), Value::Int(5));
    assert_eq!(it.query("CALL p()", &[]).unwrap().rows, [[Value::Int(1)]]);
}

#[test]
fn errors_come_with_what_they_are_about() {
    let (_, mut it) = mariadb("errors");
    it.batch(
        "CREATE TABLE p (id int PRIMARY KEY, u varchar(5) NOT NULL, n int, CONSTRAINT `p``u` UNIQUE (u), CONSTRAINT small CHECK (n < 9));\
         CREATE TABLE c (p int, CONSTRAINT c_p FOREIGN KEY (p) REFERENCES p (id));\
         INSERT INTO p VALUES (1, 'a', 1); INSERT INTO c VALUES (1);\
         CREATE TRIGGER r BEFORE DELETE ON c FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'never'",
    )
    .unwrap();
    use SqlErrorKind as K;
    type Case = (&'static str, K, &'static str, u16, [Option<&'static str>; 3]);
    let cases: [Case; 16] = [
        (
            "INSERT INTO p VALUES (1, 'b', 1)",
            K::Unique,
            "23000",
            1062,
            [None, None, Some("PRIMARY")],
        ),
        (
            "INSERT INTO p VALUES (2, 'a', 1)",
            K::Unique,
            "23000",
            1062,
            [None, None, Some("p`u")],
        ),
        (
            "INSERT INTO c VALUES (7)",
            K::ForeignKey,
            "23000",
            1452,
            [Some("c"), None, Some("c_p")],
        ),
        (
            "DELETE FROM p",
            K::ForeignKey,
            "23000",
            1451,
            [Some("c"), None, Some("c_p")],
        ),
        (
            "INSERT INTO p VALUES (2, 'b', 9)",
            K::Check,
            "23000",
            4025,
            [Some("p"), None, Some("small")],
        ),
        (
            "INSERT INTO p VALUES (2, NULL, 1)",
            K::NotNull,
            "23000",
            1048,
            [None, Some("u"), None],
        ),
        (
            "INSERT INTO p (id) VALUES (2)",
            K::NotNull,
            "HY000",
            1364,
            [None, Some("u"), None],
        ),
        (
            "INSERT INTO p VALUES (2, 'too long', 1)",
            K::Value,
            "22001",
            1406,
            [None, Some("u"), None],
        ),
        (
            "INSERT INTO p VALUES (99999999999, 'b', 1)",
            K::Value,
            "22003",
            1264,
            [None, Some("id"), None],
        ),
        (
            "INSERT INTO p VALUES ('x', 'b', 1)",
            K::Value,
            "22007",
            1366,
            [Some("p"), Some("id"), None],
        ),
        (
            "INSERT INTO p VALUES (1 / 0, 'b', 1)",
            K::Value,
            "22012",
            1365,
            [None, None, None],
        ),
        ("DELETE FROM c", K::Raised, "45000", 1644, [None, None, None]),
        (
            "SELECT nothing",
            K::Missing,
            "42S22",
            1054,
            [None, Some("nothing"), None],
        ),
        (
            "SELECT * FROM nowhere",
            K::Missing,
            "42S02",
            1146,
            [Some("nowhere"), None, None],
        ),
        (
            "CREATE TABLE p (a int)",
            K::Exists,
            "42S01",
            1050,
            [Some("p"), None, None],
        ),
        ("SELEC 1", K::Syntax, "42000", 1064, [None, None, None]),
    ];
    for (statement, kind, code, number, [table, column, constraint]) in cases {
        let error = it.execute(statement).unwrap_err();
        let error = sql(&error);
        assert_eq!(
            (error.kind(), error.code.as_str(), error.number),
            (kind, code, Some(number)),
            "{statement}: {error}"
        );
        assert_eq!(
            (
                error.table.as_deref(),
                error.column.as_deref(),
                error.constraint.as_deref()
            ),
            (table, column, constraint),
            "{statement}: {error}"
        );
    }
    assert_eq!(
        one(&mut it, "SELECT 1", &[]),
        Value::Int(1),
        "the connection is as good as before"
    );
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
