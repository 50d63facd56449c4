//! Pairs on SQLite.

use dialects::sqlite::SQLITE;
use engine::{ConnectOptions, Connection, DatabaseUrl};
use physical::{Column, Database, Origin, SqlType, Value};
use plan::{Lock, Phase, Plan, Relational};

use crate::{Pair, Product, fixtures};

/// A file, which goes with the value, opened as a user's is.
pub(crate) struct Sqlite {
    connection: Connection,
    _folder: tempfile::TempDir,
}

impl Product for Sqlite {
    fn dialect() -> &'static Relational {
        &SQLITE
    }

    fn build(name: &str, sql: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite(folder.path().join(name));
        let mut connection = Connection::open(&url, &ConnectOptions::default()).unwrap();
        connection.batch("PRAGMA synchronous = OFF").unwrap();
        let built = connection.batch(sql).is_ok();
        let made = Self {
            connection,
            _folder: folder,
        };
        built.then_some(made)
    }

    fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    fn carelessly() -> Option<(&'static str, &'static str)> {
        Some(("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"))
    }

    fn up(&mut self, plan: &Plan) -> Result<(), String> {
        let done = engine::apply(&mut self.connection, &plan.steps);
        done.map_err(|error| format!("{error}\n    {}", error.statement.as_deref().unwrap_or_default()))
    }

    fn down(&mut self, plan: &Plan) -> Result<(), String> {
        let done = engine::undo(&mut self.connection, plan);
        done.map_err(|error| format!("{error}\n    {}", error.statement.as_deref().unwrap_or_default()))
    }

    /// What the schema table holds, token by token: comments, blanks, needless quotes and the case of keywords aside; and the table
    /// of counters, which SQLite makes and nobody can remove.
    fn dump(&mut self) -> Vec<String> {
        let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema \
                   WHERE name <> 'sqlite_sequence' AND tbl_name NOT GLOB 'architrave_migrations_*'";
        let found = self.connection.query(sql, &[]).unwrap();
        let text = |value: &Value| value.as_text().map(str::to_owned).unwrap_or_default();
        let mut lines: Vec<String> = found
            .rows
            .iter()
            .map(|row| {
                let [kind, name, table, sql] = row.as_slice() else {
                    panic!("four columns")
                };
                format!(
                    "{} {} {} {}",
                    text(kind),
                    text(name),
                    text(table),
                    tokens(&text(sql))
                )
            })
            .collect();
        lines.sort();
        lines
    }
}

/// SQL with one blank between tokens.
fn tokens(sql: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = length(rest, first);
        let (token, after) = rest.split_at(length);
        rest = after;
        let comment = token.starts_with("--") || token.starts_with("/*");
        if first.is_whitespace() || comment {
            continue;
        }
        out.push(match first {
            '"' | '`' | '[' => name(token),
            _ if (SQLITE.reserved)(token) => token.to_lowercase(),
            _ => token.to_owned(),
        });
    }
    out.join(" ")
}

fn length(rest: &str, first: char) -> usize {
    let until = |close: &str, from: usize| {
        let found = rest[from..].find(close);
        found.map_or(rest.len(), |at| from + at + close.len())
    };
    match first {
        '\'' | '"' | '`' => {
            let mut end = until(&first.to_string(), 1);
            while rest[end..].starts_with(first) {
                end = until(&first.to_string(), end + 1);
            }
            end
        }
        '[' => until("]", 1),
        '-' if rest.starts_with("--") => until("\n", 0),
        '/' if rest.starts_with("/*") => until("*/", 2),
        _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
        _ => first.len_utf8(),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn name(quoted: &str) -> String {
    let quote = &quoted[..1];
    let inner = quoted[1..quoted.len() - 1].replace(&quote.repeat(2), quote);
    let inner = inner.as_str();
    let plain = inner.chars().all(is_word) && !inner.starts_with(|c: char| c.is_numeric());
    if plain && !inner.is_empty() && !(SQLITE.reserved)(inner) {
        inner.to_owned()
    } else {
        format!("\"{inner}\"")
    }
}

#[test]
fn sqlite() {
    crate::try_all::<Sqlite>(crate::with_the_way_back(fixtures("sqlite")));
}

/// Schemas that somebody could have, by the names of their files.
fn found_schemas() -> Vec<(String, String)> {
    let folder = crate::root().join("fixtures/found/sqlite");
    let files = std::fs::read_dir(folder).unwrap();
    let paths = files.map(|entry| entry.unwrap().path());
    let scripts = paths.filter(|path| path.extension().is_some_and(|end| end == "sql"));
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(path).unwrap())
    };
    scripts.map(read).collect()
}

