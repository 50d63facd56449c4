//! Decision: how rows are deleted.

use model::{Entity, EntityId, FieldId, OnDelete, Privacy};
use physical::{
    Behaviour, Builtin, Check, Column, Comparison, Expr, Ident, Literal, SoftAction, SoftChild, SqlType,
};

use super::authorship::actor_column;
use super::relations::{Pairs, composite_pairs, pairs};
use crate::decisions::Kind;
use crate::draft::{Draft, decided};
use crate::facts::Deletion;
use crate::names::Space;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "soft-delete",
    title: "how rows are deleted",
    reason: "a row is dead when `deleted_at` is set: one predicate everywhere, and no flag beside it that could contradict. Foreign keys \
             see nothing of it, so what happens to the rows that refer to a dead one is defined here, too; what fell together has one \
             batch, by which it can be brought back together",
    alternatives: &[
        Alternative {
            option: "off: DELETE removes the row",
            how: "`without soft_delete because \"…\"`",
        },
        Alternative {
            option: "what happens to children",
            how: "`@on_delete(restrict | cascade | set_null)` on the reference",
        },
    ],
    attacker: Some(Attacker::A2),
    apply,
};

/// The longest reason, in characters.
const LONGEST_REASON: i64 = 200;

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let facts = draft.facts(entity.id).clone();
        let Some(deletion) = &facts.deletion else {
            let decision = Decision::new(&KIND, &entity.name.text, "off: DELETE removes the row")
                .opted(&entity.soft_delete);
            draft.decide(decision.name(&facts.table.name));
            continue;
        };
        columns(draft, entity, deletion);
        let names = [&deletion.at, &deletion.reason, &deletion.batch]
            .into_iter()
            .chain(&deletion.by);
        let decision = Decision::new(
            &KIND,
            format!("{}.{}", entity.name.text, deletion.at),
            "set when the row is dead",
        )
        .opted(&entity.soft_delete)
        .members(&facts.table, names);
        draft.decide(decision);
        let Some((key, _)) = facts.key.first().cloned() else {
            continue;
        };
        let children = children(draft, entity.id);
        let what = Behaviour::SoftDelete {
            key,
            deleted_at: deletion.at.clone(),
            deleted_by: deletion.by.clone(),
            reason: Some(deletion.reason.clone()),
            batch: deletion.batch.clone(),
            children,
        };
        draft.behave(&facts.table, what, decided(&KIND, entity));
    }
}

fn columns(draft: &mut Draft<'_>, entity: &Entity, deletion: &Deletion) {
    let optional = |name: &Ident, ty: SqlType, comment: &str| Column {
        nullable: true,
        comment: Some(comment.to_owned()),
        ..Column::new(name.clone(), ty, decided(&KIND, entity))
    };
    draft.add_column(
        entity.id,
        optional(
            &deletion.at,
            SqlType::TimestampTz,
            "When the row was deleted; empty while it lives",
        ),
    );
    if let Some(by) = &deletion.by {
        actor_column(draft, entity, by, true, &KIND, "Who deleted the row");
    }
    draft.add_column(
        entity.id,
        optional(
            &deletion.batch,
            SqlType::Uuid,
            "What fell together, and is restored together",
        ),
    );
    draft.add_column(
        entity.id,
        optional(&deletion.reason, SqlType::Text, "Why the row was deleted"),
    );
    let table = draft.facts(entity.id).table.clone();
    let length = Expr::Call(
        Builtin::Length,
        vec![Expr::column(deletion.reason.clone(), SqlType::Text)],
    );
    let check = Check {
        name: draft
            .names
            .constraint(Space::App, &table.name, [&deletion.reason], "length"),
        expr: Expr::compare(
            length,
            Comparison::LessOrEqual,
            Expr::Literal(Literal::Int(LONGEST_REASON)),
        ),
        validated: true,
        comment: None,
        origin: decided(&KIND, entity),
    };
    draft.change(&table, |table| table.checks.push(check));
}

/// What refers to rows of an entity, and what becomes of it.
fn children(draft: &Draft<'_>, entity: EntityId) -> Vec<SoftChild> {
    let written = draft
        .incoming(entity)
        .iter()
        .filter_map(|field| child(draft, *field));
    let composite = draft.model.entities.iter().flat_map(|from| {
        let here = from
            .references
            .iter()
            .filter(|reference| reference.target == entity);
        here.filter_map(|reference| {
            let pairs = composite_pairs(draft, from, reference)?;
            Some(fallen(draft, from, pairs, reference.on_delete))
        })
    });
    written.chain(composite).collect()
}

fn child(draft: &Draft<'_>, field: FieldId) -> Option<SoftChild> {
    let pairs = pairs(draft, field)?;
    let from = draft.model.entity(field.entity)?;
    let reference = draft.model.field(field)?;
    let declared = reference
        .on_delete
        .map_or(OnDelete::Restrict, |(action, _)| action);
    Some(fallen(draft, from, pairs, declared))
}

/// What becomes of the rows that refer to a row when it falls softly.
fn fallen(draft: &Draft<'_>, from: &Entity, pairs: Pairs, declared: OnDelete) -> SoftChild {
    let facts = draft.facts(from.id);
    let action = match declared {
        OnDelete::Restrict => SoftAction::Restrict,
        OnDelete::SetNull => SoftAction::SetNull,
        OnDelete::Cascade if facts.deletion.is_some() => SoftAction::Cascade,
        OnDelete::Cascade if holds_secrets(from) => SoftAction::Destroy,
        OnDelete::Cascade => SoftAction::Leave,
    };
    SoftChild {
        table: facts.table.clone(),
        set_null: if action == SoftAction::SetNull {
            pairs.emptied
        } else {
            Vec::new()
        },
        columns: pairs.own,
        referenced: pairs.theirs,
        action,
        deleted_at: facts.deletion.as_ref().map(|deletion| deletion.at.clone()),
        batch: facts.deletion.as_ref().map(|deletion| deletion.batch.clone()),
    }
}

/// Whether rows are credentials: they are deleted for good with what they belong to.
pub(super) fn holds_secrets(entity: &Entity) -> bool {
    entity.fields.iter().any(|field| field.privacy == Privacy::Secret)
}
