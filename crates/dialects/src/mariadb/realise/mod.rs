//! Makes triggers of behaviours, and names what MariaDB cannot hold.
//!
//! Each table gets one trigger for each event at most. A *before* trigger brings values into their form, fills what is empty, refuses
//! what is not allowed, and sets what only the database sets, in this order ([`work::Part`]); an *after* trigger makes other rows follow and
//! writes the trail, last. Triggers run with the rights of who made them, so the application needs none on the trail.
//!
//! Foreign keys refuse, and nothing else: what a key of another database does to rows by itself fires no triggers here, so triggers do
//! it.

mod audit;
mod context;
mod lost;
mod references;
mod soft_delete;
mod stamps;
mod storage;
mod unique;
mod work;

pub(super) use context::{enter, leave};

use std::collections::{BTreeSet, HashMap};

use physical::{
    Behaviour, Blueprint, Database, Grantee, Ident, Name, Opaque, Origin, Realised, Role, Service, Table,
};

use self::work::Work;
use crate::losses::Losses;
use crate::source::{Source, left_out, local};

/// Makes a MariaDB schema of a blueprint.
#[must_use]
pub(super) fn realise(blueprint: &Blueprint) -> Realised {
    let mut database = Database::default();
    let mut losses = Losses::default();
    if !blueprint.is_bare() {
        design(&Source::new(blueprint), &mut database, &mut losses);
    }
    written(blueprint, &mut database);
    Realised {
        database,
        lost: losses.into_list(),
    }
}

fn design(blueprint: &Source<'_>, database: &mut Database, losses: &mut Losses) {
    lost::of_the_product(losses, blueprint);
    let left_out = left_out(blueprint);
    database.roles = roles(blueprint);
    let roles: BTreeSet<Ident> = database.roles.iter().map(|role| role.name.clone()).collect();
    let sources = blueprint.database.tables.iter();
    let sources: Vec<&Table> = sources.filter(|table| !left_out.contains(&table.name)).collect();
    for source in &sources {
        database
            .tables
            .push(storage::table(blueprint, source, &roles, losses));
    }
    let callers: Vec<Ident> = roles.iter().cloned().collect();
    database.functions = context::functions(blueprint, &callers);
    let mut work: Vec<Work> = database
        .tables
        .iter()
        .map(|table| Work::new(blueprint, table))
        .collect();
    let places: HashMap<&Name, usize> = sources.iter().map(|table| &table.name).zip(0..).collect();
    behave(blueprint, &mut work, &places, losses);
    for (mut work, table) in work.into_iter().zip(&mut database.tables) {
        storage::context_defaults(table, &mut work);
        storage::checks(table, &mut work, losses);
        references::on_delete(blueprint, &mut work, losses);
        work.place(table);
    }
    for view in &blueprint.database.views {
        database
            .views
            .extend(storage::view(blueprint, view, &roles, losses));
    }
    for seed in &blueprint.database.seeds {
        if !left_out.contains(&seed.table) {
            let mut seed = seed.clone();
            seed.table = local(blueprint, &seed.table);
            database.seeds.push(seed);
        }
    }
}

/// Those who do something with rows. What runs with another's rights runs with those of the account that builds the schema.
fn roles(blueprint: &Blueprint) -> Vec<Role> {
    let own = &blueprint.roles;
    let inner = [&own.owner, &own.guard, &own.mask, &own.migrator];
    let tables = blueprint.database.tables.iter().flat_map(|table| &table.grants);
    let views = blueprint.database.views.iter().flat_map(|view| &view.grants);
    let granted: BTreeSet<&Ident> = tables
        .chain(views)
        .filter_map(|grant| match &grant.grantee {
            Grantee::Role(role) => Some(role),
            Grantee::Public => None,
        })
        .collect();
    let wanted = |role: &&Role| {
        let is_inner = inner.contains(&&role.name);
        !is_inner
            && (granted.contains(&role.name) || role.name == own.app || own.declared.contains(&role.name))
    };
    let mut roles: Vec<Role> = blueprint.database.roles.iter().filter(wanted).cloned().collect();
    let names: BTreeSet<Ident> = roles.iter().map(|role| role.name.clone()).collect();
    for role in &mut roles {
        role.login = false;
        role.superuser = false;
        role.bypass_rls = false;
        role.member_of.retain(|group| names.contains(group));
        role.comment = None;
    }
    roles
}

