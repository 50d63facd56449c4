//! Decision: the trail of changes.

use model::{AuditMode, Entity, Field, ImpliedField, Privacy, Protection};
use physical::{
    Behaviour, Chain, Check, Column, DefaultValue, Expr, Ident, Identity, Literal, Name, Origin, Partition,
    PartitionBy, Partitioned, PrimaryKey, Purpose, Service, SqlType, Table, TableInfo,
};

use super::context::primary_key;
use super::events::index;
use super::privacy::blind_column;
use crate::decisions::Kind;
use crate::draft::{Draft, decided, fields};
use crate::facts::tenant_key;
use crate::names::Space;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "audit",
    title: "the trail of changes",
    reason: "every change leaves one entry, with who, when and what, written by a trigger that the application cannot reach; personal and \
             secret values are recorded as changed, never as values or bare hashes. Sealed by a chain after commit: inside the \
             transaction a chain cost 82 % of the throughput (one chain) or 48 % (50 chains), the entries alone 29 %",
    alternatives: &[
        Alternative {
            option: "entries, sealed after commit",
            how: "`audit chained` in the policy (the default)",
        },
        Alternative {
            option: "entries without seals",
            how: "`audit plain` in the policy",
        },
        Alternative {
            option: "chained inside the transaction",
            how: "`audit inline` in the policy",
        },
        Alternative {
            option: "none",
            how: "`audit off(\"…\")` in the policy, or `without audit because \"…\"`",
        },
    ],
    attacker: Some(Attacker::A5),
    apply,
};

/// Partitions made ahead.
const MONTHS_AHEAD: u32 = 3;

fn apply(draft: &mut Draft<'_>) {
    if draft
        .model
        .entities
        .iter()
        .any(|entity| entity.audit.value != AuditMode::Off)
    {
        let chain = chain(draft);
        let log = log(draft, chain);
        let seals = seals(draft);
        let origin = Origin::Decision(KIND.id, draft.model.policy.audit.said);
        draft.offer(
            &log,
            Service::AuditTrail {
                seals: seals.clone(),
                chain,
                months_ahead: MONTHS_AHEAD,
            },
            origin,
        );
        let choice = match chain {
            Chain::Plain => "entries, without seals",
            Chain::Sealed => "entries, sealed by a chain after commit",
            Chain::Inline => "entries, chained inside the transaction",
        };
        let decision = Decision::new(&KIND, "policy.audit", format!("{choice}, in `{log}`"))
            .opted(&draft.model.policy.audit);
        draft.decide(decision.name(&log.name).name(&log).name(&seals.name).name(&seals));
        draft.log = Some(log);
    }
    for entity in &draft.model.entities {
        entity_entries(draft, entity);
    }
    link_entries(draft);
}

fn chain(draft: &Draft<'_>) -> Chain {
    let has = |mode| {
        draft
            .model
            .entities
            .iter()
            .any(|entity| entity.audit.value == mode)
    };
    if has(AuditMode::Inline) {
        Chain::Inline
    } else if has(AuditMode::Chained) {
        Chain::Sealed
    } else {
        Chain::Plain
    }
}

fn entity_entries(draft: &mut Draft<'_>, entity: &Entity) {
    let facts = draft.facts(entity.id).clone();
    let (Some(log), true) = (draft.log.clone(), entity.audit.value != AuditMode::Off) else {
        draft.decide(
            Decision::new(&KIND, &entity.name.text, "no entries")
                .opted(&entity.audit)
                .name(&facts.table.name),
        );
        return;
    };
    let Some((key, _)) = facts.key.first().cloned() else {
        return;
    };
    let redacted = redacted(draft, entity);
    let ignored = ignored(entity);
    let mut choice = "one entry per change".to_owned();
    if !redacted.is_empty() {
        let names: Vec<&str> = redacted.iter().map(Ident::as_str).collect();
        choice.push_str(", without the values of ");
        choice.push_str(&names.join(", "));
    }
    draft.decide(
        Decision::new(&KIND, &entity.name.text, choice)
            .opted(&entity.audit)
            .members(&facts.table, &redacted),
    );
    let what = Behaviour::Audit {
        log,
        key,
        public_id: facts.public_id.clone(),
        tenant: facts.tenant.clone(),
        subject: facts.owner.as_ref().map(|owner| owner.column.clone()),
        redacted,
        ignored,
        inline_chain: entity.audit.value == AuditMode::Inline,
    };
    draft.behave(&facts.table, what, decided(&KIND, entity));
}

