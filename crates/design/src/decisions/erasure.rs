//! Decision: how a person is erased.

use model::{Entity, FieldId, OnDelete, Ownership, Privacy};
use physical::{ErasureStep, Ident, Service};

use super::retention::{complain, tombstones};
use super::soft_delete::holds_secrets;
use crate::decisions::Kind;
use crate::draft::{Draft, decided};
use crate::facts::Descent;
use crate::{Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "erasure",
    title: "how a person is erased",
    reason: "erasure reaches every row that the person owns, blind indexes, the payloads of the audit trail (whose chain verifies without \
             them), and by shredding the person's data key also copies that nobody can reach; credentials go, other rows stay emptied",
    alternatives: &[],
    attacker: Some(Attacker::A4),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    let Some(user) = draft.user().filter(|user| user.ownership == Ownership::Itself) else {
        return;
    };
    let facts = draft.facts(user.id).clone();
    if facts.public_id.is_none() {
        return;
    }
    let mut owned: Vec<(u32, &Entity)> = draft
        .model
        .entities
        .iter()
        .filter(|entity| entity.id != user.id && draft.facts(entity.id).owner.is_some())
        .map(|entity| (depth(draft, entity), entity))
        .collect();
    owned.sort_by_key(|(depth, entity)| (std::cmp::Reverse(*depth), entity.id));
    let mut steps: Vec<ErasureStep> = Vec::new();
    for (_, entity) in owned {
        let subject = draft
            .facts(entity.id)
            .owner
            .as_ref()
            .map(|owner| owner.column.clone());
        steps.extend(subject.and_then(|subject| step(draft, entity, subject)));
    }
    let own = facts.key.first().map(|(key, _)| key.clone());
    steps.extend(own.and_then(|key| empty(draft, user, key)));
    steps.extend(draft.log.clone().map(|log| ErasureStep::AuditPayloads { log }));
    steps.extend(draft.keys.clone().map(|table| ErasureStep::Key { table }));
    if let Some(actors) = &draft.blueprint.actors {
        steps.push(ErasureStep::Actor {
            table: actors.table.clone(),
            link: Ident::from("user_id"),
        });
    }
    let name = draft.function(&format!("erase_{}", facts.singular));
    let decision = Decision::new(
        &KIND,
        &user.name.text,
        format!("`{name}` empties or removes it in {} steps", steps.len()),
    );
    draft.decide(decision.name(&name).name(&facts.table.name));
    draft.offer(&facts.table, Service::Erase { name, steps }, decided(&KIND, user));
}

/// How many references lie between a row and its owner: those at the end of the chain are erased first.
fn depth(draft: &Draft<'_>, entity: &Entity) -> u32 {
    let mut depth = 0;
    let mut at = entity;
    while let Some(Descent::Through(via)) = draft.facts(at.id).owner.as_ref().map(|owner| owner.how) {
        let target = draft.model.field(via).map(|field| &field.ty);
        let Some(model::Type::Reference(target)) = target else {
            break;
        };
        let (Some(next), true) = (draft.model.entity(*target), depth < 64) else {
            break;
        };
        depth += 1;
        at = next;
    }
    depth
}

/// What happens to the rows of an entity that the person owns; nothing when they say nothing of the person.
fn step(draft: &mut Draft<'_>, entity: &Entity, subject: Ident) -> Option<ErasureStep> {
    if entity.fields.iter().all(|field| field.privacy == Privacy::None) {
        return None;
    }
    let (found, lasting) = tombstones(draft, entity);
    let table = draft.facts(entity.id).table.clone();
    if (holds_secrets(entity) || !lasting.is_empty()) && !is_held(draft, entity) {
        return Some(ErasureStep::Delete { table, subject });
    }
    for field in lasting {
        complain(draft, entity, field, entity.name.span);
    }
    Some(ErasureStep::Empty {
        table,
        subject,
        tombstones: found,
    })
}

fn empty(draft: &mut Draft<'_>, user: &Entity, subject: Ident) -> Option<ErasureStep> {
    let (found, lasting) = tombstones(draft, user);
    let anonymised = user
        .retention
        .iter()
        .any(|kept| kept.kind == model::RetentionKind::Anonymise);
    for field in lasting.into_iter().filter(|_| !anonymised) {
        complain(draft, user, field, user.name.span);
    }
    let table = draft.facts(user.id).table.clone();
    (!found.is_empty()).then_some(ErasureStep::Empty {
        table,
        subject,
        tombstones: found,
    })
}

/// Whether other rows hold on to rows of an entity.
fn is_held(draft: &Draft<'_>, entity: &Entity) -> bool {
    let restricts = |id: &FieldId| {
        let declared = draft.model.field(*id).and_then(|field| field.on_delete);
        declared.is_none_or(|(action, _)| action == OnDelete::Restrict)
    };
    draft.incoming(entity.id).iter().any(restricts)
}
