//! Decision: states and the moves between them.

use model::{Entity, Enum, Field, FieldOrigin, Type};
use physical::{Behaviour, Column, DefaultValue, Ident, SqlType};

use super::authorship::{actor_column, has_authors};
use crate::decisions::Kind;
use crate::draft::{Draft, decided, fields, subject};
use crate::names::shorten;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "status",
    title: "states and moves",
    reason: "magic strings and impossible moves: a new row begins in a first state, and only declared moves are accepted; when it \
             moved, and by whom, is stamped. Whether a row is active follows from its state and is never stored beside it",
    alternatives: &[
        Alternative {
            option: "any move",
            how: "list the members of the enum without arrows",
        },
        Alternative {
            option: "another first state",
            how: "`@initial` on the member",
        },
    ],
    attacker: Some(Attacker::A2),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        for (id, field) in fields(entity) {
            let Type::Enum(of) = field.ty else { continue };
            let Some(of) = draft.model.enumeration(of) else {
                continue;
            };
            let Some((column, _)) = draft.facts(entity.id).column(id).cloned() else {
                continue;
            };
            if !of.moves.is_empty() && field.origin == FieldOrigin::Written {
                enforce(draft, entity, field, of, column);
            }
        }
    }
}

fn enforce(draft: &mut Draft<'_>, entity: &Entity, field: &Field, of: &Enum, column: Ident) {
    let table = draft.facts(entity.id).table.clone();
    let stamp = |what: &str| {
        let name = format!("{}_{what}", field.name.text);
        entity.field(&name).map_or_else(
            || Ident::new(shorten(&name)),
            |(_, field)| Ident::new(&field.column),
        )
    };
    let changed_at = entity.timestamps.value.then(|| stamp("changed_at"));
    let changed_by = has_authors(draft, entity).then(|| stamp("changed_by"));
    if let Some(name) = &changed_at {
        let mut at = Column::new(name.clone(), SqlType::TimestampTz, decided(&KIND, entity));
        at.default = Some(DefaultValue::Now);
        at.nullable = field.optional;
        at.comment = Some(format!("When `{column}` changed last"));
        draft.add_column(entity.id, at);
    }
    if let Some(name) = &changed_by {
        actor_column(
            draft,
            entity,
            name,
            true,
            &KIND,
            &format!("Who changed `{column}` last"),
        );
    }
    let value = |at: &u32| of.members.get(*at as usize).map(|member| member.value.clone());
    let initial: Vec<String> = of.initial.iter().filter_map(value).collect();
    let moves: Vec<(String, String)> = of
        .moves
        .iter()
        .filter_map(|(from, to)| Some((value(from)?, value(to)?)))
        .collect();
    let choice = format!(
        "begins as {}; {} moves are accepted",
        initial.join(" or "),
        moves.len()
    );
    let stamps = [&changed_at, &changed_by].into_iter().flatten();
    let decision = Decision::new(&KIND, subject(entity, field), choice)
        .at(of.name.span)
        .members(&table, std::iter::once(&column).chain(stamps));
    draft.decide(decision);
    draft.behave(
        &table,
        Behaviour::Transitions {
            column,
            initial,
            moves,
            changed_at,
            changed_by,
        },
        decided(&KIND, entity),
    );
}
