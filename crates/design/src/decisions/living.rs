//! Decision: what a living row may refer to.

use model::{FieldOrigin, Type};
use physical::Behaviour;

use super::relations::{Pairs, composite_pairs, pairs};
use crate::decisions::Kind;
use crate::draft::{Draft, decided, fields, subject};
use crate::facts::{Deletion, Facts};
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "living-parents",
    title: "references to deleted rows",
    reason: "a foreign key accepts a row that was soft-deleted, so a trigger looks: a new reference needs a living row, which stays \
             locked until the transaction ends, so that it cannot be deleted in between",
    alternatives: &[Alternative {
        option: "no soft deletion of the entity referred to",
        how: "`without soft_delete because \"…\"` there",
    }],
    attacker: Some(Attacker::A2),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        for (id, field) in fields(entity) {
            let Type::Reference(target) = field.ty else {
                continue;
            };
            let parent = draft.facts(target).clone();
            let (Some(deletion), FieldOrigin::Written, Some(pairs)) =
                (parent.deletion.clone(), field.origin, pairs(draft, id))
            else {
                continue;
            };
            let table = draft.facts(entity.id).table.clone();
            let decision = Decision::new(
                &KIND,
                subject(entity, field),
                format!("must be a living row of `{}`", parent.table),
            );
            draft.decide(decision.members(&table, pairs.own.iter().take(1)));
            draft.behave(&table, living(&parent, &deletion, pairs), decided(&KIND, entity));
        }
    }
    for entity in &draft.model.entities {
        for reference in &entity.references {
            composite_parent(draft, entity, reference);
        }
    }
    link_parents(draft);
}

fn composite_parent(draft: &mut Draft<'_>, entity: &model::Entity, reference: &model::Reference) {
    let parent = draft.facts(reference.target).clone();
    let (Some(deletion), Some(pairs)) = (parent.deletion.clone(), composite_pairs(draft, entity, reference))
    else {
        return;
    };
    let table = draft.facts(entity.id).table.clone();
    draft.behave(&table, living(&parent, &deletion, pairs), decided(&KIND, entity));
}

fn living(parent: &Facts, deletion: &Deletion, pairs: Pairs) -> Behaviour {
    Behaviour::LivingParent {
        columns: pairs.own,
        parent: parent.table.clone(),
        referenced: pairs.theirs,
        deleted_at: deletion.at.clone(),
    }
}

/// The rows that links join must live, too.
fn link_parents(draft: &mut Draft<'_>) {
    for (link, made) in draft.model.links.iter().zip(draft.links.clone()) {
        for (side, column) in [(link.left, made.left), (link.right, made.right)] {
            let parent = draft.facts(side).clone();
            let (Some(deletion), Some((key, _))) = (parent.deletion.clone(), parent.single_key().cloned())
            else {
                continue;
            };
            let what = Behaviour::LivingParent {
                columns: vec![column],
                parent: parent.table.clone(),
                referenced: vec![key],
                deleted_at: deletion.at.clone(),
            };
            draft.behave(&made.table, what, physical::Origin::Decision(KIND.id, None));
        }
    }
}
