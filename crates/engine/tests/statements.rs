//! Statements, values and errors, on both databases.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests fail loudly"
)]

mod common;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use common::{database, options, sql, start};
use engine::{Access, ConnectOptions, Connection, DatabaseKind, DatabaseUrl, EngineError, TemporarySqlite};
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
fn every_type_of_postgres_comes_back() {
    let (_, mut it) = database("types");
    it.batch("CREATE TYPE mood AS ENUM ('so so', 'well'); CREATE DOMAIN positive AS int CHECK (VALUE > 0)")
        .unwrap();
    let cases = [
        ("NULL::int", Value::Null),
        ("NULL::numeric", Value::Null),
        ("true", Value::Bool(true)),
        ("false", Value::Bool(false)),
        ("(-32768)::int2", Value::Int(-32768)),
        ("2147483647", Value::Int(2_147_483_647)),
        ("(-9223372036854775808)::int8", Value::Int(i64::MIN)),
        ("4294967295::oid", Value::Int(4_294_967_295)),
        ("0.1::float4", Value::Float(0.1)),
        ("0.1::float8", Value::Float(0.1)),
        ("'-infinity'::float8", Value::Float(f64::NEG_INFINITY)),
        ("'é'::text", text("é")),
        ("'ab'::char(4)", text("ab  ")),
        ("'relation'::name", text("relation")),
        ("'r'::\"char\"", text("r")),
        ("'\\x00ff27'::bytea", Value::Bytes(vec![0, 255, 39])),
        ("''::bytea", Value::Bytes(Vec::new())),
        (
            "12345678901234567890.10::numeric",
            text("12345678901234567890.10"),
        ),
        (
            "'2026-02-28 23:59:59.5+02'::timestamptz",
            text("2026-02-28 21:59:59.5+00"),
        ),
        ("'0044-03-15 BC'::date", text("0044-03-15 BC")),
        ("'1 year 2 days'::interval", text("1 year 2 days")),
        ("'{\"b\":1, \"a\":2}'::json", text("{\"b\":1, \"a\":2}")),
        ("'{\"b\":1, \"a\":2}'::jsonb", text("{\"a\": 2, \"b\": 1}")),
        (
            "'0190b6a0-0000-7000-8000-00000000abcd'::uuid",
            text("0190b6a0-0000-7000-8000-00000000abcd"),
        ),
        ("ARRAY['a,b', NULL, '\"']", text("{\"a,b\",NULL,\"\\\"\"}")),
        ("'[1,3)'::int4range", text("[1,3)")),
        ("'192.168.0.0/16'::inet", text("192.168.0.0/16")),
        ("'well'::mood", text("well")),
        ("7::positive", Value::Int(7)),
        ("ROW(1, 'x')", text("(1,x)")),
        ("'pg_class'::regclass", text("pg_class")),
    ];
    for (expression, expected) in cases {
        assert_eq!(
            one(&mut it, &format!("SELECT {expression}"), &[]),
            expected,
            "{expression}"
        );
        // In the company of a type that only comes as text, each must come back the same.
        let rows = it
            .query(&format!("SELECT {expression}, 1.5::numeric"), &[])
            .unwrap();
        assert_eq!(
            rows.rows,
            [[expected.clone(), text("1.5")]],
            "{expression} with a decimal"
        );
        let rows = it
            .query(
                &format!("SELECT {expression}, $1::numeric -- end"),
                &[text("1.5")],
            )
            .unwrap();
        assert_eq!(
            rows.rows,
            [[expected, text("1.5")]],
            "{expression} with a parameter"
        );
    }
    assert!(matches!(one(&mut it, "SELECT 'nan'::float8", &[]), Value::Float(nan) if nan.is_nan()));
}

