//! Python: what `pyproject.toml`, `requirements*.txt`, `Pipfile` and `setup.cfg` require, and the name that they give.

use diagnostics::FileId;
use toml::{Table, Value};

use super::Ecosystem;
use crate::clue::{Framework, Product, Said, Weight};
use crate::look::Look;

pub(super) const ECOSYSTEM: Ecosystem = Ecosystem { name: "Python", look };

/// What a package says by being there.
const PACKAGES: &[(&str, Said)] = &[
    ("sqlalchemy", Said::Framework(Framework::Sqlalchemy)),
    ("flask-sqlalchemy", Said::Framework(Framework::Sqlalchemy)),
    ("beanie", Said::Framework(Framework::NotYet("Beanie"))),
    ("sqlmodel", Said::Framework(Framework::Unknown("SQLModel"))),
    ("django", Said::Framework(Framework::Unknown("Django's models"))),
    ("tortoise-orm", Said::Framework(Framework::Unknown("Tortoise"))),
    ("peewee", Said::Framework(Framework::Unknown("Peewee"))),
    ("pony", Said::Framework(Framework::Unknown("Pony"))),
    ("mongoengine", Said::Framework(Framework::Unknown("MongoEngine"))),
    ("odmantic", Said::Framework(Framework::Unknown("ODMantic"))),
    ("asyncpg", Said::Database(Product::Postgres, Weight::Driver)),
    ("psycopg", Said::Database(Product::Postgres, Weight::Driver)),
    (
        "psycopg-binary",
        Said::Database(Product::Postgres, Weight::Driver),
    ),
    ("psycopg2", Said::Database(Product::Postgres, Weight::Driver)),
    (
        "psycopg2-binary",
        Said::Database(Product::Postgres, Weight::Driver),
    ),
    ("pg8000", Said::Database(Product::Postgres, Weight::Driver)),
    ("aiosqlite", Said::Database(Product::Sqlite, Weight::Driver)),
    ("aiomysql", Said::Database(Product::Mysql, Weight::Driver)),
    ("asyncmy", Said::Database(Product::Mysql, Weight::Driver)),
    ("mysqlclient", Said::Database(Product::Mysql, Weight::Driver)),
    ("pymysql", Said::Database(Product::Mysql, Weight::Driver)),
    (
        "mysql-connector-python",
        Said::Database(Product::Mysql, Weight::Driver),
    ),
    ("mariadb", Said::Database(Product::Mariadb, Weight::Driver)),
    ("motor", Said::Database(Product::Mongodb, Weight::Driver)),
    ("pymongo", Said::Database(Product::Mongodb, Weight::Driver)),
];

/// Groups of what only developers install: a driver there says nothing about what runs.
const ASIDE: &[&str] = &["dev", "test", "tests", "testing", "lint", "docs", "typing"];

fn look(look: &mut Look<'_>) {
    for path in look.named(|name| name == "pyproject.toml" || name == "Pipfile") {
        let Some((file, text)) = look.manifest(&path) else {
            continue;
        };
        match text.parse::<Table>() {
            Ok(table) => declared(look, file, &table),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                look.broken(file, at, error.message());
            }
        }
    }
    let is_list =
        |name: &str| name.starts_with("requirements") && (name.ends_with(".txt") || name.ends_with(".in"));
    let mut lists = look.named(is_list);
    lists.extend(
        look.files
            .iter()
            .filter(|path| path.contains("requirements/") && path.ends_with(".txt"))
            .cloned(),
    );
    for path in lists {
        let name = path.rsplit('/').next().unwrap_or_default();
        if name.split(['-', '_', '.']).any(|word| ASIDE.contains(&word)) {
            continue;
        }
        let Some((file, text)) = look.manifest(&path) else {
            continue;
        };
        for line in text
            .lines()
            .map(|line| line.split(" #").next().unwrap_or(line).trim())
        {
            if !line.starts_with(['#', '-']) {
                required(look, file, line, line);
            }
        }
    }
    for path in look.named(|name| name == "setup.cfg") {
        let Some((file, text)) = look.manifest(&path) else {
            continue;
        };
        setup(look, file, &text);
    }
}