fn link_entries(draft: &mut Draft<'_>) {
    let Some(log) = draft.log.clone() else { return };
    for (link, made) in draft.model.links.iter().zip(draft.links.clone()) {
        let Some(left) = draft
            .model
            .entity(link.left)
            .filter(|left| left.audit.value != AuditMode::Off)
        else {
            continue;
        };
        if draft.table(&made.table).is_none() {
            continue;
        }
        let what = Behaviour::Audit {
            log: log.clone(),
            key: made.left,
            public_id: None,
            tenant: made.tenant,
            subject: made.owner,
            redacted: Vec::new(),
            ignored: Vec::new(),
            inline_chain: left.audit.value == AuditMode::Inline,
        };
        draft.behave(&made.table, what, decided(&KIND, left));
    }
}

/// Whether a value must not stand in an entry.
const fn is_sensitive(field: &Field) -> bool {
    !matches!(field.privacy, Privacy::None) || !matches!(field.protection, Protection::Plain)
}

fn redacted(draft: &Draft<'_>, entity: &Entity) -> Vec<Ident> {
    let facts = draft.facts(entity.id);
    let sensitive = fields(entity).filter(|(_, field)| is_sensitive(field));
    sensitive
        .flat_map(|(id, field)| {
            facts
                .column(id)
                .map(|(name, _)| name.clone())
                .into_iter()
                .chain(blind_column(field))
        })
        .collect()
}

/// What changes with every change, and says nothing by itself.
fn ignored(entity: &Entity) -> Vec<Ident> {
    use ImpliedField as F;
    let technical = [
        F::UpdatedAt,
        F::UpdatedBy,
        F::Version,
        F::VersionUpdatedAt,
        F::VersionUpdatedBy,
        F::LastAccessed,
        F::AccessCount,
    ];
    let inline = entity.access.value == model::Access::Inline;
    let there = |what: &F| inline || !matches!(what, F::LastAccessed | F::AccessCount);
    let named = |what: F| entity.implied(what).map(|(_, field)| Ident::new(&field.column));
    technical.into_iter().filter(there).filter_map(named).collect()
}

fn log(draft: &mut Draft<'_>, chain: Chain) -> Name {
    let origin = Origin::Decision(KIND.id, draft.model.policy.audit.said);
    let name = draft.audit("log");
    let subject = draft
        .user()
        .and_then(|user| draft.facts(user.id).single_key().cloned());
    let subject = subject.map_or(SqlType::BigInt, |(_, ty)| ty);
    let mut table = Table::new(name.clone(), origin);
    table.comment = Some("Who changed what, and when; entries are only ever added".to_owned());
    table.columns = log_columns(subject.clone(), tenant_key(draft.model), chain, origin);
    let nobody = draft.blueprint.actors.is_none();
    for column in table
        .columns
        .iter_mut()
        .filter(|column| column.name.as_str() == "actor_id")
    {
        column.nullable = nobody;
    }
    let pkey = draft.names.constraint(Space::Audit, &name.name, [], "pkey");
    table.primary_key = Some(PrimaryKey {
        name: pkey,
        columns: vec![Ident::from("seq"), Ident::from("recorded_at")],
    });
    let operation = Ident::from("operation");
    let text = |value: &str| Expr::Literal(Literal::Text(value.to_owned()));
    table.checks.push(Check {
        name: draft
            .names
            .constraint(Space::Audit, &name.name, [&operation], "state"),
        expr: Expr::In {
            value: Box::new(Expr::column(operation, SqlType::Text)),
            items: [
                "insert",
                "update",
                "delete",
                "truncate",
                "soft_delete",
                "restore",
                "backfill",
                "erase",
            ]
            .map(text)
            .into(),
            negated: false,
        },
        validated: true,
        comment: None,
        origin,
    });
    let column = |name: &str, ty: SqlType| (Ident::from(name), ty);
    let erasable = Expr::is_not_null(Expr::column("subject_id", subject.clone()));
    for (columns, predicate, comment) in [
        (
            vec![
                column("transaction_id", SqlType::BigInt),
                column("seq", SqlType::BigInt),
            ],
            None,
            "The order of sealing",
        ),
        (
            vec![column("entity", SqlType::Text), column("row_id", SqlType::BigInt)],
            None,
            "The history of a row",
        ),
        (
            vec![column("subject_id", subject)],
            Some(erasable),
            "What erasure empties",
        ),
    ] {
        let index = index(draft, &name, columns, predicate, comment, origin);
        table.indexes.push(index);
    }
    let default = draft.audit("log_default");
    table.partitioned = Some(Partitioned {
        by: PartitionBy::Range,
        columns: vec![Ident::from("recorded_at")],
        partitions: vec![Partition {
            name: default,
            bound: None,
        }],
        managed: true,
    });
    let info = TableInfo {
        name: name.clone(),
        purpose: Purpose::Audit,
        columns: Vec::new(),
        owner: None,
        tenant: None,
    };
    draft.add_table(table, info);
    let erasable = vec![Ident::from("changes"), Ident::from("salt")];
    draft.behave(&name, Behaviour::AppendOnly { erasable }, origin);
    name
}

