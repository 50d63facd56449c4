//! Decision: roles, and what each may do.

mod roles;
mod services;

use std::collections::BTreeSet;

use model::{Action, Entity, FieldOrigin, Ownership, Privacy};
use physical::{Grant, Grantee, Ident, Name, Privilege, Purpose};

use super::privacy::blind_column;
use super::row_security::{grantees, named};
use crate::decisions::Kind;
use crate::draft::{Draft, fields};
use crate::facts::Descent;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "grants",
    title: "roles, and what each may do",
    reason: "least privilege: no role can log in, operators make people and services members of them. The application has no right to \
             change the schema, to write the audit trail, or to set keys, public ids, authors, times, owner and tenant; it deletes for \
             good only where there is no soft deletion",
    alternatives: &[Alternative {
        option: "a further role",
        how: "`role analyst because \"…\"`, and `allow … to analyst`",
    }],
    attacker: Some(Attacker::A3),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    roles::declare(draft);
    roles::schemas(draft);
    for entity in &draft.model.entities {
        of_entity(draft, entity);
    }
    of_links(draft);
    of_others(draft);
    mask(draft);
    services::guard(draft);
    let (owner, backup) = (
        draft.blueprint.roles.owner.clone(),
        draft.blueprint.roles.backup.clone(),
    );
    for table in &mut draft.blueprint.database.tables {
        table.owner = Some(owner.clone());
        if table.row_security != physical::RowSecurity::Off {
            table.grants.push(Grant {
                privilege: Privilege::Select,
                columns: Vec::new(),
                grantee: Grantee::Role(backup.clone()),
            });
        }
        table.grants.sort();
        table.grants.dedup();
    }
}

/// Gives a right on a table.
fn grant(draft: &mut Draft<'_>, table: &Name, role: &Ident, privilege: Privilege, columns: Vec<Ident>) {
    let grant = Grant {
        privilege,
        columns,
        grantee: Grantee::Role(role.clone()),
    };
    draft.change(table, |table| table.grants.push(grant));
}

/// The columns that the application may fill in.
pub(super) fn insertable(draft: &Draft<'_>, entity: &Entity) -> Vec<Ident> {
    let facts = draft.facts(entity.id);
    let owner = facts
        .owner
        .as_ref()
        .filter(|owner| matches!(owner.how, Descent::Direct(_)))
        .map(|owner| &owner.column);
    fields(entity)
        .filter(|(_, field)| field.origin == FieldOrigin::Written && field.computed.is_none())
        .flat_map(|(id, field)| {
            facts
                .column(id)
                .map(|(name, _)| name.clone())
                .into_iter()
                .chain(blind_column(field))
        })
        .filter(|column| Some(column) != owner)
        .collect()
}

/// The columns that the application may change.
fn updatable(draft: &Draft<'_>, entity: &Entity) -> Vec<Ident> {
    let facts = draft.facts(entity.id);
    let fixed: BTreeSet<&Ident> = fields(entity)
        .filter(|(_, field)| field.immutable.is_some())
        .filter_map(|(id, _)| facts.column(id).map(|(name, _)| name))
        .chain(facts.key.iter().map(|(name, _)| name))
        .chain(&facts.partition)
        .collect();
    let mut columns: Vec<Ident> = insertable(draft, entity)
        .into_iter()
        .filter(|column| !fixed.contains(column))
        .collect();
    if entity.versioning.value != model::Versioning::Off {
        columns.push(crate::facts::implied(
            entity,
            model::ImpliedField::Version,
            "version",
        ));
    }
    columns.extend(deletion(draft, entity));
    columns
}

/// The columns by which a row is deleted softly.
fn deletion(draft: &Draft<'_>, entity: &Entity) -> Vec<Ident> {
    let deletion = draft.facts(entity.id).deletion.as_ref();
    deletion.map_or_else(Vec::new, |deletion| {
        vec![deletion.at.clone(), deletion.reason.clone()]
    })
}