fn behave(blueprint: &Source<'_>, work: &mut [Work], places: &HashMap<&Name, usize>, losses: &mut Losses) {
    let at = |name: &Name| places.get(name).copied();
    for placed in &blueprint.behaviours {
        if let Behaviour::SoftDelete { deleted_at, .. } = &placed.what
            && let Some(work) = at(&placed.table).and_then(|at| work.get_mut(at))
        {
            work.deleted_at.get_or_insert_with(|| deleted_at.clone());
        }
    }
    for placed in &blueprint.services {
        if let Service::TouchAccess { access, .. } = &placed.what
            && *access == placed.table
            && let Some(work) = at(access).and_then(|at| work.get_mut(at))
        {
            work.access = vec!["last_accessed".into(), "access_count".into()];
        }
    }
    // What follows a reference may never be refused as a change.
    for first in [true, false] {
        for placed in &blueprint.behaviours {
            let inherits = matches!(placed.what, Behaviour::Inherit { .. });
            if inherits == first
                && let Some(work) = at(&placed.table).and_then(|at| work.get_mut(at))
            {
                work.origin(placed.origin);
                behaviour(blueprint, work, &placed.what, placed.origin, losses);
            }
        }
    }
}

fn behaviour(blueprint: &Source<'_>, work: &mut Work, what: &Behaviour, origin: Origin, losses: &mut Losses) {
    match what {
        Behaviour::StampTimes {
            created_at,
            updated_at,
        } => stamps::times(work, created_at.as_ref(), updated_at.as_ref()),
        Behaviour::StampAuthors {
            created_by,
            updated_by,
        } => stamps::authors(work, created_by.as_ref(), updated_by.as_ref()),
        Behaviour::RaiseVersion {
            version,
            updated_at,
            updated_by,
        } => stamps::version(work, version, updated_at.as_ref(), updated_by.as_ref()),
        Behaviour::Transitions {
            column,
            initial,
            moves,
            changed_at,
            changed_by,
        } => {
            let stamped = (changed_at.as_ref(), changed_by.as_ref());
            stamps::transitions(work, column, (initial, moves), stamped);
        }
        Behaviour::SoftDelete {
            deleted_at,
            deleted_by,
            reason,
            batch,
            children,
            ..
        } => {
            let columns = soft_delete::Columns {
                deleted_at,
                deleted_by: deleted_by.as_ref(),
                reason: reason.as_ref(),
                batch,
            };
            soft_delete::add(blueprint, work, &columns, children, losses);
        }
        Behaviour::LivingParent {
            columns,
            parent,
            referenced,
            deleted_at,
        } => {
            let pairs: Vec<(&Ident, &Ident)> = columns.iter().zip(referenced).collect();
            references::living_parent(blueprint, work, &pairs, (parent, deleted_at));
        }
        Behaviour::Immutable { columns } => references::immutable(blueprint, work, columns),
        Behaviour::NoCycle { key, parent } => references::no_cycle(work, key, parent),
        Behaviour::Inherit {
            via,
            parent,
            key,
            columns,
        } => references::inherit(blueprint, work, (via, parent, key), columns),
        Behaviour::FromContext { owner, tenant } => context::fill(work, owner.as_ref(), tenant.as_ref()),
        Behaviour::MakesActor { actors, link, key } => {
            context::makes_actor(blueprint, work, actors, link, key);
        }
        Behaviour::Normalise { column, form } => stamps::normalise(work, column, *form),
        Behaviour::Audit { inline_chain, .. } => {
            if *inline_chain {
                losses.add(
                    "inline-chain",
                    work.name.to_string(),
                    "the audit trail is chained by `architrave seal` after commit",
                    origin,
                );
            }
            audit::add(blueprint, work, what);
        }
        // Rights here are of columns, not of rows.
        Behaviour::Rights { .. } => losses.add(
            "rights on rows",
            work.name.to_string(),
            "who may change which rows is not told apart from who may change any",
            origin,
        ),
        Behaviour::AppendOnly { erasable } => references::append_only(work, erasable),
    }
}

/// What nobody designed: tables as they were found, and SQL as it stands.
fn written(blueprint: &Blueprint, database: &mut Database) {
    for table in &blueprint.found.tables {
        let mut table = table.clone();
        table.name = local(blueprint, &table.name);
        for key in &mut table.foreign_keys {
            key.references = local(blueprint, &key.references);
        }
        database.tables.push(table);
    }
    let raw = blueprint.raw.iter();
    let own = raw.filter(|raw| raw.dialect == "mariadb");
    for (position, raw) in own.enumerate() {
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
