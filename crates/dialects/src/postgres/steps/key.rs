//! Primary keys and unique constraints of tables that stay.

use physical::{Ident, PrimaryKey, Table};
use plan::{Action, Hazard, Lock, Step, TableChange};

use super::alter::{one, quoted};
use super::table::unique_line;
use super::{locking, partition, shown};
use crate::postgres::ident;

pub(super) fn primary_text(key: &PrimaryKey) -> String {
    let mut sql = ident::sql();
    sql.kw("ADD CONSTRAINT ")
        .ident(&key.name)
        .kw(" PRIMARY KEY ")
        .list(&key.columns);
    sql.finish()
}

/// `ADD CONSTRAINT …` of a primary key or unique constraint of a table.
pub(super) fn key_text(table: &Table, key: &Ident) -> Option<String> {
    if let Some(primary) = table.primary_key.as_ref().filter(|each| each.name == *key) {
        return Some(primary_text(primary));
    }
    let unique = table.uniques.iter().find(|each| each.name == *key)?;
    Some(format!("ADD {}", unique_line(unique)))
}

/// Tables that inherit have keys of their own.
fn has_partitions(change: &TableChange<'_>) -> bool {
    change.to.partitioned.is_some() && !change.parts.is_empty()
}

/// `ALTER TABLE`, of a table without its partitions where those get theirs apart.
fn alone(change: &TableChange<'_>) -> String {
    let only = if has_partitions(change) { "ONLY " } else { "" };
    format!("ALTER TABLE {only}{}", ident::name(&change.to.name))
}

/// A primary key or unique constraint goes, by itself or with what it is a part of.
pub(super) fn drop_key(change: &TableChange<'_>, key: &Ident, by_itself: bool) -> Step {
    let table = change.from;
    let text = key_text(table, key).unwrap_or_default();
    let mut back = vec![format!("{} {text}", alone(change))];
    back.extend(partition::joined_keys(&change.parts, table, key));
    let unique = table.uniques.iter().find(|each| each.name == *key);
    let object = format!("{} ON {}", quoted(key), ident::name(&table.name));
    let said = unique.and_then(|unique| unique.comment.as_deref());
    super::comment(&mut back, "CONSTRAINT", &object, said);
    let statements = if by_itself {
        let name = ident::name(&table.name);
        vec![format!("ALTER TABLE {name} DROP CONSTRAINT {}", quoted(key))]
    } else {
        Vec::new()
    };
    let title = format!("constraint {key} of {} goes", shown(&table.name));
    locking(
        one(table, title, statements, back),
        Lock::AccessExclusive,
        Vec::new(),
    )
}

fn add_constraint(change: &TableChange<'_>, constraint: &Ident, text: &str) -> Step {
    let table = change.to;
    let name = ident::name(&table.name);
    let mut back = vec![format!(
        "ALTER TABLE {name} DROP CONSTRAINT {}",
        quoted(constraint)
    )];
    back.extend(partition::standing_keys(&change.parts, table, constraint));
    let step = one(
        table,
        format!("constraint {constraint} of {}", shown(&table.name)),
        vec![format!("{} {text}", alone(change))],
        back,
    );
    if has_partitions(change) {
        // The table itself holds nothing, and its partitions have their keys already or get them apart.
        return locking(step, Lock::AccessExclusive, Vec::new());
    }
    let hazards = vec![
        Hazard::Scan(format!(
            "{} is read whole, and an index is built",
            shown(&table.name)
        )),
        Hazard::Blocks(format!(
            "everything that reads or writes {} waits",
            shown(&table.name)
        )),
        Hazard::MayFail(format!(
            "rows of {} may have the same values, or none",
            shown(&table.name)
        )),
    ];
    locking(step, Lock::AccessExclusive, hazards)
}

pub(super) fn add_key(change: &TableChange<'_>, key: &Ident) -> Vec<Step> {
    let text = key_text(change.to, key).unwrap_or_default();
    let apart = change.to.partitioned.is_none();
    let mut steps = if apart {
        over_index(change.to, key)
    } else {
        vec![add_constraint(change, key, &text)]
    };
    if let Some(last) = steps.last_mut() {
        let Action::Sql(statements) = &mut last.action;
        let object = format!("{} ON {}", quoted(key), ident::name(&change.to.name));
        let unique = change.to.uniques.iter().find(|each| each.name == *key);
        let said = unique.and_then(|unique| unique.comment.as_deref());
        super::comment(statements, "CONSTRAINT", &object, said);
    }
    steps
}

/// An index that is built while others read and write, and then a key that takes it.
fn over_index(table: &Table, key: &Ident) -> Vec<Step> {
    vec![index_for(table, key, key), taking(table, key, key)]
}

/// A unique index, under a name of its own, for a key of a table.
pub(super) fn index_for(table: &Table, key: &Ident, called: &Ident) -> Step {
    let unique = table.uniques.iter().find(|each| each.name == *key);
    let primary = table.primary_key.as_ref().filter(|each| each.name == *key);
    let columns = unique
        .map(|each| &each.columns)
        .or(primary.map(|each| &each.columns));
    let mut sql = ident::sql();
    sql.kw("CREATE UNIQUE INDEX CONCURRENTLY ")
        .ident(called)
        .kw(" ON ")
        .name(&table.name)
        .kw(" ");
    sql.list(columns.map(Vec::as_slice).unwrap_or_default());
    if unique.is_some_and(|each| each.nulls_not_distinct) {
        sql.kw(" NULLS NOT DISTINCT");
    }
    let mut full = table.name.clone();
    full.name.clone_from(called);
    let mut index = one(
        table,
        format!("index for constraint {key} of {}", shown(&table.name)),
        vec![sql.finish()],
        // The constraint takes it along when it goes.
        vec![format!(
            "DROP INDEX CONCURRENTLY IF EXISTS {}",
            ident::name(&full)
        )],
    );
    index.transactional = false;
    if table.partition_of.is_none() {
        index.apart = Some(called.clone());
    }
    let hazards = vec![
        Hazard::Scan(format!("{} is read twice", shown(&table.name))),
        Hazard::MayFail(format!("rows of {} may have the same values", shown(&table.name))),
    ];
    locking(index, Lock::ShareUpdateExclusive, hazards)
}

/// A key that takes an index, and gives it its own name.
pub(super) fn taking(table: &Table, key: &Ident, index: &Ident) -> Step {
    let name = ident::name(&table.name);
    let unique = table.uniques.iter().find(|each| each.name == *key);
    let primary = table.primary_key.as_ref().filter(|each| each.name == *key);
    let kind = if primary.is_some() {
        "PRIMARY KEY"
    } else {
        "UNIQUE"
    };
    let own = quoted(key);
    let deferred = if unique.is_some_and(|each| each.deferred) {
        " DEFERRABLE INITIALLY DEFERRED"
    } else {
        ""
    };
    let constraint = one(
        table,
        format!("constraint {key} of {}", shown(&table.name)),
        vec![format!(
            "ALTER TABLE {name} ADD CONSTRAINT {own} {kind} USING INDEX {}{deferred}",
            quoted(index)
        )],
        vec![format!("ALTER TABLE {name} DROP CONSTRAINT {own}")],
    );
    locking(constraint, Lock::AccessExclusive, Vec::new())
}