#[test]
fn parameters_take_the_type_that_is_wanted() {
    let (_, mut it) = database("parameters");
    it.batch("CREATE TABLE t (i int8, f float8, b bool, x bytea, s text, n numeric, at timestamptz, j jsonb, l int[])")
        .unwrap();
    let row = [
        Value::Int(i64::MAX),
        Value::Float(f64::MIN_POSITIVE),
        Value::Bool(true),
        Value::Bytes(vec![0, 1, 254]),
        text("quo'te \\ back\\\\slash $1 é"),
        text("0.10"),
        text("2026-01-01 00:00:00+00"),
        text("{\"a\": \"it's\"}"),
        text("{1,2}"),
    ];
    assert_eq!(
        it.execute_with("INSERT INTO t VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)", &row)
            .unwrap(),
        1
    );
    assert_eq!(it.query("SELECT * FROM t", &[]).unwrap().rows[0], row);
    let found = it.query(
        "INSERT INTO t VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9) RETURNING *; ",
        &row,
    );
    assert_eq!(
        found.unwrap().rows[0],
        row,
        "rows of decimals that a statement with parameters returns"
    );
    let nulls = vec![Value::Null; 9];
    it.execute_with("INSERT INTO t VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9)", &nulls)
        .unwrap();
    assert_eq!(
        it.query("SELECT * FROM t WHERE i IS NULL", &[]).unwrap().rows,
        [nulls]
    );
    assert_eq!(it.execute("UPDATE t SET i = 1").unwrap(), 3);
    assert_eq!(it.execute("DELETE FROM t WHERE false").unwrap(), 0);
    let columns = it.query("SELECT 1 AS same, 2 AS same", &[]).unwrap().columns;
    assert_eq!(columns, ["same", "same"]);
    assert_eq!(it.query("SELECT 1 WHERE false", &[]).unwrap().columns.len(), 1);
    // The settings of the user must not change how values are read.
    it.batch("CREATE ROLE odd LOGIN SUPERUSER; ALTER ROLE odd SET bytea_output = escape; ALTER ROLE odd SET DateStyle = German; ALTER ROLE odd SET standard_conforming_strings = off")
        .unwrap();
    let (server, _) = database("parameters2");
    let mut odd = server.connect("parameters", "odd").unwrap();
    assert_eq!(
        odd.query("SELECT * FROM t WHERE s = $1 LIMIT 1", &row[4..5])
            .unwrap()
            .rows[0][1..],
        row[1..]
    );
}

#[test]
fn huge_values_and_nul_bytes() {
    let (_, mut postgres) = database("huge");
    let mut sqlite = Connection::sqlite_in_memory().unwrap();
    let long = "é".repeat(8 << 20);
    let bytes: Vec<u8> = (0..=255).cycle().take(16 << 20).collect();
    for (it, cast_text, cast_bytes) in [
        (&mut postgres, "$1::text", "$1::bytea"),
        (&mut sqlite, "?1", "?1"),
    ] {
        assert_eq!(
            one(it, &format!("SELECT {cast_text}"), &[text(&long)]),
            text(&long)
        );
        assert_eq!(
            one(
                it,
                &format!("SELECT {cast_bytes}"),
                &[Value::Bytes(bytes.clone())]
            ),
            Value::Bytes(bytes.clone())
        );
    }
    let error = postgres.query("SELECT $1::text", &[text("a\0b")]).unwrap_err();
    assert_eq!(sql(&error).code, "22021");
    assert_eq!(sql(&postgres.batch("SELECT '\0'").unwrap_err()).code, "22021");
    // The connection is as good as before.
    assert_eq!(one(&mut postgres, "SELECT 1", &[]), Value::Int(1));
    assert_eq!(one(&mut sqlite, "SELECT ?1", &[text("a\0b")]), text("a\0b"));
}

