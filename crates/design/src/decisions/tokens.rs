//! Decision: how tokens are stored.

use model::{FieldOrigin, Scalar, Type};
use physical::{Comparison, Ident, Origin};

use super::privacy::byte_length;
use super::uniqueness::full;
use crate::decisions::Kind;
use crate::draft::{Draft, fields, subject};
use crate::names::Space;
use crate::{Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "tokens",
    title: "how tokens are stored",
    reason: "256 random bits that the caller sees once; the table holds their SHA-256, so who reads it can redeem nothing. A UUID must \
             not be a capability (RFC 9562), and 128 text columns named like secrets stand in 14 of 16 real schemas. Unique among all \
             rows of all tenants: the hash is all that a request without a context has",
    alternatives: &[],
    attacker: Some(Attacker::A4),
    apply,
};

/// SHA-256.
const HASH: i64 = 32;

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        for (id, field) in fields(entity) {
            if field.ty != Type::Scalar(Scalar::Token) || field.origin != FieldOrigin::Written {
                continue;
            }
            let Some((column, _)) = draft.facts(entity.id).column(id).cloned() else {
                continue;
            };
            byte_length(
                draft,
                entity,
                id,
                &column,
                Comparison::Equal,
                HASH,
                "A SHA-256, never the token itself",
            );
            let table = draft.facts(entity.id).table.clone();
            let name = unique(draft, &table, &column, field.type_span);
            let decision = Decision::new(
                &KIND,
                subject(entity, field),
                "the SHA-256 of 256 random bits, unique everywhere",
            );
            draft.decide(decision.at(field.type_span).members(&table, [&column, &name]));
        }
    }
}

/// Uniqueness among all rows, whether the field says `@unique` or not. Answers the constraint's name.
fn unique(draft: &mut Draft<'_>, table: &physical::Name, column: &Ident, span: diagnostics::Span) -> Ident {
    let there = draft.table(table).and_then(|table| {
        let mut uniques = table.uniques.iter();
        uniques.find(|unique| unique.columns == [column.clone()])
    });
    if let Some(there) = there {
        return there.name.clone();
    }
    let name = draft.names.constraint(Space::App, &table.name, [column], "key");
    let unique = full(
        name.clone(),
        vec![column.clone()],
        "A request without a context finds the row by it",
        Origin::Decision(KIND.id, Some(span)),
    );
    draft.change(table, |table| table.uniques.push(unique));
    name
}
