//! Indexes and keys of partitioned tables, and their parts.

use std::collections::BTreeSet;

use physical::{Ident, Index, Name, PartitionOf, Table};
use plan::{Change, Object, TableChange};

use super::Work;
use crate::diff::{self, identity};
use crate::graph::Node;

impl<'a> Work<'a> {
    /// Indexes of partitioned tables go before those that are parts of them, which go along.
    pub(super) fn drop_wholes(&self, before: &[Node<'_>], tell: &mut dyn FnMut(Change<'_>)) {
        for object in before.iter().flat_map(|node| node.objects(self.from.given)) {
            let Object::Index(table, index) = object else {
                continue;
            };
            if !self.goes_with_whole(&object) {
                continue;
            }
            let along = self.parts.is_lost(&table.name, &index.name);
            let parts = self.parts_of(table, &index.name);
            let keys = parts.iter().any(|(part, name)| is_key(part, name));
            let parts = parts.into_iter().map(|(part, name)| {
                let mut full = part.name.clone();
                full.name = name.clone();
                full
            });
            tell(Change::DropWhole {
                table,
                index,
                parts: parts.collect(),
                keys,
                along,
            });
        }
    }

    /// Whether an index goes as a part of one of the whole, or has such parts.
    pub(super) fn goes_with_whole(&self, object: &Object<'_>) -> bool {
        let Object::Index(table, index) = object else {
            return false;
        };
        let lost = self.parts.is_lost(&table.name, &index.name) && !self.is_part_of_text(table, &index.name);
        lost || self.goes(object) && !self.parts_of(table, &index.name).is_empty()
    }

    /// Whether an index is a part of one that is not valid yet, and kept as text.
    fn is_part_of_text(&self, table: &Table, index: &Ident) -> bool {
        let place = table.partition_of.as_ref();
        let whole = place.and_then(|place| Some((&place.parent, place.parts.get(index)?)));
        let Some((parent, whole)) = whole else {
            return false;
        };
        let mut name = parent.clone();
        name.name.clone_from(whole);
        let mut opaque = self.from.given.opaque.iter();
        opaque.any(|each| each.kind == "index" && each.name == name)
    }

    /// The indexes that are parts of one, before, in partitions that stay.
    fn parts_of(&self, table: &Table, index: &Ident) -> Vec<(&'a Table, &'a Ident)> {
        let below = self.parts.below(&table.name, (&self.from, &self.to));
        let places = below
            .into_iter()
            .filter_map(|(was, _)| Some((was, was.partition_of.as_ref()?)));
        let direct = places.filter(|(_, place)| place.parent == table.name);
        let parts =
            direct.flat_map(|(was, place)| place.parts.iter().map(move |(part, whole)| (was, part, whole)));
        parts
            .filter(|(_, _, whole)| *whole == index)
            .map(|(was, part, _)| (was, part))
            .collect()
    }

    /// Indexes and keys of tables with partitions that stay, the innermost first: each takes in those of its partitions.
    pub(super) fn make_wholes(&self, tell: &mut dyn FnMut(Change<'_>)) {
        let both = (&self.from, &self.to);
        let stay = |table: &&Table| self.from.table(&table.name).is_some();
        let mut wholes: Vec<(usize, &Table)> = self
            .to
            .given
            .tables
            .iter()
            .filter(stay)
            .map(|table| (self.parts.below(&table.name, both).len(), table))
            .filter(|(below, _)| *below > 0)
            .collect();
        wholes.sort_by_key(|(below, _)| *below);
        for (_, table) in wholes {
            let mut new: BTreeSet<&Ident> = BTreeSet::new();
            self.make_whole_keys(table, &mut new, tell);
            for index in &table.indexes {
                let name = identity(&Object::Index(table, index));
                if self.come.contains(&name) || self.remade.contains(&name) {
                    new.insert(&index.name);
                    let below = self.parts.below(&table.name, both);
                    let parts = joining(&below, &table.name, &index.name);
                    tell(Change::AddWhole {
                        table,
                        index,
                        standing: self.standing(&below, &table.name, &index.name),
                        keys: parts.iter().any(|(_, is, part)| is_key(is, part)),
                        joins: self.parts.whole_of(table, &index.name).is_some(),
                    });
                }
            }
            for (part, place) in self.places_in(table) {
                for (own, whole) in place.parts.iter().filter(|(_, whole)| new.contains(whole)) {
                    tell(Change::Join {
                        table: part,
                        part: own,
                        whole,
                    });
                }
            }
        }
    }

    fn make_whole_keys(
        &self,
        table: &'a Table,
        new: &mut BTreeSet<&'a Ident>,
        tell: &mut dyn FnMut(Change<'_>),
    ) {
        let from = self.from.table(&table.name);
        let was = self.from.canonical_table(&table.name);
        let is = self.to.canonical_table(&table.name);
        let (Some(from), Some(was), Some(is)) = (from, was, is) else {
            return;
        };
        for edit in diff::keys_that_come((was, is), table, &self.parts) {
            if let plan::Edit::AddPart(plan::Key::Primary(key)) | plan::Edit::AddPrimaryKey(key) = edit {
                new.insert(&key.name);
            } else if let plan::Edit::AddPart(plan::Key::Unique(key)) | plan::Edit::AddUnique(key) = edit {
                new.insert(&key.name);
            }
            tell(Change::Alter(TableChange {
                from,
                to: table,
                edits: vec![edit],
                parts: self.parts.below(&table.name, (&self.from, &self.to)),
                stays: Vec::new(),
                beside: None,
                databases: (self.from.given, self.to.given),
            }));
        }
    }

    /// The partitions of a table that stay, as they shall be.
    fn places_in(&self, whole: &Table) -> Vec<(&'a Table, &'a PartitionOf)> {
        let below = self.parts.below(&whole.name, (&self.from, &self.to));
        let places = below
            .into_iter()
            .filter_map(|(_, is)| Some((is, is.partition_of.as_ref()?)));
        places.filter(|(_, place)| place.parent == whole.name).collect()
    }

    /// Those indexes of partitions that stand by themselves and will be parts of one.
    fn standing(
        &self,
        below: &[(&'a Table, &'a Table)],
        whole: &Name,
        index: &Ident,
    ) -> Vec<(&'a Table, &'a Index)> {
        let mut out = Vec::new();
        for (was, _, part) in joining(below, whole, index) {
            let own = was.indexes.iter().find(|own| own.name == *part);
            let own = own.filter(|own| !self.goes(&Object::Index(was, own)));
            out.extend(own.map(|own| (was, own)));
        }
        out
    }
}

/// Indexes and keys of partitions that shall be parts of one of the whole.
fn joining<'a>(
    below: &[(&'a Table, &'a Table)],
    whole: &Name,
    index: &Ident,
) -> Vec<(&'a Table, &'a Table, &'a Ident)> {
    let places = below
        .iter()
        .filter_map(|(was, is)| Some((*was, *is, is.partition_of.as_ref()?)));
    let direct = places.filter(|(_, _, place)| place.parent == *whole);
    let parts = direct.flat_map(|(was, is, place)| place.parts.iter().map(move |part| (was, is, part)));
    parts
        .filter(|(_, _, (_, of))| *of == index)
        .map(|(was, is, (part, _))| (was, is, part))
        .collect()
}

fn is_key(table: &Table, name: &Ident) -> bool {
    table.primary_key.as_ref().is_some_and(|key| key.name == *name)
        || table.uniques.iter().any(|key| key.name == *name)
}
