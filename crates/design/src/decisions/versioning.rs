//! Decision: how lost updates are noticed.

use model::{ImpliedField, Versioning};
use physical::{Behaviour, Column, DefaultValue, Ident, Literal, SqlType};

use super::authorship::{actor_column, has_authors};
use crate::decisions::Kind;
use crate::draft::{Draft, decided};
use crate::facts::implied;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "versioning",
    title: "versions of rows",
    reason: "lost updates: the version is raised for everyone, and an ORM that raises it itself is let through; whoever supplies one \
             has it checked",
    alternatives: &[
        Alternative {
            option: "on",
            how: "`versioning on` in the policy (the default)",
        },
        Alternative {
            option: "with when and by whom it was raised",
            how: "`versioning full` in the policy",
        },
        Alternative {
            option: "off",
            how: "`without versioning because \"…\"`",
        },
    ],
    attacker: Some(Attacker::A2),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let table = draft.facts(entity.id).table.clone();
        if entity.versioning.value == Versioning::Off {
            draft.decide(
                Decision::new(&KIND, &entity.name.text, "off")
                    .opted(&entity.versioning)
                    .name(&table.name),
            );
            continue;
        }
        let version = implied(entity, ImpliedField::Version, "version");
        let mut column = Column::new(version.clone(), SqlType::Integer, decided(&KIND, entity));
        column.default = Some(DefaultValue::Literal(Literal::Int(1)));
        column.comment = Some("Raised by every change; a stale one is refused".to_owned());
        draft.add_column(entity.id, column);
        let (mut updated_at, mut updated_by) = (None, None);
        if entity.versioning.value == Versioning::Full {
            let at = implied(entity, ImpliedField::VersionUpdatedAt, "version_updated_at");
            let mut column = Column::new(at.clone(), SqlType::TimestampTz, decided(&KIND, entity));
            column.default = Some(DefaultValue::Now);
            column.comment = Some("When the version was raised".to_owned());
            draft.add_column(entity.id, column);
            updated_at = Some(at);
            if has_authors(draft, entity) {
                let by = implied(entity, ImpliedField::VersionUpdatedBy, "version_updated_by");
                actor_column(draft, entity, &by, false, &KIND, "Who raised the version");
                updated_by = Some(by);
            }
        }
        let columns: Vec<Ident> = std::iter::once(version.clone())
            .chain(updated_at.clone())
            .chain(updated_by.clone())
            .collect();
        let decision = Decision::new(
            &KIND,
            format!("{}.{version}", entity.name.text),
            "raised by every change, and checked",
        );
        draft.decide(decision.opted(&entity.versioning).members(&table, &columns));
        let what = Behaviour::RaiseVersion {
            version,
            updated_at,
            updated_by,
        };
        draft.behave(&table, what, decided(&KIND, entity));
    }
}
