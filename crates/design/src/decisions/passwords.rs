//! Decision: how passwords are stored.

use model::{FieldOrigin, Protection, Scalar, Type};
use physical::{Check, Expr, Origin, SqlType};

use crate::decisions::Kind;
use crate::draft::{Draft, fields, subject};
use crate::names::Space;
use crate::{Attacker, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "passwords",
    title: "how passwords are stored",
    reason: "an encoded hash that names its algorithm, salt and cost (PHC string): a CHECK refuses what does not look like one, so that a \
             password in plain text cannot be stored by mistake",
    alternatives: &[],
    attacker: Some(Attacker::A4),
    apply,
};

/// `$argon2id$…`, `$scrypt$…`, `$2b$…`.
const ENCODED: &str = r"^\$[a-z0-9-]+\$.*$";

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        for (id, field) in fields(entity) {
            let plain = !matches!(field.protection, Protection::Encrypted { .. });
            if field.ty != Type::Scalar(Scalar::PasswordHash)
                || field.origin != FieldOrigin::Written
                || !plain
            {
                continue;
            }
            let facts = draft.facts(entity.id);
            let (table, Some((column, _))) = (facts.table.clone(), facts.column(id).cloned()) else {
                continue;
            };
            let name = draft
                .names
                .constraint(Space::App, &table.name, [&column], "pattern");
            let decision = Decision::new(
                &KIND,
                subject(entity, field),
                "an encoded hash; anything else is refused",
            )
            .at(field.type_span)
            .members(&table, [&column, &name]);
            draft.decide(decision);
            let check = Check {
                name,
                expr: Expr::Matches(Box::new(Expr::column(column, SqlType::Text)), ENCODED.to_owned()),
                validated: true,
                comment: Some("An encoded hash, never a password".to_owned()),
                origin: Origin::Decision(KIND.id, Some(field.type_span)),
            };
            draft.change(&table, |table| table.checks.push(check));
        }
    }
}
