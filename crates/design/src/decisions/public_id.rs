//! Decision: the id by which the outside names a row.

use model::{Entity, Identity, UuidVersion};
use physical::{Column, SqlType, Unique};

use crate::decisions::{Kind, identity::minted};
use crate::draft::{Draft, decided};
use crate::names::Space;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "public-id",
    title: "the public id",
    reason: "sequential ids let anyone count and walk the rows. A version 4 UUID is 122 random bits, minted by the database, so that \
             no client can choose one and learn from the error that it exists. Version 7 tells when the row was made",
    alternatives: &[
        Alternative {
            option: "version 7, for many rows that say nothing about a person",
            how: "`@identity(uuid7)` on the entity",
        },
        Alternative {
            option: "none",
            how: "`@identity(internal) because \"…\"` on the entity",
        },
    ],
    attacker: Some(Attacker::A1),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let facts = draft.facts(entity.id);
        let (table, public_id) = (facts.table.clone(), facts.separate_public_id().cloned());
        let Some(public_id) = public_id else {
            let decision = Decision::new(&KIND, &entity.name.text, without(entity)).opted(&entity.identity);
            draft.decide(decision.name(&table.name));
            continue;
        };
        let version = match entity.identity.value {
            Identity::Dual(version) => version,
            _ => UuidVersion::V4,
        };
        let origin = decided(&KIND, entity);
        let mut column = Column::new(public_id.clone(), SqlType::Uuid, origin);
        column.default = Some(minted(version));
        column.comment = Some("What the outside calls the row".to_owned());
        draft.add_column(entity.id, column);
        let name = draft
            .names
            .constraint(Space::App, &table.name, [&public_id], "key");
        let decision = Decision::new(
            &KIND,
            format!("{}.{public_id}", entity.name.text),
            chosen(version),
        )
        .opted(&entity.identity)
        .members(&table, [&public_id, &name]);
        draft.decide(decision);
        draft.change(&table, |table| {
            table.uniques.push(Unique {
                name,
                columns: vec![public_id],
                nulls_not_distinct: false,
                deferred: false,
                comment: Some("Also the index by which requests find the row".to_owned()),
                origin,
            });
        });
    }
}

const fn chosen(version: UuidVersion) -> &'static str {
    match version {
        UuidVersion::V4 => "a random UUID (version 4), made by the database, unique",
        UuidVersion::V7 => {
            "a time-ordered UUID (version 7), made by the database, unique; it tells when the row was made"
        }
    }
}

const fn without(entity: &Entity) -> &'static str {
    match entity.identity.value {
        Identity::Uuid(_) => "the primary key is the public id",
        Identity::Natural => "none: the natural key names the row",
        _ => "none: nothing outside names the row",
    }
}
