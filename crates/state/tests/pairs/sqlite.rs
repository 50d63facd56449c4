//! Pairs on SQLite.

use dialects::sqlite::SQLITE;
use engine::{ConnectOptions, Connection, DatabaseUrl};
use physical::{Database, Value};
use plan::{Plan, Relational};

use crate::{Product, fixtures};

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

    fn carelessly() -> (&'static str, &'static str) {
        ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON")
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
        let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name <> 'sqlite_sequence'";
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

/// What was read can be made again, word for word.
#[test]
fn found_is_built_again() {
    let scripts = fixtures("sqlite").into_iter().chain(crate::corpus("sqlite"));
    for pair in scripts {
        for script in [pair.before, pair.after] {
            let Some(mut found) = Sqlite::build("found", &script) else {
                continue;
            };
            let schema = found.read().unwrap();
            let plan = migrate::plan(&Database::default(), &schema, &SQLITE).unwrap();
            let mut again = Sqlite::build("again", "").unwrap();
            again.up(&plan).unwrap();
            assert_eq!(again.dump(), found.dump(), "{}", pair.name);
            crate::rest(&mut again, &schema).unwrap();
            again.down(&plan).unwrap();
            assert_eq!(again.read().unwrap(), Database::default(), "{}", pair.name);
        }
    }
}
