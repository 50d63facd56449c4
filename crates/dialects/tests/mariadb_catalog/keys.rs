//! Keys, indexes and checks.

use physical::{Expr, IndexMethod, Name, OnDelete, SqlType};

use crate::support::{comes_back, database, made, opaque, read, table};

#[test]
fn keys_and_indexes_are_told_apart() {
    let (mut connection, found) = made(
        "indexes",
        "CREATE TABLE t (
            a int NOT NULL, b varchar(50), c longtext, w text, g point NOT NULL, d date,
            PRIMARY KEY (a, d), UNIQUE KEY `u``q` (b, a), UNIQUE KEY part (b(5)), UNIQUE KEY whole (c) COMMENT 'long',
            KEY plain (b) COMMENT 'it''s', KEY down (d DESC, b(7) ASC), KEY old (a) IGNORED,
            FULLTEXT KEY words (b, w) COMMENT 'words', SPATIAL KEY places (g)
         ); CREATE TABLE m (a int, KEY h (a) USING HASH) ENGINE = MEMORY",
    );
    let t = table(&found, "t");
    let key = t.primary_key.as_ref().unwrap();
    assert_eq!((key.name.as_str(), key.columns.len()), ("PRIMARY", 2));
    assert_eq!(key.columns[1].as_str(), "d");
    let uniques: Vec<(&str, Vec<&str>, Option<&str>)> = t
        .uniques
        .iter()
        .map(|it| {
            let columns = it.columns.iter().map(|column| column.as_str()).collect();
            (it.name.as_str(), columns, it.comment.as_deref())
        })
        .collect();
    assert_eq!(
        uniques,
        [("u`q", vec!["b", "a"], None), ("whole", vec!["c"], Some("long"))]
    );
    let indexes: Vec<String> = t
        .indexes
        .iter()
        .map(|it| {
            let keys: Vec<String> = it
                .keys
                .iter()
                .map(|key| {
                    let Expr::Column { name, ty, .. } = &key.expr else {
                        panic!("{key:?}")
                    };
                    assert_eq!(*ty, t.column(name.as_str()).unwrap().ty);
                    let prefix = key.operator_class.as_deref().unwrap_or_default();
                    format!("{name}{prefix}{}", if key.descending { " desc" } else { "" })
                })
                .collect();
            format!(
                "{}{} ({}) {:?}",
                if it.unique { "unique " } else { "" },
                it.name,
                keys.join(", "),
                it.comment
            )
        })
        .collect();
    assert_eq!(
        indexes,
        [
            "down (d desc, b(7)) None",
            "old (a) None",
            "unique part (b(5)) None",
            "plain (b) Some(\"it's\")"
        ]
    );
    assert_eq!(table(&found, "m").indexes[0].method, IndexMethod::Hash);
    assert_eq!(
        opaque(&found),
        [
            ["option", "m", "ENGINE", "ALTER TABLE `m` ENGINE = MEMORY"],
            [
                "ignored index",
                "t",
                "old",
                "ALTER TABLE `t` ALTER INDEX `old` IGNORED"
            ],
            [
                "spatial index",
                "t",
                "places",
                "CREATE SPATIAL INDEX `places` ON `t` (`g`)"
            ],
            [
                "fulltext index",
                "t",
                "words",
                "CREATE FULLTEXT INDEX `words` ON `t` (`b`, `w`) COMMENT 'words'"
            ],
        ]
        .map(|it| it)
    );
    comes_back(&mut connection, &found);
}

#[test]
fn foreign_keys_say_what_they_refer_to_and_what_becomes_of_them() {
    let mut other = database("elsewhere");
    other.batch("CREATE TABLE far (id bigint PRIMARY KEY)").unwrap();
    let (_, found) = made(
        "keys",
        "CREATE TABLE p (a int, b int, u int UNIQUE, PRIMARY KEY (a, b));
         CREATE TABLE c (x int, y int, z int, f bigint, self int PRIMARY KEY,
            CONSTRAINT pair FOREIGN KEY (x, y) REFERENCES p (a, b) ON DELETE CASCADE ON UPDATE NO ACTION,
            CONSTRAINT `o``ne` FOREIGN KEY (z) REFERENCES p (u) ON DELETE SET NULL ON UPDATE CASCADE,
            CONSTRAINT far FOREIGN KEY (f) REFERENCES elsewhere.far (id),
            CONSTRAINT own FOREIGN KEY (self) REFERENCES c (self) ON DELETE RESTRICT)",
    );
    let keys: Vec<String> = table(&found, "c")
        .foreign_keys
        .iter()
        .map(|key| {
            let list =
                |all: &[physical::Ident]| all.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(",");
            format!(
                "{} ({}) -> {} ({}) {:?} {:?}",
                key.name,
                list(&key.columns),
                key.references,
                list(&key.referenced),
                key.on_delete,
                key.on_update
            )
        })
        .collect();
    assert_eq!(
        keys,
        [
            "far (f) -> elsewhere.far (id) Restrict Restrict",
            "o`ne (z) -> p (u) SetNull Cascade",
            "own (self) -> c (self) Restrict Restrict",
            "pair (x,y) -> p (a,b) Cascade NoAction",
        ]
    );
    assert_eq!(
        table(&found, "c").foreign_keys[0].references,
        Name::new("elsewhere", "far")
    );
    assert_eq!(table(&found, "c").foreign_keys[2].on_delete, OnDelete::Restrict);
    // The server makes indexes for them by itself, and lists them as if somebody had asked.
    let indexes: Vec<&str> = table(&found, "c")
        .indexes
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(indexes, ["far", "o`ne", "pair"]);
}

#[test]
fn checks_are_read_and_json_is_a_type() {
    let (mut connection, found) = made(
        "checks",
        "CREATE TABLE t (a int CHECK (a > 0), j json, k json CHECK (json_type(k) = 'ARRAY'), l longtext CHECK (json_valid(l)),
            m longtext COLLATE utf8mb4_bin, CONSTRAINT `it``s` CHECK (a < 9 AND m <> 'x\\'y'), CONSTRAINT j2 CHECK (json_valid(m)))",
    );
    let t = table(&found, "t");
    let checks: Vec<String> = t
        .checks
        .iter()
        .map(|check| match &check.expr {
            Expr::Sql(sql) => format!("{}: {sql}", check.name),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        checks,
        [
            "a: `a` > 0",
            "it`s: `a` < 9 and `m` <> 'x\\'y'",
            "j2: json_valid(`m`)",
            "k: json_type(`k`) = 'ARRAY'",
        ]
    );
    let types: Vec<&SqlType> = t.columns.iter().map(|column| &column.ty).collect();
    let text = SqlType::Text;
    assert_eq!(
        types,
        [&SqlType::Integer, &SqlType::Json, &text, &SqlType::Json, &text]
    );
    assert_eq!(t.column("j").unwrap().collation, None);
    assert_eq!(t.column("m").unwrap().collation.as_deref(), Some("utf8mb4_bin"));
    connection.batch("ALTER TABLE t DROP CONSTRAINT j2").unwrap();
    assert_eq!(table(&read(&mut connection), "t").checks.len(), 3);
}
