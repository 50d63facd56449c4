//! Makes triggers of behaviours, and names what SQLite cannot hold.
//!
//! SQLite's triggers cannot assign to `NEW`. So each table gets at most a handful of triggers of a fixed plan:
//!
//! - *before* triggers only refuse;
//! - the columns that the database fills on INSERT have the default 0, which no committed row ever holds, and one UPDATE in the
//!   *after* trigger fills them all;
//! - stamps are set by one UPDATE that names no other column, so that it does not fire the trigger that it stands in;
//! - the audit entry is written last in the same trigger, from the finished row: one change, one entry.

mod append_only;
mod audit;
mod context;
mod cycles;
mod fill;
mod immutable;
mod inherit;
mod living_parent;
mod lost;
mod normalise;
mod soft_delete;
mod stamps;
mod storage;
mod transitions;
mod triggers;

pub(super) use context::{LEAVE, context_sql, context_table, enter};

use std::collections::{HashMap, HashSet};

use physical::{
    Behaviour, Blueprint, Database, Ident, Name, Opaque, Origin, Realised, Service, SqlType, Table,
};

use self::triggers::Work;
use crate::losses::Losses;
use crate::source::{Source, ids_of, left_out, local};

/// Makes a SQLite schema of a blueprint.
#[must_use]
pub(super) fn realise(blueprint: &Blueprint) -> Realised {
    if blueprint.is_bare() {
        let mut database = Database::default();
        written(blueprint, &mut database);
        return Realised {
            database,
            lost: Vec::new(),
        };
    }
    let blueprint = &Source::new(blueprint);
    let mut losses = Losses::default();
    lost::of_the_product(&mut losses, blueprint);
    let mut database = Database::default();
    let left_out = left_out(blueprint);
    for table in &blueprint.database.tables {
        if left_out.contains(&table.name) {
            continue;
        }
        let table = storage::table(blueprint, table, &mut losses);
        database.tables.push(table);
    }
    let (table, seed) = context::make(blueprint);
    database.tables.push(table);
    database.seeds.push(seed);
    let mut work: Vec<Work> = database
        .tables
        .iter()
        .map(|table| Work::new(blueprint, table))
        .collect();
    let places = Places::new(blueprint, &work);
    storage::context_defaults(&mut database.tables, &mut work);
    behave(blueprint, &mut work, &places, &mut losses);
    serve(blueprint, &mut losses);
    storage::referential_actions(&mut database.tables, &mut work);
    storage::checks_by_trigger(&mut database.tables, &mut work);
    for (work, table) in work.into_iter().zip(&mut database.tables) {
        work.place(table);
    }
    finish(blueprint, &left_out, &mut database, &mut losses);
    Realised {
        database,
        lost: losses.into_list(),
    }
}

/// Where the work on each table of the blueprint stands.
struct Places<'a>(HashMap<&'a Name, usize>);

impl<'a> Places<'a> {
    fn new(blueprint: &'a Source<'a>, work: &[Work]) -> Self {
        let here: HashMap<&Name, usize> = work.iter().map(|work| &work.name).zip(0..).collect();
        let names = blueprint.database.tables.iter().map(|table| &table.name);
        Self(
            names
                .filter_map(|name| Some((name, *here.get(&local(blueprint, name))?)))
                .collect(),
        )
    }

    fn work<'w>(&self, name: &Name, work: &'w mut [Work]) -> Option<&'w mut Work> {
        work.get_mut(*self.0.get(name)?)
    }
}

fn behave(blueprint: &Source<'_>, work: &mut [Work], places: &Places<'_>, losses: &mut Losses) {
    for placed in &blueprint.behaviours {
        if let Behaviour::SoftDelete { deleted_at, .. } = &placed.what
            && let Some(work) = places.work(&placed.table, work)
        {
            work.deleted_at.get_or_insert_with(|| deleted_at.clone());
        }
    }
    // What fills columns comes first: the others must know which columns are not filled yet. What follows a reference may follow
    // one that is itself filled.
    for pass in 0..3 {
        for placed in &blueprint.behaviours {
            let own = match placed.what {
                Behaviour::StampAuthors { .. } | Behaviour::FromContext { .. } => 0,
                Behaviour::Inherit { .. } => 1,
                _ => 2,
            };
            if own == pass
                && let Some(work) = places.work(&placed.table, work)
            {
                behaviour(blueprint, work, &placed.what, placed.origin, losses);
            }
        }
    }
    soft_delete::batches(blueprint, work);
    for placed in &blueprint.services {
        let Service::TouchAccess { access, .. } = &placed.what else {
            continue;
        };
        if *access == placed.table
            && let Some(work) = places.work(access, work)
        {
            work.access = vec!["last_accessed".into(), "access_count".into()];
        }
    }
}

