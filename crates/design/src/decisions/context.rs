//! Decision: what row-level security trusts.

use physical::{Column, Ident, Identity, Name, Origin, PrimaryKey, Purpose, SqlType, Table, TableInfo};

use crate::decisions::Kind;
use crate::draft::Draft;
use crate::facts::tenant_key;
use crate::names::Space;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "context",
    title: "for whom a transaction acts",
    reason: "a setting of the transaction stops an outsider and a forgotten filter; whoever can run SQL can set it, too. The signed \
             context asks for a MAC that the application's role cannot compute, which raises the bar for injected SQL",
    alternatives: &[
        Alternative {
            option: "setting",
            how: "`context setting` in the policy (the default)",
        },
        Alternative {
            option: "signed",
            how: "`context signed` in the policy",
        },
    ],
    attacker: Some(Attacker::A3),
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    let policy = &draft.model.policy;
    let signed = policy.context.value == model::ContextMode::Signed;
    let choice = if signed {
        "a signed context: `enter(actor, tenant, expires, mac)` writes a row that the policies read"
    } else {
        "two settings of the transaction, `app.actor` and `app.tenant`, which hold public ids"
    };
    let mut decision = Decision::new(&KIND, "policy.context", choice).opted(&policy.context);
    if signed {
        for table in signed_tables(draft) {
            decision = decision.name(&table.name).name(&table);
        }
    }
    draft.decide(decision);
}

/// The two private tables of a signed context: running transactions, and the keys of the MAC.
fn signed_tables(draft: &mut Draft<'_>) -> [Name; 2] {
    let origin = Origin::Decision(KIND.id, draft.model.policy.context.said);
    let user_ty = draft
        .user()
        .and_then(|user| draft.facts(user.id).single_key().cloned());
    let user_ty = user_ty.map_or(SqlType::BigInt, |(_, ty)| ty);
    let tenant_ty = tenant_key(draft.model);
    let contexts = draft.private("signed_contexts");
    let mut table = Table::new(contexts.clone(), origin);
    table.unlogged = true;
    table.comment = Some("For whom each running transaction acts, after its MAC was checked".to_owned());
    table.columns = vec![
        Column::new("transaction_id", SqlType::BigInt, origin),
        optional("actor_id", SqlType::BigInt, origin),
        optional("user_id", user_ty, origin),
        optional("tenant_id", tenant_ty, origin),
        Column::new("backend_pid", SqlType::Integer, origin),
    ];
    primary_key(draft, &mut table, Space::Private, &["backend_pid"]);
    draft.add_table(table, info(contexts.clone(), Purpose::Context));
    let keys = draft.private("signing_keys");
    let mut table = Table::new(keys.clone(), origin);
    table.comment =
        Some("Keys of the MAC of signed contexts; the newest that is not retired signs".to_owned());
    let mut id = Column::new("id", SqlType::BigInt, origin);
    id.identity = Some(Identity::Always);
    let mut created = Column::new("created_at", SqlType::TimestampTz, origin);
    created.default = Some(physical::DefaultValue::Now);
    table.columns = vec![
        id,
        created,
        optional("retired_at", SqlType::TimestampTz, origin),
        Column::new("key", SqlType::Bytes, origin),
    ];
    primary_key(draft, &mut table, Space::Private, &["id"]);
    draft.add_table(table, info(keys.clone(), Purpose::Private));
    [contexts, keys]
}

fn optional(name: &str, ty: SqlType, origin: Origin) -> Column {
    Column {
        nullable: true,
        ..Column::new(name, ty, origin)
    }
}

fn info(name: Name, purpose: Purpose) -> TableInfo {
    TableInfo {
        name,
        purpose,
        columns: Vec::new(),
        owner: None,
        tenant: None,
    }
}

/// Gives a table that no entity has its primary key.
pub(super) fn primary_key(draft: &mut Draft<'_>, table: &mut Table, space: Space, columns: &[&str]) {
    let name = draft.names.constraint(space, &table.name.name, [], "pkey");
    let columns = columns.iter().map(|column| Ident::from(*column)).collect();
    table.primary_key = Some(PrimaryKey { name, columns });
}
