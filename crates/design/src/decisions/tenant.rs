//! Decision: which tenant a row belongs to.

use physical::{Behaviour, Column};

use crate::decisions::Kind;
use crate::draft::{Draft, decided};
use crate::facts::{Descent, tenant_key};
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "tenant",
    title: "the tenant of a row",
    reason: "every row names its tenant, references carry it in a composite foreign key, so that no row can refer into another tenant, \
             and a restrictive policy stands above every other right",
    alternatives: &[
        Alternative {
            option: "no tenants",
            how: "`tenant none` in the policy (the default)",
        },
        Alternative {
            option: "rows belong to an entity",
            how: "`tenant Organisation` in the policy",
        },
    ],
    attacker: Some(Attacker::A1),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    let policy = &draft.model.policy;
    let Some(tenant) = policy.tenant.value.and_then(|id| draft.model.entity(id)) else {
        let decision = Decision::new(&KIND, "policy.tenant", "no tenants").opted(&policy.tenant);
        draft.decide(decision.why("nothing says that several organisations share the database"));
        return;
    };
    let root = draft.facts(tenant.id).table.clone();
    let choice = format!("every row belongs to a row of `{root}`");
    draft.blueprint.tenant = Some(root);
    draft.decide(Decision::new(&KIND, "policy.tenant", choice).opted(&policy.tenant));
    let ty = tenant_key(draft.model);
    for entity in &draft.model.entities {
        let facts = draft.facts(entity.id).clone();
        let Some(column) = facts.tenant.clone() else {
            continue;
        };
        let mut physical = Column::new(column.clone(), ty.clone(), decided(&KIND, entity));
        physical.comment = Some("The tenant; filled from the context".to_owned());
        draft.add_column(entity.id, physical);
        let inherited = matches!(
            facts.owner.as_ref().map(|owner| owner.how),
            Some(Descent::Through(_))
        );
        if !inherited {
            let what = Behaviour::FromContext {
                owner: None,
                tenant: Some(column.clone()),
            };
            draft.behave(&facts.table, what, decided(&KIND, entity));
        }
        let choice = if inherited {
            "the tenant of the row that it belongs to"
        } else {
            "the tenant of the context"
        };
        let decision = Decision::new(&KIND, format!("{}.tenant", entity.name.text), choice);
        draft.decide(
            decision
                .opted(&draft.model.policy.tenant)
                .members(&facts.table, [&column]),
        );
    }
}