/// The columns that a declared role may read: all but secrets.
fn readable(draft: &Draft<'_>, entity: &Entity) -> Vec<Ident> {
    let facts = draft.facts(entity.id);
    if entity.fields.iter().all(|field| field.privacy != Privacy::Secret) {
        return Vec::new();
    }
    let secret: BTreeSet<&Ident> = fields(entity)
        .filter(|(_, field)| field.privacy == Privacy::Secret)
        .filter_map(|(id, _)| facts.column(id).map(|(name, _)| name))
        .collect();
    let table = draft.table(&facts.table);
    let columns = table
        .into_iter()
        .flat_map(|table| &table.columns)
        .map(|column| column.name.clone());
    columns.filter(|column| !secret.contains(column)).collect()
}

fn of_entity(draft: &mut Draft<'_>, entity: &Entity) {
    let app = draft.blueprint.roles.app.clone();
    let base: &[Action] = match entity.ownership {
        Ownership::Owner(_) | Ownership::Inherited { .. } | Ownership::Tenant => {
            &[Action::Read, Action::Create, Action::Update, Action::Delete]
        }
        Ownership::Itself => &[Action::Read, Action::Update, Action::Delete],
        Ownership::IsTenant | Ownership::Public { .. } => &[Action::Read],
        Ownership::Unknown => &[],
    };
    let mut rights: BTreeSet<(Ident, Action)> = base.iter().map(|action| (app.clone(), *action)).collect();
    for allow in &entity.allows {
        for role in grantees(draft, allow) {
            rights.extend(allow.actions.iter().map(|action| (role.clone(), *action)));
        }
    }
    if matches!(entity.ownership, Ownership::Public { .. }) {
        rights.extend(named(draft, entity).into_iter().map(|role| (role, Action::Read)));
    }
    let table = draft.facts(entity.id).table.clone();
    for (role, action) in &rights {
        give(draft, entity, &table, (role, role == &app), *action);
    }
    let words = |actions: &[Action]| {
        let words: Vec<&str> = actions.iter().map(|action| word(*action)).collect();
        words.join(", ")
    };
    let own: Vec<Action> = rights
        .iter()
        .filter(|(role, _)| *role == app)
        .map(|(_, action)| *action)
        .collect();
    let choice = if own.is_empty() {
        "the application may do nothing".to_owned()
    } else {
        format!("the application may {}", words(&own))
    };
    draft.decide(Decision::new(&KIND, &entity.name.text, choice).name(&table.name));
}

const fn word(action: Action) -> &'static str {
    match action {
        Action::Read => "read",
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
    }
}

fn give(
    draft: &mut Draft<'_>,
    entity: &Entity,
    table: &Name,
    (role, is_app): (&Ident, bool),
    action: Action,
) {
    let (privilege, columns) = match action {
        Action::Read if is_app => (Privilege::Select, Vec::new()),
        Action::Read => (Privilege::Select, readable(draft, entity)),
        Action::Create => (Privilege::Insert, insertable(draft, entity)),
        Action::Update => (Privilege::Update, updatable(draft, entity)),
        Action::Delete if entity.soft_delete.value => (Privilege::Update, deletion(draft, entity)),
        Action::Delete => (Privilege::Delete, Vec::new()),
    };
    // A right on no column would read as a right on all of them.
    if columns.is_empty() && matches!(action, Action::Create | Action::Update) {
        return;
    }
    // Changing includes deleting softly.
    let includes = action == Action::Delete && privilege == Privilege::Update;
    let known = includes
        && draft
            .table(table)
            .is_some_and(|table| covers(table, role, &columns));
    if !known {
        grant(draft, table, role, privilege, columns);
    }
}

fn covers(table: &physical::Table, role: &Ident, columns: &[Ident]) -> bool {
    let by_role =
        |grant: &&Grant| grant.grantee == Grantee::Role(role.clone()) && grant.privilege == Privilege::Update;
    table
        .grants
        .iter()
        .filter(by_role)
        .any(|grant| columns.iter().all(|column| grant.columns.contains(column)))
}