#[test]
fn errors_of_postgres_come_field_by_field() {
    let (_, mut it) = database("errors");
    it.batch(
        "CREATE TABLE t (a int CONSTRAINT t_a_key UNIQUE, b int NOT NULL, CONSTRAINT even CHECK (b % 2 = 0))",
    )
    .unwrap();
    it.execute("INSERT INTO t VALUES (1, 2)").unwrap();
    let error = it.execute("SELEC 1").unwrap_err();
    assert_eq!(
        (sql(&error).code.as_str(), sql(&error).position),
        ("42601", Some(1))
    );
    let error = it
        .execute_with("INSERT INTO t VALUES ($1, 2)", &[Value::Int(1)])
        .unwrap_err();
    let unique = sql(&error);
    assert_eq!(unique.code, "23505");
    assert_eq!(
        (unique.schema.as_deref(), unique.table.as_deref()),
        (Some("public"), Some("t"))
    );
    assert_eq!(unique.constraint.as_deref(), Some("t_a_key"));
    assert_eq!(unique.detail.as_deref(), Some("Key (a)=(1) already exists."));
    assert_eq!(
        error.to_string(),
        "duplicate key value violates unique constraint \"t_a_key\" (23505)"
    );
    let error = it.execute("INSERT INTO t VALUES (2, NULL)").unwrap_err();
    assert_eq!(
        (sql(&error).code.as_str(), sql(&error).column.as_deref()),
        ("23502", Some("b"))
    );
    let error = it.execute("INSERT INTO t VALUES (2, 3)").unwrap_err();
    assert_eq!(
        (sql(&error).code.as_str(), sql(&error).constraint.as_deref()),
        ("23514", Some("even"))
    );
    let error = it
        .batch("DO $$ BEGIN RAISE EXCEPTION 'no' USING HINT = 'try', ERRCODE = 'AR001'; END $$")
        .unwrap_err();
    assert_eq!((error.code(), error.help()), (Some("AR001"), Some("try")));
    assert!(
        sql(&error)
            .context
            .as_deref()
            .unwrap()
            .contains("inline_code_block")
    );
    let error = it.query("SELECT 1; SELECT 2", &[]).unwrap_err();
    assert_eq!(error.code(), Some("42601"));
}

#[test]
fn errors_of_sqlite_come_field_by_field() {
    let mut it = Connection::sqlite_in_memory().unwrap();
    it.batch("CREATE TABLE t (a INTEGER UNIQUE, b INTEGER NOT NULL CONSTRAINT even CHECK (b % 2 = 0), c REFERENCES t (a), UNIQUE (b, c)) STRICT".replace(" c REFERENCES", " c INTEGER REFERENCES").as_str())
        .unwrap();
    assert_eq!(it.execute("INSERT INTO t VALUES (1, 2, NULL)").unwrap(), 1);
    assert_eq!(it.execute("CREATE TABLE other (x)").unwrap(), 0);
    let cases = [
        ("SELEC 1", "SQLITE_ERROR", None, None, None),
        (
            "INSERT INTO t VALUES (1, 4, 1)",
            "SQLITE_CONSTRAINT_UNIQUE",
            Some("t"),
            Some("a"),
            None,
        ),
        (
            "INSERT INTO t VALUES (2, NULL, 1)",
            "SQLITE_CONSTRAINT_NOTNULL",
            Some("t"),
            Some("b"),
            None,
        ),
        (
            "INSERT INTO t VALUES (2, 3, 1)",
            "SQLITE_CONSTRAINT_CHECK",
            None,
            None,
            Some("even"),
        ),
        (
            "INSERT INTO t VALUES (2, 4, 9)",
            "SQLITE_CONSTRAINT_FOREIGNKEY",
            None,
            None,
            None,
        ),
        (
            "INSERT INTO t VALUES (3, 'x', 1)",
            "SQLITE_CONSTRAINT_DATATYPE",
            None,
            None,
            None,
        ),
        // In double quotes, a name that is not there is an error and no text.
        ("SELECT \"not there\"", "SQLITE_ERROR", None, None, None),
        ("SELECT 1; SELECT 2", "SQLITE_MISUSE", None, None, None),
        ("SELECT ?1", "SQLITE_MISUSE", None, None, None),
    ];
    for (statement, code, table, column, constraint) in cases {
        let error = it.execute(statement).unwrap_err();
        let error = sql(&error);
        assert_eq!(error.code, code, "{statement}");
        let named = (
            error.table.as_deref(),
            error.column.as_deref(),
            error.constraint.as_deref(),
        );
        assert_eq!(named, (table, column, constraint), "{statement}");
    }
    let error = it.query("SELECT 'é', nothing", &[]).unwrap_err();
    assert_eq!(sql(&error).position, Some(13));
    let error = it.set_role(Some("x")).unwrap_err();
    assert!(matches!(error, EngineError::Unsupported { .. }));
    assert!(
        it.batch("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema")
            .is_err()
    );
}

