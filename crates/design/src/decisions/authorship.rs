//! Decision: who made and changed rows.

use model::{Entity, ImpliedField};
use physical::{Behaviour, Column, DefaultValue, ForeignKey, Ident, Literal, OnDelete, SqlType};

use super::actors::SYSTEM;
use crate::decisions::Kind;
use crate::draft::{Draft, decided};
use crate::facts::implied;
use crate::names::Space;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "authorship",
    title: "who made and changed rows",
    reason: "set from the context by the database, whatever the statement says. The foreign keys to actors have no index: actors are \
             never deleted, so nothing would ever use it",
    alternatives: &[
        Alternative {
            option: "none",
            how: "`without authors because \"…\"` on the entity",
        },
        Alternative {
            option: "none anywhere",
            how: "`actor none(\"…\")` in the policy",
        },
    ],
    attacker: Some(Attacker::A2),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let table = draft.facts(entity.id).table.clone();
        if !has_authors(draft, entity) {
            draft.decide(
                Decision::new(&KIND, &entity.name.text, "none")
                    .opted(&entity.authors)
                    .name(&table.name),
            );
            continue;
        }
        let created = implied(entity, ImpliedField::CreatedBy, "created_by");
        let updated = implied(entity, ImpliedField::UpdatedBy, "updated_by");
        for (name, comment) in [
            (&created, "Who made the row"),
            (&updated, "Who changed the row last"),
        ] {
            let key = actor_column(draft, entity, name, false, &KIND, comment);
            let decision = Decision::new(
                &KIND,
                format!("{}.{name}", entity.name.text),
                "an actor, set from the context",
            );
            draft.decide(
                decision
                    .opted(&entity.authors)
                    .members(&table, std::iter::once(name).chain(&key)),
            );
        }
        let what = Behaviour::StampAuthors {
            created_by: Some(created),
            updated_by: Some(updated),
        };
        draft.behave(&table, what, decided(&KIND, entity));
    }
}

/// Whether rows say who made them.
pub(super) fn has_authors(draft: &Draft<'_>, entity: &Entity) -> bool {
    entity.authors.value && draft.blueprint.actors.is_some()
}

/// A column that refers to an actor, with its foreign key; the system's actor when nothing is set. Without actors: nothing.
pub(super) fn actor_column(
    draft: &mut Draft<'_>,
    entity: &Entity,
    name: &Ident,
    nullable: bool,
    kind: &'static Kind,
    comment: &str,
) -> Option<Ident> {
    let table = draft.facts(entity.id).table.clone();
    let mut column = Column::new(name.clone(), SqlType::BigInt, decided(kind, entity));
    column.nullable = nullable;
    column.default = (!nullable).then_some(DefaultValue::Literal(Literal::Int(SYSTEM)));
    column.comment = Some(comment.to_owned());
    draft.add_column(entity.id, column);
    let key = actor_key(draft, &table, name, Space::App, decided(kind, entity))?;
    let constraint = key.name.clone();
    draft.change(&table, |table| table.foreign_keys.push(key));
    Some(constraint)
}

/// The foreign key of a column that refers to an actor.
pub(super) fn actor_key(
    draft: &mut Draft<'_>,
    table: &physical::Name,
    column: &Ident,
    space: Space,
    origin: physical::Origin,
) -> Option<ForeignKey> {
    let actors = draft
        .blueprint
        .actors
        .as_ref()
        .map(|actors| actors.table.clone())?;
    Some(ForeignKey {
        name: draft.names.constraint(space, &table.name, [column], "fkey"),
        columns: vec![column.clone()],
        references: actors,
        referenced: vec![Ident::from("id")],
        on_delete: OnDelete::Restrict,
        on_update: OnDelete::NoAction,
        set_null: Vec::new(),
        deferred: false,
        validated: true,
        comment: Some("Without an index: actors are never deleted".to_owned()),
        origin,
    })
}
