//! Decision: tables that are cut by time.

use diagnostics::Diagnostic;
use physical::{Ident, Name, Partition, PartitionBy, Partitioned};

use crate::decisions::Kind;
use crate::draft::Draft;
use crate::names::Space;
use crate::{Alternative, Decision, codes};

pub(crate) static KIND: Kind = Kind {
    id: "partitions",
    title: "tables cut by time",
    reason: "one partition a month, made ahead, and a default one for what fits nowhere: old months are dropped whole. Uniqueness \
             exists within a partition only, so the partition key joins every key",
    alternatives: &[
        Alternative {
            option: "one table",
            how: "leave `@partition` out",
        },
        Alternative {
            option: "uniqueness across partitions",
            how: "an entity that holds just the unique value, referred to from here",
        },
    ],
    attacker: None,
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let facts = draft.facts(entity.id).clone();
        let (Some(column), Some((field, span))) = (facts.partition.clone(), entity.partition) else {
            continue;
        };
        let optional = draft.model.field(field).is_some_and(|field| field.optional);
        if optional {
            let message = format!(
                "`{}` is partitioned by `{column}`, which may be empty",
                entity.name.text
            );
            draft.complain(
                Diagnostic::new(&codes::OPTIONAL_PARTITION_KEY, span, message)
                    .help("make the field required, or partition by `created_at`"),
            );
            continue;
        }
        let default = draft
            .names
            .take(Space::App, &format!("{}_default", facts.table.name));
        let default = Name {
            schema: facts.table.schema.clone(),
            name: default,
        };
        cut(draft, &facts.table, &column, default.clone());
        if facts.public_id.is_some() {
            let message = format!(
                "the public id of `{}` is unique within a month only",
                entity.name.text
            );
            draft.complain(
                Diagnostic::new(&codes::PUBLIC_ID_PER_PARTITION, span, message)
                    .label("no database keeps a key unique across partitions without the partition key in it")
                    .help(format!(
                        "122 random bits do not repeat, so `({column}, public_id)` is enough for most"
                    ))
                    .help(
                        "for a guarantee, keep the ids in an entity of their own and refer to it from here",
                    ),
            );
        }
        let decision = Decision::new(&KIND, &entity.name.text, format!("by month of `{column}`")).at(span);
        draft.decide(decision.name(&default.name).members(&facts.table, [&column]));
    }
}

/// Makes the table partitioned, with the key in the primary key and every unique constraint.
fn cut(draft: &mut Draft<'_>, table: &Name, column: &Ident, default: Name) {
    draft.change(table, |table| {
        if let Some(key) = &mut table.primary_key
            && !key.columns.contains(column)
        {
            key.columns.push(column.clone());
        }
        for unique in &mut table.uniques {
            if !unique.columns.contains(column) {
                unique.columns.push(column.clone());
            }
        }
        table.partitioned = Some(Partitioned {
            by: PartitionBy::Range,
            columns: vec![column.clone()],
            partitions: vec![Partition {
                name: default,
                bound: None,
            }],
            managed: true,
        });
    });
}
