//! Columns: types, defaults, what is computed.

use physical::{DefaultValue, Expr, Identity, SqlType};

use crate::support::{made, opaque, read, table};

fn other(text: &str) -> SqlType {
    SqlType::Other(text.to_owned())
}

#[test]
fn every_type_is_read_as_what_it_holds() {
    let cases = [
        ("boolean", SqlType::Boolean),
        ("tinyint", other("tinyint")),
        ("tinyint unsigned", other("tinyint unsigned")),
        ("smallint", SqlType::SmallInt),
        ("mediumint", other("mediumint")),
        ("int", SqlType::Integer),
        ("int(5)", SqlType::Integer),
        ("int unsigned", other("int unsigned")),
        ("int(7) zerofill", other("int(7) unsigned zerofill")),
        ("bigint", SqlType::BigInt),
        ("bigint unsigned", other("bigint unsigned")),
        ("decimal(12,2)", SqlType::Numeric(Some((12, 2)))),
        ("decimal(12)", SqlType::Numeric(Some((12, 0)))),
        ("float", SqlType::Real),
        ("double", SqlType::Double),
        ("double(9,2)", other("double(9,2)")),
        ("char(4)", SqlType::Char(4)),
        ("varchar(300)", SqlType::Varchar(300)),
        ("tinytext", other("tinytext")),
        ("text", other("text")),
        ("longtext", SqlType::Text),
        ("longtext COMPRESSED", other("longtext /*M!100301 COMPRESSED*/")),
        ("json", SqlType::Json),
        ("binary(16)", other("binary(16)")),
        ("varbinary(9)", other("varbinary(9)")),
        ("blob", other("blob")),
        ("longblob", SqlType::Bytes),
        ("bit(9)", other("bit(9)")),
        ("enum('a','it''s, (b)')", other("enum('a','it''s, (b)')")),
        ("set('a','b')", other("set('a','b')")),
        ("uuid", SqlType::Uuid),
        ("inet6", other("inet6")),
        ("inet4", other("inet4")),
        ("date", SqlType::Date),
        ("time", other("time")),
        ("time(6)", SqlType::Time),
        ("datetime", other("datetime")),
        ("datetime(6)", SqlType::TimestampTz),
        ("timestamp(6) NULL", other("timestamp(6)")),
        ("year", other("year(4)")),
        ("point", other("point")),
    ];
    let columns: Vec<String> = cases
        .iter()
        .enumerate()
        .map(|(number, (ty, _))| format!("c{number} {ty}"))
        .collect();
    let (mut connection, found) = made("types", &format!("CREATE TABLE t ({})", columns.join(", ")));
    let columns = &table(&found, "t").columns;
    for ((said, expected), column) in cases.iter().zip(columns) {
        assert_eq!(column.ty, *expected, "{said}");
        assert!(column.nullable && column.default.is_none(), "{said}: {column:?}");
        assert_eq!(column.collation, None, "{said}");
    }
    assert!(table(&found, "t").checks.is_empty());
    assert_eq!(opaque(&found), [[""; 4]; 0]);
    // A type that stays as it is printed makes the same type again.
    let again: Vec<String> = columns
        .iter()
        .filter_map(|column| match &column.ty {
            SqlType::Other(text) => Some(format!("{} {text} NULL", column.name)),
            _ => None,
        })
        .collect();
    connection
        .batch(&format!("CREATE TABLE again ({})", again.join(", ")))
        .unwrap();
    let found = read(&mut connection);
    for column in &table(&found, "again").columns {
        assert_eq!(Some(column), table(&found, "t").column(column.name.as_str()));
    }
}