fn log_columns(subject: SqlType, tenant: SqlType, chain: Chain, origin: Origin) -> Vec<Column> {
    let plain = |name: &str, ty: SqlType, comment: &str| Column {
        comment: Some(comment.to_owned()),
        ..Column::new(name, ty, origin)
    };
    let optional = |name: &str, ty: SqlType, comment: &str| Column {
        nullable: true,
        ..plain(name, ty, comment)
    };
    let mut seq = plain(
        "seq",
        SqlType::BigInt,
        "The order of recording; gaps prove nothing, rolled-back changes leave them",
    );
    seq.identity = Some(Identity::Always);
    let mut recorded = plain(
        "recorded_at",
        SqlType::TimestampTz,
        "When, by the clock and not by the transaction",
    );
    recorded.default = Some(DefaultValue::Now);
    let mut all = vec![
        seq,
        recorded,
        plain(
            "transaction_id",
            SqlType::BigInt,
            "Which transaction; entries are sealed in the order of (transaction_id, seq)",
        ),
        plain("actor_id", SqlType::BigInt, "Who: a pseudonym"),
        optional("tenant_id", tenant, "In which tenant"),
        optional("subject_id", subject, "Whose data the entry may hold"),
        optional("row_id", SqlType::BigInt, "Which row, inside"),
        optional("row_public_id", SqlType::Uuid, "Which row, outside"),
        plain("entity", SqlType::Text, "Of which table"),
        plain("operation", SqlType::Text, "What was done"),
        optional(
            "commitment",
            SqlType::Bytes,
            "SHA-256 over salt and changes: the chain verifies when both were erased",
        ),
        optional("salt", SqlType::Bytes, "Random; erasable"),
        optional(
            "changes",
            SqlType::Json,
            "Column by column, without sensitive values; erasable",
        ),
    ];
    if chain == Chain::Inline {
        all.push(optional(
            "chain",
            SqlType::Bytes,
            "SHA-256 over the entry before and this entry's commitment",
        ));
    }
    all
}

fn seals(draft: &mut Draft<'_>) -> Name {
    let origin = Origin::Decision(KIND.id, draft.model.policy.audit.said);
    let name = draft.audit("seals");
    let mut table = Table::new(name.clone(), origin);
    table.comment = Some(
        "Seals of the trail, chained, made after commit with a key that is not in the database".to_owned(),
    );
    let plain = |name: &str, ty: SqlType, comment: &str| Column {
        comment: Some(comment.to_owned()),
        ..Column::new(name, ty, origin)
    };
    let mut id = plain("id", SqlType::BigInt, "The order of sealing, without gaps");
    id.identity = Some(Identity::Always);
    let mut sealed = plain("sealed_at", SqlType::TimestampTz, "When");
    sealed.default = Some(DefaultValue::Now);
    let mut previous = plain("previous", SqlType::Bytes, "The MAC of the seal before");
    previous.nullable = true;
    table.columns = vec![
        id,
        sealed,
        plain(
            "up_to_transaction",
            SqlType::BigInt,
            "Entries of transactions below this one are covered",
        ),
        plain("entries", SqlType::BigInt, "How many"),
        plain("key_id", SqlType::Text, "With which key"),
        previous,
        plain(
            "mac",
            SqlType::Bytes,
            "HMAC-SHA-256 over the seal before and the commitments of the entries",
        ),
    ];
    primary_key(draft, &mut table, Space::Audit, &["id"]);
    let info = TableInfo {
        name: name.clone(),
        purpose: Purpose::Seals,
        columns: Vec::new(),
        owner: None,
        tenant: None,
    };
    draft.add_table(table, info);
    draft.behave(&name, Behaviour::AppendOnly { erasable: Vec::new() }, origin);
    name
}
