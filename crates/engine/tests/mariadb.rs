//! Statements, values and errors on MariaDB.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly"
)]

mod common;

use common::{mariadb, sql};
use engine::{Connection, SqlErrorKind};
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
