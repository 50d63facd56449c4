//! Decision: computed columns.

use physical::Generated;

use crate::decisions::Kind;
use crate::draft::{Draft, fields, subject};
use crate::lower::Lowering;
use crate::{Alternative, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "computed",
    title: "computed columns",
    reason: "computed by the database when the row is written: it can be indexed, and can never disagree with what it follows from",
    alternatives: &[Alternative {
        option: "computed by the application",
        how: "leave `@computed(…)` out",
    }],
    attacker: None,
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        for (id, field) in fields(entity) {
            let Some((expr, span)) = &field.computed else {
                continue;
            };
            let facts = draft.facts(entity.id);
            let lowered = Lowering {
                model: draft.model,
                facts,
            }
            .expr(expr);
            let (Some(lowered), Some((name, _))) = (lowered, facts.column(id).cloned()) else {
                continue;
            };
            let table = facts.table.clone();
            let decision =
                Decision::new(&KIND, subject(entity, field), "a generated column, stored").at(*span);
            draft.decide(decision.members(&table, [&name]));
            draft.change(&table, |table| {
                if let Some(column) = table.columns.iter_mut().find(|column| column.name == name) {
                    column.generated = Some(Generated {
                        expr: lowered,
                        stored: true,
                    });
                    column.default = None;
                }
            });
        }
    }
}
