//! Decision: how personal values are classed and encrypted.

use model::{Entity, Field, FieldId, Privacy, Protection};
use physical::{
    Builtin, Check, Column, Comparison, DefaultValue, Expr, ForeignKey, Ident, Identity, Index, IndexKey,
    IndexMethod, Literal, Name, OnDelete, Origin, Purpose, Service, SqlType, Table, TableInfo,
};

use super::context::primary_key;
use crate::decisions::Kind;
use crate::draft::{Draft, decided, fields, subject};
use crate::names::Space;
use crate::{Alternative, Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "privacy",
    title: "what a value says about people",
    reason: "every personal field has a class, an output rule and a log rule: masked in the reader's views, recorded in the audit \
             trail as changed without its value, and emptied by erasure",
    alternatives: &[
        Alternative {
            option: "personal",
            how: "`@pii`; `@pii(special)` for special categories",
        },
        Alternative {
            option: "secret: never leaves, never logged",
            how: "`@secret`",
        },
        Alternative {
            option: "encrypted",
            how: "`@encrypted`; `@encrypted(searchable)` adds a blind index for equality",
        },
    ],
    attacker: Some(Attacker::A4),
    apply,
};

/// The shortest envelope: version, key id, nonce, tag (docs/spec/envelope-v1.md).
const SHORTEST_ENVELOPE: i64 = 45;
/// An HMAC-SHA-256.
const BLIND_INDEX: i64 = 32;

const RANDOMISED: &str = "randomised encryption (AES-256-GCM under the subject's own data key) hides equality; the value is bound to \
    table, column and public id, so it cannot be moved to another row. Shredding the key erases it from backups, too";
const SEARCHABLE: &str = "randomised encryption, and beside it an HMAC-SHA-256 of the normalised value under another key: equality \
    can be looked up and kept unique, and nothing else is told";

fn apply(draft: &mut Draft<'_>) {
    let mut encrypted = false;
    for entity in &draft.model.entities {
        for (id, field) in fields(entity) {
            let Some((name, _)) = draft.facts(entity.id).column(id).cloned() else {
                continue;
            };
            encrypted |= matches!(field.protection, Protection::Encrypted { .. });
            let Some(choice) = class(field) else { continue };
            let table = draft.facts(entity.id).table.clone();
            let mut decision = Decision::new(&KIND, subject(entity, field), choice)
                .at(field.type_span)
                .members(&table, [&name]);
            if let Protection::Encrypted { searchable } = field.protection {
                decision = decision.why(if searchable { SEARCHABLE } else { RANDOMISED });
                envelope(draft, entity, id, &name);
                if searchable {
                    let blind = blind_index(draft, entity, id, &name);
                    decision = decision.members(&table, [&blind]);
                }
            }
            draft.decide(decision);
        }
    }
    if encrypted {
        key_table(draft);
    }
}