/// What was read can be made again, word for word, and goes again.
#[test]
fn found_is_built_again() {
    let pairs = fixtures("sqlite").into_iter().chain(crate::corpus("sqlite"));
    let sides = pairs.flat_map(|pair| [(pair.name.clone(), pair.before), (pair.name, pair.after)]);
    for (name, script) in found_schemas().into_iter().chain(sides) {
        let Some(mut found) = Sqlite::build("found", &script) else {
            assert!(!name.ends_with(".sql"), "{name} is not taken by the database");
            continue;
        };
        let schema = found.read().unwrap();
        let plan = migrate::plan(&Database::default(), &schema, &SQLITE).unwrap();
        let mut again = Sqlite::build("again", "").unwrap();
        again.up(&plan).unwrap();
        crate::told_apart(&again.dump(), &found.dump()).unwrap();
        crate::rest(&mut again, &schema).unwrap();
        again.down(&plan).unwrap();
        assert_eq!(again.read().unwrap(), Database::default(), "{name}");
    }
}

/// Every table is made anew, by one more column, and again without it: nothing of what hangs on it is lost.
#[test]
fn found_tables_are_made_anew() {
    for (_, script) in found_schemas() {
        let mut found = Sqlite::build("found", &script).unwrap();
        let before = found.read().unwrap();
        crate::rows::fill(&mut found, &before);
        let mut after = before.clone();
        for table in &mut after.tables {
            let body = table.written.table.take().unwrap();
            table.written.table = Some(body.replacen('(', "(first_of_all INT, ", 1));
            let column = Column::new("first_of_all", SqlType::Other("INT".into()), Origin::Found);
            table.columns.insert(0, column);
        }
        let original = found.dump();
        let plan = migrate::plan(&before, &after, &SQLITE).unwrap();
        let shared = crate::rows::shared::<Sqlite>(&before, &after);
        let rows = crate::rows::read(&mut found, shared.iter().map(|(table, _)| table));
        found.up(&plan).unwrap();
        let kept = crate::rows::read(&mut found, shared.iter().map(|(_, table)| table));
        crate::rows::same(&rows, &kept).unwrap();
        let others = |dump: &[String]| -> Vec<String> {
            let lines = dump.iter().filter(|line| !line.starts_with("table "));
            lines.cloned().collect()
        };
        crate::told_apart(&others(&found.dump()), &others(&original)).unwrap();
        found.down(&plan).unwrap();
        crate::told_apart(&found.dump(), &original).unwrap();
        let kept = crate::rows::read(&mut found, shared.iter().map(|(table, _)| table));
        crate::rows::same(&rows, &kept).unwrap();
    }
}

fn pair(name: &str) -> Pair {
    let mut pairs = fixtures("sqlite").into_iter();
    pairs.find(|pair| pair.name == name).unwrap()
}

/// The database that a pair begins with, and the plan that leads to the one that it ends with.
fn planned(pair: &Pair) -> (Sqlite, Plan) {
    let mut before = Sqlite::build("before", &pair.before).unwrap();
    let mut after = Sqlite::build("after", &pair.after).unwrap();
    let plan = migrate::plan(&before.read().unwrap(), &after.read().unwrap(), &SQLITE).unwrap();
    (before, plan)
}

fn ask(database: &mut Sqlite, sql: &str) -> Vec<Vec<Value>> {
    database.connection.query(sql, &[]).unwrap().rows
}

#[test]
fn rows_of_virtual_tables_come_along() {
    let (mut database, plan) = planned(&pair("virtual_tables"));
    let fill = "INSERT INTO pages VALUES (1, 'one', 'un'), (2, 'two', 'deux'); \
                INSERT INTO search (search) VALUES ('rebuild')";
    database.connection.batch(fill).unwrap();
    let look = [
        "SELECT rowid, note FROM notes WHERE notes MATCH 'running'",
        "SELECT rowid, title FROM search WHERE search MATCH 'two'",
        "SELECT docid, subject, body FROM mail WHERE mail MATCH 'world'",
        "SELECT id, x1, x2 FROM places",
    ];
    let before: Vec<_> = look.iter().map(|sql| ask(&mut database, sql)).collect();
    assert!(before.iter().all(|rows| rows.len() == 1), "{before:?}");
    database.up(&plan).unwrap();
    let after: Vec<_> = look.iter().map(|sql| ask(&mut database, sql)).collect();
    assert_eq!(before, after);
    let french = "SELECT rowid FROM search WHERE search MATCH 'deux'";
    assert_eq!(ask(&mut database, french), [[Value::Int(2)]]);
    database.down(&plan).unwrap();
    let again: Vec<_> = look.iter().map(|sql| ask(&mut database, sql)).collect();
    assert_eq!(before, again);
    let lost: Vec<&str> = plan
        .steps
        .iter()
        .filter(|step| {
            step.hazards
                .iter()
                .any(|hazard| matches!(hazard, plan::Hazard::DataLoss(_)))
        })
        .map(|step| step.title.as_str())
        .collect();
    assert_eq!(lost, ["virtual table bare changes"]);
}