#[test]
fn every_default_is_read_as_the_server_prints_it() {
    let cases = [
        ("varchar(20) DEFAULT 'it''s'", Some("'it''s'")),
        ("varchar(20) DEFAULT 'a\\\\b'", Some("'a\\\\b'")),
        ("varchar(20) DEFAULT ''", Some("''")),
        ("varchar(20) DEFAULT 'NULL'", Some("'NULL'")),
        ("varchar(20) DEFAULT NULL", None),
        ("varchar(20)", None),
        ("varchar(20) NOT NULL", None),
        ("int DEFAULT -5", Some("-5")),
        ("int DEFAULT (1 + 2)", Some("(1 + 2)")),
        ("decimal(9,2) DEFAULT 1.5", Some("1.50")),
        ("bit(3) DEFAULT b'101'", Some("b'101'")),
        ("date DEFAULT '2026-01-01'", Some("'2026-01-01'")),
        ("date DEFAULT curdate()", Some("curdate()")),
        ("uuid DEFAULT uuid()", Some("uuid()")),
        (
            "longtext DEFAULT concat('a', upper('b'))",
            Some("concat('a',ucase('b'))"),
        ),
        (
            "datetime(6) DEFAULT CURRENT_TIMESTAMP(6)",
            Some("current_timestamp(6)"),
        ),
        (
            "datetime(6) DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)",
            Some("current_timestamp(6) ON UPDATE current_timestamp(6)"),
        ),
        (
            "timestamp NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP",
            Some("NULL ON UPDATE current_timestamp()"),
        ),
        (
            "longtext DEFAULT hex(random_bytes(4))",
            Some("hex(random_bytes(4))"),
        ),
        ("bigint DEFAULT nextval(s)", Some("nextval(`s`)")),
        ("binary(4) DEFAULT 'abc'", Some("'abc\\0'")),
    ];
    let columns: Vec<String> = cases
        .iter()
        .enumerate()
        .map(|(number, (said, _))| format!("c{number} {said}"))
        .collect();
    let columns = columns.join(", ");
    let (mut connection, found) = made(
        "defaults",
        &format!("CREATE SEQUENCE s; CREATE TABLE t ({columns})"),
    );
    for ((said, expected), column) in cases.iter().zip(&table(&found, "t").columns) {
        let default = expected.map(|sql| DefaultValue::Expr(Expr::Sql(sql.to_owned())));
        assert_eq!(column.default, default, "{said}");
        assert_eq!(column.nullable, !said.contains("NOT NULL"), "{said}");
    }
    // What was read, said again, is read the same.
    let again = cases
        .iter()
        .zip(&table(&found, "t").columns)
        .map(|((said, _), column)| {
            let ty = said.split(" DEFAULT").next().unwrap();
            match &column.default {
                Some(DefaultValue::Expr(Expr::Sql(sql))) => format!("{} {ty} DEFAULT {sql}", column.name),
                _ => format!("{} {ty}", column.name),
            }
        });
    let again: Vec<String> = again.collect();
    let again = format!("CREATE TABLE again ({})", again.join(", "));
    connection
        .batch(&again)
        .unwrap_or_else(|error| panic!("{again}: {error}"));
    let found = read(&mut connection);
    assert_eq!(table(&found, "again").columns, table(&found, "t").columns);
}

#[test]
fn bytes_that_cannot_be_read_back_are_named() {
    let (_, found) = made(
        "bytes",
        "CREATE TABLE t (a varbinary(9) DEFAULT x'00ff', b int INVISIBLE DEFAULT 1, \
         c timestamp NOT NULL DEFAULT '2026-01-01 00:00:00' ON UPDATE CURRENT_TIMESTAMP)",
    );
    let unread: Vec<&str> = found.unread().map(|it| it.detail.as_str()).collect();
    assert_eq!(unread, ["a default with bytes that are no text", "b INVISIBLE"]);
}

#[test]
fn columns_say_the_rest() {
    let (_, found) = made(
        "rest",
        "CREATE TABLE t (
            id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'it''s \\\\ the key',
            a int NOT NULL, v int GENERATED ALWAYS AS (a + 1) VIRTUAL, s int AS (a * 2) STORED,
            l varchar(9) CHARACTER SET latin1, g varchar(9) COLLATE utf8mb4_general_ci, n varchar(9)
         ) COMMENT = 'a table, `t`'",
    );
    let t = table(&found, "t");
    assert_eq!(t.comment.as_deref(), Some("a table, `t`"));
    let column = |name: &str| t.column(name).unwrap();
    assert_eq!(column("id").comment.as_deref(), Some("it's \\ the key"));
    assert_eq!(column("id").identity, Some(Identity::ByDefault));
    assert!(!column("id").nullable);
    let generated = |name: &str| {
        let it = column(name).generated.clone().unwrap();
        (it.expr, it.stored)
    };
    assert_eq!(generated("v"), (Expr::Sql("`a` + 1".to_owned()), false));
    assert_eq!(generated("s"), (Expr::Sql("`a` * 2".to_owned()), true));
    let collation = |name: &str| column(name).collation.as_deref();
    assert_eq!(collation("l"), Some("latin1_swedish_ci"));
    assert_eq!(collation("g"), Some("utf8mb4_general_ci"));
    assert_eq!(collation("n"), None);
}
