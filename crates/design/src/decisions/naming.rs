//! Decision: what tables and columns are called.

use crate::decisions::Kind;
use crate::draft::Draft;
use crate::{Alternative, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "naming",
    title: "names of tables",
    reason: "tables are plural snake case, constraints are called <table>_<columns>_<kind>, so that an error can be traced to a field; \
             longer names than 63 bytes end in a hash of the whole name, and no two can collide",
    alternatives: &[
        Alternative {
            option: "another table name",
            how: "`@table(\"…\")` on the entity",
        },
        Alternative {
            option: "another column name",
            how: "`@column(\"…\")` on the field",
        },
    ],
    attacker: None,
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let table = draft.facts(entity.id).table.clone();
        let decision = Decision::new(&KIND, &entity.name.text, format!("table `{table}`"));
        draft.decide(decision.name(&table.name).name(&table));
    }
}
