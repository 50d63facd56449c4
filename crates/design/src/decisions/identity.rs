//! Decision: the internal key of each table.

use model::{Entity, Identity, UuidVersion};
use physical::{Column, DefaultValue, Ident, PrimaryKey, SqlType};

use crate::decisions::Kind;
use crate::draft::{Draft, decided};
use crate::names::Space;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "identity",
    title: "the internal key",
    reason: "a bigint never runs out as an int4 does, an identity column cannot be written by accident as a serial can, and the primary \
             key is its only index: the brief's `primary_key=True, index=True` builds the same index twice, +22 MB and +19 % WAL per \
             million rows. It never leaves the database",
    alternatives: &[
        Alternative {
            option: "dual: bigint inside, UUID outside",
            how: "`identity dual(uuid4)` (the default)",
        },
        Alternative {
            option: "one UUID for both",
            how: "`identity uuid(uuid4)` in the policy, or `@identity(…)` on the entity",
        },
        Alternative {
            option: "the natural key",
            how: "`key (…)` in the entity",
        },
        Alternative {
            option: "internal: no public id at all",
            how: "`@identity(internal) because \"…\"` on the entity",
        },
    ],
    attacker: Some(Attacker::A1),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let table = draft.facts(entity.id).table.clone();
        let key = draft.facts(entity.id).key.clone();
        if entity.identity.value != Identity::Natural {
            for (name, ty) in &key {
                draft.add_column(entity.id, key_column(entity, name.clone(), ty.clone()));
            }
        }
        let columns: Vec<Ident> = key.into_iter().map(|(name, _)| name).collect();
        if columns.is_empty() {
            continue;
        }
        let name = draft.names.constraint(Space::App, &table.name, [], "pkey");
        let subject = match columns.as_slice() {
            [one] if entity.identity.value != Identity::Natural => format!("{}.{one}", entity.name.text),
            _ => entity.name.text.clone(),
        };
        let decision = Decision::new(&KIND, subject, choice(entity, &columns))
            .opted(&entity.identity)
            .members(&table, columns.iter().chain([&name]));
        draft.decide(decision);
        draft.change(&table, |table| {
            table.primary_key = Some(PrimaryKey { name, columns })
        });
    }
}

fn key_column(entity: &Entity, name: Ident, ty: SqlType) -> Column {
    let mut column = Column::new(name, ty, decided(&KIND, entity));
    match entity.identity.value {
        Identity::Uuid(version) => {
            column.default = Some(minted(version));
            column.comment = Some("The row's name, inside and outside".to_owned());
        }
        _ => {
            column.identity = Some(physical::Identity::Always);
            column.comment = Some("Internal key; never leaves the database".to_owned());
        }
    }
    column
}

/// The default that mints a UUID, in the database.
pub(super) const fn minted(version: UuidVersion) -> DefaultValue {
    match version {
        UuidVersion::V4 => DefaultValue::Uuid4,
        UuidVersion::V7 => DefaultValue::Uuid7,
    }
}

fn choice(entity: &Entity, columns: &[Ident]) -> String {
    match entity.identity.value {
        Identity::Dual(_) => "bigint identity, known to the database only".to_owned(),
        Identity::Internal => "bigint identity; nothing outside names the row".to_owned(),
        Identity::Uuid(_) => "one UUID, which is the primary key and public too".to_owned(),
        Identity::Natural => {
            let columns: Vec<&str> = columns.iter().map(Ident::as_str).collect();
            format!("the natural key ({})", columns.join(", "))
        }
    }
}
