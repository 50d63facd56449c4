//! What the schema's own SQL makes, and what is as it was found: no model speaks of it, and autogeneration must not take it away.

use std::collections::BTreeSet;

use physical::{Database, RawSql};

/// What may stand between the kind of a thing and its name.
const BETWEEN: &[&str] = &["IF", "NOT", "EXISTS", "CONCURRENTLY"];
/// Kinds of things that Alembic compares.
const COMPARED: &[&str] = &["TABLE", "INDEX", "VIEW", "CONSTRAINT"];

/// The names of tables, views, indexes and constraints that statements create or add.
///
/// Words are read, not grammar: a name too many hides nothing that a model has, because those are always compared.
pub(super) fn names(statements: &[RawSql]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for statement in statements {
        let words = words(&statement.up);
        for (at, word) in words.iter().enumerate() {
            if COMPARED.contains(&word.to_ascii_uppercase().as_str()) {
                found.extend(words.iter().skip(at + 1).find_map(|word| named(word)));
            }
        }
    }
    found
}

/// The names of tables that are as they were found, and of their indexes; databases without schemas put the schema's before.
pub(super) fn found(database: &Database) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for table in &database.tables {
        let own = &table.name.name;
        names.insert(own.to_string());
        names.extend(table.name.schema.iter().map(|schema| format!("{schema}_{own}")));
        names.extend(table.indexes.iter().map(|index| index.name.to_string()));
        names.extend(table.uniques.iter().map(|unique| unique.name.to_string()));
    }
    names
}

/// The last part of a name, as the database keeps it; nothing for a word that stands before it.
fn named(word: &str) -> Option<String> {
    if BETWEEN.contains(&word.to_ascii_uppercase().as_str()) {
        return None;
    }
    let last = word.rsplit('.').next().unwrap_or(word);
    Some(
        match last.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => last.to_lowercase(),
        },
    )
}

/// Words and quoted names, joined by points.
fn words(sql: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in sql.chars() {
        quoted ^= letter == '"';
        if quoted || letter.is_alphanumeric() || matches!(letter, '_' | '.' | '"' | '$') {
            if let Some(word) = words.last_mut() {
                word.push(letter);
            }
        } else if words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sql: &str) -> Vec<String> {
        let raw = RawSql {
            dialect: "postgres".to_owned(),
            up: sql.to_owned(),
            undo: None,
            first: false,
            origin: physical::Origin::Decision("sql", None),
        };
        names(&[raw]).into_iter().collect()
    }

    #[test]
    fn what_is_created_has_a_name() {
        assert_eq!(
            of("CREATE INDEX notes_trgm ON shop.notes USING gin (text)"),
            ["notes_trgm"]
        );
        assert_eq!(
            of("create unique index concurrently if not exists A on b (c)"),
            ["a"]
        );
        assert_eq!(of("CREATE TABLE \"my\".\"Big \"\"One\" (id int)"), ["Big \"One"]);
        assert_eq!(
            of("ALTER TABLE notes ADD CONSTRAINT odd UNIQUE (a);CREATE VIEW v AS SELECT 1"),
            ["notes", "odd", "v"]
        );
        assert_eq!(of("CREATE EXTENSION pg_trgm"), Vec::<String>::new());
        assert_eq!(of("CREATE INDEX"), Vec::<String>::new());
    }
}