fn behaviour(blueprint: &Source<'_>, work: &mut Work, what: &Behaviour, origin: Origin, losses: &mut Losses) {
    work.origin(origin);
    match what {
        Behaviour::StampTimes {
            created_at,
            updated_at,
        } => {
            stamps::times(work, created_at.as_ref(), updated_at.as_ref());
        }
        Behaviour::StampAuthors {
            created_by,
            updated_by,
        } => {
            stamps::authors(work, created_by.as_ref(), updated_by.as_ref());
        }
        Behaviour::RaiseVersion {
            version,
            updated_at,
            updated_by,
        } => {
            stamps::version(work, version, updated_at.as_ref(), updated_by.as_ref());
        }
        Behaviour::Transitions {
            column,
            initial,
            moves,
            changed_at,
            changed_by,
        } => {
            transitions::add(
                work,
                column,
                initial,
                moves,
                (changed_at.as_ref(), changed_by.as_ref()),
            );
        }
        Behaviour::SoftDelete {
            deleted_at,
            deleted_by,
            reason,
            batch,
            children,
            ..
        } => {
            let stamps = soft_delete::Stamps {
                deleted_at,
                deleted_by: deleted_by.as_ref(),
                reason: reason.as_ref(),
                batch,
            };
            soft_delete::add(blueprint, work, &stamps, children);
        }
        Behaviour::LivingParent {
            columns,
            parent,
            referenced,
            deleted_at,
        } => {
            living_parent::add(
                blueprint,
                work,
                &columns.iter().zip(referenced).collect::<Vec<_>>(),
                parent,
                deleted_at,
            );
        }
        Behaviour::Immutable { columns } => immutable::add(blueprint, work, columns),
        Behaviour::NoCycle { key, parent } => cycles::add(work, key, parent),
        Behaviour::Inherit {
            via,
            parent,
            key,
            columns,
        } => inherit::add(blueprint, work, via, parent, key, columns),
        Behaviour::FromContext { owner, tenant } => fill::from_context(work, owner.as_ref(), tenant.as_ref()),
        Behaviour::MakesActor { actors, link, key } => {
            context::makes_actor(blueprint, work, actors, link, key)
        }
        Behaviour::Normalise { column, form } => normalise::add(work, column, *form, losses),
        Behaviour::Audit { inline_chain, .. } => {
            if *inline_chain {
                losses.add(
                    "inline-chain",
                    work.name.to_string(),
                    "SQLite has no SHA-256: the audit trail is chained by `architrave seal` after commit",
                    origin,
                );
            }
            audit::add(blueprint, work, what);
        }
        // A database without rights has none to tell apart: that it has none is said once, of all of them.
        Behaviour::Rights { .. } => {}
        Behaviour::AppendOnly { erasable } => append_only::add(work, erasable),
    }
}

fn serve(blueprint: &Source<'_>, losses: &mut Losses) {
    for placed in &blueprint.services {
        let name = match &placed.what {
            Service::LookUp { name, .. }
            | Service::RedeemToken { name, .. }
            | Service::SignUp { name, .. }
            | Service::Purge { name, .. }
            | Service::Anonymise { name, .. }
            | Service::Erase { name, .. }
            | Service::TouchAccess { name, .. } => name,
            Service::Context | Service::SecurityEvents | Service::AuditTrail { .. } | Service::Keys => {
                continue;
            }
        };
        losses.add(
            "functions",
            name.to_string(),
            "SQLite stores no functions: the statements stand in `services.sql`, with parameters, and whoever runs them \
             needs no further right",
            placed.origin,
        );
    }
}

fn finish(blueprint: &Source<'_>, left_out: &HashSet<&Name>, database: &mut Database, losses: &mut Losses) {
    for view in &blueprint.database.views {
        if let Some(view) = storage::view(blueprint, view, losses) {
            database.views.push(view);
        }
    }
    for seed in &blueprint.database.seeds {
        if !left_out.contains(&seed.table) {
            let mut seed = seed.clone();
            seed.table = local(blueprint, &seed.table);
            database.seeds.push(seed);
        }
    }
    written(blueprint, database);
}

/// What nobody designed: tables as they were found, and SQL as it stands.
fn written(blueprint: &Blueprint, database: &mut Database) {
    database
        .tables
        .extend(blueprint.found.tables.iter().map(|table| found(blueprint, table)));
    for (position, raw) in blueprint
        .raw
        .iter()
        .filter(|raw| raw.dialect == "sqlite")
        .enumerate()
    {
        database.opaque.push(Opaque {
            kind: "user sql".to_owned(),
            name: Name::bare(format!("sql_{}", position + 1)),
            detail: if raw.first { plan::FIRST } else { "" }.to_owned(),
            setting: false,
            definition: raw.up.clone(),
            undo: raw.undo.clone(),
            depends_on: Vec::new(),
            origin: raw.origin,
        });
    }
}

/// A table as it was found: not strict, and with the types that the source says.
fn found(blueprint: &Blueprint, table: &Table) -> Table {
    let mut table = table.clone();
    table.name = local(blueprint, &table.name);
    for key in &mut table.foreign_keys {
        key.references = local(blueprint, &key.references);
    }
    table
}

/// How rows of a table are known: inside, with its type, and outside. Without a public id both are the key.
pub(super) fn ids(blueprint: &Source<'_>, name: &Name) -> (Ident, SqlType, Ident) {
    ids_of(blueprint.table(name))
}
