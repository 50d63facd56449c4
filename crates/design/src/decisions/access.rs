//! Decision: where reads are recorded.

use model::{Access, Entity, ImpliedField};
use physical::{
    Column, DefaultValue, ForeignKey, Ident, Literal, Name, OnDelete, Origin, PrimaryKey, Purpose, Service,
    SqlType, Table, TableInfo,
};

use crate::decisions::Kind;
use crate::draft::{Draft, decided};
use crate::facts::{Facts, implied};
use crate::names::Space;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "access",
    title: "where reads are recorded",
    reason: "nothing that reads may write to the row it reads: on the row itself, as the brief has it, reads fell 17-fold, 70-fold on one hot \
             row, and an index on `last_accessed` took HOT updates from 78 % to 0. So a table of its own, written once a minute per row \
             at most. A counter does not say who read: sensitive reads are security events",
    alternatives: &[
        Alternative {
            option: "a table of its own",
            how: "`access separate` in the policy (the default)",
        },
        Alternative {
            option: "on the row itself",
            how: "`access inline` in the policy",
        },
        Alternative {
            option: "nowhere",
            how: "`access off(\"…\")` in the policy, or `without access because \"…\"`",
        },
    ],
    attacker: Some(Attacker::A4),
    apply,
};

/// At most one write per row in this time.
const THROTTLE_SECONDS: u32 = 60;

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let facts = draft.facts(entity.id).clone();
        let decision =
            |choice: &'static str| Decision::new(&KIND, &entity.name.text, choice).opted(&entity.access);
        let key = facts
            .single_key()
            .cloned()
            .filter(|_| facts.public_id.is_some() && facts.partition.is_none());
        let (access, decision) = match (entity.access.value, key) {
            (Access::Off, _) => {
                draft.decide(decision("nowhere").name(&facts.table.name));
                continue;
            }
            (_, None) => {
                let why = "nothing outside names a row of its own, or the table is partitioned, so there is nothing to count by";
                draft.decide(decision("nowhere").why(why).name(&facts.table.name));
                continue;
            }
            (Access::Inline, Some(_)) => {
                let columns = inline(draft, entity);
                (
                    facts.table.clone(),
                    decision("on the row itself").members(&facts.table, &columns),
                )
            }
            (Access::Separate, Some((key, ty))) => {
                let name = separate(draft, entity, &facts, key, ty);
                (
                    name.clone(),
                    decision("in a table of its own").name(&name.name).name(&name),
                )
            }
        };
        let function = draft.function(&format!("touch_{}", facts.singular));
        draft.decide(decision.name(&function));
        let what = Service::TouchAccess {
            name: function,
            access,
            throttle_seconds: THROTTLE_SECONDS,
        };
        draft.offer(&facts.table, what, decided(&KIND, entity));
    }
}

fn inline(draft: &mut Draft<'_>, entity: &Entity) -> [Ident; 2] {
    let last = implied(entity, ImpliedField::LastAccessed, "last_accessed");
    let count = implied(entity, ImpliedField::AccessCount, "access_count");
    let origin = decided(&KIND, entity);
    let mut column = Column::new(last.clone(), SqlType::TimestampTz, origin);
    column.nullable = true;
    column.comment = Some("When the row was read last".to_owned());
    draft.add_column(entity.id, column);
    let mut column = Column::new(count.clone(), SqlType::BigInt, origin);
    column.default = Some(DefaultValue::Literal(Literal::Int(0)));
    column.comment = Some("How often the row was read".to_owned());
    draft.add_column(entity.id, column);
    [last, count]
}

fn separate(draft: &mut Draft<'_>, entity: &Entity, facts: &Facts, key: Ident, ty: SqlType) -> Name {
    let origin = decided(&KIND, entity);
    let ident = draft
        .names
        .take(Space::App, &format!("{}_access", facts.table.name));
    let name = Name {
        schema: facts.table.schema.clone(),
        name: ident,
    };
    let row = Ident::from("row_id");
    let mut last = Column::new("last_accessed", SqlType::TimestampTz, origin);
    last.default = Some(DefaultValue::Now);
    last.comment = Some("When the row was read last".to_owned());
    let mut count = Column::new("access_count", SqlType::BigInt, origin);
    count.default = Some(DefaultValue::Literal(Literal::Int(1)));
    count.comment = Some("How often it was read, counted once a minute at most".to_owned());
    let mut table = Table::new(name.clone(), origin);
    let mut row_id = Column::new(row.clone(), ty, origin);
    row_id.comment = Some(format!("The row of `{}`", facts.table.name));
    table.columns = vec![row_id, last, count];
    table.comment = Some(format!(
        "When rows of `{}` were read: apart, so that reading never writes to the row",
        facts.table.name
    ));
    table.fillfactor = Some(super::columns::HOT);
    let pkey = draft.names.constraint(Space::App, &name.name, [], "pkey");
    table.primary_key = Some(PrimaryKey {
        name: pkey,
        columns: vec![row.clone()],
    });
    table.foreign_keys.push(ForeignKey {
        name: draft.names.constraint(Space::App, &name.name, [&row], "fkey"),
        columns: vec![row],
        references: facts.table.clone(),
        referenced: vec![key],
        on_delete: OnDelete::Cascade,
        on_update: OnDelete::NoAction,
        set_null: Vec::new(),
        deferred: false,
        validated: true,
        comment: None,
        origin: Origin::Decision(KIND.id, Some(entity.name.span)),
    });
    let info = TableInfo {
        name: name.clone(),
        purpose: Purpose::Access(entity.id),
        columns: Vec::new(),
        owner: None,
        tenant: None,
    };
    draft.add_table(table, info);
    name
}
