//! Clauses of an entity without defaults: what stands below its fields.

use std::collections::BTreeMap;

use physical::{Check, Column, Expr, ForeignKey, Ident, Index, IndexMethod, Table, Unique};

use crate::entity::field_names;
use crate::text::{bare, doc, quoted};
use crate::{Ground, references, sayable};

/// The fields of a table, by the names of their columns.
type Fields = BTreeMap<Ident, String>;

/// Says keys, uniqueness, references, indexes and checks that no field says.
pub(crate) fn write(ground: &Ground<'_>, table: &Table, fields: &Fields) -> String {
    let mut out = key(table, fields);
    out.extend(table.uniques.iter().map(|it| unique(table, it, fields)));
    let keys = table
        .foreign_keys
        .iter()
        .filter(|key| references::is_sayable(ground, key));
    out.extend(keys.map(|key| reference(ground, table, key, fields)));
    let indexes = table
        .indexes
        .iter()
        .filter(|index| sayable::index_is_plain(ground, table, index));
    out.extend(indexes.map(|it| index(table, it, fields)));
    out.extend(
        table
            .checks
            .iter()
            .enumerate()
            .map(|(at, it)| check(table, at, it)),
    );
    out
}

fn list(columns: &[Ident], fields: &Fields) -> String {
    let named: Vec<&str> = columns
        .iter()
        .filter_map(|column| fields.get(column))
        .map(String::as_str)
        .collect();
    named.join(", ")
}

/// ` @name("…")`, where the name is not the usual one.
fn unusual(name: &Ident, usual: &str) -> String {
    if name.as_str() == usual {
        return String::new();
    }
    format!(" @name({})", quoted(name.as_str()))
}

fn key(table: &Table, fields: &Fields) -> String {
    let Some(key) = &table.primary_key else {
        return String::new();
    };
    let usual = usual(table, &[], "pkey");
    if key.columns.len() == 1 && key.name.as_str() == usual {
        return String::new();
    }
    format!(
        "  key ({}){}\n",
        list(&key.columns, fields),
        unusual(&key.name, &usual)
    )
}

fn unique(table: &Table, unique: &Unique, fields: &Fields) -> String {
    let usual = usual(table, &unique.columns, "key");
    let only = match unique.columns.as_slice() {
        [only] => table.column(only.as_str()),
        _ => None,
    };
    let on_field = only.is_some_and(|column| on_field(table, column) == " @unique");
    if on_field && unique.name.as_str() == usual {
        return String::new();
    }
    let late = if unique.deferred { " @deferred" } else { "" };
    let name = unusual(&unique.name, &usual);
    let told = doc(unique.comment.as_ref(), "  ");
    format!("{told}  unique ({}){late}{name}\n", list(&unique.columns, fields))
}

fn check(table: &Table, at: usize, check: &Check) -> String {
    let (true, Expr::Sql(sql)) = (sayable::check_is_plain(check), &check.expr) else {
        return String::new();
    };
    let name = unusual(&check.name, &format!("{}_check{}", table.name.name, at + 1));
    let told = doc(check.comment.as_ref(), "  ");
    format!("{told}  check ({}){name}\n", quoted(bare(sql)))
}

/// ` @id`, ` @unique`, where the constraint has the usual name.
pub(crate) fn on_field(table: &Table, column: &Column) -> &'static str {
    let alone = |columns: &[Ident]| columns == [column.name.clone()];
    let key = table.primary_key.as_ref().filter(|key| alone(&key.columns));
    if key.is_some_and(|key| key.name.as_str() == usual(table, &[], "pkey")) {
        return " @id";
    }
    let mut uniques = table.uniques.iter().filter(|unique| alone(&unique.columns));
    let is_usual = uniques.any(|unique| {
        let plain = !unique.deferred && unique.comment.is_none();
        plain && unique.name.as_str() == usual(table, &unique.columns, "key")
    });
    if is_usual { " @unique" } else { "" }
}

/// What databases call a constraint or an index by themselves.
fn usual(table: &Table, columns: &[Ident], kind: &str) -> String {
    let parts = columns.iter().map(Ident::as_str);
    let parts: Vec<&str> = std::iter::once(table.name.name.as_str())
        .chain(parts)
        .chain([kind])
        .collect();
    parts.join("_")
}

fn reference(ground: &Ground<'_>, table: &Table, key: &ForeignKey, names: &Fields) -> String {
    let only = match key.columns.as_slice() {
        [only] => references::of_column(ground, table, only.as_str()),
        _ => None,
    };
    if only == Some(key) {
        return String::new();
    }
    let own = list(&key.columns, names);
    let called = ground.entities.get(&key.references).map_or("", String::as_str);
    let target = ground.asked.database.table(&key.references);
    let theirs = target.map(|target| {
        if target.name == table.name {
            names.clone()
        } else {
            field_names(ground, target)
        }
    });
    let theirs = theirs.unwrap_or_default();
    let referenced: Vec<&str> = key
        .referenced
        .iter()
        .filter_map(|column| theirs.get(column))
        .map(String::as_str)
        .collect();
    let mut word = model::naming::snake(called);
    let mut count = 1;
    while names.values().any(|name| *name == word) {
        count += 1;
        word = format!("{}_{count}", model::naming::snake(called));
    }
    format!(
        "{}  reference {word} ({own}) -> {called} ({}){}\n",
        doc(key.comment.as_ref(), "  "),
        referenced.join(", "),
        references::attributes(table, key)
    )
}

fn index(table: &Table, index: &Index, names: &Fields) -> String {
    let mut columns = Vec::new();
    let mut keys = Vec::new();
    for key in &index.keys {
        let Expr::Column { name, .. } = &key.expr else {
            continue;
        };
        let field = names.get(name).map_or("", String::as_str);
        keys.push(format!("{field}{}", if key.descending { " desc" } else { "" }));
        columns.push(name.clone());
    }
    let told = doc(index.comment.as_ref(), "  ");
    let mut out = format!("{told}  index ({})", keys.join(", "));
    if index.unique {
        out.push_str(" @unique");
    }
    let method = match &index.method {
        IndexMethod::BTree | IndexMethod::Other(_) => "",
        IndexMethod::Hash => " @using(hash)",
        IndexMethod::Gin => " @using(gin)",
        IndexMethod::Gist => " @using(gist)",
        IndexMethod::Brin => " @using(brin)",
    };
    out.push_str(method);
    if let Some(Expr::Sql(sql)) = &index.predicate {
        out.push_str(&format!(" @where({})", quoted(bare(sql))));
    }
    if index.name.as_str() != usual(table, &columns, "idx") {
        out.push_str(&format!(" @name({})", quoted(index.name.as_str())));
    }
    out.push('\n');
    out
}
