//! Decision: whose a row is, and how the database knows.

use model::{Entity, Ownership};
use physical::{Behaviour, Column, Ident};

use crate::decisions::Kind;
use crate::draft::{Draft, decided};
use crate::facts::{Descent, Facts};
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "ownership",
    title: "whose a row is",
    reason: "the owner stands in a column that is never empty, is filled from the context, and leads an index: row-level security \
             without the index took 300 ms, with it under 1 ms. The application cannot write it",
    alternatives: &[
        Alternative {
            option: "a reference to the owner",
            how: "`@owner` on the reference",
        },
        Alternative {
            option: "the owner of the row referred to",
            how: "a required reference to an owned entity",
        },
        Alternative {
            option: "the row is its own owner",
            how: "`owns self`",
        },
        Alternative {
            option: "everyone's",
            how: "`public because \"…\"`",
        },
    ],
    attacker: Some(Attacker::A2),
    apply,
};

const INHERITED: &str = "a copy of the owner stands on each row, so that row-level security reads one row; a composite foreign key to \
    (id, owner) keeps the copy true, also when the owner changes";

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let facts = draft.facts(entity.id).clone();
        let mut decision = Decision::new(&KIND, &entity.name.text, choice(draft, entity, &facts));
        if let Ownership::Public { because, span } = &entity.ownership {
            decision = decision
                .because(Some(because))
                .at(*span)
                .why("whoever has a context may read it; writing needs an `allow`, or a migration");
        }
        if let Some(owner) = &facts.owner {
            decision = decision.members(&facts.table, [&owner.column]);
            match owner.how {
                Descent::Itself => {}
                Descent::Direct(_) => from_context(draft, entity, &facts, &owner.column),
                Descent::Through(via) => {
                    decision = decision.why(INHERITED);
                    let mut column =
                        Column::new(owner.column.clone(), owner.ty.clone(), decided(&KIND, entity));
                    column.comment =
                        Some("Whose the row is: a copy that a composite foreign key keeps true".to_owned());
                    draft.add_column(entity.id, column);
                    inherit(draft, entity, &facts, via);
                }
            }
        }
        draft.decide(decision);
    }
}

fn from_context(draft: &mut Draft<'_>, entity: &Entity, facts: &Facts, owner: &Ident) {
    let what = Behaviour::FromContext {
        owner: Some(owner.clone()),
        tenant: None,
    };
    draft.behave(&facts.table, what, decided(&KIND, entity));
}

/// Owner and tenant come from the row referred to.
fn inherit(draft: &mut Draft<'_>, entity: &Entity, facts: &Facts, via: model::FieldId) {
    let Some(model::Type::Reference(target)) = draft.model.field(via).map(|field| field.ty.clone()) else {
        return;
    };
    let parent = draft.facts(target).clone();
    let (Some((reference, _)), Some((key, _))) = (facts.column(via).cloned(), parent.single_key().cloned())
    else {
        return;
    };
    let owners = facts.owner.as_ref().zip(parent.owner.as_ref());
    let owners = owners.map(|(own, theirs)| (own.column.clone(), theirs.column.clone()));
    let tenants = facts.tenant.clone().zip(parent.tenant.clone());
    let columns = owners.into_iter().chain(tenants).collect();
    let what = Behaviour::Inherit {
        via: reference,
        parent: parent.table.clone(),
        key,
        columns,
    };
    draft.behave(&facts.table, what, decided(&KIND, entity));
}

fn choice(draft: &Draft<'_>, entity: &Entity, facts: &Facts) -> String {
    let via = |field| {
        draft
            .model
            .field(field)
            .map_or_else(String::new, |field| field.name.text.clone())
    };
    match (&entity.ownership, facts.owner.as_ref().map(|owner| owner.how)) {
        (_, Some(Descent::Itself)) => "each row is its own owner".to_owned(),
        (_, Some(Descent::Direct(field))) => format!("the row that `{}` refers to", via(field)),
        (_, Some(Descent::Through(field))) => format!("the owner of the row that `{}` refers to", via(field)),
        (Ownership::Tenant, _) => "everyone of the tenant".to_owned(),
        (Ownership::IsTenant, _) => "the tenant's own row".to_owned(),
        (Ownership::Public { .. }, _) => "everyone may read it".to_owned(),
        _ => "unknown: nobody but operators may see it".to_owned(),
    }
}
