//! Behaviours and services as triggers, functions, policies and grants of PostgreSQL.
//!
//! # What a table gets
//!
//! Triggers of one kind fire in the order of their names, so the names carry a number:
//!
//! | trigger | when | runs as | does |
//! |---|---|---|---|
//! | `t00_append_only` | before | caller | refuses UPDATE, DELETE, TRUNCATE |
//! | `t10_before_insert`, `t10_before_update` | before | caller | one function per table and event, in the order of [`code::Part`]: normal forms, context, inheritance, moves, soft deletion, version, stamps |
//! | `t30_references_insert`, `t30_references_update` | before | guard | living parents (FOR SHARE), cycles |
//! | `t50_audit`, `t51_audit_truncate`, `t52_audit_backfill` | after | guard | the audit trail |
//! | `t60_soft_delete` | after | guard | what deletion and restoration do to children |
//! | `t70_make_actor` | after | guard | a pseudonym for a new user |
//!
//! What needs no right of its own runs with the caller's: a row that the caller may not see cannot be inherited from, and
//! answers as one that is not there. What must look past row-level security (living parents, children, the trail) belongs
//! to `guard`, a role that cannot log in and has just the rights that the functions use.
//!
//! One function per table and event, rather than one per behaviour: each call costs about as much as all the assignments
//! in it. The audit trail has one function for all tables, since its work is the same for each.
//!
//! # Backfills
//!
//! A member of `migrator` who sets `app.backfill` to the name of a step is exempt from what stamps technical columns, and
//! leaves one audit entry per statement. From anyone else the setting means nothing.

mod access;
mod append_only;
mod audit;
mod code;
mod context;
mod emit;
mod erase;
mod events;
mod found;
mod from_context;
mod immutable;
mod inherit;
mod inline_chain;
mod keys;
mod living_parent;
mod look_up;
mod makes_actor;
mod no_cycle;
mod normalise;
mod partitions;
mod raw_sql;
mod realiser;
mod redeem_token;
mod retention;
mod rights;
mod sign_up;
mod signed;
mod soft_delete;
mod stamps;
mod substitute;
mod trail;
mod transitions;
mod uuid7;
mod version;
mod visible_parent;

use physical::{Behaviour, Blueprint, Name, Origin, Placed, Realised, Service};

pub use context::enter;
use realiser::Realiser;

/// Makes triggers and functions of behaviours and services.
///
/// PostgreSQL gives every guarantee that a blueprint asks for, so nothing is ever lost.
#[must_use]
pub fn realise(blueprint: &Blueprint) -> Realised {
    let mut realiser = Realiser::new(blueprint);
    found::realise(&mut realiser);
    if blueprint.is_bare() {
        raw_sql::realise(&mut realiser);
        return Realised {
            database: realiser.finish(),
            lost: Vec::new(),
        };
    }
    context::realise(&mut realiser);
    substitute::realise(&mut realiser);
    for placed in &blueprint.behaviours {
        behaviour(&mut realiser, placed);
    }
    for placed in &blueprint.services {
        service(&mut realiser, placed);
    }
    partitions::realise(&mut realiser);
    visible_parent::realise(&mut realiser);
    code::realise(&mut realiser);
    raw_sql::realise(&mut realiser);
    Realised {
        database: realiser.finish(),
        lost: Vec::new(),
    }
}

/// Where a behaviour or service stands, and why it is there.
#[derive(Clone, Copy)]
struct Place<'a> {
    table: &'a Name,
    origin: Origin,
}

fn behaviour(r: &mut Realiser<'_>, placed: &Placed<Behaviour>) {
    let at = Place {
        table: &placed.table,
        origin: placed.origin,
    };
    match &placed.what {
        Behaviour::StampTimes {
            created_at,
            updated_at,
        } => {
            stamps::times(r, at, created_at.as_ref(), updated_at.as_ref());
        }
        Behaviour::StampAuthors {
            created_by,
            updated_by,
        } => {
            stamps::authors(r, at, created_by.as_ref(), updated_by.as_ref());
        }
        Behaviour::RaiseVersion {
            version,
            updated_at,
            updated_by,
        } => version::realise(r, at, version, updated_at.as_ref(), updated_by.as_ref()),
        Behaviour::Transitions { .. } => transitions::realise(r, at, &placed.what),
        Behaviour::SoftDelete { .. } => soft_delete::realise(r, at, &placed.what),
        Behaviour::LivingParent {
            columns,
            parent,
            referenced,
            deleted_at,
        } => living_parent::realise(r, at, columns, parent, referenced, deleted_at),
        Behaviour::Immutable { columns } => immutable::realise(r, at, columns),
        Behaviour::NoCycle { key, parent } => no_cycle::realise(r, at, key, parent),
        Behaviour::Inherit {
            via,
            parent,
            key,
            columns,
        } => inherit::realise(r, at, via, (parent, key), columns),
        Behaviour::FromContext { owner, tenant } => {
            from_context::realise(r, at, owner.as_ref(), tenant.as_ref());
        }
        Behaviour::MakesActor { actors, link, key } => makes_actor::realise(r, at, actors, link, key),
        Behaviour::Normalise { column, form } => normalise::realise(r, at, column, *form),
        Behaviour::Audit { .. } => audit::realise(r, at, &placed.what),
        Behaviour::Rights {
            deletion,
            own,
            update,
            delete,
        } => rights::realise(
            r,
            at,
            &rights::Rights {
                deletion,
                own,
                update,
                delete,
            },
        ),
        Behaviour::AppendOnly { erasable } => append_only::realise(r, at, erasable),
    }
}

fn service(r: &mut Realiser<'_>, placed: &Placed<Service>) {
    let at = Place {
        table: &placed.table,
        origin: placed.origin,
    };
    match &placed.what {
        // The context is there for every schema: policies, defaults and triggers read it.
        Service::Context => {}
        Service::LookUp {
            name,
            by,
            returns,
            deleted_at,
        } => look_up::realise(r, at, (name, by), returns, deleted_at.as_ref()),
        Service::RedeemToken { .. } => redeem_token::realise(r, at, &placed.what),
        Service::SignUp { name, columns } => sign_up::realise(r, at, name, columns),
        Service::Purge { .. } => retention::purge(r, at, &placed.what),
        Service::Anonymise { .. } => retention::anonymise(r, at, &placed.what),
        Service::Erase { name, steps } => erase::realise(r, at, name, steps),
        Service::SecurityEvents => events::realise(r, at),
        Service::TouchAccess {
            name,
            access,
            throttle_seconds,
        } => access::realise(r, at, name, access, *throttle_seconds),
        Service::AuditTrail { seals, chain, .. } => trail::realise(r, at, seals, *chain),
        Service::Keys => keys::realise(r, at),
    }
}