/// The tables of `pyproject.toml` in which names and requirements stand, and those of a `Pipfile`.
fn declared(look: &mut Look<'_>, file: FileId, table: &Table) {
    let at = |path: &[&str]| {
        let mut value = table.get(*path.first()?)?;
        for part in path.iter().skip(1) {
            value = value.get(part)?;
        }
        Some(value)
    };
    let name = at(&["project", "name"]).or_else(|| at(&["tool", "poetry", "name"]));
    if let Some(name) = name.and_then(Value::as_str) {
        look.say(
            file,
            &format!("\"{name}\""),
            Said::Name(name.to_owned()),
            "its name",
        );
    }
    listed(look, file, at(&["project", "dependencies"]));
    for path in [&["tool", "poetry", "dependencies"][..], &["packages"]] {
        keyed(look, file, at(path));
    }
    for path in [&["project", "optional-dependencies"][..], &["dependency-groups"]] {
        for (group, list) in at(path).and_then(Value::as_table).into_iter().flatten() {
            if !ASIDE.contains(&group.as_str()) {
                listed(look, file, Some(list));
            }
        }
    }
    let groups = at(&["tool", "poetry", "group"]).and_then(Value::as_table);
    for (group, inside) in groups.into_iter().flatten() {
        if !ASIDE.contains(&group.as_str()) {
            keyed(look, file, inside.get("dependencies"));
        }
    }
}

/// A list of requirements: `"sqlalchemy[asyncio]>=2.1"`.
fn listed(look: &mut Look<'_>, file: FileId, list: Option<&Value>) {
    for one in list.and_then(Value::as_array).into_iter().flatten() {
        if let Some(one) = one.as_str() {
            required(look, file, one, one);
        }
    }
}

/// A table of requirements: `sqlalchemy = "^2.1"`.
fn keyed(look: &mut Look<'_>, file: FileId, table: Option<&Value>) {
    for (name, wanted) in table.and_then(Value::as_table).into_iter().flatten() {
        let version = wanted
            .as_str()
            .or_else(|| wanted.get("version").and_then(Value::as_str));
        let whole = format!("{name}{}", version.unwrap_or_default());
        let text = look.sources.get(file).map_or("", |source| source.text.as_str());
        let line = text.lines().find(|line| {
            let rest = line
                .trim_start()
                .trim_start_matches('"')
                .strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.trim_start_matches('"').trim_start().starts_with('='))
        });
        let line = line.unwrap_or(name).to_owned();
        required(look, file, &whole, &line);
    }
}

/// One requirement, and the words by which it is found in the file.
fn required(look: &mut Look<'_>, file: FileId, requirement: &str, words: &str) {
    let end = requirement
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(requirement.len());
    let (name, rest) = requirement.split_at_checked(end).unwrap_or((requirement, ""));
    let name = name.to_ascii_lowercase().replace(['_', '.'], "-");
    let Some((name, said)) = PACKAGES.iter().find(|(known, _)| *known == name) else {
        return;
    };
    look.say(file, words, said.clone(), format!("`{name}` is required"));
    if *name == "sqlalchemy" && is_older(rest) {
        let why = format!(
            "the models need `sqlalchemy>=2.1`, and `{}` is required",
            requirement.trim()
        );
        look.say(file, words, Said::Note, why);
    }
}

/// Whether a requirement leaves out SQLAlchemy 2.1.
fn is_older(version: &str) -> bool {
    let version = version.split(';').next().unwrap_or_default().replace(' ', "");
    [
        "<2.1", "<2,", "==2.0", "==1", "~=2.0.", "~=1", "^1", "~2.0", "~1", "<=2.0",
    ]
    .iter()
    .any(|old| format!("{version},").contains(old))
}

/// `setup.cfg`: its name, and the lines of `install_requires`.
fn setup(look: &mut Look<'_>, file: FileId, text: &str) {
    let mut inside = false;
    for line in text.lines() {
        let indented = line.starts_with([' ', '\t']);
        let (key, value) = line.split_once('=').unwrap_or((line, ""));
        if !indented {
            inside = key.trim() == "install_requires";
            if key.trim() == "name" {
                look.say(file, line, Said::Name(value.trim().to_owned()), "its name");
            }
            if inside {
                required(look, file, value.trim(), line);
            }
        } else if inside {
            required(look, file, line.trim(), line.trim());
        }
    }
}
