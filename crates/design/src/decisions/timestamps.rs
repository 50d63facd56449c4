//! Decision: when rows were made and changed.

use model::ImpliedField;
use physical::{Behaviour, Column, DefaultValue, SqlType};

use crate::decisions::Kind;
use crate::draft::{Draft, decided};
use crate::facts::implied;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "timestamps",
    title: "when rows were made and changed",
    reason: "instants in UTC, stamped by the database whatever the statement says: 71 % of the timestamps in 16 real schemas have no \
             zone, and a naive `utcnow` is deprecated for good reason",
    alternatives: &[Alternative {
        option: "none",
        how: "`without timestamps because \"…\"`, or `timestamps off(\"…\")` in the policy",
    }],
    attacker: Some(Attacker::A2),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let table = draft.facts(entity.id).table.clone();
        if !entity.timestamps.value {
            draft.decide(
                Decision::new(&KIND, &entity.name.text, "none")
                    .opted(&entity.timestamps)
                    .name(&table.name),
            );
            continue;
        }
        let created = implied(entity, ImpliedField::CreatedAt, "created_at");
        let updated = implied(entity, ImpliedField::UpdatedAt, "updated_at");
        for (name, comment) in [
            (&created, "When the row was made"),
            (&updated, "When the row was changed last"),
        ] {
            let mut column = Column::new(name.clone(), SqlType::TimestampTz, decided(&KIND, entity));
            column.default = Some(DefaultValue::Now);
            column.comment = Some(comment.to_owned());
            draft.add_column(entity.id, column);
            let decision = Decision::new(
                &KIND,
                format!("{}.{name}", entity.name.text),
                "an instant in UTC, stamped by the database",
            );
            draft.decide(decision.opted(&entity.timestamps).members(&table, [name]));
        }
        let what = Behaviour::StampTimes {
            created_at: Some(created),
            updated_at: Some(updated),
        };
        draft.behave(&table, what, decided(&KIND, entity));
    }
}
