//! Decision: references of an entity to itself.

use model::{FieldOrigin, Type};
use physical::Behaviour;

use crate::decisions::Kind;
use crate::draft::{Draft, decided, fields, subject};
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "trees",
    title: "references of an entity to itself",
    reason: "a reference to the same entity makes a tree, and a tree has no cycles: a category that contains itself sends every walk \
             over it into an endless loop",
    alternatives: &[
        Alternative {
            option: "pairs instead of a tree",
            how: "`@unique` on the reference",
        },
        Alternative {
            option: "any graph",
            how: "an entity of edges, with two references",
        },
    ],
    attacker: Some(Attacker::A2),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        for (id, field) in fields(entity) {
            if field.ty != Type::Reference(entity.id) || field.origin != FieldOrigin::Written {
                continue;
            }
            let facts = draft.facts(entity.id);
            let table = facts.table.clone();
            let (Some((parent, _)), Some((key, _))) =
                (facts.column(id).cloned(), facts.single_key().cloned())
            else {
                continue;
            };
            let pairs = entity.uniques.iter().any(|unique| unique.fields == [id]);
            let choice = if pairs {
                "one to one: cycles are allowed"
            } else {
                "a tree: cycles are refused"
            };
            draft.decide(
                Decision::new(&KIND, subject(entity, field), choice)
                    .at(field.type_span)
                    .members(&table, [&parent]),
            );
            if !pairs {
                draft.behave(&table, Behaviour::NoCycle { key, parent }, decided(&KIND, entity));
            }
        }
    }
}