fn of_links(draft: &mut Draft<'_>) {
    let app = draft.blueprint.roles.app.clone();
    for (link, made) in draft.model.links.iter().zip(draft.links.clone()) {
        let Some(left) = draft
            .model
            .entity(link.left)
            .filter(|_| draft.table(&made.table).is_some())
        else {
            continue;
        };
        let pair: Vec<Ident> = [&made.left, &made.right]
            .into_iter()
            .filter(|column| Some(*column) != made.owner.as_ref())
            .cloned()
            .collect();
        let closed =
            matches!(left.ownership, Ownership::Public { .. } | Ownership::IsTenant) && made.owner.is_none();
        let mut roles: BTreeSet<(Ident, bool)> = BTreeSet::from([(app.clone(), !closed)]);
        for allow in &left.allows {
            let changes = allow
                .actions
                .iter()
                .any(|action| matches!(action, Action::Create | Action::Update));
            let reads = changes || allow.actions.contains(&Action::Read);
            roles.extend(
                grantees(draft, allow)
                    .into_iter()
                    .filter(|_| reads)
                    .map(|role| (role, changes)),
            );
        }
        for (role, changes) in roles {
            grant(draft, &made.table, &role, Privilege::Select, Vec::new());
            if changes {
                grant(draft, &made.table, &role, Privilege::Insert, pair.clone());
                grant(draft, &made.table, &role, Privilege::Delete, Vec::new());
            }
        }
    }
}

/// Tables that no entity has.
fn of_others(draft: &mut Draft<'_>) {
    let infos: Vec<(Name, Purpose)> = draft
        .blueprint
        .tables
        .iter()
        .map(|info| (info.name.clone(), info.purpose))
        .collect();
    let roles = draft.blueprint.roles.clone();
    let columns = |names: &[&str]| names.iter().map(|name| Ident::from(*name)).collect::<Vec<_>>();
    for (name, purpose) in infos {
        match purpose {
            Purpose::Actors => {
                grant(
                    draft,
                    &name,
                    &roles.app,
                    Privilege::Select,
                    columns(&["id", "public_id", "kind", "created_at"]),
                );
            }
            Purpose::Audit => {
                grant(draft, &name, &roles.auditor, Privilege::Select, Vec::new());
                grant(draft, &name, &roles.sealer, Privilege::Select, Vec::new());
            }
            Purpose::Seals => {
                grant(draft, &name, &roles.auditor, Privilege::Select, Vec::new());
                grant(draft, &name, &roles.sealer, Privilege::Select, Vec::new());
                let sealed = columns(&["up_to_transaction", "entries", "key_id", "previous", "mac"]);
                grant(draft, &name, &roles.sealer, Privilege::Insert, sealed);
            }
            Purpose::Events => grant(draft, &name, &roles.auditor, Privilege::Select, Vec::new()),
            Purpose::Keys => {
                grant(draft, &name, &roles.app, Privilege::Select, Vec::new());
                let mut made = columns(&["kek_id", "wrapped"]);
                let linked = draft
                    .table(&name)
                    .is_some_and(|table| table.column("subject_id").is_some());
                made.extend(linked.then(|| Ident::from("subject_id")));
                grant(draft, &name, &roles.app, Privilege::Insert, made);
                grant(
                    draft,
                    &name,
                    &roles.app,
                    Privilege::Update,
                    columns(&["kek_id", "wrapped"]),
                );
            }
            Purpose::Entity(_)
            | Purpose::Link(..)
            | Purpose::Access(_)
            | Purpose::Context
            | Purpose::Private => {}
        }
    }
}

/// The owner of the masked views reads just what they show.
fn mask(draft: &mut Draft<'_>) {
    let mask = draft.blueprint.roles.mask.clone();
    for (table, columns) in super::masking::reads(draft) {
        grant(
            draft,
            &table,
            &mask,
            Privilege::Select,
            columns.into_iter().collect(),
        );
    }
}
