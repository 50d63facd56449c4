//! Schemas of real applications, where a folder of them is at hand: nothing that is in the database may go unseen.

use std::path::{Path, PathBuf};

use dialects::postgres::POSTGRES;
use physical::{Database, Value};

use crate::support::{database, introspect};

/// Kinds of objects, with the number that the server has.
const COUNTS: &[(&str, &str)] = &[
    ("tables", "SELECT count(*) FROM pg_class c WHERE relkind IN ('r', 'p') AND NOT relispartition"),
    ("views", "SELECT count(*) FROM pg_class c WHERE relkind IN ('v', 'm')"),
    (
        "columns",
        "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE relkind IN ('r', 'p')
         AND NOT relispartition AND attnum > 0 AND NOT attisdropped",
    ),
    (
        "constraints",
        "SELECT count(*) FROM pg_constraint o JOIN pg_class c ON c.oid = conrelid WHERE contype IN ('c','f','p','u','x')
         AND conislocal AND conparentid = 0",
    ),
    (
        "indexes",
        "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = indexrelid WHERE NOT relispartition AND NOT EXISTS
         (SELECT FROM pg_constraint o WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))",
    ),
    (
        "triggers",
        "SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal AND tgparentid = 0",
    ),
    ("policies", "SELECT count(*) FROM pg_policy p JOIN pg_class c ON c.oid = polrelid"),
    (
        "functions",
        "SELECT count(*) FROM (SELECT p.oid, pronamespace AS relnamespace FROM pg_proc p WHERE NOT EXISTS
         (SELECT FROM pg_depend e WHERE e.classid = 'pg_proc'::regclass AND e.objid = p.oid
             AND e.deptype IN ('e', 'i'))) c",
    ),
    (
        "sequences",
        "SELECT count(*) FROM pg_class c WHERE relkind = 'S' AND NOT EXISTS (SELECT FROM pg_depend e
         WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'i')",
    ),
];

fn counted(kind: &str, found: &Database) -> usize {
    let opaque = |kinds: &[&str]| {
        let all = found.opaque.iter();
        all.filter(|each| kinds.contains(&each.kind.as_str())).count()
    };
    let tables = found.tables.iter();
    match kind {
        "tables" => found.tables.len(),
        "views" => found.views.len(),
        "columns" => tables.map(|table| table.columns.len()).sum(),
        "constraints" => {
            let own = tables.map(|table| {
                usize::from(table.primary_key.is_some())
                    + table.uniques.len()
                    + table.checks.len()
                    + table.foreign_keys.len()
            });
            own.sum::<usize>() + opaque(&["constraint"])
        }
        "indexes" => tables.map(|table| table.indexes.len()).sum::<usize>() + opaque(&["index"]),
        "triggers" => tables.map(|table| table.triggers.len()).sum::<usize>() + opaque(&["trigger"]),
        "policies" => tables.map(|table| table.policies.len()).sum(),
        "functions" => found.functions.len() + opaque(&["aggregate", "procedure", "function"]),
        "sequences" => opaque(&["sequence"]),
        other => panic!("{other}"),
    }
}

/// Files of SQL, or folders of migrations in the order of their names.
fn scripts(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut files: Vec<PathBuf> = std::fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.into_iter().flat_map(|path| scripts(&path)).collect()
}

#[test]
fn real_schemas_are_read_whole() {
    let Some(folder) = std::env::var_os("ARCHITRAVE_CORPUS") else {
        eprintln!("skipped: ARCHITRAVE_CORPUS names no folder");
        return;
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(Path::new(&folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let mut read = 0;
    for (number, path) in paths.iter().enumerate() {
        let label = path.file_name().unwrap().to_string_lossy().into_owned();
        let mut connection = database(&format!("corpus_{number}"));
        let files: Vec<PathBuf> = scripts(path)
            .into_iter()
            .filter(|file| file.extension().is_some_and(|extension| extension == "sql"))
            .filter(|file| !file.ends_with("down.sql"))
            .collect();
        let loaded = files.iter().filter(|file| {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            // What the client alone understands.
            let text: Vec<&str> = text.lines().filter(|line| !line.starts_with('\\')).collect();
            let done = connection.batch(&text.join("\n"));
            if let Err(error) = &done {
                eprintln!("{label}: {}: {error}", file.display());
                let _ = connection.batch("ROLLBACK");
            }
            done.is_ok()
        });
        let loaded = loaded.count();
        let _ = connection.batch("RESET ALL");
        let found = introspect(&mut connection);
        if loaded == 0 || found.tables.is_empty() {
            eprintln!("{label}: not for this database");
            continue;
        }
        read += 1;
        for (kind, sql) in COUNTS {
            let sql = format!(
                "{sql}{} relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')",
                if sql.contains("WHERE") && !sql.ends_with(") c") {
                    " AND"
                } else {
                    " WHERE"
                }
            );
            let there = connection
                .query(&sql, &[])
                .unwrap_or_else(|error| panic!("{kind}: {error:?}"));
            let there = there.scalar().and_then(Value::as_int).unwrap();
            assert_eq!(
                i64::try_from(counted(kind, &found)).unwrap(),
                there,
                "{label}: {kind}"
            );
        }
        eprintln!(
            "{label}: {} tables, {} functions, {} opaque",
            found.tables.len(),
            found.functions.len(),
            found.opaque.len()
        );
        assert_eq!(
            (POSTGRES.canonical)(&found),
            (POSTGRES.canonical)(&(POSTGRES.canonical)(&found)),
            "{label}"
        );
        rebuilt(&label, number, &found);
    }
    assert!(read > 0, "no schema could be loaded");
}

/// What was read is built again in an empty database, and is the same there.
fn rebuilt(label: &str, number: usize, found: &Database) {
    let mut found = found.clone();
    // The cluster's own superuser is there already, and `public` in every database.
    found.roles.retain(|role| !role.superuser);
    found.schemas.retain(|schema| schema.name.as_str() != "public");
    let mut other = database(&format!("corpus_again_{number}"));
    let plan = migrate::plan(&Database::default(), &found, &POSTGRES).unwrap();
    engine::apply(&mut other, &plan.steps).unwrap_or_else(|error| panic!("{label}: {error:#?}"));
    let mut again = introspect(&mut other);
    again.roles.retain(|role| !role.superuser);
    again.schemas.retain(|schema| schema.name.as_str() != "public");
    crate::support::assert_same(&found, &again);
}
