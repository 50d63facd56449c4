//! A blueprint with its tables found at once: every trigger asks about several.

use std::collections::HashMap;
use std::ops::Deref;

use physical::{
    Behaviour, Blueprint, ErasureStep, Ident, Name, Service, SoftAction, SoftChild, Table, Tombstone,
};

use super::realise::local;

/// A blueprint, and where things are in it.
pub(super) struct Source<'a> {
    blueprint: &'a Blueprint,
    tables: HashMap<&'a Name, &'a Table>,
    here: HashMap<Name, &'a Table>,
    tombstones: HashMap<&'a Name, Vec<&'a (Ident, Tombstone)>>,
    cleared: HashMap<&'a Name, Vec<&'a SoftChild>>,
}

impl<'a> Source<'a> {
    pub(super) fn new(blueprint: &'a Blueprint) -> Self {
        let tables = &blueprint.database.tables;
        Self {
            blueprint,
            tables: tables.iter().map(|table| (&table.name, table)).collect(),
            here: tables
                .iter()
                .map(|table| (local(blueprint, &table.name), table))
                .collect(),
            tombstones: tombstones(blueprint),
            cleared: cleared(blueprint),
        }
    }

    /// A table by its name in the blueprint.
    pub(super) fn table(&self, name: &Name) -> Option<&'a Table> {
        self.tables.get(name).copied()
    }

    /// A table by its name in the file.
    pub(super) fn table_here(&self, name: &Name) -> Option<&'a Table> {
        self.here.get(name).copied()
    }

    /// What any service puts into columns of a table when it empties a row.
    pub(super) fn tombstones(&self, name: &Name) -> &[&'a (Ident, Tombstone)] {
        self.tombstones.get(name).map_or(&[], Vec::as_slice)
    }

    /// References of a table that soft deletion empties.
    pub(super) fn cleared(&self, name: &Name) -> &[&'a SoftChild] {
        self.cleared.get(name).map_or(&[], Vec::as_slice)
    }
}

impl Deref for Source<'_> {
    type Target = Blueprint;

    fn deref(&self) -> &Blueprint {
        self.blueprint
    }
}

fn tombstones(blueprint: &Blueprint) -> HashMap<&Name, Vec<&(Ident, Tombstone)>> {
    let mut all: HashMap<&Name, Vec<_>> = HashMap::new();
    for placed in &blueprint.services {
        match &placed.what {
            Service::Anonymise { tombstones, .. } => {
                all.entry(&placed.table).or_default().extend(tombstones);
            }
            Service::Erase { steps, .. } => {
                for step in steps {
                    if let ErasureStep::Empty {
                        table, tombstones, ..
                    } = step
                    {
                        all.entry(table).or_default().extend(tombstones);
                    }
                }
            }
            _ => {}
        }
    }
    all
}

fn cleared(blueprint: &Blueprint) -> HashMap<&Name, Vec<&SoftChild>> {
    let mut all: HashMap<&Name, Vec<_>> = HashMap::new();
    for placed in &blueprint.behaviours {
        if let Behaviour::SoftDelete { children, .. } = &placed.what {
            for child in children {
                if child.action == SoftAction::SetNull {
                    all.entry(&child.table).or_default().push(child);
                }
            }
        }
    }
    all
}
