//! How complaints speak of types.

use crate::{Model, Scalar, Type};

/// The type as the source would write it.
pub(super) fn type_name(model: &Model, ty: &Type) -> String {
    match ty {
        Type::Scalar(scalar) => scalar_name(*scalar),
        Type::Enum(id) => model
            .enumeration(*id)
            .map(|it| it.name.text.clone())
            .unwrap_or_default(),
        Type::Shape(id) => model
            .shape(*id)
            .map(|it| it.name.text.clone())
            .unwrap_or_default(),
        Type::Reference(id) => model
            .entity(*id)
            .map(|it| it.name.text.clone())
            .unwrap_or_default(),
        Type::Related(id) => format!("[{}]", type_name(model, &Type::Reference(*id))),
        Type::Array(inner) => format!("[{}]", type_name(model, inner)),
        Type::Unknown => "?".to_owned(),
    }
}

fn scalar_name(scalar: Scalar) -> String {
    match scalar {
        Scalar::Bool => "Bool".to_owned(),
        Scalar::Int => "Int".to_owned(),
        Scalar::BigInt => "BigInt".to_owned(),
        Scalar::Float => "Float".to_owned(),
        Scalar::Decimal(digits, scale) => format!("Decimal({digits}, {scale})"),
        Scalar::Money => "Money".to_owned(),
        Scalar::String(length) => format!("String({length})"),
        Scalar::Text => "Text".to_owned(),
        Scalar::Uuid => "Uuid".to_owned(),
        Scalar::Date => "Date".to_owned(),
        Scalar::Time => "Time".to_owned(),
        Scalar::Instant => "Instant".to_owned(),
        Scalar::Duration => "Duration".to_owned(),
        Scalar::Bytes(None) => "Bytes".to_owned(),
        Scalar::Bytes(Some(length)) => format!("Bytes({length})"),
        Scalar::Json => "Json".to_owned(),
        Scalar::Email => "Email".to_owned(),
        Scalar::Phone => "Phone".to_owned(),
        Scalar::Url => "Url".to_owned(),
        Scalar::Ip => "Ip".to_owned(),
        Scalar::PasswordHash => "PasswordHash".to_owned(),
        Scalar::Token => "Token".to_owned(),
    }
}

/// The first names of a list, in backticks.
pub(super) fn list(names: &[String]) -> String {
    const SHOWN: usize = 8;
    let mut out: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    if names.len() > SHOWN {
        out.push("…".to_owned());
    }
    out.join(", ")
}
