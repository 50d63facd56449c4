//! Which tables can be entities, and what of them can be said.

use physical::{Check, Column, Expr, Index, IndexMethod, RowSecurity, SqlType, Table, Unique};

use crate::text::is_doc;
use crate::{Ground, references, types};

/// Why a table stays SQL; `None` when it can be an entity.
pub(crate) fn why_not(ground: &Ground<'_>, table: &Table) -> Option<String> {
    if let Some(why) = kind(table) {
        return Some(why.to_owned());
    }
    // Elsewhere a comment is a statement of its own.
    let mut comments =
        std::iter::once(&table.comment).chain(table.columns.iter().map(|column| &column.comment));
    if ground.asked.dialect.keys_in_tables && !comments.all(|comment| is_told(comment.as_ref())) {
        return Some("it has a comment with blanks at its ends".to_owned());
    }
    if table.columns.is_empty() {
        return Some("it has no columns".to_owned());
    }
    if let Some((column, why)) = table
        .columns
        .iter()
        .find_map(|it| Some((it, column(ground, table, it)?)))
    {
        return Some(format!("{why} (`{}`)", column.name));
    }
    let unsaid = table.uniques.iter().find(|unique| !unique_is_plain(unique));
    if let Some(unique) = unsaid {
        return Some(format!("`{}` is no plain unique constraint", unique.name));
    }
    // SQLite says everything about a table where it makes it.
    if ground.asked.dialect.keys_in_tables
        && let Some(key) = table.foreign_keys.iter().find(|key| !references::is_plain(key))
    {
        return Some(format!("the foreign key `{}` is no plain one", key.name));
    }
    if let Some(check) = table
        .checks
        .iter()
        .find(|check| check.validated && !check_is_plain(check))
    {
        return Some(format!(
            "the check `{}` has a comment that cannot be written",
            check.name
        ));
    }
    None
}

/// What a table is besides its columns and constraints.
fn kind(table: &Table) -> Option<&'static str> {
    let facts = [
        (
            table.partitioned.is_some() || table.partition_key.is_some(),
            "it is cut into partitions",
        ),
        (table.partition_of.is_some(), "it is a partition"),
        (table.inherits.is_some(), "it inherits from another table"),
        (table.unlogged, "it is not logged"),
        (table.fillfactor.is_some(), "it says how full its pages are"),
        (
            table.verbatim.is_some(),
            "its statement says more than is known of it",
        ),
        (table.owner.is_some(), "it belongs to a role of its own"),
        (
            table.row_security != RowSecurity::Off || !table.policies.is_empty(),
            "it has row-level security, which is a decision",
        ),
    ];
    facts.into_iter().find_map(|(is_so, why)| is_so.then_some(why))
}

fn column(ground: &Ground<'_>, table: &Table, it: &Column) -> Option<&'static str> {
    let rowid = ground.asked.dialect.name == "sqlite" && is_rowid(table, it);
    let virtual_ = it.generated.as_ref().is_some_and(|generated| !generated.stored);
    let of_expression = it
        .generated
        .as_ref()
        .is_some_and(|generated| !matches!(generated.expr, Expr::Sql(_)));
    let facts = [
        (virtual_ || of_expression, "a column is computed when it is read"),
        (types::say(ground, &it.ty).is_none(), "a column has no type"),
        (
            it.identity.is_some() && ground.asked.dialect.name == "sqlite" && !rowid,
            "a column counts, and is no key",
        ),
        (
            it.name.as_str().contains(char::is_control) || it.name.as_str().is_empty(),
            "a column has a name that cannot be written",
        ),
    ];
    facts.into_iter().find_map(|(is_so, why)| is_so.then_some(why))
}

fn is_rowid(table: &Table, column: &Column) -> bool {
    let key = table.primary_key.as_ref();
    key.is_some_and(|key| key.columns.as_slice() == [column.name.clone()]) && column.ty == SqlType::BigInt
}

/// Whether a comment can be written above what it is about.
pub(crate) fn is_told(comment: Option<&String>) -> bool {
    comment.is_none_or(|comment| is_doc(comment))
}

fn unique_is_plain(unique: &Unique) -> bool {
    !unique.nulls_not_distinct && is_told(unique.comment.as_ref())
}

/// Whether a check can be said. One that is not validated stays SQL beside its entity.
pub(crate) fn check_is_plain(check: &Check) -> bool {
    check.validated && is_told(check.comment.as_ref()) && matches!(check.expr, Expr::Sql(_))
}

/// Whether an index can be said.
pub(crate) fn index_is_plain(ground: &Ground<'_>, table: &Table, index: &Index) -> bool {
    let refused = &ground.asked.refused.indexes;
    if refused.contains(&(table.name.clone(), index.name.clone())) {
        return false;
    }
    let plain_keys = index.keys.iter().all(|key| {
        let column = matches!(&key.expr, Expr::Column { table: None, .. });
        column && key.nulls_first.is_none() && key.operator_class.is_none()
    });
    let sql = index
        .predicate
        .as_ref()
        .is_none_or(|it| matches!(it, Expr::Sql(_)));
    let known = !matches!(&index.method, IndexMethod::Other(_));
    let names: std::collections::BTreeSet<String> =
        index.keys.iter().map(|key| format!("{:?}", key.expr)).collect();
    plain_keys
        && sql
        && known
        && names.len() == index.keys.len()
        && !index.keys.is_empty()
        && index.include.is_empty()
        && !index.nulls_not_distinct
        && is_told(index.comment.as_ref())
}
