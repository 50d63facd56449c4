//! Decision: what happens when time is over.

use diagnostics::Diagnostic;
use model::{
    Access, Entity, Field, FieldOrigin, ImpliedField, Privacy, Protection, Retention, RetentionKind, Scalar,
    Type,
};
use physical::{Ident, Literal, Origin, Service, Tombstone};

use super::privacy::blind_column;
use crate::decisions::Kind;
use crate::draft::{Draft, fields};
use crate::{Alternative, Attacker, Decision, codes};

pub(crate) static KIND: Kind = Kind {
    id: "retention",
    title: "what happens when time is over",
    reason: "soft deletion is no erasure: what is over goes (`purge`) or stays emptied of the person (`anonymise`), in batches, so that no \
             lock is held for long",
    alternatives: &[
        Alternative {
            option: "the row goes",
            how: "`purge 30 days after deleted`",
        },
        Alternative {
            option: "the row stays, emptied of the person",
            how: "`anonymise 30 days after deleted`",
        },
    ],
    attacker: Some(Attacker::A4),
    apply,
};

/// Rows per call.
const BATCH: u32 = 1_000;
/// The length of `deleted-` and a UUID.
const UNIQUE_TEXT: u32 = 44;

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        for retention in &entity.retention {
            keep(draft, entity, retention);
        }
    }
}

fn keep(draft: &mut Draft<'_>, entity: &Entity, retention: &Retention) {
    let Some(field) = draft.model.field(retention.field) else {
        return;
    };
    if field.origin == FieldOrigin::Implied(ImpliedField::LastAccessed)
        && entity.access.value != Access::Inline
    {
        draft.complain(
            Diagnostic::new(&codes::SEPARATE_ACCESS_RETENTION, retention.span, "the last access is recorded in a table of its own")
                .label("this time cannot be read from the row")
                .help("count from `created`, `updated` or `deleted`, or write `access inline` in the policy, at its price for reads"),
        );
        return;
    }
    let facts = draft.facts(entity.id).clone();
    let Some((after, _)) = facts.column(retention.field).cloned() else {
        return;
    };
    let (months, micros) = (retention.after.months, retention.after.micros);
    let (verb, what) = match retention.kind {
        RetentionKind::Purge => {
            let name = draft.function(&format!("purge_{}", facts.table.name));
            (
                name.clone(),
                Service::Purge {
                    name,
                    after,
                    months,
                    micros,
                    batch: BATCH,
                },
            )
        }
        RetentionKind::Anonymise => {
            let (tombstones, lasting) = tombstones(draft, entity);
            for field in lasting {
                complain(draft, entity, field, retention.span);
            }
            let name = draft.function(&format!("anonymise_{}", facts.table.name));
            (
                name.clone(),
                Service::Anonymise {
                    name,
                    after,
                    months,
                    micros,
                    tombstones,
                    done: None,
                    batch: BATCH,
                },
            )
        }
    };
    let choice = match retention.kind {
        RetentionKind::Purge => format!("rows go {} after `{}`", show(retention.after), field.name.text),
        RetentionKind::Anonymise => format!(
            "rows are emptied of the person {} after `{}`",
            show(retention.after),
            field.name.text
        ),
    };
    let decision = Decision::new(&KIND, &entity.name.text, choice)
        .at(retention.span)
        .name(&verb)
        .name(&facts.table.name);
    draft.decide(decision);
    draft.offer(&facts.table, what, Origin::Span(retention.span));
}

fn show(span: model::Duration) -> String {
    const DAY: i64 = 86_400_000_000;
    let mut parts = Vec::new();
    if span.months != 0 {
        parts.push(format!("{} months", span.months));
    }
    if span.micros % DAY == 0 && span.micros != 0 {
        parts.push(format!("{} days", span.micros / DAY));
    } else if span.micros != 0 || parts.is_empty() {
        parts.push(format!("{} seconds", span.micros / 1_000_000));
    }
    parts.join(" and ")
}

