//! Partitions that are tables in their own right, and what reaches them from the table that they are parts of.
//!
//! A change of a partitioned table's columns, checks and keys reaches its partitions by itself. An index or key of a partition that is
//! a part of one of the whole goes with that one, and cannot go without it.

use std::collections::{BTreeMap, BTreeSet};

use physical::{Ident, Name, Table};

use crate::diff::{self, Side};

/// An index, primary key or unique constraint: its table's name and its own.
type Key = (Name, Ident);

/// What holds partitions to their wholes, before and after.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// Partitions that stay where they are, with the tables that they are partitions of.
    held: BTreeMap<Name, Name>,
    /// Tables that inherit from the same tables before and after.
    heirs: BTreeMap<Name, Vec<Name>>,
    /// Those of each table, each after what it is a partition of.
    below: BTreeMap<Name, Vec<Name>>,
    /// Indexes and keys that are the same before and after, and yet have to be made anew.
    broken: BTreeSet<Key>,
    /// Indexes and keys that go because the whole goes that they are parts of.
    lost: BTreeSet<Key>,
}

impl Parts {
    pub(crate) fn of(from: &Side<'_>, to: &Side<'_>, recut: &BTreeSet<Name>) -> Self {
        let mut parts = Self::default();
        for table in &from.given.tables {
            let Some(was) = &table.partition_of else { continue };
            if recut.contains(&was.parent) || recut.contains(&table.name) {
                continue;
            }
            let is = to
                .given
                .table(&table.name)
                .and_then(|each| each.partition_of.as_ref());
            if is.is_some_and(|is| (&is.parent, &is.bound) == (&was.parent, &was.bound)) {
                parts.held.insert(table.name.clone(), was.parent.clone());
            }
        }
        for table in &from.given.tables {
            let Some(was) = &table.inherits else { continue };
            let is = to
                .given
                .table(&table.name)
                .and_then(|each| each.inherits.as_ref());
            if is.is_some_and(|is| is.parents == was.parents) {
                parts.heirs.insert(table.name.clone(), was.parents.clone());
            }
        }
        parts.below = parts.descendants();
        while parts.spread(from, to) {}
        parts
    }

    /// A table that a partition stays a partition of.
    pub(crate) fn whole(&self, table: &Name) -> Option<&Name> {
        self.held.get(table)
    }

    /// The topmost such table; its columns are those of all below it.
    pub(crate) fn root(&self, table: &Name) -> Option<&Name> {
        let mut root = self.held.get(table)?;
        // A table cannot be a part of itself, but nobody here has proved that.
        for _ in 0..self.held.len() {
            match self.held.get(root) {
                Some(above) => root = above,
                None => break,
            }
        }
        Some(root)
    }

    /// All partitions of a table, and theirs, that stay where they are, before and after.
    pub(crate) fn below<'a>(
        &self,
        table: &Name,
        (from, to): (&Side<'a>, &Side<'a>),
    ) -> Vec<(&'a Table, &'a Table)> {
        let names = self.below.get(table).into_iter().flatten();
        names
            .filter_map(|name| Some((from.table(name)?, to.table(name)?)))
            .collect()
    }

    /// All tables that inherit from a table, by others or not, before and after, each after those from which it does.
    pub(crate) fn heirs<'a>(
        &self,
        table: &Name,
        (from, to): (&Side<'a>, &Side<'a>),
    ) -> Vec<(&'a Table, &'a Table)> {
        let mut names: Vec<&Name> = vec![table];
        let mut next = 0;
        while let Some(parent) = names.get(next).copied() {
            let direct = self.heirs.iter().filter(|(_, parents)| parents.contains(parent));
            let new: Vec<&Name> = direct
                .map(|(heir, _)| heir)
                .filter(|heir| !names.contains(heir))
                .collect();
            names.extend(new);
            next += 1;
        }
        let heirs = names.into_iter().skip(1);
        heirs
            .filter_map(|name| Some((from.table(name)?, to.table(name)?)))
            .collect()
    }

    /// What a table inherits from, where that stays.
    pub(crate) fn parents(&self, table: &Name) -> &[Name] {
        self.heirs.get(table).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether an index or key stays the same and has to be made anew.
    pub(crate) fn is_broken(&self, table: &Name, key: &Ident) -> bool {
        self.broken.contains(&(table.clone(), key.clone()))
    }

    /// Whether it goes with the one that it is a part of.
    pub(crate) fn is_lost(&self, table: &Name, key: &Ident) -> bool {
        self.lost.contains(&(table.clone(), key.clone()))
    }

    pub(crate) fn broken(&self) -> impl Iterator<Item = &Key> {
        self.broken.iter()
    }

    /// The index or key of the whole that one of a partition shall be a part of, where it has to be told so.
    pub(crate) fn whole_of<'a>(&self, table: &'a Table, key: &Ident) -> Option<&'a Ident> {
        self.held.get(&table.name)?;
        table.partition_of.as_ref()?.parts.get(key)
    }

    fn descendants(&self) -> BTreeMap<Name, Vec<Name>> {
        let mut direct: BTreeMap<&Name, Vec<&Name>> = BTreeMap::new();
        for (part, whole) in &self.held {
            direct.entry(whole).or_default().push(part);
        }
        let mut out = BTreeMap::new();
        for whole in direct.keys() {
            let mut found: Vec<Name> = Vec::new();
            let mut work: Vec<&Name> = vec![whole];
            while let Some(next) = work.pop() {
                for part in direct.get(next).into_iter().flatten() {
                    if !found.contains(part) {
                        found.push((*part).clone());
                        work.push(part);
                    }
                }
            }
            out.insert((*whole).clone(), found);
        }
        out
    }

    /// One round of what follows from what; whether anything new did.
    fn spread(&mut self, from: &Side<'_>, to: &Side<'_>) -> bool {
        let mut broken = Vec::new();
        let mut lost = Vec::new();
        for (name, above) in &self.held {
            let sides = (from.table(name), to.table(name));
            let (Some(was), Some(is)) = sides else { continue };
            for (part, whole) in was.partition_of.iter().flat_map(|place| &place.parts) {
                let stays = |table: &Name, key: &Ident| {
                    diff::key_stays((from, to), table, key) && !self.is_broken(table, key)
                };
                let whole_stays = stays(above, whole);
                let still = is.partition_of.as_ref().and_then(|place| place.parts.get(part)) == Some(whole);
                if !whole_stays {
                    lost.push((name.clone(), part.clone()));
                    broken.push((name.clone(), part.clone()));
                } else if !(still && stays(name, part)) {
                    broken.push((above.clone(), whole.clone()));
                }
            }
            // What has become a part does not leave again: the way back needs a new whole.
            let known = was.partition_of.as_ref().map(|place| &place.parts);
            for (part, whole) in is.partition_of.iter().flat_map(|place| &place.parts) {
                if known.is_some_and(|parts| parts.get(part) != Some(whole)) {
                    broken.push((above.clone(), whole.clone()));
                }
            }
        }
        let before = (self.broken.len(), self.lost.len());
        self.broken.extend(broken);
        self.lost.extend(lost);
        before != (self.broken.len(), self.lost.len())
    }
}