fn class(field: &Field) -> Option<String> {
    let class = match field.privacy {
        Privacy::None => None,
        Privacy::Personal => Some("personal"),
        Privacy::Special => Some("personal, of a special category"),
        Privacy::Secret => Some("secret: absent from views, logs and the audit trail"),
    };
    let kept = match field.protection {
        Protection::Plain => None,
        Protection::Encrypted { searchable: false } => Some("encrypted by the application"),
        Protection::Encrypted { searchable: true } => {
            Some("encrypted by the application, with a blind index for equality")
        }
        Protection::Hashed => Some("only a hash is stored"),
    };
    match (class, kept) {
        (Some(class), Some(kept)) => Some(format!("{class}; {kept}")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

/// The column of a blind index; `None` unless the field is encrypted and searchable.
pub(super) fn blind_column(field: &Field) -> Option<Ident> {
    match field.protection {
        Protection::Encrypted { searchable: true } => Some(Ident::new(crate::names::shorten(&format!(
            "{}_bidx",
            field.column
        )))),
        _ => None,
    }
}

fn envelope(draft: &mut Draft<'_>, entity: &Entity, id: FieldId, column: &Ident) {
    byte_length(
        draft,
        entity,
        id,
        column,
        Comparison::GreaterOrEqual,
        SHORTEST_ENVELOPE,
        "An envelope, never plain text",
    );
}

fn blind_index(draft: &mut Draft<'_>, entity: &Entity, id: FieldId, column: &Ident) -> Ident {
    let field = draft.model.field(id);
    let blind = field.and_then(blind_column).unwrap_or_else(|| column.clone());
    let mut bytes = Column::new(blind.clone(), SqlType::Bytes, decided(&KIND, entity));
    bytes.nullable = true;
    bytes.comment = Some(format!(
        "HMAC-SHA-256 of `{column}` in its normal form, for looking up equality"
    ));
    draft.add_column(entity.id, bytes);
    byte_length(
        draft,
        entity,
        id,
        &blind,
        Comparison::Equal,
        BLIND_INDEX,
        "An HMAC-SHA-256",
    );
    blind
}

/// A check on the number of bytes of a column.
pub(super) fn byte_length(
    draft: &mut Draft<'_>,
    entity: &Entity,
    field: FieldId,
    column: &Ident,
    op: Comparison,
    length: i64,
    comment: &str,
) {
    let table = draft.facts(entity.id).table.clone();
    let name = draft
        .names
        .constraint(Space::App, &table.name, [column], "length");
    let span = draft
        .model
        .field(field)
        .map_or(entity.name.span, |field| field.type_span);
    let bytes = Expr::Call(
        Builtin::ByteLength,
        vec![Expr::column(column.clone(), SqlType::Bytes)],
    );
    let check = Check {
        name,
        expr: Expr::compare(bytes, op, Expr::Literal(Literal::Int(length))),
        validated: true,
        comment: Some(comment.to_owned()),
        origin: Origin::Decision(KIND.id, Some(span)),
    };
    draft.change(&table, |table| table.checks.push(check));
}

/// Data keys, wrapped by keys that are not in the database; one per subject, so that erasing the subject shreds them.
fn key_table(draft: &mut Draft<'_>) {
    let origin = Origin::Decision(KIND.id, None);
    let name = draft.private("data_keys");
    let subject = draft.user().map(|user| draft.facts(user.id).clone());
    let subject = subject.and_then(|facts| {
        facts
            .single_key()
            .cloned()
            .map(|(key, ty)| (facts.table.clone(), key, ty))
    });
    let mut table = Table::new(name.clone(), origin);
    table.comment =
        Some("Data keys of encrypted fields, wrapped; a key without its wrapping was shredded".to_owned());
    table.columns = key_columns(origin);
    primary_key(draft, &mut table, Space::Private, &["id"]);
    if let Some((users, key, ty)) = subject {
        link_subject(draft, &mut table, users, key, ty, origin);
    }
    let mut decision = Decision::new(&KIND, "policy.encryption", "a table of wrapped data keys, one per subject")
        .why("the keys that wrap them are outside of the database; a shredded data key erases what it encrypted, in backups, too");
    decision = decision.name(&name.name).name(&name);
    draft.decide(decision);
    let owner = table.column("subject_id").map(|column| column.name.clone());
    let info = TableInfo {
        name: name.clone(),
        purpose: Purpose::Keys,
        columns: Vec::new(),
        owner,
        tenant: None,
    };
    draft.add_table(table, info);
    draft.keys = Some(name.clone());
    draft.offer(&name, Service::Keys, origin);
}

fn key_columns(origin: Origin) -> Vec<Column> {
    let mut id = Column::new("id", SqlType::BigInt, origin);
    id.identity = Some(Identity::Always);
    let mut key_id = Column::new("key_id", SqlType::Uuid, origin);
    key_id.default = Some(DefaultValue::Uuid4);
    key_id.comment = Some("The id in envelopes".to_owned());
    let mut created = Column::new("created_at", SqlType::TimestampTz, origin);
    created.default = Some(DefaultValue::Now);
    let optional = |name: &str, ty: SqlType| Column {
        nullable: true,
        ..Column::new(name, ty, origin)
    };
    let mut wrapped = optional("wrapped", SqlType::Bytes);
    wrapped.comment = Some("The data key, wrapped; NULL once it was shredded".to_owned());
    vec![
        id,
        key_id,
        created,
        optional("shredded_at", SqlType::TimestampTz),
        Column::new("kek_id", SqlType::Text, origin),
        wrapped,
    ]
}

/// Whose key it is. The link outlives the user as NULL, so that a purged user's envelopes stay unreadable for a known reason.
fn link_subject(
    draft: &mut Draft<'_>,
    table: &mut Table,
    users: Name,
    key: Ident,
    ty: SqlType,
    origin: Origin,
) {
    let column = Ident::from("subject_id");
    let mut subject = Column::new(column.clone(), ty.clone(), origin);
    subject.nullable = true;
    subject.comment = Some("Whose data it encrypts; NULL for data of no person".to_owned());
    table.columns.push(subject);
    let unique = draft
        .names
        .constraint(Space::Private, &table.name.name, [&Ident::from("key_id")], "key");
    table.uniques.push(super::uniqueness::full(
        unique,
        vec![Ident::from("key_id")],
        "The id in envelopes",
        origin,
    ));
    table.foreign_keys.push(ForeignKey {
        name: draft
            .names
            .constraint(Space::Private, &table.name.name, [&column], "fkey"),
        columns: vec![column.clone()],
        references: users,
        referenced: vec![key],
        on_delete: OnDelete::SetNull,
        on_update: OnDelete::NoAction,
        set_null: Vec::new(),
        deferred: false,
        validated: true,
        comment: None,
        origin,
    });
    table.indexes.push(Index {
        name: draft
            .names
            .constraint(Space::Private, &table.name.name, [&column], "idx"),
        unique: false,
        nulls_not_distinct: false,
        method: IndexMethod::BTree,
        keys: vec![IndexKey {
            expr: Expr::column(column, ty),
            descending: false,
            nulls_first: None,
            operator_class: None,
        }],
        include: Vec::new(),
        predicate: None,
        comment: Some("The keys of a subject, and what removing a user needs".to_owned()),
        origin,
    });
}
