//! A blueprint with its tables found at once: every trigger asks about several. For databases without schemas.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;

use physical::{
    Behaviour, Blueprint, ErasureStep, ForeignKey, Ident, Name, Purpose, Service, SoftAction, SoftChild,
    SqlType, Table, TableInfo, Tombstone,
};

/// A name where there are no schemas: one that is still there becomes a prefix.
pub(crate) fn flat(name: &Name) -> String {
    match &name.schema {
        Some(schema) => format!("{schema}_{}", name.name),
        None => name.name.as_str().to_owned(),
    }
}

/// The name of a table in a database without schemas.
pub(crate) fn local(blueprint: &Blueprint, name: &Name) -> Name {
    match &name.schema {
        Some(schema) if *schema == blueprint.schema => Name::bare(name.name.clone()),
        _ => Name::bare(flat(name)),
    }
}

/// How rows of a table are known: inside, with its type, and outside. Without a public id both are the key.
pub(crate) fn ids_of(table: Option<&Table>) -> (Ident, SqlType, Ident) {
    let key = table
        .and_then(|table| table.primary_key.as_ref())
        .and_then(|key| key.columns.first().cloned())
        .unwrap_or_else(|| "id".into());
    let ty = table
        .and_then(|table| table.column(key.as_str()))
        .map_or(SqlType::BigInt, |column| column.ty.clone());
    let public = match table.and_then(|table| table.column("public_id")) {
        Some(column) => column.name.clone(),
        None => key.clone(),
    };
    (key, ty, public)
}

/// The columns by which a trigger finds its row again.
pub(crate) fn key_columns(table: &Table) -> Vec<Ident> {
    let key = table.primary_key.as_ref();
    key.map(|key| key.columns.clone()).unwrap_or_default()
}

/// The foreign key by which a table refers to another with a column.
pub(crate) fn key_of<'a>(
    blueprint: &'a Source<'a>,
    table: &Name,
    column: Option<&Ident>,
    parent: &Name,
) -> Option<&'a ForeignKey> {
    let (own, parent) = (local(blueprint, table), local(blueprint, parent));
    let found = blueprint.table_here(&own)?;
    found.foreign_keys.iter().find(|key| {
        column.is_none_or(|column| key.columns.contains(column))
            && local(blueprint, &key.references) == parent
    })
}

/// Whose public id a context holds: an actor's, or without actors the user's own.
pub(crate) fn who(blueprint: &Blueprint) -> Option<Name> {
    match &blueprint.actors {
        Some(actors) => Some(actors.table.clone()),
        None => {
            let context = blueprint
                .services
                .iter()
                .find(|placed| placed.what == Service::Context);
            context.map(|placed| placed.table.clone())
        }
    }
}

/// Tables that are left out: state of the processes of another server.
pub(crate) fn left_out(blueprint: &Blueprint) -> HashSet<&Name> {
    let is_context = |info: &&TableInfo| info.purpose == Purpose::Context;
    let tables = blueprint.tables.iter().filter(is_context);
    tables.map(|info| &info.name).collect()
}

/// A blueprint, and where things are in it.
pub(crate) struct Source<'a> {
    blueprint: &'a Blueprint,
    tables: HashMap<&'a Name, &'a Table>,
    here: HashMap<Name, &'a Table>,
    tombstones: HashMap<&'a Name, Vec<&'a (Ident, Tombstone)>>,
    cleared: HashMap<&'a Name, Vec<&'a SoftChild>>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(blueprint: &'a Blueprint) -> Self {
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
    pub(crate) fn table(&self, name: &Name) -> Option<&'a Table> {
        self.tables.get(name).copied()
    }

    /// A table by its name in the file.
    pub(crate) fn table_here(&self, name: &Name) -> Option<&'a Table> {
        self.here.get(name).copied()
    }

    /// What any service puts into columns of a table when it empties a row.
    pub(crate) fn tombstones(&self, name: &Name) -> &[&'a (Ident, Tombstone)] {
        self.tombstones.get(name).map_or(&[], Vec::as_slice)
    }

    /// References of a table that soft deletion empties.
    pub(crate) fn cleared(&self, name: &Name) -> &[&'a SoftChild] {
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
