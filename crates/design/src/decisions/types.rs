//! Decision: the type of each written field's column. `docs/types.md` has the whole table.

use model::{Field, FieldOrigin, Protection, Scalar, Type};
use physical::{Column, Origin, SqlType};

use crate::decisions::Kind;
use crate::draft::{Draft, fields, subject};
use crate::{Alternative, Decision};

pub(crate) static KIND: Kind = Kind {
    id: "types",
    title: "the type of a column",
    reason: "the narrowest type that holds every value of the field and compares the same on every database",
    alternatives: &[Alternative {
        option: "another type",
        how: "write it in the field; `docs/types.md` lists them",
    }],
    attacker: None,
    apply,
};

fn apply(draft: &mut Draft<'_>) {
    for entity in &draft.model.entities {
        let table = draft.facts(entity.id).table.clone();
        for (id, field) in fields(entity) {
            if field.origin != FieldOrigin::Written {
                continue;
            }
            let Some((name, ty)) = draft.facts(entity.id).column(id).cloned() else {
                continue;
            };
            let mut column = Column::new(name.clone(), ty.clone(), Origin::Span(field.name.span));
            column.nullable = is_nullable(field);
            let choice = format!(
                "{}{}",
                describe(&ty),
                if column.nullable { ", may be empty" } else { "" }
            );
            draft.add_column(entity.id, column);
            let decision = Decision::new(&KIND, subject(entity, field), choice)
                .why(reason(field))
                .at(field.type_span)
                .members(&table, [&name]);
            draft.decide(decision);
        }
    }
}

/// Ciphertext binds to the row's public id, which the database makes: it is written after the row, in the same transaction.
pub(super) const fn is_nullable(field: &Field) -> bool {
    field.optional || matches!(field.protection, Protection::Encrypted { .. })
}

/// A type in words that every database knows.
pub(crate) fn describe(ty: &SqlType) -> String {
    match ty {
        SqlType::Boolean => "boolean".to_owned(),
        SqlType::SmallInt => "16-bit integer".to_owned(),
        SqlType::Integer => "32-bit integer".to_owned(),
        SqlType::BigInt => "64-bit integer".to_owned(),
        SqlType::Real | SqlType::Double => "binary floating point".to_owned(),
        SqlType::Numeric(Some((digits, scale))) => {
            format!("exact decimal of {digits} digits, {scale} after the point")
        }
        SqlType::Numeric(None) => "exact decimal".to_owned(),
        SqlType::Text | SqlType::Varchar(_) | SqlType::Char(_) => "text".to_owned(),
        SqlType::Uuid => "UUID".to_owned(),
        SqlType::Bytes => "bytes".to_owned(),
        SqlType::Date => "date".to_owned(),
        SqlType::Time => "time of day".to_owned(),
        SqlType::Timestamp | SqlType::TimestampTz => "instant with microseconds, UTC".to_owned(),
        SqlType::Interval => "span of time".to_owned(),
        SqlType::Json | SqlType::JsonText => "JSON".to_owned(),
        SqlType::Inet => "IP address".to_owned(),
        SqlType::Array(of) => format!("array of {}", describe(of)),
        SqlType::Named(name) => format!("`{}`", name.name),
        SqlType::Other(text) => text.clone(),
    }
}

/// Why a field has the type that it has.
const fn reason(field: &Field) -> &'static str {
    if matches!(field.protection, Protection::Encrypted { .. }) {
        return "the application encrypts the value with AES-256-GCM before it arrives; the envelope names its key and is bound to \
                table, column and public id, so the row must be there first: the value is written right after it, in the same \
                transaction";
    }
    match &field.ty {
        Type::Scalar(scalar) => scalar_reason(*scalar),
        Type::Enum(_) => "the members are checked by the database; see the decision about enums",
        Type::Shape(_) => "the form is checked by the emitted models; the database keeps JSON that parses",
        Type::Array(_) => {
            "an array keeps its order and needs no table; what must be searched or referred to belongs into an entity"
        }
        Type::Reference(_) => {
            "the other row's internal key: as narrow as that, and it never leaves the database"
        }
        Type::Related(_) | Type::Unknown => "no column",
    }
}

const fn scalar_reason(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Instant => {
            "an instant in UTC: 71 % of the timestamps in 16 real schemas have no zone, and nobody knows what they mean"
        }
        Scalar::Money => {
            "exact, 18 digits and 4 after the point: a float would lose cents, and so would a float behind a DECIMAL"
        }
        Scalar::Decimal(..) => "exact, as many digits as declared",
        Scalar::String(_) | Scalar::Text => {
            "text with a CHECK on its length: a limit that can be changed without writing the table again, counted in characters"
        }
        Scalar::Email => "at most 254 characters, trimmed and in lower case before it is compared; personal",
        Scalar::Phone => "E.164; personal",
        Scalar::Url => "at most 2048 characters, http or https",
        Scalar::PasswordHash => "an encoded hash (PHC string), a secret: never shown, logged, or audited",
        Scalar::Token => "the SHA-256 of 256 random bits: who reads the table can redeem nothing",
        Scalar::BigInt => "64 bits",
        Scalar::Int => "32 bits",
        Scalar::Float => "64-bit binary floating point; for measurements, never for money",
        Scalar::Duration => "months and microseconds, as calendars want it",
        Scalar::Json => "JSON, parsed and checked by the database",
        Scalar::Ip => "an address, compared as one; personal",
        Scalar::Bool | Scalar::Uuid | Scalar::Date | Scalar::Time | Scalar::Bytes(_) => {
            "the database's own type, or text or a number with a CHECK where it has none"
        }
    }
}
