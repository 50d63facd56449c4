//! Columns of large tables that get their types beside the old ones.

use std::collections::BTreeSet;

use physical::{Column, Database, Ident, Table};
use plan::{Beside, Edit, LARGE, Object, Rename, Swap, TableChange};

use super::Work;
use crate::{diff, rename};

impl<'a> Work<'a> {
    /// Changes of tables that have columns of other types beside them for a while.
    pub(super) fn besides(&self) -> Vec<TableChange<'a>> {
        let settled = self.tables.values().map(|change| self.settled(change));
        settled
            .filter(|change| matches!(change.beside, Some(Beside::Columns(_))))
            .collect()
    }

    /// A change, with what stays on its table and how its columns get their types.
    pub(super) fn settled(&self, change: &TableChange<'a>) -> TableChange<'a> {
        let mut change = change.clone();
        change.stays = self.staying(change.from);
        change.beside = self.beside(&change);
        change
    }

    /// Leaves alone the checks that would only be made again because the server reads them anew: beside, there are new ones anyway.
    pub(super) fn keep_checks(&self, change: &mut TableChange<'a>) {
        if !self.is_retyped_beside(change) {
            return;
        }
        let canonical = (
            self.from.canonical_table(&change.from.name),
            self.to.canonical_table(&change.to.name),
        );
        let (Some(was), Some(is)) = canonical else { return };
        change.edits.retain(|edit| match edit {
            Edit::DropCheck(check) | Edit::AddCheck(check) => !diff::check_stays(was, is, &check.name),
            _ => true,
        });
    }

    /// Whether columns get their types beside, as far as the table alone can tell.
    pub(super) fn is_retyped_beside(&self, change: &TableChange<'_>) -> bool {
        is_large(change) && (self.from.dialect.beside)(change).is_ok_and(|names| !names.is_empty())
    }

    fn beside(&self, change: &TableChange<'a>) -> Option<Beside> {
        if !is_large(change) {
            return None;
        }
        if !self.is_firm() && self.freed(change.from).is_some() {
            return Some(Beside::Not("a function that it leans on is made anew".to_owned()));
        }
        let names = match (self.from.dialect.beside)(change) {
            Ok(names) => names,
            Err(why) => return Some(Beside::Not(why.reason)),
        };
        let columns: Vec<(Ident, Ident)> = names
            .iter()
            .map(|name| (name.clone(), self.free_column(change, name)))
            .collect();
        let names = staying(change);
        let renamed = |table: &Table| self.renamed(&only(table, &names), &columns);
        let tables = Box::new((renamed(change.from)?, renamed(change.to)?));
        (!columns.is_empty()).then_some(Beside::Columns(Swap { columns, tables }))
    }

    /// A name that no column has, before or after.
    fn free_column(&self, change: &TableChange<'_>, of: &Ident) -> Ident {
        let taken = |name: &str| {
            let has = |column: &Column| column.name.as_str() == name;
            change.from.columns.iter().chain(&change.to.columns).any(has)
        };
        let mut end = String::from("_new");
        loop {
            let mut name = of.to_string();
            while name.len() + end.len() > self.from.dialect.identifier_limit {
                name.pop();
            }
            name.push_str(&end);
            if !taken(&name) {
                return Ident::new(name);
            }
            end.push('_');
        }
    }

    /// The table when its columns are called otherwise.
    fn renamed(&self, table: &Table, columns: &[(Ident, Ident)]) -> Option<Table> {
        let mut database = Database {
            tables: vec![table.clone()],
            ..Database::default()
        };
        for (from, to) in columns {
            let (from, to) = (from.clone(), to.clone());
            let table = table.name.clone();
            rename::apply(
                &mut database,
                &Rename::Column { table, from, to },
                self.from.dialect,
            );
        }
        database.tables.pop()
    }
}

fn is_large(change: &TableChange<'_>) -> bool {
    let expected = change.from.expected.0.max(change.to.expected.0);
    expected.is_some_and(|rows| rows >= LARGE)
}

/// The names of constraints and indexes that are there before and after, and that nothing has removed when the table's turn comes.
fn staying(change: &TableChange<'_>) -> BTreeSet<Ident> {
    let table = change.from;
    let goes = |name: &Ident| {
        change.edits.iter().any(|edit| match edit {
            Edit::DropCheck(check) => check.name == *name,
            Edit::DropUnique(key) | Edit::LoseUnique(key) => key.name == *name,
            Edit::DropPrimaryKey(key) | Edit::LosePrimaryKey(key) => key.name == *name,
            _ => false,
        })
    };
    let checks = table.checks.iter().map(|each| &each.name);
    let uniques = table.uniques.iter().map(|each| &each.name);
    let primary = table.primary_key.iter().map(|each| &each.name);
    let constraints = checks.chain(uniques).chain(primary).filter(|name| !goes(name));
    let indexes = change.stays.iter().filter_map(|object| match object {
        Object::Index(_, index) => Some(&index.name),
        _ => None,
    });
    constraints.chain(indexes).cloned().collect()
}

/// A table with no others than those.
fn only(table: &Table, names: &BTreeSet<Ident>) -> Table {
    let mut table = table.clone();
    table.checks.retain(|each| names.contains(&each.name));
    table.uniques.retain(|each| names.contains(&each.name));
    table.primary_key = table.primary_key.filter(|each| names.contains(&each.name));
    table.indexes.retain(|each| names.contains(&each.name));
    table
}
