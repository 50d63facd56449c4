//! Foreign keys: which are fields, and which are clauses.

use physical::{ForeignKey, OnDelete, Table};

use crate::text::quoted;
use crate::{Ground, sayable};

/// Whether the language knows all that a foreign key says.
pub(crate) fn is_plain(key: &ForeignKey) -> bool {
    let told = sayable::is_told(key.comment.as_ref());
    key.validated && key.set_null.is_empty() && told && !key.columns.is_empty()
}

/// Whether a foreign key can be said: between entities, and with what the language knows of it.
pub(crate) fn is_sayable(ground: &Ground<'_>, key: &ForeignKey) -> bool {
    is_plain(key) && !key.referenced.is_empty() && ground.entities.contains_key(&key.references)
}

/// The foreign key by which a column is a field that refers to an entity.
pub(crate) fn of_column<'t>(ground: &Ground<'_>, table: &'t Table, column: &str) -> Option<&'t ForeignKey> {
    let mut keys = table
        .foreign_keys
        .iter()
        .filter(|key| is_field(ground, key, column));
    let first = keys.next()?;
    // Two say different things about one column: both are clauses.
    keys.next().is_none().then_some(first)
}

fn is_field(ground: &Ground<'_>, key: &ForeignKey, column: &str) -> bool {
    let [own] = key.columns.as_slice() else {
        return false;
    };
    let target = ground.asked.database.table(&key.references);
    let primary = target.and_then(|table| table.primary_key.as_ref());
    // What stands above a field is about its column.
    own.as_str() == column
        && key.comment.is_none()
        && primary.is_some_and(|primary| primary.columns == key.referenced)
        && is_sayable(ground, key)
}

/// What stands behind the reference: ` @on_delete(cascade) @name("…")`.
pub(crate) fn attributes(table: &Table, key: &ForeignKey) -> String {
    let mut out = String::new();
    for (word, action) in [("on_delete", key.on_delete), ("on_update", key.on_update)] {
        let action = match action {
            OnDelete::NoAction => continue,
            OnDelete::Restrict => "restrict",
            OnDelete::Cascade => "cascade",
            OnDelete::SetNull => "set_null",
            OnDelete::SetDefault => "set_default",
        };
        out.push_str(&format!(" @{word}({action})"));
    }
    if key.deferred {
        out.push_str(" @deferred");
    }
    let columns: Vec<&str> = key.columns.iter().map(physical::Ident::as_str).collect();
    let usual = format!("{}_{}_fkey", table.name.name, columns.join("_"));
    if key.name.as_str() != usual {
        out.push_str(&format!(" @name({})", quoted(key.name.as_str())));
    }
    out
}
