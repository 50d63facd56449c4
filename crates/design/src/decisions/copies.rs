//! Decision: what stands for a reference when a row leaves the system.

use model::{Entity, Field, FieldId, FieldOrigin, Type};
use physical::{Behaviour, Check, Column, Expr, Ident, SqlType};

use crate::decisions::Kind;
use crate::draft::{Draft, decided, fields, subject};
use crate::names::{Space, shorten};
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "references",
    title: "what leaves the system for a reference",
    reason: "the other row's public id, found by a join: the brief copies `category_public_id` onto each row, where it drifts and costs \
             an index",
    alternatives: &[
        Alternative {
            option: "resolved by a join",
            how: "`references resolved` in the policy (the default)",
        },
        Alternative {
            option: "a copy that a composite foreign key to (id, public_id) keeps true",
            how: "`references copied` in the policy",
        },
    ],
    attacker: Some(Attacker::A1),
    apply,
};

/// The column of the copy beside a reference, and the public id that it copies; `None` when references are resolved.
pub(super) fn copy(draft: &Draft<'_>, field: &Field) -> Option<(Ident, Ident)> {
    let Type::Reference(target) = field.ty else {
        return None;
    };
    if !draft.model.policy.copied_references.value || field.origin != FieldOrigin::Written {
        return None;
    }
    let theirs = draft.facts(target).separate_public_id()?.clone();
    Some((
        Ident::new(shorten(&format!("{}_{theirs}", field.name.text))),
        theirs,
    ))
}

fn apply(draft: &mut Draft<'_>) {
    let policy = &draft.model.policy.copied_references;
    let choice = if policy.value {
        "copied beside each reference"
    } else {
        "resolved by a join"
    };
    draft.decide(Decision::new(&KIND, "policy.references", choice).opted(policy));
    if !policy.value {
        return;
    }
    for entity in &draft.model.entities {
        for (id, field) in fields(entity) {
            if let Some((own, theirs)) = copy(draft, field) {
                add(draft, entity, (id, field), own, theirs);
            }
        }
    }
}

fn add(draft: &mut Draft<'_>, entity: &Entity, (id, field): (FieldId, &Field), own: Ident, theirs: Ident) {
    let Type::Reference(target) = field.ty else { return };
    let facts = draft.facts(entity.id).clone();
    let parent = draft.facts(target).clone();
    let (Some((via, via_ty)), Some((key, _))) = (facts.column(id).cloned(), parent.single_key().cloned())
    else {
        return;
    };
    let mut column = Column::new(own.clone(), SqlType::Uuid, decided(&KIND, entity));
    column.nullable = field.optional;
    column.comment = Some(format!(
        "A copy of the public id that `{via}` refers to; a composite foreign key keeps it true"
    ));
    draft.add_column(entity.id, column);
    let columns = vec![(own.clone(), theirs)];
    let what = Behaviour::Inherit {
        via: via.clone(),
        parent: parent.table.clone(),
        key,
        columns,
    };
    draft.behave(&facts.table, what, decided(&KIND, entity));
    let mut decision = Decision::new(
        &KIND,
        subject(entity, field),
        "copied, and kept true by a composite foreign key",
    )
    .opted(&draft.model.policy.copied_references)
    .members(&facts.table, [&own]);
    if field.optional {
        let name = draft
            .names
            .constraint(Space::App, &facts.table.name, [&own], "check");
        decision = decision.members(&facts.table, [&name]);
        let (left, right) = (Expr::column(via, via_ty), Expr::column(own, SqlType::Uuid));
        let both = |test: fn(Expr) -> Expr| Expr::And(vec![test(left.clone()), test(right.clone())]);
        let check = Check {
            name,
            expr: Expr::Or(vec![both(Expr::is_null), both(Expr::is_not_null)]),
            validated: true,
            comment: Some(
                "A foreign key with an empty column checks nothing: both are there, or neither".to_owned(),
            ),
            origin: decided(&KIND, entity),
        };
        draft.change(&facts.table, |table| table.checks.push(check));
    }
    draft.decide(decision);
}