#[test]
fn counters_go_on_where_they_were() {
    let (mut database, plan) = planned(&pair("autoincrement"));
    let counter = "SELECT seq FROM sqlite_sequence WHERE name = 'tickets'";
    assert_eq!(ask(&mut database, counter), [[Value::Int(41)]]);
    database.up(&plan).unwrap();
    assert_eq!(ask(&mut database, counter), [[Value::Int(41)]]);
    database.down(&plan).unwrap();
    assert_eq!(ask(&mut database, counter), [[Value::Int(41)]]);
}

/// Whoever runs the statements while foreign keys count loses nothing: the first statement of the transaction fails.
#[test]
fn tables_are_not_made_anew_while_foreign_keys_count() {
    let (mut database, mut plan) = planned(&pair("cascades"));
    let rows = "INSERT INTO authors VALUES (1, 'a'); INSERT INTO books VALUES (1, 1, 'b')";
    database.connection.batch(rows).unwrap();
    plan.steps.retain(|step| step.transactional);
    let error = database.up(&plan).unwrap_err();
    assert!(
        error.contains("foreign keys are off while tables are made anew"),
        "{error}"
    );
    assert_eq!(ask(&mut database, "SELECT title FROM books").len(), 1);
}

/// Rows that referred to nothing before do not keep anybody from changing a table; rows that would, now, do.
#[test]
fn only_newly_broken_references_are_refused() {
    let (mut database, plan) = planned(&pair("cascades"));
    let orphan = "PRAGMA foreign_keys = OFF; INSERT INTO books VALUES (1, 99, 'b'); PRAGMA foreign_keys = ON";
    database.connection.batch(orphan).unwrap();
    database.up(&plan).unwrap();
    database.down(&plan).unwrap();
    assert_eq!(
        ask(&mut database, "SELECT author_id FROM books"),
        [[Value::Int(99)]]
    );

    let (mut database, plan) = planned(&pair("triggers"));
    let before = database.dump();
    let orphan = "INSERT INTO moves (account_id, amount) VALUES (99, 1)";
    database.connection.batch(orphan).unwrap();
    let error = database.up(&plan).unwrap_err();
    assert!(error.contains("rows refer to what is there"), "{error}");
    assert_eq!(ask(&mut database, "PRAGMA foreign_keys"), [[Value::Int(1)]]);
    assert_eq!(database.dump(), before);
    assert_eq!(ask(&mut database, "SELECT * FROM moves").len(), 1);
}

/// Which hazards the step tells that changes a table, in which phase it is, and what it locks.
fn told(after: &str) -> (Vec<String>, Phase, Lock) {
    let before = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL, c TEXT)";
    let pair = Pair {
        name: String::new(),
        source: String::new(),
        before: before.to_owned(),
        after: after.to_owned(),
    };
    let mut steps = planned(&pair).1.steps.into_iter();
    let step = steps.find(|step| step.title == "table t changes").unwrap();
    let kind = |hazard: &plan::Hazard| format!("{hazard:?}").split('(').next().unwrap().to_owned();
    (step.hazards.iter().map(kind).collect(), step.phase, step.lock)
}

/// What may go wrong, by the kind of change.
#[test]
fn hazards_are_told() {
    let anew = |more: &[&str]| {
        let all = ["Rewrite", "Blocks"].iter().chain(more);
        all.map(|kind| (*kind).to_owned()).collect::<Vec<_>>()
    };
    let cases = [
        // Nothing but a column at the end.
        (
            "id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL, c TEXT, d INT",
            Vec::new(),
            Phase::Expand,
        ),
        (
            "id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL, c TEXT, d INT NOT NULL",
            anew(&["MayFail"]),
            Phase::Expand,
        ),
        (
            "id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT NOT NULL, c TEXT",
            anew(&["MayFail"]),
            Phase::Expand,
        ),
        (
            "id INTEGER PRIMARY KEY, a TEXT, b TEXT, c TEXT",
            anew(&[]),
            Phase::Expand,
        ),
        (
            "id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT NOT NULL, c TEXT",
            anew(&["MayFail"]),
            Phase::Expand,
        ),
        (
            "id INTEGER PRIMARY KEY, a TEXT CHECK (a > 'a'), b TEXT NOT NULL, c TEXT",
            anew(&["MayFail"]),
            Phase::Expand,
        ),
        (
            "id INTEGER PRIMARY KEY, a TEXT REFERENCES t, b TEXT NOT NULL, c TEXT",
            anew(&["MayFail"]),
            Phase::Expand,
        ),
        (
            "id INTEGER PRIMARY KEY, a INTEGER, b TEXT NOT NULL, c TEXT",
            anew(&["DataLoss"]),
            Phase::Expand,
        ),
        (
            "id INTEGER PRIMARY KEY, b TEXT NOT NULL, c TEXT",
            anew(&["DataLoss", "BreaksCode"]),
            Phase::Contract,
        ),
    ];
    for (columns, hazards, phase) in cases {
        let found = told(&format!("CREATE TABLE t ({columns})"));
        assert_eq!(found, (hazards, phase, Lock::Database), "{columns}");
    }
}