#[test]
fn a_transaction_is_whole() {
    let (_, mut postgres) = database("transactions");
    let mut sqlite = Connection::sqlite_in_memory().unwrap();
    for it in [&mut postgres, &mut sqlite] {
        it.batch("CREATE TABLE t (a INTEGER PRIMARY KEY)").unwrap();
        it.transaction(|it| it.execute("INSERT INTO t VALUES (1)"))
            .unwrap();
        let error = it.transaction(|it| {
            it.execute("INSERT INTO t VALUES (2)")?;
            it.execute("INSERT INTO t VALUES (1)")
        });
        assert!(error.unwrap_err().sql().is_some());
        assert_eq!(one(it, "SELECT count(*) FROM t", &[]), Value::Int(1));
        it.rollback().unwrap();
    }
    // PostgreSQL answers COMMIT of a failed transaction with ROLLBACK and no error.
    postgres.begin().unwrap();
    postgres.execute("INSERT INTO t VALUES (3)").unwrap();
    postgres.execute("INSERT INTO t VALUES (1)").unwrap_err();
    assert_eq!(postgres.commit().unwrap_err().code(), Some("25P02"));
    assert_eq!(one(&mut postgres, "SELECT count(*) FROM t", &[]), Value::Int(1));
    postgres.begin_snapshot().unwrap();
    assert_eq!(
        postgres.execute("INSERT INTO t VALUES (4)").unwrap_err().code(),
        Some("25006")
    );
    postgres.rollback().unwrap();
    // A deferred constraint speaks up at the commit.
    postgres
        .batch("ALTER TABLE t ADD b int UNIQUE DEFERRABLE INITIALLY DEFERRED")
        .unwrap();
    let error = postgres
        .transaction(|it| it.batch("INSERT INTO t VALUES (5, 1), (6, 1)"))
        .unwrap_err();
    assert_eq!(error.code(), Some("23505"));
}

#[test]
fn a_role_is_taken_and_given_back() {
    let (server, mut it) = database("roles");
    it.batch("CREATE ROLE \"odd \"\" name\"; CREATE TABLE t (a int)")
        .unwrap();
    it.set_role(Some("odd \" name")).unwrap();
    assert_eq!(
        one(&mut it, "SELECT current_user::text", &[]),
        text("odd \" name")
    );
    assert_eq!(
        it.query("SELECT * FROM t", &[]).unwrap_err().code(),
        Some("42501")
    );
    it.set_role(None).unwrap();
    assert_eq!(
        one(&mut it, "SELECT current_user::text", &[]),
        text(server.superuser())
    );
    it.batch("DO $$ BEGIN RAISE NOTICE 'hear, hear'; END $$").unwrap();
    let notices = it.take_notices();
    assert_eq!((notices.len(), notices[0].message.as_str()), (1, "hear, hear"));
    assert!(it.take_notices().is_empty());
    let pid = one(&mut it, "SELECT pg_backend_pid()", &[]);
    assert_eq!(Some(pid), it.backend_pid().map(Value::Int));
    let copied = it
        .copy_in(
            "COPY t FROM STDIN",
            &mut [b"1\n2".to_vec(), b"\n3\n".to_vec()].into_iter(),
        )
        .unwrap();
    assert_eq!(
        (copied, one(&mut it, "SELECT sum(a) FROM t", &[])),
        (3, Value::Int(6))
    );
    let error = it
        .copy_in("COPY t FROM STDIN", &mut [b"x\n".to_vec()].into_iter())
        .unwrap_err();
    assert_eq!(error.code(), Some("22P02"));
    assert_eq!(one(&mut it, "SELECT count(*) FROM t", &[]), Value::Int(3));
}

const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

