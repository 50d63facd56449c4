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

/// Uniqueness among all rows, in place of what `@unique` said about living ones. Answers the constraint's name.
fn unique(draft: &mut Draft<'_>, table: &physical::Name, column: &Ident, span: diagnostics::Span) -> Ident {
    let is_mine = |expr: &physical::Expr| super::indexes::column_of(expr).as_ref() == Some(column);
    let mut known: Option<Ident> = None;
    draft.change(table, |table| {
        let partial = table
            .indexes
            .iter()
            .position(|index| match index.keys.as_slice() {
                [key] => index.unique && is_mine(&key.expr),
                _ => false,
            });
        known = match partial {
            Some(at) => Some(table.indexes.remove(at).name),
            None => None,
        };
    });
    let mut origin = Origin::Decision(KIND.id, Some(span));
    if known.is_some() {
        origin = Origin::Span(span);
    }
    let there = draft.table(table).and_then(|table| {
        table
            .uniques
            .iter()
            .find(|unique| unique.columns == [column.clone()])
            .map(|unique| unique.name.clone())
    });
    if let Some(name) = there {
        return name;
    }
    let name = known.unwrap_or_else(|| draft.names.constraint(Space::App, &table.name, [column], "key"));
    let unique = full(
        name.clone(),
        vec![column.clone()],
        "A request without a context finds the row by it",
        origin,
    );
    draft.change(table, |table| table.uniques.push(unique));
    name
}
