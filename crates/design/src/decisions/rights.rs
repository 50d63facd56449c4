//! Decision: changing and deleting apart.

use model::{AccessRule, Action, Allow, Entity, FieldOrigin};
use physical::{Behaviour, Ident, Right};

use super::row_security;
use crate::decisions::Kind;
use crate::draft::{Draft, decided, fields};
use crate::facts::Facts;
use crate::lower::{Lowering, always};
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "rights",
    title: "changing and deleting apart",
    reason: "deletion is a change of the row, and row-level security sees no columns: whoever an `allow update` lets through could delete as \
             well. Where the two differ, the row refuses the one that was not allowed",
    alternatives: &[Alternative {
        option: "one right",
        how: "`allow update, delete` in one line, with one condition",
    }],
    attacker: Some(Attacker::A2),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let facts = draft.facts(entity.id).clone();
        let Some(deletion) = facts.deletion.clone() else {
            continue;
        };
        let (update, delete) = (
            rights(draft, entity, Action::Update),
            rights(draft, entity, Action::Delete),
        );
        // What nobody may do, nobody has the columns for.
        if update.is_empty() || delete.is_empty() || same(&update, &delete) {
            continue;
        }
        let what = Behaviour::Rights {
            deletion: vec![deletion.at, deletion.reason],
            own: own(entity, &facts),
            update,
            delete,
        };
        let decision = Decision::new(
            &KIND,
            &entity.name.text,
            "who may change a row may not delete it by that, and the reverse",
        );
        let deletion_columns = match &what {
            Behaviour::Rights { deletion, .. } => deletion.clone(),
            _ => Vec::new(),
        };
        draft.decide(decision.members(&facts.table, &deletion_columns));
        draft.behave(&facts.table, what, decided(&KIND, entity));
    }
}

/// The columns that a change of the row is about.
fn own(entity: &Entity, facts: &Facts) -> Vec<Ident> {
    let written = fields(entity).filter(|(_, field)| field.origin == FieldOrigin::Written);
    written
        .filter(|(_, field)| field.computed.is_none())
        .flat_map(|(id, _)| facts.columns(id).iter().map(|(column, _)| column.clone()))
        .collect()
}

/// Who may do it: what everyone may without a word, and what is allowed.
fn rights(draft: &Draft<'_>, entity: &Entity, action: Action) -> Vec<Right> {
    let base = row_security::own_rows(draft, entity).map(|rows| Right {
        roles: vec![draft.blueprint.roles.app.clone()],
        rows,
    });
    let allowed = entity
        .allows
        .iter()
        .filter(|allow| allow.actions.contains(&action));
    base.into_iter()
        .chain(allowed.filter_map(|allow| right(draft, entity, allow)))
        .collect()
}

fn right(draft: &Draft<'_>, entity: &Entity, allow: &Allow) -> Option<Right> {
    let rows = match &allow.rule {
        AccessRule::Always => always(),
        AccessRule::Owner => row_security::owned(draft, entity)?,
        AccessRule::Tenant => row_security::in_tenant(draft, entity)?,
        AccessRule::When(expr) => Lowering {
            model: draft.model,
            facts: draft.facts(entity.id),
        }
        .expr(expr)?,
    };
    Some(Right {
        roles: row_security::grantees(draft, allow),
        rows,
    })
}

/// Whether the same people may do both, on the same rows.
fn same(one: &[Right], other: &[Right]) -> bool {
    one.iter().all(|right| other.contains(right)) && other.iter().all(|right| one.contains(right))
}
