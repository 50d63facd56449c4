//! Decision: where security events are kept.

use physical::{
    Behaviour, Builtin, Check, Column, Comparison, DefaultValue, Expr, Ident, Identity, Index, IndexMethod,
    Literal, Origin, Purpose, Service, SqlType, Table, TableInfo,
};

use super::context::primary_key;
use super::uniqueness::key;
use crate::decisions::Kind;
use crate::draft::Draft;
use crate::facts::tenant_key;
use crate::names::Space;
use crate::{Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "events",
    title: "where security events are kept",
    reason: "denied access, probed ids, misused tokens, erasures, approvals and sensitive reads change no row, so no audit trigger sees \
             them: they have a store of their own, written by one function only, with indexes by entity, actor and time",
    alternatives: &[],
    attacker: Some(Attacker::A1),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    let origin = Origin::Decision(KIND.id, None);
    let name = draft.audit("events");
    let mut table = Table::new(name.clone(), origin);
    table.comment = Some("Security events: what was tried, by whom, and when".to_owned());
    table.columns = columns(tenant_key(draft.model), origin);
    primary_key(draft, &mut table, Space::Audit, &["id"]);
    for (suffix, expr) in checks() {
        let name = draft
            .names
            .constraint(Space::Audit, &name.name, [&Ident::from("kind")], suffix);
        table.checks.push(Check {
            name,
            expr,
            validated: true,
            comment: None,
            origin,
        });
    }
    let by = |columns: &[(&str, SqlType)]| -> Vec<(Ident, SqlType)> {
        columns
            .iter()
            .map(|(name, ty)| (Ident::from(*name), ty.clone()))
            .collect()
    };
    for (columns, comment) in [
        (
            by(&[
                ("entity", SqlType::Text),
                ("row_public_id", SqlType::Uuid),
                ("recorded_at", SqlType::TimestampTz),
            ]),
            "Of a row",
        ),
        (
            by(&[
                ("actor_id", SqlType::BigInt),
                ("recorded_at", SqlType::TimestampTz),
            ]),
            "By an actor",
        ),
        (by(&[("recorded_at", SqlType::TimestampTz)]), "In a span of time"),
    ] {
        let index = index(draft, &name, columns, None, comment, origin);
        table.indexes.push(index);
    }
    let info = TableInfo {
        name: name.clone(),
        purpose: Purpose::Events,
        columns: Vec::new(),
        owner: None,
        tenant: None,
    };
    draft.add_table(table, info);
    draft.decide(
        Decision::new(&KIND, "policy.events", format!("kept in `{name}`"))
            .name(&name.name)
            .name(&name),
    );
    draft.behave(
        &name,
        Behaviour::AppendOnly {
            erasable: vec![Ident::from("detail")],
        },
        origin,
    );
    draft.offer(&name, Service::SecurityEvents, origin);
}

/// An index of a table in the audit schema.
pub(super) fn index(
    draft: &mut Draft<'_>,
    table: &physical::Name,
    columns: Vec<(Ident, SqlType)>,
    predicate: Option<Expr>,
    comment: &str,
    origin: Origin,
) -> Index {
    Index {
        name: draft.names.constraint(
            Space::Audit,
            &table.name,
            columns.iter().map(|(name, _)| name),
            "idx",
        ),
        unique: false,
        nulls_not_distinct: false,
        method: IndexMethod::BTree,
        keys: columns.into_iter().map(|(name, ty)| key(name, ty)).collect(),
        include: Vec::new(),
        predicate,
        comment: Some(comment.to_owned()),
        origin,
    }
}

fn columns(tenant: SqlType, origin: Origin) -> Vec<Column> {
    let plain = |name: &str, ty: SqlType, comment: &str| Column {
        comment: Some(comment.to_owned()),
        ..Column::new(name, ty, origin)
    };
    let optional = |name: &str, ty: SqlType, comment: &str| Column {
        nullable: true,
        ..plain(name, ty, comment)
    };
    let mut id = Column::new("id", SqlType::BigInt, origin);
    id.identity = Some(Identity::Always);
    let mut recorded = plain("recorded_at", SqlType::TimestampTz, "When it happened");
    recorded.default = Some(DefaultValue::Now);
    vec![
        id,
        recorded,
        optional(
            "actor_id",
            SqlType::BigInt,
            "Who tried; empty before anyone is known",
        ),
        optional("tenant_id", tenant, "In which tenant"),
        optional("row_public_id", SqlType::Uuid, "Of which row"),
        plain(
            "kind",
            SqlType::Text,
            "What happened: access_denied, id_probed, token_misuse, erasure, approval, sensitive_read, …",
        ),
        optional("entity", SqlType::Text, "Of which entity"),
        optional(
            "detail",
            SqlType::Json,
            "What else; never a secret or a personal value",
        ),
    ]
}

fn checks() -> [(&'static str, Expr); 2] {
    let kind = || Expr::column("kind", SqlType::Text);
    let length = Expr::Call(Builtin::Length, vec![kind()]);
    [
        (
            "pattern",
            Expr::Matches(Box::new(kind()), "^[a-z][a-z0-9_]*$".to_owned()),
        ),
        (
            "length",
            Expr::compare(length, Comparison::LessOrEqual, Expr::Literal(Literal::Int(64))),
        ),
    ]
}