#[test]
fn a_statement_is_stopped_by_its_limit_and_by_others() {
    let (_, mut postgres) = database("limits");
    let mut sqlite = Connection::sqlite_in_memory().unwrap();
    for (it, endless) in [(&mut postgres, "SELECT pg_sleep(60)"), (&mut sqlite, ENDLESS)] {
        it.set_statement_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let begun = Instant::now();
        let error = it.query(endless, &[]).unwrap_err();
        assert!(matches!(error, EngineError::Timeout { .. }), "{error:?}");
        assert!((90..5000).contains(&begun.elapsed().as_millis()));
        it.set_statement_timeout(None).unwrap();
        let handle = it.cancel_handle();
        let stopper = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            handle.cancel().unwrap();
        });
        assert_eq!(it.query(endless, &[]).unwrap_err(), EngineError::Cancelled);
        stopper.join().unwrap();
        // Cancelling when nothing runs harms nothing that comes later.
        it.cancel_handle().cancel().unwrap();
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(one(it, "SELECT 1 + 1", &[]), Value::Int(2));
        it.set_statement_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let error = it.query(endless, &[]).unwrap_err();
        assert!(matches!(error, EngineError::Timeout { .. }), "{error:?}");
    }
}

#[test]
fn a_connection_that_is_ended_says_so() {
    let (server, mut it) = database("ended");
    let pid = it.backend_pid().unwrap();
    let mut other = server.superuser_connection("ended").unwrap();
    other
        .query(&format!("SELECT pg_terminate_backend({pid}, 5000)"), &[])
        .unwrap();
    for _ in 0..2 {
        let error = it.query("SELECT 1", &[]).unwrap_err();
        assert!(error.is_connection_lost(), "{error:?}");
        let said =
            "the connection to the database was lost: terminating connection due to administrator command";
        assert_eq!(error.to_string(), said);
    }
    // In the middle of a statement, too.
    let mut it = server.superuser_connection("ended").unwrap();
    let pid = it.backend_pid().unwrap();
    let ender = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        other
            .query(&format!("SELECT pg_terminate_backend({pid})"), &[])
            .unwrap();
    });
    assert!(
        it.query("SELECT pg_sleep(60)", &[])
            .unwrap_err()
            .is_connection_lost()
    );
    ender.join().unwrap();
    // A database whose connection was lost can be dropped, and the server goes on.
    server.drop_database("ended").unwrap();
    server.drop_database("ended").unwrap();
    assert!(matches!(
        server.superuser_connection("ended"),
        Err(EngineError::Refused { .. })
    ));
}

#[test]
fn databases_are_made_from_others() {
    let (server, mut it) = database("original");
    it.batch("CREATE TABLE t AS SELECT 42 AS a").unwrap();
    let error = server.create_database("original").unwrap_err();
    assert_eq!(error.code(), Some("42P04"));
    let error = server.clone_database("copy \" of it", "original").unwrap_err();
    assert_eq!(error.code(), Some("55006"), "somebody is connected to it");
    drop(it);
    common::until("the connection has ended", || {
        server.clone_database("copy \" of it", "original").is_ok()
    });
    let mut copy = server.superuser_connection("copy \" of it").unwrap();
    assert_eq!(one(&mut copy, "SELECT a FROM t", &[]), Value::Int(42));
    server.drop_database("copy \" of it").unwrap();
}

/// A file system of a few megabytes, which only root can make; others skip nothing else.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir_in("/tmp").unwrap();
        let size = format!("size={megabytes}m,mode=1777");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .status();
        std::fs::set_permissions(
            folder.path(),
            std::os::unix::fs::PermissionsExt::from_mode(0o1777),
        )
        .unwrap();
        mounted.is_ok_and(|status| status.success()).then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let status = Command::new("umount").arg(self.path()).status();
        assert!(std::thread::panicking() || status.unwrap().success());
    }
}