/// What stands in each personal column afterwards, and the fields for which nothing could.
pub(super) fn tombstones<'m>(
    draft: &Draft<'m>,
    entity: &'m Entity,
) -> (Vec<(Ident, Tombstone)>, Vec<&'m Field>) {
    let facts = draft.facts(entity.id);
    let (mut found, mut lasting) = (Vec::new(), Vec::new());
    for (id, field) in fields(entity) {
        let (Some((column, _)), None) = (facts.column(id), &field.computed) else {
            continue;
        };
        if field.privacy == Privacy::None {
            continue;
        }
        let unique = entity.uniques.iter().any(|unique| unique.fields.contains(&id));
        match tombstone(field, unique) {
            Some(tombstone) => {
                found.push((column.clone(), tombstone));
                found.extend(blind_column(field).map(|blind| (blind, Tombstone::Null)));
            }
            None => lasting.push(field),
        }
    }
    if !found.is_empty() {
        found.extend(
            facts
                .deletion
                .as_ref()
                .map(|deletion| (deletion.reason.clone(), Tombstone::Null)),
        );
    }
    (found, lasting)
}

/// A value that passes the field's own checks and says nothing of the person.
fn tombstone(field: &Field, unique: bool) -> Option<Tombstone> {
    if field.optional || matches!(field.protection, Protection::Encrypted { .. }) {
        return Some(Tombstone::Null);
    }
    if field.pattern.is_some() || field.range.is_some() {
        return None;
    }
    let longest = field.max_length.map_or(u32::MAX, |(most, _)| most);
    let least = field.min_length.map_or(0, |(least, _)| least);
    let text = |text: &str| Some(Tombstone::Literal(Literal::Text(text.to_owned())));
    let Type::Scalar(scalar) = field.ty else {
        let empty = matches!(field.ty, Type::Array(_)) && least == 0 && !unique;
        return match field.ty {
            Type::Shape(_) if !unique => text("{}"),
            _ => empty.then_some(Tombstone::Literal(Literal::EmptyArray)),
        };
    };
    let longest = if let Scalar::String(most) = scalar {
        most.min(longest)
    } else {
        longest
    };
    match scalar {
        Scalar::Email => Some(Tombstone::UniqueText {
            suffix: "@invalid".to_owned(),
        }),
        Scalar::String(_) | Scalar::Text if unique => {
            let fits = longest >= UNIQUE_TEXT && least <= UNIQUE_TEXT;
            fits.then(|| Tombstone::UniqueText {
                suffix: String::new(),
            })
        }
        _ if unique => None,
        Scalar::String(_) | Scalar::Text if longest >= 7 && least <= 7 => text("deleted"),
        Scalar::String(_) | Scalar::Text if least == 0 => text(""),
        Scalar::Phone => text("+10"),
        Scalar::Url => text("https://deleted.invalid/"),
        Scalar::PasswordHash => text("$deleted$"),
        Scalar::Ip => text("0.0.0.0"),
        Scalar::Date => text("1900-01-01"),
        Scalar::Instant => text("1900-01-01T00:00:00.000Z"),
        Scalar::Time => text("00:00:00"),
        Scalar::Uuid => text("00000000-0000-0000-0000-000000000000"),
        Scalar::Json => text("{}"),
        Scalar::Bool => Some(Tombstone::Literal(Literal::Bool(false))),
        Scalar::Int | Scalar::BigInt | Scalar::Float => Some(Tombstone::Literal(Literal::Int(0))),
        Scalar::Money | Scalar::Decimal(..) => Some(Tombstone::Literal(Literal::Decimal("0".to_owned()))),
        Scalar::Bytes(_) if least == 0 => Some(Tombstone::Literal(Literal::Bytes(Vec::new()))),
        _ => None,
    }
}

/// Says that a field cannot be emptied.
pub(super) fn complain(draft: &mut Draft<'_>, entity: &Entity, field: &Field, span: diagnostics::Span) {
    let message = format!(
        "`{}.{}` is required, and no value could stand for an erased one",
        entity.name.text, field.name.text
    );
    draft.complain(
        Diagnostic::new(&codes::CANNOT_BE_EMPTIED, field.name.span, message)
            .also(span, "the person is to be erased here")
            .help("make the field optional with `?`"),
    );
}
