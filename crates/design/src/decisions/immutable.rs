//! Decision: what is set once.

use model::{Entity, Identity};
use physical::{Behaviour, Ident};

use crate::decisions::Kind;
use crate::draft::{Draft, decided, fields, subject};
use crate::facts::Descent;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "immutable",
    title: "what is set once",
    reason: "the application has no right to change these columns; a trigger refuses everyone else who has one, so that links that went \
             out stay good, rows stay with whom they belong to, and a fact stays what it was. Erasure, the actions of foreign keys and \
             backfills are let through",
    alternatives: &[
        Alternative {
            option: "set once",
            how: "`@immutable` behind a field; public ids, owners and tenants are, always",
        },
        Alternative {
            option: "changed by whoever may change the row",
            how: "no `@immutable` behind the field (the default)",
        },
    ],
    attacker: Some(Attacker::A3),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let facts = draft.facts(entity.id).clone();
        let implied = implied(draft, entity);
        if !implied.is_empty() {
            let decision = Decision::new(
                &KIND,
                &entity.name.text,
                "the public id, the owner and the tenant are set once",
            );
            draft.decide(decision.members(&facts.table, &implied));
        }
        let mut columns = implied;
        for (id, field) in fields(entity) {
            let (Some(said), Some((column, _))) = (field.immutable, facts.column(id)) else {
                continue;
            };
            let decision = Decision::new(&KIND, subject(entity, field), "set once").at(said);
            draft.decide(decision.members(&facts.table, [column]));
            if !columns.contains(column) {
                columns.push(column.clone());
            }
        }
        if !columns.is_empty() {
            draft.behave(
                &facts.table,
                Behaviour::Immutable { columns },
                decided(&KIND, entity),
            );
        }
    }
}

/// What never changes whatever the fields say.
fn implied(draft: &Draft<'_>, entity: &Entity) -> Vec<Ident> {
    let facts = draft.facts(entity.id);
    let public = facts
        .public_id
        .iter()
        .filter(|_| !matches!(entity.identity.value, Identity::Natural));
    let owner = facts
        .owner
        .iter()
        .filter(|owner| owner.how != Descent::Itself)
        .map(|owner| &owner.column);
    let mut all: Vec<Ident> = Vec::new();
    for column in public.chain(owner).chain(&facts.tenant) {
        let there = draft
            .table(&facts.table)
            .is_some_and(|table| table.column(column.as_str()).is_some());
        if there && !all.contains(column) {
            all.push(column.clone());
        }
    }
    all
}