#[test]
fn a_full_disk_is_called_that() {
    let Some(disk) = SmallDisk::new(60) else {
        assert_ne!(
            rustix::process::geteuid().as_raw(),
            0,
            "root can usually mount a small disk for this test"
        );
        return full_disk_by_limit();
    };
    let mut options = options();
    options.temporary = disk.path().to_owned();
    let server = start(&options);
    assert!(server.folder().starts_with(disk.path()));
    let mut it = server.superuser_connection("postgres").unwrap();
    it.batch("CREATE TABLE t (a text)").unwrap();
    let mut fill = || -> Result<(), EngineError> {
        for _ in 0..200 {
            it.execute("INSERT INTO t SELECT repeat(md5(i::text), 30) FROM generate_series(1, 2000) i")?;
        }
        Ok(())
    };
    let error = server.explain(fill().unwrap_err());
    assert!(error.is_disk_full(), "{error:?}");
    assert!(error.to_string().starts_with("the disk is full: "), "{error}");
    let folder = server.folder().to_owned();
    drop(server);
    assert!(!folder.exists());

    // There is no room for a second server on a disk that is nearly full.
    std::fs::write(disk.path().join("ballast"), vec![0; 50 << 20]).unwrap();
    let error = engine::Server::start(&options).unwrap_err();
    assert!(error.is_disk_full(), "{error:?}");
    let left = std::fs::read_dir(disk.path()).unwrap().count();
    assert_eq!(left, 1, "only the ballast is left");

    let file = TemporarySqlite::create(disk.path()).unwrap();
    let mut it = file.connect().unwrap();
    it.batch("CREATE TABLE t (a)").unwrap();
    let error = it
        .execute("INSERT INTO t VALUES (zeroblob(20 << 20))")
        .unwrap_err();
    assert!(error.is_disk_full(), "{error:?}");
}

/// What anybody can do: SQLite's own limit on the size of a file.
fn full_disk_by_limit() {
    let mut it = Connection::sqlite_in_memory().unwrap();
    it.batch("CREATE TABLE t (a)").unwrap();
    it.query("PRAGMA max_page_count = 10", &[]).unwrap();
    assert!(
        it.execute("INSERT INTO t VALUES (zeroblob(1 << 20))")
            .unwrap_err()
            .is_disk_full()
    );
}

#[test]
fn sqlite_files_are_opened_as_asked() {
    let file = TemporarySqlite::create(&std::env::temp_dir()).unwrap();
    let mut it = file.connect().unwrap();
    assert_eq!(it.kind(), DatabaseKind::Sqlite);
    assert_eq!(it.version().major, 3);
    for (pragma, value) in [
        ("foreign_keys", 1),
        ("recursive_triggers", 1),
        ("trusted_schema", 0),
    ] {
        assert_eq!(
            one(&mut it, &format!("PRAGMA {pragma}"), &[]),
            Value::Int(value),
            "{pragma}"
        );
    }
    assert_eq!(one(&mut it, "PRAGMA journal_mode", &[]), text("wal"));
    it.batch("CREATE TABLE t (a); INSERT INTO t VALUES (x'ff'), (CAST(x'ff' AS TEXT)), (1.5), (NULL), ('é')")
        .unwrap();
    let mut reader = file.connect_read_only().unwrap();
    let expected = [
        Value::Bytes(vec![255]),
        Value::Bytes(vec![255]),
        Value::Float(1.5),
        Value::Null,
        text("é"),
    ];
    let rows = reader.query("SELECT a FROM t", &[]).unwrap().rows;
    assert_eq!(rows, expected.map(|value| vec![value]));
    let error = reader.execute("DELETE FROM t").unwrap_err();
    assert!(error.code().unwrap().starts_with("SQLITE_READONLY"), "{error:?}");

    let missing = DatabaseUrl::parse(file.folder().join("missing").to_str().unwrap()).unwrap();
    let existing = ConnectOptions {
        access: Access::Existing,
        ..ConnectOptions::default()
    };
    assert!(matches!(
        Connection::open(&missing, &existing),
        Err(EngineError::Unavailable { .. })
    ));
    let text_file = file.folder().join("notes.txt");
    std::fs::write(
        &text_file,
        "this is no database, however long it may be".repeat(100),
    )
    .unwrap();
    let url = DatabaseUrl::parse(text_file.to_str().unwrap()).unwrap();
    let error = Connection::open(&url, &existing).unwrap_err();
    assert!(error.to_string().ends_with("is not a SQLite database"), "{error}");
}
