//! Indexes in Alembic's words. What it cannot say answers `None`: then the statement of the dialect runs as it stands.

use std::collections::BTreeSet;

use physical::{Expr, Index, IndexKey, IndexMethod, Table};

use super::names::{Place, columns, is_sayable};
use super::text::part;
use super::{Flavour, Target};
use crate::sqlalchemy::py::{Py, string};

/// `op.create_index(…)`
pub(super) fn create(target: &Target<'_>, table: &Table, index: &Index) -> Option<Py> {
    let flavour = target.flavour()?;
    let place = Place::of(flavour, &table.name)?;
    let once = once(index);
    let plain = |key: &IndexKey| {
        plain(flavour, key)
            .filter(|name| once.contains(name))
            .map(str::to_owned)
    };
    let mut keys = Vec::new();
    let mut classes = Vec::new();
    for key in &index.keys {
        let Some(name) = plain(key) else {
            keys.push(part(&(target.dialect.index_key)(key).ok()?));
            continue;
        };
        if let Some(class) = &key.operator_class {
            classes.push(Py::atom(format!("{}: {}", string(&name), string(class))));
        }
        keys.push(Py::Atom(string(&name)));
    }
    let mut arguments = vec![
        Py::Atom(string(index.name.as_str())),
        Py::Atom(string(&place.table)),
        Py::list(keys),
    ];
    if index.unique {
        arguments.push(Py::atom("unique=True"));
    }
    arguments.extend(place.schema());
    match flavour {
        Flavour::Postgresql => postgresql(target, index, classes, &mut arguments)?,
        Flavour::Sqlite => arguments.extend(condition(target, index, "sqlite_where")?),
    }
    Some(Py::call("op.create_index", arguments))
}

fn postgresql(target: &Target<'_>, index: &Index, classes: Vec<Py>, arguments: &mut Vec<Py>) -> Option<()> {
    let method = match &index.method {
        IndexMethod::BTree => None,
        IndexMethod::Hash => Some("hash"),
        IndexMethod::Gin => Some("gin"),
        IndexMethod::Gist => Some("gist"),
        IndexMethod::Brin => Some("brin"),
        IndexMethod::Other(name) if is_word(name) => Some(name.as_str()),
        IndexMethod::Other(_) => return None,
    };
    arguments.extend(method.map(|method| Py::text("postgresql_using", method)));
    if !classes.is_empty() {
        arguments.push(Py::named("postgresql_ops", Py::Listed("{", classes, "}")));
    }
    if !index.include.is_empty() {
        arguments.push(Py::named(
            "postgresql_include",
            Py::list(columns(&index.include)?),
        ));
    }
    if index.nulls_not_distinct {
        arguments.push(Py::atom("postgresql_nulls_not_distinct=True"));
    }
    arguments.extend(condition(target, index, "postgresql_where")?);
    Some(())
}

/// Which rows are in it; the outer `None` when that cannot be said.
fn condition(target: &Target<'_>, index: &Index, word: &str) -> Option<Option<Py>> {
    match &index.predicate {
        None => Some(None),
        Some(predicate) => {
            let text = (target.dialect.expression)(predicate).ok()?;
            Some(Some(Py::named(word, part(&text))))
        }
    }
}

/// Columns that are a key once: a class of operators is told by column.
fn once(index: &Index) -> BTreeSet<&str> {
    let mut once = BTreeSet::new();
    let mut more = BTreeSet::new();
    for name in index.keys.iter().filter_map(column) {
        if !once.insert(name) {
            more.insert(name);
        }
    }
    &once - &more
}

fn column(key: &IndexKey) -> Option<&str> {
    match &key.expr {
        Expr::Column {
            table: None, name, ..
        } => Some(name.as_str()),
        _ => None,
    }
}

/// The column of a key that is said by its name: rising, with a class of operators at most.
fn plain(flavour: Flavour, key: &IndexKey) -> Option<&str> {
    let by_name = !key.descending && key.nulls_first.is_none();
    let class = key.operator_class.as_deref();
    let class = class.is_none_or(|class| flavour == Flavour::Postgresql && is_word(class));
    column(key).filter(|name| by_name && class && is_sayable(name))
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
}
