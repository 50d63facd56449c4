//! What is renamed along with a table or column: names that were made of theirs. Nothing but the name may differ.

use physical::{Database, Ident, Name, Opaque, Table};
use plan::{Relational, Rename};

use super::apply::apply;
use crate::mentions::each_path;

/// Renames of constraints, indexes and sequences of the tables at hand, each applied to the schema.
///
/// SQLite cannot give a constraint another name: one that a statement gives is made anew with its table. Others have none; those that they
/// are read by are made of the names of table and columns, and follow without a step.
pub(super) fn derive(
    database: &mut Database,
    to: &Database,
    tables: &[Name],
    dialect: &Relational,
    given: &[Rename],
) -> Vec<Rename> {
    let mut all = Vec::new();
    let one = (dialect.canonical)(database);
    let other = (dialect.canonical)(to);
    for name in tables {
        if let (Some(was), Some(is)) = (one.table(name), other.table(name)) {
            constraints(was, is, &mut all);
            indexes(was, is, &mut all);
        }
    }
    if dialect.folds_case {
        all.retain(|rename| match rename {
            Rename::Constraint { table, from, to } => {
                let made_up = database.table(table).is_some_and(|table| is_made_up(table, from));
                made_up && follows(from, to, given)
            }
            _ => false,
        });
    } else {
        all.extend(sequences(database, to, tables, dialect));
        all.extend(identities(database, tables, dialect, given));
    }
    for rename in &all {
        apply(database, rename, dialect);
    }
    all
}

/// Whether the statement that a table was found by does not say a name. A table that was designed says all of them.
fn is_made_up(table: &Table, name: &Ident) -> bool {
    let Some(text) = &table.written.table else {
        return false;
    };
    let mut said = false;
    each_path(text, &mut |schema, word| {
        said |= word == name.as_str() || schema == Some(name.as_str());
    });
    !said
}

/// Whether a name becomes the other when what is renamed is called otherwise in it.
fn follows(from: &Ident, to: &Ident, given: &[Rename]) -> bool {
    let mut name = from.to_string();
    for rename in given {
        let (old, new) = match rename {
            Rename::Table { from, to } => (from.name.as_str(), to.name.as_str()),
            Rename::Column { from, to, .. } => (from.as_str(), to.as_str()),
            _ => continue,
        };
        name = name.replace(old, new);
    }
    name == to.as_str()
}

/// The name of a thing, and its comment if it can have one.
type Said<'t> = (&'t mut Ident, Option<&'t mut Option<String>>);

/// Pairs of names that only one side has, and that name the same thing otherwise; each at most once.
fn pairs<T: Clone + PartialEq>(was: &[T], is: &[T], parts: fn(&mut T) -> Said<'_>) -> Vec<(Ident, Ident)> {
    let named = |each: &T| parts(&mut each.clone()).0.clone();
    let has = |all: &[T], wanted: &Ident| all.iter().any(|each| named(each) == *wanted);
    // A comment can be changed afterwards.
    let bare = |each: &T, name: Ident| {
        let mut copy = each.clone();
        let (own, comment) = parts(&mut copy);
        *own = name;
        if let Some(comment) = comment {
            *comment = None;
        }
        copy
    };
    let mut free: Vec<&T> = is.iter().filter(|each| !has(was, &named(each))).collect();
    let mut out = Vec::new();
    for old in was.iter().filter(|each| !has(is, &named(each))) {
        let same = |new: &&T| bare(old, named(new)) == bare(new, named(new));
        if let Some(at) = free.iter().position(same) {
            out.push((named(old), named(free.remove(at))));
        }
    }
    out
}

fn constraints(was: &Table, is: &Table, all: &mut Vec<Rename>) {
    let mut found = Vec::new();
    let key = |table: &Table| table.primary_key.iter().cloned().collect::<Vec<_>>();
    found.extend(pairs(&key(was), &key(is), |each| (&mut each.name, None)));
    found.extend(pairs(&was.uniques, &is.uniques, |each| {
        (&mut each.name, Some(&mut each.comment))
    }));
    found.extend(pairs(&was.checks, &is.checks, |each| {
        (&mut each.name, Some(&mut each.comment))
    }));
    found.extend(pairs(&was.foreign_keys, &is.foreign_keys, |each| {
        (&mut each.name, Some(&mut each.comment))
    }));
    all.extend(found.into_iter().map(|(from, to)| Rename::Constraint {
        table: is.name.clone(),
        from,
        to,
    }));
}

fn indexes(was: &Table, is: &Table, all: &mut Vec<Rename>) {
    let found = pairs(&was.indexes, &is.indexes, |each| {
        (&mut each.name, Some(&mut each.comment))
    });
    all.extend(found.into_iter().map(|(from, to)| Rename::Index {
        table: is.name.clone(),
        from,
        to,
    }));
}

/// A sequence belongs to a column; what it has counted must not be lost.
fn sequences(database: &Database, to: &Database, tables: &[Name], dialect: &Relational) -> Vec<Rename> {
    let owned = |database: &Database| -> Vec<Opaque> {
        let all = database
            .opaque
            .iter()
            .filter(|each| each.kind == "sequence owner");
        all.filter(|each| each.depends_on.iter().any(|name| tables.contains(name)))
            .cloned()
            .collect()
    };
    let (was, is) = (owned(database), owned(to));
    let has = |all: &[Opaque], name: &Name| all.iter().any(|each| each.name == *name);
    let mut out = Vec::new();
    for old in was.iter().filter(|each| !has(&is, &each.name)) {
        let same = is.iter().find(|new| {
            let rename = Rename::Sequence {
                from: old.name.clone(),
                to: new.name.clone(),
            };
            let mut copy = Database {
                opaque: vec![old.clone()],
                ..Database::default()
            };
            apply(&mut copy, &rename, dialect);
            let within = old.name.schema == new.name.schema && !has(&was, &new.name);
            within && copy.opaque.iter().all(|each| each.definition == new.definition)
        });
        out.extend(same.map(|new| Rename::Sequence {
            from: old.name.clone(),
            to: new.name.clone(),
        }));
    }
    out
}

/// The sequence of an identity column is called by table and column, unless somebody has said otherwise.
fn identities(database: &Database, tables: &[Name], dialect: &Relational, given: &[Rename]) -> Vec<Rename> {
    let mut out = Vec::new();
    for table in tables.iter().filter_map(|name| database.table(name)) {
        let before = given.iter().find_map(|rename| match rename {
            Rename::Table { from, to } if *to == table.name => Some(&from.name),
            _ => None,
        });
        for column in table.columns.iter().filter(|column| column.identity.is_some()) {
            let was = given.iter().find_map(|rename| match rename {
                Rename::Column { table: of, from, to } if *of == table.name && *to == column.name => {
                    Some(from)
                }
                _ => None,
            });
            let called = |table: &Ident, column: &Ident| {
                let name = format!("{table}_{column}_seq");
                (name.len() <= dialect.identifier_limit).then(|| Ident::from(name))
            };
            let named = database.opaque.iter().any(|each| {
                each.kind == "identity sequence name"
                    && each.detail == column.name.as_str()
                    && each.depends_on.contains(&table.name)
            });
            let old = called(before.unwrap_or(&table.name.name), was.unwrap_or(&column.name));
            let (Some(old), Some(new)) = (old, called(&table.name.name, &column.name)) else {
                continue;
            };
            if old != new && !named {
                let whole = |name: Ident| Name {
                    schema: table.name.schema.clone(),
                    name,
                };
                out.push(Rename::Sequence {
                    from: whole(old),
                    to: whole(new),
                });
            }
        }
    }
    out
}
