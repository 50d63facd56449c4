//! Names of any kind, and databases that are not ours to see.

use physical::{Expr, ViewQuery};

use crate::support::{comes_back, database, made, opaque, read, server, table};

/// What a name can be: 64 characters, of the first plane of Unicode, no blank at its end.
const HOSTILE: [&str; 8] = [
    "select",
    "a`b",
    "it's \"quoted\"",
    "back\\slash",
    "semi;colon -- /* comment */",
    "Größe 尺寸 ñ",
    "a.b",
    "1",
];

#[test]
fn hostile_names_come_back_as_they_are() {
    let mut connection = database("na`me 'é");
    let long: String = "é`".repeat(16) + &"a".repeat(32);
    let names: Vec<&str> = HOSTILE.into_iter().chain([long.as_str()]).collect();
    let quote = engine::quote_backticks;
    for name in &names {
        let n = quote(name);
        connection
            .batch(&format!(
                "CREATE TABLE {n} ({n} int PRIMARY KEY, `x{}` int, CONSTRAINT {n} UNIQUE (`x{}`), CONSTRAINT {c} CHECK ({n} > 0), \
                 FULLTEXT KEY {w} (words), words text, CONSTRAINT {f} FOREIGN KEY (`x{}`) REFERENCES {n} ({n})) COMMENT = {text}; \
                 CREATE TRIGGER {n} BEFORE INSERT ON {n} FOR EACH ROW SET NEW.{n} = 1; \
                 CREATE PROCEDURE {n}({n} int) SELECT {n}; CREATE EVENT {n} ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DO 1; \
                 CREATE VIEW {v} AS SELECT {n} FROM {n}",
                &name.len(),
                &name.len(),
                &name.len(),
                c = quote(&shortened(name, "c")),
                f = quote(&shortened(name, "f")),
                w = quote(&shortened(name, "w")),
                v = quote(&shortened(name, "v")),
                text = dialects_text(name),
            ))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let found = read(&mut connection);
    let mut tables: Vec<&str> = found.tables.iter().map(|it| it.name.name.as_str()).collect();
    let mut wanted = names.clone();
    tables.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(tables, wanted);
    for name in names {
        let t = table(&found, name);
        assert_eq!(t.name.schema, None);
        assert_eq!(t.columns[0].name.as_str(), name);
        assert_eq!(t.primary_key.as_ref().unwrap().columns[0].as_str(), name);
        assert_eq!(t.uniques[0].name.as_str(), name);
        assert_eq!(t.comment.as_deref(), Some(name));
        let key = &t.foreign_keys[0];
        assert_eq!((&key.references, key.referenced[0].as_str()), (&t.name, name));
        assert_eq!(t.checks[0].expr, Expr::Sql(format!("{} > 0", quote(name))));
        assert_eq!(t.triggers[0].name.as_str(), name);
        let view = shortened(name, "v");
        let view = found
            .views
            .iter()
            .find(|it| it.name.name.as_str() == view)
            .unwrap();
        let n = quote(name);
        // Nothing says in which database they are.
        assert_eq!(
            view.query,
            ViewQuery::Sql(format!("select {n}.{n} AS {n} from {n}"))
        );
        for kind in ["procedure", "event", "fulltext index"] {
            assert!(
                found
                    .opaque
                    .iter()
                    .any(|it| it.kind == kind && it.name.name.as_str() == name),
                "{kind} {name}"
            );
        }
    }
    // A body with a backslash in it, be it in a name, is none that can be trusted.
    let unread: Vec<&str> = found.unread().map(|it| it.kind.as_str()).collect();
    assert_eq!(unread, ["trigger", "procedure"]);
    comes_back(&mut connection, &found);
}

fn shortened(name: &str, with: &str) -> String {
    let kept: String = name.chars().take(60).collect();
    format!("{with}{kept}")
}

fn dialects_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[test]
fn case_tells_tables_apart_and_other_databases_are_not_seen() {
    let mut other = database("other_one");
    other
        .batch("CREATE TABLE secret (a int); CREATE VIEW v AS SELECT 1")
        .unwrap();
    let (_, found) = made(
        "case_one",
        "CREATE TABLE t (a int, b int, KEY i (a, b)); CREATE TABLE T (A int, b int, KEY i (A, b)); CREATE VIEW w AS SELECT t.a, s.a AS b FROM t, other_one.secret s",
    );
    let tables: Vec<(&str, &str)> = found
        .tables
        .iter()
        .map(|it| (it.name.name.as_str(), it.columns[0].name.as_str()))
        .collect();
    assert_eq!(tables.len(), 2);
    assert!(
        tables.contains(&("t", "a")) && tables.contains(&("T", "A")),
        "{tables:?}"
    );
    assert!(
        found
            .tables
            .iter()
            .all(|it| it.indexes.len() == 1 && it.indexes[0].keys.len() == 2)
    );
    assert_eq!(
        found.views[0].query,
        ViewQuery::Sql(
            "select `t`.`a` AS `a`,`s`.`a` AS `b` from `t` join `other_one`.`secret` `s`".to_owned()
        )
    );
}

#[test]
fn an_empty_database_is_empty_and_who_may_see_little_sees_it() {
    let (_, found) = made("empty", "DO 1");
    assert_eq!(found, physical::Database::default());
    let mut admin = database("partly");
    admin
        .batch(
            "CREATE TABLE seen (a int, b int); CREATE TABLE hidden (a int); CREATE VIEW v AS SELECT a FROM hidden; \
             CREATE PROCEDURE p() SELECT 1; CREATE USER eve@localhost; GRANT SELECT (a) ON partly.seen TO eve@localhost; \
             GRANT SELECT ON partly.v TO eve@localhost; GRANT EXECUTE ON PROCEDURE partly.p TO eve@localhost",
        )
        .unwrap();
    let mut eve = server().connect("partly", "eve").unwrap();
    let found = read(&mut eve);
    assert_eq!(found.tables.len(), 1);
    assert_eq!(table(&found, "seen").columns.len(), 1);
    // What is there and not shown is named.
    let said: Vec<[&str; 2]> = opaque(&found).iter().map(|it| [it[0], it[1]]).collect();
    assert_eq!(said, [["view", "v"], ["procedure", "p"], ["right", "v"]]);
    assert_eq!(found.unread().count(), 2);
}
