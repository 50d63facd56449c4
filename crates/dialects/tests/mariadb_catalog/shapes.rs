//! Answers of any shape, and how long it takes to ask.

use std::time::Instant;

use dialects::mariadb::{SESSION, catalog, read_catalog};
use engine::{MARIADB_SESSION, MARIADB_SQL_MODE};
use physical::{Rows, Value};

use crate::support::{answers, database, read};

#[test]
fn sessions_are_those_that_statements_are_written_for() {
    assert_eq!(SESSION, MARIADB_SESSION);
    assert!(SESSION[1].contains(&format!("sql_mode = '{MARIADB_SQL_MODE}'")));
}

#[test]
fn malformed_answers_are_refused_and_nothing_panics() {
    let mut it = database("shapes");
    it.batch(
        "CREATE TABLE p (a int PRIMARY KEY) PARTITION BY HASH (a) PARTITIONS 2; CREATE TABLE q (a int PRIMARY KEY); \
         CREATE TABLE t (a int REFERENCES q (a), b json, KEY k (a), CHECK (a > 1)); CREATE VIEW v AS SELECT a FROM t; \
         CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1; CREATE PROCEDURE r(x int) SELECT 1; \
         CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DO 1; CREATE ROLE shapes_r; GRANT SELECT (a) ON shapes.t TO shapes_r",
    )
    .unwrap();
    let sound = answers(&mut it);
    assert!(sound.iter().all(|rows| !rows.rows.is_empty()));
    assert!(read_catalog(&[]).is_err());
    assert!(read_catalog(&sound[1..]).is_err());
    let mut refused = 0;
    for (query, rows) in sound.iter().enumerate() {
        for column in 0..rows.columns.len() {
            for value in [
                Value::Null,
                Value::Int(-1),
                Value::Text("x`'(".to_owned()),
                Value::Bytes(vec![255]),
            ] {
                let mut damaged = sound.clone();
                for row in &mut damaged[query].rows {
                    row[column] = value.clone();
                }
                refused += usize::from(read_catalog(&damaged).is_err());
            }
            let mut cut = sound.clone();
            cut[query].rows.iter_mut().for_each(|row| row.truncate(column));
            let read = read_catalog(&cut);
            assert!(
                read.is_err() || catalog()[query].name == "rights",
                "{} cut at {column}",
                catalog()[query].name
            );
        }
        let mut none = sound.clone();
        none[query] = Rows::default();
        // What an answer does not hold is not there; all others still are.
        read_catalog(&none).unwrap();
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn many_tables_are_asked_for_as_often_as_one() {
    let mut it = database("pace");
    let tables: String = (0..300)
        .map(|n| {
            format!(
                "CREATE TABLE t{n} (id bigint AUTO_INCREMENT PRIMARY KEY, a varchar(20) NOT NULL UNIQUE, b int, c datetime(6), \
                 p bigint, KEY (b, c), CHECK (b > 0), FOREIGN KEY (p) REFERENCES t{n} (id));"
            )
        })
        .collect();
    it.batch(&tables).unwrap();
    let begun = Instant::now();
    let asked = answers(&mut it);
    let queries = begun.elapsed();
    let begun = Instant::now();
    let found = read_catalog(&asked).unwrap();
    let reading = begun.elapsed();
    assert_eq!(found.tables.len(), 300);
    assert!(
        found
            .tables
            .iter()
            .all(|it| it.foreign_keys.len() == 1 && it.uniques.len() == 1)
    );
    // 0.05 s and 0.006 s without optimisation, on two cores.
    assert!(
        queries.as_secs() < 20 && reading.as_secs() < 5,
        "{queries:?} {reading:?}"
    );
    assert_eq!(read(&mut it), found);
}
